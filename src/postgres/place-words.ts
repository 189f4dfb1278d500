import { inputError } from '../errors.ts';
import { namesOf, trusted } from '../message.ts';
import type { Environment } from './tls.ts';
import { wordOf } from './url-parameters.ts';

const FOLLOWED = ['host', 'port', 'user', 'dbname', 'password'];

const PROXY = 'Start the Cloud SQL Auth Proxy before the gate, and write the folder of its socket as `host`.';
const SERVICE =
  'The gate does not read pg_service.conf: write what stands there into the URL, or into PGHOST, PGPORT, PGDATABASE, PGUSER and PGSSLMODE.';
const ADDRESS = 'Write the address itself as the host.';

/**
 * Words of libpq and other drivers for the place of a database that the gate does not follow, and what to write. A key
 * is a word (`wordOf`).
 */
const WORDS: ReadonlyMap<string, string> = new Map([
  ...FOLLOWED.map((word): [string, string] => [word, `Write \`${word}\`, in lower case.`]),
  ['service', SERVICE],
  ['hostaddr', ADDRESS],
  ['hostname', 'Write `host`.'],
  ['server', 'Write `host`.'],
  ['servername', 'Write `host`.'],
  ['portnumber', 'Write `port`.'],
  ['username', 'Write `user`.'],
  ['db', 'Write `dbname`.'],
  ['database', 'Write `dbname`.'],
  ['databasename', 'Write `dbname`.'],
  ['unixsock', 'Write the folder of the socket as `host`.'],
  ['unixsocket', 'Write the folder of the socket as `host`.'],
  // PgJDBC's.
  ['pghost', 'Write `host`.'],
  ['pgport', 'Write `port`.'],
  ['pgdbname', 'Write `dbname`.'],
  ['socketfactory', PROXY],
  ['cloudsqlinstance', PROXY],
]);

/** libpq's variables of the same kind. */
const VARIABLES: ReadonlyMap<string, string> = new Map([
  ['PGSERVICE', `${SERVICE} Then unset it.`],
  ['PGHOSTADDR', `${ADDRESS} Then unset it.`],
]);

/** Refuses other words for the place of the database: without them the gate would poll another database, or none. */
export function refuseOtherPlaces(parameters: readonly (readonly [string, string])[], environment: Environment): void {
  const ofUrl = parameters.flatMap(([name]) => {
    const advice = WORDS.get(wordOf(name));
    return advice === undefined || FOLLOWED.includes(name) ? [] : [{ name, advice }];
  });
  const variables = [...VARIABLES].flatMap(([name, advice]) => (environment[name] ? [{ name, advice }] : []));
  const refused = [...ofUrl, ...variables];
  if (refused.length === 0) return;
  const advice = [...new Set(refused.map((each) => each.advice))].join(' ');
  throw inputError(
    'input-unsupported-place',
  )`\`database-url\` or a libpq variable sets the address in a way that the gate does not support: ${namesOf(refused.map(({ name }) => name))}. ${trusted(advice)}`;
}
