/*
 * How the scenario table drives a DBOS application of any language: a process with all workflows and queues, which reads
 * one JSON object per line from standard input, `{"id": 1, "method": "start", "params": {…}}`, and answers each, in any
 * order, with a line that starts with ANSWER: `{"id": 1, "value": …}` or `{"id": 1, "error": "text"}`. Calls run side by
 * side. All other output is a log. The process ends when its standard input ends, so that none is left over.
 *
 * The tables say what became of a call: the table waits for rows, and asks the application for nothing that they show.
 */

export const ANSWER = '@answer ';

/**
 * The workflows of every application, under the names that its language gives them.
 *
 * - `short` returns at once; `held` is in a step until `release` names its id.
 * - `sleepFirst`, `sleepAfterStep`, `sleepAfterChild`, `sleepAfterPatch` sleep for `millis`: at once, or after a step
 *   that returns at once, after a child `short` that was started and awaited, after `DBOS.patch`.
 * - `receiveFirst`, `receiveAfterStep` wait for a message of the topic `finish`, at most for `millis`.
 * - `eventFirst`, `eventAfterStep` wait for the event `finish` of the workflow `<id>-source`, at most for `millis`.
 * - `parent` starts `held` with the id `<id>-child` and waits for its result.
 * - `retrying` is in a step that fails each time, and is retried after `millis`, up to ten times, at a constant pace.
 * - `race` sleeps for `millis` and runs a step that is over when `release` names its id, side by side, the sleep made first.
 * - `instanceHeld` and `classHeld` are `held` as methods: of a configured instance (`config_name` is `blue` or `green`, by
 *   `instance`), and of a class. Languages without them have none.
 */
export const WORKFLOWS = [
  'short',
  'held',
  'sleepFirst',
  'sleepAfterStep',
  'sleepAfterChild',
  'sleepAfterPatch',
  'receiveFirst',
  'receiveAfterStep',
  'eventFirst',
  'eventAfterStep',
  'parent',
  'retrying',
  'race',
  'instanceHeld',
  'classHeld',
] as const;

export type WorkflowName = (typeof WORKFLOWS)[number];

/**
 * The queues, each named `<application>-<kind>`: `serial` runs one workflow at a time, `parallel` has no limit, and
 * `partitioned` runs one workflow of each partition at a time. Where it can be set they are polled every 100 ms.
 */
export type QueueKind = 'serial' | 'parallel' | 'partitioned';

export interface Calls {
  /** Launches the SDK, which creates or migrates its tables. Resolves when the process takes work. */
  launch(params: {
    readonly application: string;
    /** Without one the SDK makes its default version. */
    readonly version?: string;
    /** Without one it is the SDK's default. */
    readonly executor?: string;
    /** `postgresql://user:password@127.0.0.1:port/name`. */
    readonly url: string;
    /** Runs `short` every second by the kind of schedule that fires in the process, where the SDK has one. */
    readonly scheduled?: boolean;
  }): Promise<null>;
  /** Starts a workflow, or enqueues it where there is a queue. Resolves when its row is written. */
  start(params: {
    readonly workflow: WorkflowName;
    readonly id: string;
    readonly millis?: number;
    readonly instance?: 'blue' | 'green';
    readonly queue?: QueueKind;
    readonly partition?: string;
    readonly delayMillis?: number;
    /** The deadline: after this long DBOS cancels it. */
    readonly timeoutMillis?: number;
  }): Promise<null>;
  /** Enqueues a workflow without arguments by the SDK's client, which needs no launched application. */
  enqueueByClient(params: {
    readonly workflow: 'short' | 'held';
    readonly id: string;
    readonly queue: QueueKind;
    readonly version?: string;
    readonly application: string;
    readonly url: string;
  }): Promise<null>;
  /** Lets the step of a `held` or a `race` end that runs in this process, or is still to run in it. */
  release(params: { readonly id: string }): Promise<null>;
  /** Sends the message that `receiveFirst` and `receiveAfterStep` wait for. */
  send(params: { readonly id: string }): Promise<null>;
  /** Debounces `short` with this key: its start is put off until this long after the last call. Resolves with its id. */
  debounce(params: { readonly key: string; readonly millis: number }): Promise<string>;
  cancel(params: { readonly id: string }): Promise<null>;
  resume(params: { readonly id: string }): Promise<null>;
  /** Forks from a step, `0` being the first in every language. Resolves with the id of the fork. */
  fork(params: { readonly id: string; readonly step: number; readonly version?: string }): Promise<string>;
  /** Sets a finished workflow back to ENQUEUED under its own id, where the SDK can. */
  rewind(params: { readonly id: string; readonly version?: string }): Promise<null>;
  /** Promotes a version. */
  setLatest(params: { readonly version: string }): Promise<null>;
  /** Stops in order, as the SDK's documentation does at SIGTERM, and ends the process with exit code 0. */
  shutdown(params: Record<string, never>): Promise<null>;
}

/** A call that the SDK or this release of it has no means for is answered with an error that starts like this. */
export const UNSUPPORTED = 'unsupported: ';
