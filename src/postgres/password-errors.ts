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
  'no-entry': ' The password file of libpq has no line that matches this host, port, database and user.',
  'not-a-file': ' The password file of libpq is ignored, because it is not a plain file.',
  'open-to-others':
    ' The password file of libpq is ignored, because others can read or write it: run `chmod 0600` on it.',
  unreadable: " The password file of libpq is there, but the runner's user cannot read it.",
};

/** It comes before other kinds: its code says why the file cannot be read, and is not about the server. */
export const PASSWORD_FILE_UNUSABLE = {
  what: 'The file that `database-password-file` names gives no password',
  patience: 'full',
  matches: ({ message }) => message === NO_PASSWORD_IN_FILE,
  advice: msg`It is read again at each connection. Renew it in one step: write another file next to it, and rename that one.`,
} satisfies FailureKind;

/** The ways to fail that are about the password, in the order in which they are tried. */
export const PASSWORD_FAILURES = {
  'token-refused': {
    what: 'The server refused the password from the file that `database-password-file` names',
    // A renewal that is late comes within the minute. A wrong password is not sent again and again for longer.
    patience: 'brief',
    matches: (failure, { passwordFile }) => passwordFile !== undefined && isPasswordRefusal(failure),
    advice: msg`Has the token expired? The process that writes the file has to renew it. If not, check the user, and what the token is for.`,
  },
  'password-refused': {
    what: 'The server refused the password',
    matches: (failure, { password }) => password !== undefined && isPasswordRefusal(failure),
    advice: ({ passfileGave }) =>
      msg`Check the user and the secret${trusted(passfileGave === 'password' ? ' in the password file of libpq' : '')}. It may have been rotated, and an IAM token lives for minutes only: \`database-password-file\` is for those. A password with special characters must be percent-encoded in a URL, but not in \`database-password\`.`,
  },
  'password-missing': {
    what: 'The server asks for a password, and none was given',
    matches: (failure) => isPasswordRefusal(failure) || /password must be a (non-empty )?string/.test(failure.message),
    advice: ({ passfileGave }): Message =>
      msg`Put it into \`database-url\`, or pass \`database-password\`.${trusted(PASSFILE_ADVICE[passfileGave ?? 'no-file'])}`,
  },
  'password-exchange-failed': {
    what: 'The exchange of the password went wrong',
    matches: ({ message }) => message.startsWith('SASL: '),
    advice: ({ message }) =>
      msg`The driver says: ${message}. Somebody in between may have changed it, or the server is none of Postgres.`,
  },
} satisfies Readonly<Record<string, FailureKind>>;
