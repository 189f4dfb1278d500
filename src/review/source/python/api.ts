import type { RecordedKind } from '../definition.ts';

/** A row of `operation_outputs` that a call leaves. */
export interface Row {
  readonly kind: RecordedKind;
  readonly name: string;
}

const SLEEP: Row = { kind: 'sleep', name: 'DBOS.sleep' };
const STATUS: Row = { kind: 'other', name: 'DBOS.getStatus' };
/** Of `get_result`, and of a workflow that is called like a function. */
export const RESULT: Row = { kind: 'other', name: 'DBOS.getResult' };

const other = (name: string): readonly Row[] => [{ kind: 'other', name: `DBOS.${name}` }];

/**
 * What methods of `DBOS` record in a workflow, in the order of the rows: seen by running 2.16, 2.30 and 3.4. Methods with
 * `_async` behind their name record the same. The timers of `recv` and `get_event` are the judge's to know. Reading
 * a stream is recorded since 3.0. A method that is not here records nothing, or what its arguments say (`calls.ts`).
 */
const ROWS: ReadonlyMap<string, readonly Row[]> = new Map<string, readonly Row[]>([
  ['sleep', [SLEEP]],
  ['recv', [{ kind: 'receive', name: 'DBOS.recv' }]],
  ['get_event', [{ kind: 'event', name: 'DBOS.getEvent' }]],
  ['set_event', other('setEvent')],
  ['get_all_events', other('get_events')],
  ['send', other('send')],
  ['send_bulk', other('send_bulk')],
  ['write_stream', other('writeStream')],
  ['close_stream', other('closeStream')],
  ['read_stream_offset', other('readStreamOffset')],
  ['get_workflow_status', [STATUS]],
  ['retrieve_workflow', [STATUS]],
  ['get_result', [RESULT]],
  ['wait_first', other('waitFirst')],
  ['cancel_workflow', other('cancelWorkflow')],
  ['cancel_workflows', other('cancelWorkflow')],
  ['resume_workflow', other('resumeWorkflow')],
  ['resume_workflows', other('resumeWorkflow')],
  ['delete_workflow', other('deleteWorkflow')],
  ['delete_workflows', other('deleteWorkflow')],
  ['fork_workflow', [...other('forkWorkflow'), STATUS]],
  ['rewind_workflow', other('rewindWorkflow')],
  ['set_workflow_delay', other('setWorkflowDelay')],
  ['update_workflow_attributes', other('updateWorkflowAttributes')],
  ['list_workflows', other('listWorkflows')],
  ['list_queued_workflows', other('listQueuedWorkflows')],
  ['list_workflow_steps', other('listWorkflowSteps')],
  ['create_schedule', other('createSchedule')],
  ['list_schedules', other('listSchedules')],
  ['get_schedule', other('getSchedule')],
  ['delete_schedule', other('deleteSchedule')],
  ['pause_schedule', other('pauseSchedule')],
  ['resume_schedule', other('resumeSchedule')],
  ['asyncio_wait', other('asyncio_wait')],
]);

/** Returns the rows of a method of `DBOS`, by its name without `_async`. */
export function rowsOf(method: string): readonly Row[] {
  return ROWS.get(method) ?? [];
}

/** One row per value, and one for the end of the stream. */
export const READ_STREAM: Row = { kind: 'other', name: 'DBOS.readStream' };
/** Before the workflow itself, which a bounce of one that waits does not start again. */
export const DEBOUNCE: Row = { kind: 'other', name: 'DBOS.debounce_delayed_workflow' };

/** What methods of a handle record. */
export const HANDLE_ROWS: ReadonlyMap<string, readonly Row[]> = new Map([
  ['get_result', [RESULT]],
  ['get_status', [STATUS]],
]);

/** Methods of `DBOS` that return a handle of a workflow. */
export const RETURNS_HANDLE: ReadonlySet<string> = new Set([
  'start_workflow',
  'enqueue_workflow',
  'enqueue_workflow_with_options',
  'retrieve_workflow',
  'resume_workflow',
  'fork_workflow',
  'rewind_workflow',
  'wait_first',
]);

/** Methods of `DBOS` that return a queue. */
export const RETURNS_QUEUE: ReadonlySet<string> = new Set(['register_queue', 'retrieve_queue']);

/** What starts a step that was not registered stands under: its workflow has this in front of the step's name. */
export const STEP_AS_WORKFLOW = '<temp>.';

/** Returns the name of a method without the `_async` of its asynchronous twin. */
export function withoutAsync(method: string): string {
  return method.endsWith('_async') ? method.slice(0, -'_async'.length) : method;
}

/** Modules of Python itself: nothing in them is a step. */
const LIBRARY: ReadonlySet<string> = new Set(
  `abc asyncio base64 bisect collections concurrent contextlib contextvars copy csv dataclasses datetime decimal enum
   functools gc hashlib heapq hmac html http inspect io itertools json logging math numbers operator os pathlib pickle
   platform pprint queue random re secrets shutil signal socket sqlite3 statistics string struct subprocess sys tempfile
   textwrap threading time traceback types typing unicodedata urllib uuid warnings weakref zlib zoneinfo`.split(/\s+/),
);

/** Whether a module comes with Python. */
export function isOfPython(module: string): boolean {
  return LIBRARY.has(module.split('.')[0] ?? '');
}

/** Methods of strings, lists, dictionaries, dates and loggers that nobody names a step: `add` or `count` is not here. */
const OF_DATA: ReadonlySet<string> = new Set(
  `append capitalize critical debug decode encode endswith exception extend format get info isdigit isoformat items
   join keys lower lstrip popitem readline readlines rfind rsplit rstrip setdefault split splitlines startswith strftime
   strip timestamp total_seconds upper values warning zfill`.split(/\s+/),
);

/** Whether a method is named as one of Python's own types. */
export function isOfData(method: string): boolean {
  return OF_DATA.has(method);
}
