import picomatch from 'picomatch/posix.js';

/** A line of `paths`. */
export interface PathRule {
  /** As it stands there. */
  readonly text: string;
  readonly isExclusion: boolean;
  /** The application that the files belong to; undefined where the line names none. */
  readonly application: string | undefined;
  matches(path: string): boolean;
}

/** Returns the rule of a line, `glob`, `glob = application` or `!glob`; undefined for anything else. */
export function pathRuleOf(text: string): PathRule | undefined {
  const isExclusion = text.startsWith('!');
  const [, glob = '', application] = /^!?(.*?)(?:\s+=\s+(.*))?$/.exec(text) ?? [];
  if (glob === '' || application === '' || (isExclusion && application !== undefined)) return undefined;
  const matches = matcherOf(glob);
  return matches && { text, isExclusion, application, matches };
}

function matcherOf(glob: string): PathRule['matches'] | undefined {
  try {
    // A leading `./` means the same folder. Files whose names start with a dot are files.
    const isMatch = picomatch(glob.replace(/^\.?\//, ''), { dot: true });
    return (path) => isMatch(path);
  } catch {
    return undefined;
  }
}

/** Where a file belongs; undefined where it is not reviewed. */
export interface Place {
  readonly application: string | undefined;
}

/**
 * Returns where a file belongs: the last line that matches decides. What no line matches is reviewed only where there
 * are none but exclusions.
 */
export function placeOf(path: string, rules: readonly PathRule[]): Place | undefined {
  const rule = rules.findLast(({ matches }) => matches(path));
  if (rule !== undefined) return rule.isExclusion ? undefined : { application: rule.application };
  return rules.every(({ isExclusion }) => isExclusion) ? { application: undefined } : undefined;
}
