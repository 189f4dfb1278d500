import { expect, test } from 'vitest';
import { systemDatabases } from '../support/system-databases.ts';
import { cluster } from './cluster.ts';
import { type PlayOptions, playFiles } from './play.ts';
import { filesOf, recipeNamed } from './recipe.ts';

const databases = systemDatabases();

const files = filesOf(recipeNamed('teardown-with-an-approval'));

function play(url: string, changes: Partial<PlayOptions> = {}, page = files) {
  return playFiles(page, {
    workflow: 'tear-down.yml',
    event: 'workflow_dispatch',
    payload: { inputs: { version: '2.0.0' } },
    secrets: { DBOS_SYSTEM_DATABASE_URL: url, KUBECONFIG: 'of-the-test' },
    programs: { kubectl: cluster({ versions: ['1.0.0', '1.1.0', '2.0.0'], live: '2.0.0' }) },
    ...changes,
  });
}

const isScale = (call: string) => call.includes(' scale ');

test('tears down what is drained before and after the approval', async () => {
  const database = await databases.create();
  await database.register('1.0.0', '2.0.0');
  const { jobs, calls } = await play(database.url);
  expect(jobs).toEqual({ drain: 'success', approve: 'success', 'tear-down': 'success' });
  expect(calls.filter(isScale)).toEqual(['kubectl scale deployment/shop-1.0.0 --replicas 0']);
});

test('asks nobody to approve, and tears nothing down, while a version has work', async () => {
  const database = await databases.create();
  await database.register('1.0.0', '2.0.0');
  await database.insert({ application_version: '1.0.0', status: 'ENQUEUED', queue_name: 'mail' });
  const { jobs, calls } = await play(database.url);
  expect(jobs).toEqual({ drain: 'failure' });
  expect(calls).toEqual([]);
});

test('tears nothing down when an approved version has work again', async () => {
  const database = await databases.create();
  await database.register('1.0.0', '1.1.0', '2.0.0');
  let approved: Promise<void> | undefined;
  const onMessage = (message: string) => {
    if (!message.includes('Run Main Say what was approved')) return;
    approved ??= database.insert({ application_version: '1.1.0', status: 'PENDING' });
  };
  const { jobs, calls, log } = await play(database.url, { onMessage });
  await approved;
  expect(jobs).toEqual({ drain: 'success', approve: 'success', 'tear-down': 'failure' });
  expect(log).toContain('1 workflow is still in flight');
  expect(calls).toEqual([]);
});

test('fails loudly when GitHub drops the list of drained versions', async () => {
  const database = await databases.create();
  await database.register('1.0.0', '2.0.0');
  const page = files.map((file) => ({
    ...file,
    text: file.text.replace(/drained-versions: \$\{\{ steps.*/, "drained-versions: ''"),
  }));
  const { jobs, calls } = await play(database.url, {}, page);
  expect(jobs).toEqual({ drain: 'success', approve: 'success', 'tear-down': 'failure' });
  expect(calls).toEqual([]);
});

test('tears nothing down that a person has refused', async () => {
  const database = await databases.create();
  await database.register('1.0.0', '2.0.0');
  const page = files.map((file) => ({ ...file, text: file.text.replace(/echo "Approved, .*/, 'exit 1') }));
  const { jobs, calls } = await play(database.url, {}, page);
  expect(jobs).toEqual({ drain: 'success', approve: 'failure' });
  expect(calls).toEqual([]);
});
