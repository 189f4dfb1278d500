import { inputError } from '../errors.ts';
import { namesOf, trusted } from '../message.ts';

/** libpq's `sslmode`, with libpq's meaning. The driver itself would read `require` as `verify-full`. */
export const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

const INSISTS: readonly TlsMode[] = ['require', 'verify-ca', 'verify-full'];

/**
 * Reads `sslmode`, and two words of other drivers for it:
 *
 * - `ssl` is a switch for PgJDBC and node-postgres, and a mode for asyncpg. Alone, it means `verify-full` to all but
 *   libpq, which reads `ssl=true` as `require`. So it means `verify-full` here.
 * - `sslaccept=strict` is Prisma's `verify-full`. Prisma passes it next to `sslmode=require`.
 *
 * @returns the mode that the URL asks for, else that of PGSSLMODE; undefined when nothing asks for one.
 * @throws InputError for an unknown value, and when one asks for TLS and another does not insist on it.
 */
export function readTlsMode(
  take: (name: string) => string | undefined,
  variable: string | undefined,
): TlsMode | undefined {
  const ofUrl = take('sslmode');
  const named = ofUrl === undefined ? undefined : modeOf(ofUrl);
  const switched = readSwitch(take('ssl'));
  const mode = combined(named, switched);
  if (readAccept(take('sslaccept'))) {
    if (mode === 'disable') throw contradiction('sslaccept=strict', mode);
    return 'verify-full';
  }
  return mode ?? (variable === undefined ? undefined : modeOf(variable));
}

function combined(named: TlsMode | undefined, switched: TlsMode | true | undefined): TlsMode | undefined {
  if (switched === undefined || switched === named) return named;
  if (named === undefined) return switched === true ? 'verify-full' : switched;
  if (switched === true && INSISTS.includes(named)) return named;
  throw contradiction(`ssl=${switched}`, named);
}

function contradiction(word: string, mode: TlsMode) {
  return inputError(
    'input-tls-contradiction',
  )`\`database-url\` sets ${trusted(`\`${word}\` and \`sslmode=${mode}\``)}, which contradict each other. Remove one.`;
}

function modeOf(text: string): TlsMode {
  const mode = TLS_MODES.find((name) => name === text);
  if (mode !== undefined) return mode;
  const instead =
    text === 'no-verify'
      ? ' `no-verify` is a word of node-postgres: write `sslmode=require`, which verifies nothing.'
      : '';
  throw inputError(
    'input-sslmode',
  )`The \`sslmode\` in \`database-url\` or PGSSLMODE is unknown.${trusted(instead)} Accepted: ${namesOf(TLS_MODES, TLS_MODES.length, 6)}.`;
}

/** Returns true for a switch that is on, undefined for one that is off. */
function readSwitch(text: string | undefined): TlsMode | true | undefined {
  if (text === undefined || ['false', '0', 'off', 'no'].includes(text)) return undefined;
  if (['', 'true', '1', 'on', 'yes'].includes(text)) return true;
  const mode = TLS_MODES.find((name) => name === text);
  if (mode !== undefined) return mode;
  throw inputError(
    'input-ssl',
  )`The \`ssl\` in \`database-url\` is unknown. Use \`sslmode=verify-full\` instead, or \`sslmode=require\`, which does not verify the certificate, as \`no-verify\` and \`"rejectUnauthorized": false\` do.`;
}

function readAccept(text: string | undefined): boolean {
  if (text === undefined || text === 'accept_invalid_certs') return false;
  if (text === 'strict') return true;
  throw inputError(
    'input-ssl',
  )`The \`sslaccept\` in \`database-url\` is unknown. Use \`sslmode=verify-full\` instead, or \`sslmode=require\`, which does not verify the certificate, as \`accept_invalid_certs\` does.`;
}
