import { DBOS as D } from '@dbos-inc/dbos-sdk';
import { refundPayment } from './payments.ts';
import { work } from './work.ts';

export class Returns {
  static async accept(id: string): Promise<string> {
    try {
      await Returns.inspectGoods(id);
    } catch {
      await D.runStep(() => work('rejectGoods'), { name: 'rejectGoods' });
    }
    await D.writeStream('progress', 'inspected');
    await D.closeStream('progress');
    return D.startWorkflow(refundPayment)(5).then((handle) => handle.getResult().then(String));
  }

  static async inspectGoods(id: string): Promise<string> {
    return work(`inspect ${id}`);
  }
}

Returns.inspectGoods = D.registerStep(Returns.inspectGoods, { name: 'inspectGoods' });
Returns.accept = D.registerWorkflow(Returns.accept, { name: 'acceptReturn', ctorOrProto: Returns });
