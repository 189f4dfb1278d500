import { expect, onTestFinished, test } from 'vitest';
import { CUT_MARK, cutName, isCut } from '../../src/long-names.ts';
import { plain } from '../../src/report/text.ts';
import { explainBlocker } from '../../src/rules/index.ts';
import { holdOn, seenIn } from '../support/holding.ts';
import { readReport } from '../support/report-file.ts';
import { type FinishedRun, runAction } from '../support/runner.ts';
import { openDatabase, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/* The built action's output stays below GitHub's limits when names are a megabyte long. */

const databases = systemDatabases();

const OUTPUTS_OF_A_JOB = 1_000_000;
const SUMMARY_OF_A_STEP = 1024 * 1024;
const MESSAGE_CHARACTERS = 4096;
const ANNOTATIONS_OF_A_LEVEL = 10;
/** The length that a reader can take in. GitHub's own limit is far higher. */
const LOG_CHARACTERS = 50_000;

function expectBelowLimits(run: FinishedRun): void {
  const outputs = Object.entries(run.outputs).map(([name, value]) => Buffer.byteLength(name + value));
  expect(outputs.reduce((a, b) => a + b, 0)).toBeLessThan(OUTPUTS_OF_A_JOB);
  expect(Buffer.byteLength(run.summary)).toBeLessThan(SUMMARY_OF_A_STEP);
  expect(run.log.length).toBeLessThan(LOG_CHARACTERS);
  for (const level of ['error', 'warning', 'notice']) {
    const ofLevel = run.annotations.filter((annotation) => annotation.level === level);
    expect(ofLevel.length).toBeLessThanOrEqual(ANNOTATIONS_OF_A_LEVEL);
    for (const { title, message } of ofLevel) {
      expect(message.length).toBeLessThanOrEqual(MESSAGE_CHARACTERS);
      expect(title?.length).toBeLessThan(256);
    }
  }
}

function gate(database: TestDatabase, inputs: Record<string, string>): Promise<FinishedRun> {
  return runAction({
    inputs: { 'database-url': database.url, settle: '200ms', 'poll-interval': '100ms', ...inputs },
  }).finished;
}

test('counts versions, workflows and executors with names of a megabyte, and shows them truncated', async () => {
  const database = await databases.create();
  await database.register({ version: '2.0.0', owner: 'shop' });
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, application_version, name, class_name, executor_id,
       queue_name, parent_workflow_id, created_at, updated_at)
     SELECT 'w' || v || '-' || n || repeat('-', 20000), 'ENQUEUED', repeat('x', 1000000) || v,
            repeat('<b>' || chr(10), 250000) || v, repeat('|', 255), repeat('##[', 333333),
            repeat('q', 100000), repeat('p', 20000), 1, 1
       FROM generate_series(1, 4) v, generate_series(1, 5) n`,
  );
  await database.query(
    `INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name)
     SELECT workflow_uuid, 0, repeat('s', 150000) FROM dbos.workflow_status`,
  );

  const run = await gate(database, { 'keep-version': '2.0.0', mode: 'check' });
  expect(run).toMatchObject({
    exitCode: 1,
    stderr: '',
    outputs: { verdict: 'in-flight', drained: 'false', 'in-flight': '20', 'drained-versions': '[]' },
  });
  expectBelowLimits(run);
  const { versions, drainingVersions, shortened } = readReport(run.report);
  expect(versions.map(({ version }) => version)).toEqual(
    expect.arrayContaining([1, 2, 3, 4].map((n) => cutName(`${'x'.repeat(1_000_000)}${n}`))),
  );
  // What stands for a name is in no list of names, and the run reports how many are left out.
  expect(drainingVersions).toEqual([]);
  expect(shortened.omitted).toEqual([{ list: 'drainingVersions', entries: 4 }]);
  expect(shortened.texts).toBeGreaterThan(4);
  expect(run.outputs).toMatchObject({ versions: '[{"omitted":4}]', 'draining-versions': '[]' });
  expect(run.annotations.map(({ message }) => message).join()).toMatch(/entries of the output lists were left out/);
});

test('reads 120 versions with names of a megabyte, and writes a report below 16 MB', async () => {
  const database = await databases.create();
  await database.register({ version: '2.0.0', owner: 'shop' });
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, application_version, name, application_name, created_at, updated_at)
     SELECT 'w' || v, 'PENDING', repeat('x', 1000000) || v, 'order', 'shop', 1, 1 FROM generate_series(1, 120) v`,
  );
  const run = await gate(database, { 'keep-version': '2.0.0', mode: 'check' });
  expect(run).toMatchObject({
    exitCode: 1,
    stderr: '',
    outputs: { verdict: 'in-flight', 'in-flight': '120', 'draining-versions': '[]', versions: '[{"omitted":120}]' },
  });
  expectBelowLimits(run);
  expect(Buffer.byteLength(run.report ?? '')).toBeLessThan(16_000_000);
  const { versions } = readReport(run.report);
  expect(new Set(versions.map(({ version }) => version)).size).toBe(120);
});

test('lets no unknown version pass where a long name could be what it misspells', async () => {
  const database = await databases.create();
  await database.insert({ status: 'SUCCESS', application_version: `1.0.0${' '.repeat(20_000)}`, created_at: 1 });
  const targets = { kind: 'named', versions: ['1.0.0'] } as const;
  const held = await holdOn(database, { targets, onUnknown: 'pass' });
  expect(held.verdict).toBe('unknown-version');
  const blocker = held.last?.evaluation.targets[0]?.blockers[0];
  expect(blocker && plain(explainBlocker(blocker))).toContain('is longer than 16,384 bytes');
});

test.each(['UTF8', 'LATIN1', 'SQL_ASCII'])('cuts long names in a database in %s as the gate does', async (encoding) => {
  const database = await databases.create();
  const names = [
    'x'.repeat(16_384),
    'x'.repeat(16_385),
    'é'.repeat(16_385),
    `${' ~'.repeat(40)}é${'-'.repeat(20_000)}`,
    `\u00e9${'"\\\n'.repeat(10_000)}`,
    `${CUT_MARK}1`,
    `${CUT_MARK.slice(0, -1)} 1`,
  ];
  expect(names.filter((name) => isCut(cutName(name)))).toHaveLength(5);
  const other = encoding === 'UTF8' ? database : await inEncoding(database, encoding);
  await other.insert(
    ...names.map((application_version) => ({ status: 'PENDING', application_version, created_at: 1, updated_at: 1 })),
  );
  const { inFlight, workflows } = await seenIn(other, {}, { selection: { except: [] } });
  const cut = names.map(cutName).sort();
  expect(inFlight.map(({ version }) => version).sort()).toEqual(cut);
  expect(workflows.items.map(({ version }) => version).sort()).toEqual(cut);
  const some = [names[0] ?? '', cutName(names[1] ?? ''), cutName(names[2] ?? '')];
  const selected = await seenIn(other, {}, { selection: { only: some } });
  expect(selected.inFlight.map(({ version }) => version).sort()).toEqual(some.sort());
});

test('compares the whole name of a target, up to the longest that the runner can pass on', async () => {
  const database = await databases.create();
  // Linux limits an environment variable to 128 KiB.
  const long = 'y'.repeat(100_000);
  await database.insert(
    { status: 'PENDING', application_version: long, created_at: 1, updated_at: 1 },
    { status: 'PENDING', application_version: `${long}y`, created_at: 1, updated_at: 1 },
  );
  await database.register({ version: '2.0.0', owner: 'shop' });
  const version = JSON.stringify([long]);
  const held = await gate(database, { 'retire-version': version, mode: 'check' });
  expect(held).toMatchObject({ exitCode: 1, outputs: { verdict: 'in-flight', 'in-flight': '1' } });
  expectBelowLimits(held);

  await database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE application_version = $1`, [long]);
  const drained = await gate(database, { 'retire-version': version });
  expect(drained).toMatchObject({
    exitCode: 0,
    outputs: { verdict: 'drained', drained: 'true', 'drained-versions': version },
  });
  expectBelowLimits(drained);
});

test('shows an owner with a very long name truncated', async () => {
  const database = await databases.create();
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, application_version, application_name, created_at, updated_at)
     VALUES ('w', 'PENDING', '1.0.0', repeat('a', 150000), 1, 1)`,
  );
  const run = await gate(database, { 'retire-version': '1.0.0', application: 'shop' });
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'error', drained: 'false' } });
  expectBelowLimits(run);
});

/** A database in another encoding, with as much of DBOS's tables as the gate needs. */
async function inEncoding({ url, query }: TestDatabase, encoding: string): Promise<TestDatabase> {
  const name = `${new URL(url).pathname.slice(1)}_${encoding.toLowerCase()}`;
  await query(`CREATE DATABASE ${name} ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`);
  onTestFinished(async () => {
    await query(`DROP DATABASE ${name} WITH (FORCE)`);
  });
  const other = await openDatabase(databases.server().url(name));
  await other.query(`
    CREATE SCHEMA dbos;
    CREATE TABLE dbos.workflow_status (workflow_uuid text PRIMARY KEY, status text, name text, class_name text,
      queue_name text, executor_id text, application_version text, created_at bigint, updated_at bigint,
      started_at_epoch_ms bigint);
    CREATE TABLE dbos.operation_outputs (workflow_uuid text, function_id int, function_name text)`);
  return other;
}
