import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type PostgresServer, startPostgres } from '../tests/support/postgres.ts';
import { type FinishedRun, runAction } from '../tests/support/runner.ts';
import type { Belongings } from './belongings.ts';
import { type Keepsake, keep, keepsake, keepText, prepareKeepsakes, shown } from './keepsakes.ts';
import { narration } from './narration.ts';
import { fillOldVersion, OLD_TRAFFIC, PATIENT_WORKFLOW, sendTrafficToNewVersion } from './rollout.ts';
import { type Shop, startShop } from './shop-process.ts';

const OLD = '1.0.0';
const NEW = '2.0.0';
const KEEP = { 'keep-version': 'latest' };

/** DBOS's own command line. */
const DBOS_CLI = path.join(
  path.dirname(createRequire(import.meta.url).resolve('@dbos-inc/dbos-sdk')),
  'cli/cli.js',
);

/** Plays a deploy from beginning to end, and resolves with the gate's verdict. */
export async function playDemo(belongings: Belongings): Promise<string> {
  prepareKeepsakes();
  narration.heading('A shop that runs on DBOS gets a new version. When may the old one be torn down?');
  narration.line(`Starting Postgres, and the shop ${OLD}.`);
  const oldShop = await ownShop(belongings, OLD);
  const newShop = await ownShop(belongings, NEW);
  const server = await belongings.own(startPostgres, (started) => started.stop());
  const databaseUrl = await server.createDatabase('shop');
  await opened(oldShop, OLD, databaseUrl);
  await fillOldVersion(oldShop);
  narration.heading(`The shop ${OLD} has taken orders, which are in flight now:`);
  narration.table(OLD_TRAFFIC);

  await opened(newShop, NEW, databaseUrl);
  await sendTrafficToNewVersion(newShop);
  narration.heading(`The shop ${NEW} is launched beside it, and is the latest version.`);
  narration.line(`All new orders go there. ${OLD} gets none, and finishes what it has.`);

  const gate = (as: Keepsake, inputs: Record<string, string>, onLine?: (line: string) => void) =>
    runGate(belongings, { server, databaseUrl, as, inputs, ...(onLine !== undefined && { onLine }) });
  const refused = await gate('held', { mode: 'check' });
  narration.heading(`May ${OLD} be torn down? In the mode \`check\` the gate answers at once:`);
  narration.line(
    `${refused.outputs['verdict']}. The step ${refused.exitCode === 0 ? 'passes' : 'fails'}, and with it the deploy.`,
  );
  const inputs = { timeout: '2m', 'poll-interval': '1s', settle: '3s' };
  narration.heading('In the mode `wait`, it holds the deploy until the answer is yes. The step:');
  narration.line('- uses: dbos-drain-gate');
  narration.line('  with:');
  for (const [name, value] of Object.entries({ ...KEEP, ...inputs })) narration.line(`    ${name}: ${value}`);
  narration.heading(
    'But it does not wait for nothing: one workflow will sleep for two hours. The log of the step',
  );
  const hopeless = await gate('hopeless', inputs, narration.jobLog);
  narration.heading(`The gate has left scripts beside its report. A line of fork.sh takes it to ${NEW}`);
  await moveOn(belongings, { run: hopeless, databaseUrl, workflow: PATIENT_WORKFLOW });
  narration.heading('Then the step again. Its log, as it runs');
  const run = await gate('drained', inputs, narration.jobLog);

  const verdict = run.outputs['verdict'] ?? 'none';
  narration.heading(`The step ${run.exitCode === 0 ? 'passed' : 'failed'}. Its outputs`);
  narration.table(
    Object.entries(run.outputs).map(([name, value]) => [
      name,
      name === 'report-path' ? shown('drained.json') : value,
    ]),
  );
  if (verdict === 'drained') await tearDown(oldShop, newShop);
  narration.heading('What people see on the job: annotations and job summary, to open in a browser');
  narration.table([
    [shown('held.html'), 'the deploy that failed in the mode `check`'],
    [shown('hopeless.html'), 'the deploy that was held for what could not end in time'],
    [shown('drained.html'), 'the deploy that was held until it was safe'],
  ]);
  narration.line(
    'Beside them are the Markdown, the report files, and the logs of the steps and of the shops.',
  );
  return verdict;
}

function ownShop(belongings: Belongings, version: string): Promise<Shop> {
  return belongings.own(
    () => startShop(keepsake(logOf(version))),
    (shop) => shop.kill(),
  );
}

async function opened(shop: Shop, version: string, databaseUrl: string): Promise<void> {
  try {
    await shop.open({ version, databaseUrl });
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
    throw new Error(
      `Poll into ${shown(logOf(version))}: the shop ${version} did not launch (${reason?.replace(/:$/, '')}).`,
    );
  }
}

interface GateRun {
  readonly server: PostgresServer;
  readonly databaseUrl: string;
  readonly as: Keepsake;
  readonly inputs: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

/** Runs the built action as the runner does. Its files are in the folder of the server, and go with that. */
async function runGate(
  belongings: Belongings,
  { server, databaseUrl, as, inputs, onLine }: GateRun,
): Promise<FinishedRun> {
  const folder = path.join(server.folder, as);
  mkdirSync(folder);
  const step = await belongings.own(
    () => ({
      run: runAction({
        folder,
        inputs: { ...KEEP, ...inputs },
        env: { DBOS_SYSTEM_DATABASE_URL: databaseUrl },
        ...(onLine !== undefined && { onLine }),
      }),
    }),
    ({ run }) => {
      run.kill('SIGKILL');
      return run.finished;
    },
  );
  const run = await step.run.finished;
  keep(run, as);
  if (run.outputs['verdict'] === undefined) {
    throw new Error(`Poll into ${shown(`${as}.log`)}: the built action ended without a verdict.`);
  }
  return run;
}

/** Runs the script that the gate left, with the line of this workflow alone. */
async function moveOn(
  belongings: Belongings,
  { run, databaseUrl, workflow }: { run: FinishedRun; databaseUrl: string; workflow: string },
): Promise<void> {
  const script = readFileSync(path.join(path.dirname(run.outputs['report-path'] ?? ''), 'fork.sh'), 'utf8');
  const isOfOthers = (line: string) => /^(fork|child|waits) /.test(line) && !line.includes(workflow);
  keepText('fork.sh', script);
  const lines = script.split('\n').filter((line) => !isOfOthers(line));
  narration.line(lines.find((line) => line.startsWith(`fork ${workflow}`)) ?? 'It is not there.');
  const child = await belongings.own(
    () =>
      spawn('sh', ['-s', '--', '--yes'], {
        env: {
          ...process.env,
          DBOS_CLI: `${process.execPath} ${DBOS_CLI}`,
          DBOS_SYSTEM_DATABASE_URL: databaseUrl,
        },
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    async (each) => each.kill('SIGKILL'),
  );
  child.stdin.end(lines.join('\n'));
  for await (const line of createInterface(child.stdout)) narration.jobLog(line);
}

/** The proof: the old version is gone, and all of its work is done. */
async function tearDown(oldShop: Shop, newShop: Shop): Promise<void> {
  await oldShop.tearDown();
  const old = await newShop.countByStatus(OLD);
  const now = await newShop.countByStatus(NEW);
  narration.heading(`The shop ${OLD} is torn down.`);
  const { SUCCESS: ended = 0, ...others } = old;
  const rest = Object.keys(others).length > 0 ? `and ${inWords(others)}` : 'none is stranded';
  narration.line(`${ended} of its workflows ended in SUCCESS, ${rest}.`);
  narration.line(`${PATIENT_WORKFLOW} goes on on ${NEW}, as a fork.`);
  narration.line(`Those of ${NEW} held nothing up: ${inWords(now)}.`);
}

function inWords(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ');
}

function logOf(version: string): string {
  return `shop-${version}.log`;
}
