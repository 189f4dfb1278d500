import { fullName } from '../../dbos/workflow-name.ts';
import { joined, type Message, msg, namesOf, number, trusted } from '../../message.ts';
import type { SourceLanguage, WorkflowName } from '../source/definition.ts';
import { type Effect, keyOfEffect } from './effects.ts';
import type { Place } from './places.ts';
import type { Range } from './range.ts';
import { PATCH_PREFIX } from './recorded-list.ts';

/** How the API of a language is called. */
export interface Api {
  readonly patch: string;
  readonly deprecatePatch: string;
}

export function apiOf(language: SourceLanguage): Api {
  return {
    patch: 'DBOS.patch',
    deprecatePatch: language === 'python' ? 'DBOS.deprecate_patch' : 'DBOS.deprecatePatch',
  };
}

/** The name under which a workflow is shown. */
export function shownName(workflow: WorkflowName): string {
  return fullName(workflow) ?? workflow.name;
}

/** Work that an effect breaks, all in places of one kind. */
export interface Broken {
  readonly workflow: WorkflowName;
  readonly places: readonly Place[];
  readonly main: Effect;
  readonly others: readonly Effect[];
  readonly api: Api;
}

/** Returns what is said of work that only a fork takes to the new code. */
export function noticeOf({ workflow, places, main, others }: Broken): Message {
  const count = totalOf(places);
  const [are, finish, them] = count === 1 ? ['is', 'finishes', 'It'] : ['are', 'finish', 'They'];
  const where = msg`${inFlight(workflow, count)} ${trusted(are)} in flight ${onVersions(places)} and ${trusted(finish)} on the old code.`;
  const change = count === 1 ? 'the change' : 'it';
  const what = msg`${trusted(them)} cannot be forked onto this change: ${ranOf(main, count)}, ${doneTo(main, change)}.`;
  return joined([where, what, ...alsoOf(main, others), retireOf(places)]);
}

/** Returns what is said of work that the new code takes over without anybody's act. */
export function errorOf({ workflow, places, main, others, api }: Broken): Message {
  const count = totalOf(places);
  const them = trusted(count === 1 ? 'it' : 'them');
  const where = msg`${inFlight(workflow, count)} ${trusted(count === 1 ? 'is' : 'are')} in flight ${onVersions(places)}`;
  const isCertain = places.some(({ takesNewCode }) => takesNewCode);
  const when = isCertain ? msg`${why(places)}: the next recovery runs this change for ${them}.` : trusted('.');
  const ends = trusted(
    `${isOne(main.executions) ? 'ends' : 'end'} in ERROR${isCertain ? '' : ' where the new code takes over'}`,
  );
  const what = msg`${capital(ranOf(main, count))}, ${doneTo(main, 'this change')}, and ${ends}.`;
  return joined([msg`${where}${when}`, what, ...alsoOf(main, others), remedyOf(main, count, api)]);
}

/** `which deploys share`: the reason why the new code takes over. */
function why(places: readonly Place[]): Message {
  const hasUnversioned = places.some(({ version }) => version === null);
  const isShared = places.some(({ version, takesNewCode }) => takesNewCode && version !== null);
  if (!isShared) return trusted(', and the latest version takes work without one');
  return trusted(hasUnversioned ? ', which the next deploy takes over' : ', which deploys share');
}

function remedyOf(effect: Effect, count: number, { patch: call, deprecatePatch }: Api): Message {
  const { kind, patch, meetsWait, recorded } = effect;
  const finished = trusted(count === 1 ? 'it has finished' : 'they have finished');
  if (isPatchBeforeWait(effect))
    return msg`A patch takes the place of the wait: put it behind ${recorded}, or wait until ${finished}.`;
  if (meetsWait && patch === undefined) {
    return msg`Wait until ${finished}: \`${trusted(call)}\` breaks those that wait there.`;
  }
  if (patch === undefined) return msg`Put the change behind \`${trusted(call)}\`, or wait until ${finished}.`;
  if (kind === 'patch-deprecated') return msg`Keep \`${trusted(call)}\` until ${finished}.`;
  return msg`Keep \`${trusted(call)}\`, or \`${trusted(deprecatePatch)}\` where all recorded the marker, until ${finished}.`;
}

/** `2 have run x`. */
function ranOf(effect: Effect, all: number): Message {
  const { executions, recorded, isWait, kind, patch } = effect;
  if (isPatchBeforeWait(effect)) {
    return msg`${countOf(executions, all)} ${trusted(isOne(executions) ? 'waits' : 'wait')} in ${recorded}`;
  }
  const have = trusted(isOne(executions) ? 'has' : 'have');
  const verb = trusted(isWait ? 'started' : recorded.startsWith('DBOS.') ? 'recorded' : 'run');
  const who = msg`${countOf(executions, all)} ${have}`;
  if (patch === undefined) return msg`${who} ${verb} ${recorded}`;
  const isMarker = recorded.endsWith(patch) && recorded.startsWith(PATCH_PREFIX);
  if (isMarker && kind === 'patch-removed') return msg`${who} recorded the marker of the patch ${patch}`;
  return msg`${who} ${verb} ${recorded} without the patch ${patch}`;
}

/** Only who still waits is broken, and not who has ended the wait. */
function isPatchBeforeWait({ inserted, removed, isWait }: Effect): boolean {
  return isWait && removed.length === 0 && inserted.every(({ call }) => call.kind === 'patch');
}

/** Whether the number that is written is one. */
function isOne({ low, high }: Range): boolean {
  return (low > 0 ? low : high) === 1;
}

/** `2`, `up to 2`, `at least 2`, `all`, or `it` where there is one. */
export function countOf({ low, high }: Range, all: number): Message {
  if (low === high && high === all) return trusted(all > 1 ? 'all' : 'it');
  if (low === high) return trusted(number(high));
  return trusted(low > 0 ? `at least ${number(low)}` : `up to ${number(high)}`);
}

/** What the change does to what they have recorded. */
function doneTo({ kind, instead, removed, patch }: Effect, it: string): Message {
  const change = trusted(it);
  const isPatch = instead?.startsWith(PATCH_PREFIX) === true;
  const named = isPatch ? msg`the patch ${instead.slice(PATCH_PREFIX.length)}` : msg`${instead ?? ''}`;
  const call = instead === undefined ? trusted('another call') : named;
  if (kind === 'patch-deprecated') return msg`which ${change} deprecates`;
  if (kind === 'patch-removed') return msg`which ${change} removes`;
  if (patch === undefined && removed.length > 0)
    return msg`which ${change} ${trusted(kind === 'step-reordered' ? 'moves' : 'removes')}`;
  return msg`before which ${change} ${trusted(kind === 'step-reordered' ? 'moves' : 'puts')} ${call}`;
}

/** What else the change does, where that is short. */
function alsoOf(main: Effect, others: readonly Effect[]): readonly Message[] {
  const told = others.filter((effect) => !isSameMove(main, effect));
  if (told.length === 0) return [];
  const seen = new Map(told.map((effect) => [keyOfEffect(effect), effect]));
  if (seen.size > 2) return [trusted('It breaks on other calls, too.')];
  const parts = [...seen.values()].map((effect) => {
    const { kind, recorded, instead, patch, removed } = effect;
    if (kind === 'patch-deprecated') return msg`deprecates the patch ${patch ?? recorded}`;
    if (kind === 'patch-removed') return msg`removes the patch ${patch ?? recorded}`;
    if (removed.length > 0) return msg`${trusted(kind === 'step-reordered' ? 'moves' : 'removes')} ${recorded}`;
    return msg`puts ${instead ?? 'another call'} before ${recorded}`;
  });
  return [msg`It also ${joined(parts, ' and ')}.`];
}

/** A call that moves is missing at one place and new at another: that is one move. */
function isSameMove(one: Effect, other: Effect): boolean {
  if (one.kind !== 'step-reordered' || other.kind !== 'step-reordered') return false;
  return one.removed.length > 0
    ? one.recorded === other.instead
    : other.removed.length > 0 && one.instead === other.recorded;
}

export function inFlight(workflow: WorkflowName, count: number): Message {
  return msg`${count} ${shownName(workflow)}`;
}

/** `on 1.0.0 and 1.1.0`, and without one. */
export function onVersions(places: readonly Place[]): Message {
  const versions = versionsOf(places);
  const named = versions.length === 0 ? [] : [msg`on ${namesOf(versions)}`];
  const without = places.some(({ version }) => version === null) ? [trusted('without a version')] : [];
  return joined([...named, ...without], ' and ');
}

export function retireOf(places: readonly Place[]): Message {
  return msg`Retire ${namesOf(versionsOf(places))} behind the gate.`;
}

function versionsOf(places: readonly Place[]): readonly string[] {
  return [...new Set(places.flatMap(({ version }) => version ?? []))];
}

export function totalOf(places: readonly Place[]): number {
  return places.reduce((sum, { inFlight }) => sum + inFlight, 0);
}

function capital(message: Message): Message {
  const at = message.findIndex((part) => part !== '');
  return message.map((part, index) => {
    return index === at && typeof part === 'string' ? part.charAt(0).toUpperCase() + part.slice(1) : part;
  });
}
