import { expect, test } from 'vitest';
import { systemDatabases } from '../support/system-databases.ts';
import { playFiles } from './play.ts';
import { filesOf, quickStart } from './recipe.ts';

const databases = systemDatabases();
const files = filesOf(quickStart());

const [OLD = '', NEW = ''] = ['a1', 'b2'].map((start) => start.padEnd(40, '0'));

/** The three scripts that the README leaves to the reader. */
const scripts = ['launch', 'shift-traffic', 'tear-down'].map((name) => ({
  path: `${name}.sh`,
  language: 'sh',
  text: `#!/bin/sh\n${name} "$@"\n`,
}));

function deploy(url: string) {
  return playFiles([...files, ...scripts], {
    workflow: 'deploy.yml',
    sha: NEW,
    secrets: { DBOS_SYSTEM_DATABASE_URL: url },
    programs: { launch: '', 'shift-traffic': '', 'tear-down': '' },
  });
}

test("the README's deploy launches, shifts, and tears down what has drained", async () => {
  const database = await databases.create();
  await database.register(OLD, NEW);
  const { jobs, calls } = await deploy(database.url);
  expect(jobs).toEqual({ deploy: 'success', retire: 'success' });
  expect(calls.filter((call) => !call.startsWith('actions/'))).toEqual([
    `launch ${NEW}`,
    `shift-traffic ${NEW}`,
    `tear-down ${OLD}`,
  ]);
});

test("the README's deploy tears nothing down while a workflow is in flight, and keeps the kit", async () => {
  const database = await databases.create();
  await database.register(OLD, NEW);
  await database.insert({ application_version: OLD, status: 'PENDING' });
  const { jobs, calls } = await deploy(database.url);
  expect(jobs).toEqual({ deploy: 'success', retire: 'failure' });
  expect(calls.filter((call) => call.startsWith('tear-down'))).toEqual([]);
  expect(calls.at(-1)).toMatch(/^uploaded .*unblock\.sh/);
});

test("the README's preflight shows what the gate sees", async () => {
  const database = await databases.create();
  await database.register(OLD, NEW);
  const { jobs, log } = await playFiles(files, {
    workflow: 'drain-gate-preflight.yml',
    event: 'workflow_dispatch',
    secrets: { DBOS_SYSTEM_DATABASE_URL: database.url },
  });
  expect(jobs).toEqual({ preflight: 'success' });
  expect(log).toContain('verdict=no-target');
});
