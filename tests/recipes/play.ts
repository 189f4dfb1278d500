import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import { node24 } from '../support/runner/node24.ts';
import { ACT } from './act.ts';
import { ACTIONS, GATE } from './actions.ts';
import { filesOf, isWorkflow, type RecipeFile, recipeNamed } from './recipe.ts';
import { type Actions, logEventOf, type Programs, writeActions, writePrograms } from './stand-ins.ts';
import { isJudging, parseWorkflow } from './workflow.ts';

export interface PlayOptions {
  /** The file in `.github/workflows/`. */
  readonly workflow: string;
  /** The event that starts it; a push if left out. */
  readonly event?: string;
  /** Of the event, on top of a commit on `main`. `inputs` are those of a `workflow_dispatch`. */
  readonly payload?: Readonly<Record<string, unknown>>;
  /** What `github.sha` is. */
  readonly sha?: string;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly vars?: Readonly<Record<string, string>>;
  /** Stand-ins on the PATH. Others of the machine are there too, so name each that the recipe calls. */
  readonly programs?: Programs;
  /** Of a stand-in for GitHub's API; github.com's if left out. */
  readonly apiUrl?: string;
  /** What stand-ins of actions set as outputs. */
  readonly actions?: Actions;
  /** The folder of GitHub's caches, for plays that share them. */
  readonly caches?: string;
  /** Inputs of each gate that judges, in place of the quick ones. An empty one is left as the page has it. */
  readonly gate?: Readonly<Record<string, string>>;
  /** Called with each message of the log as it comes. */
  readonly onMessage?: (message: string) => void;
}

export interface Played {
  /** How each job that ran ended: `success` or `failure`. A job of a matrix has one entry: the worst. */
  readonly jobs: Readonly<Record<string, string>>;
  /** What stand-ins were called with, in order: `kubectl scale …`, `actions/checkout {}`. */
  readonly calls: readonly string[];
  /** Of all jobs, summaries included. act can lose the last lines of a step that fails; that it failed is there. */
  readonly log: string;
}

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** A page says hours. Here a drain has ended before the workflow starts, or does not end. */
const QUICK = { settle: '1s', 'poll-interval': '500ms', timeout: '3s' };

const SHA = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00';

/** Plays a workflow of a page of `docs/recipes/`, with all files of the page in the checkout. */
export function playRecipe(name: string, options: PlayOptions): Promise<Played> {
  return playFiles(filesOf(recipeNamed(name)), options);
}

/**
 * Plays a workflow among files with `act`, without a container: the committed bundle is the gate, and each other action
 * is a stand-in that records how it was called.
 *
 * @throws when act cannot be started, or refuses the workflow
 */
export async function playFiles(files: readonly RecipeFile[], options: PlayOptions): Promise<Played> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-recipe-'));
  try {
    return await play(folder, files, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function play(folder: string, files: readonly RecipeFile[], options: PlayOptions): Promise<Played> {
  const at = (...names: readonly string[]) => path.join(folder, ...names);
  const { checkout, calls } = { checkout: at('checkout'), calls: at('calls') };
  for (const file of files) {
    mkdirSync(path.dirname(path.join(checkout, file.path)), { recursive: true });
    const text = isWorkflow(file) ? withQuickGates(file.text, options.gate) : file.text;
    writeFileSync(path.join(checkout, file.path), text, { mode: file.language === 'sh' ? 0o755 : 0o644 });
  }
  writeRepository(path.join(checkout, '.git'), options.sha ?? SHA);
  writeFileSync(calls, '');
  writePrograms(at('programs'), calls, options.programs ?? {});
  const workflow = `.github/workflows/${options.workflow}`;
  const parsed = parseWorkflow(readFileSync(path.join(checkout, workflow), 'utf8'));
  const places = { folder: at('actions'), calls, checkout, caches: options.caches ?? at('caches') };
  const actions = writeActions(places, parsed, options.actions ?? {});
  actions.set(`${GATE}@${ACTIONS[GATE]}`, publishedAction(at('gate')));
  writeFileSync(at('event.json'), JSON.stringify(payloadOf(options)));
  writeFileSync(at('secrets'), dotenv(options.secrets));
  writeFileSync(at('vars'), dotenv(options.vars));
  const args = [
    options.event ?? 'push',
    ...[
      '--json',
      '--no-cache-server',
      '--no-skip-checkout',
      '--workflows',
      workflow,
      '--platform',
      'ubuntu-latest=-self-hosted',
    ],
    ...['--eventpath', at('event.json'), '--secret-file', at('secrets'), '--var-file', at('vars')],
    ...['--action-cache-path', at('cache'), '--env-file', at('no-variables'), '--input-file', at('no-inputs')],
    ...(options.apiUrl === undefined ? [] : ['--env', `GITHUB_API_URL=${options.apiUrl}`]),
    ...[...actions].flatMap(([uses, place]) => ['--local-repository', `${uses}=${place}`]),
  ];
  const environment = {
    PATH: [at('programs'), path.dirname(node24()), process.env['PATH']].join(path.delimiter),
    HOME: at('home'),
    TMPDIR: os.tmpdir(),
  };
  const ran = await run(args, checkout, environment, options.onMessage);
  return { ...ran, calls: readFileSync(calls, 'utf8').split('\n').filter(Boolean) };
}

async function run(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  onMessage: (message: string) => void = () => {},
): Promise<Omit<Played, 'calls'>> {
  const child = spawn(ACT, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const jobs: Record<string, string> = {};
  let log = '';
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      const { jobID, jobResult, msg } = logEventOf(line);
      log += msg.endsWith('\n') ? msg : `${msg}\n`;
      if (jobID !== undefined && jobResult !== undefined && jobs[jobID] !== 'failure') jobs[jobID] = jobResult;
      onMessage(msg);
    });
  }
  await once(child, 'close');
  if (Object.keys(jobs).length === 0) throw new Error(`act ran no job.\n${log}`);
  return { jobs, log };
}

/** As much of a repository as act reads: a branch at a commit, and where it comes from. */
function writeRepository(folder: string, sha: string): void {
  for (const each of ['objects', 'refs/heads']) mkdirSync(path.join(folder, each), { recursive: true });
  writeFileSync(path.join(folder, 'HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(path.join(folder, 'refs/heads/main'), `${sha}\n`);
  writeFileSync(path.join(folder, 'config'), '[remote "origin"]\n\turl = https://github.com/owner/shop\n');
}

/** What a release has of this repository, and nothing else: act copies it for each step. */
function publishedAction(folder: string): string {
  mkdirSync(folder);
  for (const each of ['action.yml', 'review', 'dist'])
    cpSync(path.join(REPOSITORY, each), path.join(folder, each), { recursive: true });
  return folder;
}

/** The documented substitution: the page's hours would be a test's hours. Nothing else of the page changes. */
function withQuickGates(text: string, changes: Readonly<Record<string, string>> = {}): string {
  const document = parseDocument(text);
  for (const [id, job] of Object.entries(parseWorkflow(text).jobs)) {
    for (const [index, step] of job.steps.entries()) {
      if (!isJudging(step)) continue;
      for (const [name, value] of Object.entries({ ...QUICK, ...changes })) {
        if (value !== '') document.setIn(['jobs', id, 'steps', index, 'with', name], value);
      }
    }
  }
  return document.toString({ lineWidth: 0 });
}

function payloadOf({ payload }: PlayOptions): object {
  return { ref: 'refs/heads/main', repository: { default_branch: 'main' }, ...payload };
}

function dotenv(values: Readonly<Record<string, string>> = {}): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
    .join('');
}
