import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readRan } from '../../scripts/ran.ts';
import { LANGUAGES } from '../sdks/languages.ts';
import { POSTGRES_MAJOR } from '../support/postgres/binaries.ts';

describe('what the reference says the suites ran on', () => {
  const { sdks, postgres } = readRan();

  test.each(LANGUAGES)('is every release of $name that they know', ({ id, releases }) => {
    const ran = sdks.filter(({ language }) => language === id).map(({ release }) => release);
    expect(ran, `Run \`npm run test:sdks ${id} -- --all && npm run generate\`.`).toEqual(
      releases.map(({ release }) => release),
    );
  });

  // Until they have run on all once, the reference names none.
  test.skipIf(Object.keys(postgres).length === 0)('is every major of Postgres that they know', () => {
    const { optionalDependencies } = JSON.parse(readFileSync('tests/postgres/package.json', 'utf8'));
    const majors = Object.keys(optionalDependencies).map((name) => name.replace(/\D/g, ''));
    expect(Object.keys(postgres), 'Run `npm run test:postgres && npm run generate`.').toEqual(
      [...majors, String(POSTGRES_MAJOR)].toSorted(),
    );
  });
});
