import { createReader, type SystemDatabases, type TestDatabase } from './system-databases.ts';

/** A system database with work in flight on 1.0.0, beside a live 2.0.0, and a role of the gate's own for it. */
export interface GuardedDatabase extends TestDatabase {
  /** The gate's role, quoted for SQL. */
  readonly role: string;
  /** The URL as the gate has it. */
  readonly gateUrl: string;
  /** Lets the work in flight end. */
  drain(): Promise<unknown>;
  /** Ends the gate's connections; says how many there were. */
  disconnect(): Promise<number>;
  /** How many connections the server has from the gate. */
  connections(): Promise<number>;
}

/** Makes one, as {@link SystemDatabases} does. */
export async function guardedDatabase(databases: Pick<SystemDatabases, 'create'>): Promise<GuardedDatabase> {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  await database.insert({ status: 'PENDING', application_version: '1.0.0', application_name: 'shop' });
  const role = await createReader(database, 'gate');
  const ofTheGate = `FROM pg_stat_activity WHERE usename = '${new URL(role.url).username}'`;
  return {
    ...database,
    role: role.name,
    gateUrl: role.url,
    drain: () => database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`),
    disconnect: async () => (await database.query(`SELECT pg_terminate_backend(pid) ${ofTheGate}`)).length,
    connections: async () => Number((await database.query(`SELECT count(*)::int AS count ${ofTheGate}`))[0]?.['count']),
  };
}
