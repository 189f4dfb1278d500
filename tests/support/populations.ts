import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { VersionSelection } from '../../src/dbos/snapshot/index.ts';
import type { TestDatabase, WorkflowRow } from './system-databases.ts';

/** What a system database holds, and a question about it. Times are ages, in milliseconds. */
export interface Population {
  readonly workflows: readonly (WorkflowRow & {
    readonly created_at: number;
    readonly updated_at: number;
    readonly started_at_epoch_ms: number | null;
    readonly delay_until_epoch_ms: number | null;
  })[];
  readonly registrations: readonly {
    readonly version_name: string;
    readonly application_name: string | null;
    readonly version_timestamp: number;
  }[];
  readonly application: string | undefined;
  readonly selection: VersionSelection;
  readonly ignoreWorkflows: readonly string[];
  /** Where the poll before is said to have begun. */
  readonly startedSince: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

const versions = ['1.0.0', '2.0.0', '1.0.0 ', 'V1', 'v1', `it's "3", \\ { }`];
const owner = fc.constantFrom('shop', 'billing', null);
const namePart = fc.constantFrom('order', 'Order', 'o_der', '100%', 'back\\slash', 'a.b', 'line\nbreak', 'Orders.ship');
const name = fc.oneof(
  { weight: 4, arbitrary: namePart },
  { weight: 3, arbitrary: fc.tuple(namePart, fc.nat(40)).map(([part, number]) => `${part}-${number}`) },
  { weight: 1, arbitrary: fc.constant(null) },
);
const status = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('PENDING', 'ENQUEUED', 'DELAYED') },
  { weight: 2, arbitrary: fc.constantFrom('SUCCESS', 'ERROR', 'RETRIES_EXCEEDED') },
  { weight: 2, arbitrary: fc.constantFrom('CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED') },
  { weight: 1, arbitrary: fc.constantFrom('PAUSED', 'pending', '', null) },
);
/** Many are equal; none is near a minute, where what counts as started begins. */
const age = fc.oneof(
  fc.constantFrom(0, SECOND, 2 * SECOND),
  fc.nat(20 * SECOND),
  fc.integer({ min: 3 * MINUTE, max: 9 * MINUTE }),
  fc.integer({ min: 11 * MINUTE, max: 60 * DAY }),
);

const workflow = fc.record({
  status,
  application_version: fc.constantFrom(...versions, '', null),
  application_name: owner,
  name,
  class_name: fc.constantFrom('', null, 'Orders', 'shop.a'),
  config_name: fc.constantFrom('', null, 'blue'),
  queue_name: fc.constantFrom('serial', 'parallel', null),
  executor_id: fc.constantFrom('local', 'executor-2', null),
  parent_workflow_id: fc.constantFrom('parent', null),
  created_at: age,
  updated_at: age,
  started_at_epoch_ms: fc.option(age),
  delay_until_epoch_ms: fc.option(age),
});

const pattern = fc.oneof(
  namePart,
  namePart.map((part) => `${part}*`),
  namePart.map((part) => `*${part.slice(1)}`),
  fc.constantFrom('*-1*', 'o*r', '*.b', '*\n*', 'O*', '%', '____', 'Orders.*', '*.order', 'shop.a.*'),
);

const selection: fc.Arbitrary<VersionSelection> = fc.oneof(
  fc.uniqueArray(fc.constantFrom(...versions, 'absent'), { minLength: 1 }).map((only) => ({ only })),
  fc.uniqueArray(fc.constantFrom(...versions, 'absent')).map((except) => ({ except })),
);

/** Most are small; some run into the limits of a poll. */
export const populations: fc.Arbitrary<Population> = fc.record({
  workflows: fc.oneof(
    { weight: 9, arbitrary: fc.array(workflow, { maxLength: 40, size: 'max' }) },
    { weight: 1, arbitrary: fc.array(workflow, { minLength: 200, maxLength: 300, size: 'max' }) },
  ),
  registrations: fc.uniqueArray(
    fc.record({
      version_name: fc.constantFrom(...versions),
      application_name: owner,
      version_timestamp: fc.nat(10 * SECOND),
    }),
    { selector: (each) => each.version_name },
  ),
  application: fc.constantFrom('shop', 'billing', 'absent', undefined),
  selection,
  ignoreWorkflows: fc.array(pattern, { maxLength: 2 }),
  startedSince: fc.constantFrom(2 * MINUTE, 10 * MINUTE, 70 * DAY),
});

/** Makes the database hold this population and nothing else. */
export async function populate(database: TestDatabase, population: Population, now: number): Promise<void> {
  await database.query('DELETE FROM dbos.workflow_status');
  await database.query('DELETE FROM dbos.application_versions');
  await database.insert(
    ...population.workflows.map((row, index) => ({
      ...row,
      // In another order than that of the rows.
      workflow_uuid: createHash('md5').update(String(index)).digest('hex'),
      created_at: now - row.created_at,
      updated_at: now - row.updated_at,
      started_at_epoch_ms: row.started_at_epoch_ms === null ? null : now - row.started_at_epoch_ms,
      delay_until_epoch_ms: row.delay_until_epoch_ms === null ? null : now + row.delay_until_epoch_ms,
    })),
  );
  const registrations = population.registrations.map((row, index) => ({
    ...row,
    version_id: row.version_name,
    version_timestamp: now - row.version_timestamp,
    // Every other one was promoted after it had been registered.
    created_at: now - row.version_timestamp - (index % 2),
  }));
  await database.query(
    `INSERT INTO dbos.application_versions (version_id, version_name, version_timestamp, created_at, application_name)
     SELECT version_id, version_name, version_timestamp, created_at, application_name
       FROM json_populate_recordset(NULL::dbos.application_versions, $1)`,
    [JSON.stringify(registrations)],
  );
}
