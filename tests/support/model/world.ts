import type { Client } from 'pg';
import type { Random } from '../random.ts';
import { insertWorkflows, type TestDatabase } from '../system-databases.ts';

/** How the SDK of a version's processes treats work without a version, and what it registers. */
export type Sdk =
  /** Since TypeScript 4.27: registers its application's name, and leaves such work to the latest version. */
  | 'latest-claims'
  /** Before 4.24: registers no name, and takes such work on any version. */
  | 'any-claims';

/** Connections of the application: for short transactions, for a long one, and for what locks the table. */
export interface Connections {
  readonly short: Client;
  readonly long: Client;
  readonly locker: Client;
}

export const OLDER = '0.9.0';
export const OLD = '1.0.0';
export const NEXT = '2.0.0';
export const NEWER = '3.0.0';
export const PEER = '9.9';

interface Version {
  readonly sdk: Sdk;
  /** The application that its processes are configured with. */
  application: string;
}

/** What an application's own transaction that enqueues has come to: it waits for its lock, or for its commit. */
type Transaction = 'none' | 'open' | 'waits';

export const IN_FLIGHT = `status IN ('PENDING', 'ENQUEUED', 'DELAYED')`;
const MONTH = 30 * 24 * 3_600_000;
const QUEUE = 'orders';
const LOCKS = ['SHARE', 'SHARE ROW EXCLUSIVE', 'EXCLUSIVE'] as const;

/**
 * DBOS applications in a real database: what their processes, clients and operators write, each as the statement that
 * DBOS's SDKs send, and what of it the tables do not say.
 */
export class World {
  /** Versions that new work is sent to. */
  traffic: readonly string[] = [];
  /** Little is asked of the application: for the time being, nobody sends new work. */
  isQuiet = false;
  /** Versions whose processes run. */
  readonly running = new Set<string>();
  readonly registered: string[] = [];
  /** The name that the application is configured with now. */
  application: string;
  readonly database: TestDatabase;
  readonly #versions = new Map<string, Version>();
  readonly #connections: Connections;
  #transaction: Transaction = 'none';
  #insertion: Promise<void> = Promise.resolve();
  #ids = 0;
  #agoMs = MONTH;
  #stamp = 0;

  constructor(database: TestDatabase, connections: Connections, application: string) {
    this.database = database;
    this.application = application;
    this.#connections = connections;
  }

  /** Moves the clock of the processes to so long ago. What they write gets its time from it. */
  timeIs(agoMs: number): void {
    this.#agoMs = Math.min(Math.round(agoMs), this.#agoMs);
  }

  get agoMs(): number {
    return this.#agoMs;
  }

  /** Nothing is written now: a session holds a lock on the table. */
  get isLocked(): boolean {
    return this.#transaction === 'waits';
  }

  sdkOf(version: string): Sdk {
    return this.#versionOf(version).sdk;
  }

  /** The application that a version's processes are configured with. */
  applicationOf(version: string): string {
    return this.#versionOf(version).application;
  }

  async register(version: string, sdk: Sdk, application: string): Promise<void> {
    this.#versions.set(version, { sdk, application });
    this.registered.push(version);
    await this.#query(
      `INSERT INTO dbos.application_versions (version_id, version_name, version_timestamp, created_at, application_name)
       SELECT $1, $1, at, at, $2 FROM (SELECT greatest($3, 1 + max(version_timestamp)) AS at FROM dbos.application_versions) n`,
      [version, this.#ownerOf(version), this.#now()],
    );
  }

  async promote(version: string): Promise<void> {
    await this.#query(
      `UPDATE dbos.application_versions
          SET version_timestamp = greatest($3, 1 + (SELECT max(version_timestamp) FROM dbos.application_versions)),
              application_name = coalesce(application_name, $2)
        WHERE version_name = $1`,
      [version, this.applicationOf(version), this.#now()],
    );
  }

  /** The latest version of an application; of all without one. */
  async latestOf(application: string | undefined): Promise<string | undefined> {
    const [row] = await this.#query(
      `SELECT version_name FROM dbos.application_versions
        WHERE $1::text IS NULL OR application_name IS NULL OR application_name = $1
        ORDER BY version_timestamp DESC LIMIT 1`,
      [application ?? null],
    );
    return row === undefined ? undefined : String(row['version_name']);
  }

  async insert(version: string | null, status: string, columns: Record<string, string | number | null> = {}) {
    if (this.isLocked) return;
    await insertWorkflows(this.#connections.short, [this.#workflow(version, status, columns)]);
  }

  /** Changes one workflow at random that is in a state. */
  async change(chance: Random, where: string, set: string, values: readonly unknown[] = []): Promise<void> {
    if (this.isLocked) return;
    await this.#query(
      `UPDATE dbos.workflow_status SET ${set} WHERE workflow_uuid = (
         SELECT workflow_uuid FROM dbos.workflow_status WHERE ${where}
          ORDER BY md5(workflow_uuid || ${chance.integer(1000)}) LIMIT 1)`,
      values,
    );
  }

  async enqueue(version: string | null, columns: Record<string, string | number | null> = {}): Promise<void> {
    await this.insert(version, 'ENQUEUED', { queue_name: QUEUE, ...columns });
  }

  async delay(version: string | null): Promise<void> {
    await this.insert(version, 'DELAYED', { queue_name: QUEUE, delay_until_epoch_ms: Date.now() + 1000 });
  }

  /** A schedule comes due: whichever process finds that, it is work of the latest version. */
  async schedule(): Promise<void> {
    const [version] = this.running;
    const latest = version === undefined ? undefined : await this.#latestFor(version);
    if (latest === undefined) return;
    this.#ids += 1;
    await this.insert(latest, 'ENQUEUED', {
      workflow_uuid: `sched-tick-2026-01-01T00:00:00.${this.#ids}Z`,
      queue_name: '_dbos_internal_queue',
    });
  }

  async dequeue(chance: Random, version: string): Promise<void> {
    const { sdk, application } = this.#versionOf(version);
    const takesUnversioned = sdk === 'any-claims' || (await this.#latestFor(version)) === version;
    await this.change(
      chance,
      `status = 'ENQUEUED' AND (application_version = $1${takesUnversioned ? ' OR application_version IS NULL' : ''})
         AND (application_name IS NULL OR application_name = $2)`,
      `status = 'PENDING', application_version = $1, executor_id = 'vm', application_name = coalesce(application_name, $3)`,
      [version, application, this.#ownerOf(version)],
    );
  }

  async startChild(version: string): Promise<void> {
    const [parent] = await this.#query(
      `SELECT workflow_uuid FROM dbos.workflow_status WHERE status = 'PENDING' AND application_version = $1 LIMIT 1`,
      [version],
    );
    if (parent !== undefined)
      await this.insert(version, 'PENDING', { parent_workflow_id: String(parent['workflow_uuid']) });
  }

  /** Retention deletes some of what has ended. */
  async collectGarbage(): Promise<void> {
    if (this.isLocked) return;
    await this.#query(
      `DELETE FROM dbos.workflow_status
        WHERE status IN ('SUCCESS', 'ERROR', 'CANCELLED') AND md5(workflow_uuid) < '4'`,
    );
  }

  /** Renames an application with DBOS's command: all that it owns, and not what nobody owns. */
  async rename(to: string): Promise<void> {
    if (this.isLocked) return;
    const from = this.application;
    this.application = to;
    for (const table of ['application_versions', 'workflow_status']) {
      await this.#query(`UPDATE dbos.${table} SET application_name = $1 WHERE application_name = $2`, [to, from]);
    }
    for (const version of this.#versions.values()) if (version.application === from) version.application = to;
  }

  /** Enqueues inside an application's own transaction: nobody sees it before that commits. */
  async openTransaction(version: string): Promise<void> {
    if (this.#transaction !== 'none') return;
    this.#transaction = 'open';
    await this.#connections.long.query('BEGIN');
    await this.#insertInTransaction(version);
  }

  /** The same behind a session that creates an index or migrates: the insertion waits for its lock. */
  async openWaitingTransaction(chance: Random, version: string): Promise<void> {
    if (this.#transaction !== 'none') return;
    const { locker, long } = this.#connections;
    await locker.query('BEGIN');
    await locker.query(`LOCK TABLE dbos.workflow_status IN ${chance.oneOf(LOCKS)} MODE`);
    const { rows } = await long.query('SELECT pg_backend_pid() AS pid');
    await long.query('BEGIN');
    this.#transaction = 'waits';
    this.#insertion = this.#insertInTransaction(version);
    while ((await this.#query('SELECT FROM pg_locks WHERE NOT granted AND pid = $1', [rows[0]?.pid])).length === 0);
  }

  /** The session that held the lock is done: the insertion takes place, in a transaction that is still open. */
  async unlock(): Promise<void> {
    if (!this.isLocked) return;
    await this.#connections.locker.query('COMMIT');
    await this.#insertion;
    this.#transaction = 'open';
  }

  /** Ends the transaction of the application, whatever it waits for. */
  async endTransaction(how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    await this.unlock();
    if (this.#transaction === 'open') await this.#connections.long.query(how);
    this.#transaction = 'none';
  }

  /** The latest version as a version's processes see it: SDKs that know no owners see one for the whole database. */
  #latestFor(version: string): Promise<string | undefined> {
    const { sdk, application } = this.#versionOf(version);
    return this.latestOf(sdk === 'any-claims' ? undefined : application);
  }

  #insertInTransaction(version: string): Promise<void> {
    return insertWorkflows(this.#connections.long, [this.#workflow(version, 'ENQUEUED', { queue_name: QUEUE })]);
  }

  #workflow(version: string | null, status: string, columns: Record<string, string | number | null>) {
    this.#ids += 1;
    const at = this.#now();
    return {
      workflow_uuid: `w${this.#ids}`,
      application_version: version,
      application_name: version === null || version === '' ? null : this.#ownerOf(version),
      status,
      created_at: at,
      updated_at: at,
      ...columns,
    };
  }

  /** No two moments are the same. */
  #now(): number {
    this.#stamp = Math.max(this.#stamp + 1, Date.now() - this.#agoMs);
    return this.#stamp;
  }

  #ownerOf(version: string): string | null {
    const { sdk, application } = this.#versionOf(version);
    return sdk === 'any-claims' ? null : application;
  }

  #versionOf(name: string): Version {
    const version = this.#versions.get(name);
    if (version === undefined) throw new Error(`${name} has not been launched.`);
    return version;
  }

  #query(sql: string, values: readonly unknown[] = []) {
    return this.database.query(sql, values);
  }
}
