import { counted, type Message, msg, number, trusted } from '../../message.ts';
import { blocks, code, markdown, more, table } from '../../report/markdown.ts';
import type { Inventory } from '../inventory/inventory.ts';

const SHOWN = 50;

/** All executions in flight, those included that did not fit. */
export function inFlightOf({ applications, omitted }: Inventory): number {
  const workflows = applications.flatMap(({ versions }) => versions.flatMap((version) => version.workflows));
  return workflows.reduce(
    (sum, { pending, enqueued, delayed }) => sum + pending + enqueued + delayed,
    omitted.workflows,
  );
}

/** What the inventory holds, in two sentences at most. */
export function inventoryHeadline(inventory: Inventory): Message {
  const { workflows, steps, schedules, applications } = inventory.omitted;
  const versions = inventory.applications.reduce((sum, each) => sum + each.versions.length, 0);
  const held = msg`${counted(inFlightOf(inventory), 'execution')} in flight on ${counted(versions, 'version')}, observed at ${trusted(inventory.observedAt)}`;
  if (workflows + steps + schedules + applications === 0) return held;
  return msg`${held}. Not in the file: ${counted(workflows, 'execution')}, ${counted(steps, 'step name')}, ${counted(schedules, 'schedule')}, ${counted(applications, 'application')}`;
}

/** The job summary of `mode: inventory`. It has names and counts, as the file does. */
export function inventoryPage(inventory: Inventory, path: string): string {
  const rows = inventory.applications.flatMap(({ application, versions }) =>
    versions.map(({ version, workflows }) => ({
      application,
      version,
      workflows: workflows.length,
      inFlight: workflows.reduce((sum, each) => sum + each.pending + each.enqueued + each.delayed, 0),
    })),
  );
  const name = (text: string | null, without: string) => (text === null ? without : code(text));
  return `${blocks(
    `## ℹ️ ${markdown(inventoryHeadline(inventory))}`,
    rows.length === 0
      ? ''
      : table(rows.slice(0, SHOWN), {
          Application: ({ application }) => name(application, '(no owner)'),
          Version: ({ version }) => name(version, '(no version)'),
          Workflows: ({ workflows }) => number(workflows),
          'In flight': ({ inFlight }) => number(inFlight),
        }),
    more(rows.length - SHOWN, 'version'),
    `<sub>Written to ${code(path)}. It holds names and counts, and no ids, inputs or outputs of workflows.</sub>`,
  )}\n`;
}
