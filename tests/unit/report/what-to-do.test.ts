import { describe, expect, test } from 'vitest';
import { trusted } from '../../../src/message.ts';
import { nameInputsBy } from '../../../src/naming.ts';
import { runReportOf } from '../../../src/report/model.ts';
import { summaryOf } from '../../../src/report/summary.ts';
import { plain } from '../../../src/report/text.ts';
import {
  DATABASE_EPOCH,
  inFlight,
  registration,
  type Script,
  step,
  whole,
  workflowDetail,
} from '../../support/builders.ts';
import { HOUR, holdAndLog, IDLE, kitOf, rendered, timed } from '../../support/report-runs.ts';

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
      'What to do Take the next step of each workflow from What blocks. To cancel or fork what blocks, take its ids from the query in Commands, script and query.',
    );
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
});
