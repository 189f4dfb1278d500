import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Files, reviewOf } from '../../../review/review.ts';
import type { Change } from '../../../review/table.ts';

/*
 * Bodies of steps and conditions, as text. An oracle runs the old body, stops anywhere, and replays what was recorded
 * against the new body, as the SDKs do. Conditions decide as before, and statements in between turn them around.
 */

type Statement =
  | { readonly kind: 'step'; readonly id: number }
  | { readonly kind: 'turn'; readonly condition: number }
  | {
      readonly kind: 'if';
      readonly condition: number;
      readonly body: readonly Statement[];
      readonly other: readonly Statement[];
      readonly leaves: boolean;
    };

const CONDITIONS = 3;

const { body: bodies } = fc.letrec<{ body: readonly Statement[]; statement: Statement }>((tie) => ({
  body: fc.array(tie('statement'), { maxLength: 4 }),
  statement: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc.record({ kind: fc.constant('step' as const), id: fc.nat(1000) }),
    fc.record({ kind: fc.constant('turn' as const), condition: fc.nat(CONDITIONS - 1) }),
    fc.record({
      kind: fc.constant('if' as const),
      condition: fc.nat(CONDITIONS - 1),
      body: tie('body'),
      other: fc.oneof(fc.constant([]), tie('body')),
      leaves: fc.boolean(),
    }),
  ),
}));

/** Whether a statement is in the old body, in the new one, or in both: by its place in the whole body. */
type Version = 'old' | 'new';
type Presence = readonly ('both' | Version)[];

interface Walk {
  readonly version: Version;
  readonly presence: Presence;
  at: number;
}

/** The statements that a version has. */
function only(body: readonly Statement[], walk: Walk): readonly Statement[] {
  return body.flatMap((statement): Statement[] => {
    const at = walk.at++;
    const presence = walk.presence[at % walk.presence.length] ?? 'both';
    const isHere = presence === 'both' || presence === walk.version;
    if (statement.kind === 'step') return isHere ? [{ kind: 'step', id: at }] : [];
    // A change of it is a change of the conditions behind it.
    if (statement.kind === 'turn') return [statement];
    const inside = { ...statement, body: only(statement.body, walk), other: only(statement.other, walk) };
    return isHere || turns(inside) ? [inside] : [];
  });
}

/** Whether a statement turns a condition around. */
function turns(statement: Statement): boolean {
  if (statement.kind !== 'if') return statement.kind === 'turn';
  return [...statement.body, ...statement.other].some(turns);
}

/** What an execution records; whether it left is the second. */
function run(body: readonly Statement[], conditions: boolean[], rows: string[] = []): readonly [string[], boolean] {
  for (const statement of body) {
    if (statement.kind === 'step') {
      rows.push(`s${statement.id}`);
      continue;
    }
    if (statement.kind === 'turn') {
      conditions[statement.condition] = conditions[statement.condition] !== true;
      continue;
    }
    const isTrue = conditions[statement.condition] === true;
    const [, hasLeft] = run(isTrue ? statement.body : statement.other, conditions, rows);
    if (hasLeft || (isTrue && statement.leaves)) return [rows, true];
  }
  return [rows, false];
}

function javaScript(body: readonly Statement[]): string {
  return body
    .map((statement) => {
      if (statement.kind === 'step') return `await DBOS.runStep(f, { name: 's${statement.id}' });\n`;
      if (statement.kind === 'turn') return `c${statement.condition} = !c${statement.condition};\n`;
      const { condition, body, other, leaves } = statement;
      const rest = other.length === 0 ? '' : ` else {\n${javaScript(other)}}`;
      return `if (c${condition}) {\n${javaScript(body)}${leaves ? 'return;\n' : ''}}${rest}\n`;
    })
    .join('');
}

function python(body: readonly Statement[], indent = '    '): string {
  return body
    .map((statement) => {
      if (statement.kind === 'step') return `${indent}DBOS.run_step({"name": "s${statement.id}"}, f)\n`;
      if (statement.kind === 'turn') return `${indent}c${statement.condition} = not c${statement.condition}\n`;
      const { condition, body, other, leaves } = statement;
      const inner = `${indent}    `;
      const rest = other.length === 0 ? '' : `${indent}else:\n${python(other, inner)}`;
      return `${indent}if c${condition}:\n${inner}pass\n${python(body, inner)}${leaves ? `${inner}return\n` : ''}${rest}`;
    })
    .join('');
}

const LANGUAGES: readonly (readonly [path: string, text: (body: readonly Statement[]) => string])[] = [
  [
    'a.ts',
    (body) =>
      `import { DBOS } from '@dbos-inc/dbos-sdk';\nDBOS.registerWorkflow(async ([c0, c1, c2]) => {\n${javaScript(body)}}, { name: 'w' });\n`,
  ],
  ['a.py', (body) => `from dbos import DBOS\n@DBOS.workflow()\ndef w(c0, c1, c2):\n    pass\n${python(body)}`],
];

const presences = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.constant('both' as const) },
    { weight: 1, arbitrary: fc.constantFrom('old' as const, 'new' as const) },
  ),
  { minLength: 12, maxLength: 30 },
);

test.each(LANGUAGES)('finds whatever breaks among conditions: %s', (path, textOf) => {
  const conditions = fc.array(fc.boolean(), { minLength: CONDITIONS, maxLength: CONDITIONS });
  fc.assert(
    fc.property(bodies, presences, conditions, fc.nat(12), (body, presence, values, rows) => {
      const [old, now] = (['old', 'new'] as const).map((version) => only(body, { version, presence, at: 0 }));
      if (old === undefined || now === undefined) return;
      const recorded = run(old, [...values])[0].slice(0, rows);
      const replayed = run(now, [...values])[0];
      const breaks = recorded.some((name, id) => replayed[id] !== undefined && replayed[id] !== name);
      const change: Change = {
        title: '',
        after: { [path]: textOf(now) },
        inFlight: [{ workflow: 'w', recorded }],
        expected: [],
      };
      const { findings } = reviewOf({ [path]: textOf(old) }, change);
      if (breaks) expect(findings, `${textOf(old)}\n${textOf(now)}\n${recorded}`).toHaveLength(1);
    }),
    { numRuns: Number(process.env['RUNS'] ?? 300) },
  );
});

const typescript = (body: string) =>
  `import { DBOS } from '@dbos-inc/dbos-sdk';\nDBOS.registerWorkflow(async (x) => {\n${body}\n}, { name: 'w' });\n`;
const snake = (body: string) =>
  `from dbos import DBOS\n@DBOS.workflow()\ndef w(x):\n${body.replaceAll(/^/gm, '    ')}\n`.replaceAll(
    /step\((.)\)/g,
    'DBOS.run_step({"name": "$1"}, f)',
  );
const step = (name: string) => `await DBOS.runStep(f, { name: '${name}' });\n`;
const [A, B, C, N] = [step('a'), step('b'), step('c'), step('n')];

test.each<[title: string, path: string, old: string, now: string, recorded: readonly string[]]>([
  ['if and else', 'a.ts', `if (x) {${A}} else {${B}}${C}`, `if (x) {${A}${N}} else {${B}}${C}`, ['b']],
  ['an early return', 'a.ts', `if (!x) {${A}return;}\n${B}`, `if (!x) {${A}${N}return;}\n${B}`, ['b']],
  ['a step less before a return', 'a.ts', `if (!x) {${A}return;}\n${B}`, `if (!x) {return;}\n${B}`, ['a']],
  [
    'an early return of a function',
    'a.ts',
    `const g = async () => {if (x) {return;}\n${B}};\nawait g();`,
    `const g = async () => {if (x) {${N}return;}\n${B}};\nawait g();`,
    ['b'],
  ],
  [
    'a catch that throws',
    'a.ts',
    `try {${A}} catch (e) {throw e;}\n${B}`,
    `try {${A}} catch (e) {${N}throw e;}\n${B}`,
    ['a', 'b'],
  ],
  [
    'a case',
    'a.ts',
    `switch (x) {case 1: ${A}break; case 2: ${B}}\n${C}`,
    `switch (x) {case 1: ${A}${N}break; case 2: ${B}}\n${C}`,
    ['b'],
  ],
  [
    'if and elif',
    'a.py',
    'if x == 1:\n  step(a)\nelif x:\n  step(b)\nstep(c)',
    'if x == 1:\n  step(a)\n  step(n)\nelif x:\n  step(b)\nstep(c)',
    ['b'],
  ],
  [
    'a variable that is assigned before',
    'a.ts',
    `x = f();\nx.y = 1;\nif (x.y) {${A}} else {${B}}${C}`,
    `x = f();\nx.y = 1;\nif (x.y) {${A}${N}} else {${B}}${C}\nx = g();`,
    ['b'],
  ],
  [
    'a variable that is assigned before',
    'a.py',
    'y = x\ny = f(y)\nif y:\n  step(a)\nelse:\n  step(b)',
    'y = x\ny = f(y)\nif y:\n  step(a)\n  step(n)\nelse:\n  step(b)\ny = 1',
    ['b'],
  ],
  [
    'a return that is tried',
    'a.ts',
    `if (x) {try {${A}return;} catch (e) {throw e;}}\n${B}`,
    `if (x) {try {${A}${N}return;} catch (e) {throw e;}}\n${B}`,
    ['b'],
  ],
  [
    'a return that is tried',
    'a.py',
    'if x:\n  try:\n    return\n  except E:\n    raise\nstep(b)',
    'if x:\n  step(n)\n  try:\n    return\n  except E:\n    raise\nstep(b)',
    ['b'],
  ],
  [
    'a return either way',
    'a.py',
    'if x:\n  if y:\n    return\n  else:\n    raise E\nstep(b)',
    'if x:\n  step(n)\n  if y:\n    return\n  else:\n    raise E\nstep(b)',
    ['b'],
  ],
  ['an early return', 'a.py', 'if x:\n  return\nstep(b)', 'if x:\n  step(n)\n  return\nstep(b)', ['b']],
  [
    'an except that raises',
    'a.py',
    'try:\n  step(a)\nexcept E:\n  raise\nstep(b)',
    'try:\n  step(a)\nexcept E:\n  step(n)\n  raise\nstep(b)',
    ['a', 'b'],
  ],
  [
    'a case',
    'a.py',
    'match x:\n  case 1:\n    step(a)\n  case _:\n    step(b)\nstep(c)',
    'match x:\n  case 1:\n    step(a)\n    step(n)\n  case _:\n    step(b)\nstep(c)',
    ['b'],
  ],
  [
    'a new return of a function',
    'a.ts',
    `const g = async () => {${A}};\nawait g();\n${B}`,
    `const g = async () => {if (x) return;\n${A}};\nawait g();\n${B}`,
    ['a', 'b'],
  ],
  ['a return that is gone', 'a.ts', `try {if (x) return;\n${A}} finally {${B}}`, `try {${A}} finally {${B}}`, ['a']],
  [
    'a new throw before a catch',
    'a.ts',
    `try {${A}} catch {${B}}\n${C}`,
    `try {if (x) throw x;\n${A}} catch {${B}}\n${C}`,
    ['a', 'c'],
  ],
  ['a new break out of a block', 'a.ts', `out: {${A}}\n${B}`, `out: {if (x) break out;\n${A}}\n${B}`, ['a', 'b']],
  [
    'a new return before finally',
    'a.py',
    'try:\n  step(a)\nfinally:\n  step(b)',
    'try:\n  if x:\n    return\n  step(a)\nfinally:\n  step(b)',
    ['a', 'b'],
  ],
])('says that another branch changed, and finds nothing: %s in %s', (_title, path, old, now, recorded) => {
  const { findings, limits } = reviewOf(...changed(path, old, now, recorded));
  expect(findings).toEqual([]);
  expect(JSON.stringify(limits)).toContain('Whether conditions and loops decide as before');
});

test.each<[title: string, path: string, old: string, now: string, recorded: readonly string[]]>([
  ['the condition changes', 'a.ts', `if (x) {${A}} else {${B}}${C}`, `if (!x) {${A}${N}} else {${B}}${C}`, ['b']],
  ['the return is new', 'a.ts', B, `if (x) {${N}return;}\n${B}`, ['b']],
  [
    'the catch does not throw',
    'a.ts',
    `try {${A}} catch (e) {}\n${B}`,
    `try {${A}} catch (e) {${N}}\n${B}`,
    ['a', 'b'],
  ],
  [
    'the condition stands there twice',
    'a.ts',
    `if (x) {return;}\nx = f();\nif (x) {${A}return;}\n${B}`,
    `if (x) {return;}\nx = f();\nif (x) {${A}${N}return;}\n${B}`,
    ['b'],
  ],
  [
    'it is in a loop',
    'a.ts',
    `for (const x of y) { if (x) {${A}} else {${B}} }`,
    `for (const x of y) { if (x) {${A}${N}} else {${B}} }`,
    ['a', 'b'],
  ],
  [
    'a function with the choice is called twice',
    'a.ts',
    `const g = async (x) => {if (x) {} else {${B}}};\nawait g(1); await g(0);`,
    `const g = async (x) => {if (x) {${N}} else {${B}}};\nawait g(1); await g(0);`,
    ['b'],
  ],
  [
    'only a second condition asks for a patch',
    'a.ts',
    `const p = await DBOS.patch('p');\nif (x) {${A}} else if (p) {${B}return;}\n${C}`,
    `const p = await DBOS.patch('p');\nif (x) {${A}} else if (p) {${B}return;}\n${N}${C}`,
    ['DBOS.patch-p', 'a', 'c'],
  ],
  [
    'a case falls through',
    'a.ts',
    `switch (x) {case 1: ${A} case 2: ${B}}`,
    `switch (x) {case 1: ${A}${N} case 2: ${B}}`,
    ['a', 'b'],
  ],
  ['a step that others did not run is replaced by one for all', 'a.ts', `if (x) {${A}}\n${B}`, `${N}${B}`, ['b']],
  ...[
    ['x', 'x = f();'],
    ['x.y', 'x.y = f();'],
    ['x', 'if (z) [x] = f();'],
    ['!x', 'x++;'],
    ['x', 'for (x of y) {}'],
  ].map(([condition, write]): [string, string, string, string, readonly string[]] => [
    `it moves across \`${write}\``,
    'a.ts',
    `if (${condition}) {${A}return;}\n${write}\n${B}`,
    `${write}\nif (${condition}) {${N}return;}\n${B}`,
    ['b'],
  ]),
  ...[
    ['x', 'x = f()'],
    ['x.y', 'x.y = f()'],
    ['not x', 'if z: x, y = f()'],
    ['x > 1', 'x += 1'],
  ].map(([condition, write]): [string, string, string, string, readonly string[]] => [
    `it moves across \`${write}\``,
    'a.py',
    `if ${condition}:\n  step(a)\n  return\n${write}\nstep(b)`,
    `${write}\nif ${condition}:\n  step(n)\n  return\nstep(b)`,
    ['b'],
  ]),
  [
    'the case moves across an assignment',
    'a.py',
    'match x:\n  case 1:\n    step(a)\n  case _:\n    x = f()\n    step(b)',
    'x = f()\nmatch x:\n  case 1:\n    step(n)\n  case _:\n    step(b)',
    ['b'],
  ],
  ['the return is new', 'a.py', 'step(b)', 'if x:\n  step(n)\n  return\nstep(b)', ['b']],
  [
    'it is in a loop',
    'a.py',
    'for x in y:\n  if x:\n    step(a)\n  else:\n    step(b)',
    'for x in y:\n  if x:\n    step(a)\n    step(n)\n  else:\n    step(b)',
    ['a', 'b'],
  ],
  [
    'what is raised is swallowed',
    'a.py',
    'with suppress(E):\n  if x:\n    raise E\nstep(b)',
    'with suppress(E):\n  if x:\n    step(n)\n    raise E\nstep(b)',
    ['b'],
  ],
])('finds what can break where %s: %s', (_title, path, old, now, recorded) => {
  expect(reviewOf(...changed(path, old, now, recorded)).findings).toHaveLength(1);
});

test.each<[title: string, path: string, now: string]>([
  ['is set before', 'a.ts', `let y = false;\ny = await DBOS.patch('p');\nif (y) {${N}}\n${A}${B}`],
  ['is asked for by an assignment', 'a.ts', `let y = false;\ny ||= await DBOS.patch('p');\nif (y) {${N}}\n${A}${B}`],
  [
    'is one of several',
    'a.ts',
    `const [y, z] = await Promise.all([DBOS.patch('p'), x]);\nif (z && y) {${N}}\n${A}${B}`,
  ],
  ['is set before', 'a.py', 'y = False\ny = DBOS.patch("p")\nif y: step(n)\nstep(a)\nstep(b)'],
  ['is set in a branch', 'a.py', 'y = False\nif x:\n  y = DBOS.patch("p")\nif y: step(n)\nstep(a)\nstep(b)'],
  ['is returned by a function', 'a.py', 'def y(): return DBOS.patch("p")\nif y(): step(n)\nstep(a)\nstep(b)'],
])('finds nothing behind a patch whose variable %s: %s', (_title, path, now) => {
  const old = path === 'a.ts' ? `${A}${B}` : 'step(a)\nstep(b)';
  expect(reviewOf(...changed(path, old, now, ['a', 'b'])).findings).toEqual([]);
});

test('says nothing of a new return behind all that is recorded', () => {
  const { limits } = reviewOf(...changed('a.ts', `${A}${B}${C}`, `${A}if (x) return;\n${B}${C}`, ['a']));
  expect(limits).toEqual([]);
});

test.each([
  ['a.ts', 'const isOn = true;\n', 'const isOn = false;\n', `if (isOn) {${A}}\n${B}`],
  ['a.py', 'is_on = True\n', 'is_on = False\n', 'if is_on: step(a)\nstep(b)'],
])('says that a constant outside of the body turns a step off: %s', (path, on, off, body) => {
  const [files, change] = changed(path, body, body, ['a', 'b']);
  const text = files[path] ?? '';
  const { limits } = reviewOf({ [path]: on + text }, { ...change, after: { [path]: off + text } });
  expect(JSON.stringify(limits)).toContain('Under other conditions or in other loops than before');
});

function changed(path: string, old: string, now: string, recorded: readonly string[]): [Files, Change] {
  const textOf = path.endsWith('.py') ? snake : typescript;
  const change = { title: '', after: { [path]: textOf(now) }, inFlight: [{ workflow: 'w', recorded }], expected: [] };
  return [{ [path]: textOf(old) }, change];
}
