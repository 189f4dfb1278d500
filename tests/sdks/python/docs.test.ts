import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { chosenReleases } from '../chosen.ts';
import { environmentOf, folderOf } from '../driver.ts';
import { snippetsOf } from '../page.ts';
import { worldsOf } from '../world.ts';
import { python } from './language.ts';

const run = promisify(execFile);

/** So that the error names the command that hangs. */
const PROCESS_TIMEOUT_MS = 120_000;

/** Eleven starts of Python, each of which takes ten seconds on a machine that is busy. */
const TEST_TIMEOUT_MS = 400_000;

/** What a snippet in Python takes for granted. */
const AROUND = `import os
from dbos import DBOS, DBOSClient
url, workflow_id = os.environ["URL"], os.environ["ID"]
`;

const [newest] = python.releases;
const isChosen = chosenReleases().some(({ release }) => release === newest);

const [launches = '', cancelsAndForks = '', rewinds = '', promotes = ''] = snippetsOf(python.name, 'python', 'sh');

describe.skipIf(!isChosen)('the snippets for Python in docs/sdks.md', () => {
  const world = worldsOf(python);

  test('set a version, cancel and fork a workflow, rewind it, and promote a version', {
    timeout: TEST_TIMEOUT_MS,
  }, async () => {
    if (newest === undefined) throw new Error('There is no release.');
    const { url, launch, query, row } = await world(newest);
    const bin = path.join(folderOf(python), '.installed', newest.release, 'bin');
    const environment = {
      ...environmentOf(newest.launch),
      PATH: `${bin}:${process.env['PATH']}`,
      URL: url,
      ID: 'order',
      OLD_VERSION: '1.0',
      VERSION: '2.0',
    };
    const inSnippet = (program: string, ...args: string[]) =>
      run(program, args, { env: environment, timeout: PROCESS_TIMEOUT_MS });
    const old = await launch('1.0');
    await old.start({ workflow: 'held', id: 'order' });

    await inSnippet('python', '-c', `${AROUND}${launches}DBOS.launch()\nDBOS.destroy()`);
    const { stdout } = await inSnippet('sh', '-ec', cancelsAndForks);

    const versions = 'SELECT version_name FROM dbos.application_versions ORDER BY version_timestamp';
    const registered = [{ version_name: '1.0' }, { version_name: '2.0' }];
    expect(await query(versions)).toEqual(registered);
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject([{ workflow_id: 'order' }]);
    const ofOrder = `SELECT status, application_version FROM dbos.workflow_status
      WHERE workflow_uuid = 'order' OR forked_from = 'order' ORDER BY created_at`;
    expect(await query(ofOrder)).toEqual([
      { status: 'CANCELLED', application_version: '1.0' },
      { status: 'ENQUEUED', application_version: '2.0' },
    ]);
    await inSnippet('python', '-c', `${AROUND}${rewinds}`);
    expect((await query(ofOrder))[0]).toEqual({ status: 'ENQUEUED', application_version: '2.0' });
    await (await launch('2.0')).release({ id: 'order' });
    await row("SELECT 1 FROM dbos.workflow_status WHERE workflow_uuid = 'order' AND status = 'SUCCESS'");
    await inSnippet('python', '-c', `${AROUND}os.environ["VERSION"] = "1.0"\n${promotes}`);
    expect(await query(versions)).toEqual(registered.toReversed());
  });
});
