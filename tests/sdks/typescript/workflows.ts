import type * as Sdk from '@dbos-inc/dbos-sdk';

/** Steps that last until they are released, by the ids of their workflows. */
export class Releases {
  readonly #gates = new Map<string, PromiseWithResolvers<void>>();

  of(id: string): PromiseWithResolvers<void> {
    const gate = this.#gates.get(id) ?? Promise.withResolvers<void>();
    this.#gates.set(id, gate);
    return gate;
  }
}

export type Workflow = (millis: number) => Promise<unknown>;

/** Registers the workflows of `protocol.ts`, all of which take `millis`. */
export function registerWorkflows({ DBOS, ConfiguredInstance }: typeof Sdk, releases: Releases) {
  const id = () => DBOS.workflowID ?? '';
  const step = (name = 'work') => DBOS.runStep(async () => {}, { name });
  const work = (of: string) => DBOS.runStep(() => releases.of(of).promise, { name: 'work' });
  const register = (name: string, body: Workflow) => DBOS.registerWorkflow(body, { name });

  const short = register('short', async () => {});
  const held = register('held', () => work(id()));
  const receive = (millis: number) => DBOS.recv('finish', millis / 1000);
  const getEvent = (millis: number) => DBOS.getEvent(`${id()}-source`, 'finish', millis / 1000);
  const functions: Record<string, Workflow> = {
    short,
    held,
    sleepFirst: register('sleepFirst', (millis) => DBOS.sleep(millis)),
    sleepAfterStep: register('sleepAfterStep', async (millis) => {
      await step();
      await DBOS.sleep(millis);
    }),
    sleepAfterChild: register('sleepAfterChild', async (millis) => {
      const child = await DBOS.startWorkflow(short)(0);
      await child.getResult();
      await DBOS.sleep(millis);
    }),
    sleepAfterPatch: register('sleepAfterPatch', async (millis) => {
      await DBOS.patch('table');
      await DBOS.sleep(millis);
    }),
    receiveFirst: register('receiveFirst', receive),
    receiveAfterStep: register('receiveAfterStep', async (millis) => {
      await step();
      await receive(millis);
    }),
    eventFirst: register('eventFirst', getEvent),
    eventAfterStep: register('eventAfterStep', async (millis) => {
      await step();
      await getEvent(millis);
    }),
    parent: register('parent', async () => {
      const child = await DBOS.startWorkflow(held, { workflowID: `${id()}-child` })(0);
      await child.getResult();
    }),
    retrying: register('retrying', (millis) =>
      DBOS.runStep(() => Promise.reject(new Error('again')), {
        name: 'work',
        retriesAllowed: true,
        intervalSeconds: millis / 1000,
        maxAttempts: 10,
        backoffRate: 1,
      }),
    ),
    race: register('race', async (millis) => {
      await Promise.race([DBOS.sleep(millis), work(id())]);
    }),
  };

  class Shop extends ConfiguredInstance {
    static async classHeld(_millis: number): Promise<void> {
      await work(id());
    }

    async instanceHeld(_millis: number): Promise<void> {
      await work(id());
    }
  }
  const { classHeld } = Shop;
  functions['classHeld'] = DBOS.registerWorkflow(classHeld, { name: 'classHeld', ctorOrProto: Shop });
  Shop.prototype.instanceHeld = DBOS.registerWorkflow(Shop.prototype.instanceHeld, {
    name: 'instanceHeld',
    ctorOrProto: Shop.prototype,
  });
  const instances = { blue: new Shop('blue'), green: new Shop('green') };
  return { functions, instances, short };
}
