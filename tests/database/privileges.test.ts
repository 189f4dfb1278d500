import { describe, expect, test } from 'vitest';
import { holdOn, lookAt } from '../support/holding.ts';
import {
  createRole,
  databaseConfig,
  systemDatabases,
  type TestDatabase,
} from '../support/system-databases.ts';

const databases = systemDatabases();

/** Looks, and runs what the error says should be run, until a look succeeds; returns the errors. */
async function repairAsTold(database: TestDatabase, config: TestDatabase['config']): Promise<string[]> {
  const errors: string[] = [];
  for (let attempt = 0; attempt < 5; attempt++) {
    const error = await lookAt({ config }).then(
      () => undefined,
      (reason: Error) => reason.message,
    );
    if (error === undefined) return errors;
    errors.push(error);
    for (const [grant] of error.matchAll(/GRANT [^;]*;/g)) await database.query(grant);
  }
  throw new Error(`Still no look: ${errors.join('\n')}`);
}

describe('a role that may not', () => {
  test('use the schema is told the grants that let it look', async () => {
    const database = await databases.create();
    const { config } = await createRole(database);
    const [error, ...more] = await repairAsTold(database, config);
    expect(error).toMatch(/may not use the schema dbos.*GRANT USAGE ON SCHEMA/s);
    expect(more).toEqual([]);
  });

  test('read the tables is told the grants that let it look, each table by its name', async () => {
    const database = await databases.create();
    const role = await createRole(database);
    await database.query(`GRANT USAGE ON SCHEMA dbos TO ${role.name}`);
    const [error, ...more] = await repairAsTold(database, role.config);
    for (const table of ['workflow_status', 'operation_outputs', 'application_versions', 'dbos_migrations']) {
      expect(error).toContain(`GRANT SELECT ON "dbos".${table} TO `);
    }
    expect(more).toEqual([]);
  });

  test('read some columns is told which, and the grant that lets it look', async () => {
    const database = await databases.create();
    const role = await createRole(database);
    await database.query(`GRANT USAGE ON SCHEMA dbos TO ${role.name}`);
    await database.query(`GRANT SELECT ON ALL TABLES IN SCHEMA dbos TO ${role.name}`);
    await database.query(`REVOKE SELECT ON dbos.workflow_status FROM ${role.name}`);
    await database.query(
      `GRANT SELECT (workflow_uuid, status, name, class_name, queue_name, executor_id, application_version,
         created_at, updated_at, started_at_epoch_ms, parent_workflow_id) ON dbos.workflow_status TO ${role.name}`,
    );
    const [error, ...more] = await repairAsTold(database, role.config);
    expect(error).toMatch(/may not read workflow_status \(application_name, delay_until_epoch_ms\)/);
    expect(error).not.toMatch(/operation_outputs|application_versions|dbos_migrations/);
    expect(more).toEqual([]);
  });

  test('do any of it is told grants that run, though its name and the schema need quotes', async () => {
    const database = await databases.create();
    await database.query(`ALTER SCHEMA dbos RENAME TO "o'dd ""schema"""`);
    const role = await createRole(database, `o'dd "role" `);
    const config = databaseConfig(role.url, `o'dd "schema"`);
    await expect(repairAsTold(database, config)).resolves.toHaveLength(1);
  });
});

test('a role needs nothing but to read four tables: not their payloads, not to write, not to make temporary tables', async () => {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  const role = await createRole(database);
  const columns = {
    workflow_status: `workflow_uuid, status, name, class_name, queue_name, executor_id, application_version,
      application_name, created_at, updated_at, started_at_epoch_ms, parent_workflow_id, delay_until_epoch_ms`,
    operation_outputs: 'workflow_uuid, function_id, function_name, completed_at_epoch_ms',
    application_versions: 'version_name, version_timestamp, created_at, application_name, xmin',
    dbos_migrations: 'version',
  };
  await database.query(`REVOKE TEMPORARY ON DATABASE ${role.config.database} FROM PUBLIC`);
  await database.query(`GRANT USAGE ON SCHEMA dbos TO ${role.name}`);
  for (const [table, readable] of Object.entries(columns)) {
    await database.query(`GRANT SELECT (${readable}) ON dbos.${table} TO ${role.name}`);
  }
  expect((await holdOn(role, {})).verdict).toBe('drained');
  const searching = { searchHistoryFor: ['0.9.0'], scanStatuses: true, countFailed: true };
  expect((await lookAt(role, {}, searching)).seen).toBeDefined();
});
