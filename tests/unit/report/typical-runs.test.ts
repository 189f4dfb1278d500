import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../../src/config.ts';
import type { WorkflowDetail } from '../../../src/dbos/snapshot/index.ts';
import { TransientError } from '../../../src/errors.ts';
import { msg } from '../../../src/message.ts';
import { annotationsOf } from '../../../src/report/annotations.ts';
import { runReportOf } from '../../../src/report/model.ts';
import { outputsOf } from '../../../src/report/outputs.ts';
import { summaryOf } from '../../../src/report/summary.ts';
import type { Verdict } from '../../../src/rules/verdict.ts';
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
import { busy, fileOf, HOUR, holdAndLog, IDLE, kitOf, PAGE, timed } from '../../support/report-runs.ts';

/*
 * What typical runs publish, in the files beside this test: a reviewer sees a change of the product in the diff.
 * `npx vitest run --update` writes them.
 */

interface TypicalRun {
  readonly script: Script;
  readonly verdict: Verdict;
  readonly changes?: Partial<GateConfig>;
}

const MINUTE = 60_000;

/** This many workflows run, and the last one to finish a step has just done so. */
function atWork(count: number, at: number, changes: Partial<WorkflowDetail> = {}): readonly WorkflowDetail[] {
  return Array.from({ length: count }, (_, index) =>
    workflowDetail({ id: `order-${100 + index}`, updatedAt: DATABASE_EPOCH + at, ...changes }),
  );
}

/** So many are left at `at`, when one finishes every ten seconds. */
const left = (count: number, at: number) => Math.max(0, count - Math.floor(at / 10_000));

const slow: Script = ({ at }) => ({
  inFlight: [inFlight('1.0.0', { pending: left(60, at) })],
  workflows: { items: atWork(left(60, at), at), ...whole },
});

/** Two of the workflows have not finished a step for an hour, and one waits for a message as long. */
const stuckBesideWork: Script = ({ at }) => {
  const silent = workflowDetail({ ...IDLE, id: 'order-1', name: 'ship', executor: 'vm-1' });
  const message = step({ number: 2, name: 'DBOS.sleep', completedAt: DATABASE_EPOCH - HOUR });
  const items = [
    silent,
    { ...silent, id: 'order-2' },
    workflowDetail({ ...IDLE, id: 'order-3', name: 'approve', lastStep: message }),
    ...atWork(left(24, at), at),
  ];
  const inFlightHere = inFlight('1.0.0', { pending: items.length, oldestCreatedAt: IDLE.createdAt });
  return { inFlight: [inFlightHere], workflows: { items, ...whole } };
};

/** After three minutes, one of the workflows goes to sleep for two hours. */
const sleepsLater: Script = ({ at }) => {
  const startedAt = DATABASE_EPOCH + 3 * MINUTE;
  const asleep = step({ number: 0, name: 'DBOS.sleep', startedAt, completedAt: startedAt + 2 * HOUR });
  const sleeper = workflowDetail({
    id: 'order-16',
    name: 'remind',
    updatedAt: DATABASE_EPOCH + Math.min(at, 3 * MINUTE),
    lastStep: at < 3 * MINUTE ? null : asleep,
  });
  const others = atWork(left(33, at), at);
  return {
    inFlight: [inFlight('1.0.0', { pending: others.length + 1 })],
    workflows: { items: [sleeper, ...others], ...whole },
  };
};

/** After two minutes its process is killed: nothing finishes, and nobody takes the rest from the queue. */
const killedAfterTwoMinutes: Script = ({ at }) => {
  const alive = Math.min(at, 2 * MINUTE);
  const running = atWork(4, alive);
  const queued = atWork(left(24, alive), 0, { status: 'ENQUEUED', queue: 'payments' });
  const sleep = step({
    number: 0,
    name: 'DBOS.sleep',
    startedAt: DATABASE_EPOCH,
    completedAt: DATABASE_EPOCH + 2 * HOUR,
  });
  const sleeper = workflowDetail({ id: 'order-16', name: 'remind', lastStep: sleep });
  return {
    inFlight: [inFlight('1.0.0', { pending: 5, enqueued: queued.length, newestTakenAt: DATABASE_EPOCH + alive })],
    workflows: {
      items: [sleeper, ...running, ...queued.map((each) => ({ ...each, id: `queued-${each.id}` }))],
      ...whole,
    },
    queues: [
      queueInFlight({
        queue: 'payments',
        enqueued: queued.length,
        runningInAll: 4,
        concurrency: 10,
        newestStartedAt: DATABASE_EPOCH + alive,
      }),
    ],
  };
};

const notConverging: Script = ({ number, at }) => ({
  inFlight: [inFlight('1.0.0', { pending: 50 })],
  workflows: { items: atWork(50, at), ...whole },
  started: number > 1 ? [started('1.0.0', 0, 9)] : [],
  names: number > 1 ? [{ version: '1.0.0', name: 'checkout', className: null, count: 5, scheduled: false }] : [],
});

const three = ['1.0.0', '1.1.0', '1.2.0'] as const;

const severalTargets: Script = (poll) => {
  const { at } = poll;
  const stuckScene = stuckBesideWork(poll);
  const moving = atWork(left(40, at), at, { version: '1.1.0' }).map((each) => ({ ...each, id: `v11-${each.id}` }));
  return {
    registrations: [...three, '2.0.0'].map((version, index) => registration(version, index)),
    inFlight: [...(stuckScene.inFlight ?? []), inFlight('1.1.0', { pending: moving.length })],
    workflows: { items: [...(stuckScene.workflows?.items ?? []), ...moving], ...whole },
  };
};

const RUNS: Readonly<Record<string, TypicalRun>> = {
  slow: { verdict: 'timed-out', script: slow, changes: { timeoutMs: 5 * MINUTE } },
  stuck: { verdict: 'timed-out', script: stuckBesideWork, changes: { timeoutMs: 5 * MINUTE } },
  'never-by-sleep': { verdict: 'cannot-drain', script: sleepsLater },
  'never-by-dead-process': {
    verdict: 'timed-out',
    script: killedAfterTwoMinutes,
    changes: { timeoutMs: 8 * MINUTE, stuckAfterMs: 5 * MINUTE, failFast: false },
  },
  'still-live': {
    verdict: 'in-flight',
    script: (poll) => ({ ...slow(poll), registrations: [registration('0.9.0', 1), registration('1.0.0', 2)] }),
    changes: { mode: 'check' },
  },
  typo: {
    verdict: 'unknown-version',
    script: () => busy,
    changes: { mode: 'check', targets: { kind: 'named', versions: ['v1.0.0'] } },
  },
  'not-converging': { verdict: 'timed-out', script: notConverging, changes: { timeoutMs: 4 * MINUTE } },
  'several-targets': {
    verdict: 'timed-out',
    script: severalTargets,
    changes: { targets: { kind: 'named', versions: three }, timeoutMs: 5 * MINUTE },
  },
  'error-after-outage': {
    verdict: 'error',
    script: (poll) => {
      if (poll.at < 30_000) return slow(poll);
      throw new TransientError(msg`Connection lost.`, true, { id: 'connection-lost' });
    },
    changes: { timeoutMs: 2 * MINUTE },
  },
  drained: {
    verdict: 'drained',
    script: ({ at }) => ({
      ...(at < 60_000 ? busy : at < 90_000 ? { inFlight: [inFlight('1.0.0', { pending: 1 })] } : {}),
      failed: [{ version: '1.0.0', cancelled: 2, deadLettered: 1 }],
    }),
  },
  'in-flight': { verdict: 'in-flight', script: () => busy, changes: { mode: 'check' } },
  'no-target': {
    verdict: 'no-target',
    script: () => ({ registrations: [registration('2.0.0', DATABASE_EPOCH - 2 * HOUR)] }),
    changes: { targets: { kind: 'all-but-latest' } },
  },
};

describe.each(Object.entries(RUNS))('a run of the kind %s', async (name, { script, verdict, changes = {} }) => {
  const { run, lines } = await holdAndLog(timed(script), changes);
  const report = runReportOf({ ...run, page: PAGE });

  test('publishes what it is known to', async () => {
    expect(report.verdict).toBe(verdict);
    const file = (what: string) => `./typical-runs/${name}/${what}`;
    const folder = '/tmp/dbos-drain-gate';
    const annotations = annotationsOf(report).map(({ level, title, message }) => `${level}: ${title}\n${message}\n`);
    const { values } = outputsOf(report, `${folder}/report.json`);
    await expect(summaryOf(report, kitOf(run, folder))).toMatchFileSnapshot(file('summary.md'));
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(file('log.txt'));
    await expect(annotations.join('\n')).toMatchFileSnapshot(file('annotations.txt'));
    await expect(json(values)).toMatchFileSnapshot(file('outputs.json'));
    await expect(json(fileOf(report))).toMatchFileSnapshot(file('report.json'));
  });
});

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
