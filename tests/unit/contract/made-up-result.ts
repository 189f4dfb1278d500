import { nothingFollowed } from '../../../src/gate/course.ts';
import { forecastOf } from '../../../src/gate/forecast.ts';
import { judge } from '../../../src/gate/judge.ts';
import { nothingSeen } from '../../../src/gate/memory.ts';
import type { Result } from '../../../src/report/result.ts';
import { own, say } from '../../../src/sentence.ts';
import { config, DATABASE_EPOCH, inFlight, observation, step, workflowDetail } from '../builders.ts';

const MINUTE = 60_000;

const busy = observation({
  inFlight: [inFlight('1.0.0', { pending: 1, delayed: 1, ignored: 1 }), inFlight(null, { enqueued: 1 })],
  groups: {
    items: [
      {
        version: '1.0.0',
        name: 'checkout',
        queue: null,
        pending: 1,
        enqueued: 0,
        delayed: 0,
        ignored: false,
        oldestCreatedAt: DATABASE_EPOCH - 80 * MINUTE,
      },
    ],
    leftOut: 1,
    leftOutUnversioned: 0,
  },
  workflows: {
    items: [
      workflowDetail({
        id: 'order-1',
        version: '1.0.0',
        name: 'checkout',
        className: 'Orders',
        status: 'PENDING',
        queue: null,
        executor: 'local',
        createdAt: DATABASE_EPOCH - 80 * MINUTE,
        startedAt: DATABASE_EPOCH - 79 * MINUTE,
        delayUntil: null,
        parent: null,
        lastStep: step({ number: 3, name: 'charge', completedAt: DATABASE_EPOCH - MINUTE }),
      }),
      workflowDetail({
        id: 'order-2',
        version: '1.0.0',
        name: null,
        className: null,
        status: 'DELAYED',
        queue: 'payments',
        executor: null,
        createdAt: DATABASE_EPOCH - MINUTE,
        startedAt: null,
        delayUntil: DATABASE_EPOCH + MINUTE,
        parent: 'order-1',
        lastStep: null,
      }),
    ],
    leftOut: 1,
    leftOutUnversioned: 0,
  },
});

const gate = config({ mode: 'check' });
const time = { began: 0, ended: 12 };

const judgement = judge(gate, nothingSeen, busy, time);
const forecast = forecastOf(gate, nothingFollowed, judgement, time);

/** A `check` that found work in flight, with a value for nearly everything that a report can tell. */
export const blockedResult: Result = {
  verdict: 'in-flight',
  step: 'fail',
  config: gate,
  schema: 'dbos',
  first: undefined,
  last: { judgement, forecast, time, decides: true },
  failure: undefined,
  warnings: [own('A warning.')],
  waitedMs: 123,
  looks: 1,
  failedLooks: 0,
};

/** A run whose inputs could not be read. */
export const failedResult: Result = {
  verdict: 'error',
  step: 'fail',
  config: undefined,
  schema: undefined,
  first: undefined,
  last: undefined,
  failure: say`The input \`mode\` is ${'sleep'}. Accepted: one of wait, check, report.`,
  warnings: [],
  waitedMs: 0,
  looks: 0,
  failedLooks: 0,
};
