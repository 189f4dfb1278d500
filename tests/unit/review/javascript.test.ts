// biome-ignore-all lint/suspicious/noTemplateCurlyInString: code is data here.
import { describe, expect, test } from 'vitest';
import type { Guard, RecordedCall, SourceFile, SourceFunction } from '../../../src/review/source/definition.ts';
import { readJavaScript } from '../../../src/review/source/javascript/index.ts';

const IMPORT = "import { ConfiguredInstance, DBOS } from '@dbos-inc/dbos-sdk';\n";

const read = (text: string, path = 'shop.ts'): SourceFile => readJavaScript(`${IMPORT}${text}`, path);
const named = (text: string, path?: string) =>
  read(text, path).workflows.map(({ workflow, localName }) => {
    return `${workflow.className ?? '-'} ${workflow.name} (${localName})`;
  });

const guardText = ({ kind, patch, isTaken }: Guard) => (kind === 'patch' ? `${isTaken ? '' : 'not '}${patch}` : kind);
const callText = ({ kind, name = '?', guards }: RecordedCall) =>
  [kind, name, ...(guards.length > 0 ? [`[${guards.map(guardText).join(', ')}]`] : [])].join(' ');

/** The calls of a workflow with this body, in a file with these declarations. */
const body = (statements: string, declarations = '', path?: string): SourceFunction => {
  const file = read(
    `${declarations}\nexport const checkOut = DBOS.registerWorkflow(async (order) => {\n${statements}\n}, { name: 'checkOut' });`,
    path,
  );
  const found = file.workflows.find(({ workflow }) => workflow.name === 'checkOut');
  if (found === undefined) throw new Error('no workflow');
  return found;
};
const calls = (statements: string, declarations?: string, path?: string) =>
  body(statements, declarations, path).calls.map(callText);
const misses = (statements: string, declarations?: string) =>
  body(statements, declarations).notFollowed.map(({ why, name }) =>
    [why, ...(name === undefined ? [] : [name])].join(' '),
  );

const step = (name: string) => `await DBOS.runStep(() => pay(), { name: '${name}' });`;

describe('a registration', () => {
  test.each([
    ['DBOS.registerWorkflow(async function own() {});', '- own ()'],
    ['export default DBOS.registerWorkflow(async function own() {});', '- own (default)'],
    ['async function own() {}\nDBOS.registerWorkflow(own);', '- own (own)'],
    ['async function own() {}\nDBOS.registerWorkflow(own, { name: "x", className: "C" });', 'C x (own)'],
    ['const own = async () => {};\nexport { own as other };\nDBOS.registerWorkflow(own);', '- own (other)'],
    ['const own = async function inner() {};\nDBOS.registerWorkflow((own));', '- inner (own)'],
    ['const NAME = `x`;\nconst own = DBOS.registerWorkflow(async () => {}, { name: NAME });', '- x (own)'],
    ['enum Names { Own = "x" }\nconst own = DBOS.registerWorkflow(async () => {}, { name: Names.Own });', '- x (own)'],
    [
      'const name = "x";\nconst options = { name };\nexport const own = DBOS.registerWorkflow(async () => {}, options);',
      '- x (own)',
    ],
    ['const all = { own: DBOS.registerWorkflow(async () => {}, { "name": "x" }) };', '- x (own)'],
    ['exports.own = DBOS.registerWorkflow(async () => {}, { name: "x" });', '- x (own)'],
    ['class C { static own = DBOS.registerWorkflow(async () => {}, { name: "x" }) }', '- x (C.own)'],
    ['class C { static async own() {} }\nDBOS.registerWorkflow(C.own, { ctorOrProto: C });', 'C own (C.own)'],
    [
      'class C { async own() {} }\nDBOS.registerWorkflow(C.prototype.own, { ctorOrProto: C.prototype, name: "x" });',
      'C x (C.own)',
    ],
    [
      'class C { static async own() {} }\nconst { own } = C;\nDBOS.registerWorkflow(own, { name: "x", ctorOrProto: C });',
      'C x (C.own)',
    ],
    ['class C { static async own() {} }\nC.own = DBOS.registerWorkflow(C.own, { ctorOrProto: C });', 'C own (C.own)'],
    ['class C { @DBOS.workflow() static async own() {} }', 'C own (C.own)'],
    [
      'class C extends ConfiguredInstance { @DBOS.workflow({ maxRecoveryAttempts: 3, name: "x" }) async own() {} }',
      'C x (C.own)',
    ],
    ['@DBOS.className("D") class C { @DBOS.workflow() static async own() {} }', 'D own (C.own)'],
    ['@DBOS.className("D")\nexport class C { @DBOS.workflow() static async own() {} }', 'D own (C.own)'],
    [
      '@Injectable()\n@DBOS.className("D")\nexport default class C { @DBOS.workflow() static async own() {} }',
      'D own (default.own)',
    ],
    ['class C { @DBOS.workflow() static async "quoted"() {} }', 'C quoted (C.quoted)'],
  ])('in %j is %s', (text, expected) => {
    expect(named(text)).toEqual([expected]);
    expect(read(text).hasErrors).toBe(false);
  });

  test.each([
    ['import { DBOS as D } from "@dbos-inc/dbos-sdk";\n', 'D'],
    ['import * as sdk from "@dbos-inc/dbos-sdk";\n', 'sdk.DBOS'],
    ['import sdk from "@dbos-inc/dbos-sdk";\nconst { DBOS: D } = sdk;\n', 'D'],
    ['const { DBOS: D } = require("@dbos-inc/dbos-sdk");\n', 'D'],
    ['const sdk = require("@dbos-inc/dbos-sdk");\n', 'sdk.DBOS'],
    ['const sdk = await import("@dbos-inc/dbos-sdk");\n', 'sdk.DBOS'],
    ['import { DBOS as D } from "./our-dbos";\n', 'D'],
    ['', 'DBOS'],
  ])('finds DBOS through %j', (declaration, dbos) => {
    const text = `${declaration}const own = ${dbos}.registerWorkflow(async () => { await ${dbos}.sleep(1); }, { name: 'x' });`;
    for (const path of ['a.js', 'a.cjs', 'a.mjs', 'a.jsx', 'a.ts', 'a.tsx', 'a.mts', 'a.cts']) {
      expect(readJavaScript(text, path).workflows.map(({ calls }) => calls.map(callText))).toEqual([
        ['sleep DBOS.sleep'],
      ]);
    }
  });

  test('whose name is computed is none, and said', () => {
    const file = read(
      'const own = DBOS.registerWorkflow(async () => { await DBOS.sleep(1); }, { name: prefix + "x" });',
    );
    expect(file.workflows).toEqual([]);
    expect(file.notFollowed).toEqual([{ line: 2, why: 'computed-name', name: 'own' }]);
    for (const options of [
      'options()',
      '{ ...given }',
      '{ [key]: 1 }',
      '...all',
      '{ name: "x", ...given }',
      '{ className: f() }',
    ]) {
      expect(read(`DBOS.registerWorkflow(async () => {}, ${options});`).notFollowed).toHaveLength(1);
    }
    const imported = 'import { all } from "./all";\nDBOS.registerWorkflow(async () => {}, { ...all });';
    expect(read(imported).notFollowed).toHaveLength(1);
    expect(
      read('const given = { maxRecoveryAttempts: 1 };\nDBOS.registerWorkflow(async () => {}, { ...given, name: "x" });')
        .workflows,
    ).toHaveLength(1);
  });

  test('of a function that is wrapped, or a parameter, is said', () => {
    const text =
      'const register = (f, name) => DBOS.registerWorkflow(f, { name });\nDBOS.registerWorkflow(withLog(async () => {}), { name: "x" });';
    expect(read(text).notFollowed.map(({ line, why, name }) => `${line} ${why} ${name}`)).toEqual([
      '2 dispatch f',
      '3 dispatch withLog(async () => {})',
    ]);
  });

  test('by a function of another file is said, unless that has nothing to register', () => {
    const text = `import { registerWorkflowOnce, registerWorkflows, registerWorkflow } from './register';
registerWorkflowOnce(async function pack() {});
class Orders { constructor(private engine: Engine) { engine.registerWorkflow('pack', packed()); } }
registerWorkflows(app); registerWorkflow();`;
    expect(read(text).notFollowed.map(({ line, why }) => `${line} ${why}`)).toEqual(['3 dispatch', '4 dispatch']);
  });

  test('of a function of another file names where it is', () => {
    const text = `import { a as b, Orders } from './a';
import c from './c';
import * as all from './d';
const { e } = require('./e');
DBOS.registerWorkflow(b);
DBOS.registerWorkflow(c);
DBOS.registerWorkflow(c, { name: 'c' });
DBOS.registerWorkflow(all.d);
DBOS.registerWorkflow(e);
DBOS.registerWorkflow(Orders.prototype.f, { ctorOrProto: Orders.prototype });`;
    expect(read(text).registrations).toEqual([
      { importedName: 'a', from: './a', line: 6, workflow: { name: 'a', className: null } },
      { importedName: 'default', from: './c', line: 7, workflow: undefined },
      { importedName: 'default', from: './c', line: 8, workflow: { name: 'c', className: null } },
      { importedName: 'd', from: './d', line: 9, workflow: { name: 'd', className: null } },
      { importedName: 'e', from: './e', line: 10, workflow: { name: 'e', className: null } },
      { importedName: 'Orders.f', from: './a', line: 11, workflow: { name: 'f', className: 'Orders' } },
    ]);
  });

  test('that is missing leaves the functions which another file may register', () => {
    const text = `import { pay } from './pay';
export async function a() { await DBOS.sleep(1); }
export const b = async () => { await pay(); };
export default async function () { await DBOS.sleep(1); }
class C { async d() { await DBOS.sleep(1); } @DBOS.step() async e() { await pay(); } }
module.exports = { g: f };
async function f() { await DBOS.sleep(1); }
function nothing() { return Math.max(1, 2); }
const handlers = { h: async () => { await DBOS.sleep(1); } };`;
    expect(read(text).functions.map(({ localName }) => localName)).toEqual(['a', 'b', 'default', 'C.d', 'g']);
  });

  test('has the lines of its definition, decorators included', () => {
    const text = `class C {
  /** Checks out. */
  @DBOS.workflow()
  @logged
  static async own(): Promise<void> {
    await DBOS.sleep(1);
  }
}

export const other = DBOS.registerWorkflow(
  async () => {},
  { name: 'x' },
);`;
    expect(
      read(text).workflows.map(({ line, nameLine, endLine, calls }) => [line, nameLine, endLine, calls[0]?.line]),
    ).toEqual([
      [4, 6, 8, 7],
      [11, 11, 14, undefined],
    ]);
  });
});

/** A workflow that is called, and one that is started and awaited, record the same. */
const CHILDREN = ['child w1', 'other DBOS.getResult', 'child w1', 'other DBOS.getResult'];

describe('the calls of a workflow', () => {
  test.each([
    ['if (a) { STEP1 } else STEP2', ['step 1 [condition]', 'step 2 [condition]']],
    ['a ? await s1() : await s2();', ['step s1 [condition]', 'step s2 [condition]']],
    ['a && (await s1()) || await s2();', ['step s1 [condition]', 'step s2 [condition]']],
    ['await (a ?? s1());', ['step s1 [condition]']],
    ['a ||= await s1(); a ??= await s2(); a += await s2();', ['step s1 [condition]', 'step s2 [condition]', 'step s2']],
    ['for (const x of await s1()) await s2();', ['step s1', 'step s2 [loop]']],
    ['for (let i = await s1(); await s2(); i++) STEP1', ['step s1', 'step s2 [loop]', 'step 1 [loop]']],
    ['while (await s1()) STEP1', ['step s1 [loop]', 'step 1 [loop]']],
    ['do STEP1 while (await s1());', ['step 1 [loop]', 'step s1 [loop]']],
    ['try { STEP1 } catch (e) { STEP2 } finally { STEP3 }', ['step 1', 'step 2 [condition]', 'step 3']],
    ['try { STEP1 return; } catch { STEP2 } STEP3', ['step 1', 'step 2 [condition]', 'step 3 [condition]']],
    ['try { STEP1 throw 1; } catch { STEP2 } STEP3', ['step 1', 'step 2 [condition]', 'step 3']],
    ['try { return STEP1 } finally { STEP2 } STEP3', ['step 1', 'step 2', 'step 3']],
    [
      'switch (await s1()) { case 1: STEP1 break; default: STEP2 }',
      ['step s1', 'step 1 [condition]', 'step 2 [condition]'],
    ],
    ['await Promise.all([s1(), s2()]);', ['step s1', 'step s2']],
    ['await Promise.all(order.items.map(async (item) => { STEP1 }));', ['step 1 [loop]']],
    ['await Promise.all(order.items.map(s1));', ['step s1 [loop]']],
    [
      'await retried({ run: async () => { STEP1 }, deep: { async end() { STEP2 } } });',
      ['step 1 [loop]', 'step 2 [loop]', 'call retried'],
    ],
    ['const tasks = [{ run: () => s1() }]; STEP1', ['step s1 [loop]', 'step 1']],
    ['new Agent({ tools: { find: () => s1() } });', ['step s1 [loop]']],
    ['await DBOS.runStep(s1, { name: "a", retry: { when: () => s2() } });', ['step a']],
    ['await Promise.race([DBOS.sleep(5), s1()]);', ['sleep DBOS.sleep', 'step s1']],
    [
      'await s1().then(async () => { STEP1 }).catch(() => s2()).finally(() => s1());',
      ['step s1', 'step 1', 'step s2 [condition]', 'step s1'],
    ],
    ['await s1(await s2());', ['step s2', 'step s1']],
    ['return { a: await s1(), ...(await s2()), [await s1()]: 1 };', ['step s1', 'step s2', 'step s1']],
    ['await s1?.();', ['step s1 [condition]']],
    ['const tasks = [() => s1(), s2()]; for (const task of tasks) await task();', ['step s1 [loop]', 'step s2']],
    ['const later = async () => { STEP1 }; STEP2 await later();', ['step 2', 'step 1']],
    ['function later() { return s1(); } return later();', ['step s1']],
    ['new Promise((done) => { s1().then(done); });', ['step s1']],
    [
      'await (s1 as any)(); await s2!(); await (<any>s1)(); await s2<string>();',
      ['step s1', 'step s2', 'step s1', 'step s2'],
    ],
    ['if (!order.paid) return; STEP1', ['step 1']],
    ['const text = `${await s1()}`; await sql`select ${await s2()}`;', ['step s1', 'step s2']],
    ['await DBOS.sleep(0); await DBOS.sleep(0.5);', ['sleep DBOS.sleep']],
    ['await w1(); await (await DBOS.startWorkflow(w1)()).getResult();', CHILDREN],
    ['label: for (;;) { STEP1 continue label; }', ['step 1 [loop]']],
  ])('of %j', (statements, expected) => {
    const text = statements.replace(/STEP(\d)/g, (_all, name: string) => step(name));
    const steps =
      's1 = DBOS.registerStep(async () => {}, { name: "s1" }), s2 = DBOS.registerStep(async function s2() {})';
    const child =
      'import { retried } from "./retried"; const w1 = DBOS.registerWorkflow(async () => {}, { name: "w1" });';
    expect(calls(text, `const ${steps};\n${child}`)).toEqual(expected);
  });

  test.each([
    ["if (await DBOS.patch('x')) { NEW } else { OLD }", ['[x]', '[not x]']],
    ["if (!(await DBOS.patch('x'))) { OLD } else { NEW }", ['[x]', '[not x]']],
    ["const isNew = await DBOS.patch('x'); if (isNew) NEW else OLD", ['[x]', '[not x]']],
    ["if (await DBOS.patch('x')) { NEW return; } OLD", ['[x]', '[not x]']],
    ["if (!(await DBOS.patch('x'))) { OLD throw e; } NEW", ['[x]', '[not x]']],
    ["if (await DBOS.patch('x')) { NEW } else { OLD return; }", ['[x]', '[not x]']],
    ["(await DBOS.patch('x')) ? await n() : await o();", ['[x]', '[not x]']],
    ["(await DBOS.patch('x')) && await n(); (await DBOS.patch('x')) || await o();", ['[x]', '[not x]']],
    ["if (order.big && (await DBOS.patch('x'))) NEW else OLD", ['[condition, x]', '[condition]']],
    ["if (!(await DBOS.patch('x')) || order.big) OLD else NEW", ['[x, condition]', '[condition]']],
    ['if (await isNew()) NEW else OLD', ['[x]', '[not x]']],
    ["if (await DBOS.patch('x')) for (;;) NEW else while (1) OLD", ['[x, loop]', '[not x, loop]']],
    ["const NAME = 'x'; if (await DBOS.patch(NAME)) NEW else OLD", ['[x]', '[not x]']],
    ["for (const a of b) { if (await DBOS.patch('x')) { NEW continue; } OLD }", ['[loop, x]', '[loop, not x]']],
    ["let y = false; y = await DBOS.patch('x'); if (y) NEW else OLD", ['[x]', '[not x]']],
    ["let y; y = await DBOS.patch('x'); if (!y) { OLD return; } NEW", ['[x]', '[not x]']],
    ["let y: boolean = false; { y = await DBOS.patch('x'); } if (y) NEW else OLD", ['[x]', '[not x]']],
    ["let y; try { y = await DBOS.patch('x'); } catch (e) { throw e; } if (y) NEW else OLD", ['[x]', '[not x]']],
    ["let y = false; y ||= await DBOS.patch('x'); if (y) NEW else OLD", ['[x]', '[not x]']],
    ["let y = true; y &&= await DBOS.patch('x'); if (y) NEW else OLD", ['[x]', '[not x]']],
    ["let y = false; y = y || (await DBOS.patch('x')); if (y) NEW else OLD", ['[x]', '[not x]']],
    ["let y = false; if (a) y = await DBOS.patch('x'); if (y) NEW else OLD", ['[condition, x]', '[condition]']],
    [
      "let y; if (a) { y = await DBOS.patch('x'); } else { y = await DBOS.patch('x'); } y ? await n() : await o();",
      ['[x]', '[not x]'],
    ],
    ["let y = await DBOS.patch('x'); if (a) { y = f(); return; } if (y) NEW else OLD", ['[x]', '[not x]']],
    ["let y = await DBOS.patch('x'); for (;;) { if (y) NEW else OLD }", ['[loop, x]', '[loop, not x]']],
    ["const y = a && (await DBOS.patch('x')); if (y) NEW else OLD", ['[condition, x]', '[condition]']],
    ["const y = a ? await DBOS.patch('x') : false; if (y) NEW else OLD", ['[condition, x]', '[condition]']],
    ["const y = !(await DBOS.patch('x')); if (y) OLD else NEW", ['[x]', '[not x]']],
    ["const [y] = [await DBOS.patch('x')]; if (y) NEW else OLD", ['[x]', '[not x]']],
    ["const [, y] = await Promise.all([f(), DBOS.patch('x')]); if (y) NEW else OLD", ['[x]', '[not x]']],
    ["const { y } = { y: await DBOS.patch('x') }; if (y) NEW else OLD", ['[x]', '[not x]']],
    ["const is = { y: await DBOS.patch('x') }; if (is.y) NEW else OLD", ['[x]', '[not x]']],
    ["const y = await DBOS.patch('x'); if (y === true) NEW; if (false == y) OLD", ['[x]', '[not x]']],
    ["const y = Boolean(await DBOS.patch('x')); if (!!y) NEW else OLD", ['[x]', '[not x]']],
    ["let y; if ((y = await DBOS.patch('x'))) NEW else OLD", ['[x]', '[not x]']],
    ["while (await DBOS.patch('x')) NEW if (!(await DBOS.patch('x'))) OLD", ['[loop, x]', '[not x]']],
    // What the text does not say is a condition.
    ["let y = await DBOS.patch('x'); y = f(); if (y) NEW else OLD", ['[condition]', '[condition]']],
    ["let y = await DBOS.patch('x'); g(() => { y = f(); }); if (y) NEW else OLD", ['[condition]', '[condition]']],
    [
      "let y = await DBOS.patch('x'); for (;;) { if (y) NEW else OLD y = f(); }",
      ['[loop, condition]', '[loop, condition]'],
    ],
    ["let y = f(); for (;;) { y ||= await DBOS.patch('x'); } if (y) NEW else OLD", ['[condition]', '[condition]']],
    ["let y; try { y = await DBOS.patch('x'); } catch (e) {} if (y) NEW else OLD", ['[condition]', '[condition]']],
    ["let y = await DBOS.patch('x'); [y] = f(); if (y) NEW else OLD", ['[condition]', '[condition]']],
    ["let y = await DBOS.patch('x'); for (y of f()) {} if (y) NEW else OLD", ['[condition]', '[condition]']],
    ["const is = { y: await DBOS.patch('x') }; is.y = f(); if (is.y) NEW else OLD", ['[condition]', '[condition]']],
    ["const [, y] = [...f(), await DBOS.patch('x')]; if (y) NEW else OLD", ['[condition]', '[condition]']],
    [
      "let y; const g = () => { y = f(); }; y = await DBOS.patch('x'); g(); if (y) NEW else OLD",
      ['[condition]', '[condition]'],
    ],
    ["const is = { y: await DBOS.patch('x'), ...f() }; if (is.y) NEW else OLD", ['[condition]', '[condition]']],
  ])('behind the patch in %j', (statements, [taken, untaken]) => {
    const text = statements.replaceAll('NEW', 'await n();').replaceAll('OLD', 'await o();');
    const declarations = `const n = DBOS.registerStep(async () => {}, { name: 'n' }), o = DBOS.registerStep(async () => {}, { name: 'o' });
async function isNew() { return await DBOS.patch('x'); }`;
    const found = calls(text, declarations);
    expect(found.filter((each) => each.startsWith('step n'))).toEqual([`step n ${taken}`]);
    expect(found.filter((each) => each.startsWith('step o'))).toEqual([`step o ${untaken}`]);
    expect(found).toContainEqual(expect.stringMatching(/^patch DBOS\.patch-x/));
  });

  test('after `deprecatePatch` are those of the new code alone', () => {
    const text = "if (await DBOS.deprecatePatch('x')) { NEW } else { OLD }"
      .replace('NEW', step('n'))
      .replace('OLD', step('o'));
    expect(calls(text)).toEqual(['deprecated-patch DBOS.patch-x', 'step n']);
  });

  test('follow functions, methods and what they call', () => {
    const declarations = `
class Base { async last() { ${step('last')} } }
class Stock extends Base {
  constructor(private readonly box: Box) { super(); }
  async all() { await this.first(); await super.last(); await this.box.pack(); await this.arrow(); await Stock.shared(); }
  async first() { ${step('first')} }
  arrow = async () => { ${step('arrow')} };
  static async shared() { await this.more(); }
  static async more() { ${step('more')} }
}
class Box { async pack() { ${step('pack')} } }
const helpers = { async one() { ${step('one')} }, two: async () => { ${step('two')} } };
const stock = new Stock(new Box());`;
    expect(calls('await stock.all(); await helpers.one(); await helpers["two"]();', declarations)).toEqual(
      ['first', 'last', 'pack', 'arrow', 'more', 'one', 'two'].map((name) => `step ${name}`),
    );
  });

  test('know what is registered in the place of a method', () => {
    const declarations = `class C { static async pay() { await DBOS.sleep(1); } async ship() { await DBOS.sleep(1); } }
C.pay = DBOS.registerStep(C.pay); C.prototype.ship = DBOS.registerStep(C.prototype.ship, { name: 'send' }); const c = new C();`;
    expect(calls('await C.pay(); await c.ship();', declarations)).toEqual(['step pay', 'step send']);
  });

  test("of a package are not taken for those of the language, where the file is the application's own", () => {
    const declarations = "import { Cart } from './cart'; import lodash from 'lodash';";
    expect(calls('await Promise.all([Cart.add(1)]); lodash.map([], 1);', declarations)).toEqual(['call add']);
  });

  test('of things from other files have the last part of the name', () => {
    const declarations = `import { reserve as keep, Orders } from './a'; import fallback from './b'; import * as c from './c';
import { readFile } from 'node:fs/promises';`;
    const statements = `await keep(); await Orders.pay(1); await fallback(); await c.d(); await order.ship(); await this.stock.take();
await readFile('x'); order.items.map(String); await order.cart.add(1); order.cart.add(2); JSON.parse('1');
const handle = await DBOS.startWorkflow(keep)(1); await handle.getResult(); await DBOS.startWorkflow(Orders).cancel();`;
    expect(calls(statements, declarations)).toEqual([
      ...['reserve', 'pay', 'fallback', 'd', 'ship', 'take', 'add', 'reserve'].map((name) => `call ${name}`),
      'other DBOS.getResult',
      'call cancel',
    ]);
  });

  test('are said where the text does not tell them', () => {
    const statements = `await order.handlers[order.kind](); await callback();
await DBOS.runStep(() => pay(), { name: 'step ' + order.id }); await DBOS.runStep(order.task);
await DBOS.patch(order.patch); await DBOS.startWorkflow(pick(order))();`;
    expect(misses(statements)).toEqual([
      'dispatch',
      'dispatch callback',
      'computed-name',
      'computed-name',
      'dispatch pick',
    ]);
    expect(calls(statements)).toEqual(['step ?', 'step ?', 'patch ?', 'child ?']);
  });

  const two = (name: string) => `async function ${name}() { await s('${name}1'); await s('${name}2'); }`;
  const declarations = `const s = (name) => DBOS.runStep(async () => name, { name });
${two('h')}\n${two('g')}\nconst b = () => DBOS.now(), c = () => DBOS.randomUUID();
async function one() { await DBOS.sleep(1); }\nasync function late() { await null; await DBOS.sleep(1); }
const both = async () => { const p = h(); await b(); return p; };\nconst child = DBOS.registerWorkflow(async () => {}, { name: 'w' });`.replaceAll(
    /s\('(\w+)'\)/g,
    "DBOS.runStep(async () => 1, { name: '$1' })",
  );
  const short: Readonly<Record<string, string>> = { now: 'b', randomUUID: 'c', sleep: 's', getResult: 'r' };
  const order = (statements: string) => {
    const { calls, notFollowed } = body(statements, declarations);
    const names = calls.map(({ name = '' }) => short[name.replace('DBOS.', '')] ?? name);
    return [...names, ...notFollowed.map(({ why }) => `(${why})`)].join(' ');
  };

  // All orders that are certain were run, with TypeScript 5.3.
  test.each([
    ['const p = b(); await c(); await p;', 'b c'],
    ['const p = h(); await b(); await p; await c();', 'h1 b h2 c'],
    ['const p = h(); await b(); await c(); await p;', 'h1 b c h2 (concurrent)'],
    ['await Promise.all([h(), b()]); await c();', 'h1 b h2 c'],
    ['await Promise.all([h(), g()]);', 'h1 g1 h2 g2 (concurrent)'],
    ['const both = [h(), b()]; await Promise.allSettled(both); await c();', 'h1 b h2 c'],
    ['const [p, q] = [h(), b()]; await q; await p;', 'h1 b h2'],
    ['let p; p = h(); await b(); await p; await c();', 'h1 b h2 c'],
    ['const p = one(); await b(); await p;', 's b'],
    ['const p = late(); await b(); await p;', 'b s'],
    ['const p = b().then(() => c()); await h(); await p;', 'b h1 h2 c (concurrent)'],
    ['const p = b().then(() => c()); await one(); await p;', 'b s c'],
    ['await b().then(() => c()); await one();', 'b c s'],
    ['const p = (async () => { await b(); await c(); })(); await one(); await p;', 'b s c'],
    ['const p = child(); await b(); await p; await c();', 'w r b c'],
    ['const p = DBOS.startWorkflow(child)(); await b(); await (await p).getResult();', 'w b r'],
    ['const k = await DBOS.startWorkflow(child)(); const p = k.getResult(); await b(); await p;', 'w r b'],
    ['const p = DBOS.recv("t"); await b(); await p;', 'DBOS.recv b'],
    ['const p = both(); await c(); await p;', 'h1 b c h2'],
    ['await both(); await c();', 'h1 b h2 c'],
    ['h(); await b();', 'h1 b h2'],
    ['h(); await b(); await c();', 'h1 b c h2 (concurrent)'],
    ['const k = async () => { h(); }; await k(); await c();', 'h1 h2 c (concurrent)'],
    ['const p = h(); if (x) await p; await b();', 'h1 b h2 (concurrent)'],
    ['const p = h(); await (x ? p : b()); await c();', 'h1 b h2 c'],
    ['await Promise.race([h(), b()]); await c();', 'h1 b c h2 (concurrent)'],
    ['await Promise.all(x.map(async () => { await b(); await c(); })); await one();', 'b c s (concurrent)'],
    ['await Promise.all(x.map(h)); await b();', 'h1 h2 b (concurrent)'],
    ['await Promise.all(x.map(() => one())); await b();', 's b'],
    ['for (const y of x) { await h(); } await b();', 'h1 h2 b'],
    ['for (const y of x) { all.push(h()); } await Promise.all(all);', 'h1 h2 (concurrent)'],
    ['await retry(async () => { await b(); await c(); }); await one();', 'b c s (dispatch)'],
    ['return [await h(), await b()];', 'h1 h2 b'],
    ['await Promise.all([h(), 3]);', 'h1 h2'],
  ])('come in the order in which they start: %j', (statements, expected) => {
    expect(order(statements)).toBe(expected);
  });

  test('say that the order is not known, where more starts and waits stand there than are followed', () => {
    expect(order(`${'await x; '.repeat(1000)} await Promise.all([h(), 3]);`)).toBe('h1 h2');
    expect(order(`${'await x; '.repeat(5000)} await Promise.all([h(), 3]);`)).toBe('h1 h2 (concurrent)');
  });

  test('cut recursion', () => {
    const declarations = `async function a(n) { ${step('a')} await b(n); }\nasync function b(n) { if (n) await a(n - 1); ${step('b')} }`;
    expect(calls('await a(3);', declarations)).toEqual(['step a', 'step b']);
    expect(misses('await a(3);', declarations)).toEqual(['recursion a']);
  });

  test('know a name in its own scope', () => {
    const declarations = "const s = DBOS.registerStep(async () => {}, { name: 'outer' });";
    expect(calls("const s = DBOS.registerStep(async () => {}, { name: 'inner' }); await s();", declarations)).toEqual([
      'step inner',
    ]);
    expect(calls('{ const s = 1; } await s();', declarations)).toEqual(['step outer']);
    expect(misses('await order.items.forEach((s) => s());', declarations)).toEqual(['dispatch s']);
    expect(misses('let s = () => 1; s = f; await s();', declarations)).toEqual(['dispatch s']);
  });

  test('leave the insides of steps alone', () => {
    const statements = `await DBOS.runStep(async () => { await DBOS.sleep(1); await inner(); }, { name: 'a', shouldRetry: () => true });
await ds.runTransaction(async () => { await DBOS.now(); }, { name: 'b' }); await tx(1); await C.decorated();`;
    const declarations = `const tx = ds.registerTransaction(async (n) => { await inner(); }, { name: 'c' });
class C { @ds.transaction({ name: 'd' }) static async decorated() { await inner(); } }`;
    expect(calls(statements, declarations)).toEqual(['step a', 'step b', 'step c', 'step d']);
  });
});

describe('a fingerprint', () => {
  const of = (statements: string, declarations?: string) => body(statements, declarations).fingerprint;
  const whole = (text: string) => read(text).workflows[0]?.fingerprint;

  test.each([
    [`const a = await f( 1 ,\n 2, ) // why`, 'const a = (await f(1, 2))'],
    ["await f('a')", 'await f("\\u0061");'],
    ['const a: number = f<string>(b as T)!;', 'const a = f(b)'],
    ['[a, b,]; ({ a, b, })', '[a, b]; ({ a, b })'],
    [step('a'), "await DBOS.runStep(async () => { other(); }, { name: 'a' });"],
    [step('a'), "await DBOS.runStep(pay, { name: 'a' }) satisfies X;"],
    ['items.map((a) => a)', 'items.map(a => (a))'],
  ])('is the same for %j and %j', (one, other) => {
    expect(of(one)).toBe(of(other));
  });

  test.each([
    ['f(a, -b)', 'f(a - b)'],
    ['a; -b', 'a - b'],
    ['[a,, b]', '[a, b]'],
    ["f('a b')", "f('a  b')"],
    ['f(`a ${b}`)', 'f(`a ${c}`)'],
    ['a.b', 'a[b]'],
    [step('a'), step('b')],
    ['await f(1)', 'f(1)'],
  ])('differs for %j and %j', (one, other) => {
    expect(of(one)).not.toBe(of(other));
  });

  test('is of the functions that are called, too, and of what registers them', () => {
    expect(of('await f();', 'function f() { return 1; }')).not.toBe(of('await f();', 'function f() { return 2; }'));
    expect(of('await f();', 'function f() {} function g() { return 1; }')).toBe(
      of('await f();', 'function f() {} function g() {}'),
    );
    const call = 'await DBOS.runStep(() => 1, { name: NAME });';
    expect(of(call, "const NAME = 'a';")).not.toBe(of(call, "const NAME = 'b';"));
    expect(of('await s();', 'async function f() {} const s = DBOS.registerStep(f);')).not.toBe(
      of('await s();', 'async function s() {}'),
    );
  });

  test('is not of the name, the decorators and the modifiers', () => {
    const text = 'class C { @DBOS.workflow() static async own(order: Order) { await DBOS.sleep(1); } }';
    expect(whole(text)).toBe(whole(text.replace('own', 'other').replace('class C', 'class D')));
    expect(whole(text)).toBe(
      whole(text.replace('static', 'public static').replace('workflow()', 'workflow({ maxRecoveryAttempts: 2 })')),
    );
    expect(whole(text)).toBe(
      whole(text.replace('order: Order', 'this: void, order?: Readonly<Order>').replace('this: void, ', '')),
    );
    expect(whole(text)).not.toBe(whole(text.replace('order: Order', 'order: Order, more: number')));
  });
});

describe('a comment that accepts', () => {
  test('is one of its file, too, wherever it stands', () => {
    const text = '// drain-gate: accept a one\nf();\n/*\n * drain-gate: accept b two\n */\n// drain-gate: no\n';
    expect(read(text).accepted).toEqual(['a one', 'b two']);
  });

  const accepted = (text: string) => read(text).workflows.map((each) => each.accepted);
  test.each([
    ['// drain-gate: accept one\nconst a = DBOS.registerWorkflow(async () => {}, { name: "a" });', 'one'],
    ['const a = DBOS.registerWorkflow(async () => {\n  f(/* drain-gate: accept one */);\n}, { name: "a" });', 'one'],
    [
      'class C {\n  // drain-gate: accept one\n  // More.\n  /** Docs. */\n  @DBOS.workflow()\n  async a() {}\n}',
      'one',
    ],
    ['class C {\n  @DBOS.workflow()\n  // drain-gate: accept one\n  async a() {}\n}', 'one'],
    ['// drain-gate: accept one\nexport default DBOS.registerWorkflow(async function a() {});', 'one'],
    ['async function a() {}\n// drain-gate: accept one\nDBOS.registerWorkflow(a);', 'one'],
    ['// drain-gate: accept one\nasync function a() {}\nDBOS.registerWorkflow(a);', 'one'],
    ['// drain-gate: accept one\n\nconst a = DBOS.registerWorkflow(async () => {}, { name: "a" });', undefined],
    ['f(); // drain-gate: accept one\nconst a = DBOS.registerWorkflow(async () => {}, { name: "a" });', undefined],
    [
      'const text = "// drain-gate: accept one";\nconst a = DBOS.registerWorkflow(async () => {}, { name: "a" });',
      undefined,
    ],
  ])('in %j has the reason %s', (text, reason) => {
    expect(accepted(text)).toEqual([reason]);
  });
});
