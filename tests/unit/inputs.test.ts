import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { parseInputs } from '../../src/inputs.ts';
import { readRunContext } from '../../src/run-context.ts';
import { certificateAuthority } from '../support/certificates.ts';
import { FROM_PG_VARIABLES, PG_VARIABLES } from '../support/pg-variables.ts';

/** The defaults of `action.yml`, a target and a URL. A test of the contract compares defaults with `action.yml`. */
const usual = {
  'database-url': 'postgres://gate:s3cret@db.internal/shop',
  'database-password': '',
  'database-password-file': '',
  'tls-ca': '',
  schema: 'dbos',
  application: '',
  'retire-version': '1.0.0',
  'keep-version': '',
  mode: 'wait',
  timeout: '30m',
  'on-timeout': 'fail',
  'poll-interval': '5s',
  'poll-timeout': '30s',
  settle: '10s',
  'fail-fast': 'true',
  'stuck-after': '15m',
  'ignore-workflows': '',
  'on-unknown': 'fail',
  'on-live': 'block',
  'on-unversioned': 'auto',
  details: 'full',
  'github-token': '',
  'check-run': '',
  'check-sha': '',
};

function parse(inputs: Record<string, string> = {}, environment: Record<string, string> = {}) {
  return parseInputs({ ...usual, ...inputs }, readRunContext(environment));
}

function problem(inputs: Record<string, string>, environment: Record<string, string> = {}): string {
  try {
    parse(inputs, environment);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return String(error);
  }
  throw new Error('nothing was wrong with these inputs');
}

describe('versions', () => {
  test.each([
    ['one a line', '1.0.0\n1.1.0\n', ['1.0.0', '1.1.0']],
    ['a name with a comma', 'a,b', ['a,b']],
    ['a JSON array, for names with blanks at their ends', '[" 1.0 ", "2"]', [' 1.0 ', '2']],
    ['each once', '1\n1', ['1']],
  ])('take %s', (_what, version, versions) => {
    expect(parse({ 'retire-version': version }).gate.targets).toEqual({ kind: 'named', versions });
  });

  test.each(['[1.1]', '["a"', '[]', '[""]'])('refuse %s', (version) => {
    expect(problem({ 'retire-version': version })).toMatch(
      /The input `retire-version` is .*one item a line, or a JSON array of strings/,
    );
  });

  test('keep-version takes the word latest, and names', () => {
    expect(parse({ 'retire-version': '', 'keep-version': 'latest' }).gate.targets).toEqual({
      kind: 'all-but-latest',
    });
    expect(parse({ 'retire-version': '', 'keep-version': '2\n3' }).gate.targets).toEqual({
      kind: 'all-but',
      keep: ['2', '3'],
    });
    expect(parse({ 'retire-version': '', 'keep-version': '["latest"]' }).gate.targets).toEqual({
      kind: 'all-but',
      keep: ['latest'],
    });
  });

  test('refuses latest among names, both inputs, and neither', () => {
    expect(problem({ 'retire-version': '', 'keep-version': 'latest\n2' })).toMatch(
      /`keep-version`.*the word latest alone/s,
    );
    expect(problem({ 'keep-version': '2' })).toMatch(
      /`retire-version` \(1\.0\.0\) and `keep-version` \(2\) exclude each other/,
    );
    expect(problem({ 'retire-version': '' })).toMatch(/Neither `retire-version` nor `keep-version` is set/);
  });

  test('are none in preflight, which refuses a version', () => {
    expect(parse({ mode: 'preflight', 'retire-version': '' }).gate.targets).toEqual({ kind: 'none' });
    for (const named of [{ 'retire-version': '1' }, { 'retire-version': '', 'keep-version': 'latest' }]) {
      expect(problem({ mode: 'preflight', ...named })).toMatch(/`mode` is preflight, which takes no version/);
    }
  });
});

describe('durations', () => {
  test('take hours, minutes, seconds and milliseconds', () => {
    const { gate } = parse({
      timeout: '1h30m',
      settle: '0s',
      'poll-interval': '500ms',
      'poll-timeout': '90s',
    });
    expect(gate).toMatchObject({
      timeoutMs: 5_400_000,
      settleMs: 0,
      pollIntervalMs: 500,
      pollTimeoutMs: 90_000,
    });
  });

  test.each(['30', '', 'm', '1 h', '-1s', '1m1h', '1.5h', '0s', '9999h', '1e3s'])(
    'refuse %j as a timeout',
    (timeout) => {
      expect(problem({ timeout })).toMatch(/The input `timeout` is .*Accepted: a duration such as 90s/);
    },
  );

  test('refuse a settle window longer than the timeout', () => {
    expect(problem({ timeout: '5s' })).toMatch(/The input `settle` is 10s, longer than `timeout`, which is 5s/);
  });
});

describe('words', () => {
  test.each([
    ['mode', 'Wait', 'wait, check, report'],
    ['on-timeout', 'pass', 'fail, warn'],
    ['on-unknown', 'warn', 'fail, pass'],
    ['on-live', '', 'block, latest-only, ignore'],
    ['on-unversioned', 'no', 'auto, block, ignore'],
    ['details', 'none', 'full, names'],
  ])('%s refuses %j, and says what it takes', (name, value, accepted) => {
    const text = problem({ [name]: value });
    expect(text).toContain(`The input \`${name}\` is ${value === '' ? 'empty' : value}.`);
    expect(text).toContain(`one of ${accepted}`);
  });

  test('everything that is wrong is told at once', () => {
    const text = problem({ mode: 'x', timeout: 'y', 'retire-version': '', 'database-url': '' });
    for (const name of ['mode', 'timeout', 'retire-version', 'database-url']) expect(text).toContain(`\`${name}\``);
  });
});

describe('ignore-workflows', () => {
  test('takes names with * for any text', () => {
    expect(parse({ 'ignore-workflows': 'monitor\nheartbeat*' }).gate.ignoreWorkflows).toEqual([
      'monitor',
      'heartbeat*',
    ]);
  });

  test.each(['*', '**', 'a\n*', '*.*', '.*', '**.'])('refuses %j, which would ignore everything', (patterns) => {
    expect(problem({ 'ignore-workflows': patterns })).toContain('a lone * would ignore everything');
  });
});

describe('the database', () => {
  test('comes from the environment where the input is empty', () => {
    const { database } = parse({ 'database-url': '' }, { DBOS_SYSTEM_DATABASE_URL: 'postgres://u@h:7/d' });
    expect(database).toMatchObject({ host: 'h', port: 7, user: 'u', database: 'd' });
  });

  test('has its password from database-password, as it is', () => {
    const { database } = parse({ 'database-url': 'postgres://u@h/d', 'database-password': 'a%40/b ?\n' });
    expect(database.password).toBe('a%40/b ?');
  });

  describe('has its password from a file', () => {
    const url = 'postgres://u@h/d';
    function file(content: string | Uint8Array): string {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-password-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const at = path.join(folder, 'token');
      writeFileSync(at, content);
      return at;
    }

    test('that is read at each connection, so that PGPASSWORD does not count', () => {
      const at = file('token\n');
      const { database } = parse({ 'database-url': url, 'database-password-file': ` ${at}\n` }, { PGPASSWORD: 'x' });
      expect(database).toMatchObject({ passwordFile: at, password: undefined });
    });

    test.each<[string, () => string, string]>([
      ['is not there', () => path.join(file(''), 'none'), 'ENOTDIR'],
      ['is a folder', () => path.dirname(file('')), 'NOT_A_FILE'],
      ['is empty', () => file(''), 'EMPTY'],
      ['has a line break only', () => file('\r\n'), 'EMPTY'],
      ['is UTF-16, as some shells write it', () => file(Buffer.from('token', 'utf16le')), 'NOT_UTF8'],
      ['is another encoding', () => file(Buffer.from('tok\xe9n', 'latin1')), 'NOT_UTF8'],
    ])('which is refused when it %s', (_what, make, code) => {
      const at = make();
      const text = problem({ 'database-url': url, 'database-password-file': at });
      expect(text).toContain(`\`database-password-file\` names a file without a password (${code}).`);
      expect(text).not.toContain(at);
    });

    test.each([
      ['a password in `database-url`', { 'database-url': 'postgres://u:a@h/d' }],
      ['a password in `database-url`', { 'database-url': 'postgres://u@h/d?password=a' }],
      ['`database-password`', { 'database-url': url, 'database-password': 'a' }],
    ])('which is refused next to %s, even the same', (other, inputs) => {
      const text = problem({ ...inputs, 'database-password-file': file('a') });
      expect(text).toContain(`\`database-password-file\` and ${other} are both set.`);
    });
  });

  test('takes a CA as text and as a path', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-ca-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const pem = certificateAuthority('The CA of the test').cert.trim();
    const file = path.join(folder, 'ca.pem');
    writeFileSync(file, pem);
    expect(parse({ 'tls-ca': pem }).database).toMatchObject({ tlsCa: pem, tlsMode: 'verify-full' });
    expect(parse({ 'tls-ca': file }).database.tlsCa).toBe(pem);
    expect(problem({ 'tls-ca': path.join(folder, 'none.pem') })).toContain('cannot be read (ENOENT)');
  });

  test('takes a CA in base64, as it stands in many secrets, in lines and in a file too', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-ca-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const pem = certificateAuthority('The CA of the test').cert;
    const base64 = Buffer.from(pem).toString('base64');
    const file = path.join(folder, 'ca.b64');
    writeFileSync(file, base64);
    for (const tlsCa of [base64, `${base64.replaceAll(/.{76}/g, '$&\n')}\n`, base64.replace(/=+$/, ''), file]) {
      expect(parse({ 'tls-ca': tlsCa }).database).toMatchObject({ tlsCa: pem, tlsMode: 'verify-full' });
    }
  });

  test.each([
    [
      'base64 of a PEM text that is cut off',
      Buffer.from(certificateAuthority('One').cert).toString('base64').slice(0, 300),
    ],
    ['base64 of a key', Buffer.from('-----BEGIN RSA PRIVATE KEY-----').toString('base64')],
    ['base64 of a certificate without its marks', certificateAuthority('One').cert.split('\n').slice(1, -2).join('')],
    ['a key', '-----BEGIN RSA PRIVATE KEY-----'],
    ['garbage', '-----BEGIN CERTIFICATE-----\nZ2FyYmFnZQ==\n-----END CERTIFICATE-----'],
    ['a certificate in one line', certificateAuthority('One').cert.replaceAll(/\s*\n/g, '\\n')],
    ['a certificate cut off', certificateAuthority('One').cert.slice(0, 300)],
    ['a certificate and garbage', `${certificateAuthority('One').cert}-----BEGIN CERTIFICATE-----\nx`],
  ])('refuses %s as the CA', (_what, tlsCa) => {
    expect(problem({ 'tls-ca': tlsCa })).toContain('`tls-ca` is not a readable certificate');
  });

  describe('is missing', () => {
    const none = { 'database-url': '' };
    const event = (head: string) => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-event-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const file = path.join(folder, 'event.json');
      const repo = (name: string) => ({ repo: { full_name: name } });
      writeFileSync(file, JSON.stringify({ pull_request: { head: repo(head), base: repo('us/app') } }));
      return { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: file };
    };

    test('on a push', () => {
      expect(problem(none)).toContain('Is the secret defined for this repository');
    });

    test('although PG* variables are set, and says how to use them', () => {
      expect(problem(none, { PGHOST: 'h', PGUSER: 'u', PGDATABASE: 'd' })).toMatch(
        /PGHOST, PGDATABASE are set: set `database-url: postgres:\/\/` to take everything from the PG\* variables/,
      );
      expect(problem(none, { PGDATABASE: 'd' })).toMatch(/PGDATABASE is set/);
      expect(problem(none, { PGHOST: '', PGUSER: 'postgres', PGPASSWORD: 'root' })).not.toContain('PG* variables');
      for (const url of ['postgres://', 'postgresql://', ' postgres:// ']) {
        expect(parse({ 'database-url': url }, PG_VARIABLES).database).toMatchObject(FROM_PG_VARIABLES);
      }
    });

    test('although another SDK names its variable differently, and says how to pass that', () => {
      const jdbc = problem(none, { DBOS_SYSTEM_JDBC_URL: 'jdbc:postgresql://h/d?password=hunter2' });
      expect(jdbc).toMatch(
        /DBOS_SYSTEM_JDBC_URL is set: pass it as `database-url: \$\{\{ env\.DBOS_SYSTEM_JDBC_URL \}\}`/,
      );
      expect(jdbc).not.toContain('hunter2');
      expect(jdbc).not.toContain('DBOS_DATABASE_URL');
      const rust = problem(none, { DBOS_DATABASE_URL: 'postgres://u:hunter2@h/d', DBOS_SYSTEM_JDBC_URL: ' ' });
      expect(rust).toMatch(
        /env\.DBOS_DATABASE_URL \}\}`\. The Rust SDK finds the system database there; for the Python/,
      );
      expect(rust).not.toContain('hunter2');
      expect(rust).not.toContain('JDBC');
      // As Java has it, with the user and the password in variables of their own.
      expect(
        parse({ 'database-url': 'jdbc:postgresql://h:7/d' }, { PGUSER: 'u', PGPASSWORD: 'p' }).database,
      ).toMatchObject({ host: 'h', port: 7, user: 'u', password: 'p', database: 'd' });
    });

    test('on a pull request from a fork, which gets no secrets', () => {
      expect(problem(none, event('them/app'))).toMatch(/pull request from a fork, and GitHub passes no secrets/);
      expect(problem(none, event('us/app'))).not.toContain('fork');
    });

    test('on a run by Dependabot, which gets none either', () => {
      expect(problem(none, { GITHUB_ACTOR: 'dependabot[bot]' })).toMatch(/Dependabot started this run/);
    });
  });
});
