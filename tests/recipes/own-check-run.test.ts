import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { fakeGithub, SHA, TOKEN } from '../github/fake-github.ts';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';
import { type Played, playFiles } from './play.ts';

/* The job of this repository's CI that publishes a check run on each commit, with the action of the checkout. */

const databases = systemDatabases();

const WORKFLOW = '.github/workflows/ci.yml';
const read = (path: string) => ({ path, language: '', text: readFileSync(path, 'utf8') });

/** Runs SQL, which is what a client of Postgres in a container does with its standard input. */
const client = `
  const { Client } = require('${createRequire(import.meta.url).resolve('pg')}');
  const client = new Client(process.env.DBOS_SYSTEM_DATABASE_URL);
  client.connect().then(() => client.query(require('fs').readFileSync(0, 'utf8'))).then(() => client.end());`;

function play({ url }: TestDatabase, apiUrl: string, repo: { full_name: string; fork: boolean }): Promise<Played> {
  const ci = parseDocument(readFileSync(WORKFLOW, 'utf8'));
  const publish = ci.getIn(['jobs', 'publish'], true);
  ci.set('jobs', ci.createNode({ publish }));
  ci.deleteIn(['jobs', 'publish', 'needs']);
  ci.setIn(['jobs', 'publish', 'env', 'DBOS_SYSTEM_DATABASE_URL'], url);
  const bundle = readdirSync('dist').filter((name) => /\.js(on)?$/.test(name));
  return playFiles(
    [
      { path: WORKFLOW, language: 'yaml', text: ci.toString({ lineWidth: 0 }) },
      ...[...bundle.map((name) => `dist/${name}`), 'action.yml'].map(read),
      {
        path: 'blocked.sql',
        language: 'sql',
        text: `INSERT INTO dbos.workflow_status (workflow_uuid, status, application_version) VALUES ('1', 'PENDING', '1.0.0')`,
      },
      { path: 'drained.sql', language: 'sql', text: `UPDATE dbos.workflow_status SET status = 'SUCCESS'` },
    ],
    {
      workflow: 'ci.yml',
      event: 'pull_request',
      payload: { pull_request: { head: { sha: SHA, ref: 'x', repo }, base: { repo: { full_name: 'owner/shop' } } } },
      secrets: { GITHUB_TOKEN: TOKEN },
      programs: {
        docker: `exec node --eval "${client}"`,
        gh: `curl --fail --silent --header "Authorization: token $GH_TOKEN" "$GITHUB_API_URL/$2" | jq --raw-output "$4"`,
      },
      apiUrl,
    },
  );
}

async function registered(): Promise<TestDatabase> {
  const database = await databases.create();
  await database.register('1.0.0', '2.0.0');
  return database;
}

test('a commit gets a check run of the gate, which the second run completes', async () => {
  const github = await fakeGithub(undefined, 'owner/shop');
  const played = await play(await registered(), github.url, { full_name: 'owner/shop', fork: false });
  expect(played.jobs, played.log).toEqual({ publish: 'success' });
  expect(github.checks).toEqual([
    expect.objectContaining({ name: 'drain of the example', head_sha: SHA, conclusion: 'success' }),
  ]);
  expect(played.calls.filter((call) => call.startsWith('gh api '))).toHaveLength(2);
  expect(github.complaints).toEqual([]);
});

test('the pull request of a fork gets none, and a warning', async () => {
  const refusal = { status: 403, message: 'Resource not accessible by integration' };
  const github = await fakeGithub(() => refusal, 'owner/shop');
  const played = await play(await registered(), github.url, { full_name: 'somebody/shop', fork: true });
  expect(played.jobs, played.log).toEqual({ publish: 'success' });
  expect(played.log).toContain('GitHub gives pull requests of forks a token that only reads.');
  expect([github.checks, played.calls.filter((call) => call.startsWith('gh '))]).toEqual([[], []]);
});
