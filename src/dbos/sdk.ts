/*
 * What differs by the language of the SDK, in one place. The tables name no language. What a workflow's inputs are
 * encoded with names one, except where every SDK can write it (`portable_json`) or the application has its own. Where
 * rows name several languages, or none, texts name none.
 */

export const LANGUAGES = ['TypeScript', 'Python', 'Go', 'Java', 'Rust'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What the SDK of one language does, and how its API is called. */
export interface Sdk {
  readonly language: Language;
  /** The `function_id` of the first step. */
  readonly firstStep: 0 | 1;
  /** The timer of a `recv` or a `getEvent` records when it will be over. The other SDKs record an instant there. */
  readonly recordsTimerEnds: boolean;
  /** What makes a registered version the latest one; undefined where no release that was seen has it. */
  readonly promote: string | undefined;
}

/** Source: rows and API of TypeScript 5.3, Python 3.4, Go 1.8, Java 1.1.0-m6 and Rust 0.5. */
const SDKS: Readonly<Record<Language, Sdk>> = {
  TypeScript: {
    language: 'TypeScript',
    firstStep: 0,
    recordsTimerEnds: false,
    promote: 'DBOS.setLatestApplicationVersion',
  },
  Python: {
    language: 'Python',
    firstStep: 1,
    recordsTimerEnds: false,
    promote: 'DBOS.set_latest_application_version',
  },
  Go: { language: 'Go', firstStep: 0, recordsTimerEnds: false, promote: 'dbos.SetLatestApplicationVersion' },
  Java: { language: 'Java', firstStep: 0, recordsTimerEnds: true, promote: 'DBOS.setLatestApplicationVersion' },
  Rust: { language: 'Rust', firstStep: 0, recordsTimerEnds: false, promote: undefined },
};

/** By `serialization` of `workflow_status`. */
const LANGUAGE_OF: ReadonlyMap<string, Language> = new Map([
  ['js_superjson', 'TypeScript'],
  ['js_legacy', 'TypeScript'],
  ['py_pickle', 'Python'],
  ['DBOS_JSON', 'Go'],
  ['java_jackson', 'Java'],
  ['rust_serde', 'Rust'],
]);

/** The serializations that name a language. */
export const SERIALIZATIONS: readonly string[] = [...LANGUAGE_OF.keys()];

/** Returns the SDK that wrote a workflow; undefined where its serialization names no language. */
export function sdkOf(serialization: string | null): Sdk | undefined {
  const language = serialization === null ? undefined : LANGUAGE_OF.get(serialization);
  return language === undefined ? undefined : SDKS[language];
}

/**
 * Returns the SDK that wrote all of these workflows whose serialization names a language; undefined where none does, and
 * where they name several.
 */
export function sdkIn(serializations: Iterable<string | null>): Sdk | undefined {
  const [only, ...others] = new Set(Array.from(serializations, sdkOf).filter((sdk) => sdk !== undefined));
  return others.length === 0 ? only : undefined;
}
