import { DEFAULT_MIN_VERSION } from 'node:tls';
import { inputError } from '../errors.ts';
import { joined, msg, namesOf, trusted } from '../message.ts';
import type { Environment } from './tls.ts';
import { wordOf } from './url-parameters.ts';

/** The parameters about security that the gate follows, and other words for them that it understands. */
const FOLLOWED = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'channel_binding'];
const UNDERSTOOD = [...FOLLOWED, 'channelBinding', 'ssl', 'sslaccept'];
/** libpq takes `direct` in the last one only with an `sslmode` that insists on TLS. The gate follows that `sslmode`. */
const FOLLOWED_VARIABLES = [
  ...['PGSSLMODE', 'PGSSLROOTCERT', 'PGSSLCERT', 'PGSSLKEY', 'PGCHANNELBINDING', 'PGSSLNEGOTIATION'],
];

/** A word about security that the gate does not follow. */
interface Word {
  /** Values that ask for no more than the gate does anyway. */
  readonly harmless?: readonly string[] | 'any';
  /** What to write in its place, if anything. */
  readonly instead?: string;
}

const MODE = '`sslmode`, such as `sslmode=verify-full`';
const PEM_FILES = '`sslcert` and `sslkey`, with PEM files and a key without a passphrase';

/**
 * The words of libpq ("Parameter Key Words" in PostgreSQL's manual), PgJDBC (`PGProperty`), Prisma and other drivers.
 * A key is a word (`wordOf`). An error can show these: any other can be a part of a password with a raw `&`.
 */
const WORDS: ReadonlyMap<string, Word> = new Map(
  Object.entries<Word>({
    // Asked of a URL in another spelling only, or of a variable that libpq does not have.
    sslmode: { instead: '`sslmode`, in lower case' },
    sslrootcert: { instead: '`sslrootcert`, in lower case, or `tls-ca`' },
    sslcert: { instead: '`sslcert`, in lower case' },
    sslkey: { instead: '`sslkey`, in lower case' },
    channelbinding: { instead: '`channel_binding`, in lower case' },
    ssl: { harmless: ['0', 'false', 'off', 'no', 'disable', 'allow', 'prefer'], instead: MODE },
    sslaccept: { instead: MODE },
    // libpq's.
    requiressl: { harmless: ['0'], instead: '`sslmode=require`' },
    sslnegotiation: { harmless: ['postgres'] },
    sslsni: { harmless: ['1'] },
    sslcompression: { harmless: 'any' },
    sslkeylogfile: { harmless: 'any' },
    // `disable` is followed.
    sslcertmode: { harmless: ['allow', 'disable'], instead: '`sslcert` and `sslkey`, or neither' },
    sslpassword: { instead: PEM_FILES },
    sslcrl: {},
    sslcrldir: {},
    sslminprotocolversion: {
      harmless: ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'].filter((v) => v <= DEFAULT_MIN_VERSION),
    },
    sslmaxprotocolversion: { harmless: 'any' },
    minprotocolversion: { harmless: ['3.0'] },
    requirepeer: {},
    requireauth: { instead: '`channel_binding=require`, which takes SCRAM' },
    gssencmode: { harmless: ['disable', 'allow', 'prefer'], instead: MODE },
    gssdelegation: { harmless: 'any' },
    gsslib: { harmless: 'any' },
    scramclientkey: { instead: '`database-password`' },
    scramserverkey: { instead: '`channel_binding=require`' },
    // PgJDBC's.
    gssresponsetimeout: { harmless: 'any' },
    gssusedefaultcreds: { harmless: 'any' },
    sslresponsetimeout: { harmless: 'any' },
    sslfactory: { instead: MODE },
    sslfactoryarg: { instead: MODE },
    sslhostnameverifier: { instead: MODE },
    sslpasswordcallback: { instead: PEM_FILES },
    authenticationpluginclassname: { instead: '`database-password`' },
    // Prisma's, and those of drivers for other databases.
    sslidentity: { instead: PEM_FILES },
    sslca: { instead: '`tls-ca`' },
    sslcacert: { instead: '`tls-ca`' },
    sslcontext: { instead: MODE },
    sslverify: { instead: MODE },
    rejectunauthorized: { instead: MODE },
    trustservercertificate: { instead: MODE },
    usessl: { instead: MODE },
    tls: { instead: MODE },
    tlscafile: { instead: '`tls-ca`' },
  }),
);

/** How a word about security starts, where it is not one of those above. */
const SECURITY =
  /^(?:(?:use|force|require|enable)?(?:ssl|tls|gss|auth|cert|crl|encrypt)|ca(?:$|cert|file)|cipher|channelbinding|peer|reject|require|scram|secur|trust|verif)/;

/** libpq's variables about security start like this. */
const VARIABLE = /^PG(?:SSL|TLS|GSS|REQUIRE|SCRAM)[A-Z]*$/;

/**
 * Refuses every word about security that the gate neither follows nor knows to be harmless: to ignore one could make
 * the connection weaker than the user asked.
 */
export function refuseOtherSecurity(
  parameters: readonly (readonly [string, string])[],
  environment: Environment,
): void {
  const ofUrl = parameters.flatMap(([name, value]) => {
    const word = wordOf(name);
    if (UNDERSTOOD.includes(name) || isHarmless(word, value)) return [];
    if (WORDS.has(word)) return [{ name, word }];
    return securityIn(name).map((found) => ({ name: `${found}…`, word }));
  });
  const variables = Object.entries(environment).flatMap(([name, value]) => {
    const word = name.replace(/^PG/, '').toLowerCase();
    const isAsked = Boolean(value) && (VARIABLE.test(name) || (name.startsWith('PG') && WORDS.has(word)));
    return !isAsked || FOLLOWED_VARIABLES.includes(name) || isHarmless(word, value ?? '') ? [] : [{ name, word }];
  });
  const refused = [...ofUrl, ...variables];
  if (refused.length === 0) return;
  const advice = refused.flatMap(({ name, word }) => {
    const instead = WORDS.get(word)?.instead;
    return instead === undefined ? [] : [msg`In place of ${name} write ${trusted(instead)}.`];
  });
  throw inputError(
    'input-unsupported-security',
  )`\`database-url\` or a libpq variable sets ${namesOf(refused.map(({ name }) => name))}, which the gate does not support. Remove it. ${joined([...advice, msg`Accepted, in this spelling: ${trusted(FOLLOWED.join(', '))}. The strictest setting is \`sslmode=verify-full\` with \`channel_binding=require\`.`])}`;
}

/** Returns the words about security in a name such as `my_sslThing`, and no more of the name. */
function securityIn(name: string): readonly string[] {
  const parts = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[_.-]+/);
  return parts.flatMap((part) => SECURITY.exec(part) ?? []);
}

function isHarmless(word: string, value: string): boolean {
  const { harmless = [] } = WORDS.get(word) ?? {};
  return harmless === 'any' || harmless.includes(value);
}
