import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { systemDatabases } from '../../support/system-databases.ts';
import {
  type Launcher,
  type Proof,
  prove,
  proveSuggestion,
  type Sample,
  type SuggestionProof,
  shopEnvironment,
} from '../proofs.ts';
import { filesOf } from '../review.ts';
import { buildShop } from './build.ts';
import { CHANGES } from './changes.ts';

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
  {
    change: 'puts a step before two that run together',
    starts: 'checkOut',
    holds: 'packBox',
    alsoRecords: 'notifyShop',
    ends: 'ERROR',
  },
  { change: 'puts a sleep in the place of a wait', starts: 'deliver', holds: 'DBOS.recv', ends: 'ERROR' },
  { change: 'removes the wait for a message', starts: 'deliver', holds: 'weighParcel', ends: 'ERROR' },
  { change: 'puts a patch in front of a wait', starts: 'deliver', holds: 'DBOS.recv', ends: 'ERROR' },
  { change: 'puts a patch behind a wait', starts: 'deliver', holds: 'DBOS.recv', ends: 'SUCCESS' },
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

const SUGGESTIONS: readonly SuggestionProof[] = [
  {
    change: 'puts a step before what work has recorded',
    starts: 'checkOut',
    holds: 'packBox',
    path: 'orders.ts',
    around: "await DBOS.runStep(() => work('tax')",
  },
  {
    change: 'removes it where deploys share a version',
    starts: 'checkOut',
    holds: 'notifyShop',
    path: 'orders.ts',
    around: 'await Orders.pack(order);',
  },
];

const databases = systemDatabases();
const programs = new Map<string, string>();
afterAll(() => {
  for (const program of programs.values()) rmSync(path.dirname(program), { recursive: true });
});

/** Runs the program of files, which is built once. */
const launcher: Launcher = (files, args, environment) => {
  const key = JSON.stringify(files);
  const program = programs.get(key) ?? buildShop(files);
  programs.set(key, program);
  return spawn(process.execPath, [program, ...args], { env: shopEnvironment(environment) });
};
const SHOP: Sample = {
  files: filesOf(new URL('shop/', import.meta.url), (name) => /\.(ts|cjs)$/.test(name)),
  changes: CHANGES,
  launcher,
};

describe('a change of the shop', () => {
  test.each(PROOFS)('$change: $ends', async (proof) => {
    await prove(SHOP, proof, await databases.create());
  });
});

describe('the patch that a review suggests', () => {
  test.each(SUGGESTIONS)('lets work in flight end well: $change', async (proof) => {
    await proveSuggestion(SHOP, proof, await databases.create());
  });
});
