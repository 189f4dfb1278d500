import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FakeGithub, fakeGithub, TOKEN } from '../github/fake-github.ts';
import { NUMBER } from '../github/fake-pull-request.ts';
import { type Files, filesOf } from '../review/review.ts';
import { edited } from '../review/table.ts';
import { buildShop } from '../review/typescript/build.ts';
import { CHANGES } from '../review/typescript/changes.ts';
import { HEAD, pullRequest } from '../support/pull-request.ts';
import { createReader, systemDatabases, type TestDatabase } from '../support/system-databases.ts';
import { type Played, playFiles, playRecipe } from './play.ts';
import { filesOf as filesOfRecipe, recipeNamed } from './recipe.ts';

const databases = systemDatabases();
const RECIPE = 'pull-request-that-changes-a-workflow';
const SHOP = filesOf(new URL('../review/typescript/shop/', import.meta.url), (name) => /\.(ts|cjs)$/.test(name));

let program = '';
beforeAll(() => {
  program = buildShop(SHOP);
});
const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-caches-'));
afterAll(() => {
  rmSync(path.dirname(program), { recursive: true });
  rmSync(folder, { recursive: true });
});

/** A database in which a workflow of the shop is in flight: its process was killed in its last step. */
async function withWork(): Promise<TestDatabase> {
  const database = await databases.create();
  const child = spawn(process.execPath, [program, database.url, '1.0.0', 'checkOut'], {
    env: { ...process.env, SHOP_HOLD: 'notifyShop', NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let holds = false;
  for await (const line of createInterface({ input: child.stdout })) {
    holds = line.includes('holds notifyShop');
    if (holds) break;
  }
  child.kill('SIGKILL');
  await exited;
  expect(holds).toBe(true);
  return database;
}

/** What a change of the table makes of the shop. */
function changed(title: string): Files {
  const change = CHANGES.find((each) => each.title === title);
  if (change === undefined) throw new Error(`The table has no change: ${title}`);
  return edited(SHOP, change.after);
}

async function inventory(caches: string): Promise<Played> {
  return playRecipe(RECIPE, {
    workflow: 'inventory.yml',
    event: 'schedule',
    caches,
    secrets: { DBOS_SYSTEM_DATABASE_URL: (await createReader(await withWork())).url },
  });
}

async function review(after: Files, caches: string): Promise<Played & { readonly github: FakeGithub }> {
  const github = Object.assign(await fakeGithub(undefined, 'owner/shop'), {
    pull: pullRequest({ before: SHOP, after }),
  });
  const played = await playRecipe(RECIPE, {
    workflow: 'review.yml',
    event: 'pull_request',
    payload: { pull_request: { number: NUMBER, head: { sha: HEAD, ref: 'x' }, base: { ref: 'main' } } },
    secrets: { GITHUB_TOKEN: TOKEN },
    apiUrl: github.url,
    caches,
  });
  expect(github.complaints).toEqual([]);
  return { ...played, github };
}

/** The workflow commands for annotations, as the action printed them. */
const annotations = ({ log }: Played) => log.match(/::(error|warning|notice) .*/g) ?? [];

test('the inventory of the default branch says on the line of a pull request what it breaks', async () => {
  const caches = path.join(folder, 'kept');
  const first = await inventory(caches);
  expect(first.jobs, first.log).toEqual({ inventory: 'success' });
  expect(first.log).toContain('1 execution in flight on 1 version');

  const after = changed('removes a step that work has run, with a version for each deploy');
  const line = after['orders.ts']?.split('\n').findIndex((each) => each.includes('async checkOut(')) ?? 0;
  const breaking = await review(after, caches);
  expect(breaking.jobs, breaking.log).toEqual({ review: 'success' });
  expect(annotations(breaking)).toEqual([
    expect.stringContaining(`::notice title=A step is removed%3A Orders.checkOut,file=orders.ts,line=${line + 1},`),
  ]);
  expect(annotations(breaking)[0]).toContain('it has run "packBox", which the change removes.');
  const asked = breaking.github.served.map(({ operation }) => operation);
  expect(asked).toEqual(['files', 'pull', 'compare', 'content', 'content']);

  const formatting = await review(changed('formats a workflow and comments it'), caches);
  expect(formatting.jobs, formatting.log).toEqual({ review: 'success' });
  expect(annotations(formatting)).toEqual([]);
  expect(formatting.log).toContain('No workflow changes in the files that were read.');
});

test('a pull request before the first inventory passes, and says so', async () => {
  const after = changed('removes a step that work has run, with a version for each deploy');
  const played = await review(after, path.join(folder, 'none'));
  expect(played.jobs, played.log).toEqual({ review: 'success' });
  expect(annotations(played)).toEqual([
    expect.stringContaining('This pull request was not reviewed.%0AThere is no inventory at "inventory.json".'),
  ]);
  expect(played.github.served).toEqual([]);
});

test('a deploy starts the inventory when it has shifted the traffic', async () => {
  const scripts = ['launch', 'shift-traffic'].map((name) => ({
    path: `${name}.sh`,
    language: 'sh',
    text: `#!/bin/sh\n${name} "$@"\n`,
  }));
  const played = await playFiles([...filesOfRecipe(recipeNamed(RECIPE)), ...scripts], {
    workflow: 'deploy.yml',
    sha: HEAD,
    programs: { launch: '', 'shift-traffic': '', gh: '' },
    secrets: { GITHUB_TOKEN: TOKEN },
  });
  expect(played.jobs, played.log).toEqual({ deploy: 'success', inventory: 'success' });
  expect(played.calls.filter((call) => !call.startsWith('actions/'))).toEqual([
    `launch ${HEAD}`,
    `shift-traffic ${HEAD}`,
    'gh workflow run inventory.yml --repo owner/shop --ref main',
  ]);
});
