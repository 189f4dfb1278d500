import * as dbos from '@dbos-inc/dbos-sdk';
import { stock } from './stock.ts';
import { work } from './work.ts';

const { DBOS } = dbos;

export const nightly = DBOS.registerWorkflow(async function cleanUp(_at: Date, _context: unknown): Promise<void> {
  await DBOS.runStep(() => work('sweep'), { name: 'sweep' });
  const check = await DBOS.startWorkflow(stock).check();
  await check.getStatus();
  await check.getResult();
  await dbos.DBOS.sleepms(5);
});
