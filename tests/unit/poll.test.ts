import { expect, test } from 'vitest';
import { z } from 'zod';
import { lockWaitOf } from '../../src/dbos/lock-wait.ts';
import { onlyRow } from '../../src/dbos/transaction.ts';
import type { Connection } from '../../src/postgres/connection.ts';

const statement = { text: 'SELECT 1 AS one', values: [] };
const row = z.object({ one: z.int() });

function answering(...rows: readonly unknown[]): Connection {
  return {
    encrypted: false,
    run: async () => undefined,
    rows: async (_, each) => each.array().parse(rows),
    brokeIdle: () => false,
    close: async () => undefined,
  };
}

test('the row of a statement is the only one: several would be of several servers', async () => {
  expect(await onlyRow(answering({ one: 1 }), statement, row)).toEqual({ one: 1 });
  await expect(onlyRow(answering({ one: 1 }, { one: 1 }), statement, row)).rejects.toThrow('several');
  await expect(onlyRow(answering(), statement, row)).rejects.toThrow('none');
});

test('asking for locks that are free is no wait', () => {
  expect([0.001, 0.04, 4].map((waited) => lockWaitOf({ waited }))).toEqual([0, 0, 4000]);
});
