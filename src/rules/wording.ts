import { type Message, msg, namesOf, trusted } from '../message.ts';

/** `it` or `them`, for so many. */
export function them(count: number): Message {
  return trusted(count === 1 ? 'it' : 'them');
}

/** Names the versions that are registered, where a name may be misspelt. */
export function registeredHint(registered: readonly string[]): Message {
  return registered.length > 0
    ? msg` Registered here: ${namesOf(registered)}.`
    : trusted(' No version is registered here: is it the right database?');
}
