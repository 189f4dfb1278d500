import type { UnknownStatus, Writer } from '../dbos/snapshot/index.ts';
import { counted, joined, type Message, msg, namesOf, number, trusted } from '../message.ts';
import type { Verdict } from './verdict.ts';

/** One reason why a single target cannot be called drained. */
export type TargetBlocker =
  /** Rule 1. */
  | {
      readonly kind: 'unknown-version';
      /** `not-yet`: the history is still to be searched. `timed-out`: the search did not finish. */
      readonly searched: 'not-yet' | 'timed-out' | 'whole-history';
      /** Known versions that differ from it in case or white space only. */
      readonly similar: readonly string[];
      readonly registered: readonly string[];
    }
  /** Rule 2. */
  | {
      readonly kind: 'in-flight';
      readonly pending: number;
      readonly enqueued: number;
      readonly delayed: number;
    }
  /** Rule 9: a status that the gate does not know counts as in flight. */
  | { readonly kind: 'unknown-status'; readonly statuses: readonly UnknownStatus[] }
  /** Rule 3. */
  | { readonly kind: 'still-starting'; readonly atLeast: number }
  /** Rule 4. */
  | { readonly kind: 'open-transaction'; readonly writers: readonly Writer[] }
  /** Rule 5. */
  | { readonly kind: 'live'; readonly alternatives: readonly string[] }
  /** Rule 6. */
  | {
      readonly kind: 'unversioned';
      readonly count: number;
      readonly because: 'asked' | 'latest' | 'nothing-registered' | 'sdk-may-claim';
    };

/** One reason why nothing that the gate sees can be believed, or why its question cannot be answered. */
export type GateBlocker =
  /** Rule 7, with `application` given. */
  | {
      readonly kind: 'application-not-seen';
      readonly application: string;
      readonly owners: readonly string[];
    }
  /** Rule 7, without it. */
  | { readonly kind: 'several-applications'; readonly owners: readonly string[] }
  /** Rule 8. */
  | {
      readonly kind: 'kept-version-unknown';
      readonly versions: readonly string[];
      /** `registrations`: others are registered, so a live version would be too. */
      readonly searched: 'registrations' | 'not-yet' | 'timed-out' | 'whole-history';
      readonly registered: readonly string[];
    }
  | { readonly kind: 'no-latest-version' }
  /** Rule 7, during a hold: a registration that was there is gone, or is another application's. */
  | { readonly kind: 'registration-gone'; readonly versions: readonly string[] }
  /** Rule 9. */
  | { readonly kind: 'untrusted-database'; readonly reason: UntrustedReason }
  /** Rule 9: a schema newer than the gate knows, whose statuses were not looked through. */
  | { readonly kind: 'statuses-not-scanned'; readonly timedOut: boolean };

/** Why the database cannot be believed. */
export type UntrustedReason =
  | 'standby'
  | 'logical-subscriber'
  | 'not-a-table'
  | 'another-table'
  | 'row-security'
  | { readonly missingColumns: readonly string[] };

export type Blocker = TargetBlocker | GateBlocker;

/** The answer that a blocker leads to, while it stands, outside the timeout of a hold. */
export function verdictOf(blocker: Blocker): Verdict {
  switch (blocker.kind) {
    case 'unknown-version':
    case 'kept-version-unknown':
      return 'unknown-version';
    case 'in-flight':
    case 'unknown-status':
    case 'still-starting':
    case 'open-transaction':
    case 'unversioned':
      return 'in-flight';
    case 'live':
      return 'still-live';
    case 'application-not-seen':
    case 'several-applications':
    case 'no-latest-version':
    case 'registration-gone':
    case 'untrusted-database':
    case 'statuses-not-scanned':
      return 'error';
  }
}

/**
 * What a blocker means and the way out, the input that lifts it included.
 *
 * @param outlasts The hold has ended because some of the work in flight on this version certainly outlasts its timeout.
 */
export function describeBlocker(blocker: Blocker, outlasts = false): Message {
  switch (blocker.kind) {
    case 'unknown-version':
      return describeUnknownVersion(blocker);
    case 'in-flight':
      return msg`${counted(inFlightIn(blocker), 'workflow')} in flight (${trusted(
        statusCounts(blocker),
      )}). ${outlasts ? trusted('Cancel or fork what outlasts the timeout') : msg`Let ${them(inFlightIn(blocker))} finish, or cancel or fork ${them(inFlightIn(blocker))}`}; \`ignore-workflows\` names workflows that may be stranded.`;
    case 'unknown-status':
      return msg`${counted(total(blocker.statuses), 'workflow')} in a status that this gate does not know (${namesOf(
        blocker.statuses.map(({ status }) => status ?? 'NULL'),
      )}), counted as in flight. Use a newer release of dbos-drain-gate, or find out who wrote that status.`;
    case 'still-starting':
      return msg`Work is still starting on it: at least ${counted(blocker.atLeast, 'workflow')} created since the poll before. Shift the traffic first: requests, message consumers, and in-process schedules (\`@DBOS.scheduled\` before TypeScript SDK 5). \`ignore-workflows\` names workflows that may go on.`;
    case 'open-transaction':
      return msg`A transaction that was writing workflows when the target first looked drained is still open (${namesOf(
        blocker.writers.map(describeWriter),
      )}): what it enqueued is invisible until it commits. It is waited for; a forgotten one can be ended with pg_terminate_backend(pid).`;
    case 'live':
      return msg`It is still the latest version of its application, so schedules and unversioned queue items still go to it. Is it the version that you mean? If so, launch the new version first; after a rollback, promote the version that stays with DBOS's setLatestApplicationVersion${
        blocker.alternatives.length > 0 ? msg` (registered: ${namesOf(blocker.alternatives)})` : trusted('')
      }. \`on-live: ignore\` lifts this rule.`;
    case 'unversioned':
      return msg`${counted(blocker.count, 'unversioned workflow')} in flight ${trusted(
        blocker.count === 1 ? 'has' : 'have',
      )} no application version and could be claimed by this one: ${trusted(unversionedReasons[blocker.because])}. Let the new version take ${them(blocker.count)}, or cancel ${them(blocker.count)}; \`on-unversioned: ignore\` lifts this rule once the target's processes have stopped dequeuing.`;
    case 'application-not-seen':
      return msg`The application ${blocker.application} owns no registered version and no workflow in flight here${
        blocker.owners.length > 0
          ? msg`; the owners found are ${namesOf(blocker.owners)}`
          : trusted(', and nothing else here has an owner')
      }. Correct \`application\` (it must match DBOS's configured name exactly), or leave it out: rows without an owner are always judged.`;
    case 'several-applications':
      return msg`Several applications share this system database: ${namesOf(
        blocker.owners,
      )}. Set \`application\` to the one that is being deployed.`;
    case 'kept-version-unknown':
      return msg`${trusted(blocker.versions.length === 1 ? 'A version to keep is' : 'Versions to keep are')} ${trusted(
        searchOutcome[blocker.searched],
      )}: ${namesOf(blocker.versions)}. A misspelt one would make the live version a target. Correct \`keep-version\`, or run the gate after the new version has been launched.${registeredHint(
        blocker.registered,
      )}`;
    case 'no-latest-version':
      return msg`\`keep-version: latest\` cannot be resolved: no application version is registered here (SDKs before TypeScript 4.10 and Python 2.14 register none). Name the versions to keep instead.`;
    case 'registration-gone':
      return msg`The registration of ${namesOf(
        blocker.versions,
      )} was here at an earlier poll, and is gone or belongs to another application now. Was the application renamed? Run the gate again with its new name.`;
    case 'untrusted-database':
      return describeUntrusted(blocker.reason);
    case 'statuses-not-scanned':
      return blocker.timedOut
        ? msg`This schema is newer than the gate knows, and the scan for statuses that it does not know did not finish within \`poll-timeout\`. Raise \`poll-timeout\`, or use a newer release of dbos-drain-gate.`
        : msg`This schema is newer than the gate knows: its rows are still to be looked through for unknown statuses.`;
  }
}

/** `3 pending, 1 enqueued`: the counts that are not zero. */
export function statusCounts(counts: {
  readonly pending: number;
  readonly enqueued: number;
  readonly delayed: number;
}): string {
  const parts = (['pending', 'enqueued', 'delayed'] as const)
    .filter((status) => counts[status] > 0)
    .map((status) => `${number(counts[status])} ${status}`);
  return parts.length > 0 ? parts.join(', ') : 'none';
}

function inFlightIn({ pending, enqueued, delayed }: TargetBlocker & { kind: 'in-flight' }): number {
  return pending + enqueued + delayed;
}

function them(count: number): Message {
  return trusted(count === 1 ? 'it' : 'them');
}

const searchOutcome = {
  registrations: 'not registered',
  'not-yet': 'not registered, the history being searched',
  'timed-out': 'not registered, and not found before the search of the history ran into `poll-timeout`',
  'whole-history': 'never seen in this system database',
} as const;

const unversionedReasons = {
  asked: '`on-unversioned` is `block`',
  latest: 'the latest version dequeues unversioned work',
  'nothing-registered': 'no version is registered here, so every process may dequeue unversioned work',
  'sdk-may-claim':
    'it is not registered with the name of its application, which SDKs before TypeScript 4.27 leave out, and with some of those the processes of any version dequeue unversioned work',
} as const;

function describeUnknownVersion(blocker: TargetBlocker & { kind: 'unknown-version' }): Message {
  if (blocker.similar.length > 0) {
    return msg`This system database has never seen it, but knows ${namesOf(
      blocker.similar,
    )}, which differs in case or white space only. Correct the version: names are compared exactly.`;
  }
  if (blocker.searched === 'not-yet') return msg`It is not registered; the history is being searched for it.`;
  const outcome =
    blocker.searched === 'timed-out'
      ? msg`It is not registered, and the search of the history for it did not finish within \`poll-timeout\`: raise that, or check the name.`
      : msg`This system database has never seen it, most often because of a typo (unquoted in YAML, 1.10 is 1.1) or the wrong database.`;
  return joined([
    outcome,
    msg`If a version without any trace is all right, set \`on-unknown: pass\`.${registeredHint(blocker.registered)}`,
  ]);
}

function registeredHint(registered: readonly string[]): Message {
  return registered.length > 0
    ? msg` Registered here: ${namesOf(registered)}.`
    : trusted(' No version is registered here: is it the right database?');
}

function describeWriter(writer: Writer): string {
  const pid = writer.pid === null ? 'prepared transaction' : `pid ${writer.pid}`;
  return writer.connection ? `${pid} ${writer.connection}` : pid;
}

function describeUntrusted(reason: UntrustedReason): Message {
  switch (reason) {
    case 'standby':
      return msg`This server is a standby: it lags behind its primary and may not show work that has just started. Point \`database-url\` at the primary.`;
    case 'logical-subscriber':
      return msg`A logical replication subscription fills this workflow_status table: it is a copy that lags. Point \`database-url\` at the database that the application writes to.`;
    case 'not-a-table':
      return msg`workflow_status is not an ordinary table here, so what it shows may not be what DBOS runs on. Point \`database-url\` and \`schema\` at the system database itself.`;
    case 'another-table':
      return msg`workflow_status is another table than at the first poll: it was replaced during the hold. Run the gate again when the database is at rest.`;
    case 'row-security':
      return msg`Row security would hide rows from this role, so counts would be too small. Give the role BYPASSRLS, or remove the policies for it.`;
    default:
      return msg`workflow_status lacks ${namesOf(
        reason.missingColumns,
      )}, which the rules need. Is it DBOS's own table, and of TypeScript SDK 3.0 or newer (or another SDK of that age)?`;
  }
}

function total(statuses: readonly UnknownStatus[]): number {
  return statuses.reduce((sum, { count }) => sum + count, 0);
}
