import { marked } from 'marked';
import { kitFilesOf } from '../../src/artifacts.ts';
import type { GateConfig } from '../../src/config.ts';
import { msg } from '../../src/message.ts';
import type { WrittenKit } from '../../src/report/kit-section.ts';
import { startLog } from '../../src/report/log.ts';
import type { Place } from '../../src/report/log-opening.ts';
import { type Run, runReportOf } from '../../src/report/model.ts';
import { type ReportFile, type RunReport, runReportSchema } from '../../src/report/schema.ts';
import {
  config,
  DATABASE_EPOCH,
  failureReport,
  inFlight,
  queueInFlight,
  type Scene,
  type Script,
  runAgainst as scriptedRun,
  step,
  workflowDetail,
} from './builders.ts';

export const HOUR = 3_600_000;

/** Where the scripted system database seems to be. */
export const PLACE: Place = {
  host: 'db.internal',
  port: 5432,
  database: 'shop',
  schema: 'dbos',
  source: { url: 'input', variables: [] },
};

/** Where the troubleshooting page seems to be. */
export const PAGE = 'https://github.com/octo-org/dbos-drain-gate/blob/v1/docs/troubleshooting.md';

/** A run against a scripted database, the lines of its log, and what a terminal shows between them. */
export async function holdAndLog(script: Script, changes: Partial<GateConfig> = {}) {
  const gate = config(changes);
  const lines: string[] = [];
  const statuses: string[] = [];
  const sink = {
    status: (text: string) => statuses.push(text),
    line: (text: string) => lines.push(text),
    group: (title: string, inside: readonly string[]) => lines.push(`> ${title}`, ...inside),
  };
  const log = startLog(sink, gate, PLACE, PAGE);
  const run = await scriptedRun(gate, script, log);
  return { run, lines, statuses };
}

/** A run against a scripted database. */
export async function runAgainst(script: Script, changes: Partial<GateConfig> = {}): Promise<Run> {
  return (await holdAndLog(script, changes)).run;
}

/** The lines of the log of a run. */
export async function logOf(script: Script, changes: Partial<GateConfig> = {}): Promise<readonly string[]> {
  return (await holdAndLog(script, changes)).lines;
}

/** The report of a run against a scripted database. */
export async function reportAgainst(script: Script, changes: Partial<GateConfig> = {}): Promise<RunReport> {
  return runReportOf(await runAgainst(script, changes));
}

/** The unblock kit of a run, as if it was written to a folder. */
export function kitOf(run: Run, folder: string): WrittenKit | undefined {
  const list = kitFilesOf(runReportOf(run), run.last).find(({ name }) => name === 'workflows.tsv');
  return list && { shell: 'action', folder, list: list.text };
}

/** What a report becomes in its file. */
export function fileOf(report: RunReport): ReportFile {
  return runReportSchema.parse(report);
}

/** A run that could not connect. */
export const failure = failureReport(msg`There is no database ${'shop'} on this server.`, 1234);

export const workflow = workflowDetail({
  id: 'wf-1',
  className: 'Orders',
  queue: 'payments',
  executor: 'vm-1',
  createdAt: DATABASE_EPOCH - 2 * HOUR,
  startedAt: DATABASE_EPOCH - HOUR,
  parent: 'wf-0',
  lastStep: step({ number: 3, name: 'charge', completedAt: DATABASE_EPOCH - 60_000 }),
});

export const busy: Scene = {
  inFlight: [inFlight('1.0.0', { pending: 2, delayed: 1, oldestCreatedAt: workflow.createdAt })],
  groups: {
    items: [
      {
        version: '1.0.0',
        name: 'checkout',
        className: 'Orders',
        queue: 'payments',
        pending: 2,
        enqueued: 0,
        delayed: 1,
        ignored: false,
        oldestCreatedAt: workflow.createdAt,
      },
    ],
    omitted: 0,
    omittedUnversioned: 0,
  },
  workflows: { items: [workflow], omitted: 2, omittedUnversioned: 0 },
};

/** A delayed workflow outlasts any usual timeout. */
export const hopeless: Scene = {
  ...busy,
  inFlight: [inFlight('1.0.0', { pending: 2, delayed: 1, delayedUntil: DATABASE_EPOCH + 5 * HOUR })],
  lastDelayed: [
    { id: 'wf-9', version: '1.0.0', name: 'remind', className: null, instance: null, until: DATABASE_EPOCH + 5 * HOUR },
    { id: 'wf-8', version: '1.0.0', name: null, className: null, instance: null, until: DATABASE_EPOCH + 2 * HOUR },
    { id: 'wf-7', version: '1.0.0', name: 'soon', className: null, instance: null, until: DATABASE_EPOCH + HOUR / 10 },
  ],
};

/** A hold against `hopeless`, while the database's clock runs. */
export const hopelessHold: Script = ({ at }) => ({ ...hopeless, observedAt: DATABASE_EPOCH + at });

/** Why `hopeless` cannot drain within half an hour. */
export const hopelessWhy =
  'The timeout is at 00:30 UTC, and "wf-9" ("remind") is delayed until 05:00 UTC, "wf-8" is delayed until 02:00 UTC. To wait for the last of them, set `timeout` to more than 5h1m.';

/** Without progress for two hours. */
export const IDLE = { createdAt: DATABASE_EPOCH - 2 * HOUR, updatedAt: DATABASE_EPOCH - 2 * HOUR };

/** A parent waits for its child, which has stopped, and nothing takes the third from its queue. */
export const stuck: Scene = {
  inFlight: [inFlight('1.0.0', { pending: 2, enqueued: 1 })],
  workflows: {
    items: [
      workflowDetail({ ...IDLE, id: 'parent', name: 'fulfil' }),
      workflowDetail({
        ...IDLE,
        id: 'child',
        name: 'ship',
        parent: 'parent',
        deadline: DATABASE_EPOCH + HOUR,
      }),
      workflowDetail({ ...IDLE, id: 'waiting', status: 'ENQUEUED', queue: 'mail' }),
    ],
    omitted: 0,
    omittedUnversioned: 0,
  },
  queues: [queueInFlight({ concurrency: 2 })],
};

/** Fifteen workflows that finish one by one, and one that sleeps for two hours. */
export const fifteenAndASleeper: Script = ({ at }) => {
  const left = Math.max(0, 15 - Math.floor(at / 20_000));
  const sleeper = workflowDetail({
    id: 'order-16',
    name: 'remind',
    lastStep: step({ name: 'DBOS.sleep', startedAt: DATABASE_EPOCH, completedAt: DATABASE_EPOCH + 2 * HOUR }),
  });
  const others = Array.from({ length: left }, (_, index) =>
    workflowDetail({ id: `order-${index}`, updatedAt: DATABASE_EPOCH + at }),
  );
  return {
    inFlight: [inFlight('1.0.0', { pending: left + 1 })],
    workflows: { items: [sleeper, ...others], omitted: 0, omittedUnversioned: 0 },
  };
};

/** The same, but the process is killed after two minutes: what is due is not taken from its queue any more. */
export const killed: Scene = {
  inFlight: [inFlight('1.0.0', { pending: 2, enqueued: 1 })],
  workflows: {
    items: [
      workflowDetail({ ...IDLE, id: 'silent' }),
      workflowDetail({
        ...IDLE,
        id: 'sleeper',
        lastStep: step({
          name: 'DBOS.sleep',
          startedAt: DATABASE_EPOCH - HOUR,
          completedAt: DATABASE_EPOCH + 2 * HOUR,
        }),
      }),
      workflowDetail({ ...IDLE, id: 'queued', status: 'ENQUEUED', queue: 'mail' }),
    ],
    omitted: 0,
    omittedUnversioned: 0,
  },
  queues: [queueInFlight()],
};

/** The same script on a database whose clock runs. */
export function timed(script: Script): Script {
  return (poll) => ({ observedAt: DATABASE_EPOCH + poll.at, ...script(poll) });
}

/** The text of rendered Markdown, as a person reads it. */
export function rendered(markdown: string): string {
  return marked
    .parse(markdown, { async: false, gfm: true })
    .replace(/<\/t[dh]>/g, ' ')
    .replace(/<[^>]+>/g, '')
    .replace(/&#(\d+);/g, (_, point) => String.fromCodePoint(Number(point)))
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/[^\S\n]+|\n(?=[^\n]* )/g, ' ')
    .replace(/\s+/g, ' ');
}
