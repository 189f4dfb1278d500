import { ConfiguredInstance, DBOS } from '@dbos-inc/dbos-sdk';

/* Everything that DBOS records, and every way in which a function gets its name. */

const arrow = async () => 1;
const expression = async function ownName() {
  return 2;
};
async function declared() {
  return 3;
}
const methods = { async method() {}, property: async () => {}, 'quoted name': async () => {} };
const unnamed = DBOS.registerStep(async () => 4);
const byFunction = DBOS.registerStep(declared);
const byOption = DBOS.registerStep(declared, { name: 'by option' });
const child = DBOS.registerWorkflow(async () => 5, { name: 'child' });
const NAMES = { constant: 'from a constant' } as const;

class Counter extends ConfiguredInstance {
  static one = DBOS.registerStep(async () => 1, { name: 'one' });

  @DBOS.step()
  async two() {
    return 2;
  }

  @DBOS.workflow({ name: 'threeTimes' })
  async three() {
    return 3;
  }

  async sum() {
    return (await Counter.one()) + (await this.two()) + (await this.three());
  }
}
const counter = new Counter('counter');

export const everyNight = DBOS.registerWorkflow(async (_at: Date, _context: unknown) => {}, { name: 'everyNight' });

async function names() {
  await DBOS.runStep(async () => 1);
  await DBOS.runStep(arrow);
  await DBOS.runStep(expression);
  await DBOS.runStep(declared);
  await DBOS.runStep(methods.method);
  await DBOS.runStep(methods.property);
  await DBOS.runStep(methods['quoted name']);
  await DBOS.runStep(declared.bind(undefined));
  await DBOS.runStep(declared, { name: 'caf\u00e9 `1`' });
  await DBOS.runStep(arrow, { name: NAMES.constant });
  await DBOS.runStep(arrow, { name: undefined as unknown as string });
  await unnamed();
  await byFunction();
  await byOption();
  await counter.sum();
  await Promise.all([byOption(), DBOS.runStep(arrow), unnamed()]);
  await (async () => {
    await DBOS.runStep(arrow, { name: 'called where it stands' });
  })();
}

async function waits(id: string) {
  await DBOS.sleep(1);
  await DBOS.sleepms(1);
  await DBOS.sleepSeconds(0.001);
  await DBOS.sleep(0);
  await DBOS.send(id, 'message', 'topic');
  await DBOS.recv('topic', 5);
  await DBOS.recv('topic', { timeoutSeconds: 0.01 });
  await DBOS.setEvent('key', 1);
  await DBOS.getEvent(id, 'key', 5);
  await DBOS.getEvent('nobody', 'key', { timeoutSeconds: 0.01 });
}

async function children(id: string): Promise<string> {
  const handle = await DBOS.startWorkflow(child)();
  await handle.getResult();
  await handle.getStatus();
  await child();
  await (await DBOS.startWorkflow(counter).three()).getResult();
  await DBOS.withNextWorkflowID(`${id}-next`, async () => {
    await DBOS.startWorkflow(child)();
  });
  await DBOS.withWorkflowTimeout(60_000, () => child());
  await DBOS.enqueueWorkflowWithOptions({ workflowName: 'child', queueName: 'nobody-listens' });
  return handle.workflowID;
}

async function others(id: string, other: string) {
  await DBOS.getResult(other);
  const handle = DBOS.retrieveWorkflow(other);
  await handle.getStatus();
  await handle.getResult();
  await DBOS.getWorkflowStatus(other);
  await DBOS.waitFirst([handle]);
  await DBOS.waitAll([handle]);
  await DBOS.listWorkflows({ limit: 1 });
  await DBOS.listQueuedWorkflows({ limit: 1 });
  await DBOS.listWorkflowSteps(other);
  await DBOS.forkWorkflow(other, 0);
  await DBOS.cancelWorkflow(other);
  await DBOS.cancelWorkflows([other]);
  await DBOS.resumeWorkflow(other);
  await DBOS.resumeWorkflows([other]);
  await DBOS.deleteWorkflow('nobody');
  await DBOS.deleteWorkflows(['nobody']);
  await DBOS.rewindWorkflow('nobody').catch(() => undefined);
  await DBOS.setWorkflowPriority(other, 1);
  await DBOS.setWorkflowDelay(other, 1);
  await DBOS.now();
  await DBOS.randomUUID();
  await DBOS.writeStream('stream', 1);
  await DBOS.closeStream('stream');
  await DBOS.readStreamOffset(id, 'stream', 0);
  for await (const _value of DBOS.readStream(id, 'stream'));
}

async function twice(name: string) {
  await DBOS.runStep(arrow, { name: 'first of two' });
  await DBOS.runStep(arrow, { name: 'second of two' });
  return name;
}

async function later() {
  await Promise.resolve();
  await DBOS.runStep(arrow, { name: 'after a wait' });
}

/* What is started first and awaited later: ids are given when a call starts. */
async function together() {
  const step = byOption();
  const two = twice('a');
  const handle = DBOS.startWorkflow(child)();
  const ended = child();
  await DBOS.runStep(arrow, { name: 'before the second' });
  await two;
  await (await handle).getResult();
  await ended;
  await step;
  const waits = later();
  await DBOS.runStep(arrow, { name: 'before the wait' });
  await waits;
  const result = await Promise.all([twice('b'), DBOS.recv('nothing', { timeoutSeconds: 0.01 }), byFunction()]);
  const chain = byOption().then(() => byFunction());
  await DBOS.runStep(arrow, { name: 'before the chain' });
  await chain;
  const called = (async () => {
    await DBOS.runStep(arrow, { name: 'called at once' });
    await DBOS.runStep(arrow, { name: 'called and waited' });
  })();
  await Promise.allSettled([called, DBOS.sleep(1)]);
  return result;
}

async function schedules() {
  await DBOS.createSchedule({ scheduleName: 'nights', workflowFn: everyNight, schedule: '0 0 1 1 *' });
  await DBOS.listSchedules();
  await DBOS.getSchedule('nights');
  await DBOS.pauseSchedule('nights');
  await DBOS.resumeSchedule('nights');
  await DBOS.updateSchedule('nights', { schedule: '0 0 2 1 *' });
  await DBOS.deleteSchedule('nights');
  await DBOS.listApplicationVersions();
  await DBOS.getLatestApplicationVersion();
}

export const everyCall = DBOS.registerWorkflow(
  async (): Promise<void> => {
    const id = DBOS.workflowID ?? '';
    await names();
    await waits(id);
    const other = await children(id);
    await others(id, other);
    await schedules();
    await together();
    let isNew = false;
    isNew = await DBOS.patch('newer');
    if (isNew) await DBOS.runStep(arrow, { name: 'behind a variable' });
    await DBOS.patch('new');
    await DBOS.deprecatePatch('old');
    await DBOS.runStep(
      async () => {
        await DBOS.runStep(arrow, { name: 'in a step' });
        await byOption();
      },
      { name: 'outer' },
    );
  },
  { name: 'everyCall' },
);
