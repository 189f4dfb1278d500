import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { chosenReleases } from '../chosen.ts';
import { environmentOf } from '../driver.ts';
import { snippetsOf } from '../page.ts';
import { worldsOf } from '../world.ts';
import { typescript } from './language.ts';

const run = promisify(execFile);

/** So that the error names the command that hangs. */
const PROCESS_TIMEOUT_MS = 40_000;

/** What a snippet in TypeScript takes for granted. */
const AROUND = `import { DBOS, DBOSClient } from '@dbos-inc/dbos-sdk';
const { URL: url = '', ID: workflowID = '' } = process.env;
`;

const [newest] = typescript.releases;
const isChosen = chosenReleases().some(({ release }) => release === newest);

const [launches = '', cancelsAndForks = '', rewinds = '', promotes = ''] = snippetsOf(typescript.name, 'ts', 'sh');

describe.skipIf(!isChosen)('the snippets for TypeScript in docs/sdks.md', () => {
  const world = worldsOf(typescript);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-typescript-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('set a version, cancel and fork a workflow, rewind it, and promote a version', async () => {
    if (newest === undefined) throw new Error('There is no release.');
    const { url, launch, query, row } = await world(newest);
    const installed = fileURLToPath(new URL(`../node_modules/dbos-${newest.release}`, import.meta.url));
    for (const [link, target] of [
      ['@dbos-inc/dbos-sdk', installed],
      ['.bin/dbos', path.join(installed, 'dist/src/cli/cli.js')],
    ] as const) {
      mkdirSync(path.dirname(path.join(folder, 'node_modules', link)), { recursive: true });
      symlinkSync(target, path.join(folder, 'node_modules', link));
    }
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    const variables = { URL: url, ID: 'order', OLD_VERSION: '1.0', VERSION: '2.0' };
    const options = {
      cwd: folder,
      env: { ...environmentOf(newest.launch), ...variables },
      timeout: PROCESS_TIMEOUT_MS,
    };
    const program = async (text: string, version = '2.0') => {
      writeFileSync(path.join(folder, 'snippet.ts'), `${AROUND}${text}`);
      await run(process.execPath, ['snippet.ts'], { ...options, env: { ...options.env, VERSION: version } });
    };
    const old = await launch('1.0');
    await old.start({ workflow: 'sleepAfterStep', id: 'order', millis: 3_600_000 });
    await row("SELECT FROM dbos.operation_outputs WHERE workflow_uuid = 'order' AND function_id = 1");

    await program(`${launches}await DBOS.launch();\nawait DBOS.shutdown();`);
    const { stdout } = await run('sh', ['-ec', cancelsAndForks], options);

    const versions = 'SELECT version_name FROM dbos.application_versions ORDER BY version_timestamp';
    const registered = [{ version_name: '1.0' }, { version_name: '2.0' }];
    expect(await query(versions)).toEqual(registered);
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject([{ workflowID: 'order' }]);
    const ofOrder = `SELECT status, application_version, (SELECT count(*)::int FROM dbos.operation_outputs o
        WHERE o.workflow_uuid = w.workflow_uuid) AS steps
      FROM dbos.workflow_status w WHERE workflow_uuid = 'order' OR forked_from = 'order' ORDER BY created_at`;
    expect(await query(ofOrder)).toEqual([
      { status: 'CANCELLED', application_version: '1.0', steps: 2 },
      { status: 'ENQUEUED', application_version: '2.0', steps: 0 },
    ]);
    await program(rewinds);
    expect((await query(ofOrder))[0]).toMatchObject({ status: 'ENQUEUED', application_version: '2.0' });
    await program(promotes, '1.0');
    expect(await query(versions)).toEqual(registered.toReversed());
    await program(promotes, '2.O');
    expect(await query(versions)).toEqual(registered.toReversed());
  });
});
