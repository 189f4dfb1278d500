import { expect, test } from 'vitest';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';
import { cluster } from './cluster.ts';
import { type Played, playRecipe } from './play.ts';

const databases = systemDatabases();

const [OLDER, OLD, NEW] = ['1.0.0', '2.0.0', '3.0.0'] as const;

async function regions(): Promise<{ readonly eu: TestDatabase; readonly us: TestDatabase }> {
  const [eu, us] = await Promise.all([databases.create(), databases.create()]);
  for (const region of [eu, us]) await region.register(OLDER, OLD, NEW);
  return { eu, us };
}

async function sweep({ eu, us }: { readonly eu: TestDatabase; readonly us: TestDatabase }): Promise<Played> {
  return playRecipe('several-databases', {
    workflow: 'sweep.yml',
    event: 'schedule',
    secrets: { DBOS_SYSTEM_DATABASE_URL_EU: eu.url, DBOS_SYSTEM_DATABASE_URL_US: us.url, KUBECONFIG: 'of-the-test' },
    programs: { kubectl: cluster({ versions: [OLDER, OLD, NEW], live: NEW }) },
  });
}

const scaledIn = ({ calls }: Played) => calls.filter((call) => call.includes(' scale '));

test('tears down what has drained in all databases, and nothing that has drained in one', async () => {
  const { eu, us } = await regions();
  await us.insert({ application_version: OLD, status: 'PENDING' });
  const played = await sweep({ eu, us });
  expect(played.jobs).toEqual({ sweep: 'success' });
  expect(scaledIn(played)).toEqual([`kubectl scale deployment/shop-${OLDER} --replicas 0`]);
});

test('tears down nothing when one database cannot be read', async () => {
  const { eu, us } = await regions();
  await eu.query('DROP TABLE dbos.workflow_status CASCADE');
  const played = await sweep({ eu, us });
  expect(played.jobs).toEqual({ sweep: 'failure' });
  expect(scaledIn(played)).toEqual([]);
});
