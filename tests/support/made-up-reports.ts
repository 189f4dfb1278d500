import { inputError, reportedFailure } from '../../src/errors.ts';
import { forecastOf } from '../../src/forecast/forecast.ts';
import { emptyHistory } from '../../src/forecast/history.ts';
import { initialState } from '../../src/hold/state.ts';
import { trusted } from '../../src/message.ts';
import { failedRun, runReportOf } from '../../src/report/model.ts';
import type { RunReport } from '../../src/report/schema.ts';
import { evaluate } from '../../src/rules/evaluate.ts';
import { config, DATABASE_EPOCH, inFlight, snapshot, step, workflowDetail } from './builders.ts';

const MINUTE = 60_000;

const busy = snapshot({
  inFlight: [inFlight('1.0.0', { pending: 1, delayed: 1, ignored: 1 }), inFlight(null, { enqueued: 1 })],
  groups: {
    items: [
      {
        version: '1.0.0',
        name: 'checkout',
        className: 'Orders',
        queue: null,
        pending: 1,
        enqueued: 0,
        delayed: 0,
        ignored: false,
        oldestCreatedAt: DATABASE_EPOCH - 80 * MINUTE,
      },
    ],
    omitted: 1,
    omittedUnversioned: 0,
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
    omitted: 1,
    omittedUnversioned: 0,
  },
});

const gate = config({ mode: 'check' });
const time = { began: 0, ended: 12 };

const evaluation = evaluate(gate, initialState, busy, time);
const forecast = forecastOf(gate, emptyHistory, evaluation, time);

/** A `check` that found work in flight, with a value for nearly everything that a report can hold. */
export const blockedReport: RunReport = {
  ...runReportOf({
    verdict: 'in-flight',
    failure: undefined,
    config: gate,
    schema: 'dbos',
    first: undefined,
    last: { evaluation, forecast, time, decides: true },
    waitedMs: 123,
    polls: 1,
    failedPolls: 0,
  }),
  warnings: [trusted('A warning.')],
};

/** A run whose inputs could not be read. */
export const failedReport: RunReport = runReportOf(
  failedRun(reportedFailure(inputError()`The input \`mode\` is ${'sleep'}. Accepted: one of wait, check, report.`)),
);
