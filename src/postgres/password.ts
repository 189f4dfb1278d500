import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from '../errors.ts';
import type { Environment } from './tls.ts';

/** Where a connection gets its password: the first of these that is there. */
export interface PasswordSources {
  /** The path of `database-password-file`. The file is read again at each connection. */
  readonly passwordFile: string | undefined;
  /** The password of the URL, of `database-password`, or of PGPASSWORD. */
  readonly password: string | undefined;
  /** The path of libpq's password file, which need not be there. It is read again at each connection. */
  readonly passfile: string | undefined;
  /** What libpq's password file gave for a connection; undefined where it was not read. */
  readonly passfileGave?: PassfileAnswer | undefined;
}

/** `open-to-others`: libpq ignores a file that the group or others can read or write, and so does the gate. */
export type PassfileAnswer = 'password' | 'no-file' | 'no-entry' | 'not-a-file' | 'open-to-others' | 'unreadable';

/** What an entry of libpq's password file is for. */
type Place = Readonly<Record<'host' | 'database' | 'user', string>> & { readonly port: number };

/** The message of the error when `database-password-file` gives no password. */
export const NO_PASSWORD_IN_FILE = 'The password file gives no password';

/**
 * Returns the configuration with the password of a connection that is about to be made.
 *
 * @throws an error with the message {@link NO_PASSWORD_IN_FILE} when `database-password-file` gives none.
 */
export function withPassword<T extends PasswordSources & Place>(config: T): T {
  const { passwordFile, password, passfile } = config;
  if (passwordFile !== undefined) return { ...config, password: readPasswordFile(passwordFile) };
  return password === undefined && passfile !== undefined ? { ...config, ...fromPassfile(passfile, config) } : config;
}

/**
 * Returns the text of a file, without one line break at its end.
 *
 * @throws an error with the message {@link NO_PASSWORD_IN_FILE}. Its code says why: one of Node's, or `EMPTY`,
 * `NOT_A_FILE` or `NOT_UTF8`.
 */
export function readPasswordFile(file: string): string {
  try {
    // To open a pipe that nobody writes to would block the process.
    if (!statSync(file).isFile()) throw noPassword('NOT_A_FILE');
    const text = utf8(readFileSync(file));
    if (text === undefined) throw noPassword('NOT_UTF8');
    const password = text.replace(/\r?\n$/, '');
    if (password.trim() === '') throw noPassword('EMPTY');
    return password;
  } catch (error) {
    throw noPassword(codeOf(error) ?? 'UNKNOWN');
  }
}

function noPassword(code: string): Error {
  return Object.assign(new Error(NO_PASSWORD_IN_FILE), { code });
}

/** Undefined for another encoding, and for UTF-16 of letters, which is UTF-8 with zeros. */
function utf8(bytes: Buffer): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The path of libpq's password file ("The Password File" in PostgreSQL's manual); undefined without a home. */
export function passfileOf(asked: string | undefined, environment: Environment): string | undefined {
  const named = asked || environment['PGPASSFILE'];
  if (named) return named;
  const [home, ...below] =
    process.platform === 'win32'
      ? [environment['APPDATA'], 'postgresql', 'pgpass.conf']
      : [environment['HOME'], '.pgpass'];
  return home ? path.join(home, ...below) : undefined;
}

function fromPassfile(file: string, place: Place) {
  const without = (passfileGave: PassfileAnswer) => ({ password: undefined, passfileGave });
  try {
    const status = statSync(file);
    if (!status.isFile()) return without('not-a-file');
    if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) return without('open-to-others');
    const password = passwordFor(place, readFileSync(file, 'utf8'));
    return password === undefined ? without('no-entry') : { password, passfileGave: 'password' as const };
  } catch (error) {
    return without(['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '') ? 'no-file' : 'unreadable');
  }
}

/** `host:port:database:user:password`. What follows another colon is not a part of the password. */
const ENTRY = RegExp(`^${Array(4).fill(String.raw`((?:\\.|[^:\\])*):`).join('')}${String.raw`((?:\\.|[^:\\]|\\$)*)`}`);

/** Folders for sockets that libpq is built with. A server with its socket there is also called `localhost`. */
const DEFAULT_SOCKET_FOLDERS = ['/tmp', '/var/run/postgresql', '/run/postgresql'];

/** Returns the password of the first entry that matches, as libpq does (`passwordFromFile` in its source). */
export function passwordFor({ host, port, database, user }: Place, text: string): string | undefined {
  const hosts = DEFAULT_SOCKET_FOLDERS.includes(host) ? [host, 'localhost'] : [host];
  const wanted = [hosts, [String(port)], [database], [user]];
  for (const line of text.split(/\r?\n/)) {
    // A comment begins with a #, which no host does.
    const fields = ENTRY.exec(line)?.slice(1);
    const matches = wanted.every((values, index) => {
      const field = fields?.[index];
      return field !== undefined && (field === '*' || values.includes(unescaped(field)));
    });
    if (matches) return unescaped(fields?.[4] ?? '') || undefined;
  }
  return undefined;
}

function unescaped(field: string): string {
  return field.replaceAll(/\\(.)/g, '$1');
}
