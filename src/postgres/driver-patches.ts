import { BufferReader } from 'pg-protocol/dist/buffer-reader.js';
import { Parser } from 'pg-protocol/dist/parser.js';

/** The code of the error when what came cannot be read as the protocol of Postgres. */
export const PROTOCOL_ERROR = 'ERR_PROTOCOL';

/** Longer than anything that the gate asks for: what announces more is no Postgres, or no friend. */
const LONGEST_MESSAGE_BYTES = 256 * 1024 * 1024;

/**
 * The driver trusts its server: it reads an error message without an end for ever, throws what it cannot read into
 * the event loop, and keeps a message of any length in memory (pg-protocol 1.16). Each would end the gate without a
 * verdict, so each becomes an error message here, as if the server had sent it.
 */
export function patchDriver(): void {
  const { string } = BufferReader.prototype;
  BufferReader.prototype.string = function (length) {
    const text = string.call(this, length);
    if (length > 0 && text === '') throw new RangeError('a message without an end');
    return text;
  };
  const { parse } = Parser.prototype;
  Parser.prototype.parse = function (bytes, callback) {
    try {
      parse.call(this, bytes, callback);
      if (announcedLength(this) > LONGEST_MESSAGE_BYTES) throw new RangeError('a message too long');
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : '';
      const error = new Error(message, { cause });
      callback(Object.assign(error, { name: 'error' as const, length: 0, code: PROTOCOL_ERROR }));
    }
  };
}

/** What a message that has come in part says of its length. */
function announcedLength(parser: Parser): number {
  const [buffer, offset, length] = ['buffer', 'bufferOffset', 'bufferLength'].map((name): unknown =>
    Reflect.get(parser, name),
  );
  const isThere = Buffer.isBuffer(buffer) && typeof offset === 'number' && Number(length) > 4;
  return isThere ? buffer.readUInt32BE(offset + 1) : 0;
}
