import { DBOS } from '@dbos-inc/dbos-sdk';
import { work } from './work.ts';

const book = DBOS.registerStep(async function bookCourier(): Promise<string> {
  return work('bookCourier');
});

const deliver = async (id: string): Promise<string> => {
  const courier = await book();
  await DBOS.send(DBOS.workflowID ?? id, 'ready', 'pickup');
  await DBOS.recv('pickup', 5);
  if (await DBOS.patch('weigh-parcels')) {
    await DBOS.runStep(() => work('weighParcel'), { name: 'weighParcel' });
  } else {
    await DBOS.runStep(() => work('guessWeight'), { name: 'guessWeight' });
  }
  const isTracked = await DBOS.patch('track-parcels');
  if (!isTracked) return courier;
  await DBOS.getEvent(`nobody-${id}`, 'signed', 0.01);
  await DBOS.runStep(() => work('trackParcel'), { name: 'trackParcel' });
  return courier;
};

export const deliveries = DBOS.registerWorkflow(deliver, { name: 'deliver', className: 'Delivery' });
