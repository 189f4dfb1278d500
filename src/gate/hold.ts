import type { GateConfig } from './config.ts';
import { decide } from './decide.ts';
import { firstRequest, type Judgement, judge } from './judge.ts';
import { type LookTime, nothingSeen } from './memory.ts';
import type { Observer } from './observation.ts';
import type { Verdict } from './verdict.ts';

/** The gate's own clock: monotonic, in milliseconds from any beginning. */
export interface Clock {
  now(): number;
  /** Resolves after so many milliseconds; at once when the signal aborts. */
  pause(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export interface HoldParts {
  readonly observer: Observer;
  readonly clock: Clock;
  /** Aborts when the job is cancelled. */
  readonly signal: AbortSignal;
  /** Called after each look but the provisional ones. */
  readonly onLook: (look: Look) => void;
}

export interface Look {
  /** The verdict follows from this look; otherwise the gate looks again. */
  readonly decides: boolean;
  readonly judgement: Judgement;
  readonly time: LookTime;
}

export interface Outcome {
  readonly verdict: Verdict;
  /** The deciding look; absent when the job was cancelled before the first one that could decide. */
  readonly last: Look | undefined;
  readonly waitedMs: number;
}

/**
 * Looks, judges and pauses until there is a verdict.
 *
 * @throws what the observer throws: a failed look is no evidence of anything.
 */
export async function hold(config: GateConfig, parts: HoldParts): Promise<Outcome> {
  const { observer, clock, signal, onLook } = parts;
  const beginning = clock.now();
  const elapsed = () => clock.now() - beginning;
  let memory = nothingSeen;
  let request = firstRequest(config, memory);
  let last: Look | undefined;
  for (;;) {
    const began = elapsed();
    const observation = await unlessAborted(observer.look(request), signal);
    if (observation === undefined) return { verdict: 'cancelled', last, waitedMs: elapsed() };
    const time = { began, ended: elapsed() };
    const judgement = judge(config, memory, observation, time);
    memory = judgement.memory;
    request = judgement.next;

    const decision = decide(config, judgement, time);
    if (!judgement.provisional) {
      last = { judgement, time, decides: 'verdict' in decision };
      onLook(last);
    }
    if ('verdict' in decision) return { verdict: decision.verdict, last, waitedMs: elapsed() };
    await clock.pause(decision.pauseMs, signal);
    if (signal.aborted) return { verdict: 'cancelled', last, waitedMs: elapsed() };
  }
}

/** The promise's value, or undefined as soon as the signal aborts; what the promise does then is nobody's concern. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) {
    promise.catch(() => undefined);
    return undefined;
  }
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const abort = () => resolve(undefined);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
    promise.catch(() => undefined);
  }
}
