import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { runCommandLine } from '../support/command-line.ts';
import { type AppOptions, type DbosApp, launchApp } from '../support/dbos-app.ts';
import { codeBlocksIn } from '../support/inert.ts';
import { type ActionRun, type FinishedRun, runAction } from '../support/runner.ts';
import { systemDatabases } from '../support/system-databases.ts';

/* The committed bundles, run as GitHub's runner and as a shell do, on real DBOS applications. */

const databases = systemDatabases();
const running = new Set<DbosApp>();

afterAll(async () => {
  await Promise.all([...running].map((app) => app.kill()));
});

/** Creates a database and launches 1.0.0 of an application on it, then 2.0.0, which is the latest. */
async function blueGreen(): Promise<{
  readonly url: string;
  readonly blue: DbosApp;
  readonly green: DbosApp;
}> {
  const url = await databases.createUrl();
  const blue = await launch({ version: '1.0.0', databaseUrl: url });
  await blue.runShort();
  const green = await launch({ version: '2.0.0', databaseUrl: url });
  return { url, blue, green };
}

async function launch(options: Omit<AppOptions, 'sdk'>): Promise<DbosApp> {
  const app = await launchApp({ sdk: '5.3.0', ...options });
  running.add(app);
  return app;
}

/** Pauses between polls are short. */
const SHORT = { 'poll-interval': '200ms', settle: '400ms', timeout: '60s' };

/** Runs the action. */
function gate(url: string, inputs: Record<string, string> = {}, env: Record<string, string> = {}): ActionRun {
  return runAction({ inputs: { 'database-url': url, ...SHORT, ...inputs }, env });
}

/** Runs the command line. */
function commandLine(url: string, inputs: Record<string, string> = {}, flags: readonly string[] = []): ActionRun {
  return runCommandLine({ inputs: { 'database-url': url, ...SHORT, ...inputs }, flags });
}

/** What is true of a time or of a folder. */
const OF_A_RUN = ['waited-seconds', 'observed-at', 'report-path'];

/** Runs both shells at once, and expects the same answer in every place but for the exit codes, which it returns. */
async function inBothShells(url: string, inputs: Record<string, string>) {
  const runs = await Promise.all([gate(url, inputs).finished, commandLine(url, inputs).finished]);
  const [action, cli] = runs;
  const answer = ({ outputs }: FinishedRun) =>
    Object.entries(outputs).flatMap(([name, value]) => (OF_A_RUN.includes(name) ? [] : [[name, asInputs(value)]]));
  expect(answer(cli)).toEqual(answer(action));
  const shown = ({ annotations }: FinishedRun) => annotations.map(({ level, message }) => [level, asInputs(message)]);
  expect(shown(cli)).toEqual(shown(action));
  // Nothing is for GitHub's runner, and nothing for a program that asked for nothing.
  expect([cli.commands, cli.stdout]).toEqual([[], '']);
  expect(JSON.parse(cli.report ?? '').verdict).toBe(cli.outputs['verdict']);
  expect(asInputs(cli.summary.split('\n')[0])).toBe(asInputs(action.summary.split('\n')[0]));
  return { action, cli, exitCodes: [action.exitCode, cli.exitCode] };
}

/** A text of the command line as the action has it, without what each run measures for itself. */
function asInputs(text = ''): string {
  const flags = text.replace(/`DRAIN_GATE_([A-Z_]+)`/g, (_, name) => `\`${name.toLowerCase().replaceAll('_', '-')}\``);
  // The command line knows where the page of its release is.
  const withoutAddress = flags.replace(/https:\S+(?=docs\/troubleshooting\.md#)/g, '');
  const withoutTimes = withoutAddress.replace(/\b(for|after) \d+m?s\b/g, '$1 a time');
  return withoutTimes.replace(/`--([a-z-]+)(?: ([^`]+))?`/g, (_, name, value) => {
    return `\`${name}${value ? `: ${value}` : ''}\``;
  });
}

const retireOne = { 'retire-version': '1.0.0' };

describe('with nothing in flight', () => {
  let url: string;

  beforeAll(async () => {
    ({ url } = await blueGreen());
  });

  test('passes, and reports it in outputs, annotations, summary and report', async () => {
    const { action: run, cli, exitCodes } = await inBothShells(url, retireOne);
    expect([exitCodes, run.stderr]).toEqual([[0, 0], '']);
    expect(JSON.parse(cli.report ?? '')).toMatchObject({ drainedVersions: ['1.0.0'], warnings: [] });
    expect(run.outputs).toMatchObject({
      verdict: 'drained',
      drained: 'true',
      'in-flight': '0',
      unversioned: '0',
      'drained-versions': '["1.0.0"]',
      'draining-versions': '[]',
    });
    expect(run.annotations).toEqual([expect.objectContaining({ level: 'notice', title: '1.0.0 has drained' })]);
    expect(run.summary).toContain('## ✅ Safe to retire');
    expect(JSON.parse(run.report ?? '')).toMatchObject({
      schemaVersion: 1,
      verdict: 'drained',
      drainedVersions: ['1.0.0'],
    });
    expect(Date.parse(run.outputs['observed-at'] ?? '')).not.toBeNaN();
  });

  test('preflight passes, and shows its checks and what to use next', async () => {
    const { action, cli, exitCodes } = await inBothShells(url, { mode: 'preflight' });
    expect([exitCodes, action.outputs['verdict'], action.outputs['drained']]).toEqual([[0, 0], 'no-target', 'false']);
    for (const { stdout, stderr } of [action, cli]) {
      expect(`${stdout}${stderr}`).toMatch(/^ok {7}Database: Connected to ".*", port \d+, as the role "postgres"/m);
      expect(`${stdout}${stderr}`).toMatch(/^warning {2}Privileges: "postgres" can read .* is a superuser/m);
      expect(`${stdout}${stderr}`).toContain('dbos-drain-gate wait --keep-version "$VERSION" --application shop');
    }
    expect(codeBlocksIn(action.summary, 'yaml')).toEqual([expect.stringContaining("application: 'shop'")]);
    expect(codeBlocksIn(cli.summary, 'yaml')).toEqual([]);
  });

  test.each<[string, Record<string, string>]>([
    ['check passes', { ...retireOne, mode: 'check' }],
    ['retires every version but the latest', { 'keep-version': 'latest' }],
    ['retires every version but the one that it names', { 'keep-version': '2.0.0', mode: 'check' }],
  ])('%s', async (_what, inputs) => {
    const { action, exitCodes } = await inBothShells(url, inputs);
    const { verdict, 'drained-versions': drained } = action.outputs;
    expect([exitCodes, verdict, drained]).toEqual([[0, 0], 'drained', '["1.0.0"]']);
  });

  test('reports that there is nothing to retire when every version is kept', async () => {
    const { action: run, exitCodes } = await inBothShells(url, { 'keep-version': '1.0.0\n2.0.0' });
    expect([exitCodes, run.outputs['verdict'], run.outputs['versions']]).toEqual([[0, 14], 'no-target', '[]']);
    expect([run.outputs['drained'], run.outputs['drained-versions']]).toEqual(['false', '[]']);
    expect(run.shown).toContain('Nothing to retire');
  });

  test('fails for the latest version', async () => {
    const { action: run, exitCodes } = await inBothShells(url, { 'retire-version': '2.0.0', mode: 'check' });
    expect([exitCodes, run.outputs['verdict']]).toEqual([[1, 12], 'still-live']);
    expect(run.annotations[0]?.message).toContain('promote the version that you keep');
  });

  test('fails for an unknown version, and names the one that was meant', async () => {
    const { action: unknown, exitCodes } = await inBothShells(url, { 'retire-version': '1.0' });
    expect([exitCodes, unknown.outputs['verdict']]).toEqual([[1, 13], 'unknown-version']);
    const blank = await inBothShells(url, { 'retire-version': '["1.0.0 "]', 'on-unknown': 'pass' });
    expect([blank.exitCodes, blank.action.outputs['verdict']]).toEqual([[1, 13], 'unknown-version']);
    expect(blank.action.annotations[0]?.message).toContain(
      'Did you mean "1.0.0"? Only case, whitespace, quotes or invisible characters differ',
    );
  });

  test('works with NODE_PG_FORCE_NATIVE set', async () => {
    const run = await gate(url, retireOne, { NODE_PG_FORCE_NATIVE: '1' }).finished;
    expect([run.exitCode, run.outputs['verdict']]).toEqual([0, 'drained']);
  });

  test('reads the URL from DBOS_SYSTEM_DATABASE_URL', async () => {
    const run = await gate('', retireOne, { DBOS_SYSTEM_DATABASE_URL: url }).finished;
    expect([run.exitCode, run.outputs['verdict']]).toEqual([0, 'drained']);
  });
});

describe('with work that outlasts the timeout', () => {
  let url: string;
  let sleeping: string;
  let blue: DbosApp;

  beforeAll(async () => {
    const apps = await blueGreen();
    ({ url, blue } = apps);
    sleeping = await blue.startSleeping(3_600_000);
  });

  test('wait stops once it has stood for ten seconds, and reports the workflow, the time until which it sleeps, and a sufficient timeout', async () => {
    const [run, cli] = await Promise.all([
      gate(url, { ...retireOne, timeout: '30m' }).finished,
      commandLine(url, { ...retireOne, timeout: '30m' }).finished,
    ]);
    expect([cli.exitCode, cli.outputs['verdict']]).toEqual([11, 'cannot-drain']);
    expect(cli.annotations[0]?.message).toMatch(/set `--timeout` to more than 1h(1m|2m)?\./);
    expect([run.exitCode, run.outputs['verdict'], run.stderr]).toEqual([1, 'cannot-drain', '']);
    expect(Number(run.outputs['waited-seconds'])).toBeLessThan(30);
    expect(run.annotations[0]).toMatchObject({
      level: 'error',
      title: expect.stringMatching(/ cannot be retired yet$/),
    });
    const message = run.annotations[0]?.message ?? '';
    expect(message).toContain(`"${sleeping}" ("sleeping") is asleep until`);
    expect(message).toMatch(/set `timeout` to more than 1h(1m|2m)?\./);
    const [target] = JSON.parse(run.outputs['versions'] ?? '');
    expect(target.forecast.earliestEnds).toMatchObject([{ id: sleeping, because: 'sleeping' }]);
    expect(JSON.parse(run.report ?? '').forecast).toEqual(target.forecast);
  });

  test('on-timeout: warn passes with a warning, and drained is false', async () => {
    const run = await gate(url, { ...retireOne, timeout: '30m', 'on-timeout': 'warn' }).finished;
    expect([run.exitCode, run.outputs['drained']]).toEqual([0, 'false']);
    expect(run.annotations[0]?.level).toBe('warning');
  });

  test('fail-fast: false keeps holding, and unblock.sh can be run as it was written', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-scripts-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const inputs = { 'database-url': url, ...retireOne, mode: 'check' };
    const { outputs, summary } = await runAction({ inputs, folder }).finished;
    const kit = path.dirname(outputs['report-path'] ?? '');
    expect(readdirSync(kit).toSorted()).toEqual(['report.json', 'unblock.sh', 'workflows.tsv']);
    expect(summary).toContain(`cancel ${sleeping}`);
    for (const command of ['inspect', 'cancel', 'fork']) {
      const dry = execFileSync(path.join(kit, 'unblock.sh'), [command], { encoding: 'utf8' });
      expect(dry).toContain(`would `);
      expect(dry).toContain(sleeping);
    }

    const holding = gate(url, { ...retireOne, timeout: '30m', 'fail-fast': 'false' });
    await holding.until(/in flight/);
    await blue.cancel(sleeping);
    const run = await holding.finished;
    expect([run.exitCode, run.outputs['verdict']]).toEqual([0, 'drained']);
    expect(run.summary).toContain('<b>The drain in numbers</b>');
    expect(readdirSync(kit)).toHaveLength(3);
  });
});

describe('with work in flight', () => {
  let url: string;
  let blue: DbosApp;
  let held: string;

  beforeAll(async () => {
    ({ url, blue } = await blueGreen());
    held = await blue.startHeld();
  });

  test('check fails, and shows what blocks', async () => {
    const { action: run, cli, exitCodes } = await inBothShells(url, { ...retireOne, mode: 'check' });
    expect([exitCodes, run.outputs['verdict'], run.outputs['in-flight']]).toEqual([[1, 10], 'in-flight', '1']);
    expect(cli.stderr).toMatch(/^The summary lists what blocks\. unblock\.sh for all of it is in ".*"\.$/m);
    expect(run.annotations).toEqual([
      expect.objectContaining({ level: 'error', title: '1.0.0 cannot be retired yet' }),
    ]);
    // It is at work: nothing of it is offered by itself.
    expect(run.summary).toContain('sh unblock.sh cancel');
    expect(run.summary).not.toContain('dbos workflow cancel');
    expect(JSON.parse(run.report ?? '').workflows.items).toEqual([
      expect.objectContaining({ id: held, version: '1.0.0', status: 'PENDING' }),
    ]);
  });

  test('report passes, with the same verdict', async () => {
    const run = await gate(url, { ...retireOne, mode: 'report' }).finished;
    expect([run.exitCode, run.outputs['verdict'], run.outputs['drained']]).toEqual([0, 'in-flight', 'false']);
    expect(run.annotations.map(({ level }) => level)).toEqual(['notice']);
  });

  test('fails when the timeout passes', async () => {
    const { action, exitCodes } = await inBothShells(url, { ...retireOne, timeout: '1s' });
    expect([exitCodes, action.outputs['verdict']]).toEqual([[1, 10], 'timed-out']);
  });

  test('passes with a warning when the timeout passes and on-timeout is warn', async () => {
    const run = await gate(url, { ...retireOne, timeout: '1s', 'on-timeout': 'warn' }).finished;
    expect([run.exitCode, run.outputs['verdict'], run.outputs['drained']]).toEqual([0, 'timed-out', 'false']);
    expect(run.annotations.map(({ level }) => level)).toEqual(['warning']);
  });

  test('ignores the workflows in ignore-workflows, and warns that they will be stranded', async () => {
    const { action: run, exitCodes } = await inBothShells(url, { ...retireOne, 'ignore-workflows': 'he*d' });
    expect([exitCodes, run.outputs['verdict'], run.outputs['in-flight']]).toEqual([[0, 0], 'drained', '0']);
    expect(run.annotations.find(({ level }) => level === 'warning')?.message).toContain('will be stranded');
  });

  test('ends as cancelled when the job is cancelled, with all files written', async () => {
    const run = gate(url, retireOne);
    await run.until(/in flight/);
    run.kill('SIGINT');
    const { exitCode, signal, outputs, summary } = await run.finished;
    expect([exitCode, signal, outputs['verdict'], outputs['in-flight']]).toEqual([1, null, 'cancelled', '1']);
    expect(summary).toContain('Cancelled after');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('of the command line, %s ends as cancelled, with all files written', async (name, code) => {
    const run = commandLine(url, retireOne);
    await run.until(/in flight/);
    run.kill(name);
    const { exitCode, signal, outputs, summary, report } = await run.finished;
    expect([exitCode, signal, outputs['verdict'], outputs['in-flight']]).toEqual([code, null, 'cancelled', '1']);
    expect(summary).toContain('Cancelled after');
    expect(JSON.parse(report ?? '')).toMatchObject({ verdict: 'cancelled' });
  });

  test('holds until the work has drained', async () => {
    const runs = [gate(url, retireOne), commandLine(url, retireOne)];
    await Promise.all(runs.map((run) => run.until(/1 in flight;/)));
    await blue.finish(held);
    for (const { exitCode, outputs, shown, stderr } of await Promise.all(runs.map((run) => run.finished))) {
      expect([exitCode, outputs['verdict'], outputs['in-flight']]).toEqual([0, 'drained', '0']);
      expect(`${shown}${stderr}`).toMatch(/0 in flight \(-1\); idle/);
    }
  });
});

describe('an error is reported with its cause and its fix, and without a secret', () => {
  const password = 'p@ss w0rd/%41';
  let url: URL;

  beforeAll(async () => {
    url = new URL(await databases.createUrl('empty'));
  });

  /** Returns the URL with a change. */
  const but = (change: (url: URL) => void) => {
    const changed = new URL(url);
    change(changed);
    return changed.href;
  };

  test.each<[string, () => string, RegExp, number?]>([
    [
      'a wrong host',
      () => but((u) => (u.hostname = 'no-such-host.invalid')),
      /The host could not be found \((ENOTFOUND|EAI_AGAIN)\)\. Check the host in `database-url`/,
    ],
    [
      'a closed port',
      () => but((u) => (u.port = '1')),
      /Nothing accepts connections at this host and port \(ECONNREFUSED\)/,
    ],
    [
      'a wrong password',
      () => but((u) => (u.password = encodeURIComponent(password))),
      /The server rejected the password \(28P01\)/,
    ],
    ['no password', () => but((u) => (u.password = '')), /requires a password, and none was given/],
    ['no such database', () => but((u) => (u.pathname = '/nowhere')), /This server has no such database/],
    ['no DBOS tables', () => url.href, /no schema "dbos"/],
    [
      'no TLS at the server',
      () => but((u) => (u.search = '?sslmode=require')),
      /does not accept TLS\. `sslmode=require` requires it/,
    ],
    ['an SQLite URL', () => 'sqlite:///shop.sqlite', /SQLite/, 2],
    ['a mistyped URL', () => 'postgres:/gate:p@ss w0rd@h/d', /not a Postgres URL/, 2],
  ])('%s', async (_what, badUrl, explanation, code = 3) => {
    const { action: run, cli, exitCodes } = await inBothShells(badUrl(), { ...retireOne, timeout: '1s' });
    const { verdict, drained } = run.outputs;
    expect([exitCodes, verdict, drained, run.stderr]).toEqual([[1, code], 'error', 'false', '']);
    expect(run.annotations).toHaveLength(1);
    expect(run.annotations[0]).toMatchObject({
      level: 'error',
      title: 'dbos-drain-gate: error',
      message: expect.stringMatching(explanation),
    });
    expect(run.summary).toContain('## ❌ No answer');
    const written = [run, cli]
      .flatMap((each) => [each.shown, each.stderr, each.summary, each.report, ...Object.values(each.outputs)])
      .join('\n');
    expect(written).not.toMatch(/^\s+at .*:\d+:\d+/m);
    for (const secret of [password, encodeURIComponent(password), databases.server().password])
      expect(written).not.toContain(secret);
  });

  test('of the command line, an error and a refused value have exit codes of their own', async () => {
    const [error, refused] = await Promise.all([
      commandLine(
        but((u) => (u.port = '1')),
        { ...retireOne, timeout: '1s' },
      ).finished,
      commandLine(url.href, { timeout: '30' }).finished,
    ]);
    expect([error.exitCode, error.outputs['verdict'], refused.exitCode, refused.outputs['verdict']]).toEqual([
      3,
      'error',
      2,
      'error',
    ]);
    expect(refused.annotations[0]?.message).toMatch(/^`--timeout` is "30"\. Accepted: a duration/);
    expect(refused.annotations[0]?.message).toMatch(/^Neither `--retire-version` nor `--keep-version` is set/m);
    expect(refused.commands).toEqual([]);
  });

  test('invalid inputs stop the step before it connects', async () => {
    const run = await gate(url.href, { mode: 'wiat', timeout: '30' }).finished;
    expect([run.exitCode, run.outputs['verdict']]).toEqual([1, 'error']);
    const message = run.annotations[0]?.message ?? '';
    expect(message).toMatch(/The input `mode` is "wiat"\. Accepted: one of wait, check, report, preflight\./);
    expect(message).toMatch(/The input `timeout` is "30"\. Accepted: a duration/);
    expect(message).toMatch(/Neither `retire-version` nor `keep-version`/);
  });

  test('a pull request from a fork gets an error that such runs get no secrets', async () => {
    const repository = (name: string) => ({ repo: { full_name: name } });
    const payload = { pull_request: { head: repository('them/app'), base: repository('us/app') } };
    const run = await runAction({ inputs: retireOne, event: { name: 'pull_request', payload } }).finished;
    expect([run.exitCode, run.outputs['verdict']]).toEqual([1, 'error']);
    expect(run.annotations[0]?.message).toContain('from a fork, and GitHub passes no secrets to such runs');
  });

  test('the password is masked before the first line, encoded and decoded', async () => {
    const run = await gate(
      but((u) => (u.password = encodeURIComponent(password))),
      retireOne,
    ).finished;
    expect(run.masks).toEqual(expect.arrayContaining([password, encodeURIComponent(password)]));
    const [first = '', ...rest] = run.log.split('\n').filter((line) => !line.startsWith('::add-mask::'));
    expect(run.log.indexOf(first)).toBeGreaterThan(run.log.lastIndexOf('::add-mask::'));
    expect(rest.length).toBeGreaterThan(0);
  });
});
