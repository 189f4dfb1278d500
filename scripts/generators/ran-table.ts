import type { Language } from '../../tests/sdks/language.ts';
import type { Ran } from '../ran.ts';
import { table } from './contract-tables.ts';

/** Returns what the suites ran on as two Markdown tables: SDK releases in the order of the languages, and servers. */
export function ranTables({ sdks, postgres }: Ran, languages: readonly Language[]): string {
  const releases = languages.flatMap(({ id, name, releases }) =>
    releases.flatMap(({ release, abilities }) => {
      const ran = sdks.find((each) => each.language === id && each.release === release);
      if (ran === undefined) return [];
      return [[`${name} ${release}`, `${ran.passed}`, `${ran.postgres}`, ran.on, abilities.cannotTell.join(' ')]];
    }),
  );
  const servers = Object.entries(postgres).map(([major, on]) => [`Postgres ${major}`, on]);
  return [
    table(['SDK', 'Tests passed', 'On Postgres', 'Date', 'What its tables do not show'], releases),
    table(['Server, with the rules, guards and roles', 'Date'], servers),
  ].join('\n\n');
}
