import { expect, test } from 'vitest';
import { SDK_RELEASES } from '../support/dbos-app.ts';
import { holdOn } from '../support/holding.ts';
import { POSTGRES_MAJOR } from '../support/postgres/binaries.ts';
import { launchOn, systemDatabases } from '../support/system-databases.ts';

/*
 * On Postgres 12 only an extension has `gen_random_uuid()`. Without it, newer SDKs stop in the middle of their
 * migrations, and the application does not launch.
 */

const databases = systemDatabases();
const newer = SDK_RELEASES.slice(SDK_RELEASES.indexOf('4.20.11'));

test.runIf(POSTGRES_MAJOR === 12).each(newer)('what SDK %s migrated in part has not drained', async (sdk) => {
  const database = await databases.create('empty');
  await expect(launchOn(database, { sdk, version: '1.0.0' })).rejects.toThrow('gen_random_uuid');
  for (const mode of ['wait', 'check', 'report'] as const) {
    const { verdict } = await holdOn(database, { mode, timeoutMs: 60_000 });
    expect(verdict).not.toBe('drained');
  }
});
