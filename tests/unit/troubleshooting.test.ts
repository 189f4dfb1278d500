import { globSync, readFileSync } from 'node:fs';
import { marked } from 'marked';
import { describe, expect, test } from 'vitest';
import {
  deniedTables,
  filteredTables,
  incompleteTables,
  splitAnswers,
  standbyAnswered,
  unreachableTables,
  unsupportedProduct,
} from '../../src/dbos/access.ts';
import { HIDDEN_TEXT } from '../../src/dbos/names-only.ts';
import { SERIALIZATIONS, sdkOf } from '../../src/dbos/sdk.ts';
import { explain, inputError, ReportableError, reportedFailure, TransientError } from '../../src/errors.ts';
import type { Activity } from '../../src/forecast/activity.ts';
import {
  problemOf,
  takenByOthers,
  takenByOtherTargets,
  withoutCommit,
  withoutToken,
} from '../../src/github/check-problems.ts';
import { ApiFailure } from '../../src/github/checks-api.ts';
import { parseInputs } from '../../src/inputs.ts';
import { trusted } from '../../src/message.ts';
import { FAILURES, type FailureKind } from '../../src/postgres/errors.ts';
import { readDatabaseUrl } from '../../src/postgres/url.ts';
import { describeActivity } from '../../src/report/activity-text.ts';
import { diagnosesOf } from '../../src/report/diagnosis.ts';
import { describeCannotDrain, outlook } from '../../src/report/forecast-text.ts';
import { EXPLAINED_CAUSES } from '../../src/report/help.ts';
import { plain } from '../../src/report/text.ts';
import { LARGEST_FILE, parseInventory } from '../../src/review/inventory/parse.ts';
import {
  alreadyMerged,
  commentCancelled,
  commentLeft,
  filesLeftOut,
  filesUnread,
  foreignComment,
  inventoryCancelled,
  inventoryOfOne,
  movedOn,
  noInventory,
  noToken,
  notAPullRequest,
  oldInventory,
  privilegedEvent,
  reviewCancelled,
  unknownApplications,
  unreadableInventory,
  workflowsMissed,
} from '../../src/review/problems.ts';
import { requestProblem } from '../../src/review/pull-request/problems.ts';
import type { UntrustedReason } from '../../src/rules/9-trusted.ts';
import { explainFormerNames } from '../../src/rules/former-names.ts';
import { type Blocker, explainBlocker } from '../../src/rules/index.ts';
import type { SignOfLife } from '../../src/rules/live-evidence.ts';
import {
  application,
  config,
  DATABASE_EPOCH,
  holdAgainst,
  inFlight,
  openWriter,
  probe,
  queueInFlight,
  started,
  step,
  whole,
  workflowDetail,
} from '../support/builders.ts';
import { readActionMetadata } from '../support/runner/action-metadata.ts';

/* docs/troubleshooting.md is keyed by the texts that the gate writes: each has its heading, and no heading is of yore. */

interface Entry {
  /** Of the anchor before the heading, where it has one. */
  readonly id: string | undefined;
  readonly heading: string;
  readonly section: string;
  readonly body: string;
}

function entriesOfPage(): readonly Entry[] {
  const entries: Entry[] = [];
  let section = '';
  for (const token of marked.lexer(readFileSync('docs/troubleshooting.md', 'utf8'))) {
    if (token.type === 'heading' && token.depth === 2) section = token.text;
    else if (token.type === 'heading' && token.depth === 3) {
      const [, id, heading = ''] = /^(?:<a id="([a-z-]+)"><\/a>)?(.*)$/.exec(token.text) ?? [];
      entries.push({ id, heading, section, body: '' });
    } else {
      const last = entries.pop();
      if (last !== undefined) entries.push({ ...last, body: last.body + token.raw });
    }
  }
  return entries;
}

const entries = entriesOfPage();
const REACHING = 'The database cannot be reached or read';

/** How the page says for how long polls are retried. */
const PATIENCE: Readonly<Record<string, string>> = {
  'Tried again': 'full',
  'Tried again for a minute': 'brief',
  'Ends at once': 'none',
};

/** Whether a text begins as the heading says, `…` standing for what differs. */
function isOf(text: string, { heading }: Entry): boolean {
  const pattern = heading
    .split('…')
    .map((part) => RegExp.escape(part))
    .join('[^]+?');
  return new RegExp(`^${pattern}`).test(text);
}

/** Every language, and none. */
const sdks = [null, ...SERIALIZATIONS].map(sdkOf);

const counts = { startedAt: DATABASE_EPOCH - 60_000, newer: 2, lacking: 3 };
const signs: readonly SignOfLife[] = [
  { because: 'share', ...counts, until: DATABASE_EPOCH + 60_000, oneIsEnoughFrom: undefined },
  { because: 'rollback', ...counts, newer: 0, until: undefined, oneIsEnoughFrom: DATABASE_EPOCH + 60_000 },
  { because: 'process-name', startedAt: DATABASE_EPOCH - 60_000 },
  { because: 'nothing-else-runs' },
  { because: 'hidden-by-others' },
];

const formerShop = application({
  name: 'shop-api',
  inFlight: [{ version: '1.0.0', pending: 2, enqueued: 0, delayed: 1 }],
});

const blockers: { readonly [K in Blocker['kind']]: readonly (Blocker & { readonly kind: K })[] } = {
  'unknown-version': (['not-yet', 'timed-out', 'whole-history'] as const).flatMap((searched) =>
    [
      { unfilled: false, close: [] },
      { unfilled: true, close: [] },
      { unfilled: false, close: [], long: true },
      { unfilled: false, close: [{ version: '1.0', stranger: 'crm', how: 'same' }] as const },
      ...(['spelling', 'v', 'hash', 'part'] as const).flatMap((how) =>
        [null, 'crm'].map((stranger) => ({ unfilled: false, close: [{ version: '1.0', stranger, how }] })),
      ),
    ].map((found) => ({ kind: 'unknown-version', searched, long: false, ...found, registered: [] })),
  ),
  'in-flight': [{ kind: 'in-flight', pending: 1, enqueued: 0, delayed: 2 }],
  'unknown-status': [{ kind: 'unknown-status', statuses: [{ version: '1.0.0', status: 'PAUSED', count: 1 }] }],
  'still-starting': sdks.map((sdk) => ({ kind: 'still-starting', schedules: ['tick'], atLeast: 2, sdk })),
  'open-transaction': [{ kind: 'open-transaction', writers: [openWriter()] }],
  live: sdks.map((sdk) => ({ kind: 'live', alternatives: ['2.0.0'], sdk })),
  'receives-work': signs.flatMap((sign) =>
    sdks.map((sdk) => ({
      kind: 'receives-work',
      version: '1.0.0',
      sign,
      latest: ['2.0.0'],
      sdk,
      observedAt: DATABASE_EPOCH,
    })),
  ),
  unversioned: (['asked', 'latest', 'nothing-registered', 'sdk-may-claim'] as const).flatMap((because) =>
    sdks.map((sdk) => ({ kind: 'unversioned', count: 2, because, sdk })),
  ),
  'application-not-seen': [{ kind: 'application-not-seen', application: 'shop', owners: [] }],
  'several-applications': [
    { kind: 'several-applications', owners: ['shop', 'crm'], formers: [] },
    { kind: 'several-applications', owners: ['shop', 'shop-api'], formers: [formerShop] },
  ],
  'kept-version-unknown': [['2.0.0'], ['2.0.0', '3.0.0']].map((versions) => ({
    kind: 'kept-version-unknown',
    versions,
    searched: 'registrations',
    registered: [],
    close: ['v2'],
  })),
  'no-latest-version': sdks.map((sdk) => ({ kind: 'no-latest-version', sdk })),
  'empty-latest-version': sdks.map((sdk) => ({ kind: 'empty-latest-version', sdk })),
  'registration-gone': [{ kind: 'registration-gone', versions: ['1.0.0'] }],
  'untrusted-database': (
    [
      'standby',
      'logical-subscriber',
      'not-a-table',
      'shard',
      'another-table',
      'another-cluster',
      'perhaps-another-cluster',
      'row-security',
      { missingColumns: ['status'] },
    ] satisfies UntrustedReason[]
  ).map((reason) => ({ kind: 'untrusted-database', reason })),
  'older-copy': [72 * 3_600_000, null, undefined].map((olderByMs) => ({
    kind: 'older-copy',
    olderByMs,
    versions: olderByMs === null ? [] : ['2.0.0'],
  })),
  'statuses-not-scanned': [true, false].map((timedOut) => ({ kind: 'statuses-not-scanned', timedOut })),
};

const now = DATABASE_EPOCH;
const HOUR = 3_600_000;

const situations: { readonly [K in Activity['kind']]: readonly (Activity & { readonly kind: K })[] } = {
  running: [{ kind: 'running' }],
  silent: [{ kind: 'silent' }],
  sleeping: [{ kind: 'sleeping', until: now + HOUR, certain: true }],
  message: [null, now + HOUR].flatMap((until) => [
    { kind: 'message', until },
    { kind: 'message', until, ofDebouncer: true },
  ]),
  timer: [{ kind: 'timer' }],
  child: [
    {
      kind: 'child',
      child: workflowDetail(),
      status: { state: 'stuck', activity: { kind: 'silent' }, progressAt: now - HOUR, deadline: null, sdk: undefined },
    },
  ],
  delayed: [false, true].map((debounced) => ({ kind: 'delayed', until: now + HOUR, debounced })),
  overdue: [{ kind: 'overdue', since: now - HOUR }],
  queued: [
    { moves: true, running: 1, limit: 2 },
    { moves: false, running: 2, limit: 2 },
    { moves: false, running: 1, limit: 1, inPartition: true },
    { moves: false, running: 0, limit: 0 },
    { moves: false, running: 0, limit: null, workerLimit: 0 },
    { moves: false, running: 0, limit: null },
    { moves: true, running: 0, limit: null, unversioned: true as const },
  ].map((state) => ({
    kind: 'queued',
    queue: 'mail',
    movedAt: now - HOUR,
    inPartition: false,
    rateLimited: false,
    ...state,
  })),
};

/** What is told of drains that are slow, stuck or without an end. */
async function outlooks(): Promise<readonly string[]> {
  const asleep = workflowDetail({
    lastStep: step({ name: 'DBOS.sleep', startedAt: now, completedAt: now + HOUR }),
  });
  const busy = (pending: number) => ({ inFlight: [inFlight('1.0.0', { pending })] });
  const never = await holdAgainst(config(), () => ({ ...busy(1), workflows: { items: [asleep], ...whole } }));
  const arriving = (each: number) =>
    holdAgainst(config({ timeoutMs: 120_000 }), ({ number }) => ({
      ...busy(100 - number * (10 - each)),
      started: [started('1.0.0', 0, number > 1 ? each : 0)],
    }));
  const idle = { updatedAt: now - HOUR, createdAt: now - HOUR };
  const dead = await holdAgainst(config({ mode: 'check' }), () => ({
    inFlight: [inFlight('1.0.0', { enqueued: 1 })],
    workflows: { items: [workflowDetail({ ...idle, status: 'ENQUEUED', queue: 'mail' })], ...whole },
    queues: [queueInFlight()],
  }));
  const last = never.last;
  const beyond = last?.forecast.pastDeadline;
  if (beyond === undefined) throw new Error('This ends in time.');
  const stuck = await holdAgainst(config({ mode: 'check' }), () => ({
    ...busy(1),
    workflows: { items: [workflowDetail(idle)], ...whole },
  }));
  // Nothing was read in detail.
  const stalled = await holdAgainst(config({ timeoutMs: 20 * 60_000 }), () => busy(1));
  // Its process has just died.
  const quiet = await holdAgainst(config({ timeoutMs: 180_000 }), ({ at }) => ({
    observedAt: now + at,
    ...busy(1),
    workflows: { items: [workflowDetail()], ...whole },
  }));
  const settings = config({ mode: 'check' });
  const forecasts = [never, await arriving(10), await arriving(1), dead, stuck, stalled, quiet].flatMap(
    ({ last: poll }) => {
      if (poll === undefined) return [];
      const { worst } = diagnosesOf(poll, poll === last ? config() : settings);
      const told = outlook(poll.forecast.total, poll.forecast.newTopLevel).map(({ message }) => message);
      return [...(worst === undefined ? [] : [worst.reason]), ...told];
    },
  );
  return [describeCannotDrain(beyond, now, config(), 0, true), ...forecasts].map(plain);
}

const url = 'postgres://gate:secret@db.internal/shop';
const unreadable = { workflow_status: { kind: 'r', columns: ['status'], readable: [], filtered: false } };
const filtered = { kind: 'r', columns: [], readable: [], filtered: true };

const someInputs = { ...readActionMetadata('.').defaults, 'retire-version': '1.0.0', 'database-url': url };
const noContext = { shell: 'action' as const, environment: {}, withoutSecrets: undefined };

function configOf(databaseUrl: string, password?: string, tlsCa?: string) {
  const inputs = { schema: 'dbos', password, tlsCa, environment: {}, readFile: () => '' };
  return readDatabaseUrl({ url: databaseUrl, ...inputs }).database;
}

function errorOf(failing: () => unknown): ReportableError {
  try {
    failing();
  } catch (error) {
    if (error instanceof ReportableError) return error;
  }
  throw new Error('This is no failure that is told.');
}

function told(error: ReportableError | undefined): string {
  if (error === undefined) throw new Error('This is no failure.');
  return plain(error.explanation);
}

const complete = { ...readActionMetadata('.').defaults, 'retire-version': '1.0.0', 'database-url': url };

/** An error for each text about an input that has a heading. */
function wrongInputs(): readonly ReportableError[] {
  return [
    errorOf(() =>
      parseInputs(
        { ...readActionMetadata('.').defaults, 'retire-version': '1.0.0' },
        { shell: 'action', environment: {}, withoutSecrets: 'fork' },
      ),
    ),
    ...['postgres://gate:p@ss@db/shop', 'postgres://gate:x@d b/shop', 'postgres://gate:%@db/shop'].map((wrong) =>
      errorOf(() => configOf(wrong)),
    ),
    errorOf(() => configOf(url, 'another')),
    ...[{ 'database-password': 'x' }, {}].map((inputs) =>
      errorOf(() => parseInputs({ ...someInputs, 'database-password-file': 'package.json', ...inputs }, noContext)),
    ),
    errorOf(() => parseInputs({ ...someInputs, 'database-password-file': '/none' }, noContext)),
    errorOf(() => configOf('postgres://gate:x@a,b/shop')),
    errorOf(() => configOf('postgres://gate:x@/shop?host=a:1')),
    errorOf(() => configOf('postgres://gate:x@a/shop&sslmode=require')),
    errorOf(() => configOf('postgres://db/shop')),
    ...['sqlite:///shop', `"${url}"`, `URL=${url}`, `psql ${url}`, 'host=db dbname=shop', 'prisma://x'].map((wrong) =>
      errorOf(() => configOf(wrong)),
    ),
    ...['https://db', 'mysql://db', '***', `${url}\n${url}`].map((wrong) => errorOf(() => configOf(wrong))),
    errorOf(() =>
      parseInputs({ ...complete, 'tls-ca': 'MII' }, { shell: 'action', environment: {}, withoutSecrets: undefined }),
    ),
    ...['user=a&user=b', 'host='].map((query) => errorOf(() => configOf(`${url}?${query}`))),
    ...[
      'sslmode=verify-ca',
      'sslmode=require&sslrootcert=system',
      'sslmode=require&sslrootcert=/ca',
      'sslkey=/k',
      'require_auth=md5',
      'channel_binding=yes',
      'ssl=yes!',
      'sslaccept=no',
      'sslmode=no-verify',
      'sslmode=prefer&ssl=true',
      'service=shop',
    ].map((query) => errorOf(() => configOf(`${url}?${query}`))),
    errorOf(() => configOf(`${url}?sslmode=prefer`, undefined, 'PEM')),
  ];
}

/** Why a check run is not published, or not up to date. */
function checkProblems(): readonly ReportableError[] {
  const subject = { name: 'drain', sha: 'a'.repeat(40), externalId: 'x' };
  const answers = [
    ...[401, 403, 404, 422, 410, 500].map((status) => new ApiFailure(status, 'No.', undefined)),
    ...[429, 403].map((status) => new ApiFailure(status, 'No.', 60_000)),
    new TypeError('fetch failed'),
  ];
  return [
    withoutToken('drain'),
    withoutCommit('drain'),
    takenByOthers(subject),
    takenByOtherTargets(subject),
    ...(['fork', 'dependabot', undefined] as const).flatMap((withoutSecrets) =>
      answers.map((answer) => problemOf(answer, subject, { withoutSecrets })),
    ),
  ];
}

/** Why an inventory cannot be read. */
function inventoryProblems(): readonly ReportableError[] {
  const texts = ['{', '{"format":1}', '{"format":0}', '{"format":2}', ' '.repeat(LARGEST_FILE + 1)];
  return [...texts.map((text) => errorOf(() => parseInventory(text))), inventoryCancelled()];
}

/** Why something was not reviewed. */
function reviewProblems(): readonly ReportableError[] {
  const answers = [
    ...[401, 403, 404, 422, 500].map((status) => new ApiFailure(status, 'No.', undefined)),
    ...[429, 403].map((status) => new ApiFailure(status, 'No.', 60_000)),
    // Its words: trilom/file-changes-action issue 138.
    new ApiFailure(404, 'No common ancestor between main and x.', undefined),
    new TypeError('fetch failed'),
  ];
  const contexts = (['fork', 'dependabot', undefined] as const).map((withoutSecrets) => ({ withoutSecrets }));
  const permissions = ['contents: read', 'pull-requests: read', 'pull-requests: write'] as const;
  return [
    ...contexts.flatMap((context) => [noInventory(undefined, context), noInventory('i.json', context)]),
    ...contexts.flatMap((context) =>
      permissions.flatMap((permission) => answers.map((answer) => requestProblem(answer, { permission }, context))),
    ),
    unreadableInventory('i.json', 'EACCES'),
    oldInventory(90_000_000),
    notAPullRequest('push'),
    privilegedEvent(),
    noToken(),
    movedOn(),
    reviewCancelled(),
    filesLeftOut(2, trusted('Why.')),
    filesUnread([{ path: 'a.ts', why: trusted('it is binary') }]),
    foreignComment('my-app[bot]'),
    commentLeft(),
    alreadyMerged(),
    unknownApplications(['shpo'], ['shop']),
    inventoryOfOne('shop'),
    workflowsMissed(['checkOut']),
    commentCancelled(),
  ];
}

/** All texts that the gate writes of what goes wrong, but for failures to reach the database. */
async function texts(): Promise<readonly string[]> {
  const database = configOf(url);
  const view = { kind: 'v', columns: [], readable: [], filtered: false };
  const gaveUp = await holdAgainst(config(), () => ({}), {
    reader: { read: () => Promise.reject(new TransientError(trusted('Connection lost.'), false)) },
  }).catch((error: unknown) => plain(explain(error)));
  if (typeof gaveUp !== 'string') throw new Error('The hold did not give up.');
  return [
    plain(explainFormerNames([formerShop], true)),
    plain(explainFormerNames([formerShop], false)),
    ...Object.values(blockers).flatMap((samples) => samples.map((each) => plain(explainBlocker(each)))),
    told(unreachableTables(probe({ schema_exists: false }), database)),
    told(unreachableTables(probe(), database)),
    told(unreachableTables(probe({ tables: { ...unreadable, dbos_migrations: view } }), database)),
    told(unreachableTables(probe({ schema_usable: false }), database)),
    told(deniedTables(probe({ tables: unreadable }), database)),
    told(incompleteTables(probe({ tables: { dbos_migrations: filtered } }), database)),
    told(filteredTables(probe({ tables: { dbos_migrations: filtered } }), database)),
    told(unsupportedProduct('CockroachDB CCL v25.1')),
    told(splitAnswers()),
    ...wrongInputs().map(told),
    ...checkProblems().map(told),
    ...inventoryProblems().map(told),
    ...reviewProblems().map(told),
    gaveUp,
    plain(explain(new TypeError('?'))),
    'The job summary could not be written (ENOENT).',
    HIDDEN_TEXT,
    ...Object.values(situations).flatMap((samples) =>
      samples.map((activity) =>
        plain(
          describeActivity({ state: 'waiting', activity, progressAt: now - HOUR, deadline: null, sdk: undefined }, now),
        ),
      ),
    ),
    ...(await outlooks()),
  ];
}

describe('the troubleshooting page', () => {
  test('has every way to fail to reach the database, in order, and whether it is tried again', () => {
    const documented = entries
      .filter(({ section }) => section === REACHING)
      .map(({ id, heading, body }) => ({
        id,
        what: heading,
        patience: PATIENCE[/^\s*\*([^.*]+)/.exec(body)?.[1] ?? ''],
      }));
    const kinds: readonly [string, FailureKind][] = Object.entries(FAILURES);
    expect(documented).toEqual(kinds.map(([id, { what, patience = 'none' }]) => ({ id, what, patience })));
  });

  test('has every other text of what goes wrong', async () => {
    const missing = (await texts()).filter((text) => !entries.some((entry) => isOf(text, entry)));
    expect(missing).toEqual([]);
  });

  test('has no heading that the gate does not write', async () => {
    const all = await texts();
    const stale = entries.filter((entry) => entry.section !== REACHING && !all.some((text) => isOf(text, entry)));
    expect(stale.map(({ heading }) => heading)).toEqual([]);
  });

  test('has an anchor for the id of every other failure', () => {
    const database = configOf(url);
    const failures = [
      unreachableTables(probe({ schema_exists: false }), database),
      unreachableTables(probe(), database),
      unreachableTables(
        probe({
          tables: { ...unreadable, dbos_migrations: { kind: 'v', columns: [], readable: [], filtered: false } },
        }),
        database,
      ),
      unreachableTables(probe({ schema_usable: false }), database),
      deniedTables(probe({ tables: unreadable }), database),
      incompleteTables(probe({ tables: { dbos_migrations: filtered } }), database),
      filteredTables(probe({ tables: { dbos_migrations: filtered } }), database),
      unsupportedProduct('CockroachDB CCL v25.1'),
      splitAnswers(),
      standbyAnswered(),
      inputError()`No.`,
      new TypeError('?'),
    ];
    const page = readFileSync('docs/troubleshooting.md', 'utf8');
    const ids = failures.map((failure) => reportedFailure(failure).kind);
    expect(ids.filter((id) => !page.includes(`<a id="${id}"></a>`))).toEqual([]);
    expect(new Set(ids).size).toBe(failures.length);
  });

  test('has an anchor for the id of each wrong input that it explains, and no other', () => {
    const errors = wrongInputs().map((error) => ({ id: error.id, text: told(error) }));
    const misled = errors.filter(({ id, text }) => !entries.some((entry) => entry.id === id && isOf(text, entry)));
    expect(misled).toEqual([]);
    const anchors = entries.flatMap(({ id }) => (id?.startsWith('input-') ? [id] : []));
    expect([...new Set(errors.map(({ id }) => id))].toSorted()).toEqual(anchors.toSorted());
    const sources = globSync('src/**/*.ts').map((file) => readFileSync(file, 'utf8'));
    const written = sources.flatMap((source) => source.match(/(?<=')input-[a-z-]+(?=')/g) ?? []);
    expect([...new Set(written)].toSorted()).toEqual(anchors.toSorted());
  });

  test('has an anchor for the id of each problem with a check run, and no other', () => {
    const problems = checkProblems().map((error) => ({ id: error.id, text: told(error) }));
    expect(problems.filter(({ id, text }) => !entries.some((entry) => entry.id === id && isOf(text, entry)))).toEqual(
      [],
    );
    const anchors = entries.flatMap(({ id }) => (id?.startsWith('check-') ? [id] : []));
    expect([...new Set(problems.map(({ id }) => id))].toSorted()).toEqual(anchors.toSorted());
  });

  test('has an anchor for the id of each problem with an inventory, and no other', () => {
    const problems = inventoryProblems().map((error) => ({ id: error.id, text: told(error) }));
    expect(problems.filter(({ id, text }) => !entries.some((entry) => entry.id === id && isOf(text, entry)))).toEqual(
      [],
    );
    const anchors = entries.flatMap(({ id }) => (id?.startsWith('inventory-') ? [id] : []));
    expect([...new Set(problems.map(({ id }) => id))].toSorted()).toEqual(anchors.toSorted());
  });

  test('has an anchor for the id of each problem with a review, and no other', () => {
    const problems = reviewProblems().map((error) => ({ id: error.id, text: told(error) }));
    expect(problems.filter(({ id, text }) => !entries.some((entry) => entry.id === id && isOf(text, entry)))).toEqual(
      [],
    );
    const anchors = entries.flatMap(({ id }) => (id?.startsWith('review-') ? [id] : []));
    expect([...new Set(problems.map(({ id }) => id))].toSorted()).toEqual(anchors.toSorted());
  });

  test('has an anchor for each cause of a drain that the gate links to', async () => {
    const told = await outlooks();
    const headings = [...EXPLAINED_CAUSES].map((cause) => entries.filter(({ id }) => id === cause));
    expect(headings.filter((found) => found.length !== 1)).toEqual([]);
    expect(headings.flat().filter((entry) => !told.some((text) => isOf(text, entry)))).toEqual([]);
  });

  test('has one anchor for each kind of blocker, at a heading that quotes one of its texts', () => {
    const wrong = Object.entries(blockers).filter(([kind, samples]) => {
      const anchored = entries.filter(({ id }) => id === kind);
      const said = samples.map((each) => plain(explainBlocker(each)));
      return anchored.length !== 1 || !anchored.every((entry) => said.some((text) => isOf(text, entry)));
    });
    expect(wrong.map(([kind]) => kind)).toEqual([]);
  });

  test('says something under each heading', () => {
    expect(entries.filter(({ body }) => body.trim().length < 15)).toEqual([]);
    expect(entries.length).toBeGreaterThan(60);
  });
});
