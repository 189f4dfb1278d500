import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { node24 } from '../support/runner/node24.ts';
import { createReader, launchOn, systemDatabases, type TestDatabase } from '../support/system-databases.ts';
import { KIT_PROGRAMS } from './kit.ts';
import { filesOf, recipeNamed } from './recipe.ts';
import { writePrograms } from './stand-ins.ts';

/* The scripts of the host, run as ssh would. The gate's container is the command line, and that of the kit a shell. */

const databases = systemDatabases();
const COMMAND_LINE = fileURLToPath(new URL('../../dist/cli/dbos-drain-gate.mjs', import.meta.url));

const DOCKER = `
[ "$1 $2" = 'compose run' ] || exit 0
while [ "$1" != gate ] && [ "$1" != unblock ]; do shift; done
service=$1; shift
case $service in
  gate) exec '${node24()}' '${COMMAND_LINE}' "$@" ;;
  unblock) exec sh kit/unblock.sh "$@" ;;
esac`;

interface Host {
  /** Runs a script of the recipe to its end. */
  run(script: string, ...args: readonly string[]): Promise<{ readonly code: number; readonly printed: string }>;
  calls(): string;
}

/** A host whose team may fork `held`. `failing`: the command of Docker that fails. */
async function hostOf(database: TestDatabase, failing = 'nothing'): Promise<Host> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-host-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string) => path.join(folder, name);
  for (const { path: name, text } of filesOf(recipeNamed('single-host')).filter(({ language }) => language === 'sh')) {
    expect(text).toContain('nightly*');
    writeFileSync(at(name), text.replaceAll('nightly*', 'held').replace('=/kit', '=kit'));
    chmodSync(at(name), 0o755);
  }
  writePrograms(at('programs'), at('calls'), {
    docker: `[ "$1 $2" != '${failing}' ] || exit 1${DOCKER}`,
    ...KIT_PROGRAMS,
  });
  const { url } = await createReader(database);
  const env = {
    PATH: [at('programs'), path.dirname(node24()), process.env['PATH']].join(path.delimiter),
    HOME: folder,
    DRAIN_GATE_DATABASE_URL: url,
    DRAIN_GATE_SETTLE: '1s',
    UNBLOCK_DATABASE_URL: database.url,
  };
  const run = async (script: string, ...args: readonly string[]) => {
    const child = spawn(at(script), args, { env });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    }
    const [code] = await once(child, 'close');
    return { code: Number(code), printed };
  };
  return { run, calls: () => readFileSync(at('calls'), 'utf8') };
}

test('forks what the restart has stranded, and fails for what nobody may fork', async () => {
  const database = await databases.create();
  const { run, calls } = await hostOf(database);
  const old = await launchOn(database, { sdk: '5.3.0', version: 'old' });
  const first = await run('deploy.sh', 'old');
  expect(first.code, first.printed).toBe(0);
  const only = await run('audit.sh');
  expect(only.code, only.printed).toBe(0);
  expect(only.printed).toContain('no-target');

  const id = await old.startHeld();
  const second = await run('deploy.sh', 'new');
  expect(second.code, second.printed).toBe(0);
  expect(calls()).toContain('docker compose up --detach --wait shop');
  await old.kill();
  const fresh = await launchOn(database, { sdk: '5.3.0', version: 'new' });

  const audit = await run('audit.sh');
  expect(audit.code, audit.printed).toBe(0);
  await fresh.begun(`${id}-fork`);
  await fresh.finish(`${id}-fork`);
  expect(await fresh.ended(`${id}-fork`)).toBe('SUCCESS');

  await database.insert({ application_version: 'old', status: 'PENDING', name: 'ship', serialization: 'js_superjson' });
  const failed = await run('audit.sh');
  expect(failed.code, failed.printed).toBe(10);
});

test('does not restart while work is in flight that cannot be forked', async () => {
  const database = await databases.create();
  const { run, calls } = await hostOf(database);
  await database.register('old');
  expect((await run('deploy.sh', 'old')).code).toBe(0);
  await database.insert({ application_version: 'old', status: 'PENDING', name: 'ship' });
  const before = calls();
  const { code, printed } = await run('deploy.sh', 'new');
  expect(code, printed).toBe(10);
  expect(calls().replace(before, '')).not.toContain('compose up');
  // Its own work in flight is no reason against the version that runs: it continues that.
  const again = await run('deploy.sh', 'old');
  expect(again.code, again.printed).toBe(0);
});

test('asks about both versions after a deploy that was cut off', async () => {
  const database = await databases.create();
  const { run, calls } = await hostOf(database, 'compose up');
  await database.register('old', 'new');
  await database.insert({ application_version: 'new', status: 'PENDING', name: 'ship' });
  expect((await run('deploy.sh', 'old')).code).not.toBe(0);
  expect((await run('deploy.sh', 'new')).code).not.toBe(0);
  expect((await run('audit.sh')).code).toBe(1);
  const { code, printed } = await run('deploy.sh', 'old');
  expect(code, printed).toBe(10);
  expect(calls().match(/compose up/g)).toHaveLength(2);
});
