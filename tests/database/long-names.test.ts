import { expect, test } from 'vitest';
import { type FinishedRun, runAction } from '../support/runner.ts';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';

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
  const report = JSON.parse(run.report ?? '');
  expect(report.versions.map((target: { version: string }) => target.version.length)).toEqual(Array(4).fill(1_000_001));
  // They do not fit into the lists of the outputs, and the run reports that.
  expect(run.outputs).toMatchObject({ versions: '[{"omitted":4}]', 'draining-versions': '[]' });
  expect(run.annotations.map(({ message }) => message).join()).toMatch(/entries of the output lists were left out/);
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
