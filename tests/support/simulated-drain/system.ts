import type {
  DelayedWorkflow,
  LastStep,
  Snapshot,
  SnapshotRequest,
  StartedName,
  StartedOnVersion,
  WorkflowDetail,
} from '../../../src/dbos/snapshot/index.ts';
import { DETAIL_LIMIT, DETAIL_SCAN_LIMIT, LAST_DELAYED_LIMIT } from '../../../src/dbos/snapshot/query.ts';
import { DATABASE_EPOCH, inFlight, snapshot, step, workflowDetail } from '../builders.ts';
import { Agenda } from './agenda.ts';

/** The version that drains. */
export const TARGET = '1.0.0';

/** By how much SDKs' clocks may lag, as `look-query.ts` has it. */
const STARTED_MARGIN_MS = 60_000;

/** What a workflow does next, and for how long. Times are in milliseconds. */
export type Phase =
  /** Steps one after the other, each of so many milliseconds. */
  | { readonly kind: 'work'; readonly ms: number; readonly stepMs: number }
  /** Newer SDKs record when a sleep will be over. */
  | { readonly kind: 'sleep'; readonly ms: number; readonly recorded: boolean }
  /**
   * A `recv`: its message comes after `ms`. Java's SDK records when it would give up, and leaves that as the last step
   * when the message comes; the `recv` before it has ended then.
   */
  | { readonly kind: 'message'; readonly ms: number; readonly timeoutMs: number | null }
  /** Starts other workflows and waits for them: one after the other, or for all at once. */
  | { readonly kind: 'children'; readonly plans: readonly Plan[]; readonly atOnce: boolean };

/** A workflow to be. */
export interface Plan {
  readonly name: string;
  readonly queue?: string;
  readonly phases: readonly Phase[];
  /** It may not start earlier: so long after its creation, or after the gate's beginning if it was created before. */
  readonly delayMs?: number;
  /** DBOS cancels it then, in milliseconds since the gate began. */
  readonly deadline?: number;
}

/** How a workflow that is there before the gate begins was created, and taken up unless it waits. */
export interface Past {
  readonly createdAt: number;
  readonly startedAt?: number;
}

type Status = 'DELAYED' | 'ENQUEUED' | 'PENDING' | 'DONE';

interface Row {
  readonly id: string;
  readonly plan: Plan;
  readonly parent: Row | undefined;
  readonly createdAt: number;
  readonly isInitial: boolean;
  status: Status;
  updatedAt: number;
  startedAt: number | undefined;
  phase: number;
  /** Of the phase, when it began: steps are counted from there. */
  since: number;
  steps: number;
  mark: LastStep | undefined;
  waitsFor: number;
}

interface Queue {
  readonly name: string;
  readonly waiting: Row[];
  head: number;
  running: number;
  slots: number;
  /** What runs in other versions, and the limit that the tables tell. */
  others: number;
  limit: number | null;
  readonly taken: Row[];
}

/**
 * A system database in which one version drains, and what a look at it sees: an event-driven simulation, so that the
 * time between two polls costs what happens in it. Times are in milliseconds since the gate began; what processes stamp
 * is ahead of that by `skewMs`.
 */
export class SimulatedSystem {
  now = 0;
  /** When the last workflow so far ended. */
  endedAt = 0;
  /** When the last one was created. */
  createdAt = 0;
  /** Of those that were there when the gate began. */
  initial = 0;
  initialEnded = 0;
  private readonly past: (readonly [Plan, Past])[] = [];
  private readonly agenda = new Agenda();
  private readonly skewMs: number;
  private readonly rows: Row[] = [];
  private readonly childrenBefore: number[] = [0];
  private listed: Row[] = [];
  private readonly delayed: Row[] = [];
  private readonly taken: Row[] = [];
  private readonly queues = new Map<string, Queue>();
  private readonly counts = { DELAYED: 0, ENQUEUED: 0, PENDING: 0, DONE: 0 };
  private haltedAt = Number.POSITIVE_INFINITY;

  constructor(skewMs = 0) {
    this.skewMs = skewMs;
  }

  /** When the last of the wake-ups and delays that the tables tell of for certain is over, or zero. */
  get boundedUntil(): number {
    return this.rows.reduce((latest, row) => Math.max(latest, this.boundOf(row)), 0);
  }

  private boundOf(row: Row): number {
    if (row.status === 'DELAYED') return delayEnd(row);
    const phase = row.plan.phases[row.phase];
    if (row.status !== 'PENDING' || phase?.kind !== 'sleep' || !phase.recorded) return 0;
    return Math.min(Math.max(0, row.since) + phase.ms, row.plan.deadline ?? Number.POSITIVE_INFINITY);
  }

  get inFlight(): number {
    return this.counts.DELAYED + this.counts.ENQUEUED + this.counts.PENDING;
  }

  /** A queue from which the version runs so many at once. */
  addQueue(name: string, slots: number, limit: number | null = null): void {
    this.queues.set(name, {
      name,
      waiting: [],
      head: 0,
      running: 0,
      slots,
      others: 0,
      limit,
      taken: [],
    });
  }

  /** Leaves the version so many slots of the queue's limit; other versions use the rest. */
  setSlots(name: string, slots: number): void {
    const queue = this.queues.get(name);
    if (queue === undefined) return;
    queue.slots = slots;
    queue.others = Math.max(0, (queue.limit ?? slots) - slots);
    this.dequeue(queue);
  }

  /** What is there before the gate begins. */
  addInitial(plan: Plan, past: Past): void {
    this.past.push([plan, past]);
  }

  /** Once all that was there before is added: work that waits is taken as far as there is room. */
  begin(): void {
    this.initial = this.past.length;
    this.past.sort(([, a], [, b]) => a.createdAt - b.createdAt);
    for (const [plan, { createdAt, startedAt }] of this.past) {
      const row = this.insert(plan, undefined, createdAt, startedAt === undefined);
      if (startedAt === undefined) continue;
      const queue = this.queueOf(row);
      if (queue !== undefined) queue.running += 1;
      this.start(row, startedAt);
    }
    for (const queue of this.queues.values()) this.dequeue(queue);
    this.delayed.sort((a, b) => delayEnd(a) - delayEnd(b));
  }

  create(plan: Plan, parent?: Row): Row {
    const row = this.insert(plan, parent, this.now, true);
    const queue = this.queueOf(row);
    if (row.status === 'ENQUEUED' && queue !== undefined) this.dequeue(queue);
    if (plan.queue === undefined && row.status === 'ENQUEUED') this.start(row, this.now);
    return row;
  }

  at(time: number, happen: () => void): void {
    this.agenda.plan(time, happen);
  }

  /** Every process of the version dies: nothing happens any more. */
  halt(): void {
    this.haltedAt = this.now;
    this.agenda.clear();
  }

  advance(until: number): void {
    for (let next = this.agenda.nextAt; next !== undefined && next <= until; next = this.agenda.nextAt) {
      this.now = next;
      this.agenda.take()?.happen();
    }
    this.now = until;
  }

  /** Lets everything happen that ever will. */
  finish(): void {
    for (let next = this.agenda.nextAt; next !== undefined; next = this.agenda.nextAt) this.advance(next);
  }

  private insert(plan: Plan, parent: Row | undefined, createdAt: number, waits: boolean): Row {
    const isDelayed = plan.delayMs !== undefined;
    const row: Row = {
      id: `${plan.name}-${this.rows.length}`,
      plan,
      parent,
      createdAt,
      isInitial: this.rows.length < this.initial,
      status: isDelayed ? 'DELAYED' : 'ENQUEUED',
      updatedAt: createdAt,
      startedAt: undefined,
      phase: 0,
      since: createdAt,
      steps: 0,
      mark: undefined,
      waitsFor: 0,
    };
    this.rows.push(row);
    this.childrenBefore.push((this.childrenBefore.at(-1) ?? 0) + (parent === undefined ? 0 : 1));
    this.listed.push(row);
    this.counts[row.status] += 1;
    this.createdAt = this.now;
    if (isDelayed) {
      this.delayed.push(row);
      this.at(delayEnd(row), () => this.release(row));
    } else if (waits) this.queueOf(row)?.waiting.push(row);
    const { deadline } = plan;
    if (deadline !== undefined) this.at(deadline, () => this.end(row));
    return row;
  }

  private queueOf({ plan: { queue } }: Row): Queue | undefined {
    return queue === undefined ? undefined : this.queues.get(queue);
  }

  private become(row: Row, status: Status, at: number): void {
    this.counts[row.status] -= 1;
    this.counts[status] += 1;
    row.status = status;
    row.updatedAt = at;
  }

  /** A delay has passed. */
  private release(row: Row): void {
    if (row.status !== 'DELAYED') return;
    this.become(row, 'ENQUEUED', this.now);
    const queue = this.queueOf(row);
    if (queue === undefined) this.start(row, this.now);
    else {
      queue.waiting.push(row);
      this.dequeue(queue);
    }
  }

  private dequeue(queue: Queue): void {
    while (queue.running < queue.slots && queue.head < queue.waiting.length) {
      const row = queue.waiting[queue.head];
      queue.head += 1;
      if (row?.status !== 'ENQUEUED') continue;
      queue.running += 1;
      this.start(row, this.now);
    }
  }

  private start(row: Row, startedAt: number): void {
    this.become(row, 'PENDING', startedAt);
    row.startedAt = startedAt;
    this.taken.push(row);
    this.queueOf(row)?.taken.push(row);
    this.enter(row, startedAt);
  }

  /** Begins the phase that is due, or ends the workflow. A first phase that began before the gate lasts from the gate's beginning. */
  private enter(row: Row, since: number): void {
    const phase = row.plan.phases[row.phase];
    row.since = since;
    if (phase === undefined) this.end(row);
    else if (phase.kind === 'children') this.startChildren(row, phase);
    else this.spend(row, phase, since);
  }

  private spend(row: Row, phase: Exclude<Phase, { kind: 'children' }>, since: number): void {
    const until = Math.max(since, this.now) + phase.ms;
    if (phase.kind === 'sleep')
      row.mark = this.timer(row.steps, since, phase.recorded ? until : since, row.steps > 0 ? 'work' : null);
    if (phase.kind === 'message') {
      const givesUp = phase.timeoutMs === null ? since : Math.max(since, this.now) + phase.timeoutMs;
      row.mark = this.timer(row.steps + 1, since, givesUp, null);
    }
    this.at(until, () => {
      if (phase.kind === 'message' && row.mark !== undefined) row.mark = { ...row.mark, before: 'DBOS.recv' };
      this.leave(row);
    });
  }

  private leave(row: Row): void {
    if (row.status !== 'PENDING') return;
    row.mark = this.lastStep(row) ?? undefined;
    row.steps = (row.mark?.number ?? -1) + 1;
    row.phase += 1;
    this.enter(row, this.now);
  }

  private startChildren(row: Row, phase: Extract<Phase, { kind: 'children' }>): void {
    const { plans, atOnce } = phase;
    row.waitsFor = plans.length;
    if (plans.length === 0) this.leave(row);
    for (const plan of atOnce ? plans : plans.slice(0, 1)) this.startChild(row, plan);
  }

  private startChild(row: Row, plan: Plan): void {
    const at = this.stamp(this.now);
    row.mark = step({ number: row.steps, name: plan.name, startedAt: at, completedAt: at });
    row.steps += 1;
    this.create(plan, row);
  }

  private end(row: Row): void {
    if (row.status === 'DONE') return;
    const queue = this.queueOf(row);
    const ran = row.status === 'PENDING';
    this.become(row, 'DONE', this.now);
    this.endedAt = this.now;
    if (row.isInitial) this.initialEnded += 1;
    if (row.parent !== undefined) this.childEnded(row.parent);
    if (queue === undefined) return;
    if (ran) queue.running -= 1;
    this.dequeue(queue);
  }

  private childEnded(parent: Row): void {
    const phase = parent.plan.phases[parent.phase];
    if (parent.status !== 'PENDING' || phase?.kind !== 'children') return;
    parent.waitsFor -= 1;
    if (parent.waitsFor === 0) this.leave(parent);
    const next = phase.atOnce ? undefined : phase.plans[phase.plans.length - parent.waitsFor];
    if (next !== undefined) this.startChild(parent, next);
  }

  private stamp(time: number): number {
    return DATABASE_EPOCH + Math.round(time + this.skewMs);
  }

  private timer(number: number, startedAt: number, until: number, before: LastStep['before']): LastStep {
    return step({
      number,
      name: 'DBOS.sleep',
      startedAt: this.stamp(startedAt),
      completedAt: this.stamp(until),
      before,
    });
  }

  /** Steps of work are counted when somebody polls, not as they end. */
  private lastStep(row: Row): LastStep | null {
    const phase = row.plan.phases[row.phase];
    if (row.status !== 'PENDING' || phase?.kind !== 'work') return row.mark ?? null;
    const done = Math.floor((Math.min(this.now, this.haltedAt) - row.since) / phase.stepMs);
    if (done === 0) return row.mark ?? null;
    const startedAt = this.stamp(row.since + (done - 1) * phase.stepMs);
    const completedAt = this.stamp(row.since + done * phase.stepMs);
    return step({ number: row.steps + done - 1, startedAt, completedAt });
  }

  /** What a poll sees now. */
  see(request: Pick<SnapshotRequest, 'detailScan' | 'startedSince' | 'namesSince'>): Snapshot {
    const observedAt = DATABASE_EPOCH + Math.round(this.now);
    const fromHere = observedAt - STARTED_MARGIN_MS;
    const details = this.oldest(request.detailScan ? DETAIL_SCAN_LIMIT : DETAIL_LIMIT);
    const lastDelayed = this.lastDelayed();
    const [oldest] = details;
    const index = snapshot({
      observedAt,
      inFlight:
        this.inFlight === 0
          ? []
          : [
              inFlight(TARGET, {
                pending: this.counts.PENDING,
                enqueued: this.counts.ENQUEUED,
                delayed: this.counts.DELAYED,
                oldestCreatedAt: oldest?.createdAt ?? null,
                delayedUntil: lastDelayed[0]?.until ?? null,
                newestTakenAt: this.newest(this.taken, ({ updatedAt }) => updatedAt),
              }),
            ],
      workflows: {
        items: details,
        omitted: Math.max(0, this.inFlight - details.length),
        omittedUnversioned: 0,
      },
      detailScan: request.detailScan,
      queues: [...this.queues.values()]
        .filter(({ name }) => this.enqueuedIn(name) > 0)
        .map((queue) => ({
          version: TARGET,
          queue: queue.name,
          pending: queue.running,
          enqueued: this.enqueuedIn(queue.name),
          newestStartedAt: this.newest(queue.taken, ({ startedAt }) => startedAt ?? 0),
          runningInAll: queue.running + queue.others,
          concurrency: queue.limit,
          rateMs: null,
        })),
      lastDelayed,
    });
    const versions = this.started(request.startedSince, fromHere);
    const started = { versions, names: this.names(request.namesSince), fromHere };
    return { ...index, contents: index.contents && { ...index.contents, started } };
  }

  private enqueuedIn(name: string): number {
    const queue = this.queues.get(name);
    return queue === undefined ? 0 : queue.waiting.length - queue.head;
  }

  /** Rows are taken in the order of time: the last one that still runs is the newest. */
  private newest(taken: Row[], time: (row: Row) => number): number | null {
    while (taken.length > 0 && taken.at(-1)?.status !== 'PENDING') taken.pop();
    const row = taken.at(-1);
    return row === undefined ? null : this.stamp(time(row));
  }

  private oldest(limit: number): readonly WorkflowDetail[] {
    if (this.listed.length > 2 * this.inFlight) {
      this.listed = this.listed.filter(({ status }) => status !== 'DONE');
    }
    const details: WorkflowDetail[] = [];
    for (const row of this.listed) {
      if (details.length >= limit) break;
      if (row.status !== 'DONE') details.push(this.detail(row));
    }
    return details;
  }

  private detail(row: Row): WorkflowDetail {
    const { plan, parent } = row;
    return workflowDetail({
      id: row.id,
      name: plan.name,
      status: row.status,
      queue: plan.queue ?? null,
      createdAt: this.stamp(row.createdAt),
      updatedAt: this.stamp(row.updatedAt),
      startedAt: row.startedAt === undefined ? null : this.stamp(row.startedAt),
      delayUntil: plan.delayMs === undefined ? null : this.stamp(releaseOf(row)),
      deadline: plan.deadline === undefined ? null : this.stamp(plan.deadline),
      parent: parent?.id ?? null,
      lastStep: this.lastStep(row),
    });
  }

  /** The last to be released, or to be cancelled before. */
  private lastDelayed(): readonly DelayedWorkflow[] {
    const last: DelayedWorkflow[] = [];
    for (let index = this.delayed.length - 1; index >= 0 && last.length < LAST_DELAYED_LIMIT; index -= 1) {
      const row = this.delayed[index];
      if (row?.status !== 'DELAYED') continue;
      last.push({ id: row.id, version: TARGET, name: row.plan.name, until: this.stamp(delayEnd(row)) });
    }
    return last;
  }

  private started(since: number | undefined, fromHere: number): readonly StartedOnVersion[] {
    const [previous, here] = [since ?? Number.POSITIVE_INFINITY, fromHere].map((moment) =>
      this.firstSince(moment),
    );
    const all = this.rows.length;
    const set = (first: number) => ({
      count: all - first,
      fingerprint: first === all ? '0' : `${first}+${all - first}`,
    });
    const children = (first: number) => (this.childrenBefore[all] ?? 0) - (this.childrenBefore[first] ?? 0);
    if (previous === undefined || here === undefined || Math.min(previous, here) === all) return [];
    return [
      {
        version: TARGET,
        application: 'shop',
        ranUnowned: false,
        sincePrevious: set(previous),
        fromHere: set(here),
        childrenSincePrevious: children(previous),
        childrenFromHere: children(here),
      },
    ];
  }

  private names(since: number | undefined): readonly StartedName[] {
    if (since === undefined) return [];
    const counts = new Map<string, number>();
    for (const { parent, plan } of this.rows.slice(this.firstSince(since))) {
      if (parent === undefined) counts.set(plan.name, (counts.get(plan.name) ?? 0) + 1);
    }
    return [...counts]
      .map(([name, count]) => ({ version: TARGET, name, count }))
      .sort((a, b) => b.count - a.count);
  }

  /** The first row, in the order of creation, that was stamped at this moment or later. */
  private firstSince(moment: number): number {
    let [low, high] = [0, this.rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const row = this.rows[middle];
      if (row !== undefined && this.stamp(row.createdAt) < moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function releaseOf({ createdAt, plan }: Row): number {
  return Math.max(0, createdAt) + (plan.delayMs ?? 0);
}

function delayEnd(row: Row): number {
  return Math.min(releaseOf(row), row.plan.deadline ?? Number.POSITIVE_INFINITY);
}
