import { describe, expect, test } from 'vitest';
import { trusted } from '../../../src/message.ts';
import { nameInputsBy } from '../../../src/naming.ts';
import { annotationsOf } from '../../../src/report/annotations.ts';
import { runReportOf } from '../../../src/report/model.ts';
import { summaryOf } from '../../../src/report/summary.ts';
import { plain } from '../../../src/report/text.ts';
import {
  DATABASE_EPOCH,
  inFlight,
  queueInFlight,
  registration,
  type Script,
  step,
  whole,
  workflowDetail,
} from '../../support/builders.ts';
import { HOUR, holdAndLog, IDLE, killed, kitOf, rendered, timed } from '../../support/report-runs.ts';

/* What the surfaces of one run tell people to do, where some of them could be left without an answer. */

/** One sleeps past the timeout, and one is stuck. */
const asleepAndStuck: Script = () => {
  const completedAt = DATABASE_EPOCH + 2 * HOUR;
  const items = [
    workflowDetail({ id: 'late', lastStep: step({ name: 'DBOS.sleep', startedAt: DATABASE_EPOCH, completedAt }) }),
    workflowDetail({ ...IDLE, id: 'silent', name: 'ship' }),
  ];
  return { inFlight: [inFlight('1.0.0', { pending: 2 })], workflows: { items, ...whole } };
};

describe('what to do', () => {
  test('is said without a single id, with `details: names`, of what outlasts the timeout and is stuck', async () => {
    const { run } = await holdAndLog(timed(asleepAndStuck), { details: 'names' });
    expect(run.verdict).toBe('cannot-drain');
    expect(rendered(summaryOf(runReportOf(run)))).toContain(
      'What to do Take the next step of each workflow from What blocks. To cancel what blocks, or to fork it if no process still works on it, take its ids from the query in Commands, script and query.',
    );
  });

  test('is to fork only what no process works on, wherever a fork of work that can still run is offered', async () => {
    const { run } = await holdAndLog(timed(asleepAndStuck));
    const text = rendered(summaryOf(runReportOf(run), kitOf(run, '/tmp/gate')));
    expect(text).toContain('Fork what is stuck or asleep to 2.0.0, if no process still works on it:');
    expect(plain(runReportOf(run).pastDeadline ?? [])).toContain(
      'cancel them, or fork those that no process still works on.',
    );
    expect(text).toContain('Before a fork, check that no process still works on what is stuck');

    // It can have woken: its SDK does not record when its sleep ends.
    const slept = step({ name: 'DBOS.sleep', startedAt: null, completedAt: DATABASE_EPOCH - HOUR });
    const items = [workflowDetail({ ...IDLE, id: 'timer', serialization: null, lastStep: slept })];
    const timer: Script = () => ({ inFlight: [inFlight('1.0.0', { pending: 1 })], workflows: { items, ...whole } });
    const { run: check } = await holdAndLog(timer, { mode: 'check' });
    const advice = rendered(summaryOf(runReportOf(check), kitOf(check, '/tmp/gate')));
    expect(advice).toContain('Fork what is asleep to 2.0.0, if no process still works on it:');
    expect(advice).toContain('Wait for it, or cancel it. Fork it only if no process still works on it.');

    const { run: dead } = await holdAndLog(() => killed, { mode: 'check' });
    const everything = rendered(summaryOf(runReportOf(dead), kitOf(dead, '/tmp/gate')));
    expect(everything).toContain('Or fork everything that is left to 2.0.0, once no process of its version runs:');
    expect(everything).toContain('start a process of its version, or fork or cancel it once none runs');
  });

  test('has no condition for a fork of what only sleeps until a time that is known', async () => {
    const sleeping: Script = (poll) => {
      const { workflows, ...rest } = asleepAndStuck(poll);
      const items = (workflows?.items ?? []).filter(({ id }) => id === 'late');
      return { ...rest, inFlight: [inFlight('1.0.0', { pending: 1 })], workflows: { items, ...whole } };
    };
    const { run } = await holdAndLog(timed(sleeping), { mode: 'check' });
    const text = rendered(summaryOf(runReportOf(run), kitOf(run, '/tmp/gate')));
    expect(text).toMatch(/ Fork what is asleep to 2\.0\.0: ?sh unblock\.sh fork /);
  });

  test('offers no fork where no version stays that could run it: the latest is to be retired, too', async () => {
    const registrations = [registration('0.9.0', 1), registration('1.0.0', 2)];
    const sleep = { name: 'DBOS.sleep', startedAt: DATABASE_EPOCH };
    const of = (version: string) => [
      workflowDetail({ ...IDLE, version, id: `silent-${version}` }),
      workflowDetail({ ...IDLE, version, id: `queued-${version}`, status: 'ENQUEUED', queue: 'mail' }),
      workflowDetail({
        version,
        id: `late-${version}`,
        lastStep: step({ ...sleep, completedAt: DATABASE_EPOCH + 2 * HOUR }),
      }),
      workflowDetail({
        ...{ version, id: `waits-${version}` },
        ...{ ...IDLE, lastStep: step({ ...sleep, number: 2, completedAt: DATABASE_EPOCH }) },
      }),
      workflowDetail({ version, id: `delayed-${version}`, status: 'DELAYED', delayUntil: DATABASE_EPOCH + HOUR }),
    ];
    const both: Script = () => ({
      registrations,
      inFlight: ['0.9.0', '1.0.0'].map((version) => inFlight(version, { pending: 3, enqueued: 1, delayed: 1 })),
      workflows: { items: [...of('0.9.0'), ...of('1.0.0')], ...whole },
      queues: ['0.9.0', '1.0.0'].map((version) => queueInFlight({ version, concurrency: 0 })),
    });
    const targets = { kind: 'named', versions: ['0.9.0', '1.0.0'] } as const;
    for (const onLive of ['block', 'ignore'] as const) {
      const { run, lines } = await holdAndLog(timed(both), { targets, onLive });
      const report = runReportOf(run);
      const summary = rendered(summaryOf(report, kitOf(run, '/tmp/gate')).split('<details>')[0] ?? '');
      const annotations = annotationsOf(report).map(({ message }) => message);
      expect(report).toMatchObject({ verdict: 'cannot-drain', newVersion: null });
      const blockers = report.versions.flatMap((version) => version.blockers.map(({ message }) => plain(message)));
      expect([summary, ...lines, ...annotations, ...blockers].filter((text) => /\bfork\b/i.test(text))).toEqual([]);
      expect(summary).toContain('cancel it');
      expect(summary).not.toContain('What to do Or');
      expect(summaryOf(report, kitOf(run, '/tmp/gate'))).not.toMatch(/Before a fork|workflow fork/);
    }
  });

  test('offers a fork to a version that is kept, though the latest is retired', async () => {
    const registrations = [registration('0.9.0', 1), registration('1.0.0', 2)];
    const { run } = await holdAndLog(
      timed((poll) => ({ ...asleepAndStuck(poll), registrations })),
      {
        targets: { kind: 'all-but', keep: ['0.9.0'] },
        onLive: 'ignore',
      },
    );
    expect(rendered(summaryOf(runReportOf(run)))).toContain('or fork it');
  });

  test('never is to cancel or fork what is in flight on a live version, not even in the numbers', async () => {
    const registrations = [registration('0.9.0', 1), registration('1.0.0', 2)];
    const live = { inFlight: [inFlight('1.0.0', { pending: 3 })], registrations };
    const { run } = await holdAndLog(() => live, { mode: 'check' });
    const text = rendered(summaryOf(runReportOf(run)));
    expect(text).toContain('3 in flight, still the latest version');
    expect(text).not.toContain('cancel or fork');
  });

  test('about work without a version is to let the new version take it, and the kit is in the summary', async () => {
    const items = [workflowDetail({ ...IDLE, version: null, status: 'ENQUEUED', queue: 'mail' })];
    const script: Script = () => ({
      inFlight: [inFlight(null, { enqueued: 1 })],
      workflows: { items, ...whole },
    });
    const { run } = await holdAndLog(timed(script), { timeoutMs: 60_000, onUnversioned: 'block' });
    const kit = kitOf(run, '/tmp/gate');
    const text = rendered(summaryOf(runReportOf(run), kit));
    const next = 'check that a process of the new version listens to that queue, or cancel it';
    expect(kit).toBeDefined();
    expect(runReportOf(run).diagnosis).toMatchObject({ kind: 'stuck', cause: 'unversioned' });
    expect(text).toContain(`🟡 queued (1) ${next} checkout queued in mail, without a version `);
    expect(text).toContain('sh unblock.sh cancel');
  });

  test('names the schema in each command for one workflow, or shows none where it cannot be typed', async () => {
    const python: Script = (poll) => {
      const { workflows, ...rest } = asleepAndStuck(poll);
      const items = (workflows?.items ?? []).map((each) => ({ ...each, serialization: 'py_pickle' }));
      return { ...rest, workflows: { items, ...whole } };
    };
    for (const details of ['full', 'names'] as const) {
      const { run } = await holdAndLog(timed(python), { mode: 'check', details });
      const commandsIn = (schema: string) =>
        summaryOf(runReportOf({ ...run, schema })).match(/^ *dbos workflow .*$/gm) ?? [];
      const commands = commandsIn("tom's workflows");
      expect(commands).toHaveLength(details === 'full' ? 4 : 3);
      expect(commands.filter((line) => !line.endsWith(` --schema='tom'\\''s workflows'`))).toEqual([]);
      expect(commandsIn('dbos').join()).not.toContain('--schema');
      expect(commandsIn('work\u202eflows')).toEqual([]);
    }
  });

  test('names inputs as the shell does, in the log and in the summary', async () => {
    nameInputsBy((input, value) => `--${input}${value === undefined ? '' : ` ${value}`}`);
    try {
      const { run, lines } = await holdAndLog(timed(asleepAndStuck), { details: 'names' });
      expect(lines.at(-1)).toContain(plain(trusted('stopping before the timeout (--fail-fast)')));
      expect(summaryOf(runReportOf(run))).not.toMatch(/`(?:details|fail-fast)/);
    } finally {
      nameInputsBy(undefined);
    }
  });

  test('of a few is said of both, and not of all 2', async () => {
    const items = ['a', 'b'].map((id) => workflowDetail({ id }));
    const script: Script = () => ({ inFlight: [inFlight('1.0.0', { pending: 2 })], workflows: { items, ...whole } });
    const { run } = await holdAndLog(timed(script), { mode: 'check' });
    expect(plain(runReportOf(run).diagnosis?.ifNothing ?? [])).toBe('both can still finish, with no estimate.');
  });

  test.each(['names', 'full'] as const)(
    'is no command where a typo makes the live version a target, with `details: %s`',
    async (details) => {
      const { run } = await holdAndLog(timed(asleepAndStuck), {
        ...{ mode: 'check', details, onLive: 'ignore' },
        targets: { kind: 'all-but', keep: ['2.0'] },
      });
      expect(run.verdict).toBe('unknown-version');
      const text = rendered(summaryOf(runReportOf(run)));
      expect(text).toContain('The workflows in flight, as SQL');
      expect(text).not.toContain('workflow cancel');
    },
  );
});
