import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { CHOSEN_VARIABLE } from '../tests/sdks/chosen.ts';
import { install, missingProgram } from '../tests/sdks/install.ts';
import type { Language } from '../tests/sdks/language.ts';
import { LANGUAGES } from '../tests/sdks/languages.ts';

/*
 * Installs SDK releases of the languages that the command line names, one language at a time, and runs the suites on
 * them. Without names: every language whose toolchain is here. A language that is named has to be here. The newest
 * release of each, or every one with `--all`.
 */

const { positionals: wanted, values } = parseArgs({
  allowPositionals: true,
  options: { all: { type: 'boolean', default: false } },
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
  const releases = values.all ? language.releases : language.releases.slice(0, 1);
  if (releases.length === 0) return true;
  const paired = language.pairs.filter((pair) => releases.some(({ release }) => release === pair.new));
  const needed = language.releases.filter(
    (each) => releases.includes(each) || paired.some(({ old }) => old === each.release),
  );
  try {
    for (const release of needed) install(language, release);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
  const chosen = releases.map(({ release }) => `${language.id}@${release}`).join(' ');
  const { status } = spawnSync('vitest', ['run', '--project', 'sdks'], {
    stdio: 'inherit',
    env: { ...process.env, [CHOSEN_VARIABLE]: chosen },
    shell: process.platform === 'win32',
  });
  return status === 0;
}
