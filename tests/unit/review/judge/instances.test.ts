import { expect, test } from 'vitest';
import { reviewOf } from '../../../review/review.ts';

/* Run with TypeScript 5.3 and Python 3.4: the recovery of an instance that is not there leaves its work PENDING. */

const TYPESCRIPT = (name: string, other = 'x') => `import { ConfiguredInstance, DBOS } from '@dbos-inc/dbos-sdk';
@DBOS.className('Warehouse')
export class Stock extends ConfiguredInstance {
  @DBOS.workflow()
  async refill() { await DBOS.sleep(1); }
}
export const stock = new Stock('${name}');
export const error = new Error('${other}');
`;
const PYTHON = (name: string, other = 'x') => `from dbos import DBOS, DBOSConfiguredInstance
@DBOS.dbos_class("Warehouse")
class Stock(DBOSConfiguredInstance):
    @DBOS.workflow()
    def refill(self):
        DBOS.sleep(1)
stock = Stock("${name}")
print("${other}")
`;

test.each([
  ['a.ts', TYPESCRIPT, 'refill'],
  ['a.py', PYTHON, 'Stock.refill'],
] as const)('names instances in %s that have another name now', (path, text, workflow) => {
  const limits = (after: string, className: string | null = 'Warehouse') =>
    JSON.stringify(
      reviewOf(
        { [path]: text('main') },
        {
          title: '',
          after: { [path]: after },
          inFlight: [{ workflow, className, recorded: [] }],
          expected: [],
        },
      ).limits,
    );
  expect(limits(text('central'))).toContain('Stock main');
  expect(limits(text('main', 'y'))).not.toContain('Instances');
  expect(limits(text('central'), 'Other')).not.toContain('Instances');
});
