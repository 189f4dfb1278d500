import type { Access } from '../dbos/preflight.ts';
import { releasesOf } from '../dbos/schema-age.ts';
import { isSharedVersion, sdkIn } from '../dbos/sdk.ts';
import { NEWEST_KNOWN_MIGRATION } from '../dbos/trust.ts';
import { counted, joined, type Message, msg, namesOf, trusted } from '../message.ts';
import { TLS_FAILURES } from '../postgres/tls-errors.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import { sourceInWords } from './log-opening.ts';
import type { Run } from './model.ts';
import type { RunConnection } from './preflight-next.ts';
import type { RunReport } from './schema.ts';

type Found = NonNullable<RunReport['found']>;
type Check = Found['checks'][number];
type Result = Omit<Check, 'check'>;

/** What a preflight has read. */
interface Read {
  readonly evaluation: Evaluation;
  readonly access: Access;
  readonly versions: Found['versions'];
}

/** Returns what a preflight checked, in the order in which one thing needs the other. */
export function checksOf(run: Run, versions: Found['versions']): Found['checks'] {
  const { connection, last } = run;
  const access = last?.evaluation.snapshot.access;
  const read = last === undefined || access === undefined ? undefined : { ...last, access, versions };
  const each: Readonly<Record<Check['check'], Result>> = {
    database: databaseCheck(run, read),
    tls:
      connection === undefined ? UNKNOWN : read === undefined ? failedTls(run, connection) : tlsCheck(connection, read),
    privileges: read === undefined ? UNKNOWN : privilegesCheck(read),
    server: read === undefined ? UNKNOWN : serverCheck(read),
    schema: read === undefined ? UNKNOWN : schemaCheck(read, run),
    applications: read === undefined ? UNKNOWN : applicationsCheck(read, run),
    versions: read === undefined ? UNKNOWN : versionsCheck(read),
  };
  const { database, tls, privileges, server, schema, applications, versions: found } = each;
  return [
    { check: 'database', ...database },
    { check: 'tls', ...tls },
    { check: 'privileges', ...privileges },
    { check: 'server', ...server },
    { check: 'schema', ...schema },
    { check: 'applications', ...applications },
    { check: 'versions', ...found },
  ];
}

const ok = (message: Message): Result => ({ state: 'ok', message });
const warning = (message: Message): Result => ({ state: 'warning', message });
const problem = (message: Message): Result => ({ state: 'problem', message });

const UNKNOWN: Result = { state: 'unknown', message: trusted('Not checked yet: solve the problem first.') };
const HIDDEN: Result = { state: 'unknown', message: trusted('Not readable yet: solve the problems first.') };

/** Names the address once a server has accepted it: a mistyped URL can have the password in its place. */
function databaseCheck({ connection, config, failure }: Run, read: Read | undefined): Result {
  const source = connection === undefined ? trusted('the inputs') : sourceInWords(connection.place.source);
  if (tlsFailure(failure) !== undefined) {
    return {
      state: 'unknown',
      message: msg`A server answers. The gate has not reached the database: solve the TLS problem first. The address is from ${source}.`,
    };
  }
  if (read === undefined || connection === undefined) {
    return problem(msg`No usable answer from the database. Its address is from ${source}.`);
  }
  const { host, port, database } = connection.place;
  const server = config?.details === 'names' ? trusted('') : msg` at ${host}, port ${trusted(String(port))}`;
  return ok(msg`Connected to ${database}${server}, as the role ${read.access.role}. The address is from ${source}.`);
}

/** What went wrong with TLS, in a few words; undefined where something else did. */
function tlsFailure(failure: Run['failure']): string | undefined {
  return Object.entries(TLS_FAILURES).find(([id]) => id === failure?.kind)?.[1].what;
}

/** Without TLS, no row after this one was reached. */
function failedTls({ failure }: Run, { tlsMode }: RunConnection): Result {
  const what = tlsFailure(failure);
  return what === undefined ? UNKNOWN : problem(msg`${trusted(what)} (\`sslmode=${trusted(tlsMode)}\`).`);
}

function tlsCheck({ serverCheck: proof, tlsMode }: RunConnection, { access }: Read): Result {
  const mode = trusted(`\`sslmode=${tlsMode}\``);
  const encrypted = trusted(access.encrypted ? 'Encrypted' : 'Not encrypted');
  switch (proof) {
    case 'this-machine':
      return ok(msg`${encrypted}. The connection does not leave this machine.`);
    case 'full':
      return ok(msg`Encrypted, and the server is verified (${mode}).`);
    case 'ca':
      return ok(msg`Encrypted, and the CA of the server is verified, but not its host name (${mode}).`);
    case 'channel-binding':
      return ok(msg`Encrypted, and the server proved that it knows the password (\`channel_binding=require\`).`);
    case 'none':
      return warning(
        msg`${encrypted}, and the server is not verified (${mode}). Set \`sslmode=verify-full\` in \`database-url\`. Pass a private CA as \`tls-ca\`.`,
      );
  }
}

function privilegesCheck({ access, evaluation }: Read): Result {
  const { role, denied, grants, writable, superuser, problems } = access;
  if (grants.length > 0) {
    const columns = denied.reduce((sum, each) => sum + each.columns.length, 0);
    const tables = namesOf(denied.map(({ table }) => table));
    const what = columns === 0 ? trusted('use the schema') : msg`read ${counted(columns, 'column')} of ${tables}`;
    return problem(msg`${role} is not allowed to ${what}. Run the missing grants below as the owner of the tables.`);
  }
  const isFiltered = problems.some(({ kind }) => kind === 'row-security');
  if (isFiltered || evaluation.snapshot.database.rowSecurityActive) {
    return problem(msg`Row security would hide rows from ${role}.`);
  }
  if (problems.length > 0) return HIDDEN;
  if (writable.length === 0) return ok(msg`${role} can read everything that the gate needs, and cannot write.`);
  const more = superuser ? trusted('is a superuser') : msg`can write ${namesOf(writable)}`;
  return warning(
    msg`${role} can read everything that the gate needs, but it also ${more}. Use a role that only reads.`,
  );
}

/** What is wrong with the server, and not with its tables. */
const OF_SERVER = ['standby', 'logical-subscriber', 'shard'];

function serverCheck({ evaluation }: Read): Result {
  const { serverVersion } = evaluation.snapshot.database;
  const wrong = evaluation.gate.flatMap((each) => (each.kind === 'untrusted-database' ? [each.reason] : []));
  const reasons = wrong.flatMap((reason) => (typeof reason === 'string' && OF_SERVER.includes(reason) ? [reason] : []));
  const version = trusted(`PostgreSQL ${serverVersion}`);
  if (reasons.length === 0) return ok(msg`${version}, a primary.`);
  return problem(msg`${version}, but the gate cannot rely on it (${trusted(reasons.join(', '))}).`);
}

function schemaCheck({ access, evaluation }: Read, { schema }: Run): Result {
  const { migration, missingColumns, relationKind } = evaluation.snapshot.database;
  if (access.problems.some(({ kind }) => SCHEMA_PROBLEMS.includes(kind))) {
    return problem(msg`${schema} does not have the tables of DBOS that the gate reads.`);
  }
  const isIncomplete = missingColumns.length > 0 || access.problems.some(({ kind }) => kind === 'columns-missing');
  if (isIncomplete || relationKind !== 'r') return problem(msg`${schema} is not as an SDK makes it.`);
  const newest = trusted(`The newest migration that the gate knows is ${NEWEST_KNOWN_MIGRATION}.`);
  if (migration === undefined) {
    return evaluation.index === undefined
      ? HIDDEN
      : ok(msg`${schema}, without a migration number, as TypeScript SDKs before 3.5 make it. ${newest}`);
  }
  const sdk = sdkIn(evaluation.state.serializations);
  const number = trusted(`migration ${migration}`);
  const releases = trusted(releasesOf(migration, sdk));
  if (migration > NEWEST_KNOWN_MIGRATION) return warning(msg`${schema}, ${number}: ${releases}. ${newest}`);
  return ok(msg`${schema}, ${number}: ${releases}. ${newest}`);
}

const SCHEMA_PROBLEMS = ['schema-missing', 'tables-missing', 'not-a-table'];

function applicationsCheck({ access, evaluation }: Read, { config }: Run): Result {
  const owners = evaluation.index?.contents.owners ?? access.owners;
  const kinds = evaluation.gate.map(({ kind }) => kind);
  if (kinds.includes('several-applications')) {
    return problem(msg`${namesOf(owners)} share this database. Set \`application\` to the one that you deploy.`);
  }
  if (kinds.includes('application-not-seen')) {
    return problem(msg`${config?.application ?? ''} has no version and no work here. Correct \`application\`.`);
  }
  if (evaluation.index === undefined) return HIDDEN;
  if (owners.length === 0) return ok(trusted('No row names its application: older SDKs write no names.'));
  const others = owners.filter((owner) => owner !== config?.application);
  if (config?.application === undefined) return ok(msg`${namesOf(owners)} alone.`);
  return others.length === 0
    ? ok(msg`${config.application} alone.`)
    : ok(msg`${config.application}, next to ${namesOf(others)}. Always set \`application\`.`);
}

function versionsCheck({ evaluation, versions }: Read): Result {
  if (evaluation.index === undefined) return HIDDEN;
  const registered = versions.filter((each) => each.registered);
  const latest = registered.flatMap((each) => (each.latest && each.version !== null ? [each.version] : []));
  if (registered.length === 0) return warning(trusted('None is registered, so nothing shows which one is the latest.'));
  const receiving = versions.flatMap((each) => (each.receivesWork && each.version !== null ? [each.version] : []));
  const parts = [
    msg`${counted(registered.length, 'version')} registered.`,
    ...(latest.length === 0 ? [] : [msg`Latest: ${namesOf(latest)}.`]),
    ...(receiving.length === 0 ? [] : [msg`Still sent new work: ${namesOf(receiving)}.`]),
  ];
  if (latest.includes('')) {
    return warning(msg`${joined(parts)} A process without a version registered it: set \`DBOS__APPVERSION\` there.`);
  }
  return latest.some(isSharedVersion) ? warning(joined(parts)) : ok(joined(parts));
}
