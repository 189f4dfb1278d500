import { resolve4 } from 'node:dns/promises';
import { isIP } from 'node:net';
import { unlessAborted } from '../async.ts';

/** A name server that is silent for longer is taken for one that does not answer. In milliseconds. */
const ANSWER_MS = 1500;

/**
 * Asks a name server, and throws where none answers. The system's resolver cannot be interrupted while it waits for one:
 * the process could not end. This question can be left behind. Any answer does, since the name can be in a file instead.
 * A proxy looks names up itself.
 */
export async function requireNameServer(hostname: string, signal: AbortSignal): Promise<void> {
  const isProxied = Object.entries(process.env).some(([name, value]) => /^https?_proxy$/i.test(name) && value !== '');
  if (isProxied || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return;
  const answer = resolve4(hostname).then(
    () => true,
    ({ code }) => code !== 'ETIMEOUT',
  );
  const isAnswered = await unlessAborted(answer, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
  if (isAnswered !== true) throw new Error('No name server answers.');
}
