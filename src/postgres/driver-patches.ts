import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type Client from 'pg/lib/client.js';
import { BufferReader } from 'pg-protocol/dist/buffer-reader.js';
import { Parser } from 'pg-protocol/dist/parser.js';
import { z } from 'zod';

/** The code of the error when the driver cannot read an answer as the protocol of Postgres. */
export const PROTOCOL_ERROR = 'ERR_PROTOCOL';

/** Longer than an answer to the gate should be. A peer that is not Postgres seems to announce more. */
const LONGEST_MESSAGE_BYTES = 256 * 1024 * 1024;

/** The message of the error when an answer is longer, of a server that has let the gate in. */
export const ANSWER_TOO_LONG = 'an answer too long';

/**
 * Makes the driver survive a server that breaks the protocol. The driver (pg-protocol 1.16) reads an unterminated
 * error message forever, throws what it cannot read into the event loop, and keeps a message of any length in memory.
 * Each would end the gate without a verdict, so each becomes an error message, as if the server had sent it.
 */
export function patchDriver(): void {
  const { string } = BufferReader.prototype;
  BufferReader.prototype.string = function (length) {
    const text = string.call(this, length);
    if (length > 0 && text === '') throw new RangeError('a message without an end');
    return text;
  };
  const { parse } = Parser.prototype;
  const letIn = new WeakSet<Parser>();
  Parser.prototype.parse = function (bytes, callback) {
    try {
      parse.call(this, bytes, (message) => {
        if (message.name === 'readyForQuery') letIn.add(this);
        callback(message);
      });
      if (announcedLength(this) > LONGEST_MESSAGE_BYTES) {
        throw new RangeError(letIn.has(this) ? ANSWER_TOO_LONG : 'a message too long');
      }
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : '';
      const error = new Error(message, { cause });
      callback(Object.assign(error, { name: 'error' as const, length: 0, code: PROTOCOL_ERROR }));
    }
  };
}

/** Returns the length in bytes that a partly received message announces, or 0. */
function announcedLength(parser: Parser): number {
  const buffer: unknown = Reflect.get(parser, 'buffer');
  const isThere = Buffer.isBuffer(buffer) && Number(Reflect.get(parser, 'bufferLength')) > 4;
  return isThere ? buffer.readUInt32BE(Number(Reflect.get(parser, 'bufferOffset')) + 1) : 0;
}

/** The message of the error when the server does not prove by SCRAM that TLS ends at itself. */
export const UNBOUND = 'The server does not bind the channel';

const sasl = z.object({ mechanisms: z.array(z.string()) });

/**
 * Enforces libpq's `channel_binding=require`. The driver prefers SCRAM with channel binding, but answers any request
 * of the server. So the socket is closed before the driver answers another one, and connecting fails.
 */
export function requireChannelBinding(client: InstanceType<typeof Client>, socket: Socket): void {
  const connection: unknown = Reflect.get(client, 'connection');
  if (!(connection instanceof EventEmitter)) throw new Error('the driver has another shape');
  const refuse = () => {
    socket.destroy();
    connection.emit('error', new Error(UNBOUND));
  };
  let offered = false;
  let proved = false;
  connection.on('authenticationSASL', (message: unknown) => {
    offered = sasl.safeParse(message).data?.mechanisms.includes('SCRAM-SHA-256-PLUS') ?? false;
    if (!offered) refuse();
  });
  connection.on('authenticationCleartextPassword', refuse);
  connection.on('authenticationMD5Password', refuse);
  // Only the final message of the exchange proves that the server knows the password.
  connection.on('authenticationSASLFinal', () => {
    proved = offered;
  });
  connection.on('authenticationOk', () => {
    if (!proved) refuse();
  });
}
