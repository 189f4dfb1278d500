import { type Message, msg, namesOf } from '../message.ts';
import { STANDBY } from './access.ts';
import type { DatabaseFacts } from './snapshot/index.ts';

/** Why what a database shows cannot be trusted, however often it is read. */
export type UntrustedDatabase =
  | 'standby'
  | 'logical-subscriber'
  | 'not-a-table'
  | 'shard'
  | 'row-security'
  | { readonly missingColumns: readonly string[] };

/**
 * The newest shared migration number whose schema and statuses this gate knows: Python SDK 3.4 and Go 1.8. TypeScript 5.3
 * has 123, and what follows is two indexes. From 100 on the number means the same in every SDK.
 */
export const NEWEST_KNOWN_MIGRATION = 125;

/** Whether the schema is newer than the gate, so that it may hold statuses that the gate does not know. */
export function isNewerThanKnown({ migration }: Pick<DatabaseFacts, 'migration'>): boolean {
  return migration !== undefined && migration > NEWEST_KNOWN_MIGRATION;
}

/** The schema is newer than the gate, and looking for statuses that it does not know took too long. */
export const SCAN_TIMED_OUT = msg`This schema is newer than the gate knows, and the scan for unknown statuses took longer than \`poll-timeout\`. Raise \`poll-timeout\`, or use a newer release of dbos-drain-gate.`;

/** Returns what is against a database; nothing where what it shows can be trusted. */
export function reasonsAgainst(database: DatabaseFacts): readonly UntrustedDatabase[] {
  const { missingColumns } = database;
  return [
    ...(database.standby ? (['standby'] as const) : []),
    ...(database.logicalSubscriber ? (['logical-subscriber'] as const) : []),
    ...(database.relationKind === 'r' ? [] : (['not-a-table'] as const)),
    ...(database.sharded ? (['shard'] as const) : []),
    ...(database.rowSecurityActive ? (['row-security'] as const) : []),
    ...(missingColumns.length > 0 ? [{ missingColumns }] : []),
  ];
}

/** Explains a reason, and what to do. */
export function explainUntrusted(reason: UntrustedDatabase): Message {
  switch (reason) {
    case 'standby':
      return STANDBY;
    case 'logical-subscriber':
      return msg`Logical replication fills this workflow_status table, so it is a copy that lags behind. Point \`database-url\` at the database that the application writes to.`;
    case 'not-a-table':
      return msg`workflow_status is not an ordinary table here, so it might not show what DBOS uses. Point \`database-url\` and \`schema\` at the system database itself.`;
    case 'shard':
      return msg`This is one shard of a sharded system database: its tables have a column shard_key. One shard does not show what is in flight on the others, so the gate does not support sharding. Keep the version running until no shard has work in flight on it.`;
    case 'row-security':
      return msg`Row security would hide rows from this role, so the counts would be too low. Give the role BYPASSRLS, or remove its policies.`;
    default:
      return msg`workflow_status is missing ${namesOf(
        reason.missingColumns,
      )}, which the gate needs. Is it DBOS's own table, from an SDK version that the README supports?`;
  }
}
