import type { WorkflowStatus } from '../forecast/activity.ts';
import { describeActivity } from '../report/activity-text.ts';
import { plain } from '../report/text.ts';

/** What a workflow does, as a person decides about it: the first three do not finish by themselves, or not soon. */
export const KIT_STATES = ['stuck', 'asleep', 'delayed', 'queued', 'waiting', 'progressing'] as const;
export type KitState = (typeof KIT_STATES)[number];

/** A wait that ends within this many milliseconds is no reason to cancel anything. */
const SOON_MS = 60_000;

/** Whether the kit offers a workflow by itself. The others finish while processes of their version run. */
export function isOffered(state: KitState): boolean {
  return state === 'stuck' || state === 'asleep' || state === 'delayed';
}

/** Returns the state of a workflow at `now`. A parent has the state of the child it waits for. */
export function kitStateOf({ state, activity, progressAt }: WorkflowStatus, now: number): KitState {
  if (state === 'stuck') return 'stuck';
  switch (activity.kind) {
    case 'child':
      return kitStateOf(activity.status, now);
    case 'sleeping':
      return activity.until - now > SOON_MS ? 'asleep' : 'waiting';
    case 'message':
      return activity.until !== null && activity.until - now > SOON_MS ? 'asleep' : 'waiting';
    case 'timer':
      return now - progressAt > SOON_MS ? 'asleep' : 'waiting';
    case 'delayed':
      return activity.until === null || activity.until - now > SOON_MS ? 'delayed' : 'waiting';
    case 'overdue':
      return 'delayed';
    case 'queued':
      return 'queued';
    case 'running':
    case 'silent':
      return 'progressing';
  }
}

/** Returns why a workflow is in that state, on one line. */
export function reasonOf(status: WorkflowStatus, now: number): string {
  return plain(describeActivity(status, now));
}
