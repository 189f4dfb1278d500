import { z } from 'zod';
import { ReportableError } from '../../errors.ts';
import { type Message, msg, trusted } from '../../message.ts';
import { FORMAT, type Inventory, inventorySchema } from './inventory.ts';

/** The largest file that is read, in bytes. One that this release writes is smaller. */
export const LARGEST_FILE = 20_000_000;

const AGAIN = trusted('Run the workflow with `mode: inventory` again, and pass the file that it writes.');

/**
 * Returns the inventory in the text of a file.
 *
 * @throws ReportableError where it is none, or one that another release wrote.
 */
export function parseInventory(text: string): Inventory {
  if (Buffer.byteLength(text) > LARGEST_FILE) {
    const largest = trusted(`${LARGEST_FILE / 1_000_000} MB`);
    throw wrong(
      'inventory-too-large',
      msg`The inventory is larger than ${largest}, and \`mode: inventory\` writes smaller ones. ${AGAIN}`,
    );
  }
  const value = jsonOf(text);
  const format = z.looseObject({ format: z.number() }).safeParse(value).data?.format;
  if (format !== undefined && format !== FORMAT) {
    const age = trusted(format > FORMAT ? 'newer' : 'older');
    throw wrong(
      'inventory-of-another-release',
      msg`A release of dbos-drain-gate that is ${age} than this one wrote the inventory. It has format ${trusted(`${format}`)}, and this release reads format ${FORMAT}. Use the same release in both workflows. ${AGAIN}`,
    );
  }
  const parsed = inventorySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.map(String).join('.') || 'the whole file';
  throw wrong(
    'inventory-invalid',
    msg`The file in \`inventory\` is not an inventory that this release can read (see ${place}). Did something else write it, or change it? ${AGAIN}`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrong(
      'inventory-not-json',
      msg`The file in \`inventory\` is not JSON. Is it another file, or one that was cut off? ${AGAIN}`,
    );
  }
}

function wrong(id: string, explanation: Message): ReportableError {
  return new ReportableError(explanation, { id });
}
