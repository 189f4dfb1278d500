import { signOfLife } from '../rules/live-evidence.ts';
import type { SnapshotIndex } from '../rules/snapshot-index.ts';
import { NO_WORKFLOWS } from '../status-counts.ts';
import type { Run } from './model.ts';
import { checksOf } from './preflight-checks.ts';
import { nextOf } from './preflight-next.ts';
import type { RunReport } from './schema.ts';

/** What a preflight finds. */
type Found = NonNullable<RunReport['found']>;
type FoundVersion = Found['versions'][number];

/** Returns what a preflight found, and what to use next where nothing is in the way. */
export function foundIn(run: Run): Found {
  const { last, config, verdict, connection } = run;
  const index = last?.evaluation.index;
  const access = last?.evaluation.snapshot.access;
  const isMixed = config?.application === undefined && (index?.contents.owners.length ?? 0) > 1;
  const versions =
    index === undefined || last === undefined ? [] : versionsIn(index, isMixed, last.evaluation.snapshot.observedAt);
  const applications = index?.contents.owners ?? access?.owners ?? [];
  const isNext = verdict === 'no-target' && connection !== undefined && config !== undefined;
  const [latest] = index?.registered ?? [];
  return {
    checks: checksOf(run, versions),
    role: access?.role ?? null,
    grants: access?.grants ?? [],
    optionalGrants: access?.optionalGrants ?? [],
    applications,
    versions,
    next: isNext
      ? nextOf({ connection, config, application: config.application ?? onlyOwner(index), latest: latest?.version })
      : null,
  };
}

/** The one application that owns a registration, which stays. What only owns work in flight may be gone later. */
function onlyOwner(index: SnapshotIndex | undefined): string | undefined {
  const owners = new Set((index?.registered ?? []).flatMap(({ application }) => application ?? []));
  return owners.size === 1 ? [...owners][0] : undefined;
}

/** Registered versions, the newest first, and then what else is in flight. */
function versionsIn(index: SnapshotIndex, isMixed: boolean, observedAt: number): readonly FoundVersion[] {
  const { contents, registered, registrations, inFlight } = index;
  const names = new Set<string | null>([...registered.map(({ version }) => version), ...inFlight.keys()]);
  const latest = isMixed ? latestOfEach(index) : index.latest;
  const since = registered[0]?.timestamp;
  // Which one receives work is asked within one application.
  const evidence = isMixed ? undefined : contents.newestRoots;
  return [...names].map((version): FoundVersion => {
    const work = inFlight.get(version);
    const { pending, enqueued, delayed } = work ?? NO_WORKFLOWS;
    const registration = version === null ? undefined : registrations.get(version);
    const isLatest = version !== null && latest.has(version);
    const isTold = !isLatest && since !== undefined && evidence?.showsParents === true;
    return {
      version,
      application: registration?.application ?? work?.application ?? null,
      registered: registration !== undefined,
      latest: isLatest,
      receivesWork: isTold
        ? signOfLife(version, { versions: index.latest, since }, evidence, observedAt) !== undefined
        : null,
      ...{ pending, enqueued, delayed },
      ignored: work?.ignored ?? 0,
    };
  });
}

/** The latest version of each application. */
function latestOfEach({ registered }: SnapshotIndex): ReadonlySet<string> {
  const owned = registered.filter(({ application }) => application !== null);
  const byApplication = Map.groupBy(owned, ({ application }) => application);
  return new Set([...byApplication.values()].flatMap(([newest]) => newest?.version ?? []));
}
