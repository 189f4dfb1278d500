import { setTimeout as delay } from 'node:timers/promises';
import { DBOS } from '@dbos-inc/dbos-sdk';
import type { Order } from './calls.ts';

/* The workflows of the shop. Calls to a warehouse or a bank are replaced by waiting. */

const A_CALL_MS = 600;
const AN_ITEM_MS = 500;

/** The event that `fulfilOrder` sets when it has started all parcels. */
export const PARCELS = 'parcels';

/** The event that `checkOut` sets when the customer has paid. */
export const PAID = 'paid';

export const checkOut = DBOS.registerWorkflow(
  async ({ items }: Order) => {
    await work('reserveStock', A_CALL_MS);
    await work('chargeCard', A_CALL_MS);
    await DBOS.setEvent(PAID, true);
    for (let item = 0; item < items; item++) await work('packItem', AN_ITEM_MS);
    await work('bookCourier', A_CALL_MS);
    await work('sendReceipt', A_CALL_MS);
  },
  { name: 'checkOut' },
);

export const holdForPayment = DBOS.registerWorkflow(
  async (_order: Order, seconds: number) => {
    await work('reserveStock', A_CALL_MS);
    await DBOS.sleepSeconds(seconds);
    await work('releaseStock', A_CALL_MS);
  },
  { name: 'holdForPayment' },
);

export const printInvoice = DBOS.registerWorkflow(
  async ({ items }: Order) => {
    await work('renderPdf', items * AN_ITEM_MS);
    await work('archive', A_CALL_MS);
  },
  { name: 'printInvoice' },
);

export const askForReview = DBOS.registerWorkflow(
  async (_order: Order) => {
    await work('sendMail', A_CALL_MS);
  },
  { name: 'askForReview' },
);

/** The number of parcels that the courier has collected from this process. */
let collected = 0;

/** The courier collects the next parcel, in the order of their numbers. */
export function collectParcel(): void {
  collected++;
}

const shipParcel = DBOS.registerWorkflow(
  async (_order: Order, number: number) => {
    await work('printLabel', A_CALL_MS);
    while (!(await isCollected(number))) {
      // Each question is a step of its own.
    }
  },
  { name: 'shipParcel' },
);

export const fulfilOrder = DBOS.registerWorkflow(
  async (order: Order, count: number) => {
    await work('allocateWarehouse', A_CALL_MS);
    const parcels = [];
    for (let number = 1; number <= count; number++) {
      const workflowID = `${order.id}-parcel-${number}`;
      parcels.push(await DBOS.startWorkflow(shipParcel, { workflowID })(order, number));
    }
    await DBOS.setEvent(PARCELS, parcels.length);
    for (const parcel of parcels) await parcel.getResult();
    await work('notifyCustomer', A_CALL_MS);
  },
  { name: 'fulfilOrder' },
);

function work(name: string, milliseconds: number): Promise<void> {
  return DBOS.runStep(() => delay(milliseconds), { name });
}

function isCollected(parcel: number): Promise<boolean> {
  const ask = async () => {
    await delay(A_CALL_MS);
    return parcel <= collected;
  };
  return DBOS.runStep(ask, { name: 'askCourier' });
}
