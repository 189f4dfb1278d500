import { DBOS } from '@dbos-inc/dbos-sdk';
import { work } from './work.ts';

export const chargeCard = DBOS.registerStep(
  async (cents: number): Promise<boolean> => {
    await work('chargeCard');
    return cents > 0;
  },
  { name: 'chargeCard' },
);

async function sendMoney(): Promise<string> {
  return work('sendMoney');
}

export const refundPayment = DBOS.registerWorkflow(
  async (cents: number): Promise<number> => {
    await DBOS.runStep(sendMoney);
    await DBOS.runStep(() => work('bookRefund'), { name: 'bookRefund' });
    return cents;
  },
  { name: 'refundPayment' },
);

/** The day's payments: one after the other, then the books. */
async function settle(days: readonly string[]): Promise<string> {
  const startedAt = await DBOS.now();
  for (const day of days) {
    await DBOS.runStep(() => work(day), { name: 'settleDay' });
  }
  const batches = await Promise.all(days.map((day) => DBOS.runStep(() => work(day), { name: 'closeBatch' })));
  const id = await DBOS.randomUUID();
  await refundPayment(0);
  return `${id} ${startedAt} ${batches.length}`;
}

export const settlePayments = DBOS.registerWorkflow(settle);
