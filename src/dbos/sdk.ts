/*
 * What differs by the language of the SDK, in one place. The tables name no language. What a workflow's inputs are
 * encoded with names one, except where every SDK can write it (`portable_json`) or the application has its own. Where
 * rows name several languages, or none, texts name none.
 */

export const LANGUAGES = ['TypeScript', 'Python', 'Go', 'Java', 'Rust'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What SDKs of every language came to do, each with a release of its own. */
export type Ability =
  /** Registers its version, and writes into each workflow which one started it. */
  | 'registers'
  /** Writes its application's name into the registration. */
  | 'names-application'
  /** Leaves work without a version to the processes of the latest one. */
  | 'leaves-unversioned'
  /** Cancels what is overdue in every process, and not only in the one that runs it. */
  | 'cancels-overdue';

/** What the SDK of one language does, and how its API is called. */
export interface Sdk {
  readonly language: Language;
  /** The `function_id` of the first step. */
  readonly firstStep: 0 | 1;
  /** The timer of a `recv` or a `getEvent` records when it will be over. The other SDKs record an instant there. */
  readonly recordsTimerEnds: boolean;
  /** What makes a registered version the latest one. */
  readonly promote: string;
  /** What starts workflows on the version of the process that it ticks in, and up to which release; undefined: nothing. */
  readonly ownSchedules: { readonly api: string; readonly before: string } | undefined;
  /** The process that has no version without being told so, or undefined: every process makes itself one. */
  readonly withoutVersion: string | undefined;
  /** The first release with each ability; null where no release that was seen has it. */
  readonly since: Readonly<Record<Ability, string | null>>;
}

/**
 * Source: rows and API of TypeScript 3.0 to 5.3, Python 2.16 to 3.4, Go 0.15 to 1.8, Java 1.1.0-m6 and Rust 0.5. Of Go's
 * releases between 1.5 and 1.8 none was seen.
 */
const SDKS: Readonly<Record<Language, Sdk>> = {
  TypeScript: {
    language: 'TypeScript',
    firstStep: 0,
    recordsTimerEnds: false,
    promote: 'DBOS.setLatestApplicationVersion',
    ownSchedules: { api: '@DBOS.scheduled', before: '5.0' },
    withoutVersion: undefined,
    since: { registers: '4.10', 'names-application': '4.27', 'leaves-unversioned': '4.24', 'cancels-overdue': '5.1' },
  },
  Python: {
    language: 'Python',
    firstStep: 1,
    recordsTimerEnds: false,
    promote: 'DBOS.set_latest_application_version',
    ownSchedules: { api: '@DBOS.scheduled', before: '2.23' },
    withoutVersion: undefined,
    since: { registers: '2.14', 'names-application': '2.30', 'leaves-unversioned': '2.27', 'cancels-overdue': '3.4' },
  },
  Go: {
    language: 'Go',
    firstStep: 0,
    recordsTimerEnds: false,
    promote: 'dbos.SetLatestApplicationVersion',
    ownSchedules: { api: 'dbos.WithSchedule', before: '1.0' },
    withoutVersion: 'one that cannot read its own binary',
    since: { registers: '0.15', 'names-application': '1.2', 'leaves-unversioned': '0.19', 'cancels-overdue': '1.8' },
  },
  Java: {
    language: 'Java',
    firstStep: 0,
    recordsTimerEnds: true,
    promote: 'DBOS.setLatestApplicationVersion',
    ownSchedules: undefined,
    withoutVersion: undefined,
    since: { registers: '0.8', 'names-application': null, 'leaves-unversioned': '1.1', 'cancels-overdue': null },
  },
  Rust: {
    language: 'Rust',
    firstStep: 0,
    recordsTimerEnds: false,
    promote: 'Client::set_latest_application_version',
    ownSchedules: undefined,
    withoutVersion: undefined,
    since: { registers: '0.5', 'names-application': '0.5', 'leaves-unversioned': '0.5', 'cancels-overdue': null },
  },
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

/** Returns the SDKs without an ability, such as `Python SDKs before 2.14`; `older SDKs` where no language is known. */
export function sdksWithout(ability: Ability, sdk: Sdk | undefined): string {
  if (sdk === undefined) return 'older SDKs';
  const since = sdk.since[ability];
  return `${sdk.language} SDKs${since === null ? '' : ` before ${since}`}`;
}

/** The version of every application that uses patching instead of versions. */
export const PATCHING_VERSION = 'PATCHING_ENABLED';

/** Whether a version is a constant that deployments share: of patching, or Python's where it finds no sources to hash. */
export function isSharedVersion(version: string): boolean {
  return version === PATCHING_VERSION || /^DEFAULT_VERSION(-|$)/.test(version);
}

/** Whether a version is that of one process alone: Java's where it cannot read the application's bytecode. */
export function isProcessVersion(version: string): boolean {
  return /^unknown-\d+$/.test(version);
}
