import { DBOSClient, type GetWorkflowsInput, type WorkflowStatus } from '@dbos-inc/dbos-sdk';
import type { Registration } from '../../src/dbos/snapshot/index.ts';
import type { Population } from './populations.ts';

/** A registration as DBOS's client tells it: whether it was written again, no client can tell. */
type Registered = Omit<Registration, 'rewritten' | 'registeredAt'>;

/** What DBOS's own client answers to the questions that a poll answers. */
export interface Answers {
  /** Of the application, and of no application. */
  readonly inFlight: readonly WorkflowStatus[];
  /** In flight on the versions that the population selects. */
  readonly onTargets: readonly WorkflowStatus[];
  readonly everything: readonly WorkflowStatus[];
  readonly sincePrevious: readonly WorkflowStatus[];
  readonly lastMinute: readonly WorkflowStatus[];
  readonly registered: readonly Registered[];
  readonly latest: string | undefined;
  /** Of all applications. */
  readonly all: {
    readonly inFlight: readonly WorkflowStatus[];
    readonly everything: readonly WorkflowStatus[];
    readonly registered: readonly Registered[];
  };
}

export interface Oracle {
  ask(population: Population, now: number): Promise<Answers>;
  close(): Promise<void>;
}

const MINUTE = 60_000;

export function sdkOracle(systemDatabaseUrl: string): Oracle {
  const clients = new Map<string | undefined, Promise<DBOSClient>>();
  const clientOf = (applicationName: string | undefined) => {
    const client =
      clients.get(applicationName) ??
      DBOSClient.create({ systemDatabaseUrl, ...(applicationName !== undefined && { applicationName }) });
    clients.set(applicationName, client);
    return client;
  };
  return {
    async ask({ application, selection, startedSince }, now) {
      const client = await clientOf(application);
      const list = (filters: GetWorkflowsInput) => listWorkflows(client, filters);
      const inFlight = await listInFlight(client);
      const registered = await listRegistered(client);
      const unnamed = await clientOf(undefined);
      return {
        inFlight,
        onTargets:
          'only' in selection
            ? await listInFlight(client, { applicationVersion: [...selection.only] })
            : inFlight.filter((w) => w.applicationVersion && !selection.except.includes(w.applicationVersion)),
        everything: await list({}),
        sincePrevious: await list({ startTime: isoTime(now - startedSince) }),
        lastMinute: await list({ startTime: isoTime(now - MINUTE) }),
        registered,
        latest: registered.length > 0 ? (await client.getLatestApplicationVersion()).versionName : undefined,
        all: {
          inFlight: await listInFlight(unnamed),
          everything: await listWorkflows(unnamed, {}),
          registered: await listRegistered(unnamed),
        },
      };
    },
    async close() {
      for (const client of clients.values()) await (await client).destroy();
    },
  };
}

function listWorkflows(client: DBOSClient, filters: GetWorkflowsInput): Promise<WorkflowStatus[]> {
  return client.listWorkflows({ ...filters, loadInput: false, loadOutput: false });
}

function listInFlight(client: DBOSClient, filters: GetWorkflowsInput = {}): Promise<WorkflowStatus[]> {
  return listWorkflows(client, { ...filters, status: ['PENDING', 'ENQUEUED', 'DELAYED'] });
}

async function listRegistered(client: DBOSClient): Promise<Registered[]> {
  const versions = await client.listApplicationVersions();
  return versions.map(({ versionName, versionTimestamp, applicationName }) => ({
    version: versionName,
    application: applicationName ?? null,
    timestamp: versionTimestamp,
  }));
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
