import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../src/config.ts';
import { type Check, finalCheck, liveCheck, OUTPUT_BYTES, TITLE_CHARACTERS } from '../../src/github/check.ts';
import { watcherOf } from '../../src/github/check-run.ts';
import { ApiFailure, type ChecksApi, type ExistingCheck } from '../../src/github/checks-api.ts';
import { checkPublisher, FINAL_MS, UPDATE_EVERY_MS } from '../../src/github/publisher.ts';
import { checkSubjectOf } from '../../src/github/subject.ts';
import { parseInputs, type RawInputs } from '../../src/inputs.ts';
import { type Message, trusted } from '../../src/message.ts';
import { plain } from '../../src/report/text.ts';
import type { RunContext } from '../../src/run-context.ts';
import type { Clock } from '../../src/time.ts';
import { config, holdAgainst, inFlight, registration, type Script, testClock } from '../support/builders.ts';
import { busy, failure, PAGE, reportAgainst } from '../support/report-runs.ts';
import { readActionMetadata } from '../support/runner/action-metadata.ts';

const RUN = 'https://github.com/octo-org/shop/actions/runs/1';

describe('the check of an answer', () => {
  test.each<[string, Script, Partial<GateConfig>, Check['conclusion']]>([
    ['drained', () => ({}), {}, 'success'],
    ['in-flight', () => busy, { mode: 'check' }, 'failure'],
    ['in-flight', () => busy, { mode: 'report' }, undefined],
    ['timed-out', () => busy, { timeoutMs: 1000, settleMs: 1000, failFast: false }, 'failure'],
    ['timed-out', () => busy, { timeoutMs: 1000, settleMs: 1000, onTimeout: 'warn' }, 'neutral'],
    ['unknown-version', () => ({ registrations: [registration('2.0.0', 2)] }), { mode: 'report' }, 'failure'],
    [
      'no-target',
      () => ({ registrations: [registration('2.0.0', 2)] }),
      { targets: { kind: 'all-but', keep: ['2.0.0'] } },
      'neutral',
    ],
  ])('%s is what the step makes of it', async (verdict, script, changes, conclusion) => {
    const report = await reportAgainst(script, changes);
    expect(report.verdict).toBe(verdict);
    const check = finalCheck(report, RUN);
    expect(check.conclusion).toBe(conclusion);
    expect(check.status).toBe(conclusion === undefined ? 'in_progress' : 'completed');
    expect(check.output.title).toBe(plain(report.headline).slice(0, TITLE_CHARACTERS));
    expect(check.output.summary).toContain(`](${RUN})`);
  });

  test('says who looked, when, and what comes next', async () => {
    const summaryOf = ({ output }: Check) => output.summary.split('\n').at(-1);
    const looked = `[The run that looked last](${RUN}) observed this at 2026-01-01T00:00:00.000Z (database time).`;
    const report = await reportAgainst(() => busy, { mode: 'report' });
    expect(summaryOf(finalCheck(report, RUN))).toBe(
      `${looked} No job waits. A later run for the same versions updates this check run, or completes it.`,
    );
    expect(summaryOf(liveCheck(report, RUN))).toBe(
      `${looked} It continues, and updates this check run when a count or the diagnosis changes.`,
    );
    expect(summaryOf(await drained())).toBe(looked);
    expect(summaryOf(finalCheck(failure, undefined))).toBe('The run that looked last observed nothing.');
  });

  test('a job that is cancelled, and a database that cannot be read, are what they are', async () => {
    const report = await reportAgainst(() => busy, { mode: 'report' });
    expect(finalCheck({ ...report, verdict: 'cancelled', conclusion: 'fail' }, RUN).conclusion).toBe('cancelled');
    expect(finalCheck(failure, RUN).conclusion).toBe('failure');
  });

  test('says what it leaves out at the limits of GitHub, in bytes and characters', async () => {
    const report = await reportAgainst(() => busy, { mode: 'report' });
    const many = Array.from({ length: 2000 }, () => trusted('…'.repeat(30)));
    const { output } = finalCheck({ ...report, headline: trusted('x'.repeat(300)), warnings: many }, RUN);
    expect([output.title.length, output.title.at(-1)]).toEqual([TITLE_CHARACTERS, '…']);
    expect(Buffer.byteLength(output.summary)).toBeLessThanOrEqual(OUTPUT_BYTES);
    expect(output.summary).toMatch(
      /\]\(https:.*\) observed this.*\n\n_Left out, to fit GitHub’s size limit: the warnings\. .*_$/,
    );
    expect(output.summary).toContain('x'.repeat(300));

    const items = Array.from({ length: 50 }, (_, at) => ({
      ...report.workflows.items.at(0),
      id: `${at}${'*'.repeat(120)}`,
      queue: '*'.repeat(120),
      executor: '*'.repeat(120),
    }));
    const huge = { ...report, workflows: { items, omitted: 0 } } as typeof report;
    const { text = '' } = finalCheck(huge, RUN).output;
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(OUTPUT_BYTES);
    expect(text).toMatch(/Left out, to fit GitHub’s size limit: “The workflows in flight”\./);
    expect(text).toContain('Verdict <code>in-flight</code>');
  });
});

const subject = { name: 'drain production', sha: 'a'.repeat(40), externalId: 'dbos-drain-gate 1' };
const ours: ExistingCheck = {
  id: 7,
  externalId: subject.externalId,
  isCompleted: false,
  conclusion: null,
  startedAt: undefined,
};
const drained = async () => finalCheck(await reportAgainst(() => ({})), RUN);
const live = async () => liveCheck(await reportAgainst(() => busy, { mode: 'check' }), RUN);
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** GitHub's check runs of a commit, and what was asked of it. A request does what it is told to before it is obeyed. */
function scriptedApi(
  existing: readonly ExistingCheck[] = [],
  before: (request: string, signal: AbortSignal) => unknown = () => undefined,
) {
  const checks = [...existing];
  const requests: string[] = [];
  const request = async (name: string, signal: AbortSignal) => {
    requests.push(name);
    const failed = await before(name, signal);
    if (failed !== undefined) throw failed;
  };
  const put = (check: ExistingCheck, { status, conclusion }: Check) => {
    const isOpen = !check.isCompleted;
    const after = isOpen ? { ...check, isCompleted: status === 'completed', conclusion: conclusion ?? null } : check;
    checks.splice(0, Number.POSITIVE_INFINITY, ...checks.filter(({ id }) => id !== check.id), after);
    return after;
  };
  const api: ChecksApi = {
    list: async (_, signal) => request('list', signal).then(() => [...checks]),
    create: async ({ externalId }, check, signal) => {
      await request(`create ${check.status}`, signal);
      const id = Math.max(6, ...checks.map((each) => each.id)) + 1;
      return put({ ...ours, id, externalId }, check);
    },
    update: async (id, check, signal) => {
      await request(`update ${id} ${check.conclusion ?? check.status}`, signal);
      const found = checks.find((each) => each.id === id);
      if (found === undefined) throw new ApiFailure(404, 'Not Found', undefined);
      return put(found, check);
    },
  };
  const states = () => checks.toSorted((a, b) => a.id - b.id).map(({ id, conclusion }) => [id, conclusion]);
  return { api, requests, states };
}

function publisherOn(
  scripted: ReturnType<typeof scriptedApi>,
  changes: Partial<Clock> = {},
  externalId = ours.externalId,
) {
  const clock = { ...testClock(), ...changes };
  const warned: Message[] = [];
  let loads = 0;
  const publisher = checkPublisher(
    { ...subject, externalId: externalId ?? '' },
    {
      load: async () => {
        loads += 1;
        return scripted.api;
      },
      clock,
      today: () => 0,
      context: { withoutSecrets: undefined },
      warn: (problem) => warned.push(problem),
    },
  );
  return { publisher, clock, warned, loads: () => loads };
}

describe('the publisher', () => {
  test('updates on a change of what matters alone, and every fifteen seconds at most', async () => {
    const scripted = scriptedApi();
    const { publisher, clock } = publisherOn(scripted);
    const check = await live();
    const offer = async (course: string, at: number) => {
      await clock.pause(at - clock.now(), new AbortController().signal);
      publisher.offer(
        () => [course],
        () => check,
      );
      await settled();
    };
    await offer('slow', 0);
    await offer('stuck', UPDATE_EVERY_MS - 1);
    expect(scripted.requests).toEqual(['list', 'create in_progress', 'list']);
    await offer('stuck', UPDATE_EVERY_MS);
    await offer('stuck', 3 * UPDATE_EVERY_MS);
    expect(scripted.requests.slice(3)).toEqual(['update 7 in_progress']);
    expect(await publisher.finish(await drained())).toEqual([]);
    expect(scripted.requests.slice(4)).toEqual(['update 7 success']);
  });

  test('returns at once and never throws, whatever the poll or GitHub does', async () => {
    const scripted = scriptedApi([], () => new TypeError('fetch failed'));
    const { publisher, warned } = publisherOn(scripted);
    publisher.offer(
      () => {
        throw new Error('no course');
      },
      () => {
        throw new Error('no check');
      },
    );
    const check = await live();
    publisher.offer(
      () => [],
      () => check,
    );
    await settled();
    expect([scripted.requests, warned]).toEqual([['list'], []]);
  });

  test('asks no more for what GitHub has refused for good, and says so at once', async () => {
    const scripted = scriptedApi([], (request) =>
      request === 'list' ? undefined : new ApiFailure(403, 'Resource not accessible by integration', undefined),
    );
    const { publisher, warned, clock } = publisherOn(scripted);
    const check = await live();
    for (const course of ['slow', 'stuck']) {
      publisher.offer(
        () => [course],
        () => check,
      );
      await settled();
      await clock.pause(UPDATE_EVERY_MS, new AbortController().signal);
    }
    const problems = await publisher.finish(await drained());
    expect(scripted.requests).toEqual(['list', 'create in_progress']);
    expect(warned.map(plain)).toEqual([expect.stringContaining('lacks the permission `checks: write` (403)')]);
    expect(problems.map(({ explanation }) => explanation)).toEqual(warned);
  });

  test('asks for nothing before the time that GitHub names', async () => {
    let answered = 0;
    const scripted = scriptedApi([ours], () => (answered++ === 0 ? new ApiFailure(429, 'x', 60_000) : undefined));
    const { publisher, clock } = publisherOn(scripted);
    const check = await live();
    for (const waited of [0, 59_999, 1]) {
      await clock.pause(waited, new AbortController().signal);
      publisher.offer(
        () => ['slow'],
        () => check,
      );
      await settled();
      expect(scripted.requests).toEqual(waited === 1 ? ['list', 'list', 'update 7 in_progress'] : ['list']);
    }
  });

  test('gives the last update up after three seconds', async () => {
    const timeouts: number[] = [];
    const { publisher } = publisherOn(
      scriptedApi([], () => new Promise(() => {})),
      {
        withTimeout: async (milliseconds, work) => {
          timeouts.push(milliseconds);
          return work(AbortSignal.abort());
        },
      },
    );
    const problems = await publisher.finish(await drained());
    expect(timeouts).toEqual([FINAL_MS]);
    expect(problems.map(({ id }) => id)).toEqual(['check-unanswered']);
  });

  test.each([
    ['a limit that ends in time is waited for', 1, ['list', 'list', 'create completed', 'list'], 0],
    ['a longer one is not', 60, ['list'], 1],
  ])('%s', async (_, seconds, requests, problems) => {
    let limited = 0;
    const scripted = scriptedApi([], () =>
      limited++ === 0 ? new ApiFailure(403, 'You have exceeded a secondary rate limit', seconds * 1000) : undefined,
    );
    const { publisher } = publisherOn(scripted);
    expect(await publisher.finish(await drained())).toHaveLength(problems);
    expect(scripted.requests).toEqual(requests);
  });

  test.each<[string, readonly ExistingCheck[], readonly string[]]>([
    ['one in progress is updated', [ours], ['list', 'update 7 success']],
    [
      'the newest of several is updated, and the others are ended',
      [{ ...ours, id: 9 }, ours],
      ['list', 'update 7 cancelled', 'update 9 success'],
    ],
    ['a completed one is replaced', [{ ...ours, isCompleted: true }], ['list', 'create completed', 'list']],
    [
      'an old one is renewed',
      [{ ...ours, startedAt: -13 * 86_400_000 }],
      ['list', 'update 7 cancelled', 'create completed', 'list'],
    ],
    ['one of another app is left alone', [{ ...ours, externalId: 'x' }], ['list']],
    ['one for other targets is left alone', [{ ...ours, externalId: 'dbos-drain-gate 2' }], ['list']],
    ['the own one is found next to others', [{ ...ours, externalId: 'x', id: 8 }, ours], ['list', 'update 7 success']],
  ])('%s', async (_, existing, requests) => {
    const scripted = scriptedApi(existing);
    const { publisher } = publisherOn(scripted);
    await publisher.finish(await drained());
    expect(scripted.requests).toEqual(requests);
  });
});

describe('two runs at once', () => {
  const check = live();
  const begin = async ({ publisher }: ReturnType<typeof publisherOn>) => {
    const offered = await check;
    publisher.offer(
      () => ['slow'],
      () => offered,
    );
  };
  const succeed = async ({ publisher }: ReturnType<typeof publisherOn>) => publisher.finish(await drained());

  test('agree on one check run, and end the other', async () => {
    const scripted = scriptedApi();
    const runs = [publisherOn(scripted), publisherOn(scripted)] as const;
    await Promise.all(runs.map(begin));
    await settled();
    expect(scripted.states()).toEqual([
      [7, 'cancelled'],
      [8, null],
    ]);
    for (const run of runs) expect(await succeed(run)).toEqual([]);
    expect(scripted.states()).toEqual([
      [7, 'cancelled'],
      [8, 'success'],
    ]);
  });

  test('agree on one where the first had looked before the second created its own', async () => {
    const { promise: looked, resolve } = Promise.withResolvers<void>();
    let created = 0;
    const scripted = scriptedApi([], (request) => {
      if (request.startsWith('create')) created += 1;
      return request.startsWith('create') && created === 2 ? looked : undefined;
    });
    const runs = [publisherOn(scripted), publisherOn(scripted)] as const;
    await Promise.all(runs.map(begin));
    await settled();
    resolve();
    await settled();
    expect(await succeed(runs[0])).toEqual([]);
    expect(scripted.states()).toEqual([
      [7, 'cancelled'],
      [8, 'success'],
    ]);
  });

  test('with other targets do not both think that the name is theirs', async () => {
    const scripted = scriptedApi();
    const runs = [publisherOn(scripted), publisherOn(scripted, {}, 'dbos-drain-gate 2')] as const;
    await Promise.all(runs.map(begin));
    await settled();
    const problems = [await succeed(runs[0]), await succeed(runs[1])].map((each) => each.map(({ id }) => id));
    expect(problems).toEqual([['check-of-other-targets'], []]);
    expect(scripted.states()).toEqual([
      [7, null],
      [8, 'success'],
    ]);
  });

  test.each<[string, (name: string) => unknown]>([
    ['GitHub keeps its state', () => undefined],
    [
      'GitHub refuses to change it',
      (name) => (name.startsWith('update 7') ? new ApiFailure(422, 'x', undefined) : undefined),
    ],
    [
      'GitHub has deleted it',
      (name) => (name.startsWith('update 7') ? new ApiFailure(404, 'x', undefined) : undefined),
    ],
  ])('what another run has completed is replaced: %s', async (_, before) => {
    let isEnded = false;
    const scripted = scriptedApi([], (name) => (isEnded ? before(name) : undefined));
    const run = publisherOn(scripted);
    await begin(run);
    await settled();
    await scripted.api.update(7, finalCheck(failure, RUN), new AbortController().signal);
    isEnded = true;
    expect(await succeed(run)).toEqual([]);
    expect(scripted.states()).toEqual([
      [7, 'failure'],
      [8, 'success'],
    ]);
  });
});

describe('the last check', () => {
  const begin = async (publisher: ReturnType<typeof publisherOn>['publisher']) => {
    const check = await live();
    publisher.offer(
      () => ['slow'],
      () => check,
    );
    await settled();
  };

  test('does not wait for an update that hangs', async () => {
    const hangs = (signal: AbortSignal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)));
    let requests = 0;
    const scripted = scriptedApi([ours], (_, signal) => (requests++ === 0 ? hangs(signal) : undefined));
    const { publisher } = publisherOn(scripted, {
      withTimeout: (milliseconds, work) =>
        work(milliseconds === 1000 ? AbortSignal.abort() : new AbortController().signal),
    });
    await begin(publisher);
    expect(await publisher.finish(await drained())).toEqual([]);
    expect(scripted.states()).toEqual([[7, 'success']]);
  });

  test('is published where GitHub has refused the text of one before', async () => {
    const scripted = scriptedApi([], (request) =>
      request === 'create in_progress' ? new ApiFailure(422, 'summary is odd', undefined) : undefined,
    );
    const { publisher, warned } = publisherOn(scripted);
    await begin(publisher);
    expect(warned.map(plain)).toEqual([expect.stringContaining('GitHub answered: "summary is odd"')]);
    expect(await publisher.finish(await drained())).toEqual([]);
    expect(scripted.states()).toEqual([[7, 'success']]);
  });
});

test('each poll that does not decide is offered, and a database that cannot be read', async () => {
  const offered: { course: readonly unknown[]; check: Check }[] = [];
  const watcher = watcherOf(
    { gate: config(), database: parse({}).database },
    { offer: (course, check) => void offered.push({ course: course(), check: check() }) },
    { context: CONTEXT, page: PAGE },
  );
  await holdAgainst(
    config({ settleMs: 5000 }),
    ({ at }) => ({ inFlight: [inFlight('1.0.0', { pending: at < 9000 ? 2 : 0 })] }),
    watcher,
  );
  const titles = offered.map(({ check }) => check.output.title);
  expect(titles[0]).toMatch(/^Not safe to retire "1\.0\.0": 2 workflows in flight\. /);
  expect(titles.at(-1)).toMatch(/^Not safe to retire "1\.0\.0"\. Slow: /);
  expect(offered.every(({ check }) => check.status === 'in_progress' && check.output.summary.startsWith('## ⏳'))).toBe(
    true,
  );
  expect(offered.length).toBeGreaterThan(2);

  watcher.onFailedPoll({
    outage: {
      failure: trusted('x'),
      failures: 1,
      lastSuccess: 0,
      firstFailure: 0,
      connectedBefore: true,
      failureId: 'x',
      briefSince: undefined,
      costMs: 0,
    },
    time: { began: 0, ended: 1 },
    pauseMs: 1,
  });
  expect(offered).toHaveLength(titles.length);
});

const CONTEXT: RunContext = {
  shell: 'action',
  environment: { GITHUB_REPOSITORY: 'octo-org/shop', GITHUB_SHA: 'b'.repeat(40) },
  withoutSecrets: undefined,
};

function parse(inputs: RawInputs) {
  return parseInputs(
    {
      ...readActionMetadata('.').defaults,
      ...{ 'retire-version': '1.0.0', 'database-url': 'postgres://u:p@h/d', 'check-run': 'drain', ...inputs },
    },
    CONTEXT,
  );
}

describe('the external id', () => {
  const idOf = (inputs: RawInputs) => checkSubjectOf(parse(inputs), CONTEXT)?.subject.externalId;

  test('is that of the targets, in any order', () => {
    expect(idOf({})).toMatch(/^dbos-drain-gate [0-9a-f]{20} named 1\.0\.0$/);
    expect(idOf({ 'retire-version': '2\n1' })).toBe(idOf({ 'retire-version': '["1", "2"]' }));
    expect(idOf({ mode: 'report', settle: '1s' })).toBe(idOf({}));
  });

  test.each<[string, RawInputs]>([
    ['other targets', { 'retire-version': '1.0.1' }],
    ['the same name to keep', { 'retire-version': '', 'keep-version': '1.0.0' }],
    ['another application', { application: 'shop' }],
    ['another schema', { schema: 'dbos2' }],
    ['another database', { 'database-url': 'postgres://u:p@h/d2' }],
    ['another host', { 'database-url': 'postgres://u:p@h2/d' }],
  ])('differs for %s', (_, inputs) => {
    expect(idOf(inputs)).not.toBe(idOf({}));
  });

  test('has four digits of the database at most, so that nothing can be guessed from it', () => {
    const ids = ['postgres://u:p@h/d', 'postgres://u:p@h2/d'].map((url) => idOf({ 'database-url': url }) ?? '');
    const digits = ids.map((id) => /^dbos-drain-gate (\w+) /.exec(id)?.[1] ?? '');
    expect(new Set(digits.map((each) => each.slice(0, 16))).size).toBe(1);
  });
});

test.each<[string, RawInputs, string]>([
  ['a short SHA', { 'check-sha': 'abc1234' }, 'The input `check-sha` is abc1234. Accepted: the full SHA of a commit'],
  [
    'a preflight',
    { mode: 'preflight', 'retire-version': '' },
    'preflight, which judges no version, but `check-run` is set',
  ],
])('%s is refused', (_, inputs, text) => {
  expect(() => parse(inputs)).toThrow(text);
});
