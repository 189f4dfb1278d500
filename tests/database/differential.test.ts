// @module-tag exhaustive
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GROUP_LIMIT, LAST_DELAYED_LIMIT } from '../../src/dbos/snapshot/in-flight.ts';
import type { StartedOnVersion, Truncated } from '../../src/dbos/snapshot/index.ts';
import { DETAIL_LIMIT } from '../../src/dbos/snapshot/workflows.ts';
import { indexed } from '../../src/rules/snapshot-index.ts';
import { expectedSnapshot, largestFirst } from '../support/expected-snapshot.ts';
import { seenIn } from '../support/holding.ts';
import { populate, populations } from '../support/populations.ts';
import { sdkOracle } from '../support/sdk-oracle.ts';
import { systemDatabases } from '../support/system-databases.ts';

const CASES = 60;
const seed = Number(process.env['DIFFERENTIAL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** Time for a slow machine, and for fast-check to shrink a failing population. In milliseconds. */
const PATIENCE_MS = 600_000;

const databases = systemDatabases();

test(`sees the same as DBOS's own client in ${CASES} random populations`, {
  timeout: PATIENCE_MS,
}, async () => {
  console.log(`DIFFERENTIAL_SEED=${seed} makes these populations again.`);
  const database = await databases.create();
  const oracle = sdkOracle(database.url);
  const agree = fc.asyncProperty(populations, async (population) => {
    const now = Date.now();
    await populate(database, population, now);
    const { application, selection, ignoreWorkflows, startedSince } = population;
    const index = await seenIn(
      database,
      { application, ignoreWorkflows },
      {
        selection,
        startedSince: now - startedSince,
        searchHistoryFor: ['absent'],
        scanStatuses: true,
        countFailed: true,
        detailScan: false,
        namesSince: now - startedSince,
      },
    );
    const answers = await oracle.ask(population, now);
    const expected = expectedSnapshot(population, answers);

    expect(sorted(index.inFlight)).toEqual(sorted(expected.inFlight));
    const shown = expected.workflows.slice(0, DETAIL_LIMIT);
    expect(index.workflows.items).toEqual(shown);
    expect(leftOutOf(index.workflows)).toEqual(lackingIn(shown, expected.workflows));
    expect(sorted(index.matchedPatterns)).toEqual(sorted([...new Set(expected.matchedPatterns)]));
    expect(index.lastDelayed.map(({ until }) => until)).toEqual(expected.lastDelayed.slice(0, LAST_DELAYED_LIMIT));
    expect(sorted(index.queues)).toEqual(sorted(expected.queues));
    expect(index.groups.items).toEqual([...index.groups.items].sort(largestFirst));
    expect(index.groups.items).toHaveLength(Math.min(GROUP_LIMIT, expected.groups.length));
    expect(leftOutOf(index.groups)).toEqual(lackingIn(index.groups.items, expected.groups));
    if (expected.groups.length <= GROUP_LIMIT) expect(sorted(index.groups.items)).toEqual(sorted(expected.groups));
    else expect(expected.groups).toEqual(expect.arrayContaining([...index.groups.items]));

    expect(startedOn(index.started.versions, 'sincePrevious')).toEqual(expected.startedSincePrevious);
    expect(startedOn(index.started.versions, 'fromHere')).toEqual(expected.startedInLastMinute);
    expect(sorted(index.failed)).toEqual(sorted(expected.failed));
    // No process ever claims a row with an empty version, so it does not matter whether it is listed.
    const unknown = indexed(index).unknownStatuses.filter(({ version }) => version !== '');
    expect(sorted(unknown)).toEqual(sorted(expected.unknownStatuses));
    expect(index.owners).toEqual(expected.owners);
    const applications = index.applications.map(({ name, inFlight }) => ({ name, inFlight: sorted(inFlight) }));
    const expectedApplications = expected.applications.map(({ name, inFlight }) => ({
      name,
      inFlight: sorted(inFlight),
    }));
    expect(sorted(applications)).toEqual(sorted(expectedApplications));
    expect(index.applicationSeen).toBe(expected.applicationSeen);
    expect(index.newestCreatedAt).toBe(expected.newestCreatedAt);
    expect(index.newestWriteAt).toBe(expected.newestWriteAt);

    // A client cannot see whether a registration was written again.
    const registered = index.registrations?.map(({ rewritten: _, registeredAt: __, ...registration }) => registration);
    expect(sorted(registered)).toEqual(sorted(answers.registered));
    if (answers.latest !== undefined) {
      expect([...indexed(index).latest]).toContain(answers.latest);
    }
    expect(index.history?.complete).toBe(true);
    expect(sorted(index.history?.found)).toEqual(sorted(expected.history));
  });
  try {
    await fc.assert(agree, {
      numRuns: CASES,
      seed,
    });
  } finally {
    await oracle.close();
  }
});

/** Returns the number of started workflows per version, without the versions that have none. */
function startedOn(versions: readonly StartedOnVersion[], since: 'sincePrevious' | 'fromHere') {
  return Object.fromEntries(
    versions.filter((row) => row[since].count > 0).map((row) => [row.version, row[since].count]),
  );
}

type Versioned = { readonly version: string | null };

function leftOutOf({ omitted, omittedUnversioned }: Truncated<unknown>) {
  return { omitted, omittedUnversioned };
}

/** Returns how many rows a truncated list omits, with a version and without. */
function lackingIn(shown: readonly Versioned[], all: readonly Versioned[]) {
  const unversioned = (rows: readonly Versioned[]) => rows.filter(({ version }) => version === null).length;
  const omittedUnversioned = unversioned(all) - unversioned(shown);
  return { omitted: all.length - shown.length - omittedUnversioned, omittedUnversioned };
}

/** Sorts by JSON text, for lists that a poll returns in no particular order. */
function sorted(items: unknown): unknown[] {
  if (!Array.isArray(items)) throw new Error(`No list: ${items}`);
  const text = (item: unknown) =>
    JSON.stringify(item, (_, value) =>
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    );
  return [...items].sort((a, b) => (text(a) < text(b) ? -1 : 1));
}
