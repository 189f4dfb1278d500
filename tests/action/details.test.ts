import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { type RunOptions, runAction } from '../support/runner.ts';
import { openConnection, openDatabase, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/*
 * Searches every byte that the action writes for the ids, executors, keys and topics that the database holds. With
 * `details: full` ids are found, so the search finds what there is.
 */

const databases = systemDatabases();

/** What stands in every id and key of the database, and in no name. */
const MARK = 'zqxmark';
const HOUR = 3_600_000;

/** Columns of `workflow_status` that hold names, or what the gate has to compare. */
const NAMES = [
  ...['status', 'name', 'class_name', 'queue_name', 'schedule_name', 'application_version', 'application_name'],
  ...['workflow_uuid', 'parent_workflow_id'],
];

let url: string;

beforeAll(async () => {
  url = await databases.createUrl();
});

/** Work in flight on 1.0.0 and finished work on 0.9.0, with a mark in each id and each text that is no name. */
async function markedDatabase(): Promise<TestDatabase> {
  const database = await openDatabase(url);
  if ((await database.query('SELECT FROM dbos.workflow_status')).length > 0) return database;
  await database.register('0.9.0', '1.0.0', '2.0.0');
  const now = Date.now();
  const old = { application_version: '1.0.0', created_at: now - 2 * HOUR, updated_at: now - 2 * HOUR };
  const id = (name: string) => ({ workflow_uuid: `${MARK}-${name}` });
  await database.insert(
    { ...old, ...id('parent'), status: 'PENDING', name: 'fulfil' },
    { ...old, ...id('child'), status: 'PENDING', name: 'ship', parent_workflow_id: `${MARK}-parent` },
    { ...old, ...id('queued'), status: 'ENQUEUED', name: 'send', queue_name: 'mail' },
    { ...old, ...id('delayed'), status: 'DELAYED', name: 'remind', delay_until_epoch_ms: now + HOUR },
    { ...old, workflow_uuid: `sched-nightly-${MARK}`, status: 'ENQUEUED', name: 'nightly', queue_name: 'internal' },
    { ...old, ...id('cancelled'), status: 'CANCELLED', name: 'refund' },
    { ...old, ...id('finished'), status: 'SUCCESS', application_version: '0.9.0' },
  );
  const columns = await database.query(
    `SELECT column_name AS name FROM information_schema.columns
      WHERE table_schema = 'dbos' AND table_name = 'workflow_status' AND data_type IN ('text', 'character varying')
        AND column_name <> ALL ($1)`,
    [NAMES],
  );
  expect(columns.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['executor_id', 'deduplication_id', 'queue_partition_key', 'owner_xid', 'inputs']),
  );
  const marks = columns.map(({ name }) => `${name} = '${MARK}-${name}-' || workflow_uuid`);
  await database.query(`UPDATE dbos.workflow_status SET attributes = '{"key": "${MARK}"}', ${marks.join(', ')}`);
  await database.query(`
    INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, output, error, child_workflow_id)
    SELECT workflow_uuid, 0, 'charge', '${MARK}-output', '${MARK}-error', '${MARK}-child' FROM dbos.workflow_status;
    INSERT INTO dbos.notifications (destination_uuid, topic, message)
    SELECT workflow_uuid, '${MARK}-topic', '${MARK}-message' FROM dbos.workflow_status;
    INSERT INTO dbos.workflow_events (workflow_uuid, key, value)
    SELECT workflow_uuid, '${MARK}-event', '${MARK}-value' FROM dbos.workflow_status`);
  return database;
}

/** Everything that a run writes, to its output and to files, and the names of these. */
async function written(inputs: RunOptions['inputs']) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-details-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const timing = { settle: '200ms', 'poll-interval': '100ms', 'stuck-after': '1h' };
  const { outputs, log, stderr } = await runAction({ inputs: { 'database-url': url, ...timing, ...inputs }, folder })
    .finished;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const texts = files
    .map((name) => path.join(folder, name))
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file, 'utf8'));
  return { verdict: outputs['verdict'], text: [log, stderr, ...files, ...texts].join('\n') };
}

/** The same run with `details: names`, and with `details: full`. */
function both(inputs: RunOptions['inputs']) {
  return Promise.all([written({ ...inputs, details: 'names' }), written({ ...inputs, details: 'full' })]);
}

test('writes no id and no key anywhere with `details: names`, and leaves no kit', async () => {
  await markedDatabase();
  const [names, full] = await both({ 'retire-version': '1.0.0', timeout: '1s' });
  expect([names.verdict, full.verdict]).toEqual(['timed-out', 'timed-out']);
  for (const id of ['parent', 'child', 'queued', 'delayed', 'executor_id'])
    expect(full.text).toContain(`${MARK}-${id}`);
  expect(full.text).toContain(`sched-nightly-${MARK}`);
  expect(full.text).toContain('unblock.sh');
  expect(names.text).not.toContain(MARK);
  expect(names.text).not.toMatch(/sched-|unblock\.sh|workflows\.tsv|\\u0000|\\u\{0\}/);
  for (const name of ['fulfil', 'ship', 'send', 'mail', 'remind', 'nightly', 'charge'])
    expect(names.text).toContain(name);
});

test('names no transaction, process or connection with `details: names`', async () => {
  const database = await markedDatabase();
  const writer = await openConnection(`${url}?application_name=${MARK}-connection`);
  const gid = `${MARK}-${new URL(url).pathname.slice(1)}`;
  const touch = `UPDATE dbos.workflow_status SET updated_at = updated_at WHERE application_version = '0.9.0'`;
  await database.query(`BEGIN; ${touch}; PREPARE TRANSACTION '${gid}'`);
  await writer.query(`BEGIN; LOCK TABLE dbos.workflow_status IN ROW EXCLUSIVE MODE`);
  const { rows } = await writer.query('SELECT pg_backend_pid() AS pid');
  const [names, full] = await both({ 'retire-version': '0.9.0', mode: 'check' });
  await writer.query('ROLLBACK');
  await database.query(`ROLLBACK PREPARED '${gid}'`);

  expect([names.verdict, full.verdict]).toEqual(['in-flight', 'in-flight']);
  for (const shown of [`pid ${rows[0].pid}`, `${MARK}-connection`, gid]) {
    expect(full.text).toContain(shown);
    expect(names.text).not.toContain(shown);
  }
  expect(names.text).not.toContain(MARK);

  const drained = await written({ 'retire-version': '0.9.0', details: 'names' });
  expect(drained.verdict).toBe('drained');
  expect(drained.text).not.toContain(MARK);
});
