import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { environmentOf, folderOf, resolved } from './driver.ts';
import { type Command, type Language, NEWEST, type Release } from './language.ts';

/** Returns the first program that a language needs and this machine does not have; undefined when all are here. */
export function missingProgram(language: Language): string | undefined {
  return language.toolchain.find((command) => run(language, command, 'ignore') !== 0)?.program;
}

/**
 * Installs a release, unless it is installed from these very sources.
 *
 * @throws when a command fails; what it printed is on the screen
 */
export function install(language: Language, release: Release): void {
  const wanted = digestOf(language, release);
  const stamp = path.join(folderOf(language), '.installed', `${release.release}.stamp`);
  const isThere = release.release !== NEWEST && readIfThere(stamp) === wanted;
  if (release.install.length === 0 || isThere) return;
  console.log(`Installing ${language.name} ${release.release}.`);
  mkdirSync(path.dirname(stamp), { recursive: true });
  for (const command of release.install) {
    const status = run(language, command, 'inherit');
    if (status === 0) continue;
    const shown = [command.program, ...command.args].join(' ');
    throw new Error(`${language.name} ${release.release} is not installed: \`${shown}\` failed (${status}).`);
  }
  writeFileSync(stamp, wanted);
}

function run(language: Language, command: Command, stdio: 'inherit' | 'ignore'): number | string {
  const { program, cwd } = resolved(language, command);
  const { status, error, signal } = spawnSync(program, command.args, { cwd, stdio, env: environmentOf(command) });
  return status ?? error?.message ?? signal ?? 'no exit code';
}

/** Of the sources and of the commands that install them. */
function digestOf(language: Language, { sources, install: commands }: Release): string {
  const hash = createHash('sha256').update(JSON.stringify(commands));
  for (const source of sources) {
    for (const file of filesIn(path.join(folderOf(language), source))) hash.update(file).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function filesIn(place: string): readonly string[] {
  if (!statSync(place).isDirectory()) return [place];
  return readdirSync(place)
    .filter((name) => !name.startsWith('.'))
    .toSorted()
    .flatMap((name) => filesIn(path.join(place, name)));
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
