import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DBOSClient } from '@dbos-inc/dbos-sdk';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { plain } from '../../../src/report/text.ts';
import { readInventory } from '../../../src/review/inventory/read.ts';
import { systemDatabases, type TestDatabase } from '../../support/system-databases.ts';
import { type Files, filesOf, reviewOf, versionsOf } from '../review.ts';
import { type Change, edited } from '../table.ts';
import { buildShop } from './build.ts';
import { CHANGES } from './changes.ts';

/*
 * What a review says, proved. A workflow of the shop runs until a step that never ends, and its process is killed. Its
 * inventory is read from the database, and the change is reviewed. Then the changed shop recovers the workflow, and runs a
 * fork of it that has all its steps. Both break where the review says so, and end well where it says nothing.
 */

interface Proof {
  /** The title of a change of the table. */
  readonly change: string;
  /** The workflow of the shop that runs. */
  readonly starts: string;
  /** The step that never ends. */
  readonly holds: string;
  /** What runs, where it is older than the table's state before the change. */
  readonly older?: Parameters<typeof edited>[1];
  /** What becomes of it. */
  readonly ends: 'SUCCESS' | 'ERROR' | 'PENDING';
}

const PROOFS: readonly Proof[] = [
  { change: 'formats a workflow and comments it', starts: 'checkOut', holds: 'notifyShop', ends: 'SUCCESS' },
  { change: 'changes the insides of steps', starts: 'checkOut', holds: 'notifyShop', ends: 'SUCCESS' },
  { change: 'adds a step after all that is recorded', starts: 'checkOut', holds: 'notifyShop', ends: 'SUCCESS' },
  { change: 'removes a step that nothing in flight has run', starts: 'checkOut', holds: 'packBox', ends: 'SUCCESS' },
  { change: 'puts a new step behind a patch', starts: 'checkOut', holds: 'notifyShop', ends: 'SUCCESS' },
  {
    change: 'puts the old order behind a patch, with an early return',
    starts: 'deliver',
    holds: 'weighParcel',
    ends: 'SUCCESS',
  },
  { change: 'moves steps into a function of the file', starts: 'checkOut', holds: 'notifyShop', ends: 'SUCCESS' },
  { change: 'removes it where deploys share a version', starts: 'checkOut', holds: 'notifyShop', ends: 'ERROR' },
  { change: 'removes a call of a step of another file', starts: 'checkOut', holds: 'packBox', ends: 'ERROR' },
  { change: 'makes a step a plain function', starts: 'checkOut', holds: 'notifyShop', ends: 'ERROR' },
  { change: 'swaps two steps that work has run', starts: 'checkOut', holds: 'notifyShop', ends: 'ERROR' },
  { change: 'puts a step before what work has recorded', starts: 'checkOut', holds: 'packBox', ends: 'ERROR' },
  { change: 'removes the wait for a message', starts: 'deliver', holds: 'weighParcel', ends: 'ERROR' },
  { change: 'removes a patch whose marker work has recorded', starts: 'deliver', holds: 'weighParcel', ends: 'ERROR' },
  { change: 'removes a patch before which all work is', starts: 'deliver', holds: 'bookCourier', ends: 'SUCCESS' },
  {
    change: 'deprecates a patch behind which work is without its marker',
    starts: 'deliver',
    holds: 'trackParcel',
    older: {
      'delivery.ts': [["  if (await DBOS.patch('weigh-parcels')) {\n", '  if (id === undefined) {\n']],
    },
    ends: 'ERROR',
  },
  {
    change: 'changes a function that an unchanged file registers',
    starts: 'sendReceipt',
    holds: 'mailReceipt',
    ends: 'ERROR',
  },
  { change: 'renames a workflow by its option', starts: 'cancelOrder', holds: 'tell o-1', ends: 'PENDING' },
];

const VERSION = '1.0.0';
const FORK = 'the fork';
const SHOP = filesOf(new URL('shop/', import.meta.url), (name) => /\.(ts|cjs)$/.test(name));
const databases = systemDatabases();
const programs = new Map<string, string>();
afterAll(() => {
  for (const program of programs.values()) rmSync(path.dirname(program), { recursive: true });
});

describe('a change of the shop', () => {
  test.each(PROOFS)('$change: $ends', async ({ change: title, starts, holds, older = {}, ends }) => {
    const change = changeOf(title);
    const { before, after } = versionsOf(SHOP, change);
    const database = await databases.create();
    await hold(database, programOf(edited(before, older)), starts, holds);

    const inventory = await readInventory(database.config, REQUEST, new AbortController().signal);
    const { findings } = reviewOf(SHOP, { ...change, sameVersion: true }, inventory);
    const said = findings.map(({ message, workflow }) => ({ workflow: workflow.name, text: plain(message) }));
    await fork(database, starts);
    const rows = await takeOver(database, programOf(after), [starts, FORK]);

    expect(rows.map(({ status }) => status)).toEqual([ends, ends]);
    expect(said.map(({ workflow }) => workflow)).toEqual(ends === 'SUCCESS' ? [] : [rows[0]?.name]);
    for (const { recorded } of rows) {
      if (ends === 'ERROR') expect(said[0]?.text).toContain(recorded?.replace('DBOS.patch-', ''));
    }
  });
});

describe('the patch that a review suggests', () => {
  test.each([
    {
      title: 'puts a step before what work has recorded',
      holds: 'packBox',
      around: "await DBOS.runStep(() => work('tax')",
    },
    { title: 'removes it where deploys share a version', holds: 'notifyShop', around: 'await Orders.pack(order);' },
  ])('lets work in flight end well: $title', async ({ title, holds, around }) => {
    const change = { ...changeOf(title), sameVersion: true };
    const { before, after } = versionsOf(SHOP, change);
    const database = await databases.create();
    await hold(database, programOf(before), 'checkOut', holds);
    const inventory = await readInventory(database.config, REQUEST, new AbortController().signal);
    const suggestion = reviewOf(SHOP, change, inventory).findings[0]?.suggestion ?? 'none';

    // Where the call is removed, the suggestion takes the place that it had.
    const whole = [after, before].map((files) => files['orders.ts'] ?? '').find((text) => text.includes(around)) ?? '';
    const lines = whole.split('\n').map((line) => (line.includes(around) ? suggestion : line));
    const patched = { 'orders.ts': lines.join('\n') };
    await fork(database, 'checkOut');
    const rows = await takeOver(database, programOf({ ...after, ...patched }), ['checkOut', FORK]);

    expect(suggestion).toContain('DBOS.patch(');
    expect(rows.map(({ status }) => status)).toEqual(['SUCCESS', 'SUCCESS']);
    expect(reviewOf(SHOP, { ...change, after: patched }, inventory).findings).toEqual([]);
  });
});

const REQUEST = { application: undefined, pollTimeoutMs: 30_000 };

function changeOf(title: string): Change {
  const change = CHANGES.find((each) => each.title === title);
  if (change === undefined) throw new Error(`The table has no change: ${title}`);
  return change;
}

/** The program of these files, built once. */
function programOf(files: Files): string {
  const key = JSON.stringify(files);
  const program = programs.get(key) ?? buildShop(files);
  programs.set(key, program);
  return program;
}

/** Runs a workflow until a step that never ends, and kills its process. */
async function hold({ url }: TestDatabase, program: string, workflow: string, step: string): Promise<void> {
  const shop = launch(program, [url, VERSION, workflow], { SHOP_HOLD: step });
  await until(shop, () => shop.printed().includes(`holds ${step}`));
  await shop.kill();
}

/** Forks a workflow with all that it has recorded, onto the version that it has. */
async function fork({ url, query }: TestDatabase, workflow: string): Promise<void> {
  const steps = await query('SELECT function_id FROM dbos.operation_outputs WHERE workflow_uuid = $1', [workflow]);
  const client = await DBOSClient.create({ systemDatabaseUrl: url });
  const options = { newWorkflowID: FORK, applicationVersion: VERSION };
  await client.forkWorkflow(workflow, steps.length, options);
  await client.destroy();
}

const row = z.object({ id: z.string(), name: z.string(), status: z.string() });

interface Taken extends z.infer<typeof row> {
  /** What was recorded where the code called something else, as DBOS logs it. */
  readonly recorded: string | undefined;
}

/** Lets the changed shop recover what is in flight, until each has ended, or until DBOS has logged why it cannot run. */
async function takeOver(
  { url, query }: TestDatabase,
  program: string,
  ids: readonly string[],
): Promise<readonly Taken[]> {
  const rows = async () => {
    const found = await query(
      'SELECT workflow_uuid AS id, name, status FROM dbos.workflow_status WHERE workflow_uuid = ANY($1)',
      [ids],
    );
    return found.map((each) => row.parse(each)).toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
  };
  const shop = launch(program, [url, VERSION], { SHOP_LOG: 'warn' });
  const isOver = ({ id, status }: z.infer<typeof row>) =>
    status === 'SUCCESS' || status === 'ERROR' || shop.printed().includes(`Could not execute workflow with id ${id}:`);
  await until(shop, async () => (await rows()).every(isOver));
  const result = await rows();
  await shop.kill();
  return result.map((each) => {
    const logged = new RegExp(`workflow ${each.id} step \\d+, function (\\S+) was recorded`).exec(shop.printed());
    return { ...each, recorded: logged?.[1] };
  });
}

interface Shop {
  /** What its process has printed. */
  printed(): string;
  hasExited(): boolean;
  kill(): Promise<void>;
}

/** Runs a program of the shop. Its process ends with the test at the latest. */
function launch(program: string, args: readonly string[], environment: Readonly<Record<string, string>>): Shop {
  const { DBOS_SYSTEM_DATABASE_URL: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [program, ...args], { env: { ...inherited, ...environment } });
  const exited = once(child, 'exit');
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  return { printed: () => printed, hasExited: () => child.exitCode !== null, kill };
}

/** Waits for a condition. Throws when the shop has ended before. */
async function until(shop: Shop, condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    if (shop.hasExited()) throw new Error(`The shop has ended:\n${shop.printed()}`);
    await delay(20);
  }
}
