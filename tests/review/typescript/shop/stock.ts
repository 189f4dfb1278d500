import { ConfiguredInstance, DBOS } from '@dbos-inc/dbos-sdk';
import { work } from './work.ts';

@DBOS.className('Warehouse')
export class Stock extends ConfiguredInstance {
  @DBOS.step()
  async count(): Promise<number> {
    await work('count');
    return 2;
  }

  @DBOS.workflow()
  async refill(): Promise<number> {
    const missing = await this.count();
    await this.orderGoods(missing);
    await this.check();
    return missing;
  }

  @DBOS.workflow()
  async check(): Promise<string> {
    return DBOS.runStep(() => work('inspect'), { name: 'inspect' });
  }

  private async orderGoods(missing: number): Promise<void> {
    for (let each = 0; each < missing; each += 1) {
      await DBOS.runStep(() => work('orderGoods'), { name: 'orderGoods' });
    }
  }
}

export const stock = new Stock('main');
