import type { ProbeRow } from '../../dbos/schema.ts';

/** The table of schedules, which the gate does not read. */
export const SCHEDULES = 'workflow_schedules';

/** Columns that every SDK's table has: TypeScript from 4.10 on. */
const NEEDED = ['schedule_name', 'workflow_name', 'workflow_class_name', 'status'];

/** Whether schedules are kept in the database, and can be read. `none`: this SDK keeps them in code. */
export type ScheduleAccess = 'none' | 'unreadable' | { readonly hasOwners: boolean };

/** Returns how schedules can be read, and the probe as the gate knows it. */
export function scheduleAccess({ tables, ...probe }: ProbeRow): readonly [ScheduleAccess, ProbeRow] {
  const { [SCHEDULES]: table, ...others } = tables;
  return [accessTo(table), { ...probe, tables: others }];
}

function accessTo(table: ProbeRow['tables'][string] | undefined): ScheduleAccess {
  if (table === undefined) return 'none';
  const hasOwners = table.columns.includes('application_name');
  const columns = hasOwners ? [...NEEDED, 'application_name'] : NEEDED;
  const isReadable = table.kind === 'r' && !table.filtered && columns.every((name) => table.readable.includes(name));
  return isReadable ? { hasOwners } : 'unreadable';
}
