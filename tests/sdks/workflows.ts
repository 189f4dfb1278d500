import type { DBOS as CurrentDBOS } from '@dbos-inc/dbos-sdk';

/** One promise a workflow id, made when either side first asks for it. */
class Gates {
  readonly #gates = new Map<string, PromiseWithResolvers<void>>();

  passed(id: string): Promise<void> {
    return this.#of(id).promise;
  }

  open(id: string): void {
    this.#of(id).resolve();
  }

  idsBelow(parent: string): string[] {
    return [...this.#gates.keys()].filter((id) => id.startsWith(`${parent}-`));
  }

  #of(id: string): PromiseWithResolvers<void> {
    const gate = this.#gates.get(id) ?? Promise.withResolvers<void>();
    this.#gates.set(id, gate);
    return gate;
  }
}

export const FINISH_TOPIC = 'finish';
const RECEIVE_TIMEOUT_SECONDS = 3600;

/**
 * The workflows of the test application, registered with the given SDK. They use only what every release
 * from 3.0 to 5.3 has.
 */
export function registerWorkflows(DBOS: typeof CurrentDBOS) {
  const begun = new Gates();
  const released = new Gates();
  const running = new Set<string>();

  function register<Args extends unknown[]>(
    name: string,
    body: (id: string, ...args: Args) => Promise<unknown>,
  ): (...args: Args) => Promise<void> {
    const run = async (...args: Args) => {
      const id = DBOS.workflowID;
      if (id === undefined) throw new Error('Not in a workflow.');
      running.add(id);
      try {
        await body(id, ...args);
      } finally {
        running.delete(id);
      }
    };
    return DBOS.registerWorkflow(run, { name });
  }

  const short = register('short', async (id) => begun.open(id));

  const held = register('held', (id) => {
    const work = () => {
      begun.open(id);
      return released.passed(id);
    };
    return DBOS.runStep(work, { name: 'work' });
  });

  const receiving = register('receiving', (id) => {
    begun.open(id);
    return DBOS.recv(FINISH_TOPIC, RECEIVE_TIMEOUT_SECONDS);
  });

  const sleeping = register('sleeping', (id, milliseconds: number) => {
    begun.open(id);
    return DBOS.sleep(milliseconds);
  });

  const parent = register('parent', async (id, children: number) => {
    const handles = [];
    for (let child = 0; child < children; child++) handles.push(await DBOS.startWorkflow(held)());
    begun.open(id);
    for (const handle of handles) await handle.getResult();
  });

  return { begun, released, running, workflows: { short, held, receiving, sleeping, parent } };
}
