import { expect, test } from 'vitest';
import { holdOn } from '../support/holding.ts';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/* Whose language texts speak: what the application's rows say, and no rows of others. */

const databases = systemDatabases();
const row = { status: 'PENDING', application_version: '1.0.0', application_name: 'shop' };

async function seenIn(database: TestDatabase): Promise<readonly (readonly string[] | undefined)[]> {
  const { polls } = await holdOn(database, { application: 'shop', mode: 'check' });
  return polls.map(({ evaluation }) => evaluation.index?.contents.serializations);
}

test('reads the language from what is in flight in the application, on whatever version', async () => {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  await database.insert(
    { ...row, serialization: 'java_jackson' },
    { ...row, application_version: '2.0.0', serialization: 'DBOS_JSON' },
    { ...row, status: 'ENQUEUED', application_version: null, serialization: 'portable_json' },
    { ...row, serialization: 'of my own' },
    { ...row, serialization: null },
    { ...row, application_name: 'crm', serialization: 'py_pickle' },
  );
  expect((await seenIn(database))[0]).toEqual(['DBOS_JSON', 'java_jackson']);
});

test('reads the language from the newest finished workflows where nothing is in flight', async () => {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' });
  // A poll reads what was created since the registration, which is stamped a millisecond ahead.
  const ended = { ...row, status: 'SUCCESS', created_at: Date.now() + 1000 };
  await database.insert(
    { ...ended, serialization: 'py_pickle' },
    { ...ended, application_name: 'crm', serialization: 'js_superjson' },
  );
  expect((await seenIn(database))[0]).toEqual(['py_pickle']);
});

test.each(['3.0.63', '4.5.13'] as const)('knows no language on the schema of SDK %s', async (sdk) => {
  const database = await databases.create(sdk);
  const { application_name, ...old } = row;
  await database.insert(old);
  const { last } = await holdOn(database, { mode: 'check' });
  expect(last?.evaluation.index?.contents.serializations).toEqual([]);
});
