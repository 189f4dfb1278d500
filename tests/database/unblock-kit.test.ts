import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DBOSClient } from '@dbos-inc/dbos-sdk';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { commandLineFor } from '../../src/unblock/command-line.ts';
import { type BlockingWorkflow, kitFiles, type UnblockCommand } from '../../src/unblock/kit.ts';
import { statementsOnPage } from '../support/database-role-page.ts';
import type { DbosApp } from '../support/dbos-app.ts';
import { node24 } from '../support/runner/node24.ts';
import { createReader, createRole, launchOn, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/* The unblock kit next to the report, run with DBOS's own command line on a real application's work in flight. */

const databases = systemDatabases();
const HOUR_MS = 3_600_000;
const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/compiled/', import.meta.url));
/** The step number that means "all steps", from the recipe for families in `unblock.sh`. */
const ALL_STEPS = 2_147_483_647;

test('cancel cancels everything that was in flight and nothing else, and a second run changes nothing', async () => {
  const { database, v1 } = await place();
  const held = await v1.startHeld();
  const sleeping = await v1.startSleeping(HOUR_MS);
  const delayed = await v1.enqueue({ queue: 'parallel', delaySeconds: 3600 });
  const family = await v1.startParent(1);
  const ended = await v1.startHeld();
  const hostile = [`it's "$(touch hacked)" \`touch hacked\`; * ü {"status":"SUCCESS"} #`];
  await database.insert(
    ...hostile.map((id) => ({ workflow_uuid: id, status: 'ENQUEUED', application_version: 'v0' })),
    { workflow_uuid: '--all', status: 'ENQUEUED', application_version: 'v0' },
    { workflow_uuid: 'dead-lettered', status: 'ENQUEUED', application_version: 'v0' },
  );
  const kit = await kitOf(database);
  await v1.finish(ended);
  await database.query(
    `UPDATE dbos.workflow_status SET status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED' WHERE workflow_uuid = 'dead-lettered'`,
  );

  const before = await rowsOf(database);
  const dry = await run(kit, 'cancel');
  expect(dry.output).toContain('8 to cancel. Nothing was done. To do it, add --yes');
  expect(dry.output).toContain('1 more workflow with an id that cannot be shown or typed safely');
  expect(dry.code).toBe(0);
  expect(await rowsOf(database)).toEqual(before);

  const first = await run(kit, 'cancel', database.url, { args: ['--all'] });
  expect(first.output).toContain('6 done, 2 left as they are, 0 failed.');
  expect(first.output).toContain(`${ended}: left as it is: it is SUCCESS now`);
  expect(first.output).toContain('dead-lettered: left as it is: it is MAX_RECOVERY_ATTEMPTS_EXCEEDED now');
  expect(first.code).toBe(0);
  const gone = [held, sleeping, delayed, family.id, ...family.children];
  expect(await statusesOf(database)).toEqual({
    ...Object.fromEntries(gone.map((id) => [id, 'CANCELLED v1'])),
    ...Object.fromEntries(hostile.map((id) => [id, 'CANCELLED v0'])),
    [ended]: 'SUCCESS v1',
    '--all': 'ENQUEUED v0',
    'dead-lettered': 'MAX_RECOVERY_ATTEMPTS_EXCEEDED v0',
  });
  expect(first.files).toEqual(['dbos', 'unblock.sh', 'workflows.tsv']);

  const after = await rowsOf(database);
  const second = await run(kit, 'cancel', database.url, { args: [held, ended, 'dead-lettered'] });
  expect(second.output).toContain('0 done, 3 left as they are, 0 failed.');
  expect(second.code).toBe(0);
  expect(await rowsOf(database)).toEqual(after);
});

test('fork continues on the new version what is still in flight, and a second run changes nothing', async () => {
  const { database, v1, v2 } = await place({ withNewer: true });
  const parent = await v1.runShort();
  const receiving = await v1.startReceiving();
  const sleeping = await v1.startSleeping(HOUR_MS);
  const delayed = await v1.enqueue({ queue: 'parallel', delaySeconds: 3600 });
  const family = await v1.startParent(1);
  const ended = await v1.startHeld();
  const givenUp = await v1.startHeld();
  const quoted = await v1.enqueueByClient({ queue: 'parallel', version: 'v0' });
  for (const table of ['workflow_status', 'workflow_input']) {
    await database.query(`UPDATE dbos.${table} SET workflow_uuid = $2 WHERE workflow_uuid = $1`, [quoted, `o'clock`]);
  }
  await database.query('UPDATE dbos.workflow_status SET parent_workflow_id = $2 WHERE workflow_uuid = $1', [
    `o'clock`,
    parent,
  ]);
  const kit = await kitOf(database);
  await v1.finish(ended);
  await v1.cancel(givenUp);

  const before = await rowsOf(database);
  const dry = await run(kit, 'fork');
  expect(dry.output).toContain('7 to fork. Nothing was done. To do it, add --yes');
  expect(dry.code).toBe(0);
  expect(await rowsOf(database)).toEqual(before);

  const [child = ''] = family.children;
  const first = await run(kit, 'fork', await kitRoleUrl(database));
  expect(first.output).toContain('4 done, 4 left as they are, 0 failed.');
  expect(first.output).toContain(`${ended}: left as it is: it is SUCCESS now`);
  expect(first.output).toContain(`${givenUp}: left as it is: it is CANCELLED now`);
  expect(first.output).toContain(`${family.id}: left as it is: it has children in flight`);
  expect(first.output).toContain(`${child}: left as it is: its parent is PENDING`);
  expect(first.code).toBe(0);
  const steps = 'SELECT function_id, output FROM dbos.operation_outputs WHERE workflow_uuid = $1 ORDER BY 1';
  const slept = await database.query(steps, [sleeping]);
  expect(slept).toHaveLength(1);
  expect(await database.query(steps, [`${sleeping}-fork`])).toEqual(slept);
  await v2.begun(`${sleeping}-fork`);
  for (const id of [delayed, `o'clock`]) {
    await v2.begun(`${id}-fork`);
    await v2.finish(`${id}-fork`);
  }
  await v2.finish(`${receiving}-fork`);
  const forked = [receiving, delayed, `o'clock`];
  expect(await statusesOf(database)).toEqual({
    ...Object.fromEntries([receiving, sleeping, delayed, givenUp].map((id) => [id, 'CANCELLED v1'])),
    [`o'clock`]: 'CANCELLED v0',
    [parent]: 'SUCCESS v1',
    [ended]: 'SUCCESS v1',
    [family.id]: 'PENDING v1',
    [child]: 'PENDING v1',
    [`${sleeping}-fork`]: 'PENDING v2',
    ...Object.fromEntries(forked.map((id) => [`${id}-fork`, 'SUCCESS v2'])),
  });

  const after = await statusesOf(database);
  const second = await run(kit, 'fork', database.url, { args: [sleeping, ended, `o'clock`] });
  expect(second.output).toContain('0 done, 3 left as they are, 0 failed.');
  expect(await statusesOf(database)).toEqual(after);

  // As the script says: an edited list continues a parent as a fork, which waits for the original child.
  const edited = (list: string) => list.replace(/^waits\t/gm, 'fork\t');
  const ofFamily = kit.workflows.filter(({ id }) => id.startsWith(family.id));
  const third = await run({ ...kit, workflows: ofFamily }, 'fork', database.url, { edited });
  expect(third.output).toContain('1 done, 1 left as they are, 0 failed.');
  expect(third.output).toContain(`${child}: left as it is: its parent is CANCELLED`);
  await v1.finish(child);
  expect(await v2.ended(`${family.id}-fork`)).toBe('SUCCESS');
});

test('a forked parent fails when its child is cancelled, which is why fork skips families', async () => {
  const { database, v1, v2 } = await place({ withNewer: true });
  const family = await v1.startParent(1);
  const kit = await kitOf(database);
  const edited = (list: string) => list.replace(/^(waits|child)\t/gm, 'fork\t');
  const { output } = await run(kit, 'fork', database.url, { edited });
  expect(output).toContain('2 done');
  expect(await v2.ended(`${family.id}-fork`)).toBe('ERROR');
});

test('a cancelled family continues under its ids when first the children and then the parent are rewound', async () => {
  const { database, v1, v2 } = await place({ withNewer: true });
  const family = await v1.startParent(1);
  await run(await kitOf(database), 'cancel', database.url);
  const client = await DBOSClient.create({ systemDatabaseUrl: database.url });
  for (const id of [...family.children, family.id]) {
    await client.rewindWorkflow(id, { startStep: ALL_STEPS, applicationVersion: 'v2' });
  }
  await client.destroy();
  for (const id of family.children) {
    await v2.begun(id);
    await v2.finish(id);
  }
  expect(await v2.ended(family.id)).toBe('SUCCESS');
});

test('reports a failure of one workflow, and forks the others', async () => {
  const { database, v1 } = await place();
  const ids: string[] = [];
  for (let count = 0; count < 4; count++) ids.push(await v1.startHeld());
  const [never = '', lost = '', resumed = '', quick = ''] = ids;
  // It finishes between the poll and the cancel.
  await database.query(
    `CREATE FUNCTION ends() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.status := 'SUCCESS'; RETURN NEW; END $$`,
  );
  await database.query(
    `CREATE TRIGGER ends BEFORE UPDATE ON dbos.workflow_status FOR EACH ROW
       WHEN (NEW.workflow_uuid = '${quick}' AND NEW.status = 'CANCELLED') EXECUTE FUNCTION ends()`,
  );
  const kit = await kitOf(database);
  const faults = [
    `case "$2 $3" in`,
    // Its fork always fails.
    `  "fork ${never}") [ -n "$HEALED" ] || exit 1 ;;`,
    // It is forked, but the answer is lost.
    `  "fork ${lost}") "$@CLI" "$@"; exit 1 ;;`,
    // Somebody resumes it at once.
    `  "cancel ${resumed}") "$@CLI" "$@" && "$@CLI" workflow resume "$3" "$4" "$5"; exit 0 ;;`,
    `esac`,
  ];
  const first = await run(kit, 'fork', database.url, { faults });
  expect(first.output).toContain('1 done, 1 left as they are, 2 failed.');
  expect(first.output).toContain(`${never}: FAILED: CANCELLED, BUT NOT FORKED.`);
  expect(first.output).toMatch(new RegExp(`${resumed}: FAILED: it is (ENQUEUED|PENDING) after the cancel`));
  expect(first.output).toContain(`${quick}: left as it is: it has just ended in SUCCESS`);
  expect(first.code).toBe(1);
  const byHand = /^ {2}(\S+ workflow fork .*)$/m.exec(first.output)?.[1] ?? '';
  expect(await statusesOf(database)).not.toHaveProperty(`${never}-fork`);
  const typed = await run(kit, 'fork', database.url, { script: `HEALED=1 ${byHand}` });
  expect(typed.code).toBe(0);
  expect(Object.keys(await statusesOf(database))).toHaveLength(ids.length + 2);
  expect(await statusesOf(database)).toMatchObject({
    [`${never}-fork`]: expect.stringMatching('v2$'),
    [`${lost}-fork`]: expect.stringMatching('v2$'),
  });
});

test.each(['sh', 'bash'])(
  'finishes the current workflow when interrupted in %s, and reports how many are left',
  async (shell) => {
    const { database, v1 } = await place();
    const ids = [await v1.startHeld(), await v1.startHeld(), await v1.startHeld()];
    const kit = await kitOf(database);
    const faults = [`[ "$2 $3" = "fork ${ids[0]}" ] && [ ! -e once ] && touch once && kill -INT 0`];
    const { output, code } = await run(kit, 'fork', database.url, { faults, shell });
    expect(output).toContain('1 done, 0 left as they are, 0 failed.\nStopped: 2 were not looked at.');
    expect(code).toBe(1);
    expect((await statusesOf(database))[`${ids[0]}-fork`]).toMatch('v2');
  },
);

test('a command line that is older than the schema does not fork without inputs', async () => {
  const { database, v1 } = await place();
  const held = await v1.startHeld();
  const { output, code } = await run(await kitOf(database), 'fork', database.url, { sdk: 'dbos-4.27.6' });
  expect(output).toContain(`${held}: FAILED: its input cannot be read, and a fork would have none`);
  expect(output).toContain('Use release 5, from the folder of the application');
  expect(code).toBe(1);
  expect(await statusesOf(database)).toEqual({ [held]: 'PENDING v1' });
});

test('a command line that is newer than the schema is refused for the one that fits, which forks to SUCCESS', async () => {
  const database = await databases.create('4.27.6');
  const v1 = await launchOn(database, { sdk: '4.27.6', version: 'v1' });
  const v2 = await launchOn(database, { sdk: '4.27.6', version: 'v2' });
  const held = await v1.startHeld();
  const kit = await kitOf(database);
  const newer = await run(kit, 'cancel', database.url);
  expect(newer.output).toContain('the command line does not fit the schema of this database (error: relation');
  expect(newer.output).toContain('Use release 4.27, from the folder of the application');
  expect(newer.output).not.toMatch(/^ +at |\n +at /);
  expect(newer.code).toBe(2);
  expect(await statusesOf(database)).toEqual({ [held]: 'PENDING v1' });
  const fitting = await run(kit, 'fork', database.url, { sdk: 'dbos-4.27.6' });
  expect(fitting.output).toContain('1 done, 0 left as they are, 0 failed.');
  await v2.begun(`${held}-fork`);
  await v2.finish(`${held}-fork`);
  expect(await v2.ended(`${held}-fork`)).toBe('SUCCESS');
});

test('a role that only reads can inspect, and ends cancel and fork with one sentence before anything is done', async () => {
  const { database, v1 } = await place();
  const sleeping = await v1.startSleeping(HOUR_MS);
  const kit = await kitOf(database);
  const reader = await createReader(database);
  const before = await rowsOf(database);
  for (const command of ['cancel', 'fork'] as const) {
    const { output, code } = await run(kit, command, reader.url);
    expect(output.trimEnd().split('\n')).toEqual([
      expect.stringContaining('Asking the database.'),
      'unblock.sh: the system database cannot be used: the role in UNBLOCK_DATABASE_URL is not allowed to. Use the URL of the application, not that of the gate, whose role only reads.',
    ]);
    expect(code).toBe(2);
  }
  const { output, code } = await run(kit, 'inspect', reader.url);
  expect(output).toContain(`# ${sleeping}\n{"workflowID":"${sleeping}","status":"PENDING"`);
  expect(output).toContain('"name":"DBOS.sleep"');
  expect(code).toBe(0);
  expect(await rowsOf(database)).toEqual(before);
  const elsewhere = await run(kit, 'inspect', databases.server().url('nowhere'));
  expect(elsewhere.output).toContain('no answer that can be read: error: database "nowhere" does not exist.');
  expect(elsewhere.code).toBe(2);
});

/** Creates a system database with a process of v1, and one of v2 if `withNewer`. */
async function place(): Promise<{ database: TestDatabase; v1: DbosApp }>;
async function place(how: { withNewer: true }): Promise<{ database: TestDatabase; v1: DbosApp; v2: DbosApp }>;
async function place(how?: { withNewer: true }) {
  const database = await databases.create();
  const launch = (version: string) => launchOn(database, { sdk: '5.3.0', version });
  const v1 = await launch('v1');
  return how === undefined ? { database, v1 } : { database, v1, v2: await launch('v2') };
}

/** Returns the URL of the role that the page on the database role creates for the kit. */
async function kitRoleUrl(database: TestDatabase): Promise<string> {
  const shop = await createRole(database, 'application');
  await database.query(`GRANT USAGE ON SCHEMA dbos TO ${shop.name}`);
  for (const kind of ['TABLES', 'SEQUENCES', 'FUNCTIONS']) {
    await database.query(`GRANT ALL ON ALL ${kind} IN SCHEMA dbos TO ${shop.name}`);
  }
  const url = new URL(shop.url);
  url.username += '-kit';
  const name = pg.escapeIdentifier(url.username);
  const statements = statementsOnPage("The kit's role").replace('drain_kit', name).replace('shop', shop.name);
  await database.query(statements);
  await database.query(`ALTER ROLE ${name} PASSWORD ${pg.escapeLiteral(url.password)}`);
  return url.href;
}

type Kit = Parameters<typeof kitFiles>[0];

/** Returns the kit for everything in flight on versions other than v2, as the gate would write it. */
async function kitOf(database: TestDatabase): Promise<Kit> {
  const rows = await database.query(
    `SELECT workflow_uuid AS id, application_version AS version, name, class_name AS "className", status,
            parent_workflow_id AS parent, CASE status WHEN 'DELAYED' THEN 'delayed' ELSE 'stuck' END AS state,
            'it stands still' AS reason,
            (SELECT json_build_object('number', function_id, 'name', function_name) FROM dbos.operation_outputs o
              WHERE o.workflow_uuid = w.workflow_uuid ORDER BY function_id DESC LIMIT 1) AS "lastStep"
       FROM dbos.workflow_status w
      WHERE status IN ('PENDING', 'ENQUEUED', 'DELAYED') AND application_version <> 'v2'
      ORDER BY created_at`,
  );
  const workflows: BlockingWorkflow[] = JSON.parse(JSON.stringify(rows));
  const [migrated] = await database.query('SELECT version FROM dbos.dbos_migrations');
  const commandLine = commandLineFor({ language: 'TypeScript' }, Number(migrated?.['version']));
  return { workflows, omitted: 0, newVersion: 'v2', schema: 'dbos', commandLine, observedAt: Date.now() };
}

async function rowsOf(database: TestDatabase) {
  return database.query('SELECT * FROM dbos.workflow_status ORDER BY workflow_uuid');
}

/** Returns status and version of every workflow. */
async function statusesOf(database: TestDatabase): Promise<Record<string, unknown>> {
  const rows = await database.query(
    `SELECT workflow_uuid AS id, status || ' ' || application_version AS status FROM dbos.workflow_status`,
  );
  return Object.fromEntries(rows.map(({ id, status }) => [id, status]));
}

interface Circumstances {
  /** Edits the list, as a person can. */
  readonly edited?: (list: string) => string;
  /** Shell input that replaces the command of the script. */
  readonly script?: string;
  /** Lines of shell that run before the command line. `$@CLI` stands for the call of it. */
  readonly faults?: readonly string[];
  readonly sdk?: string;
  readonly shell?: string;
  /** Options and ids of the command. */
  readonly args?: readonly string[];
}

/**
 * Runs a command as a person would, in its own folder. With a URL it passes `--yes`. Resolves with the output, the exit
 * code and the files in the folder.
 */
async function run(kit: Kit, command: UnblockCommand, url?: string, circumstances: Circumstances = {}) {
  const { edited = (list: string) => list, script, faults = [], sdk, shell = 'sh', args = [] } = circumstances;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-kit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const program = path.join(folder, 'dbos');
  const call = `'${node24()}' '${commandLine(sdk)}'`;
  const lines = ['#!/bin/sh', ...faults.map((line) => line.replaceAll('"$@CLI"', call)), `exec ${call} "$@"`];
  writeFileSync(program, lines.join('\n'), { mode: 0o755 });
  for (const { name, text } of kitFiles(kit)) {
    writeFileSync(path.join(folder, name), name === 'workflows.tsv' ? edited(text) : text);
  }
  const inherited = Object.entries(process.env).filter(([key]) => !/^(DBOS|PG|NODE_OPTIONS)/i.test(key));
  const env = {
    ...Object.fromEntries(inherited),
    DBOS_CLI: program,
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    ...(url !== undefined && { UNBLOCK_DATABASE_URL: url }),
  };
  const yes = url === undefined ? [] : ['--yes'];
  const child = spawn(shell, script === undefined ? ['unblock.sh', command, ...args, ...yes] : ['-c', script], {
    cwd: folder,
    env,
    // A process group of its own, which an interrupt reaches as a whole, as from a terminal.
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (printed: string) => {
      output += printed;
    });
  }
  const [code] = await once(child, 'close');
  return { output, code, files: readdirSync(folder).toSorted() };
}

/** Returns the file of `dbos`, from the newest SDK or from another one of the tests. */
function commandLine(sdk?: string): string {
  if (sdk !== undefined) {
    return fileURLToPath(new URL(`../sdks/node_modules/${sdk}/dist/src/cli/cli.js`, import.meta.url));
  }
  return path.join(path.dirname(createRequire(import.meta.url).resolve('@dbos-inc/dbos-sdk')), 'cli/cli.js');
}
