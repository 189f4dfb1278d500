import { DBOS } from '@dbos-inc/dbos-sdk';
import { chargeCard, refundPayment } from './payments.ts';
import { work } from './work.ts';

export interface Order {
  readonly id: string;
  readonly cents: number;
}

const NOTICE = 'notifyShop';

export class Orders {
  @DBOS.step()
  static async reserveStock(order: Order): Promise<string> {
    await work('reserveStock');
    return `reserved ${order.id}`;
  }

  @DBOS.step({ name: 'packBox' })
  static async pack(order: Order): Promise<string> {
    await work('packBox');
    return `packed ${order.id}`;
  }

  @DBOS.step()
  static async releaseStock(reservation: string): Promise<void> {
    await work(`release ${reservation}`);
  }

  /** Takes an order. */
  @DBOS.workflow()
  static async checkOut(order: Order): Promise<string> {
    const reservation = await Orders.reserveStock(order);
    const isPaid = await chargeCard(order.cents);
    if (!isPaid) {
      await Orders.releaseStock(reservation);
      return 'unpaid';
    }
    await DBOS.sleep(20);
    await Orders.pack(order);
    await DBOS.runStep(() => work(NOTICE), { name: NOTICE });
    await DBOS.setEvent('state', 'packed');
    return reservation;
  }

  @DBOS.workflow({ name: 'cancelOrder' })
  static async cancel(order: Order): Promise<void> {
    await Orders.releaseStock(order.id);
    const refund = await DBOS.startWorkflow(refundPayment)(order.cents);
    await Orders.tell(order);
    await refund.getResult();
  }

  /** Not a step: what it calls is recorded. */
  static async tell(order: Order): Promise<void> {
    await DBOS.runStep(async () => work(`tell ${order.id}`), { name: 'tellCustomer' });
    await DBOS.send(`inbox-${order.id}`, 'cancelled', 'news').catch(() => undefined);
  }
}
