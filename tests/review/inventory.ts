import { type Inventory, type InventoryWorkflow, MOST_OCCURRENCES } from '../../src/review/inventory/inventory.ts';
import type { InFlight } from './table.ts';

const PATCH_PREFIX = 'DBOS.patch-';

interface Named {
  readonly name: string;
  readonly className?: string | null;
}

export interface InventoryOptions {
  readonly application?: string | null;
  readonly schedules?: readonly Named[];
}

/** The inventory that has these executions in flight, in one application. */
export function inventoryOf(
  inFlight: readonly InFlight[],
  { application = 'shop', schedules = [] }: InventoryOptions = {},
): Inventory {
  const versions = [...Map.groupBy(inFlight, ({ version = '1.0.0' }) => version)].map(([version, rows]) => {
    const named = [
      ...Map.groupBy(rows, ({ workflow, className = null }) => JSON.stringify([workflow, className])).values(),
    ];
    return { version, workflows: named.map(workflowOf) };
  });
  return {
    format: 1,
    observedAt: '2026-11-27T12:00:00.000Z',
    application: null,
    applications: [
      {
        application,
        latest: '1.0.0',
        versions,
        schedules: schedules.map(({ name, className = null }, index) => {
          return { schedule: `schedule-${index + 1}`, name, className, isPaused: false };
        }),
      },
    ],
    schedulesRead: true,
    omitted: { workflows: 0, steps: 0, schedules: 0, applications: 0 },
  };
}

function workflowOf(rows: readonly InFlight[]): InventoryWorkflow {
  const count = (status: string) =>
    rows.reduce((sum, row) => sum + ((row.status ?? 'pending') === status ? (row.count ?? 1) : 0), 0);
  const recorded = rows.flatMap((row) => Array.from({ length: row.count ?? 1 }, () => row.recorded));
  const names = new Set(recorded.flat());
  const executions = (name: string) => {
    const times = recorded.map((list) => list.filter((each) => each === name).length);
    const most = Math.min(MOST_OCCURRENCES, Math.max(0, ...times));
    return Array.from({ length: most }, (_, index) => times.filter((each) => each > index).length);
  };
  const counts = { pending: count('pending'), enqueued: count('enqueued'), delayed: count('delayed') };
  return {
    name: rows[0]?.workflow ?? '',
    className: rows[0]?.className ?? null,
    ...counts,
    oldest: '2026-11-27T11:00:00.000Z',
    stepsReadOf: counts.pending + counts.enqueued + counts.delayed,
    steps: [...names].flatMap((name) => (name.startsWith(PATCH_PREFIX) ? [] : { name, executions: executions(name) })),
    patches: [...names].flatMap((name) => {
      const [first = 0] = executions(name);
      return name.startsWith(PATCH_PREFIX) ? { name: name.slice(PATCH_PREFIX.length), executions: first } : [];
    }),
  };
}
