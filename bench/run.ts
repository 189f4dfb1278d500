/**
 * Measures on this machine what the gate costs, and prints the tables of docs/benchmarks.md. `npm run bench` takes
 * about 20 minutes and 15 GB of disk. `npm run bench -- start release` measures only these sections. `--ten-million`
 * adds a history of that size, which takes 30 minutes more and 45 GB.
 */
import { parseArgs } from 'node:util';
import { startPostgres } from '../tests/support/postgres.ts';
import { checkRun } from './check-run.ts';
import { history } from './history.ts';
import { inFlight } from './in-flight.ts';
import { inventory } from './inventory.ts';
import { application, hour } from './load.ts';
import { release } from './release.ts';
import { start } from './start.ts';
import { query, SETTINGS } from './support/database.ts';
import { machine } from './support/machine.ts';
import { traffic } from './traffic.ts';

const SECTIONS = {
  history,
  'in-flight': inFlight,
  traffic,
  start,
  'check-run': checkRun,
  release,
  hour,
  application,
  inventory,
};

const { values, positionals } = parseArgs({
  options: { 'ten-million': { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !(name in SECTIONS));
if (unknown.length > 0) {
  throw new Error(`Unknown: ${unknown.join(', ')}. Accepted: ${Object.keys(SECTIONS).join(', ')}.`);
}
const server = await startPostgres({ settings: SETTINGS });
try {
  const [settings] = await query(
    server.url(),
    `SELECT current_setting('server_version') AS version, current_setting('shared_buffers') AS buffers`,
  );
  console.log(`${machine({ version: settings?.['version'], sharedBuffers: settings?.['buffers'] })}\n`);
  for (const [name, { title, about, head, rows }] of Object.entries(SECTIONS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const say = (what: string) => console.error(`- ${name}: ${what}`);
    const measured = await rows(server, { tenMillion: values['ten-million'], say });
    console.log(`### ${title}\n\n${about}\n\n${table(head, measured)}\n`);
  }
} finally {
  await server.stop();
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---:'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
