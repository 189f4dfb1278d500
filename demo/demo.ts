import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type PostgresServer, startPostgres } from '../tests/support/postgres.ts';
import { type FinishedRun, runAction } from '../tests/support/runner.ts';
import { artifactPath, prepareArtifacts, type RunName, shownPath, writeArtifact, writeRun } from './artifacts.ts';
import { print } from './console.ts';
import { fillOldVersion, OLD_TRAFFIC, PATIENT_WORKFLOW, sendTrafficToNewVersion } from './rollout.ts';
import { type Shop, startShop } from './shop-process.ts';

const OLD = '1.0.0';
const NEW = '2.0.0';
const KEEP = { 'keep-version': 'latest' };

/** The command that runs DBOS's command line. It exits with the demo. */
const DBOS_CLI = [
  process.execPath,
  `--import=${new URL('./exit-with-demo.ts', import.meta.url)}`,
  path.join(path.dirname(createRequire(import.meta.url).resolve('@dbos-inc/dbos-sdk')), 'cli/cli.js'),
].join(' ');

/** Plays a deploy from start to finish. Resolves with the gate's last verdict. */
export async function playDemo(resources: AsyncDisposableStack): Promise<string> {
  prepareArtifacts();
  print.heading('A shop that runs on DBOS gets a new version. When can the old one be torn down?');
  print.line(`Starting Postgres, and the shop ${OLD}.`);
  const oldShop = await ownShop(resources, OLD);
  const newShop = await ownShop(resources, NEW);
  const server = await start(resources, startPostgres, (started) => started.stop());
  const databaseUrl = await server.createDatabase('shop');
  await opened(oldShop, OLD, databaseUrl);
  await fillOldVersion(oldShop);
  print.heading(`The shop ${OLD} has taken orders, which are in flight now:`);
  print.table(OLD_TRAFFIC);

  await opened(newShop, NEW, databaseUrl);
  await sendTrafficToNewVersion(newShop);
  print.heading(`The shop ${NEW} is launched next to it, and is the latest version.`);
  print.line(`All new orders go there. ${OLD} gets none, and finishes those it has.`);

  const gate = (as: RunName, inputs: Record<string, string>, onLine?: (line: string) => void) =>
    runGate(resources, { server, databaseUrl, as, inputs, ...(onLine !== undefined && { onLine }) });
  const refused = await gate('held', { mode: 'check' });
  print.heading(`Can ${OLD} be torn down? In the mode \`check\` the gate answers at once:`);
  print.line(
    `${refused.outputs['verdict']}. The step ${refused.exitCode === 0 ? 'passes' : 'fails'}, and with it the deploy.`,
  );
  const inputs = { timeout: '2m', 'poll-interval': '1s', settle: '3s' };
  print.heading('In the mode `wait`, it holds the deploy until the answer is yes. The step:');
  print.line('- uses: dbos-drain-gate');
  print.line('  with:');
  for (const [name, value] of Object.entries({ ...KEEP, ...inputs })) print.line(`    ${name}: ${value}`);
  print.heading('But it does not wait in vain: one workflow sleeps for two hours. The log of the step');
  const hopeless = await gate('hopeless', inputs, print.jobLog);
  print.heading(`The gate has left a script next to its report. One line of its list moves it to ${NEW}`);
  await moveOn(resources, { run: hopeless, databaseUrl, workflow: PATIENT_WORKFLOW });
  print.heading('Then the step again. Its log, as it runs');
  const run = await gate('drained', inputs, print.jobLog);

  const verdict = run.outputs['verdict'] ?? 'none';
  print.heading(`The step ${run.exitCode === 0 ? 'passed' : 'failed'}. Its outputs`);
  print.table(
    Object.entries(run.outputs).map(([name, value]) => [
      name,
      name === 'report-path' ? shownPath('drained.json') : value,
    ]),
  );
  if (verdict === 'drained') await tearDown(oldShop, newShop);
  print.heading('The annotations and the job summary, to open in a browser');
  print.table([
    [shownPath('held.html'), 'the deploy that failed in the mode `check`'],
    [shownPath('hopeless.html'), 'the deploy whose gate gave up early, because one workflow could not finish in time'],
    [shownPath('drained.html'), 'the deploy that was held until it was safe'],
  ]);
  print.line('Next to them are the Markdown, the report files, and the logs of the steps and of the shops.');
  return verdict;
}

/**
 * Starts something that `resources` will stop, even if it is still starting by then.
 *
 * @throws ReferenceError after the disposal of `resources`, without starting it: an interrupted demo starts nothing
 */
async function start<T>(
  resources: AsyncDisposableStack,
  begin: () => T | Promise<T>,
  stop: (started: T) => Promise<unknown>,
): Promise<T> {
  let starting: Promise<T> | undefined;
  resources.defer(async () => {
    if (starting !== undefined) await stop(await starting);
  });
  starting = Promise.resolve(begin());
  return starting;
}

function ownShop(resources: AsyncDisposableStack, version: string): Promise<Shop> {
  return start(
    resources,
    () => startShop(artifactPath(logOf(version))),
    (shop) => shop.kill(),
  );
}

async function opened(shop: Shop, version: string, databaseUrl: string): Promise<void> {
  try {
    await shop.open({ version, databaseUrl });
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
    throw new Error(
      `See ${shownPath(logOf(version))}: the shop ${version} did not launch (${reason?.replace(/:$/, '')}).`,
    );
  }
}

interface GateRun {
  readonly server: PostgresServer;
  readonly databaseUrl: string;
  readonly as: RunName;
  readonly inputs: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

/** Runs the built action as GitHub's runner does. Its files are in the server's folder and are removed with it. */
async function runGate(
  resources: AsyncDisposableStack,
  { server, databaseUrl, as, inputs, onLine }: GateRun,
): Promise<FinishedRun> {
  const folder = path.join(server.folder, as);
  mkdirSync(folder);
  const step = await start(
    resources,
    () =>
      runAction({
        folder,
        inputs: { ...KEEP, ...inputs },
        env: { DBOS_SYSTEM_DATABASE_URL: databaseUrl },
        ...(onLine !== undefined && { onLine }),
      }),
    (started) => {
      started.kill('SIGKILL');
      return started.finished;
    },
  );
  const run = await step.finished;
  writeRun(run, as);
  if (run.outputs['verdict'] === undefined) {
    throw new Error(`See ${shownPath(`${as}.log`)}: the built action finished without a verdict.`);
  }
  return run;
}

/** Runs the script that the gate wrote, for this workflow only. */
async function moveOn(
  resources: AsyncDisposableStack,
  { run, databaseUrl, workflow }: { run: FinishedRun; databaseUrl: string; workflow: string },
): Promise<void> {
  const folder = path.dirname(run.outputs['report-path'] ?? '');
  const list = readFileSync(path.join(folder, 'workflows.tsv'), 'utf8');
  writeArtifact('unblock.sh', readFileSync(path.join(folder, 'unblock.sh'), 'utf8'));
  writeArtifact('workflows.tsv', list);
  const lines = list.split('\n');
  print.line((lines.find((line) => idIn(line) === workflow) ?? 'It is not there.').replaceAll('\t', '  '));
  const child = await start(
    resources,
    () =>
      spawn('sh', ['unblock.sh', 'fork', '--yes', workflow], {
        cwd: folder,
        env: {
          ...process.env,
          DBOS_CLI,
          DEMO_PID: String(process.pid),
          UNBLOCK_DATABASE_URL: databaseUrl,
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    async (each) => each.kill('SIGKILL'),
  );
  for await (const line of createInterface(child.stdout)) print.jobLog(line);
}

/** Returns the id in a line of `workflows.tsv`. */
function idIn(line: string): string | undefined {
  return line.split('\t')[1];
}

/** Tears the old version down, and proves that all of its work is done. */
async function tearDown(oldShop: Shop, newShop: Shop): Promise<void> {
  await oldShop.tearDown();
  const old = await newShop.countByStatus(OLD);
  const now = await newShop.countByStatus(NEW);
  print.heading(`The shop ${OLD} is torn down.`);
  const { SUCCESS: succeeded = 0, ...others } = old;
  const rest = Object.keys(others).length > 0 ? `and ${inWords(others)}` : 'none is stranded';
  print.line(`${succeeded} of its workflows finished with SUCCESS, ${rest}.`);
  print.line(`${PATIENT_WORKFLOW} continues on ${NEW} as a fork.`);
  print.line(`Workflows of ${NEW} did not hold up the gate: ${inWords(now)}.`);
}

function inWords(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ');
}

function logOf(version: string): string {
  return `shop-${version}.log`;
}
