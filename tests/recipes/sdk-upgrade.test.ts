import { expect, test } from 'vitest';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';
import { cluster } from './cluster.ts';
import { withManifests } from './manifests.ts';
import { type Played, playFiles } from './play.ts';

const databases = systemDatabases();

const NEW = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00';

async function twoVersions(): Promise<TestDatabase> {
  const database = await databases.create();
  await database.register('1.0.0', '2.0.0');
  return database;
}

/** `app` is what the Service selects while the versions drain. */
async function upgrade({ url }: TestDatabase, app = 'maintenance', rollout = ':'): Promise<Played> {
  const kubectl = `case "$*" in *selector.app*) printf %s ${app}; exit ;; 'rollout status '*) ${rollout} ;; esac`;
  return playFiles(withManifests('sdk-upgrade', 'k8s/deployment.yaml'), {
    workflow: 'upgrade-dbos.yml',
    event: 'workflow_dispatch',
    sha: NEW,
    secrets: { DBOS_SYSTEM_DATABASE_URL: url, KUBECONFIG: 'of-the-test' },
    programs: { kubectl: `${kubectl}\n${cluster({ versions: ['1.0.0', '2.0.0'], live: '2.0.0' })}` },
  });
}

const changes = ({ calls }: Played) => calls.filter((call) => / (set|delete|apply) /.test(call));

test('launches the new SDK when all versions have drained and are gone', async () => {
  const played = await upgrade(await twoVersions());
  expect(played.jobs).toEqual({ stop: 'success', drain: 'success', launch: 'success' });
  expect(changes(played)).toEqual([
    'kubectl set selector service shop app=maintenance',
    'kubectl delete deployment --selector app=shop,version=1.0.0 --cascade foreground',
    'kubectl delete deployment --selector app=shop,version=2.0.0 --cascade foreground',
    'kubectl apply --filename -',
    `kubectl set selector service shop app=shop,version=${NEW}`,
  ]);
});

test('sends the traffic back, and launches nothing, while a workflow is at work', async () => {
  const database = await twoVersions();
  await database.insert({ application_version: '2.0.0', status: 'PENDING' });
  const played = await upgrade(database);
  expect(played.jobs).toEqual({ stop: 'success', drain: 'failure', back: 'success' });
  expect(changes(played)).toEqual([
    'kubectl set selector service shop app=maintenance',
    'kubectl set selector service shop app=shop,version=2.0.0',
  ]);
});

test('tears nothing down while the traffic is not on the maintenance page, as when failed jobs run again', async () => {
  const played = await upgrade(await twoVersions(), 'shop');
  expect(played.jobs).toEqual({ stop: 'success', drain: 'failure', back: 'success' });
  expect(played.log).toContain('Failure - Main Tear down what has drained');
  expect(changes(played).filter((call) => call.includes(' delete '))).toEqual([]);
});

test('leaves the maintenance page where it is when the version to go back to does not run', async () => {
  const played = await upgrade(await twoVersions(), 'shop', 'exit 1');
  expect(played.jobs).toEqual({ stop: 'success', drain: 'failure', back: 'failure' });
  expect(changes(played)).toEqual(['kubectl set selector service shop app=maintenance']);
});
