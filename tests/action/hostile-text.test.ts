import { describe, expect, test } from 'vitest';
import { msg } from '../../src/message.ts';
import { outputsOf } from '../../src/report/outputs.ts';
import { failureReport } from '../support/builders.ts';
import { ATTACKS } from '../support/hostile-text.ts';
import { actingIn, codeBlocksIn, harmIn } from '../support/inert.ts';
import { readReport } from '../support/report-file.ts';
import { type FinishedRun, runAction } from '../support/runner.ts';
import { openConnection, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/*
 * The committed bundle on a real database in which every name is hostile, and with hostile inputs. The test reads its
 * output as the runner and GitHub do.
 */

const databases = systemDatabases();

const OUTPUT_NAMES = Object.keys(outputsOf(failureReport(msg`It failed.`), '').values);

/** The application that owns everything. It has no blanks at its ends, because the input is trimmed. */
const APPLICATION = '</code><script>alert(1)</script> ##[error]evil @octocat http://evil.example';
/** Postgres limits the name of a connection to 63 bytes of ASCII. */
const CONNECTION = '##[error]evil <img src=x onerror=1> @octocat a@evil.example |`';

const attack = (index: number) => ATTACKS[index % ATTACKS.length] ?? '';
/** The attacks that a person can see and copy, as many as a query lists. */
const READABLE = ATTACKS.filter((text) => actingIn(text).length === 0 && !/[\n\p{M}]|##\[/u.test(text)).slice(-20);
const inOrder = (texts: readonly string[]) => [...texts].sort();

/** The allowed titles of annotations, apart from the name of a version. */
const TITLES = /^dbos-drain-gate|(has drained|cannot be retired yet|is not known here)$/;

/** Expects that nothing in the output of a run acts as a command, as markup or as a mention. */
function expectHarmless(run: FinishedRun): void {
  expect(run.stderr).toBe('');
  const groups = run.commands.filter(({ name }) => name === 'group').map(({ data }) => data);
  expect(groups.every((title) => title === 'What is in flight, by workflow')).toBe(true);
  const meant = ['add-mask', 'group', 'endgroup', 'error', 'warning', 'notice'];
  expect(run.commands.filter(({ name }) => !meant.includes(name))).toEqual([]);
  expect(run.commands.filter(({ name }) => name === 'endgroup')).toHaveLength(groups.length);
  // Masks are of the password and the URL only, and come first: no name became a mask.
  const masks = run.commands.findLastIndex(({ name }) => name === 'add-mask');
  expect(masks).toBe(run.masks.length - 1);
  for (const mask of run.masks) expect(mask).not.toMatch(/^e?$|evil/);
  for (const { title, message } of run.annotations) {
    expect(title).toMatch(TITLES);
    expect(actingIn(message)).toEqual([]);
    expect(message).not.toMatch(/^\s*(::|##\[)/m);
  }
  expect(actingIn(run.log)).toEqual([]);
  expect(run.log).not.toContain('##[');

  expect(harmIn(run.summary)).toEqual([]);

  expect(Object.keys(run.outputs)).toEqual(OUTPUT_NAMES);
  const report = readReport(run.report);
  const versions: { version: string }[] = JSON.parse(run.outputs['versions'] ?? '');
  expect(versions.map(({ version }) => version)).toEqual(report.versions.map(({ version }) => version));
  for (const [name, values] of [
    ['drained-versions', report.drainedVersions],
    ['draining-versions', report.drainingVersions],
  ] as const) {
    expect(JSON.parse(run.outputs[name] ?? '')).toEqual(values);
  }
}

async function gate(database: TestDatabase, inputs: Record<string, string>): Promise<FinishedRun> {
  const usual = { 'database-url': database.url, settle: '200ms', 'poll-interval': '100ms' };
  const run = await runAction({ inputs: { ...usual, application: APPLICATION, ...inputs } }).finished;
  expectHarmless(run);
  return run;
}

/** Creates a database in which each attack is a version, workflow, class, queue, executor, parent and step. */
async function hostileDatabase(): Promise<TestDatabase> {
  const database = await databases.create();
  await database.register(...[...ATTACKS, 'live'].map((version) => ({ version, owner: APPLICATION })));
  await database.insert(
    ...ATTACKS.map((text, index) => ({
      workflow_uuid: text,
      status: index % 3 === 0 ? 'PENDING' : 'ENQUEUED',
      application_name: APPLICATION,
      application_version: attack(index + 1),
      name: attack(index + 2),
      class_name: [...attack(index + 3)].slice(0, 255).join(''),
      queue_name: attack(index + 4),
      executor_id: attack(index + 5),
      parent_workflow_id: attack(index + 6),
      created_at: index + 1,
    })),
  );
  for (const [index, text] of ATTACKS.entries()) {
    await database.query(
      'INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name) VALUES ($1, 0, $2)',
      [text, attack(index + 7)],
    );
  }
  return database;
}

describe('hostile names in every column', () => {
  test('are inert in a check, and complete in outputs and report', async () => {
    const database = await hostileDatabase();
    const named = ATTACKS.slice(0, 40);
    const run = await gate(database, { mode: 'check', 'retire-version': JSON.stringify(named) });
    expect([run.exitCode, run.outputs['verdict'], run.outputs['in-flight']]).toEqual([1, 'in-flight', '40']);
    expect(JSON.parse(run.outputs['draining-versions'] ?? '')).toEqual(named);
    const { workflows } = readReport(run.report);
    for (const { id, status, version, workflow, queue, executor, parent, lastStep } of workflows.items) {
      const first = ATTACKS.indexOf(id ?? '');
      expect([version, parent]).toEqual([attack(first + 1), attack(first + 6)]);
      // The poll returns no more of these than is shown.
      const shown = [workflow, queue, executor].map((text) => text?.slice(0, 100));
      expect(shown).toEqual([2, 4, 5].map((offset) => attack(first + offset).slice(0, 100)));
      const step = status === 'PENDING' ? attack(first + 7).slice(0, 100) : undefined;
      expect(lastStep?.name.slice(0, 100)).toBe(step);
    }
    expect(workflows.items.length).toBeGreaterThan(20);
  });

  test('are found by the query that the summary shows', async () => {
    const database = await hostileDatabase();
    const run = await gate(database, { mode: 'check', 'retire-version': JSON.stringify(READABLE) });
    const [query = ''] = codeBlocksIn(run.summary, 'sql');
    const rows = await database.query(query);
    expect(inOrder(rows.map(({ application_version }) => String(application_version)))).toEqual(inOrder(READABLE));
  });

  test('are inert in a hold', async () => {
    const database = await hostileDatabase();
    const run = await gate(database, { 'keep-version': 'latest', timeout: '1s' });
    expect([run.exitCode, run.outputs['verdict']]).toEqual([1, 'timed-out']);
    expect(inOrder(JSON.parse(run.outputs['draining-versions'] ?? ''))).toEqual(inOrder(ATTACKS));
  });

  test('are inert as owners when the application is another one', async () => {
    const database = await hostileDatabase();
    for (const [index, owner] of ATTACKS.slice(0, 12).entries()) {
      await database.register({ version: `of ${index}`, owner });
    }
    const several = await gate(database, { mode: 'check', application: '', 'retire-version': 'of 1' });
    expect(several.outputs['verdict']).toBe('error');
    const another = await gate(database, {
      mode: 'check',
      application: '@octocat | <b>',
      'retire-version': 'of 1',
    });
    expect(another.outputs['verdict']).toBe('error');
  });
});

test('the hostile name of a connection is inert while the gate waits for its transaction', async () => {
  const database = await databases.create();
  await database.register({ version: APPLICATION, owner: APPLICATION }, { version: 'live', owner: APPLICATION });
  const url = new URL(database.url);
  url.searchParams.set('application_name', CONNECTION);
  const writer = await openConnection(url.href);
  await writer.query('BEGIN');
  await writer.query("UPDATE dbos.workflow_status SET status = 'PENDING' WHERE false");
  const run = await gate(database, { 'retire-version': APPLICATION, timeout: '1s' });
  expect([run.exitCode, run.outputs['verdict']]).toEqual([1, 'timed-out']);
  expect(run.annotations[0]?.message).toContain(`${CONNECTION.slice(0, 2)}\\u{5b}${CONNECTION.slice(3)}`);
});

test('hostile versions drain under their exact names', async () => {
  const database = await databases.create();
  await database.register(...[...ATTACKS, 'live'].map((version) => ({ version, owner: APPLICATION })));
  const run = await gate(database, { 'retire-version': JSON.stringify(ATTACKS), timeout: '20s' });
  expect([run.exitCode, run.outputs['verdict']]).toEqual([0, 'drained']);
  expect(JSON.parse(run.outputs['drained-versions'] ?? '')).toEqual(ATTACKS);
});

test('unknown hostile versions are inert in a check and in a hold', async () => {
  const database = await databases.create();
  await database.register({ version: 'live', owner: APPLICATION });
  const lines = ATTACKS.filter((text) => !/[\r\n]/.test(text) && text.trim() !== '');
  for (const mode of ['check', 'wait']) {
    const run = await gate(database, { mode, 'retire-version': `x\n${lines.join('\n')}` });
    expect([run.exitCode, run.outputs['verdict']]).toEqual([1, 'unknown-version']);
    const kept = await gate(database, { mode: 'check', 'keep-version': JSON.stringify(ATTACKS) });
    expect([kept.exitCode, kept.outputs['verdict']]).toEqual([1, 'unknown-version']);
  }
});

test('the text of a database error is inert', async () => {
  const database = await databases.create();
  // Reading the name casts the id to a number, and the server's error quotes the id.
  await database.query(`ALTER TABLE dbos.workflow_status DROP COLUMN name;
    ALTER TABLE dbos.workflow_status ADD COLUMN name text GENERATED ALWAYS AS ((workflow_uuid::integer)::text) VIRTUAL`);
  for (const text of ['\n::error::evil <img src=x> @octocat', '##[error]evil\u001b[31m\u202e a@evil.example']) {
    await database.query('DELETE FROM dbos.workflow_status');
    await database.query(
      `INSERT INTO dbos.workflow_status (workflow_uuid, status, application_version, created_at, updated_at)
       VALUES ($1, 'PENDING', '1.0.0', 1, 1)`,
      [text],
    );
    const run = await gate(database, { timeout: '1s', 'retire-version': '1.0.0', application: '' });
    expect([run.exitCode, run.outputs['verdict']]).toEqual([1, 'error']);
    expect(run.annotations[0]?.message).toContain('invalid input syntax for type integer');
  }
});

test('rejected inputs are inert', async () => {
  const database = await databases.create();
  const texts = ATTACKS.filter((text) => text.trim() !== '').slice(0, 12);
  for (const text of texts) {
    const run = await gate(database, {
      ...{ mode: text, timeout: text, 'on-live': text, 'retire-version': `[${text}`, 'keep-version': text },
      schema: `${'-'.repeat(63)}${text}`,
    });
    expect([run.exitCode, run.outputs['verdict'], run.annotations.length]).toEqual([1, 'error', 1]);
  }
});
