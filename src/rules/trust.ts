import type { GateConfig } from '../config.ts';
import type { DatabaseFacts } from '../dbos/snapshot/index.ts';
import type { GateState } from '../hold/state.ts';
import type { GateBlocker, UntrustedReason } from './blocker.ts';
import type { SnapshotIndex } from './snapshot-index.ts';

/**
 * The newest shared migration number whose schema and statuses this gate knows: TypeScript SDK 5.2 and 5.3.
 * From 100 on the number means the same in every SDK.
 */
export const NEWEST_KNOWN_MIGRATION = 123;

/** Whether the schema is newer than the gate, so that it may hold statuses that the gate does not know. */
export function isNewerThanKnown(database: DatabaseFacts): boolean {
  return database.migration !== undefined && database.migration > NEWEST_KNOWN_MIGRATION;
}

/** Rule 9: the database can be trusted. */
export function untrustedDatabase(
  database: DatabaseFacts,
  before: Pick<GateState, 'tableId'>,
): readonly GateBlocker[] {
  const reasons: UntrustedReason[] = [];
  if (database.standby) reasons.push('standby');
  if (database.logicalSubscriber) reasons.push('logical-subscriber');
  if (database.relationKind !== 'r') reasons.push('not-a-table');
  if (before.tableId !== undefined && before.tableId !== database.tableId) reasons.push('another-table');
  if (database.rowSecurityActive) reasons.push('row-security');
  if (database.missingColumns.length > 0) reasons.push({ missingColumns: database.missingColumns });
  return reasons.map((reason) => ({ kind: 'untrusted-database', reason }));
}

/** Rule 7: the application is right. */
export function wrongApplication(
  { application }: Pick<GateConfig, 'application'>,
  before: GateState,
  { contents, registrations }: SnapshotIndex,
): readonly GateBlocker[] {
  const { applicationSeen, owners } = contents;
  if (application !== undefined && !applicationSeen)
    return [{ kind: 'application-not-seen', application, owners }];
  if (application === undefined && owners.length > 1) return [{ kind: 'several-applications', owners }];
  const gone = [...before.targets, ...(before.kept ?? [])].filter(
    (version) => before.registered.has(version) && !registrations.has(version),
  );
  return gone.length > 0 ? [{ kind: 'registration-gone', versions: gone }] : [];
}
