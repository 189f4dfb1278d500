import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { CHOSEN_VARIABLE } from '../tests/sdks/chosen.ts';
import { install, missingProgram } from '../tests/sdks/install.ts';
import { type Language, newestOf } from '../tests/sdks/language.ts';
import { LANGUAGES } from '../tests/sdks/languages.ts';
import { POSTGRES_MAJOR } from '../tests/support/postgres/binaries.ts';
import { type RanSdk, recordSdks, today } from './ran.ts';
import { runVitest } from './run-vitest.ts';

/*
 * Installs SDK releases of the languages that the command line names, one language at a time, and runs the suites on
 * them. Without names: every language whose toolchain is here. A language that is named has to be here. The newest
 * release of each; with `--all` every one, which `tests/ran.json` records for docs/reference.md; with `--newest` whatever is the
 * newest release today.
 */

const vitestReport = z.object({
  testResults: z.array(
    z.object({ assertionResults: z.array(z.object({ ancestorTitles: z.array(z.string()), status: z.string() })) }),
  ),
});

const { positionals: wanted, values } = parseArgs({
  allowPositionals: true,
  options: { all: { type: 'boolean', default: false }, newest: { type: 'boolean', default: false } },
});

const unknown = wanted.find((id) => LANGUAGES.every((language) => language.id !== id));
if (unknown !== undefined) {
  console.error(`There is no language ${unknown}. Name one of: ${LANGUAGES.map(({ id }) => id).join(', ')}.`);
  process.exit(1);
}

const languages = LANGUAGES.filter(({ id }) => wanted.length === 0 || wanted.includes(id));
for (const language of languages) {
  const missing = missingProgram(language);
  if (missing !== undefined) {
    const needs = `${language.name} needs ${language.needs}: \`${missing}\` is missing or too old.`;
    console.error(wanted.length > 0 ? needs : `\nSKIPPED: the suite of ${language.name} did not run. ${needs}\n`);
    if (wanted.length > 0) process.exitCode = 1;
  } else if (!runs(language)) {
    process.exitCode = 1;
  }
}

/** Whether all tests of a language pass. */
function runs(language: Language): boolean {
  const today = values.newest ? newestOf(language) : undefined;
  const releases = today !== undefined ? [today] : values.all ? language.releases : language.releases.slice(0, 1);
  const paired = language.pairs.filter((pair) => releases.some(({ release }) => release === pair.new));
  const needed = [
    ...releases,
    ...language.releases.filter((each) => !releases.includes(each) && paired.some(({ old }) => old === each.release)),
  ];
  try {
    for (const release of needed) install(language, release);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
  const chosen = releases.map(({ release }) => `${language.id}@${release}`).join(' ');
  const report = path.join(mkdtempSync(path.join(os.tmpdir(), 'drain-gate-')), 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const status = runVitest('sdks', reporters, { [CHOSEN_VARIABLE]: chosen });
  if (status === 0 && values.all) recordSdks([language.id], runsIn(report, language));
  rmSync(path.dirname(report), { recursive: true });
  return status === 0;
}

/** What passed of each release, by the titles of the suites: `Python 3.4.0`, or `Python 2.30.0 under 3.4.0`. */
function runsIn(report: string, { id, name, releases }: Language): readonly RanSdk[] {
  const { testResults } = vitestReport.parse(JSON.parse(readFileSync(report, 'utf8')));
  const passed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'passed').map(({ ancestorTitles }) => ancestorTitles[0] ?? ''),
  );
  return releases.map(({ release }) => ({
    language: id,
    release,
    postgres: POSTGRES_MAJOR,
    passed: passed.filter((title) => `${title} `.startsWith(`${name} ${release} `)).length,
    on: today(),
  }));
}
