import * as core from '@actions/core';
import { reportedFailure } from '../errors.ts';
import { msg } from '../message.ts';
import { quoteBlock } from '../report/markdown.ts';
import { plain } from '../report/text.ts';
import { writeOutputs, writeSummary } from '../runner-files.ts';
import { attempted } from './attempts.ts';
import type { Inventory } from './inventory/inventory.ts';
import { writeInventoryFile } from './inventory-file.ts';
import { inventoryCancelled } from './problems.ts';
import { inFlightOf, inventoryHeadline, inventoryPage } from './report/inventory-page.ts';

/**
 * Reads the inventory, writes it, and sets the exit code: without the file there is nothing to review against.
 *
 * @param cancelled The job was cancelled: what the read throws then says nothing about the database.
 */
export async function publishInventory(
  file: string | undefined,
  read: () => Promise<Inventory>,
  cancelled: AbortSignal,
): Promise<void> {
  const warn = (problem: Parameters<typeof plain>[0]) =>
    core.warning(plain(problem), { title: 'dbos-drain-gate: about this inventory' });
  try {
    const inventory = await read();
    const path = writeInventoryFile(file, inventory);
    process.exitCode = 0;
    const outputs = { 'inventory-path': path, 'in-flight': String(inFlightOf(inventory)) };
    await attempted('The outputs', () => writeOutputs({ ...NOTHING, ...outputs }), warn);
    await attempted('The summary', () => writeSummary(inventoryPage(inventory, path)), warn);
    core.info(plain(msg`${inventoryHeadline(inventory)}. Written to ${path}.`));
  } catch (error) {
    const { message } = reportedFailure(cancelled.aborted ? inventoryCancelled() : error);
    await attempted('The outputs', () => writeOutputs(NOTHING), warn);
    await attempted('The summary', () => writeSummary(`## ❌ No inventory\n\n${quoteBlock(message)}\n`), warn);
    core.error(plain(message), { title: 'dbos-drain-gate: no inventory' });
  }
}

const NOTHING = {
  ...{ findings: '[]', 'changed-workflows': '[]', 'in-flight': '', 'inventory-path': '', 'report-path': '' },
} as const;
