import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Command, Language, Release } from './language.ts';
import { ANSWER, type Calls, UNSUPPORTED } from './protocol.ts';

const HERE = path.dirname(fileURLToPath(import.meta.url));

export function folderOf(language: Pick<Language, 'id'>): string {
  return path.join(HERE, language.id);
}

/** Where the program of a command is: one with a slash is relative to the folder of its language. */
export function resolved(language: Pick<Language, 'id'>, { program, folder = '.' }: Command) {
  const root = folderOf(language);
  return { program: program.includes('/') ? path.resolve(root, program) : program, cwd: path.resolve(root, folder) };
}

/** SDKs read `DBOS*` and `PG*` variables, and those of a test runner would reach the child. */
export function environmentOf({ environment = {} }: Command): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([key]) => !/^(DBOS|PG|NODE_OPTIONS|VITEST)/i.test(key));
  return { ...Object.fromEntries(inherited), ...environment };
}

export type LaunchParams = Parameters<Calls['launch']>[0];

/** A DBOS application of any language, in a process of its own. A call that fails shows what the process has printed. */
export interface Application extends Omit<Calls, 'launch' | 'shutdown'> {
  /** Ends the process in order. */
  stop(): Promise<void>;
  /** Ends the process as a crash does. */
  kill(): Promise<void>;
}

interface Answer {
  readonly value?: unknown;
  readonly error?: string;
}

/** Longer than the slowest answer: a launch that migrates, on a machine with other work. */
const ANSWER_TIMEOUT_MS = 90_000;

/** How much of a log an error shows, in characters. */
const SHOWN_LOG = 20_000;

/**
 * Starts the application of a release in a process and launches it.
 *
 * @throws when it fails, with what the process printed
 */
export async function startApplication(
  language: Language,
  release: Release,
  launch: LaunchParams,
): Promise<Application> {
  const { program, cwd } = resolved(language, release.launch);
  const child = spawn(program, release.launch.args, { cwd, env: environmentOf(release.launch) });
  const waiting = new Map<number, (answer: Answer) => void>();
  let log = '';
  let ended: string | undefined;
  const end = (why: string) => {
    ended ??= why;
    for (const answer of waiting.values()) answer({ error: ended });
    waiting.clear();
  };
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      end(error.message);
      resolve(null);
    });
    child.once('close', (code, signal) => {
      end(`The process ended: ${signal ?? `exit code ${code}`}.`);
      resolve(code);
    });
  });
  // A process that ends while it is written to is reported by the answer that it owes.
  child.stdin.on('error', () => undefined);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith(ANSWER)) {
      log += `${line}\n`;
      return;
    }
    const { id, ...answer } = JSON.parse(line.slice(ANSWER.length));
    waiting.get(id)?.(answer);
    waiting.delete(id);
  });

  const failure = (what: string, error: string) =>
    new Error(
      error.startsWith(UNSUPPORTED)
        ? error
        : `${language.name} ${release.release}, version ${launch.version ?? '(default)'}: ${what} failed.\n${error}\n--- its log ---\n${log.slice(-SHOWN_LOG)}`,
    );
  let lastId = 0;
  const call = async (method: string, params: unknown) => {
    const id = ++lastId;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    waiting.set(id, resolve);
    if (ended !== undefined) end(ended);
    const timer = setTimeout(() => resolve({ error: 'It did not answer in time.' }), ANSWER_TIMEOUT_MS);
    child.stdin.write(`${JSON.stringify({ id, method, params })}\n`);
    const { value, error } = await promise;
    clearTimeout(timer);
    if (error !== undefined) throw failure(`${method}(${JSON.stringify(params)})`, error);
    return value;
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const stop = async () => {
    await call('shutdown', {});
    child.stdin.end();
    const code = await exited;
    if (code !== 0) throw failure('shutdown', `The process ended: exit code ${code}.`);
  };
  const none = async (params: unknown, method: string) => {
    await call(method, params);
    return null;
  };
  const text = async (params: unknown, method: string) => String(await call(method, params));
  try {
    await call('launch', launch);
  } catch (error) {
    await kill();
    throw error;
  }
  return {
    stop,
    kill,
    start: (params) => none(params, 'start'),
    enqueueByClient: (params) => none(params, 'enqueueByClient'),
    release: (params) => none(params, 'release'),
    send: (params) => none(params, 'send'),
    debounce: (params) => text(params, 'debounce'),
    cancel: (params) => none(params, 'cancel'),
    resume: (params) => none(params, 'resume'),
    fork: (params) => text(params, 'fork'),
    rewind: (params) => none(params, 'rewind'),
    setLatest: (params) => none(params, 'setLatest'),
  };
}
