import type { Sdk } from '../dbos/sdk.ts';
import { type Message, msg, namesOf, trusted } from '../message.ts';

/** One form of a word for one, and the other for more or none: `agreeing(2, 'is', 'are')`. */
export function agreeing(count: number, one: string, many: string): Message {
  return trusted(count === 1 ? one : many);
}

/** `it` or `them`, which stands for this many. */
export function them(count: number): Message {
  return agreeing(count, 'it', 'them');
}

/** Names the versions that are registered, where a name may be misspelt. */
export function registeredHint(registered: readonly string[]): Message {
  return registered.length > 0
    ? msg` Registered here: ${namesOf(registered)}.`
    : trusted(' No version is registered here. Is this the right database?');
}

/** How to make a version the latest one: `with DBOS.setLatestApplicationVersion`, where the language is known. */
export function byPromotion(sdk: Sdk | undefined): Message {
  return sdk === undefined
    ? trusted('(set it as the latest application version, with the SDK or in DBOS Conductor)')
    : msg`with \`${trusted(sdk.promote)}\``;
}

/** `, such as` an example; nothing where there is none. */
export function suchAs(example: string | undefined): Message {
  return trusted(example === undefined ? '' : `, such as ${example}`);
}
