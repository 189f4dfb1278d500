/** Which application a child process launches. */
export interface LaunchOptions {
  /** Name of the installed package: an alias of `tests/sdks/package.json`. */
  readonly sdk: string;
  readonly name: string;
  readonly version: string;
  readonly databaseUrl: string;
  /** Schema of the system tables; releases before 4 know `dbos` only. */
  readonly schema?: string;
  /** When `short` runs by itself, as `@DBOS.scheduled` makes it: with seconds. Release 5 has no such schedules. */
  readonly crontab?: string;
}

/** The queues that every application has: one that runs one workflow at a time, and one without a limit. */
export type QueueKind = 'serial' | 'parallel';

/** The full name of a queue: SDK 5 lets an application register only what no other one owns. */
export function queueName(application: string, kind: QueueKind): string {
  return `${application}-${kind}`;
}

/** What a process prints that is about to stop everything, timers and all. */
export const FROZEN = 'FROZEN';

/** What a test can make a launched application do. Every workflow is named by its id. */
export interface AppCalls {
  /** Launches the SDK, which creates or migrates the system database. Resolves when it takes work. */
  launch(options: LaunchOptions): Promise<void>;
  /** Starts `held`, which is busy in a step until it is finished. Resolves when it is in that step. */
  startHeld(): Promise<string>;
  /** Starts `receiving`, which waits for a message. Resolves when it waits. */
  startReceiving(): Promise<string>;
  /** Starts `sleeping`. Resolves when it sleeps. */
  startSleeping(milliseconds: number): Promise<string>;
  /** Starts `parent`, which starts `held` children and waits for them. Resolves when all are busy. */
  startParent(children: number): Promise<{ readonly id: string; readonly children: string[] }>;
  /** Runs `short` from beginning to end. */
  runShort(): Promise<string>;
  /**
   * Enqueues `held`. With a delay it is in status DELAYED first.
   *
   * @throws when the release cannot delay (before 4.12)
   */
  enqueue(options: { queue: QueueKind; delaySeconds?: number }): Promise<string>;
  /** Enqueues `short` so many times in `parallel`; resolves when all have ended, with how long it took in milliseconds. */
  runThroughQueue(count: number): Promise<number>;
  /** Enqueues `held` as an outside client of the same release does: without a version unless one is given. */
  enqueueByClient(options: { queue: QueueKind; version?: string }): Promise<string>;
  /**
   * Debounces `short`: delays its start until so long after the last call with this key, in whatever version's
   * process that is. For releases from 5 on; older ones keep a workflow running instead.
   */
  debounce(key: string, periodMs: number): Promise<string>;
  /** Resolves when the body of a workflow has begun in this process: an enqueued one was dequeued here. */
  begun(id: string): Promise<void>;
  /** Lets a workflow of any kind but `sleeping` come to its end, children included, and waits for it. */
  finish(id: string): Promise<void>;
  /** Resolves with the status that a workflow ends in, whatever makes it end. */
  ended(id: string): Promise<string>;
  status(id: string): Promise<string | undefined>;
  cancel(id: string): Promise<void>;
  /** Promotes a version. Releases before 4.10 have no such thing. */
  setLatestVersion(version: string): Promise<void>;
  /**
   * Waits for a moment when no statement is under way, prints {@link FROZEN}, and blocks the process until its standard
   * input brings something or ends.
   */
  block(): Promise<void>;
  /**
   * Stops taking work and closes the connections.
   *
   * @throws when a workflow still runs in the process: releases before 4.27 would wait for it for ever
   */
  shutdown(): Promise<void>;
}
