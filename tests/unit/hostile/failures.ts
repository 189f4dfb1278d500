import type { DatabaseConfig } from '../../../src/dbos/database-config.ts';
import { explainFailure } from '../../../src/dbos/failures.ts';
import { deniedTables, unreachableTables } from '../../../src/dbos/readability.ts';
import { ReportableError } from '../../../src/errors.ts';
import { parseInputs } from '../../../src/inputs.ts';
import type { Result } from '../../../src/report/result.ts';
import type { Sentence } from '../../../src/sentence.ts';
import { failureResult, probe } from '../builders.ts';

/** SQLSTATEs and codes of Node's whose explanations differ. */
const CODES = [
  ...['ENOTFOUND', 'ECONNREFUSED', 'ETIMEDOUT', 'ECONNRESET', 'EPROTO', 'CERT_HAS_EXPIRED'],
  ...['28P01', '28000', '3D000', '53300', '53100', '57P03', '57014', '55P03', '42501', '42P01', '08P01'],
  ...['22P02', 'XX000', 'P0001'],
];

/** Runs that end in a failure which quotes others: what a server said, what the URL holds, what an input holds. */
export function failures(names: readonly string[]): readonly Result[] {
  return [...databaseFailures(names), ...unreadable(names), inputFailure(names)].map((failure) =>
    failureResult(failure),
  );
}

function databaseFailures([message = '', ...names]: readonly string[]): readonly Sentence[] {
  const messages = [message, `permission denied for database ${message}`, `row-level security ${message}`];
  return CODES.flatMap((code) =>
    messages.flatMap((text) =>
      [true, false].map((reached) => {
        const error = Object.assign(new Error(text), { code });
        return sentenceOf(explainFailure(error, database(names), reached));
      }),
    ),
  );
}

function unreadable([role = '', ...names]: readonly string[]): readonly Sentence[] {
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
function inputFailure(names: readonly string[]): Sentence {
  const echoed = ['schema', 'version', 'keep-version', 'mode', 'timeout', 'on-timeout', 'poll-interval'];
  const others = ['look-timeout', 'settle', 'ignore-workflows', 'on-unknown', 'on-latest', 'on-unversioned'];
  // What begins so is no list, no word and no duration, and too long for a schema.
  const beginning = (name: string) => (name === 'schema' ? '-'.repeat(64) : '[,');
  const inputs = [...echoed, ...others].map(
    (name, index) => [name, beginning(name) + (names[index] ?? '')] as const,
  );
  const url = { 'database-url': 'postgres://gate:s3cret@db.internal/shop' };
  try {
    parseInputs(
      { ...url, application: '', ...Object.fromEntries(inputs) },
      { environment: {}, withoutSecrets: undefined },
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
    tlsMode: 'prefer',
    tlsCa: undefined,
    clientCertificate: undefined,
    requireChannelBinding: false,
  };
}

function sentenceOf(error: unknown): Sentence {
  if (error instanceof ReportableError) return error.sentence;
  throw new Error('This is no failure that is told.', { cause: error });
}
