import { describe, expect, test } from 'vitest';
import type { Message } from '../../../../src/message.ts';
import { plain } from '../../../../src/report/text.ts';
import { type Files, reviewOf } from '../../../review/review.ts';
import type { Change, InFlight } from '../../../review/table.ts';

/*
 * Calls that are not recorded in the order of the text: that run together, or that the workflow goes on without. All of
 * it was run, with TypeScript 5.3 and Python 3.4: killed while one of them ran, and recovered with the changed code.
 */

const step = (name: string) => `DBOS.runStep(f, { name: '${name}' })`;
const [a, b, c, d, n, z] = ['a', 'b', 'c', 'd', 'n', 'z'].map(step);
const together = (...calls: readonly (string | undefined)[]) => `await Promise.all([${calls.join(', ')}]);\n`;
const [A, B, C, D, N, Z] = [a, b, c, d, n, z].map((call) => `await ${call};\n`);
const PATCHED = `if (await DBOS.patch('p')) {\n${N}}\n`;
const RECEIVE = "await DBOS.recv('t', 60);\n";

const MAP = `await Promise.all(x.map((y) => ${a}));\n`;
const LOOP = `for (const y of x) {\n${A}}\n`;
const RESULTS = `await Promise.all([x.first.getResult(), x.second.getResult()]);\n${C}`;

type Quiet = readonly [title: string, old: string, now: string, recorded: readonly string[]];
type Row = readonly [...Quiet, says: string];

test.each<Row>([
  ['removes the one that still runs', `${together(a, b)}${C}`, `${together(b)}${C}`, ['b'], 'Up to 1 has started a,'],
  ['removes one that has ended', `${together(a, b)}${C}`, `${together(b)}${C}`, ['a'], 'It has run a, which'],
  ['removes both', `${together(a, b)}${C}`, `${N}${C}`, ['b'], 'Up to 1 has run b, which'],
  ['swaps them', `${together(a, b)}${C}`, `${together(b, a)}${C}`, ['b'], 'Up to 1 has started a, which'],
  ['puts one in front', `${together(a, b)}${C}`, `${together(n, a, b)}${C}`, ['b'], 'It has run b, before which'],
  [
    'puts a step before',
    `${Z}${together(a, b)}`,
    `${Z}${N}${together(a, b)}`,
    ['z', 'b'],
    'It has run b, before which',
  ],
  [
    'puts a patch before',
    `${Z}${together(a, b)}`,
    `${Z}${PATCHED}${together(a, b)}`,
    ['z', 'b'],
    'It waits in a, before',
  ],
  [
    'puts a step before two promises',
    `const p = ${a};\nconst q = ${b};\nawait p;\nawait q;\n`,
    `${N}const p = ${a};\nconst q = ${b};\nawait p;\nawait q;\n`,
    ['b'],
    'It has run b, before which',
  ],
  ['removes what nobody waits for', `void ${a};\n${B}${C}${D}`, `${B}${C}${D}`, ['b', 'c'], 'Up to 1 has started a,'],
  [
    'puts a step before a race',
    `await Promise.race([${a}, DBOS.sleep(9)]);\n${C}`,
    `${N}await Promise.race([${a}, DBOS.sleep(9)]);\n${C}`,
    ['DBOS.sleep'],
    'It has recorded DBOS.sleep, before which',
  ],
  [
    'puts a step before a function that it does not wait for',
    `const g = async () => {\n${A}${B}};\nconst p = g();\n${C}await p;\n`,
    `const g = async () => {\n${A}${B}};\n${N}const p = g();\n${C}await p;\n`,
    ['c'],
    'It has run c, before which',
  ],
  ['puts a step before a map', `${MAP}${C}`, `${N}${MAP}${C}`, ['a'], 'It has run a, before which'],
  ['puts a patch before a map', `${MAP}${C}`, `${PATCHED}${MAP}${C}`, ['a'], 'Up to 1 waits in a, before which'],
  [
    'puts a patch before two results',
    RESULTS,
    `${PATCHED}${RESULTS}`,
    ['DBOS.getResult'],
    'Up to 1 waits in DBOS.getR',
  ],
  [
    'puts a patch before promises of a loop',
    `const all = [];\nfor (const y of x) {\nall.push(${a});\n}\nawait Promise.all(all);\n${C}`,
    `${PATCHED}const all = [];\nfor (const y of x) {\nall.push(${a});\n}\nawait Promise.all(all);\n${C}`,
    ['a'],
    'Up to 1 waits in a, before which',
  ],
  ['removes one of two of a name', `${together(a, a)}${C}`, `${A}${C}`, ['a'], 'Up to 1 has run a, which'],
  [
    'removes what has lost a race',
    `await Promise.race([DBOS.sleep(9), ${a}]);\n${C}${D}`,
    `await DBOS.sleep(9);\n${C}${D}`,
    ['DBOS.sleep', 'c'],
    'Up to 1 has started a,',
  ],
  [
    'makes a wait of a sleep',
    `await DBOS.sleep(9);\n${C}`,
    `${RECEIVE}${C}`,
    ['DBOS.sleep', 'c'],
    'It has recorded DBOS.sleep, before which',
  ],
  [
    'makes a sleep of a wait',
    `${RECEIVE}${C}`,
    `await DBOS.sleep(9);\n${C}`,
    ['DBOS.sleep'],
    'Up to 1 has started DBOS.recv',
  ],
])('finds what breaks where a change %s', (_title, old, now, recorded, says) => {
  const [finding, ...others] = review('a.ts', typescript(old), typescript(now), [recorded]).findings;
  expect(others).toEqual([]);
  expect(finding && said(finding.message)).toContain(says);
  expect(finding?.suggestion).toBeUndefined();
});

test.each<Quiet>([
  ['puts one behind the others', `${together(a, b)}${C}`, `${together(a, b, n)}${C}`, ['b']],
  ['waits for one after the other', `${together(a, b)}${C}`, `${A}${B}${C}`, ['b']],
  ['starts them together', `${A}${B}${C}`, `${together(a, b)}${C}`, ['a']],
  ['removes the last one, which still runs', `${together(a, b)}${C}`, `${A}${C}`, ['a']],
  ['puts another in the place of one that runs', `${together(a, b)}${C}`, `${together(n, b)}${C}`, ['b']],
  ['puts a step behind them', `${together(a, b)}${C}`, `${together(a, b)}${N}${C}`, ['a', 'b']],
  ['puts a patch before a map that has ended', `${MAP}${C}`, `${PATCHED}${MAP}${C}`, ['a', 'a', 'c']],
  ['puts a patch before a loop', `${LOOP}${C}`, `${PATCHED}${LOOP}${C}`, ['a']],
  ['makes a wait another wait', `${RECEIVE}${C}`, `await DBOS.getEvent(x, 'k', 9);\n${C}`, ['DBOS.sleep']],
])('finds nothing where a change %s', (_title, old, now, recorded) => {
  expect(review('a.ts', typescript(old), typescript(now), [recorded]).findings).toEqual([]);
});

test('counts who recorded any of the calls that run together', () => {
  const recorded = [['b'], ['a'], ['a', 'b'], ['a', 'b', 'c']];
  const [finding] = review(
    'a.ts',
    typescript(together(a, b) + C + D),
    typescript(together(b) + C + D),
    recorded,
  ).findings;
  expect(finding && said(finding.message)).toContain('At least 3 have started a, which');
});

const KID = (kind: string) => `const kid = DBOS.register${kind}(f, { name: 'kid' });\nawait kid();\n${C}`;

test.each<Quiet>([
  ['has two rows, of which one stays', KID('Workflow'), KID('Step'), ['kid', 'DBOS.getResult', 'c']],
  ['runs with others on one line', `${together(a, b)}${C}`, `${together(a)}${C}`, ['a', 'b', 'c']],
  ['is the last of a list', `await Promise.all([\n${a},\n${b}\n]);\n${C}`, `${together(a)}${C}`, ['a', 'b', 'c']],
])('offers no patch around a call that %s', (_title, old, now, recorded) => {
  const [finding] = review('a.ts', typescript(old), typescript(now), [recorded]).findings;
  expect(finding).toMatchObject({ kind: 'step-removed', suggestion: undefined });
});

test('tells of several calls that run together once', () => {
  const map = `await Promise.all(x.map((y) => Promise.all([${a}, ${b}])));\n${C}`;
  const [finding] = review('a.ts', typescript(map), typescript(PATCHED + map), [['a', 'b']]).findings;
  expect(finding && said(finding.message)).toContain('Up to 1 waits in a, before which');
  expect(finding && said(finding.message)).not.toContain('It also');
});

test('offers a patch in front of calls that run together, where all have ended', () => {
  const [finding] = review('a.ts', typescript(MAP + C), typescript(N + MAP + C), [['a', 'a', 'c']]).findings;
  expect(finding?.suggestion).toContain("await DBOS.patch('add-n')");
});

test.each([
  ['gather', 'await asyncio.gather(step(a), step(b))\nawait step(c)'],
  ['a list', 'both = [step(a), step(b)]\nawait asyncio.gather(*both)\nawait step(c)'],
  [
    'tasks',
    'async with asyncio.TaskGroup() as group:\n  group.create_task(step(a))\n  group.create_task(step(b))\nawait step(c)',
  ],
])('finds in Python what breaks where steps run together: %s', (_title, body) => {
  const { findings } = review('a.py', python(body), python(`await step(n)\n${body}`), [['b']]);
  expect(findings.map(({ message }) => said(message))).toEqual([expect.stringContaining('It has run b, before which')]);
});

test('finds what starts before the rest of a function that it does not wait for', () => {
  const helper = `const g = async () => {\n${A}${B}};\n`;
  const [old, now] = [`${helper}await g();\n${C}`, `${helper}const p = g();\n${C}await p;\n`].map(typescript);
  const { findings, limits } = review('a.ts', old ?? '', now ?? '', [['a', 'b', 'c']]);
  expect(findings.map(({ message }) => said(message))).toEqual([expect.stringContaining('has run b, ')]);
  expect(limits).toEqual([]);
});

test.each([
  ['task', 't = asyncio.create_task(step(a))\nawait step(c)\nawait t'],
  ['coroutine', 't = step(a)\nawait step(c)\nawait t'],
])('finds in Python what a %s moves, which starts later', (_title, old) => {
  const { findings, limits } = review('a.py', python(old), python('await step(a)\nawait step(c)'), [['c', 'a']]);
  expect(findings.map(({ kind }) => kind)).toEqual(['step-reordered']);
  expect(limits).toEqual([]);
});

test('finds in Python what breaks in front of a step that a task can overtake', () => {
  const body = 't = asyncio.create_task(step(a))\nawait step(c)\nawait t';
  const { findings } = review('a.py', python(body), python(`await step(n)\n${body}`), [['a']]);
  expect(findings.map(({ message }) => said(message))).toEqual([expect.stringContaining('It has run a, before which')]);
});

test('says nothing of the order of steps that Python runs one after the other', () => {
  const [old, now] = ['step(a)\nstep(b)', 'step(n)\nstep(a)\nstep(b)'].map((body) =>
    python(body.replaceAll('step', 'sync')).replace('async def w', 'def w'),
  );
  const { findings } = review('a.py', old ?? '', now ?? '', [['a', 'b']]);
  expect(findings.map(({ message }) => said(message))).toEqual([expect.stringContaining('It has run a, before which')]);
});

describe('the order is not known', () => {
  const limit = 'The order of functions that run at the same time was not followed';

  test('of a function that a workflow does not wait for', () => {
    const helper = `const g = async () => {\n${A}${B}};\n`;
    const [old, now] = [`${helper}await g();\n${C}`, `${helper}const p = g();\n${C}${D}await p;\n`].map(typescript);
    expect(JSON.stringify(review('a.ts', old ?? '', now ?? '', [['a', 'b', 'c']]).limits)).toContain(limit);
  });

  test('of tasks in Python that run together', () => {
    const g = 'async def g():\n  await step(a)\n  await step(b)\n';
    const [old, now] = ['await step(a)\nawait step(c)', `${g}await asyncio.gather(g(), g())`].map(python);
    expect(JSON.stringify(review('a.py', old ?? '', now ?? '', [['a']]).limits)).toContain(limit);
  });
});

/** Without the quotes of names. */
function said(message: Message): string {
  return plain(message).replaceAll('"', '');
}

function typescript(body: string): string {
  return `import { DBOS } from '@dbos-inc/dbos-sdk';\nDBOS.registerWorkflow(async (x) => {\n${body}}, { name: 'w' });\n`;
}

function python(body: string): string {
  return `import asyncio\nfrom dbos import DBOS\n@DBOS.workflow()\nasync def w(x):\n${body.replaceAll(/^/gm, '    ')}\n`
    .replaceAll(/step\((.)\)/g, 'DBOS.run_step_async({"name": "$1"}, f)')
    .replaceAll(/sync\((.)\)/g, 'DBOS.run_step({"name": "$1"}, f)');
}

function review(path: string, old: string, now: string, recorded: readonly (readonly string[])[]) {
  const inFlight = recorded.map((each): InFlight => ({ workflow: 'w', recorded: each }));
  const change: Change = { title: '', after: { [path]: now }, inFlight, sameVersion: true, expected: [] };
  const files: Files = { [path]: old };
  return reviewOf(files, change);
}
