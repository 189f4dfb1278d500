import { readSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type * as CurrentSdk from '@dbos-inc/dbos-sdk';
import { answerCalls } from '../support/remote-calls.ts';
import { type AppCalls, FROZEN, type LaunchOptions, type QueueKind, queueName } from './calls.ts';
import { waitsForTheDatabase } from './sessions.ts';
import { FINISH_TOPIC, registerWorkflows } from './workflows.ts';

/*
 * A real DBOS application of a chosen SDK release, a program that the parent process drives. The types are
 * those of the current release; what differs between releases is asked for at run time.
 */

const POLL_MS = 20;
const SHUTDOWN_TIMEOUT_MS = 10_000;
const IN_FLIGHT = new Set(['PENDING', 'ENQUEUED', 'DELAYED']);

type Application = Awaited<ReturnType<typeof launch>>;

async function launch(options: LaunchOptions) {
  // Release 3.0 takes the version from here alone, and looks for it when it is loaded.
  process.env['DBOS__APPVERSION'] = options.version;
  const sdk: typeof CurrentSdk = await import(options.sdk);
  const { DBOS } = sdk;
  const config = {
    name: options.name,
    systemDatabaseUrl: options.databaseUrl,
    // Until release 4 an application had a database of its own; to share it with the system tables is allowed.
    databaseUrl: options.databaseUrl,
    applicationVersion: options.version,
    runAdminServer: false,
    ...(options.schema !== undefined && { systemDatabaseSchemaName: options.schema }),
  };
  DBOS.setConfig(config);
  const registered = registerWorkflows(DBOS);
  if (options.crontab !== undefined) schedule(DBOS, registered.workflows.short, options.crontab);
  // Polling as often as this is a setting of a queue since 4.20; older releases ignore it and poll once a second.
  const polling = { minPollingIntervalMs: 100 };
  const queues = { serial: { concurrency: 1, ...polling }, parallel: polling };
  const kinds: QueueKind[] = ['serial', 'parallel'];
  const hasQueueTable = 'registerQueue' in DBOS;
  if (!hasQueueTable) for (const kind of kinds) declareQueue(sdk, queueName(options.name, kind), queues[kind]);
  await DBOS.launch();
  if (hasQueueTable) {
    for (const kind of kinds) await DBOS.registerQueue(queueName(options.name, kind), queues[kind]);
  }
  return { options, sdk, DBOS, ...registered };
}

/** Before 4.20, to construct a queue was to register it; the constructor has other parameters today. */
function declareQueue(sdk: object, name: string, limits: object): void {
  const WorkflowQueue: unknown = Reflect.get(sdk, 'WorkflowQueue');
  if (typeof WorkflowQueue !== 'function') throw new Error('This SDK has no queues.');
  Reflect.construct(WorkflowQueue, [name, limits]);
}

/** What the decorator `@DBOS.scheduled` calls. */
function schedule(DBOS: object, workflow: object, crontab: string): void {
  const registerScheduled: unknown = Reflect.get(DBOS, 'registerScheduled');
  if (typeof registerScheduled !== 'function') throw new Error('This SDK has no schedules in the process.');
  registerScheduled.call(DBOS, workflow, { name: 'short', crontab });
}

let launched: Application | undefined;

function app(): Application {
  if (launched === undefined) throw new Error('The application is not launched.');
  return launched;
}

async function status(id: string): Promise<string | undefined> {
  return (await app().DBOS.getWorkflowStatus(id))?.status;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(POLL_MS);
}

async function hasStep(id: string): Promise<boolean> {
  return ((await app().DBOS.listWorkflowSteps(id)) ?? []).length > 0;
}

async function ended(id: string): Promise<string> {
  for (;;) {
    const current = await status(id);
    if (current === undefined) throw new Error(`There is no workflow ${id}.`);
    if (!IN_FLIGHT.has(current)) return current;
    await delay(POLL_MS);
  }
}

const calls: AppCalls = {
  launch: async (options) => {
    launched = await launch(options);
  },

  startHeld: async () => {
    const { DBOS, begun, workflows } = app();
    const { workflowID } = await DBOS.startWorkflow(workflows.held)();
    await begun.passed(workflowID);
    return workflowID;
  },

  startReceiving: async () => {
    const { DBOS, workflows } = app();
    const { workflowID } = await DBOS.startWorkflow(workflows.receiving)();
    await until(() => hasStep(workflowID));
    return workflowID;
  },

  startSleeping: async (milliseconds) => {
    const { DBOS, workflows } = app();
    const { workflowID } = await DBOS.startWorkflow(workflows.sleeping)(milliseconds);
    await until(() => hasStep(workflowID));
    return workflowID;
  },

  startParent: async (count) => {
    const { DBOS, begun, workflows } = app();
    const { workflowID: id } = await DBOS.startWorkflow(workflows.parent)(count);
    await begun.passed(id);
    await until(async () => begun.idsBelow(id).length === count);
    return { id, children: begun.idsBelow(id) };
  },

  runShort: async () => {
    const { DBOS, workflows } = app();
    const { workflowID } = await DBOS.startWorkflow(workflows.short)();
    await ended(workflowID);
    return workflowID;
  },

  enqueue: async ({ queue, delaySeconds }) => {
    const { DBOS, options, workflows } = app();
    // A release that cannot delay would ignore the delay without a word.
    if (delaySeconds !== undefined && !('setWorkflowDelay' in DBOS)) {
      throw new Error(`${options.sdk} cannot delay a workflow.`);
    }
    const { workflowID } = await DBOS.startWorkflow(workflows.held, {
      queueName: queueName(options.name, queue),
      ...(delaySeconds !== undefined && { enqueueOptions: { delaySeconds } }),
    })();
    return workflowID;
  },

  runThroughQueue: async (count) => {
    const { DBOS, options, workflows } = app();
    const began = performance.now();
    const queue = { queueName: queueName(options.name, 'parallel') };
    const start = () => DBOS.startWorkflow(workflows.short, queue)();
    const handles = await Promise.all(Array.from({ length: count }, start));
    await Promise.all(handles.map((handle) => handle.getResult()));
    return performance.now() - began;
  },

  enqueueByClient: async ({ queue, version }) => {
    const { sdk, options } = app();
    const client = await sdk.DBOSClient.create({
      systemDatabaseUrl: options.databaseUrl,
      ...(options.schema !== undefined && { systemDatabaseSchemaName: options.schema }),
    });
    try {
      const { workflowID } = await client.enqueue({
        workflowName: 'held',
        queueName: queueName(options.name, queue),
        ...(version !== undefined && { appVersion: version }),
      });
      return workflowID;
    } finally {
      await client.destroy();
    }
  },

  debounce: async (key, periodMs) => {
    const { sdk, workflows } = app();
    const { workflowID } = await new sdk.Debouncer({ workflow: workflows.short }).debounce(key, periodMs);
    return workflowID;
  },

  begun: (id) => app().begun.passed(id),

  finish: async (id) => {
    const { DBOS, begun, released } = app();
    const workflow = await DBOS.getWorkflowStatus(id);
    if (workflow?.workflowName === 'receiving') await DBOS.send(id, true, FINISH_TOPIC);
    for (const each of [id, ...begun.idsBelow(id)]) released.open(each);
    await ended(id);
  },

  ended,
  status,
  cancel: (id) => app().DBOS.cancelWorkflow(id),
  setLatestVersion: (version) => app().DBOS.setLatestApplicationVersion(version),

  block: async () => {
    while (waitsForTheDatabase()) await delay(1);
    // By number: the stream of standard input would make it one that does not block.
    writeSync(1, FROZEN);
    readSync(0, Buffer.alloc(1));
  },

  shutdown: async () => {
    const { DBOS, running } = app();
    if (running.size > 0) {
      throw new Error(`Finish these workflows first, or kill the application: ${[...running].join(', ')}.`);
    }
    await DBOS.shutdown({ workflowCompletionTimeoutMS: SHUTDOWN_TIMEOUT_MS });
  },
};

answerCalls(calls);
