import { pathToFileURL } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import { nameServer } from '../support/name-server.ts';
import { type ActionRun, type FinishedRun, type RunOptions, runAction } from '../support/runner.ts';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';
import { type FakeGithub, type Fault, fakeGithub, type KeptCheck, SHA, TOKEN } from './fake-github.ts';
import { HANGING_NAME, NAME_SERVER } from './hanging-names.ts';

/* The built action, with GitHub's API behind it. */

const databases = systemDatabases();

interface Step {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly event?: RunOptions['event'];
}

function start(github: FakeGithub, url: string, { inputs, env, event }: Step = {}): ActionRun {
  return runAction({
    inputs: {
      ...{ 'database-url': url, 'retire-version': '1.0.0', 'github-token': TOKEN, 'check-run': 'drain production' },
      ...{ 'poll-interval': '100ms', settle: '200ms', timeout: '60s', ...inputs },
    },
    env: {
      ...{ GITHUB_API_URL: github.url, GITHUB_REPOSITORY: 'octo-org/shop', GITHUB_SHA: SHA },
      ...{ GITHUB_SERVER_URL: 'https://github.example.com', GITHUB_RUN_ID: '4711', ...env },
    },
    ...(event && { event }),
  });
}

/** Runs a step to its end. No request or answer differs from the description, and the token stands nowhere. */
async function finish(github: FakeGithub, step: ActionRun): Promise<FinishedRun> {
  const run = await step.finished;
  expect(github.complaints).toEqual([]);
  const written = `${run.log.replaceAll(`::add-mask::${TOKEN}`, '')}${run.stderr}${run.summary}${run.report}${JSON.stringify([run.outputs, github.checks])}`;
  expect(written).not.toContain(TOKEN);
  expect(run.masks).toContain(TOKEN);
  expect(run.stderr).toBe('');
  return run;
}

const gate = async (github: FakeGithub, url: string, step?: Step) => finish(github, start(github, url, step));

const shown = ({ status, conclusion, output }: KeptCheck) => [status, conclusion, output.title];
const warnings = ({ annotations }: FinishedRun) =>
  annotations.filter(({ level }) => level === 'warning').map(({ message }) => message);

const isInProgress = (github: FakeGithub) => vi.waitUntil(() => github.served.length > 1, { timeout: 60_000 });

async function withWork(): Promise<TestDatabase> {
  const database = await databases.create();
  await database.register('1.0.0', '2.0.0');
  await database.insert({ application_version: '1.0.0', status: 'PENDING', name: 'order' });
  return database;
}

const finishWork = (database: TestDatabase) => database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`);

let drained: string;
let blocked: string;

beforeAll(async () => {
  drained = await databases.createUrl();
  blocked = await databases.createUrl();
  const { default: pg } = await import('pg');
  for (const url of [drained, blocked]) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(`
      INSERT INTO dbos.application_versions (version_id, version_name, version_timestamp, created_at)
      VALUES ('1', '1.0.0', 1, 1), ('2', '1.1.0', 2, 2), ('3', '2.0.0', 3, 3)`);
    if (url === blocked) {
      await client.query(`
        INSERT INTO dbos.workflow_status (workflow_uuid, status, name, application_version, created_at, updated_at)
        VALUES ('order-1', 'PENDING', 'order', '1.0.0', ${Date.now()}, ${Date.now()})`);
    }
    await client.end();
  }
});

test('follows a hold from its start to its end, in one check run', async () => {
  const github = await fakeGithub();
  const database = await withWork();
  const step = start(github, database.url);
  await isInProgress(github);
  expect(shown(github.checks[0] as KeptCheck)).toEqual([
    'in_progress',
    null,
    expect.stringMatching(/^Not safe to retire "1\.0\.0": 1 workflow in flight\. /),
  ]);
  expect(github.checks[0]?.output.summary).toMatch(/^## ⏳ Not safe to retire /);
  await finishWork(database);
  const run = await finish(github, step);
  expect([run.exitCode, warnings(run)]).toEqual([0, []]);
  expect(github.checks.map(shown)).toEqual([
    ['completed', 'success', expect.stringMatching(/^Safe to retire "1\.0\.0"/)],
  ]);
  expect(github.checks[0]?.output.summary).toContain(
    '[The run that looked last](https://github.example.com/octo-org/shop/actions/runs/4711)',
  );
  const [looked, created, alone, ...updates] = github.served.map(({ operation }) => operation);
  expect([looked, created, alone, ...new Set(updates)]).toEqual(['list', 'create', 'list', 'update']);
});

test('a later run finishes what a report has left in progress, on the commit that it names', async () => {
  const github = await fakeGithub();
  const database = await withWork();
  const first = await gate(github, database.url, { inputs: { mode: 'report' } });
  expect([first.exitCode, github.checks.map(shown)]).toEqual([
    0,
    [['in_progress', null, expect.stringMatching(/^Not safe/)]],
  ]);
  await gate(github, database.url, { inputs: { mode: 'report' } });
  expect(github.checks).toHaveLength(1);
  await finishWork(database);
  await gate(github, database.url, {
    inputs: { mode: 'report', 'check-sha': SHA },
    env: { GITHUB_SHA: 'f'.repeat(40) },
    event: { name: 'schedule', payload: {} },
  });
  expect(github.checks.map(shown)).toEqual([['completed', 'success', expect.stringMatching(/^Safe/)]]);
});

test('a re-run takes the place of what is completed, with a newer check run of the same name', async () => {
  const github = await fakeGithub();
  const check = { inputs: { mode: 'check' } };
  const runs = [await gate(github, blocked, check), await gate(github, blocked, check)];
  expect(runs.map(({ exitCode }) => exitCode)).toEqual([1, 1]);
  expect(github.checks.map(({ conclusion }) => conclusion)).toEqual(['failure', 'failure']);
  expect(new Set(github.checks.map(({ external_id }) => external_id)).size).toBe(1);
});

test('stands on the head of a pull request, and names several targets', async () => {
  const github = await fakeGithub();
  const payload = {
    pull_request: { head: { sha: SHA, repo: { full_name: 'a/b' } }, base: { repo: { full_name: 'a/b' } } },
  };
  const run = await gate(github, blocked, {
    inputs: { mode: 'check', 'retire-version': '1.0.0\n1.1.0' },
    env: { GITHUB_SHA: 'e'.repeat(40) },
    event: { name: 'pull_request', payload },
  });
  expect(run.outputs['drained-versions']).toBe('["1.1.0"]');
  expect(github.checks).toEqual([expect.objectContaining({ head_sha: SHA, conclusion: 'failure' })]);
  expect(github.checks[0]?.external_id).toMatch(/^dbos-drain-gate \w{20} named 1\.0\.0 1\.1\.0$/);
  expect(github.checks[0]?.output.summary).toContain('### Versions to retire');
});

test.each(['SIGINT', 'SIGTERM'] as const)('is cancelled with its job, by %s', async (signal) => {
  const github = await fakeGithub();
  const step = start(github, blocked);
  await isInProgress(github);
  step.kill(signal);
  const run = await finish(github, step);
  expect(run.outputs['verdict']).toBe('cancelled');
  expect(github.checks.map(shown)).toEqual([['completed', 'cancelled', expect.stringMatching(/^Cancelled after/)]]);
});

test('two runs at once end with one check run', async () => {
  const github = await fakeGithub();
  const database = await withWork();
  const steps = [start(github, database.url), start(github, database.url)];
  // One run looks twice: before it creates the check run, and after.
  await vi.waitUntil(() => github.served.filter(({ operation }) => operation === 'list').length > 2, {
    timeout: 60_000,
  });
  await finishWork(database);
  const runs = await Promise.all(steps.map((step) => finish(github, step)));
  expect(runs.map((run) => [run.exitCode, warnings(run)])).toEqual([
    [0, []],
    [0, []],
  ]);
  const counted = github.checks.filter(({ conclusion }) => conclusion !== 'cancelled');
  expect(counted.map(shown)).toEqual([['completed', 'success', expect.stringMatching(/^Safe/)]]);
  expect(github.checks.at(-1)).toBe(counted[0]);
});

test('a database that cannot be read ends it, and a later run starts it again', async () => {
  const github = await fakeGithub();
  const gone = Object.assign(new URL(blocked), { pathname: '/gone' }).href;
  const report = { inputs: { mode: 'report' } };
  const run = await gate(github, gone, report);
  expect([run.exitCode, run.outputs['verdict']]).toEqual([1, 'error']);
  expect(github.checks.map(shown)).toEqual([['completed', 'failure', expect.stringMatching(/^No answer: /)]]);
  // What was left in progress is that of the same database.
  const [check] = github.checks.splice(0);
  const external_id = (await ours(github)).external_id;
  github.add({ ...check, external_id });
  await gate(github, blocked, report);
  expect(github.checks.map(({ status }) => status)).toEqual(['completed', 'in_progress']);
});

test('with `details: names` no id is in it, in progress or in the end', async () => {
  const github = await fakeGithub();
  const step = start(github, blocked, { inputs: { details: 'names' } });
  await isInProgress(github);
  step.kill('SIGINT');
  await finish(github, step);
  const bodies = JSON.stringify(github.served.map(({ body }) => body));
  expect(bodies).toContain('<code>order</code>');
  expect(bodies).not.toMatch(/order-1|order&#45;1/);
});

test('finds its own among more check runs than GitHub puts on a page', async () => {
  const github = await fakeGithub();
  const check = await ours(github);
  for (let id = 1; id <= 120; id += 1)
    github.add({ ...check, id, suite: id, status: 'completed', conclusion: 'failure' });
  github.add({ ...check, id: 121, suite: 121 });
  await gate(github, blocked, { inputs: { mode: 'report' } });
  expect(github.checks.slice(120).map(({ id, status }) => [id, status])).toEqual([[121, 'in_progress']]);
});

test('is neutral where a timeout only warns', async () => {
  const github = await fakeGithub();
  const inputs = { timeout: '1s', 'on-timeout': 'warn', 'fail-fast': 'false' };
  const run = await gate(github, blocked, { inputs });
  expect([run.exitCode, github.checks.map(({ conclusion }) => conclusion)]).toEqual([0, ['neutral']]);
});

const ours = async (github: FakeGithub, url = blocked) => {
  await gate(github, url, { inputs: { mode: 'report' } });
  const [check] = github.checks.splice(0);
  if (check === undefined) throw new Error('There is no check.');
  return check;
};
const day = 24 * 60 * 60 * 1000;

test('renews what GitHub has called stale, and what it would call so tomorrow', async () => {
  const github = await fakeGithub();
  const check = await ours(github);
  github.add({ ...check, id: 1, status: 'completed', conclusion: 'stale' });
  await gate(github, blocked, { inputs: { mode: 'report' } });
  expect(github.checks.map(({ status }) => status)).toEqual(['completed', 'in_progress']);

  github.checks.splice(0);
  github.add({ ...check, id: 1, started_at: new Date(Date.now() - 13.5 * day).toISOString() });
  await gate(github, blocked, { inputs: { mode: 'report' } });
  expect(github.checks.map(shown)).toEqual([
    ['completed', 'cancelled', 'A newer check run of this name continues it'],
    ['in_progress', null, expect.stringMatching(/^Not safe/)],
  ]);
});

test('leaves the check run of another app, of a job, and of a gate for other targets alone', async () => {
  const own = (await ours(await fakeGithub(), drained)).external_id;
  const others: readonly [Partial<KeptCheck>, string][] = [
    [{ app: 99 }, 'from another app or a job'],
    [{ isJob: true, external_id: '5f3a2b1c' }, 'from another app or a job'],
    [{ external_id: 'dbos-drain-gate 0000 named 0.9.0' }, 'is about other versions'],
    // Made with the token of another app.
    [{ app: 99, external_id: own }, 'from another app or a job'],
  ];
  for (const [check, why] of others) {
    const github = await fakeGithub();
    const kept = github.add(check);
    const run = await gate(github, drained);
    expect([run.exitCode, github.checks]).toEqual([0, [kept]]);
    expect(warnings(run)).toEqual([expect.stringContaining(why)]);
  }
});

/** What GitHub does, the step, and what the warning says. */
const refusals: readonly [string, Fault, Step, RegExp][] = [
  // GitHub Docs, "Troubleshooting the REST API": the words for a token without the permission.
  ...(['list', 'create'] as const).map((refused): [string, Fault, Step, RegExp] => [
    `403 to ${refused}`,
    (operation) =>
      operation === refused ? { status: 403, message: 'Resource not accessible by integration' } : undefined,
    {},
    /lacks the permission `checks: write` \(403\)\. Give the job `permissions:` with `checks: write`, and pass `github-token: \$\{\{ github\.token \}\}`\./,
  ]),
  [
    '403 in a pull request of a fork',
    () => ({ status: 403, message: 'Resource not accessible by integration' }),
    {
      event: {
        name: 'pull_request',
        payload: {
          pull_request: { head: { repo: { full_name: 'x/y' }, sha: SHA }, base: { repo: { full_name: 'a/b' } } },
        },
      },
    },
    /GitHub gives pull requests of forks a token that only reads\./,
  ],
  [
    '403 to Dependabot',
    () => ({ status: 403, message: 'Resource not accessible by integration' }),
    { env: { GITHUB_ACTOR: 'dependabot[bot]' } },
    /GitHub gives Dependabot a token that only reads by default\. Give the job `permissions:` with `checks: write`/,
  ],
  [
    '401',
    () => ({ status: 401, message: 'Bad credentials' }),
    {},
    /does not accept `github-token` \(401\)\. A job's token expires when the job ends, and after 24 hours\./,
  ],
  [
    '404',
    () => undefined,
    { env: { GITHUB_REPOSITORY: 'octo-org/gone' } },
    /finds no such repository for this token \(404\)/,
  ],
  [
    '422 after a force push',
    () => undefined,
    { env: { GITHUB_SHA: 'd'.repeat(40) } },
    /"ddddddd" is no commit of this repository, or a force push/,
  ],
  [
    'a secondary rate limit',
    // GitHub Docs, "Rate limits for the REST API": 403 or 429, with `retry-after` in seconds.
    () => ({ status: 403, message: 'You have exceeded a secondary rate limit', headers: { 'retry-after': '60' } }),
    {},
    /limits the requests of this token \(403\), for 1m\./,
  ],
  [
    'a primary rate limit',
    // GitHub Docs, "Rate limits for the REST API": `x-ratelimit-remaining` is 0.
    () => ({ status: 429, message: 'API rate limit exceeded', headers: { 'x-ratelimit-remaining': '0' } }),
    {},
    /limits the requests of this token \(429\), for 1m\./,
  ],
  [
    'a limit without a header',
    () => ({ status: 429, message: 'x' }),
    {},
    /limits the requests of this token \(429\), for 1m\./,
  ],
  // GitHub Docs, "Troubleshooting the REST API": a request that takes too long.
  ['5xx', () => ({ status: 502, message: 'Server Error' }), {}, /GitHub's API has a failure \(502\)/],
  [
    '5xx with a time to wait',
    () => ({ status: 503, message: 'Unavailable', headers: { 'retry-after': '60' } }),
    {},
    /GitHub's API has a failure \(503\)/,
  ],
  ['silence', () => 'silence', {}, /GitHub's API did not answer in time, or not at all/],
  ['an answer that stops half-way', () => 'half', {}, /GitHub's API did not answer in time, or not at all/],
  [
    'no token',
    () => undefined,
    { inputs: { 'github-token': '' } },
    /`github-token` is empty\. Give the job `permissions:` with `checks: write`/,
  ],
  [
    'no commit',
    () => undefined,
    { env: { GITHUB_SHA: '' } },
    /GITHUB_REPOSITORY names no repository, or GITHUB_SHA no commit/,
  ],
  [
    'an unreachable server',
    () => undefined,
    { env: { GITHUB_API_URL: 'http://127.0.0.1:9/' } },
    /did not answer in time, or not at all/,
  ],
];

test.each(refusals)('%s is a warning, and changes no verdict', async (_, fault, step, warning) => {
  const github = await fakeGithub(fault);
  const finished = await start(github, drained, step).finished;
  expect(github.complaints).toEqual([]);
  expect(finished.log.replaceAll(`::add-mask::${TOKEN}`, '')).not.toContain(TOKEN);
  expect([finished.exitCode, finished.outputs['verdict'], finished.stderr]).toEqual([0, 'drained', '']);
  expect(warnings(finished)).toEqual([expect.stringMatching(warning)]);
  expect(finished.summary).toContain('check run');
  expect(github.checks).toEqual([]);
});

test('what fails once is tried again, and nothing is doubled', async () => {
  const check = await ours(await fakeGithub());
  const github = await fakeGithub();
  // The first check run is created, and the answer is lost.
  github.fault = (operation, count) => {
    if (operation !== 'create' || count > 0) return undefined;
    github.add({ ...check, id: 5 });
    return { status: 502, message: 'Server Error' };
  };
  const run = await gate(github, blocked, { inputs: { mode: 'report' } });
  expect([run.exitCode, warnings(run)]).toEqual([0, []]);
  expect(github.checks.map(({ id, status }) => [id, status])).toEqual([[5, 'in_progress']]);
  expect(github.served.map(({ operation }) => operation)).toEqual(['list', 'create', 'list', 'update']);
});

test.each([
  ['a name server that is silent is found out by a question that can be left behind', true, []],
  ['a name that the system looks up for ever does not hold the step', false, ['asked the system']],
])('%s', async (_, isSilent, asked) => {
  const github = await fakeGithub();
  const env = {
    GITHUB_API_URL: `http://${HANGING_NAME}/`,
    NODE_OPTIONS: `--import ${pathToFileURL('tests/github/hanging-names.ts').href}`,
    [NAME_SERVER]: await nameServer(isSilent),
  };
  const run = await start(github, drained, { env }).finished;
  expect([run.exitCode, run.outputs['verdict']]).toEqual([0, 'drained']);
  expect([...new Set(run.stderr.match(/.+/g))]).toEqual(asked);
  expect(warnings(run)).toEqual([expect.stringMatching(/did not answer in time, or not at all/)]);
  expect(run.log).toContain('Verdict drained');
});
