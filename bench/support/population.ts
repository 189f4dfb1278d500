import type { BenchDatabase } from './database.ts';

/** Rows are as wide as an application's: an input of about 1 kB, an output of a third of that, two steps. */
const INPUT = `'{"customer":"' || md5('c' || i) || '","lines":["' || (SELECT string_agg(md5(i || '-' || line), '","') FROM generate_series(1, 26) line) || '"]}'`;
const OUTPUT = `'{"receipt":"' || (SELECT string_agg(md5(i || '+' || line), '') FROM generate_series(1, 9) line) || '"}'`;
const STEPS = 2;
/** One workflow was created every `EVERY_MS`, the newest an hour ago, so that no poll sees a new one. */
const EVERY_MS = 50;
const AGE_MS = 3_600_000;
/** Rows per INSERT: bounds the memory and the time of one statement. */
const BATCH = 250_000;

/** The version to retire, and the one to keep. Both are registered, the second is the latest. */
export const TARGET = '1.0.0';
export const LATEST = '2.0.0';

/** How the rows in flight lie in the table: side by side as they were written, or each on its own page. */
export type Layout = 'dense' | 'one row per page';

const IN_FLIGHT = 'in-flight';
const idOf = (prefix: string) => `md5('${prefix}' || i)::uuid::text`;

/** With rows this wide and pages filled to a tenth, no page has room for two rows. */
const ROW_A_PAGE = { fillfactor: 10, width: 600 };
const DENSE = { fillfactor: 100, width: 0 };

/** Adds finished workflows with payloads and steps, most of them successful: numbers `from` to `to`. */
export async function addHistory(database: BenchDatabase, from: number, to: number): Promise<void> {
  await addRows(database, {
    from,
    to,
    prefix: 'history',
    age: 'i',
    status: `CASE i % 50 WHEN 0 THEN 'ERROR' WHEN 1 THEN 'CANCELLED' ELSE 'SUCCESS' END`,
    finished: true,
    width: 0,
  });
}

/** Adds workflows in flight on the target: enqueued, pending and delayed ones, with 20 names, in 7 queues. */
export async function addInFlight(database: BenchDatabase, count: number, layout: Layout = 'dense'): Promise<void> {
  const { fillfactor, width } = layout === 'dense' ? DENSE : ROW_A_PAGE;
  await database.query(`ALTER TABLE dbos.workflow_status SET (fillfactor = ${fillfactor})`);
  await addRows(database, {
    from: 1,
    to: count,
    prefix: IN_FLIGHT,
    age: `(${count} - i)`,
    status: `(ARRAY['ENQUEUED', 'PENDING', 'ENQUEUED', 'DELAYED'])[1 + i % 4]`,
    finished: false,
    width,
  });
  await database.query('ALTER TABLE dbos.workflow_status RESET (fillfactor)');
}

/** Adds steps to each workflow in flight. The same step of all of them is written before the next one of any. */
export async function addSteps(database: BenchDatabase, count: number, steps: number): Promise<void> {
  for (let step = STEPS; step < STEPS + steps; step++) {
    await database.query(
      `INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, output)
       SELECT ${idOf(IN_FLIGHT)}, ${step}, 'step-' || ${step}, ${OUTPUT} FROM generate_series(1, ${count}) i`,
    );
  }
}

/**
 * Adds finished workflows of the latest version, `perSecond` of them per second: in the last minute, and in the next
 * 15 seconds, so that every poll until then sees the same number in the last minute.
 */
export async function addTraffic(database: BenchDatabase, perSecond: number): Promise<void> {
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, application_version, application_name, created_at,
                                       updated_at, completed_at)
     SELECT gen_random_uuid(), 'SUCCESS', 'workflow-' || i % 20, '${LATEST}', 'shop', at, at, at
       FROM generate_series(1, 75 * $1::int) i, LATERAL (SELECT $2::bigint + i * 1000 / $1 AS at) created`,
    [perSecond, Date.now() - 60_000],
  );
}

/** Removes all workflows. */
export async function clear(database: BenchDatabase): Promise<void> {
  await database.query(
    'TRUNCATE dbos.workflow_status, dbos.operation_outputs, dbos.workflow_input, dbos.workflow_output CASCADE',
  );
}

/** Finishes all work in flight at one moment. */
export async function finishAll(database: BenchDatabase): Promise<void> {
  await database.query(
    `UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE status IN ('PENDING', 'ENQUEUED', 'DELAYED')`,
  );
}

/** Enqueues what is delayed, as its processes do when the delay has passed. */
export async function enqueueDelayed(database: BenchDatabase): Promise<void> {
  await database.query(
    `UPDATE dbos.workflow_status SET status = 'ENQUEUED', delay_until_epoch_ms = NULL WHERE status = 'DELAYED'`,
  );
}

/** Finishes the oldest workflows in flight. */
export async function finishOldest(database: BenchDatabase, count: number): Promise<void> {
  await database.query(
    `UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE ctid IN (
       SELECT ctid FROM dbos.workflow_status WHERE status IN ('PENDING', 'ENQUEUED', 'DELAYED')
        ORDER BY created_at LIMIT ${count})`,
  );
}

/** Brings the database into the state of one that has run for a while: statistics, and a visibility map. */
export async function tidy(database: BenchDatabase): Promise<void> {
  await database.query('VACUUM (ANALYZE)');
  await database.query('CHECKPOINT');
}

/** Numbered rows. `age` and `status` are SQL expressions of the number, `i`. */
interface Rows {
  readonly from: number;
  readonly to: number;
  readonly prefix: string;
  /** How many rows were created later. */
  readonly age: string;
  readonly status: string;
  readonly finished: boolean;
  /** Padding of each row, in bytes. */
  readonly width: number;
}

async function addRows(database: BenchDatabase, rows: Rows): Promise<void> {
  for (let from = rows.from; from <= rows.to; from += BATCH) {
    await addBatch(database, { ...rows, from, to: Math.min(from + BATCH - 1, rows.to) });
  }
}

async function addBatch(database: BenchDatabase, rows: Rows): Promise<void> {
  const { from, to, prefix, age, status, finished, width } = rows;
  const columns = await database.columns('workflow_status');
  const hasPayloadTables = (await database.columns('workflow_input')).size > 0;
  const id = idOf(prefix);
  const created = `${Date.now() - AGE_MS} - ${age} * ${EVERY_MS}::bigint`;
  const all: Readonly<Record<string, string>> = {
    workflow_uuid: id,
    status,
    name: `'workflow-' || i % 20`,
    class_name: `'Orders'`,
    authenticated_roles: `'[' || repeat(' ', ${width}) || ']'`,
    executor_id: `'executor-' || i % 4`,
    application_version: `'${TARGET}'`,
    application_id: `''`,
    application_name: `'shop'`,
    queue_name: `CASE WHEN i % 4 = 3 AND NOT ${finished} THEN 'delayed' WHEN i % 5 > 0 THEN 'queue-' || i % 7 END`,
    created_at: created,
    updated_at: created,
    started_at_epoch_ms: finished ? created : `CASE WHEN i % 4 = 1 THEN ${created} END`,
    completed_at: finished ? created : 'NULL::bigint',
    delay_until_epoch_ms: finished ? 'NULL::bigint' : `CASE WHEN i % 4 = 3 THEN ${Date.now() + AGE_MS}::bigint END`,
    inputs: hasPayloadTables ? 'NULL' : INPUT,
    output: hasPayloadTables || !finished ? 'NULL' : OUTPUT,
  };
  const values = Object.fromEntries(Object.entries(all).filter(([column]) => columns.has(column)));
  const insert = (table: string, row: Readonly<Record<string, string>>, source = '') =>
    database.query(
      `INSERT INTO dbos.${table} (${Object.keys(row).join(', ')})
       SELECT ${Object.values(row).join(', ')} FROM generate_series(${from}, ${to}) i${source}`,
    );
  await insert('workflow_status', values);
  if (hasPayloadTables) await insert('workflow_input', { workflow_uuid: id, inputs: INPUT });
  if (hasPayloadTables && finished) await insert('workflow_output', { workflow_uuid: id, output: OUTPUT });
  const step = { workflow_uuid: id, function_id: 'step', function_name: `'work'`, output: OUTPUT };
  await insert('operation_outputs', step, `, generate_series(0, ${STEPS - 1}) step`);
}
