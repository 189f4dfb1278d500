import type { RecordedKind } from '../definition.ts';

/*
 * What the SDK records for a call in a workflow. All of it was run: SDK 3.0, 3.5, 4.5, 4.20 and 5.3 write the same names,
 * as far as they have the method. The test of tests/review/typescript/shop runs it again on the current release.
 */

export const SDK_PACKAGE = '@dbos-inc/dbos-sdk';

interface Recorded {
  readonly kind: RecordedKind;
  /** `operation_outputs.function_name`. */
  readonly name: string;
}

const SLEEP: Recorded = { kind: 'sleep', name: 'DBOS.sleep' };

/** Methods of `DBOS` that are recorded, by their name. */
export const RECORDED: ReadonlyMap<string, Recorded> = new Map([
  ['sleep', SLEEP],
  ['sleepms', SLEEP],
  ['sleepSeconds', SLEEP],
  ['recv', { kind: 'receive', name: 'DBOS.recv' }],
  ['getEvent', { kind: 'event', name: 'DBOS.getEvent' }],
  ['getWorkflowStatus', { kind: 'other', name: 'getStatus' }],
  ...[
    ...['send', 'setEvent', 'getResult', 'now', 'randomUUID', 'waitFirst', 'waitAll'],
    ...['writeStream', 'closeStream', 'readStream', 'readStreamOffset'],
    ...['listWorkflows', 'listQueuedWorkflows', 'listWorkflowSteps', 'setWorkflowPriority', 'setWorkflowDelay'],
    ...['cancelWorkflow', 'resumeWorkflow', 'deleteWorkflow', 'forkWorkflow', 'rewindWorkflow'],
    ...['createSchedule', 'listSchedules', 'getSchedule', 'deleteSchedule'],
    ...['pauseSchedule', 'resumeSchedule', 'updateSchedule'],
  ].map((method) => [method, { kind: 'other', name: `DBOS.${method}` }] as const),
  ...['cancelWorkflow', 'resumeWorkflow', 'deleteWorkflow'].map(
    (method) => [`${method}s`, { kind: 'other', name: `DBOS.${method}` }] as const,
  ),
]);

/** What `getResult()` and `getStatus()` of a handle record. */
export const HANDLE_METHODS: ReadonlyMap<string, string> = new Map([
  ['getResult', 'DBOS.getResult'],
  ['getStatus', 'getStatus'],
]);

/** Methods that run the function that is their last argument, once. */
export const WRAPPING = [
  'withNextWorkflowID',
  'withAuthedContext',
  'withNamedContext',
  'withWorkflowQueue',
  'withWorkflowTimeout',
];

/** Methods that record nothing. */
export const SILENT: ReadonlySet<string> = new Set([
  ...['retrieveWorkflow', 'isInWorkflow', 'isWithinWorkflow', 'isInStep', 'isInTransaction', 'isInitialized'],
  ...['listApplicationVersions', 'getLatestApplicationVersion', 'setLatestApplicationVersion'],
  ...['registerQueue', 'retrieveQueue', 'deleteQueue', 'listQueues'],
  ...['registerWorkflow', 'registerStep', 'registerScheduled', 'workflow', 'step', 'className', 'scheduled'],
]);

/** Properties of `DBOS` that register a function. */
export const REGISTERING: ReadonlyMap<string, 'workflow' | 'step'> = new Map([
  ['registerWorkflow', 'workflow'],
  ['registerStep', 'step'],
]);

/** Methods of a data source: they are the same in every package, and no name of the SDK is in them. */
export const DATA_SOURCE = { register: 'registerTransaction', run: 'runTransaction', decorate: 'transaction' } as const;
