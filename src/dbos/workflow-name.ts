/** What names the code of a workflow, as its row has it. */
export interface WorkflowName {
  readonly name: string | null;
  /** Null for a function without a class. Fully qualified in Java. */
  readonly className: string | null;
  /** The name of a configured instance of that class. Left out where the workflows of all instances are counted. */
  readonly instance?: string | null;
}

/**
 * Returns the name under which a workflow is shown: `Orders.ship`, or `Orders.ship (blue)` for one of several instances.
 * Null without a name. Python's names start with their class, which is not written twice. `matchesWorkflow` of `scope.ts`
 * finds the same name in SQL, without the instance.
 */
export function fullName({ name, className, instance }: WorkflowName): string | null {
  if (name === null) return null;
  const full = !className || name.startsWith(`${className}.`) ? name : `${className}.${name}`;
  return instance ? `${full} (${instance})` : full;
}
