import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type GuardedDatabase, guardedDatabase } from '../support/guarded-database.ts';
import { type Network, startNetwork } from '../support/network.ts';
import { stopForARestart } from '../support/postgres/restart.ts';
import { type ActionRun, runAction } from '../support/runner.ts';
import {
  createRole,
  openConnection,
  openDatabase,
  type SystemDatabases,
  systemDatabases,
  systemDatabasesOfItsOwn,
} from '../support/system-databases.ts';
import { DNS_OUTAGE_FILE, WAYWARD_NAME } from '../support/wayward-dns.ts';

/* The committed bundle during faults of the database and of the network. */

const databases = systemDatabases();
const restarting = systemDatabasesOfItsOwn();
const HOLDING = /\] 1 in flight; /;

function gate(url: string, inputs: Record<string, string> = {}, env: Record<string, string> = {}): ActionRun {
  return runAction({
    inputs: {
      'database-url': url,
      'retire-version': '1.0.0',
      'poll-interval': '100ms',
      settle: '300ms',
      timeout: '2m',
      ...inputs,
    },
    env,
  });
}

/** Starts a gate that holds, with its own network to the database. */
async function held(inputs?: Record<string, string>, on: SystemDatabases = databases) {
  const database = await guardedDatabase(on);
  const network = await startNetwork(database.url);
  // TLS is disabled, because trying it first takes another connection.
  const run = gate(`${network.through(database.gateUrl)}?sslmode=disable`, inputs);
  await run.until(HOLDING);
  return { database, network, run };
}

/** Lets the work finish after the fault, and expects the gate to report it as drained. */
async function drains(run: ActionRun, database: Pick<GuardedDatabase, 'drain'>) {
  await run.until(/The database is back/);
  await database.drain();
  const { exitCode, outputs, stderr, shown, summary } = await run.finished;
  expect([exitCode, outputs['verdict'], stderr]).toEqual([0, 'drained', '']);
  expect(summary).toMatch(/plus \d+ failed polls? that (was|were) retried/);
  return shown;
}

/** Expects that no connection was leaked, and that there were never two. */
function expectOneAtATime(network: Network) {
  expect([network.open, network.most]).toEqual([0, 1]);
}

describe('a hold survives', () => {
  test('a connection that is closed again and again', async () => {
    const { database, network, run } = await held();
    for (let ended = 0; ended < 3; ) {
      ended += await database.disconnect();
      await delay(20);
    }
    await database.drain();
    const { exitCode, outputs, stderr } = await run.finished;
    expect([exitCode, outputs['verdict'], stderr]).toEqual([0, 'drained', '']);
    expectOneAtATime(network);
  });

  test('a server that is restarted', async () => {
    const { database, network, run } = await held({}, restarting);
    const start = await stopForARestart(restarting.server());
    await run.until(/Poll failed\. Connection lost\..*Retrying in 1s, giving up in .*\n.*Poll failed/);
    await start();
    const again = await openDatabase(database.url);
    await drains(run, {
      drain: () => again.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`),
    });
    expectOneAtATime(network);
  });

  test('a server that accepts no connections for a while', async () => {
    const { database, network, run } = await held();
    await network.refuse();
    await run.until(/ECONNREFUSED.*\n.*Poll failed again \(3 in a row, same error\)/s);
    await network.accept();
    await drains(run, database);
    expectOneAtATime(network);
  });

  test('a network that goes silent without closing', async () => {
    const { database, network, run } = await held({ 'poll-timeout': '100ms' });
    network.goSilent();
    await run.until(/The database stopped responding during a poll\./);
    network.recover();
    await drains(run, database);
    expectOneAtATime(network);
  });

  test('a resolver that fails', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-dns-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const outage = path.join(folder, 'outage');
    const database = await guardedDatabase(databases);
    const preloaded = pathToFileURL('tests/support/wayward-dns.ts').href;
    const url = Object.assign(new URL(database.gateUrl), { hostname: WAYWARD_NAME }).href;
    const run = gate(url, {}, { NODE_OPTIONS: `--import ${preloaded}`, [DNS_OUTAGE_FILE]: outage });
    await run.until(HOLDING);
    writeFileSync(outage, '');
    await database.disconnect();
    await run.until(/The host could not be found \((ENOTFOUND|EAI_AGAIN)\)/);
    rmSync(outage);
    const shown = await drains(run, database);
    // The name could be of another machine: said in the log at the start, and at the end in an annotation.
    expect(shown).toMatch(/^Note: The database connection leaves this machine, and `sslmode=prefer`/m);
    expect(shown).toMatch(/^Warning: The database connection leaves this machine/m);
  });

  test('a server without a free connection', async () => {
    const { database, network, run } = await held();
    await database.query(`ALTER ROLE ${database.role} CONNECTION LIMIT 0`);
    await database.disconnect();
    await run.until(/Too many connections \(53300\)/);
    await database.query(`ALTER ROLE ${database.role} CONNECTION LIMIT -1`);
    await drains(run, database);
    expectOneAtATime(network);
  });

  test('a lock on workflow_status that outlasts the poll', async () => {
    const { database, network, run } = await held({ 'poll-timeout': '200ms' });
    const migration = await openConnection(database.url);
    await migration.query('BEGIN');
    await migration.query('LOCK TABLE dbos.workflow_status IN ACCESS EXCLUSIVE MODE');
    await run.until(/A lock on DBOS's tables blocked the poll for longer than `poll-timeout` \(55P03\)/);
    await migration.query('ROLLBACK');
    await drains(run, database);
    expectOneAtATime(network);
  });
});

describe('a hold stops at once with an error and its fix when', () => {
  test('the password is rotated', async () => {
    const { database, network, run } = await held();
    await database.query(`ALTER ROLE ${database.role} PASSWORD 'another'`);
    await database.disconnect();
    await endsInError(run, /The server rejected the password \(28P01\).*An IAM token is valid for minutes only/);
    expectOneAtATime(network);
  });

  test('the database is dropped', async () => {
    const { database, network, run } = await held();
    const admin = await openConnection(databases.server().url());
    await admin.query(`DROP DATABASE ${database.config.database} WITH (FORCE)`);
    await endsInError(run, /This server has no such database \(3D000\)/);
    expectOneAtATime(network);
  });

  async function endsInError(run: ActionRun, explanation: RegExp) {
    const { exitCode, outputs, annotations, shown } = await run.finished;
    expect([exitCode, outputs['verdict'], outputs['in-flight'], outputs['drained-versions']]).toEqual([
      1,
      'error',
      '1',
      '[]',
    ]);
    expect(annotations[0]).toMatchObject({ level: 'error', message: expect.stringMatching(explanation) });
    // At most one poll was retried: the one that was under way when the connection was closed.
    expect((shown.match(/Poll failed/g) ?? []).length).toBeLessThanOrEqual(1);
  }
});

describe('no fault makes the gate exceed its timeout', () => {
  test.each([
    [
      'refuses',
      (network: Network) => network.refuse(),
      /Giving up after \d+ polls that failed in a row\. The last successful poll/,
    ],
    ['is silent', (network: Network) => network.goSilent(), /^Timed out during a poll\./],
  ])('when the network %s until the end', async (_what, break_, why) => {
    const { network, run } = await held({ timeout: '3s', 'poll-timeout': '1h' });
    await break_(network);
    const { exitCode, outputs, annotations } = await run.finished;
    expect([exitCode, outputs['verdict']]).toEqual([1, 'error']);
    expect(annotations[0]?.message).toMatch(why);
    // The poll at the deadline has five seconds, and closing the connection one, not the hour of `poll-timeout`.
    expect(Number(outputs['waited-seconds'])).toBeLessThan(20);
    expectOneAtATime(network);
  });
});

test('a role that is not allowed to connect gets an error with the grant', async () => {
  const database = await databases.create();
  const role = await createRole(database);
  await database.query(`REVOKE CONNECT ON DATABASE ${database.config.database} FROM PUBLIC`);
  const { outputs, annotations } = await gate(role.url).finished;
  expect(outputs['verdict']).toBe('error');
  const [grant = ''] = /GRANT CONNECT .*;/.exec(annotations[0]?.message ?? '') ?? [];
  await database.query(grant);
  const { annotations: next } = await gate(role.url).finished;
  expect(next[0]?.message).toMatch(/GRANT USAGE ON SCHEMA/);
});
