import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RecordedCall } from '../../../src/review/source/definition.ts';
import { readSource } from '../../../src/review/source/index.ts';
import { foreignBody, isCertain, keyOf, type Ran, rowsOf, rowsOfCall } from '../../review/ran.ts';
import { filesOf } from '../../review/review.ts';
import { systemDatabases } from '../../support/system-databases.ts';
import { chosenReleases } from '../chosen.ts';
import { environmentOf, resolved } from '../driver.ts';
import { python } from './language.ts';

/*
 * The shop runs on the newest release, and what the database has of it is what the review composed from its text.
 */

const SHOP = new URL('../../review/python/shop/', import.meta.url);
const FILES = filesOf(SHOP, (name) => name.endsWith('.py'));
/** Workflows that call others have those run, too. */
const STARTED = [
  ...['check_out', 'check_out_unpaid', 'cancelOrder', 'refund_payment', 'settle', 'refill', 'deliver', 'accept'],
  ...['send_receipt', 'remind', 'clean_up', 'every_step', 'every_call', 'every_child', 'every_async_call'],
];
const PROCESS_TIMEOUT_MS = 120_000;

let ran: readonly Ran[] = [];

const [newest] = python.releases;
const isChosen = chosenReleases().some(({ release }) => release === newest);

const sources = Object.entries(FILES).flatMap(([name, text]) => readSource(name, text) ?? []);
const workflows = sources.flatMap((source) => source.workflows);
const registrations = sources.flatMap((source) => source.registrations);

describe.skipIf(!isChosen)('the shop in Python', () => {
  const databases = systemDatabases();

  beforeAll(async () => {
    if (newest === undefined) throw new Error('There is no release.');
    const url = await databases.createUrl('empty');
    const { program } = resolved(python, newest.launch);
    await promisify(execFile)(program, ['app.py', url, '1.0.0', ...STARTED], {
      cwd: SHOP,
      env: environmentOf(newest.launch),
      timeout: PROCESS_TIMEOUT_MS,
    });
    ran = await rowsOf(url);
  });

  test('ran every workflow that its text defines', () => {
    const composed = [...workflows, ...registrations].flatMap(({ workflow }) => workflow ?? []);
    // A step that is started has a workflow of its own, which no text defines.
    const recorded = ran.filter(({ name }) => !name.startsWith('<temp>.'));
    expect([...new Set(recorded.map(keyOf))].toSorted()).toEqual([...new Set(composed.map(keyOf))].toSorted());
    expect(sources.filter(({ hasErrors, notFollowed }) => hasErrors || notFollowed.length > 0)).toEqual([]);
  });

  test.each(STARTED)('%s recorded what its text says', (id) => {
    const row = ran.find((each) => each.id === id);
    if (row === undefined) throw new Error(`${id} did not run.`);
    const certain = calls(row).filter(isCertain).flatMap(rowsOfCall);
    const possible = new Set(calls(row).flatMap((call) => (isCertain(call) ? [] : (call.name ?? []))));
    if (id === 'check_out_unpaid') {
      expect(row.recorded).toEqual(['reserve_stock', 'charge_card', 'release_stock']);
    } else {
      const said = row.recorded.filter((name) => NOT_SAID[id]?.includes(name) !== true);
      expect(said.filter((name) => !possible.has(name))).toEqual(certain.filter((name) => !possible.has(name)));
      expect([...possible].filter((name) => !row.recorded.includes(name))).toEqual(NOT_RUN[id] ?? []);
    }
  });
});

/** Calls under conditions that were false. */
const NOT_RUN: Readonly<Record<string, readonly string[]>> = {
  check_out: ['release_stock'],
  deliver: ['guessWeight'],
};

/** What a function of the file returns is not followed: that is noted. */
const NOT_SAID: Readonly<Record<string, readonly string[]>> = {
  clean_up: ['make_report.<locals>.report', 'DBOS.getResult'],
};

/** What the text of a workflow says, of calls of other files only those that are recorded. */
function calls(row: Ran): readonly RecordedCall[] {
  const body = workflows.find(({ workflow }) => keyOf(workflow) === keyOf(row)) ?? foreignBody(sources, row.name);
  return (body?.calls ?? []).flatMap((call) => {
    if (call.kind !== 'call') return [call];
    const name = row.recorded.find((each) => each === call.name || each.endsWith(`.${call.name}`));
    return name === undefined ? [] : [{ ...call, name }];
  });
}
