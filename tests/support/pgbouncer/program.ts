import { spawnSync } from 'node:child_process';

/** Debian's package puts it where an ordinary user's PATH does not lead. */
const PLACES = ['pgbouncer', '/usr/sbin/pgbouncer'];

const UPDATE = ['update'];
const INSTALL = ['install', '--yes', '--no-install-recommends', 'pgbouncer'];
/** A machine without a way to Debian must not wait for it for long. */
const PATIENCE = ['-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=10', '-o', 'DPkg::Lock::Timeout=60'];
const INSTALL_TIMEOUT_MS = 120_000;

/**
 * Finds PgBouncer; root in CI installs it. Where there is none, says on stderr what is not proved without it, once
 * for each call.
 *
 * @param unproved What the tests that are skipped would have proved.
 */
export function findPgBouncer(unproved: string): string | undefined {
  const program = installed() ?? (mayInstall() && install() ? installed() : undefined);
  if (program === undefined) {
    process.stderr.write(
      `\nSKIPPED: there is no pgbouncer here, so it is NOT proved that ${unproved}.\n` +
        'To prove it: sudo apt-get install --no-install-recommends pgbouncer\n\n',
    );
  }
  return program;
}

function installed(): string | undefined {
  return PLACES.find((program) => spawnSync(program, ['--version']).status === 0);
}

function mayInstall(): boolean {
  return process.env['CI'] === 'true' && process.getuid?.() === 0;
}

/** Fails where there is no apt-get as well. The first attempt is for lists of packages that are fresh. */
function install(): boolean {
  const done = apt(INSTALL) || (apt(UPDATE) && apt(INSTALL));
  // A package starts its service; the tests start their own.
  if (done) spawnSync('service', ['pgbouncer', 'stop']);
  return done;
}

function apt(args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', [...PATIENCE, ...args], { env, timeout: INSTALL_TIMEOUT_MS }).status === 0;
}
