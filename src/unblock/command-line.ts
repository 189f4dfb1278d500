import type { Sdk } from '../dbos/sdk.ts';

/** DBOS's command line for the rows of one SDK, in a database whose schema has one age. */
export interface CommandLine {
  /** How it is called where it is installed; null where that has to be said. */
  readonly program: string | null;
  readonly urlOption: '--sys-db-url' | '--db-url';
  /** Which release fits and how to get it, as a sentence. Undefined where the SDK that wrote the rows is not known. */
  readonly fits: string;
}

/** From this migration on, the number means the same in every SDK. */
const SHARED = 100;
/** This one moved inputs out of `workflow_status`: what is older forks without them, and what is newer cannot read before. */
const SEPARATE_INPUTS = 109;

const FOLDER = 'dbos-cli';

/**
 * Returns the command line for the rows of an SDK. Java and Rust have none, and that of Go before 1.5 does not show what
 * it forks: TypeScript's reads their rows.
 *
 * Source: TypeScript 4.20, 4.27 and 5.3, Python 2.26, 2.30 and 3.4, and Go 1.3, 1.5 and 1.8, run on migrations 40 to 125.
 *
 * @param sdk Undefined where the rows name no SDK, or several.
 * @param migration Null where it is unknown.
 * @param schema TypeScript's command line reads `dbos` only.
 */
export function commandLineFor(
  sdk: Pick<Sdk, 'language'> | undefined,
  migration: number | null,
  schema = 'dbos',
): CommandLine {
  const isOwn = sdk?.language === 'Python' || (sdk?.language === 'Go' && isForGo(migration));
  if (schema === 'dbos' || isOwn) return inUsualSchema(sdk, migration);
  return { program: null, urlOption: '--sys-db-url', fits: inOtherSchema(sdk, migration) };
}

/** Of the command lines, only those of Python and Go can be told which schema to use. */
function inOtherSchema(sdk: Pick<Sdk, 'language'> | undefined, migration: number | null): string {
  const isShared = migration !== null && (migration >= SHARED || (sdk !== undefined && sdk.language !== 'TypeScript'));
  if (!isShared) {
    return "TypeScript's reads the schema dbos only. Use that of Python or Go if it is the application's, or else the client of its SDK.";
  }
  const release = migration >= SEPARATE_INPUTS ? '>=3' : migration < SHARED ? '==2.26.*' : '==2.30.*';
  return `TypeScript's reads the schema dbos only. Use Python's, which has --schema: pip install 'dbos${release}', and then export DBOS_CLI=dbos. Or use the client of the application's SDK.`;
}

function isForGo(migration: number | null): boolean {
  return migration === null || migration >= SEPARATE_INPUTS;
}

function inUsualSchema(sdk: Pick<Sdk, 'language'> | undefined, migration: number | null): CommandLine {
  if (sdk === undefined) {
    const own = `Use that of the application's SDK: "npx --no-install dbos" in the folder of a TypeScript application, or the "dbos" of Python or Go.`;
    const fits = migration === null ? own : `${own} TypeScript's can act on the rows of any. ${typeScript(migration)}`;
    return { program: null, urlOption: '--sys-db-url', fits };
  }
  switch (sdk.language) {
    case 'TypeScript':
      return { program: 'npx --no-install dbos', urlOption: '--sys-db-url', fits: ofTheApplication(migration) };
    case 'Python':
      return { program: 'dbos', urlOption: '--sys-db-url', fits: python(migration) };
    case 'Go':
      return isForGo(migration)
        ? { program: 'dbos', urlOption: '--db-url', fits: GO }
        : { program: null, urlOption: '--sys-db-url', fits: typeScript(migration) };
    case 'Java':
    case 'Rust':
      return { program: null, urlOption: '--sys-db-url', fits: typeScript(migration) };
  }
}

/** Returns how the command line is called in commands that a person copies: a variable where it has to be said. */
export function programOf({ program }: Pick<CommandLine, 'program'>): string {
  return program ?? '$DBOS_CLI';
}

const OWN = 'Use that of the SDK release that the application uses';
const GO = `${OWN}, 1.5 or newer: go install github.com/dbos-inc/dbos-transact-golang/cmd/dbos@v and its number.`;

/** Returns the release of TypeScript's command line that fits a schema of any SDK. */
function typeScriptRelease(migration: number): '4.20' | '4.27' | '5' {
  if (migration < SHARED) return '4.20';
  return migration < SEPARATE_INPUTS ? '4.27' : '5';
}

/** TypeScript's, beside an application of any language. */
function typeScript(migration: number | null): string {
  if (migration === null)
    return "Use TypeScript's: release 4.20 before migration 100, 4.27 before 109, and 5 from then on.";
  const release = typeScriptRelease(migration);
  return `Use TypeScript's, release ${release}: npm install --prefix ${FOLDER} @dbos-inc/dbos-sdk@${release}, and then export DBOS_CLI=${FOLDER}/node_modules/.bin/dbos.`;
}

/** Below 100, migrations of TypeScript have numbers of their own: only its own release is sure to fit. */
function ofTheApplication(migration: number | null): string {
  if (migration === null || migration < SHARED) return `${OWN}, in the folder of the application.`;
  const release = typeScriptRelease(migration);
  return `Use release ${release}, from the folder of the application. Or install it: npm install --prefix ${FOLDER} @dbos-inc/dbos-sdk@${release}, and then export DBOS_CLI=${FOLDER}/node_modules/.bin/dbos.`;
}

function python(migration: number | null): string {
  if (migration === null || migration < SHARED) return `${OWN}.`;
  return migration < SEPARATE_INPUTS
    ? "Use release 2.30 of Python's: pip install 'dbos==2.30.*'."
    : "Use release 3 or newer of Python's: pip install 'dbos>=3'.";
}
