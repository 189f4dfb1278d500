import { spawnSync } from 'node:child_process';

/** A user to run a child process as: the part of the options of `spawn` that says so. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Postgres refuses to run as root, and `initdb` refuses a uid that the user database does not know. So root
 * runs it as a user that every system has and that owns nothing; everybody else runs it as themselves.
 *
 * @throws when root finds no such user
 */
export function postgresUser(): RunAs {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['nobody', 'daemon']) {
    const uid = lookUp('-u', name);
    const gid = lookUp('-g', name);
    if (uid !== undefined && gid !== undefined && uid !== 0) return { uid, gid };
  }
  throw new Error(
    'Run this as an ordinary user, or create the user `nobody`: Postgres refuses to run as root, and neither ' +
      '`nobody` nor `daemon` exists here to run it as.',
  );
}

/** Signed, as the system calls take it: macOS gives `nobody` the uid -2 and prints it as 4294967294. */
function lookUp(what: '-u' | '-g', name: string): number | undefined {
  const id = spawnSync('id', [what, name], { encoding: 'utf8' });
  return id.status === 0 ? Number(id.stdout) | 0 : undefined;
}
