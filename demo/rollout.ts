import type { Shop } from './shop-process.ts';

/*
 * The traffic of the demo. The lengths are chosen so that the old version drains bit by bit, one kind of work
 * after the other, over some fifteen seconds.
 */

/** What the orders leave in flight on the old version, in words for whoever watches. */
export const OLD_TRAFFIC: readonly (readonly [string, string])[] = [
  ['checkOut', '3 that run, each in one of its four steps'],
  ['holdForPayment', '2 that sleep, until the time to pay is over'],
  ['printInvoice', '4 in a queue that takes one at a time'],
  ['askForReview', '2 that are delayed'],
  ['fulfilOrder', '1 that waits for its 3 children, `shipParcel`'],
];

export async function fillOldVersion(shop: Shop): Promise<void> {
  await shop.fulfil({ id: 'order-1001', items: 24 }, [5, 9, 14]);
  await shop.checkOut({ id: 'order-1002', items: 4 });
  await shop.checkOut({ id: 'order-1003', items: 7 });
  await shop.checkOut({ id: 'order-1004', items: 11 });
  await shop.reserve({ id: 'order-1005', items: 1 }, 8);
  await shop.reserve({ id: 'order-1006', items: 2 }, 15);
  for (const [index, items] of [2, 3, 2, 3].entries())
    await shop.invoice({ id: `order-99${index + 1}`, items });
  await shop.askForReview({ id: 'order-901', items: 1 }, 10);
  await shop.askForReview({ id: 'order-902', items: 1 }, 13);
}

/** Most of it takes longer than the old version takes to drain. */
export async function sendTrafficToNewVersion(shop: Shop): Promise<void> {
  await shop.checkOut({ id: 'order-2001', items: 3 });
  await shop.checkOut({ id: 'order-2002', items: 60 });
  await shop.reserve({ id: 'order-2003', items: 1 }, 600);
  await shop.fulfil({ id: 'order-2004', items: 80 }, [30, 50]);
  await shop.invoice({ id: 'order-2001', items: 2 });
}
