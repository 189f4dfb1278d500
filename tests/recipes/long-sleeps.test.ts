import { expect, test } from 'vitest';
import { systemDatabases } from '../support/system-databases.ts';
import { cluster } from './cluster.ts';
import { withManifests } from './manifests.ts';
import { playFiles } from './play.ts';

const databases = systemDatabases();

const NEW = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00';

test('finishes the deploy although a workflow is delayed for days, and leaves its version to the sweep', async () => {
  const database = await databases.create();
  await database.register('1.0.0', '2.0.0', NEW);
  const until = Date.UTC(2100, 0, 1);
  await database.insert({ application_version: '2.0.0', status: 'DELAYED', delay_until_epoch_ms: until });

  const played = await playFiles(withManifests('long-sleeps', 'k8s/deployment.yaml'), {
    workflow: 'deploy.yml',
    sha: NEW,
    secrets: { DBOS_SYSTEM_DATABASE_URL: database.url, KUBECONFIG: 'of-the-test' },
    programs: { kubectl: cluster({ versions: ['1.0.0', '2.0.0', NEW], live: NEW }) },
  });

  expect(played.jobs).toEqual({ deploy: 'success', 'tear-down': 'success' });
  expect(played.calls.filter((call) => call.includes(' scale '))).toEqual([
    'kubectl scale deployment/shop-1.0.0 --replicas 0',
  ]);
  expect(played.log).toContain('["2.0.0"] can be torn down after 2100-01-01T00:00:00.000Z');
});
