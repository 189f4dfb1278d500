import { describe, expect, test } from 'vitest';
import { holdAlong, type Timeline } from '../support/timelines.ts';

/*
 * How often and how soon a hold of half an hour ends, for deploys whose traffic comes at random: what rule 5 costs and
 * catches. The figures beside each timeline were worked out on paper: of 300 runs, those that drained, and the median
 * wait in seconds. 300 runs of the rules themselves differ from them by chance only.
 *
 * TIMELINE_RUNS=300 npx vitest run tests/unit/live-timelines.test.ts prints the table again.
 */

const RUNS = Number(process.env['TIMELINE_RUNS'] ?? 8);
const ON_PAPER = 300;
/** Workflows per minute. */
const RATES = [0.2, 1, 10, 100] as const;

type Cells<T> = readonly [T, T, T, T];

interface Row extends Timeline {
  readonly drained: Cells<number>;
  /** In seconds, at each rate. */
  readonly medians?: Cells<number>;
}

const ALL: Cells<number> = [300, 300, 300, 300];
const NONE: Cells<number> = [0, 0, 0, 0];

const ORDINARY: Readonly<Record<string, Row>> = {
  'traffic moves 3 minutes after the launch': {
    ...{
      shares: [
        [0, 1],
        [3, 0],
      ],
      gateAt: 3,
    },
    ...{ drained: ALL, medians: [30, 30, 55, 55] },
  },
  'a canary of a tenth for 10 minutes': {
    ...{
      shares: [
        [0, 0.9],
        [10, 0],
      ],
      gateAt: 10,
    },
    ...{ drained: ALL, medians: [30, 40, 55, 55] },
  },
  'launched an hour before the shift': {
    ...{
      shares: [
        [0, 1],
        [60, 0],
      ],
      gateAt: 60,
    },
    ...{ drained: ALL, medians: [260, 70, 55, 55] },
  },
  'launched an hour before the shift, with a cron on the new version': {
    ...{
      shares: [
        [0, 1],
        [60, 0],
      ],
      gateAt: 60,
      cronTakenUntil: Number.POSITIVE_INFINITY,
    },
    ...{ drained: [299, 300, 300, 300], medians: [225, 60, 55, 55] },
  },
  'a canary of a tenth for two hours': {
    ...{
      shares: [
        [0, 0.9],
        [120, 0],
      ],
      gateAt: 120,
    },
    ...{ drained: [239, 300, 300, 300], medians: [930, 265, 55, 55] },
  },
};

/** To drain is wrong here: 1.0.0 runs, and takes new work. */
const WRONG: Readonly<Record<string, Row>> = {
  'rolled back after an hour, a sweep a day later': {
    ...{
      shares: [
        [0, 0],
        [60, 1],
      ],
      gateAt: 25 * 60,
    },
    drained: NONE,
  },
  'rolled back after an hour, a sweep a day later, with a cron on the dead latest': {
    ...{
      shares: [
        [0, 0],
        [60, 1],
      ],
      gateAt: 25 * 60,
      cronTakenUntil: 60,
    },
    drained: NONE,
  },
  'rolled back after 4 minutes, a sweep an hour later': {
    ...{
      shares: [
        [0, 0],
        [4, 1],
      ],
      gateAt: 64,
    },
    drained: NONE,
  },
  'both take half': { shares: [[0, 0.5]], gateAt: 60, drained: [6, 0, 0, 0] },
  'both live, the old one takes a tenth': { shares: [[0, 0.1]], gateAt: 60, drained: [148, 3, 6, 2] },
  'rolled back after 4 minutes while the gate still holds': {
    ...{
      shares: [
        [0, 0],
        [4, 1],
      ],
      gateAt: 4,
    },
    drained: [290, 177, 1, 0],
  },
};

/**
 * 3.0.0 registers while the gate holds. The first three are ordinary: the traffic moves to it, at once or two minutes
 * later. In the others it stays where it was, and to drain is wrong. The gate sees that only by a workflow that was
 * started in its run, or in the minute before it. These figures are those of the rules themselves.
 */
const REGISTERED_IN_HOLD: Readonly<Record<string, Row>> = {
  'registered in the hold, and takes the traffic of 2.0.0 at once': {
    ...{ shares: [[0, 0]], gateAt: 120, keepsLatest: true, next: { registersAt: 0.4, takesAt: 0.4 } },
    ...{ drained: ALL, medians: [55, 85, 80, 80] },
  },
  'registered in the hold, and takes the traffic of 2.0.0 two minutes later': {
    ...{ shares: [[0, 0]], gateAt: 120, keepsLatest: true, next: { registersAt: 0.4, takesAt: 2.4 } },
    ...{ drained: ALL, medians: [55, 210, 200, 200] },
  },
  'registered in the hold, and takes the traffic of 1.0.0, which was launched again': {
    ...{
      shares: [
        [0, 0],
        [60, 1],
      ],
      gateAt: 25 * 60,
      next: { registersAt: 0.4, takesAt: 0.4 },
    },
    ...{ drained: ALL, medians: [245, 100, 75, 80] },
  },
  'registered in the hold, and 2.0.0 keeps the traffic': {
    ...{ shares: [[0, 0]], gateAt: 120, keepsLatest: true, next: { registersAt: 0.4, takesAt: 100 } },
    drained: [228, 49, 0, 0],
  },
  'registered in the hold, and 1.0.0, which was launched again, keeps the traffic': {
    ...{
      shares: [
        [0, 0],
        [60, 1],
      ],
      gateAt: 25 * 60,
      next: { registersAt: 0.4, takesAt: 100 },
    },
    drained: [54, 0, 0, 0],
  },
};

describe.each(Object.entries({ ...ORDINARY, ...WRONG, ...REGISTERED_IN_HOLD }))(
  '%s',
  { tags: ['exhaustive'] },
  (name, { drained, medians, ...timeline }) => {
    test.each(RATES.map((rate, column) => [rate, column] as const))(
      '%d workflows per minute',
      { timeout: 600_000 },
      (rate, column) => {
        const waits = Array.from({ length: RUNS }, (_, run) =>
          holdAlong(timeline, rate, 1 + column + RATES.length * run),
        );
        const ended = waits.filter((wait) => wait !== undefined).sort((a, b) => a - b);
        const [median = 0, p95 = 0] = [0.5, 0.95].map(
          (part) => (ended[Math.ceil(part * ended.length) - 1] ?? 0) / 1000,
        );
        if (RUNS >= ON_PAPER)
          console.log(`${name}, ${rate} a minute: ${ended.length} of ${RUNS}, ${median} / ${p95} s`);

        const part = (drained[column] ?? 0) / ON_PAPER;
        const noise = 4 * Math.sqrt((part * (1 - part)) / RUNS) + 4 * Math.sqrt((part * (1 - part)) / ON_PAPER);
        // What came never, or always, in 300 runs can come once, but not where no run may drain.
        const oddOne = drained === NONE ? 0 : 1 / ON_PAPER;
        expect(Math.abs(ended.length / RUNS - part)).toBeLessThanOrEqual(noise + oddOne);
        if (medians === undefined) return;
        // Waits are spread like the pauses between workflows, and few runs tell little about the middle.
        const expected = medians[column] ?? 0;
        expect(median).toBeGreaterThanOrEqual(RUNS < ON_PAPER ? expected / 2.5 : expected * 0.8);
        expect(median).toBeLessThanOrEqual((RUNS < ON_PAPER ? expected * 2.5 : expected * 1.25) + 5);
      },
    );
  },
);
