import type { LastStep, WorkflowDetail } from '../../../src/dbos/snapshot/index.ts';
import { DATABASE_EPOCH, inFlight, queueInFlight, type Scene, step, workflowDetail } from '../builders.ts';

const VERSION = '1.0.0';

/** The counts of created rows start here, as in the snapshots of `builders.ts`. */
const CREATED_SINCE = DATABASE_EPOCH - 60_000;

/** A poll without a detail scan reads this many workflows. */
const DETAILS = 10;
const LAST_DELAYED = 5;

/** What a workflow does next, for `ms` milliseconds. */
export type Phase =
  | { readonly kind: 'step'; readonly ms: number }
  /** Newer SDKs record when a sleep ends. */
  | { readonly kind: 'sleep'; readonly ms: number; readonly recorded: boolean }
  /** A `recv` whose message comes after `ms`. Java's SDK records when it would time out. */
  | { readonly kind: 'message'; readonly ms: number; readonly timeoutMs: number | null }
  /** Starts these at once, and waits for all of them. */
  | { readonly kind: 'children'; readonly plans: readonly Plan[] };

/** A workflow to be. */
export interface Plan {
  readonly name: string;
  readonly queue?: string;
  readonly phases: readonly Phase[];
  readonly delayMs?: number;
  /** DBOS cancels it this many milliseconds after its creation, or after the gate's start if it was created before. */
  readonly deadlineMs?: number;
}

interface Row {
  readonly plan: Plan;
  readonly parent: Row | undefined;
  /** Undefined once it has finished. */
  detail: WorkflowDetail | undefined;
  readonly createdAt: number;
  phase: number;
  steps: number;
  childrenLeft: number;
}

interface Event {
  readonly at: number;
  readonly happen: () => void;
}

/**
 * A system database in which one version drains, driven by events. Times are in milliseconds since the gate started.
 * Processes stamp theirs by a clock that is ahead by `skewMs`.
 */
export class SimulatedSystem {
  now = 0;
  /** When the last workflow so far finished. */
  finishedAt = 0;
  private readonly skewMs: number;
  private readonly rows: Row[] = [];
  private readonly live = new Set<Row>();
  private readonly slots = new Map<string, number>();
  private events: Event[] = [];
  private finishesLeft = Number.POSITIVE_INFINITY;

  constructor(skewMs: number) {
    this.skewMs = skewMs;
  }

  /** How many workflows the version runs at once from a queue. */
  addQueue(name: string, slots: number): void {
    this.slots.set(name, slots);
  }

  /** Every process dies once this many workflows have finished: nothing happens any more. */
  dieAfter(finishes: number): void {
    this.finishesLeft = finishes;
  }

  at(time: number, happen: () => void): void {
    this.events.push({ at: time, happen });
  }

  advance(until: number): void {
    for (let next = this.next(until); next !== undefined; next = this.next(until)) {
      this.events.splice(this.events.indexOf(next), 1);
      this.now = next.at;
      next.happen();
    }
    if (Number.isFinite(until)) this.now = until;
  }

  private next(until: number): Event | undefined {
    const first = this.events.reduce<Event | undefined>(
      (best, event) => (best === undefined || event.at < best.at ? event : best),
      undefined,
    );
    return first !== undefined && first.at <= until ? first : undefined;
  }

  /** Creates a workflow, or one that was created `ageMs` before the gate started. */
  create(plan: Plan, { ageMs = 0, parent }: { readonly ageMs?: number; readonly parent?: Row } = {}): void {
    const { name, queue = null, delayMs, deadlineMs } = plan;
    const createdAt = this.stamp(this.now - ageMs);
    const detail = workflowDetail({
      id: `${name}-${this.rows.length}`,
      name,
      queue,
      status: delayMs === undefined ? 'ENQUEUED' : 'DELAYED',
      createdAt,
      updatedAt: createdAt,
      delayUntil: delayMs === undefined ? null : this.stamp(this.now + delayMs),
      deadline: deadlineMs === undefined ? null : this.stamp(this.now + deadlineMs),
      parent: parent?.detail?.id ?? null,
      // The SDK whose timers record when the wait for a message will be over.
      serialization: 'java_jackson',
    });
    const row: Row = { plan, parent, detail, createdAt, phase: 0, steps: 0, childrenLeft: 0 };
    this.rows.push(row);
    this.live.add(row);
    if (deadlineMs !== undefined) this.at(this.now + deadlineMs, () => this.finish(row));
    if (delayMs === undefined) this.dequeue(ageMs);
    else this.at(this.now + delayMs, () => this.release(row));
  }

  private release(row: Row): void {
    this.write(row, { status: 'ENQUEUED', updatedAt: this.stamp(this.now) });
    this.dequeue();
  }

  private dequeue(ageMs = 0): void {
    const free = new Map(this.slots.entries().map(([queue, slots]) => [queue, slots - this.running(queue).length]));
    for (const row of this.live) {
      const { queue } = row.plan;
      if (row.detail?.status !== 'ENQUEUED') continue;
      if (queue !== undefined) {
        const left = free.get(queue) ?? 0;
        if (left <= 0) continue;
        free.set(queue, left - 1);
      }
      const since = this.stamp(queue === undefined ? this.now - ageMs : this.now);
      this.write(row, { status: 'PENDING', startedAt: since, updatedAt: since });
      this.enter(row, queue === undefined ? this.now - ageMs : this.now);
    }
  }

  private running(queue: string): readonly WorkflowDetail[] {
    return this.inFlight().filter((each) => each.queue === queue && each.status === 'PENDING');
  }

  /** Starts the next phase, or finishes the workflow. A phase that started before the gate lasts from the gate's start. */
  private enter(row: Row, since: number): void {
    const phase = row.plan.phases[row.phase];
    if (phase === undefined) this.finish(row);
    else if (phase.kind === 'children') {
      row.childrenLeft = phase.plans.length;
      for (const plan of phase.plans) this.create(plan, { parent: row });
    } else {
      const until = this.now + phase.ms;
      if (phase.kind === 'sleep') this.mark(row, row.steps, since, phase.recorded ? until : since, 'work');
      if (phase.kind === 'message') this.mark(row, row.steps + 1, since, since + (phase.timeoutMs ?? 0), null);
      this.at(until, () => this.leave(row, phase, since));
    }
  }

  private leave(row: Row, phase: Phase, since: number): void {
    if (row.detail === undefined) return;
    const { lastStep } = row.detail;
    if (phase.kind === 'step') {
      const times = { startedAt: this.stamp(since), completedAt: this.stamp(this.now) };
      this.write(row, { lastStep: step({ number: row.steps, ...times }) });
    }
    if (phase.kind === 'message' && lastStep !== null) {
      this.write(row, { lastStep: { ...lastStep, before: 'DBOS.recv' } });
    }
    row.steps += phase.kind === 'message' ? 2 : 1;
    row.phase += 1;
    this.enter(row, this.now);
  }

  /** Records a timer. */
  private mark(row: Row, number: number, since: number, until: number, before: LastStep['before']): void {
    const times = { startedAt: this.stamp(since), completedAt: this.stamp(until) };
    const name = 'DBOS.sleep';
    this.write(row, { lastStep: step({ number, name, before: number > 0 ? before : null, ...times }) });
  }

  private finish(row: Row): void {
    if (row.detail === undefined) return;
    row.detail = undefined;
    this.live.delete(row);
    this.finishedAt = this.now;
    this.finishesLeft -= 1;
    const { parent } = row;
    if (parent !== undefined) {
      parent.childrenLeft -= 1;
      if (parent.childrenLeft === 0) this.leave(parent, { kind: 'step', ms: 0 }, this.now);
    }
    this.dequeue();
    if (this.finishesLeft <= 0) this.events = [];
  }

  private write(row: Row, changes: Partial<WorkflowDetail>): void {
    if (row.detail !== undefined) row.detail = { ...row.detail, ...changes };
  }

  private stamp(time: number): number {
    return DATABASE_EPOCH + Math.round(time + this.skewMs);
  }

  private inFlight(): readonly WorkflowDetail[] {
    return [...this.live].flatMap(({ detail }) => detail ?? []);
  }

  /** When the last delay or recorded sleep that is in the tables now is over. */
  get waitsUntil(): number {
    const ends = [...this.live].map(({ detail, plan, phase }) => {
      const now = plan.phases[phase];
      const sleeps = detail?.status === 'PENDING' && now?.kind === 'sleep' && now.recorded;
      const until = detail?.status === 'DELAYED' ? detail.delayUntil : sleeps ? detail.lastStep?.completedAt : 0;
      return Math.min(until ?? 0, detail?.deadline ?? Number.POSITIVE_INFINITY) - DATABASE_EPOCH;
    });
    return Math.max(0, ...ends);
  }

  /** Returns what a poll sees now. */
  see(detailScan: boolean): Scene {
    const all = this.inFlight().toSorted((a, b) => a.createdAt - b.createdAt);
    const items = detailScan ? all : all.slice(0, DETAILS);
    const delayed = all
      .filter(({ status }) => status === 'DELAYED')
      .map(({ id, name, delayUntil, deadline }) => {
        const until = Math.min(delayUntil ?? 0, deadline ?? Number.POSITIVE_INFINITY);
        return { id, version: VERSION, name, className: null, instance: null, until };
      })
      .sort((a, b) => b.until - a.until);
    const count = (wanted: string) => all.filter(({ status }) => status === wanted).length;
    const counts = {
      pending: count('PENDING'),
      enqueued: count('ENQUEUED'),
      delayed: count('DELAYED'),
      delayedUntil: delayed[0]?.until ?? null,
      newestTakenAt: newestStart(all),
    };
    return {
      observedAt: DATABASE_EPOCH + Math.round(this.now),
      inFlight: all.length > 0 ? [inFlight(VERSION, counts)] : [],
      workflows: { items, omitted: all.length - items.length, omittedUnversioned: 0 },
      lastDelayed: delayed.slice(0, LAST_DELAYED),
      queues: [...this.slots.keys()].flatMap((queue) => {
        const enqueued = all.filter((each) => each.queue === queue && each.status === 'ENQUEUED').length;
        const running = this.running(queue);
        const state = { pending: running.length, runningInAll: running.length };
        return enqueued === 0
          ? []
          : [queueInFlight({ queue, enqueued, ...state, newestStartedAt: newestStart(running) })];
      }),
      started: this.created(),
    };
  }

  private created(): NonNullable<Scene['started']> {
    const rows = this.rows.filter(({ createdAt }) => createdAt >= CREATED_SINCE);
    const all = { count: rows.length, fingerprint: String(rows.length) };
    const children = rows.filter(({ parent }) => parent !== undefined).length;
    const sets = { sincePrevious: all, fromHere: all };
    const ofChildren = { childrenSincePrevious: children, childrenFromHere: children };
    return [{ version: VERSION, application: 'shop', ranUnowned: false, ...sets, ...ofChildren }];
  }
}

function newestStart(workflows: readonly WorkflowDetail[]): number | null {
  const times = workflows.flatMap(({ status, startedAt }) => (status === 'PENDING' ? (startedAt ?? []) : []));
  return times.length === 0 ? null : Math.max(...times);
}
