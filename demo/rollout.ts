import { setTimeout as delay } from 'node:timers/promises';
import type { Shop } from './shop-process.ts';

/*
 * The traffic of the demo. With these durations the old version drains one kind of work after the other, over about
 * 15 seconds. Its parcels wait for the courier.
 */

/** The work in flight on the old version, as the demo prints it: the workflow's name and its state. */
export const OLD_TRAFFIC: readonly (readonly [string, string])[] = [
  ['checkOut', '4 that are running, each in one of its steps'],
  ['holdForPayment', '3 that sleep until the time to pay is over, one of them for two hours'],
  ['printInvoice', '4 in a queue that runs one at a time'],
  ['askForReview', '2 that are delayed'],
  ['fulfilOrder', '1 that waits for its 3 children, `shipParcel`, which wait for the courier'],
];

const PARCELS = 3;
const COLLECTING_MS = 500;

const SLEEPING_ORDER = 'order-1007';
const KILLED_ORDER = { id: 'order-1008', items: 6 };

/** The workflow that sleeps for longer than the gate's timeout. */
export const SLEEPING_WORKFLOW = `${SLEEPING_ORDER}-payment`;

/** The workflow whose process is killed. */
export const KILLED_WORKFLOW = `${KILLED_ORDER.id}-checkout`;

/** Starts that workflow. Resolves when some of its steps have finished, and others are left. */
export async function fillProcessToKill(shop: Shop): Promise<void> {
  await shop.checkOut(KILLED_ORDER);
  await shop.hasPaid(KILLED_ORDER);
}

export async function fillOldVersion(shop: Shop): Promise<void> {
  await Promise.all([
    shop.fulfil({ id: 'order-1001', items: 24 }, PARCELS),
    shop.checkOut({ id: 'order-1002', items: 8 }),
    shop.checkOut({ id: 'order-1003', items: 14 }),
    shop.checkOut({ id: 'order-1004', items: 22 }),
    shop.reserve({ id: 'order-1005', items: 1 }, 8),
    shop.reserve({ id: 'order-1006', items: 2 }, 15),
    shop.reserve({ id: SLEEPING_ORDER, items: 1 }, 2 * 3600),
    shop.invoice({ id: 'order-991', items: 2 }),
    shop.invoice({ id: 'order-992', items: 2 }),
    shop.invoice({ id: 'order-993', items: 2 }),
    shop.invoice({ id: 'order-994', items: 2 }),
    shop.askForReview({ id: 'order-901', items: 1 }, 10),
    shop.askForReview({ id: 'order-902', items: 1 }, 13),
  ]);
}

/** Starts work that mostly takes longer than the old version takes to drain. */
export async function sendTrafficToNewVersion(shop: Shop): Promise<void> {
  await Promise.all([
    shop.fulfil({ id: 'order-2001', items: 80 }, 2),
    shop.checkOut({ id: 'order-2002', items: 3 }),
    shop.checkOut({ id: 'order-2003', items: 120 }),
    shop.reserve({ id: 'order-2004', items: 1 }, 600),
    shop.invoice({ id: 'order-2002', items: 2 }),
  ]);
}

/** The courier collects the parcels of the old version, one after the other. */
export async function collectParcels(shop: Shop): Promise<void> {
  for (let parcel = 1; parcel <= PARCELS; parcel++) {
    await shop.collectParcel();
    await delay(COLLECTING_MS);
  }
}
