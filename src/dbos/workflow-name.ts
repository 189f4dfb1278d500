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
 * Null without a name. A class that the name has already is not written twice. `isIgnored` of `scope.ts` finds the
 * same name in SQL, without the instance, and Go's with the class in front as well.
 */
export function fullName({ name, className, instance }: WorkflowName): string | null {
  if (name === null) return null;
  const full = !className || hasClass(name, className) ? name : `${className}.${name}`;
  return instance ? `${full} (${instance})` : full;
}

/** Python's names start with the class; Go's have it behind the path of the package: `shop/orders.(*Shop).Ship-fm`. */
function hasClass(name: string, className: string): boolean {
  return name.startsWith(`${className}.`) || name.includes(`.(*${className}).`) || name.includes(`.${className}.`);
}
