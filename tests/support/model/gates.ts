import type { GateConfig, TargetSelection } from '../../../src/config.ts';
import { systemDatabase } from '../../../src/dbos/reader.ts';
import { hold } from '../../../src/hold/hold.ts';
import { runReportOf } from '../../../src/report/model.ts';
import { plain } from '../../../src/report/text.ts';
import { type Clock, systemClock } from '../../../src/time.ts';
import { answered, config } from '../builders.ts';
import type { TestDatabase } from '../system-databases.ts';
import { OLD } from './world.ts';

/** What the gate is asked. */
export interface Question {
  readonly targets: TargetSelection;
  readonly application: string | undefined;
}

/** What it says at its end. */
export interface Answer {
  readonly verdict: string;
  /** The versions that may be torn down, whatever the verdict is. */
  readonly drained: readonly string[];
  /** A target has drained: one of these, or what runs without a version. */
  readonly isAnythingDrained: boolean;
  readonly warnings: readonly string[];
  readonly polls: number;
}

/** What happens while a gate holds. */
export interface Meanwhile {
  /** In each pause, the world goes on. */
  pause(): Promise<void>;
  /** After each poll that succeeded: the world is as the poll saw it. */
  polled(): Promise<void>;
}

/** Answers a question. */
export type Gate = (database: TestDatabase, question: Question, meanwhile: Meanwhile) => Promise<Answer>;

const POLLS = 20;
const POLL_INTERVAL_MS = 10_000;

/** The gate itself, on a clock that pauses alone move. */
export const theGate: Gate = (...scene) => gateThrough(scene, async () => undefined);

/** The gate, whose connection is ended again and again: a settle window fits in between. */
export const theGateOnAShakyNetwork: Gate = (...scene) => {
  const [database] = scene;
  let pauses = 0;
  return gateThrough(scene, async () => {
    pauses += 1;
    if (pauses % 5 !== 2) return;
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'dbos-drain-gate' AND datname = current_database()`,
    );
  });
};

async function gateThrough(
  [database, question, meanwhile]: Parameters<Gate>,
  fault: () => Promise<void>,
): Promise<Answer> {
  let now = 0;
  let polls = 0;
  const clock: Clock = {
    now: () => now,
    withTimeout: systemClock.withTimeout,
    pause: async (milliseconds) => {
      now += milliseconds;
      await meanwhile.pause();
      await fault();
    },
  };
  // The rules are what is judged here, to the end of each walk.
  const gate: GateConfig = config({
    ...question,
    pollIntervalMs: POLL_INTERVAL_MS,
    settleMs: 2 * POLL_INTERVAL_MS,
    timeoutMs: POLLS * POLL_INTERVAL_MS,
    failFast: false,
  });
  const reader = systemDatabase(database.config, gate, clock.now);
  const count = () => {
    polls += 1;
  };
  try {
    const result = await hold(gate, {
      clock,
      reader: {
        async read(request, signal) {
          const snapshot = await reader.read(request, signal);
          await meanwhile.polled();
          return snapshot;
        },
      },
      signal: new AbortController().signal,
      onPoll: count,
      onFailedPoll: count,
    });
    const { error: _, ...held } = answered(result);
    const {
      verdict,
      drainedVersions: drained,
      versions,
      warnings,
    } = runReportOf({
      ...held,
      failure: undefined,
      config: gate,
      schema: 'dbos',
    });
    const isAnythingDrained = versions.some((each) => each.drained);
    return { verdict, drained, isAnythingDrained, warnings: warnings.map(plain), polls };
  } finally {
    await reader.close();
  }
}

/** DBOS's published recipe: poll until nothing is ENQUEUED or PENDING on the version. */
export const naiveGate: Gate = async (database, _question, { pause }) => {
  for (let polls = 1; polls <= POLLS; polls += 1) {
    const rows = await database.query(
      `SELECT FROM dbos.workflow_status WHERE status IN ('ENQUEUED', 'PENDING') AND application_version = $1 LIMIT 1`,
      [OLD],
    );
    if (rows.length === 0) return { verdict: 'drained', drained: [OLD], isAnythingDrained: true, warnings: [], polls };
    await pause();
  }
  return { verdict: 'timed-out', drained: [], isAnythingDrained: false, warnings: [], polls: POLLS };
};
