import { expect, test } from 'vitest';
import { createReader, launchOn, systemDatabases, type TestDatabase } from '../support/system-databases.ts';
import { KIT_PROGRAMS } from './kit.ts';
import { type Played, playFiles } from './play.ts';
import { filesOf, recipeNamed } from './recipe.ts';

const databases = systemDatabases();

const [GONE = '', OLD = '', NEW = ''] = ['a1', 'b2', 'c3'].map((start) => start.padEnd(40, '0'));

/** Plays the deploy of a team that may fork `sleeping`. The revision of GONE was deleted long ago. */
async function play(database: TestDatabase): Promise<Played> {
  const { url } = await createReader(database);
  return playFiles(
    filesOf(recipeNamed('cloud-run')).map((file) => ({ ...file, text: file.text.replace('nightly*', 'sleeping') })),
    {
      workflow: 'deploy.yml',
      sha: NEW,
      secrets: { DBOS_SYSTEM_DATABASE_URL: url, APPLICATION_DATABASE_URL: database.url },
      programs: {
        gcloud: `case "$*" in 'run revisions list '*) printf 'shop-v-%s\\n' ${NEW} ${OLD} ;; esac`,
        ...KIT_PROGRAMS,
      },
    },
  );
}

const deleted = ({ calls }: Played) => calls.filter((call) => call.startsWith('gcloud run revisions delete '));
const deletes = (version: string) => `gcloud run revisions delete shop-v-${version} --region europe-west1 --quiet`;

test('deletes the old revision once a sleeping workflow has been forked away from it', async () => {
  const database = await databases.create();
  await database.register(GONE);
  const old = await launchOn(database, { sdk: '5.3.0', version: OLD });
  const id = await old.startSleeping(3_600_000);
  await database.register(NEW);
  const played = await play(database);
  expect(played.jobs, played.log).toEqual({ deploy: 'success', retire: 'success' });
  expect(played.log).toContain(`${id}: continues as ${id}-fork`);
  expect(deleted(played)).toEqual([deletes(OLD)]);
});

test('keeps the old revision while it has work that may not be forked', async () => {
  const database = await databases.create();
  await database.register(GONE, OLD, NEW);
  await database.insert({ application_version: OLD, status: 'PENDING', name: 'ship', serialization: 'js_superjson' });
  const played = await play(database);
  expect(played.jobs, played.log).toEqual({ deploy: 'success', retire: 'success' });
  expect(deleted(played)).toEqual([]);
});
