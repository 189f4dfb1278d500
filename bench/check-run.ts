import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bundle, compile } from '../scripts/bundle.ts';
import { startCheckRuns } from '../tests/support/check-runs.ts';
import type { RunOptions } from '../tests/support/runner.ts';
import { NEWEST, withDatabase } from './support/database.ts';
import { gate, processorTime, WITH_RESOURCES } from './support/gate.ts';
import { addInFlight, tidy } from './support/population.ts';
import type { Section } from './support/section.ts';
import { figure, type Spread, spreadText } from './support/spread.ts';
import { timed } from './support/timing.ts';

const IN_FLIGHT = 10;
const ROUNDS = 25;

const CHECK_RUN = { 'check-run': 'drain production', 'github-token': 'of-nobody' };
const COMMIT = { GITHUB_REPOSITORY: 'owner/shop', GITHUB_SHA: 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00' };

/** 3b. What the check run adds to the start of the action, and to a whole run. */
export const checkRun: Section = {
  title: 'What a check run adds',
  about: `Processor time, which depends less than other times on what else runs. ${IN_FLIGHT} workflows in flight, \`mode: check\`. The action without its code is built from the same sources, with an empty \`check-run.ts\` and \`octokit.ts\`. GitHub's API is a server on this machine that answers at once.`,
  head: ['the action', 'files that it loads', 'to the first snapshot', 'times', 'the whole run', 'times'],
  async rows(server, { say }) {
    await using resources = new AsyncDisposableStack();
    say('building the action without the code');
    const action = await buildWithoutCode(resources);
    const github = await startCheckRuns();
    resources.defer(async () => void (await github.stop()));
    return await withDatabase(server, NEWEST, async (database) => {
      await addInFlight(database, IN_FLIGHT);
      await tidy(database);
      const measure = (until: 'first poll' | 'whole run') => {
        const time = (options: Pick<RunOptions, 'inputs' | 'env' | 'action'>) => {
          const { inputs, env, ...rest } = options;
          const run = gate(database, { mode: 'check', ...inputs }, { env: { ...WITH_RESOURCES, ...env }, ...rest });
          return processorTime(run, until);
        };
        return timed(
          {
            absent: () => time({ action }),
            unused: () => time({}),
            used: () => time({ inputs: CHECK_RUN, env: { ...COMMIT, GITHUB_API_URL: github.url } }),
          },
          { rounds: ROUNDS },
        );
      };
      const start = await measure('first poll');
      const whole = await measure('whole run');
      if (github.taken().length < 2 * ROUNDS) throw new Error('Not every run with `check-run` has published one.');
      const row = (label: string, files: number, name: keyof typeof start) => [
        ...[label, `${figure(files / 1e6)} MB`],
        ...[spreadText(start[name]), times(start[name], start.absent)],
        ...[spreadText(whole[name]), times(whole[name], whole.absent)],
      ];
      return [
        row('without the code', mainFile(action), 'absent'),
        row('without `check-run`', mainFile('.'), 'unused'),
        row('with `check-run`', mainFile('.') + otherFiles(), 'used'),
      ];
    });
  },
};

/** Builds the action as it would be if there were no check runs. Returns its folder. */
async function buildWithoutCode(resources: AsyncDisposableStack): Promise<string> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-bench-'));
  // It is compiled where its packages are found.
  const compiled = 'lib/without-check-run';
  resources.defer(() => {
    for (const each of [folder, compiled]) rmSync(each, { recursive: true, force: true });
  });
  await compile(compiled);
  replace(`${compiled}/github/check-run.js`, 'export const checkRunOf = () => undefined;\n');
  replace(`${compiled}/github/octokit.js`, 'export {};\n');
  await bundle(`${compiled}/index.js`, path.join(folder, 'dist'));
  copyFileSync('action.yml', path.join(folder, 'action.yml'));
  return folder;
}

/**
 * Replaces a file.
 *
 * @throws when there is none, as when it has another name by now
 */
function replace(file: string, text: string): void {
  truncateSync(file);
  writeFileSync(file, text);
}

const mainFile = (action: string) => statSync(path.join(action, 'dist/index.js')).size;

/** The size of the files that the action loads for a check run, in bytes. */
function otherFiles(): number {
  const names = readdirSync('dist').filter((name) => /^\d+\.index\.js$/.test(name));
  return names.reduce((sum, name) => sum + statSync(path.join('dist', name)).size, 0);
}

const times = ({ median }: Spread, base: Spread) => `${figure(median / base.median)} ×`;
