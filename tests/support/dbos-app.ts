import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type AppCalls, FROZEN, type LaunchOptions } from '../sdks/calls.ts';
import { callsTo } from './remote-calls.ts';

export { queueName } from '../sdks/calls.ts';

/** The installed SDK releases, oldest first: each age of the schema has one that made it. */
export const SDK_RELEASES = [
  '3.0.63',
  '3.5.8',
  '4.5.13',
  '4.10.15',
  '4.15.5',
  '4.20.11',
  '4.27.6',
  '5.0.2',
  '5.3.0',
] as const;

export type SdkRelease = (typeof SDK_RELEASES)[number];

export interface AppOptions extends Omit<LaunchOptions, 'sdk' | 'name'> {
  readonly sdk: SdkRelease;
  /** Defaults to `shop`. */
  readonly name?: string;
}

/** A real DBOS application in a process of its own; see {@link AppCalls} for what it does on request. */
export interface DbosApp extends Omit<AppCalls, 'launch' | 'shutdown' | 'block'> {
  readonly name: string;
  readonly version: string;
  /** What its process has printed. */
  output(): string;
  /**
   * Stops everything in its process, timers and all, at a moment when no statement of it is under way. Returns the
   * function that lets it continue.
   */
  freeze(): Promise<() => Promise<void>>;
  /**
   * Ends the process in order.
   *
   * @throws when a workflow still runs in it, sleeping ones included: finish it first, or `kill`
   */
  stop(): Promise<void>;
  /** Ends the process as a crash does; what was in flight stays in flight in the database. */
  kill(): Promise<void>;
}

const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/compiled/', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../sdks/app.ts', import.meta.url));

/**
 * Launches an application of an SDK release and version on a database, which the release creates its own
 * schema in. Its process ends with this one at the latest.
 *
 * @throws when the launch fails, with what the process printed
 */
export async function launchApp({ sdk, name = 'shop', ...options }: AppOptions): Promise<DbosApp> {
  const child = fork(PROGRAM, { silent: true, execArgv: [], env: environment() });
  const exited = once(child, 'exit');
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const output = () => printed;
  const calls = callsTo<AppCalls>(child, output);
  let frozen = false;
  const freeze = async () => {
    const { stdin, stdout, exitCode, signalCode } = child;
    const hasEnded = exitCode !== null || signalCode !== null || !child.connected;
    // A frozen process is thawed by whoever froze it, and one that has ended needs neither.
    if (frozen || hasEnded || stdin === null || stdout === null) return async () => {};
    frozen = true;
    const before = printed.length;
    const thawed = calls.block();
    while (!printed.includes(FROZEN, before)) await Promise.race([once(stdout, 'data'), thawed]);
    return async () => {
      frozen = false;
      stdin.write('.');
      await thawed;
    };
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const stop = async () => {
    if (child.connected) {
      await calls.shutdown();
      child.disconnect();
    }
    await exited;
  };
  try {
    await calls.launch({ ...options, name, sdk: `dbos-${sdk}` });
  } catch (error) {
    await kill();
    throw error;
  }
  return Object.assign(calls, { name, version: options.version, output, freeze, stop, kill });
}

/**
 * SDKs read `DBOS_*` and `PG*` variables, and a test runner's `NODE_OPTIONS` would reach the child. Node keeps the
 * compiled SDKs from one launch to the next.
 */
function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([key]) => !/^(DBOS|PG|NODE_OPTIONS|VITEST)/i.test(key));
  return { ...Object.fromEntries(inherited), NODE_COMPILE_CACHE: COMPILE_CACHE };
}
