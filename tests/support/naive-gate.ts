import type { TestDatabase } from './system-databases.ts';

/** What a gate says that follows DBOS's published recipe, to the letter. */
export type NaiveVerdict = 'drained' | 'in flight';

/** One look for rows of the version that are enqueued or pending. */
export async function naiveVerdict(database: TestDatabase, version = '1.0.0'): Promise<NaiveVerdict> {
  return (await hasRows(database, version, ['ENQUEUED', 'PENDING'])) ? 'in flight' : 'drained';
}

/** The same, asked status by status, as a gate does that lists each with DBOS's client. */
export async function naiveVerdictInTwoQueries(
  database: TestDatabase,
  meanwhile: () => Promise<unknown>,
  version = '1.0.0',
): Promise<NaiveVerdict> {
  const enqueued = await hasRows(database, version, ['ENQUEUED']);
  await meanwhile();
  const pending = await hasRows(database, version, ['PENDING']);
  return enqueued || pending ? 'in flight' : 'drained';
}

async function hasRows(database: TestDatabase, version: string, statuses: readonly string[]) {
  const rows = await database.query(
    'SELECT FROM dbos.workflow_status WHERE application_version = $1 AND status = ANY ($2) LIMIT 1',
    [version, statuses],
  );
  return rows.length > 0;
}
