import { readFileSync } from 'node:fs';
import { marked } from 'marked';
import pg from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { launchApp } from '../support/dbos-app.ts';
import { type RunOptions, runAction } from '../support/runner.ts';
import { systemDatabases } from '../support/system-databases.ts';

const databases = systemDatabases();
let url: string;

beforeAll(async () => {
  url = await databases.createUrl();
  const app = await launchApp({ sdk: '5.3.0', version: '1.0.0', databaseUrl: url });
  await app.startHeld();
  await app.kill();
});

/** Returns the SQL statements of the README. */
function statementsOfReadme(): string {
  const [statements, ...more] = marked
    .lexer(readFileSync('README.md', 'utf8'))
    .flatMap((token) => (token.type === 'code' && token.lang === 'sql' ? [token.text] : []));
  if (statements === undefined || more.length > 0) throw new Error('The README has one block of SQL.');
  return statements;
}

test('the role in the README can read everything that the gate queries', async () => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statementsOfReadme());
    await client.query(`ALTER ROLE drain_gate PASSWORD 'a password'`);
  } finally {
    await client.end();
  }
  const asRole = new URL(url);
  asRole.username = 'drain_gate';
  asRole.password = '';
  const inputs: RunOptions['inputs'] = {
    'database-url': asRole.href,
    'database-password': 'a password',
    'retire-version': '1.0.0',
    mode: 'check',
  };
  const { outputs } = await runAction({ inputs }).finished;
  expect(outputs).toMatchObject({ verdict: 'in-flight', 'in-flight': '1' });
});
