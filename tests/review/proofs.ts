import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { DBOSClient } from '@dbos-inc/dbos-sdk';
import { expect, onTestFinished } from 'vitest';
import { z } from 'zod';
import { plain } from '../../src/report/text.ts';
import type { Inventory } from '../../src/review/inventory/inventory.ts';
import { readInventory } from '../../src/review/inventory/read.ts';
import type { TestDatabase } from '../support/system-databases.ts';
import { type Files, reviewOf, versionsOf } from './review.ts';
import { type Change, edited } from './table.ts';

/*
 * What a review says, proved. A workflow of the shop runs until a step that never ends, and its process is killed. Its
 * inventory is read from the database, and the change is reviewed. Then the changed shop recovers the workflow, and runs a
 * fork of it that has all its steps. Both break where the review says so, and end well where it says nothing.
 */

export interface Proof {
  /** The title of a change of the table. */
  readonly change: string;
  /** The workflow of the shop that runs. */
  readonly starts: string;
  /** The step that never ends, or the wait for a message that nobody sends: `DBOS.recv`. */
  readonly holds: string;
  /** What else is recorded before the process is killed: a step that runs together with the one that never ends. */
  readonly alsoRecords?: string;
  /** What runs, where it is older than the table's state before the change. */
  readonly older?: Parameters<typeof edited>[1];
  /** What becomes of it. */
  readonly ends: 'SUCCESS' | 'ERROR' | 'PENDING';
}

/** A shop with the files of a version: a program that gets the URL, the version, and the names of workflows to start. */
export type Launcher = (
  files: Files,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
) => ChildProcessWithoutNullStreams;

/** A sample application, and the changes of it. */
export interface Sample {
  readonly files: Files;
  readonly changes: readonly Change[];
  readonly launcher: Launcher;
}

const VERSION = '1.0.0';
const WAIT = 'DBOS.recv';
const FORK = 'the fork';
const REQUEST = { application: undefined, pollTimeoutMs: 30_000 };

/** Proves one change on a database of its own. */
export async function prove(
  { files, changes, launcher }: Sample,
  { change: title, starts, holds, alsoRecords, older = {}, ends }: Proof,
  database: TestDatabase,
): Promise<void> {
  const change = changeOf(changes, title);
  const { before, after } = versionsOf(files, change);
  const inventory = await holdIn(database, launcher, edited(before, older), starts, holds, alsoRecords);
  const { findings } = reviewOf(files, { ...change, sameVersion: true }, inventory);
  const said = findings.map(({ message, workflow }) => ({ workflow: workflow.name, text: plain(message) }));
  const rows = await takeOver(database, launcher, after, starts);

  expect(rows.map(({ status }) => status)).toEqual([ends, ends]);
  expect(said.map(({ workflow }) => workflow)).toEqual(ends === 'SUCCESS' ? [] : [rows[0]?.name]);
  for (const { recorded } of rows) {
    // Who waits meets the row of the timer.
    const named = holds === WAIT && recorded === 'DBOS.sleep' ? WAIT : recorded?.replace('DBOS.patch-', '');
    if (ends === 'ERROR') expect(said[0]?.text).toContain(named);
  }
}

/** A change whose suggested patch lets work in flight end well. */
export interface SuggestionProof {
  readonly change: string;
  readonly starts: string;
  readonly holds: string;
  readonly path: string;
  /** What the line has that the suggestion replaces: in the new text, or where the call is removed, in the old one. */
  readonly around: string;
}

/** Proves the patch that a review suggests for a change. */
export async function proveSuggestion(
  { files, changes, launcher }: Sample,
  { change: title, starts, holds, path, around }: SuggestionProof,
  database: TestDatabase,
): Promise<void> {
  const change = { ...changeOf(changes, title), sameVersion: true };
  const { before, after } = versionsOf(files, change);
  const inventory = await holdIn(database, launcher, before, starts, holds);
  const suggestion = reviewOf(files, change, inventory).findings[0]?.suggestion ?? 'none';

  // Where the call is removed, the suggestion takes the place that it had.
  const whole = [after, before].map((each) => each[path] ?? '').find((text) => text.includes(around)) ?? '';
  const lines = whole.split('\n').map((line) => (line.includes(around) ? suggestion : line));
  const patched = { [path]: lines.join('\n') };
  const rows = await takeOver(database, launcher, { ...after, ...patched }, starts);

  expect(suggestion).toContain('DBOS.patch');
  expect(rows.map(({ status }) => status)).toEqual(['SUCCESS', 'SUCCESS']);
  expect(reviewOf(files, { ...change, after: patched }, inventory).findings).toEqual([]);
}

function changeOf(changes: readonly Change[], title: string): Change {
  const change = changes.find((each) => each.title === title);
  if (change === undefined) throw new Error(`The table has no change: ${title}`);
  return change;
}

/** Runs a workflow until a step that never ends, or a wait, kills its process, and returns the inventory of then. */
async function holdIn(
  { url, config, query }: TestDatabase,
  launcher: Launcher,
  files: Files,
  workflow: string,
  step: string,
  alsoRecords = step === WAIT ? 'DBOS.sleep' : undefined,
): Promise<Inventory> {
  const shop = launched(launcher(files, [url, VERSION, workflow], { SHOP_HOLD: step }));
  const isRecorded = async (step: string) => {
    // The application creates its tables.
    const [tables] = await query("SELECT to_regclass('dbos.operation_outputs') AS found");
    if (tables?.['found'] === null) return false;
    const names = await query('SELECT function_name AS name FROM dbos.operation_outputs');
    return names.some(({ name }) => name === step);
  };
  if (step !== WAIT) await until(shop, () => shop.printed().includes(`holds ${step}`));
  if (alsoRecords !== undefined) await until(shop, () => isRecorded(alsoRecords));
  await shop.kill();
  return readInventory(config, REQUEST, new AbortController().signal);
}

/** Forks a workflow with all that it has recorded, onto the version that it has. Python counts steps from 1. */
async function fork({ url, query }: TestDatabase, workflow: string): Promise<void> {
  const steps = await query('SELECT function_id AS id FROM dbos.operation_outputs WHERE workflow_uuid = $1', [
    workflow,
  ]);
  const client = await DBOSClient.create({ systemDatabaseUrl: url });
  const options = { newWorkflowID: FORK, applicationVersion: VERSION };
  await client.forkWorkflow(workflow, Math.max(0, ...steps.map(({ id }) => Number(id) + 1)), options);
  await client.destroy();
}

const row = z.object({ id: z.string(), name: z.string(), status: z.string() });

interface Taken extends z.infer<typeof row> {
  /** What was recorded where the code called something else, as DBOS logs it. */
  readonly recorded: string | undefined;
}

/** Lets the changed shop take a workflow over, and a fork of it, until both have ended or cannot run. */
async function takeOver(
  database: TestDatabase,
  launcher: Launcher,
  files: Files,
  workflow: string,
): Promise<readonly Taken[]> {
  const { url, query } = database;
  const ids = [workflow, FORK];
  await fork(database, workflow);
  const rows = async () => {
    const found = await query(
      'SELECT workflow_uuid AS id, name, status FROM dbos.workflow_status WHERE workflow_uuid = ANY($1)',
      [ids],
    );
    return found.map((each) => row.parse(each)).toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
  };
  const shop = launched(launcher(files, [url, VERSION], { SHOP_LOG: 'warn' }));
  // As TypeScript logs it, and Python.
  const cannotRun = (id: string) => [`Could not execute workflow with id ${id}:`, `Could not execute workflow ${id}:`];
  const recorded = (id: string) =>
    new RegExp(`workflow ${id} step \\d+, function (\\S+) was recorded`).exec(shop.printed())?.[1];
  // The row has the error before the log has it.
  const isOver = ({ id, status }: z.infer<typeof row>) =>
    status === 'SUCCESS' ||
    (status === 'ERROR' ? recorded(id) !== undefined : cannotRun(id).some((text) => shop.printed().includes(text)));
  await until(shop, async () => (await rows()).every(isOver));
  const result = await rows();
  await shop.kill();
  return result.map((each) => ({ ...each, recorded: recorded(each.id) }));
}

interface Shop {
  /** What its process has printed. */
  printed(): string;
  hasExited(): boolean;
  kill(): Promise<void>;
}

/** A process of the shop. It ends with the test at the latest. */
function launched(child: ChildProcessWithoutNullStreams): Shop {
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

/** The environment of a shop, without the variables by which its SDK finds another database. */
export function shopEnvironment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { DBOS_SYSTEM_DATABASE_URL: _, ...inherited } = process.env;
  return { ...inherited, ...more };
}
