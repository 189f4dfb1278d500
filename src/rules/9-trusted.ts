import type { DatabaseFacts, UnknownStatus } from '../dbos/snapshot/index.ts';
import {
  explainUntrusted,
  isNewerThanKnown,
  reasonsAgainst,
  SCAN_TIMED_OUT,
  type UntrustedDatabase,
} from '../dbos/trust.ts';
import type { GateState, SettleWindow } from '../hold/state.ts';
import { counted, joined, type Message, msg, namesOf, trusted } from '../message.ts';
import { spanText } from '../time.ts';
import type { Rule } from './rule.ts';
import { sumOf, unknownStatusesOn } from './snapshot-index.ts';
import { agreeing } from './wording.ts';

/** Why the database cannot be trusted. */
export type UntrustedReason = UntrustedDatabase | 'another-table' | 'another-cluster' | 'perhaps-another-cluster';

/** What the gate reads, but cannot believe or understand. */
export type UntrustedData =
  | { readonly kind: 'untrusted-database'; readonly reason: UntrustedReason }
  /** Another server lacks what the one before had. */
  | {
      readonly kind: 'older-copy';
      /** How much older its newest workflow is, in milliseconds, where that is too much. Null: it has none at all. */
      readonly olderByMs: number | null | undefined;
      /** Versions that were registered. */
      readonly versions: readonly string[];
    }
  /** A status that the gate does not know counts as in flight. */
  | { readonly kind: 'unknown-status'; readonly statuses: readonly UnknownStatus[] }
  /** The schema is newer than the gate, and its statuses were not looked through. */
  | { readonly kind: 'statuses-not-scanned'; readonly timedOut: boolean };

/** Rule 9: the database can be trusted, and each status in it is understood. */
export const trustedDatabase: Rule<UntrustedData> = {
  checkDatabase: (database, before) =>
    [...reasonsAgainst(database), ...sinceBefore(database, before)].map((reason) => ({
      kind: 'untrusted-database',
      reason,
    })),

  checkGate({ before, database, index }) {
    if (!isAnotherServer(before, database)) return [];
    const olderByMs = olderBy(before.newestCreatedAt, index.contents.newestCreatedAt);
    const versions = [...before.registered].filter((version) => !index.registrations.has(version));
    return olderByMs !== undefined || versions.length > 0 ? [{ kind: 'older-copy', olderByMs, versions }] : [];
  },

  checkTarget(version, { index }) {
    const statuses = unknownStatusesOn(index, version);
    return statuses.length > 0 ? [{ kind: 'unknown-status', statuses }] : [];
  },

  checkWindows(windows, { database, index }) {
    const needsScan = isNewerThanKnown(database) && isUnscanned(windows);
    return needsScan
      ? [{ kind: 'statuses-not-scanned', timedOut: index.contents.unknownStatuses === 'timed-out' }]
      : [];
  },

  blockers: {
    'untrusted-database': {
      verdict: 'error',
      shortName: 'untrusted database',
      explain: ({ reason }) => explainReason(reason),
    },
    'older-copy': {
      verdict: 'error',
      shortName: 'possibly an older copy',
      explain: ({ olderByMs, versions }) =>
        msg`This server has less data than the one that answered the previous poll: ${joined(
          [
            ...(olderByMs === undefined ? [] : [lostWorkflows(olderByMs)]),
            ...(versions.length === 0 ? [] : [msg`the registration of ${namesOf(versions)} is missing`]),
          ],
          '; ',
        )}. Does \`database-url\` now lead to a restored copy, or did a failover lose writes? Make sure that it leads to the database that the application writes to, and rerun the gate.`,
    },
    'unknown-status': {
      verdict: 'in-flight',
      shortName: 'unknown statuses',
      explain: ({ statuses }) =>
        msg`${counted(sumOf(statuses), 'workflow')} ${agreeing(sumOf(statuses), 'has', 'have')} a status that this gate does not know (${namesOf(
          statuses.map(({ status }) => status ?? 'NULL'),
        )}). ${agreeing(sumOf(statuses), 'It counts', 'They count')} as in flight. Use a newer release of dbos-drain-gate, or find out what wrote that status.`,
    },
    'statuses-not-scanned': {
      verdict: 'error',
      shortName: 'unknown statuses possible',
      explain: ({ timedOut }) =>
        timedOut
          ? SCAN_TIMED_OUT
          : msg`This schema is newer than the gate knows, and its rows have not been checked for unknown statuses yet.`,
    },
  },
};

/**
 * How much older than before the newest workflow can be, in milliseconds. A standby that takes over has often missed the
 * last second, and rarely more than a few. The workflow before the ones that were lost is older by more than a minute
 * only where hardly any start: so seldom is an ordinary failover taken for a copy.
 */
const LOST_IN_FAILOVER_MS = 60_000;

/** How much older the newest workflow is, if it is too much; null where there is none any more. */
function olderBy(before: number | undefined, now: number | undefined): number | null | undefined {
  if (before === undefined) return undefined;
  if (now === undefined) return null;
  return before - now > LOST_IN_FAILOVER_MS ? before - now : undefined;
}

function lostWorkflows(olderByMs: number | null): Message {
  if (olderByMs === null) return trusted('it has no workflows');
  return msg`its newest workflow is ${trusted(spanText(olderByMs))} older than the newest one seen before`;
}

function isUnscanned(windows: Iterable<SettleWindow>): boolean {
  return Iterator.from(windows).some(({ statusesSeen }) => !statusesSeen);
}

function sinceBefore(database: DatabaseFacts, before: GateState): readonly UntrustedReason[] {
  const { tableId } = before;
  const isOtherTable = tableId !== undefined && tableId !== database.tableId;
  return [...anotherCluster(database, before), ...(isOtherTable ? (['another-table'] as const) : [])];
}

/** Whether another server answers than at the previous poll: after a failover, or a restart. */
export function isAnotherServer({ server }: GateState, { startedAt }: DatabaseFacts): boolean {
  return server !== undefined && server.startedAt !== startedAt;
}

/** Another cluster may be a copy from before the workflows that an earlier poll saw, or one that nothing runs on. */
function anotherCluster(database: DatabaseFacts, before: GateState): readonly UntrustedReason[] {
  // What could not be read is not trusted for another reason.
  if (before.server === undefined || database.cluster === undefined) return [];
  const { cluster } = before.server;
  if (cluster && database.cluster) return cluster === database.cluster ? [] : ['another-cluster'];
  return isAnotherServer(before, database) ? ['perhaps-another-cluster'] : [];
}

function explainReason(reason: UntrustedReason): Message {
  switch (reason) {
    case 'another-cluster':
      return msg`A different database cluster answered this poll: \`database-url\` now leads elsewhere, for example to a restored copy. Make sure that it leads to the database that the application writes to, and rerun the gate.`;
    case 'perhaps-another-cluster':
      return msg`A different server answered this poll, after a restart or a failover, and this role cannot check whether it belongs to the same cluster. Rerun the gate. To survive a failover next time, have a superuser grant this role EXECUTE on the function pg_control_system().`;
    case 'another-table':
      return msg`The table workflow_status was replaced while the gate was waiting. Rerun the gate when the migration or restore is finished.`;
    default:
      return explainUntrusted(reason);
  }
}
