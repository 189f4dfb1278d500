import { expect, test } from 'vitest';
import { systemDatabases } from '../support/system-databases.ts';
import { cluster } from './cluster.ts';
import { type Played, type PlayOptions, playRecipe } from './play.ts';

const databases = systemDatabases();

/** 1.0.0 has drained, 2.0.0 has a workflow at work, and the traffic goes to 3.0.0. */
async function play(options: Pick<PlayOptions, 'event' | 'payload'>): Promise<Played> {
  const database = await databases.create();
  await database.register('1.0.0', '2.0.0', '3.0.0');
  await database.insert({ application_version: '2.0.0', status: 'PENDING' });
  return playRecipe('waiting-for-days', {
    workflow: 'drain.yml',
    secrets: { DBOS_SYSTEM_DATABASE_URL: database.url, KUBECONFIG: 'of-the-test' },
    programs: { kubectl: cluster({ versions: ['1.0.0', '2.0.0', '3.0.0'], live: '3.0.0' }), gh: '' },
    ...options,
  });
}

const acted = ({ calls }: Played) => calls.filter((call) => / scale |^gh workflow /.test(call));

test('tears down what has drained, and polls again for the rest', async () => {
  const played = await play({ event: 'workflow_run' });
  expect(played.jobs).toEqual({ drain: 'success' });
  expect(acted(played)).toEqual([
    'kubectl scale deployment/shop-1.0.0 --replicas 0',
    expect.stringMatching(/^gh workflow run drain\.yml --repo \S+ --ref main --field polls=335$/),
  ]);
});

test('gives up after the last poll, and fails', async () => {
  const played = await play({ event: 'workflow_dispatch', payload: { inputs: { polls: '1' } } });
  expect(played.jobs).toEqual({ drain: 'failure' });
  expect(acted(played)).toEqual(['kubectl scale deployment/shop-1.0.0 --replicas 0']);
  expect(played.log).toContain('Failure - Main Poll again when the timer is over');
});
