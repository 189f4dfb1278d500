import { expect, test } from 'vitest';
import { systemDatabases } from '../support/system-databases.ts';
import { cluster } from './cluster.ts';
import { playFiles } from './play.ts';
import { filesOf, recipeNamed } from './recipe.ts';

const databases = systemDatabases();
const files = filesOf(recipeNamed('hourly-sweep'));

interface Situation {
  readonly url: string;
  readonly versions: readonly string[];
  readonly live?: string;
  readonly sweep?: typeof files;
  /** What has the traffic once the sweep has checked. */
  readonly liveLater?: string;
}

/** Returns the files with this value in place of what the job that checks gives the other one. */
function sweepWithOutput(name: string, value: string): typeof files {
  const given = new RegExp(`${name}: \\$\\{\\{ steps.*`);
  return files.map((file) => ({ ...file, text: file.text.replace(given, `${name}: '${value}'`) }));
}

async function play({ url, versions, live = '2.0.0', sweep = files, liveLater = live }: Situation) {
  const moves = `case "$*" in 'get service '*) if [ -e "$0.asked" ]; then printf ${liveLater}; exit; fi; : > "$0.asked" ;; esac`;
  const played = await playFiles(sweep, {
    workflow: 'sweep.yml',
    event: 'schedule',
    secrets: { DBOS_SYSTEM_DATABASE_URL: url, KUBECONFIG: 'of-the-test' },
    programs: { kubectl: `${moves}\n${cluster({ versions, live, starting: ['3.0.0'] })}` },
  });
  const scaled = played.calls.filter((call) => call.includes(' scale ')).toSorted();
  return { ...played, scaled };
}

const scaleDown = (version: string) => `kubectl scale deployment --selector app=shop,version=${version} --replicas 0`;

const GONE = Array.from({ length: 300 }, (_, index) => `0.${index}.0`);

/** Many versions are in the history; those that the cluster runs are few. */
async function databaseWithHistory() {
  const database = await databases.create();
  await database.register(...GONE, '1.0.0', '1.1.0', '1.2.0', '2.0.0');
  return database;
}

test('tears down the versions that run and have drained, and leaves the others for the next hour', async () => {
  const { url, insert } = await databaseWithHistory();
  await insert({ application_version: '1.1.0', status: 'DELAYED', delay_until_epoch_ms: Date.now() + 3_600_000 });
  const { jobs, scaled } = await play({ url, versions: ['1.0.0', '1.1.0', '1.2.0', '2.0.0'] });
  expect(jobs).toEqual({ check: 'success', 'tear-down': 'success' });
  expect(scaled).toEqual([scaleDown('1.0.0'), scaleDown('1.2.0')]);
});

test('tears nothing down where nothing has drained, and asks for no more than a matrix takes', async () => {
  const { url, insert } = await databaseWithHistory();
  await insert(...GONE.map((version) => ({ application_version: version, status: 'PENDING' })));
  const { jobs, scaled, log } = await play({ url, versions: [...GONE, '2.0.0'] });
  expect(jobs).toEqual({ check: 'success' });
  expect(scaled).toEqual([]);
  const [, asked = ''] = /::set-output:: versions=(.*)/.exec(log) ?? [];
  expect(JSON.parse(asked)).toHaveLength(256);
});

test('asks the gate nothing where only the live version runs', async () => {
  const { jobs, calls } = await play({ url: 'postgresql://nobody@127.0.0.1:1/none', versions: ['2.0.0'] });
  expect(jobs).toEqual({ check: 'success' });
  expect(calls).toHaveLength(2);
});

test('takes neither the latest version, launched and not yet shifted to, nor the one that has the traffic', async () => {
  const { url } = await databaseWithHistory();
  const { scaled } = await play({ url, versions: ['1.0.0', '1.2.0', '2.0.0'], live: '1.2.0' });
  expect(scaled).toEqual([scaleDown('1.0.0')]);
});

test('leaves a version alone that gets the traffic again after the check', async () => {
  const { url } = await databaseWithHistory();
  const { jobs, scaled } = await play({ url, versions: ['1.0.0', '1.2.0', '2.0.0'], liveLater: '1.2.0' });
  expect(jobs).toEqual({ check: 'success', 'tear-down': 'success' });
  expect(scaled).toEqual([scaleDown('1.0.0')]);
});

test('fails loudly when GitHub drops the list of drained versions', async () => {
  const { url } = await databaseWithHistory();
  const sweep = sweepWithOutput('drained-versions', '');
  const { jobs, log, scaled } = await play({ url, versions: ['1.0.0', '2.0.0'], sweep });
  expect(jobs).toEqual({ check: 'success', dropped: 'failure' });
  expect(log).toContain('Failure - Main Explain why nothing was torn down');
  expect(scaled).toEqual([]);
});

test('tears nothing down by the answer of an earlier day, as when failed jobs run again', async () => {
  const { url } = await databaseWithHistory();
  const sweep = sweepWithOutput('observed-at', '2026-01-01T00:00:00Z');
  const { jobs, log, scaled } = await play({ url, versions: ['1.0.0', '2.0.0'], sweep });
  expect(jobs).toEqual({ check: 'success', 'tear-down': 'failure' });
  expect(log).toContain('Failure - Main Tear down a version that has drained');
  expect(scaled).toEqual([]);
});
