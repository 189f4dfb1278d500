import type { Shop } from './shop-process.ts';

/*
 * The traffic of the demo. With these durations the old version drains one kind of work after the other, over about
 * 15 seconds.
 */

/** The work in flight on the old version, as the demo prints it: the workflow's name and its state. */
export const OLD_TRAFFIC: readonly (readonly [string, string])[] = [
  ['checkOut', '3 that run, each in one of its four steps'],
  ['holdForPayment', '3 that sleep until the time to pay is over, one of them for two hours'],
  ['printInvoice', '4 in a queue that takes one at a time'],
  ['askForReview', '2 that are delayed'],
  ['fulfilOrder', '1 that waits for its 3 children, `shipParcel`'],
];

/** The order whose workflow sleeps for longer than the gate's timeout. */
const PATIENT_ORDER = 'order-1007';

/** The workflow id of that order. */
export const PATIENT_WORKFLOW = `${PATIENT_ORDER}-payment`;

export async function fillOldVersion(shop: Shop): Promise<void> {
  await Promise.all([
    shop.fulfil({ id: 'order-1001', items: 24 }, [5, 9, 14]),
    shop.checkOut({ id: 'order-1002', items: 4 }),
    shop.checkOut({ id: 'order-1003', items: 7 }),
    shop.checkOut({ id: 'order-1004', items: 11 }),
    shop.reserve({ id: 'order-1005', items: 1 }, 8),
    shop.reserve({ id: 'order-1006', items: 2 }, 15),
    shop.reserve({ id: PATIENT_ORDER, items: 1 }, 2 * 3600),
    shop.invoice({ id: 'order-991', items: 2 }),
    shop.invoice({ id: 'order-992', items: 3 }),
    shop.invoice({ id: 'order-993', items: 2 }),
    shop.invoice({ id: 'order-994', items: 3 }),
    shop.askForReview({ id: 'order-901', items: 1 }, 10),
    shop.askForReview({ id: 'order-902', items: 1 }, 13),
  ]);
}

/** Starts work that mostly takes longer than the old version takes to drain. */
export async function sendTrafficToNewVersion(shop: Shop): Promise<void> {
  await Promise.all([
    shop.fulfil({ id: 'order-2001', items: 80 }, [30, 50]),
    shop.checkOut({ id: 'order-2002', items: 3 }),
    shop.checkOut({ id: 'order-2003', items: 60 }),
    shop.reserve({ id: 'order-2004', items: 1 }, 600),
    shop.invoice({ id: 'order-2002', items: 2 }),
  ]);
}
