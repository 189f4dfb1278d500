/** A version to retire. Null: the processes without a version, whose running workflows carry none. */
export type Target = string | null;

/** The target that the rows of a version belong to, if it is one. Without a version and with an empty one is the same. */
export function targetOfRows(version: string | null): Target {
  return version || null;
}

/** The name under which the processes of a target register. */
export function registeredName(target: Target): string {
  return target ?? '';
}
