import { DBOS } from '@dbos-inc/dbos-sdk';
import { work } from './work.ts';

/** `register.ts` makes workflows of these. */
export async function sendReceipt(to: string): Promise<string> {
  const text = await DBOS.runStep(() => work(`write to ${to}`), { name: 'writeReceipt' });
  await DBOS.runStep(() => work('mailReceipt'), { name: 'mailReceipt' });
  return text;
}

export async function sendReminder(to: string): Promise<void> {
  await DBOS.sleep(10);
  await DBOS.runStep(() => work(`remind ${to}`), { name: 'mailReminder' });
}
