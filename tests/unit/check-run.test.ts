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
    expect(output.summary).toMatch(/\]\(https:.*\)\n\n_Left out, to fit GitHub’s size limit: the warnings\. .*_$/);
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
const ours: ExistingCheck = { id: 7, externalId: subject.externalId, isCompleted: false, startedAt: undefined };
const drained = async () => finalCheck(await reportAgainst(() => ({})), RUN);
const live = async () => liveCheck(await reportAgainst(() => busy, { mode: 'check' }), RUN);
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** An API that records, and does what it is told to. */
function scriptedApi(existing: readonly ExistingCheck[] = [], fail: (request: string) => unknown = () => undefined) {
  const requests: string[] = [];
  const request = async (name: string) => {
    requests.push(name);
    const failed = await fail(name);
    if (failed !== undefined) throw failed;
  };
  const api: ChecksApi = {
    list: async () => request('list').then(() => existing),
    create: async (_, { status }) =>
      request(`create ${status}`).then(() => ({ ...ours, isCompleted: status === 'completed' })),
    update: async (id, { status }) => request(`update ${id} ${status}`),
  };
  return { api, requests };
}

function publisherOn(scripted: ReturnType<typeof scriptedApi>, changes: Partial<Clock> = {}) {
  const clock = { ...testClock(), ...changes };
  const warned: Message[] = [];
  let loads = 0;
  const publisher = checkPublisher(subject, {
    load: async () => {
      loads += 1;
      return scripted.api;
    },
    clock,
    today: () => 0,
    context: { withoutSecrets: undefined },
    warn: (problem) => warned.push(problem),
  });
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
    expect(scripted.requests).toEqual(['list', 'create in_progress']);
    await offer('stuck', UPDATE_EVERY_MS);
    await offer('stuck', 3 * UPDATE_EVERY_MS);
    expect(scripted.requests.slice(2)).toEqual(['update 7 in_progress']);
    expect(await publisher.finish(await drained())).toEqual([]);
    expect(scripted.requests.slice(3)).toEqual(['update 7 completed']);
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
    expect(publisher.isLeftBehind()).toBe(true);
  });

  test.each([
    ['a limit that ends in time is waited for', 1, ['list', 'list', 'create completed'], 0],
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
    ['one in progress is updated', [ours], ['list', 'update 7 completed']],
    ['the newest of several is updated', [{ ...ours, id: 9 }, ours], ['list', 'update 9 completed']],
    ['a completed one is replaced', [{ ...ours, isCompleted: true }], ['list', 'create completed']],
    [
      'an old one is renewed',
      [{ ...ours, startedAt: -13 * 86_400_000 }],
      ['list', 'update 7 completed', 'create completed'],
    ],
    ['one of another app is left alone', [{ ...ours, externalId: 'x' }], ['list']],
    ['one for other targets is left alone', [{ ...ours, externalId: 'dbos-drain-gate 2' }], ['list']],
    [
      'the own one is found next to others',
      [{ ...ours, externalId: 'x', id: 8 }, ours],
      ['list', 'update 7 completed'],
    ],
  ])('%s', async (_, existing, requests) => {
    const scripted = scriptedApi(existing);
    const { publisher } = publisherOn(scripted);
    await publisher.finish(await drained());
    expect(scripted.requests).toEqual(requests);
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
