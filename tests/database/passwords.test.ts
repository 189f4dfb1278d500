import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { systemDatabase } from '../../src/dbos/reader.ts';
import { plain } from '../../src/report/text.ts';
import { config } from '../support/builders.ts';
import { databaseConfig } from '../support/databases.ts';
import { type GuardedDatabase, guardedDatabase } from '../support/guarded-database.ts';
import { holdOn, plainRequest, withoutLimit } from '../support/holding.ts';
import { systemDatabases } from '../support/system-databases.ts';

/* Passwords that the gate reads from files, on a server that checks them. */

const databases = systemDatabases();
const PASSWORD = 'of-the-role';

afterEach(() => {
  vi.unstubAllEnvs();
});

function file(text: string): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-password-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const at = path.join(folder, 'passwords');
  writeFileSync(at, text, { mode: 0o600 });
  return at;
}

/** The connection of the gate's role, without its password. */
function withoutPassword({ gateUrl }: GuardedDatabase) {
  return databaseConfig(Object.assign(new URL(gateUrl), { password: '' }).href);
}

test('a hold outlives its token when the file is renewed, late as well', async () => {
  const database = await guardedDatabase(databases);
  const token = file(`${PASSWORD}\n`);
  const gate = { config: { ...withoutPassword(database), passwordFile: token } };
  const { verdict, failedPolls } = await holdOn(
    gate,
    { settleMs: 0, pollIntervalMs: 1000 },
    async () => {
      await database.query(`ALTER ROLE ${database.role} PASSWORD 'renewed'`);
      await database.disconnect();
    },
    () => rmSync(token),
    async () => {
      writeFileSync(token, 'renewed\n');
      await database.drain();
    },
  );
  expect(failedPolls.map(({ outage }) => plain(outage.failure))).toEqual([
    expect.stringMatching(/^The server rejected the password from `database-password-file` \(28P01\)/),
    expect.stringMatching(/^The file in `database-password-file` has no password \(ENOENT\)\..*rename/),
  ]);
  expect(verdict).toBe('drained');
});

test("libpq's password file is read by the gate, which masks what it found, and never by the driver", async () => {
  const database = await guardedDatabase(databases);
  const passfile = file(`*:*:*:${decodeURIComponent(new URL(database.gateUrl).username)}:${PASSWORD}`);
  const without = withoutPassword(database);
  const seen: string[] = [];
  const read = (given: typeof without) => {
    const reader = systemDatabase(
      given,
      config(),
      () => 0,
      (password) => seen.push(password),
    );
    return reader.read(plainRequest, withoutLimit).finally(reader.close);
  };
  vi.stubEnv('PGPASSFILE', passfile);
  await expect(read(without)).rejects.toThrow(/requires a password, and none was given/);
  vi.stubEnv('PGPASSWORD', PASSWORD);
  await expect(read(without)).rejects.toThrow(/requires a password, and none was given/);
  expect(seen).toEqual([]);
  expect((await read({ ...without, passfile })).contents).toBeDefined();
  expect(seen).toEqual([PASSWORD]);
});

test.each([
  ['', 'MPAM authentication failed for user "gate"\0'],
  [' in German', 'MPAM-Authentifizierung für Benutzer »gate« fehlgeschlagen\0Rauth_failed\0'],
])('a password that PAM refused%s, as Amazon RDS refuses a token, is not sent in another way', async (_, said) => {
  const { message, connections } = await answerToPassword(said);
  expect(message).toMatch(/The server rejected the password \(28000\)/);
  expect(connections).toBe(1);
});

test('a password that was right is not sent in another way either, where the role may not log in', async () => {
  const { message, connections } = await answerToPassword('Mrole "gate" is not permitted to log in\0');
  expect(message).toMatch(/The server rejected this user \(28000\)/);
  expect(connections).toBe(1);
});

/** What the gate tells of a server that asks for its password and answers with 28000, and how often it connected. */
async function answerToPassword(said: string) {
  const connections: Socket[] = [];
  const request = Buffer.from([...Buffer.from('R'), 0, 0, 0, 8, 0, 0, 0, 3]);
  const refusal = Buffer.from(`SFATAL\0C28000\0${said}\0`);
  const header = Buffer.from([...Buffer.from('E'), 0, 0, 0, refusal.length + 4]);
  const server = createServer((socket) => {
    connections.push(socket);
    socket.once('data', () => {
      socket.write(request);
      socket.once('data', () => socket.end(Buffer.concat([header, refusal])));
    });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const url = `postgres://gate:token@127.0.0.1:${port}/shop?sslmode=allow`;
  const reader = systemDatabase(databaseConfig(url), config(), () => 0);
  const error: unknown = await reader.read(plainRequest, withoutLimit).catch((failure: unknown) => failure);
  return { message: String(error), connections: connections.length };
}
