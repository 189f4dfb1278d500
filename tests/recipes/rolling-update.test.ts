import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { node24 } from '../support/runner/node24.ts';
import { createReader, launchOn, systemDatabases, type TestDatabase } from '../support/system-databases.ts';
import { cluster } from './cluster.ts';
import { KIT_PROGRAMS } from './kit.ts';
import { type Played, type PlayOptions, playFiles } from './play.ts';
import { filesOf, recipeNamed } from './recipe.ts';

const databases = systemDatabases();

const [OLD = '', NEW = ''] = ['b2', 'c3'].map((start) => start.padEnd(40, '0'));

/** Plays the deploy of a team that may fork `held`. `rollout` is what kubectl does while it waits for the rollout. */
async function play(database: TestDatabase, options: Partial<PlayOptions> = {}, rollout = ':'): Promise<Played> {
  const { url } = await createReader(database);
  const files = filesOf(recipeNamed('rolling-update')).map((file) => {
    expect(file.text).toContain('nightly*');
    return { ...file, text: file.text.replace('nightly*', 'held') };
  });
  return playFiles(files, {
    workflow: 'deploy.yml',
    sha: NEW,
    secrets: { DBOS_SYSTEM_DATABASE_URL: url, APPLICATION_DATABASE_URL: database.url, KUBECONFIG: 'of-the-test' },
    programs: {
      kubectl: `${cluster({ versions: [OLD], live: OLD })}\ncase "$*" in 'rollout status '*) ${rollout} ;; esac`,
      ...KIT_PROGRAMS,
    },
    ...options,
  });
}

/** Returns the command with which kubectl has it done, and waits for it. */
async function commandFor(rollout: () => Promise<unknown>): Promise<string> {
  const server = createServer((_, response) => {
    const end = (status: number) => () => response.writeHead(status).end();
    rollout().then(end(200), end(500));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return `'${node24()}' -e "fetch('http://127.0.0.1:${port}').then(({ ok }) => process.exit(ok ? 0 : 1))"`;
}

const patched = ({ calls }: Played) => calls.some((call) => call.startsWith('kubectl patch deployment shop '));

test('forks what the update has stranded to the new version, which finishes it', async () => {
  const database = await databases.create();
  const old = await launchOn(database, { sdk: '5.3.0', version: OLD });
  const id = await old.startHeld();
  const launched = Promise.withResolvers<Awaited<ReturnType<typeof launchOn>>>();
  const rollout = await commandFor(async () => {
    await old.kill();
    launched.resolve(await launchOn(database, { sdk: '5.3.0', version: NEW }));
    await launched.promise;
  });

  const played = await play(database, {}, rollout);
  expect(played.jobs, played.log).toEqual({ before: 'success', deploy: 'success', audit: 'success' });
  expect(played.log).toContain(`${id}: continues as ${id}-fork`);
  const fresh = await launched.promise;
  await fresh.begun(`${id}-fork`);
  await fresh.finish(`${id}-fork`);
  expect(await fresh.ended(`${id}-fork`)).toBe('SUCCESS');
  expect(await fresh.status(id)).toBe('CANCELLED');
});

test('does not deploy while work is in flight that cannot be forked', async () => {
  const database = await databases.create();
  await database.register(OLD);
  await database.insert({ application_version: OLD, status: 'PENDING', name: 'ship' });
  const played = await play(database);
  expect(played.jobs, played.log).toEqual({ before: 'failure' });
  expect(played.log).toContain('1 workflow is still in flight');
  expect(patched(played)).toBe(false);
});

test('deploys the version that runs again, though its own work is in flight', async () => {
  const database = await databases.create();
  await database.register(NEW);
  await database.insert({ application_version: NEW, status: 'PENDING', name: 'ship' });
  const played = await play(database, {
    programs: { kubectl: cluster({ versions: [NEW], live: NEW }), ...KIT_PROGRAMS },
  });
  expect(played.jobs, played.log).toMatchObject({ before: 'success', deploy: 'success' });
});

test('does not deploy where a rollout was cut off, and old pods have work in flight', async () => {
  const database = await databases.create();
  await database.register(OLD, NEW);
  await database.insert({ application_version: OLD, status: 'PENDING', name: 'ship' });
  const kubectl = cluster({ versions: [OLD, NEW], live: NEW });
  const played = await play(database, { programs: { kubectl, ...KIT_PROGRAMS } });
  expect(played.jobs, played.log).toEqual({ before: 'failure' });
});

test('deploys all the same when a person says so, and fails for what nobody may fork', async () => {
  const database = await databases.create();
  await database.register(OLD, NEW);
  await database.insert({ application_version: OLD, status: 'PENDING', name: 'ship', serialization: 'js_superjson' });
  const played = await play(database, { event: 'workflow_dispatch', payload: { inputs: { strand: 'true' } } });
  expect(played.jobs, played.log).toEqual({ deploy: 'success', audit: 'failure' });
  expect(patched(played)).toBe(true);
  expect(played.log).toContain('0 done, 0 left as they are, 0 failed.');
  const [row] = await database.query('SELECT status FROM dbos.workflow_status');
  expect(row).toEqual({ status: 'PENDING' });
});

test('forks nothing when it cannot see whether old pods still run', async () => {
  const database = await databases.create();
  await database.register(OLD);
  const kubectl = `case "$*" in 'get pods '*' --output name') exit 1 ;; esac\n${cluster({ versions: [OLD], live: OLD })}`;
  const played = await play(database, { programs: { kubectl, ...KIT_PROGRAMS } });
  expect(played.jobs, played.log).toEqual({ before: 'success', deploy: 'failure' });
});
