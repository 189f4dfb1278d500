import type { WorkflowDetail } from './snapshot/index.ts';

/**
 * Workflows of DBOS's own that wait for the calls of a debouncer: Java's, those of older TypeScript (4.20) and Python
 * (2.16) SDKs, and Go's (0.19). Go names that one after the function that makes the debouncer, with the types of the
 * workflow's input and result. Newer SDKs delay the workflow itself.
 */
const DEBOUNCERS: readonly ((workflow: Pick<WorkflowDetail, 'name' | 'className'>) => boolean)[] = [
  ({ name, className }) => name === 'debouncerWorkflow' && className === 'DBOS.InternalWorkflows',
  ({ name }) => name === '_dbos_debouncer_workflow',
  ({ name }) =>
    /^github\.com\/dbos-inc\/dbos-transact-golang\/dbos\.(internalDebouncerWF|NewDebouncer(Client)?)\[/.test(
      name ?? '',
    ),
];

/** Whether a workflow is DBOS's own, which waits for the calls that it debounces. */
export const isDebouncer = (workflow: Pick<WorkflowDetail, 'name' | 'className'>): boolean =>
  DEBOUNCERS.some((matches) => matches(workflow));
