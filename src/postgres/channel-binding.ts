import { EventEmitter } from 'node:events';
import type Client from 'pg/lib/client.js';
import { z } from 'zod';

/** The message of the error when the server would not prove by the password whom TLS connects to. */
export const UNBOUND = 'The server does not bind the channel';

const sasl = z.object({ mechanisms: z.array(z.string()) });

/**
 * libpq's `channel_binding=require`. The driver prefers SCRAM with channel binding, but answers whatever the server
 * asks for: before it does, the connection is cut.
 */
export function requireChannelBinding(
  client: InstanceType<typeof Client>,
  cut: (error: Error) => void,
): void {
  const connection: unknown = Reflect.get(client, 'connection');
  if (!(connection instanceof EventEmitter)) throw new Error('the driver has another shape');
  const refuse = () => cut(new Error(UNBOUND));
  let offered = false;
  let proved = false;
  connection.on('authenticationSASL', (message: unknown) => {
    offered = sasl.safeParse(message).data?.mechanisms.includes('SCRAM-SHA-256-PLUS') ?? false;
    if (!offered) refuse();
  });
  connection.on('authenticationCleartextPassword', refuse);
  connection.on('authenticationMD5Password', refuse);
  // Only the end of the exchange proves that the server knows the password.
  connection.on('authenticationSASLFinal', () => {
    proved = offered;
  });
  connection.on('authenticationOk', () => {
    if (!proved) refuse();
  });
}
