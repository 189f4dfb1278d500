import { describe, expect, test } from 'vitest';
import { TransientError } from '../../src/errors.ts';
import { explainFailure } from '../../src/postgres/errors.ts';
import type { PassfileAnswer } from '../../src/postgres/password.ts';
import { readDatabaseUrl } from '../../src/postgres/url.ts';

const config = readDatabaseUrl({
  url: 'postgres://its-user:secret@its-host:5432/its-database',
  schema: 'dbos',
  password: undefined,
  tlsCa: undefined,
  environment: {},
  readFile: () => '',
}).database;

function explained(code: string, message = 'no', connectedBefore = false, routine?: string): Error {
  const error = Object.assign(
    new Error(message),
    code === '' ? {} : { code },
    routine === undefined ? {} : { routine },
  );
  return explainFailure(error, config, connectedBefore);
}

/** A message of a server or a pooler that repeats parts of the URL. */
const REPEATING = 'no entry for user "its-user", database "its-database" at its-host';

describe('before a server has let the gate in', () => {
  test.each(['ENOTFOUND', 'ECONNREFUSED', 'ETIMEDOUT', 'ECONNRESET', '28P01', '28000', '3D000', '53300', '08P01'])(
    'a failure with %s shows no part of the URL',
    (code) => {
      expect(explained(code, REPEATING).message).not.toMatch(/its-(host|user|database)/);
    },
  );

  test.each(['08P01', '53100', 'P0001'])('%s shows the message without those parts', (code) => {
    expect(explained(code, REPEATING).message).toContain('no entry for user "…", database "…" at …');
  });
});

test.each(['ENOTFOUND', 'ECONNRESET', '53300', '08P01'])(
  'after it has, a failure with %s shows the host and the port',
  (code) => {
    expect(explained(code, 'no', true).message).toContain('It was its-host, port 5432.');
  },
);

describe('is tried again', () => {
  test.each([
    ...['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ENOENT', 'ETIMEDOUT', 'EHOSTUNREACH', 'ECONNRESET', 'EPIPE'],
    ...['57P01', '57P02', '57P03', '57P05', '25P03', '08000', '08003', '08006', '53300', '53100', '53200'],
    ...['58030', '57014', '55P03', '40001', '40P01', 'EAGAIN', 'EADDRNOTAVAIL', 'EAI_FAIL', 'ENETRESET', 'ENOTCONN'],
    ...['ERR_STREAM_DESTROYED', 'ERR_SOCKET_CLOSED', 'ERR_SOCKET_CONNECTION_TIMEOUT'],
    // No kind knows these: they are retried, whatever they are.
    ...['25P04', '55000', 'XX000', 'XX001', 'P0001', '2F000', '54001', 'HV000', 'ZZ999'],
  ])('%s', (code) => {
    for (const connectedBefore of [false, true]) {
      expect(explained(code, 'no', connectedBefore)).toMatchObject({ name: 'TransientError', brief: false });
    }
  });

  test.each([...['42P01', '42703', '3F000', '42601', '42883', '0A000', '22P02', '22P05', '22021', '28999', '3D001']])(
    '%s, for a minute',
    (code) => {
      expect(explained(code)).toMatchObject({ name: 'TransientError', brief: true });
    },
  );

  test.each([
    'timeout expired',
    'Query read timeout',
    'Connection terminated unexpectedly',
    'Client has encountered a connection error and is not queryable',
    'There was an error establishing an SSL connection',
    'Received unexpected dataRow message from backend.',
  ])('the driver’s "%s"', (message) => {
    expect(explained('', message)).toBeInstanceOf(TransientError);
  });

  test.each([
    'query_wait_timeout',
    'client_idle_timeout',
    'server conn crashed?',
    'server login has been failing, try again later (server_login_retry)',
    'no more connections allowed (max_client_conn)',
    'sorry, too many clients already',
  ])('PgBouncer’s "%s"', (message) => {
    expect(explained('08P01', message)).toBeInstanceOf(TransientError);
  });

  test.each([
    ['Max client connections reached', 'no-connection-left'],
    [
      'MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited to pool_size',
      'no-connection-left',
    ],
    [
      '(EMAXCONNSESSION) max clients reached in session mode - max clients are limited to pool_size: 15',
      'no-connection-left',
    ],
    ['Unable to check out process from the pool due to timeout', 'no-connection-left'],
    [
      '(ECHECKOUTTIMEOUT) unable to check out connection from the pool after 5000ms in Transaction mode',
      'no-connection-left',
    ],
    ['(ECHECKOUTRETRIES) failed to check out a connection after multiple retries', 'no-connection-left'],
    ['DbHandler exited unexpectedly', 'pooler-cut-off'],
    ['(EDBHANDLEREXITED) connection to database closed. Check logs for more information', 'pooler-cut-off'],
    ['{:shutdown, :db_termination}', 'pooler-cut-off'],
    ['Circuit breaker open: too many authentication errors', 'pooler-cut-off'],
    ["Couldn't connect to compute node", 'pooler-cut-off'],
    ['Control plane request failed', 'pooler-cut-off'],
    ['Failed to acquire permit to connect to the database', 'no-connection-left'],
  ])('the managed pooler’s "%s"', (message, id) => {
    const error = explained('XX000', message);
    expect(error).toMatchObject({ name: 'TransientError', brief: false, id });
  });
});

test.each([
  ['57014', 'canceling statement due to statement timeout', true],
  ['57014', 'canceling statement due to user request', true],
  ['', 'Query read timeout', true],
  ['53400', 'temporary file size exceeds "temp_file_limit" (1024kB)', true],
  ['55P03', 'canceling statement due to lock timeout', false],
  ['57P01', 'terminating connection due to administrator command', false],
  ['ECONNRESET', 'read ECONNRESET', false],
])('%s, "%s", is a poll over a limit: %s', (code, message, overLimit) => {
  expect(explained(code, message)).toMatchObject({ overLimit });
});

describe('ends at once', () => {
  test.each<[string, string, string]>([
    ['28P01', 'password authentication failed for user "its-user"', 'password-refused'],
    ['28000', 'PAM authentication failed for user "its-user"', 'password-refused'],
    ['28000', 'Cloud SQL IAM user authentication failed for user "its-user"', 'password-refused'],
    ['28000', 'The access token has expired. Please acquire a new token and retry.', 'password-refused'],
    ['08P01', 'password authentication failed', 'password-refused'],
    ['28000', 'no pg_hba.conf entry for host "192.0.2.1", user "its-user"', 'user-refused'],
    ['28000', 'role "its-user" does not exist', 'user-refused'],
  ])('%s, %s, and with a password file it is tried again', (code, message, id) => {
    expect(explained(code, message)).not.toBeInstanceOf(TransientError);
    expect(explained(code, message)).toMatchObject({ id, message: expect.stringContaining(` (${code}).`) });
    const error = Object.assign(new Error(message), { code });
    const withFile = explainFailure(error, { ...config, passwordFile: '/token' }, true);
    // For a minute at most.
    expect(withFile instanceof TransientError && withFile.brief).toBe(id === 'password-refused');
  });

  test.each<[PassfileAnswer, RegExp]>([
    ['no-entry', /no line for this host, port, database and user\.$/],
    ['open-to-others', /other users can read or write it: run `chmod 0600` on it\.$/],
    ['not-a-file', /not a plain file\.$/],
    ['unreadable', /user that runs the gate cannot read libpq's password file\.$/],
    ['no-file', /or pass `database-password`\.$/],
  ])('without a password, where the password file of libpq gave one of these: %s', (passfileGave, told) => {
    const error = Object.assign(new Error('no'), { code: '28P01' });
    expect(explainFailure(error, { ...config, password: undefined, passfileGave }, false).message).toMatch(told);
  });

  test('with a wrong password from the password file of libpq', () => {
    const error = Object.assign(new Error('no'), { code: '28P01' });
    const from = { ...config, password: 'x', passfileGave: 'password' } as const;
    expect(explainFailure(error, from, false).message).toContain("the secret in libpq's password file.");
  });

  test('without a password that the server asks for', () => {
    const error = Object.assign(new Error('no'), { code: '28P01' });
    const without = { ...config, password: undefined };
    expect(explainFailure(error, without, false)).toMatchObject({ id: 'password-missing' });
    expect(explainFailure(error, config, false)).toMatchObject({ id: 'password-refused' });
  });

  test.each([
    ['08P01', 'empty password returned by client'],
    ['08P01', 'password authentication failed'],
    ['28000', 'PAM authentication failed for user "its-user"'],
  ])('without a password, at %s, "%s"', (code, message) => {
    const error = explainFailure(
      Object.assign(new Error(message), { code }),
      { ...config, password: undefined },
      false,
    );
    expect(error).not.toBeInstanceOf(TransientError);
    expect(error).toMatchObject({ id: 'password-missing' });
  });

  test.each([
    ['Unknown authenticationOk message type 7', 'login-unsupported'],
    ['SASL: Only mechanism(s) SCRAM-SHA-256 are supported', 'login-unsupported'],
    ['SASL: SCRAM-SERVER-FINAL-MESSAGE: server signature does not match', 'password-exchange-failed'],
  ])('the driver’s %j', (message, id) => {
    const error = explained('', message);
    expect(error).not.toBeInstanceOf(TransientError);
    expect(error).toMatchObject({ id });
  });

  test.each([
    ...['EACCES', 'CERT_HAS_EXPIRED', 'SELF_SIGNED_CERT_IN_CHAIN', 'ERR_TLS_CERT_ALTNAME_INVALID', 'EPROTO'],
    ...['28P01', '28000', '3D000', '57P04', '42501'],
  ])('%s', (code) => {
    expect(explained(code)).not.toBeInstanceOf(TransientError);
  });

  test.each([
    ['Tenant or user not found', 'tenant-unknown'],
    ['(ENOTFOUND) tenant/user its-user not found', 'tenant-unknown'],
    ["The requested endpoint could not be found, or you don't have access to it.", 'tenant-unknown'],
    ['Your account or project has exceeded the compute time quota. Upgrade your plan.', 'switched-off'],
    ['The endpoint has been disabled. Enable it using Neon API and retry.', 'switched-off'],
  ])('the managed pooler’s "%s"', (message, id) => {
    const error = explained('XX000', message);
    expect(error).not.toBeInstanceOf(TransientError);
    expect(error).toMatchObject({ id });
  });

  test.each([
    ['database "nowhere" does not exist', 'database-missing'],
    ['database "app" is disabled', 'database-missing'],
    ['SASL authentication failed', 'password-refused'],
    ['certificate authentication failed', 'client-certificate-refused'],
    ['"trust" authentication failed', 'user-refused'],
  ])('PgBouncer’s %j', (message, id) => {
    const error = explained('08P01', message);
    expect(error).not.toBeInstanceOf(TransientError);
    expect(error).toMatchObject({ id });
  });

  test('an unknown error stays as it is', () => {
    const bug = new TypeError('x is not a function');
    expect(explainFailure(bug, config, true)).toBe(bug);
  });
});

describe('a server that does not speak English', () => {
  test.each([
    ['42501', 'Anfrage würde von einer Policy betroffen sein', 'check_enable_rls', 'row-security'],
    ['42501', 'keine Berechtigung für Datenbank', 'CheckMyDatabase', 'connect-not-granted'],
    ['42501', 'keine Berechtigung für Tabelle', 'aclcheck_error', 'privilege-missing'],
    ['28000', 'PAM-Authentifizierung für Benutzer »its-user« fehlgeschlagen', 'auth_failed', 'password-refused'],
    ['28000', 'kein pg_hba.conf-Eintrag für Benutzer »PAM«', 'ClientAuthentication', 'user-refused'],
    ['57014', 'storniere Anfrage wegen Zeitüberschreitung', 'ProcessInterrupts', 'poll-stopped'],
    ['57014', 'storniere Anfrage wegen Benutzeraufforderung', 'ProcessInterrupts', 'poll-stopped'],
  ])('is understood by the code and the function: %s, "%s"', (code, message, routine, id) => {
    expect(explained(code, message, true, routine)).toMatchObject({ id });
  });

  test('refuses a client certificate, if there is one', () => {
    const said = 'Zertifikatauthentifizierung für Benutzer »its-user« fehlgeschlagen';
    const error = Object.assign(new Error(said), { code: '28000', routine: 'auth_failed' });
    const withCertificate = { ...config, clientCertificate: { cert: '', key: '' } };
    expect(explainFailure(error, withCertificate, false)).toMatchObject({ id: 'client-certificate-refused' });
    expect(explainFailure(error, config, false)).toMatchObject({ id: 'user-refused' });
  });
});
