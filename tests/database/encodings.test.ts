import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import type { GateConfig } from '../../src/config.ts';
import type { DatabaseConfig } from '../../src/postgres/url.ts';
import { readInventory } from '../../src/review/inventory/read.ts';
import { databaseConfig, databaseUrl, dropDatabases } from '../support/databases.ts';
import { holdOn, seenIn, withoutLimit } from '../support/holding.ts';
import { POSTGRES_MAJOR } from '../support/postgres/binaries.ts';
import { openConnection, openDatabase, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/* The encoding of the database decides what a character is, and which ones a name can have. */

const databases = systemDatabases();

/** A system database in this encoding, without its indexes. In it, 1.0.0 has work in flight beside 2.0.0. */
async function databaseIn(encoding: string): Promise<TestDatabase> {
  const original = await databases.create();
  const columns = await original.query(
    `SELECT c.relname AS "table",
            string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                       || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), ''), ', ') AS list
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum AND a.attgenerated = ''
      WHERE c.relnamespace = 'dbos'::regnamespace AND c.relkind = 'r' GROUP BY c.relname`,
  );
  const server = databases.server().url();
  const name = `encoding_${randomBytes(6).toString('hex')}`;
  const admin = await openConnection(server);
  await admin.query(`CREATE DATABASE ${name} ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`);
  onTestFinished(() => dropDatabases(server, [name]));
  const database = await openDatabase(databaseUrl(server, name));
  if (POSTGRES_MAJOR < 13) await database.query('CREATE EXTENSION pgcrypto');
  await database.query('CREATE SCHEMA dbos');
  for (const { table, list } of columns) await database.query(`CREATE TABLE dbos."${table}" (${list})`);
  await database.query('INSERT INTO dbos.dbos_migrations VALUES (123)');
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  return database;
}

test('in a SQL_ASCII database, names are cut between two characters', async () => {
  const database = await databaseIn('SQL_ASCII');
  // Characters of one to four bytes, at each place where a cut can come.
  const names = ['a', 'é', '漢', '🦀'].flatMap((character) =>
    [0, 1, 2, 3, 4].map((shift) => `${'x'.repeat(293 + shift)}${character.repeat(9)}`),
  );
  const inFlight = { status: 'PENDING', application_version: '1.0.0', application_name: 'shop' };
  await database.insert(...names.map((name) => ({ ...inFlight, name, queue_name: name, executor_id: name })));
  const request = { application: undefined, pollTimeoutMs: 30_000 };
  const { applications } = await readInventory(database.config, request, withoutLimit);
  const inventory = applications.flatMap(({ versions }) => versions.flatMap((version) => version.workflows));
  expect(inventory.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  const { workflows, groups } = await seenIn(database);
  const shown = workflows.items.map(({ name }) => name ?? '');
  expect(shown).toHaveLength(names.length);
  for (const name of [...shown, ...groups.items.map((group) => group.name ?? '')]) {
    const whole = names.find((each) => each.startsWith(name));
    const bytes = Buffer.byteLength(name);
    expect([whole !== undefined, bytes > 296, bytes <= 300]).toEqual([true, true, true]);
  }
});

test('in a SQL_ASCII database, a hold compares and drains a version with any characters', async () => {
  const database = await databaseIn('SQL_ASCII');
  const version = 'é漢🦀';
  await database.insert({ status: 'PENDING', application_version: version, application_name: 'shop' });
  const { verdict, blockers } = await holdOn(database, { targets: { kind: 'named', versions: [version] } }, () =>
    database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`),
  );
  expect([verdict, blockers[0]]).toEqual(['drained', ['in-flight']]);
});

test('each name with a character that the encoding of the database lacks is reported', async () => {
  const { url, config } = await databaseIn('LATIN1');
  const lacking: readonly [DatabaseConfig, Partial<GateConfig>][] = [
    [config, { targets: { kind: 'named', versions: ['é漢'] } }],
    [config, { targets: { kind: 'all-but', keep: ['漢'] } }],
    [config, { ignoreWorkflows: ['漢*'] }],
    [config, { application: '漢' }],
    [databaseConfig(url, '漢'), {}],
  ];
  for (const [given, changes] of lacking) {
    await expect(holdOn({ config: given }, changes)).rejects.toThrow(
      /^The database's encoding does not have a character of a name.*\(22P05\).*Check `retire-version`.*Giving up/,
    );
  }
});
