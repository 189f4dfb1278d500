import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { commandLineFor } from '../../src/unblock/command-line.ts';
import {
  type BlockingWorkflow,
  commandsOf,
  kitFiles,
  type UnblockCommand,
  type UnblockKit,
} from '../../src/unblock/kit.ts';
import { KIT_STATES } from '../../src/unblock/states.ts';
import { DATABASE_EPOCH } from '../support/builders.ts';
import { ATTACKS, hostileText, MEGABYTES } from '../support/hostile-text.ts';
import { actingIn } from '../support/inert.ts';

/* The kit beside the report, as shells read it. What it does to a database: tests/database/unblock-kit.test.ts. */

const SHELLS = ['sh', 'dash', 'bash', 'busybox sh', 'mksh'].filter(
  (shell) => spawnSync(`${shell} -c :`, { shell: true }).status === 0,
);
const EVERY: readonly UnblockCommand[] = ['inspect', 'cancel', 'fork'];
const SCRIPT = 'src/unblock/unblock.sh';

const CLI_ENV = { UNBLOCK_DATABASE_URL: 'url', DBOS_CLI: 'answer' };

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

test('workflows stand under their name and version, parents before their children, with why they block', () => {
  const kit = {
    workflows: [
      workflow('item-0', { name: 'item', parent: 'basket-1' }),
      workflow('basket-1', { name: 'basket', className: 'Shop' }),
      workflow('alone-1', { lastStep: { number: 6, name: 'charge' }, state: 'asleep', reason: 'asleep\tuntil noon' }),
      workflow('alone-2', { status: 'DELAYED', state: 'delayed' }),
      workflow('alone-3', { status: 'ENQUEUED', version: null }),
      workflow('orphan', { name: 'item', parent: 'elsewhere' }),
      workflow('untyped', { name: 'item', parent: '-p' }),
    ],
  };
  expect(body(listOf(kit))).toEqual([
    '# "Shop.basket", version "1.0.0": 1 workflow',
    'waits\tbasket-1\tstuck\t-\t-\tno step\tShop\tbasket\tno step finished for 2h',
    '',
    '# "checkout", version "1.0.0": 2 workflows',
    'fork\talone-1\tasleep\t-\t-\t6 charge\t-\tcheckout\tasleep\\tuntil noon',
    'fork\talone-2\tdelayed\t-\t-\t-\t-\tcheckout\tno step finished for 2h',
    '',
    '# "checkout", without a version: 1 workflow',
    'fork\talone-3\tstuck\t-\t-\t-\t-\tcheckout\tno step finished for 2h',
    '',
    '# "item", version "1.0.0": 2 workflows',
    'child\torphan\tstuck\telsewhere\t-\tno step\t-\titem\tno step finished for 2h',
    'child\tuntyped\tstuck\t-\t-\tno step\t-\titem\tno step finished for 2h',
    '',
    '# "item", version "1.0.0": 1 workflow, started by some above',
    'child\titem-0\tstuck\tbasket-1\t-\tno step\t-\titem\tno step finished for 2h',
  ]);
  const order = ['basket-1', 'alone-1', 'alone-2', 'alone-3', 'orphan', 'untyped', 'item-0'];
  for (const command of EVERY) expect(run(command, kit).ids).toEqual(order);
  const { output } = run('fork', kit);
  expect(output).toContain('would fork alone-1\n    asleep: asleep\\tuntil noon\n');
  expect(output).toContain('basket-1: left as it is: it has children in flight');
  expect(output).toContain('untyped: left as it is: the id of its parent cannot be typed');
  expect(output).toContain('5 to fork. Nothing was done. To do it, add --yes');
});

describe('the script acts on', () => {
  const kit = {
    workflows: [
      ...KIT_STATES.map((state) => workflow(state, { state })),
      workflow('nightly-1', { name: 'nightlyReport', className: 'Jobs', state: 'progressing' }),
      workflow('nightly-2', { name: 'report', className: 'nightly', state: 'queued' }),
      workflow('go-1', { name: 'shop/orders.(*Shop).Ship-fm', className: 'Shop', state: 'queued' }),
      workflow('go-2', { name: 'shop/orders.(*BookShop).Ship-fm', state: 'queued' }),
      workflow('go-3', { name: 'shop/orders.Put[orders.Order,*string]', state: 'queued' }),
      workflow('go-4', { name: 'shop/orders.Put[orders.Order,string]', state: 'queued' }),
    ],
  };
  const go = ['go-1', 'go-2', 'go-3', 'go-4'];
  const byDefault = ['stuck', 'asleep', 'delayed'];

  test.each<[string, readonly string[], readonly string[]]>([
    ['what is stuck, asleep or delayed', [], byDefault],
    ['all of it', ['--all'], [...KIT_STATES, 'nightly-1', 'nightly-2', ...go]],
    ['what has a name', ['--all', '--name', 'nightly*'], ['nightly-1']],
    ['what has a class and a name', ['--all', '--name', 'nightly.*'], ['nightly-2']],
    ['no function without a class by a pattern for any class', ['--all', '--name', '*.checkout'], []],
    ['a method of Go by its whole name', ['--all', '--name', 'shop/orders.(*Shop).Ship-fm'], ['go-1']],
    ['a generic of Go by its whole name', ['--all', '--name', 'shop/orders.Put[orders.Order,*string]'], ['go-3']],
    ['what Go has in a package', ['--all', '--name', '*/orders.*'], go],
    ['what Go has on instances of a class', ['--all', '--name', 'Shop.*'], ['go-1']],
    ['what has one of several names', ['--all', '--name', 'night*', '--name', 'nightly.*'], ['nightly-1', 'nightly-2']],
    ['what has a name, and is stuck, asleep or delayed', ['--name', 'check*'], byDefault],
    ['nothing where no name matches', ['--all', '--name', 'Jobs'], []],
    ['the ids that it is given, whatever their state', ['queued', 'nightly-1'], ['queued', 'nightly-1']],
  ])('%s', (_what, args, expected) => {
    for (const command of EVERY) {
      const { output, ids } = run(command, kit, { args });
      expect(ids.toSorted()).toEqual(expected.toSorted());
      expect(output.includes('were not chosen')).toBe(args.length === 0 || args[0] === '--name');
    }
  });

  test('nothing when an id is not in the list', () => {
    expect(start(kit, ['cancel', 'stuck', 'stuc*'])).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('there is no workflow stuc* in the list'),
    });
  });

  test('anything without somebody who looks only when that is said', () => {
    const env = { UNBLOCK_DATABASE_URL: 'url', DBOS_CLI: 'no-such-command' };
    const refused = 'fork --all --yes forks all of the list without a check.';
    expect(start(kit, ['fork', '--all', '--yes'], { env }).stderr).toContain(refused);
    for (const more of [['--any'], ['--name', 'nightly*']]) {
      expect(start(kit, ['fork', '--all', '--yes', ...more], { env }).stderr).not.toContain(refused);
    }
  });
});

test('a workflow that is chosen by its state is left alone when it has moved since', () => {
  const lastStep = { number: 3, name: 'charge' };
  const kit = {
    workflows: [
      ...['same', 'further', 'taken'].map((id) => workflow(id, { lastStep })),
      workflow('started', { status: 'ENQUEUED' }),
      workflow('queued', { status: 'ENQUEUED' }),
      workflow('first'),
    ],
  };
  const prelude = fakeCli(`
    case "$2 $3" in
      'get taken' | 'get queued') printf '{"workflowID":"%s","status":"ENQUEUED"}' "$3" ;;
      get*) printf '{"workflowID":"%s","status":"%s"}' "$3" PENDING ;;
      'steps further') printf '[{"functionID":0},{"functionID":4},{"functionID":1}]' ;;
      'steps first') printf '[]' ;;
      steps*) printf '[{"functionID":3},{"functionID":0}]' ;;
    esac`);
  const { stdout, stderr } = start(kit, ['cancel', '--yes'], { prelude, env: CLI_ENV });
  expect(stdout).toContain(
    'further: left as it is: it has moved since the list was written: its last step is 4 now, and was 3',
  );
  expect(stdout).toContain('taken: left as it is: it is ENQUEUED now');
  expect(stdout).toContain('started: left as it is: it has started since the list was written');
  const cancelled = (id: string) => `${id}: FAILED: it is ${id === 'queued' ? 'ENQUEUED' : 'PENDING'} after the cancel`;
  for (const id of ['same', 'queued', 'first']) expect(stderr).toContain(cancelled(id));
  // Who names a workflow, or takes all of them, means it as it is.
  for (const args of [['further'], ['--all']]) {
    expect(start(kit, ['cancel', '--yes', ...args], { prelude, env: CLI_ENV }).stderr).toContain(cancelled('further'));
  }
});

describe('a person who edits the list', () => {
  const kit = { workflows: [workflow('wf-1'), workflow('wf-2'), workflow('wf-1-1', { parent: 'wf-1' })] };
  /** A command line that answers for one workflow, and records how it is called to fork. */
  const answering = fakeCli(`
    case "$2 $3" in
      'get wf-1') now=PENDING; [ ! -e "$CANCELLED" ] || now=CANCELLED; printf '{"workflowID":"wf-1","status":"%s","input":"[]"}\\n' "$now" ;;
      'steps wf-1') echo '[]' ;;
      'cancel wf-1') : >"$CANCELLED" ;;
      'fork wf-1') shift; printf '%s\\n' "$*" >&3; [ -z "$BROKEN" ] ;;
    esac`);
  const cancelled = path.join(folder, 'cancelled');
  beforeEach(() => rmSync(cancelled, { force: true }));
  const env = { ...CLI_ENV, CANCELLED: cancelled };

  test('leaves a workflow out by deleting its line', () => {
    const edited = (list: string) => list.replace(/^fork\twf-2.*\n/m, '');
    for (const command of EVERY) expect(run(command, kit, { edited }).ids).toEqual(['wf-1', 'wf-1-1']);
  });

  test('forks a waiting parent, and starts it again from a step', () => {
    const edited = (list: string) => list.replace('waits\twf-1\tstuck\t-\t-', 'fork\twf-1\tstuck\t-\t3');
    const { stdout, output } = start(kit, ['fork', '--yes'], { edited, prelude: answering, env });
    expect(output[3]).toContain('fork wf-1 --step 3 --forked-workflow-id wf-1-fork --application-version=2.0.0 ');
    expect(stdout).toContain('wf-1: continues as wf-1-fork');
  });

  test('gets a command that can be typed when a fork fails', () => {
    const custom = { workflows: [workflow('wf-1')], schema: "my schema's", newVersion: '2 0' };
    const broken = { prelude: answering, env: { ...env, BROKEN: 'yes' } };
    const { stderr } = start(custom, ['fork', '--yes'], broken);
    expect(stderr).toContain(
      `do it by hand:\n  answer workflow fork 'wf-1' --step 2147483647 --forked-workflow-id 'wf-1-fork' --application-version='2 0' --sys-db-url "$UNBLOCK_DATABASE_URL" --schema='my schema'\\''s'\n`,
    );
  });

  test.each([
    ['blanks for tabs', (line: string) => line.replaceAll('\t', '  '), 'its second column is no id'],
    ['an option for an id', () => 'fork\t--all\tstuck\t-\t-', 'its second column is no id'],
    ['a word for a state', () => 'fork\twf-2\tstick\t-\t-', 'its third column is no state'],
    ['a word for a step', () => 'fork\twf-2\tstuck\t-\tlast\t', 'its fifth column is neither'],
    ['a word that is not known', () => 'frok\twf-2\tstuck\t-\t-\t', 'its first column is none of'],
    ['a command', () => '$(touch hacked)\twf-2\tstuck', 'its first column is none of'],
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
    ['only the columns that are needed', (list: string) => list.replace(/^((?:[^#\t\n]*\t){5})[^\n]*$/gm, '$1')],
    ['columns that a spreadsheet fills up', (list: string) => list.replace(/^#! .*$/gm, '$&\t\t\t')],
  ])('can leave %s', (_what, edited) => {
    const noted = { ...kit, omitted: 1 };
    for (const command of EVERY) expect(run(command, noted, { edited }).ids).toEqual(run(command, noted).ids);
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
  const list = listOf({ workflows });
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

  test('nothing in the list acts, and every row has nine columns', () => {
    let shown = 0;
    const property = fc.property(rows, text, (each, newVersion) => {
      const kit = { workflows: each.map(hostile), newVersion, omitted: 1 };
      for (const line of listOf(kit).split('\n')) {
        expect(actingIn(line.replaceAll('\t', ''))).toEqual([]);
        if (!line.startsWith('#') && line !== '') expect(line.split('\t')).toHaveLength(9);
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
        ['workflow', 'fork', '--help'],
        ['workflow', 'get', expect.stringMatching('^unblock.sh asks'), ...options],
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
    ['an option that it does not know', ['--yess'], { UNBLOCK_DATABASE_URL: 'url' }, 'usage: sh'],
    [
      'to start without a URL of its own',
      ['--yes'],
      { DBOS_SYSTEM_DATABASE_URL: "the gate's" },
      'UNBLOCK_DATABASE_URL is not set. Set it to the URL of the system database, with the role of the application',
    ],
    [
      'to start without a command line',
      ['--yes'],
      { UNBLOCK_DATABASE_URL: 'url', DBOS_CLI: 'no-such-command' },
      '"no-such-command" is not there, or is not the command line of DBOS. Use release 5, from the folder of the application',
    ],
  ])('%s', (_what, args, env, message) => {
    for (const name of EVERY) {
      const ran = start(kit, [name, ...args], { env });
      expect(ran).toMatchObject({ status: 2, stderr: expect.stringContaining(message) });
    }
  });

  test.each([[[]], [['frok']], [['--yes']], [['cancel', '--all', 'wf-1']], [['cancel', '--name']], [['cancel', '']]])(
    'the arguments %j',
    (args) => {
      const ran = start(kit, args, { env: { UNBLOCK_DATABASE_URL: 'url' } });
      expect(ran).toMatchObject({ status: 2, stderr: expect.stringContaining('usage: sh') });
    },
  );

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
    const env = CLI_ENV;
    const schema = deleted === undefined ? 'a\nb' : 'dbos';
    const ran = start({ ...kit, schema }, ['cancel', '--yes'], { edited, env });
    expect(ran).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('the name of the schema cannot'),
    });
  });

  test('a schema that the command line of TypeScript does not read, until another one is named', () => {
    const custom = { ...kit, schema: 'my schema' };
    const prelude = fakeCli('', '--sys-db-url');
    const ran = start(custom, ['cancel', '--yes'], { prelude, env: CLI_ENV });
    expect(ran).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('the tables are in the schema "my schema", and the command line of TypeScript'),
    });
    expect(callsOf('inspect', custom).calls).toContainEqual(
      expect.arrayContaining(['workflow', 'get', 'wf-1', '--schema=my schema']),
    );
  });
});

describe('what a command line answers is read', () => {
  const mine = (fields: object) => JSON.stringify({ workflowID: '<me>', input: '[]', ...fields });
  const go = (fields: object) => JSON.stringify({ workflow_uuid: '<me>', ...fields }, null, 2);
  const denied =
    'the role in UNBLOCK_DATABASE_URL is not allowed to. Use the URL of the application, not that of the gate';
  const unread = 'FAILED: its status could not be read: ';
  /** What is printed for a workflow, what the script makes of it, and the exit code where it is not 0. */
  const answers: [what: string, answer: string, told: string, code?: number][] = [
    ['what TypeScript prints', mine({ status: 'SUCCESS' }), 'it is SUCCESS now'],
    ['what Python prints', '{"workflow_id": "<me>", "status": "ERROR", "input": {}}', 'it is ERROR now'],
    ['what Go prints', go({ status: 'ERROR', name: '}\n{' }), 'it is ERROR now'],
    ['a line among others', `a warning\n{"status":"PENDING"}\n${mine({ status: 'SUCCESS' })}\n`, 'it is SUCCESS now'],
    ['a field, whatever the input says', mine({ status: 'SUCCESS', input: '"status":"PENDING"' }), 'it is SUCCESS now'],
    ['a status of ours only', mine({ status: 'SUCC\nESS' }), 'it is UNKNOWN now'],
    ['no row', 'undefined\n', 'it is gone'],
    ['no row in Python', 'Traceback:\ndbos._error.DBOSNonExistentWorkflowError: DBOS Error 5', 'it is gone', 1],
    ['no row in Go', 'Error: workflow not found: <me>\n', 'it is gone', 1],
    ['no answer', '', 'FAILED: its status could not be read'],
    ['the answer about another', '{"workflowID":"wf-2","status":"SUCCESS"}', 'FAILED: its status could not be read'],
    ['one that was forked', mine({ status: 'PENDING', wasForkedFrom: true }), 'it was forked before'],
    ['one that was forked in Go', go({ status: 'PENDING', was_forked_from: true }), 'it was forked before'],
    [
      'one without its input',
      '{"workflowID":"<me>","status":"PENDING"}',
      'its input cannot be read, and a fork would have none',
    ],
    [
      'a missing privilege in TypeScript',
      `error: permission denied for table x {\n  code: '42501'\n`,
      unread + denied,
      1,
    ],
    [
      'a missing privilege in Python',
      'sqlalchemy.exc.ProgrammingError: (psycopg.errors.InsufficientPrivilege)',
      denied,
      1,
    ],
    ['a missing privilege in Go', 'Error: permission denied for table workflow_status (SQLSTATE 42501)', denied, 1],
    [
      'a schema that does not fit',
      `node:internal\nerror: relation "dbos.workflow_input" does not exist\n  code: '42P01'`,
      `does not fit the schema of this database (error: relation "dbos.workflow_input" does not exist). Use release 5, from the folder of the application`,
      1,
    ],
    [
      'a schema that is too old for Go',
      'Error: database is at schema version 108, but this version of DBOS requires 125.',
      'does not fit the schema of this database (Error: database is at schema version 108',
      1,
    ],
    [
      'another failure, without what is secret in it',
      'psycopg.OperationalError: no route to postgres://u:p%40ss@host/db with p@ss\u001b[2J',
      'FAILED: its status could not be read: the command line gave no answer that can be read: psycopg.OperationalError: no route to *** with ***?[2J',
      1,
    ],
  ];
  const readers = ['node', 'python3'].filter((reader) => spawnSync(reader, ['--version']).status === 0);

  test.each(readers)('by %s', (reader) => {
    // The shell finds the reader of this test only.
    const hidden = ['node', 'python3'].filter((other) => other !== reader);
    const found = `command() { ${hidden.map((other) => `[ "$2" = ${other} ] && return 1; `).join('')}return 0; }\n`;
    const cases = answers.map(
      ([, answer, , code = 0], index) => `'get wf-${index}') printf '%s' ${quoted(answer, index)}; return ${code} ;;`,
    );
    const prelude = found + fakeCli(`case "$2 $3" in\n${cases.join('\n')}\nsteps*) echo '[]' ;; esac`);
    const kit = { workflows: answers.map((_, index) => workflow(`wf-${index}`)) };
    const env = { ...CLI_ENV, UNBLOCK_DATABASE_URL: 'postgres://u:p%40ss@host/db' };
    const { stdout, stderr } = start(kit, ['fork', '--yes'], { prelude, env });
    const lines = (stdout + stderr).split('\n');
    for (const [index, [what, , told]] of answers.entries()) {
      const line = lines.find((each) => each.startsWith(`wf-${index}:`)) ?? '';
      expect([what, line]).toEqual([what, expect.stringContaining(told)]);
    }
    expect(stdout + stderr).not.toContain('p%40ss');
  });

  const quoted = (answer: string, index: number) =>
    `'${answer.replaceAll('<me>', `wf-${index}`).replaceAll("'", `'\\''`)}'`;
});

describe('a command line is tried before it acts, and refused when it', () => {
  const kit = { workflows: [workflow('wf-1'), workflow('wf-2')], commandLine: commandLineFor({ language: 'Go' }, 125) };
  const cases: [what: string, help: string, body: string, told: string][] = [
    [
      'is the package of a stranger',
      'a game of chess',
      '',
      'is not the command line of DBOS. Use that of the SDK release',
    ],
    [
      'only reads',
      '--sys-db-url',
      `case $2 in cancel) echo 'code: 42501'; return 1 ;; esac`,
      'the role in UNBLOCK_DATABASE_URL is not allowed to',
    ],
    [
      'does not reach the database',
      '--sys-db-url',
      'echo "Error: refused"; return 1',
      'no answer that can be read: Error: refused.',
    ],
    [
      'is newer than the schema',
      '--db-url',
      'echo "Error: this version of DBOS requires 125"; return 1',
      'does not fit the schema',
    ],
    [
      'is a Go release that forks without inputs',
      '--db-url',
      `[ $1 != version ] || echo '"version": "v1.4.9"'`,
      'the command line of Go before 1.5',
    ],
  ];

  test.each(cases)('%s', (_what, help, body, told) => {
    // What is asked of the probe is answered by the body.
    const prelude = `answer() {
      printf '%s\n' "$2 $3" >&3
      case "$*" in *--help) echo '${help}'; return ;; esac
      ${body}
    }\n`;
    const { status, stderr, output } = start(kit, ['fork', '--yes'], { prelude, env: CLI_ENV });
    expect([status, stderr]).toEqual([2, expect.stringContaining(told)]);
    expect(output[3]).not.toContain('wf-');
  });

  test('is older or newer only where that matters: Go 1.5 forks, and older ones inspect and cancel', () => {
    for (const [version, command] of [
      ['1.5.0', 'fork'],
      ['2.0.1', 'fork'],
      ['1.3.0', 'cancel'],
      ['0.19.0', 'inspect'],
    ] as const) {
      const prelude = `answer() { case "$*" in *--help) echo '--db-url --schema' ;; version) echo '"version": "v${version}"' ;; esac; }\n`;
      expect(start(kit, [command, '--yes'], { prelude, env: CLI_ENV }).status).not.toBe(2);
    }
  });
});

test('the URL option is that of the command line, and Go does not fork from step 0', () => {
  const kit = { workflows: [workflow('wf-1'), workflow('wf-2')] };
  const prelude = `answer() {
    printf '%s\n' "$*" >&3
    case "$*" in
      *--help) echo '--db-url --schema' ;;
      version) echo '"version": "v1.8.0"' ;;
      *get*' wf-2 '*) printf '{\n  "workflow_uuid": "wf-2",\n  "status": "PENDING"\n}\n' ;;
      *steps*) printf '[]\n' ;;
    esac
  }\n`;
  const edited = (list: string) => list.replace('wf-1\tstuck\t-\t-', 'wf-1\tstuck\t-\t0');
  const { stderr, output } = start(kit, ['fork', '--yes'], { prelude, edited, env: CLI_ENV });
  expect(stderr).toContain("wf-1: FAILED: Go's command line takes step 0 as 1, and keeps that step");
  expect(output[3]).not.toContain('wf-1');
  expect(output[3]).toContain('workflow cancel wf-2 --db-url url\n');
});

/**
 * A command line of DBOS for the shell that reads the script: `answer`, with these lines for what is about a workflow of
 * the list. `$2` is the verb, and `$3` the workflow.
 */
function fakeCli(body: string, help = '--sys-db-url --schema'): string {
  return `answer() {
    case "$*" in
      *--help) printf '%s' '${help}'; return ;;
      *' unblock.sh asks '*) echo undefined; return ;;
    esac
    ${body}
  }\n`;
}

function workflow(id: string, changes: Partial<BlockingWorkflow> = {}): BlockingWorkflow {
  const usual = { version: '1.0.0', name: 'checkout', className: null, status: 'PENDING' };
  return { id, ...usual, parent: null, lastStep: null, state: 'stuck', reason: 'no step finished for 2h', ...changes };
}

function hostile({
  step,
  ...row
}: Record<'id' | 'name' | 'className' | 'version' | 'status' | 'parent' | 'step', string>) {
  return { ...row, lastStep: { number: 1, name: step }, state: 'stuck', reason: step } as const;
}

type Changes = Partial<UnblockKit>;

function filesOf(changes: Changes) {
  const usual = {
    workflows: [],
    omitted: 0,
    newVersion: '2.0.0',
    schema: 'dbos',
    commandLine: commandLineFor({ language: 'TypeScript' }, 123),
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
  { edited, args = [] }: Pick<Circumstances, 'edited'> & { readonly args?: readonly string[] } = {},
): { output: string; ids: string[] } {
  if (filesOf(changes).length === 0) return { output: '', ids: [] };
  const { status, stdout: output } = start(changes, [command, ...args], {
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
  const prelude = `answer() {
    for each; do printf '%s\\0' "$each"; done >&3; printf '\\0' >&3
    case "$*" in *--help) echo '--sys-db-url --schema' ;; esac
  }`;
  const env = { ...CLI_ENV, UNBLOCK_DATABASE_URL: 'the url' };
  const { output, status } = start(changes, [command, '--yes'], { prelude, env });
  const calls = String(output[3] ?? '')
    .split('\0\0')
    .slice(0, -1);
  return { calls: calls.map((call) => call.split('\0')), status };
}
