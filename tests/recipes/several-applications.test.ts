import { expect, test } from 'vitest';
import { systemDatabases } from '../support/system-databases.ts';
import { cluster } from './cluster.ts';
import { withManifests } from './manifests.ts';
import { playFiles } from './play.ts';

const databases = systemDatabases();

const SHA = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00';

test('retires the versions of each application by itself', async () => {
  const database = await databases.create();
  for (const owner of ['shop', 'billing']) {
    await database.register({ version: `${owner}-1`, owner }, { version: `${owner}-${SHA}`, owner });
  }
  const busy = { application_version: 'billing-1', application_name: 'billing', status: 'PENDING' };
  await database.insert(busy);

  const played = await playFiles(withManifests('several-applications', 'k8s/shop.yaml', 'k8s/billing.yaml'), {
    workflow: 'deploy.yml',
    sha: SHA,
    secrets: { DBOS_SYSTEM_DATABASE_URL: database.url, KUBECONFIG: 'of-the-test' },
    programs: { kubectl: cluster({ versions: ['shop-1', 'billing-1'], live: 'another' }) },
  });

  expect(played.jobs).toEqual({ deploy: 'success', 'tear-down': 'failure' });
  expect(played.calls.filter((call) => call.includes(' scale '))).toEqual([
    'kubectl scale deployment/shop-shop-1 --replicas 0',
  ]);
});
