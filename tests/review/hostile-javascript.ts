// biome-ignore-all lint/suspicious/noTemplateCurlyInString: code is data here.
/* Texts that are made to take a reader of JavaScript long, or deep, or down. */

const IMPORT = "import { DBOS } from '@dbos-inc/dbos-sdk';\n";

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');
const workflow = (body: string) =>
  `${IMPORT}export const w = DBOS.registerWorkflow(async (x) => {\n${body}\n}, { name: 'w' });\n`;

const REPEATED = [
  ...[
    '(',
    '[',
    '{',
    '<',
    '([{<',
    ')]}',
    '()',
    '!',
    'f(()=>',
    '`${',
    '"',
    '/',
    '/*',
    'a+',
    '.b',
    '()()',
    '.b()',
    'a?b:',
    'A<',
  ],
  ...[
    'if(a);else ',
    '<a>',
    'keyof ',
    'async <T>(',
    '(a)=>',
    'class A{a=',
    '@a(',
    '@a ',
    '/a/ ',
    '\0',
    '\ud83d',
    '\u2028',
    '#!',
  ],
];

/** Texts of so many parts each, by what is in them. */
export function hostileTexts(count: number): readonly (readonly [name: string, text: string])[] {
  return [
    ...REPEATED.map((part) => [JSON.stringify(part), part.repeat(count)] as const),
    [
      'functions that call the next',
      IMPORT + lines(count, (at) => `async function f${at}() { await DBOS.sleep(1); await f${at + 1}(); }`),
    ],
    [
      'functions that call two',
      IMPORT +
        lines(
          count,
          (at) => `async function f${at}() { await f${at + 1}(); await f${at + 1}(); await DBOS.sleep(1); }`,
        ),
    ],
    [
      'functions that call all over',
      IMPORT +
        lines(
          count,
          (at) => `async function f${at}() { await f${(at * 7 + 1) % count}(); await f${(at * 13) % count}(); }`,
        ),
    ],
    [
      'workflows',
      IMPORT +
        lines(
          count,
          (at) => `const w${at} = DBOS.registerWorkflow(async () => { await DBOS.sleep(1); }, { name: 'w${at}' });`,
        ),
    ],
    ['calls', workflow(lines(count, () => 'await DBOS.sleep(1);'))],
    [
      'constants of constants',
      `${IMPORT}${lines(count, (at) => `const a${at} = a${at + 1};`)}\nDBOS.registerWorkflow(a0);`,
    ],
    [
      'registrations of registrations',
      `${IMPORT}const a0 = async () => {};\n${lines(count, (at) => `const a${at + 1} = DBOS.registerWorkflow(a${at});`)}`,
    ],
    [
      'what registers itself',
      `${IMPORT}const a = DBOS.registerWorkflow(b), b = DBOS.registerWorkflow(a); C.m = DBOS.registerWorkflow(C.m); class C extends C { static m() { this.m(); super.m(); } }`,
    ],
    [
      'methods',
      `${IMPORT}class C {\n${lines(count, (at) => `async m${at}() { await this.m${at + 1}(); await this.x${at}(); }`)}\n}`,
    ],
    [
      'classes of classes',
      IMPORT +
        lines(count, (at) => `class C${at} extends C${at + 1} { async m() { await super.m(); await this.n(); } }`),
    ],
    [
      'properties',
      `${IMPORT}const o = {${lines(count, (at) => `m${at}: async () => { await o.m${at + 1}(); },`)}};${workflow('await o.m0();')}`,
    ],
    [
      'objects that are spread twice',
      `${IMPORT}${lines(count, (at) => `const o${at} = { ...o${at + 1}, ...o${at + 1} };`)}\nDBOS.registerWorkflow(async () => {}, o0);`,
    ],
    ['patches', workflow(lines(count, (at) => `if (await DBOS.patch('p${at}')) { await DBOS.sleep(1); return; }`))],
    [
      'conditions of conditions',
      workflow(
        `const a0 = await DBOS.patch('x');\n${lines(count, (at) => `const a${at + 1} = a${at} && a${at};`)}\nif (a${count}) await DBOS.sleep(1);`,
      ),
    ],
    [
      'conditions that ask one often',
      workflow(
        `const a0 = await DBOS.patch('x');\n${lines(8, (at) => `const a${at + 1} = ${Array(count).fill(`a${at}`).join(' && ')};`)}\nif (a8) await DBOS.sleep(1);`,
      ),
    ],
    [
      'a variable that is written again and again',
      workflow(
        `let a = false;\n${lines(count, (at) => `if (b${at}) a = a || c; else a ||= c;`)}\nif (a) await DBOS.sleep(1);`,
      ),
    ],
    ['comments', workflow(lines(count, () => '// drain-gate: accepted'))],
    [
      'comments between functions',
      IMPORT + lines(count, (at) => `// a ${at}\n/** b */\nfunction f${at}() { return g(); }`),
    ],
    ['blocks in blocks', workflow(`${'if (x) {'.repeat(count)}await DBOS.sleep(1);${'}'.repeat(count)}`)],
    [
      'assignments to a class',
      `${IMPORT}class C {}\n${lines(count, (at) => `C.m${at} = DBOS.registerStep(C.m${at});`)}`,
    ],
    [
      'declarations in one statement',
      `const ${Array.from({ length: count }, (_, at) => `a${at} = ${at}`).join(', ')};`,
    ],
    [
      'decorated classes',
      IMPORT +
        lines(count, (at) => `@DBOS.className('c${at}')\nexport class C${at} { @DBOS.workflow() static async m() {} }`),
    ],
    ['escapes', workflow(`await f("${'\\u{110000}\\u{1F600}\\x4'.repeat(count)}");`)],
    ['broken functions', IMPORT + lines(count, (at) => `][ ; async function f${at}() { await DBOS.sleep(1); }`)],
    [
      'names of every object',
      workflow(
        lines(
          1,
          () =>
            'await x.__proto__(); await x.constructor(); await toString(); await __proto__(); DBOS.__proto__(); DBOS.constructor(); enum __proto__ { a = "b" }',
        ),
      ),
    ],
  ];
}
