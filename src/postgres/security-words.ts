import { inputError } from '../errors.ts';
import { namesOf, trusted } from '../message.ts';
import type { Environment } from './tls.ts';

/** The parameters about security that the gate follows. */
const FOLLOWED = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'channel_binding'];

/** How parameters about security start, in libpq and other drivers, without underscores. */
const SECURITY = /^(?:ssl|tls|gss|channelbinding|require(?:auth|peer|ssl))/;

/** Parameters that an error can show. Any other name can be a part of a password with a raw `&`. */
const KNOWN = new Set([
  ...['ssl', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslpassword', 'sslcrl', 'sslcrldir'],
  ...['sslnegotiation', 'sslfactory', 'sslminprotocolversion', 'sslcertmode', 'sslsni'],
  ...['channelbinding', 'gssencmode', 'requireauth', 'requirepeer', 'requiressl'],
]);

/** libpq's variables that can ask for more security than the gate has, and the values that do not ask. */
const DEMANDING = [
  ...['PGREQUIRESSL', 'PGREQUIREAUTH', 'PGREQUIREPEER', 'PGGSSENCMODE'],
  ...['PGSSLCRL', 'PGSSLCRLDIR', 'PGSSLMINPROTOCOLVERSION'],
];
const UNDEMANDING = ['', '0', 'disable', 'prefer'];

/** Refuses all other words about security: to ignore one could make the connection weaker than the user asked. */
export function refuseOtherSecurity(names: Iterable<string>, environment: Environment): void {
  const ofUrl = [...names].flatMap((name) => {
    const word = name.replaceAll('_', '').toLowerCase();
    if (FOLLOWED.includes(name) || !SECURITY.test(word)) return [];
    return KNOWN.has(word) ? [name] : [`${word.slice(0, 3)}…`];
  });
  const refused = [...ofUrl, ...DEMANDING.filter((name) => !UNDEMANDING.includes(environment[name] ?? ''))];
  if (refused.length === 0) return;
  throw inputError`\`database-url\`, or a variable of libpq, asks for ${namesOf(refused)}, which the gate cannot keep. Leave it out. Accepted, in this spelling: ${trusted(FOLLOWED.join(', '))}. The strictest is \`sslmode=verify-full\` with \`channel_binding=require\`.`;
}
