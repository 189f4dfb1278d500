import { type Message, msg, trusted } from '../message.ts';
import type { Failure, FailureKind } from './errors.ts';
import { NO_PASSWORD_IN_FILE, type PassfileAnswer } from './password.ts';

/* How a password or a token fails, or the reading of it. */

/**
 * Returns whether a server refused a password or a token. It says 28000 where another service judges: PAM, which is how
 * Amazon RDS checks IAM tokens, LDAP, RADIUS, or IAM of Cloud SQL. PgBouncer says 08P01.
 */
export function isPasswordRefusal({ code, message, routine }: Failure): boolean {
  if (code === '28000') {
    // Names of methods are the same in every language of a server. Those of IAM are not from Postgres, and English.
    const isJudged = routine === 'auth_failed' && /\b(PAM|LDAP|RADIUS|BSD)\b/.test(message);
    return isJudged || /\b(PAM|LDAP|RADIUS|BSD|IAM)\b.* authentication failed|\baccess token\b/.test(message);
  }
  const isOfPgBouncer = /^empty password returned|(?<!certificate |"trust" )authentication failed/.test(message);
  return code === '28P01' || (code === '08P01' && isOfPgBouncer);
}

/** What a person has to know of libpq's password file where no password was found. */
const PASSFILE_ADVICE: Readonly<Record<PassfileAnswer, string>> = {
  password: '',
  'no-file': '',
  'no-entry': " libpq's password file has no line for this host, port, database and user.",
  'not-a-file': " libpq's password file is ignored because it is not a plain file.",
  'open-to-others':
    " libpq's password file is ignored because other users can read or write it: run `chmod 0600` on it.",
  unreadable: " The user that runs the gate cannot read libpq's password file.",
};

/** It comes before other kinds: its code says why the file cannot be read, and is not about the server. */
export const PASSWORD_FILE_UNUSABLE = {
  what: 'The file in `database-password-file` has no password',
  patience: 'full',
  matches: ({ message }) => message === NO_PASSWORD_IN_FILE,
  advice: msg`It is read again for each connection. Replace it in one step: write another file next to it, then rename that file.`,
} satisfies FailureKind;

/** The ways to fail that are about the password, in the order in which they are tried. */
export const PASSWORD_FAILURES = {
  'token-refused': {
    what: 'The server rejected the password from `database-password-file`',
    // A renewal that is late comes within the minute. A wrong password is not sent again and again for longer.
    patience: 'brief',
    matches: (failure, { passwordFile }) => passwordFile !== undefined && isPasswordRefusal(failure),
    advice: msg`Has the token expired? The process that writes the file must renew it. Otherwise check the user, and which database the token is for.`,
  },
  'password-refused': {
    what: 'The server rejected the password',
    matches: (failure, { password }) => password !== undefined && isPasswordRefusal(failure),
    advice: ({ passfileGave }) =>
      msg`Check the user and the secret${trusted(passfileGave === 'password' ? " in libpq's password file" : '')}. The password may have been rotated. An IAM token is valid for minutes only: use \`database-password-file\`. Special characters must be percent-encoded in a URL, but not in \`database-password\`.`,
  },
  'password-missing': {
    what: 'The server requires a password, and none was given',
    matches: (failure) => isPasswordRefusal(failure) || /password must be a (non-empty )?string/.test(failure.message),
    advice: ({ passfileGave }): Message =>
      msg`Put it into \`database-url\`, or pass \`database-password\`.${trusted(PASSFILE_ADVICE[passfileGave ?? 'no-file'])}`,
  },
  'password-exchange-failed': {
    what: 'SCRAM authentication failed',
    matches: ({ message }) => message.startsWith('SASL: '),
    advice: ({ message }) =>
      msg`The driver says: ${message}. The exchange may have been tampered with, or the server is not PostgreSQL.`,
  },
} satisfies Readonly<Record<string, FailureKind>>;
