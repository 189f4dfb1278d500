import { deniedTables, unreachableTables } from '../../src/dbos/access.ts';
import { ReportableError } from '../../src/errors.ts';
import { parseInputs } from '../../src/inputs.ts';
import type { Message } from '../../src/message.ts';
import { explainFailure } from '../../src/postgres/errors.ts';
import type { DatabaseConfig } from '../../src/postgres/url.ts';
import { failedRun, type Run } from '../../src/report/model.ts';
import { config, probe } from './builders.ts';

/** SQLSTATEs and codes of Node's whose explanations differ. */
const CODES = [
  ...['ENOTFOUND', 'ECONNREFUSED', 'ETIMEDOUT', 'ECONNRESET', 'EPROTO', 'CERT_HAS_EXPIRED'],
  ...['28P01', '28000', '3D000', '53300', '53100', '57P03', '57014', '55P03', '42501', '42P01', '08P01'],
  ...['22P02', 'XX000', 'P0001'],
];

/** Runs that end in a failure which quotes others: what a server said, what the URL holds, what an input holds. */
export function failures(names: readonly string[]): readonly Run[] {
  return [...databaseFailures(names), ...unreadable(names), inputFailure(names)].map((failure) =>
    failedRun({ kind: 'server-error', message: failure }, config(), 'dbos'),
  );
}

function databaseFailures([message = '', ...names]: readonly string[]): readonly Message[] {
  const messages = [message, `permission denied for database ${message}`, `row-level security ${message}`];
  return CODES.flatMap((code) =>
    messages.flatMap((text) =>
      [true, false].map((connectedBefore) => {
        const error = Object.assign(new Error(text), { code });
        return sentenceOf(explainFailure(error, database(names), connectedBefore));
      }),
    ),
  );
}

function unreadable([role = '', ...names]: readonly string[]): readonly Message[] {
  const elsewhere = names.slice(4, 8);
  const found = probe({ role, schemas_with_tables: elsewhere });
  const gate = database(names);
  return [
    unreachableTables({ ...found, schema_exists: false }, gate),
    unreachableTables({ ...found, schema_usable: false }, gate),
    unreachableTables(found, gate),
    deniedTables(
      {
        ...found,
        tables: { workflow_status: { kind: 'r', columns: ['name'], readable: [], filtered: false } },
      },
      gate,
    ),
  ].map(sentenceOf);
}

/** Every input that is echoed, refused. */
function inputFailure(names: readonly string[]): Message {
  const echoed = ['schema', 'version', 'keep-version', 'mode', 'timeout', 'on-timeout', 'poll-interval'];
  const others = ['poll-timeout', 'settle', 'ignore-workflows', 'on-unknown', 'on-live', 'on-unversioned', 'details'];
  // What begins so is no list, no word and no duration, and too long for a schema.
  const beginning = (name: string) => (name === 'schema' ? '-'.repeat(64) : '[,');
  const inputs = [...echoed, ...others].map((name, index) => [name, beginning(name) + (names[index] ?? '')] as const);
  const url = { 'database-url': 'postgres://gate:s3cret@db.internal/shop' };
  try {
    parseInputs(
      { ...url, application: '', ...Object.fromEntries(inputs) },
      { shell: 'action', environment: {}, withoutSecrets: undefined },
    );
  } catch (error) {
    return sentenceOf(error);
  }
  throw new Error('These inputs were accepted.');
}

function database([host = '', user = '', name = '', schema = '']: readonly string[]): DatabaseConfig {
  return {
    ...{ host, user, database: name, schema },
    port: 5432,
    password: undefined,
    passwordFile: undefined,
    passfile: undefined,
    tlsMode: 'prefer',
    tlsCa: undefined,
    clientCertificate: undefined,
    requireChannelBinding: false,
  };
}

function sentenceOf(error: unknown): Message {
  if (error instanceof ReportableError) return error.explanation;
  throw new Error('This is no failure that is told.', { cause: error });
}
