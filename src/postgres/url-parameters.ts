import { inputError } from '../errors.ts';
import { trusted } from '../message.ts';
import { decoded, notAsExpected } from './url-parts.ts';

/** The word that a parameter's name spells, without capitals and separators: each driver has its own. */
export const wordOf = (name: string): string => name.replaceAll(/[_.-]/g, '').toLowerCase();

/** The parameters of a URL, and which of them the gate has followed. */
export interface UrlParameters {
  /** Names as they are written, and values: an empty text where a parameter has none. */
  readonly all: readonly (readonly [name: string, value: string])[];
  /**
   * Takes a parameter out, whichever of its spellings the URL has.
   *
   * @throws InputError when it is there with two values. libpq takes the last, pgx the first, and others both.
   */
  readonly take: (...spellings: readonly string[]) => string | undefined;
  /** Returns the names that nobody took. */
  readonly rest: () => readonly string[];
}

/**
 * Reads the text after the `?` of a URL. A password can stand there with a raw `&` in it. So what follows a password
 * has to be a name and a value.
 *
 * @throws InputError when the text is no list of parameters.
 */
export function readParameters(query: string): UrlParameters {
  const all: (readonly [string, string])[] = [];
  for (const pair of query.split('&').filter((text) => text !== '')) {
    const { name, value } = /^(?<name>[A-Za-z_][\w.-]*)(?:=(?<value>.*))?$/s.exec(pair)?.groups ?? {};
    const followsPassword = all.some(([earlier]) => /password$/i.test(earlier));
    if (name === undefined || (value === undefined && followsPassword)) {
      throw notAsExpected('list of parameters');
    }
    all.push([name, decoded(value ?? '')]);
  }
  const taken = new Set<string>();
  return {
    all,
    take(...spellings) {
      for (const spelling of spellings) taken.add(spelling);
      const values = new Set(all.filter(([name]) => spellings.includes(name)).map(([, value]) => value));
      if (values.size > 1) {
        throw inputError(
          'input-parameter-twice',
        )`\`database-url\` has the parameter ${trusted(`\`${spellings[0]}\``)} twice, with two values. Drivers disagree on which one counts. Remove one.`;
      }
      return values.values().next().value;
    },
    rest: () => [...new Set(all.map(([name]) => name))].filter((name) => !taken.has(name)),
  };
}
