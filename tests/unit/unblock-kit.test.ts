import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BlockingWorkflow, type UnblockKit, unblockScripts } from '../../src/unblock/kit.ts';
import { DATABASE_EPOCH } from '../support/builders.ts';
import { ATTACKS, hostileText, MEGABYTES } from '../support/hostile-text.ts';
import { actingIn } from '../support/inert.ts';

/* The scripts beside the report, as shells read them. What they do to a database: tests/database/unblock-kit.test.ts. */

const SHELLS = ['sh', 'dash', 'bash'].filter((shell) => spawnSync(shell, ['-c', ':']).status === 0);
const EVERY = ['inspect.sh', 'cancel.sh', 'fork.sh'];

test('there is one script a remedy, and no fork without a newer version', () => {
  const workflows = [workflow('wf-1')];
  expect(namesOf({ workflows })).toEqual(EVERY);
  expect(namesOf({ workflows, newVersion: undefined })).toEqual(['inspect.sh', 'cancel.sh']);
  expect(namesOf({ workflows, newVersion: '' })).toEqual(['inspect.sh', 'cancel.sh']);
  expect(namesOf({ workflows, newVersion: 'in\u200bvisible' })).toEqual(['inspect.sh', 'cancel.sh']);
  expect(namesOf({ workflows: [] })).toEqual([]);
  expect(namesOf({ workflows: [workflow('--all'), workflow('')] })).toEqual([]);
});

test('workflows stand under their name and version, parents before their children, with where they stood', () => {
  const scripts = textsOf({
    workflows: [
      workflow('item-0', { name: 'item', parent: 'basket-1' }),
      workflow('basket-1', { name: 'basket', className: 'Shop' }),
      workflow('alone-1', { lastStep: { number: 6, name: 'charge' } }),
      workflow('alone-2', { status: 'DELAYED', delayUntil: DATABASE_EPOCH }),
      workflow('alone-3', { status: 'ENQUEUED', version: null }),
      workflow('orphan', { name: 'item', parent: 'elsewhere' }),
    ],
  });
  const lines = (cancel: string, item: string, basket: string, orphan: string) => [
    '# "Shop.basket", version "1.0.0": 1 workflow',
    `${basket} basket-1 # no step done`,
    '',
    '# "checkout", version "1.0.0": 2 workflows',
    `${cancel} alone-1 # step 6 done, "charge"`,
    `${cancel} alone-2 # delayed until 2026-01-01T00:00:00.000Z`,
    '',
    '# "checkout", without a version: 1 workflow',
    `${cancel} alone-3 # enqueued`,
    '',
    '# "item", version "1.0.0": 1 workflow',
    `${orphan} # no step done`,
    '',
    '# "item", version "1.0.0": 1 workflow, started by some above',
    `${item} # no step done`,
  ];
  expect(body(scripts['cancel.sh'])).toEqual(lines('cancel', 'cancel item-0', 'cancel', 'cancel orphan'));
  expect(body(scripts['inspect.sh'])).toEqual(
    lines('inspect', 'inspect item-0', 'inspect', 'inspect orphan'),
  );
  expect(body(scripts['fork.sh'])).toEqual(
    lines('fork', 'child item-0 basket-1', 'waits', 'child orphan elsewhere'),
  );
});

test('a circle of parents, which only a damaged database has, ends', () => {
  const workflows = [
    workflow('a', { parent: 'c' }),
    workflow('b', { parent: 'a' }),
    workflow('c', { parent: 'b' }),
  ];
  expect(run('cancel.sh', { workflows }).ids.toSorted()).toEqual(['a', 'b', 'c']);
});

test('what is not in a script is counted at its top and at its end', () => {
  const kit = { workflows: [workflow('wf-1'), workflow('-rf')], omitted: 1234 };
  for (const name of EVERY) {
    const { output } = run(name, kit);
    for (const told of [output, textsOf(kit)[name]]) {
      expect(told).toContain('1 more workflow with an id that cannot be shown or typed safely');
      expect(told).toContain('1,234 more workflows not in this script: run the gate again');
    }
  }
  expect(run('cancel.sh', { workflows: [workflow('wf-1')] }).output).not.toContain('more workflow');
});

test('ten thousand workflows make a script of a sensible size', () => {
  const workflows = Array.from({ length: 10_000 }, (_, index) =>
    workflow(`00000000-0000-4000-8000-${String(index).padStart(12, '0')}`, {
      lastStep: { number: index, name: 'a step with a rather long name, as some have it' },
      parent: index === 0 ? null : `00000000-0000-4000-8000-${String(index - 1).padStart(12, '0')}`,
    }),
  );
  const started = Date.now();
  const scripts = textsOf({ workflows });
  expect(Date.now() - started).toBeLessThan(5000);
  for (const name of EVERY) expect(scripts[name]?.length).toBeLessThan(3_000_000);
  expect(run('cancel.sh', { workflows }).ids).toHaveLength(10_000);
});

describe('of hostile ids and names', () => {
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

  test('every shell reads the scripts, and nothing in them acts', () => {
    let shown = 0;
    const property = fc.property(rows, text, (each, newVersion) => {
      const kit = { workflows: each.map(hostile), newVersion, omitted: 1 };
      for (const [name, script] of Object.entries(textsOf(kit))) {
        expect(actingIn(script)).toEqual([]);
        for (const shell of SHELLS) execFileSync(shell, ['-n'], { input: script });
        const { ids, output } = run(name, kit);
        expect(ids.length + Number(/^(\d+) more workflows? with an id/m.exec(output)?.[1] ?? 0)).toBe(
          each.length,
        );
        for (const id of ids) expect(each.map((row) => row.id)).toContain(id);
        shown += ids.length;
      }
    });
    fc.assert(property, { numRuns: 100 });
    expect(shown).toBeGreaterThan(300);
  });

  test('an id reaches the command line as one argument', () => {
    const property = fc.property(rows, text, (each, schema) => {
      const kit = { workflows: each.map(hostile), schema };
      const { ids } = run('inspect.sh', kit);
      if (ids.length === 0) return;
      const { calls, status } = callsOf('inspect.sh', kit);
      const options = ['--sys-db-url', 'the url', ...(schema === 'dbos' ? [] : [`--schema=${schema}`])];
      if (status === 2) return;
      expect(calls).toEqual([
        ['--help'],
        ['workflow', 'list', '--limit', '1', ...options],
        ...ids.flatMap((id) => ['get', 'steps'].map((verb) => ['workflow', verb, id, ...options])),
      ]);
    });
    fc.assert(property, { numRuns: 100 });
  });

  test('a megabyte in every name leaves a script of a few kilobytes', () => {
    const workflows = MEGABYTES.map((huge) => ({
      ...workflow(`a${huge.length}`),
      name: huge,
      className: huge,
    }));
    for (const script of Object.values(textsOf({ workflows }))) expect(script.length).toBeLessThan(20_000);
  });
});

describe('a script refuses', () => {
  const kit = { workflows: [workflow('wf-1')] };

  test.each([
    ['an argument that it does not know', ['--yess'], { DBOS_SYSTEM_DATABASE_URL: 'url' }, 'usage: sh'],
    ['to begin without a URL', ['--yes'], {}, 'DBOS_SYSTEM_DATABASE_URL is not set'],
    [
      'to begin without a command line',
      ['--yes'],
      { DBOS_SYSTEM_DATABASE_URL: 'url', DBOS_CLI: 'no-such-command' },
      '"no-such-command" does not run: call this script in a folder where the DBOS SDK is installed',
    ],
  ])('%s', (_what, args, env, message) => {
    for (const name of EVERY) {
      const script = textsOf(kit)[name] ?? '';
      const ran = spawnSync('sh', ['-s', '--', ...args], {
        input: script,
        encoding: 'utf8',
        env: withPath(env),
      });
      expect(ran).toMatchObject({ status: 2, stderr: expect.stringContaining(message) });
    }
  });

  test('a schema that the command line of TypeScript does not read, until another one is named', () => {
    const custom = { ...kit, schema: 'my schema' };
    const env = { DBOS_SYSTEM_DATABASE_URL: 'url' };
    const script = textsOf(custom)['cancel.sh'] ?? '';
    const ran = spawnSync('sh', ['-s', '--', '--yes'], {
      input: script,
      encoding: 'utf8',
      env: withPath(env),
    });
    expect(ran).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(
        'the tables are in the schema "my schema", and the command line of TypeScript',
      ),
    });
    expect(callsOf('cancel.sh', custom).calls).toContainEqual(
      expect.arrayContaining(['workflow', 'get', 'wf-1', '--schema=my schema']),
    );
  });
});

describe('a status is read from', () => {
  const mine = (fields: object) => JSON.stringify({ workflowID: 'wf-1', input: '[]', ...fields });
  const answers: [string, string, string][] = [
    ['what TypeScript prints', mine({ status: 'SUCCESS' }), 'it is SUCCESS now'],
    ['what Python prints', '{"workflow_id": "wf-1", "status": "ERROR", "input": {}}', 'it is ERROR now'],
    [
      'a line among others',
      `a warning\n{"status":"PENDING"}\n${mine({ status: 'SUCCESS' })}\n`,
      'it is SUCCESS now',
    ],
    [
      'a field, whatever the input says',
      mine({ status: 'SUCCESS', input: '"status":"PENDING"' }),
      'it is SUCCESS now',
    ],
    ['a status of ours only', mine({ status: 'SUCC\nESS' }), 'it is UNKNOWN now'],
    ['no row', 'undefined\n', 'it is not there any more'],
    ['no row in Python', 'null\n', 'it is not there any more'],
    ['no answer', '', 'FAILED: its status could not be read'],
    [
      'the answer about another',
      '{"workflowID":"wf-2","status":"SUCCESS"}',
      'FAILED: its status could not be read',
    ],
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
      const script = prelude + cli + (textsOf({ workflows: [workflow('wf-1')] })['fork.sh'] ?? '');
      const env = { DBOS_SYSTEM_DATABASE_URL: 'url', DBOS_CLI: 'answer', ANSWER: answer };
      const ran = spawnSync('sh', ['-s', '--', '--yes'], {
        input: script,
        encoding: 'utf8',
        env: withPath(env),
      });
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

function scriptsOf(changes: Changes) {
  const usual = {
    workflows: [],
    omitted: 0,
    newVersion: '2.0.0',
    schema: 'dbos',
    observedAt: DATABASE_EPOCH,
  };
  return unblockScripts({ ...usual, ...changes });
}

function namesOf(changes: Changes): string[] {
  return scriptsOf(changes).map(({ name }) => name);
}

function textsOf(changes: Changes): Record<string, string> {
  return Object.fromEntries(scriptsOf(changes).map(({ name, text }) => [name, text]));
}

/** The lines between `start` and `finish`. */
function body(script = ''): string[] {
  const lines = script.split('\n');
  return lines.slice(lines.lastIndexOf('start') + 2, lines.lastIndexOf('finish') - 1);
}

/** A dry run, in a shell that finds no program at all: what it prints, and the ids in it. */
function run(name: string, changes: Changes): { output: string; ids: string[] } {
  const script = textsOf(changes)[name] ?? '';
  const env = { PATH: '' };
  const output = execFileSync('/bin/sh', ['-s'], { input: script, encoding: 'utf8', env, maxBuffer: 1e8 });
  const ids = output.matchAll(/^(?:would (?:look at|cancel|fork) (.*)|(.*): left as it is: .*)$/gm);
  return { output, ids: [...ids].map(([, would, left]) => would ?? left ?? '') };
}

/** The calls of the command line in a run, and how it ended. */
function callsOf(name: string, changes: Changes): { calls: string[][]; status: number | null } {
  const record = `record() { for each; do printf '%s\\0' "$each"; done >&3; printf '\\0' >&3; }\n`;
  const env = { DBOS_SYSTEM_DATABASE_URL: 'the url', DBOS_CLI: 'record' };
  const { output, status } = spawnSync('sh', ['-s', '--', '--yes'], {
    input: record + (textsOf(changes)[name] ?? ''),
    env: withPath(env),
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
  });
  const calls = String(output[3] ?? '')
    .split('\0\0')
    .slice(0, -1);
  return { calls: calls.map((call) => call.split('\0')), status };
}

function withPath(env: Record<string, string>): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], ...env };
}
