import { expect, test } from 'vitest';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';
import { cluster } from './cluster.ts';
import { type Played, playRecipe } from './play.ts';

const databases = systemDatabases();

function play({ url }: Pick<TestDatabase, 'url'>, workflow: string, kubectl: string): Promise<Played> {
  return playRecipe('operator-and-autoscaling', {
    workflow,
    event: workflow === 'deploy.yml' ? 'push' : 'schedule',
    secrets: { DBOS_SYSTEM_DATABASE_URL: url, KUBECONFIG: 'of-the-test' },
    programs: { kubectl },
  });
}

const deleted = ({ calls }: Played) => calls.filter((call) => call.startsWith('kubectl delete '));

test('copies what runs, before the operator replaces it', async () => {
  const kubectl = `case "$*" in 'apply '*) cat ;; esac\n${cluster({ versions: ['old'], live: 'old' })}`;
  const { jobs, calls, log } = await play({ url: 'postgresql://nobody@127.0.0.1/none' }, 'deploy.yml', kubectl);
  expect(jobs, log).toEqual({ deploy: 'success' });
  expect(log).toContain('"name": "shop-drain-old"');
  expect(log).toContain('"value": "old"');
  expect(calls.filter((call) => !call.includes(' get '))).toEqual([
    'actions/checkout {"persist-credentials":"false"}',
    'kubectl apply --filename -',
    'kubectl rollout status deployment shop-drain-old --timeout 10m',
    'kubectl apply --filename -',
  ]);
});

test('deletes the copies of what has drained, and of nothing else', async () => {
  const database = await databases.create();
  await database.register('ancient', 'older', 'old', 'new');
  await database.insert({ application_version: 'older', status: 'DELAYED' });
  const items = ['older', 'old'].map((version) => ({
    metadata: { name: `shop-drain-${version}`, labels: { 'shop-drain': version } },
  }));
  const copies = `case "$*" in *'--selector shop-drain '*) echo '${JSON.stringify({ items })}'; exit ;; esac`;
  const played = await play(database, 'retire.yml', `${copies}\n${cluster({ versions: ['new'], live: 'new' })}`);
  expect(played.jobs, played.log).toEqual({ retire: 'success' });
  expect(deleted(played)).toEqual(['kubectl delete deployment shop-drain-old']);
});
