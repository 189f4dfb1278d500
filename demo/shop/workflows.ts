import { setTimeout as delay } from 'node:timers/promises';
import { DBOS } from '@dbos-inc/dbos-sdk';
import type { Order } from './calls.ts';

/* The workflows of the shop. Calls to a warehouse, a bank or a courier are replaced by waiting. */

const A_CALL_MS = 600;
const AN_ITEM_MS = 1000;

/** The event that `fulfilOrder` sets when it has started all parcels. */
export const PARCELS = 'parcels';

export const checkOut = DBOS.registerWorkflow(
  async ({ items }: Order) => {
    await work('reserveStock', A_CALL_MS);
    await work('chargeCard', items * AN_ITEM_MS);
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

const shipParcel = DBOS.registerWorkflow(
  async (_order: Order, items: number) => {
    await work('pickItems', items * AN_ITEM_MS);
    await work('printLabel', A_CALL_MS);
    await work('handToCourier', A_CALL_MS);
  },
  { name: 'shipParcel' },
);

export const fulfilOrder = DBOS.registerWorkflow(
  async (order: Order, itemsOfParcels: readonly number[]) => {
    await work('allocateWarehouse', A_CALL_MS);
    const parcels = [];
    for (const [index, items] of itemsOfParcels.entries()) {
      const workflowID = `${order.id}-parcel-${index + 1}`;
      parcels.push(await DBOS.startWorkflow(shipParcel, { workflowID })(order, items));
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
