import { closeSync, fstatSync, mkdirSync, mkdtempSync, openSync, readSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { codeOf, ReportableError } from '../errors.ts';
import { msg, trusted } from '../message.ts';
import type { RunContext } from '../run-context.ts';
import type { Inventory } from './inventory/inventory.ts';
import { LARGEST_FILE, parseInventory } from './inventory/parse.ts';
import { noInventory, unreadableInventory, unreadInventory } from './problems.ts';

/** @throws ReviewProblem where there is none, or what is there cannot be read */
export function readInventoryFile(file: string, context: Pick<RunContext, 'withoutSecrets'>): Inventory {
  try {
    return parseInventory(startOf(file));
  } catch (error) {
    if (error instanceof ReportableError) throw unreadInventory(error);
    const code = codeOf(error) ?? 'unknown';
    throw code === 'ENOENT' ? noInventory(file, context) : unreadableInventory(file, code);
  }
}

/** The text of the file, as far as one can be read. */
function startOf(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(Math.min(fstatSync(descriptor).size, LARGEST_FILE + 1));
    return bytes.toString('utf8', 0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Writes the inventory, and returns the path.
 *
 * @param file Where to; undefined for a new folder among the runner's temporary files.
 */
export function writeInventoryFile(file: string | undefined, inventory: Inventory): string {
  const target = path.resolve(file ?? path.join(temporaryFolder(), 'inventory.json'));
  try {
    mkdirSync(path.dirname(target), { recursive: true });
    // Whoever can read the repository's caches can read it, so it is readable here as well.
    writeFileSync(target, `${JSON.stringify(inventory)}\n`, { mode: 0o644 });
  } catch (error) {
    throw new ReportableError(
      msg`The inventory could not be written (${trusted(codeOf(error) ?? 'unknown reason')}) to ${target}. Is \`inventory\` the path of a file that this job can write?`,
      { id: 'not-written' },
    );
  }
  return target;
}

/** Returns a new folder: a job can run the action more than once. */
export function temporaryFolder(): string {
  return mkdtempSync(path.join(process.env['RUNNER_TEMP'] || tmpdir(), 'dbos-review-'));
}
