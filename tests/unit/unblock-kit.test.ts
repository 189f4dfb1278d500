import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type BlockingWorkflow,
  commandsOf,
  kitFiles,
  type UnblockCommand,
  type UnblockKit,
} from '../../src/unblock/kit.ts';
import { DATABASE_EPOCH } from '../support/builders.ts';
import { ATTACKS, hostileText, MEGABYTES } from '../support/hostile-text.ts';
import { actingIn } from '../support/inert.ts';

/* The kit beside the report, as shells read it. What it does to a database: tests/database/unblock-kit.test.ts. */

const SHELLS = ['sh', 'dash', 'bash', 'busybox sh', 'mksh'].filter(
  (shell) => spawnSync(`${shell} -c :`, { shell: true }).status === 0,
);
const EVERY: readonly UnblockCommand[] = ['inspect', 'cancel', 'fork'];
const SCRIPT = 'src/unblock/unblock.sh';

const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-kit-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a kit is a script and a list, and can fork only to a newer version', () => {
  const workflows = [workflow('wf-1')];
  expect(namesOf({ workflows })).toEqual(['unblock.sh', 'workflows.tsv']);
  expect(namesOf({ workflows: [] })).toEqual([]);
  expect(namesOf({ workflows: [workflow('--all'), workflow('')] })).toEqual([]);
  expect(commandsOf({ newVersion: '2.0.0' })).toEqual(EVERY);
  for (const newVersion of [undefined, '', 'in\u200bvisible']) {
    expect(commandsOf({ newVersion })).toEqual(['inspect', 'cancel']);
    expect(start({ workflows, newVersion }, ['fork'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('there is no newer version to fork to'),
    });
    expect(run('cancel', { workflows, newVersion }).ids).toEqual(['wf-1']);
  }
});

test('workflows stand under their name and version, parents before their children, with where they stood', () => {
  const kit = {
    workflows: [
      workflow('item-0', { name: 'item', parent: 'basket-1' }),
      workflow('basket-1', { name: 'basket', className: 'Shop' }),
      workflow('alone-1', { lastStep: { number: 6, name: 'charge' } }),
      workflow('alone-2', { status: 'DELAYED', delayUntil: DATABASE_EPOCH }),
      workflow('alone-3', { status: 'ENQUEUED', version: null }),
      workflow('orphan', { name: 'item', parent: 'elsewhere' }),
      workflow('untyped', { name: 'item', parent: '-p' }),
    ],
  };
  expect(body(listOf(kit))).toEqual([
    '# "Shop.basket", version "1.0.0": 1 workflow',
    'waits\tbasket-1\t-\t-\tno step done',
    '',
    '# "checkout", version "1.0.0": 2 workflows',
    'fork\talone-1\t-\t-\tstep 6 done, "charge"',
    'fork\talone-2\t-\t-\tdelayed until 2026-01-01T00:00:00.000Z',
    '',
    '# "checkout", without a version: 1 workflow',
    'fork\talone-3\t-\t-\tenqueued',
    '',
    '# "item", version "1.0.0": 2 workflows',
    'child\torphan\telsewhere\t-\tno step done',
    'child\tuntyped\t-\t-\tno step done',
    '',
    '# "item", version "1.0.0": 1 workflow, started by some above',
    'child\titem-0\tbasket-1\t-\tno step done',
  ]);
  const order = ['basket-1', 'alone-1', 'alone-2', 'alone-3', 'orphan', 'untyped', 'item-0'];
  for (const command of EVERY) expect(run(command, kit).ids).toEqual(order);
  const { output } = run('fork', kit);
  expect(output).toContain('basket-1: left as it is: it has children in flight');
  expect(output).toContain('untyped: left as it is: the id of its parent cannot be typed');
  expect(output).toContain('5 to fork. Nothing was done. To do it: sh ');
});

describe('a person who edits the list', () => {
  const kit = { workflows: [workflow('wf-1'), workflow('wf-2'), workflow('wf-1-1', { parent: 'wf-1' })] };
  /** A command line that answers for one workflow, and prints how it is called to fork. */
  const answering = `answer() {
    case "$2 $3" in
      'get wf-1') printf '{"workflowID":"wf-1","status":"%s","input":"[]"}\\n' "\${now:-PENDING}" ;;
      'cancel wf-1') now=CANCELLED ;;
      'fork wf-1') shift; printf '%s\\n' "$*" >&2; [ -z "$BROKEN" ] ;;
    esac
  }`;
  const env = { DBOS_SYSTEM_DATABASE_URL: 'url', DBOS_CLI: 'answer' };

  test('leaves a workflow out by deleting its line', () => {
    const edited = (list: string) => list.replace(/^fork\twf-2.*\n/m, '');
    for (const command of EVERY) expect(run(command, kit, edited).ids).toEqual(['wf-1', 'wf-1-1']);
  });

  test('forks a waiting parent, and starts it again from a step', () => {
    const edited = (list: string) => list.replace('waits\twf-1\t-\t-', 'fork\twf-1\t-\t3');
    const { stdout, stderr } = start(kit, ['fork', '--yes'], { edited, prelude: answering, env });
    expect(stderr).toContain('fork wf-1 --step 3 --forked-workflow-id wf-1-fork --application-version=2.0.0 ');
    expect(stdout).toContain('wf-1: goes on as wf-1-fork');
  });

  test('gets a command that can be typed when a fork fails', () => {
    const custom = { workflows: [workflow('wf-1')], schema: "my schema's", newVersion: '2 0' };
    const broken = { prelude: answering, env: { ...env, BROKEN: 'yes' } };
    const { stderr } = start(custom, ['fork', '--yes'], broken);
    expect(stderr).toContain(
      `do it by hand:\n  answer workflow fork 'wf-1' --step 2147483647 --forked-workflow-id 'wf-1-fork' --application-version='2 0' --sys-db-url "$DBOS_SYSTEM_DATABASE_URL" --schema='my schema'\\''s'\n`,
    );
  });

  test.each([
    ['blanks for tabs', (line: string) => line.replaceAll('\t', '  '), 'its second column is no id'],
    ['an option for an id', () => 'fork\t--all\t-\t-', 'its second column is no id'],
    ['a word for a step', () => 'fork\twf-2\t-\tlast\t', 'its fourth column is neither'],
    ['a word that is not known', () => 'frok\twf-2\t-\t-\t', 'its first column is none of'],
    ['a command', () => '$(touch hacked)\twf-2', 'its first column is none of'],
  ])('is shown %s, and nothing is done to that workflow', (_what, change, message) => {
    const edited = (list: string) => list.replace(/^fork\twf-2.*$/m, change);
    const { status, stdout, stderr } = start(kit, ['fork'], { edited });
    expect([status, stdout]).toEqual([1, expect.not.stringContaining('would fork wf-2')]);
    expect(stderr).toContain(`FAILED: ${message}`);
    expect(stdout).toContain('would fork wf-1-1');
  });

  test.each([
    ['CRLF at the ends of lines', (list: string) => list.replaceAll('\n', '\r\n')],
    ['no line break at the end', (list: string) => list.trimEnd()],
    ['only the columns that are needed', (list: string) => list.replace(/\t-\t[^\t]*$/gm, '')],
    ['columns that a spreadsheet fills up', (list: string) => list.replace(/^#! .*$/gm, '$&\t\t\t')],
  ])('can leave %s', (_what, edited) => {
    const noted = { ...kit, omitted: 1 };
    for (const command of EVERY) expect(run(command, noted, edited)).toEqual(run(command, noted));
  });
});

test('a circle of parents, which only a damaged database has, ends', () => {
  const workflows = [workflow('a', { parent: 'c' }), workflow('b', { parent: 'a' }), workflow('c', { parent: 'b' })];
  expect(run('cancel', { workflows }).ids.toSorted()).toEqual(['a', 'b', 'c']);
});

test('what is not in the list is counted at its top and at the end of a run', () => {
  const kit = { workflows: [workflow('wf-1'), workflow('-rf')], omitted: 1234 };
  for (const name of EVERY) {
    const { output } = run(name, kit);
    for (const told of [output, listOf(kit)]) {
      expect(told).toContain('1 more workflow with an id that cannot be shown or typed safely');
      expect(told).toContain('1,234 more workflows not in this list: run the gate again');
    }
  }
  expect(run('cancel', { workflows: [workflow('wf-1')] }).output).not.toContain('more workflow');
});

test('ten thousand workflows make a list of a sensible size', { tags: ['exhaustive'] }, () => {
  const workflows = Array.from({ length: 10_000 }, (_, index) =>
    workflow(`00000000-0000-4000-8000-${String(index).padStart(12, '0')}`, {
      lastStep: { number: index, name: 'a step with a rather long name, as some have it' },
      parent: index === 0 ? null : `00000000-0000-4000-8000-${String(index - 1).padStart(12, '0')}`,
    }),
  );
  const started = Date.now();
  const list = listOf({ workflows });
  expect(Date.now() - started).toBeLessThan(5000);
  expect(list.length).toBeLessThan(3_000_000);
  expect(run('cancel', { workflows }).ids).toHaveLength(10_000);
});

describe('of hostile ids and names', { tags: ['exhaustive'] }, () => {
  const text = fc.oneof(fc.constantFrom(...ATTACKS), hostileText);
  const rows = fc.array(
    fc.record({
      id: text,
      name: text,
      className: text,
      version: text,
      status: text,
      parent: text,
      step: text,
    }),
    { minLength: 1, maxLength: 12 },
  );

  test.each(SHELLS)('%s reads the script, and runs it like every other shell', (shell) => {
    const [program = '', ...applet] = shell.split(' ');
    execFileSync(program, [...applet, '-n', SCRIPT]);
    const kit = { workflows: ATTACKS.map((attack) => workflow(attack, { name: attack, parent: attack })) };
    for (const command of EVERY) {
      const { status, stdout, stderr } = start(kit, [command], { shell });
      expect([status, stdout, stderr]).toEqual([0, run(command, kit).output, '']);
    }
  });

  test('nothing in the list acts, and every row has five columns', () => {
    let shown = 0;
    const property = fc.property(rows, text, (each, newVersion) => {
      const kit = { workflows: each.map(hostile), newVersion, omitted: 1 };
      for (const line of listOf(kit).split('\n')) {
        expect(actingIn(line.replaceAll('\t', ''))).toEqual([]);
        if (!line.startsWith('#') && line !== '') expect(line.split('\t')).toHaveLength(5);
      }
      for (const command of commandsOf(kit)) {
        const { ids, output } = run(command, kit);
        if (listOf(kit) === '') continue;
        expect(ids.length + Number(/^(\d+) more workflows? with an id/m.exec(output)?.[1] ?? 0)).toBe(each.length);
        for (const id of ids) expect(each.map((row) => row.id)).toContain(id);
        shown += ids.length;
      }
    });
    fc.assert(property, { numRuns: 50 });
    expect(shown).toBeGreaterThan(300);
  });

  test('an id reaches the command line as one argument', () => {
    const property = fc.property(rows, text, (each, schema) => {
      const kit = { workflows: each.map(hostile), schema };
      const { ids } = run('inspect', kit);
      if (ids.length === 0) return;
      const { calls, status } = callsOf('inspect', kit);
      const options = ['--sys-db-url', 'the url', ...(schema === 'dbos' ? [] : [`--schema=${schema}`])];
      if (status === 2) return;
      expect(calls).toEqual([
        ['--help'],
        ['workflow', 'list', '--limit', '1', ...options],
        ...ids.flatMap((id) => ['get', 'steps'].map((verb) => ['workflow', verb, id, ...options])),
      ]);
    });
    fc.assert(property, { numRuns: 50 });
  });

  test('a megabyte in every name leaves a list of a few kilobytes', () => {
    const workflows = MEGABYTES.map((huge) => ({
      ...workflow(`a${huge.length}`),
      name: huge,
      className: huge,
    }));
    expect(listOf({ workflows }).length).toBeLessThan(20_000);
  });
});

describe('the script refuses', () => {
  const kit = { workflows: [workflow('wf-1')] };

  test.each([
    ['an option that it does not know', ['--yess'], { DBOS_SYSTEM_DATABASE_URL: 'url' }, 'usage: sh'],
    ['to begin without a URL', ['--yes'], {}, 'DBOS_SYSTEM_DATABASE_URL is not set'],
    [
      'to begin without a command line',
      ['--yes'],
      { DBOS_SYSTEM_DATABASE_URL: 'url', DBOS_CLI: 'no-such-command' },
      '"no-such-command" does not run: call this script in a folder where the DBOS SDK is installed',
    ],
  ])('%s', (_what, args, env, message) => {
    for (const name of EVERY) {
      const ran = start(kit, [name, ...args], { env });
      expect(ran).toMatchObject({ status: 2, stderr: expect.stringContaining(message) });
    }
  });

  test.each([[[]], [['frok']], [['--yes']], [['cancel', '--yes', 'wf-1']]])('the arguments %j', (args) => {
    const ran = start(kit, args, { env: { DBOS_SYSTEM_DATABASE_URL: 'url' } });
    expect(ran).toMatchObject({ status: 2, stderr: expect.stringContaining('usage: sh') });
  });

  test('to start without its list', () => {
    const ran = spawnSync('sh', [SCRIPT, 'cancel'], { encoding: 'utf8' });
    expect(ran).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('workflows.tsv cannot be read: it belongs next to this script.'),
    });
  });

  test.each([
    ['without its schema', /^#! schema.*\n/m],
    ['for a schema that cannot be typed', undefined],
  ])('to start %s', (_what, deleted) => {
    const edited = (list: string) => (deleted === undefined ? list : list.replace(deleted, ''));
    const env = { DBOS_SYSTEM_DATABASE_URL: 'url', DBOS_CLI: 'true' };
    const schema = deleted === undefined ? 'a\nb' : 'dbos';
    const ran = start({ ...kit, schema }, ['cancel', '--yes'], { edited, env });
    expect(ran).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('the name of the schema cannot'),
    });
  });

  test('a schema that the command line of TypeScript does not read, until another one is named', () => {
    const custom = { ...kit, schema: 'my schema' };
    const env = { DBOS_SYSTEM_DATABASE_URL: 'url' };
    const ran = start(custom, ['cancel', '--yes'], { env });
    expect(ran).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('the tables are in the schema "my schema", and the command line of TypeScript'),
    });
    expect(callsOf('cancel', custom).calls).toContainEqual(
      expect.arrayContaining(['workflow', 'get', 'wf-1', '--schema=my schema']),
    );
  });
});

describe('a status is read from', () => {
  const mine = (fields: object) => JSON.stringify({ workflowID: 'wf-1', input: '[]', ...fields });
  const answers: [string, string, string][] = [
    ['what TypeScript prints', mine({ status: 'SUCCESS' }), 'it is SUCCESS now'],
    ['what Python prints', '{"workflow_id": "wf-1", "status": "ERROR", "input": {}}', 'it is ERROR now'],
    ['a line among others', `a warning\n{"status":"PENDING"}\n${mine({ status: 'SUCCESS' })}\n`, 'it is SUCCESS now'],
    ['a field, whatever the input says', mine({ status: 'SUCCESS', input: '"status":"PENDING"' }), 'it is SUCCESS now'],
    ['a status of ours only', mine({ status: 'SUCC\nESS' }), 'it is UNKNOWN now'],
    ['no row', 'undefined\n', 'it is not there any more'],
    ['no row in Python', 'null\n', 'it is not there any more'],
    ['no answer', '', 'FAILED: its status could not be read'],
    ['the answer about another', '{"workflowID":"wf-2","status":"SUCCESS"}', 'FAILED: its status could not be read'],
    ['one that was forked', mine({ status: 'PENDING', wasForkedFrom: true }), 'it was forked before'],
    ['one without its input', '{"workflowID":"wf-1","status":"PENDING"}', 'its input cannot be read'],
  ];
  const readers = ['node', 'python3'].filter((reader) => spawnSync(reader, ['--version']).status === 0);

  describe.each(readers)('by %s:', (reader) => {
    test.each(answers)('%s', (_what, answer, told) => {
      const others = ['node', 'python3'].filter((other) => other !== reader);
      // The shell finds the reader of this test only.
      const hidden = others.map((other) => `[ "$2" = ${other} ] && return 1; `).join('');
      const prelude = `command() { ${hidden}return 0; }\n`;
      const cli = `answer() { case "$2" in get) printf '%s' "$ANSWER";; esac; }\n`;
      const env = { DBOS_SYSTEM_DATABASE_URL: 'url', DBOS_CLI: 'answer', ANSWER: answer };
      const kit = { workflows: [workflow('wf-1')] };
      const ran = start(kit, ['fork', '--yes'], { prelude: prelude + cli, env });
      expect(ran.stdout + ran.stderr).toContain(told);
      expect(ran.status).toBe(told.startsWith('it ') ? 0 : 1);
    });
  });
});

function workflow(id: string, changes: Partial<BlockingWorkflow> = {}): BlockingWorkflow {
  const usual = { version: '1.0.0', name: 'checkout', className: null, status: 'PENDING' };
  return { id, ...usual, delayUntil: null, parent: null, lastStep: null, ...changes };
}

function hostile({
  step,
  ...row
}: Record<'id' | 'name' | 'className' | 'version' | 'status' | 'parent' | 'step', string>) {
  return { ...row, delayUntil: Number.NaN, lastStep: { number: 1, name: step } };
}

type Changes = Partial<UnblockKit>;

function filesOf(changes: Changes) {
  const usual = {
    workflows: [],
    omitted: 0,
    newVersion: '2.0.0',
    schema: 'dbos',
    observedAt: DATABASE_EPOCH,
  };
  return kitFiles({ ...usual, ...changes });
}

function namesOf(changes: Changes): string[] {
  return filesOf(changes).map(({ name }) => name);
}

/** The text of `workflows.tsv`; empty where there is no kit. */
function listOf(changes: Changes): string {
  return filesOf(changes).find(({ name }) => name === 'workflows.tsv')?.text ?? '';
}

/** The lines of a list below what holds for all workflows. */
function body(list: string): string[] {
  const lines = list.trimEnd().split('\n');
  return lines.slice(lines.indexOf('') + 1);
}

interface Circumstances {
  /** What a person makes of the list. */
  readonly edited?: ((list: string) => string) | undefined;
  /** Shell that comes before the script. */
  readonly prelude?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly shell?: string;
}

/** Writes the kit to the folder, and runs it there. */
function start(
  changes: Changes,
  args: readonly string[],
  { edited = (list) => list, prelude, env = {}, shell = 'sh' }: Circumstances = {},
): SpawnSyncReturns<string> {
  for (const { name, text } of filesOf(changes)) {
    writeFileSync(path.join(folder, name), name === 'workflows.tsv' ? edited(text) : text);
  }
  const [program = 'sh', ...applet] = shell.split(' ');
  const script = path.join(folder, 'unblock.sh');
  const started = prelude === undefined ? [script] : ['-c', `${prelude}\n. "$0"`, script];
  return spawnSync(program, [...applet, ...started, ...args], {
    cwd: os.tmpdir(),
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    maxBuffer: 1e8,
  });
}

/** A dry run, in a shell that finds no program at all: what it prints, and the ids in it. */
function run(
  command: UnblockCommand,
  changes: Changes,
  edited?: Circumstances['edited'],
): { output: string; ids: string[] } {
  if (filesOf(changes).length === 0) return { output: '', ids: [] };
  const { status, stdout: output } = start(changes, [command], {
    edited,
    env: { PATH: '' },
    shell: '/bin/sh',
  });
  expect(status).toBe(0);
  const ids = output.matchAll(/^(?:would (?:look at|cancel|fork) (.*)|(.*): left as it is: .*)$/gm);
  return { output, ids: [...ids].map(([, would, left]) => would ?? left ?? '') };
}

/** The calls of the command line in a run, and how it ended. */
function callsOf(command: UnblockCommand, changes: Changes): { calls: string[][]; status: number | null } {
  const prelude = `record() { for each; do printf '%s\\0' "$each"; done >&3; printf '\\0' >&3; }`;
  const env = { DBOS_SYSTEM_DATABASE_URL: 'the url', DBOS_CLI: 'record' };
  const { output, status } = start(changes, [command, '--yes'], { prelude, env });
  const calls = String(output[3] ?? '')
    .split('\0\0')
    .slice(0, -1);
  return { calls: calls.map((call) => call.split('\0')), status };
}
