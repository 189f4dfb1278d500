import { DBOS } from '@dbos-inc/dbos-sdk';
import { answerCalls } from '../../tests/support/remote-calls.ts';
import type { ShopCalls } from './calls.ts';
import {
  askForReview,
  checkOut,
  collectParcel,
  fulfilOrder,
  holdForPayment,
  PAID,
  PARCELS,
  printInvoice,
} from './workflows.ts';

/* The shop: a separate program. It takes orders from the process that started it, and exits with that process. */

const INVOICES = 'invoices';
const MAIL = 'mail';

const calls: ShopCalls = {
  open: async ({ version, executor, databaseUrl }) => {
    DBOS.setConfig({
      name: 'shop',
      applicationVersion: version,
      executorID: executor,
      systemDatabaseUrl: databaseUrl,
    });
    await DBOS.launch();
    const minPollingIntervalMs = 250;
    await DBOS.registerQueue(INVOICES, { workerConcurrency: 1, minPollingIntervalMs });
    await DBOS.registerQueue(MAIL, { minPollingIntervalMs });
  },

  checkOut: async (order) => {
    await DBOS.startWorkflow(checkOut, { workflowID: `${order.id}-checkout` })(order);
  },

  hasPaid: async ({ id }) => {
    await DBOS.getEvent(`${id}-checkout`, PAID);
  },

  reserve: async (order, seconds) => {
    await DBOS.startWorkflow(holdForPayment, { workflowID: `${order.id}-payment` })(order, seconds);
  },

  invoice: async (order) => {
    const options = { workflowID: `${order.id}-invoice`, queueName: INVOICES };
    await DBOS.startWorkflow(printInvoice, options)(order);
  },

  askForReview: async (order, delaySeconds) => {
    const options = { workflowID: `${order.id}-review`, queueName: MAIL, enqueueOptions: { delaySeconds } };
    await DBOS.startWorkflow(askForReview, options)(order);
  },

  fulfil: async (order, parcels) => {
    const workflowID = `${order.id}-fulfilment`;
    await DBOS.startWorkflow(fulfilOrder, { workflowID })(order, parcels);
    await DBOS.getEvent(workflowID, PARCELS);
  },

  collectParcel: async () => collectParcel(),

  countByStatus: async (applicationVersion) => {
    const workflows = await DBOS.listWorkflows({ applicationVersion, loadInput: false, loadOutput: false });
    const counts: Record<string, number> = {};
    for (const { status } of workflows) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  },

  close: () => DBOS.shutdown(),
};

// A signal to the whole process group, like Ctrl-C, is handled by the process that started this one.
process.on('SIGTERM', () => {});
answerCalls(calls);
