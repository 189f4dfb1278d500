import { expect, test } from 'vitest';
import { columnNames, TABLES } from '../../../src/dbos/columns.ts';
import type { ProbeRow } from '../../../src/dbos/schema.ts';
import type { Connection } from '../../../src/postgres/connection.ts';
import { readFrom } from '../../../src/review/inventory/read.ts';
import { probe } from '../../support/builders.ts';
import { databaseConfig } from '../../support/databases.ts';

const config = databaseConfig('postgres://gate:secret@db.internal/shop');
const request = { application: undefined, pollTimeoutMs: 1000 };

const tables = Object.fromEntries(
  TABLES.map((table) => {
    const columns = [...columnNames(table)];
    return [table, { kind: 'r', columns, readable: columns, filtered: false }];
  }),
);
const PRIMARY = { startedAt: '1', standby: false };
const OTHER = { startedAt: '2', standby: false };
const whole = probe({ tables, server: PRIMARY });
const empty = {
  groups: [],
  inFlight: 0,
  owners: [],
  steps: [],
  stepNames: 0,
  latest: [],
  schedules: [],
  scheduleCount: 0,
  unknownStatuses: null,
  migration: '125',
  file: null,
  server: PRIMARY,
};
const NEWER = { ...empty, migration: '126' };

/** What a server answers: to the probe, to the statement that reads an inventory, and to a scan for unknown statuses. */
interface Answers {
  readonly probe?: ProbeRow;
  readonly row?: object;
  readonly scan?: object | Error;
}

/** A server that answers like this, once per read. The last answers are those of all further reads. */
function serverOf(first: Answers, ...others: readonly Answers[]) {
  let answers = first;
  const rest = [...others];
  let reads = 0;
  const connection: Connection = {
    encrypted: false,
    brokeIdle: () => false,
    run: async () => undefined,
    close: async () => undefined,
    rows: async ({ text }, row) => {
      if (text.includes('schemas_with_tables')) {
        answers = (reads > 0 ? rest.shift() : undefined) ?? answers;
        reads++;
        // As the driver has it.
        return [row.parse({ ...(answers.probe ?? whole), observed_at: '0' })];
      }
      if (text.includes('in_flight')) return [row.parse(answers.row ?? empty)];
      if (answers.scan instanceof Error) throw answers.scan;
      return [row.parse(answers.scan)];
    },
  };
  return { connection, reads: () => reads };
}

const split = { row: { ...empty, server: OTHER } };

test('an inventory is read again where two servers answered one read', async () => {
  const { connection, reads } = serverOf(split, {});
  await expect(readFrom(connection, config, request)).resolves.toMatchObject({ applications: [] });
  expect(reads()).toBe(2);
});

test('an inventory is refused where several servers answer each read', async () => {
  const { connection, reads } = serverOf(split);
  await expect(readFrom(connection, config, request)).rejects.toMatchObject({ id: 'several-servers' });
  expect(reads()).toBe(3);
  const scan = { server: OTHER, rows: [] };
  await expect(readFrom(serverOf({ row: NEWER, scan }).connection, config, request)).rejects.toMatchObject({
    id: 'several-servers',
  });
});

test.each([
  ['a standby', { server: { ...PRIMARY, standby: true } }, 'standby'],
  ['a copy that lags', { logical_subscriber: true }, 'untrusted-database'],
  ['a database without a schema', { schema_exists: false }, 'schema-missing'],
])('an inventory of %s is refused', async (_, changes, id) => {
  const { connection } = serverOf({ probe: { ...whole, ...changes } });
  await expect(readFrom(connection, config, request)).rejects.toMatchObject({ id });
});

test('an inventory of a newer schema counts rows in statuses that are not known, or is refused', async () => {
  const rows = [{ version: '1.0.0', status: 'PAUSED', count: 2 }];
  const { connection } = serverOf({ row: NEWER, scan: { server: PRIMARY, rows } });
  expect((await readFrom(connection, config, request)).omitted.workflows).toBe(2);
  const scan = Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
  await expect(readFrom(serverOf({ row: NEWER, scan }).connection, config, request)).rejects.toMatchObject({
    id: 'statuses-not-scanned',
  });
});
