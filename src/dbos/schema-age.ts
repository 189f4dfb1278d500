import type { Language, Sdk } from './sdk.ts';

/** A release of an SDK, and the migration that it leaves in `dbos_migrations`. */
interface Release {
  readonly language: Language;
  /** As it is written behind the language. */
  readonly release: string;
  readonly migration: number;
}

/** From this migration on, the number means the same in every SDK. */
const SHARED = 100;

/** Source: databases that these releases made. Those between Python 2.29 and 3.2 are from its sources. */
const RELEASES: readonly Release[] = [
  ...releases('TypeScript', [
    ['3.5 to 4.0', 24],
    ['4.5', 30],
    ['4.10', 35],
    ['4.15', 41],
    ['4.20', 61],
    ['4.27', 108],
    ['5.0', 114],
    ['5.2 to 5.3', 123],
  ]),
  ...releases('Python', [
    ['2.16', 18],
    ['2.29', 47],
    ['2.30', 107],
    ['3.0', 114],
    ['3.2', 123],
    ['3.4', 125],
  ]),
  ...releases('Go', [
    ['0.15', 35],
    ['0.19', 40],
    ['1.0', 42],
    ['1.1', 44],
    ['1.2 to 1.3', 107],
    ['1.5', 121],
    ['1.8', 125],
  ]),
  ...releases('Java', [['1.1.0-m6', 41]]),
  ...releases('Rust', [['0.5', 108]]),
];

function releases(language: Language, known: readonly (readonly [string, number])[]): readonly Release[] {
  return known.map(([release, migration]) => ({ language, release, migration }));
}

/**
 * Returns which SDK releases make a schema with this migration, such as `TypeScript 4.27 or Rust 0.5`, or between which it
 * is: `newer than TypeScript 5.0, older than TypeScript 5.2 to 5.3`.
 *
 * @param sdk The SDK that wrote the workflows; undefined where they name none, or several.
 */
export function releasesOf(migration: number, sdk: Pick<Sdk, 'language'> | undefined): string {
  const own = RELEASES.filter(({ language }) => language === sdk?.language);
  const candidates = own.length > 0 ? own : RELEASES;
  const exact = candidates.filter((each) => each.migration === migration);
  if (exact.length > 0) return inWords(exact);
  // Below the shared numbers, those of two languages cannot be compared.
  if (own.length === 0 && migration < SHARED) return 'an older SDK of any language';
  const before = Math.max(...candidates.filter((each) => each.migration < migration).map((each) => each.migration));
  const after = Math.min(...candidates.filter((each) => each.migration > migration).map((each) => each.migration));
  const at = (number: number) => inWords(candidates.filter((each) => each.migration === number));
  return [
    ...(Number.isFinite(before) ? [`newer than ${at(before)}`] : []),
    ...(Number.isFinite(after) ? [`older than ${at(after)}`] : []),
  ].join(', ');
}

function inWords(found: readonly Release[]): string {
  return found.map(({ language, release }) => `${language} ${release}`).join(' or ');
}
