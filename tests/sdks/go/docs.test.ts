import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { holdOn } from '../../support/holding.ts';
import { chosenReleases } from '../chosen.ts';
import { environmentOf, folderOf } from '../driver.ts';
import { snippetsOf } from '../page.ts';
import { worldsOf } from '../world.ts';
import { go } from './language.ts';

const run = promisify(execFile);

const [newest] = go.releases;
const isChosen = chosenReleases().some(({ release }) => release === newest);

const [config = '', commands = '', rewinds = '', promotes = ''] = snippetsOf(go.name, 'go', 'sh');

/** A program of these statements, with what they take for granted. */
const program = (...statements: readonly string[]) => `package main

import (
	"context"
	"os"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
)

var url, id, background = os.Getenv("URL"), os.Getenv("ID"), context.Background()

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
${statements.join('\n')}
	check(err)
}
`;

describe.skipIf(!isChosen)('the section for Go in docs/sdks.md', () => {
  const createWorld = worldsOf(go);
  const module = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-go-'));
  afterAll(() => rmSync(module, { recursive: true, force: true }));

  test('has snippets that set a version, cancel and fork a workflow, rewind it, and promote a version', async () => {
    if (newest === undefined) throw new Error('There is no release.');
    const { url, launch, query, row } = await createWorld(newest);
    for (const file of ['go.mod', 'go.sum']) {
      cpSync(path.join(folderOf(go), newest.release, file), path.join(module, file));
    }
    const environment = { URL: url, ID: 'order', OLD_VERSION: '1.0', VERSION: '2.0', GOTOOLCHAIN: 'local' };
    const options = { cwd: module, env: { ...environmentOf(newest.launch), ...environment } };
    const goRun = async (name: string, text: string, version = '2.0') => {
      mkdirSync(path.join(module, name));
      writeFileSync(path.join(module, name, 'main.go'), text);
      await run('go', ['run', `./${name}`], { ...options, env: { ...options.env, VERSION: version } });
    };
    const old = await launch('1.0');
    await old.start({ workflow: 'sleepAfterStep', id: 'order', millis: 3_600_000 });
    await row("SELECT FROM dbos.operation_outputs WHERE workflow_uuid = 'order' AND function_id = 1");

    await goRun(
      'launches',
      program(config, 'ctx, err := dbos.NewContext(background, config)\ncheck(err)\nerr = dbos.Launch(ctx)'),
    );
    const versions = 'SELECT version_name FROM dbos.application_versions ORDER BY version_timestamp';
    const registered = [{ version_name: '1.0' }, { version_name: '2.0' }];
    expect(await query(versions)).toEqual(registered);

    const lock = readFileSync(path.join(module, 'go.mod'), 'utf8');
    const { stdout } = await run('sh', ['-ec', commands], options);
    expect(readFileSync(path.join(module, 'go.mod'), 'utf8')).toBe(lock);
    expect(JSON.parse(stdout.slice(0, stdout.indexOf('\n]\n') + 2))).toMatchObject([{ workflow_uuid: 'order' }]);
    const ofOrder = `SELECT status, application_version, (SELECT string_agg(function_name, ' ') FROM dbos.operation_outputs o
        WHERE o.workflow_uuid = w.workflow_uuid) AS steps
      FROM dbos.workflow_status w WHERE workflow_uuid = 'order' OR forked_from = 'order' ORDER BY created_at`;
    expect(await query(ofOrder)).toEqual([
      { status: 'CANCELLED', application_version: '1.0', steps: 'prepare DBOS.sleep' },
      { status: 'ENQUEUED', application_version: '2.0', steps: 'prepare' },
    ]);

    await goRun('rewinds', program('ctx := background', rewinds));
    expect((await query(ofOrder))[0]).toEqual({ status: 'ENQUEUED', application_version: '2.0', steps: null });
    await goRun('promotes', program('ctx := background', promotes), '1.0');
    expect(await query(versions)).toEqual(registered.toReversed());
  });

  test('says which workflows a pattern ignores', async () => {
    if (newest === undefined) throw new Error('There is no release.');
    const world = await createWorld(newest);
    const old = await world.launch('1.0.0');
    await old.start({ workflow: 'held', id: 'function' });
    await old.start({ workflow: 'classHeld', id: 'method' });
    await old.start({ workflow: 'instanceHeld', id: 'instance', instance: 'blue' });
    await old.start({ workflow: 'receiveFirst', id: 'generic', millis: 3_600_000 });
    for (const [pattern, left] of [
      ['orders.*', ['function', 'generic', 'instance', 'method']],
      ['*/orders.*', []],
      ['Shop.*', ['function', 'generic', 'method']],
      ['example.com/shop/orders.(*Shop).Held-fm', ['function', 'generic', 'method']],
      ['example.com/shop/orders.ReceiveFirst[orders.Order,string]', ['function', 'instance', 'method']],
    ] as const) {
      const { last } = await holdOn(world, { mode: 'check', ignoreWorkflows: [pattern] });
      const shown = last?.evaluation.index?.contents.workflows.items.map(({ id }) => id);
      expect(shown?.toSorted(), pattern).toEqual(left);
    }
  });
});
