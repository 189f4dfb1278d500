import { expect, test } from 'vitest';
import { reviewOf } from '../../../review/review.ts';

/* Run with TypeScript 5.3 and Python 3.4: the row of a child has no result for a step, and that of a step no child. */

const TYPESCRIPT = {
  step: "const pay = DBOS.registerStep(async () => {}, { name: 'pay' });",
  workflow: "const pay = DBOS.registerWorkflow(async () => {}, { name: 'pay' });",
  use: (call: string) => `DBOS.registerWorkflow(async () => {\n  ${call}\n}, { name: 'w' });`,
  imports: "import { DBOS } from '@dbos-inc/dbos-sdk';",
};
const PYTHON = {
  step: '@DBOS.step()\ndef pay():\n    pass\n',
  workflow: '@DBOS.workflow()\ndef pay():\n    pass\n',
  use: (call: string) => `@DBOS.workflow()\ndef w():\n    ${call}\n`,
  imports: 'from dbos import DBOS',
};
const LIMIT = 'Steps that were workflows, or workflows that were steps, under the same name';

test.each([
  ['a.ts', TYPESCRIPT, 'workflow', 'await DBOS.startWorkflow(pay)();', 'step', 'await pay();'],
  ['a.ts', TYPESCRIPT, 'step', 'await pay();', 'workflow', 'await pay();'],
  ['a.py', PYTHON, 'workflow', 'DBOS.start_workflow(pay)', 'step', 'pay()'],
  ['a.py', PYTHON, 'step', 'pay()', 'workflow', 'pay()'],
] as const)('says in %s that what was recorded has another kind now: %s', (path, language, was, old, is, now) => {
  const text = (kind: 'step' | 'workflow', call: string) =>
    [language.imports, language[kind], language.use(call)].join('\n');
  const limitsFor = (recorded: readonly string[]) =>
    reviewOf(
      { [path]: text(was, old) },
      { title: '', after: { [path]: text(is, now) }, inFlight: [{ workflow: 'w', recorded }], expected: [] },
    ).limits;
  expect(JSON.stringify(limitsFor(['pay']))).toContain(LIMIT);
  expect(JSON.stringify(limitsFor([]))).not.toContain(LIMIT);
});
