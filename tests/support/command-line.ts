import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { variableOf } from '../../src/command-line/flags.ts';
import type { RunAs } from './postgres/unprivileged-user.ts';
import { type ActionRun, type FinishedRun, launch, read } from './runner.ts';

export interface CommandLineOptions {
  /** As the action takes them: `mode` becomes the command, what can hold a password a variable, and the rest flags. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** What follows the command and the flags of the inputs. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The file to run; by default the bundle that is committed. */
  readonly program?: string;
  readonly cwd?: string;
  readonly runAs?: RunAs;
}

export const BUNDLE = fileURLToPath(new URL('../../dist/cli/dbos-drain-gate.mjs', import.meta.url));

const SECRET = ['database-url', 'database-password'];

/** Runs the command line: the bundle that is committed, in an environment made from scratch. */
export function runCommandLine(options: CommandLineOptions = {}): ActionRun {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-cli-'));
  const { uid, gid } = options.runAs ?? {};
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  const [output, summary] = [path.join(folder, 'gate.env'), path.join(folder, 'summary.md')];
  const { mode = 'wait', ...inputs } = options.inputs ?? {};
  const entries = Object.entries(inputs);
  const flags = entries.filter(([name]) => !SECRET.includes(name)).map(([name, value]) => `--${name}=${value}`);
  const variables = entries.flatMap(([name, value]) => (SECRET.includes(name) ? [[variableOf(name), value]] : []));
  const run = launch({
    arguments: [
      options.program ?? BUNDLE,
      mode,
      ...flags,
      `--output=${output}`,
      `--summary=${summary}`,
      ...(options.flags ?? []),
    ],
    cwd: options.cwd ?? folder,
    env: { TMPDIR: folder, ...Object.fromEntries(variables), ...options.env },
    log: 'stderr',
    ...(options.runAs === undefined ? {} : { runAs: options.runAs }),
    results: () => {
      const outputs = dotenv(read(output) ?? '');
      return { outputs, summary: read(summary) ?? '', report: read(outputs['report-path']) };
    },
    cleanUp: () => rmSync(folder, { recursive: true, force: true }),
  });
  return { ...run, finished: run.finished.then((finished) => ({ ...finished, annotations: annotationsIn(finished) })) };
}

/** Reads a file as GitLab reads a dotenv file, and names the outputs as the action does. */
export function dotenv(text: string): Record<string, string> {
  const lines = text.split('\n').slice(0, -1);
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value = ''] = /^([A-Za-z0-9_]+)=(.*)$/.exec(line) ?? [];
      if (name === undefined) throw new Error(`GitLab refuses this line: ${line}`);
      return [name.replaceAll('_', '-'), value];
    }),
  );
}

const LEVELS = { Error: 'error', Warning: 'warning', Notice: 'notice' } as const;

/** What stands for annotations in a log: a line with its level, and those below it that are indented. */
function annotationsIn({ stderr }: Pick<FinishedRun, 'stderr'>): FinishedRun['annotations'] {
  return [...stderr.matchAll(/^(Error|Warning|Notice): (.*(?:\n {2}.*)*)/gm)].flatMap(([, label, text = '']) => {
    const level = Object.entries(LEVELS).find(([each]) => each === label)?.[1];
    return level === undefined ? [] : [{ level, title: undefined, message: text.replaceAll('\n  ', '\n') }];
  });
}
