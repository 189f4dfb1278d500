import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { certificateAuthority } from '../support/certificates.ts';
import { guardedDatabase } from '../support/guarded-database.ts';
import { type FinishedRun, type RunOptions, runAction } from '../support/runner.ts';
import { systemDatabasesOfItsOwn } from '../support/system-databases.ts';

/* The committed bundle, with TLS to a server whose certificate is good for `localhost`. */

const ca = certificateAuthority('The CA of the test');
const server = ca.issue({ name: 'server', hosts: ['localhost'] });
const databases = systemDatabasesOfItsOwn({
  settings: { ssl: 'on', ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' },
  files: { 'server.crt': server.cert, 'server.key': server.key },
});

async function run(host: string, inputs: Record<string, string>, env: RunOptions['env'] = {}): Promise<FinishedRun> {
  const database = await guardedDatabase(databases);
  await database.drain();
  const url = Object.assign(new URL(database.gateUrl), { hostname: host }).href;
  const finished = await runAction({
    inputs: {
      'database-url': url,
      'retire-version': '1.0.0',
      settle: '200ms',
      'poll-interval': '100ms',
      ...inputs,
    },
    env,
  }).finished;
  const { shown, stderr, summary, report, outputs, annotations } = finished;
  const written = JSON.stringify([shown, stderr, summary, report, outputs, annotations]);
  for (const secret of [new URL(url).password, 'BEGIN CERTIFICATE', ca.cert.split(/\r?\n/)[1] ?? '']) {
    expect(written).not.toContain(secret);
  }
  return finished;
}

function fileWith(text: string): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'ca.pem');
  writeFileSync(file, text);
  return file;
}

describe('tls-ca', () => {
  test.each([
    ['text', () => ca.cert],
    ['path', () => fileWith(ca.cert)],
  ])('as %s verifies the server', async (_what, tlsCa) => {
    const { outputs, stderr } = await run('localhost', { 'tls-ca': tlsCa() });
    expect([outputs['verdict'], stderr]).toEqual(['drained', '']);
  });

  test.each([
    ['another CA', 'localhost', () => certificateAuthority('Another').cert, /not signed by a trusted CA.*`tls-ca`/],
    ['another host name', '127.0.0.1', () => ca.cert, /is for another host name.*`sslmode=verify-ca`/],
  ])('ends at once at a server with %s, and shows the fix', async (_what, host, tlsCa, why) => {
    const { exitCode, outputs, annotations, log } = await run(
      host,
      { 'tls-ca': tlsCa() },
      // Turns verification off for connections that do not ask for it.
      { NODE_TLS_REJECT_UNAUTHORIZED: '0', PGSSLMODE: 'verify-full' },
    );
    expect([exitCode, outputs['verdict']]).toEqual([1, 'error']);
    expect(annotations[0]?.message).toMatch(why);
    expect(log).not.toContain('Retrying');
  });
});

test('variables that the driver would read by itself change nothing', async () => {
  const { outputs, stderr } = await run(
    'localhost',
    {},
    {
      PGOPTIONS: '-c statement_timeout=1 -c search_path=nowhere',
      PGREPLICATION: 'database',
      PGSSLNEGOTIATION: 'direct',
      PGCLIENT_ENCODING: 'latin1',
      PGBINARY: 'true',
      PGAPPNAME: 'somebody',
      PGCONNECT_TIMEOUT: '1',
    },
  );
  expect([outputs['verdict'], stderr]).toEqual(['drained', '']);
});
