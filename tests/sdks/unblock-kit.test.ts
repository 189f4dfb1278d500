import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kitFilesOf } from '../../src/artifacts.ts';
import { runReportOf } from '../../src/report/model.ts';
import { config } from '../support/builders.ts';
import { holdOn } from '../support/holding.ts';
import { chosenReleases } from './chosen.ts';
import { type Application, environmentOf, folderOf } from './driver.ts';
import type { Language, Release } from './language.ts';
import { type World, worldsOf } from './world.ts';

/* The kit that the gate writes for an application of each language, run with the command line that its list names. */

const HOUR = 3_600_000;
const runs = promisify(execFile);

describe.each(chosenReleases())('$language.name $release.release', ({ language, release }) => {
  const createWorld = worldsOf(language);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-kit-'));
  let world: World;
  let old: Application;
  let successor: Application;
  let list: string;

  const status = (id: string, expected: string) =>
    world.row('SELECT FROM dbos.workflow_status WHERE workflow_uuid = $1 AND status = $2', id, expected);

  const unblock = async (...args: string[]) => {
    const env = { DBOS_CLI: path.join(folder, 'dbos'), UNBLOCK_DATABASE_URL: world.url };
    const { stdout, stderr } = await runs('sh', ['unblock.sh', ...args], {
      cwd: folder,
      env: { ...environmentOf({ program: '', args: [] }), ...env },
    });
    return stdout + stderr;
  };

  beforeAll(async () => {
    world = await createWorld(release);
    old = await world.launch('1.0.0');
    successor = await world.launch('2.0.0');
    await old.start({ workflow: 'held', id: 'held' });
    await old.start({ workflow: 'receiveAfterStep', id: 'receiving', millis: HOUR });
    await old.start({ workflow: 'sleepAfterStep', id: 'asleep', millis: HOUR });
    for (const id of ['receiving', 'asleep']) {
      await world.row(
        `SELECT FROM dbos.operation_outputs WHERE workflow_uuid = $1 AND function_name = 'DBOS.sleep'`,
        id,
      );
    }
    await status('held', 'PENDING');
    const changes = { mode: 'check', onLive: 'ignore' } as const;
    const { polls, failedPolls, ...held } = await holdOn(world, changes);
    const counts = { polls: polls.length, failedPolls: failedPolls.length };
    const run = { ...held, ...counts, failure: undefined, config: config(changes), schema: 'dbos' };
    const files = kitFilesOf(runReportOf(run), run.last);
    for (const { name, text } of files) writeFileSync(path.join(folder, name), text);
    list = files.find(({ name }) => name === 'workflows.tsv')?.text ?? '';
    const { call, cwd } = commandLine(language, release, list);
    writeFileSync(path.join(folder, 'dbos'), `#!/bin/sh\ncd '${cwd}' && exec ${call} "$@"\n`, { mode: 0o755 });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('cancel takes what is asleep, and leaves what is at work', async () => {
    if (!release.abilities.recordsSleepEnds) expect(list).toContain('\tasleep\twaiting\t');
    const chosen = release.abilities.recordsSleepEnds ? ['--name', '*leep*'] : ['asleep'];
    const output = await unblock('cancel', '--yes', ...chosen);
    expect(output).toContain('asleep: cancelled');
    await status('asleep', 'CANCELLED');
    await status('held', 'PENDING');
    await status('receiving', 'PENDING');
  });

  test('fork continues what the old processes left, and the new ones finish it', async () => {
    await old.kill();
    expect(await unblock('fork', '--all', '--yes', '--name', '*eld')).toContain('held: continues as held-fork');
    expect(await unblock('fork', '--yes', 'receiving')).toContain('receiving: continues as receiving-fork');
    await status('held-fork', 'PENDING');
    await successor.release({ id: 'held-fork' });
    await successor.send({ id: 'receiving-fork' });
    for (const id of ['held', 'receiving']) {
      await status(`${id}-fork`, 'SUCCESS');
      await status(id, 'CANCELLED');
    }
    const [steps] = await world.query(
      `SELECT count(*)::int AS shared FROM dbos.operation_outputs a JOIN dbos.operation_outputs b USING (function_id, function_name)
        WHERE a.workflow_uuid = 'receiving' AND b.workflow_uuid = 'receiving-fork'`,
    );
    expect(steps?.['shared']).toBeGreaterThan(0);
    expect(await unblock('fork', '--yes', 'held')).toContain('held: left as it is: it is CANCELLED now');
    const versions = await world.query(
      `SELECT DISTINCT application_version AS version FROM dbos.workflow_status WHERE forked_from IS NOT NULL`,
    );
    expect(versions).toEqual([{ version: '2.0.0' }]);
  });
});

/** Releases of TypeScript's command line that the tests install, by what the list names. */
const TYPESCRIPT: ReadonlyMap<string, string> = new Map([
  ['5', '5.3.0'],
  ['4.27', '4.27.6'],
  ['4.20', '4.20.11'],
]);

/** The command line that the list names: the application's own, or TypeScript's where that has none. */
function commandLine(language: Language, release: Release, list: string): { call: string; cwd: string } {
  const cwd = folderOf(language);
  const isOwn = /^#! cli\t/m.test(list);
  const typescript = (version: string | undefined) => {
    const program = fileURLToPath(new URL(`./node_modules/dbos-${version}/dist/src/cli/cli.js`, import.meta.url));
    return { call: `'${process.execPath}' '${program}'`, cwd };
  };
  if (!isOwn) return typescript(TYPESCRIPT.get(/^#! fits\t.*release (\d[\d.]*\d|\d)/m.exec(list)?.[1] ?? ''));
  if (language.id === 'typescript') return typescript(release.release);
  if (language.id === 'python') return { call: `.installed/${release.release}/bin/dbos`, cwd };
  return { call: `env GOTOOLCHAIN=local go tool -modfile=${release.release}/go.mod dbos`, cwd };
}
