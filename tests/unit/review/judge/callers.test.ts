import { expect, test } from 'vitest';
import { plain } from '../../../../src/report/text.ts';
import { type Files, reviewOf } from '../../../review/review.ts';
import type { Edit, InFlight } from '../../../review/table.ts';

/* Callers in files that do not change: what they call changes, and their own text is not in the pull request. */

const TYPESCRIPT = {
  'steps.ts': `import { DBOS } from '@dbos-inc/dbos-sdk';
const pack = async () => {};
export const charge = DBOS.registerStep(async (cents: number) => cents, { name: 'chargeCard' });
export class Stock {
  @DBOS.step() static async reserve() {}
}
export async function ship(id: string) {
  await DBOS.runStep(() => pack(), { name: 'pack' });
  await DBOS.runStep(() => pack(), { name: 'send' });
}
export async function pause() {
  await DBOS.sleep(10);
}
`,
};
const PYTHON = {
  'steps.py': `from dbos import DBOS
@DBOS.step(name="charge_card")
def charge(cents):
    return cents
def call_twice(x):
    charge(x)
    DBOS.sleep(1)
wait = DBOS.step(name="wait_a_bit")(charge)
`,
};
const SHIPPED: InFlight = { workflow: 'checkOut', recorded: ['reserve', 'chargeCard', 'pack', 'charge_card'] };

test.each<[title: string, files: Files, edit: Edit, says: string]>([
  [
    'a function records another step',
    TYPESCRIPT,
    [["  await DBOS.runStep(() => pack(), { name: 'pack' });\n", '']],
    'Functions that record something else now, or nothing, and whose callers the change does not show: "ship in steps.ts". Steps of theirs were recorded by "checkOut", which can break.',
  ],
  [
    'a function sleeps twice',
    TYPESCRIPT,
    [['DBOS.sleep(10);', 'DBOS.sleep(10);\n  await DBOS.sleep(5);']],
    'the change does not show: "pause in steps.ts". A workflow in flight that calls them can break.',
  ],
  [
    'a function records nothing any more',
    TYPESCRIPT,
    [
      ["  await DBOS.runStep(() => pack(), { name: 'pack' });\n", ''],
      ["  await DBOS.runStep(() => pack(), { name: 'send' });\n", ''],
    ],
    'Functions that record something else now, or nothing, and whose callers the change does not show: "ship in steps.ts"',
  ],
  [
    'a function comes from another file',
    PYTHON,
    [['def call_twice(x):\n    charge(x)\n    DBOS.sleep(1)\n', 'from others import call_twice\n']],
    'or nothing, and whose callers the change does not show: "call_twice in steps.py". Steps of theirs were recorded by',
  ],
  [
    'a function in Python',
    PYTHON,
    [['    DBOS.sleep(1)\n', '']],
    'the change does not show: "call_twice in steps.py". Steps of theirs were recorded by "checkOut", which can break.',
  ],
  [
    'a step gets another name',
    TYPESCRIPT,
    [["{ name: 'chargeCard' }", "{ name: 'charge' }"]],
    'Steps that have another name now, or none: "chargeCard". They were recorded by "checkOut", which can break.',
  ],
  ['a method that is a step', TYPESCRIPT, [['async reserve()', 'async hold()']], 'or none: "reserve". They'],
  ['a step in Python', PYTHON, [['name="charge_card"', 'name="charge"']], 'or none: "charge_card". They'],
])('says what callers in other files can break on: %s', (_title, application, edit, says) => {
  const [path = ''] = Object.keys(application);
  const { findings, limits } = reviewOf(application, change(path, edit, [SHIPPED]));
  expect(findings).toEqual([]);
  expect(limits.map(plain)).toContainEqual(expect.stringContaining(says));
});

test.each<[title: string, files: Files, edit: Edit, inFlight: readonly InFlight[]]>([
  ['its steps are nowhere recorded', TYPESCRIPT, [["'pack' }", "'wrap' }"]], [{ ...SHIPPED, recorded: ['reserve'] }]],
  ['nothing is in flight', TYPESCRIPT, [['DBOS.sleep(10)', 'DBOS.now()']], []],
  ['what is in a step changes', TYPESCRIPT, [['async () => {}', 'async () => 1']], [SHIPPED]],
  ['a function is renamed with its text', TYPESCRIPT, [['async function ship', 'async function send']], [SHIPPED]],
  [
    'a step is run without being registered',
    TYPESCRIPT,
    [
      [
        "export const charge = DBOS.registerStep(async (cents: number) => cents, { name: 'chargeCard' })",
        "export const charge = (cents: number) => store.runTransaction(() => take(cents), { name: 'chargeCard' })",
      ],
    ],
    [{ ...SHIPPED, recorded: ['reserve', 'chargeCard'] }],
  ],
  ['a step in Python that nothing recorded', PYTHON, [['name="wait_a_bit"', 'name="wait"']], [SHIPPED]],
])('says nothing about callers where %s', (_title, application, edit, inFlight) => {
  const [path = ''] = Object.keys(application);
  const { findings, limits } = reviewOf(application, change(path, edit, inFlight));
  expect([findings, limits]).toEqual([[], []]);
});

test('says nothing about the callers of a function that only a workflow of its file calls', () => {
  const text = `import { DBOS } from '@dbos-inc/dbos-sdk';
async function ship() {
  await DBOS.runStep(() => 1, { name: 'pack' });
  await DBOS.sleep(1);
}
export const checkOut = DBOS.registerWorkflow(async () => {
  await ship();
}, { name: 'checkOut' });
`;
  const edit: Edit = [['  await DBOS.sleep(1);\n', '  await DBOS.sleep(1);\n  await DBOS.now();\n']];
  expect(reviewOf({ 'a.ts': text }, change('a.ts', edit, [SHIPPED])).limits.map(plain)).not.toContainEqual(
    expect.stringContaining('callers'),
  );
});

const FUNCTION = `import { DBOS } from '@dbos-inc/dbos-sdk';
export async function checkOut() {
  await DBOS.runStep(() => 1, { name: 'reserve' });
}
`;
const REGISTER = 'DBOS.registerWorkflow(checkOut);\n';

test.each<[title: string, files: Files, edit: readonly [readonly [string, string]], className: string | null]>([
  ['a registration', { 'a.ts': FUNCTION + REGISTER }, [[REGISTER, '']], null],
  [
    'a decorator',
    {
      'a.ts': `import { DBOS } from '@dbos-inc/dbos-sdk';
class A {
  @DBOS.workflow()
  static async checkOut() {
    await DBOS.sleep(1);
  }
}`,
    },
    [['  @DBOS.workflow()\n', '']],
    'A',
  ],
  [
    'a decorator in Python',
    { 'a.py': 'from dbos import DBOS\n@DBOS.workflow()\ndef checkOut():\n  DBOS.sleep(1)\n' },
    [['@DBOS.workflow()\n', '']],
    null,
  ],
])('finds that a function is no workflow any more: %s is removed', (_title, application, edit, className) => {
  const [path = ''] = Object.keys(application);
  const { findings } = reviewOf(application, change(path, edit, [{ ...SHIPPED, className }]));
  expect(findings).toMatchObject([{ kind: 'workflow-deleted', severity: 'error', probable: undefined }]);
  const [[old, now]] = edit;
  const comment = path.endsWith('.py') ? '# drain-gate: accept unused\n' : '// drain-gate: accept unused\n';
  const isAbove = old === REGISTER;
  const accepted: Edit = isAbove
    ? [
        [old, now],
        ['export async function', `${comment}export async function`],
      ]
    : [[old, comment]];
  const { accepted: reasons } = reviewOf(application, change(path, accepted, [{ ...SHIPPED, className }]));
  expect(reasons).toMatchObject([{ kind: 'workflow-deleted', reason: 'unused' }]);
});

test('finds nothing gone where a registration moves to another file, or to where it cannot be read', () => {
  const application = { 'a.ts': FUNCTION + REGISTER, 'b.ts': '' };
  const edits = { 'a.ts': [[REGISTER, '']] as const };
  const moved =
    "import { DBOS } from '@dbos-inc/dbos-sdk';\nimport { checkOut } from './a';\nDBOS.registerWorkflow(checkOut);\n";
  const unread = "import { DBOS } from '@dbos-inc/dbos-sdk';\nfor (const f of all) DBOS.registerWorkflow(f);\n";
  for (const text of [moved, unread]) {
    const { findings } = reviewOf(application, { ...change('a.ts', '', [SHIPPED]), after: { ...edits, 'b.ts': text } });
    expect(findings).toEqual([]);
  }
});

function change(path: string, edit: Edit, inFlight: readonly InFlight[]) {
  return { title: '', after: { [path]: edit }, inFlight, sameVersion: true, expected: [] };
}
