import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { node24 } from '../support/runner/node24.ts';
import { runAction } from '../support/runner.ts';
import { CLOCK_SHIFT } from '../support/shifted-clock.ts';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/* The database's clock decides what is new, so a runner whose clock is wrong gets the same answers. */

const databases = systemDatabases();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SHIFTS = [-HOUR, 0, HOUR];

const shiftedBy = (milliseconds: number) => ({
  NODE_OPTIONS: `--import=${new URL('../support/shifted-clock.ts', import.meta.url).href}`,
  [CLOCK_SHIFT]: String(milliseconds),
});

const workflow = { application_version: '1.0.0', application_name: 'shop' };

async function blueGreen(): Promise<TestDatabase> {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  return database;
}

/** Runs the action, and returns its answer without the parts that differ from run to run. */
async function answer(
  url: string,
  shift: number,
  inputs: Record<string, string>,
  meanwhile?: { readonly when: RegExp; readonly happens: () => Promise<unknown> },
) {
  const run = runAction({
    inputs: {
      'database-url': url,
      'retire-version': '1.0.0',
      settle: '500ms',
      'poll-interval': '100ms',
      timeout: '30s',
      ...inputs,
    },
    env: shiftedBy(shift),
  });
  if (meanwhile !== undefined) {
    await run.until(meanwhile.when);
    await meanwhile.happens();
  }
  const { exitCode, stderr, outputs, report } = await run.finished;
  const { 'observed-at': observedAt, 'waited-seconds': _, 'report-path': __, ...rest } = outputs;
  const { warnings, versions }: { warnings: string[]; versions: Record<string, unknown>[] } = JSON.parse(report ?? '');
  // Both count the time that passes while the gate runs.
  const lasting = versions.map(({ outlook: ___, idleSeconds: ____, ...version }) => version);
  return {
    observedAt: Date.parse(observedAt ?? ''),
    answer: { exitCode, stderr, outputs: rest, warnings, versions: lasting },
  };
}

/** Returns the answer of each runner, one after the other. */
async function answersOf(url: string, inputs: Record<string, string> = {}) {
  const answers = [];
  for (const shift of SHIFTS) {
    const { observedAt, answer: given } = await answer(url, shift, inputs);
    expect(Math.abs(observedAt - Date.now())).toBeLessThan(MINUTE);
    answers.push(given);
  }
  return answers;
}

test('the clock of a runner can be shifted', () => {
  for (const shift of SHIFTS) {
    const print = 'console.log(JSON.stringify([Date.now(), new Date(), new Date(5).getTime(), Date.UTC(1970)]))';
    const { stdout } = spawnSync(node24(), ['--eval', print], {
      env: { ...process.env, ...shiftedBy(shift) },
      encoding: 'utf8',
    });
    const [now, date, five, epoch] = JSON.parse(stdout);
    for (const told of [now, Date.parse(date)]) {
      expect(Math.abs(told - Date.now() - shift)).toBeLessThan(MINUTE);
    }
    expect([five, epoch]).toEqual([5, 0]);
  }
});

test('neither the rules nor the queries read the clock of the machine', () => {
  const sources = fileURLToPath(new URL('../../src/', import.meta.url));
  const files = globSync('{rules,hold,forecast,dbos}/**/*.ts', { cwd: sources });
  expect(files.length).toBeGreaterThan(10);
  const asking = files.filter((file) =>
    /\bDate\b|\bperformance\b|\bhrtime\b|\bTemporal\b|\bsetTimeout\b/.test(
      readFileSync(`${sources}/${file}`, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''),
    ),
  );
  expect(asking).toEqual([]);
});

test('runners with different clocks give the same answer about the same database', async () => {
  const database = await blueGreen();
  await database.insert(
    { ...workflow, status: 'SUCCESS' },
    { ...workflow, status: 'SUCCESS', created_at: Date.now() - 30 * MINUTE },
  );
  const drained = await answersOf(database.url);
  expect(new Set(drained.map((each) => JSON.stringify(each))).size).toBe(1);
  expect(drained[0]).toMatchObject({
    exitCode: 0,
    stderr: '',
    outputs: { verdict: 'drained' },
    warnings: [],
  });

  await database.insert(
    { ...workflow, status: 'PENDING', created_at: Date.now() - 30 * MINUTE },
    { ...workflow, status: 'DELAYED', delay_until_epoch_ms: Date.now() + 30 * MINUTE },
    { ...workflow, status: 'ENQUEUED', application_version: null },
  );
  const held = await answersOf(database.url, { mode: 'check', 'on-unversioned': 'block' });
  expect(new Set(held.map((each) => JSON.stringify(each))).size).toBe(1);
  expect(held[0]).toMatchObject({ exitCode: 1, outputs: { verdict: 'in-flight', 'in-flight': '2' } });
});

test('every runner notices work that starts during the settle window', async () => {
  for (const shift of SHIFTS) {
    const database = await blueGreen();
    const { answer: given } = await answer(
      database.url,
      shift,
      { settle: '20s', mode: 'check' },
      {
        when: /idle, settling/,
        happens: () => database.insert({ ...workflow, status: 'SUCCESS' }),
      },
    );
    expect(given).toMatchObject({
      outputs: { verdict: 'in-flight' },
      versions: [{ blockers: [{ kind: 'still-starting' }] }],
    });
  }
});

test.each([
  ['23 hours ago is in use', 23, []],
  ['25 hours ago could be a restored copy', 25, [expect.stringContaining('restored copy')]],
])('for every runner, a database that was last written to %s', async (_, hours, warnings) => {
  const database = await databases.create();
  const then = Date.now() - hours * HOUR + 10 * MINUTE * (hours < 24 ? -1 : 1);
  await database.query(
    `INSERT INTO dbos.application_versions (version_id, version_name, version_timestamp, application_name)
     VALUES ('1', '1.0.0', 1, 'shop'), ('2', '2.0.0', 2, 'shop')`,
  );
  const row = { ...workflow, status: 'SUCCESS', updated_at: then };
  await database.insert(
    { ...row, created_at: then - 1 },
    // The traffic has moved off the first version.
    { ...row, application_version: '2.0.0', created_at: then },
  );
  for (const given of await answersOf(database.url)) {
    expect(given).toMatchObject({ outputs: { verdict: 'drained' }, warnings });
  }
});
