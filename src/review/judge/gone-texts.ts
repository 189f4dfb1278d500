import { joined, type Message, msg, namesOf, number, trusted } from '../../message.ts';
import type { WorkflowName } from '../source/definition.ts';
import type { Place } from './places.ts';
import { inFlight, onVersions, retireOf, shownName, totalOf } from './texts.ts';

/** A workflow whose name is gone. */
export interface Gone {
  readonly workflow: WorkflowName;
  /** Its new name; undefined where it is deleted. */
  readonly renamedTo: WorkflowName | undefined;
  readonly places: readonly Place[];
  /** The schedules that start it by the old name, without those that are paused. */
  readonly schedules: readonly string[];
}

/** Returns what is said where work finishes on the old code, and nothing calls the old name on the new code. */
export function goneNotice({ workflow, renamedTo, places }: Gone): Message {
  const count = totalOf(places);
  const [are, finish, they] = count === 1 ? ['is', 'finishes', 'It'] : ['are', 'finish', 'They'];
  const where = msg`${inFlight(workflow, count)} ${trusted(are)} in flight ${onVersions(places)} and ${trusted(finish)} on the old code.`;
  const what = msg`${trusted(they)} cannot be forked onto this change, ${done(renamedTo, count)}.`;
  return joined([where, what, retireOf(places)]);
}

/**
 * Returns what is said where something calls the old name on the new code. DBOS then writes a line to the log. The
 * workflow stays PENDING, and each recovery tries it again. Source: run with TypeScript 5.3 and Python 3.4.
 */
export function goneError({ workflow, renamedTo, places, schedules }: Gone): Message {
  const callers = [...workCallers(places), ...scheduleCallers(schedules)];
  const change = renamedTo === undefined ? trusted('deletes') : trusted('renames');
  const to = renamedTo === undefined ? trusted('') : msg` to ${shownName(renamedTo)}`;
  const what = msg`This change ${change} ${shownName(workflow)}${to}. Still called by the old name: ${joined(callers, ', ')}.`;
  const then = trusted('Such work stays PENDING: no process has a function for it, and only the log says so.');
  return joined([what, then, remedy(renamedTo, schedules)]);
}

function done(renamedTo: WorkflowName | undefined, count: number): Message {
  const it = trusted(count === 1 ? 'it' : 'them');
  return renamedTo === undefined ? msg`which deletes ${it}` : msg`which renames ${it} to ${shownName(renamedTo)}`;
}

function workCallers(places: readonly Place[]): readonly Message[] {
  const taken = places.filter(({ takesNewCode }) => takesNewCode);
  const shared = taken.filter(({ version }) => version !== null);
  const unversioned = totalOf(taken.filter(({ version }) => version === null));
  const queued = shared.reduce((sum, { workflow }) => sum + workflow.enqueued + workflow.delayed, 0);
  const pending = shared.reduce((sum, { workflow }) => sum + workflow.pending, 0);
  return [
    ...(pending > 0 ? [msg`${pending} ${onVersions(shared)} that the next recovery takes`] : []),
    ...(queued > 0 ? [msg`${queued} ${onVersions(shared)} that a queue starts`] : []),
    ...(unversioned > 0 ? [trusted(`${number(unversioned)} without a version`)] : []),
  ];
}

function scheduleCallers(schedules: readonly string[]): readonly Message[] {
  if (schedules.length === 0) return [];
  return [msg`the ${trusted(schedules.length === 1 ? 'schedule' : 'schedules')} ${namesOf(schedules)}`];
}

function remedy(renamedTo: WorkflowName | undefined, schedules: readonly string[]): Message {
  const keep =
    renamedTo === undefined
      ? 'Keep it until nothing calls it'
      : 'Register it under the old name until nothing calls that';
  return trusted(`${keep}${schedules.length > 0 ? ', and change the schedule with the deploy' : ''}.`);
}
