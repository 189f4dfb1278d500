import { describe, expect, test } from 'vitest';
import type { WorkflowDetail } from '../../../src/dbos/snapshot/index.ts';
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
  started,
  step,
  whole,
  workflowDetail,
} from '../../support/builders.ts';
import { evidenceOf } from '../../support/newest-roots.ts';
import { HOUR, holdAndLog, IDLE, rendered, timed } from '../../support/report-runs.ts';

/* What the gate says before it can know: nothing moves, and `stuck-after` has not passed. */

const MINUTE = 60_000;

const sleeper = workflowDetail({
  id: 'sleeper',
  name: 'remind',
  lastStep: step({ name: 'DBOS.sleep', startedAt: DATABASE_EPOCH, completedAt: DATABASE_EPOCH + 9 * HOUR }),
});

/** A workflow finishes every `pauseMs`; after `diesAt`, nothing does anything. */
function dying(diesAt: number, pauseMs: number, count: number, others: readonly WorkflowDetail[] = []): Script {
  return timed(({ at }) => {
    const alive = Math.min(at, diesAt);
    const left = Math.max(0, count - Math.floor(alive / pauseMs));
    const items = Array.from({ length: left }, (_, index) =>
      workflowDetail({ id: `order-${index}`, updatedAt: DATABASE_EPOCH + alive }),
    );
    return {
      inFlight: [inFlight('1.0.0', { pending: left + others.length, newestTakenAt: DATABASE_EPOCH })],
      workflows: { items: [...others, ...items], ...whole },
    };
  });
}

const polls = (lines: readonly string[]) => lines.filter((line) => line.startsWith('['));
const slowly = { timeoutMs: 8 * MINUTE, pollIntervalMs: undefined, failFast: false };

describe('while nothing moves', () => {
  test('no estimate is shown, and the log says for how long, until when it is no sign, and what to check, once', async () => {
    const { run, lines } = await holdAndLog(dying(3 * MINUTE, 5000, 60), { ...slowly, timeoutMs: 5 * MINUTE });
    const said = polls(lines);
    expect(said.find((line) => line.startsWith('[2m 50s]'))).toContain('slow: about');
    const late = said.filter((line) => /^\[(?: {4}[45]m|4m|5m)/.test(line));
    expect(late.length).toBeGreaterThan(0);
    for (const line of late) expect(line).toMatch(/; slow: nothing has moved for [12]m.* \(stuck after 15m\)(?:; |$)/);
    expect(lines.filter((line) => line.startsWith('  Nothing moves.'))).toEqual([
      '  Nothing moves. Check whether a process of "1.0.0" still runs.',
    ]);
    const report = runReportOf(run);
    expect(report.forecast).toMatchObject({ secondsLeft: null, quietSeconds: 120 });
    expect(plain(report.headline)).toContain('Slow: nothing has moved for 2m. After 15m it counts as stuck.');
    const text = rendered(summaryOf(report));
    expect(text).toContain('all 24 can finish only if their processes still run.');
    expect(text).toMatch(/What to do 1?\.? ?Check whether a process of 1\.0\.0 still runs\./);
    expect(text).toContain('🟢 progressing (24) check whether its process still runs. If not, fork or cancel it');
    expect(annotationsOf(report)[0]?.message).toContain('\nCheck whether a process of "1.0.0" still runs.');
  });

  test('a version that stands still is named before one that is only slow', async () => {
    const dead = dying(3 * MINUTE, 5000, 60);
    const script: Script = (poll) => {
      const { inFlight: dying = [], workflows } = dead(poll);
      const items = Array.from({ length: 200 - Math.floor(poll.at / 10_000) }, (_, index) =>
        workflowDetail({ id: `moving-${index}`, version: '1.1.0', updatedAt: DATABASE_EPOCH + poll.at }),
      );
      return {
        inFlight: [...dying, inFlight('1.1.0', { pending: items.length })],
        workflows: { items: [...(workflows?.items ?? []), ...items], ...whole },
      };
    };
    const targets = { kind: 'named', versions: ['1.0.0', '1.1.0'] } as const;
    const { run, lines } = await holdAndLog(timed(script), { ...slowly, targets });
    const text = 'slow ("1.0.0"): nothing has moved for';
    expect(polls(lines).find((line) => line.startsWith('[    3m]'))).toContain('slow ("1.1.0"): about');
    for (const line of polls(lines).filter((each) => /^\[ *[5-8]m/.test(each))) expect(line).toContain(text);
    expect(lines.filter((line) => line.startsWith('  Check'))).toEqual([
      '  Check whether a process of "1.0.0" still runs.',
    ]);
    expect(plain(runReportOf(run).headline)).toContain('Slow ("1.0.0"): nothing has moved for 5m.');
  });

  test('of what waits for a message, its process is not what to check', async () => {
    const timer = step({ number: 2, name: 'DBOS.sleep' });
    const items = [workflowDetail({ id: 'order-1', name: 'approve', lastStep: timer })];
    const script: Script = () => ({ inFlight: [inFlight('1.0.0', { pending: 1 })], workflows: { items, ...whole } });
    const { run, lines } = await holdAndLog(timed(script), slowly);
    const step1 =
      '"order-1" ("approve") waits: send the message or set the event that it waits for, or cancel or fork it.';
    expect(lines.filter((line) => line.startsWith('  '))).toEqual([`  Nothing moves. ${step1}`]);
    expect(annotationsOf(runReportOf(run))[0]?.message).toContain(`\n${step1}\n`);
  });

  test('the line says so beside what outlasts the timeout', async () => {
    const { lines } = await holdAndLog(dying(2 * MINUTE, 5000, 60, [sleeper]), slowly);
    const late = polls(lines).filter((line) => line.startsWith('[    5m]'));
    expect(late).toEqual([
      expect.stringMatching(/; nothing has moved for 3m; never: 1 of \d+ sleeps until .*, after the timeout; /),
    ]);
  });

  test('nothing is said to arrive once nothing does', async () => {
    const script: Script = ({ at, number }) => {
      const isAlive = at < 2 * MINUTE;
      const updatedAt = DATABASE_EPOCH + (isAlive ? at : 2 * MINUTE);
      const items = Array.from({ length: isAlive ? 50 + (number % 2) * 5 : 50 }, (_, each) =>
        workflowDetail({ id: `order-${each}`, updatedAt }),
      );
      return { inFlight: [inFlight('1.0.0', { pending: items.length })], workflows: { items, ...whole } };
    };
    const { lines } = await holdAndLog(timed(script), slowly);
    expect(polls(lines).filter((line) => line.includes('new work arrives')).length).toBeGreaterThan(0);
    const late = polls(lines).filter((line) => line.includes('nothing has moved'));
    expect(late.length).toBeGreaterThan(3);
    for (const line of late) expect(line).not.toContain('new work arrives');
  });

  test('pauses that are usual are none', async () => {
    const pauseMs = 90_000;
    const script: Script = ({ at }) => {
      const finished = Math.floor(at / pauseMs);
      const updatedAt = DATABASE_EPOCH + finished * pauseMs;
      const items = Array.from({ length: 60 - finished }, (_, each) =>
        workflowDetail({ id: `order-${each}`, updatedAt }),
      );
      return { inFlight: [inFlight('1.0.0', { pending: items.length })], workflows: { items, ...whole } };
    };
    const { lines } = await holdAndLog(timed(script), { ...slowly, timeoutMs: 20 * MINUTE });
    // Before the second one has finished, no pause is usual.
    const later = polls(lines).filter((line) => /^\[ *(?:[4-9]|1\d)m/.test(line));
    expect(later.length).toBeGreaterThan(10);
    expect(later.join('\n')).not.toContain('nothing has moved');
  });

  test('what only sleeps is not meant to move', async () => {
    const { lines } = await holdAndLog(dying(0, 5000, 0, [sleeper]), slowly);
    expect(lines.join('\n')).not.toMatch(/nothing has moved|Nothing moves/);
    expect(polls(lines)[0]).toContain('never: it sleeps until 09:00 UTC, after the timeout');
  });

  test('nor is a parent that waits for what sleeps, however long', async () => {
    const until = 20 * MINUTE;
    const lastStep = step({ name: 'DBOS.sleep', startedAt: DATABASE_EPOCH, completedAt: DATABASE_EPOCH + until });
    const items = [
      workflowDetail({ id: 'parent', name: 'fulfil', hasChildren: true }),
      workflowDetail({ id: 'child', name: 'remind', parent: 'parent', lastStep }),
    ];
    const script: Script = ({ at }) =>
      at >= until ? {} : { inFlight: [inFlight('1.0.0', { pending: 2 })], workflows: { items, ...whole } };
    const { run, lines } = await holdAndLog(timed(script));
    expect(run.verdict).toBe('drained');
    expect(lines.join('\n')).not.toMatch(/nothing has|Nothing moves|no sign/);
    expect(lines).toContain('  If you do nothing: 2 sleep until 00:20 UTC (the last).');
  });

  test('nothing is claimed of what was not read', async () => {
    const script: Script = () => ({ inFlight: [inFlight('1.0.0', { pending: 5 })] });
    const { run, lines } = await holdAndLog(timed(script), slowly);
    expect(lines.join('\n')).not.toMatch(/nothing has moved/);
    expect(plain(runReportOf(run).diagnosis?.reason ?? [])).toBe(
      'Slow: no workflow has been read in detail, and there is no estimate yet.',
    );
  });
});

describe('a version without a process', () => {
  /** Its process is killed after six minutes, and nothing takes the rest from the queue. One sleep is over after 13. */
  const killed: Script = timed(({ at }) => {
    const aliveMs = Math.min(at, 6 * MINUTE);
    const alive = DATABASE_EPOCH + aliveMs;
    const until = DATABASE_EPOCH + 13 * MINUTE;
    const lastStep = step({ name: 'DBOS.sleep', number: 0, startedAt: DATABASE_EPOCH, completedAt: until });
    const queued = Array.from({ length: 60 - Math.floor(aliveMs / 10_000) }, (_, index) =>
      workflowDetail({ id: `queued-${index}`, status: 'ENQUEUED', queue: 'mail' }),
    );
    const items = [
      workflowDetail({ id: 'sleeper', lastStep }),
      workflowDetail({ id: 'cut', updatedAt: alive }),
      ...queued,
    ];
    return {
      inFlight: [inFlight('1.0.0', { pending: 2, enqueued: queued.length, newestTakenAt: alive })],
      workflows: { items, ...whole },
      queues: [queueInFlight({ queue: 'mail', enqueued: queued.length, newestStartedAt: alive })],
    };
  });

  test('does not come back when a sleep that nobody wakes is over, and has no rate of earlier times', async () => {
    const changes = { ...slowly, timeoutMs: 20 * MINUTE, stuckAfterMs: 5 * MINUTE };
    const { lines } = await holdAndLog(killed, changes);
    const said = polls(lines);
    const first = said.findIndex((line) => line.includes('no process of this version seems to be running'));
    expect(said[first]).toMatch(/^\[ +11m/);
    const after = said.slice(first);
    expect(after.length).toBeGreaterThan(7);
    for (const line of after) expect(line).toMatch(/enqueued; never: no process of this version seems to be running/);
  });
});

describe('the last line of a hold that ends early', () => {
  test('says why it ends', async () => {
    const asleep = await holdAndLog(dying(HOUR, 5000, 60, [sleeper]), { timeoutMs: 30 * MINUTE });
    expect(asleep.run.verdict).toBe('cannot-drain');
    expect(polls(asleep.lines).at(-1)).toMatch(/, after the timeout; stopping before the timeout \(`fail-fast`\)$/);
    const live = await holdAndLog(timed(() => ({ registrations: [registration('1.0.0', 1)] })));
    expect(live.run.verdict).toBe('still-live');
    expect(polls(live.lines).at(-1)).toMatch(/; stopping before the timeout \(`fail-fast`\)$/);
    const late = await holdAndLog(dying(HOUR, 5000, 60), { timeoutMs: MINUTE });
    expect(polls(late.lines).at(-1)).not.toContain('stopping');
  });

  test('and its annotation offers no longer timeout where something is stuck', async () => {
    const silent = workflowDetail({ ...IDLE, id: 'order-99' });
    const { run } = await holdAndLog(dying(HOUR, 5000, 60, [sleeper, silent]), { timeoutMs: 30 * MINUTE });
    const [annotation] = annotationsOf(runReportOf(run));
    expect(annotation?.message).toContain('A longer `timeout` does not help: 1 workflow is stuck.');
    expect(annotation?.message).not.toContain('set `timeout`');
  });
});

describe('one story', () => {
  test('what sleeps past the timeout hides no other sleep from what happens if nobody acts', async () => {
    const soon = step({ name: 'DBOS.sleep', startedAt: DATABASE_EPOCH, completedAt: DATABASE_EPOCH + 20 * MINUTE });
    const others = [sleeper, workflowDetail({ id: 'soon', name: 'remind', lastStep: soon })];
    const changes = { timeoutMs: 30 * MINUTE, failFast: false };
    const { lines } = await holdAndLog(dying(HOUR, 10_000, 60, others), changes);
    // The rate is that of the others, which have finished by then.
    const late = polls(lines).filter((line) => /^\[ *1[2-9]m/.test(line));
    expect(late.length).toBeGreaterThan(5);
    expect(late.join('\n')).not.toContain('finished/min');
    expect(lines).toContain(
      '  If you do nothing: 60 of 62 can still finish, with no estimate; 2 sleep until 09:00 UTC (the last).',
    );
  });

  test('the headline names the workflow that the table of what blocks begins with', async () => {
    const scene: Script = () => {
      const older = { createdAt: DATABASE_EPOCH - 3 * HOUR, updatedAt: DATABASE_EPOCH - 3 * HOUR };
      const items = [
        workflowDetail({ ...IDLE, ...older, id: 'old', name: 'archive' }),
        workflowDetail({ ...IDLE, id: 'young', name: 'ship', updatedAt: DATABASE_EPOCH - HOUR }),
        workflowDetail({ ...IDLE, id: 'longest', name: 'ship' }),
      ];
      return { inFlight: [inFlight('1.0.0', { pending: 3 })], workflows: { items, ...whole } };
    };
    const { run } = await holdAndLog(scene, { mode: 'check' });
    const report = runReportOf(run);
    expect(plain(report.headline)).toContain('"longest" ("ship"): no step finished for 2h');
    expect(report.activities.items[0]).toMatchObject({ workflow: 'ship', count: 2 });
    expect(plain(report.activities.items[0]?.message ?? [])).toContain('no step finished for 2h');
  });

  test('a line leaves out the blocker that its diagnosis names, by kind', async () => {
    const starting: Script = ({ number }) => ({ started: number > 1 ? [started('1.0.0', number - 1, number)] : [] });
    const { lines } = await holdAndLog(timed(starting), { timeoutMs: MINUTE });
    expect(polls(lines).at(-1)).toBe(
      '[ 1m 5s] 0 in flight (no change); stuck: traffic has not moved, work is still starting',
    );
    const live = await holdAndLog(() => ({ registrations: [registration('1.0.0', 1)] }), { mode: 'check' });
    expect(polls(live.lines)).toEqual([
      '[    0s] 0 in flight; stuck: still the latest version, so new work goes to it',
    ]);
  });

  test('a line names why each of two versions is live', async () => {
    const newestRoots = evidenceOf([{ version: '1.0.0', at: DATABASE_EPOCH - 3 * MINUTE }]);
    const registrations = [registration('1.0.0', 1), registration('2.0.0', DATABASE_EPOCH - HOUR)];
    const targets = { kind: 'named', versions: ['1.0.0', '2.0.0'] } as const;
    const { lines } = await holdAndLog(() => ({ registrations, newestRoots }), { mode: 'check', targets });
    expect(polls(lines)[0]).toMatch(
      /0 in flight; still the latest version; stuck \("1\.0\.0"\): traffic has not moved, still receives work; /,
    );
  });

  test('a drain that is stalled says once that nothing moves', async () => {
    const lastStep = step({ number: 0, name: 'DBOS.sleep', startedAt: null });
    const scene = { inFlight: [inFlight('1.0.0', { pending: 1 })] };
    const items = [workflowDetail({ id: 'nap', name: 'nap', lastStep })];
    const script: Script = () => ({ ...scene, workflows: { items, ...whole } });
    const { lines } = await holdAndLog(timed(script), { ...slowly, timeoutMs: 18 * MINUTE });
    expect(polls(lines).at(-1)).toBe('[   18m] 1 in flight (no change); stuck: nothing has finished for 15m');
    expect(lines.filter((line) => line.startsWith('  Nothing moves.'))).toEqual([
      '  Nothing moves. "nap" ("nap") waits: check its code for how long it waits.',
    ]);
  });

  test('the next step of each workflow in the report follows how its version stands', async () => {
    const stepsOf = async (script: Script) => {
      const { run } = await holdAndLog(script, { mode: 'check' });
      return runReportOf(run).workflows.items.map(({ activity }) => plain(activity?.nextStep ?? []));
    };
    const running = {
      inFlight: [inFlight('1.0.0', { pending: 1 })],
      workflows: { items: [workflowDetail()], ...whole },
    };
    expect(await stepsOf(() => running)).toEqual(['let it finish']);
    expect(await stepsOf(() => ({ ...running, registrations: [registration('1.0.0', 1)] }))).toEqual([
      'move the traffic to another version first',
    ]);
  });
});
