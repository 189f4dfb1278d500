import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { databaseConfig } from '../support/databases.ts';
import { holdOn, pollAt } from '../support/holding.ts';
import { createRole, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

const databases = systemDatabases();

/** Polls, and runs the grants that the error names, until a poll succeeds. Returns the errors. */
async function repairAsTold(database: TestDatabase, config: TestDatabase['config']): Promise<string[]> {
  const errors: string[] = [];
  for (let attempt = 0; attempt < 5; attempt++) {
    const error = await pollAt({ config }).then(
      () => undefined,
      (reason: Error) => reason.message,
    );
    if (error === undefined) return errors;
    errors.push(error);
    for (const [grant] of error.matchAll(/GRANT [^;]*;/g)) await database.query(grant);
  }
  throw new Error(`Still no poll: ${errors.join('\n')}`);
}

describe('a role that is not allowed to', () => {
  test('use the schema gets an error with the grants that let it poll', async () => {
    const database = await databases.create();
    const { config } = await createRole(database);
    const [error, ...more] = await repairAsTold(database, config);
    expect(error).toMatch(/is not allowed to use the schema dbos.*GRANT USAGE ON SCHEMA/s);
    expect(more).toEqual([]);
  });

  test('read the tables gets an error with one grant per table, and those let it poll', async () => {
    const database = await databases.create();
    const role = await createRole(database);
    await database.query(`GRANT USAGE ON SCHEMA dbos TO ${role.name}`);
    const [error, ...more] = await repairAsTold(database, role.config);
    for (const table of ['workflow_status', 'operation_outputs', 'application_versions', 'dbos_migrations']) {
      expect(error).toMatch(new RegExp(`GRANT SELECT \\([a-z_, ]+\\) ON "dbos"\\.${table} TO `));
    }
    expect(more).toEqual([]);
  });

  test('read some columns gets an error that lists them, with the grant that lets it poll', async () => {
    const database = await databases.create();
    const role = await createRole(database);
    await database.query(`GRANT USAGE ON SCHEMA dbos TO ${role.name}`);
    await database.query(`GRANT SELECT ON ALL TABLES IN SCHEMA dbos TO ${role.name}`);
    await database.query(`REVOKE SELECT ON dbos.workflow_status FROM ${role.name}`);
    await database.query(
      `GRANT SELECT (workflow_uuid, status, name, class_name, config_name, queue_name, executor_id, application_version,
         created_at, updated_at, started_at_epoch_ms, parent_workflow_id) ON dbos.workflow_status TO ${role.name}`,
    );
    const [error, ...more] = await repairAsTold(database, role.config);
    expect(error).toMatch(
      /is not allowed to read workflow_status \(application_name, forked_from, delay_until_epoch_ms, /,
    );
    expect(error).not.toMatch(/operation_outputs|application_versions|dbos_migrations/);
    expect(more).toEqual([]);
  });

  test('do anything gets grants that run, even if its name and the schema need quotes', async () => {
    const database = await databases.create();
    await database.query(`ALTER SCHEMA dbos RENAME TO "o'dd ""schema"""`);
    const role = await createRole(database, `o'dd "role" `);
    const config = databaseConfig(role.url, `o'dd "schema"`);
    await expect(repairAsTold(database, config)).resolves.toHaveLength(1);
  });
});

describe('docs/grants.sql', () => {
  /** Runs the grants of the file unchanged, for a role of this test. */
  async function granted() {
    const database = await databases.create();
    await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
    const role = await createRole(database);
    const statements = readFileSync('docs/grants.sql', 'utf8');
    expect(statements).toContain('CREATE ROLE drain_gate LOGIN;');
    const grants = statements.replace(/^CREATE ROLE .*$/m, '').replaceAll('drain_gate', role.name);
    await database.query(`REVOKE TEMPORARY ON DATABASE ${role.config.database} FROM PUBLIC`);
    await database.query(grants);
    const columns = [...grants.matchAll(/GRANT SELECT \(([^)]*)\)\s+ON dbos\.(\w+) /g)].flatMap(
      ([, names = '', table = '']) => names.split(',').map((name) => ({ table, column: name.trim() })),
    );
    return { database, role, columns };
  }

  test('grants enough for every query of the gate, without payloads, writes or temporary tables', async () => {
    const { role } = await granted();
    expect((await holdOn(role, {})).verdict).toBe('drained');
    const searching = { searchHistoryFor: ['0.9.0'], scanStatuses: true, countFailed: true, newestRoots: true };
    expect((await pollAt(role, {}, searching)).contents).toBeDefined();
  });

  test('grants no column too many: without any one, the error names it and prints the grant', async () => {
    const { database, role, columns } = await granted();
    expect(columns.length).toBeGreaterThan(20);
    for (const { table, column } of columns.filter(({ table }) => table !== 'queues')) {
      await database.query(`REVOKE SELECT (${column}) ON dbos.${table} FROM ${role.name}`);
      const errors = await repairAsTold(database, role.config);
      expect(errors).toEqual([
        expect.stringContaining(`is not allowed to read ${table} (${column}) in the schema dbos.`),
      ]);
      expect(errors[0]).toContain(`GRANT SELECT (${column}) ON "dbos".${table} TO ${role.name};`);
    }
  });

  test('can omit any column of the limits of queues: then no limit is reported', async () => {
    const { database, role, columns } = await granted();
    await database.insert({ application_version: '1.0.0', status: 'ENQUEUED', queue_name: 'mail' });
    await database.query(
      `INSERT INTO dbos.queues (name, concurrency, rate_limit_max, rate_limit_period_sec) VALUES ('mail', 3, 1, 1.5)`,
    );
    const limit = async () =>
      (await pollAt(role, {}, {})).contents?.queues.map(({ concurrency, rateMs }) => [concurrency, rateMs]);
    expect(await limit()).toEqual([[3, 1500]]);
    const limits = columns.filter(({ table }) => table === 'queues');
    expect(limits).toHaveLength(9);
    for (const { column } of limits) {
      await database.query(`REVOKE SELECT (${column}) ON dbos.queues FROM ${role.name}`);
      expect(await limit()).toEqual([[null, null]]);
      await database.query(`GRANT SELECT (${column}) ON dbos.queues TO ${role.name}`);
    }
    await database.query('ALTER TABLE dbos.queues ENABLE ROW LEVEL SECURITY');
    expect(await limit()).toEqual([[null, null]]);
  });

  test('without USAGE on the schema, the error prints that grant only', async () => {
    const { database, role } = await granted();
    await database.query(`REVOKE USAGE ON SCHEMA dbos FROM ${role.name}`);
    const errors = await repairAsTold(database, role.config);
    expect(errors).toEqual([expect.stringMatching(/^[^;]*GRANT USAGE ON SCHEMA "dbos" TO [^;]*;$/s)]);
  });
});
