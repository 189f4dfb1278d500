import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { inventoryOf } from '../review/inventory.ts';
import { type Changes, HEAD, type PlayedPullRequest, pullRequest } from '../support/pull-request.ts';
import { type ActionRun, type FinishedRun, runAction } from '../support/runner.ts';
import { systemDatabases } from '../support/system-databases.ts';
import { type FakeGithub, type Fault, fakeGithub, TOKEN } from './fake-github.ts';
import { NUMBER } from './fake-pull-request.ts';

/* The built review, with GitHub's API behind it. */

const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-reviews-'));
afterAll(() => rmSync(folder, { recursive: true }));

const inFlight = [{ workflow: 'checkOut', recorded: ['reserveStock', 'charge'], count: 3 }];
const INVENTORY = path.join(folder, 'inventory.json');
const write = (changes: object = {}) => {
  const written = { ...inventoryOf(inFlight), observedAt: new Date().toISOString(), ...changes };
  writeFileSync(INVENTORY, JSON.stringify(written));
};
write();

const shop = (...steps: readonly string[]) => `import { DBOS } from '@dbos-inc/dbos-sdk';

async function checkOut() {
${steps.map((step) => `  await DBOS.runStep(async () => {}, { name: '${step}' });`).join('\n')}
}
export const checkOutWorkflow = DBOS.registerWorkflow(checkOut, { name: 'checkOut' });
`;

/** A step that executions in flight have recorded is gone. */
const REMOVED: Changes = {
  before: { 'src/orders.ts': shop('reserveStock', 'charge'), 'README.md': 'a' },
  after: { 'src/orders.ts': shop('charge'), 'README.md': 'b' },
};

interface Step {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly event?: string;
  readonly payload?: object;
}

function start(github: FakeGithub, { inputs, env, event = 'pull_request', payload }: Step = {}): ActionRun {
  const repo = { full_name: 'octo-org/shop' };
  const pull_request = { number: NUMBER, head: { sha: HEAD, repo }, base: { repo }, ...payload };
  return runAction({
    action: path.resolve('review'),
    inputs: { inventory: INVENTORY, 'github-token': TOKEN, ...inputs },
    env: { GITHUB_API_URL: github.url, GITHUB_REPOSITORY: 'octo-org/shop', ...env },
    event: { name: event, payload: { pull_request } },
  });
}

/** Runs a step to its end. No request or answer differs from the description, and the token stands nowhere. */
async function finish(github: FakeGithub, step: ActionRun): Promise<FinishedRun> {
  const run = await step.finished;
  expect(github.complaints).toEqual([]);
  const written = `${run.log.replaceAll(`::add-mask::${TOKEN}`, '')}${run.stderr}${run.summary}${run.report}${JSON.stringify([run.outputs, github.pull?.comments])}`;
  expect(written).not.toContain(TOKEN);
  expect(run.stderr).toBe('');
  return run;
}

async function github(changes: Changes = REMOVED, fault?: Fault): Promise<FakeGithub & { pull: PlayedPullRequest }> {
  const fake = await fakeGithub(fault);
  return Object.assign(fake, { pull: pullRequest(changes) });
}

const review = async (fake: FakeGithub, step?: Step) => finish(fake, start(fake, step));

/** Annotations with their places. */
const placed = ({ commands }: FinishedRun) =>
  commands
    .filter(({ name }) => ['error', 'warning', 'notice'].includes(name))
    .map(({ name, properties, data }) => ({ level: name, file: properties['file'], line: properties['line'], data }));

test('says on the changed line what breaks, in outputs, summary and report, and passes', async () => {
  const fake = await github();
  const run = await review(fake, { inputs: { 'same-version': 'true' } });
  expect(placed(run)).toEqual([
    {
      level: 'error',
      file: 'src/orders.ts',
      line: expect.stringMatching(/^\d$/),
      data: expect.stringContaining('reserveStock'),
    },
  ]);
  expect(placed(run)[0]?.data).toMatch(/In flight as of \d{4}-\d\d-\d\d \d\d:\d\d UTC\./);
  expect(run.exitCode).toBe(0);
  expect(JSON.parse(run.outputs['findings'] ?? '')).toEqual([
    expect.objectContaining({ severity: 'error', kind: 'step-removed', workflow: 'checkOut', path: 'src/orders.ts' }),
  ]);
  expect(run.outputs).toMatchObject({
    'changed-workflows': '["checkOut"]',
    'in-flight': '3',
    'inventory-path': INVENTORY,
  });
  expect(run.summary).toMatch(/^## ⚠️ 1 changed workflow breaks work in flight\n/);
  expect(JSON.parse(run.report ?? '')).toMatchObject({
    conclusion: 'pass',
    files: { changed: 2, read: 1 },
    problems: [],
  });
  expect(fake.served.map(({ operation }) => operation)).toEqual(['files', 'pull', 'compare', 'content', 'content']);
});

test('is a notice where each deploy has its own version, and fails only for errors, where it is told to', async () => {
  const fake = await github();
  const [notice, error] = [
    await review(fake, { inputs: { 'fail-on': 'error' } }),
    await review(fake, { inputs: { 'fail-on': 'error', 'same-version': 'true' } }),
  ];
  expect([notice.exitCode, placed(notice).map(({ level }) => level)]).toEqual([0, ['notice']]);
  expect([error.exitCode, placed(error).map(({ level }) => level)]).toEqual([1, ['error']]);
});

test('says nothing of a change that only formats', async () => {
  const after = { 'src/orders.ts': shop('reserveStock', 'charge').replaceAll('  await', '      await') };
  const run = await review(await github({ before: { 'src/orders.ts': shop('reserveStock', 'charge') }, after }), {
    inputs: { 'same-version': 'true', 'fail-on': 'error' },
  });
  expect([run.exitCode, placed(run), run.outputs['findings']]).toEqual([0, [], '[]']);
});

test('annotates the workflow of a deleted file on its old path', async () => {
  const run = await review(await github({ before: { 'src/orders.ts': shop('reserveStock') }, after: {} }));
  expect(placed(run)).toEqual([expect.objectContaining({ level: 'notice', file: 'src/orders.ts' })]);
});

test('reads large files as blobs, names with any character, and more than a page of files', async () => {
  const large = `// ${'x'.repeat(1_100_000)}\n`;
  const others = Object.fromEntries(Array.from({ length: 130 }, (_, at) => [`docs/${at}.md`, `${at}`]));
  const strange = 'src/ü #?%20&+ä [x].ts';
  const fake = await github({
    before: { [strange]: large + shop('reserveStock', 'charge') },
    after: { [strange]: large + shop('charge'), ...others },
  });
  const run = await review(fake);
  expect(placed(run)).toEqual([expect.objectContaining({ level: 'notice', file: strange })]);
  const counts = Map.groupBy(fake.served, ({ operation }) => operation);
  expect([counts.get('files')?.length, counts.get('blob')?.length]).toEqual([2, 2]);
});

describe('what it cannot review', () => {
  const refusals: readonly [string, Partial<FakeGithub>, Fault | undefined, Step, RegExp][] = [
    [
      'no pull-requests: read',
      { permissions: ['contents: read'] },
      undefined,
      {},
      /lacks the permission `pull-requests: read` \(403\)/,
    ],
    [
      'no contents: read',
      { permissions: ['pull-requests: read'] },
      undefined,
      {},
      /lacks the permission `contents: read` \(403\)/,
    ],
    ['a bad token', {}, undefined, { inputs: { 'github-token': 'no' } }, /does not accept `github-token` \(401\)/],
    ['an empty token', {}, undefined, { inputs: { 'github-token': '' } }, /`github-token` is empty/],
    [
      'another repository',
      {},
      undefined,
      { env: { GITHUB_REPOSITORY: 'octo-org/gone' } },
      /finds no such pull request or commit .* \(404\)/,
    ],
    [
      'a primary rate limit',
      {},
      // GitHub Docs, "Rate limits for the REST API": `x-ratelimit-remaining` is 0, until `x-ratelimit-reset`.
      () => ({
        status: 403,
        message: 'API rate limit exceeded',
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${Math.ceil(Date.now() / 1000) + 1800}` },
      }),
      {},
      /limits the requests of this token \(403\), for (29|30)m\b/,
    ],
    ['5xx', {}, () => ({ status: 502, message: 'Server Error' }), {}, /GitHub's API has a failure \(502\)/],
    [
      'an unreachable server',
      {},
      undefined,
      { env: { GITHUB_API_URL: 'http://127.0.0.1:9/' } },
      /did not answer in time, or not at all/,
    ],
    [
      'no inventory',
      {},
      undefined,
      { inputs: { inventory: path.join(folder, 'none.json') } },
      /There is no inventory at ".*none\.json"/,
    ],
    ['a push', {}, undefined, { event: 'push' }, /the event is "push", not `pull_request`/],
    ['a newer head', {}, undefined, { payload: { head: { sha: 'd'.repeat(40) } } }, /has newer commits than this run/],
  ];

  test.each(refusals)(
    '%s is a warning, and fails only where that is asked for',
    async (_, changes, fault, step, said) => {
      const fake = Object.assign(await github(REMOVED, fault), changes);
      const never = await start(fake, step).finished;
      expect([never.exitCode, placed(never).map(({ level }) => level), never.stderr]).toEqual([0, ['warning'], '']);
      expect(placed(never)[0]?.data).toMatch(said);
      expect(never.summary).toMatch(/^## ⚠️ (This pull request was not reviewed|Nothing)/);
      expect(never.outputs).toMatchObject({ findings: '[]', 'in-flight': '' });
      const error = await start(fake, { ...step, inputs: { ...step.inputs, 'fail-on': 'error' } }).finished;
      expect([error.exitCode, placed(error).map(({ level }) => level)]).toEqual([1, ['error']]);
      expect(fake.complaints).toEqual([]);
    },
  );

  test('a file is said, and the others are reviewed', async () => {
    const binary = { 'src/binary.ts': Buffer.from([0, 1]) };
    const fake = await github({ before: REMOVED.before ?? {}, after: { ...REMOVED.after, ...binary } });
    const [never, error] = [await review(fake), await review(fake, { inputs: { 'fail-on': 'error' } })];
    expect(placed(never).map(({ level }) => level)).toEqual(['notice', 'warning']);
    expect(never.summary).toContain('and some files were not reviewed');
    expect([never.exitCode, error.exitCode]).toEqual([0, 1]);
  });

  test('a merge queue passes', async () => {
    const run = await review(await github(), { event: 'merge_group', inputs: { 'fail-on': 'error' } });
    expect([run.exitCode, placed(run)]).toEqual([0, []]);
    expect(run.summary).toContain('Nothing was reviewed: a merge queue');
  });

  test.each<[string, ReturnType<Fault>]>([
    ['fails', { status: 502, message: 'Server Error' }],
    ['is cut off', 'cut'],
  ])('what %s once is asked for again', async (_, fault) => {
    const fake = await github(REMOVED, (operation, count) =>
      operation === 'content' && count === 0 ? fault : undefined,
    );
    const run = await review(fake);
    expect(placed(run).map(({ level }) => level)).toEqual(['notice']);
  });

  test('a wrong input fails the step', async () => {
    const run = await review(await github(), { inputs: { 'fail-on': 'warning' } });
    expect([run.exitCode, placed(run)]).toEqual([
      1,
      [expect.objectContaining({ level: 'error', data: expect.stringContaining('The input `fail-on` is "warning"') })],
    ]);
  });
});

test('warns of an old inventory, and of pull_request_target', async () => {
  write({ observedAt: '2026-01-01T00:00:00.000Z' });
  const run = await review(await github(), { event: 'pull_request_target', inputs: { 'fail-on': 'error' } });
  write();
  expect(placed(run).map(({ level }) => level)).toEqual(['notice', 'warning']);
  expect(placed(run)[1]?.data).toMatch(/This job runs on `pull_request_target`.*\n.*The inventory is \d+d/);
  expect(run.exitCode).toBe(0);
});

describe('the comment', () => {
  const kept = { inputs: { comment: 'true' } };
  const writes = ['contents: read', 'pull-requests: write'];

  test('is written, edited, and deleted when the pull request breaks nothing any more', async () => {
    const fake = Object.assign(await github(), { permissions: writes });
    await review(fake, kept);
    const [first] = fake.pull.comments;
    expect(fake.pull.comments.length).toBe(1);
    expect(first?.body).toMatch(
      /^<!-- dbos-drain-gate review \w{12} -->\n## ℹ️ 1 changed workflow cannot take over work in flight\n/,
    );
    await review(fake, { inputs: { ...kept.inputs, 'same-version': 'true' } });
    expect(fake.pull.comments).toEqual([{ ...first, body: expect.stringContaining('breaks work in flight') }]);
    fake.pull = pullRequest({ after: { 'README.md': 'x' } });
    fake.pull.comments.push(...(first === undefined ? [] : [first]));
    await review(fake, kept);
    expect(fake.pull.comments).toEqual([]);
    // The head is asked for before and after: nothing of a newer run is deleted.
    const last = fake.served.slice(-3).map(({ operation, status }) => [operation, status]);
    expect(last).toEqual([
      ['pull', 200],
      ['remove', 204],
      ['pull', 200],
    ]);
  });

  test('stays as it is where nothing could be reviewed', async () => {
    const fake = Object.assign(await github(), { permissions: writes });
    await review(fake, kept);
    const before = structuredClone(fake.pull.comments);
    await review(fake, { ...kept, payload: { head: { sha: 'd'.repeat(40) } } });
    expect(fake.pull.comments).toEqual(before);
  });

  test('is left to the newer run where somebody pushes during the review, and names its commit', async () => {
    const fake = Object.assign(await github(), { permissions: writes });
    await review(fake, kept);
    const before = structuredClone(fake.pull.comments);
    expect(before[0]?.body).toContain(`The review is of commit <code>${HEAD.slice(0, 12)}</code>.`);
    fake.fault = (operation) => {
      if (operation === 'comments') fake.pull.headSha = 'd'.repeat(40);
      return undefined;
    };
    const run = await review(fake, { inputs: { ...kept.inputs, 'same-version': 'true', 'fail-on': 'never' } });
    expect(fake.pull.comments).toEqual(before);
    expect(placed(run).at(-1)?.data).toMatch(/The comment was left to a newer run/);
  });

  test('that may not be written is a warning, with what is missing', async () => {
    const fake = await github();
    const run = await review(fake, { inputs: { ...kept.inputs, 'fail-on': 'error' } });
    expect([run.exitCode, fake.pull.comments]).toEqual([0, []]);
    expect(placed(run).at(-1)).toMatchObject({
      level: 'warning',
      data: expect.stringMatching(
        /The comment is not up to date: the token lacks the permission `pull-requests: write` \(403\)/,
      ),
    });
  });
});

describe('both halves', () => {
  const databases = systemDatabases();

  test('an inventory of a real database is what a pull request is reviewed against', async () => {
    const database = await databases.create();
    await database.register('1.0.0');
    await database.insert({
      application_version: '1.0.0',
      status: 'PENDING',
      name: 'checkOut',
      workflow_uuid: 'order-1',
    });
    await database.query(
      `INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name) VALUES ('order-1', 0, 'reserveStock')`,
    );
    const inventory = path.join(folder, 'both', 'inventory.json');
    const inputs = { mode: 'inventory', inventory, 'database-url': database.url };
    const written = await runAction({ action: path.resolve('review'), inputs }).finished;
    expect([written.exitCode, written.stderr, written.annotations]).toEqual([0, '', []]);
    expect(written.outputs).toMatchObject({ 'inventory-path': inventory, 'in-flight': '1', findings: '[]' });
    expect(written.summary).toMatch(/^## ℹ️ 1 execution in flight on 1 version, observed at /);
    expect(readFileSync(inventory, 'utf8')).not.toContain('order-1');

    const [file, direct] = [
      await review(await github(), { inputs: { inventory } }),
      await review(await github(), { inputs: { inventory: '', 'database-url': database.url } }),
    ];
    for (const run of [file, direct]) {
      expect(placed(run)).toEqual([expect.objectContaining({ level: 'notice', file: 'src/orders.ts' })]);
      expect(run.outputs['in-flight']).toBe('1');
    }
    expect([file.outputs['inventory-path'], direct.outputs['inventory-path']]).toEqual([inventory, '']);
  });

  test('without a database there is no inventory, and the step fails', async () => {
    const run = await runAction({
      action: path.resolve('review'),
      inputs: { mode: 'inventory', 'database-url': 'postgres://gate:s3cr3t-pass@127.0.0.1:9/shop' },
    }).finished;
    expect([run.exitCode, run.outputs['inventory-path'], run.stderr]).toEqual([1, '', '']);
    expect(run.annotations.map(({ level }) => level)).toEqual(['error']);
    expect(run.masks).toContain('s3cr3t-pass');
    expect(`${run.log.replaceAll(/::add-mask::.*/g, '')}${run.summary}`).not.toContain('s3cr3t-pass');
  });

  test('an inventory that is cancelled says so, and nothing about the database', async () => {
    const connected = Promise.withResolvers<void>();
    // A server that accepts, and never answers.
    const server = createServer(() => connected.resolve());
    onTestFinished(() => void server.close());
    const port = await new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve(Object(server.address()).port));
    });
    const inputs = { mode: 'inventory', 'database-url': `postgres://gate:x@127.0.0.1:${port}/shop?sslmode=disable` };
    const run = runAction({ action: path.resolve('review'), inputs });
    await connected.promise;
    run.kill('SIGINT');
    const { exitCode, annotations, outputs, stderr } = await run.finished;
    expect([exitCode, outputs['inventory-path'], stderr]).toEqual([1, '', '']);
    expect(annotations.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^The job was cancelled before the inventory was written\./),
    ]);
  });

  test('a database that cannot be read leaves a review without one, and the step passes', async () => {
    const run = await review(await github(), {
      inputs: { inventory: '', 'database-url': 'postgres://gate:s3cr3t-pass@127.0.0.1:9/shop' },
    });
    expect([run.exitCode, placed(run).map(({ level }) => level)]).toEqual([0, ['warning']]);
    expect(`${run.log.replaceAll(/::add-mask::.*/g, '')}${run.summary}${run.report}`).not.toContain('s3cr3t-pass');
  });
});
