import { readFileSync } from 'node:fs';
import pg from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { statementsOnPage } from '../support/database-role-page.ts';
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

const roles = [
  ['grants.sql', () => readFileSync('docs/grants.sql', 'utf8')],
  ['the grants on whole tables', () => statementsOnPage('Grants on whole tables')],
] as const;

test.each(roles)('the role of %s can read everything that the gate queries, and can be removed', async (_, grants) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(grants());
    await client.query(`ALTER ROLE drain_gate PASSWORD 'a password'`);
    const { rows: bounds } = await client.query(
      `SELECT rolconnlimit, rolconfig FROM pg_roles WHERE rolname = 'drain_gate'`,
    );
    expect(bounds).toEqual([
      { rolconnlimit: 3, rolconfig: expect.arrayContaining(['default_transaction_read_only=on']) },
    ]);
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
    await client.query(statementsOnPage('Remove the role'));
    expect((await client.query(`SELECT FROM pg_roles WHERE rolname = 'drain_gate'`)).rowCount).toBe(0);
  } finally {
    await client.end();
  }
});
