import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, test } from 'vitest';
import {
  type Launcher,
  type Proof,
  prove,
  proveSuggestion,
  type Sample,
  type SuggestionProof,
} from '../../review/proofs.ts';
import { CHANGES } from '../../review/python/changes.ts';
import { filesOf } from '../../review/review.ts';
import { systemDatabases } from '../../support/system-databases.ts';
import { chosenReleases } from '../chosen.ts';
import { environmentOf, resolved } from '../driver.ts';
import { python } from './language.ts';

const PROOFS: readonly Proof[] = [
  {
    change: 'formats a workflow, comments it and changes its docstring',
    starts: 'check_out',
    holds: 'notifyShop',
    ends: 'SUCCESS',
  },
  { change: 'adds a step after all that is recorded', starts: 'check_out', holds: 'notifyShop', ends: 'SUCCESS' },
  { change: 'puts a new step behind a patch', starts: 'check_out', holds: 'notifyShop', ends: 'SUCCESS' },
  {
    change: 'registers a function by a decorator under the same name',
    starts: 'refund_payment',
    holds: 'book',
    ends: 'SUCCESS',
  },
  { change: 'removes it where deploys share a version', starts: 'check_out', holds: 'notifyShop', ends: 'ERROR' },
  { change: 'renames the function of a step', starts: 'check_out', holds: 'packed o-1', ends: 'ERROR' },
  { change: 'swaps two steps that work has run', starts: 'check_out', holds: 'notifyShop', ends: 'ERROR' },
  { change: 'puts a step before what work has recorded', starts: 'check_out', holds: 'packed o-1', ends: 'ERROR' },
  { change: 'removes the wait for a message', starts: 'deliver', holds: 'weigh', ends: 'ERROR' },
  { change: 'puts a sleep in the place of a wait', starts: 'deliver', holds: 'DBOS.recv', ends: 'ERROR' },
  { change: 'puts a patch in front of a wait', starts: 'deliver', holds: 'DBOS.recv', ends: 'ERROR' },
  { change: 'removes a patch whose marker work has recorded', starts: 'deliver', holds: 'weigh', ends: 'ERROR' },
  { change: 'removes a patch before which all work is', starts: 'deliver', holds: 'courier', ends: 'SUCCESS' },
  {
    change: 'deprecates a patch behind which work is without its marker',
    starts: 'deliver',
    holds: 'd-1',
    older: { 'delivery.py': [['    if await Durable.patch_async("weigh-parcels"):\n', '    if parcel is None:\n']] },
    ends: 'ERROR',
  },
  {
    change: 'changes a function that an unchanged file registers',
    starts: 'send_receipt',
    holds: 'mail a@example.com',
    ends: 'ERROR',
  },
  { change: 'renames a workflow by its option', starts: 'cancelOrder', holds: 'tell o-1', ends: 'PENDING' },
];

const SUGGESTIONS: readonly SuggestionProof[] = [
  {
    change: 'puts a step before what work has recorded',
    starts: 'check_out',
    holds: 'packed o-1',
    path: 'orders.py',
    around: 'DBOS.run_step({"name": "labelBox"}',
  },
];

/** Two processes of Python each, and migrations, on a machine that is busy. */
const TEST_TIMEOUT_MS = 240_000;

const [newest] = python.releases;
const isChosen = chosenReleases().some(({ release }) => release === newest);
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const launcher: Launcher = (files, args, environment) => {
  if (newest === undefined) throw new Error('There is no release.');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-shop-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  const { program } = resolved(python, newest.launch);
  return spawn(program, ['app.py', ...args], {
    cwd: folder,
    env: { ...environmentOf(newest.launch), ...environment },
  });
};
const SHOP: Sample = {
  files: filesOf(new URL('../../review/python/shop/', import.meta.url), (name) => name.endsWith('.py')),
  changes: CHANGES,
  launcher,
};

describe.skipIf(!isChosen)('what a review says of the shop in Python', { timeout: TEST_TIMEOUT_MS }, () => {
  const databases = systemDatabases();

  test.each(PROOFS)('is proved: $change: $ends', async (proof) => {
    await prove(SHOP, proof, await databases.create('empty'));
  });

  test.each(SUGGESTIONS)('lets work in flight end well by the patch that it suggests: $change', async (proof) => {
    await proveSuggestion(SHOP, proof, await databases.create('empty'));
  });
});
