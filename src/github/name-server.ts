import { resolve4 } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { unlessAborted } from '../async.ts';

/** Where a system keeps the names that it asks no name server for. */
const NAMES_FILE =
  process.platform === 'win32' ? `${process.env['SystemRoot']}\\System32\\drivers\\etc\\hosts` : '/etc/hosts';

/**
 * Asks a name server, and throws where none answers before the signal aborts. The system's resolver cannot be interrupted
 * while it waits for one: the process could not end. This question can be left behind. Any answer does, since the name
 * can be known in another way. A proxy looks names up itself.
 */
export async function requireNameServer(hostname: string, signal: AbortSignal): Promise<void> {
  const isProxied = Object.entries(process.env).some(([name, value]) => /^https?_proxy$/i.test(name) && value !== '');
  if (isProxied || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 || isInNamesFile(hostname)) return;
  const answer = resolve4(hostname).then(
    () => true,
    ({ code }) => code !== 'ETIMEOUT',
  );
  if ((await unlessAborted(answer, signal)) !== true) throw new Error('No name server answers.');
}

/** A line has an address, and the names of it. */
function isInNamesFile(hostname: string): boolean {
  try {
    const lines = readFileSync(NAMES_FILE, 'utf8').toLowerCase().split('\n');
    return lines.some((line) => line.replace(/#.*/, '').trim().split(/\s+/).slice(1).includes(hostname));
  } catch {
    return false;
  }
}
