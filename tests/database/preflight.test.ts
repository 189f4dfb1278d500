import { describe, expect, test } from 'vitest';
import { plain } from '../../src/report/text.ts';
import { databaseConfig } from '../support/databases.ts';
import { pollAt } from '../support/holding.ts';
import { preflightOn, saidOf } from '../support/preflight.ts';
import { createReader, createRole, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

const databases = systemDatabases();

const grantsIn = (log: readonly string[]) => log.filter((line) => line.startsWith('GRANT '));

/** What works, with a server that nobody verified. */
const PASSES = [
  'database: ok',
  'tls: warning',
  'privileges: ok',
  'server: ok',
  'schema: ok',
  'applications: ok',
  'versions: ok',
];

async function shop(): Promise<TestDatabase> {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  await database.insert({ status: 'PENDING', application_version: '1.0.0', application_name: 'shop' });
  return database;
}

async function run(database: TestDatabase, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await database.query(statement);
}

describe('the grants that a preflight prints make the next one pass', () => {
  test('for a role without any, in a schema whose name needs quotes', async () => {
    const database = await shop();
    await database.query(`ALTER SCHEMA dbos RENAME TO "o'dd ""schema"""`);
    const role = await createRole(database, `o'dd "role" `);
    const config = databaseConfig(role.url, `o'dd "schema"`);
    const first = await preflightOn({ config });
    expect(first.report).toMatchObject({ verdict: 'error', found: { next: null } });
    expect(first.problems).toEqual(['schema-not-granted']);
    expect(first.checks).toMatchObject([
      'database: ok',
      'tls: warning',
      'privileges: problem',
      'server: ok',
      ...['unknown', 'unknown', 'unknown'].map(() => expect.stringMatching(/: unknown$/)),
    ]);
    expect(grantsIn(first.log)).toHaveLength(6);

    await run(database, grantsIn(first.log));
    const second = await preflightOn({ config });
    expect(second.report).toMatchObject({ verdict: 'no-target', conclusion: 'pass' });
    expect(second.checks).toEqual(PASSES);
    expect(grantsIn(second.log)).toEqual([]);
    expect(second.log).toContain('- "1.0.0": 1 pending in flight');
    expect(second.report.found?.next?.job).toContain(
      `          schema: 'o''dd "schema"'\n          application: 'shop'\n`,
    );
  });

  test('for one without some columns, and counts what it can read meanwhile', async () => {
    const database = await shop();
    const role = await createReader(database);
    await database.query(`REVOKE SELECT ON ALL TABLES IN SCHEMA dbos FROM ${role.name}`);
    await run(database, [
      `GRANT SELECT (workflow_uuid, status, name, class_name, queue_name, executor_id, application_version, application_name,
         created_at, updated_at, started_at_epoch_ms, ctid) ON dbos.workflow_status TO ${role.name}`,
      `GRANT SELECT (version_name, version_timestamp, application_name, xmin) ON dbos.application_versions TO ${role.name}`,
      `GRANT SELECT (workflow_uuid, function_id, function_name) ON dbos.operation_outputs TO ${role.name}`,
    ]);
    const first = await preflightOn(role);
    expect(first.problems).toEqual(['tables-not-granted']);
    expect(first.log).toContain('- "1.0.0": 1 pending in flight');
    expect(saidOf(first.report, 'privileges')).toMatch(
      / is not allowed to read \d+ columns of "workflow_status", "operation_outputs", /,
    );
    // What cannot be read seems not to be there, and is no reason to warn.
    expect(first.report.warnings).toEqual([]);

    await run(database, grantsIn(first.log));
    expect(await preflightOn(role)).toMatchObject({ checks: PASSES, report: { verdict: 'no-target' } });
  });
});

test('the grants fit the oldest schema, and a preflight says what made it', async () => {
  const database = await databases.create('3.0.63');
  const role = await createRole(database);
  const first = await preflightOn(role);
  expect(grantsIn(first.log)).toHaveLength(3);
  await run(database, grantsIn(first.log));
  const { report, checks } = await preflightOn(role);
  expect(report.verdict).toBe('no-target');
  expect(checks).toEqual(expect.arrayContaining(['privileges: ok', 'schema: ok', 'versions: warning']));
  expect(saidOf(report, 'schema')).toMatch(
    /^"dbos", without a migration number, as TypeScript SDKs before 3\.5 make it\./,
  );
});

describe('a preflight reports at once', () => {
  // A role with all columns of a table, but not the one that has no stand-in.
  test.each([
    ['workflow_status', 'ctid'],
    ['application_versions', 'xmin'],
  ])('a missing grant on %s (%s) and several applications, by their registrations alone', async (table, column) => {
    const database = await shop();
    await database.register({ version: '7.0.0', owner: 'billing' });
    const role = await createReader(database);
    const [found] = await database.query(
      `SELECT string_agg(column_name, ', ') AS columns FROM information_schema.columns WHERE table_name = $1`,
      [table],
    );
    await database.query(`REVOKE SELECT ON dbos.${table} FROM ${role.name}`);
    await database.query(`GRANT SELECT (${found?.['columns']}) ON dbos.${table} TO ${role.name}`);
    const { report, problems, checks } = await preflightOn(role);
    expect(problems).toEqual(['tables-not-granted', 'several-applications']);
    expect(report.found?.grants).toEqual([`GRANT SELECT (${column}) ON "dbos".${table} TO "${role.config.user}";`]);
    expect(plain(report.headline)).toMatch(/^The gate cannot work here yet: 2 problems found\./);
    expect(checks).toEqual(expect.arrayContaining(['tls: warning', 'privileges: problem', 'applications: problem']));
    expect(saidOf(report, 'schema')).toMatch(/^"dbos", migration 123: TypeScript 5\.2 to 5\.3 or Python 3\.2\. /);
    expect(report.found?.applications).toEqual(['billing', 'shop']);
  });

  test('an application that is not there, and a role that can write', async () => {
    const { problems, checks, report } = await preflightOn(await shop(), { application: 'shpo' });
    expect(problems).toEqual(['application-not-seen']);
    expect(checks).toEqual(expect.arrayContaining(['privileges: warning', 'applications: problem']));
    expect(report.warnings.map(plain)).toEqual([expect.stringMatching(/is a superuser\. The gate only reads\./)]);
  });

  test('that the schema is missing, and what is next to that', async () => {
    const { problems, checks } = await preflightOn(await databases.create('empty'));
    expect(problems).toEqual(['schema-missing']);
    expect(checks).toEqual([
      'database: ok',
      'tls: warning',
      'privileges: unknown',
      'server: ok',
      'schema: problem',
      'applications: unknown',
      'versions: unknown',
    ]);
  });

  test('row security', async () => {
    const database = await shop();
    await database.query('ALTER TABLE dbos.workflow_status ENABLE ROW LEVEL SECURITY');
    const { problems, checks } = await preflightOn(await createReader(database));
    expect(problems).toEqual(['untrusted-database']);
    expect(checks).toContain('privileges: problem');
  });
});

describe('what fails every poll of another mode is a problem of a preflight', () => {
  test('a column that the gate needs, in any table', async () => {
    const database = await shop();
    const role = await createReader(database);
    for (const [table, column] of [
      ['application_versions', 'version_name'],
      ['application_versions', 'version_timestamp'],
      ['operation_outputs', 'function_name'],
      ['dbos_migrations', 'version'],
    ]) {
      await database.query(`ALTER TABLE dbos.${table} RENAME COLUMN ${column} TO former`);
      await expect(pollAt(role)).rejects.toThrow('The tables changed');
      const { report, problems, checks } = await preflightOn(role);
      expect(report).toMatchObject({ verdict: 'error', found: { next: null } });
      expect(problems).toEqual(['columns-missing']);
      expect(checks).toEqual(expect.arrayContaining(['database: ok', 'schema: problem', 'versions: unknown']));
      await database.query(`ALTER TABLE dbos.${table} RENAME COLUMN former TO ${column}`);
    }
    expect((await preflightOn(role)).problems).toEqual([]);
  });

  test('row security on any table, beside what is missing as well', async () => {
    const database = await shop();
    const role = await createReader(database);
    for (const table of ['operation_outputs', 'application_versions', 'dbos_migrations']) {
      await database.query(`ALTER TABLE dbos.${table} ENABLE ROW LEVEL SECURITY`);
      await expect(pollAt(role)).rejects.toThrow('Row security');
      const { problems, checks } = await preflightOn(role);
      expect(problems).toEqual(['row-security']);
      expect(checks).toEqual(expect.arrayContaining(['database: ok', 'privileges: problem', 'versions: unknown']));
      await database.query(`REVOKE SELECT ON dbos.workflow_status FROM ${role.name}`);
      expect((await preflightOn(role)).problems).toEqual(['tables-not-granted', 'row-security']);
      await database.query(`GRANT SELECT ON dbos.workflow_status TO ${role.name}`);
      await database.query(`ALTER TABLE dbos.${table} DISABLE ROW LEVEL SECURITY`);
    }
    expect((await preflightOn(role)).problems).toEqual([]);
  });

  // What a view reads could be slow, or code of whoever made it.
  test.each([
    ['application_versions', 'NULL::text AS version_name, 1/0 AS version_timestamp, (1/0)::text AS application_name'],
    ['dbos_migrations', '1/0 AS version'],
  ])('a view in place of %s, which it does not read', async (table, columns) => {
    const database = await shop();
    await database.query(`ALTER TABLE dbos.${table} RENAME TO former`);
    await database.query(`CREATE VIEW dbos.${table} AS SELECT ${columns}`);
    await expect(pollAt(database)).rejects.toThrow('is not an ordinary table');
    expect((await preflightOn(database)).problems).toEqual(['not-a-table']);
  });
});

test('a preflight passes with a warning for a role that can write one table', async () => {
  const database = await shop();
  const role = await createReader(database);
  await database.query(`GRANT UPDATE (status) ON dbos.workflow_status TO ${role.name}`);
  const { report, checks } = await preflightOn(role);
  expect(report).toMatchObject({ verdict: 'no-target', conclusion: 'pass' });
  expect(checks).toContain('privileges: warning');
  expect(report.warnings.map(plain)).toEqual([
    expect.stringMatching(/ can write "workflow_status"\. The gate only reads/),
  ]);
});
