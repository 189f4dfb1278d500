import { expect, test } from 'vitest';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';
import { GATE } from './actions.ts';
import { cluster } from './cluster.ts';
import { type Played, playRecipe } from './play.ts';

const databases = systemDatabases();

/** Three versions are registered, and the last two run. */
async function place(): Promise<TestDatabase> {
  const database = await databases.create();
  await database.register('gone', 'draining', 'live');
  return database;
}

function play({ url }: TestDatabase, versions: readonly string[] = ['draining', 'live']): Promise<Played> {
  return playRecipe('strand-audit', {
    workflow: 'strand-audit.yml',
    event: 'schedule',
    secrets: { DBOS_SYSTEM_DATABASE_URL: url, KUBECONFIG: 'of-the-test' },
    programs: { kubectl: cluster({ versions, live: 'live' }) },
  });
}

test('passes while all work is on versions that run, a draining one included', async () => {
  const database = await place();
  await database.insert(
    { application_version: 'draining', status: 'PENDING' },
    { application_version: 'live', status: 'ENQUEUED' },
  );
  const { jobs, log } = await play(database);
  expect(jobs, log).toEqual({ audit: 'success' });
  expect(log).toContain(`Run Main ${GATE}`);
});

test('fails for work on a version that runs nowhere', async () => {
  const database = await place();
  await database.insert({ application_version: 'gone', status: 'DELAYED' });
  const { jobs, log } = await play(database);
  expect(jobs, log).toEqual({ audit: 'failure' });
  expect(log).toContain('<code>gone</code>: 1 workflow is still in flight (1 delayed)');
});

test('fails without asking the gate when it finds no version that runs', async () => {
  const { jobs, log } = await play(await place(), []);
  expect(jobs, log).toEqual({ audit: 'failure' });
  expect(log).not.toContain(`Run Main ${GATE}`);
});
