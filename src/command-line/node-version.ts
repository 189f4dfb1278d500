import { REFUSED } from './exit-codes.ts';

/** The oldest Node that the command line runs on: `engines` in package.json. */
export const OLDEST_NODE = '22.12';

/** Ends the process with one sentence if this Node is too old. */
export function requireNode(version: string): void {
  const sentence = tooOld(version);
  if (sentence === undefined) return;
  process.stderr.write(`${sentence}\n`);
  process.exit(REFUSED);
}

/** Returns what to do where this Node is too old; undefined for one that will do. */
export function tooOld(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return `dbos-drain-gate needs Node ${OLDEST_NODE} or newer, and this is ${version}. Install a newer Node, or use the container image.`;
}
