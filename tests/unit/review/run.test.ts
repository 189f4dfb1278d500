import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { InputError, ReportableError } from '../../../src/errors.ts';
import { trusted } from '../../../src/message.ts';
import { plain } from '../../../src/report/text.ts';
import { uncoveredIn } from '../../../src/review/coverage.ts';
import { parseReviewInputs, REVIEW_INPUT_NAMES } from '../../../src/review/inputs.ts';
import type { Inventory } from '../../../src/review/inventory/inventory.ts';
import { readInventoryFile, writeInventoryFile } from '../../../src/review/inventory-file.ts';
import type { ChangedFile } from '../../../src/review/judge/changed-file.ts';
import type { Finding, Review } from '../../../src/review/judge/finding.ts';
import { noInventory, oldInventory } from '../../../src/review/problems.ts';
import { publishInventory } from '../../../src/review/publish-inventory.ts';
import { publishReview } from '../../../src/review/publish-review.ts';
import { conclusionOf, EMPTY_RUN, type ReviewParts, runReview } from '../../../src/review/run.ts';
import { readRunContext } from '../../../src/run-context.ts';
import { inventoryOf } from '../../review/inventory.ts';
import { finding, reviewed } from '../../support/made-up-reviews.ts';
import { HEAD, playedApi, pullRequest } from '../../support/pull-request.ts';
import { readActionMetadata } from '../../support/runner/action-metadata.ts';
import { sourceFile } from './judge/definitions.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-review-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => path.join(folder, name);

const { defaults } = readActionMetadata('review');
const context = readRunContext({});
const parse = (inputs: Readonly<Record<string, string>> = {}, environment: Readonly<Record<string, string>> = {}) =>
  parseReviewInputs({ ...defaults, ...inputs }, readRunContext(environment));

const inventory: Inventory = {
  format: 1,
  observedAt: '2026-11-27T12:00:00.000Z',
  application: null,
  applications: [],
  schedulesRead: true,
  omitted: { workflows: 0, steps: 0, schedules: 0, applications: 0 },
};
const NOON = Date.parse(inventory.observedAt);

describe('the inputs', () => {
  const url = 'postgres://gate:s3cret@db.internal/shop';

  test('have defaults that make a configuration', () => {
    expect(Object.keys(defaults).toSorted()).toEqual([...REVIEW_INPUT_NAMES].toSorted());
    expect(parse()).toEqual({
      ...{ mode: 'review', inventory: undefined, database: undefined, application: undefined, pollTimeoutMs: 30_000 },
      ...{ paths: [], sameVersion: false, failOn: 'never', comment: false },
    });
  });

  test.each([
    ['mode', 'wait', 'one of review, inventory'],
    ['same-version', 'yes', 'one of true, false'],
    ['comment', 'True', 'one of true, false'],
    ['fail-on', 'notice', 'one of never, error'],
    ['poll-timeout', '30', 'a duration such as 90s'],
    ['paths', '[1]', 'globs, one per line, `glob = application`, or `!glob` to exclude'],
    ['paths', '!a = b', 'globs, one per line'],
    ['schema', '', 'the name of a schema'],
  ])('refuse %s: %j, and say what is accepted', (name, value, accepted) => {
    const shown = value === '' ? 'empty' : `"?${value.replace(/[[\]]/g, '\\$&')}"?`;
    expect(() => parse({ [name]: value })).toThrow(
      new RegExp(`The input \`${name}\` is ${shown}. Accepted: .*${accepted.slice(0, 20).replace(/[`*]/g, '.')}`),
    );
  });

  test('name all that is wrong at once', () => {
    expect(() => parse({ mode: 'x', comment: 'x' })).toThrow(/`mode`.*\n.*`comment`/);
  });

  test('take an inventory or a database for a review, and need the database for an inventory', () => {
    expect(() => parse({ inventory: 'i.json', 'database-url': url })).toThrow(
      /`inventory` \(i\.json\) and `database-url` exclude/,
    );
    expect(parse({ 'database-url': url }).database?.database.host).toBe('db.internal');
    expect(parse({}, { DBOS_SYSTEM_DATABASE_URL: url }).database?.database.host).toBe('db.internal');
    // A file that is named is what is meant, and nothing connects.
    expect(parse({ inventory: 'i.json' }, { DBOS_SYSTEM_DATABASE_URL: url }).database).toBeUndefined();
    expect(() => parse({ mode: 'inventory' })).toThrow(InputError);
    expect(parse({ mode: 'inventory', inventory: 'i.json', 'database-url': url })).toMatchObject({
      mode: 'inventory',
      inventory: 'i.json',
      database: { database: { host: 'db.internal' } },
    });
  });

  test('show nothing of a database URL that is wrong', () => {
    expect(() => parse({ mode: 'inventory', 'database-url': 'postgres://gate:p@ss@db/shop' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('ss@db') }),
    );
  });
});

describe('the inventory', () => {
  test('is read as it was written, where it is asked for or among the temporary files', () => {
    const named = writeInventoryFile(at('deep/down/inventory.json'), inventory);
    expect(named).toBe(at('deep/down/inventory.json'));
    expect(readInventoryFile(named, context)).toEqual(inventory);
    process.env['RUNNER_TEMP'] = folder;
    const temporary = [writeInventoryFile(undefined, inventory), writeInventoryFile(undefined, inventory)];
    delete process.env['RUNNER_TEMP'];
    expect(new Set(temporary).size).toBe(2);
    for (const file of temporary) expect(file.startsWith(folder)).toBe(true);
    expect(statSync(named).mode & 0o777).toBe(0o644);
  });

  test('is a file', () => {
    const wrong = (file: string) => {
      try {
        readInventoryFile(file, context);
      } catch (error) {
        if (error instanceof ReportableError) return error.id;
      }
      return undefined;
    };
    writeFileSync(at('not-json'), '{');
    writeFileSync(at('huge'), '');
    truncateSync(at('huge'), 100_000_000);
    expect([at('none'), folder, at('not-json'), at('huge')].map(wrong)).toEqual([
      'review-no-inventory',
      'review-inventory-unreadable',
      'inventory-not-json',
      'inventory-too-large',
    ]);
  });
});

const event = at('event.json');
writeFileSync(event, JSON.stringify({ pull_request: { number: 7, head: { sha: HEAD } } }));
const ofPullRequest = {
  GITHUB_EVENT_NAME: 'pull_request',
  GITHUB_EVENT_PATH: event,
  GITHUB_REPOSITORY: 'octo-org/shop',
};
writeFileSync(at('inventory.json'), JSON.stringify(inventory));

function parts(
  changes: Partial<ReviewParts> = {},
  environment: Readonly<Record<string, string>> = ofPullRequest,
): ReviewParts {
  return {
    token: 'token',
    context: readRunContext(environment),
    clock: { now: () => 0, pause: async () => {}, withTimeout: (_, work) => work(new AbortController().signal) },
    today: () => NOON,
    cancelled: new AbortController().signal,
    load: async () => playedApi(pullRequest({ after: { 'a.ts': 'x' } })),
    readDatabase: async () => inventory,
    ...changes,
  };
}

const given = parse({ inventory: at('inventory.json') });
const ids = async (inputs = given, ...rest: Parameters<typeof parts>) =>
  (await runReview(inputs, parts(...rest))).run.problems.map(({ id }) => id);

describe('a review', () => {
  test('is of the pull request in the event, with the inventory', async () => {
    const places: unknown[] = [];
    const load = async (place: unknown) => {
      places.push(place);
      return playedApi(pullRequest({ after: { 'a.ts': 'x', 'b.md': 'x' } }));
    };
    const { run } = await runReview(given, parts({ load }));
    expect(run).toMatchObject({ observedAt: NOON, files: { changed: 2, read: 1 }, problems: [], failure: undefined });
    expect(run.review).toBeDefined();
    expect(places).toEqual([{ owner: 'octo-org', repo: 'shop', number: 7 }]);
  });

  test('says of which event it can make nothing', async () => {
    const on = (name: string, changes = {}) =>
      ids(given, {}, { ...ofPullRequest, GITHUB_EVENT_NAME: name, ...changes });
    expect(await on('push')).toEqual(['review-not-a-pull-request']);
    expect(await on('issue_comment')).toEqual(['review-not-a-pull-request']);
    expect(await on('pull_request', { GITHUB_EVENT_PATH: at('none') })).toEqual(['review-not-a-pull-request']);
    expect(await on('pull_request_target')).toEqual(['review-privileged-event']);
    const { run, api } = await runReview(
      { ...given, failOn: 'error' },
      parts({}, { GITHUB_EVENT_NAME: 'merge_group' }),
    );
    expect([run.isMergeQueue, conclusionOf(run), run.problems, api]).toEqual([true, 'pass', [], undefined]);
  });

  test('says that there is no inventory, no token, or an old inventory', async () => {
    expect(await ids(parse())).toEqual(['review-no-inventory']);
    expect(await ids({ ...given, inventory: at('none') })).toEqual(['review-no-inventory']);
    expect(await ids(given, { token: '' })).toEqual(['review-no-token']);
    const day = 24 * 60 * 60 * 1000;
    expect(await ids(given, { today: () => NOON + day })).toEqual([]);
    expect(await ids(given, { today: () => NOON + day + 1 })).toEqual(['review-inventory-old']);
  });

  test('of a fork without secrets says so', () => {
    const texts = (['fork', 'dependabot', undefined] as const).map((withoutSecrets) =>
      plain(noInventory(undefined, { withoutSecrets }).explanation),
    );
    expect(texts[0]).toContain('GitHub passes no secrets to pull requests of forks');
    expect(texts[1]).toContain('GitHub passes no secrets to Dependabot');
    expect(texts[2]).not.toContain('secrets');
  });

  test('takes a database that cannot be read for a gap, and what nobody foresaw for a failure', async () => {
    const database = parse({ 'database-url': 'postgres://gate:x@db/shop' });
    const refused = new ReportableError(trusted('No route.'), { id: 'unreachable' });
    const reading = (error: unknown) => ({ readDatabase: () => Promise.reject(error) });
    expect(await ids(database, reading(refused))).toEqual(['unreachable']);
    const { run } = await runReview(database, parts(reading(new TypeError('x'))));
    expect([run.failure?.kind, conclusionOf(run)]).toEqual(['unexpected', 'fail']);
    expect(await ids(database, { ...reading(refused), cancelled: AbortSignal.abort() })).toEqual(['review-cancelled']);
  });

  test('of an application that the inventory does not have is incomplete, until its name is left out', () => {
    const body = { line: 1, endLine: 2, nameLine: 1, fingerprint: '', calls: [], notFollowed: [], accepted: undefined };
    const called = { ...body, localName: 'a' };
    const after = sourceFile({ workflows: [{ ...called, workflow: { name: 'a', className: null } }] });
    const file = { path: 'a.ts', oldPath: 'a.ts', before: undefined, oldText: undefined, text: '' };
    const shop = { application: 'shop', latest: null, versions: [], schedules: [] };
    const told = (application: string | undefined, source: ChangedFile['after'], only: string | null = null) =>
      uncoveredIn([{ ...file, application, after: source }], { application: only, applications: [shop] });
    expect(told('shpo', after).map(({ explanation, isIncomplete }) => [plain(explanation), isIncomplete])).toEqual([
      [
        'The inventory has nothing of "shpo", so changes there were not reviewed. It has "shop". Is the name in `paths` or `application` right? If it has not run yet, leave its name out.',
        true,
      ],
    ]);
    expect([told('shop', after), told(undefined, after), told('shop', after, 'shop')]).toEqual([[], [], []]);
    // A workflow can also be in a function that another file registers, and in text that the grammar does not know.
    const empty = sourceFile({});
    const alike = [
      { ...empty, functions: [called] },
      { ...empty, hasErrors: true },
      { ...empty, steps: ['pay'] },
    ];
    expect([empty, ...alike].map((source) => told('shpo', source).length)).toEqual([0, 1, 1, 1]);
    // An inventory of one application has nothing of the others.
    expect(told(undefined, after, 'shop').map(({ id, isIncomplete }) => [id, isIncomplete])).toEqual([
      ['review-inventory-of-one', true],
    ]);
  });

  test('fails for such an application only where that is asked for', async () => {
    const text = `import { DBOS } from '@dbos-inc/dbos-sdk';\nexport const a = DBOS.registerWorkflow(async () => {}, { name: 'a' });`;
    const load = async () => playedApi(pullRequest({ after: { 'mail/a.ts': text } }));
    const ended = async (paths: string, failOn: string) => {
      const inputs = parse({ inventory: at('inventory.json'), paths, 'fail-on': failOn });
      const { run } = await runReview(inputs, parts({ load }));
      return [conclusionOf(run), run.problems.map(({ id }) => id)];
    };
    expect(await ended('mail/** = mail', 'never')).toEqual(['pass', ['review-application-unknown']]);
    expect(await ended('mail/** = mail', 'error')).toEqual(['fail', ['review-application-unknown']]);
    expect(await ended('mail/**', 'error')).toEqual(['pass', []]);
  });
});

test('a workflow in flight that a broken text may still have leaves the review incomplete', async () => {
  const text = `import { DBOS } from '@dbos-inc/dbos-sdk';\nexport const a = DBOS.registerWorkflow(async () => {}, { name: 'a' });`;
  writeFileSync(at('busy.json'), JSON.stringify(inventoryOf([{ workflow: 'a', recorded: [] }])));
  const ended = async (now: string) => {
    const load = async () => playedApi(pullRequest({ before: { 'a.ts': text }, after: { 'a.ts': now } }));
    const { run } = await runReview(parse({ inventory: at('busy.json'), 'fail-on': 'error' }), parts({ load }));
    return [conclusionOf(run), run.problems.map(({ id }) => id)];
  };
  expect(await ended('const x = ;;; <<<')).toEqual(['fail', ['review-workflows-missed']]);
  expect(await ended('const x = ;;; <<<\n// drain-gate: accept a nothing is left')).toEqual(['pass', []]);
});

describe('a job that is cancelled', () => {
  /** What it logs. */
  async function logOf(publish: () => Promise<void>): Promise<string> {
    let log = '';
    const written = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      log += String(chunk);
      return true;
    });
    const { exitCode } = process;
    vi.stubEnv('RUNNER_TEMP', folder);
    try {
      await publish();
    } finally {
      written.mockRestore();
      vi.unstubAllEnvs();
      process.exitCode = exitCode;
    }
    return log;
  }
  const cancelled = AbortSignal.abort();

  test('after its review says that the comment is not kept', async () => {
    const run = { ...reviewed({ findings: [finding()] }), headSha: HEAD };
    const comments = () => Promise.reject(new Error('aborted'));
    const api = { ...playedApi(pullRequest({})), comments };
    const log = await logOf(() => publishReview({ run, api }, { ...given, comment: true }, parts({ cancelled })));
    expect(log).toContain('The comment is not up to date: the job was cancelled before it was kept.');
  });

  test('while it reads the database blames nothing else, and a file that is written stays written', async () => {
    const late = () => Promise.reject(new ReportableError(trusted('No answer in time.')));
    const log = await logOf(() => publishInventory(at('cancelled.json'), late, cancelled));
    expect(log).toContain('The job was cancelled before the inventory was written.');
    expect(log).not.toContain('No answer in time');
    const whole = await logOf(() => publishInventory(at('whole.json'), async () => inventory, cancelled));
    expect(whole).not.toContain('cancelled');
    expect(readInventoryFile(at('whole.json'), context)).toEqual(inventory);
  });
});

describe('the step', () => {
  const review = (...findings: readonly Finding[]): Review => ({
    ...{ findings, accepted: [], changedWorkflows: [], missed: [], inFlight: 0, limits: [] },
  });
  const gap = noInventory(undefined, context);

  test.each([
    ['an error', { review: review(finding('a', { severity: 'error' })) }, 'fail'],
    ['a notice', { review: review(finding('a', { severity: 'notice' })) }, 'pass'],
    ['nothing', { review: review() }, 'pass'],
    ['a gap', { review: review(), problems: [gap] }, 'fail'],
    ['no review', { problems: [gap] }, 'fail'],
    ['what is only worth a word', { review: review(), problems: [oldInventory(1e9)] }, 'pass'],
  ] as const)('with fail-on: error after %s', (_, run, conclusion) => {
    expect(conclusionOf({ ...EMPTY_RUN, ...run, failOn: 'error' })).toBe(conclusion);
    expect(conclusionOf({ ...EMPTY_RUN, ...run, failOn: 'never' })).toBe('pass');
  });

  test('fails in any case for what was not foreseen', () => {
    const failure = { kind: 'unexpected', message: trusted('x') };
    expect(conclusionOf({ ...EMPTY_RUN, failure })).toBe('fail');
  });
});
