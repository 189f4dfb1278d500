import { describe, expect, test } from 'vitest';
import { TransientError } from '../../../src/errors.ts';
import { msg } from '../../../src/message.ts';
import { annotationsOf } from '../../../src/report/annotations.ts';
import { runReportOf } from '../../../src/report/model.ts';
import { summaryOf } from '../../../src/report/summary.ts';
import { TROUBLESHOOTING, troubleshootingPage } from '../../../src/run-context.ts';
import { failureReport, inFlight, registration, whole, workflowDetail } from '../../support/builders.ts';
import { busy, holdAndLog, IDLE, PAGE } from '../../support/report-runs.ts';

const ofAction = {
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_ACTION_REPOSITORY: 'octo-org/dbos-drain-gate',
  GITHUB_ACTION_REF: 'v1',
};

describe('the address of the troubleshooting page', () => {
  test('is that of the release that runs', () => {
    expect(troubleshootingPage(ofAction)).toBe(PAGE);
    for (const ref of ['0123abcd', 'v1.2.3', 'feature/links', 'release-1_0']) {
      expect(troubleshootingPage({ ...ofAction, GITHUB_ACTION_REF: ref })).toContain(`/blob/${ref}/docs/`);
    }
  });

  test('is only a path where the release is not known, or its name could be anything', () => {
    const { GITHUB_ACTION_REF, GITHUB_ACTION_REPOSITORY, ...local } = ofAction;
    const unsure = [
      ...[{}, local, { ...ofAction, GITHUB_SERVER_URL: 'https://github.example.com' }],
      ...[
        '',
        'v1)](https://evil.example',
        'a b',
        '../../x',
        'v1/../../..',
        'v1/./x',
        '/v1',
        'v1/',
        'v1#x',
        '`',
        'a'.repeat(101),
      ].map((ref) => ({ ...ofAction, GITHUB_ACTION_REF: ref })),
      ...['', 'octo-org', 'octo-org/a/b', 'octo org/gate', 'evil.example/gate', 'a/b?c', 'a/b\n', 'a/..', 'a/.'].map(
        (repository) => ({
          ...ofAction,
          GITHUB_ACTION_REPOSITORY: repository,
        }),
      ),
    ];
    expect(unsure.map(troubleshootingPage)).toEqual(unsure.map(() => TROUBLESHOOTING));
  });
});

describe('messages link to their heading', () => {
  test('of a drain that is stuck: in the log and in its annotation once, in the summary beside the diagnosis', async () => {
    const items = [workflowDetail({ ...IDLE, id: 'order-1' })];
    const scene = { inFlight: [inFlight('1.0.0', { pending: 1 })], workflows: { items, ...whole } };
    const { run, lines } = await holdAndLog(() => scene, { timeoutMs: 180_000 });
    const report = runReportOf({ ...run, page: PAGE });
    expect(lines.filter((line) => line.includes(PAGE))).toEqual([`  More: ${PAGE}#stuck`]);
    expect(annotationsOf(report).map(({ message }) => message.split('\n').at(-1))).toEqual([`More: ${PAGE}#stuck`]);
    expect(summaryOf(report)).toMatch(/If you do nothing.*\[Troubleshooting\]\(https:\S+#stuck\)/);
  });

  test('of a blocker: with what to do about it', async () => {
    const scene = { ...busy, registrations: [registration('0.9.0', 1), registration('1.0.0', 2)] };
    const { run, lines } = await holdAndLog(() => scene, { timeoutMs: 60_000 });
    const report = runReportOf({ ...run, page: PAGE });
    expect(lines.filter((line) => line.includes(PAGE))).toEqual([`  More: ${PAGE}#live`]);
    expect(annotationsOf(report)[0]?.message).toContain(`\nMore: ${PAGE}#live`);
    expect(summaryOf(report).split(`(${PAGE}#live)`)).toHaveLength(2);
  });

  test('of a failure, and only by its path where no address is known', () => {
    const failed = failureReport(msg`Connection lost.`);
    const linked = { ...failed, troubleshooting: PAGE };
    expect(summaryOf(linked)).toContain(`> Connection lost. [Troubleshooting](${PAGE}#connection-lost)`);
    expect(annotationsOf(linked)[0]?.message).toContain(`\nMore: ${PAGE}#connection-lost`);
    expect(summaryOf(failed)).toContain('Connection lost. (`docs/troubleshooting.md#connection-lost`)');
  });

  test('of a failure that comes back after another one: once in the log', async () => {
    const failures = ['connection-lost', 'poll-stopped', 'connection-lost', 'connection-lost'];
    const { lines } = await holdAndLog(
      ({ number }) => {
        const id = failures[number - 1];
        if (id === undefined) return {};
        throw new TransientError(msg`It failed: ${id}.`, true, { id });
      },
      { timeoutMs: 60_000 },
    );
    const links = lines.flatMap((line) => line.match(/More: \S+/) ?? []);
    expect(links).toEqual([`More: ${PAGE}#connection-lost`, `More: ${PAGE}#poll-stopped`]);
  });

  test('that many versions share: once', async () => {
    const versions = ['1.0.0', '1.1.0', '1.2.0'];
    const items = versions.map((version) => workflowDetail({ ...IDLE, id: version, version }));
    const scene = { inFlight: versions.map((each) => inFlight(each, { pending: 1 })), workflows: { items, ...whole } };
    const { run } = await holdAndLog(() => scene, { mode: 'check', targets: { kind: 'named', versions } });
    const messages = annotationsOf(runReportOf({ ...run, page: PAGE })).map(({ message }) => message);
    expect(messages).toHaveLength(3);
    expect(messages.filter((message) => message.includes(PAGE))).toHaveLength(1);
  });
});
