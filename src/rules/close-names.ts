/*
 * A name that is unknown but close to a known one is a mistake, such as `v1.0.0`, `1.0.0, 0.9.0` or `refs/tags/1.0.0`
 * where 1.0.0 is known. Another version is none: 1.0.1, 1.0.0-rc1 and 1.0.0+build are not close to 1.0.0. Closeness is
 * judged here and nowhere else, and not in SQL: Postgres and JavaScript fold names differently.
 */

import { isCut, LONGEST_NAME_BYTES } from '../long-names.ts';

/**
 * How a name is close to a known one. `spelling`: equal, but for white space, invisible characters, quotes and case.
 * `v`: equal, but for a leading `v`. `hash`: one is the start of the other. `part`: the known name is a whole token of it.
 */
export type Closeness = 'spelling' | 'v' | 'hash' | 'part';

/** Colours of a terminal, escapes that nobody resolved, white space, quotes, and characters that nobody sees. */
const NOISE =
  /\p{Cc}\[[\d;]*m|\\[nrt]|[\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Quotation_Mark}`´′]/gu;

/** What a name can consist of. Anything else ends a token, as any letter of another alphabet does. */
const TOKEN = /[a-z0-9._+-]/;
const HASH = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/;
const HEX = /^[0-9a-f]{7,}$/;
const HEX_WORDS = /(?<![a-z0-9])[0-9a-f]{7,}(?![a-z0-9])/g;

/** What scripts, templates and expressions leave where a value is missing. */
const UNFILLED = [
  /\[object object\]|<no value>|<nil>/,
  /\$(?:[{(]|[a-z_])|\{\{|%[a-z_]\w*%/,
  // Nothing but punctuation.
  /^[!-/:-@[-`{-~]*$/,
  // `1.0.0-undefined`, but not `fix-null-crash`: the missing value stands at the start or at the end.
  /^[^a-z0-9]*v?(?:undefined|null)(?![a-z0-9])|(?<![a-z0-9])(?:undefined|null)[^a-z0-9]*$/,
  // As words of languages of people these are parts of names: `release-nan`.
  /^[^a-z0-9]*v?(?:none|nan|nil)[^a-z0-9]*$/,
];
/** As JavaScript and Python write them: `1.0.0-None`. */
const UNFILLED_AS_WRITTEN = /^[^A-Za-z0-9]*v?(?:None|NaN)(?![A-Za-z0-9])|(?<![A-Za-z0-9])(?:None|NaN)[^A-Za-z0-9]*$/;

/** Whether a script, a template or an expression left a name unfilled: `undefined`, `${VERSION}`, or nothing at all. */
export function isUnfilled(name: string): boolean {
  if (!isComparable(name)) return false;
  const { tight, spaced } = folded(name);
  return (
    UNFILLED.some((pattern) => pattern.test(spaced) || pattern.test(tight)) ||
    UNFILLED_AS_WRITTEN.test(name.replace(NOISE, ' ').normalize('NFKC'))
  );
}

/**
 * Returns a function that finds the known names that a name is close to, and how. Each known one is folded once, and
 * only when the first name asks. What stands for a long name is close to nothing: see `UnknownVersion.long`.
 */
export function closeNamesAmong(known: Iterable<string>): (name: string) => ReadonlyMap<string, Closeness> {
  const names = new Set(known);
  let folds: ReadonlyMap<string, Folded> | undefined;
  return (name) => {
    if (!isComparable(name)) return new Map();
    folds ??= new Map([...names].filter(isComparable).map((each) => [each, folded(each)]));
    const closeness = closenessTo(folded(name));
    return new Map(
      [...folds].flatMap(([each, fold]) => {
        const how = each === name ? undefined : closeness(fold);
        return how === undefined ? [] : [[each, how]];
      }),
    );
  };
}

function isComparable(name: string): boolean {
  return !isCut(name) && name.length <= LONGEST_NAME_BYTES;
}

/** Returns a function that says how the name is close to another one, which is known; undefined where it is not. */
function closenessTo(asked: Folded): (known: Folded) => Closeness | undefined {
  const words = asked.tight.match(HEX_WORDS) ?? [];
  // A bullet or a full stop can stand right at the name.
  const bare = asked.tight.replace(/^[._+-]+/, '').replace(/(?<![._+-])[._+-]+$/, '');
  return (known) => {
    const core = known.tight.replace(/^v(?=\d)/, '');
    if (core === '') return undefined;
    if (known.tight === asked.tight) return 'spelling';
    if (!/[\p{L}\p{N}]/u.test(core)) return undefined;
    if (asked.tight === `v${core}` || asked.tight === core) return 'v';
    if (words.some((word) => isSameHash(word, known.tight))) return 'hash';
    const isPart =
      bare === known.tight ||
      standsIn(core, asked.tight) ||
      standsIn(known.spaced.replace(/^v(?=\d)/, ''), asked.spaced);
    return isPart ? 'part' : undefined;
  };
}

interface Folded {
  readonly tight: string;
  readonly spaced: string;
}

/** The name in lower case and compatible characters, without its noise, and with a space in its place. */
function folded(name: string): Folded {
  const fold = (space: string) =>
    name.replace(NOISE, space).normalize('NFKC').replace(NOISE, space).toLowerCase().trim();
  return {
    // Typography makes dashes of hyphens.
    tight: fold('').replace(/[\p{Pd}\u2212]/gu, '-'),
    spaced: fold(' ').replace(/ +/g, ' '),
  };
}

function isSameHash(word: string, known: string): boolean {
  if (HASH.test(known)) return known.startsWith(word);
  return HASH.test(word) && HEX.test(known) && word.startsWith(known);
}

/** Whether a name stands in a text as a whole token, or behind a leading `v`. */
function standsIn(name: string, text: string): boolean {
  if (name === '' || !text.includes(name)) return false;
  const standsAt = (at: number) => text.startsWith(name, at) && !TOKEN.test(text.charAt(at + name.length));
  for (let at = 0; at <= text.length - name.length; at++) {
    const isStart = at === 0 || !TOKEN.test(text.charAt(at - 1));
    if (isStart && (standsAt(at) || (text.charAt(at) === 'v' && standsAt(at + 1)))) return true;
  }
  return false;
}
