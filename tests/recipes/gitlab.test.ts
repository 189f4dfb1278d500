import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { node24 } from '../support/runner/node24.ts';
import { systemDatabases } from '../support/system-databases.ts';
import { cluster } from './cluster.ts';
import { filesOf, recipeNamed } from './recipe.ts';
import { writePrograms } from './stand-ins.ts';

/* The scripts of the pipeline's jobs, run one after the other by a shell as GitLab's runner does, with the real command line. */

const databases = systemDatabases();

const COMMAND_LINE = fileURLToPath(new URL('../../dist/cli/dbos-drain-gate.mjs', import.meta.url));

const exitCodes = z.object({ exit_codes: z.array(z.number()) });
const pipeline = z.looseObject({
  gate: z.looseObject({ script: z.array(z.string()), allow_failure: exitCodes, retry: exitCodes }),
  'tear-down': z.looseObject({ script: z.array(z.string()) }),
});

const [file] = filesOf(recipeNamed('gitlab'));
const { gate, 'tear-down': tearDown } = pipeline.parse(parse(file?.text ?? ''));

/** A checkout where the scripts run. `npx` is the real command line, quick; `kubectl` records its calls. */
function checkout(url: string) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-gitlab-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const calls = path.join(folder, 'calls');
  const versions = ['1.0.0', '2.0.0', '3.0.0'];
  writePrograms(path.join(folder, 'programs'), calls, {
    npx: `shift 2 && exec '${node24()}' '${COMMAND_LINE}' "$@"`,
    kubectl: cluster({ versions, live: '3.0.0' }),
  });
  const environment = {
    PATH: [path.join(folder, 'programs'), process.env['PATH']].join(path.delimiter),
    CI_COMMIT_SHA: '3.0.0',
    DRAIN_GATE_DATABASE_URL: url,
    DRAIN_GATE_SETTLE: '1s',
    DRAIN_GATE_POLL_INTERVAL: '500ms',
  };
  const run = async (script: readonly string[], variables: Readonly<Record<string, string>> = {}) => {
    const lines = script.join('\n').replace('--timeout 45m', '--timeout 3s');
    const child = spawn('bash', ['-eo', 'pipefail', '-c', lines], {
      cwd: folder,
      env: { ...environment, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code, log: output + errors };
  };
  return {
    run,
    read: (name: string) => readFileSync(path.join(folder, name), 'utf8'),
    scaled: () => readFileSync(calls, 'utf8').match(/^kubectl scale .*$/gm) ?? [],
  };
}

/** The variables that GitLab reads from a report of the kind dotenv. */
function dotenv(lines: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    lines
      .trimEnd()
      .split('\n')
      .map((line) => [/^\w+/.exec(line)?.[0], /=(.*)/.exec(line)?.[1]]),
  );
}

test('a job that is allowed to fail hands the teardown what has drained, and it is checked again', async () => {
  const database = await databases.create();
  await database.register('1.0.0', '2.0.0', '3.0.0');
  await database.insert({ application_version: '2.0.0', status: 'PENDING' });
  const { run, read, scaled } = checkout(database.url);

  const held = await run(gate.script);
  expect(gate.allow_failure.exit_codes, held.log).toContain(held.code);
  expect(read('gate.md')).toContain('2.0.0');
  const report = read('gate.env');
  expect(Buffer.byteLength(report)).toBeLessThan(5_000);
  const variables = dotenv(report);
  expect(variables).toMatchObject({ drained: 'false', drained_versions: '["1.0.0"]' });

  expect(await run(tearDown.script, variables)).toMatchObject({ code: 0 });
  expect(scaled()).toEqual(['kubectl scale deployment/shop-1.0.0 --replicas 0']);

  await database.insert({ application_version: '1.0.0', status: 'ENQUEUED' });
  expect(await run(tearDown.script, variables)).toMatchObject({ code: 10 });
  const nothing = await run(tearDown.script, { drained_versions: '[]', reason: 'Not safe.' });
  expect(nothing).toEqual({ code: 0, log: 'Nothing has drained. Not safe.\n' });
  expect(scaled()).toHaveLength(1);
});

test('an error of the gate fails the job, after it has run once more', async () => {
  const database = await databases.create('empty');
  const { run } = checkout(database.url);
  const { code } = await run(gate.script);
  expect(gate.retry.exit_codes).toEqual([code]);
  expect(gate.allow_failure.exit_codes).not.toContain(code);
});

test('the first deploy, with nothing to retire, is no failure', async () => {
  const database = await databases.create();
  await database.register('3.0.0');
  const { run, read } = checkout(database.url);
  const { code, log } = await run(gate.script);
  expect(read('gate.env'), log).toContain('verdict=no-target');
  expect(gate.allow_failure.exit_codes).toContain(code);
});
