import type pg from 'pg';
import { afterAll, vi } from 'vitest';
import { databaseConfig } from '../support/databases.ts';
import { connectAsOwner, insertWorkflows, systemDatabases, type TestDatabase } from '../support/system-databases.ts';
import { type Application, type LaunchParams, startApplication } from './driver.ts';
import type { Language, Release } from './language.ts';

/* A database, and processes of an application on it, for the tests of one `describe`. */

export const APPLICATION = 'shop';

/** The interval and the limit of waiting for a row, in milliseconds. */
const WAITING = { interval: 20, timeout: 30_000 };

export interface World extends Pick<TestDatabase, 'url' | 'config' | 'query'> {
  /** Launches a version, of another release if one is given. */
  launch(version: string, options?: Partial<LaunchParams> & { readonly release?: Release }): Promise<Application>;
  /** Resolves when the query answers with a row, with that row. */
  row(sql: string, ...values: readonly unknown[]): Promise<Record<string, unknown>>;
}

/**
 * Enqueues `short` in whatever transaction the connection is in: by DBOS's own function where the schema has it, or else
 * as a row.
 */
export async function enqueueBySql(
  client: pg.Client,
  { id, queue, version }: Record<'id' | 'queue' | 'version', string>,
) {
  const { rows } = await client.query(
    `SELECT FROM pg_proc WHERE proname = 'enqueue_workflow' AND pronamespace = 'dbos'::regnamespace`,
  );
  if (rows.length > 0) {
    const call =
      'SELECT dbos.enqueue_workflow(workflow_name => $1, queue_name => $2, workflow_id => $3, app_version => $4)';
    await client.query(call, ['short', queue, id, version]);
  } else {
    const row = {
      workflow_uuid: id,
      status: 'ENQUEUED',
      name: 'short',
      queue_name: queue,
      application_version: version,
    };
    await insertWorkflows(client, [row]);
  }
}

/** Makes worlds in hooks and tests. All that is in them ends with the tests of the file. */
export function worldsOf(language: Language) {
  const databases = systemDatabases();
  const ends: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });
  return async (newest: Release): Promise<World> => {
    const url = await databases.createUrl('empty');
    const client = await connectAsOwner(url);
    ends.push(() => client.end());
    let previous: Promise<unknown> = Promise.resolve();
    const query: World['query'] = async (sql, values = []) => {
      const answer = previous.then(() => client.query(sql, [...values]));
      previous = answer.catch(() => undefined);
      return (await answer).rows;
    };
    return {
      ...{ url, config: databaseConfig(url), query },
      launch: async (version, { release = newest, ...options } = {}) => {
        const params = { application: APPLICATION, version, url, ...options };
        const application = await startApplication(language, release, params);
        ends.push(() => application.kill());
        return application;
      },
      row: async (sql, ...values) => {
        const found = async () => (await query(sql, values))[0];
        return vi.waitUntil(found, WAITING).catch(async () => {
          const rows = await query(
            'SELECT workflow_uuid, name, status, application_version, queue_name FROM dbos.workflow_status ORDER BY created_at',
          );
          throw new Error(
            `There was no row of ${sql} (${values.join(', ')}) in:\n${JSON.stringify(rows, undefined, 1)}`,
          );
        });
      },
    };
  };
}
