import type { NewestRoots, Root } from '../../src/dbos/snapshot/index.ts';

/** A workflow row that was created since the latest version was registered. */
export interface StartedRow {
  readonly version: string | null;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Enqueued, delayed, or cancelled before it ran: no process took it up. */
  readonly untaken?: boolean;
  readonly scheduled?: boolean;
  /** A child, a fork, or under an ignored name. */
  readonly noRoot?: boolean;
}

interface Collected {
  newestTakenUpAt: number | null;
  readonly roots: Root[];
  readonly alike: Map<string, number>;
}

/** How many roots of one version that are alike the section of the snapshot returns. */
const ALIKE_ROOTS = 100;

/** What the section of the snapshot holds of these rows, which lie in the order of their creation. */
export function evidenceOf(rows: readonly StartedRow[], changes: Partial<NewestRoots> = {}): NewestRoots {
  const versions = new Map<string | null, Collected>();
  for (const { version, at, untaken = false, scheduled = false, noRoot = false } of rows.toReversed()) {
    const own: Collected = versions.get(version) ?? { newestTakenUpAt: null, roots: [], alike: new Map() };
    versions.set(version, own);
    if (!untaken) own.newestTakenUpAt ??= at;
    const kind = `${untaken} ${scheduled}`;
    const number = (own.alike.get(kind) ?? 0) + 1;
    if (noRoot || number > ALIKE_ROOTS) continue;
    own.alike.set(kind, number);
    own.roots.push({ createdAt: at, takenUp: !untaken, scheduled });
  }
  return {
    versions: [...versions].map(([version, { newestTakenUpAt, roots }]) => ({ version, newestTakenUpAt, roots })),
    reachesBack: true,
    othersFill: false,
    showsParents: true,
    ...changes,
  };
}
