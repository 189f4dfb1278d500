import { flagGroups, variableOf } from '../../src/command-line/flags.ts';
import { table } from './contract-tables.ts';

/** Returns the flags of the command line as a Markdown table, in the order of its help. */
export function flagTable(): string {
  const rows = flagGroups().flatMap(({ flags }) =>
    flags.map(({ name, default: usual, description }) => [
      `\`--${name}\``,
      `\`${variableOf(name)}\``,
      usual === '' ? '' : `\`${usual}\``,
      description,
    ]),
  );
  return table(['Flag', 'Variable', 'Default', 'Meaning'], rows);
}
