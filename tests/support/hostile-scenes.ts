import type { GateConfig } from '../../src/config.ts';
import { TransientError } from '../../src/errors.ts';
import { msg } from '../../src/message.ts';
import { quoteIdentifier } from '../../src/postgres/sql.ts';
import { type LogSink, startLog } from '../../src/report/log.ts';
import type { Run } from '../../src/report/model.ts';
import { closeNamesAmong, isUnfilled } from '../../src/rules/close-names.ts';
import type { Verdict } from '../../src/rules/verdict.ts';
import {
  application as applicationNamed,
  config,
  DATABASE_EPOCH,
  facts,
  inFlight,
  openWriter,
  queueInFlight,
  registration,
  runAgainst,
  type Script,
  started,
  step,
  workflowDetail,
} from './builders.ts';
import { access, connection, PREFLIGHT } from './preflight.ts';

const HOUR = 3_600_000;

const asleep = step({
  name: 'DBOS.sleep',
  startedAt: DATABASE_EPOCH - HOUR,
  completedAt: DATABASE_EPOCH + 2 * HOUR,
});
const idle = { createdAt: DATABASE_EPOCH - 2 * HOUR, updatedAt: DATABASE_EPOCH - 2 * HOUR, startedAt: null };

/** The input takes 63 bytes. */
const SCHEMA_CHARACTERS = 21;

/** How many names a scene takes. */
export const NAMES_IN_A_SCENE = 24;

/** A run against a scripted database in which every name is somebody else's. */
export interface HostileScene {
  readonly verdict: Verdict;
  readonly changes: Partial<GateConfig>;
  readonly script: Script;
  /** What the search of the history finds. */
  readonly history?: readonly string[];
  readonly schema: string;
  readonly database: string;
}

type MakeScene = (names: readonly string[]) => Omit<HostileScene, 'schema' | 'database'>;

/** A way for a run to end, with every field that quotes others in what it tells. */
export const SCENES = {
  'work in flight': ([a = '', b = '', c = '', live = '', application = '', ...of]) => ({
    verdict: 'in-flight',
    changes: { mode: 'check', application, targets: { kind: 'named', versions: [a, b, c] } },
    script: () => ({
      registrations: [a, b, c, live].map((version, at) => registration(version, at, application)),
      owners: [application],
      applications: [
        applicationNamed({ name: application, firstRegistered: 5 }),
        applicationNamed({ name: b, inFlight: [{ version: c, pending: 1, enqueued: 0, delayed: 0 }] }),
        applicationNamed({ name: c, newestRegistered: 9 }),
      ],
      inFlight: [
        { ...inFlight(a, { pending: 3, enqueued: 1, delayed: 1, ignored: 2 }), application },
        { ...inFlight(b, { pending: 1 }), application },
      ],
      groups: {
        items: [group(a, of[0], of[1]), group(b, of[2], of[3]), { ...group(a, of[4], of[5]), ignored: true }],
        omitted: 3,
        omittedUnversioned: 0,
      },
      workflows: {
        items: [
          workflow(a, of.slice(6, 12), 'PENDING'),
          workflow(b, of.slice(7, 13), 'DELAYED'),
          { ...workflow(a, of.slice(8, 14), of[14] ?? ''), className: null },
          { ...workflow(b, of.slice(9, 15), 'ENQUEUED'), className: null, name: null, lastStep: null },
        ],
        omitted: 2,
        omittedUnversioned: 0,
      },
      writers: [
        openWriter('3/1', { pid: 11, connection: of[15] ?? '', waits: true }),
        openWriter('-1/2', { pid: null, connection: null, prepared: of[16] ?? '' }),
      ],
      unknownStatuses: [
        { version: a, status: of[17] ?? '', count: 2 },
        { version: b, status: of[18] ?? '', count: 1 },
      ],
      failed: [{ version: a, cancelled: 2, deadLettered: 1 }],
      database: facts({ migration: 999 }),
    }),
  }),

  'a timeout among many versions': (names) => ({
    verdict: 'timed-out',
    changes: { timeoutMs: 20_000, targets: { kind: 'all-but', keep: names.slice(0, 2) } },
    script: ({ number }) => ({
      registrations: names.map((version, at) => registration(version, names.length - at)),
      inFlight: names.slice(2, 20).map((version, at) => inFlight(version, { pending: 1 + at * number })),
      failed: names.slice(2).map((version) => ({ version, cancelled: 1, deadLettered: 0 })),
    }),
  }),

  'workflows that outlast the timeout': ([a = '', live = '', delayed = '', remind = '', ...of]) => ({
    verdict: 'cannot-drain',
    changes: { targets: { kind: 'named', versions: [a] } },
    script: () => ({
      registrations: [registration(a, 1), registration(live, 2)],
      inFlight: [inFlight(a, { pending: 2, delayed: 1, delayedUntil: DATABASE_EPOCH + 5 * HOUR })],
      lastDelayed: [
        {
          ...{ id: stored(delayed), version: a, name: remind, className: live, instance: delayed },
          until: DATABASE_EPOCH + 5 * HOUR,
        },
      ],
      workflows: {
        items: [
          { ...workflow(a, of.slice(0, 6), 'PENDING'), lastStep: asleep },
          { ...workflow(a, of.slice(6, 12), 'PENDING'), lastStep: asleep, name: null },
          { ...workflow(a, of.slice(12, 18), 'DELAYED'), name: null },
        ],
        omitted: 0,
        omittedUnversioned: 0,
      },
    }),
  }),

  'a drain that does not converge, and is stuck': ([a = '', live = '', queue = '', ...of]) => ({
    verdict: 'timed-out',
    changes: { timeoutMs: 100_000, targets: { kind: 'named', versions: [a] } },
    script: ({ number }) => ({
      registrations: [registration(a, 1), registration(live, 2)],
      inFlight: [inFlight(a, { pending: 3, enqueued: 1 })],
      started: number > 1 ? [{ ...started(a, 0, 9), childrenSincePrevious: 4 }] : [],
      names: of.slice(0, 5).map((name) => ({ version: a, name, className: queue, count: 1, scheduled: false })),
      workflows: {
        items: [
          { ...workflow(a, of.slice(5, 11), 'PENDING'), id: 'parent' },
          { ...workflow(a, of.slice(6, 12), 'PENDING'), parent: 'parent' },
          { ...workflow(a, of.slice(7, 13), 'ENQUEUED'), queue },
          { ...workflow(a, of.slice(8, 14), 'PENDING'), lastStep: { ...asleep, number: 1 } },
        ].map((each) => ({ ...each, ...idle })),
        omitted: 0,
        omittedUnversioned: 0,
      },
      queues: [queueInFlight({ version: a, queue, newestStartedAt: 0, concurrency: 1 })],
    }),
  }),

  'versions that have drained': ([a = '', b = '', live = '', ...others]) => ({
    verdict: 'drained',
    changes: { onUnknown: 'pass', targets: { kind: 'named', versions: [a, b, unseenAmong(others, [a, b, live])] } },
    script: () => ({
      registrations: [a, b, live].map((version, at) => registration(version, at)),
      inFlight: [inFlight(a, { ignored: 3 }), inFlight(b, { ignored: 1 })],
      newestWriteAt: DATABASE_EPOCH - 72 * HOUR,
    }),
  }),

  'a version that is still the latest': ([a = '', ...others]) => ({
    verdict: 'still-live',
    changes: { mode: 'check', targets: { kind: 'named', versions: [a] } },
    script: () => ({
      registrations: [registration(a, 99), ...others.map((version, at) => registration(version, at))],
    }),
  }),

  'versions that nobody has seen': (names) => {
    const { misspelt, unseen, registrations } = unknownAmong(names);
    return {
      verdict: 'unknown-version',
      changes: { mode: 'check', targets: { kind: 'named', versions: [misspelt, unseen] } },
      script: () => ({ registrations }),
      history: [`${misspelt} `, `${misspelt}\t`],
    };
  },

  'versions to keep that are not registered': (names) => {
    const { misspelt, unseen, registrations } = unknownAmong(names);
    return {
      verdict: 'unknown-version',
      changes: { mode: 'check', targets: { kind: 'all-but', keep: [misspelt, unseen] } },
      script: () => ({ registrations: [...registrations, registration(`${misspelt} `, NAMES_IN_A_SCENE)] }),
    };
  },

  'an application that owns nothing': ([a = '', application = '', ...owners]) => ({
    verdict: 'error',
    changes: { application, targets: { kind: 'named', versions: [a] } },
    script: () => ({ owners, applicationSeen: false }),
  }),

  'several applications': ([a = '', ...owners]) => ({
    verdict: 'error',
    changes: { targets: { kind: 'named', versions: [a] } },
    script: () => ({
      owners,
      applications: owners.map((name, at) =>
        applicationNamed({
          name,
          firstRegistered: at,
          inFlight: [{ version: a, pending: 1, enqueued: 0, delayed: 0 }],
        }),
      ),
      inFlight: [inFlight(a, { pending: 1 })],
    }),
  }),

  'a registration that has gone': ([a = '', b = '', live = '']) => ({
    verdict: 'error',
    changes: { targets: { kind: 'named', versions: [a, b] } },
    script: ({ number }) => ({
      registrations: (number === 1 ? [a, b, live] : [live]).map((version, at) => registration(version, at)),
      inFlight: [inFlight(a, { pending: 1 })],
    }),
  }),

  'a table without the columns': ([a = '', ...missingColumns]) => ({
    verdict: 'error',
    changes: { targets: { kind: 'named', versions: [a] } },
    script: () => ({ database: facts({ missingColumns }) }),
  }),

  'polls that fail before one succeeds': ([a = '', live = '', ...said]) => ({
    verdict: 'in-flight',
    changes: { mode: 'check', targets: { kind: 'named', versions: [a] } },
    script: ({ number }) => {
      const text = said[number - 1];
      if (number < 4 && text !== undefined) throw new TransientError(msg`The database says: ${text}.`, true);
      return {
        registrations: [registration(a, 1), registration(live, 2)],
        inFlight: [inFlight(a, { pending: 1 })],
      };
    },
  }),
  'a preflight that passes': ([a = '', b = '', shop = '', role = '']) => ({
    verdict: 'no-target',
    changes: PREFLIGHT,
    script: () => ({
      registrations: [registration(a, 1, shop), registration(b, 2, shop)],
      owners: [shop],
      inFlight: [{ ...inFlight(a, { pending: 1 }), application: shop }],
      access: access({ role, writable: ['queues'] }),
    }),
  }),

  'a preflight with every problem': ([a = '', b = '', shop = '', other = '', role = '', schema = '']) => ({
    verdict: 'error',
    changes: PREFLIGHT,
    script: () => ({
      registrations: [registration(a, 1, shop), registration(b, 2, other)],
      owners: [shop, other],
      access: access({
        role,
        denied: [{ table: 'workflow_status', columns: ['status'] }],
        grants: [`GRANT SELECT (status) ON ${quoteIdentifier(schema)}.workflow_status TO ${quoteIdentifier(role)};`],
        problems: [{ kind: 'tables-not-granted', message: msg`The role ${role} is not allowed to read it.` }],
      }),
      database: facts({ standby: true }),
    }),
  }),
} as const satisfies Record<string, MakeScene>;

export type SceneName = keyof typeof SCENES;

/** Plays a scene with these names, to its end. */
export async function play(name: SceneName, names: readonly string[], sink?: LogSink): Promise<Run> {
  const { verdict: expected, changes, script, history }: ReturnType<MakeScene> = SCENES[name](names);
  const [database = '', long = ''] = names.slice(-2);
  const schema = long.slice(0, SCHEMA_CHARACTERS);
  const gate = config(changes);
  const source = { url: 'input', variables: [] } as const;
  const place = { host: database, port: 5432, database, schema, source };
  const log = startLog(sink ?? { line: () => {}, group: () => {} }, gate, place);
  const run = await runAgainst(gate, script, { ...(history && { history }), ...log }, schema);
  if (run.verdict !== expected) throw new Error(`${name}: ${run.verdict} instead of ${expected}`);
  return { ...run, connection: connection({ place }) };
}

function group(version: string, name = '', queue = '') {
  return {
    version,
    name,
    className: `${queue}${name}`,
    queue,
    pending: 1,
    enqueued: 2,
    delayed: 0,
    ignored: false,
    oldestCreatedAt: DATABASE_EPOCH - HOUR,
  };
}

function workflow(version: string, names: readonly string[], status: string) {
  const [id = '', name = '', className = '', queue = '', executor = '', parent = ''] = names;
  return workflowDetail({
    ...{
      id: stored(id),
      version,
      name,
      className,
      instance: `${id}${queue}`,
      status,
      queue,
      executor: stored(executor),
      parent: stored(parent),
    },
    createdAt: DATABASE_EPOCH - 2 * HOUR,
    startedAt: DATABASE_EPOCH - HOUR,
    delayUntil: DATABASE_EPOCH + HOUR,
    lastStep: step({ number: 3, name: `${name}${parent}`, completedAt: DATABASE_EPOCH - 60_000 }),
  });
}

/** An id as Postgres can hold it. The gate takes one that starts with a NUL for what stands for an id. */
const stored = (id: string) => id.replace(/^\0+/, '');

/** A name that the gate takes for another version where these are known, and not for a mistake. */
function unseenAmong(names: readonly string[], known: readonly string[]): string {
  const closeNames = closeNamesAmong(known);
  const isOther = (name: string) => !isUnfilled(name) && !known.includes(name) && closeNames(name).size === 0;
  return names.find(isOther) ?? 'never seen';
}

/** Two versions that no registration has, one of them with a blank too few, and registrations that neither is close to. */
function unknownAmong(names: readonly string[]) {
  const misspelt = names.find((name) => closeNamesAmong([`${name} `])(name).size > 0) ?? 'misspelt';
  const unseen = unseenAmong(
    names.filter((name) => name !== misspelt),
    [misspelt],
  );
  const registered = strangersTo([misspelt, unseen], names);
  return { misspelt, unseen, registrations: registered.map((version, at) => registration(version, at)) };
}

/** As many names as a text lists, and some more, to which none of the others is close. */
function strangersTo(others: readonly string[], names: readonly string[]): readonly string[] {
  // The text lists eight. To compare all the names would take seconds where each is a megabyte long.
  const candidates = names.slice(0, 12);
  const closeNames = closeNamesAmong(candidates);
  const close = new Set(others.flatMap((other) => [other, ...closeNames(other).keys()]));
  const strangers = candidates.filter((name) => !close.has(name));
  return Array.from({ length: 8 }, (_, at) => strangers[at] ?? `stranger ${at}`);
}
