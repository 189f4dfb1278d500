import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemDatabase } from '../../src/dbos/reader.ts';
import { ReportableError } from '../../src/errors.ts';
import { config } from '../support/builders.ts';
import { databaseConfig } from '../support/databases.ts';
import { launchApp } from '../support/dbos-app.ts';
import { type Happening, type Hold, holdOn, plainRequest, pollAt, withoutLimit } from '../support/holding.ts';
import { findPgBouncer } from '../support/pgbouncer/program.ts';
import { type PgBouncer, type PgBouncerOptions, startPgBouncer } from '../support/pgbouncer.ts';
import { stopForARestart } from '../support/postgres/restart.ts';
import { startPostgres } from '../support/postgres.ts';
import { openConnection, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/* Uses a real PgBouncer in transaction mode, with one connection to the server for all its clients. */

const program = findPgBouncer('the gate works through a transaction pooler and leaves nothing in its sessions');
const throughPgBouncer = describe.skipIf(program === undefined);

const databases = systemDatabases();
const inFlight = { status: 'PENDING', application_version: '1.0.0', application_name: 'shop' };
const everything = { searchHistoryFor: ['0.9.0'], scanStatuses: true, countFailed: true };

/** Starts a pooler that stops with the test. */
function pgBouncer(
  server: PgBouncerOptions['server'],
  settings: PgBouncerOptions['settings'] = {},
): Promise<PgBouncer> {
  if (program === undefined) throw new Error('There is no PgBouncer.');
  return startPgBouncer({ program, server, settings: { default_pool_size: 1, ...settings } });
}

/** A database behind a pooler. Version 1.0.0 of its application has work in flight. */
interface Pooled {
  readonly database: TestDatabase;
  readonly pooler: PgBouncer;
  /** Goes through the pooler. */
  readonly url: string;
  readonly config: TestDatabase['config'];
}

async function pooled(settings?: PgBouncerOptions['settings']): Promise<Pooled> {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  await database.insert(inFlight);
  const pooler = await pgBouncer(databases.server(), settings);
  const url = pooler.through(database.url);
  return { database, pooler, url, config: databaseConfig(url) };
}

/** Finishes the work in flight. */
function finishWork(database: TestDatabase) {
  return database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`);
}

throughPgBouncer('a hold', () => {
  test('reaches drained from work in flight, with a search of all rows', async () => {
    const { database, config } = await pooled();
    // Only a search of the history finds 0.9.0. On a schema newer than itself, the gate searches for unknown statuses.
    await database.insert({ ...inFlight, status: 'SUCCESS', application_version: '0.9.0', created_at: 0 });
    await database.query('UPDATE dbos.dbos_migrations SET version = 999');
    const targets = { kind: 'named', versions: ['1.0.0', '0.9.0'] } as const;
    const { verdict, blockers, polls } = await holdOn({ config }, { targets }, () => finishWork(database));
    expect([verdict, blockers[0]]).toEqual(['drained', ['in-flight']]);
    expect(polls[0]?.evaluation.targets[1]).toMatchObject({ version: '0.9.0', known: true });
    const scans = polls.map(({ evaluation }) => evaluation.index?.contents.unknownStatuses);
    expect(scans).toContainEqual([]);
  });

  test('loses nothing when PgBouncer closes a connection that was idle for too long', async () => {
    const { database, pooler, config } = await pooled({ client_idle_timeout: 1 });
    const gates = async () =>
      (await pooler.console('SHOW CLIENTS')).filter((client) => client['database'] === config.database);
    const held = await holdOn({ config }, {}, async () => {
      await expect.poll(gates, { timeout: 10_000 }).toEqual([]);
      await finishWork(database);
    });
    expect([held.verdict, failuresOf(held)]).toEqual(['drained', []]);
  });

  test('shares the session with another hold', async () => {
    const { database, pooler, config } = await pooled();
    const index: unknown[] = [];
    const poll: Happening = async () => {
      const servers = await pooler.console('SHOW SERVERS');
      index.push(servers.map((server) => server['remote_pid']));
    };
    const held = await Promise.all([
      holdOn({ config }, {}, poll, () => finishWork(database), poll),
      holdOn({ config }, {}, poll, poll, poll),
    ]);
    expect(held.map(({ verdict, failedPolls }) => [verdict, failedPolls])).toEqual([
      ['drained', []],
      ['drained', []],
    ]);
    expect(index).toEqual(Array(index.length).fill([expect.any(Number)]));
    expect(new Set(index.flat()).size).toBe(1);
  });
});

/** The pooler's next client, and the state of the one session before the gate used it. */
interface Lent extends Pooled {
  readonly next: pg.Client;
  readonly before: Session;
}

interface Session {
  readonly backend: number;
  readonly [what: string]: unknown;
}

async function lent(): Promise<Lent> {
  const way = await pooled();
  // PgBouncer sets the application name of each client that has one.
  const next = await openConnection(`${way.url}?application_name=next`);
  return { ...way, next, before: await sessionOf(next) };
}

async function sessionOf(client: pg.Client): Promise<Session> {
  const { rows } = await client.query(
    `SELECT pg_backend_pid() AS backend, pg_my_temp_schema() AS temporary,
            (SELECT json_object_agg(name, setting) FROM pg_settings) AS settings,
            (SELECT json_agg(name) FROM pg_prepared_statements) AS prepared,
            (SELECT json_agg(name) FROM pg_cursors) AS cursors,
            (SELECT json_agg(c) FROM pg_listening_channels() c) AS channels,
            (SELECT json_agg(objid) FROM pg_locks
              WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS advisory_locks`,
  );
  return rows[0];
}

/** Returns the server's sessions, those included that the pooler has dropped and the server has not. */
function serverConnections(database: TestDatabase): Promise<Record<string, unknown>[]> {
  return database.query(
    `SELECT pid, state, xact_start, backend_xmin FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> 'migration'`,
  );
}

const idle = ({ backend }: Session) => ({
  pid: backend,
  state: 'idle',
  xact_start: null,
  backend_xmin: null,
});

async function lockTables(database: TestDatabase): Promise<void> {
  const migration = await openConnection(`${database.url}?application_name=migration`);
  await migration.query('BEGIN; LOCK TABLE dbos.workflow_status IN ACCESS EXCLUSIVE MODE');
}

/** Adds rows whose version takes longer to read than a poll with a short timeout has. */
async function addSlowRows(database: TestDatabase, status: string): Promise<void> {
  await database.insert(...Array.from({ length: 40 }, () => ({ ...inFlight, status, name: 'slow', created_at: 0 })));
  await database.query('ALTER TABLE dbos.workflow_status RENAME COLUMN application_version TO version_stored');
  await database.query(
    `ALTER TABLE dbos.workflow_status ADD COLUMN application_version text GENERATED ALWAYS AS (
       CASE WHEN name = 'slow' THEN md5(repeat(workflow_uuid, 10000000)) ELSE version_stored END) VIRTUAL`,
  );
}

/** Returns the backend of the poll that waits for the locked tables. */
async function waitingBackend(database: TestDatabase): Promise<number> {
  const waiting = () =>
    database.query(`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`);
  await expect.poll(waiting).toHaveLength(1);
  const [backend] = await waiting();
  return Number(backend?.['pid']);
}

throughPgBouncer('the pooler passes the same session on, unchanged,', () => {
  async function expectSameSession({ database, next, before }: Lent): Promise<void> {
    expect(await sessionOf(next)).toEqual(before);
    expect(await serverConnections(database)).toEqual([idle(before)]);
  }

  test('after a poll', async () => {
    const way = await lent();
    await pollAt(way);
    await expectSameSession(way);
  });

  test('after a poll that searched all rows', async () => {
    const way = await lent();
    await pollAt(way, {}, everything);
    await expectSameSession(way);
  });

  test('after a poll whose searches timed out', async () => {
    const way = await lent();
    await addSlowRows(way.database, 'PAUSED');
    const { contents: index } = await pollAt(way, { pollTimeoutMs: 500 }, everything);
    expect([index?.history?.complete, index?.unknownStatuses]).toEqual([false, 'timed-out']);
    await expectSameSession(way);
  });

  test('between the polls of a hold', async () => {
    const way = await lent();
    let pauses = 0;
    const poll = async () => {
      pauses += 1;
      await expectSameSession(way);
    };
    await holdOn(way, {}, poll, poll, () => finishWork(way.database), poll);
    expect(pauses).toBe(3);
  });
});

throughPgBouncer('the pooler passes no changed session on', () => {
  /** The pooler can reset the poll's session or drop it. The session that it passes on is idle. */
  async function expectIdleSession({ database, next, before }: Lent): Promise<void> {
    const after = await sessionOf(next);
    expect(after).toEqual({ ...before, backend: after.backend });
    await expect.poll(() => serverConnections(database)).toEqual([idle(after)]);
  }

  test('after a poll that ran into its lock timeout', async () => {
    const way = await lent();
    await lockTables(way.database);
    await expect(pollAt(way, { pollTimeoutMs: 300 })).rejects.toMatchObject({ cause: { code: '55P03' } });
    await expectIdleSession(way);
  });

  test('after a poll that ran into its statement timeout', async () => {
    const way = await lent();
    await addSlowRows(way.database, 'PENDING');
    await expect(pollAt(way, { pollTimeoutMs: 500 })).rejects.toMatchObject({ cause: { code: '57014' } });
    await expectIdleSession(way);
  });

  test('after a poll that an administrator cancelled', async () => {
    const way = await lent();
    await lockTables(way.database);
    const cancelled = expect(pollAt(way)).rejects.toMatchObject({ cause: { code: '57014' } });
    await way.database.query('SELECT pg_cancel_backend($1)', [await waitingBackend(way.database)]);
    await cancelled;
    await expectIdleSession(way);
  });

  test('after a poll whose client vanished, which the server stops within `poll-timeout`', async () => {
    const way = await lent();
    await lockTables(way.database);
    const reader = systemDatabase(way.config, config({ pollTimeoutMs: 10_000 }), () => 0);
    const failed = expect(reader.read(plainRequest, withoutLimit)).rejects.toThrow();
    const backend = await waitingBackend(way.database);
    await reader.close();
    await failed;
    const backends = async () => (await serverConnections(way.database)).map(({ pid }) => pid);
    await expect.poll(backends, { timeout: 10_000 }).not.toContain(backend);
    await expectIdleSession(way);
  });
});

/** Returns the messages of the polls that failed in a hold. */
function failuresOf({ failedPolls }: Hold): readonly string[] {
  return failedPolls.map(({ outage }) => new ReportableError(outage.failure).message);
}

throughPgBouncer('a hold continues, and reports why a poll failed,', () => {
  test('when PgBouncer is restarted', async () => {
    const { database, pooler, config } = await pooled();
    const held = await holdOn({ config }, {}, pooler.stop, async () => {
      await pooler.start();
      await finishWork(database);
    });
    expect([held.verdict, failuresOf(held)]).toEqual([
      'drained',
      [expect.stringMatching(/Nothing accepts connections/)],
    ]);
  });

  test('when another client keeps the session for too long', async () => {
    const { database, url, config } = await pooled({ query_wait_timeout: 1 });
    const other = await openConnection(url);
    const held = await holdOn(
      { config },
      {},
      () => other.query('BEGIN'),
      async () => {
        await other.query('COMMIT');
        await finishWork(database);
      },
    );
    expect([held.verdict, failuresOf(held)]).toEqual(['drained', [expect.stringMatching(/query_wait_timeout/)]]);
  });

  test('when the server behind PgBouncer is restarted', async () => {
    const server = await startPostgres();
    onTestFinished(server.stop);
    const databaseUrl = await server.createDatabase('shop');
    const blue = await launchApp({ sdk: '5.3.0', version: '1.0.0', databaseUrl });
    await blue.startReceiving();
    await blue.kill();
    const green = await launchApp({ sdk: '5.3.0', version: '2.0.0', databaseUrl });
    await green.stop();
    const pooler = await pgBouncer(server, { query_wait_timeout: 1, server_login_retry: 0.1 });
    const url = pooler.through(databaseUrl);
    const finishWorkOnceItIsBack = async () => {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined);
      await client.connect();
      await client.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`);
      await client.end();
    };

    let startAgain: Happening | undefined;
    const held = await holdOn(
      { config: databaseConfig(url) },
      {},
      async () => {
        startAgain = await stopForARestart(server);
      },
      async () => {
        await startAgain?.();
        await expect.poll(finishWorkOnceItIsBack, { timeout: 10_000 }).toBeUndefined();
      },
    );
    expect([held.verdict, failuresOf(held)]).toEqual(['drained', [expect.stringMatching(/query_wait_timeout/)]]);
  });
});
