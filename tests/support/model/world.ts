import type { Client } from 'pg';
import type { Random } from '../random.ts';
import type { TestDatabase } from '../system-databases.ts';
import { insertWorkflows } from '../system-databases.ts';

/** How the SDK of the target's processes treats work without a version, and what it registers. */
export type TargetSdk =
  /** Since TypeScript 4.27: registers its application's name, and leaves such work to the latest version. */
  | 'latest-claims'
  /** Before 4.24: registers no name, and takes such work on any version. */
  | 'any-claims';

/** Two connections of the application: one for its short transactions, and one for the long ones. */
export interface Connections {
  readonly short: Client;
  readonly long: Client;
}

export interface WorldOptions {
  readonly target: string;
  readonly next: string;
  readonly application: string;
  readonly targetSdk: TargetSdk;
  /** Another application in the same database, with versions and work of its own. */
  readonly hasPeer: boolean;
}

/** One thing that may happen to a DBOS application and its database; says nothing when it cannot happen now. */
export type Event = (chance: Random) => Promise<void>;

/**
 * A DBOS application that goes from one version to the next, in a real database: what its processes, its clients
 * and its operators do, each as the statement that DBOS's SDKs send, and none of it known to the gate.
 */
export interface World {
  /** What may happen while traffic still reaches the target. */
  readonly whileTrafficReachesTarget: readonly [Event, ...Event[]];
  /** What may happen once it does not: the target's processes still run, and finish what they have. */
  readonly afterTrafficIsShifted: readonly [Event, ...Event[]];
  /** The same, less new work that the target's processes would take: see `TargetSdk`. */
  readonly afterVerdict: readonly [Event, ...Event[]];
  /** Work that nobody would ever finish, if every process of the target ended now. */
  stranded(): Promise<readonly string[]>;
  /** Promotes the new version, after a rollback that may have made the target the latest; or leaves it at that. */
  finishDeploy(promote: boolean): Promise<void>;
  /** Commits what a transaction of the application still holds back. */
  commitOpenTransaction(): Promise<void>;
}

const IN_FLIGHT = `status IN ('PENDING', 'ENQUEUED', 'DELAYED')`;
const QUEUE = 'orders';

export async function worldIn(
  database: TestDatabase,
  { short, long }: Connections,
  options: WorldOptions,
): Promise<World> {
  const { target, next, targetSdk, hasPeer } = options;
  const { query } = database;
  let isOpen = false;
  let application = options.application;

  const owner = (version: string) => (version === target && targetSdk === 'any-claims' ? null : application);
  const insert = (version: string | null, status: string, columns: Record<string, string | number | null> = {}) =>
    insertWorkflows(short, [
      {
        application_version: version,
        application_name: version === null ? null : owner(version),
        status,
        ...columns,
      },
    ]);
  /** One workflow at random in a status, and what becomes of it. */
  const change = (chance: Random, where: string, set: string, values: readonly unknown[] = []) =>
    query(
      `UPDATE dbos.workflow_status SET ${set} WHERE workflow_uuid = (
         SELECT workflow_uuid FROM dbos.workflow_status WHERE ${where} ORDER BY md5(workflow_uuid || ${chance.integer(1000)}) LIMIT 1)`,
      values,
    );

  await database.register(
    targetSdk === 'any-claims' ? target : { version: target, owner: application },
    { version: next, owner: application },
    ...(hasPeer ? [{ version: '9.9', owner: 'peer' }] : []),
  );

  const isLatest = async (version: string) => {
    const [row] = await query(
      `SELECT version_name FROM dbos.application_versions WHERE application_name = $1 OR application_name IS NULL
        ORDER BY version_timestamp DESC LIMIT 1`,
      [application],
    );
    return row?.['version_name'] === version;
  };
  const promoteVersion = async (version: string) => {
    await query(
      `UPDATE dbos.application_versions
          SET version_timestamp = 1 + (SELECT max(version_timestamp) FROM dbos.application_versions),
              application_name = coalesce(application_name, $2)
        WHERE version_name = $1`,
      [version, application],
    );
  };
  const dequeue = async (chance: Random, version: string) => {
    const takesUnversioned = (version === target && targetSdk === 'any-claims') || (await isLatest(version));
    await change(
      chance,
      `status = 'ENQUEUED' AND (application_version = '${version}'${takesUnversioned ? ' OR application_version IS NULL' : ''})`,
      `status = 'PENDING', application_version = $1, executor_id = 'vm', application_name = coalesce(application_name, $2)`,
      [version, owner(version)],
    );
  };

  const traffic = (version: string): Event[] => [
    () => insert(version, 'PENDING'),
    () => insert(version, 'SUCCESS'),
    () => insert(version, 'ENQUEUED', { queue_name: QUEUE }),
    () => insert(version, 'DELAYED', { queue_name: QUEUE, delay_until_epoch_ms: Date.now() + 1000 }),
  ];
  /** A workflow that a version runs comes to its end. */
  const ends =
    (version: string, status: 'SUCCESS' | 'ERROR'): Event =>
    async (chance) => {
      await change(chance, `status = 'PENDING' AND application_version = '${version}'`, `status = '${status}'`);
    };
  const processes = (version: string): Event[] => [
    (chance) => dequeue(chance, version),
    (chance) => dequeue(chance, version),
    // A workflow starts a child, and enqueues one.
    async () => {
      const [parent] = await query(
        `SELECT workflow_uuid FROM dbos.workflow_status WHERE status = 'PENDING' AND application_version = $1 LIMIT 1`,
        [version],
      );
      if (parent !== undefined)
        await insert(version, 'PENDING', { parent_workflow_id: String(parent['workflow_uuid']) });
    },
    ends(version, 'SUCCESS'),
    ends(version, 'SUCCESS'),
    ends(version, 'ERROR'),
    // Recovery of a queued workflow puts it back, with its version.
    (chance) =>
      change(
        chance,
        `status = 'PENDING' AND application_version = '${version}' AND queue_name IS NOT NULL`,
        `status = 'ENQUEUED'`,
      ).then(),
    (chance) =>
      change(
        chance,
        `status = 'DELAYED' AND (application_version = '${version}' OR application_version IS NULL)`,
        `status = 'ENQUEUED'`,
      ).then(),
  ];
  const clientsWithoutVersion: Event[] = [
    () => insert(null, 'ENQUEUED', { queue_name: QUEUE }),
    () => insert(null, 'DELAYED', { queue_name: QUEUE }),
  ];
  const peer: Event[] = [
    () => insertWorkflows(short, [{ application_version: '9.9', application_name: 'peer', status: 'PENDING' }]),
    () => insertWorkflows(short, [{ application_version: '9.9', application_name: 'peer', status: 'SUCCESS' }]),
    () => promoteVersion('9.9'),
  ];
  const others: Event[] = [
    // A schedule enqueues to the latest version.
    async () => insert((await isLatest(target)) ? target : next, 'ENQUEUED', { queue_name: QUEUE }),
    // Retention deletes what has ended.
    () =>
      query(
        `DELETE FROM dbos.workflow_status WHERE status IN ('SUCCESS', 'ERROR', 'CANCELLED') AND md5(workflow_uuid) < '4'`,
      ).then(),
    (chance) => change(chance, IN_FLIGHT, `status = 'CANCELLED'`).then(),
    (chance) => change(chance, `status = 'PENDING'`, `status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'`).then(),
    ...(hasPeer ? peer : []),
    // The application is renamed, with DBOS's command: all that it owns, and not what nobody owns.
    async (chance) => {
      if (chance.integer(10) > 0) return;
      const renamed = `${application}-renamed`;
      for (const table of ['application_versions', 'workflow_status']) {
        await query(`UPDATE dbos.${table} SET application_name = $1 WHERE application_name = $2`, [
          renamed,
          application,
        ]);
      }
      application = renamed;
    },
    // A transaction of the application that began before may commit now, or give up.
    async (chance) => {
      if (isOpen) await long.query(chance.integer(4) === 0 ? 'ROLLBACK' : 'COMMIT');
      isOpen = false;
    },
  ];
  const whileTrafficOnly: Event[] = [
    // An enqueue inside an application's own transaction: nobody sees it before it commits.
    async () => {
      if (isOpen) return;
      isOpen = true;
      await long.query('BEGIN');
      await insertWorkflows(long, [
        {
          application_version: target,
          application_name: owner(target),
          status: 'ENQUEUED',
          queue_name: QUEUE,
        },
      ]);
    },
    // A rollback of the deploy, and the end of it.
    () => promoteVersion(target),
    () => promoteVersion(next),
    // An operator resumes what was cancelled, with its version, or forks it without one.
    (chance) => change(chance, `status = 'CANCELLED'`, `status = 'ENQUEUED', queue_name = '${QUEUE}'`).then(),
    () => insert(null, 'ENQUEUED', { queue_name: QUEUE, forked_from: 'another' }),
  ];

  const running = [...processes(target), ...processes(target), ...processes(next), ...traffic(next), ...others];
  const shifted = [...running, ...clientsWithoutVersion];
  const commitOpenTransaction = async () => {
    if (isOpen) await long.query('COMMIT');
    isOpen = false;
  };
  return {
    whileTrafficReachesTarget: atLeastOne([...traffic(target), ...whileTrafficOnly, ...shifted]),
    afterTrafficIsShifted: atLeastOne(shifted),
    afterVerdict: atLeastOne(targetSdk === 'any-claims' ? running : shifted),
    commitOpenTransaction,
    async finishDeploy(promote) {
      if (promote) await promoteVersion(next);
    },
    async stranded() {
      const rows = await query(
        `SELECT workflow_uuid FROM dbos.workflow_status WHERE ${IN_FLIGHT} AND application_version = $1`,
        [target],
      );
      return rows.map((row) => String(row['workflow_uuid']));
    },
  };
}

function atLeastOne(events: Event[]): [Event, ...Event[]] {
  const [first, ...others] = events;
  if (first === undefined) throw new Error('a world in which nothing happens');
  return [first, ...others];
}
