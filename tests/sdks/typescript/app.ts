import { setTimeout as delay } from 'node:timers/promises';
import type * as CurrentSdk from '@dbos-inc/dbos-sdk';
import { type Calls, type QueueKind, UNSUPPORTED } from '../protocol.ts';
import { answerCalls } from './answer.ts';
import { Releases, registerWorkflows } from './workflows.ts';

/*
 * The application of `protocol.ts` with a release of the TypeScript SDK, which the command line names as it is installed:
 * `dbos-5.3.0`. The types are those of the current release.
 */

const [, , installed = ''] = process.argv;
const SHUTDOWN_MS = 2000;
const QUEUES: readonly QueueKind[] = ['serial', 'parallel', 'partitioned'];
const queueName = (application: string, kind: QueueKind) => `${application}-${kind}`;

const releases = new Releases();
let launched: Awaited<ReturnType<typeof launch>> | undefined;

function app() {
  if (launched === undefined) throw new Error('The application is not launched.');
  return launched;
}

async function launch(params: Parameters<Calls['launch']>[0]) {
  const sdk: typeof CurrentSdk = await import(installed);
  const { DBOS } = sdk;
  DBOS.setConfig({
    name: params.application,
    systemDatabaseUrl: params.url,
    runAdminServer: false,
    enablePatching: true,
    ...(params.version !== undefined && { applicationVersion: params.version }),
    ...(params.executor !== undefined && { executorID: params.executor }),
  });
  const registered = registerWorkflows(sdk, releases);
  if (params.scheduled) schedule(DBOS, registered.short);
  await DBOS.launch();
  for (const kind of QUEUES) {
    await DBOS.registerQueue(queueName(params.application, kind), {
      minPollingIntervalMs: 100,
      ...limitsOf(sdk, kind),
    });
  }
  return { params, sdk, DBOS, ...registered };
}

/** Until 4.27 the one limit of a queue with partitions was that of each. */
function limitsOf(sdk: object, kind: QueueKind): object {
  if (kind === 'serial') return { concurrency: 1 };
  if (kind === 'parallel') return {};
  const before427 = !('DBOSStepNondeterminismError' in sdk) && /-4\.(?:[0-9]|1\d|2[0-6])\./.test(installed);
  return before427 ? { concurrency: 1, partitionQueue: true } : { partitionConcurrency: 1 };
}

/** What the decorator `@DBOS.scheduled` calls, before release 5. */
function schedule(DBOS: object, workflow: object): void {
  const registerScheduled: unknown = Reflect.get(DBOS, 'registerScheduled');
  if (typeof registerScheduled !== 'function') throw new Error(`${UNSUPPORTED}no schedules in the process`);
  registerScheduled.call(DBOS, workflow, { name: 'short', crontab: '* * * * * *' });
}

const calls: Calls = {
  launch: async (params) => {
    launched = await launch(params);
    return null;
  },

  start: async ({ workflow, id, millis = 0, instance, queue, partition, delayMillis, timeoutMillis }) => {
    const { DBOS, params, functions, instances } = app();
    const enqueueOptions = {
      ...(partition !== undefined && { queuePartitionKey: partition }),
      ...(delayMillis !== undefined && { delaySeconds: delayMillis / 1000 }),
    };
    const options = {
      workflowID: id,
      ...(queue !== undefined && { queueName: queueName(params.application, queue), enqueueOptions }),
      ...(timeoutMillis !== undefined && { timeoutMS: timeoutMillis }),
    };
    if (workflow === 'instanceHeld') {
      await DBOS.startWorkflow(instances[instance ?? 'blue'], options).instanceHeld(millis);
      return null;
    }
    const body = functions[workflow];
    if (body === undefined) throw new Error(`${UNSUPPORTED}${workflow}`);
    await DBOS.startWorkflow(body, options)(millis);
    return null;
  },

  enqueueByClient: async ({ workflow, id, queue, version, application, url }) => {
    const sdk: typeof CurrentSdk = await import(installed);
    const client = await sdk.DBOSClient.create({ systemDatabaseUrl: url });
    try {
      await client.enqueue({
        workflowName: workflow,
        workflowID: id,
        queueName: queueName(application, queue),
        ...(version !== undefined && { appVersion: version }),
      });
      return null;
    } finally {
      await client.destroy();
    }
  },

  release: async ({ id }) => {
    releases.of(id).resolve();
    return null;
  },

  send: async ({ id }) => {
    await app().DBOS.send(id, true, 'finish');
    return null;
  },

  debounce: async ({ key, millis }) => {
    const { sdk, short } = app();
    const { workflowID } = await new sdk.Debouncer({ workflow: short }).debounce(key, millis, 0);
    return workflowID;
  },

  cancel: async ({ id }) => {
    await app().DBOS.cancelWorkflow(id);
    return null;
  },

  resume: async ({ id }) => {
    await app().DBOS.resumeWorkflow(id);
    return null;
  },

  fork: async ({ id, step, version }) => {
    const options = version === undefined ? {} : { applicationVersion: version };
    const { workflowID } = await app().DBOS.forkWorkflow(id, step, options);
    return workflowID;
  },

  rewind: async ({ id, version }) => {
    const { DBOS } = app();
    if (!('rewindWorkflow' in DBOS)) throw new Error(`${UNSUPPORTED}rewind`);
    await DBOS.rewindWorkflow(id, version === undefined ? {} : { applicationVersion: version });
    return null;
  },

  setLatest: async ({ version }) => {
    await app().DBOS.setLatestApplicationVersion(version);
    return null;
  },

  shutdown: async () => {
    // A step that is held would never end, and releases before 4.27 wait for it: the process ends without them.
    const { DBOS } = app();
    await Promise.race([DBOS.shutdown({ workflowCompletionTimeoutMS: 1 }), delay(SHUTDOWN_MS)]);
    return null;
  },
};

answerCalls(calls);
