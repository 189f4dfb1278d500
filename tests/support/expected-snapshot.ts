import type { WorkflowStatus } from '@dbos-inc/dbos-sdk';
import type { SnapshotContents, WorkflowDetail } from '../../src/dbos/snapshot/index.ts';
import { fullName } from '../../src/dbos/workflow-name.ts';
import type { Population } from './populations.ts';
import type { Answers } from './sdk-oracle.ts';

const ENDED = ['SUCCESS', 'ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED', 'RETRIES_EXCEEDED'];
const IN_FLIGHT = ['PENDING', 'ENQUEUED', 'DELAYED'];

type Group = SnapshotContents['groups']['items'][number];

/** What a poll should see, counted in plain code from what DBOS's own client answered. */
export function expectedSnapshot(population: Population, given: Answers) {
  const { selection } = population;
  const answers = 'only' in selection ? given : withoutEmptyVersions(given);
  const matchesPattern = (pattern: string, workflow: WorkflowStatus) => {
    const { workflowName: name } = workflow;
    const full = fullName({ name: name ?? null, className: classOf(workflow) }) ?? undefined;
    return matches(name, pattern) || (pattern.includes('.') && matches(full, pattern));
  };
  const isIgnored = (workflow: WorkflowStatus) =>
    population.ignoreWorkflows.some((pattern) => matchesPattern(pattern, workflow));
  const isSelected = (workflow: WorkflowStatus) => {
    const version = versionOf(workflow);
    if (!version) return false;
    return 'only' in selection ? selection.only.includes(version) : !selection.except.includes(version);
  };
  const isInScope = (workflow: WorkflowStatus) =>
    population.application === undefined || [null, population.application].includes(applicationOf(workflow));
  const ranWithoutVersion = (workflow: WorkflowStatus) =>
    'except' in selection && !versionOf(workflow) && !['ENQUEUED', 'DELAYED', 'CANCELLED'].includes(workflow.status);
  const isStarting = (workflow: WorkflowStatus) =>
    (isSelected(workflow) || ranWithoutVersion(workflow)) && !isIgnored(workflow);
  const created = [...answers.sincePrevious, ...answers.lastMinute].filter(
    (w) => isSelected(w) || ranWithoutVersion(w),
  );

  const unversioned = answers.inFlight.filter((workflow) => versionOf(workflow) === null);
  const nameless = answers.inFlight.filter((workflow) => versionOf(workflow) === '');
  const shown = [...answers.onTargets, ...unversioned];
  const ownersInUse = [
    ...answers.all.inFlight.map(applicationOf),
    ...answers.all.registered.map(({ application }) => application),
  ];

  return {
    inFlight: groupBy([...shown, ...nameless], (w) => [versionOf(w)]).map((rows) => {
      const blocking = rows.filter((w) => !isIgnored(w));
      return {
        version: versionOf(rows[0]),
        application: namesIn(rows.map(applicationOf)).at(-1) ?? null,
        ranUnowned: rows.some((w) => w.status === 'PENDING' && applicationOf(w) === null),
        ...tally(blocking),
        ignored: rows.length - blocking.length,
        oldestCreatedAt: oldest(blocking),
        delayedUntil: newest(blocking.map((w) => (w.status === 'DELAYED' ? (w.delayUntilEpochMS ?? null) : null))),
        newestTakenAt: newest(
          rows.flatMap((w) => (w.status === 'PENDING' ? [w.updatedAt ?? null, w.dequeuedAt ?? null] : [])),
        ),
      };
    }),
    groups: groupBy(shown, (w) => [versionOf(w), w.workflowName, classOf(w), w.queueName, isIgnored(w)]).map(
      (rows): Group => ({
        version: versionOf(rows[0]),
        name: rows[0].workflowName ?? null,
        className: classOf(rows[0]),
        queue: rows[0].queueName ?? null,
        ...tally(rows),
        ignored: isIgnored(rows[0]),
        oldestCreatedAt: oldest(rows) ?? Number.NaN,
      }),
    ),
    workflows: shown
      .filter((w) => !isIgnored(w))
      .map((workflow) => detailOf(workflow, answers))
      .sort(versionedFirstThenOldest),
    matchedPatterns: population.ignoreWorkflows.filter((pattern) =>
      [...answers.all.inFlight.filter(isInScope), ...created].some((w) => matchesPattern(pattern, w)),
    ),
    lastDelayed: answers.onTargets
      .filter((w) => !isIgnored(w) && w.status === 'DELAYED')
      .flatMap(({ delayUntilEpochMS: until }) => until ?? [])
      .sort((a, b) => b - a),
    queues: groupBy(
      answers.onTargets.filter((w) => !isIgnored(w) && w.queueName !== undefined),
      (w) => [versionOf(w), w.queueName],
    )
      .map((rows) => ({
        version: versionOf(rows[0]),
        queue: rows[0].queueName,
        pending: tally(rows).pending,
        enqueued: tally(rows).enqueued,
        newestStartedAt: newest(rows.map(({ dequeuedAt }) => dequeuedAt ?? null)),
        runningInAll: answers.all.inFlight.filter(
          (w) => w.status === 'PENDING' && w.queueName === rows[0].queueName && isInScope(w),
        ).length,
        concurrency: null,
        partitionConcurrency: null,
        workerConcurrency: null,
        rateMs: null,
      }))
      .filter(({ enqueued }) => enqueued > 0),
    startedSincePrevious: countByVersion(answers.sincePrevious.filter(isStarting)),
    startedInLastMinute: countByVersion(answers.lastMinute.filter(isStarting)),
    failed: groupBy(
      answers.everything.filter((w) => isSelected(w) && isFailed(w)),
      (w) => [versionOf(w)],
    ).map((rows) => {
      const cancelled = rows.filter(({ status }) => status === 'CANCELLED').length;
      return { version: versionOf(rows[0]), cancelled, deadLettered: rows.length - cancelled };
    }),
    unknownStatuses: groupBy(
      answers.everything.filter((w) => isUnknown(w) && (versionOf(w) === null || isSelected(w))),
      (w) => [versionOf(w), w.status],
    ).map((rows) => ({ version: versionOf(rows[0]), status: rows[0].status ?? null, count: rows.length })),
    owners: namesIn([
      ...ownersInUse,
      ...[...answers.sincePrevious, ...answers.lastMinute].filter(isStarting).map(applicationOf),
    ]),
    /** An owner of nothing but ignored work is not listed. */
    applications: namesIn([
      ...answers.all.inFlight.filter((w) => !isIgnored(w)).map(applicationOf),
      ...answers.all.registered.map(({ application }) => application),
    ]).map((name) => ({
      name,
      inFlight: groupBy(
        answers.all.inFlight.filter((w) => applicationOf(w) === name && !isIgnored(w)),
        (w) => [versionOf(w)],
      ).map((rows) => ({ version: versionOf(rows[0]), ...tally(rows) })),
    })),
    applicationSeen: population.application === undefined || ownersInUse.includes(population.application),
    newestCreatedAt: answers.all.everything.map(({ createdAt }) => createdAt).sort((a, b) => b - a)[0],
    newestWriteAt: [
      ...answers.all.everything.map(({ createdAt }) => createdAt),
      ...answers.all.inFlight.flatMap(({ updatedAt }) => updatedAt ?? []),
    ].sort((a, b) => b - a)[0],
    /** Every version that a row carries or that is registered, with the other application that it belongs to. */
    history: groupBy(
      [
        ...answers.all.everything.map((w) => ({ version: versionOf(w) ?? '', owner: applicationOf(w) })),
        ...answers.all.registered.map(({ version, application }) => ({ version, owner: application })),
      ]
        .filter(({ version }) => version !== '')
        .map(({ version, owner }) => {
          const isOwn = population.application === undefined || owner === null || owner === population.application;
          return { version, stranger: isOwn ? null : owner };
        }),
      ({ version, stranger }) => [version, stranger],
    ).map(([found]) => found),
  };
}

/** Groups as a poll orders them: the unversioned last, the largest first, then the oldest. */
export function largestFirst(a: Group, b: Group): number {
  const total = ({ pending, enqueued, delayed }: Group) => pending + enqueued + delayed;
  return unversionedLast(a, b) || total(b) - total(a) || a.oldestCreatedAt - b.oldestCreatedAt;
}

function versionedFirstThenOldest(a: WorkflowDetail, b: typeof a): number {
  return unversionedLast(a, b) || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}

function unversionedLast(a: { version: string | null }, b: { version: string | null }): number {
  return Number(a.version === null) - Number(b.version === null);
}

function versionOf(workflow: WorkflowStatus): string | null {
  return workflow.applicationVersion ?? null;
}

/** A function without a class has an empty one, or none. */
function classOf({ workflowClassName }: WorkflowStatus): string | null {
  return workflowClassName || null;
}

function applicationOf(workflow: WorkflowStatus): string | null {
  return workflow.applicationName ?? null;
}

function isFailed({ status }: WorkflowStatus): boolean {
  return status === 'CANCELLED' || status === 'MAX_RECOVERY_ATTEMPTS_EXCEEDED';
}

function isUnknown({ status }: WorkflowStatus): boolean {
  return ![...ENDED, ...IN_FLIGHT].includes(status);
}

function tally(rows: readonly WorkflowStatus[]) {
  const count = (wanted: string) => rows.filter(({ status }) => status === wanted).length;
  return { pending: count('PENDING'), enqueued: count('ENQUEUED'), delayed: count('DELAYED') };
}

function oldest(rows: readonly WorkflowStatus[]): number | null {
  return rows.length > 0 ? Math.min(...rows.map(({ createdAt }) => createdAt)) : null;
}

function newest(times: readonly (number | null)[]): number | null {
  return times.reduce((latest, time) => (time === null ? latest : Math.max(latest ?? time, time)), null);
}

function detailOf(workflow: WorkflowStatus, answers: Answers): WorkflowDetail {
  return {
    id: workflow.workflowID,
    version: versionOf(workflow),
    name: workflow.workflowName ?? null,
    className: classOf(workflow),
    instance: workflow.workflowConfigName || null,
    status: workflow.status,
    queue: workflow.queueName ?? null,
    executor: workflow.executorId ?? null,
    createdAt: workflow.createdAt,
    updatedAt: workflow.updatedAt ?? 0,
    startedAt: workflow.dequeuedAt ?? null,
    delayUntil: workflow.delayUntilEpochMS ?? null,
    debounced: false,
    debounceDeadline: null,
    deadline: workflow.deadlineEpochMS ?? null,
    parent: workflow.parentWorkflowID ?? null,
    serialization: null,
    isPartitionFull: false,
    hasChildren: answers.all.inFlight.some(({ parentWorkflowID }) => parentWorkflowID === workflow.workflowID),
    lastStep: null,
  };
}

/** Rows that run with an empty version have none, as those without. */
function withoutEmptyVersions(answers: Answers): Answers {
  const changed = (workflow: WorkflowStatus): WorkflowStatus => {
    const { applicationVersion, ...rest } = workflow;
    return workflow.status === 'PENDING' && applicationVersion === '' ? rest : workflow;
  };
  return {
    ...answers,
    inFlight: answers.inFlight.map(changed),
    all: { ...answers.all, inFlight: answers.all.inFlight.map(changed) },
  };
}

function countByVersion(rows: readonly WorkflowStatus[]): Record<string, number> {
  const name = (workflow: WorkflowStatus) => versionOf(workflow) || null;
  return Object.fromEntries(groupBy(rows, (w) => [name(w)]).map((group) => [name(group[0]), group.length]));
}

function groupBy<T>(rows: readonly T[], key: (row: T) => readonly unknown[]): [T, ...T[]][] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const row of rows) {
    const text = JSON.stringify(key(row));
    const group = groups.get(text);
    if (group === undefined) groups.set(text, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

function namesIn(names: readonly (string | null)[]): string[] {
  return [...new Set(names.filter((name) => name !== null))].sort();
}

/** `*` stands for any text, and everything else for itself. */
function matches(name: string | undefined, pattern: string): boolean {
  if (name === undefined || name === null) return false;
  const expression = pattern.split('*').map(RegExp.escape).join('.*');
  return new RegExp(`^${expression}$`, 's').test(name);
}
