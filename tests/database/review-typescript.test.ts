import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SourceFunction } from '../../src/review/source/definition.ts';
import { readSource } from '../../src/review/source/index.ts';
import { foreignBody, isCertain, keyOf, type Ran, rowsOf, rowsOfCall } from '../review/ran.ts';
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
    const composed = [...workflows, ...registrations].flatMap(({ workflow }) => workflow ?? []);
    const started = composed.filter(({ name }) => name !== 'everyNight');
    expect([...new Set(ran.map(keyOf))].toSorted()).toEqual([...new Set(started.map(keyOf))].toSorted());
    expect(sources.filter(({ hasErrors }) => hasErrors)).toEqual([]);
  });

  test.each(STARTED)('%s recorded what its text says', (id) => {
    const row = ran.find((each) => each.id === id);
    const body = row === undefined ? undefined : (bodyOf(row) ?? foreignBody(sources, row.name));
    const calls = (body?.calls ?? []).filter(({ kind, name }) => kind !== 'call' || row?.recorded.includes(name ?? ''));
    expect(body?.notFollowed.filter(({ why }) => why === 'concurrent')).toEqual([]);
    const certain = calls.filter(isCertain).flatMap(rowsOfCall);
    const possible = new Set(calls.filter((call) => !isCertain(call)).flatMap(({ name }) => name ?? []));
    const recorded = row?.recorded ?? [];
    if (id === 'checkOutUnpaid') {
      expect(recorded).toEqual(['reserveStock', 'chargeCard', 'releaseStock']);
      return;
    }
    expect(recorded.filter((name) => !possible.has(name))).toEqual(certain);
  });
});
