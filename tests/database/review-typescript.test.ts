import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RecordedCall, SourceFunction } from '../../src/review/source/definition.ts';
import { readSource } from '../../src/review/source/index.ts';
import { filesOf } from '../review/review.ts';
import { buildShop } from '../review/typescript/build.ts';
import { systemDatabases } from '../support/system-databases.ts';

/*
 * The shop runs, and what the database has of it is what the review composed from its text.
 */

const databases = systemDatabases();
const FILES = filesOf(new URL('../review/typescript/shop/', import.meta.url), (name) => /\.(ts|cjs)$/.test(name));
const STARTED = [
  ...['checkOut', 'checkOutUnpaid', 'cancelOrder', 'refundPayment', 'settle', 'refill', 'sendReceipt', 'remind'],
  ...['deliver', 'acceptReturn', 'cleanUp', 'audit', 'everyCall'],
];

interface Ran {
  readonly id: string;
  readonly name: string;
  readonly className: string | null;
  readonly recorded: readonly string[];
}
let ran: readonly Ran[] = [];

beforeAll(async () => {
  const url = await databases.createUrl();
  const program = buildShop();
  await promisify(execFile)(process.execPath, [program, url, '1.0.0', ...STARTED]);
  rmSync(path.dirname(program), { recursive: true });
  ran = await rowsOf(url);
});

const sources = Object.entries(FILES).flatMap(([name, text]) => readSource(name, text) ?? []);
const workflows = sources.flatMap((source) => source.workflows);
const registrations = sources.flatMap((source) => source.registrations);
const bodyOf = ({ name, className }: Ran): SourceFunction | undefined =>
  workflows.find(({ workflow }) => workflow.name === name && workflow.className === className);

describe('the shop in TypeScript', () => {
  test('ran every workflow that its text defines', () => {
    const key = ({ name, className }: { readonly name: string; readonly className: string | null }) =>
      `${className ?? ''} ${name}`;
    const composed = [...workflows, ...registrations].flatMap(({ workflow }) => workflow ?? []);
    const started = composed.filter(({ name }) => name !== 'everyNight');
    expect([...new Set(ran.map(key))].toSorted()).toEqual([...new Set(started.map(key))].toSorted());
    expect(sources.filter(({ hasErrors }) => hasErrors)).toEqual([]);
  });

  test.each(STARTED)('%s recorded what its text says', (id) => {
    const row = ran.find((each) => each.id === id);
    const body = row === undefined ? undefined : (bodyOf(row) ?? foreign(row.name));
    const calls = (body?.calls ?? []).filter(({ kind, name }) => kind !== 'call' || row?.recorded.includes(name ?? ''));
    const isTaken = ({ guards }: RecordedCall) =>
      guards.every(({ kind, isTaken }) => kind === 'patch' && isTaken === true);
    const certain = calls.filter(isTaken).flatMap(rowsOfCall);
    const possible = new Set(calls.filter((call) => !isTaken(call)).flatMap(({ name }) => name ?? []));
    const recorded = row?.recorded ?? [];
    if (id === 'checkOutUnpaid') {
      expect(recorded).toEqual(['reserveStock', 'chargeCard', 'releaseStock']);
      return;
    }
    expect(recorded.filter((name) => !possible.has(name))).toEqual(certain);
  });
});

/** The body of a function that another file registers. */
function foreign(name: string): SourceFunction | undefined {
  const { importedName } = registrations.find(({ workflow }) => workflow?.name === name) ?? {};
  return sources.flatMap(({ functions }) => functions).find(({ localName }) => localName === importedName);
}

/** A deprecated patch records nothing where it has no marker, and a timeout is recorded as a sleep. */
function rowsOfCall({ kind, name = '?' }: RecordedCall): readonly string[] {
  if (kind === 'deprecated-patch') return [];
  return kind === 'receive' || kind === 'event' ? [name, 'DBOS.sleep'] : [name];
}

async function rowsOf(url: string): Promise<readonly Ran[]> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<Ran>(
    `SELECT s.workflow_uuid AS id, s.name, s.class_name AS "className",
            array_remove(array_agg(o.function_name ORDER BY o.function_id), NULL) AS recorded
       FROM dbos.workflow_status s LEFT JOIN dbos.operation_outputs o USING (workflow_uuid)
      GROUP BY s.workflow_uuid`,
  );
  await client.end();
  return rows;
}
