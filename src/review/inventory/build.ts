import { ownWorkOf } from '../../dbos/own-workflows.ts';
import { FORMAT, type Inventory, type InventoryApplication, type InventoryWorkflow } from './inventory.ts';
import { type InventoryRow, PATCH_MARK } from './query.ts';

/** What an inventory is made of. */
export interface InventoryFacts
  extends Omit<InventoryRow, 'migration' | 'file' | 'server' | 'owners' | 'unknownStatuses'> {
  /** Database time in epoch milliseconds. */
  readonly observedAt: number;
  /** The one that was asked for; undefined for all. */
  readonly application: string | undefined;
  readonly schedulesRead: boolean;
  /** Rows in a status that this release does not know: they can be in flight. */
  readonly unknownStatuses: number;
}

type Group = InventoryRow['groups'][number];
type GroupStep = InventoryRow['steps'][number];

/**
 * The most bytes in a file, as JSON, of the workflows, of the schedules, and of the registrations of applications. What
 * does not fit is counted in `omitted`. All three are smaller than the largest file that a review reads.
 */
export const MOST_BYTES = 6_000_000;
/** The most that an entry takes next to its own fields: those of its application and its version, without their names. */
const FRAME_BYTES = 120;

/**
 * Returns the inventory of what was read. DBOS's own workflows are left out: no text of a program defines them. It is
 * pure.
 */
export function buildInventory(facts: InventoryFacts): Inventory {
  const stepsOf = Map.groupBy(facts.steps, ({ group }) => group);
  const latestOf = latestBy(facts.latest);
  const workflows = facts.groups
    .filter((group) => ownWorkOf(group) === undefined)
    .toSorted((a, b) => a.number - b.number)
    .map((group) => ({ group, workflow: workflowOf(group, stepsOf.get(group.number) ?? []) }));
  const kept = fitting(workflows, ({ group: { application, version }, workflow }) => [
    ...[application, latestOf(application), version, workflow],
  ]);
  const schedules = fitting(facts.schedules, (schedule) => [schedule, latestOf(schedule.application)]);
  // Work of DBOS's own shows an application as well.
  const registered = [...new Set([...facts.latest, ...facts.groups].map(({ application }) => application))];
  const known = fitting(registered, (application) => [application, latestOf(application)]);
  const tooMany = workflows.slice(kept.length);
  return {
    format: FORMAT,
    observedAt: isoTime(facts.observedAt),
    application: facts.application ?? null,
    applications: applicationsOf(kept, known, schedules, latestOf),
    schedulesRead: facts.schedulesRead,
    omitted: {
      workflows:
        facts.inFlight - sum(facts.groups, sizeOf) + sum(tooMany, ({ group }) => sizeOf(group)) + facts.unknownStatuses,
      steps: facts.stepNames - facts.steps.length + sum(tooMany, ({ group }) => stepsOf.get(group.number)?.length ?? 0),
      schedules: facts.scheduleCount - schedules.length,
      applications: registered.length - known.length,
    },
  };
}

interface Placed {
  readonly group: Group;
  readonly workflow: InventoryWorkflow;
}

function workflowOf(group: Group, steps: readonly GroupStep[]): InventoryWorkflow {
  const named = steps.map(({ name, times }) => ({ name, executions: atLeast(times) }));
  const isPatch = ({ name }: { readonly name: string }) => name.startsWith(PATCH_MARK);
  return {
    name: group.name,
    className: group.className,
    pending: group.pending,
    enqueued: group.enqueued,
    delayed: group.delayed,
    oldest: isoTime(group.oldest),
    stepsReadOf: group.whole,
    steps: named.filter((step) => !isPatch(step)),
    patches: named.filter(isPatch).map(({ name, executions: [first = 0] }) => ({
      name: name.slice(PATCH_MARK.length),
      executions: first,
    })),
  };
}

/** From how many executions recorded something how often, to how many recorded it at least once, at least twice, and so on. */
function atLeast(times: GroupStep['times']): number[] {
  const most = Math.max(...times.map(([often]) => often));
  return Array.from({ length: most }, (_, before) =>
    sum(times, ([often, executions]) => (often > before ? executions : 0)),
  );
}

/** The first ones that fit into a file. */
function fitting<T>(items: readonly T[], shown: (item: T) => unknown): readonly T[] {
  let left = MOST_BYTES;
  return items.filter((item) => {
    left -= Buffer.byteLength(JSON.stringify(shown(item))) + FRAME_BYTES;
    return left >= 0;
  });
}

type Schedules = InventoryFacts['schedules'];
type LatestOf = (application: string | null) => string | null;

function applicationsOf(
  placed: readonly Placed[],
  registered: readonly (string | null)[],
  schedules: Schedules,
  latestOf: LatestOf,
): InventoryApplication[] {
  const placedBy = Map.groupBy(placed, ({ group }) => group.application);
  const schedulesBy = Map.groupBy(schedules, ({ application }) => application);
  const names = new Set([...placedBy.keys(), ...registered, ...schedulesBy.keys()]);
  return [...names].toSorted(nullFirst).map((application) => {
    const versions = Map.groupBy(placedBy.get(application) ?? [], ({ group }) => group.version);
    return {
      application,
      latest: latestOf(application),
      versions: [...versions.keys()].toSorted(nullFirst).map((version) => ({
        version,
        workflows: (versions.get(version) ?? []).map(({ workflow }) => workflow),
      })),
      schedules: (schedulesBy.get(application) ?? []).map(({ application: _, ...schedule }) => schedule),
    };
  });
}

/** The newest registration of an application, or of no owner: older SDKs write none. */
function latestBy(latest: InventoryRow['latest']): LatestOf {
  const newest = new Map<string | null, InventoryRow['latest'][number]>();
  for (const each of latest) {
    const known = newest.get(each.application);
    if (known === undefined || known.timestamp < each.timestamp) newest.set(each.application, each);
  }
  return (application) => {
    const own = [newest.get(application), newest.get(null)].flatMap((each) => each ?? []);
    const [first] = own.toSorted((a, b) => b.timestamp - a.timestamp);
    return first?.version ?? null;
  };
}

function nullFirst(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(b === null) - Number(a === null);
  return a < b ? -1 : Number(a > b);
}

const sizeOf = ({ pending, enqueued, delayed }: Group): number => pending + enqueued + delayed;

function sum<T>(items: readonly T[], size: (item: T) => number): number {
  return items.reduce((total, item) => total + size(item), 0);
}

const isoTime = (time: number): string => new Date(time).toISOString();
