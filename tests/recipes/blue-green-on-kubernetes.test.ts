import { expect, test } from 'vitest';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';
import { cluster } from './cluster.ts';
import { type Played, playRecipe } from './play.ts';

const databases = systemDatabases();

const [OLDER = '', OLD = '', NEW = ''] = ['a1', 'b2', 'c3'].map((start) => start.padEnd(40, '0'));

/** Three versions are registered and run. */
async function threeVersions(): Promise<TestDatabase> {
  const database = await databases.create();
  await database.register(OLDER, OLD, NEW);
  return database;
}

function play({ url }: TestDatabase, live = NEW): Promise<Played> {
  return playRecipe('blue-green-on-kubernetes', {
    workflow: 'deploy.yml',
    sha: NEW,
    secrets: { DBOS_SYSTEM_DATABASE_URL: url, KUBECONFIG: 'of-the-test' },
    programs: { kubectl: cluster({ versions: [OLDER, OLD, NEW], live }) },
  });
}

function scaledIn({ calls }: Played): readonly string[] {
  return calls.filter((call) => call.includes(' scale '));
}

const scaleDown = (version: string) => `kubectl scale deployment/shop-${version} --replicas 0`;

test('launches, shifts, and scales every drained version down', async () => {
  const played = await play(await threeVersions());
  expect(played.jobs).toEqual({ deploy: 'success', 'tear-down': 'success' });
  expect(played.calls.filter((call) => !call.includes(' get '))).toEqual([
    'actions/checkout {"persist-credentials":"false"}',
    'kubectl apply --filename -',
    `kubectl rollout status deployment/shop-${NEW} --timeout 10m`,
    `kubectl patch service shop --patch {"spec":{"selector":{"app":"shop","version":"${NEW}"}}}`,
    scaleDown(OLDER),
    scaleDown(OLD),
  ]);
});

test('leaves a version alone that has work, and takes the others', async () => {
  const database = await threeVersions();
  await database.insert({ application_version: OLDER, status: 'PENDING' });
  const played = await play(database);
  expect(played.jobs).toEqual({ deploy: 'success', 'tear-down': 'failure' });
  expect(played.log).toContain('1 workflow is still in flight');
  expect(scaledIn(played)).toEqual([scaleDown(OLD)]);
});

test('takes nothing when the gate cannot see the database', async () => {
  const database = await threeVersions();
  await database.query('DROP TABLE dbos.workflow_status CASCADE');
  const played = await play(database);
  expect(played.jobs).toEqual({ deploy: 'success', 'tear-down': 'failure' });
  expect(scaledIn(played)).toEqual([]);
});

test('never takes the version that a rollback has sent the traffic to', async () => {
  const played = await play(await threeVersions(), OLD);
  expect(scaledIn(played)).toEqual([scaleDown(OLDER)]);
});

test('takes nothing when it cannot say which version has the traffic', async () => {
  const played = await play(await threeVersions(), '');
  expect(played.jobs).toEqual({ deploy: 'success', 'tear-down': 'failure' });
  expect(scaledIn(played)).toEqual([]);
});
