// @module-tag exhaustive
import { describe, expect, test } from 'vitest';
import { cutName } from '../../src/long-names.ts';
import { quoteIdentifier } from '../../src/postgres/sql.ts';
import type { SdkRelease } from '../support/dbos-app.ts';
import { holdOn, seenIn } from '../support/holding.ts';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/* Names are compared exactly, whatever they contain: rules 1 and 2 with names that break a careless parser. */

const databases = systemDatabases();
const MEGABYTE = 'x'.repeat(1_000_000);

/** All are different. Many become equal when case, white space, quotes or escapes are lost. */
const NAMES = [
  'v1',
  'V1',
  ' v1',
  'v1 ',
  'v 1',
  'v1\n',
  'v1\r\n',
  '\tv1',
  'v1\u00a0',
  'v1,V1',
  '"v1"',
  "'v1'",
  '\\v1',
  'v1\\',
  'v1\\n',
  '{v1}',
  '["v1"]',
  'NULL',
  'null',
  '%',
  'v_',
  '$1',
  '*',
  'latest',
  "v1'; DROP SCHEMA dbos; --",
  'é',
  'e\u0301',
  '𝓿1 🚀',
];

const MEGABYTES = [MEGABYTE, `${MEGABYTE}x`, MEGABYTE.toUpperCase(), `"${MEGABYTE}`];

/** Creates one workflow in flight with the first name, two with the second, and so on, and as many finished ones. */
async function databaseWithNames(sdk: SdkRelease, names: readonly string[] = NAMES): Promise<TestDatabase> {
  const database = await databases.create(sdk);
  for (const [index, name] of names.entries()) {
    await database.query(
      `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, application_version, created_at, updated_at)
       SELECT $2 || '-' || n, CASE n % 2 WHEN 0 THEN 'PENDING' ELSE 'SUCCESS' END, 'order', $1, 1, 1
         FROM generate_series(1, 2 * ($2::int + 1)) n`,
      [name, index],
    );
  }
  // An index limits the length of names that can be registered.
  const registrable = names.filter((name) => name.length < 1000);
  if (sdk === '5.3.0') {
    await database.register(...[...registrable, 'newest'].map((version) => ({ version, owner: 'shop' })));
  } else if (sdk !== '3.5.8') {
    await database.register(...registrable, 'newest');
  } else {
    await database.insert({ status: 'SUCCESS', application_version: 'newest', created_at: 1, updated_at: 1 });
  }
  return database;
}

/** Shortens a name, so that a failed test is readable. */
const shortened = (name: string) => (name.length < 100 ? name : `${name.slice(0, 2)}… (${name.length})`);

describe.each<[string, readonly string[], readonly SdkRelease[]]>([
  ['spaces, quotes, escapes or another case in its name', NAMES, ['3.5.8', '4.10.15', '4.20.11', '5.3.0']],
  ['a name of a megabyte', MEGABYTES, ['3.5.8', '5.3.0']],
])('a version with %s', (_, names, releases) => {
  test.each(releases)('is counted and drained by its exact name, on the schema of SDK %s', async (sdk) => {
    const database = await databaseWithNames(sdk, names);
    // What the inputs make of a name.
    const read = names.map(cutName);
    const expected = read.map((name, index) => [shortened(name), index + 1]);

    const named = await holdOn(database, { mode: 'check', targets: { kind: 'named', versions: read } });
    const targets = named.last?.evaluation.targets ?? [];
    expect(targets.map(({ version, pending }) => [shortened(version ?? ''), pending])).toEqual(expected);
    expect(targets.every(({ known }) => known)).toBe(true);

    const others = await holdOn(database, {
      mode: 'check',
      targets: { kind: 'all-but', keep: ['newest'] },
    });
    const counts = new Map(others.last?.evaluation.targets.map((target) => [target.version, target.pending]));
    expect(read.map((name) => [shortened(name), counts.get(name)])).toEqual(expected);
    expect(counts.size).toBe(names.length);

    for (const name of names) {
      const target = { targets: { kind: 'named', versions: [cutName(name)] } } as const;
      const { verdict, blockers } = await holdOn(database, target, () =>
        database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE application_version = $1`, [name]),
      );
      expect([shortened(name), verdict, blockers[0]]).toEqual([shortened(name), 'drained', ['in-flight']]);
    }
  });
});

test('finds a schema by its exact name, with either meaning of a backslash on the server', async () => {
  const database = await databases.create();
  await database.insert({ status: 'PENDING', application_version: '1.0.0' });
  const schema = `it's "a\\b" \\' $1`;
  await database.query(`ALTER SCHEMA dbos RENAME TO ${quoteIdentifier(schema)}`);
  for (const setting of ['on', 'off']) {
    await database.query(`ALTER DATABASE ${database.config.database} SET standard_conforming_strings = ${setting}`);
    const { inFlight } = await seenIn({ config: { ...database.config, schema } });
    expect(inFlight).toMatchObject([{ version: '1.0.0', pending: 1 }]);
  }
});

test('a kept version does not keep another one that looks like it', async () => {
  const database = await databaseWithNames('5.3.0');
  const { last } = await holdOn(database, {
    mode: 'check',
    targets: { kind: 'all-but', keep: ['v1', 'newest'] },
  });
  const targets = last?.evaluation.targets.map(({ version }) => version) ?? [];
  expect(targets).toHaveLength(NAMES.length - 1);
  expect(targets).not.toContain('v1');
});

test('a version name of a megabyte is unknown, even if a known one differs only in case', async () => {
  const database = await databases.create();
  await database.register({ version: '2.0.0', owner: 'shop' });
  await database.insert({ status: 'SUCCESS', application_version: MEGABYTE });
  const unknown = await holdOn(database, { targets: { kind: 'named', versions: [`${MEGABYTE}y`] } });
  expect(unknown.verdict).toBe('unknown-version');
  const similar = await holdOn(database, {
    targets: { kind: 'named', versions: [MEGABYTE.toUpperCase()] },
    onUnknown: 'pass',
  });
  expect(similar.verdict).toBe('unknown-version');
});
