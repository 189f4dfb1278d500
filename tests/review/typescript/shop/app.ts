import { createRequire } from 'node:module';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { deliveries } from './delivery.ts';
import { everyCall } from './every-call.ts';
import { nightly } from './nightly.ts';
import { Orders } from './orders.ts';
import { refundPayment, settlePayments } from './payments.ts';
import { receipts, reminders } from './register.ts';
import { Returns } from './returns.ts';
import { stock } from './stock.ts';

/*
 * Starts workflows by their names, and ends when they have: `app.js URL VERSION NAME…`. Their ids are their names. Without
 * a name it recovers what is in flight, and ends on a signal.
 */

const { audit }: { audit: () => Promise<number> } = createRequire(import.meta.url)('./audit.cjs');
const [, , url = '', version = '1.0.0', ...names] = process.argv;
const order = { id: 'o-1', cents: 100 };
const starts: Record<string, (id: string) => Promise<{ getResult(): Promise<unknown> }>> = {
  checkOut: (workflowID) => DBOS.startWorkflow(Orders, { workflowID }).checkOut(order),
  checkOutUnpaid: (workflowID) => DBOS.startWorkflow(Orders, { workflowID }).checkOut({ ...order, cents: 0 }),
  cancelOrder: (workflowID) => DBOS.startWorkflow(Orders, { workflowID }).cancel(order),
  refundPayment: (workflowID) => DBOS.startWorkflow(refundPayment, { workflowID })(100),
  settle: (workflowID) => DBOS.startWorkflow(settlePayments, { workflowID })(['mon', 'tue']),
  refill: (workflowID) => DBOS.startWorkflow(stock, { workflowID }).refill(),
  sendReceipt: (workflowID) => DBOS.startWorkflow(receipts, { workflowID })('a@example.com'),
  remind: (workflowID) => DBOS.startWorkflow(reminders, { workflowID })('a@example.com'),
  deliver: (workflowID) => DBOS.startWorkflow(deliveries, { workflowID })('d-1'),
  acceptReturn: (workflowID) => DBOS.startWorkflow(Returns, { workflowID }).accept('r-1'),
  cleanUp: (workflowID) => DBOS.startWorkflow(nightly, { workflowID })(new Date(), undefined),
  everyCall: (workflowID) => DBOS.startWorkflow(everyCall, { workflowID })(),
  audit: (workflowID) => DBOS.startWorkflow(audit, { workflowID })(),
};

DBOS.setConfig({
  name: 'shop',
  systemDatabaseUrl: url,
  applicationVersion: version,
  enablePatching: true,
  runAdminServer: false,
  logLevel: process.env['SHOP_LOG'] ?? 'error',
});
await DBOS.launch();
const handles = await Promise.all(names.map((name) => starts[name]?.(name)));
if (names.length > 0) {
  await Promise.all(handles.map((handle) => handle?.getResult()));
  await DBOS.shutdown();
}
