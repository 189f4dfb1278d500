import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { RunAs } from './postgres/unprivileged-user.ts';
import { inputVariables, readActionMetadata } from './runner/action-metadata.ts';
import type { Command } from './runner/commands.ts';
import { parseOutputs } from './runner/file-commands.ts';
import { type Annotation, LogReader } from './runner/log-reader.ts';
import { node24 } from './runner/node24.ts';

export interface RunOptions {
  /** The `with:` of the step. What is left out has its default from `action.yml`. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** The `env:` of the step, on top of what the runner sets. */
  readonly env?: Readonly<Record<string, string>>;
  /** The event that started the workflow; a push without a payload if left out. */
  readonly event?: { readonly name: string; readonly payload: unknown };
  /** Called with every line that a reader of the job's log would see, as it comes. */
  readonly onLine?: (line: string) => void;
  /** Holds the files of the run and is kept; by default a temporary folder, removed at the end. */
  readonly folder?: string;
  /** The folder of `action.yml`; by default this repository. */
  readonly action?: string;
}

/** What is left of a step that has ended. */
export interface FinishedRun {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Everything that went to the stream that is its log: standard output for a step, commands included. */
  readonly log: string;
  readonly stdout: string;
  readonly stderr: string;
  /** What a reader of the job's log sees: commands obeyed, secrets masked. */
  readonly shown: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** The Markdown of the job summary. */
  readonly summary: string;
  /** The file that the output `report-path` names, if it is there. */
  readonly report: string | undefined;
  readonly annotations: readonly Annotation[];
  readonly masks: readonly string[];
  /** Every command that the runner would obey, in order: to see that no text of others became one. */
  readonly commands: readonly Command[];
}

/** A step that runs. */
export interface ActionRun {
  readonly pid: number | undefined;
  /** When its process was started, by `performance.now()`. */
  readonly spawnedAt: number;
  log(): string;
  /**
   * Waits until the log matches.
   *
   * @throws when the step ends without that, with what it logged
   */
  until(condition: RegExp | ((log: string) => boolean)): Promise<void>;
  /** A job that is cancelled sends SIGINT, then SIGTERM after 7.5 s, then SIGKILL after 2.5 s more. */
  kill(signal: NodeJS.Signals): void;
  readonly finished: Promise<FinishedRun>;
}

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** What the action sees of the machine: everything else comes from the runner or the workflow. */
const OF_THE_MACHINE = ['PATH', 'HOME', 'TMPDIR', 'SystemRoot', 'TEMP'];

/** Runs the action as a step of a job: the bundle that is committed, in an environment made from scratch. */
export function runAction(options: RunOptions = {}): ActionRun {
  const { main, defaults } = readActionMetadata(options.action ?? REPOSITORY);
  const folder = options.folder ?? mkdtempSync(path.join(os.tmpdir(), 'drain-gate-run-'));
  const site = prepare(folder, options.event);
  return launch({
    arguments: [main],
    cwd: site.env.GITHUB_WORKSPACE,
    env: { ...site.env, ...options.env, ...inputVariables({ ...defaults, ...options.inputs }) },
    log: 'stdout',
    onLine: options.onLine,
    results: () => {
      const outputs = parseOutputs(read(site.env.GITHUB_OUTPUT) ?? '');
      return {
        outputs,
        summary: read(site.env.GITHUB_STEP_SUMMARY) ?? '',
        report: read(outputs['report-path']),
      };
    },
    cleanUp: () => {
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  });
}

/** A process of the gate, whichever shell it runs in. */
export interface Launch {
  /** What Node is given. */
  readonly arguments: readonly string[];
  readonly cwd: string;
  /** Its whole environment, but for what every process sees of the machine. */
  readonly env: Readonly<Record<string, string>>;
  /** The stream that is its log. */
  readonly log: 'stdout' | 'stderr';
  readonly onLine?: RunOptions['onLine'];
  readonly runAs?: RunAs;
  /** Reads the files that it has written, when it has ended. */
  readonly results: () => Pick<FinishedRun, 'outputs' | 'summary' | 'report'>;
  readonly cleanUp: () => void;
}

/** Starts a process of the gate and follows it. */
export function launch(options: Launch): ActionRun {
  const spawnedAt = performance.now();
  const child = spawn(node24(), options.arguments, {
    cwd: options.cwd,
    env: { ...ofTheMachine(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options.runAs,
  });
  const reader = new LogReader();
  const watchers = new Set<() => void>();
  const streams = { stdout: '', stderr: '' };
  const collect = (name: keyof typeof streams) => {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      streams[name] += text;
      for (const watcher of watchers) watcher();
    });
    // The runner looks for commands in both streams.
    createInterface({ input: child[name], crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
      const from = reader.shown.length;
      reader.read(line);
      for (const shown of reader.shown.slice(from)) options.onLine?.(shown);
    });
  };
  collect('stdout');
  collect('stderr');

  const ended = new Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const finish = async (): Promise<FinishedRun> => {
    try {
      const end = await ended;
      return {
        ...end,
        log: streams[options.log],
        ...streams,
        ...options.results(),
        shown: reader.shown.join('\n'),
        annotations: reader.annotations,
        masks: reader.masks,
        commands: reader.commands,
      };
    } finally {
      options.cleanUp();
    }
  };
  const finished = finish();
  // A test that never awaits the end must not crash for it; one that does still sees the error.
  finished.catch(() => {});
  const log = () => streams[options.log];

  return {
    pid: child.pid,
    spawnedAt,
    log,
    until: (condition) => {
      const holds = () => (condition instanceof RegExp ? condition.test(log()) : condition(log()));
      return new Promise((resolve, reject) => {
        const poll = () => {
          if (!holds()) return;
          watchers.delete(poll);
          resolve();
        };
        watchers.add(poll);
        poll();
        const tooLate = () => {
          if (watchers.delete(poll)) {
            const all = `${streams.stdout}${streams.stderr}`;
            reject(new Error(`The step ended before its log matched ${condition}:\n${all}`));
          }
        };
        finished.then(tooLate, tooLate);
      });
    },
    kill: (signal) => void child.kill(signal),
    finished,
  };
}

function ofTheMachine(): Record<string, string> {
  return Object.fromEntries(
    OF_THE_MACHINE.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The files and folders that a step finds, and the variables that say where they are. */
function prepare(folder: string, event: RunOptions['event'] = { name: 'push', payload: {} }) {
  const file = (name: string, content = '') => {
    const at = path.join(folder, name);
    writeFileSync(at, content);
    return at;
  };
  const directory = (name: string) => {
    const at = path.join(folder, name);
    mkdirSync(at, { recursive: true });
    return at;
  };
  return {
    env: {
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_EVENT_NAME: event.name,
      GITHUB_EVENT_PATH: file('event.json', JSON.stringify(event.payload)),
      GITHUB_WORKSPACE: directory('workspace'),
      GITHUB_OUTPUT: file('output'),
      GITHUB_STEP_SUMMARY: file('summary.md'),
      GITHUB_STATE: file('state'),
      GITHUB_ENV: file('env'),
      GITHUB_PATH: file('path'),
      RUNNER_TEMP: directory('temp'),
    },
  };
}

export function read(file: string | undefined): string | undefined {
  if (file === undefined || file === '') return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
