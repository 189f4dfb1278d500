import { expect, test } from 'vitest';
import { fakeGithub, SHA, TOKEN } from '../github/fake-github.ts';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';
import { type Played, type PlayOptions, playRecipe } from './play.ts';

const databases = systemDatabases();

type Recipe = 'required-check-before-teardown' | 'check-finished-days-later';

const file = (filename: string, status: string) => ({ filename, status });
const removal = [
  file('versions/1.0.0.yaml', 'removed'),
  file('versions/3.0.0.yaml', 'added'),
  file('a.yaml', 'removed'),
];

/** 1.0.0 has a workflow at work, and 2.0.0 is the latest. */
async function withWork(): Promise<TestDatabase> {
  const database = await databases.create();
  await database.register('1.0.0', '2.0.0');
  await database.insert({ application_version: '1.0.0', status: 'PENDING' });
  return database;
}

const finishWork = (database: TestDatabase) => database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`);

function play(
  recipe: Recipe,
  apiUrl: string,
  database: TestDatabase,
  options: Partial<PlayOptions> = {},
  files = removal,
) {
  return playRecipe(recipe, {
    workflow: 'drain.yml',
    event: 'pull_request',
    payload: { number: 12, pull_request: { number: 12, head: { sha: SHA, ref: 'x' }, base: { ref: 'main' } } },
    secrets: { DBOS_SYSTEM_DATABASE_URL: database.url, GITHUB_TOKEN: TOKEN },
    programs: {
      gh: `case "$*" in
        *pulls/12/files*) echo '${JSON.stringify([files])}' ;;
        'pr list '*) echo '[{"number":12,"headRefOid":"${SHA}"}]' ;;
      esac`,
    },
    apiUrl,
    ...options,
  });
}

const posted = ({ calls }: Played) => calls.filter((call) => call.includes('check-runs'));

test('a pull request that removes a version waits for it, and passes when it has drained', async () => {
  const github = await fakeGithub(undefined, 'owner/shop');
  const database = await withWork();
  const blocked = await play('required-check-before-teardown', github.url, database);
  expect(blocked.jobs).toEqual({ removal: 'failure' });
  expect(github.checks).toEqual([expect.objectContaining({ head_sha: SHA, conclusion: 'failure' })]);
  await finishWork(database);
  const drained = await play('required-check-before-teardown', github.url, database);
  expect([drained.jobs, posted(drained)]).toEqual([{ removal: 'success' }, []]);
  expect(github.checks.at(-1)).toMatchObject({ name: 'drain production', head_sha: SHA, conclusion: 'success' });
  expect(github.complaints).toEqual([]);
});

test.each<Recipe>(['required-check-before-teardown', 'check-finished-days-later'])(
  '%s: a pull request that removes none passes without the gate',
  async (recipe) => {
    const github = await fakeGithub(undefined, 'owner/shop');
    const database = await withWork();
    const played = await play(recipe, github.url, database, {}, [file('versions/1.0.0.yaml', 'modified')]);
    expect(posted(played)).toEqual([
      `gh api repos/owner/shop/check-runs --field name=drain production --field head_sha=${SHA} --field status=completed --field conclusion=skipped`,
    ]);
    expect(github.served).toEqual([]);
  },
);

test('a scheduled run completes what the pull request has left in progress', async () => {
  const github = await fakeGithub(undefined, 'owner/shop');
  const database = await withWork();
  const first = await play('check-finished-days-later', github.url, database);
  expect(first.jobs).toEqual({ pulls: 'success', drain: 'success' });
  expect(github.checks).toEqual([expect.objectContaining({ head_sha: SHA, status: 'in_progress' })]);
  await finishWork(database);
  await play('check-finished-days-later', github.url, database, { event: 'schedule', payload: {} });
  expect(github.checks).toEqual([expect.objectContaining({ head_sha: SHA, conclusion: 'success' })]);
  expect(github.complaints).toEqual([]);
});
