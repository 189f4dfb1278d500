import type { WorkflowName } from './workflow-name.ts';

/** What a workflow of DBOS's own is for. */
export type OwnWork = 'debouncer' | 'step' | 'message';

type Named = Pick<WorkflowName, 'name' | 'className'>;

/**
 * Workflows of DBOS's own that wait for the calls of a debouncer: Java's, those of older TypeScript (4.20) and Python
 * (2.16) SDKs, and Go's (0.19). Go names that one after the function that makes the debouncer, with the types of the
 * workflow's input and result. Newer SDKs delay the workflow itself.
 */
const DEBOUNCERS: readonly ((workflow: Named) => boolean)[] = [
  ({ name, className }) => name === 'debouncerWorkflow' && className === 'DBOS.InternalWorkflows',
  ({ name }) => name === '_dbos_debouncer_workflow',
  ({ name }) =>
    /^github\.com\/dbos-inc\/dbos-transact-golang\/dbos\.(internalDebouncerWF|NewDebouncer(Client)?)\[/.test(
      name ?? '',
    ),
];

/**
 * Workflows that DBOS makes of a single call outside a workflow, so that it is durable. Those of TypeScript (3.0 to 4.27)
 * are named `temp_workflow-`, a type, `-` and a name, and those of Python (2.16 to 3.4) `<temp>.` and a name.
 */
const SEND = /^(temp_workflow-send(-|$)|<temp>\.temp_send_workflow$)/;
const STEP = /^(temp_workflow-|<temp>\.)/;

/** Returns what a workflow of DBOS's own is for; undefined for the application's. */
export function ownWorkOf(workflow: Named): OwnWork | undefined {
  if (DEBOUNCERS.some((matches) => matches(workflow))) return 'debouncer';
  const name = workflow.name ?? '';
  if (SEND.test(name)) return 'message';
  return STEP.test(name) ? 'step' : undefined;
}

/** The queue on which every SDK puts scheduled, resumed and forked workflows, and others that name none. */
export const INTERNAL_QUEUE = '_dbos_internal_queue';
