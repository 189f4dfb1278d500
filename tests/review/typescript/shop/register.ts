import { DBOS } from '@dbos-inc/dbos-sdk';
import { sendReceipt, sendReminder } from './emails.ts';

export const receipts = DBOS.registerWorkflow(sendReceipt);
export const reminders = DBOS.registerWorkflow(sendReminder, { name: 'remind' });
