import { describe, expect, test } from 'vitest';
import { LANGUAGES, type Language, SERIALIZATIONS, sdkOf } from '../../src/dbos/sdk.ts';
import { plain } from '../../src/report/text.ts';
import { warningsOf } from '../../src/report/warnings.ts';
import { blockersOf } from '../../src/rules/decide.ts';
import { explainBlocker } from '../../src/rules/index.ts';
import {
  config,
  DATABASE_EPOCH,
  holdAgainst,
  inFlight,
  registration,
  type Scene,
  started,
} from '../support/builders.ts';

/** What only one language's SDKs have, as texts write it. */
const MARKS: Readonly<Record<Language, RegExp>> = {
  TypeScript: /TypeScript/,
  Python: /Python|DBOS\.set_latest/,
  Go: /\bGo\b|dbos\.Set|WithSchedule|own binary/,
  Java: /\bJava\b/,
  Rust: /Rust|::set_latest/,
};
const ANY = new RegExp([...Object.values(MARKS), /setLatest|@DBOS/].map(({ source }) => source).join('|'));

const onePerMinute = [started('1.0.0', 1, 2)];
const newestRoots = {
  versions: [
    {
      version: '1.0.0',
      roots: [{ createdAt: DATABASE_EPOCH - 180_000, takenUp: true, scheduled: false }],
      newestTakenUpAt: DATABASE_EPOCH - 180_000,
    },
  ],
  reachesBack: true,
  othersFill: false,
  showsParents: true,
};

const latest = { kind: 'all-but-latest' } as const;
/** Scenes in which texts differ by language, and what each text then names. */
const scenes: Readonly<Record<string, readonly [Scene, Parameters<typeof config>[0]]>> = {
  'a target that is the latest version': [{ registrations: [registration('1.0.0', 1)] }, {}],
  'a target that still receives work': [{ newestRoots }, {}],
  'work that is still starting': [{ started: onePerMinute }, {}],
  'work without a version': [
    {
      registrations: [registration('1.0.0', 1, null), registration('2.0.0', 2)],
      inFlight: [inFlight(null, { enqueued: 1 })],
    },
    {},
  ],
  'no registration': [{ registrations: 'no-table' }, {}],
  'no registration, and the latest is to stay': [{ registrations: [] }, { targets: latest }],
  'a latest version that is empty': [{ registrations: [registration('', 1)] }, { targets: latest }],
  'rows with an empty version': [{ inFlight: [inFlight('', { enqueued: 1 })] }, {}],
  'a schema without parents': [{ newestRoots: { ...newestRoots, showsParents: false } }, {}],
};

async function textsOf(name: string, serializations: readonly string[]): Promise<string> {
  const [scene, changes] = scenes[name] ?? [{}, {}];
  const { polls } = await holdAgainst(config({ mode: 'check', ...changes }), () => ({ ...scene, serializations }));
  return polls
    .flatMap(({ evaluation }) => [
      ...blockersOf(evaluation).map((blocker) => explainBlocker(blocker)),
      ...warningsOf(evaluation),
    ])
    .map(plain)
    .join('\n');
}

describe.each(Object.keys(scenes))('the texts about %s', (name) => {
  test('name no language where the rows name none, or several', async () => {
    const texts = await textsOf(name, []);
    expect(texts).not.toBe('');
    expect(texts).not.toMatch(ANY);
    expect(await textsOf(name, ['py_pickle', 'js_superjson'])).toBe(texts);
  });

  test.each(SERIALIZATIONS)('are those of the one language that the rows name: %s', async (serialization) => {
    const texts = await textsOf(name, [serialization]);
    for (const other of LANGUAGES) {
      if (other !== sdkOf(serialization)?.language) expect(texts).not.toMatch(MARKS[other]);
    }
  });
});

test.each([
  ['a target that is the latest version', 'js_superjson', 'with `DBOS.setLatestApplicationVersion`'],
  ['a target that is the latest version', 'py_pickle', 'with `DBOS.set_latest_application_version`'],
  ['a target that is the latest version', 'DBOS_JSON', 'with `dbos.SetLatestApplicationVersion`'],
  ['a target that is the latest version', 'java_jackson', 'with `DBOS.setLatestApplicationVersion`'],
  ['a target that is the latest version', 'rust_serde', 'with `Client::set_latest_application_version`'],
  ['a target that still receives work', 'py_pickle', 'promote it with `DBOS.set_latest_application_version`'],
  [
    'work that is still starting',
    'js_superjson',
    'in-process schedules (`@DBOS.scheduled` of TypeScript SDKs before 5.0)',
  ],
  ['work that is still starting', 'DBOS_JSON', 'in-process schedules (`dbos.WithSchedule` of Go SDKs before 1.0)'],
  ['work that is still starting', 'java_jackson', 'first: requests and message consumers.'],
  ['work without a version', 'py_pickle', '(Python SDKs before 2.30 write none), and Python SDKs before 2.27 let'],
  ['work without a version', 'java_jackson', '(Java SDKs write none), and Java SDKs before 1.1 let'],
  ['no registration', 'DBOS_JSON', 'Go SDKs before 0.15 register none'],
  ['no registration, and the latest is to stay', 'java_jackson', 'Java SDKs before 0.8 register none'],
  ['a latest version that is empty', 'DBOS_JSON', 'such as one that cannot read its own binary'],
  ['rows with an empty version', 'DBOS_JSON', 'such as one that cannot read its own binary'],
  ['a schema without parents', 'js_superjson', '(of TypeScript SDKs before 4.10)'],
])('the text about %s, for %s, names what that SDK has', async (name, serialization, text) => {
  expect(await textsOf(name, [serialization])).toContain(text);
});

test('the language that an earlier poll saw stays known when the rows are gone', async () => {
  const { polls } = await holdAgainst(config({ timeoutMs: 60_000 }), ({ number }) => ({
    registrations: [registration('1.0.0', 1)],
    serializations: number === 1 ? ['DBOS_JSON'] : [],
  }));
  const texts = polls.map(({ evaluation }) =>
    blockersOf(evaluation)
      .map((each) => plain(explainBlocker(each)))
      .join(),
  );
  expect(polls.length).toBeGreaterThan(1);
  expect(texts.at(-1)).toContain('dbos.SetLatestApplicationVersion');
});
