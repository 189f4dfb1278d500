import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { commandLine } from '../support/postgres/process-identity.ts';
import { type FinishedRun, type RunOptions, runAction } from '../support/runner.ts';
import { systemDatabases } from '../support/system-databases.ts';

/* Searches every byte that the action writes for the password, for every way to pass it and to mistype it. */

const databases = systemDatabases();
/** A password that needs encoding in a URL, and that equals nothing else in the output. */
const PASSWORD = `Zq#9/ü "@:?%41'x`;
/** A password that needs no encoding anywhere in a URL. */
const PLAIN = 'zq9-plain_secret7';
/** A token for GitHub's API. `tests/github` has it where it is used. */
const TOKEN = 'ghs_zq9TokenOfTheTest4711';

interface Place {
  readonly host: string;
  readonly port: string;
  readonly user: string;
  readonly database: string;
}
let place: Place;

beforeAll(async () => {
  const { hostname, port, pathname } = new URL(await databases.createUrl());
  const database = pathname.slice(1);
  place = { host: hostname, port, user: `gate_of_${database}`, database };
  await asOwner(`
    INSERT INTO dbos.application_versions (version_id, version_name, version_timestamp, created_at)
    VALUES ('1', '1.0.0', 1, 1), ('2', '2.0.0', 2, 2);
    INSERT INTO dbos.workflow_status (workflow_uuid, status, name, application_version, application_name)
    VALUES ('order-1', 'PENDING', 'order', '1.0.0', 'shop');
    CREATE ROLE ${place.user} LOGIN PASSWORD ${pg.escapeLiteral(PASSWORD)};
    GRANT USAGE ON SCHEMA dbos TO ${place.user};
    GRANT SELECT ON ALL TABLES IN SCHEMA dbos TO ${place.user}`);
});

async function asOwner(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: databases.server().url(place.database) });
  await client.connect();
  await client.query(sql);
  await client.end();
}

interface Searched extends FinishedRun {
  /** Everything written to the log and to files, without the commands that mask. */
  readonly written: string;
  /** The command line of the process, read during its run. */
  readonly arguments: string;
}

async function run(inputs: Record<string, string>, env: RunOptions['env'] = {}): Promise<Searched> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-secrets-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const step = runAction({
    inputs: {
      ...{ 'retire-version': '1.0.0', mode: 'check', settle: '100ms', timeout: '1s', 'github-token': TOKEN },
      ...inputs,
    },
    env,
    folder,
  });
  // A process that is being started has no command line yet.
  const argumentsWhileRunning = await vi.waitUntil(() => commandLine(step.pid ?? 0), { interval: 1 });
  const finished = await step.finished;
  const unmasked = (text: string) => text.replace(/^::add-mask::.*$/gm, '');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((file) => statSync(file).isFile());
  return {
    ...finished,
    arguments: argumentsWhileRunning,
    written: [unmasked(finished.log), finished.stderr, ...files.map((file) => readFileSync(file, 'utf8'))].join('\n'),
  };
}

/** Expects no spelling of the password: raw, or encoded for a URL, a form, JSON or base64. */
function expectNothingOf(password: string, { written, arguments: args }: Searched) {
  const spellings = [
    password,
    encodeURIComponent(password),
    encodeURI(password),
    new URLSearchParams({ '': password }).toString().slice(1),
    JSON.stringify(password).slice(1, -1),
    Buffer.from(password).toString('base64'),
  ];
  for (const spelling of spellings) {
    expect(written).not.toContain(spelling);
    expect(args).not.toContain(spelling);
  }
  expect(written).not.toContain(TOKEN);
  expect(args).toContain('dist');
}

const encoded = encodeURIComponent(PASSWORD);

/** A folder with a file in it that only its owner can read, outside of what is searched. */
function folderWith(name: string, text: string): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-passwords-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, name), text, { mode: 0o600 });
  return folder;
}

const passfile = () => `# passwords\n*:*:*:${place.user}:${PASSWORD.replaceAll(/[:\\]/g, '\\$&')}\n`;

/** The ways to pass a password: each returns inputs and environment for the database of that name. */
const ways: readonly [string, (database: string) => readonly [Record<string, string>, RunOptions['env']?]][] = [
  [
    'the URL',
    (database) => [{ 'database-url': `postgres://${place.user}:${encoded}@${place.host}:${place.port}/${database}` }],
  ],
  [
    'a SQLAlchemy URL in DBOS_SYSTEM_DATABASE_URL',
    (database) => [
      {},
      {
        DBOS_SYSTEM_DATABASE_URL: `postgresql+psycopg://${place.user}:${encoded}@${place.host}:${place.port}/${database}`,
      },
    ],
  ],
  [
    'parameters of a JDBC URL',
    (database) => [
      {
        'database-url': `jdbc:postgresql://${place.host}:${place.port}/${database}?user=${place.user}&password=${encoded}`,
      },
    ],
  ],
  [
    'database-password',
    (database) => [
      {
        'database-url': `postgres://${place.user}@${place.host}:${place.port}/${database}`,
        'database-password': PASSWORD,
      },
    ],
  ],
  [
    'database-password-file',
    (database) => [
      {
        'database-url': `postgres://${place.user}@${place.host}:${place.port}/${database}`,
        'database-password-file': path.join(folderWith('token', `${PASSWORD}\n`), 'token'),
      },
    ],
  ],
  [
    'the file that PGPASSFILE names',
    (database) => [
      { 'database-url': `postgres://${place.user}@${place.host}:${place.port}/${database}` },
      { PGPASSFILE: path.join(folderWith('passwords', passfile()), 'passwords') },
    ],
  ],
  [
    'the password file in the home',
    (database) => [
      { 'database-url': `postgres://${place.user}@${place.host}:${place.port}/${database}` },
      { HOME: folderWith('.pgpass', passfile()) },
    ],
  ],
  [
    'PGPASSWORD, with everything else in PG variables',
    (database) => [
      { 'database-url': 'postgres://' },
      {
        PGHOST: place.host,
        PGPORT: place.port,
        PGUSER: place.user,
        PGPASSWORD: PASSWORD,
        PGDATABASE: database,
      },
    ],
  ],
];

describe('the password is written nowhere when it comes from', () => {
  test.each(ways)('%s, and is right', async (_what, pass) => {
    const finished = await run(...pass(place.database));
    expect(finished.outputs['verdict']).toBe('in-flight');
    // The unblock kit next to the report is searched too.
    expect(finished.written).toContain('\nfork\torder-1\t');
    expectNothingOf(PASSWORD, finished);
    expect(finished.shown).not.toContain(PASSWORD);
    expect(finished.masks).toContain(PASSWORD);
  });

  test.each(ways)('%s, and the server answers with an error', async (_what, pass) => {
    const finished = await run(...pass('no_such_database'));
    expect(finished.outputs['verdict']).toBe('error');
    expectNothingOf(PASSWORD, finished);
  });

  test.each(ways)('%s, and is wrong', async (_what, pass) => {
    await asOwner(`ALTER ROLE ${place.user} PASSWORD 'another'`);
    try {
      const [inputs, env] = pass(place.database);
      // Not `check`, which would read a file again for a whole minute.
      const finished = await run({ ...inputs, mode: 'wait' }, env);
      expect(finished.outputs['verdict']).toBe('error');
      expect(finished.annotations[0]?.message).toContain('The server rejected the password');
      expectNothingOf(PASSWORD, finished);
    } finally {
      await asOwner(`ALTER ROLE ${place.user} PASSWORD ${pg.escapeLiteral(PASSWORD)}`);
    }
  });
});

test.each([
  ['stands in an output', 'err', /appears by chance in these outputs, or could: `verdict`\. GitHub does not pass/],
  ['can stand in an output of another run', 'still', /by chance in these outputs, or could: `verdict`\./],
  ['is very short', '!1', /has fewer than 4 characters, so it could appear by chance in any output\./],
  ['is no part of anything', 'zq!1', undefined],
])('a password that %s has a warning, once', async (_what, password, warning) => {
  const { annotations, outputs } = await run({ 'database-url': `postgres://gate:${password}@one,two/shop` });
  expect(outputs['verdict']).toBe('error');
  const warnings = annotations.filter(({ level }) => level === 'warning');
  expect(warnings.map(({ message }) => message)).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)]);
});

describe('a mistyped URL leaks no password that lands in', () => {
  const mistyped: readonly [string, () => string][] = [
    ['the user', () => `postgres://${PLAIN}@${place.host}:${place.port}/${place.database}`],
    ['the user, before another password', () => `postgres://${PLAIN}:x@${place.host}:${place.port}/shop`],
    ['the host', () => `postgres://gate:x@${PLAIN}/shop`],
    ['the host, alone', () => `postgres://${PLAIN}`],
    ['the host, without an @', () => `postgres://gate:x${PLAIN}/shop`],
    ['the port', () => `postgres://gate:x@${place.host}:${PLAIN}/shop`],
    ['the database', () => `postgres://${place.user}:${encoded}@${place.host}:${place.port}/${PLAIN}`],
    ['a parameter’s name', () => `postgres://gate:x@${place.host}/shop?${PLAIN}=1`],
    ['the sslmode', () => `postgres://gate:x@${place.host}/shop?sslmode=${PLAIN}`],
    ['the path of a file', () => `postgres://gate:x@${place.host}/shop?sslcert=/${PLAIN}&sslkey=/x`],
    ['a URL without a slash', () => `postgres:/gate:${PLAIN}@${place.host}/shop`],
    ['a URL without a colon', () => `postgres//gate:${PLAIN}@${place.host}/shop`],
    ['a URL without a scheme', () => `gate:${PLAIN}@${place.host}/shop`],
    ['keywords instead of a URL', () => `host=${place.host} user=gate password=${PLAIN} dbname=shop`],
    ['a URL with a raw @', () => `postgres://gate:${PLAIN}@x@${place.host}/shop`],
    ['a URL with a raw #', () => `postgres://gate:#${PLAIN}@${place.host}/shop`],
    ['a URL with a raw %', () => `postgres://gate:%${PLAIN}@${place.host}/shop`],
    ['two hosts', () => `postgres://gate:x@${PLAIN},${place.host}/shop`],
    ['an SQLite URL', () => `sqlite:///${PLAIN}`],
  ];

  test.each(mistyped)('%s', async (_what, url) => {
    // Not `check`, which would try for a whole minute to reach a host that nobody knows.
    const finished = await run({ 'database-url': url(), mode: 'wait' });
    expect([finished.exitCode, finished.outputs['verdict']]).toEqual([1, 'error']);
    expectNothingOf(PLAIN, finished);
  });
});
