import { setTimeout as delay } from 'node:timers/promises';
import { startCheckRuns } from '../tests/support/check-runs.ts';
import { startPostgres } from '../tests/support/postgres.ts';
import type { FinishedRun } from '../tests/support/runner.ts';
import { artifactPath, prepareArtifacts, type RunName, shownPath } from './artifacts.ts';
import { print } from './console.ts';
import { runGate } from './gate-run.ts';
import { unblock } from './kit.ts';
import { start } from './resources.ts';
import {
  collectParcels,
  fillOldVersion,
  fillProcessToKill,
  KILLED_WORKFLOW,
  OLD_TRAFFIC,
  SLEEPING_WORKFLOW,
  sendTrafficToNewVersion,
} from './rollout.ts';
import { type Shop, startShop } from './shop-process.ts';

const OLD = '1.0.0';
const NEW = '2.0.0';

/** Longer than each step of the shop takes. The default is 15 minutes. */
const STUCK_AFTER_MS = 3000;
const INPUTS = {
  ...{ 'keep-version': NEW, timeout: '2m', 'poll-interval': '1s', settle: '1s', 'stuck-after': '3s' },
  ...{ 'check-run': 'drain production', 'github-token': '$' + '{{ github.token }}' },
};

/** Plays a deploy from start to finish. Resolves with the gate's last verdict. */
export async function playDemo(resources: AsyncDisposableStack): Promise<string> {
  prepareArtifacts();
  print.heading('A shop that runs on DBOS gets a new version. When can the old one be torn down?');
  const { server, databaseUrl, oldShop, newShop, killedAt } = await deploy(resources);
  const checkRuns = await start(resources, startCheckRuns, (started) => started.stop());
  const gate = (as: RunName, inputs: Record<string, string>, onLine?: (line: string) => void) =>
    runGate(resources, { server, databaseUrl, checkRuns, as, inputs, ...(onLine !== undefined && { onLine }) });

  await delay(killedAt + STUCK_AFTER_MS - performance.now());
  print.heading(`Can ${OLD} be torn down? In the mode \`check\`, the gate answers at once:`);
  printAnswer(await gate('stuck', { ...INPUTS, mode: 'check' }));

  print.heading('In the mode `wait`, it holds the teardown until the answer is yes. The step:');
  print.line('- uses: owner/dbos-drain-gate@v1');
  print.line('  with:');
  for (const [name, value] of Object.entries(INPUTS)) print.line(`    ${name}: ${value}`);
  print.heading('But it does not wait in vain: one workflow sleeps for two hours. The log of the step:');
  const never = await gate('never', INPUTS, print.jobLog);

  print.heading(`The gate has written a script. It forks what is stuck or asleep to ${NEW}. First a dry run:`);
  await unblock(resources, { run: never, databaseUrl }, ['fork']);
  print.heading('They can continue on the new code, so they are forked:');
  await unblock(resources, { run: never, databaseUrl }, ['fork', '--yes']);

  print.heading('What is left is only slow: the courier comes for the parcels. The same step again, and its log:');
  let collecting: Promise<void> | undefined;
  const slow = await gate('slow', INPUTS, (line) => {
    print.jobLog(line);
    if (line.startsWith('[')) collecting ??= collectParcels(oldShop);
  });
  await collecting;
  print.heading('Its outputs:');
  print.table(
    Object.entries(slow.outputs).map(([name, value]) => [
      name,
      name === 'report-path' ? shownPath('slow.json') : shortened(value),
    ]),
  );
  print.heading('The check run on the commit, as it was published:');
  print.table(slow.checks.map(({ status, conclusion, output }) => [conclusion ?? status, output.title]));
  const verdict = slow.outputs['verdict'] ?? 'none';
  if (verdict === 'drained') await tearDown(oldShop, newShop);
  print.heading('The annotations and the job summary of each step, to open in a browser:');
  print.table([
    [shownPath('stuck.html'), 'the check that failed: the process of one workflow was killed'],
    [shownPath('never.html'), 'the hold that gave up early: one workflow could not finish before the timeout'],
    [shownPath('slow.html'), 'the hold that passed'],
  ]);
  print.line(
    'Next to them are the Markdown, the report files, the check runs, and the logs of the steps and of the shops.',
  );
  return verdict;
}

/** Launches the old version with work of every kind, kills one of its processes, and launches the new version. */
async function deploy(resources: AsyncDisposableStack) {
  print.line(`Starting Postgres, and two processes of the shop ${OLD}.`);
  const [toKill, old, next] = [`shop-${OLD}-a`, `shop-${OLD}-b`, `shop-${NEW}`];
  const killedShop = await ownShop(resources, toKill);
  const oldShop = await ownShop(resources, old);
  const newShop = await ownShop(resources, next);
  const server = await start(resources, startPostgres, (started) => started.stop());
  const databaseUrl = await server.createDatabase('shop');
  await opened(killedShop, { version: OLD, executor: toKill, databaseUrl });
  await Promise.all([fillProcessToKill(killedShop), opened(oldShop, { version: OLD, executor: old, databaseUrl })]);
  await killedShop.kill();
  const killedAt = performance.now();
  await fillOldVersion(oldShop);
  print.heading(`The shop ${OLD} has taken orders, which are in flight now:`);
  print.table(OLD_TRAFFIC);
  print.line(`One of its two processes was killed. It was running ${KILLED_WORKFLOW}.`);

  await opened(newShop, { version: NEW, executor: next, databaseUrl });
  await sendTrafficToNewVersion(newShop);
  print.heading(`The shop ${NEW} is launched next to it, and is the latest version.`);
  print.line(`All new orders go there. ${OLD} gets none, and finishes those that it has.`);
  return { server, databaseUrl, oldShop, newShop, killedAt };
}

function ownShop(resources: AsyncDisposableStack, name: string): Promise<Shop> {
  return start(
    resources,
    () => startShop(artifactPath(`${name}.log`)),
    (shop) => shop.kill(),
  );
}

async function opened(shop: Shop, options: Parameters<Shop['open']>[0]): Promise<void> {
  try {
    await shop.open(options);
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
    const log = shownPath(`${options.executor}.log`);
    throw new Error(`See ${log}: the shop ${options.version} did not launch (${reason?.replace(/:$/, '')}).`);
  }
}

function printAnswer({ outputs, exitCode }: FinishedRun): void {
  print.table(['verdict', 'diagnosis', 'reason'].map((name) => [name, outputs[name] ?? '']));
  print.line(exitCode === 0 ? 'The step passes.' : 'The step fails, and nothing is torn down.');
}

/** Tears the old version down, and proves that all of its work is done. */
async function tearDown(oldShop: Shop, newShop: Shop): Promise<void> {
  await oldShop.tearDown();
  const old = await newShop.countByStatus(OLD);
  const now = await newShop.countByStatus(NEW);
  print.heading(`The shop ${OLD} is torn down.`);
  const { SUCCESS, CANCELLED, ...stranded } = old;
  print.line(
    `Its workflows: ${inWords(old)}. ${Object.keys(stranded).length === 0 ? 'None is stranded.' : 'Some are stranded.'}`,
  );
  print.line(`${KILLED_WORKFLOW} and ${SLEEPING_WORKFLOW} were cancelled there, and continue on ${NEW} as forks.`);
  print.line(`Workflows of ${NEW} did not hold up the gate: ${inWords(now)}.`);
}

function inWords(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ');
}

const SHOWN = 120;

/** The report file has the rest. */
function shortened(value: string): string {
  return value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value;
}
