import { createRequire as __WEBPACK_EXTERNAL_createRequire } from "module";
/******/ var __webpack_modules__ = ({

/***/ 785:
/***/ ((__unused_webpack_module, exports) => {


Object.defineProperty(exports, "__esModule", ({ value: true }));
// This is an empty module that is served up when outside of a workerd environment
// See the `exports` field in package.json
exports["default"] = {};
//# sourceMappingURL=empty.js.map

/***/ }),

/***/ 122:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {



//Parse method copied from https://github.com/brianc/node-postgres
//Copyright (c) 2010-2014 Brian Carlson (brian.m.carlson@gmail.com)
//MIT License

//parses a connection string
function parse(str, options = {}) {
  //unix socket
  if (str.charAt(0) === '/') {
    const config = str.split(' ')
    return { host: config[0], database: config[1] }
  }

  // Check for empty host in URL

  const config = Object.create(null)
  let result
  let dummyHost = false
  if (/ |%[^a-f0-9]|%[a-f0-9][^a-f0-9]/i.test(str)) {
    // Ensure spaces are encoded as %20
    str = encodeURI(str).replace(/%25(\d\d)/g, '%$1')
  }

  try {
    try {
      result = new URL(str, 'postgres://base')
    } catch (e) {
      // The URL is invalid so try again with a dummy host
      result = new URL(str.replace('@/', '@___DUMMY___/'), 'postgres://base')
      dummyHost = true
    }
  } catch (err) {
    // Remove the input from the error message to avoid leaking sensitive information
    err.input && (err.input = '*****REDACTED*****')
    throw err
  }

  // We'd like to use Object.fromEntries() here but Node.js 10 does not support it
  for (const entry of result.searchParams.entries()) {
    config[entry[0]] = entry[1]
  }

  config.user = config.user || decodeURIComponent(result.username)
  config.password = config.password || decodeURIComponent(result.password)

  if (result.protocol == 'socket:') {
    config.host = decodeURI(result.pathname)
    config.database = result.searchParams.get('db')
    config.client_encoding = result.searchParams.get('encoding')
    return config
  }
  const hostname = (dummyHost ? '' : result.hostname).replace(/^\[(.+)\]$/, '$1')
  if (!config.host) {
    // Only set the host if there is no equivalent query param.
    config.host = decodeURIComponent(hostname)
  } else if (hostname && /^%2f/i.test(hostname)) {
    // Only prepend the hostname to the pathname if it is not a URL encoded Unix socket host.
    result.pathname = hostname + result.pathname
  }
  if (!config.port) {
    // Only set the port if there is no equivalent query param.
    config.port = result.port
  }

  const pathname = result.pathname.slice(1) || null
  config.database = pathname ? decodeURI(pathname) : null

  if (config.ssl === 'true' || config.ssl === '1') {
    config.ssl = true
  }

  if (config.ssl === '0') {
    config.ssl = false
  }

  if (config.sslcert || config.sslkey || config.sslrootcert || config.sslmode) {
    config.ssl = {}
  }

  // sslnegotiation=direct implies SSL is in use (libpq requires sslmode>=require),
  // so enable SSL if the connection string did not otherwise configure it.
  if (config.sslnegotiation === 'direct' && config.ssl === undefined) {
    config.ssl = true
  }

  // Only try to load fs if we expect to read from the disk
  const fs = config.sslcert || config.sslkey || config.sslrootcert ? __nccwpck_require__(896) : null

  if (config.sslcert) {
    config.ssl.cert = fs.readFileSync(config.sslcert).toString()
  }

  if (config.sslkey) {
    config.ssl.key = fs.readFileSync(config.sslkey).toString()
  }

  if (config.sslrootcert) {
    config.ssl.ca = fs.readFileSync(config.sslrootcert).toString()
  }

  if (options.useLibpqCompat && config.uselibpqcompat) {
    throw new Error('Both useLibpqCompat and uselibpqcompat are set. Please use only one of them.')
  }

  if (config.uselibpqcompat === 'true' || options.useLibpqCompat) {
    switch (config.sslmode) {
      case 'disable': {
        config.ssl = false
        break
      }
      case 'prefer': {
        config.ssl.rejectUnauthorized = false
        break
      }
      case 'require': {
        if (config.sslrootcert) {
          // If a root CA is specified, behavior of `sslmode=require` will be the same as that of `verify-ca`
          config.ssl.checkServerIdentity = function () {}
        } else {
          config.ssl.rejectUnauthorized = false
        }
        break
      }
      case 'verify-ca': {
        if (!config.ssl.ca) {
          throw new Error(
            'SECURITY WARNING: Using sslmode=verify-ca requires specifying a CA with sslrootcert. If a public CA is used, verify-ca allows connections to a server that somebody else may have registered with the CA, making you vulnerable to Man-in-the-Middle attacks. Either specify a custom CA certificate with sslrootcert parameter or use sslmode=verify-full for proper security.'
          )
        }
        config.ssl.checkServerIdentity = function () {}
        break
      }
      case 'verify-full': {
        break
      }
    }
  } else {
    switch (config.sslmode) {
      case 'disable': {
        config.ssl = false
        break
      }
      case 'prefer':
      case 'require':
      case 'verify-ca':
      case 'verify-full': {
        if (config.sslmode !== 'verify-full') {
          deprecatedSslModeWarning(config.sslmode)
        }
        break
      }
      case 'no-verify': {
        config.ssl.rejectUnauthorized = false
        break
      }
    }
  }

  return config
}

// convert pg-connection-string ssl config to a ClientConfig.ConnectionOptions
function toConnectionOptions(sslConfig) {
  const connectionOptions = Object.entries(sslConfig).reduce((c, [key, value]) => {
    // we explicitly check for undefined and null instead of `if (value)` because some
    // options accept falsy values. Example: `ssl.rejectUnauthorized = false`
    if (value !== undefined && value !== null) {
      c[key] = value
    }

    return c
  }, Object.create(null))

  return connectionOptions
}

// convert pg-connection-string config to a ClientConfig
function toClientConfig(config) {
  const poolConfig = Object.entries(config).reduce((c, [key, value]) => {
    if (key === 'ssl') {
      const sslConfig = value

      if (typeof sslConfig === 'boolean') {
        c[key] = sslConfig
      }

      if (typeof sslConfig === 'object') {
        c[key] = toConnectionOptions(sslConfig)
      }
    } else if (value !== undefined && value !== null) {
      if (key === 'port') {
        // when port is not specified, it is converted into an empty string
        // we want to avoid NaN or empty string as a values in ClientConfig
        if (value !== '') {
          const v = parseInt(value, 10)
          if (isNaN(v)) {
            throw new Error(`Invalid ${key}: ${value}`)
          }

          c[key] = v
        }
      } else {
        c[key] = value
      }
    }

    return c
  }, Object.create(null))

  return poolConfig
}

// parses a connection string into ClientConfig
function parseIntoClientConfig(str) {
  return toClientConfig(parse(str))
}

function deprecatedSslModeWarning(sslmode) {
  if (!deprecatedSslModeWarning.warned && typeof process !== 'undefined' && process.emitWarning) {
    deprecatedSslModeWarning.warned = true
    process.emitWarning(`SECURITY WARNING: The SSL modes 'prefer', 'require', and 'verify-ca' are treated as aliases for 'verify-full'.
In the next major version (pg-connection-string v3.0.0 and pg v9.0.0), these modes will adopt standard libpq semantics, which have weaker security guarantees.

To prepare for this change:
- If you want the current behavior, explicitly use 'sslmode=verify-full'
- If you want libpq compatibility now, use 'uselibpqcompat=true&sslmode=${sslmode}'

See https://www.postgresql.org/docs/current/libpq-ssl.html for libpq SSL mode definitions.`)
  }
}

module.exports = parse

parse.parse = parse
parse.toClientConfig = toClientConfig
parse.parseIntoClientConfig = parseIntoClientConfig


/***/ }),

/***/ 299:
/***/ ((module) => {



// selected so (BASE - 1) * 0x100000000 + 0xffffffff is a safe integer
var BASE = 1000000;

function readInt8(buffer) {
	var high = buffer.readInt32BE(0);
	var low = buffer.readUInt32BE(4);
	var sign = '';

	if (high < 0) {
		high = ~high + (low === 0);
		low = (~low + 1) >>> 0;
		sign = '-';
	}

	var result = '';
	var carry;
	var t;
	var digits;
	var pad;
	var l;
	var i;

	{
		carry = high % BASE;
		high = high / BASE >>> 0;

		t = 0x100000000 * carry + low;
		low = t / BASE >>> 0;
		digits = '' + (t - BASE * low);

		if (low === 0 && high === 0) {
			return sign + digits + result;
		}

		pad = '';
		l = 6 - digits.length;

		for (i = 0; i < l; i++) {
			pad += '0';
		}

		result = pad + digits + result;
	}

	{
		carry = high % BASE;
		high = high / BASE >>> 0;

		t = 0x100000000 * carry + low;
		low = t / BASE >>> 0;
		digits = '' + (t - BASE * low);

		if (low === 0 && high === 0) {
			return sign + digits + result;
		}

		pad = '';
		l = 6 - digits.length;

		for (i = 0; i < l; i++) {
			pad += '0';
		}

		result = pad + digits + result;
	}

	{
		carry = high % BASE;
		high = high / BASE >>> 0;

		t = 0x100000000 * carry + low;
		low = t / BASE >>> 0;
		digits = '' + (t - BASE * low);

		if (low === 0 && high === 0) {
			return sign + digits + result;
		}

		pad = '';
		l = 6 - digits.length;

		for (i = 0; i < l; i++) {
			pad += '0';
		}

		result = pad + digits + result;
	}

	{
		carry = high % BASE;
		t = 0x100000000 * carry + low;
		digits = '' + t % BASE;

		return sign + digits + result;
	}
}

module.exports = readInt8;


/***/ }),

/***/ 971:
/***/ ((__unused_webpack_module, exports) => {


Object.defineProperty(exports, "__esModule", ({ value: true }));
exports.BufferReader = void 0;
class BufferReader {
    constructor(offset = 0) {
        this.offset = offset;
        this.buffer = Buffer.allocUnsafe(0);
        // TODO(bmc): support non-utf8 encoding?
        this.encoding = 'utf-8';
    }
    setBuffer(offset, buffer) {
        this.offset = offset;
        this.buffer = buffer;
    }
    int16() {
        const result = this.buffer.readInt16BE(this.offset);
        this.offset += 2;
        return result;
    }
    byte() {
        const result = this.buffer[this.offset];
        this.offset++;
        return result;
    }
    int32() {
        const result = this.buffer.readInt32BE(this.offset);
        this.offset += 4;
        return result;
    }
    uint32() {
        const result = this.buffer.readUInt32BE(this.offset);
        this.offset += 4;
        return result;
    }
    string(length) {
        const result = this.buffer.toString(this.encoding, this.offset, this.offset + length);
        this.offset += length;
        return result;
    }
    cstring() {
        const start = this.offset;
        let end = start;
        // eslint-disable-next-line no-empty
        while (this.buffer[end++]) { }
        this.offset = end;
        return this.buffer.toString(this.encoding, start, end - 1);
    }
    bytes(length) {
        const result = this.buffer.slice(this.offset, this.offset + length);
        this.offset += length;
        return result;
    }
}
exports.BufferReader = BufferReader;
//# sourceMappingURL=buffer-reader.js.map

/***/ }),

/***/ 315:
/***/ ((__unused_webpack_module, exports) => {


//binary data writer tuned for encoding binary specific to the postgres binary protocol
Object.defineProperty(exports, "__esModule", ({ value: true }));
exports.Writer = void 0;
class Writer {
    constructor(size = 256) {
        this.size = size;
        this.offset = 5;
        this.headerPosition = 0;
        this.buffer = Buffer.allocUnsafe(size);
    }
    ensure(size) {
        const remaining = this.buffer.length - this.offset;
        if (remaining < size) {
            const oldBuffer = this.buffer;
            // exponential growth factor of around ~ 1.5
            // https://stackoverflow.com/questions/2269063/buffer-growth-strategy
            const newSize = oldBuffer.length + (oldBuffer.length >> 1) + size;
            this.buffer = Buffer.allocUnsafe(newSize);
            oldBuffer.copy(this.buffer, 0, 0, this.offset);
        }
    }
    addInt32(num) {
        this.ensure(4);
        this.buffer[this.offset++] = (num >>> 24) & 0xff;
        this.buffer[this.offset++] = (num >>> 16) & 0xff;
        this.buffer[this.offset++] = (num >>> 8) & 0xff;
        this.buffer[this.offset++] = (num >>> 0) & 0xff;
        return this;
    }
    addInt16(num) {
        this.ensure(2);
        this.buffer[this.offset++] = (num >>> 8) & 0xff;
        this.buffer[this.offset++] = (num >>> 0) & 0xff;
        return this;
    }
    addCString(string) {
        if (!string) {
            this.ensure(1);
        }
        else {
            const len = Buffer.byteLength(string);
            this.ensure(len + 1); // +1 for null terminator
            this.buffer.write(string, this.offset, 'utf-8');
            this.offset += len;
        }
        this.buffer[this.offset++] = 0; // null terminator
        return this;
    }
    addString(string = '') {
        const len = Buffer.byteLength(string);
        this.ensure(len);
        this.buffer.write(string, this.offset);
        this.offset += len;
        return this;
    }
    // Write an Int32 byte-length prefix immediately followed by the string's UTF-8
    // bytes. Postgres' Bind wire format prefixes every parameter with its length,
    // and doing it in one method computes Buffer.byteLength ONCE — the previous
    // `addInt32(Buffer.byteLength(s)).addString(s)` pairing scanned the string
    // three times (byteLength for the prefix, byteLength again inside addString,
    // then the encode), which is costly for large text parameters.
    addInt32PrefixedString(string) {
        const len = Buffer.byteLength(string);
        this.ensure(4 + len);
        const buffer = this.buffer;
        let offset = this.offset;
        buffer[offset++] = (len >>> 24) & 0xff;
        buffer[offset++] = (len >>> 16) & 0xff;
        buffer[offset++] = (len >>> 8) & 0xff;
        buffer[offset++] = (len >>> 0) & 0xff;
        buffer.write(string, offset, 'utf-8');
        this.offset = offset + len;
        return this;
    }
    add(otherBuffer) {
        this.ensure(otherBuffer.length);
        otherBuffer.copy(this.buffer, this.offset);
        this.offset += otherBuffer.length;
        return this;
    }
    /**
     * Appends an uninitialized block of {@link size} bytes to the buffer and returns its offset.
     */
    reserveUnsafe(size) {
        const offset = this.offset;
        this.ensure(size);
        this.offset += size;
        return offset;
    }
    join(code) {
        if (code) {
            this.buffer[this.headerPosition] = code;
            //length is everything in this packet minus the code
            const length = this.offset - (this.headerPosition + 1);
            this.buffer.writeInt32BE(length, this.headerPosition + 1);
        }
        return this.buffer.slice(code ? 0 : 5, this.offset);
    }
    flush(code) {
        const result = this.join(code);
        this.offset = 5;
        this.headerPosition = 0;
        this.buffer = Buffer.allocUnsafe(this.size);
        return result;
    }
    clear() {
        this.offset = 5;
        this.headerPosition = 0;
    }
}
exports.Writer = Writer;
//# sourceMappingURL=buffer-writer.js.map

/***/ }),

/***/ 233:
/***/ ((__unused_webpack_module, exports, __nccwpck_require__) => {


Object.defineProperty(exports, "__esModule", ({ value: true }));
exports.DatabaseError = exports.serialize = void 0;
exports.parse = parse;
const messages_1 = __nccwpck_require__(190);
Object.defineProperty(exports, "DatabaseError", ({ enumerable: true, get: function () { return messages_1.DatabaseError; } }));
const serializer_1 = __nccwpck_require__(513);
Object.defineProperty(exports, "serialize", ({ enumerable: true, get: function () { return serializer_1.serialize; } }));
const parser_1 = __nccwpck_require__(318);
function parse(stream, callback) {
    const parser = new parser_1.Parser();
    stream.on('data', (buffer) => parser.parse(buffer, callback));
    return new Promise((resolve) => stream.on('end', () => resolve()));
}
//# sourceMappingURL=index.js.map

/***/ }),

/***/ 190:
/***/ ((__unused_webpack_module, exports) => {


Object.defineProperty(exports, "__esModule", ({ value: true }));
exports.NoticeMessage = exports.DataRowMessage = exports.CommandCompleteMessage = exports.ReadyForQueryMessage = exports.NotificationResponseMessage = exports.BackendKeyDataMessage = exports.AuthenticationMD5Password = exports.ParameterStatusMessage = exports.ParameterDescriptionMessage = exports.RowDescriptionMessage = exports.Field = exports.CopyResponse = exports.CopyDataMessage = exports.DatabaseError = exports.copyDone = exports.emptyQuery = exports.replicationStart = exports.portalSuspended = exports.noData = exports.closeComplete = exports.bindComplete = exports.parseComplete = void 0;
exports.parseComplete = {
    name: 'parseComplete',
    length: 5,
};
exports.bindComplete = {
    name: 'bindComplete',
    length: 5,
};
exports.closeComplete = {
    name: 'closeComplete',
    length: 5,
};
exports.noData = {
    name: 'noData',
    length: 5,
};
exports.portalSuspended = {
    name: 'portalSuspended',
    length: 5,
};
exports.replicationStart = {
    name: 'replicationStart',
    length: 4,
};
exports.emptyQuery = {
    name: 'emptyQuery',
    length: 4,
};
exports.copyDone = {
    name: 'copyDone',
    length: 4,
};
class DatabaseError extends Error {
    constructor(message, length, name) {
        super(message);
        this.length = length;
        this.name = name;
    }
}
exports.DatabaseError = DatabaseError;
class CopyDataMessage {
    constructor(length, chunk) {
        this.length = length;
        this.chunk = chunk;
        this.name = 'copyData';
    }
}
exports.CopyDataMessage = CopyDataMessage;
class CopyResponse {
    constructor(length, name, binary, columnCount) {
        this.length = length;
        this.name = name;
        this.binary = binary;
        this.columnTypes = new Array(columnCount);
    }
}
exports.CopyResponse = CopyResponse;
class Field {
    constructor(name, tableID, columnID, dataTypeID, dataTypeSize, dataTypeModifier, format) {
        this.name = name;
        this.tableID = tableID;
        this.columnID = columnID;
        this.dataTypeID = dataTypeID;
        this.dataTypeSize = dataTypeSize;
        this.dataTypeModifier = dataTypeModifier;
        this.format = format;
    }
}
exports.Field = Field;
class RowDescriptionMessage {
    constructor(length, fieldCount) {
        this.length = length;
        this.fieldCount = fieldCount;
        this.name = 'rowDescription';
        this.fields = new Array(this.fieldCount);
    }
}
exports.RowDescriptionMessage = RowDescriptionMessage;
class ParameterDescriptionMessage {
    constructor(length, parameterCount) {
        this.length = length;
        this.parameterCount = parameterCount;
        this.name = 'parameterDescription';
        this.dataTypeIDs = new Array(this.parameterCount);
    }
}
exports.ParameterDescriptionMessage = ParameterDescriptionMessage;
class ParameterStatusMessage {
    constructor(length, parameterName, parameterValue) {
        this.length = length;
        this.parameterName = parameterName;
        this.parameterValue = parameterValue;
        this.name = 'parameterStatus';
    }
}
exports.ParameterStatusMessage = ParameterStatusMessage;
class AuthenticationMD5Password {
    constructor(length, salt) {
        this.length = length;
        this.salt = salt;
        this.name = 'authenticationMD5Password';
    }
}
exports.AuthenticationMD5Password = AuthenticationMD5Password;
class BackendKeyDataMessage {
    constructor(length, processID, secretKey) {
        this.length = length;
        this.processID = processID;
        this.secretKey = secretKey;
        this.name = 'backendKeyData';
    }
}
exports.BackendKeyDataMessage = BackendKeyDataMessage;
class NotificationResponseMessage {
    constructor(length, processId, channel, payload) {
        this.length = length;
        this.processId = processId;
        this.channel = channel;
        this.payload = payload;
        this.name = 'notification';
    }
}
exports.NotificationResponseMessage = NotificationResponseMessage;
class ReadyForQueryMessage {
    constructor(length, status) {
        this.length = length;
        this.status = status;
        this.name = 'readyForQuery';
    }
}
exports.ReadyForQueryMessage = ReadyForQueryMessage;
class CommandCompleteMessage {
    constructor(length, text) {
        this.length = length;
        this.text = text;
        this.name = 'commandComplete';
    }
}
exports.CommandCompleteMessage = CommandCompleteMessage;
class DataRowMessage {
    constructor(length, fields) {
        this.length = length;
        this.fields = fields;
        this.name = 'dataRow';
        this.fieldCount = fields.length;
    }
}
exports.DataRowMessage = DataRowMessage;
class NoticeMessage {
    constructor(length, message) {
        this.length = length;
        this.message = message;
        this.name = 'notice';
    }
}
exports.NoticeMessage = NoticeMessage;
//# sourceMappingURL=messages.js.map

/***/ }),

/***/ 318:
/***/ ((__unused_webpack_module, exports, __nccwpck_require__) => {


Object.defineProperty(exports, "__esModule", ({ value: true }));
exports.Parser = void 0;
const messages_1 = __nccwpck_require__(190);
const buffer_reader_1 = __nccwpck_require__(971);
// every message is prefixed with a single byte
const CODE_LENGTH = 1;
// every message has an int32 length which includes itself but does
// NOT include the code in the length
const LEN_LENGTH = 4;
const HEADER_LENGTH = CODE_LENGTH + LEN_LENGTH;
// A placeholder for a `BackendMessage`’s length value that will be set after construction.
const LATEINIT_LENGTH = -1;
const emptyBuffer = Buffer.allocUnsafe(0);
class Parser {
    constructor(opts) {
        this.buffer = emptyBuffer;
        this.bufferLength = 0;
        this.bufferOffset = 0;
        this.reader = new buffer_reader_1.BufferReader();
        if ((opts === null || opts === void 0 ? void 0 : opts.mode) === 'binary') {
            throw new Error('Binary mode not supported yet');
        }
        this.mode = (opts === null || opts === void 0 ? void 0 : opts.mode) || 'text';
    }
    parse(buffer, callback) {
        this.mergeBuffer(buffer);
        const bufferFullLength = this.bufferOffset + this.bufferLength;
        let offset = this.bufferOffset;
        while (offset + HEADER_LENGTH <= bufferFullLength) {
            // code is 1 byte long - it identifies the message type
            const code = this.buffer[offset];
            // length is 1 Uint32BE - it is the length of the message EXCLUDING the code
            const length = this.buffer.readUInt32BE(offset + CODE_LENGTH);
            const fullMessageLength = CODE_LENGTH + length;
            if (fullMessageLength + offset <= bufferFullLength) {
                const message = this.handlePacket(offset + HEADER_LENGTH, code, length, this.buffer);
                callback(message);
                offset += fullMessageLength;
            }
            else {
                break;
            }
        }
        if (offset === bufferFullLength) {
            // No more use for the buffer
            this.buffer = emptyBuffer;
            this.bufferLength = 0;
            this.bufferOffset = 0;
        }
        else {
            // Adjust the cursors of remainingBuffer
            this.bufferLength = bufferFullLength - offset;
            this.bufferOffset = offset;
        }
    }
    mergeBuffer(buffer) {
        if (this.bufferLength > 0) {
            const newLength = this.bufferLength + buffer.byteLength;
            const newFullLength = newLength + this.bufferOffset;
            if (newFullLength > this.buffer.byteLength) {
                // We can't concat the new buffer with the remaining one
                let newBuffer;
                if (newLength <= this.buffer.byteLength && this.bufferOffset >= this.bufferLength) {
                    // We can move the relevant part to the beginning of the buffer instead of allocating a new buffer
                    newBuffer = this.buffer;
                }
                else {
                    // Allocate a new larger buffer
                    let newBufferLength = this.buffer.byteLength * 2;
                    while (newLength >= newBufferLength) {
                        newBufferLength *= 2;
                    }
                    newBuffer = Buffer.allocUnsafe(newBufferLength);
                }
                // Move the remaining buffer to the new one
                this.buffer.copy(newBuffer, 0, this.bufferOffset, this.bufferOffset + this.bufferLength);
                this.buffer = newBuffer;
                this.bufferOffset = 0;
            }
            // Concat the new buffer with the remaining one
            buffer.copy(this.buffer, this.bufferOffset + this.bufferLength);
            this.bufferLength = newLength;
        }
        else {
            this.buffer = buffer;
            this.bufferOffset = 0;
            this.bufferLength = buffer.byteLength;
        }
    }
    handlePacket(offset, code, length, bytes) {
        const { reader } = this;
        // NOTE: This undesirably retains the buffer in `this.reader` if the `parse*Message` calls below throw. However, those should only throw in the case of a protocol error, which normally results in the reader being discarded.
        reader.setBuffer(offset, bytes);
        let message;
        switch (code) {
            case 50 /* MessageCodes.BindComplete */:
                message = messages_1.bindComplete;
                break;
            case 49 /* MessageCodes.ParseComplete */:
                message = messages_1.parseComplete;
                break;
            case 51 /* MessageCodes.CloseComplete */:
                message = messages_1.closeComplete;
                break;
            case 110 /* MessageCodes.NoData */:
                message = messages_1.noData;
                break;
            case 115 /* MessageCodes.PortalSuspended */:
                message = messages_1.portalSuspended;
                break;
            case 99 /* MessageCodes.CopyDone */:
                message = messages_1.copyDone;
                break;
            case 87 /* MessageCodes.ReplicationStart */:
                message = messages_1.replicationStart;
                break;
            case 73 /* MessageCodes.EmptyQuery */:
                message = messages_1.emptyQuery;
                break;
            case 68 /* MessageCodes.DataRow */:
                message = parseDataRowMessage(reader);
                break;
            case 67 /* MessageCodes.CommandComplete */:
                message = parseCommandCompleteMessage(reader);
                break;
            case 90 /* MessageCodes.ReadyForQuery */:
                message = parseReadyForQueryMessage(reader);
                break;
            case 65 /* MessageCodes.NotificationResponse */:
                message = parseNotificationMessage(reader);
                break;
            case 82 /* MessageCodes.AuthenticationResponse */:
                message = parseAuthenticationResponse(reader, length);
                break;
            case 83 /* MessageCodes.ParameterStatus */:
                message = parseParameterStatusMessage(reader);
                break;
            case 75 /* MessageCodes.BackendKeyData */:
                message = parseBackendKeyData(reader);
                break;
            case 69 /* MessageCodes.ErrorMessage */:
                message = parseErrorMessage(reader, 'error');
                break;
            case 78 /* MessageCodes.NoticeMessage */:
                message = parseErrorMessage(reader, 'notice');
                break;
            case 84 /* MessageCodes.RowDescriptionMessage */:
                message = parseRowDescriptionMessage(reader);
                break;
            case 116 /* MessageCodes.ParameterDescriptionMessage */:
                message = parseParameterDescriptionMessage(reader);
                break;
            case 71 /* MessageCodes.CopyIn */:
                message = parseCopyInMessage(reader);
                break;
            case 72 /* MessageCodes.CopyOut */:
                message = parseCopyOutMessage(reader);
                break;
            case 100 /* MessageCodes.CopyData */:
                message = parseCopyData(reader, length);
                break;
            default:
                return new messages_1.DatabaseError('received invalid response: ' + code.toString(16), length, 'error');
        }
        reader.setBuffer(0, emptyBuffer);
        message.length = length;
        return message;
    }
}
exports.Parser = Parser;
const parseReadyForQueryMessage = (reader) => {
    const status = reader.string(1);
    return new messages_1.ReadyForQueryMessage(LATEINIT_LENGTH, status);
};
const parseCommandCompleteMessage = (reader) => {
    const text = reader.cstring();
    return new messages_1.CommandCompleteMessage(LATEINIT_LENGTH, text);
};
const parseCopyData = (reader, length) => {
    const chunk = reader.bytes(length - 4);
    return new messages_1.CopyDataMessage(LATEINIT_LENGTH, chunk);
};
const parseCopyInMessage = (reader) => parseCopyMessage(reader, 'copyInResponse');
const parseCopyOutMessage = (reader) => parseCopyMessage(reader, 'copyOutResponse');
const parseCopyMessage = (reader, messageName) => {
    const isBinary = reader.byte() !== 0;
    const columnCount = reader.int16();
    const message = new messages_1.CopyResponse(LATEINIT_LENGTH, messageName, isBinary, columnCount);
    for (let i = 0; i < columnCount; i++) {
        message.columnTypes[i] = reader.int16();
    }
    return message;
};
const parseNotificationMessage = (reader) => {
    const processId = reader.int32();
    const channel = reader.cstring();
    const payload = reader.cstring();
    return new messages_1.NotificationResponseMessage(LATEINIT_LENGTH, processId, channel, payload);
};
const parseRowDescriptionMessage = (reader) => {
    const fieldCount = reader.int16();
    const message = new messages_1.RowDescriptionMessage(LATEINIT_LENGTH, fieldCount);
    for (let i = 0; i < fieldCount; i++) {
        message.fields[i] = parseField(reader);
    }
    return message;
};
const parseField = (reader) => {
    const name = reader.cstring();
    const tableID = reader.uint32();
    const columnID = reader.int16();
    const dataTypeID = reader.uint32();
    const dataTypeSize = reader.int16();
    const dataTypeModifier = reader.int32();
    const mode = reader.int16() === 0 ? 'text' : 'binary';
    return new messages_1.Field(name, tableID, columnID, dataTypeID, dataTypeSize, dataTypeModifier, mode);
};
const parseParameterDescriptionMessage = (reader) => {
    const parameterCount = reader.int16();
    const message = new messages_1.ParameterDescriptionMessage(LATEINIT_LENGTH, parameterCount);
    for (let i = 0; i < parameterCount; i++) {
        // OIDs are unsigned, same as dataTypeID in parseField above
        message.dataTypeIDs[i] = reader.uint32();
    }
    return message;
};
const parseDataRowMessage = (reader) => {
    const fieldCount = reader.int16();
    const fields = new Array(fieldCount);
    for (let i = 0; i < fieldCount; i++) {
        const len = reader.int32();
        // a -1 for length means the value of the field is null
        fields[i] = len === -1 ? null : reader.string(len);
    }
    return new messages_1.DataRowMessage(LATEINIT_LENGTH, fields);
};
const parseParameterStatusMessage = (reader) => {
    const name = reader.cstring();
    const value = reader.cstring();
    return new messages_1.ParameterStatusMessage(LATEINIT_LENGTH, name, value);
};
const parseBackendKeyData = (reader) => {
    const processID = reader.int32();
    const secretKey = reader.int32();
    return new messages_1.BackendKeyDataMessage(LATEINIT_LENGTH, processID, secretKey);
};
const parseAuthenticationResponse = (reader, length) => {
    const code = reader.int32();
    // TODO(bmc): maybe better types here
    const message = {
        name: 'authenticationOk',
        length,
    };
    switch (code) {
        case 0: // AuthenticationOk
            break;
        case 3: // AuthenticationCleartextPassword
            if (message.length === 8) {
                message.name = 'authenticationCleartextPassword';
            }
            break;
        case 5: // AuthenticationMD5Password
            if (message.length === 12) {
                message.name = 'authenticationMD5Password';
                const salt = reader.bytes(4);
                return new messages_1.AuthenticationMD5Password(LATEINIT_LENGTH, salt);
            }
            break;
        case 10: // AuthenticationSASL
            {
                message.name = 'authenticationSASL';
                message.mechanisms = [];
                let mechanism;
                do {
                    mechanism = reader.cstring();
                    if (mechanism) {
                        message.mechanisms.push(mechanism);
                    }
                } while (mechanism);
            }
            break;
        case 11: // AuthenticationSASLContinue
            message.name = 'authenticationSASLContinue';
            message.data = reader.string(length - 8);
            break;
        case 12: // AuthenticationSASLFinal
            message.name = 'authenticationSASLFinal';
            message.data = reader.string(length - 8);
            break;
        default:
            throw new Error('Unknown authenticationOk message type ' + code);
    }
    return message;
};
const parseErrorMessage = (reader, name) => {
    const fields = {};
    let fieldType = reader.string(1);
    while (fieldType !== '\0') {
        fields[fieldType] = reader.cstring();
        fieldType = reader.string(1);
    }
    const messageValue = fields.M;
    const message = name === 'notice'
        ? new messages_1.NoticeMessage(LATEINIT_LENGTH, messageValue)
        : new messages_1.DatabaseError(messageValue, LATEINIT_LENGTH, name);
    message.severity = fields.S;
    message.code = fields.C;
    message.detail = fields.D;
    message.hint = fields.H;
    message.position = fields.P;
    message.internalPosition = fields.p;
    message.internalQuery = fields.q;
    message.where = fields.W;
    message.schema = fields.s;
    message.table = fields.t;
    message.column = fields.c;
    message.dataType = fields.d;
    message.constraint = fields.n;
    message.file = fields.F;
    message.line = fields.L;
    message.routine = fields.R;
    return message;
};
//# sourceMappingURL=parser.js.map

/***/ }),

/***/ 513:
/***/ ((__unused_webpack_module, exports, __nccwpck_require__) => {


Object.defineProperty(exports, "__esModule", ({ value: true }));
exports.serialize = void 0;
const buffer_writer_1 = __nccwpck_require__(315);
const writer = new buffer_writer_1.Writer();
const startup = (opts) => {
    // protocol version
    writer.addInt16(3).addInt16(0);
    for (const key of Object.keys(opts)) {
        writer.addCString(key).addCString(opts[key]);
    }
    writer.addCString('client_encoding').addCString('UTF8');
    const bodyBuffer = writer.addCString('').flush();
    // this message is sent without a code
    const length = bodyBuffer.length + 4;
    return new buffer_writer_1.Writer().addInt32(length).add(bodyBuffer).flush();
};
const requestSsl = () => {
    const response = Buffer.allocUnsafe(8);
    response.writeInt32BE(8, 0);
    response.writeInt32BE(80877103, 4);
    return response;
};
const password = (password) => {
    return writer.addCString(password).flush(112 /* code.startup */);
};
const sendSASLInitialResponseMessage = function (mechanism, initialResponse) {
    // 0x70 = 'p'
    writer.addCString(mechanism).addInt32PrefixedString(initialResponse);
    return writer.flush(112 /* code.startup */);
};
const sendSCRAMClientFinalMessage = function (additionalData) {
    return writer.addString(additionalData).flush(112 /* code.startup */);
};
const query = (text) => {
    return writer.addCString(text).flush(81 /* code.query */);
};
const emptyArray = [];
const parse = (query) => {
    // expect something like this:
    // { name: 'queryName',
    //   text: 'select * from blah',
    //   types: ['int8', 'bool'] }
    // normalize missing query names to allow for null
    const name = query.name || '';
    if (name.length > 63) {
        console.error('Warning! Postgres only supports 63 characters for query names.');
        console.error('You supplied %s (%s)', name, name.length);
        console.error('This can cause conflicts and silent errors executing queries');
    }
    const types = query.types || emptyArray;
    const len = types.length;
    const buffer = writer
        .addCString(name) // name of query
        .addCString(query.text) // actual query text
        .addInt16(len);
    for (let i = 0; i < len; i++) {
        buffer.addInt32(types[i]);
    }
    return writer.flush(80 /* code.parse */);
};
const writeValues = function (values, valueMapper, formatsOffset) {
    const len = values.length;
    for (let i = 0; i < len; i++) {
        const mappedVal = valueMapper ? valueMapper(values[i], i) : values[i];
        let formatByte = 0 /* ParamType.STRING */;
        if (mappedVal == null) {
            // write -1 to indicate null
            writer.addInt32(-1);
        }
        else if (mappedVal instanceof Buffer) {
            formatByte = 1 /* ParamType.BINARY */;
            // add the buffer to the param writer
            writer.addInt32(mappedVal.length);
            writer.add(mappedVal);
        }
        else {
            // length prefix + UTF-8 bytes in one pass (Buffer.byteLength computed once)
            writer.addInt32PrefixedString(mappedVal);
        }
        // beware: `writer` operations can replace `writer.buffer` with a new buffer
        const buf = writer.buffer;
        buf[formatsOffset++] = 0;
        buf[formatsOffset++] = formatByte;
    }
};
const bind = (config = {}) => {
    // normalize config
    const portal = config.portal || '';
    const statement = config.statement || '';
    const binary = config.binary || false;
    const values = config.values || emptyArray;
    const len = values.length;
    writer.addCString(portal).addCString(statement);
    // number of parameter format codes
    writer.addInt16(len);
    // space for those codes, filled by `writeValues`
    const formatsOffset = writer.reserveUnsafe(len * 2);
    // number of parameter values
    writer.addInt16(len);
    try {
        writeValues(values, config.valueMapper, formatsOffset);
    }
    catch (err) {
        writer.clear();
        throw err;
    }
    // all results use the same format code
    writer.addInt16(1);
    // format code
    writer.addInt16(binary ? 1 /* ParamType.BINARY */ : 0 /* ParamType.STRING */);
    return writer.flush(66 /* code.bind */);
};
const emptyExecute = Buffer.from([69 /* code.execute */, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00]);
const execute = (config) => {
    // this is the happy path for most queries
    if (!config || (!config.portal && !config.rows)) {
        return emptyExecute;
    }
    const portal = config.portal || '';
    const rows = config.rows || 0;
    const portalLength = Buffer.byteLength(portal);
    const len = 4 + portalLength + 1 + 4;
    // one extra bit for code
    const buff = Buffer.allocUnsafe(1 + len);
    buff[0] = 69 /* code.execute */;
    buff.writeInt32BE(len, 1);
    buff.write(portal, 5, 'utf-8');
    buff[portalLength + 5] = 0; // null terminate portal cString
    buff.writeUInt32BE(rows, buff.length - 4);
    return buff;
};
const cancel = (processID, secretKey) => {
    const buffer = Buffer.allocUnsafe(16);
    buffer.writeInt32BE(16, 0);
    buffer.writeInt16BE(1234, 4);
    buffer.writeInt16BE(5678, 6);
    buffer.writeInt32BE(processID, 8);
    buffer.writeInt32BE(secretKey, 12);
    return buffer;
};
const cstringMessage = (code, string) => {
    const stringLen = Buffer.byteLength(string);
    const len = 4 + stringLen + 1;
    // one extra bit for code
    const buffer = Buffer.allocUnsafe(1 + len);
    buffer[0] = code;
    buffer.writeInt32BE(len, 1);
    buffer.write(string, 5, 'utf-8');
    buffer[len] = 0; // null terminate cString
    return buffer;
};
const emptyDescribePortal = writer.addCString('P').flush(68 /* code.describe */);
const emptyDescribeStatement = writer.addCString('S').flush(68 /* code.describe */);
const describe = (msg) => {
    return msg.name
        ? cstringMessage(68 /* code.describe */, `${msg.type}${msg.name || ''}`)
        : msg.type === 'P'
            ? emptyDescribePortal
            : emptyDescribeStatement;
};
const close = (msg) => {
    const text = `${msg.type}${msg.name || ''}`;
    return cstringMessage(67 /* code.close */, text);
};
const copyData = (chunk) => {
    return writer.add(chunk).flush(100 /* code.copyFromChunk */);
};
const copyFail = (message) => {
    return cstringMessage(102 /* code.copyFail */, message);
};
const codeOnlyBuffer = (code) => Buffer.from([code, 0x00, 0x00, 0x00, 0x04]);
const flushBuffer = codeOnlyBuffer(72 /* code.flush */);
const syncBuffer = codeOnlyBuffer(83 /* code.sync */);
const endBuffer = codeOnlyBuffer(88 /* code.end */);
const copyDoneBuffer = codeOnlyBuffer(99 /* code.copyDone */);
const serialize = {
    startup,
    password,
    requestSsl,
    sendSASLInitialResponseMessage,
    sendSCRAMClientFinalMessage,
    query,
    parse,
    bind,
    execute,
    describe,
    close,
    flush: () => flushBuffer,
    sync: () => syncBuffer,
    end: () => endBuffer,
    copyData,
    copyDone: () => copyDoneBuffer,
    copyFail,
    cancel,
};
exports.serialize = serialize;
//# sourceMappingURL=serializer.js.map

/***/ }),

/***/ 549:
/***/ ((__unused_webpack_module, exports, __nccwpck_require__) => {

var textParsers = __nccwpck_require__(784);
var binaryParsers = __nccwpck_require__(522);
var arrayParser = __nccwpck_require__(471);
var builtinTypes = __nccwpck_require__(345);

exports.getTypeParser = getTypeParser;
exports.setTypeParser = setTypeParser;
exports.arrayParser = arrayParser;
exports.builtins = builtinTypes;

var typeParsers = {
  text: {},
  binary: {}
};

//the empty parse function
function noParse (val) {
  return String(val);
};

//returns a function used to convert a specific type (specified by
//oid) into a result javascript type
//note: the oid can be obtained via the following sql query:
//SELECT oid FROM pg_type WHERE typname = 'TYPE_NAME_HERE';
function getTypeParser (oid, format) {
  format = format || 'text';
  if (!typeParsers[format]) {
    return noParse;
  }
  return typeParsers[format][oid] || noParse;
};

function setTypeParser (oid, format, parseFn) {
  if(typeof format == 'function') {
    parseFn = format;
    format = 'text';
  }
  typeParsers[format][oid] = parseFn;
};

textParsers.init(function(oid, converter) {
  typeParsers.text[oid] = converter;
});

binaryParsers.init(function(oid, converter) {
  typeParsers.binary[oid] = converter;
});


/***/ }),

/***/ 471:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {

var array = __nccwpck_require__(879);

module.exports = {
  create: function (source, transform) {
    return {
      parse: function() {
        return array.parse(source, transform);
      }
    };
  }
};


/***/ }),

/***/ 522:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {

var parseInt64 = __nccwpck_require__(299);

var parseBits = function(data, bits, offset, invert, callback) {
  offset = offset || 0;
  invert = invert || false;
  callback = callback || function(lastValue, newValue, bits) { return (lastValue * Math.pow(2, bits)) + newValue; };
  var offsetBytes = offset >> 3;

  var inv = function(value) {
    if (invert) {
      return ~value & 0xff;
    }

    return value;
  };

  // read first (maybe partial) byte
  var mask = 0xff;
  var firstBits = 8 - (offset % 8);
  if (bits < firstBits) {
    mask = (0xff << (8 - bits)) & 0xff;
    firstBits = bits;
  }

  if (offset) {
    mask = mask >> (offset % 8);
  }

  var result = 0;
  if ((offset % 8) + bits >= 8) {
    result = callback(0, inv(data[offsetBytes]) & mask, firstBits);
  }

  // read bytes
  var bytes = (bits + offset) >> 3;
  for (var i = offsetBytes + 1; i < bytes; i++) {
    result = callback(result, inv(data[i]), 8);
  }

  // bits to read, that are not a complete byte
  var lastBits = (bits + offset) % 8;
  if (lastBits > 0) {
    result = callback(result, inv(data[bytes]) >> (8 - lastBits), lastBits);
  }

  return result;
};

var parseFloatFromBits = function(data, precisionBits, exponentBits) {
  var bias = Math.pow(2, exponentBits - 1) - 1;
  var sign = parseBits(data, 1);
  var exponent = parseBits(data, exponentBits, 1);

  if (exponent === 0) {
    return 0;
  }

  // parse mantissa
  var precisionBitsCounter = 1;
  var parsePrecisionBits = function(lastValue, newValue, bits) {
    if (lastValue === 0) {
      lastValue = 1;
    }

    for (var i = 1; i <= bits; i++) {
      precisionBitsCounter /= 2;
      if ((newValue & (0x1 << (bits - i))) > 0) {
        lastValue += precisionBitsCounter;
      }
    }

    return lastValue;
  };

  var mantissa = parseBits(data, precisionBits, exponentBits + 1, false, parsePrecisionBits);

  // special cases
  if (exponent == (Math.pow(2, exponentBits + 1) - 1)) {
    if (mantissa === 0) {
      return (sign === 0) ? Infinity : -Infinity;
    }

    return NaN;
  }

  // normale number
  return ((sign === 0) ? 1 : -1) * Math.pow(2, exponent - bias) * mantissa;
};

var parseInt16 = function(value) {
  if (parseBits(value, 1) == 1) {
    return -1 * (parseBits(value, 15, 1, true) + 1);
  }

  return parseBits(value, 15, 1);
};

var parseInt32 = function(value) {
  if (parseBits(value, 1) == 1) {
    return -1 * (parseBits(value, 31, 1, true) + 1);
  }

  return parseBits(value, 31, 1);
};

var parseFloat32 = function(value) {
  return parseFloatFromBits(value, 23, 8);
};

var parseFloat64 = function(value) {
  return parseFloatFromBits(value, 52, 11);
};

var parseNumeric = function(value) {
  var sign = parseBits(value, 16, 32);
  if (sign == 0xc000) {
    return NaN;
  }

  var weight = Math.pow(10000, parseBits(value, 16, 16));
  var result = 0;

  var digits = [];
  var ndigits = parseBits(value, 16);
  for (var i = 0; i < ndigits; i++) {
    result += parseBits(value, 16, 64 + (16 * i)) * weight;
    weight /= 10000;
  }

  var scale = Math.pow(10, parseBits(value, 16, 48));
  return ((sign === 0) ? 1 : -1) * Math.round(result * scale) / scale;
};

var parseDate = function(isUTC, value) {
  var sign = parseBits(value, 1);
  var rawValue = parseBits(value, 63, 1);

  // discard usecs and shift from 2000 to 1970
  var result = new Date((((sign === 0) ? 1 : -1) * rawValue / 1000) + 946684800000);

  if (!isUTC) {
    result.setTime(result.getTime() + result.getTimezoneOffset() * 60000);
  }

  // add microseconds to the date
  result.usec = rawValue % 1000;
  result.getMicroSeconds = function() {
    return this.usec;
  };
  result.setMicroSeconds = function(value) {
    this.usec = value;
  };
  result.getUTCMicroSeconds = function() {
    return this.usec;
  };

  return result;
};

var parseArray = function(value) {
  var dim = parseBits(value, 32);

  var flags = parseBits(value, 32, 32);
  var elementType = parseBits(value, 32, 64);

  var offset = 96;
  var dims = [];
  for (var i = 0; i < dim; i++) {
    // parse dimension
    dims[i] = parseBits(value, 32, offset);
    offset += 32;

    // ignore lower bounds
    offset += 32;
  }

  var parseElement = function(elementType) {
    // parse content length
    var length = parseBits(value, 32, offset);
    offset += 32;

    // parse null values
    if (length == 0xffffffff) {
      return null;
    }

    var result;
    if ((elementType == 0x17) || (elementType == 0x14)) {
      // int/bigint
      result = parseBits(value, length * 8, offset);
      offset += length * 8;
      return result;
    }
    else if (elementType == 0x19) {
      // string
      result = value.toString(this.encoding, offset >> 3, (offset += (length << 3)) >> 3);
      return result;
    }
    else {
      console.log("ERROR: ElementType not implemented: " + elementType);
    }
  };

  var parse = function(dimension, elementType) {
    var array = [];
    var i;

    if (dimension.length > 1) {
      var count = dimension.shift();
      for (i = 0; i < count; i++) {
        array[i] = parse(dimension, elementType);
      }
      dimension.unshift(count);
    }
    else {
      for (i = 0; i < dimension[0]; i++) {
        array[i] = parseElement(elementType);
      }
    }

    return array;
  };

  return parse(dims, elementType);
};

var parseText = function(value) {
  return value.toString('utf8');
};

var parseBool = function(value) {
  if(value === null) return null;
  return (parseBits(value, 8) > 0);
};

var init = function(register) {
  register(20, parseInt64);
  register(21, parseInt16);
  register(23, parseInt32);
  register(26, parseInt32);
  register(1700, parseNumeric);
  register(700, parseFloat32);
  register(701, parseFloat64);
  register(16, parseBool);
  register(1114, parseDate.bind(null, false));
  register(1184, parseDate.bind(null, true));
  register(1000, parseArray);
  register(1007, parseArray);
  register(1016, parseArray);
  register(1008, parseArray);
  register(1009, parseArray);
  register(25, parseText);
};

module.exports = {
  init: init
};


/***/ }),

/***/ 345:
/***/ ((module) => {

/**
 * Following query was used to generate this file:

 SELECT json_object_agg(UPPER(PT.typname), PT.oid::int4 ORDER BY pt.oid)
 FROM pg_type PT
 WHERE typnamespace = (SELECT pgn.oid FROM pg_namespace pgn WHERE nspname = 'pg_catalog') -- Take only builting Postgres types with stable OID (extension types are not guaranted to be stable)
 AND typtype = 'b' -- Only basic types
 AND typelem = 0 -- Ignore aliases
 AND typisdefined -- Ignore undefined types
 */

module.exports = {
    BOOL: 16,
    BYTEA: 17,
    CHAR: 18,
    INT8: 20,
    INT2: 21,
    INT4: 23,
    REGPROC: 24,
    TEXT: 25,
    OID: 26,
    TID: 27,
    XID: 28,
    CID: 29,
    JSON: 114,
    XML: 142,
    PG_NODE_TREE: 194,
    SMGR: 210,
    PATH: 602,
    POLYGON: 604,
    CIDR: 650,
    FLOAT4: 700,
    FLOAT8: 701,
    ABSTIME: 702,
    RELTIME: 703,
    TINTERVAL: 704,
    CIRCLE: 718,
    MACADDR8: 774,
    MONEY: 790,
    MACADDR: 829,
    INET: 869,
    ACLITEM: 1033,
    BPCHAR: 1042,
    VARCHAR: 1043,
    DATE: 1082,
    TIME: 1083,
    TIMESTAMP: 1114,
    TIMESTAMPTZ: 1184,
    INTERVAL: 1186,
    TIMETZ: 1266,
    BIT: 1560,
    VARBIT: 1562,
    NUMERIC: 1700,
    REFCURSOR: 1790,
    REGPROCEDURE: 2202,
    REGOPER: 2203,
    REGOPERATOR: 2204,
    REGCLASS: 2205,
    REGTYPE: 2206,
    UUID: 2950,
    TXID_SNAPSHOT: 2970,
    PG_LSN: 3220,
    PG_NDISTINCT: 3361,
    PG_DEPENDENCIES: 3402,
    TSVECTOR: 3614,
    TSQUERY: 3615,
    GTSVECTOR: 3642,
    REGCONFIG: 3734,
    REGDICTIONARY: 3769,
    JSONB: 3802,
    REGNAMESPACE: 4089,
    REGROLE: 4096
};


/***/ }),

/***/ 784:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {

var array = __nccwpck_require__(879)
var arrayParser = __nccwpck_require__(471);
var parseDate = __nccwpck_require__(690);
var parseInterval = __nccwpck_require__(755);
var parseByteA = __nccwpck_require__(463);

function allowNull (fn) {
  return function nullAllowed (value) {
    if (value === null) return value
    return fn(value)
  }
}

function parseBool (value) {
  if (value === null) return value
  return value === 'TRUE' ||
    value === 't' ||
    value === 'true' ||
    value === 'y' ||
    value === 'yes' ||
    value === 'on' ||
    value === '1';
}

function parseBoolArray (value) {
  if (!value) return null
  return array.parse(value, parseBool)
}

function parseBaseTenInt (string) {
  return parseInt(string, 10)
}

function parseIntegerArray (value) {
  if (!value) return null
  return array.parse(value, allowNull(parseBaseTenInt))
}

function parseBigIntegerArray (value) {
  if (!value) return null
  return array.parse(value, allowNull(function (entry) {
    return parseBigInteger(entry).trim()
  }))
}

var parsePointArray = function(value) {
  if(!value) { return null; }
  var p = arrayParser.create(value, function(entry) {
    if(entry !== null) {
      entry = parsePoint(entry);
    }
    return entry;
  });

  return p.parse();
};

var parseFloatArray = function(value) {
  if(!value) { return null; }
  var p = arrayParser.create(value, function(entry) {
    if(entry !== null) {
      entry = parseFloat(entry);
    }
    return entry;
  });

  return p.parse();
};

var parseStringArray = function(value) {
  if(!value) { return null; }

  var p = arrayParser.create(value);
  return p.parse();
};

var parseDateArray = function(value) {
  if (!value) { return null; }

  var p = arrayParser.create(value, function(entry) {
    if (entry !== null) {
      entry = parseDate(entry);
    }
    return entry;
  });

  return p.parse();
};

var parseIntervalArray = function(value) {
  if (!value) { return null; }

  var p = arrayParser.create(value, function(entry) {
    if (entry !== null) {
      entry = parseInterval(entry);
    }
    return entry;
  });

  return p.parse();
};

var parseByteAArray = function(value) {
  if (!value) { return null; }

  return array.parse(value, allowNull(parseByteA));
};

var parseInteger = function(value) {
  return parseInt(value, 10);
};

var parseBigInteger = function(value) {
  var valStr = String(value);
  if (/^\d+$/.test(valStr)) { return valStr; }
  return value;
};

var parseJsonArray = function(value) {
  if (!value) { return null; }

  return array.parse(value, allowNull(JSON.parse));
};

var parsePoint = function(value) {
  if (value[0] !== '(') { return null; }

  value = value.substring( 1, value.length - 1 ).split(',');

  return {
    x: parseFloat(value[0])
  , y: parseFloat(value[1])
  };
};

var parseCircle = function(value) {
  if (value[0] !== '<' && value[1] !== '(') { return null; }

  var point = '(';
  var radius = '';
  var pointParsed = false;
  for (var i = 2; i < value.length - 1; i++){
    if (!pointParsed) {
      point += value[i];
    }

    if (value[i] === ')') {
      pointParsed = true;
      continue;
    } else if (!pointParsed) {
      continue;
    }

    if (value[i] === ','){
      continue;
    }

    radius += value[i];
  }
  var result = parsePoint(point);
  result.radius = parseFloat(radius);

  return result;
};

var init = function(register) {
  register(20, parseBigInteger); // int8
  register(21, parseInteger); // int2
  register(23, parseInteger); // int4
  register(26, parseInteger); // oid
  register(700, parseFloat); // float4/real
  register(701, parseFloat); // float8/double
  register(16, parseBool);
  register(1082, parseDate); // date
  register(1114, parseDate); // timestamp without timezone
  register(1184, parseDate); // timestamp
  register(600, parsePoint); // point
  register(651, parseStringArray); // cidr[]
  register(718, parseCircle); // circle
  register(1000, parseBoolArray);
  register(1001, parseByteAArray);
  register(1005, parseIntegerArray); // _int2
  register(1007, parseIntegerArray); // _int4
  register(1028, parseIntegerArray); // oid[]
  register(1016, parseBigIntegerArray); // _int8
  register(1017, parsePointArray); // point[]
  register(1021, parseFloatArray); // _float4
  register(1022, parseFloatArray); // _float8
  register(1231, parseFloatArray); // _numeric
  register(1014, parseStringArray); //char
  register(1015, parseStringArray); //varchar
  register(1008, parseStringArray);
  register(1009, parseStringArray);
  register(1040, parseStringArray); // macaddr[]
  register(1041, parseStringArray); // inet[]
  register(1115, parseDateArray); // timestamp without time zone[]
  register(1182, parseDateArray); // _date
  register(1185, parseDateArray); // timestamp with time zone[]
  register(1186, parseInterval);
  register(1187, parseIntervalArray);
  register(17, parseByteA);
  register(114, JSON.parse.bind(JSON)); // json
  register(3802, JSON.parse.bind(JSON)); // jsonb
  register(199, parseJsonArray); // json[]
  register(3807, parseJsonArray); // jsonb[]
  register(3907, parseStringArray); // numrange[]
  register(2951, parseStringArray); // uuid[]
  register(791, parseStringArray); // money[]
  register(1183, parseStringArray); // time[]
  register(1270, parseStringArray); // timetz[]
};

module.exports = {
  init: init
};


/***/ }),

/***/ 42:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {

const EventEmitter = (__nccwpck_require__(434).EventEmitter)
const utils = __nccwpck_require__(652)
const nodeUtils = __nccwpck_require__(23)
const sasl = __nccwpck_require__(948)
const TypeOverrides = __nccwpck_require__(365)

const ConnectionParameters = __nccwpck_require__(646)
const Query = __nccwpck_require__(473)
const defaults = __nccwpck_require__(995)
const Connection = __nccwpck_require__(809)
const crypto = __nccwpck_require__(150)

const activeQueryDeprecationNotice = nodeUtils.deprecate(
  () => {},
  'Client.activeQuery is deprecated and will be removed in pg@9.0'
)

const queryQueueDeprecationNotice = nodeUtils.deprecate(
  () => {},
  'Client.queryQueue is deprecated and will be removed in pg@9.0.'
)

const pgPassDeprecationNotice = nodeUtils.deprecate(
  () => {},
  'pgpass support is deprecated and will be removed in pg@9.0. ' +
    'You can provide an async function as the password property to the Client/Pool constructor that returns a password instead. Within this function you can call the pgpass module in your own code.'
)

const byoPromiseDeprecationNotice = nodeUtils.deprecate(
  () => {},
  'Passing a custom Promise implementation to the Client/Pool constructor is deprecated and will be removed in pg@9.0.'
)

const queryQueueLengthDeprecationNotice = nodeUtils.deprecate(
  () => {},
  'Calling client.query() when the client is already executing a query is deprecated and will be removed in pg@9.0. Use async/await or an external async flow control mechanism instead.'
)

function coerceNumberOrDefault(value, defaultValue) {
  if (typeof value === 'number') {
    return Number.isFinite(value) ? value : defaultValue
  }
  if (typeof value === 'string' && value.trim() !== '') {
    const n = Number(value)
    return Number.isFinite(n) ? n : defaultValue
  }
  return defaultValue
}

class Client extends EventEmitter {
  constructor(config) {
    super()

    this.connectionParameters = new ConnectionParameters(config)
    this.user = this.connectionParameters.user
    this.database = this.connectionParameters.database
    this.port = this.connectionParameters.port
    this.host = this.connectionParameters.host

    // "hiding" the password so it doesn't show up in stack traces
    // or if the client is console.logged
    Object.defineProperty(this, 'password', {
      configurable: true,
      enumerable: false,
      writable: true,
      value: this.connectionParameters.password,
    })

    this.replication = this.connectionParameters.replication

    const c = config || {}

    if (c.Promise) {
      byoPromiseDeprecationNotice()
    }
    this._Promise = c.Promise || global.Promise
    this._types = new TypeOverrides(c.types)
    this._ending = false
    this._ended = false
    this._connecting = false
    this._connected = false
    this._connectionError = false
    this._queryable = true
    this._activeQuery = null
    this._txStatus = null

    this.enableChannelBinding = Boolean(c.enableChannelBinding) // set true to use SCRAM-SHA-256-PLUS when offered
    this.scramMaxIterations = coerceNumberOrDefault(c.scramMaxIterations, sasl.DEFAULT_MAX_SCRAM_ITERATIONS)
    this.connection =
      c.connection ||
      new Connection({
        stream: c.stream,
        ssl: this.connectionParameters.ssl,
        sslNegotiation: this.connectionParameters.sslnegotiation,
        keepAlive: c.keepAlive || false,
        keepAliveInitialDelayMillis: c.keepAliveInitialDelayMillis || 0,
        encoding: this.connectionParameters.client_encoding || 'utf8',
      })
    this._queryQueue = []
    this._sentQueryQueue = []
    this.pipeline = Boolean(c.pipeline)
    this.binary = c.binary || defaults.binary
    this.processID = null
    this.secretKey = null
    this.ssl = this.connectionParameters.ssl || false
    this.sslNegotiation = this.connectionParameters.sslnegotiation || 'postgres'
    // As with Password, make SSL->Key (the private key) non-enumerable.
    // It won't show up in stack traces
    // or if the client is console.logged
    if (this.ssl && this.ssl.key) {
      Object.defineProperty(this.ssl, 'key', {
        enumerable: false,
      })
    }

    this._connectionTimeoutMillis = c.connectionTimeoutMillis || 0
  }

  get activeQuery() {
    activeQueryDeprecationNotice()
    return this._activeQuery
  }

  set activeQuery(val) {
    activeQueryDeprecationNotice()
    this._activeQuery = val
  }

  _getActiveQuery() {
    return this._activeQuery
  }

  _errorAllQueries(err) {
    const enqueueError = (query) => {
      process.nextTick(() => {
        query.handleError(err, this.connection)
      })
    }

    const activeQuery = this._getActiveQuery()
    if (activeQuery) {
      enqueueError(activeQuery)
      this._activeQuery = null
    }

    this._sentQueryQueue.forEach(enqueueError)
    this._sentQueryQueue.length = 0

    this._queryQueue.forEach(enqueueError)
    this._queryQueue.length = 0
  }

  _connect(callback) {
    const self = this
    const con = this.connection
    this._connectionCallback = callback

    if (this._connecting || this._connected) {
      const err = new Error('Client has already been connected. You cannot reuse a client.')
      process.nextTick(() => {
        callback(err)
      })
      return
    }
    this._connecting = true

    if (this._connectionTimeoutMillis > 0) {
      this.connectionTimeoutHandle = setTimeout(() => {
        con._ending = true
        con.stream.destroy(new Error('timeout expired'))
      }, this._connectionTimeoutMillis)

      if (this.connectionTimeoutHandle.unref) {
        this.connectionTimeoutHandle.unref()
      }
    }

    if (this.host && this.host.indexOf('/') === 0) {
      con.connect(this.host + '/.s.PGSQL.' + this.port)
    } else {
      con.connect(this.port, this.host)
    }

    // once connection is established send startup message
    con.on('connect', function () {
      if (self.ssl) {
        // With direct SSL negotiation the connection upgrades to TLS without an
        // SSLRequest packet, so the startup message is sent after 'sslconnect'.
        if (self.sslNegotiation !== 'direct') {
          con.requestSsl()
        }
      } else {
        con.startup(self.getStartupConf())
      }
    })

    con.on('sslconnect', function () {
      con.startup(self.getStartupConf())
    })

    this._attachListeners(con)

    con.once('end', () => {
      const error = this._ending ? new Error('Connection terminated') : new Error('Connection terminated unexpectedly')

      clearTimeout(this.connectionTimeoutHandle)
      this._errorAllQueries(error)
      this._ended = true

      if (!this._ending) {
        // if the connection is ended without us calling .end()
        // on this client then we have an unexpected disconnection
        // treat this as an error unless we've already emitted an error
        // during connection.
        if (this._connecting && !this._connectionError) {
          if (this._connectionCallback) {
            this._connectionCallback(error)
          } else {
            this._handleErrorEvent(error)
          }
        } else if (!this._connectionError) {
          this._handleErrorEvent(error)
        }
      }

      process.nextTick(() => {
        this.emit('end')
      })
    })
  }

  connect(callback) {
    if (callback) {
      this._connect(callback)
      return
    }

    return new this._Promise((resolve, reject) => {
      this._connect((error) => {
        if (error) {
          reject(error)
        } else {
          resolve(this)
        }
      })
    })
  }

  _attachListeners(con) {
    // password request handling
    con.on('authenticationCleartextPassword', this._handleAuthCleartextPassword.bind(this))
    // password request handling
    con.on('authenticationMD5Password', this._handleAuthMD5Password.bind(this))
    // password request handling (SASL)
    con.on('authenticationSASL', this._handleAuthSASL.bind(this))
    con.on('authenticationSASLContinue', this._handleAuthSASLContinue.bind(this))
    con.on('authenticationSASLFinal', this._handleAuthSASLFinal.bind(this))
    con.on('backendKeyData', this._handleBackendKeyData.bind(this))
    con.on('error', this._handleErrorEvent.bind(this))
    con.on('errorMessage', this._handleErrorMessage.bind(this))
    con.on('readyForQuery', this._handleReadyForQuery.bind(this))
    con.on('notice', this._handleNotice.bind(this))
    con.on('rowDescription', this._handleRowDescription.bind(this))
    con.on('dataRow', this._handleDataRow.bind(this))
    con.on('portalSuspended', this._handlePortalSuspended.bind(this))
    con.on('emptyQuery', this._handleEmptyQuery.bind(this))
    con.on('commandComplete', this._handleCommandComplete.bind(this))
    con.on('parseComplete', this._handleParseComplete.bind(this))
    con.on('copyInResponse', this._handleCopyInResponse.bind(this))
    con.on('copyData', this._handleCopyData.bind(this))
    con.on('notification', this._handleNotification.bind(this))
  }

  _getPassword(cb) {
    const con = this.connection
    if (typeof this.password === 'function') {
      this._Promise
        .resolve()
        .then(() => this.password(this.connectionParameters))
        .then((pass) => {
          if (pass !== undefined) {
            if (typeof pass !== 'string') {
              con.emit('error', new TypeError('Password must be a string'))
              return
            }
            this.connectionParameters.password = this.password = pass
          } else {
            this.connectionParameters.password = this.password = null
          }
          cb()
        })
        .catch((err) => {
          con.emit('error', err)
        })
    } else if (this.password !== null) {
      cb()
    } else {
      try {
        const pgPass = __nccwpck_require__(272)
        pgPass(this.connectionParameters, (pass) => {
          if (undefined !== pass) {
            pgPassDeprecationNotice()
            this.connectionParameters.password = this.password = pass
          }
          cb()
        })
      } catch (e) {
        this.emit('error', e)
      }
    }
  }

  _handleAuthCleartextPassword(msg) {
    this._getPassword(() => {
      this.connection.password(this.password)
    })
  }

  _handleAuthMD5Password(msg) {
    this._getPassword(async () => {
      try {
        const hashedPassword = await crypto.postgresMd5PasswordHash(this.user, this.password, msg.salt)
        this.connection.password(hashedPassword)
      } catch (e) {
        this.emit('error', e)
      }
    })
  }

  _handleAuthSASL(msg) {
    this._getPassword(() => {
      try {
        this.saslSession = sasl.startSession(
          msg.mechanisms,
          this.enableChannelBinding && this.connection.stream,
          this.scramMaxIterations
        )
        this.connection.sendSASLInitialResponseMessage(this.saslSession.mechanism, this.saslSession.response)
      } catch (err) {
        this.connection.emit('error', err)
      }
    })
  }

  async _handleAuthSASLContinue(msg) {
    try {
      await sasl.continueSession(
        this.saslSession,
        this.password,
        msg.data,
        this.enableChannelBinding && this.connection.stream
      )
      this.connection.sendSCRAMClientFinalMessage(this.saslSession.response)
    } catch (err) {
      this.connection.emit('error', err)
    }
  }

  _handleAuthSASLFinal(msg) {
    try {
      sasl.finalizeSession(this.saslSession, msg.data)
      this.saslSession = null
    } catch (err) {
      this.connection.emit('error', err)
    }
  }

  _handleBackendKeyData(msg) {
    this.processID = msg.processID
    this.secretKey = msg.secretKey
  }

  _handleReadyForQuery(msg) {
    if (this._connecting) {
      this._connecting = false
      this._connected = true
      clearTimeout(this.connectionTimeoutHandle)

      // process possible callback argument to Client#connect
      if (this._connectionCallback) {
        this._connectionCallback(null, this)
        // remove callback for proper error handling
        // after the connect event
        this._connectionCallback = null
      }
      this.emit('connect')
    }
    const activeQuery = this._getActiveQuery()
    this._activeQuery = null
    this._txStatus = msg?.status ?? null
    this.readyForQuery = true
    if (activeQuery) {
      activeQuery.handleReadyForQuery(this.connection)
    }
    this._pulseQueryQueue()
  }

  // if we receive an error event or error message
  // during the connection process we handle it here
  _handleErrorWhileConnecting(err) {
    if (this._connectionError) {
      // TODO(bmc): this is swallowing errors - we shouldn't do this
      return
    }
    this._connectionError = true
    clearTimeout(this.connectionTimeoutHandle)
    if (this._connectionCallback) {
      return this._connectionCallback(err)
    }
    this.emit('error', err)
  }

  // if we're connected and we receive an error event from the connection
  // this means the socket is dead - do a hard abort of all queries and emit
  // the socket error on the client as well
  _handleErrorEvent(err) {
    if (this._connecting) {
      return this._handleErrorWhileConnecting(err)
    }
    this._queryable = false
    this._errorAllQueries(err)
    this.emit('error', err)
  }

  // handle error messages from the postgres backend
  _handleErrorMessage(msg) {
    if (this._connecting) {
      return this._handleErrorWhileConnecting(msg)
    }
    const activeQuery = this._getActiveQuery()

    if (!activeQuery) {
      this._handleErrorEvent(msg)
      return
    }

    this._activeQuery = null
    if (activeQuery.name) {
      delete this.connection.submittedNamedStatements[activeQuery.name]
    }
    activeQuery.handleError(msg, this.connection)
  }

  _handleRowDescription(msg) {
    const activeQuery = this._getActiveQuery()
    if (activeQuery == null) {
      const error = new Error('Received unexpected rowDescription message from backend.')
      this._handleErrorEvent(error)
      return
    }
    // delegate rowDescription to active query
    activeQuery.handleRowDescription(msg)
  }

  _handleDataRow(msg) {
    const activeQuery = this._getActiveQuery()
    if (activeQuery == null) {
      const error = new Error('Received unexpected dataRow message from backend.')
      this._handleErrorEvent(error)
      return
    }
    // delegate dataRow to active query
    activeQuery.handleDataRow(msg)
  }

  _handlePortalSuspended(msg) {
    const activeQuery = this._getActiveQuery()
    if (activeQuery == null) {
      const error = new Error('Received unexpected portalSuspended message from backend.')
      this._handleErrorEvent(error)
      return
    }
    // delegate portalSuspended to active query
    activeQuery.handlePortalSuspended(this.connection)
  }

  _handleEmptyQuery(msg) {
    const activeQuery = this._getActiveQuery()
    if (activeQuery == null) {
      const error = new Error('Received unexpected emptyQuery message from backend.')
      this._handleErrorEvent(error)
      return
    }
    // delegate emptyQuery to active query
    activeQuery.handleEmptyQuery(this.connection)
  }

  _handleCommandComplete(msg) {
    const activeQuery = this._getActiveQuery()
    if (activeQuery == null) {
      const error = new Error('Received unexpected commandComplete message from backend.')
      this._handleErrorEvent(error)
      return
    }
    // delegate commandComplete to active query
    activeQuery.handleCommandComplete(msg, this.connection)
  }

  _handleParseComplete() {
    const activeQuery = this._getActiveQuery()
    if (activeQuery == null) {
      const error = new Error('Received unexpected parseComplete message from backend.')
      this._handleErrorEvent(error)
      return
    }
    // if a prepared statement has a name and properly parses
    // we track that its already been executed so we don't parse
    // it again on the same client
    if (activeQuery.name) {
      this.connection.parsedStatements[activeQuery.name] = activeQuery.text
      delete this.connection.submittedNamedStatements[activeQuery.name]
    }
  }

  _handleCopyInResponse(msg) {
    const activeQuery = this._getActiveQuery()
    if (activeQuery == null) {
      const error = new Error('Received unexpected copyInResponse message from backend.')
      this._handleErrorEvent(error)
      return
    }
    activeQuery.handleCopyInResponse(this.connection)
  }

  _handleCopyData(msg) {
    const activeQuery = this._getActiveQuery()
    if (activeQuery == null) {
      const error = new Error('Received unexpected copyData message from backend.')
      this._handleErrorEvent(error)
      return
    }
    activeQuery.handleCopyData(msg, this.connection)
  }

  _handleNotification(msg) {
    this.emit('notification', msg)
  }

  _handleNotice(msg) {
    this.emit('notice', msg)
  }

  getStartupConf() {
    const params = this.connectionParameters

    const data = {
      user: params.user,
      database: params.database,
    }

    const appName = params.application_name || params.fallback_application_name
    if (appName) {
      data.application_name = appName
    }
    if (params.replication) {
      data.replication = '' + params.replication
    }
    if (params.statement_timeout) {
      data.statement_timeout = String(parseInt(params.statement_timeout, 10))
    }
    if (params.lock_timeout) {
      data.lock_timeout = String(parseInt(params.lock_timeout, 10))
    }
    if (params.idle_in_transaction_session_timeout) {
      data.idle_in_transaction_session_timeout = String(parseInt(params.idle_in_transaction_session_timeout, 10))
    }
    if (params.options) {
      data.options = params.options
    }

    return data
  }

  cancel(client, query) {
    if (client.activeQuery === query) {
      const con = this.connection

      if (this.host && this.host.indexOf('/') === 0) {
        con.connect(this.host + '/.s.PGSQL.' + this.port)
      } else {
        con.connect(this.port, this.host)
      }

      // once connection is established send cancel message
      con.on('connect', function () {
        con.cancel(client.processID, client.secretKey)
      })
    } else if (client._queryQueue.indexOf(query) !== -1) {
      client._queryQueue.splice(client._queryQueue.indexOf(query), 1)
    } else if (client._sentQueryQueue.indexOf(query) !== -1) {
      // Query already sent on wire — can't remove it without corrupting the
      // pipeline. No-op the callback so the result is silently discarded.
      query.callback = () => {}
    }
  }

  setTypeParser(oid, format, parseFn) {
    return this._types.setTypeParser(oid, format, parseFn)
  }

  getTypeParser(oid, format) {
    return this._types.getTypeParser(oid, format)
  }

  // escapeIdentifier and escapeLiteral moved to utility functions & exported
  // on PG
  // re-exported here for backwards compatibility
  escapeIdentifier(str) {
    return utils.escapeIdentifier(str)
  }

  escapeLiteral(str) {
    return utils.escapeLiteral(str)
  }

  _pulseQueryQueue() {
    if (this.pipeline) {
      this._pulsePipelinedQueryQueue()
      return
    }
    if (this.readyForQuery === true) {
      this._activeQuery = this._queryQueue.shift()
      const activeQuery = this._getActiveQuery()
      if (activeQuery) {
        this.readyForQuery = false
        this.hasExecuted = true

        const queryError = activeQuery.submit(this.connection)
        if (queryError) {
          process.nextTick(() => {
            activeQuery.handleError(queryError, this.connection)
            this.readyForQuery = true
            this._pulseQueryQueue()
          })
        }
      } else if (this.hasExecuted) {
        this._activeQuery = null
        this.emit('drain')
      }
    }
  }

  _pulsePipelinedQueryQueue() {
    if (!this._connected || !this._queryable) {
      return
    }
    while (this._queryQueue.length > 0) {
      const query = this._queryQueue.shift()
      this.hasExecuted = true
      const queryError = query.submit(this.connection)
      if (queryError) {
        process.nextTick(() => {
          query.handleError(queryError, this.connection)
        })
        continue
      }
      this._sentQueryQueue.push(query)
    }
    if (this.readyForQuery && !this._activeQuery && this._sentQueryQueue.length > 0) {
      this._activeQuery = this._sentQueryQueue.shift()
      this.readyForQuery = false
    }
    if (!this._activeQuery && this._sentQueryQueue.length === 0 && this._queryQueue.length === 0 && this.hasExecuted) {
      this.emit('drain')
    }
  }

  query(config, values, callback) {
    // can take in strings, config object or query object
    let query
    let result

    if (config == null) {
      throw new TypeError('Client was passed a null or undefined query')
    }

    if (typeof config.submit === 'function') {
      result = query = config
      if (!query.callback) {
        if (typeof values === 'function') {
          query.callback = values
        } else if (callback) {
          query.callback = callback
        }
      }
    } else {
      query = new Query(config, values, callback)
      if (!query.callback) {
        result = new this._Promise((resolve, reject) => {
          query.callback = (err, res) => (err ? reject(err) : resolve(res))
        }).catch((err) => {
          // replace the stack trace that leads to `TCP.onStreamRead` with one that leads back to the
          // application that created the query
          Error.captureStackTrace(err)
          throw err
        })
      } else if (typeof query.callback !== 'function') {
        throw new TypeError('callback is not a function')
      }
    }

    const readTimeout = config.query_timeout || this.connectionParameters.query_timeout
    if (readTimeout) {
      const queryCallback = query.callback || (() => {})

      const readTimeoutTimer = setTimeout(() => {
        const error = new Error('Query read timeout')

        process.nextTick(() => {
          query.handleError(error, this.connection)
        })

        queryCallback(error)

        // we already returned an error,
        // just do nothing if query completes
        query.callback = () => {}

        // Remove from queue (only safe if not yet sent)
        const index = this._queryQueue.indexOf(query)
        if (index > -1) {
          this._queryQueue.splice(index, 1)
        } else if (this.pipeline) {
          // Query already sent — the pipeline is blocked until it completes.
          // Destroy the connection to unblock all remaining pipelined queries.
          this.connection.stream.destroy()
          return
        }

        this._pulseQueryQueue()
      }, readTimeout)

      query.callback = (err, res) => {
        clearTimeout(readTimeoutTimer)
        queryCallback(err, res)
      }
    }

    if (this.binary && !query.binary) {
      query.binary = true
    }

    if (query._result && !query._result._types) {
      query._result._types = this._types
    }

    // A query that keeps a portal open across round trips cannot share a pipelined connection: the
    // queries written behind it are answered out of its portal, so rows land on the wrong query and
    // the reads that follow fail with 'portal does not exist'. Refuse it instead of corrupting.
    if (this.pipeline) {
      const portalQuery =
        typeof config.submit === 'function' && !(query instanceof Query)
          ? 'Custom query classes such as pg-cursor and pg-query-stream are'
          : query.rows
          ? 'The `rows` option is'
          : null
      if (portalQuery) {
        process.nextTick(() => {
          query.handleError(new Error(`${portalQuery} not supported in pipeline mode`), this.connection)
        })
        return result
      }
    }

    if (!this._queryable) {
      process.nextTick(() => {
        query.handleError(new Error('Client has encountered a connection error and is not queryable'), this.connection)
      })
      return result
    }

    if (this._ending) {
      process.nextTick(() => {
        query.handleError(new Error('Client was closed and is not queryable'), this.connection)
      })
      return result
    }

    if (this._queryQueue.length > 0 && !this.pipeline) {
      queryQueueLengthDeprecationNotice()
    }
    this._queryQueue.push(query)
    this._pulseQueryQueue()
    return result
  }

  ref() {
    this.connection.ref()
  }

  unref() {
    this.connection.unref()
  }

  getTransactionStatus() {
    return this._txStatus
  }

  end(cb) {
    this._ending = true

    // if we have never connected, then end is a noop, callback immediately
    if (!this.connection._connecting || this._ended) {
      if (cb) {
        cb()
        return
      } else {
        return this._Promise.resolve()
      }
    }

    if (!this._queryable) {
      // socket is dead — force close
      this.connection.stream.destroy()
    } else if (
      this.pipeline &&
      (this._getActiveQuery() || this._sentQueryQueue.length > 0 || this._queryQueue.length > 0)
    ) {
      // pipelined queries are already on the wire (or queued to send) and will
      // complete normally; wait for drain then do a graceful goodbye
      this.once('drain', () => this.connection.end())
    } else if (this._getActiveQuery()) {
      // non-pipeline: a hung query could block end forever — force disconnect
      this.connection.stream.destroy()
    } else {
      this.connection.end()
    }

    if (cb) {
      this.connection.once('end', cb)
    } else {
      return new this._Promise((resolve) => {
        this.connection.once('end', resolve)
      })
    }
  }
  get queryQueue() {
    queryQueueDeprecationNotice()
    return this._queryQueue
  }
}

// expose a Query constructor
Client.Query = Query

module.exports = Client


/***/ }),

/***/ 646:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {



const dns = __nccwpck_require__(250)

const defaults = __nccwpck_require__(995)

const parse = (__nccwpck_require__(122).parse) // parses a connection string

const val = function (key, config, envVar) {
  if (config[key]) {
    return config[key]
  }

  if (envVar === undefined) {
    envVar = process.env['PG' + key.toUpperCase()]
  } else if (envVar === false) {
    // do nothing ... use false
  } else {
    envVar = process.env[envVar]
  }

  return envVar || defaults[key]
}

const readSSLConfigFromEnvironment = function () {
  switch (process.env.PGSSLMODE) {
    case 'disable':
      return false
    case 'prefer':
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return true
    case 'no-verify':
      return { rejectUnauthorized: false }
  }
  return defaults.ssl
}

// Convert arg to a string, surround in single quotes, and escape single quotes and backslashes
const quoteParamValue = function (value) {
  return "'" + ('' + value).replace(/\\/g, '\\\\').replace(/'/g, "\\'") + "'"
}

const add = function (params, config, paramName) {
  const value = config[paramName]
  if (value !== undefined && value !== null) {
    params.push(paramName + '=' + quoteParamValue(value))
  }
}

class ConnectionParameters {
  constructor(config) {
    // if a string is passed, it is a raw connection string so we parse it into a config
    config = typeof config === 'string' ? parse(config) : config || {}

    // if the config has a connectionString defined, parse IT into the config we use
    // this will override other default values with what is stored in connectionString
    if (config.connectionString) {
      config = Object.assign({}, config, parse(config.connectionString))
    }

    this.user = val('user', config)
    this.database = val('database', config)

    if (this.database === undefined) {
      this.database = this.user
    }

    this.port = parseInt(val('port', config), 10)
    this.host = val('host', config)

    // "hiding" the password so it doesn't show up in stack traces
    // or if the client is console.logged
    Object.defineProperty(this, 'password', {
      configurable: true,
      enumerable: false,
      writable: true,
      value: val('password', config),
    })

    this.binary = val('binary', config)
    this.options = val('options', config)

    this.ssl = typeof config.ssl === 'undefined' ? readSSLConfigFromEnvironment() : config.ssl

    if (typeof this.ssl === 'string') {
      if (this.ssl === 'true') {
        this.ssl = true
      }
    }
    // support passing in ssl=no-verify via connection string
    if (this.ssl === 'no-verify') {
      this.ssl = { rejectUnauthorized: false }
    }
    if (this.ssl && this.ssl.key) {
      Object.defineProperty(this.ssl, 'key', {
        enumerable: false,
      })
    }

    // How to negotiate SSL: 'postgres' (default, the traditional SSLRequest
    // handshake) or 'direct' (start the TLS handshake immediately on connect).
    this.sslnegotiation = val('sslnegotiation', config, 'PGSSLNEGOTIATION')
    if (this.sslnegotiation !== undefined && this.sslnegotiation !== 'postgres' && this.sslnegotiation !== 'direct') {
      throw new Error(
        `Invalid sslnegotiation value: "${this.sslnegotiation}". Valid values are "postgres" and "direct".`
      )
    }
    if (this.sslnegotiation === 'direct' && !this.ssl) {
      throw new Error('sslnegotiation=direct requires SSL to be enabled')
    }

    this.client_encoding = val('client_encoding', config)
    this.replication = val('replication', config)
    // a domain socket begins with '/'
    this.isDomainSocket = !(this.host || '').indexOf('/')

    this.application_name = val('application_name', config, 'PGAPPNAME')
    this.fallback_application_name = val('fallback_application_name', config, false)
    this.statement_timeout = val('statement_timeout', config, false)
    this.lock_timeout = val('lock_timeout', config, false)
    this.idle_in_transaction_session_timeout = val('idle_in_transaction_session_timeout', config, false)
    this.query_timeout = val('query_timeout', config, false)

    if (config.connectionTimeoutMillis === undefined) {
      this.connect_timeout = process.env.PGCONNECT_TIMEOUT || 0
    } else {
      this.connect_timeout = Math.floor(config.connectionTimeoutMillis / 1000)
    }

    if (config.keepAlive === false) {
      this.keepalives = 0
    } else if (config.keepAlive === true) {
      this.keepalives = 1
    }

    if (typeof config.keepAliveInitialDelayMillis === 'number') {
      this.keepalives_idle = Math.floor(config.keepAliveInitialDelayMillis / 1000)
    }
  }

  getLibpqConnectionString(cb) {
    const params = []
    add(params, this, 'user')
    add(params, this, 'password')
    add(params, this, 'port')
    add(params, this, 'application_name')
    add(params, this, 'fallback_application_name')
    add(params, this, 'connect_timeout')
    add(params, this, 'options')

    const ssl = typeof this.ssl === 'object' ? this.ssl : this.ssl ? { sslmode: this.ssl } : {}
    add(params, ssl, 'sslmode')
    add(params, ssl, 'sslca')
    add(params, ssl, 'sslkey')
    add(params, ssl, 'sslcert')
    add(params, ssl, 'sslrootcert')
    add(params, this, 'sslnegotiation')

    if (this.database) {
      params.push('dbname=' + quoteParamValue(this.database))
    }
    if (this.replication) {
      params.push('replication=' + quoteParamValue(this.replication))
    }
    if (this.host) {
      params.push('host=' + quoteParamValue(this.host))
    }
    if (this.isDomainSocket) {
      return cb(null, params.join(' '))
    }
    if (this.client_encoding) {
      params.push('client_encoding=' + quoteParamValue(this.client_encoding))
    }
    dns.lookup(this.host, function (err, address) {
      if (err) return cb(err, null)
      params.push('hostaddr=' + quoteParamValue(address))
      return cb(null, params.join(' '))
    })
  }
}

module.exports = ConnectionParameters


/***/ }),

/***/ 809:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {



const EventEmitter = (__nccwpck_require__(434).EventEmitter)

const { parse, serialize } = __nccwpck_require__(233)
const stream = __nccwpck_require__(829)
const { getStream } = stream

const flushBuffer = serialize.flush()
const syncBuffer = serialize.sync()
const endBuffer = serialize.end()

// TODO(bmc) support binary mode at some point
class Connection extends EventEmitter {
  constructor(config) {
    super()
    config = config || {}

    this.stream = config.stream || getStream(config.ssl)
    if (typeof this.stream === 'function') {
      this.stream = this.stream(config)
    }

    this._keepAlive = config.keepAlive
    this._keepAliveInitialDelayMillis = config.keepAliveInitialDelayMillis
    this.parsedStatements = {}
    this.submittedNamedStatements = {}
    this.ssl = config.ssl || false
    this.sslNegotiation = config.sslNegotiation || 'postgres'
    this._ending = false
    this._emitMessage = false
    const self = this
    this.on('newListener', function (eventName) {
      if (eventName === 'message') {
        self._emitMessage = true
      }
    })
  }

  connect(port, host) {
    const self = this

    this._connecting = true
    this.stream.setNoDelay(true)
    this.stream.connect(port, host)

    this.stream.once('connect', function () {
      if (self._keepAlive) {
        self.stream.setKeepAlive(true, self._keepAliveInitialDelayMillis)
      }
      self.emit('connect')
    })

    const reportStreamError = function (error) {
      // errors about disconnections should be ignored during disconnect
      if (self._ending && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) {
        return
      }
      self.emit('error', error)
    }
    this.stream.on('error', reportStreamError)

    this.stream.on('close', function () {
      self.emit('end')
    })

    if (!this.ssl) {
      return this.attachListeners(this.stream)
    }

    // With direct SSL negotiation the TLS handshake starts immediately on the
    // raw socket, skipping the SSLRequest packet and the server's 'S'/'N' reply.
    if (this.sslNegotiation === 'direct') {
      return this.stream.once('connect', function () {
        self.upgradeToSSL(host, reportStreamError)
      })
    }

    this.stream.once('data', function (buffer) {
      const responseCode = buffer.toString('utf8')
      switch (responseCode) {
        case 'S': // Server supports SSL connections, continue with a secure connection
          break
        case 'N': // Server does not support SSL connections
          self.stream.end()
          return self.emit('error', new Error('The server does not support SSL connections'))
        default:
          // Any other response byte, including 'E' (ErrorResponse) indicating a server error
          self.stream.end()
          return self.emit('error', new Error('There was an error establishing an SSL connection'))
      }
      self.upgradeToSSL(host, reportStreamError)
    })
  }

  upgradeToSSL(host, reportStreamError) {
    const self = this
    const options = {
      socket: self.stream,
      // tls.connect checks the server identity against `servername`, falling
      // back to `host` and then to 'localhost'. `servername` must stay unset
      // for IP addresses (see below), so `host` is needed to keep certificate
      // validation working when connecting to an IP address.
      host,
    }

    if (self.ssl !== true) {
      Object.assign(options, self.ssl)

      if ('key' in self.ssl) {
        options.key = self.ssl.key
      }
    }

    // Direct SSL negotiation requires ALPN so the server can confirm it is
    // speaking the PostgreSQL protocol over the TLS connection.
    if (self.sslNegotiation === 'direct') {
      options.ALPNProtocols = ['postgresql']
    }

    // SNI must not be set to an IP address (RFC 6066 section 3)
    const net = __nccwpck_require__(278)
    if (net.isIP && net.isIP(host) === 0) {
      options.servername = host
    }
    try {
      self.stream = stream.getSecureStream(options)
    } catch (err) {
      return self.emit('error', err)
    }
    self.attachListeners(self.stream)
    self.stream.on('error', reportStreamError)

    self.emit('sslconnect')
  }

  attachListeners(stream) {
    parse(stream, (msg) => {
      const eventName = msg.name === 'error' ? 'errorMessage' : msg.name
      if (this._emitMessage) {
        this.emit('message', msg)
      }
      this.emit(eventName, msg)
    })
  }

  requestSsl() {
    this.stream.write(serialize.requestSsl())
  }

  startup(config) {
    this.stream.write(serialize.startup(config))
  }

  cancel(processID, secretKey) {
    this._send(serialize.cancel(processID, secretKey))
  }

  password(password) {
    this._send(serialize.password(password))
  }

  sendSASLInitialResponseMessage(mechanism, initialResponse) {
    this._send(serialize.sendSASLInitialResponseMessage(mechanism, initialResponse))
  }

  sendSCRAMClientFinalMessage(additionalData) {
    this._send(serialize.sendSCRAMClientFinalMessage(additionalData))
  }

  _send(buffer) {
    if (!this.stream.writable) {
      return false
    }
    return this.stream.write(buffer)
  }

  query(text) {
    this._send(serialize.query(text))
  }

  // send parse message
  parse(query) {
    this._send(serialize.parse(query))
  }

  // send bind message
  bind(config) {
    this._send(serialize.bind(config))
  }

  // send execute message
  execute(config) {
    this._send(serialize.execute(config))
  }

  flush() {
    if (this.stream.writable) {
      this.stream.write(flushBuffer)
    }
  }

  sync() {
    // Sync is the extended-query protocol barrier, not a disconnect.
    // Only end()/Terminate (and connect-timeout teardown) should set _ending.
    this._send(syncBuffer)
  }

  ref() {
    this.stream.ref()
  }

  unref() {
    this.stream.unref()
  }

  end() {
    // 0x58 = 'X'
    this._ending = true
    if (!this._connecting || !this.stream.writable) {
      this.stream.end()
      return
    }
    return this.stream.write(endBuffer, () => {
      this.stream.end()
    })
  }

  close(msg) {
    this._send(serialize.close(msg))
  }

  describe(msg) {
    this._send(serialize.describe(msg))
  }

  sendCopyFromChunk(chunk) {
    this._send(serialize.copyData(chunk))
  }

  endCopyFrom() {
    this._send(serialize.copyDone())
  }

  sendCopyFail(msg) {
    this._send(serialize.copyFail(msg))
  }
}

module.exports = Connection


/***/ }),

/***/ 765:
/***/ ((module) => {

function x509Error(msg, cert) {
  return new Error('SASL channel binding: ' + msg + ' when parsing public certificate ' + cert.toString('base64'))
}

function readASN1Length(data, index) {
  let length = data[index++]
  if (length < 0x80) return { length, index }

  const lengthBytes = length & 0x7f
  if (lengthBytes > 4) throw x509Error('bad length', data)

  length = 0
  for (let i = 0; i < lengthBytes; i++) {
    length = (length << 8) | data[index++]
  }

  return { length, index }
}

function readASN1OID(data, index) {
  if (data[index++] !== 0x6) throw x509Error('non-OID data', data) // 6 = OID

  const { length: OIDLength, index: indexAfterOIDLength } = readASN1Length(data, index)
  index = indexAfterOIDLength
  const lastIndex = index + OIDLength

  const byte1 = data[index++]
  let oid = ((byte1 / 40) >> 0) + '.' + (byte1 % 40)

  while (index < lastIndex) {
    // loop over numbers in OID
    let value = 0
    while (index < lastIndex) {
      // loop over bytes in number
      const nextByte = data[index++]
      value = (value << 7) | (nextByte & 0x7f)
      if (nextByte < 0x80) break
    }
    oid += '.' + value
  }

  return { oid, index }
}

function expectASN1Seq(data, index) {
  if (data[index++] !== 0x30) throw x509Error('non-sequence data', data) // 30 = Sequence
  return readASN1Length(data, index)
}

function signatureAlgorithmHashFromCertificate(data, index) {
  // read this thread: https://www.postgresql.org/message-id/17760-b6c61e752ec07060%40postgresql.org
  if (index === undefined) index = 0
  index = expectASN1Seq(data, index).index
  const { length: certInfoLength, index: indexAfterCertInfoLength } = expectASN1Seq(data, index)
  index = indexAfterCertInfoLength + certInfoLength // skip over certificate info
  index = expectASN1Seq(data, index).index // skip over signature length field
  const { oid, index: indexAfterOID } = readASN1OID(data, index)
  switch (oid) {
    // RSA
    case '1.2.840.113549.1.1.4':
      return 'MD5'
    case '1.2.840.113549.1.1.5':
      return 'SHA-1'
    case '1.2.840.113549.1.1.11':
      return 'SHA-256'
    case '1.2.840.113549.1.1.12':
      return 'SHA-384'
    case '1.2.840.113549.1.1.13':
      return 'SHA-512'
    case '1.2.840.113549.1.1.14':
      return 'SHA-224'
    case '1.2.840.113549.1.1.15':
      return 'SHA512-224'
    case '1.2.840.113549.1.1.16':
      return 'SHA512-256'
    // ECDSA
    case '1.2.840.10045.4.1':
      return 'SHA-1'
    case '1.2.840.10045.4.3.1':
      return 'SHA-224'
    case '1.2.840.10045.4.3.2':
      return 'SHA-256'
    case '1.2.840.10045.4.3.3':
      return 'SHA-384'
    case '1.2.840.10045.4.3.4':
      return 'SHA-512'
    // RSASSA-PSS: hash is indicated separately
    case '1.2.840.113549.1.1.10': {
      index = indexAfterOID
      index = expectASN1Seq(data, index).index
      if (data[index++] !== 0xa0) throw x509Error('non-tag data', data) // a0 = constructed tag 0
      index = readASN1Length(data, index).index // skip over tag length field
      index = expectASN1Seq(data, index).index // skip over sequence length field
      const { oid: hashOID } = readASN1OID(data, index)
      switch (hashOID) {
        // standalone hash OIDs
        case '1.2.840.113549.2.5':
          return 'MD5'
        case '1.3.14.3.2.26':
          return 'SHA-1'
        case '2.16.840.1.101.3.4.2.1':
          return 'SHA-256'
        case '2.16.840.1.101.3.4.2.2':
          return 'SHA-384'
        case '2.16.840.1.101.3.4.2.3':
          return 'SHA-512'
      }
      throw x509Error('unknown hash OID ' + hashOID, data)
    }
    // Ed25519 -- see https://github.com/openssl/openssl/issues/15477
    case '1.3.101.110':
    case '1.3.101.112': // ph
      return 'SHA-512'
    // Ed448 -- still not in pg 17.2 (if supported, digest would be SHAKE256 x 64 bytes)
    case '1.3.101.111':
    case '1.3.101.113': // ph
      throw x509Error('Ed448 certificate channel binding is not currently supported by Postgres')
  }
  throw x509Error('unknown OID ' + oid, data)
}

module.exports = { signatureAlgorithmHashFromCertificate }


/***/ }),

/***/ 948:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {


const crypto = __nccwpck_require__(150)
const { signatureAlgorithmHashFromCertificate } = __nccwpck_require__(765)

// SASLprep (RFC 4013) — minimal in-tree implementation.
//
// Per RFC 5802 §2.2, the SCRAM-SHA-256 client must normalize the password via
// SASLprep before feeding it into PBKDF2. PostgreSQL's server applies the same
// SASLprep when computing the stored verifier, and libpq does the same client
// side, so passwords whose NFKC form differs from the raw form
// would otherwise authenticate against psql/libpq but fail against pg with `28P01`.
//
// We deliberately implement only the three steps that change the byte content:
//   1. RFC 3454 Table C.1.2 (non-ASCII space) → U+0020 SPACE.
//   2. RFC 3454 Table B.1 (commonly mapped to nothing) → empty.
//   3. NFKC normalization.
// We skip the prohibition (RFC 4013 §2.3) and bidi (RFC 3454 §6) checks.
// libpq is forgiving on those paths and Postgres's own SASLprep matches that
// leniency for legacy roles, so omitting the rejection logic keeps existing
// roles working without adding complexity.
function saslprep(password) {
  // RFC 3454 Table C.1.2 — non-ASCII space characters, mapped to U+0020.
  const nonAsciiSpace = /[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/g
  // RFC 3454 Table B.1 — "commonly mapped to nothing". The set intentionally
  // contains zero-width joiners and variation selectors — the very characters
  // ESLint's no-misleading-character-class warns about — because they combine
  // with their neighbors and the RFC strips them for that reason.
  // eslint-disable-next-line no-misleading-character-class
  const mappedToNothing = /[\u00AD\u034F\u1806\u180B\u180C\u180D\u200C\u200D\u2060\uFE00-\uFE0F\uFEFF]/g
  return password.replace(nonAsciiSpace, ' ').replace(mappedToNothing, '').normalize('NFKC')
}

const DEFAULT_MAX_SCRAM_ITERATIONS = 100000

function startSession(mechanisms, stream, scramMaxIterations = DEFAULT_MAX_SCRAM_ITERATIONS) {
  const candidates = ['SCRAM-SHA-256']
  if (stream) candidates.unshift('SCRAM-SHA-256-PLUS') // higher-priority, so placed first

  const mechanism = candidates.find((candidate) => mechanisms.includes(candidate))

  if (!mechanism) {
    throw new Error('SASL: Only mechanism(s) ' + candidates.join(' and ') + ' are supported')
  }

  if (mechanism === 'SCRAM-SHA-256-PLUS' && typeof stream.getPeerCertificate !== 'function') {
    // this should never happen if we are really talking to a Postgres server
    throw new Error('SASL: Mechanism SCRAM-SHA-256-PLUS requires a certificate')
  }

  const clientNonce = crypto.randomBytes(18).toString('base64')
  const gs2Header = mechanism === 'SCRAM-SHA-256-PLUS' ? 'p=tls-server-end-point' : stream ? 'y' : 'n'

  return {
    mechanism,
    clientNonce,
    response: gs2Header + ',,n=*,r=' + clientNonce,
    message: 'SASLInitialResponse',
    scramMaxIterations,
  }
}

async function continueSession(session, password, serverData, stream) {
  if (session.message !== 'SASLInitialResponse') {
    throw new Error('SASL: Last message was not SASLInitialResponse')
  }
  if (typeof password !== 'string') {
    throw new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string')
  }
  if (password === '') {
    throw new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a non-empty string')
  }
  if (typeof serverData !== 'string') {
    throw new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: serverData must be a string')
  }

  const sv = parseServerFirstMessage(serverData)

  if (!sv.nonce.startsWith(session.clientNonce)) {
    throw new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: server nonce does not start with client nonce')
  } else if (sv.nonce.length === session.clientNonce.length) {
    throw new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: server nonce is too short')
  }

  const scramMaxIterations =
    typeof session.scramMaxIterations === 'number' ? session.scramMaxIterations : DEFAULT_MAX_SCRAM_ITERATIONS
  // a value of 0 disables the iteration count check
  if (scramMaxIterations !== 0 && sv.iteration > scramMaxIterations) {
    throw new Error(
      'SASL: SCRAM-SERVER-FIRST-MESSAGE: iteration count ' +
        sv.iteration +
        ' exceeds scramMaxIterations of ' +
        scramMaxIterations
    )
  }

  const clientFirstMessageBare = 'n=*,r=' + session.clientNonce
  const serverFirstMessage = 'r=' + sv.nonce + ',s=' + sv.salt + ',i=' + sv.iteration

  // without channel binding:
  let channelBinding = stream ? 'eSws' : 'biws' // 'y,,' or 'n,,', base64-encoded

  // override if channel binding is in use:
  if (session.mechanism === 'SCRAM-SHA-256-PLUS') {
    const peerCert = stream.getPeerCertificate().raw
    let hashName = signatureAlgorithmHashFromCertificate(peerCert)
    if (hashName === 'MD5' || hashName === 'SHA-1') hashName = 'SHA-256'
    const certHash = await crypto.hashByName(hashName, peerCert)
    const bindingData = Buffer.concat([Buffer.from('p=tls-server-end-point,,'), Buffer.from(certHash)])
    channelBinding = bindingData.toString('base64')
  }

  const clientFinalMessageWithoutProof = 'c=' + channelBinding + ',r=' + sv.nonce
  const authMessage = clientFirstMessageBare + ',' + serverFirstMessage + ',' + clientFinalMessageWithoutProof

  const saltBytes = Buffer.from(sv.salt, 'base64')
  const saltedPassword = await crypto.deriveKey(saslprep(password), saltBytes, sv.iteration)
  const clientKey = await crypto.hmacSha256(saltedPassword, 'Client Key')
  const storedKey = await crypto.sha256(clientKey)
  const clientSignature = await crypto.hmacSha256(storedKey, authMessage)
  const clientProof = xorBuffers(Buffer.from(clientKey), Buffer.from(clientSignature)).toString('base64')
  const serverKey = await crypto.hmacSha256(saltedPassword, 'Server Key')
  const serverSignatureBytes = await crypto.hmacSha256(serverKey, authMessage)

  session.message = 'SASLResponse'
  session.serverSignature = Buffer.from(serverSignatureBytes).toString('base64')
  session.response = clientFinalMessageWithoutProof + ',p=' + clientProof
}

function finalizeSession(session, serverData) {
  if (session.message !== 'SASLResponse') {
    throw new Error('SASL: Last message was not SASLResponse')
  }
  if (typeof serverData !== 'string') {
    throw new Error('SASL: SCRAM-SERVER-FINAL-MESSAGE: serverData must be a string')
  }

  const { serverSignature } = parseServerFinalMessage(serverData)

  if (serverSignature !== session.serverSignature) {
    throw new Error('SASL: SCRAM-SERVER-FINAL-MESSAGE: server signature does not match')
  }
}

/**
 * printable       = %x21-2B / %x2D-7E
 *                   ;; Printable ASCII except ",".
 *                   ;; Note that any "printable" is also
 *                   ;; a valid "value".
 */
function isPrintableChars(text) {
  if (typeof text !== 'string') {
    throw new TypeError('SASL: text must be a string')
  }
  return text
    .split('')
    .map((_, i) => text.charCodeAt(i))
    .every((c) => (c >= 0x21 && c <= 0x2b) || (c >= 0x2d && c <= 0x7e))
}

/**
 * base64-char     = ALPHA / DIGIT / "/" / "+"
 *
 * base64-4        = 4base64-char
 *
 * base64-3        = 3base64-char "="
 *
 * base64-2        = 2base64-char "=="
 *
 * base64          = *base64-4 [base64-3 / base64-2]
 */
function isBase64(text) {
  return /^(?:[a-zA-Z0-9+/]{4})*(?:[a-zA-Z0-9+/]{2}==|[a-zA-Z0-9+/]{3}=)?$/.test(text)
}

function parseAttributePairs(text) {
  if (typeof text !== 'string') {
    throw new TypeError('SASL: attribute pairs text must be a string')
  }

  return new Map(
    text.split(',').map((attrValue) => {
      if (!/^.=/.test(attrValue)) {
        throw new Error('SASL: Invalid attribute pair entry')
      }
      const name = attrValue[0]
      const value = attrValue.substring(2)
      return [name, value]
    })
  )
}

function parseServerFirstMessage(data) {
  const attrPairs = parseAttributePairs(data)

  const nonce = attrPairs.get('r')
  if (!nonce) {
    throw new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: nonce missing')
  } else if (!isPrintableChars(nonce)) {
    throw new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: nonce must only contain printable characters')
  }
  const salt = attrPairs.get('s')
  if (!salt) {
    throw new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: salt missing')
  } else if (!isBase64(salt)) {
    throw new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: salt must be base64')
  }
  const iterationText = attrPairs.get('i')
  if (!iterationText) {
    throw new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: iteration missing')
  } else if (!/^[1-9][0-9]*$/.test(iterationText)) {
    throw new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: invalid iteration count')
  }
  const iteration = parseInt(iterationText, 10)

  return {
    nonce,
    salt,
    iteration,
  }
}

function parseServerFinalMessage(serverData) {
  const attrPairs = parseAttributePairs(serverData)
  const error = attrPairs.get('e')
  const serverSignature = attrPairs.get('v')

  if (error) {
    throw new Error(`SASL: SCRAM-SERVER-FINAL-MESSAGE: server returned error: "${error}"`)
  }

  if (!serverSignature) {
    throw new Error('SASL: SCRAM-SERVER-FINAL-MESSAGE: server signature is missing')
  } else if (!isBase64(serverSignature)) {
    throw new Error('SASL: SCRAM-SERVER-FINAL-MESSAGE: server signature must be base64')
  }
  return {
    serverSignature,
  }
}

function xorBuffers(a, b) {
  if (!Buffer.isBuffer(a)) {
    throw new TypeError('first argument must be a Buffer')
  }
  if (!Buffer.isBuffer(b)) {
    throw new TypeError('second argument must be a Buffer')
  }
  if (a.length !== b.length) {
    throw new Error('Buffer lengths must match')
  }
  if (a.length === 0) {
    throw new Error('Buffers cannot be empty')
  }
  return Buffer.from(a.map((_, i) => a[i] ^ b[i]))
}

module.exports = {
  startSession,
  continueSession,
  finalizeSession,
  DEFAULT_MAX_SCRAM_ITERATIONS,
}


/***/ }),

/***/ 150:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {

const nodeCrypto = __nccwpck_require__(982)

module.exports = {
  postgresMd5PasswordHash,
  randomBytes,
  deriveKey,
  sha256,
  hashByName,
  hmacSha256,
  md5,
}

/**
 * The Web Crypto API - grabbed from the Node.js library or the global
 * @type Crypto
 */
// eslint-disable-next-line no-undef
const webCrypto = nodeCrypto.webcrypto || globalThis.crypto
/**
 * The SubtleCrypto API for low level crypto operations.
 * @type SubtleCrypto
 */
const subtleCrypto = webCrypto.subtle
const textEncoder = new TextEncoder()

/**
 *
 * @param {*} length
 * @returns
 */
function randomBytes(length) {
  return webCrypto.getRandomValues(Buffer.alloc(length))
}

async function md5(string) {
  try {
    return nodeCrypto.createHash('md5').update(string, 'utf-8').digest('hex')
  } catch (e) {
    // `createHash()` failed so we are probably not in Node.js, use the WebCrypto API instead.
    // Note that the MD5 algorithm on WebCrypto is not available in Node.js.
    // This is why we cannot just use WebCrypto in all environments.
    const data = typeof string === 'string' ? textEncoder.encode(string) : string
    const hash = await subtleCrypto.digest('MD5', data)
    return Array.from(new Uint8Array(hash))
      .map((b) => b.toString(16).padStart(2, '0'))
      .join('')
  }
}

// See AuthenticationMD5Password at https://www.postgresql.org/docs/current/static/protocol-flow.html
async function postgresMd5PasswordHash(user, password, salt) {
  const inner = await md5(password + user)
  const outer = await md5(Buffer.concat([Buffer.from(inner), salt]))
  return 'md5' + outer
}

/**
 * Create a SHA-256 digest of the given data
 * @param {Buffer} data
 */
async function sha256(text) {
  return await subtleCrypto.digest('SHA-256', text)
}

async function hashByName(hashName, text) {
  return await subtleCrypto.digest(hashName, text)
}

/**
 * Sign the message with the given key
 * @param {ArrayBuffer} keyBuffer
 * @param {string} msg
 */
async function hmacSha256(keyBuffer, msg) {
  const key = await subtleCrypto.importKey('raw', keyBuffer, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return await subtleCrypto.sign('HMAC', key, textEncoder.encode(msg))
}

/**
 * Derive a key from the password and salt
 * @param {string} password
 * @param {Uint8Array} salt
 * @param {number} iterations
 */
async function deriveKey(password, salt, iterations) {
  const key = await subtleCrypto.importKey('raw', textEncoder.encode(password), 'PBKDF2', false, ['deriveBits'])
  const params = { name: 'PBKDF2', hash: 'SHA-256', salt: salt, iterations: iterations }
  return await subtleCrypto.deriveBits(params, key, 32 * 8, ['deriveBits'])
}


/***/ }),

/***/ 995:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {



let user
try {
  user = process.platform === 'win32' ? process.env.USERNAME : process.env.USER
} catch {
  // ignore, e.g., Deno without --allow-env
}

module.exports = {
  // database host. defaults to localhost
  host: 'localhost',

  // database user's name
  user,

  // name of database to connect
  database: undefined,

  // database user's password
  password: null,

  // a Postgres connection string to be used instead of setting individual connection items
  // NOTE:  Setting this value will cause it to override any other value (such as database or user) defined
  // in the defaults object.
  connectionString: undefined,

  // database port
  port: 5432,

  // number of rows to return at a time from a prepared statement's
  // portal. 0 will return all rows at once
  rows: 0,

  // binary result mode
  binary: false,

  // Connection pool options - see https://github.com/brianc/node-pg-pool

  // number of connections to use in connection pool
  // 0 will disable connection pooling
  max: 10,

  // max milliseconds a client can go unused before it is removed
  // from the pool and destroyed
  idleTimeoutMillis: 30000,

  client_encoding: '',

  ssl: false,

  // SSL negotiation style: 'postgres' (traditional SSLRequest) or 'direct'
  sslnegotiation: undefined,

  application_name: undefined,

  fallback_application_name: undefined,

  options: undefined,

  parseInputDatesAsUTC: false,

  // max milliseconds any query using this connection will execute for before timing out in error.
  // false=unlimited
  statement_timeout: false,

  // Abort any statement that waits longer than the specified duration in milliseconds while attempting to acquire a lock.
  // false=unlimited
  lock_timeout: false,

  // Terminate any session with an open transaction that has been idle for longer than the specified duration in milliseconds
  // false=unlimited
  idle_in_transaction_session_timeout: false,

  // max milliseconds to wait for query to complete (client side)
  query_timeout: false,

  connect_timeout: 0,

  keepalives: 1,

  keepalives_idle: 0,
}

const pgTypes = __nccwpck_require__(549)
// save default parsers
const parseBigInteger = pgTypes.getTypeParser(20, 'text')
const parseBigIntegerArray = pgTypes.getTypeParser(1016, 'text')

// parse int8 so you can get your count values as actual numbers
module.exports.__defineSetter__('parseInt8', function (val) {
  pgTypes.setTypeParser(20, 'text', val ? pgTypes.getTypeParser(23, 'text') : parseBigInteger)
  pgTypes.setTypeParser(1016, 'text', val ? pgTypes.getTypeParser(1007, 'text') : parseBigIntegerArray)
})


/***/ }),

/***/ 473:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {



const { EventEmitter } = __nccwpck_require__(434)

const Result = __nccwpck_require__(424)
const utils = __nccwpck_require__(652)

class Query extends EventEmitter {
  constructor(config, values, callback) {
    super()

    config = utils.normalizeQueryConfig(config, values, callback)

    this.text = config.text
    this.values = config.values
    this.rows = config.rows
    this.types = config.types
    this.name = config.name
    this.queryMode = config.queryMode
    this.binary = config.binary
    // use unique portal name each time
    this.portal = config.portal || ''
    this.callback = config.callback
    this._rowMode = config.rowMode
    if (process.domain && config.callback) {
      this.callback = process.domain.bind(config.callback)
    }
    this._result = new Result(this._rowMode, this.types)

    // potential for multiple results
    this._results = this._result
    this._canceledDueToError = false
  }

  requiresPreparation() {
    if (this.queryMode === 'extended') {
      return true
    }

    // named queries must always be prepared
    if (this.name) {
      return true
    }
    // always prepare if there are max number of rows expected per
    // portal execution
    if (this.rows) {
      return true
    }
    // don't prepare empty text queries
    if (!this.text) {
      return false
    }
    // prepare if there are values
    if (!this.values) {
      return false
    }
    return this.values.length > 0
  }

  _checkForMultirow() {
    // if we already have a result with a command property
    // then we've already executed one query in a multi-statement simple query
    // turn our results into an array of results
    if (this._result.command) {
      if (!Array.isArray(this._results)) {
        this._results = [this._result]
      }
      this._result = new Result(this._rowMode, this._result._types)
      this._results.push(this._result)
    }
  }

  // associates row metadata from the supplied
  // message with this query object
  // metadata used when parsing row results
  handleRowDescription(msg) {
    this._checkForMultirow()
    this._result.addFields(msg.fields)
    this._accumulateRows = this.callback || !this.listeners('row').length
  }

  handleDataRow(msg) {
    let row

    if (this._canceledDueToError) {
      return
    }

    try {
      row = this._result.parseRow(msg.fields)
    } catch (err) {
      this._canceledDueToError = err
      return
    }

    this.emit('row', row, this._result)
    if (this._accumulateRows) {
      this._result.addRow(row)
    }
  }

  handleCommandComplete(msg, connection) {
    this._checkForMultirow()
    this._result.addCommandComplete(msg)
    // need to sync after each command complete of a prepared statement
    // if we were using a row count which results in multiple calls to _getRows
    if (this.rows) {
      connection.sync()
    }
  }

  // if a named prepared statement is created with empty query text
  // the backend will send an emptyQuery message but *not* a command complete message
  // since we pipeline sync immediately after execute we don't need to do anything here
  // unless we have rows specified, in which case we did not pipeline the initial sync call
  handleEmptyQuery(connection) {
    if (this.rows) {
      connection.sync()
    }
  }

  handleError(err, connection) {
    // need to sync after error during a prepared statement
    if (this._canceledDueToError) {
      err = this._canceledDueToError
      this._canceledDueToError = false
    }
    // if callback supplied do not emit error event as uncaught error
    // events will bubble up to node process
    if (this.callback) {
      return this.callback(err)
    }
    this.emit('error', err)
  }

  handleReadyForQuery(con) {
    if (this._canceledDueToError) {
      return this.handleError(this._canceledDueToError, con)
    }
    if (this.callback) {
      try {
        this.callback(null, this._results)
      } catch (err) {
        process.nextTick(() => {
          throw err
        })
      }
    }
    this.emit('end', this._results)
  }

  submit(connection) {
    if (typeof this.text !== 'string' && typeof this.name !== 'string') {
      return new Error('A query must have either text or a name. Supplying neither is unsupported.')
    }
    const previous = connection.parsedStatements[this.name] || connection.submittedNamedStatements[this.name]
    if (this.text && previous && this.text !== previous) {
      return new Error(`Prepared statements must be unique - '${this.name}' was used for a different statement`)
    }
    if (this.values && !Array.isArray(this.values)) {
      return new Error('Query values must be an array')
    }
    if (this.requiresPreparation()) {
      // If we're using the extended query protocol we fire off several separate commands
      // to the backend. On some versions of node & some operating system versions
      // the network stack writes each message separately instead of buffering them together
      // causing the client & network to send more slowly. Corking & uncorking the stream
      // allows node to buffer up the messages internally before sending them all off at once.
      // note: we're checking for existence of cork/uncork because some versions of streams
      // might not have this (cloudflare?)
      connection.stream.cork && connection.stream.cork()
      try {
        this.prepare(connection)
      } finally {
        // while unlikely for this.prepare to throw, if it does & we don't uncork this stream
        // this client becomes unresponsive, so put in finally block "just in case"
        connection.stream.uncork && connection.stream.uncork()
      }
    } else {
      connection.query(this.text)
    }
    return null
  }

  hasBeenParsed(connection) {
    return (
      this.name &&
      (connection.parsedStatements[this.name] !== undefined ||
        connection.submittedNamedStatements[this.name] !== undefined)
    )
  }

  handlePortalSuspended(connection) {
    this._getRows(connection, this.rows)
  }

  _getRows(connection, rows) {
    connection.execute({
      portal: this.portal,
      rows: rows,
    })
    // if we're not reading pages of rows send the sync command
    // to indicate the pipeline is finished
    if (!rows) {
      connection.sync()
    } else {
      // otherwise flush the call out to read more rows
      connection.flush()
    }
  }

  // http://developer.postgresql.org/pgdocs/postgres/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
  prepare(connection) {
    // TODO refactor this poor encapsulation
    if (!this.hasBeenParsed(connection)) {
      connection.parse({
        text: this.text,
        name: this.name,
        types: this.types,
      })
      if (this.name) {
        connection.submittedNamedStatements[this.name] = this.text
      }
    }

    // because we're mapping user supplied values to
    // postgres wire protocol compatible values it could
    // throw an exception, so try/catch this section
    try {
      connection.bind({
        portal: this.portal,
        statement: this.name,
        values: this.values,
        binary: this.binary,
        valueMapper: utils.prepareValue,
      })
    } catch (err) {
      // we should close parse to avoid leaking connections
      connection.close({ type: 'S', name: this.name })
      connection.sync()

      this.handleError(err, connection)
      return
    }

    connection.describe({
      type: 'P',
      name: this.portal || '',
    })

    this._getRows(connection, this.rows)
  }

  handleCopyInResponse(connection) {
    connection.sendCopyFail('No source stream defined')
  }

  handleCopyData(msg, connection) {
    // noop
  }
}

module.exports = Query


/***/ }),

/***/ 424:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {



const types = __nccwpck_require__(549)

const matchRegexp = /^([A-Za-z]+)(?: (\d+))?(?: (\d+))?/

// result object returned from query
// in the 'end' event and also
// passed as second argument to provided callback
class Result {
  constructor(rowMode, types) {
    this.command = null
    this.rowCount = null
    this.oid = null
    this.rows = []
    this.fields = []
    this._parsers = undefined
    this._types = types
    this.RowCtor = null
    this.rowAsArray = rowMode === 'array'
    if (this.rowAsArray) {
      this.parseRow = this._parseRowAsArray
    }
    this._prebuiltEmptyResultObject = null
  }

  // adds a command complete message
  addCommandComplete(msg) {
    let match
    if (msg.text) {
      // pure javascript
      match = matchRegexp.exec(msg.text)
    } else {
      // native bindings
      match = matchRegexp.exec(msg.command)
    }
    if (match) {
      this.command = match[1]
      if (match[3]) {
        // COMMAND OID ROWS
        this.oid = parseInt(match[2], 10)
        this.rowCount = parseInt(match[3], 10)
      } else if (match[2]) {
        // COMMAND ROWS
        this.rowCount = parseInt(match[2], 10)
      }
    }
  }

  _parseRowAsArray(rowData) {
    const row = new Array(rowData.length)
    for (let i = 0, len = rowData.length; i < len; i++) {
      const rawValue = rowData[i]
      if (rawValue !== null) {
        row[i] = this._parsers[i](rawValue)
      } else {
        row[i] = null
      }
    }
    return row
  }

  parseRow(rowData) {
    const row = { ...this._prebuiltEmptyResultObject }
    for (let i = 0, len = rowData.length; i < len; i++) {
      const rawValue = rowData[i]
      const field = this.fields[i].name
      if (rawValue !== null) {
        const v = this.fields[i].format === 'binary' ? Buffer.from(rawValue) : rawValue
        row[field] = this._parsers[i](v)
      } else {
        row[field] = null
      }
    }
    return row
  }

  addRow(row) {
    this.rows.push(row)
  }

  addFields(fieldDescriptions) {
    // clears field definitions
    // multiple query statements in 1 action can result in multiple sets
    // of rowDescriptions...eg: 'select NOW(); select 1::int;'
    // you need to reset the fields
    this.fields = fieldDescriptions
    if (this.fields.length) {
      this._parsers = new Array(fieldDescriptions.length)
    }

    const row = Object.create(null)

    for (let i = 0; i < fieldDescriptions.length; i++) {
      const desc = fieldDescriptions[i]
      row[desc.name] = null

      if (this._types) {
        this._parsers[i] = this._types.getTypeParser(desc.dataTypeID, desc.format || 'text')
      } else {
        this._parsers[i] = types.getTypeParser(desc.dataTypeID, desc.format || 'text')
      }
    }

    this._prebuiltEmptyResultObject = { ...row }
  }
}

module.exports = Result


/***/ }),

/***/ 829:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {

const { getStream, getSecureStream } = getStreamFuncs()

module.exports = {
  /**
   * Get a socket stream compatible with the current runtime environment.
   * @returns {Duplex}
   */
  getStream,
  /**
   * Get a TLS secured socket, compatible with the current environment,
   * using the socket and other settings given in `options`.
   * @returns {Duplex}
   */
  getSecureStream,
}

/**
 * The stream functions that work in Node.js
 */
function getNodejsStreamFuncs() {
  function getStream(ssl) {
    const net = __nccwpck_require__(278)
    return new net.Socket()
  }

  function getSecureStream(options) {
    const tls = __nccwpck_require__(756)
    return tls.connect(options)
  }
  return {
    getStream,
    getSecureStream,
  }
}

/**
 * The stream functions that work in Cloudflare Workers
 */
function getCloudflareStreamFuncs() {
  function getStream(ssl) {
    const { CloudflareSocket } = __nccwpck_require__(785)
    return new CloudflareSocket(ssl)
  }

  function getSecureStream(options) {
    options.socket.startTls(options)
    return options.socket
  }
  return {
    getStream,
    getSecureStream,
  }
}

/**
 * Are we running in a Cloudflare Worker?
 *
 * @returns true if the code is currently running inside a Cloudflare Worker.
 */
function isCloudflareRuntime() {
  // Since 2022-03-21 the `global_navigator` compatibility flag is on for Cloudflare Workers
  // which means that `navigator.userAgent` will be defined.
  // eslint-disable-next-line no-undef
  if (typeof navigator === 'object' && navigator !== null && typeof navigator.userAgent === 'string') {
    // eslint-disable-next-line no-undef
    return navigator.userAgent === 'Cloudflare-Workers'
  }
  // In case `navigator` or `navigator.userAgent` is not defined then try a more sneaky approach
  if (typeof Response === 'function') {
    const resp = new Response(null, { cf: { thing: true } })
    if (typeof resp.cf === 'object' && resp.cf !== null && resp.cf.thing) {
      return true
    }
  }
  return false
}

function getStreamFuncs() {
  if (isCloudflareRuntime()) {
    return getCloudflareStreamFuncs()
  }
  return getNodejsStreamFuncs()
}


/***/ }),

/***/ 365:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {



const types = __nccwpck_require__(549)

function TypeOverrides(userTypes) {
  this._types = userTypes || types
  this.text = {}
  this.binary = {}
}

TypeOverrides.prototype.getOverrides = function (format) {
  switch (format) {
    case 'text':
      return this.text
    case 'binary':
      return this.binary
    default:
      return {}
  }
}

TypeOverrides.prototype.setTypeParser = function (oid, format, parseFn) {
  if (typeof format === 'function') {
    parseFn = format
    format = 'text'
  }
  this.getOverrides(format)[oid] = parseFn
}

TypeOverrides.prototype.getTypeParser = function (oid, format) {
  format = format || 'text'
  return this.getOverrides(format)[oid] || this._types.getTypeParser(oid, format)
}

module.exports = TypeOverrides


/***/ }),

/***/ 652:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {



const defaults = __nccwpck_require__(995)
const nodeUtils = __nccwpck_require__(23)

const { isDate } = __nccwpck_require__(253)

const invalidDateDeprecationNotice = nodeUtils.deprecate(
  () => {},
  'Sending an invalid date to Postgres is deprecated and will throw an error in the next major version of pg. Ensure any Date object passed as a query parameter is valid.',
  'PG_INVALID_DATE'
)

function escapeElement(elementRepresentation) {
  const escaped = elementRepresentation.replace(/\\/g, '\\\\').replace(/"/g, '\\"')

  return '"' + escaped + '"'
}

// convert a JS array to a postgres array literal
// uses comma separator so won't work for types like box that use
// a different array separator.
function arrayString(val) {
  let result = '{'
  for (let i = 0; i < val.length; i++) {
    if (i > 0) {
      result += ','
    }
    let item = val[i]
    if (item == null) {
      result += 'NULL'
    } else if (Array.isArray(item)) {
      result += arrayString(item)
    } else if (ArrayBuffer.isView(item)) {
      if (!(item instanceof Buffer)) {
        item = Buffer.from(item.buffer, item.byteOffset, item.byteLength)
      }
      result += '\\\\x' + item.toString('hex')
    } else {
      result += escapeElement(prepareValue(item))
    }
  }
  result += '}'
  return result
}

// converts values from javascript types
// to their 'raw' counterparts for use as a postgres parameter
// note: you can override this function to provide your own conversion mechanism
// for complex types, etc...
const prepareValue = function (val, seen) {
  // null and undefined are both null for postgres
  if (val == null) {
    return null
  }
  if (typeof val === 'object') {
    if (val instanceof Buffer) {
      return val
    }
    if (ArrayBuffer.isView(val)) {
      return Buffer.from(val.buffer, val.byteOffset, val.byteLength)
    }
    if (isDate(val)) {
      if (isNaN(val.getTime())) {
        invalidDateDeprecationNotice()
      }
      if (defaults.parseInputDatesAsUTC) {
        return dateToStringUTC(val)
      } else {
        return dateToString(val)
      }
    }
    if (Array.isArray(val)) {
      return arrayString(val)
    }

    return prepareObject(val, seen)
  }
  return val.toString()
}

function prepareObject(val, seen) {
  if (val && typeof val.toPostgres === 'function') {
    seen = seen || []
    if (seen.indexOf(val) !== -1) {
      throw new Error('circular reference detected while preparing "' + val + '" for query')
    }
    seen.push(val)

    return prepareValue(val.toPostgres(prepareValue), seen)
  }
  return JSON.stringify(val)
}

function dateToString(date) {
  let offset = -date.getTimezoneOffset()

  let year = date.getFullYear()
  const isBCYear = year < 1
  if (isBCYear) year = Math.abs(year) + 1 // negative years are 1 off their BC representation

  let ret =
    String(year).padStart(4, '0') +
    '-' +
    String(date.getMonth() + 1).padStart(2, '0') +
    '-' +
    String(date.getDate()).padStart(2, '0') +
    'T' +
    String(date.getHours()).padStart(2, '0') +
    ':' +
    String(date.getMinutes()).padStart(2, '0') +
    ':' +
    String(date.getSeconds()).padStart(2, '0') +
    '.' +
    String(date.getMilliseconds()).padStart(3, '0')

  if (offset < 0) {
    ret += '-'
    offset *= -1
  } else {
    ret += '+'
  }

  ret += String(Math.floor(offset / 60)).padStart(2, '0') + ':' + String(offset % 60).padStart(2, '0')
  if (isBCYear) ret += ' BC'
  return ret
}

function dateToStringUTC(date) {
  let year = date.getUTCFullYear()
  const isBCYear = year < 1
  if (isBCYear) year = Math.abs(year) + 1 // negative years are 1 off their BC representation

  let ret =
    String(year).padStart(4, '0') +
    '-' +
    String(date.getUTCMonth() + 1).padStart(2, '0') +
    '-' +
    String(date.getUTCDate()).padStart(2, '0') +
    'T' +
    String(date.getUTCHours()).padStart(2, '0') +
    ':' +
    String(date.getUTCMinutes()).padStart(2, '0') +
    ':' +
    String(date.getUTCSeconds()).padStart(2, '0') +
    '.' +
    String(date.getUTCMilliseconds()).padStart(3, '0')

  ret += '+00:00'
  if (isBCYear) ret += ' BC'
  return ret
}

function normalizeQueryConfig(config, values, callback) {
  // can take in strings or config objects
  // Copy config so normalization does not mutate the caller's object.
  config = typeof config === 'string' ? { text: config } : cloneQueryConfig(config)
  if (values) {
    if (typeof values === 'function') {
      config.callback = values
    } else {
      config.values = values
    }
  }
  if (callback) {
    config.callback = callback
  }
  return config
}

function cloneQueryConfig(config) {
  if (config == null) {
    return config
  }
  return Object.defineProperties(Object.create(Object.getPrototypeOf(config)), Object.getOwnPropertyDescriptors(config))
}

// Ported from PostgreSQL 9.2.4 source code in src/interfaces/libpq/fe-exec.c
const escapeIdentifier = function (str) {
  return '"' + str.replace(/"/g, '""') + '"'
}

const escapeLiteral = function (str) {
  let hasBackslash = false
  let escaped = "'"

  if (str == null) {
    return "''"
  }

  if (typeof str !== 'string') {
    return "''"
  }

  for (let i = 0; i < str.length; i++) {
    const c = str[i]
    if (c === "'") {
      escaped += c + c
    } else if (c === '\\') {
      escaped += c + c
      hasBackslash = true
    } else {
      escaped += c
    }
  }

  escaped += "'"

  if (hasBackslash === true) {
    escaped = ' E' + escaped
  }

  return escaped
}

module.exports = {
  prepareValue: function prepareValueWrapper(value) {
    // this ensures that extra arguments do not get passed into prepareValue
    // by accident, eg: from calling values.map(utils.prepareValue)
    return prepareValue(value)
  },
  normalizeQueryConfig,
  escapeIdentifier,
  escapeLiteral,
}


/***/ }),

/***/ 702:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {



var path = __nccwpck_require__(928)
  , Stream = (__nccwpck_require__(203).Stream)
  , split = __nccwpck_require__(286)
  , util = __nccwpck_require__(23)
  , defaultPort = 5432
  , isWin = (process.platform === 'win32')
  , warnStream = process.stderr
;


var S_IRWXG = 56     //    00070(8)
  , S_IRWXO = 7      //    00007(8)
  , S_IFMT  = 61440  // 00170000(8)
  , S_IFREG = 32768  //  0100000(8)
;
function isRegFile(mode) {
    return ((mode & S_IFMT) == S_IFREG);
}

var fieldNames = [ 'host', 'port', 'database', 'user', 'password' ];
var nrOfFields = fieldNames.length;
var passKey = fieldNames[ nrOfFields -1 ];


function warn() {
    var isWritable = (
        warnStream instanceof Stream &&
          true === warnStream.writable
    );

    if (isWritable) {
        var args = Array.prototype.slice.call(arguments).concat("\n");
        warnStream.write( util.format.apply(util, args) );
    }
}


Object.defineProperty(module.exports, "isWin", ({
    get : function() {
        return isWin;
    } ,
    set : function(val) {
        isWin = val;
    }
}));


module.exports.warnTo = function(stream) {
    var old = warnStream;
    warnStream = stream;
    return old;
};

module.exports.getFileName = function(rawEnv){
    var env = rawEnv || process.env;
    var file = env.PGPASSFILE || (
        isWin ?
          path.join( env.APPDATA || './' , 'postgresql', 'pgpass.conf' ) :
          path.join( env.HOME || './', '.pgpass' )
    );
    return file;
};

module.exports.usePgPass = function(stats, fname) {
    if (Object.prototype.hasOwnProperty.call(process.env, 'PGPASSWORD')) {
        return false;
    }

    if (isWin) {
        return true;
    }

    fname = fname || '<unkn>';

    if (! isRegFile(stats.mode)) {
        warn('WARNING: password file "%s" is not a plain file', fname);
        return false;
    }

    if (stats.mode & (S_IRWXG | S_IRWXO)) {
        /* If password file is insecure, alert the user and ignore it. */
        warn('WARNING: password file "%s" has group or world access; permissions should be u=rw (0600) or less', fname);
        return false;
    }

    return true;
};


var matcher = module.exports.match = function(connInfo, entry) {
    return fieldNames.slice(0, -1).reduce(function(prev, field, idx){
        if (idx == 1) {
            // the port
            if ( Number( connInfo[field] || defaultPort ) === Number( entry[field] ) ) {
                return prev && true;
            }
        }
        return prev && (
            entry[field] === '*' ||
              entry[field] === connInfo[field]
        );
    }, true);
};


module.exports.getPassword = function(connInfo, stream, cb) {
    var pass;
    var lineStream = stream.pipe(split());

    function onLine(line) {
        var entry = parseLine(line);
        if (entry && isValidEntry(entry) && matcher(connInfo, entry)) {
            pass = entry[passKey];
            lineStream.end(); // -> calls onEnd(), but pass is set now
        }
    }

    var onEnd = function() {
        stream.destroy();
        cb(pass);
    };

    var onErr = function(err) {
        stream.destroy();
        warn('WARNING: error on reading file: %s', err);
        cb(undefined);
    };

    stream.on('error', onErr);
    lineStream
        .on('data', onLine)
        .on('end', onEnd)
        .on('error', onErr)
    ;

};


var parseLine = module.exports.parseLine = function(line) {
    if (line.length < 11 || line.match(/^\s+#/)) {
        return null;
    }

    var curChar = '';
    var prevChar = '';
    var fieldIdx = 0;
    var startIdx = 0;
    var endIdx = 0;
    var obj = {};
    var isLastField = false;
    var addToObj = function(idx, i0, i1) {
        var field = line.substring(i0, i1);

        if (! Object.hasOwnProperty.call(process.env, 'PGPASS_NO_DEESCAPE')) {
            field = field.replace(/\\([:\\])/g, '$1');
        }

        obj[ fieldNames[idx] ] = field;
    };

    for (var i = 0 ; i < line.length-1 ; i += 1) {
        curChar = line.charAt(i+1);
        prevChar = line.charAt(i);

        isLastField = (fieldIdx == nrOfFields-1);

        if (isLastField) {
            addToObj(fieldIdx, startIdx);
            break;
        }

        if (i >= 0 && curChar == ':' && prevChar !== '\\') {
            addToObj(fieldIdx, startIdx, i+1);

            startIdx = i+2;
            fieldIdx += 1;
        }
    }

    obj = ( Object.keys(obj).length === nrOfFields ) ? obj : null;

    return obj;
};


var isValidEntry = module.exports.isValidEntry = function(entry){
    var rules = {
        // host
        0 : function(x){
            return x.length > 0;
        } ,
        // port
        1 : function(x){
            if (x === '*') {
                return true;
            }
            x = Number(x);
            return (
                isFinite(x) &&
                  x > 0 &&
                  x < 9007199254740992 &&
                  Math.floor(x) === x
            );
        } ,
        // database
        2 : function(x){
            return x.length > 0;
        } ,
        // username
        3 : function(x){
            return x.length > 0;
        } ,
        // password
        4 : function(x){
            return x.length > 0;
        }
    };

    for (var idx = 0 ; idx < fieldNames.length ; idx += 1) {
        var rule = rules[idx];
        var value = entry[ fieldNames[idx] ] || '';

        var res = rule(value);
        if (!res) {
            return false;
        }
    }

    return true;
};



/***/ }),

/***/ 272:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {



var path = __nccwpck_require__(928)
  , fs = __nccwpck_require__(896)
  , helper = __nccwpck_require__(702)
;


module.exports = function(connInfo, cb) {
    var file = helper.getFileName();
    
    fs.stat(file, function(err, stat){
        if (err || !helper.usePgPass(stat, file)) {
            return cb(undefined);
        }

        var st = fs.createReadStream(file);

        helper.getPassword(connInfo, st, cb);
    });
};

module.exports.warnTo = helper.warnTo;


/***/ }),

/***/ 879:
/***/ ((__unused_webpack_module, exports) => {



exports.parse = function (source, transform) {
  return new ArrayParser(source, transform).parse()
}

class ArrayParser {
  constructor (source, transform) {
    this.source = source
    this.transform = transform || identity
    this.position = 0
    this.entries = []
    this.recorded = []
    this.dimension = 0
  }

  isEof () {
    return this.position >= this.source.length
  }

  nextCharacter () {
    var character = this.source[this.position++]
    if (character === '\\') {
      return {
        value: this.source[this.position++],
        escaped: true
      }
    }
    return {
      value: character,
      escaped: false
    }
  }

  record (character) {
    this.recorded.push(character)
  }

  newEntry (includeEmpty) {
    var entry
    if (this.recorded.length > 0 || includeEmpty) {
      entry = this.recorded.join('')
      if (entry === 'NULL' && !includeEmpty) {
        entry = null
      }
      if (entry !== null) entry = this.transform(entry)
      this.entries.push(entry)
      this.recorded = []
    }
  }

  consumeDimensions () {
    if (this.source[0] === '[') {
      while (!this.isEof()) {
        var char = this.nextCharacter()
        if (char.value === '=') break
      }
    }
  }

  parse (nested) {
    var character, parser, quote
    this.consumeDimensions()
    while (!this.isEof()) {
      character = this.nextCharacter()
      if (character.value === '{' && !quote) {
        this.dimension++
        if (this.dimension > 1) {
          parser = new ArrayParser(this.source.substr(this.position - 1), this.transform)
          this.entries.push(parser.parse(true))
          this.position += parser.position - 2
        }
      } else if (character.value === '}' && !quote) {
        this.dimension--
        if (!this.dimension) {
          this.newEntry()
          if (nested) return this.entries
        }
      } else if (character.value === '"' && !character.escaped) {
        if (quote) this.newEntry(true)
        quote = !quote
      } else if (character.value === ',' && !quote) {
        this.newEntry()
      } else {
        this.record(character.value)
      }
    }
    if (this.dimension !== 0) {
      throw new Error('array dimension not balanced')
    }
    return this.entries
  }
}

function identity (value) {
  return value
}


/***/ }),

/***/ 463:
/***/ ((module) => {



var bufferFrom = Buffer.from || Buffer

module.exports = function parseBytea (input) {
  if (/^\\x/.test(input)) {
    // new 'hex' style response (pg >9.0)
    return bufferFrom(input.substr(2), 'hex')
  }
  var output = ''
  var i = 0
  while (i < input.length) {
    if (input[i] !== '\\') {
      output += input[i]
      ++i
    } else {
      if (/[0-7]{3}/.test(input.substr(i + 1, 3))) {
        output += String.fromCharCode(parseInt(input.substr(i + 1, 3), 8))
        i += 4
      } else {
        var backslashes = 1
        while (i + backslashes < input.length && input[i + backslashes] === '\\') {
          backslashes++
        }
        for (var k = 0; k < Math.floor(backslashes / 2); ++k) {
          output += '\\'
        }
        i += Math.floor(backslashes / 2) * 2
      }
    }
  }
  return bufferFrom(output, 'binary')
}


/***/ }),

/***/ 690:
/***/ ((module) => {



var DATE_TIME = /(\d{1,})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})(\.\d{1,})?.*?( BC)?$/
var DATE = /^(\d{1,})-(\d{2})-(\d{2})( BC)?$/
var TIME_ZONE = /([Z+-])(\d{2})?:?(\d{2})?:?(\d{2})?/
var INFINITY = /^-?infinity$/

module.exports = function parseDate (isoDate) {
  if (INFINITY.test(isoDate)) {
    // Capitalize to Infinity before passing to Number
    return Number(isoDate.replace('i', 'I'))
  }
  var matches = DATE_TIME.exec(isoDate)

  if (!matches) {
    // Force YYYY-MM-DD dates to be parsed as local time
    return getDate(isoDate) || null
  }

  var isBC = !!matches[8]
  var year = parseInt(matches[1], 10)
  if (isBC) {
    year = bcYearToNegativeYear(year)
  }

  var month = parseInt(matches[2], 10) - 1
  var day = matches[3]
  var hour = parseInt(matches[4], 10)
  var minute = parseInt(matches[5], 10)
  var second = parseInt(matches[6], 10)

  var ms = matches[7]
  ms = ms ? 1000 * parseFloat(ms) : 0

  var date
  var offset = timeZoneOffset(isoDate)
  if (offset != null) {
    date = new Date(Date.UTC(year, month, day, hour, minute, second, ms))

    // Account for years from 0 to 99 being interpreted as 1900-1999
    // by Date.UTC / the multi-argument form of the Date constructor
    if (is0To99(year)) {
      date.setUTCFullYear(year)
    }

    if (offset !== 0) {
      date.setTime(date.getTime() - offset)
    }
  } else {
    date = new Date(year, month, day, hour, minute, second, ms)

    if (is0To99(year)) {
      date.setFullYear(year)
    }
  }

  return date
}

function getDate (isoDate) {
  var matches = DATE.exec(isoDate)
  if (!matches) {
    return
  }

  var year = parseInt(matches[1], 10)
  var isBC = !!matches[4]
  if (isBC) {
    year = bcYearToNegativeYear(year)
  }

  var month = parseInt(matches[2], 10) - 1
  var day = matches[3]
  // YYYY-MM-DD will be parsed as local time
  var date = new Date(year, month, day)

  if (is0To99(year)) {
    date.setFullYear(year)
  }

  return date
}

// match timezones:
// Z (UTC)
// -05
// +06:30
function timeZoneOffset (isoDate) {
  if (isoDate.endsWith('+00')) {
    return 0
  }

  var zone = TIME_ZONE.exec(isoDate.split(' ')[1])
  if (!zone) return
  var type = zone[1]

  if (type === 'Z') {
    return 0
  }
  var sign = type === '-' ? -1 : 1
  var offset = parseInt(zone[2], 10) * 3600 +
    parseInt(zone[3] || 0, 10) * 60 +
    parseInt(zone[4] || 0, 10)

  return offset * sign * 1000
}

function bcYearToNegativeYear (year) {
  // Account for numerical difference between representations of BC years
  // See: https://github.com/bendrucker/postgres-date/issues/5
  return -(year - 1)
}

function is0To99 (num) {
  return num >= 0 && num < 100
}


/***/ }),

/***/ 755:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {



var extend = __nccwpck_require__(223)

module.exports = PostgresInterval

function PostgresInterval (raw) {
  if (!(this instanceof PostgresInterval)) {
    return new PostgresInterval(raw)
  }
  extend(this, parse(raw))
}
var properties = ['seconds', 'minutes', 'hours', 'days', 'months', 'years']
PostgresInterval.prototype.toPostgres = function () {
  var filtered = properties.filter(this.hasOwnProperty, this)

  // In addition to `properties`, we need to account for fractions of seconds.
  if (this.milliseconds && filtered.indexOf('seconds') < 0) {
    filtered.push('seconds')
  }

  if (filtered.length === 0) return '0'
  return filtered
    .map(function (property) {
      var value = this[property] || 0

      // Account for fractional part of seconds,
      // remove trailing zeroes.
      if (property === 'seconds' && this.milliseconds) {
        value = (value + this.milliseconds / 1000).toFixed(6).replace(/\.?0+$/, '')
      }

      return value + ' ' + property
    }, this)
    .join(' ')
}

var propertiesISOEquivalent = {
  years: 'Y',
  months: 'M',
  days: 'D',
  hours: 'H',
  minutes: 'M',
  seconds: 'S'
}
var dateProperties = ['years', 'months', 'days']
var timeProperties = ['hours', 'minutes', 'seconds']
// according to ISO 8601
PostgresInterval.prototype.toISOString = PostgresInterval.prototype.toISO = function () {
  var datePart = dateProperties
    .map(buildProperty, this)
    .join('')

  var timePart = timeProperties
    .map(buildProperty, this)
    .join('')

  return 'P' + datePart + 'T' + timePart

  function buildProperty (property) {
    var value = this[property] || 0

    // Account for fractional part of seconds,
    // remove trailing zeroes.
    if (property === 'seconds' && this.milliseconds) {
      value = (value + this.milliseconds / 1000).toFixed(6).replace(/0+$/, '')
    }

    return value + propertiesISOEquivalent[property]
  }
}

var NUMBER = '([+-]?\\d+)'
var YEAR = NUMBER + '\\s+years?'
var MONTH = NUMBER + '\\s+mons?'
var DAY = NUMBER + '\\s+days?'
var TIME = '([+-])?([\\d]*):(\\d\\d):(\\d\\d)\\.?(\\d{1,6})?'
var INTERVAL = new RegExp([YEAR, MONTH, DAY, TIME].map(function (regexString) {
  return '(' + regexString + ')?'
})
  .join('\\s*'))

// Positions of values in regex match
var positions = {
  years: 2,
  months: 4,
  days: 6,
  hours: 9,
  minutes: 10,
  seconds: 11,
  milliseconds: 12
}
// We can use negative time
var negatives = ['hours', 'minutes', 'seconds', 'milliseconds']

function parseMilliseconds (fraction) {
  // add omitted zeroes
  var microseconds = fraction + '000000'.slice(fraction.length)
  return parseInt(microseconds, 10) / 1000
}

function parse (interval) {
  if (!interval) return {}
  var matches = INTERVAL.exec(interval)
  var isNegative = matches[8] === '-'
  return Object.keys(positions)
    .reduce(function (parsed, property) {
      var position = positions[property]
      var value = matches[position]
      // no empty string
      if (!value) return parsed
      // milliseconds are actually microseconds (up to 6 digits)
      // with omitted trailing zeroes.
      value = property === 'milliseconds'
        ? parseMilliseconds(value)
        : parseInt(value, 10)
      // no zeros
      if (!value) return parsed
      if (isNegative && ~negatives.indexOf(property)) {
        value *= -1
      }
      parsed[property] = value
      return parsed
    }, {})
}


/***/ }),

/***/ 286:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {

/*
Copyright (c) 2014-2021, Matteo Collina <hello@matteocollina.com>

Permission to use, copy, modify, and/or distribute this software for any
purpose with or without fee is hereby granted, provided that the above
copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR
IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
*/



const { Transform } = __nccwpck_require__(203)
const { StringDecoder } = __nccwpck_require__(193)
const kLast = Symbol('last')
const kDecoder = Symbol('decoder')

function transform (chunk, enc, cb) {
  let list
  if (this.overflow) { // Line buffer is full. Skip to start of next line.
    const buf = this[kDecoder].write(chunk)
    list = buf.split(this.matcher)

    if (list.length === 1) return cb() // Line ending not found. Discard entire chunk.

    // Line ending found. Discard trailing fragment of previous line and reset overflow state.
    list.shift()
    this.overflow = false
  } else {
    this[kLast] += this[kDecoder].write(chunk)
    list = this[kLast].split(this.matcher)
  }

  this[kLast] = list.pop()

  for (let i = 0; i < list.length; i++) {
    try {
      push(this, this.mapper(list[i]))
    } catch (error) {
      return cb(error)
    }
  }

  this.overflow = this[kLast].length > this.maxLength
  if (this.overflow && !this.skipOverflow) {
    cb(new Error('maximum buffer reached'))
    return
  }

  cb()
}

function flush (cb) {
  // forward any gibberish left in there
  this[kLast] += this[kDecoder].end()

  if (this[kLast]) {
    try {
      push(this, this.mapper(this[kLast]))
    } catch (error) {
      return cb(error)
    }
  }

  cb()
}

function push (self, val) {
  if (val !== undefined) {
    self.push(val)
  }
}

function noop (incoming) {
  return incoming
}

function split (matcher, mapper, options) {
  // Set defaults for any arguments not supplied.
  matcher = matcher || /\r?\n/
  mapper = mapper || noop
  options = options || {}

  // Test arguments explicitly.
  switch (arguments.length) {
    case 1:
      // If mapper is only argument.
      if (typeof matcher === 'function') {
        mapper = matcher
        matcher = /\r?\n/
      // If options is only argument.
      } else if (typeof matcher === 'object' && !(matcher instanceof RegExp) && !matcher[Symbol.split]) {
        options = matcher
        matcher = /\r?\n/
      }
      break

    case 2:
      // If mapper and options are arguments.
      if (typeof matcher === 'function') {
        options = mapper
        mapper = matcher
        matcher = /\r?\n/
      // If matcher and options are arguments.
      } else if (typeof mapper === 'object') {
        options = mapper
        mapper = noop
      }
  }

  options = Object.assign({}, options)
  options.autoDestroy = true
  options.transform = transform
  options.flush = flush
  options.readableObjectMode = true

  const stream = new Transform(options)

  stream[kLast] = ''
  stream[kDecoder] = new StringDecoder('utf8')
  stream.matcher = matcher
  stream.mapper = mapper
  stream.maxLength = options.maxLength
  stream.skipOverflow = options.skipOverflow || false
  stream.overflow = false
  stream._destroy = function (err, cb) {
    // Weird Node v12 bug that we need to work around
    this._writableState.errorEmitted = false
    cb(err)
  }

  return stream
}

module.exports = split


/***/ }),

/***/ 223:
/***/ ((module) => {

module.exports = extend

var hasOwnProperty = Object.prototype.hasOwnProperty;

function extend(target) {
    for (var i = 1; i < arguments.length; i++) {
        var source = arguments[i]

        for (var key in source) {
            if (hasOwnProperty.call(source, key)) {
                target[key] = source[key]
            }
        }
    }

    return target
}


/***/ }),

/***/ 982:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("crypto");

/***/ }),

/***/ 250:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("dns");

/***/ }),

/***/ 434:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("events");

/***/ }),

/***/ 896:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("fs");

/***/ }),

/***/ 278:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("net");

/***/ }),

/***/ 928:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("path");

/***/ }),

/***/ 203:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("stream");

/***/ }),

/***/ 193:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("string_decoder");

/***/ }),

/***/ 756:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("tls");

/***/ }),

/***/ 23:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("util");

/***/ }),

/***/ 253:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("util/types");

/***/ }),

/***/ 911:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __nccwpck_require__) => {


// EXPORTS
__nccwpck_require__.d(__webpack_exports__, {
  C: () => (/* binding */ runAction)
});

;// CONCATENATED MODULE: external "os"
const external_os_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("os");
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/utils.js
// We use any as a valid input type
/* eslint-disable @typescript-eslint/no-explicit-any */
/**
 * Sanitizes an input into a string so it can be passed into issueCommand safely
 * @param input input to sanitize into a string
 */
function utils_toCommandValue(input) {
    if (input === null || input === undefined) {
        return '';
    }
    else if (typeof input === 'string' || input instanceof String) {
        return input;
    }
    return JSON.stringify(input);
}
/**
 *
 * @param annotationProperties
 * @returns The command properties to send with the actual annotation command
 * See IssueCommandProperties: https://github.com/actions/runner/blob/main/src/Runner.Worker/ActionCommandManager.cs#L646
 */
function toCommandProperties(annotationProperties) {
    if (!Object.keys(annotationProperties).length) {
        return {};
    }
    return {
        title: annotationProperties.title,
        file: annotationProperties.file,
        line: annotationProperties.startLine,
        endLine: annotationProperties.endLine,
        col: annotationProperties.startColumn,
        endColumn: annotationProperties.endColumn
    };
}
//# sourceMappingURL=utils.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/command.js


/**
 * Issues a command to the GitHub Actions runner
 *
 * @param command - The command name to issue
 * @param properties - Additional properties for the command (key-value pairs)
 * @param message - The message to include with the command
 * @remarks
 * This function outputs a specially formatted string to stdout that the Actions
 * runner interprets as a command. These commands can control workflow behavior,
 * set outputs, create annotations, mask values, and more.
 *
 * Command Format:
 *   ::name key=value,key=value::message
 *
 * @example
 * ```typescript
 * // Issue a warning annotation
 * issueCommand('warning', {}, 'This is a warning message');
 * // Output: ::warning::This is a warning message
 *
 * // Set an environment variable
 * issueCommand('set-env', { name: 'MY_VAR' }, 'some value');
 * // Output: ::set-env name=MY_VAR::some value
 *
 * // Add a secret mask
 * issueCommand('add-mask', {}, 'secretValue123');
 * // Output: ::add-mask::secretValue123
 * ```
 *
 * @internal
 * This is an internal utility function that powers the public API functions
 * such as setSecret, warning, error, and exportVariable.
 */
function command_issueCommand(command, properties, message) {
    const cmd = new Command(command, properties, message);
    process.stdout.write(cmd.toString() + external_os_namespaceObject.EOL);
}
function command_issue(name, message = '') {
    command_issueCommand(name, {}, message);
}
const CMD_STRING = '::';
class Command {
    constructor(command, properties, message) {
        if (!command) {
            command = 'missing.command';
        }
        this.command = command;
        this.properties = properties;
        this.message = message;
    }
    toString() {
        let cmdStr = CMD_STRING + this.command;
        if (this.properties && Object.keys(this.properties).length > 0) {
            cmdStr += ' ';
            let first = true;
            for (const key in this.properties) {
                if (this.properties.hasOwnProperty(key)) {
                    const val = this.properties[key];
                    if (val) {
                        if (first) {
                            first = false;
                        }
                        else {
                            cmdStr += ',';
                        }
                        cmdStr += `${key}=${escapeProperty(val)}`;
                    }
                }
            }
        }
        cmdStr += `${CMD_STRING}${escapeData(this.message)}`;
        return cmdStr;
    }
}
function escapeData(s) {
    return utils_toCommandValue(s)
        .replace(/%/g, '%25')
        .replace(/\r/g, '%0D')
        .replace(/\n/g, '%0A');
}
function escapeProperty(s) {
    return utils_toCommandValue(s)
        .replace(/%/g, '%25')
        .replace(/\r/g, '%0D')
        .replace(/\n/g, '%0A')
        .replace(/:/g, '%3A')
        .replace(/,/g, '%2C');
}
//# sourceMappingURL=command.js.map
// EXTERNAL MODULE: external "crypto"
var external_crypto_ = __nccwpck_require__(982);
// EXTERNAL MODULE: external "fs"
var external_fs_ = __nccwpck_require__(896);
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/file-command.js
// For internal use, subject to change.
// We use any as a valid input type
/* eslint-disable @typescript-eslint/no-explicit-any */




function file_command_issueFileCommand(command, message) {
    const filePath = process.env[`GITHUB_${command}`];
    if (!filePath) {
        throw new Error(`Unable to find environment variable for file command ${command}`);
    }
    if (!external_fs_.existsSync(filePath)) {
        throw new Error(`Missing file at path: ${filePath}`);
    }
    external_fs_.appendFileSync(filePath, `${utils_toCommandValue(message)}${external_os_namespaceObject.EOL}`, {
        encoding: 'utf8'
    });
}
function file_command_prepareKeyValueMessage(key, value) {
    const delimiter = `ghadelimiter_${external_crypto_.randomUUID()}`;
    const convertedValue = utils_toCommandValue(value);
    // These should realistically never happen, but just in case someone finds a
    // way to exploit uuid generation let's not allow keys or values that contain
    // the delimiter.
    if (key.includes(delimiter)) {
        throw new Error(`Unexpected input: name should not contain the delimiter "${delimiter}"`);
    }
    if (convertedValue.includes(delimiter)) {
        throw new Error(`Unexpected input: value should not contain the delimiter "${delimiter}"`);
    }
    return `${key}<<${delimiter}${external_os_namespaceObject.EOL}${convertedValue}${external_os_namespaceObject.EOL}${delimiter}`;
}
//# sourceMappingURL=file-command.js.map
// EXTERNAL MODULE: external "path"
var external_path_ = __nccwpck_require__(928);
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/oidc-utils.js
var __awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};



class oidc_utils_OidcClient {
    static createHttpClient(allowRetry = true, maxRetry = 10) {
        const requestOptions = {
            allowRetries: allowRetry,
            maxRetries: maxRetry
        };
        return new HttpClient('actions/oidc-client', [new BearerCredentialHandler(oidc_utils_OidcClient.getRequestToken())], requestOptions);
    }
    static getRequestToken() {
        const token = process.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'];
        if (!token) {
            throw new Error('Unable to get ACTIONS_ID_TOKEN_REQUEST_TOKEN env variable');
        }
        return token;
    }
    static getIDTokenUrl() {
        const runtimeUrl = process.env['ACTIONS_ID_TOKEN_REQUEST_URL'];
        if (!runtimeUrl) {
            throw new Error('Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable');
        }
        return runtimeUrl;
    }
    static getCall(id_token_url) {
        return __awaiter(this, void 0, void 0, function* () {
            var _a;
            const httpclient = oidc_utils_OidcClient.createHttpClient();
            const res = yield httpclient
                .getJson(id_token_url)
                .catch(error => {
                throw new Error(`Failed to get ID Token. \n 
        Error Code : ${error.statusCode}\n 
        Error Message: ${error.message}`);
            });
            const id_token = (_a = res.result) === null || _a === void 0 ? void 0 : _a.value;
            if (!id_token) {
                throw new Error('Response json body do not have ID Token field');
            }
            return id_token;
        });
    }
    static getIDToken(audience) {
        return __awaiter(this, void 0, void 0, function* () {
            try {
                // New ID Token is requested from action service
                let id_token_url = oidc_utils_OidcClient.getIDTokenUrl();
                if (audience) {
                    const encodedAudience = encodeURIComponent(audience);
                    id_token_url = `${id_token_url}&audience=${encodedAudience}`;
                }
                debug(`ID token url is ${id_token_url}`);
                const id_token = yield oidc_utils_OidcClient.getCall(id_token_url);
                setSecret(id_token);
                return id_token;
            }
            catch (error) {
                throw new Error(`Error message: ${error.message}`);
            }
        });
    }
}
//# sourceMappingURL=oidc-utils.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/summary.js
var summary_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};


const { access, appendFile, writeFile } = external_fs_.promises;
const SUMMARY_ENV_VAR = 'GITHUB_STEP_SUMMARY';
const SUMMARY_DOCS_URL = 'https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions#adding-a-job-summary';
class Summary {
    constructor() {
        this._buffer = '';
    }
    /**
     * Finds the summary file path from the environment, rejects if env var is not found or file does not exist
     * Also checks r/w permissions.
     *
     * @returns step summary file path
     */
    filePath() {
        return summary_awaiter(this, void 0, void 0, function* () {
            if (this._filePath) {
                return this._filePath;
            }
            const pathFromEnv = process.env[SUMMARY_ENV_VAR];
            if (!pathFromEnv) {
                throw new Error(`Unable to find environment variable for $${SUMMARY_ENV_VAR}. Check if your runtime environment supports job summaries.`);
            }
            try {
                yield access(pathFromEnv, external_fs_.constants.R_OK | external_fs_.constants.W_OK);
            }
            catch (_a) {
                throw new Error(`Unable to access summary file: '${pathFromEnv}'. Check if the file has correct read/write permissions.`);
            }
            this._filePath = pathFromEnv;
            return this._filePath;
        });
    }
    /**
     * Wraps content in an HTML tag, adding any HTML attributes
     *
     * @param {string} tag HTML tag to wrap
     * @param {string | null} content content within the tag
     * @param {[attribute: string]: string} attrs key-value list of HTML attributes to add
     *
     * @returns {string} content wrapped in HTML element
     */
    wrap(tag, content, attrs = {}) {
        const htmlAttrs = Object.entries(attrs)
            .map(([key, value]) => ` ${key}="${value}"`)
            .join('');
        if (!content) {
            return `<${tag}${htmlAttrs}>`;
        }
        return `<${tag}${htmlAttrs}>${content}</${tag}>`;
    }
    /**
     * Writes text in the buffer to the summary buffer file and empties buffer. Will append by default.
     *
     * @param {SummaryWriteOptions} [options] (optional) options for write operation
     *
     * @returns {Promise<Summary>} summary instance
     */
    write(options) {
        return summary_awaiter(this, void 0, void 0, function* () {
            const overwrite = !!(options === null || options === void 0 ? void 0 : options.overwrite);
            const filePath = yield this.filePath();
            const writeFunc = overwrite ? writeFile : appendFile;
            yield writeFunc(filePath, this._buffer, { encoding: 'utf8' });
            return this.emptyBuffer();
        });
    }
    /**
     * Clears the summary buffer and wipes the summary file
     *
     * @returns {Summary} summary instance
     */
    clear() {
        return summary_awaiter(this, void 0, void 0, function* () {
            return this.emptyBuffer().write({ overwrite: true });
        });
    }
    /**
     * Returns the current summary buffer as a string
     *
     * @returns {string} string of summary buffer
     */
    stringify() {
        return this._buffer;
    }
    /**
     * If the summary buffer is empty
     *
     * @returns {boolen} true if the buffer is empty
     */
    isEmptyBuffer() {
        return this._buffer.length === 0;
    }
    /**
     * Resets the summary buffer without writing to summary file
     *
     * @returns {Summary} summary instance
     */
    emptyBuffer() {
        this._buffer = '';
        return this;
    }
    /**
     * Adds raw text to the summary buffer
     *
     * @param {string} text content to add
     * @param {boolean} [addEOL=false] (optional) append an EOL to the raw text (default: false)
     *
     * @returns {Summary} summary instance
     */
    addRaw(text, addEOL = false) {
        this._buffer += text;
        return addEOL ? this.addEOL() : this;
    }
    /**
     * Adds the operating system-specific end-of-line marker to the buffer
     *
     * @returns {Summary} summary instance
     */
    addEOL() {
        return this.addRaw(external_os_namespaceObject.EOL);
    }
    /**
     * Adds an HTML codeblock to the summary buffer
     *
     * @param {string} code content to render within fenced code block
     * @param {string} lang (optional) language to syntax highlight code
     *
     * @returns {Summary} summary instance
     */
    addCodeBlock(code, lang) {
        const attrs = Object.assign({}, (lang && { lang }));
        const element = this.wrap('pre', this.wrap('code', code), attrs);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML list to the summary buffer
     *
     * @param {string[]} items list of items to render
     * @param {boolean} [ordered=false] (optional) if the rendered list should be ordered or not (default: false)
     *
     * @returns {Summary} summary instance
     */
    addList(items, ordered = false) {
        const tag = ordered ? 'ol' : 'ul';
        const listItems = items.map(item => this.wrap('li', item)).join('');
        const element = this.wrap(tag, listItems);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML table to the summary buffer
     *
     * @param {SummaryTableCell[]} rows table rows
     *
     * @returns {Summary} summary instance
     */
    addTable(rows) {
        const tableBody = rows
            .map(row => {
            const cells = row
                .map(cell => {
                if (typeof cell === 'string') {
                    return this.wrap('td', cell);
                }
                const { header, data, colspan, rowspan } = cell;
                const tag = header ? 'th' : 'td';
                const attrs = Object.assign(Object.assign({}, (colspan && { colspan })), (rowspan && { rowspan }));
                return this.wrap(tag, data, attrs);
            })
                .join('');
            return this.wrap('tr', cells);
        })
            .join('');
        const element = this.wrap('table', tableBody);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds a collapsable HTML details element to the summary buffer
     *
     * @param {string} label text for the closed state
     * @param {string} content collapsable content
     *
     * @returns {Summary} summary instance
     */
    addDetails(label, content) {
        const element = this.wrap('details', this.wrap('summary', label) + content);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML image tag to the summary buffer
     *
     * @param {string} src path to the image you to embed
     * @param {string} alt text description of the image
     * @param {SummaryImageOptions} options (optional) addition image attributes
     *
     * @returns {Summary} summary instance
     */
    addImage(src, alt, options) {
        const { width, height } = options || {};
        const attrs = Object.assign(Object.assign({}, (width && { width })), (height && { height }));
        const element = this.wrap('img', null, Object.assign({ src, alt }, attrs));
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML section heading element
     *
     * @param {string} text heading text
     * @param {number | string} [level=1] (optional) the heading level, default: 1
     *
     * @returns {Summary} summary instance
     */
    addHeading(text, level) {
        const tag = `h${level}`;
        const allowedTag = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].includes(tag)
            ? tag
            : 'h1';
        const element = this.wrap(allowedTag, text);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML thematic break (<hr>) to the summary buffer
     *
     * @returns {Summary} summary instance
     */
    addSeparator() {
        const element = this.wrap('hr', null);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML line break (<br>) to the summary buffer
     *
     * @returns {Summary} summary instance
     */
    addBreak() {
        const element = this.wrap('br', null);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML blockquote to the summary buffer
     *
     * @param {string} text quote text
     * @param {string} cite (optional) citation url
     *
     * @returns {Summary} summary instance
     */
    addQuote(text, cite) {
        const attrs = Object.assign({}, (cite && { cite }));
        const element = this.wrap('blockquote', text, attrs);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML anchor tag to the summary buffer
     *
     * @param {string} text link text/content
     * @param {string} href hyperlink
     *
     * @returns {Summary} summary instance
     */
    addLink(text, href) {
        const element = this.wrap('a', text, { href });
        return this.addRaw(element).addEOL();
    }
}
const _summary = new Summary();
/**
 * @deprecated use `core.summary`
 */
const markdownSummary = (/* unused pure expression or super */ null && (_summary));
const summary = _summary;
//# sourceMappingURL=summary.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/path-utils.js

/**
 * toPosixPath converts the given path to the posix form. On Windows, \\ will be
 * replaced with /.
 *
 * @param pth. Path to transform.
 * @return string Posix path.
 */
function toPosixPath(pth) {
    return pth.replace(/[\\]/g, '/');
}
/**
 * toWin32Path converts the given path to the win32 form. On Linux, / will be
 * replaced with \\.
 *
 * @param pth. Path to transform.
 * @return string Win32 path.
 */
function toWin32Path(pth) {
    return pth.replace(/[/]/g, '\\');
}
/**
 * toPlatformPath converts the given path to a platform-specific path. It does
 * this by replacing instances of / and \ with the platform-specific path
 * separator.
 *
 * @param pth The path to platformize.
 * @return string The platform-specific path.
 */
function toPlatformPath(pth) {
    return pth.replace(/[/\\]/g, path.sep);
}
//# sourceMappingURL=path-utils.js.map
// EXTERNAL MODULE: external "string_decoder"
var external_string_decoder_ = __nccwpck_require__(193);
// EXTERNAL MODULE: external "events"
var external_events_ = __nccwpck_require__(434);
;// CONCATENATED MODULE: external "child_process"
const external_child_process_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("child_process");
;// CONCATENATED MODULE: external "assert"
const external_assert_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("assert");
;// CONCATENATED MODULE: ./node_modules/@actions/io/lib/io-util.js
var io_util_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};


const { chmod, copyFile, lstat, mkdir, open: io_util_open, readdir, rename, rm, rmdir, stat, symlink, unlink } = external_fs_.promises;
// export const {open} = 'fs'
const IS_WINDOWS = process.platform === 'win32';
/**
 * Custom implementation of readlink to ensure Windows junctions
 * maintain trailing backslash for backward compatibility with Node.js < 24
 *
 * In Node.js 20, Windows junctions (directory symlinks) always returned paths
 * with trailing backslashes. Node.js 24 removed this behavior, which breaks
 * code that relied on this format for path operations.
 *
 * This implementation restores the Node 20 behavior by adding a trailing
 * backslash to all junction results on Windows.
 */
function readlink(fsPath) {
    return io_util_awaiter(this, void 0, void 0, function* () {
        const result = yield fs.promises.readlink(fsPath);
        // On Windows, restore Node 20 behavior: add trailing backslash to all results
        // since junctions on Windows are always directory links
        if (IS_WINDOWS && !result.endsWith('\\')) {
            return `${result}\\`;
        }
        return result;
    });
}
// See https://github.com/nodejs/node/blob/d0153aee367422d0858105abec186da4dff0a0c5/deps/uv/include/uv/win.h#L691
const UV_FS_O_EXLOCK = 0x10000000;
const READONLY = external_fs_.constants.O_RDONLY;
function exists(fsPath) {
    return io_util_awaiter(this, void 0, void 0, function* () {
        try {
            yield stat(fsPath);
        }
        catch (err) {
            if (err.code === 'ENOENT') {
                return false;
            }
            throw err;
        }
        return true;
    });
}
function isDirectory(fsPath_1) {
    return io_util_awaiter(this, arguments, void 0, function* (fsPath, useStat = false) {
        const stats = useStat ? yield stat(fsPath) : yield lstat(fsPath);
        return stats.isDirectory();
    });
}
/**
 * On OSX/Linux, true if path starts with '/'. On Windows, true for paths like:
 * \, \hello, \\hello\share, C:, and C:\hello (and corresponding alternate separator cases).
 */
function isRooted(p) {
    p = normalizeSeparators(p);
    if (!p) {
        throw new Error('isRooted() parameter "p" cannot be empty');
    }
    if (IS_WINDOWS) {
        return (p.startsWith('\\') || /^[A-Z]:/i.test(p) // e.g. \ or \hello or \\hello
        ); // e.g. C: or C:\hello
    }
    return p.startsWith('/');
}
/**
 * Best effort attempt to determine whether a file exists and is executable.
 * @param filePath    file path to check
 * @param extensions  additional file extensions to try
 * @return if file exists and is executable, returns the file path. otherwise empty string.
 */
function tryGetExecutablePath(filePath, extensions) {
    return io_util_awaiter(this, void 0, void 0, function* () {
        let stats = undefined;
        try {
            // test file exists
            stats = yield stat(filePath);
        }
        catch (err) {
            if (err.code !== 'ENOENT') {
                // eslint-disable-next-line no-console
                console.log(`Unexpected error attempting to determine if executable file exists '${filePath}': ${err}`);
            }
        }
        if (stats && stats.isFile()) {
            if (IS_WINDOWS) {
                // on Windows, test for valid extension
                const upperExt = external_path_.extname(filePath).toUpperCase();
                if (extensions.some(validExt => validExt.toUpperCase() === upperExt)) {
                    return filePath;
                }
            }
            else {
                if (isUnixExecutable(stats)) {
                    return filePath;
                }
            }
        }
        // try each extension
        const originalFilePath = filePath;
        for (const extension of extensions) {
            filePath = originalFilePath + extension;
            stats = undefined;
            try {
                stats = yield stat(filePath);
            }
            catch (err) {
                if (err.code !== 'ENOENT') {
                    // eslint-disable-next-line no-console
                    console.log(`Unexpected error attempting to determine if executable file exists '${filePath}': ${err}`);
                }
            }
            if (stats && stats.isFile()) {
                if (IS_WINDOWS) {
                    // preserve the case of the actual file (since an extension was appended)
                    try {
                        const directory = external_path_.dirname(filePath);
                        const upperName = external_path_.basename(filePath).toUpperCase();
                        for (const actualName of yield readdir(directory)) {
                            if (upperName === actualName.toUpperCase()) {
                                filePath = external_path_.join(directory, actualName);
                                break;
                            }
                        }
                    }
                    catch (err) {
                        // eslint-disable-next-line no-console
                        console.log(`Unexpected error attempting to determine the actual case of the file '${filePath}': ${err}`);
                    }
                    return filePath;
                }
                else {
                    if (isUnixExecutable(stats)) {
                        return filePath;
                    }
                }
            }
        }
        return '';
    });
}
function normalizeSeparators(p) {
    p = p || '';
    if (IS_WINDOWS) {
        // convert slashes on Windows
        p = p.replace(/\//g, '\\');
        // remove redundant slashes
        return p.replace(/\\\\+/g, '\\');
    }
    // remove redundant slashes
    return p.replace(/\/\/+/g, '/');
}
// on Mac/Linux, test the execute bit
//     R   W  X  R  W X R W X
//   256 128 64 32 16 8 4 2 1
function isUnixExecutable(stats) {
    return ((stats.mode & 1) > 0 ||
        ((stats.mode & 8) > 0 &&
            process.getgid !== undefined &&
            stats.gid === process.getgid()) ||
        ((stats.mode & 64) > 0 &&
            process.getuid !== undefined &&
            stats.uid === process.getuid()));
}
// Get the path of cmd.exe in windows
function getCmdPath() {
    var _a;
    return (_a = process.env['COMSPEC']) !== null && _a !== void 0 ? _a : `cmd.exe`;
}
//# sourceMappingURL=io-util.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/io/lib/io.js
var io_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};



/**
 * Copies a file or folder.
 * Based off of shelljs - https://github.com/shelljs/shelljs/blob/9237f66c52e5daa40458f94f9565e18e8132f5a6/src/cp.js
 *
 * @param     source    source path
 * @param     dest      destination path
 * @param     options   optional. See CopyOptions.
 */
function cp(source_1, dest_1) {
    return io_awaiter(this, arguments, void 0, function* (source, dest, options = {}) {
        const { force, recursive, copySourceDirectory } = readCopyOptions(options);
        const destStat = (yield ioUtil.exists(dest)) ? yield ioUtil.stat(dest) : null;
        // Dest is an existing file, but not forcing
        if (destStat && destStat.isFile() && !force) {
            return;
        }
        // If dest is an existing directory, should copy inside.
        const newDest = destStat && destStat.isDirectory() && copySourceDirectory
            ? path.join(dest, path.basename(source))
            : dest;
        if (!(yield ioUtil.exists(source))) {
            throw new Error(`no such file or directory: ${source}`);
        }
        const sourceStat = yield ioUtil.stat(source);
        if (sourceStat.isDirectory()) {
            if (!recursive) {
                throw new Error(`Failed to copy. ${source} is a directory, but tried to copy without recursive flag.`);
            }
            else {
                yield cpDirRecursive(source, newDest, 0, force);
            }
        }
        else {
            if (path.relative(source, newDest) === '') {
                // a file cannot be copied to itself
                throw new Error(`'${newDest}' and '${source}' are the same file`);
            }
            yield io_copyFile(source, newDest, force);
        }
    });
}
/**
 * Moves a path.
 *
 * @param     source    source path
 * @param     dest      destination path
 * @param     options   optional. See MoveOptions.
 */
function mv(source_1, dest_1) {
    return io_awaiter(this, arguments, void 0, function* (source, dest, options = {}) {
        if (yield ioUtil.exists(dest)) {
            let destExists = true;
            if (yield ioUtil.isDirectory(dest)) {
                // If dest is directory copy src into dest
                dest = path.join(dest, path.basename(source));
                destExists = yield ioUtil.exists(dest);
            }
            if (destExists) {
                if (options.force == null || options.force) {
                    yield rmRF(dest);
                }
                else {
                    throw new Error('Destination already exists');
                }
            }
        }
        yield mkdirP(path.dirname(dest));
        yield ioUtil.rename(source, dest);
    });
}
/**
 * Remove a path recursively with force
 *
 * @param inputPath path to remove
 */
function rmRF(inputPath) {
    return io_awaiter(this, void 0, void 0, function* () {
        if (ioUtil.IS_WINDOWS) {
            // Check for invalid characters
            // https://docs.microsoft.com/en-us/windows/win32/fileio/naming-a-file
            if (/[*"<>|]/.test(inputPath)) {
                throw new Error('File path must not contain `*`, `"`, `<`, `>` or `|` on Windows');
            }
        }
        try {
            // note if path does not exist, error is silent
            yield ioUtil.rm(inputPath, {
                force: true,
                maxRetries: 3,
                recursive: true,
                retryDelay: 300
            });
        }
        catch (err) {
            throw new Error(`File was unable to be removed ${err}`);
        }
    });
}
/**
 * Make a directory.  Creates the full path with folders in between
 * Will throw if it fails
 *
 * @param   fsPath        path to create
 * @returns Promise<void>
 */
function mkdirP(fsPath) {
    return io_awaiter(this, void 0, void 0, function* () {
        ok(fsPath, 'a path argument must be provided');
        yield ioUtil.mkdir(fsPath, { recursive: true });
    });
}
/**
 * Returns path of a tool had the tool actually been invoked.  Resolves via paths.
 * If you check and the tool does not exist, it will throw.
 *
 * @param     tool              name of the tool
 * @param     check             whether to check if tool exists
 * @returns   Promise<string>   path to tool
 */
function which(tool, check) {
    return io_awaiter(this, void 0, void 0, function* () {
        if (!tool) {
            throw new Error("parameter 'tool' is required");
        }
        // recursive when check=true
        if (check) {
            const result = yield which(tool, false);
            if (!result) {
                if (IS_WINDOWS) {
                    throw new Error(`Unable to locate executable file: ${tool}. Please verify either the file path exists or the file can be found within a directory specified by the PATH environment variable. Also verify the file has a valid extension for an executable file.`);
                }
                else {
                    throw new Error(`Unable to locate executable file: ${tool}. Please verify either the file path exists or the file can be found within a directory specified by the PATH environment variable. Also check the file mode to verify the file is executable.`);
                }
            }
            return result;
        }
        const matches = yield findInPath(tool);
        if (matches && matches.length > 0) {
            return matches[0];
        }
        return '';
    });
}
/**
 * Returns a list of all occurrences of the given tool on the system path.
 *
 * @returns   Promise<string[]>  the paths of the tool
 */
function findInPath(tool) {
    return io_awaiter(this, void 0, void 0, function* () {
        if (!tool) {
            throw new Error("parameter 'tool' is required");
        }
        // build the list of extensions to try
        const extensions = [];
        if (IS_WINDOWS && process.env['PATHEXT']) {
            for (const extension of process.env['PATHEXT'].split(external_path_.delimiter)) {
                if (extension) {
                    extensions.push(extension);
                }
            }
        }
        // if it's rooted, return it if exists. otherwise return empty.
        if (isRooted(tool)) {
            const filePath = yield tryGetExecutablePath(tool, extensions);
            if (filePath) {
                return [filePath];
            }
            return [];
        }
        // if any path separators, return empty
        if (tool.includes(external_path_.sep)) {
            return [];
        }
        // build the list of directories
        //
        // Note, technically "where" checks the current directory on Windows. From a toolkit perspective,
        // it feels like we should not do this. Checking the current directory seems like more of a use
        // case of a shell, and the which() function exposed by the toolkit should strive for consistency
        // across platforms.
        const directories = [];
        if (process.env.PATH) {
            for (const p of process.env.PATH.split(external_path_.delimiter)) {
                if (p) {
                    directories.push(p);
                }
            }
        }
        // find all matches
        const matches = [];
        for (const directory of directories) {
            const filePath = yield tryGetExecutablePath(external_path_.join(directory, tool), extensions);
            if (filePath) {
                matches.push(filePath);
            }
        }
        return matches;
    });
}
function readCopyOptions(options) {
    const force = options.force == null ? true : options.force;
    const recursive = Boolean(options.recursive);
    const copySourceDirectory = options.copySourceDirectory == null
        ? true
        : Boolean(options.copySourceDirectory);
    return { force, recursive, copySourceDirectory };
}
function cpDirRecursive(sourceDir, destDir, currentDepth, force) {
    return io_awaiter(this, void 0, void 0, function* () {
        // Ensure there is not a run away recursive copy
        if (currentDepth >= 255)
            return;
        currentDepth++;
        yield mkdirP(destDir);
        const files = yield ioUtil.readdir(sourceDir);
        for (const fileName of files) {
            const srcFile = `${sourceDir}/${fileName}`;
            const destFile = `${destDir}/${fileName}`;
            const srcFileStat = yield ioUtil.lstat(srcFile);
            if (srcFileStat.isDirectory()) {
                // Recurse
                yield cpDirRecursive(srcFile, destFile, currentDepth, force);
            }
            else {
                yield io_copyFile(srcFile, destFile, force);
            }
        }
        // Change the mode for the newly created directory
        yield ioUtil.chmod(destDir, (yield ioUtil.stat(sourceDir)).mode);
    });
}
// Buffered file copy
function io_copyFile(srcFile, destFile, force) {
    return io_awaiter(this, void 0, void 0, function* () {
        if ((yield ioUtil.lstat(srcFile)).isSymbolicLink()) {
            // unlink/re-link it
            try {
                yield ioUtil.lstat(destFile);
                yield ioUtil.unlink(destFile);
            }
            catch (e) {
                // Try to override file permission
                if (e.code === 'EPERM') {
                    yield ioUtil.chmod(destFile, '0666');
                    yield ioUtil.unlink(destFile);
                }
                // other errors = it doesn't exist, no work to do
            }
            // Copy over symlink
            const symlinkFull = yield ioUtil.readlink(srcFile);
            yield ioUtil.symlink(symlinkFull, destFile, ioUtil.IS_WINDOWS ? 'junction' : null);
        }
        else if (!(yield ioUtil.exists(destFile)) || force) {
            yield ioUtil.copyFile(srcFile, destFile);
        }
    });
}
//# sourceMappingURL=io.js.map
;// CONCATENATED MODULE: external "timers"
const external_timers_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("timers");
;// CONCATENATED MODULE: ./node_modules/@actions/exec/lib/toolrunner.js
var toolrunner_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};







/* eslint-disable @typescript-eslint/unbound-method */
const toolrunner_IS_WINDOWS = process.platform === 'win32';
/*
 * Class for running command line tools. Handles quoting and arg parsing in a platform agnostic way.
 */
class ToolRunner extends external_events_.EventEmitter {
    constructor(toolPath, args, options) {
        super();
        if (!toolPath) {
            throw new Error("Parameter 'toolPath' cannot be null or empty.");
        }
        this.toolPath = toolPath;
        this.args = args || [];
        this.options = options || {};
    }
    _debug(message) {
        if (this.options.listeners && this.options.listeners.debug) {
            this.options.listeners.debug(message);
        }
    }
    _getCommandString(options, noPrefix) {
        const toolPath = this._getSpawnFileName();
        const args = this._getSpawnArgs(options);
        let cmd = noPrefix ? '' : '[command]'; // omit prefix when piped to a second tool
        if (toolrunner_IS_WINDOWS) {
            // Windows + cmd file
            if (this._isCmdFile()) {
                cmd += toolPath;
                for (const a of args) {
                    cmd += ` ${a}`;
                }
            }
            // Windows + verbatim
            else if (options.windowsVerbatimArguments) {
                cmd += `"${toolPath}"`;
                for (const a of args) {
                    cmd += ` ${a}`;
                }
            }
            // Windows (regular)
            else {
                cmd += this._windowsQuoteCmdArg(toolPath);
                for (const a of args) {
                    cmd += ` ${this._windowsQuoteCmdArg(a)}`;
                }
            }
        }
        else {
            // OSX/Linux - this can likely be improved with some form of quoting.
            // creating processes on Unix is fundamentally different than Windows.
            // on Unix, execvp() takes an arg array.
            cmd += toolPath;
            for (const a of args) {
                cmd += ` ${a}`;
            }
        }
        return cmd;
    }
    _processLineBuffer(data, strBuffer, onLine) {
        try {
            let s = strBuffer + data.toString();
            let n = s.indexOf(external_os_namespaceObject.EOL);
            while (n > -1) {
                const line = s.substring(0, n);
                onLine(line);
                // the rest of the string ...
                s = s.substring(n + external_os_namespaceObject.EOL.length);
                n = s.indexOf(external_os_namespaceObject.EOL);
            }
            return s;
        }
        catch (err) {
            // streaming lines to console is best effort.  Don't fail a build.
            this._debug(`error processing line. Failed with error ${err}`);
            return '';
        }
    }
    _getSpawnFileName() {
        if (toolrunner_IS_WINDOWS) {
            if (this._isCmdFile()) {
                return process.env['COMSPEC'] || 'cmd.exe';
            }
        }
        return this.toolPath;
    }
    _getSpawnArgs(options) {
        if (toolrunner_IS_WINDOWS) {
            if (this._isCmdFile()) {
                let argline = `/D /S /C "${this._windowsQuoteCmdArg(this.toolPath)}`;
                for (const a of this.args) {
                    argline += ' ';
                    argline += options.windowsVerbatimArguments
                        ? a
                        : this._windowsQuoteCmdArg(a);
                }
                argline += '"';
                return [argline];
            }
        }
        return this.args;
    }
    _endsWith(str, end) {
        return str.endsWith(end);
    }
    _isCmdFile() {
        const upperToolPath = this.toolPath.toUpperCase();
        return (this._endsWith(upperToolPath, '.CMD') ||
            this._endsWith(upperToolPath, '.BAT'));
    }
    _windowsQuoteCmdArg(arg) {
        // for .exe, apply the normal quoting rules that libuv applies
        if (!this._isCmdFile()) {
            return this._uvQuoteCmdArg(arg);
        }
        // otherwise apply quoting rules specific to the cmd.exe command line parser.
        // the libuv rules are generic and are not designed specifically for cmd.exe
        // command line parser.
        //
        // for a detailed description of the cmd.exe command line parser, refer to
        // http://stackoverflow.com/questions/4094699/how-does-the-windows-command-interpreter-cmd-exe-parse-scripts/7970912#7970912
        // need quotes for empty arg
        if (!arg) {
            return '""';
        }
        // determine whether the arg needs to be quoted
        const cmdSpecialChars = [
            ' ',
            '\t',
            '&',
            '(',
            ')',
            '[',
            ']',
            '{',
            '}',
            '^',
            '=',
            ';',
            '!',
            "'",
            '+',
            ',',
            '`',
            '~',
            '|',
            '<',
            '>',
            '"'
        ];
        let needsQuotes = false;
        for (const char of arg) {
            if (cmdSpecialChars.some(x => x === char)) {
                needsQuotes = true;
                break;
            }
        }
        // short-circuit if quotes not needed
        if (!needsQuotes) {
            return arg;
        }
        // the following quoting rules are very similar to the rules that by libuv applies.
        //
        // 1) wrap the string in quotes
        //
        // 2) double-up quotes - i.e. " => ""
        //
        //    this is different from the libuv quoting rules. libuv replaces " with \", which unfortunately
        //    doesn't work well with a cmd.exe command line.
        //
        //    note, replacing " with "" also works well if the arg is passed to a downstream .NET console app.
        //    for example, the command line:
        //          foo.exe "myarg:""my val"""
        //    is parsed by a .NET console app into an arg array:
        //          [ "myarg:\"my val\"" ]
        //    which is the same end result when applying libuv quoting rules. although the actual
        //    command line from libuv quoting rules would look like:
        //          foo.exe "myarg:\"my val\""
        //
        // 3) double-up slashes that precede a quote,
        //    e.g.  hello \world    => "hello \world"
        //          hello\"world    => "hello\\""world"
        //          hello\\"world   => "hello\\\\""world"
        //          hello world\    => "hello world\\"
        //
        //    technically this is not required for a cmd.exe command line, or the batch argument parser.
        //    the reasons for including this as a .cmd quoting rule are:
        //
        //    a) this is optimized for the scenario where the argument is passed from the .cmd file to an
        //       external program. many programs (e.g. .NET console apps) rely on the slash-doubling rule.
        //
        //    b) it's what we've been doing previously (by deferring to node default behavior) and we
        //       haven't heard any complaints about that aspect.
        //
        // note, a weakness of the quoting rules chosen here, is that % is not escaped. in fact, % cannot be
        // escaped when used on the command line directly - even though within a .cmd file % can be escaped
        // by using %%.
        //
        // the saving grace is, on the command line, %var% is left as-is if var is not defined. this contrasts
        // the line parsing rules within a .cmd file, where if var is not defined it is replaced with nothing.
        //
        // one option that was explored was replacing % with ^% - i.e. %var% => ^%var^%. this hack would
        // often work, since it is unlikely that var^ would exist, and the ^ character is removed when the
        // variable is used. the problem, however, is that ^ is not removed when %* is used to pass the args
        // to an external program.
        //
        // an unexplored potential solution for the % escaping problem, is to create a wrapper .cmd file.
        // % can be escaped within a .cmd file.
        let reverse = '"';
        let quoteHit = true;
        for (let i = arg.length; i > 0; i--) {
            // walk the string in reverse
            reverse += arg[i - 1];
            if (quoteHit && arg[i - 1] === '\\') {
                reverse += '\\'; // double the slash
            }
            else if (arg[i - 1] === '"') {
                quoteHit = true;
                reverse += '"'; // double the quote
            }
            else {
                quoteHit = false;
            }
        }
        reverse += '"';
        return reverse.split('').reverse().join('');
    }
    _uvQuoteCmdArg(arg) {
        // Tool runner wraps child_process.spawn() and needs to apply the same quoting as
        // Node in certain cases where the undocumented spawn option windowsVerbatimArguments
        // is used.
        //
        // Since this function is a port of quote_cmd_arg from Node 4.x (technically, lib UV,
        // see https://github.com/nodejs/node/blob/v4.x/deps/uv/src/win/process.c for details),
        // pasting copyright notice from Node within this function:
        //
        //      Copyright Joyent, Inc. and other Node contributors. All rights reserved.
        //
        //      Permission is hereby granted, free of charge, to any person obtaining a copy
        //      of this software and associated documentation files (the "Software"), to
        //      deal in the Software without restriction, including without limitation the
        //      rights to use, copy, modify, merge, publish, distribute, sublicense, and/or
        //      sell copies of the Software, and to permit persons to whom the Software is
        //      furnished to do so, subject to the following conditions:
        //
        //      The above copyright notice and this permission notice shall be included in
        //      all copies or substantial portions of the Software.
        //
        //      THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
        //      IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
        //      FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
        //      AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
        //      LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING
        //      FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS
        //      IN THE SOFTWARE.
        if (!arg) {
            // Need double quotation for empty argument
            return '""';
        }
        if (!arg.includes(' ') && !arg.includes('\t') && !arg.includes('"')) {
            // No quotation needed
            return arg;
        }
        if (!arg.includes('"') && !arg.includes('\\')) {
            // No embedded double quotes or backslashes, so I can just wrap
            // quote marks around the whole thing.
            return `"${arg}"`;
        }
        // Expected input/output:
        //   input : hello"world
        //   output: "hello\"world"
        //   input : hello""world
        //   output: "hello\"\"world"
        //   input : hello\world
        //   output: hello\world
        //   input : hello\\world
        //   output: hello\\world
        //   input : hello\"world
        //   output: "hello\\\"world"
        //   input : hello\\"world
        //   output: "hello\\\\\"world"
        //   input : hello world\
        //   output: "hello world\\" - note the comment in libuv actually reads "hello world\"
        //                             but it appears the comment is wrong, it should be "hello world\\"
        let reverse = '"';
        let quoteHit = true;
        for (let i = arg.length; i > 0; i--) {
            // walk the string in reverse
            reverse += arg[i - 1];
            if (quoteHit && arg[i - 1] === '\\') {
                reverse += '\\';
            }
            else if (arg[i - 1] === '"') {
                quoteHit = true;
                reverse += '\\';
            }
            else {
                quoteHit = false;
            }
        }
        reverse += '"';
        return reverse.split('').reverse().join('');
    }
    _cloneExecOptions(options) {
        options = options || {};
        const result = {
            cwd: options.cwd || process.cwd(),
            env: options.env || process.env,
            silent: options.silent || false,
            windowsVerbatimArguments: options.windowsVerbatimArguments || false,
            failOnStdErr: options.failOnStdErr || false,
            ignoreReturnCode: options.ignoreReturnCode || false,
            delay: options.delay || 10000
        };
        result.outStream = options.outStream || process.stdout;
        result.errStream = options.errStream || process.stderr;
        return result;
    }
    _getSpawnOptions(options, toolPath) {
        options = options || {};
        const result = {};
        result.cwd = options.cwd;
        result.env = options.env;
        result['windowsVerbatimArguments'] =
            options.windowsVerbatimArguments || this._isCmdFile();
        if (options.windowsVerbatimArguments) {
            result.argv0 = `"${toolPath}"`;
        }
        return result;
    }
    /**
     * Exec a tool.
     * Output will be streamed to the live console.
     * Returns promise with return code
     *
     * @param     tool     path to tool to exec
     * @param     options  optional exec options.  See ExecOptions
     * @returns   number
     */
    exec() {
        return toolrunner_awaiter(this, void 0, void 0, function* () {
            // root the tool path if it is unrooted and contains relative pathing
            if (!isRooted(this.toolPath) &&
                (this.toolPath.includes('/') ||
                    (toolrunner_IS_WINDOWS && this.toolPath.includes('\\')))) {
                // prefer options.cwd if it is specified, however options.cwd may also need to be rooted
                this.toolPath = external_path_.resolve(process.cwd(), this.options.cwd || process.cwd(), this.toolPath);
            }
            // if the tool is only a file name, then resolve it from the PATH
            // otherwise verify it exists (add extension on Windows if necessary)
            this.toolPath = yield which(this.toolPath, true);
            return new Promise((resolve, reject) => toolrunner_awaiter(this, void 0, void 0, function* () {
                this._debug(`exec tool: ${this.toolPath}`);
                this._debug('arguments:');
                for (const arg of this.args) {
                    this._debug(`   ${arg}`);
                }
                const optionsNonNull = this._cloneExecOptions(this.options);
                if (!optionsNonNull.silent && optionsNonNull.outStream) {
                    optionsNonNull.outStream.write(this._getCommandString(optionsNonNull) + external_os_namespaceObject.EOL);
                }
                const state = new ExecState(optionsNonNull, this.toolPath);
                state.on('debug', (message) => {
                    this._debug(message);
                });
                if (this.options.cwd && !(yield exists(this.options.cwd))) {
                    return reject(new Error(`The cwd: ${this.options.cwd} does not exist!`));
                }
                const fileName = this._getSpawnFileName();
                const cp = external_child_process_namespaceObject.spawn(fileName, this._getSpawnArgs(optionsNonNull), this._getSpawnOptions(this.options, fileName));
                let stdbuffer = '';
                if (cp.stdout) {
                    cp.stdout.on('data', (data) => {
                        if (this.options.listeners && this.options.listeners.stdout) {
                            this.options.listeners.stdout(data);
                        }
                        if (!optionsNonNull.silent && optionsNonNull.outStream) {
                            optionsNonNull.outStream.write(data);
                        }
                        stdbuffer = this._processLineBuffer(data, stdbuffer, (line) => {
                            if (this.options.listeners && this.options.listeners.stdline) {
                                this.options.listeners.stdline(line);
                            }
                        });
                    });
                }
                let errbuffer = '';
                if (cp.stderr) {
                    cp.stderr.on('data', (data) => {
                        state.processStderr = true;
                        if (this.options.listeners && this.options.listeners.stderr) {
                            this.options.listeners.stderr(data);
                        }
                        if (!optionsNonNull.silent &&
                            optionsNonNull.errStream &&
                            optionsNonNull.outStream) {
                            const s = optionsNonNull.failOnStdErr
                                ? optionsNonNull.errStream
                                : optionsNonNull.outStream;
                            s.write(data);
                        }
                        errbuffer = this._processLineBuffer(data, errbuffer, (line) => {
                            if (this.options.listeners && this.options.listeners.errline) {
                                this.options.listeners.errline(line);
                            }
                        });
                    });
                }
                cp.on('error', (err) => {
                    state.processError = err.message;
                    state.processExited = true;
                    state.processClosed = true;
                    state.CheckComplete();
                });
                cp.on('exit', (code) => {
                    state.processExitCode = code;
                    state.processExited = true;
                    this._debug(`Exit code ${code} received from tool '${this.toolPath}'`);
                    state.CheckComplete();
                });
                cp.on('close', (code) => {
                    state.processExitCode = code;
                    state.processExited = true;
                    state.processClosed = true;
                    this._debug(`STDIO streams have closed for tool '${this.toolPath}'`);
                    state.CheckComplete();
                });
                state.on('done', (error, exitCode) => {
                    if (stdbuffer.length > 0) {
                        this.emit('stdline', stdbuffer);
                    }
                    if (errbuffer.length > 0) {
                        this.emit('errline', errbuffer);
                    }
                    cp.removeAllListeners();
                    if (error) {
                        reject(error);
                    }
                    else {
                        resolve(exitCode);
                    }
                });
                if (this.options.input) {
                    if (!cp.stdin) {
                        throw new Error('child process missing stdin');
                    }
                    cp.stdin.end(this.options.input);
                }
            }));
        });
    }
}
/**
 * Convert an arg string to an array of args. Handles escaping
 *
 * @param    argString   string of arguments
 * @returns  string[]    array of arguments
 */
function argStringToArray(argString) {
    const args = [];
    let inQuotes = false;
    let escaped = false;
    let arg = '';
    function append(c) {
        // we only escape double quotes.
        if (escaped && c !== '"') {
            arg += '\\';
        }
        arg += c;
        escaped = false;
    }
    for (let i = 0; i < argString.length; i++) {
        const c = argString.charAt(i);
        if (c === '"') {
            if (!escaped) {
                inQuotes = !inQuotes;
            }
            else {
                append(c);
            }
            continue;
        }
        if (c === '\\' && escaped) {
            append(c);
            continue;
        }
        if (c === '\\' && inQuotes) {
            escaped = true;
            continue;
        }
        if (c === ' ' && !inQuotes) {
            if (arg.length > 0) {
                args.push(arg);
                arg = '';
            }
            continue;
        }
        append(c);
    }
    if (arg.length > 0) {
        args.push(arg.trim());
    }
    return args;
}
class ExecState extends external_events_.EventEmitter {
    constructor(options, toolPath) {
        super();
        this.processClosed = false; // tracks whether the process has exited and stdio is closed
        this.processError = '';
        this.processExitCode = 0;
        this.processExited = false; // tracks whether the process has exited
        this.processStderr = false; // tracks whether stderr was written to
        this.delay = 10000; // 10 seconds
        this.done = false;
        this.timeout = null;
        if (!toolPath) {
            throw new Error('toolPath must not be empty');
        }
        this.options = options;
        this.toolPath = toolPath;
        if (options.delay) {
            this.delay = options.delay;
        }
    }
    CheckComplete() {
        if (this.done) {
            return;
        }
        if (this.processClosed) {
            this._setResult();
        }
        else if (this.processExited) {
            this.timeout = (0,external_timers_namespaceObject.setTimeout)(ExecState.HandleTimeout, this.delay, this);
        }
    }
    _debug(message) {
        this.emit('debug', message);
    }
    _setResult() {
        // determine whether there is an error
        let error;
        if (this.processExited) {
            if (this.processError) {
                error = new Error(`There was an error when attempting to execute the process '${this.toolPath}'. This may indicate the process failed to start. Error: ${this.processError}`);
            }
            else if (this.processExitCode !== 0 && !this.options.ignoreReturnCode) {
                error = new Error(`The process '${this.toolPath}' failed with exit code ${this.processExitCode}`);
            }
            else if (this.processStderr && this.options.failOnStdErr) {
                error = new Error(`The process '${this.toolPath}' failed because one or more lines were written to the STDERR stream`);
            }
        }
        // clear the timeout
        if (this.timeout) {
            clearTimeout(this.timeout);
            this.timeout = null;
        }
        this.done = true;
        this.emit('done', error, this.processExitCode);
    }
    static HandleTimeout(state) {
        if (state.done) {
            return;
        }
        if (!state.processClosed && state.processExited) {
            const message = `The STDIO streams did not close within ${state.delay / 1000} seconds of the exit event from process '${state.toolPath}'. This may indicate a child process inherited the STDIO streams and has not yet exited.`;
            state._debug(message);
        }
        state._setResult();
    }
}
//# sourceMappingURL=toolrunner.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/exec/lib/exec.js
var exec_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};


/**
 * Exec a command.
 * Output will be streamed to the live console.
 * Returns promise with return code
 *
 * @param     commandLine        command to execute (can include additional args). Must be correctly escaped.
 * @param     args               optional arguments for tool. Escaping is handled by the lib.
 * @param     options            optional exec options.  See ExecOptions
 * @returns   Promise<number>    exit code
 */
function exec_exec(commandLine, args, options) {
    return exec_awaiter(this, void 0, void 0, function* () {
        const commandArgs = tr.argStringToArray(commandLine);
        if (commandArgs.length === 0) {
            throw new Error(`Parameter 'commandLine' cannot be null or empty.`);
        }
        // Path to tool to execute should be first arg
        const toolPath = commandArgs[0];
        args = commandArgs.slice(1).concat(args || []);
        const runner = new tr.ToolRunner(toolPath, args, options);
        return runner.exec();
    });
}
/**
 * Exec a command and get the output.
 * Output will be streamed to the live console.
 * Returns promise with the exit code and collected stdout and stderr
 *
 * @param     commandLine           command to execute (can include additional args). Must be correctly escaped.
 * @param     args                  optional arguments for tool. Escaping is handled by the lib.
 * @param     options               optional exec options.  See ExecOptions
 * @returns   Promise<ExecOutput>   exit code, stdout, and stderr
 */
function getExecOutput(commandLine, args, options) {
    return exec_awaiter(this, void 0, void 0, function* () {
        var _a, _b;
        let stdout = '';
        let stderr = '';
        //Using string decoder covers the case where a mult-byte character is split
        const stdoutDecoder = new StringDecoder('utf8');
        const stderrDecoder = new StringDecoder('utf8');
        const originalStdoutListener = (_a = options === null || options === void 0 ? void 0 : options.listeners) === null || _a === void 0 ? void 0 : _a.stdout;
        const originalStdErrListener = (_b = options === null || options === void 0 ? void 0 : options.listeners) === null || _b === void 0 ? void 0 : _b.stderr;
        const stdErrListener = (data) => {
            stderr += stderrDecoder.write(data);
            if (originalStdErrListener) {
                originalStdErrListener(data);
            }
        };
        const stdOutListener = (data) => {
            stdout += stdoutDecoder.write(data);
            if (originalStdoutListener) {
                originalStdoutListener(data);
            }
        };
        const listeners = Object.assign(Object.assign({}, options === null || options === void 0 ? void 0 : options.listeners), { stdout: stdOutListener, stderr: stdErrListener });
        const exitCode = yield exec_exec(commandLine, args, Object.assign(Object.assign({}, options), { listeners }));
        //flush any remaining characters
        stdout += stdoutDecoder.end();
        stderr += stderrDecoder.end();
        return {
            exitCode,
            stdout,
            stderr
        };
    });
}
//# sourceMappingURL=exec.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/platform.js
var platform_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};


const getWindowsInfo = () => platform_awaiter(void 0, void 0, void 0, function* () {
    const { stdout: version } = yield exec.getExecOutput('powershell -command "(Get-CimInstance -ClassName Win32_OperatingSystem).Version"', undefined, {
        silent: true
    });
    const { stdout: name } = yield exec.getExecOutput('powershell -command "(Get-CimInstance -ClassName Win32_OperatingSystem).Caption"', undefined, {
        silent: true
    });
    return {
        name: name.trim(),
        version: version.trim()
    };
});
const getMacOsInfo = () => platform_awaiter(void 0, void 0, void 0, function* () {
    var _a, _b, _c, _d;
    const { stdout } = yield exec.getExecOutput('sw_vers', undefined, {
        silent: true
    });
    const version = (_b = (_a = stdout.match(/ProductVersion:\s*(.+)/)) === null || _a === void 0 ? void 0 : _a[1]) !== null && _b !== void 0 ? _b : '';
    const name = (_d = (_c = stdout.match(/ProductName:\s*(.+)/)) === null || _c === void 0 ? void 0 : _c[1]) !== null && _d !== void 0 ? _d : '';
    return {
        name,
        version
    };
});
const getLinuxInfo = () => platform_awaiter(void 0, void 0, void 0, function* () {
    const { stdout } = yield exec.getExecOutput('lsb_release', ['-i', '-r', '-s'], {
        silent: true
    });
    const [name, version] = stdout.trim().split('\n');
    return {
        name,
        version
    };
});
const platform = external_os_namespaceObject.platform();
const arch = external_os_namespaceObject.arch();
const isWindows = platform === 'win32';
const isMacOS = platform === 'darwin';
const isLinux = platform === 'linux';
function getDetails() {
    return platform_awaiter(this, void 0, void 0, function* () {
        return Object.assign(Object.assign({}, (yield (isWindows
            ? getWindowsInfo()
            : isMacOS
                ? getMacOsInfo()
                : getLinuxInfo()))), { platform,
            arch,
            isWindows,
            isMacOS,
            isLinux });
    });
}
//# sourceMappingURL=platform.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/core.js
var core_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};






/**
 * The code to exit an action
 */
var ExitCode;
(function (ExitCode) {
    /**
     * A code indicating that the action was successful
     */
    ExitCode[ExitCode["Success"] = 0] = "Success";
    /**
     * A code indicating that the action was a failure
     */
    ExitCode[ExitCode["Failure"] = 1] = "Failure";
})(ExitCode || (ExitCode = {}));
//-----------------------------------------------------------------------
// Variables
//-----------------------------------------------------------------------
/**
 * Sets env variable for this action and future actions in the job
 * @param name the name of the variable to set
 * @param val the value of the variable. Non-string values will be converted to a string via JSON.stringify
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
function exportVariable(name, val) {
    const convertedVal = toCommandValue(val);
    process.env[name] = convertedVal;
    const filePath = process.env['GITHUB_ENV'] || '';
    if (filePath) {
        return issueFileCommand('ENV', prepareKeyValueMessage(name, val));
    }
    issueCommand('set-env', { name }, convertedVal);
}
/**
 * Registers a secret which will get masked from logs
 *
 * @param secret - Value of the secret to be masked
 * @remarks
 * This function instructs the Actions runner to mask the specified value in any
 * logs produced during the workflow run. Once registered, the secret value will
 * be replaced with asterisks (***) whenever it appears in console output, logs,
 * or error messages.
 *
 * This is useful for protecting sensitive information such as:
 * - API keys
 * - Access tokens
 * - Authentication credentials
 * - URL parameters containing signatures (SAS tokens)
 *
 * Note that masking only affects future logs; any previous appearances of the
 * secret in logs before calling this function will remain unmasked.
 *
 * @example
 * ```typescript
 * // Register an API token as a secret
 * const apiToken = "abc123xyz456";
 * setSecret(apiToken);
 *
 * // Now any logs containing this value will show *** instead
 * console.log(`Using token: ${apiToken}`); // Outputs: "Using token: ***"
 * ```
 */
function core_setSecret(secret) {
    command_issueCommand('add-mask', {}, secret);
}
/**
 * Prepends inputPath to the PATH (for this action and future actions)
 * @param inputPath
 */
function addPath(inputPath) {
    const filePath = process.env['GITHUB_PATH'] || '';
    if (filePath) {
        issueFileCommand('PATH', inputPath);
    }
    else {
        issueCommand('add-path', {}, inputPath);
    }
    process.env['PATH'] = `${inputPath}${path.delimiter}${process.env['PATH']}`;
}
/**
 * Gets the value of an input.
 * Unless trimWhitespace is set to false in InputOptions, the value is also trimmed.
 * Returns an empty string if the value is not defined.
 *
 * @param     name     name of the input to get
 * @param     options  optional. See InputOptions.
 * @returns   string
 */
function getInput(name, options) {
    const val = process.env[`INPUT_${name.replace(/ /g, '_').toUpperCase()}`] || '';
    if (options && options.required && !val) {
        throw new Error(`Input required and not supplied: ${name}`);
    }
    if (options && options.trimWhitespace === false) {
        return val;
    }
    return val.trim();
}
/**
 * Gets the values of an multiline input.  Each value is also trimmed.
 *
 * @param     name     name of the input to get
 * @param     options  optional. See InputOptions.
 * @returns   string[]
 *
 */
function getMultilineInput(name, options) {
    const inputs = getInput(name, options)
        .split('\n')
        .filter(x => x !== '');
    if (options && options.trimWhitespace === false) {
        return inputs;
    }
    return inputs.map(input => input.trim());
}
/**
 * Gets the input value of the boolean type in the YAML 1.2 "core schema" specification.
 * Support boolean input list: `true | True | TRUE | false | False | FALSE` .
 * The return value is also in boolean type.
 * ref: https://yaml.org/spec/1.2/spec.html#id2804923
 *
 * @param     name     name of the input to get
 * @param     options  optional. See InputOptions.
 * @returns   boolean
 */
function getBooleanInput(name, options) {
    const trueValue = ['true', 'True', 'TRUE'];
    const falseValue = ['false', 'False', 'FALSE'];
    const val = getInput(name, options);
    if (trueValue.includes(val))
        return true;
    if (falseValue.includes(val))
        return false;
    throw new TypeError(`Input does not meet YAML 1.2 "Core Schema" specification: ${name}\n` +
        `Support boolean input list: \`true | True | TRUE | false | False | FALSE\``);
}
/**
 * Sets the value of an output.
 *
 * @param     name     name of the output to set
 * @param     value    value to store. Non-string values will be converted to a string via JSON.stringify
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
function setOutput(name, value) {
    const filePath = process.env['GITHUB_OUTPUT'] || '';
    if (filePath) {
        return file_command_issueFileCommand('OUTPUT', file_command_prepareKeyValueMessage(name, value));
    }
    process.stdout.write(external_os_namespaceObject.EOL);
    command_issueCommand('set-output', { name }, utils_toCommandValue(value));
}
/**
 * Enables or disables the echoing of commands into stdout for the rest of the step.
 * Echoing is disabled by default if ACTIONS_STEP_DEBUG is not set.
 *
 */
function setCommandEcho(enabled) {
    issue('echo', enabled ? 'on' : 'off');
}
//-----------------------------------------------------------------------
// Results
//-----------------------------------------------------------------------
/**
 * Sets the action status to failed.
 * When the action exits it will be with an exit code of 1
 * @param message add error issue message
 */
function setFailed(message) {
    process.exitCode = ExitCode.Failure;
    error(message);
}
//-----------------------------------------------------------------------
// Logging Commands
//-----------------------------------------------------------------------
/**
 * Gets whether Actions Step Debug is on or not
 */
function isDebug() {
    return process.env['RUNNER_DEBUG'] === '1';
}
/**
 * Writes debug message to user log
 * @param message debug message
 */
function core_debug(message) {
    issueCommand('debug', {}, message);
}
/**
 * Adds an error issue
 * @param message error issue message. Errors will be converted to string via toString()
 * @param properties optional properties to add to the annotation.
 */
function error(message, properties = {}) {
    command_issueCommand('error', toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
/**
 * Adds a warning issue
 * @param message warning issue message. Errors will be converted to string via toString()
 * @param properties optional properties to add to the annotation.
 */
function warning(message, properties = {}) {
    command_issueCommand('warning', toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
/**
 * Adds a notice issue
 * @param message notice issue message. Errors will be converted to string via toString()
 * @param properties optional properties to add to the annotation.
 */
function notice(message, properties = {}) {
    command_issueCommand('notice', toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
/**
 * Writes info to log with console.log.
 * @param message info message
 */
function info(message) {
    process.stdout.write(message + external_os_namespaceObject.EOL);
}
/**
 * Begin an output group.
 *
 * Output until the next `groupEnd` will be foldable in this group
 *
 * @param name The name of the output group
 */
function startGroup(name) {
    command_issue('group', name);
}
/**
 * End an output group.
 */
function endGroup() {
    command_issue('endgroup');
}
/**
 * Wrap an asynchronous function call in a group.
 *
 * Returns the same type as the function itself.
 *
 * @param name The name of the group
 * @param fn The function to wrap in the group
 */
function group(name, fn) {
    return core_awaiter(this, void 0, void 0, function* () {
        startGroup(name);
        let result;
        try {
            result = yield fn();
        }
        finally {
            endGroup();
        }
        return result;
    });
}
//-----------------------------------------------------------------------
// Wrapper action state
//-----------------------------------------------------------------------
/**
 * Saves state for current action, the state can only be retrieved by this action's post job execution.
 *
 * @param     name     name of the state to store
 * @param     value    value to store. Non-string values will be converted to a string via JSON.stringify
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
function saveState(name, value) {
    const filePath = process.env['GITHUB_STATE'] || '';
    if (filePath) {
        return issueFileCommand('STATE', prepareKeyValueMessage(name, value));
    }
    issueCommand('save-state', { name }, toCommandValue(value));
}
/**
 * Gets the value of an state set by this action's main execution.
 *
 * @param     name     name of the state to get
 * @returns   string
 */
function getState(name) {
    return process.env[`STATE_${name}`] || '';
}
function getIDToken(aud) {
    return core_awaiter(this, void 0, void 0, function* () {
        return yield OidcClient.getIDToken(aud);
    });
}
/**
 * Summary exports
 */

/**
 * @deprecated use core.summary
 */

/**
 * Path exports
 */

/**
 * Platform utilities exports
 */

//# sourceMappingURL=core.js.map
;// CONCATENATED MODULE: external "node:fs"
const external_node_fs_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:fs");
;// CONCATENATED MODULE: external "node:os"
const external_node_os_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:os");
;// CONCATENATED MODULE: external "node:path"
const external_node_path_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:path");
;// CONCATENATED MODULE: ./lib/report/blocking.js
/** Whether rows block a target. Those that run without a version can be a target of their own. */
function blocksTarget({ version, status, pending = 0 }, { targets, unversioned }) {
    const isTarget = targets.some((target) => target.version === version);
    if (version !== null)
        return isTarget;
    return unversioned > 0 || (isTarget && (status === 'PENDING' || pending > 0));
}
/** How many rows that block a target a truncated list omits. */
function omittedFrom({ omitted, omittedUnversioned }, { targets, unversioned }) {
    const countsUnversioned = unversioned > 0 || targets.some(({ version }) => version === null);
    return omitted + (countsUnversioned ? omittedUnversioned : 0);
}
function inFlightOnAll(targets) {
    return targets.reduce((sum, { inFlight }) => sum + inFlight, 0);
}
/** What blocks, by version, workflow and queue. */
function blockingGroups(evaluation) {
    const { index } = evaluation;
    if (index === undefined)
        return { items: [], omitted: 0 };
    const { groups } = index.contents;
    return {
        items: groups.items
            .filter((group) => blocksTarget(group, evaluation))
            .map(({ name, ...group }) => ({ ...group, workflow: name })),
        omitted: omittedFrom(groups, evaluation),
    };
}
/** The latest version that is no target: where forks of the work that blocks can run. */
function newVersionOf({ index, targets }) {
    const retired = new Set(targets.map(({ version }) => version));
    return index?.latest.values().find((version) => !retired.has(version)) ?? null;
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/util.js

// functions
function assertEqual(val) {
    return val;
}
function assertNotEqual(val) {
    return val;
}
function toZod() {
    return (schema) => schema;
}
function assertIs(_arg) { }
function assertNever(_x) {
    throw new Error("Unexpected value in exhaustive check");
}
function assert(_) { }
function getEnumValues(entries) {
    const numericValues = Object.values(entries).filter((v) => typeof v === "number");
    const values = Object.entries(entries)
        .filter(([k, _]) => numericValues.indexOf(+k) === -1)
        .map(([_, v]) => v);
    return values;
}
function joinValues(array, separator = "|") {
    return array.map((val) => stringifyPrimitive(val)).join(separator);
}
function jsonStringifyReplacer(_, value) {
    if (typeof value === "bigint")
        return value.toString();
    return value;
}
// the accessor lives on a shared prototype: an own accessor makes every box a dictionary-mode object (~360 B and a slow load per read against ~100 B and an inlined getter here)
class Cached {
    constructor(getter) {
        this._getter = getter;
        this._value = undefined;
    }
    get value() {
        const getter = this._getter;
        if (getter !== undefined) {
            this._value = getter();
            this._getter = undefined;
        }
        return this._value;
    }
}
function cached(getter) {
    return new Cached(getter);
}
function nullish(input) {
    return input === null || input === undefined;
}
function cleanRegex(source) {
    const start = source.startsWith("^") ? 1 : 0;
    const end = source.endsWith("$") ? source.length - 1 : source.length;
    return source.slice(start, end);
}
function floatSafeRemainder(val, step) {
    const ratio = val / step;
    const roundedRatio = Math.round(ratio);
    // `val` and `step` each round to a double before the division rounds again, so a true decimal multiple's quotient can sit up to 1.5 of these scaled epsilons from the integer. A 1x tolerance therefore rejected 2.03 as a multiple of 0.07; 4x covers the worst case with margin.
    const tolerance = 4 * Number.EPSILON * Math.max(Math.abs(ratio), 1);
    if (Math.abs(ratio - roundedRatio) < tolerance)
        return 0;
    return ratio - roundedRatio;
}
const EVALUATING = /* @__PURE__*/ (/* unused pure expression or super */ null && (Symbol("evaluating")));
function defineLazy(object, key, getter) {
    let value = undefined;
    Object.defineProperty(object, key, {
        get() {
            if (value === EVALUATING) {
                // Circular reference detected, return undefined to break the cycle
                return undefined;
            }
            if (value === undefined) {
                value = EVALUATING;
                value = getter();
            }
            return value;
        },
        set(v) {
            Object.defineProperty(object, key, {
                value: v,
                // configurable: true,
            });
            // object[key] = v;
        },
        configurable: true,
    });
}
function objectClone(obj) {
    return Object.create(Object.getPrototypeOf(obj), Object.getOwnPropertyDescriptors(obj));
}
function util_assignProp(target, prop, value) {
    Object.defineProperty(target, prop, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
    });
}
/**
 * Whichever object a def's `shape` currently answers from: the one the caller passed until the first read, the frozen copy after it.
 *
 * Its keys and descriptors read without invoking anything, which is what lets a discriminated union check its discriminator, and the cycle walk read a shape, without resolving a getter that references the schema being constructed. A def that answers `shape` from an accessor of its own has none.
 */
function rawShape(def) {
    const desc = Object.getOwnPropertyDescriptor(def, "shape");
    return desc?.get ? desc.get.raw : desc?.value;
}
// where a builder reads its source's keys and descriptors, resolving only a shape a def answers for itself. A shape resolves by object spread, so only its enumerable keys are ever part of it.
function sourceShape(schema) {
    return rawShape(schema._zod.def) ?? schema._zod.def.shape;
}
// a key whose value is not settled yet, self-caching so every read after the first gets the same one
function deferProp(target, key, getter) {
    Object.defineProperty(target, key, {
        get() {
            const value = getter();
            util_assignProp(this, key, value);
            return value;
        },
        enumerable: true,
        configurable: true,
    });
}
// Writes a settled key. A plain assignment is much cheaper than `defineProperty` and produces the same descriptor, but it runs whatever setter already answers to the key — an accessor this shape deferred, or an inherited one, which `__proto__` has on every object and prototype pollution can add for any name.
function putProp(target, key, value) {
    if (key in target)
        util_assignProp(target, key, value);
    else
        target[key] = value;
}
/**
 * Copies `keys` of `source`'s shape onto `target`, each value passed through `wrap`.
 *
 * A key the source has resolved is copied through now, so the derived shape states it outright and nothing has to resolve it to learn what it holds. A key the source still defers stays deferred, and reads back through the source's own `shape`, so it resolves once and both shapes get that one schema.
 */
function mirrorShape(target, source, keys, wrap) {
    const raw = sourceShape(source);
    for (const key of keys) {
        const desc = Object.getOwnPropertyDescriptor(raw, key);
        if (!desc.enumerable)
            continue;
        if (desc.get) {
            deferProp(target, key, () => {
                const value = source._zod.def.shape[key];
                return wrap ? wrap(value, key) : value;
            });
        }
        else
            putProp(target, key, wrap ? wrap(desc.value, key) : desc.value);
    }
}
// same, for a plain shape a caller passed rather than a schema's
function mirrorProps(target, source) {
    for (const key of Reflect.ownKeys(source)) {
        const desc = Object.getOwnPropertyDescriptor(source, key);
        if (!desc.enumerable)
            continue;
        if (desc.get)
            deferProp(target, key, () => source[key]);
        else
            putProp(target, key, desc.value);
    }
}
function mergeDefs(...defs) {
    const mergedDescriptors = {};
    for (const def of defs) {
        const descriptors = Object.getOwnPropertyDescriptors(def);
        Object.assign(mergedDescriptors, descriptors);
    }
    return Object.defineProperties({}, mergedDescriptors);
}
function cloneDef(schema) {
    return mergeDefs(schema._zod.def);
}
function getElementAtPath(obj, path) {
    if (!path)
        return obj;
    return path.reduce((acc, key) => acc?.[key], obj);
}
function promiseAllObject(promisesObj) {
    const keys = Object.keys(promisesObj);
    const promises = keys.map((key) => promisesObj[key]);
    return Promise.all(promises).then((results) => {
        const resolvedObj = {};
        for (let i = 0; i < keys.length; i++) {
            resolvedObj[keys[i]] = results[i];
        }
        return resolvedObj;
    });
}
function randomString(length = 10) {
    const chars = "abcdefghijklmnopqrstuvwxyz";
    let str = "";
    for (let i = 0; i < length; i++) {
        str += chars[Math.floor(Math.random() * chars.length)];
    }
    return str;
}
function esc(str) {
    return JSON.stringify(str);
}
function slugify(input) {
    return input
        .toLowerCase()
        .trim()
        .replace(/[^\w\s-]/g, "")
        .replace(/[\s_-]+/g, "-")
        .replace(/^-+|-+$/g, "");
}
const captureStackTrace = ("captureStackTrace" in Error ? Error.captureStackTrace : (..._args) => { });
function util_isObject(data) {
    return typeof data === "object" && data !== null && !Array.isArray(data);
}
const util_allowsEval = /* @__PURE__*/ cached(() => {
    // Skip the probe under `jitless`: strict CSPs report the caught `new Function` as a `securitypolicyviolation` even though the throw is swallowed.
    if (globalConfig.jitless) {
        return false;
    }
    // @ts-ignore
    if (typeof navigator !== "undefined" && navigator?.userAgent?.includes("Cloudflare")) {
        return false;
    }
    try {
        const F = Function;
        new F("");
        return true;
    }
    catch (_) {
        return false;
    }
});
function isPlainObject(o) {
    if (util_isObject(o) === false)
        return false;
    // modified constructor
    const ctor = o.constructor;
    if (ctor === undefined)
        return true;
    if (typeof ctor !== "function")
        return true;
    // modified prototype
    const prot = ctor.prototype;
    if (util_isObject(prot) === false)
        return false;
    // ctor doesn't have static `isPrototypeOf`
    if (Object.prototype.hasOwnProperty.call(prot, "isPrototypeOf") === false) {
        return false;
    }
    return true;
}
function shallowClone(o) {
    if (isPlainObject(o))
        return { ...o };
    if (Array.isArray(o))
        return [...o];
    if (o instanceof Map)
        return new Map(o);
    if (o instanceof Set)
        return new Set(o);
    return o;
}
function numKeys(data) {
    let keyCount = 0;
    for (const key in data) {
        if (Object.prototype.hasOwnProperty.call(data, key)) {
            keyCount++;
        }
    }
    return keyCount;
}
const getParsedType = (data) => {
    const t = typeof data;
    switch (t) {
        case "undefined":
            return "undefined";
        case "string":
            return "string";
        case "number":
            return Number.isNaN(data) ? "nan" : "number";
        case "boolean":
            return "boolean";
        case "function":
            return "function";
        case "bigint":
            return "bigint";
        case "symbol":
            return "symbol";
        case "object":
            if (Array.isArray(data)) {
                return "array";
            }
            if (data === null) {
                return "null";
            }
            if (data.then && typeof data.then === "function" && data.catch && typeof data.catch === "function") {
                return "promise";
            }
            if (typeof Map !== "undefined" && data instanceof Map) {
                return "map";
            }
            if (typeof Set !== "undefined" && data instanceof Set) {
                return "set";
            }
            if (typeof Date !== "undefined" && data instanceof Date) {
                return "date";
            }
            // @ts-ignore
            if (typeof File !== "undefined" && data instanceof File) {
                return "file";
            }
            return "object";
        default:
            throw new Error(`Unknown data type: ${t}`);
    }
};
const propertyKeyTypes = /* @__PURE__*/ new Set(["string", "number", "symbol"]);
const primitiveTypes = /* @__PURE__*/ new Set([
    "string",
    "number",
    "bigint",
    "boolean",
    "symbol",
    "undefined",
]);
function escapeRegex(str) {
    return str.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
// zod-specific utils
function clone(inst, def, params) {
    const cl = new inst._zod.constr(def ?? inst._zod.def);
    if (!def || params?.parent)
        cl._zod.parent = inst;
    return cl;
}
function normalizeParams(_params) {
    const params = _params;
    if (!params)
        return {};
    if (typeof params === "string")
        return { error: () => params };
    if (params?.message !== undefined) {
        if (params?.error !== undefined)
            throw new Error("Cannot specify both `message` and `error` params");
        params.error = params.message;
    }
    delete params.message;
    if (typeof params.error === "string")
        return { ...params, error: () => params.error };
    return params;
}
function createTransparentProxy(getter) {
    let target;
    return new Proxy({}, {
        get(_, prop, receiver) {
            target ?? (target = getter());
            return Reflect.get(target, prop, receiver);
        },
        set(_, prop, value, receiver) {
            target ?? (target = getter());
            return Reflect.set(target, prop, value, receiver);
        },
        has(_, prop) {
            target ?? (target = getter());
            return Reflect.has(target, prop);
        },
        deleteProperty(_, prop) {
            target ?? (target = getter());
            return Reflect.deleteProperty(target, prop);
        },
        ownKeys(_) {
            target ?? (target = getter());
            return Reflect.ownKeys(target);
        },
        getOwnPropertyDescriptor(_, prop) {
            target ?? (target = getter());
            return Reflect.getOwnPropertyDescriptor(target, prop);
        },
        defineProperty(_, prop, descriptor) {
            target ?? (target = getter());
            return Reflect.defineProperty(target, prop, descriptor);
        },
    });
}
function stringifyPrimitive(value) {
    if (typeof value === "bigint")
        return value.toString() + "n";
    if (typeof value === "string")
        return `"${value}"`;
    return `${value}`;
}
function optionalKeys(shape) {
    return Object.keys(shape).filter((k) => {
        return shape[k]._zod.optin !== undefined && shape[k]._zod.optout === "optional";
    });
}
// Wrapped in a `@__PURE__` IIFE: esbuild never tree-shakes a top-level initializer that contains a member access on `Number`, so the bare object literal survived into every bundle.
const NUMBER_FORMAT_RANGES = /*@__PURE__*/ (() => ({
    safeint: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    int32: [-2147483648, 2147483647],
    uint32: [0, 4294967295],
    float32: [-3.4028234663852886e38, 3.4028234663852886e38],
    float64: [-Number.MAX_VALUE, Number.MAX_VALUE],
}))();
const BIGINT_FORMAT_RANGES = {
    int64: [/* @__PURE__*/ BigInt("-9223372036854775808"), /* @__PURE__*/ BigInt("9223372036854775807")],
    uint64: [/* @__PURE__*/ BigInt(0), /* @__PURE__*/ BigInt("18446744073709551615")],
};
function pick(schema, mask) {
    const currDef = schema._zod.def;
    const checks = currDef.checks;
    const hasChecks = checks && checks.length > 0;
    if (hasChecks) {
        throw new Error(".pick() cannot be used on object schemas containing refinements");
    }
    const newShape = {};
    mirrorShape(newShape, schema, maskedKeys(schema, mask));
    return clone(schema, mergeDefs(currDef, { shape: newShape, checks: [] }));
}
// the mask keys that select something, checked against the source's shape without resolving it
function maskedKeys(schema, mask) {
    const raw = sourceShape(schema);
    const keys = [];
    // `for...in` skips symbols, so a symbol in the mask would select nothing
    for (const key of Reflect.ownKeys(mask)) {
        if (!Object.getOwnPropertyDescriptor(raw, key)?.enumerable) {
            throw new Error(`Unrecognized key: "${String(key)}"`);
        }
        if (mask[key])
            keys.push(key);
    }
    return keys;
}
function omit(schema, mask) {
    const currDef = schema._zod.def;
    const checks = currDef.checks;
    const hasChecks = checks && checks.length > 0;
    if (hasChecks) {
        throw new Error(".omit() cannot be used on object schemas containing refinements");
    }
    const omitted = new Set(maskedKeys(schema, mask));
    const newShape = {};
    mirrorShape(newShape, schema, Reflect.ownKeys(sourceShape(schema)).filter((key) => !omitted.has(key)));
    return clone(schema, mergeDefs(currDef, { shape: newShape, checks: [] }));
}
function extend(schema, shape) {
    if (!isPlainObject(shape)) {
        throw new Error("Invalid input to extend: expected a plain object");
    }
    const checks = schema._zod.def.checks;
    const hasChecks = checks && checks.length > 0;
    if (hasChecks) {
        // Only throw if new shape overlaps with existing shape. Use getOwnPropertyDescriptor to check key existence without accessing values
        const existingShape = sourceShape(schema);
        for (const key of Reflect.ownKeys(shape)) {
            if (Object.getOwnPropertyDescriptor(existingShape, key) !== undefined) {
                throw new Error("Cannot overwrite keys on object schemas containing refinements. Use `.safeExtend()` instead.");
            }
        }
    }
    return clone(schema, mergeDefs(schema._zod.def, { shape: extended(schema, shape) }));
}
// the source's keys, then the caller's overlaid on top
function extended(schema, shape) {
    const newShape = {};
    mirrorShape(newShape, schema, Reflect.ownKeys(sourceShape(schema)));
    mirrorProps(newShape, shape);
    return newShape;
}
function safeExtend(schema, shape) {
    if (!isPlainObject(shape)) {
        throw new Error("Invalid input to safeExtend: expected a plain object");
    }
    return clone(schema, mergeDefs(schema._zod.def, { shape: extended(schema, shape) }));
}
function merge(a, b) {
    if (!b?._zod?.def) {
        throw new Error("Invalid input to merge: expected an object schema. To merge a plain shape, use `.extend()`.");
    }
    if (a._zod.def.checks?.length) {
        throw new Error(".merge() cannot be used on object schemas containing refinements. Use .safeExtend() instead.");
    }
    const newShape = {};
    mirrorShape(newShape, a, Reflect.ownKeys(sourceShape(a)));
    mirrorShape(newShape, b, Reflect.ownKeys(sourceShape(b)));
    const def = mergeDefs(a._zod.def, {
        shape: newShape,
        get catchall() {
            return b._zod.def.catchall;
        },
        checks: b._zod.def.checks ?? [],
    });
    return clone(a, def);
}
function partial(Class, schema, mask, name = "partial") {
    const currDef = schema._zod.def;
    const checks = currDef.checks;
    const hasChecks = checks && checks.length > 0;
    if (hasChecks) {
        throw new Error(`.${name}() cannot be used on object schemas containing refinements`);
    }
    const selected = mask ? new Set(maskedKeys(schema, mask)) : undefined;
    const newShape = {};
    mirrorShape(newShape, schema, Reflect.ownKeys(sourceShape(schema)), Class &&
        ((value, key) => (selected && !selected.has(key) ? value : new Class({ type: "optional", innerType: value }))));
    return clone(schema, mergeDefs(schema._zod.def, { shape: newShape, checks: [] }));
}
function required(Class, schema, mask) {
    const selected = mask ? new Set(maskedKeys(schema, mask)) : undefined;
    const newShape = {};
    mirrorShape(newShape, schema, Reflect.ownKeys(sourceShape(schema)), (value, key) => 
    // overwrite with non-optional
    selected && !selected.has(key) ? value : new Class({ type: "nonoptional", innerType: value }));
    return clone(schema, mergeDefs(schema._zod.def, { shape: newShape }));
}
// invalid_type | too_big | too_small | invalid_format | not_multiple_of | unrecognized_keys | invalid_union | invalid_key | invalid_element | invalid_value | custom
function aborted(x, startIndex = 0) {
    if (x.aborted === true)
        return true;
    for (let i = startIndex; i < x.issues.length; i++) {
        if (x.issues[i]?.continue !== true) {
            return true;
        }
    }
    return false;
}
// Checks for explicit abort (continue === false), as opposed to implicit abort (continue === undefined). Used to respect `abort: true` in .refine() even for checks that have a `when` function.
function explicitlyAborted(x, startIndex = 0) {
    if (x.aborted === true)
        return true;
    for (let i = startIndex; i < x.issues.length; i++) {
        if (x.issues[i]?.continue === false) {
            return true;
        }
    }
    return false;
}
function prefixIssues(path, issues) {
    return issues.map((iss) => {
        var _a;
        (_a = iss).path ?? (_a.path = []);
        iss.path.unshift(path);
        return iss;
    });
}
function unwrapMessage(message) {
    return typeof message === "string" ? message : message?.message;
}
/* A check holds no link back to the schema it is attached to — the same check instance is shared by every clone of that schema — so the owner is stamped onto the issues a check just raised, at the only point where both are in scope. Runs on the failure path only; `start` is the issue count from before the check ran. */
/** The leading size checks of `defChecks` that set an upper bound, each paired with it. */
function sizeCaps(defChecks) {
    const caps = [];
    for (const ch of defChecks ?? []) {
        const d = ch._zod.def;
        // a later check may rewrite the value
        if (!/_(length|size)$|_equals$/.test(d.check))
            break;
        const max = d.maximum ?? d.length ?? d.size;
        if (max >= 0)
            caps.push([max, ch]);
    }
    return caps;
}
function attachSchema(issues, start, inst) {
    var _a;
    for (let i = start; i < issues.length; i++) {
        (_a = issues[i]).schema ?? (_a.schema = inst);
    }
}
function finalizeIssue(iss, ctx, config) {
    var _a;
    // A schema that raised an issue itself owns it outright, and outranks any stamp an enclosing check left in `attachSchema`. String formats and z.custom() are schema and check at once, so when they act as a check they defer to that stamp instead.
    const traits = iss.inst?._zod?.traits;
    if (traits?.has("$ZodType")) {
        if (traits.has("$ZodCheck"))
            (_a = iss).schema ?? (_a.schema = iss.inst);
        else
            iss.schema = iss.inst;
    }
    // Decreasing specificity, first map to return a message wins. `inst` is whatever raised the issue, so a check's own map outranks the owning schema's.
    const schemaError = iss.schema !== iss.inst ? iss.schema?._zod.def?.error : undefined;
    const message = iss.message
        ? iss.message
        : (unwrapMessage(iss.inst?._zod.def?.error?.(iss)) ??
            unwrapMessage(schemaError?.(iss)) ??
            unwrapMessage(ctx?.error?.(iss)) ??
            unwrapMessage(config.customError?.(iss)) ??
            unwrapMessage(config.localeError?.(iss)) ??
            "Invalid input");
    // an explicit own-key copy beats object rest with excluded keys, which v8 routes through a generic runtime call; Object.keys rather than for-in so an issue pushed with a prototype does not leak inherited keys, and an own __proto__ key is dropped rather than assigned through the setter
    const full = {};
    for (const k of Object.keys(iss)) {
        if (k === "inst" || k === "schema" || k === "continue" || k === "input" || k === "__proto__")
            continue;
        full[k] = iss[k];
    }
    full.path ?? (full.path = []);
    full.message = message;
    if (ctx?.reportInput) {
        full.input = iss.input;
    }
    return full;
}
function getSizableOrigin(input) {
    if (input instanceof Set)
        return "set";
    if (input instanceof Map)
        return "map";
    // @ts-ignore
    if (input instanceof File)
        return "file";
    return "unknown";
}
const highSurrogate = /[\uD800-\uDBFF]/;
// Code points in `str`: a surrogate pair counts once, a lone surrogate as itself. Hand-rolled because the string iterator allocates and runs ~250x slower on this path; the regex probe exits ~50x quicker for a string with no astral characters.
function codePointLength(str) {
    const units = str.length;
    if (!highSurrogate.test(str))
        return units;
    let count = units;
    for (let i = 0; i < units - 1; i++) {
        if ((str.charCodeAt(i) & 0xfc00) === 0xd800 && (str.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
            count--;
            i++;
        }
    }
    return count;
}
function getLengthableOrigin(input) {
    if (Array.isArray(input))
        return "array";
    if (typeof input === "string")
        return "string";
    return "unknown";
}
function parsedType(data) {
    const t = typeof data;
    switch (t) {
        case "number": {
            return Number.isNaN(data) ? "nan" : "number";
        }
        case "object": {
            if (data === null) {
                return "null";
            }
            if (Array.isArray(data)) {
                return "array";
            }
            const obj = data;
            if (obj && Object.getPrototypeOf(obj) !== Object.prototype && "constructor" in obj && obj.constructor) {
                return obj.constructor.name;
            }
        }
    }
    return t;
}
function util_issue(...args) {
    const [iss, input, inst] = args;
    if (typeof iss === "string") {
        return {
            message: iss,
            code: "custom",
            input,
            inst,
        };
    }
    return { ...iss };
}
function cleanEnum(obj) {
    return Object.entries(obj)
        .filter(([k, _]) => {
        // return true if NaN, meaning it's not a number, thus a string key
        return Number.isNaN(Number.parseInt(k, 10));
    })
        .map((el) => el[1]);
}
// Codec utility functions
function base64ToUint8Array(base64) {
    const binaryString = atob(base64);
    const bytes = new Uint8Array(binaryString.length);
    for (let i = 0; i < binaryString.length; i++) {
        bytes[i] = binaryString.charCodeAt(i);
    }
    return bytes;
}
function uint8ArrayToBase64(bytes) {
    let binaryString = "";
    for (let i = 0; i < bytes.length; i++) {
        binaryString += String.fromCharCode(bytes[i]);
    }
    return btoa(binaryString);
}
function base64urlToUint8Array(base64url) {
    const base64 = base64url.replace(/-/g, "+").replace(/_/g, "/");
    const padding = "=".repeat((4 - (base64.length % 4)) % 4);
    return base64ToUint8Array(base64 + padding);
}
function uint8ArrayToBase64url(bytes) {
    return uint8ArrayToBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
function hexToUint8Array(hex) {
    const cleanHex = hex.replace(/^0x/, "");
    if (cleanHex.length % 2 !== 0) {
        throw new Error("Invalid hex string length");
    }
    const bytes = new Uint8Array(cleanHex.length / 2);
    for (let i = 0; i < cleanHex.length; i += 2) {
        bytes[i / 2] = Number.parseInt(cleanHex.slice(i, i + 2), 16);
    }
    return bytes;
}
function uint8ArrayToHex(bytes) {
    return Array.from(bytes)
        .map((b) => b.toString(16).padStart(2, "0"))
        .join("");
}
// instanceof
class Class {
    constructor(..._args) { }
}
//////////    PROTOTYPE INSTALLERS     //////////
//
// Members live on the prototype and materialize per instance on first read, which keeps own-property count under the step where V8 stops using inline slots. Changing anything here means re-measuring runtime, memory and bundle size together — see "The three axes" in AGENTS.md.
/**
 * Installs a trait's members on its prototype. Each value builds that member for the instance on first read; the built value shadows the accessor as an own property, so a detached `const { parse } = schema` keeps working.
 *
 * Call this from a `proto` initializer, which runs once per prototype — never per instance.
 */
function members(proto, table) {
    for (const key in table) {
        const desc = Object.getOwnPropertyDescriptor(table, key);
        // a getter installs as written, so it stays live: `description` reads through to the registry on every access. not enumerable: an object literal's is, and a prototype member never was
        if (desc.get)
            Object.defineProperty(proto, key, { ...desc, enumerable: false });
        // a method materializes bound on first read, which is what keeps a detached member working: `const opt = schema.optional; opt()`
        else
            defineBound(proto, key, desc.value);
    }
}
/** Shadows a prototype member with an own value, so a getter that builds from the instance runs once. */
function own(inst, key, value, enumerable = true) {
    Object.defineProperty(inst, key, { configurable: true, writable: true, enumerable, value });
    return value;
}
/** Like {@link own}, for a member that was never an own data property and has to stay out of `Object.keys`. */
function hide(inst, key, value) {
    return own(inst, key, value, false);
}
/** Adds members a table derives from the instance: each builds on first read and shadows as own data, and assignment shadows the same way, as when these were own properties. */
function derived(computes, table) {
    for (const key in computes) {
        const compute = computes[key];
        // an object literal's accessor is configurable and enumerable, and `members` copies the descriptor as written
        Object.defineProperty(table, key, {
            configurable: true,
            enumerable: true,
            get() {
                return own(this, key, compute(this));
            },
            set(value) {
                own(this, key, value);
            },
        });
    }
    return table;
}
function defineBound(proto, key, fn) {
    Object.defineProperty(proto, key, {
        configurable: true,
        get() {
            // vitest's spyOn calls a prototype getter bare to find the function it wraps, so a nullish receiver answers the raw method
            return this == null ? fn : own(this, key, fn.bind(this));
        },
        set(value) {
            own(this, key, value);
        },
    });
}
/** Returns the prototype to install on, or `undefined` if this group is already installed on it. */
function claim(inst, sentinel) {
    const proto = Object.getPrototypeOf(inst);
    // Runs on every construction, so `in` rather than the costlier `hasOwnProperty.call`. Sentinels are keys the group itself defines.
    return sentinel in proto ? undefined : proto;
}
// The internals whose init chain is installing. A second call for the same one is a derived constructor overriding its base, so it must not construct another schema in between or the override is dropped.
let installing;
// Set while a getter is running, so a value that resolved through a recursion break is not memoized. One shared descriptor shadows the key for the duration, which costs no per-key allocation.
let broke = false;
const breaker = {
    configurable: true,
    get() {
        broke = true;
        return undefined;
    },
};
/**
 * Installs a lazily-derived internal on the `_zod` prototype of `inst`'s
 * constructor, computed from the internals object itself and cached there on
 * first read. One accessor per constructor rather than one per instance.
 */
function defineLazyInternal(inst, key, compute) {
    const proto = Object.getPrototypeOf(inst._zod);
    if (key in proto && installing !== inst._zod) {
        // A repeat construction: everything is installed already. Cleared here so the reference is not held past the first construction of every type.
        installing = undefined;
        return;
    }
    installing = inst._zod;
    Object.defineProperty(proto, key, {
        configurable: true,
        get() {
            // Shadowed before computing so a re-entrant read from a recursive schema resolves to undefined instead of running the getter again.
            Object.defineProperty(this, key, breaker);
            const outer = broke;
            broke = false;
            try {
                const value = compute(this);
                // A result that resolved through a recursion break is recomputed once the graph is complete; everything else memoizes, undefined included.
                if (broke)
                    delete this[key];
                else
                    Object.defineProperty(this, key, { configurable: true, writable: true, value });
                broke = broke || outer;
                return value;
            }
            catch (err) {
                // A compute that threw memoizes nothing, so a later read runs it again and fails the same way. The shadow goes with it, since leaving it installed would answer undefined for every later read.
                delete this[key];
                broke = broke || outer;
                throw err;
            }
        },
        set(value) {
            Object.defineProperty(this, key, { configurable: true, writable: true, value });
        },
    });
}
/**
 * Installs `key` on `inst`'s prototype, computed by `make` on first read and cached there as an own
 * data property. One accessor per constructor rather than one per instance, because an own accessor
 * puts every instance after the first into v8 dictionary mode. The key doubles as the sentinel.
 */
function installLazyProp(inst, key, make, enumerable) {
    const proto = claim(inst, key);
    if (!proto)
        return;
    Object.defineProperty(proto, key, {
        configurable: true,
        get() {
            // Shadowed before computing, so a re-entrant read from a self-referential shape resolves to undefined instead of running the getter again. A data property rather than an accessor: an own accessor is the dictionary-mode transition this exists to avoid.
            const desc = { configurable: true, writable: true, enumerable, value: undefined };
            Object.defineProperty(this, key, desc);
            // a compute that throws leaves the shadow behind, so later reads answer undefined instead of re-throwing; `defineLazy` did the same, and `defineLazyInternal`'s delete-on-catch would cost bytes in every bundle for a case only a throwing user getter reaches
            desc.value = make(this);
            Object.defineProperty(this, key, desc);
            return desc.value;
        },
        set(value) {
            Object.defineProperty(this, key, { configurable: true, writable: true, enumerable, value });
        },
    });
}
/** Marks the thunk `_catch` synthesises for a constant catch value. `Function.length` cannot tell that thunk from a user callback — rest and defaulted parameters both report arity 0 — and a user callback reads `ctx.error`, whose issues only finalize correctly against the caller's per-parse error map. Provenance can say what arity cannot. A plain string key rather than `Symbol.for`, whose call at module scope no bundler can prove pure — the same shape that anchored `urlCanParse` into every build. */
const CONSTANT_CATCH = "~constantCatch";
/** Wraps a constant catch value in a thunk tagged with {@link CONSTANT_CATCH}. */
function constantCatch(value) {
    const fn = () => value;
    fn[CONSTANT_CATCH] = true;
    return fn;
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/core.js
var _a;

/** A special constant with type `never` */
const NEVER = /*@__PURE__*/ Object.freeze({
    status: "aborted",
});
/* Shared descriptor for installing `_zod`; defineProperty reads it
 * synchronously, so reusing one object avoids a per-instance allocation. */
const _zodDesc = { value: undefined, enumerable: false };
// null where suppressing the capture would be unrecoverable: `parse()` puts the frames back with `captureStackTrace`, so without it the throw would lose its stack. also latched to null once `stackTraceLimit` proves unassignable, which a realm can do at any point by hardening Error
let _E = "captureStackTrace" in Error ? Error : null;
// v8 captures a stack trace inside the Error constructor, which dominates a failed parse; costs only the frames, and parse() restores those. the constructor must RUN: Object.create is cheaper and passes instanceof, but Error.isError and util.types.isNativeError check an internal slot
function newError(Definition) {
    const E = _E;
    if (E) {
        const saved = E.stackTraceLimit;
        if (typeof saved === "number") {
            try {
                E.stackTraceLimit = 0;
            }
            catch {
                _E = null;
                return new Definition();
            }
            try {
                return new Definition();
            }
            finally {
                E.stackTraceLimit = saved;
            }
        }
    }
    return new Definition();
}
function $constructor(name, initializer, 
/** This trait's members, installed once on every prototype that composes it. They cannot be declared in the initializer above: that runs per instance, and the prototype is shared. */
proto, params) {
    // Prototype for this constructor's `_zod` internals. Lazily-derived fields (`values`, `pattern`, `optin`, …) install here once rather than as an accessor on every instance.
    const zodProto = {};
    // Assigning the fields in the constructor body is what gives instances in-object slots; building the object literally and reparenting it costs a second allocation and a generic property copy.
    function Internals(def) {
        this.def = def;
        this.constr = _;
        this.traits = new Set();
    }
    Internals.prototype = zodProto;
    const protoMembers = proto;
    // One trait's members land on every prototype whose chain composes it, so the answer is per prototype rather than per trait.
    const initialized = protoMembers && new WeakSet();
    function init(inst, def) {
        if (!inst._zod) {
            _zodDesc.value = new Internals(def);
            try {
                Object.defineProperty(inst, "_zod", _zodDesc);
            }
            finally {
                // Cleared even on throw, so the shared descriptor never leaks one instance's internals into the next.
                _zodDesc.value = undefined;
            }
        }
        else if (inst._zod.traits.has(name)) {
            return;
        }
        inst._zod.traits.add(name);
        initializer(inst, def);
        if (initialized) {
            // `super(def)` from a user subclass gives `this` a prototype the subclass owns, and installing there would overwrite whatever the subclass declared. `constr` built the instance, so its prototype is the one below the subclass's that should carry the members. A receiver whose chain never reaches that prototype installs on its own, which for a plain object handed straight to `init` means `Object.prototype` — unchanged from before.
            const own = Object.getPrototypeOf(inst);
            const ctorProto = inst._zod.constr.prototype;
            let up = own;
            while (up && up !== ctorProto)
                up = Object.getPrototypeOf(up);
            const target = up ?? own;
            if (!initialized.has(target)) {
                initialized.add(target);
                members(target, protoMembers);
            }
        }
        // support prototype modifications; for-in avoids the array allocation of Object.keys on the (usually empty) prototype
        const proto = _.prototype;
        for (const k in proto) {
            if (!Object.prototype.hasOwnProperty.call(proto, k))
                continue;
            if (!(k in inst)) {
                inst[k] = proto[k].bind(inst);
            }
        }
    }
    // doesn't work if Parent has a constructor with arguments
    const Parent = params?.Parent ?? Object;
    class Definition extends Parent {
    }
    Object.defineProperty(Definition, "name", { value: name });
    function _(def) {
        const inst = params?.Parent ? newError(Definition) : this;
        init(inst, def);
        const deferred = inst._zod.deferred;
        if (deferred) {
            for (const fn of deferred) {
                fn();
            }
            // Released: initializers run once, and the list would otherwise be retained for the schema's lifetime.
            inst._zod.deferred = undefined;
        }
        // Global post-processor hook. Internal: installed by `import "zod/compile"` to enable AOT compilation for every constructed schema. Runs last, once the instance is fully built, because it hands the instance to compile(). The post-processor is expected to be reentrancy-guarded by its own implementation.
        const pp = globalThis.__zod_globalConfig?.postProcessor;
        if (pp)
            pp(inst);
        return inst;
    }
    Object.defineProperty(_, "init", { value: init });
    Object.defineProperty(_, Symbol.hasInstance, {
        value: (inst) => {
            if (params?.Parent && inst instanceof params.Parent)
                return true;
            return inst?._zod?.traits?.has(name);
        },
    });
    Object.defineProperty(_, "name", { value: name });
    return _;
}
//////////////////////////////   UTILITIES   ///////////////////////////////////////
const $brand = /*@__PURE__*/ (/* unused pure expression or super */ null && (Symbol("zod_brand")));
class $ZodAsyncError extends Error {
    constructor() {
        super(`Encountered Promise during synchronous parse. Use .parseAsync() instead.`);
    }
}
class $ZodEncodeError extends Error {
    constructor(name) {
        super(`Encountered unidirectional transform during encode: ${name}`);
        this.name = "ZodEncodeError";
    }
}
(_a = globalThis).__zod_globalConfig ?? (_a.__zod_globalConfig = {});
const globalConfig = globalThis.__zod_globalConfig;
function config(newConfig) {
    if (newConfig)
        Object.assign(globalConfig, newConfig);
    return globalConfig;
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/memoizer.js

class $ZodCyclicError extends Error {
    constructor() {
        super(`Cannot parse a reference cycle that closes through a transform`);
        this.name = "ZodCyclicError";
    }
}
/** Keyed off the context object every schema in one parse call already shares. */
const STATE = "~memo";
const NO_ISSUES = [];
// a value a cycle can close through
function isRef(value) {
    return value !== null && typeof value === "object";
}
// Receivers prefix paths in place, so the cache and every hand-out need their own copies.
function cloneIssues(issues) {
    return issues.map((iss) => (iss.path ? { ...iss, path: iss.path.slice() } : { ...iss }));
}
const recursive = /*@__PURE__*/ new WeakMap();
/** What the walk established, in order of certainty: ordered so the strongest answer among children wins. */
const NONE = 0;
const ASSUMED = 1;
const PROVEN = 2;
/** Whether this schema's subtree contains a cycle, so one parse can re-enter it. */
function isRecursive(inst, stack, resolve) {
    const cached = recursive.get(inst);
    if (cached !== undefined)
        return cached ? PROVEN : NONE;
    // Relative to the walk in progress, so not cached.
    if (stack.has(inst))
        return PROVEN;
    stack.add(inst);
    let result = NONE;
    const check = (child) => {
        if (result !== PROVEN && child?._zod) {
            const answer = isRecursive(child, stack, resolve);
            if (answer > result)
                result = answer;
        }
    };
    // `Reflect.ownKeys` rather than `Object.keys`, so a cycle through a declared symbol key is still seen
    const shape = (sh, spread) => {
        let answer = NONE;
        for (const key of Reflect.ownKeys(sh)) {
            const desc = Object.getOwnPropertyDescriptor(sh, key);
            // an object resolves its shape by spread, so a key it does not enumerate is never parsed; `z.properties` reads every own key and so keeps them all
            if (spread && !desc.enumerable)
                continue;
            // resolving runs user code, and a factory mints a fresh subtree per read, so an edge the walk can't follow counts as a cycle
            const child = desc.get ? ASSUMED : desc.value?._zod ? isRecursive(desc.value, stack, resolve) : NONE;
            if (child > answer)
                answer = child;
        }
        return answer;
    };
    const merge = (answer) => {
        if (answer > result)
            result = answer;
    };
    const def = inst._zod.def;
    const kind = def.type;
    switch (kind) {
        case "object": {
            const raw = rawShape(def);
            // a def with no raw shape answers `shape` from an accessor of its own, and running that can mint a whole fresh subtree
            merge(raw ? shape(raw, true) : ASSUMED);
            check(def.catchall);
            break;
        }
        case "array":
            check(def.element);
            break;
        case "tuple":
            for (const el of def.items)
                check(el);
            check(def.rest);
            break;
        case "record":
        case "map":
            check(def.keyType);
            check(def.valueType);
            break;
        case "set":
            check(def.valueType);
            break;
        case "union":
            for (const el of def.options)
                check(el);
            break;
        case "intersection":
            check(def.left);
            check(def.right);
            break;
        case "optional":
        case "nullable":
        case "default":
        case "prefault":
        case "catch":
        case "readonly":
        case "nonoptional":
        case "promise":
        case "success":
            check(def.innerType);
            break;
        case "pipe":
            check(def.in);
            check(def.out);
            break;
        case "function":
            check(def.input);
            check(def.output);
            break;
        // `$ZodLazy` caches its inner on the def, so a resolved edge is followed exactly
        case "lazy": {
            const inner = def._cachedInner ?? (resolve ? inst._zod.innerType : undefined);
            // walked with resolution off: one hop sees past the deferral, and a lazy that yields only another unresolved lazy is generative, so it stops there
            merge(inner ? isRecursive(inner, stack, false) : ASSUMED);
            break;
        }
        // a leaf by choice: `parts` are regex fragments, not data positions
        case "template_literal":
        // leaves
        case "string":
        case "number":
        case "int":
        case "boolean":
        case "bigint":
        case "symbol":
        case "undefined":
        case "null":
        case "void":
        case "never":
        case "any":
        case "unknown":
        case "date":
        case "nan":
        case "enum":
        case "literal":
        case "file":
        case "transform":
        case "custom":
            break;
        default: {
            // a new built-in kind becomes a compile error here
            kind;
            // a user-defined kind can still hold children, and only its author knows where, so fall back to scanning the def — skipping accessors, since reading one can run user code
            for (const key in def) {
                const desc = Object.getOwnPropertyDescriptor(def, key);
                if (!desc || desc.get)
                    continue;
                const value = desc.value;
                if (!value || typeof value !== "object")
                    continue;
                if (value._zod)
                    check(value);
                else if (Array.isArray(value))
                    for (const el of value)
                        check(el);
            }
        }
    }
    stack.delete(inst);
    return settle(inst, result);
}
/** An assumed answer must not outlive the resolution that settles it, so only a certain one is cached. */
function settle(inst, answer) {
    if (answer !== ASSUMED)
        recursive.set(inst, answer === PROVEN);
    return answer;
}
/**
 * Whether one parse can re-enter this schema, i.e. its subtree contains a cycle.
 * Exported for `z.compile`, which refuses to compile such a schema: cycle
 * breaking is driven from here off state keyed on the parse context, and a
 * generated fast path has no context to key on.
 */
function isRecursiveSchema(inst) {
    // z.compile never parses, so nothing would ever resolve a lazy for it; it runs once and already treats a throw here as recursive
    return isRecursive(inst, new Set(), true) !== NONE;
}
function bucketFor(state, inst) {
    let bucket = state.buckets.get(inst);
    if (!bucket) {
        bucket = new WeakMap();
        state.buckets.set(inst, bucket);
    }
    return bucket;
}
// Set immediately before delegating to core and cleared immediately after, so `alloc` registers only for a visit this module is driving.
let handoff;
// Allocated but unfinished entries. `alloc` and the matching pop both happen in the synchronous part of a parse, so they nest even when children are async, and one stack serves every schema.
const memoizer_open = [];
const memo = {
    alloc(_inst, payload, empty) {
        const bucket = handoff;
        if (!bucket)
            return empty;
        handoff = undefined;
        const entry = { value: empty, issues: null };
        bucket.set(payload.value, entry);
        memoizer_open.push(entry);
        return empty;
    },
    guard(inst) {
        var _a;
        (_a = inst._zod).deferred ?? (_a.deferred = []);
        inst._zod.deferred.push(() => {
            const base = inst._zod.parse;
            const wrapped = (payload, ctx) => {
                // The value is a placeholder a back-edge is still waiting on, so the cycle closes through this transform. Its output can't exist in time to bind.
                if (ctx.direction !== "backward" && isBackEdge(ctx, payload.value))
                    throw new $ZodCyclicError();
                return base(payload, ctx);
            };
            inst._zod.parse = wrapped;
            if (inst._zod.run === base)
                inst._zod.run = wrapped;
        });
    },
    attach(inst) {
        var _a;
        let isRecursiveInst;
        let rechecked = false;
        // a recursive schema is re-entered many times per parse and its bucket never changes
        let lastCtx;
        let lastBucket;
        // Wraps `parse` in a deferred so it sees the container's final parse. Core's own deferred copies `parse` into `run` when there are no checks, and it ran first, so `run` is patched to match; with checks, `run` reads `parse` dynamically.
        (_a = inst._zod).deferred ?? (_a.deferred = []);
        inst._zod.deferred.push(() => {
            const base = inst._zod.parse;
            const wrapped = (payload, ctx) => {
                if (isRecursiveInst === undefined) {
                    const walked = isRecursive(inst, new Set(), false);
                    if (walked === NONE) {
                        // Nothing here can ever fire, so take it back out.
                        inst._zod.parse = base;
                        if (inst._zod.run === wrapped)
                            inst._zod.run = base;
                        return base(payload, ctx);
                    }
                    // this parse resolves the deferred edges on its own path, so ask once more before latching
                    if (walked === PROVEN || rechecked)
                        isRecursiveInst = true;
                    else
                        rechecked = true;
                }
                const input = payload.value;
                if (!isRef(input))
                    return base(payload, ctx);
                let state = ctx[STATE];
                if (!state) {
                    state = { buckets: new WeakMap(), backEdges: undefined };
                    ctx[STATE] = state;
                }
                let bucket;
                if (lastCtx === ctx) {
                    bucket = lastBucket;
                }
                else {
                    bucket = bucketFor(state, inst);
                    lastCtx = ctx;
                    lastBucket = bucket;
                }
                const hit = bucket.get(input);
                if (hit) {
                    payload.value = hit.value;
                    if (hit.issues) {
                        if (hit.issues.length)
                            payload.issues.push(...cloneIssues(hit.issues));
                    }
                    else {
                        // Still being parsed: its own checks cover it, so skip them here.
                        payload.memo = true;
                        state.backEdges ?? (state.backEdges = new WeakSet());
                        state.backEdges.add(hit.value);
                    }
                    return payload;
                }
                handoff = bucket;
                const depth = memoizer_open.length;
                const result = base(payload, ctx);
                handoff = undefined;
                // A container that rejected its input outright allocated nothing.
                const entry = memoizer_open.length > depth ? memoizer_open.pop() : undefined;
                // Both paths written out so the sync one allocates no closure. It runs once per node, and capturing here cost more than everything else combined.
                if (result instanceof Promise) {
                    return result.then((r) => {
                        if (entry)
                            entry.issues = r.issues.length ? cloneIssues(r.issues) : NO_ISSUES;
                        return r;
                    });
                }
                if (entry)
                    entry.issues = result.issues.length ? cloneIssues(result.issues) : NO_ISSUES;
                return result;
            };
            inst._zod.parse = wrapped;
            if (inst._zod.run === base)
                inst._zod.run = wrapped;
        });
    },
};
/** The memoizer that gives containers cycle support. `zod` installs it by default; `zod/mini` opts in with `config({ memoizer: memoizer() })`. */
function memoizer() {
    return memo;
}
/** Whether this value is a node a back-edge resolved to before it finished. */
function isBackEdge(ctx, value) {
    const backEdges = ctx[STATE]?.backEdges;
    return backEdges !== undefined && isRef(value) && backEdges.has(value);
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/regexes.js

/**
 * @deprecated CUID v1 is deprecated by its authors due to information leakage
 * (timestamps embedded in the id). Use {@link cuid2} instead.
 * See https://github.com/paralleldrive/cuid.
 */
const cuid = /^[cC][0-9a-z]{6,}$/;
const cuid2 = /^[0-9a-z]+$/;
const ulid = /^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$/;
const xid = /^[0-9a-vA-V]{20}$/;
const ksuid = /^[A-Za-z0-9]{27}$/;
const nanoid = /^[a-zA-Z0-9_-]{21}$/;
function nanoidOfLength(length) {
    return new RegExp(`^[a-zA-Z0-9_-]{${length}}$`);
}
/** ISO 8601-1 duration regex. Does not support the 8601-2 extensions like negative durations or fractional/negative components. */
const duration = /^P(?:(\d+W)|(?!.*W)(?=\d|T\d)(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?)$/;
/** Implements ISO 8601-2 extensions like explicit +- prefixes, mixing weeks with other units, and fractional/negative components. */
const extendedDuration = /^[-+]?P(?!$)(?:(?:[-+]?\d+Y)|(?:[-+]?\d+[.,]\d+Y$))?(?:(?:[-+]?\d+M)|(?:[-+]?\d+[.,]\d+M$))?(?:(?:[-+]?\d+W)|(?:[-+]?\d+[.,]\d+W$))?(?:(?:[-+]?\d+D)|(?:[-+]?\d+[.,]\d+D$))?(?:T(?=[\d+-])(?:(?:[-+]?\d+H)|(?:[-+]?\d+[.,]\d+H$))?(?:(?:[-+]?\d+M)|(?:[-+]?\d+[.,]\d+M$))?(?:[-+]?\d+(?:[.,]\d+)?S)?)??$/;
/** A regex for any UUID-like identifier: 8-4-4-4-12 hex pattern */
const guid = /^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$/;
/** Returns a regex for validating an RFC 9562/4122 UUID.
 *
 * @param version Optionally specify a version 1-8. If no version is specified, all versions are supported. */
const uuid = (version) => {
    if (!version)
        return /^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$/;
    return new RegExp(`^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-${version}[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12})$`);
};
const uuid4 = /*@__PURE__*/ (/* unused pure expression or super */ null && (uuid(4)));
const uuid6 = /*@__PURE__*/ (/* unused pure expression or super */ null && (uuid(6)));
const uuid7 = /*@__PURE__*/ (/* unused pure expression or super */ null && (uuid(7)));
/** Practical email validation */
const email = /^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$/;
/** Equivalent to the HTML5 input[type=email] validation implemented by browsers. Source: https://developer.mozilla.org/en-US/docs/Web/HTML/Element/input/email */
const html5Email = /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
/** The classic emailregex.com regex for RFC 5322-compliant emails */
const rfc5322Email = /^(([^<>()\[\]\\.,;:\s@"]+(\.[^<>()\[\]\\.,;:\s@"]+)*)|(".+"))@((\[[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}])|(([a-zA-Z\-0-9]+\.)+[a-zA-Z]{2,}))$/;
/** A loose regex that allows Unicode characters, enforces length limits, and that's about it. */
const unicodeEmail = /^[^\s@"]{1,64}@[^\s@]{1,255}$/u;
const idnEmail = (/* unused pure expression or super */ null && (unicodeEmail));
const browserEmail = /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
// from https://thekevinscott.com/emojis-in-javascript/#writing-a-regular-expression
// Single character class, not an alternation: the two properties overlap (U+1F9B0-U+1F9B3), so `(A|B)+` backtracks exponentially on a failed match. The leading lookahead then demands one anchor — a pictograph, a regional indicator, or the enclosing keycap — because `\p{Emoji_Component}` on its own covers ASCII digits, `#`, `*`, ZWJ, variation selectors and skin tone modifiers, none of which is an emoji without a base.
const _emoji = `^(?=[\\s\\S]*[\\p{Extended_Pictographic}\\p{Regional_Indicator}\\u20E3])[\\p{Extended_Pictographic}\\p{Emoji_Component}]+$`;
function emoji() {
    return new RegExp(_emoji, "u");
}
const ipv4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])$/;
const ipv6 = /^(([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,7}:|([0-9a-fA-F]{1,4}:){1,6}:[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,5}(:[0-9a-fA-F]{1,4}){1,2}|([0-9a-fA-F]{1,4}:){1,4}(:[0-9a-fA-F]{1,4}){1,3}|([0-9a-fA-F]{1,4}:){1,3}(:[0-9a-fA-F]{1,4}){1,4}|([0-9a-fA-F]{1,4}:){1,2}(:[0-9a-fA-F]{1,4}){1,5}|[0-9a-fA-F]{1,4}:((:[0-9a-fA-F]{1,4}){1,6})|:((:[0-9a-fA-F]{1,4}){1,7}|:))$/;
const mac = (delimiter) => {
    const escapedDelim = util.escapeRegex(delimiter ?? ":");
    return new RegExp(`^(?:[0-9A-F]{2}${escapedDelim}){5}[0-9A-F]{2}$|^(?:[0-9a-f]{2}${escapedDelim}){5}[0-9a-f]{2}$`);
};
const cidrv4 = /^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\/([0-9]|[1-2][0-9]|3[0-2])$/;
const cidrv6 = /^(([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,7}:|([0-9a-fA-F]{1,4}:){1,6}:[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,5}(:[0-9a-fA-F]{1,4}){1,2}|([0-9a-fA-F]{1,4}:){1,4}(:[0-9a-fA-F]{1,4}){1,3}|([0-9a-fA-F]{1,4}:){1,3}(:[0-9a-fA-F]{1,4}){1,4}|([0-9a-fA-F]{1,4}:){1,2}(:[0-9a-fA-F]{1,4}){1,5}|[0-9a-fA-F]{1,4}:((:[0-9a-fA-F]{1,4}){1,6})|:((:[0-9a-fA-F]{1,4}){1,7}|:))\/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$/;
// https://stackoverflow.com/questions/7860392/determine-if-string-is-in-base64-using-javascript
const base64 = /^$|^(?:[0-9a-zA-Z+/]{4})*(?:(?:[0-9a-zA-Z+/]{2}==)|(?:[0-9a-zA-Z+/]{3}=))?$/;
const base64url = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$/;
// based on https://stackoverflow.com/questions/106179/regular-expression-to-match-dns-hostname-or-ip-address
// export const hostname: RegExp = /^([a-zA-Z0-9-]+\.)*[a-zA-Z0-9-]+$/;
const hostname = /^(?=.{1,253}\.?$)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[-0-9a-zA-Z]{0,61}[0-9a-zA-Z])?)*\.?$/;
const domain = /^(?=.{1,253}$)([a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]{2,63}$/;
const httpProtocol = /^https?$/;
// https://blog.stevenlevithan.com/archives/validate-phone-number#r4-3 (regex sans spaces) E.164: leading digit must be 1-9; total digits (excluding '+') between 7-15
const e164 = /^\+[1-9]\d{6,14}$/;
// Credit card shape: 12–19 digits, optionally separated by single spaces or single hyphens. ISO/IEC 7812 caps the PAN at 19 digits; 12 is the shortest issued length (Maestro).
const creditCard = /^\d(?:[ -]?\d){11,18}$/;
// ISO 4217 alpha codes from the SIX list, regenerated by scripts/update-iso-4217.ts
const currencyCode = /^(?:AED|AFN|ALL|AMD|AOA|ARS|AUD|AWG|AZN|BAM|BBD|BDT|BHD|BIF|BMD|BND|BOB|BOV|BRL|BSD|BTN|BWP|BYN|BZD|CAD|CDF|CHE|CHF|CHW|CLF|CLP|CNY|COP|COU|CRC|CUP|CVE|CZK|DJF|DKK|DOP|DZD|EGP|ERN|ETB|EUR|FJD|FKP|GBP|GEL|GHS|GIP|GMD|GNF|GTQ|GYD|HKD|HNL|HTG|HUF|IDR|ILS|INR|IQD|IRR|ISK|JMD|JOD|JPY|KES|KGS|KHR|KMF|KPW|KRW|KWD|KYD|KZT|LAK|LBP|LKR|LRD|LSL|LYD|MAD|MDL|MGA|MKD|MMK|MNT|MOP|MRU|MUR|MVR|MWK|MXN|MXV|MYR|MZN|NAD|NGN|NIO|NOK|NPR|NZD|OMR|PAB|PEN|PGK|PHP|PKR|PLN|PYG|QAR|RON|RSD|RUB|RWF|SAR|SBD|SCR|SDG|SEK|SGD|SHP|SLE|SOS|SRD|SSP|STN|SVC|SYP|SZL|THB|TJS|TMT|TND|TOP|TRY|TTD|TWD|TZS|UAH|UGX|USD|USN|UYI|UYU|UYW|UZS|VED|VES|VND|VUV|WST|XAD|XAF|XAG|XAU|XBA|XBB|XBC|XBD|XCD|XCG|XDR|XOF|XPD|XPF|XPT|XSU|XTS|XUA|XXX|YER|ZAR|ZMW|ZWG)$/;
// iban electronic format: 2-letter country, check digits 02-98 (the only values `98 - remainder` can produce), 11-30 bban characters
const iban = /^[A-Z]{2}(?!00|01|99)\d{2}[A-Z0-9]{11,30}$/;
const dateSource = `(?:(?:\\d\\d[2468][048]|\\d\\d[13579][26]|\\d\\d0[48]|[02468][048]00|[13579][26]00)-02-29|\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|(?:02)-(?:0[1-9]|1\\d|2[0-8])))`;
/** Anchors a pattern source. The interpolation lives here rather than at the call site because
 * esbuild will not drop a `@__PURE__` call whose own argument interpolates a variable, but it
 * will drop `anchor(dateSource)`. Keeping it inline pinned `date` into every bundle. */
function regexes_anchor(source) {
    return new RegExp(`^${source}$`);
}
const date = /*@__PURE__*/ regexes_anchor(dateSource);
function timeSource(args) {
    const hhmm = `(?:[01]\\d|2[0-3]):[0-5]\\d`;
    const regex = typeof args.precision === "number"
        ? args.precision === -1
            ? `${hhmm}`
            : args.precision === 0
                ? `${hhmm}:[0-5]\\d`
                : `${hhmm}:[0-5]\\d\\.\\d{${args.precision}}`
        : args.seconds
            ? `${hhmm}:[0-5]\\d(?:\\.\\d+)?`
            : `${hhmm}(?::[0-5]\\d(?:\\.\\d+)?)?`;
    return regex;
}
function time(args) {
    return new RegExp(`^${timeSource(args)}$`);
}
// Adapted from https://stackoverflow.com/a/3143231
function datetime(args) {
    const opts = ["Z"];
    // if (args.offset) opts.push(`([+-]\\d{2}:\\d{2})`);
    if (args.offset)
        opts.push(`([+-](?:[01]\\d|2[0-3]):[0-5]\\d)`);
    // RFC 3339 mandates seconds wherever the time carries a `Z` or an offset, so only the unqualified form `local` adds may omit them
    const qualified = `${timeSource({ precision: args.precision, seconds: true })}(?:${opts.join("|")})`;
    const timeRegex = args.local ? `${qualified}|${timeSource({ precision: args.precision })}` : qualified;
    return new RegExp(`^${dateSource}T(?:${timeRegex})$`);
}
// the unbounded form of `string()` as a literal, so every plain string shares one instance instead of building its own
const anyString = /^[\s\S]{0,}$/;
const string = (params) => {
    const regex = params ? `[\\s\\S]{${params?.minimum ?? 0},${params?.maximum ?? ""}}` : `[\\s\\S]*`;
    return new RegExp(`^${regex}$`);
};
const bigint = /^-?\d+n?$/;
const integer = /^-?\d+$/;
const number = /^-?\d+(?:\.\d+)?$/;
const regexes_boolean = /^(?:true|false)$/i;
const _null = /^null$/i;

const _undefined = /^undefined$/i;

// regex for string with no uppercase letters
const lowercase = /^[^A-Z]*$/;
// regex for string with no lowercase letters
const uppercase = /^[^a-z]*$/;
// regex for hexadecimal strings (any length)
const hex = /^[0-9a-fA-F]*$/;
// Hash regexes for different algorithms and encodings
// Helper function to create base64 regex with exact length and padding
function fixedBase64(bodyLength, padding) {
    return new RegExp(`^[A-Za-z0-9+/]{${bodyLength}}${padding}$`);
}
// Helper function to create base64url regex with exact length (no padding)
function fixedBase64url(length) {
    return new RegExp(`^[A-Za-z0-9_-]{${length}}$`);
}
// MD5 (16 bytes): base64 = 24 chars total (22 + "==")
const md5_hex = /^[0-9a-fA-F]{32}$/;
const md5_base64 = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64(22, "==")));
const md5_base64url = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64url(22)));
// SHA1 (20 bytes): base64 = 28 chars total (27 + "=")
const sha1_hex = /^[0-9a-fA-F]{40}$/;
const sha1_base64 = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64(27, "=")));
const sha1_base64url = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64url(27)));
// SHA256 (32 bytes): base64 = 44 chars total (43 + "=")
const sha256_hex = /^[0-9a-fA-F]{64}$/;
const sha256_base64 = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64(43, "=")));
const sha256_base64url = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64url(43)));
// SHA384 (48 bytes): base64 = 64 chars total (no padding)
const sha384_hex = /^[0-9a-fA-F]{96}$/;
const sha384_base64 = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64(64, "")));
const sha384_base64url = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64url(64)));
// SHA512 (64 bytes): base64 = 88 chars total (86 + "==")
const sha512_hex = /^[0-9a-fA-F]{128}$/;
const sha512_base64 = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64(86, "==")));
const sha512_base64url = /*@__PURE__*/ (/* unused pure expression or super */ null && (fixedBase64url(86)));

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/checks.js
// import { $ZodType } from "./schemas.js";



const $ZodCheck = /*@__PURE__*/ $constructor("$ZodCheck", (inst, def) => {
    var _a;
    inst._zod ?? (inst._zod = {});
    inst._zod.def = def;
    (_a = inst._zod).onattach ?? (_a.onattach = []);
});
/** Default `when` for size-based checks: run only on non-nullish values with a `size`. */
const _whenHasSize = (payload) => {
    const val = payload.value;
    return !util.nullish(val) && val.size !== undefined;
};
/** Default `when` for length-based checks: run only on non-nullish values with a `length`. */
const _whenHasLength = (payload) => {
    const val = payload.value;
    return !nullish(val) && val.length !== undefined;
};
const numericOriginMap = {
    number: "number",
    bigint: "bigint",
    object: "date",
};
const $ZodCheckLessThan = /*@__PURE__*/ $constructor("$ZodCheckLessThan", (inst, def) => {
    $ZodCheck.init(inst, def);
    const origin = numericOriginMap[typeof def.value];
    inst._zod.check = (payload) => {
        if (def.inclusive ? payload.value <= def.value : payload.value < def.value) {
            return;
        }
        payload.issues.push({
            origin: numericOriginMap[typeof payload.value] ?? origin,
            code: "too_big",
            maximum: typeof def.value === "object" ? def.value.getTime() : def.value,
            input: payload.value,
            inclusive: def.inclusive,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckGreaterThan = /*@__PURE__*/ $constructor("$ZodCheckGreaterThan", (inst, def) => {
    $ZodCheck.init(inst, def);
    const origin = numericOriginMap[typeof def.value];
    inst._zod.check = (payload) => {
        if (def.inclusive ? payload.value >= def.value : payload.value > def.value) {
            return;
        }
        payload.issues.push({
            origin: numericOriginMap[typeof payload.value] ?? origin,
            code: "too_small",
            minimum: typeof def.value === "object" ? def.value.getTime() : def.value,
            input: payload.value,
            inclusive: def.inclusive,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckMultipleOf = 
/*@__PURE__*/ $constructor("$ZodCheckMultipleOf", (inst, def) => {
    $ZodCheck.init(inst, def);
    inst._zod.check = (payload) => {
        if (typeof payload.value !== typeof def.value)
            throw new Error("Cannot mix number and bigint in multiple_of check.");
        const isMultiple = typeof payload.value === "bigint"
            ? // `value % 0n` throws, and nothing is a multiple of zero — the number branch already fails this way via NaN
                def.value !== BigInt(0) && payload.value % def.value === BigInt(0)
            : floatSafeRemainder(payload.value, def.value) === 0;
        if (isMultiple)
            return;
        payload.issues.push({
            origin: typeof payload.value,
            code: "not_multiple_of",
            divisor: def.value,
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckNumberFormat = /*@__PURE__*/ $constructor("$ZodCheckNumberFormat", (inst, def) => {
    $ZodCheck.init(inst, def); // no format checks
    def.format = def.format || "float64";
    const isInt = def.format?.includes("int");
    const origin = isInt ? "int" : "number";
    const [minimum, maximum] = NUMBER_FORMAT_RANGES[def.format];
    inst._zod.check = (payload) => {
        const input = payload.value;
        if (isInt) {
            if (!Number.isInteger(input)) {
                // invalid_format issue
                // payload.issues.push({
                //   expected: def.format,
                //   format: def.format,
                //   code: "invalid_format",
                //   input,
                //   inst,
                // });
                // invalid_type issue
                payload.issues.push({
                    expected: origin,
                    format: def.format,
                    code: "invalid_type",
                    continue: false,
                    input,
                    inst,
                });
                return;
                // not_multiple_of issue
                // payload.issues.push({
                //   code: "not_multiple_of",
                //   origin: "number",
                //   input,
                //   inst,
                //   divisor: 1,
                // });
            }
            if (!Number.isSafeInteger(input)) {
                if (input > 0) {
                    // too_big
                    payload.issues.push({
                        input,
                        code: "too_big",
                        maximum: Number.MAX_SAFE_INTEGER,
                        note: "Integers must be within the safe integer range.",
                        inst,
                        origin,
                        inclusive: true,
                        continue: !def.abort,
                    });
                }
                else {
                    // too_small
                    payload.issues.push({
                        input,
                        code: "too_small",
                        minimum: Number.MIN_SAFE_INTEGER,
                        note: "Integers must be within the safe integer range.",
                        inst,
                        origin,
                        inclusive: true,
                        continue: !def.abort,
                    });
                }
                return;
            }
        }
        if (input < minimum) {
            payload.issues.push({
                origin: "number",
                input,
                code: "too_small",
                minimum,
                inclusive: true,
                inst,
                continue: !def.abort,
            });
        }
        if (input > maximum) {
            payload.issues.push({
                origin: "number",
                input,
                code: "too_big",
                maximum,
                inclusive: true,
                inst,
                continue: !def.abort,
            });
        }
    };
});
const $ZodCheckBigIntFormat = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCheckBigIntFormat", (inst, def) => {
    $ZodCheck.init(inst, def); // no format checks
    const [minimum, maximum] = util.BIGINT_FORMAT_RANGES[def.format];
    inst._zod.check = (payload) => {
        const input = payload.value;
        if (input < minimum) {
            payload.issues.push({
                origin: "bigint",
                input,
                code: "too_small",
                minimum: minimum,
                inclusive: true,
                inst,
                continue: !def.abort,
            });
        }
        if (input > maximum) {
            payload.issues.push({
                origin: "bigint",
                input,
                code: "too_big",
                maximum,
                inclusive: true,
                inst,
                continue: !def.abort,
            });
        }
    };
})));
const $ZodCheckMaxSize = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCheckMaxSize", (inst, def) => {
    var _a;
    $ZodCheck.init(inst, def);
    (_a = inst._zod.def).when ?? (_a.when = _whenHasSize);
    inst._zod.check = (payload) => {
        const input = payload.value;
        const size = input.size;
        if (size <= def.maximum)
            return;
        payload.issues.push({
            origin: util.getSizableOrigin(input),
            code: "too_big",
            maximum: def.maximum,
            inclusive: true,
            input,
            inst,
            continue: !def.abort,
        });
    };
})));
const $ZodCheckMinSize = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCheckMinSize", (inst, def) => {
    var _a;
    $ZodCheck.init(inst, def);
    (_a = inst._zod.def).when ?? (_a.when = _whenHasSize);
    inst._zod.check = (payload) => {
        const input = payload.value;
        const size = input.size;
        if (size >= def.minimum)
            return;
        payload.issues.push({
            origin: util.getSizableOrigin(input),
            code: "too_small",
            minimum: def.minimum,
            inclusive: true,
            input,
            inst,
            continue: !def.abort,
        });
    };
})));
const $ZodCheckSizeEquals = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCheckSizeEquals", (inst, def) => {
    var _a;
    $ZodCheck.init(inst, def);
    (_a = inst._zod.def).when ?? (_a.when = _whenHasSize);
    inst._zod.check = (payload) => {
        const input = payload.value;
        const size = input.size;
        if (size === def.size)
            return;
        const tooBig = size > def.size;
        payload.issues.push({
            origin: util.getSizableOrigin(input),
            ...(tooBig ? { code: "too_big", maximum: def.size } : { code: "too_small", minimum: def.size }),
            inclusive: true,
            exact: true,
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
})));
const $ZodCheckMaxLength = /*@__PURE__*/ $constructor("$ZodCheckMaxLength", (inst, def) => {
    var _a;
    $ZodCheck.init(inst, def);
    (_a = inst._zod.def).when ?? (_a.when = _whenHasLength);
    inst._zod.check = (payload) => {
        const input = payload.value;
        const units = input.length;
        // Strings are measured in Unicode code points, not UTF-16 units. A code point is at most two units, so a string that already fits in units fits in code points; only an overflow has to be counted.
        const length = typeof input === "string" && units > def.maximum ? codePointLength(input) : units;
        if (length <= def.maximum)
            return;
        const origin = getLengthableOrigin(input);
        payload.issues.push({
            origin,
            code: "too_big",
            maximum: def.maximum,
            inclusive: true,
            input,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckMinLength = /*@__PURE__*/ $constructor("$ZodCheckMinLength", (inst, def) => {
    var _a;
    $ZodCheck.init(inst, def);
    (_a = inst._zod.def).when ?? (_a.when = _whenHasLength);
    inst._zod.check = (payload) => {
        const input = payload.value;
        const units = input.length;
        // A code point is one or two UTF-16 units, so fewer units than the floor can never reach it and twice the floor always clears it. Only in between is the exact count in doubt.
        const length = typeof input === "string" && units >= def.minimum && units < def.minimum * 2
            ? codePointLength(input)
            : units;
        if (length >= def.minimum)
            return;
        const origin = getLengthableOrigin(input);
        payload.issues.push({
            origin,
            code: "too_small",
            minimum: def.minimum,
            inclusive: true,
            input,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckLengthEquals = /*@__PURE__*/ $constructor("$ZodCheckLengthEquals", (inst, def) => {
    var _a;
    $ZodCheck.init(inst, def);
    (_a = inst._zod.def).when ?? (_a.when = _whenHasLength);
    inst._zod.check = (payload) => {
        const input = payload.value;
        const units = input.length;
        // A code point is one or two UTF-16 units, so outside `[length, length * 2]` units the target is missed either way — and missed in the same direction in both measures.
        const length = typeof input === "string" && units >= def.length && units <= def.length * 2
            ? codePointLength(input)
            : units;
        if (length === def.length)
            return;
        const origin = getLengthableOrigin(input);
        const tooBig = length > def.length;
        payload.issues.push({
            origin,
            ...(tooBig ? { code: "too_big", maximum: def.length } : { code: "too_small", minimum: def.length }),
            inclusive: true,
            exact: true,
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckStringFormat = /*@__PURE__*/ $constructor("$ZodCheckStringFormat", (inst, def) => {
    var _a, _b;
    $ZodCheck.init(inst, def);
    if (def.pattern)
        (_a = inst._zod).check ?? (_a.check = (payload) => {
            def.pattern.lastIndex = 0;
            if (def.pattern.test(payload.value))
                return;
            payload.issues.push({
                origin: "string",
                code: "invalid_format",
                format: def.format,
                input: payload.value,
                ...(def.pattern ? { pattern: def.pattern.toString() } : {}),
                inst,
                continue: !def.abort,
            });
        });
    else
        (_b = inst._zod).check ?? (_b.check = () => { });
});
const $ZodCheckRegex = /*@__PURE__*/ $constructor("$ZodCheckRegex", (inst, def) => {
    $ZodCheckStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        def.pattern.lastIndex = 0;
        if (def.pattern.test(payload.value))
            return;
        payload.issues.push({
            origin: "string",
            code: "invalid_format",
            format: "regex",
            input: payload.value,
            pattern: def.pattern.toString(),
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckLowerCase = /*@__PURE__*/ $constructor("$ZodCheckLowerCase", (inst, def) => {
    def.pattern ?? (def.pattern = lowercase);
    $ZodCheckStringFormat.init(inst, def);
});
const $ZodCheckUpperCase = /*@__PURE__*/ $constructor("$ZodCheckUpperCase", (inst, def) => {
    def.pattern ?? (def.pattern = uppercase);
    $ZodCheckStringFormat.init(inst, def);
});
const $ZodCheckIncludes = /*@__PURE__*/ $constructor("$ZodCheckIncludes", (inst, def) => {
    $ZodCheck.init(inst, def);
    const escapedRegex = escapeRegex(def.includes);
    // `String.prototype.includes(sub, position)` matches `sub` at `position`
    // OR LATER, so the pattern must allow at least `position` leading chars
    // (`{N,}`), not exactly `position` chars (`{N}`).
    const pattern = new RegExp(typeof def.position === "number" ? `^.{${def.position},}${escapedRegex}` : escapedRegex);
    def.pattern = pattern;
    inst._zod.check = (payload) => {
        if (payload.value.includes(def.includes, def.position))
            return;
        payload.issues.push({
            origin: "string",
            code: "invalid_format",
            format: "includes",
            includes: def.includes,
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckStartsWith = /*@__PURE__*/ $constructor("$ZodCheckStartsWith", (inst, def) => {
    $ZodCheck.init(inst, def);
    const pattern = new RegExp(`^${escapeRegex(def.prefix)}.*`);
    def.pattern ?? (def.pattern = pattern);
    inst._zod.check = (payload) => {
        if (payload.value.startsWith(def.prefix))
            return;
        payload.issues.push({
            origin: "string",
            code: "invalid_format",
            format: "starts_with",
            prefix: def.prefix,
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCheckEndsWith = /*@__PURE__*/ $constructor("$ZodCheckEndsWith", (inst, def) => {
    $ZodCheck.init(inst, def);
    const pattern = new RegExp(`.*${escapeRegex(def.suffix)}$`);
    def.pattern ?? (def.pattern = pattern);
    inst._zod.check = (payload) => {
        if (payload.value.endsWith(def.suffix))
            return;
        payload.issues.push({
            origin: "string",
            code: "invalid_format",
            format: "ends_with",
            suffix: def.suffix,
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
///////////////////////////////////
/////    $ZodCheckProperty    /////
///////////////////////////////////
function handleCheckPropertyResult(result, payload, property) {
    if (result.issues.length) {
        payload.issues.push(...prefixIssues(property, result.issues));
    }
}
const $ZodCheckProperty = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCheckProperty", (inst, def) => {
    $ZodCheck.init(inst, def);
    inst._zod.check = (payload) => {
        const result = def.schema._zod.run({
            value: payload.value[def.property],
            issues: [],
        }, {});
        if (result instanceof Promise) {
            return result.then((result) => handleCheckPropertyResult(result, payload, def.property));
        }
        handleCheckPropertyResult(result, payload, def.property);
        return;
    };
})));
const $ZodCheckProperties = /*@__PURE__*/ $constructor("$ZodCheckProperties", (inst, def) => {
    $ZodCheck.init(inst, def);
    hide(inst, Symbol.iterator, function* () {
        yield inst;
    });
    // key and schema snapshotted together: reading one live and the other cached lets a later mutation of the caller's shape object pair a stale key with a missing schema
    let entries;
    inst._zod.check = (payload) => {
        // the base schema already typed the value, so only a nullish one is rejected here: the properties read on a primitive too, matching z.property() on a string's length
        if (payload.value == null) {
            payload.issues.push({ expected: "object", code: "invalid_type", input: payload.value, inst });
            return undefined;
        }
        entries ?? (entries = Reflect.ownKeys(def.shape).map((key) => [key, def.shape[key]]));
        const input = payload.value;
        let proms;
        for (const [key, schema] of entries) {
            const result = schema._zod.run({ value: input[key], issues: [] }, {});
            if (result instanceof Promise) {
                proms ?? (proms = []);
                proms.push(result.then((result) => handleCheckPropertyResult(result, payload, key)));
            }
            else {
                handleCheckPropertyResult(result, payload, key);
            }
        }
        if (proms)
            return Promise.all(proms).then(() => undefined);
        return undefined;
    };
});
const $ZodCheckMimeType = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCheckMimeType", (inst, def) => {
    $ZodCheck.init(inst, def);
    const mimeSet = new Set(def.mime);
    inst._zod.check = (payload) => {
        if (mimeSet.has(payload.value.type))
            return;
        payload.issues.push({
            code: "invalid_value",
            values: def.mime,
            input: payload.value.type,
            inst,
            continue: !def.abort,
        });
    };
})));
const $ZodCheckOverwrite = /*@__PURE__*/ $constructor("$ZodCheckOverwrite", (inst, def) => {
    $ZodCheck.init(inst, def);
    inst._zod.check = (payload) => {
        payload.value = def.tx(payload.value);
    };
});

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/doc.js
class Doc {
    constructor(args = [], closed = {}) {
        this.content = [];
        this.indent = 0;
        this.args = args;
        this.closed = closed;
    }
    // the compiler catches a child's throw and keeps writing into this doc, so the indent has to unwind with it
    indented(fn) {
        this.indent += 1;
        try {
            fn(this);
        }
        finally {
            this.indent -= 1;
        }
    }
    write(arg) {
        if (typeof arg === "function") {
            arg(this, { execution: "sync" });
            arg(this, { execution: "async" });
            return;
        }
        const content = arg;
        const lines = content.split("\n").filter((x) => x);
        const minIndent = Math.min(...lines.map((x) => x.length - x.trimStart().length));
        const dedented = lines.map((x) => x.slice(minIndent)).map((x) => " ".repeat(this.indent * 2) + x);
        for (const line of dedented) {
            this.content.push(line);
        }
    }
    compile() {
        const F = Function;
        const content = this?.content ?? [``];
        const factory = new F(...Object.keys(this.closed), `return function (${this.args.join(", ")}) {\n${content.join("\n")}\n};`);
        return factory(...Object.values(this.closed));
    }
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/versions.js
const version = {
    major: 4,
    minor: 6,
    patch: 7,
};

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/schemas.js







const $ZodType = /*@__PURE__*/ $constructor("$ZodType", (inst, def) => {
    var _a;
    inst ?? (inst = {});
    inst._zod.def = def; // set _def property
    inst._zod.bag = inst._zod.bag || {}; // initialize _bag object
    inst._zod.version = version;
    const defChecks = inst._zod.def.checks;
    // if inst is itself a checks.$ZodCheck, run it as a check
    const checks = inst._zod.traits.has("$ZodCheck")
        ? [inst, ...(defChecks ?? [])]
        : defChecks?.length
            ? [...defChecks]
            : [];
    for (const ch of checks) {
        for (const fn of ch._zod.onattach) {
            fn(inst);
        }
    }
    if (checks.length === 0) {
        // deferred initializer inst._zod.parse is not yet defined
        (_a = inst._zod).deferred ?? (_a.deferred = []);
        inst._zod.deferred?.push(() => {
            inst._zod.run = inst._zod.parse;
        });
    }
    else {
        const runChecks = (payload, checks, ctx) => {
            if (payload.memo)
                return payload;
            let isAborted = aborted(payload);
            let asyncResult;
            for (const ch of checks) {
                if (ch._zod.def.when) {
                    if (explicitlyAborted(payload))
                        continue;
                    const shouldRun = ch._zod.def.when(payload);
                    if (!shouldRun)
                        continue;
                }
                else if (isAborted) {
                    continue;
                }
                const currLen = payload.issues.length;
                const _ = ch._zod.check(payload);
                if (_ instanceof Promise && ctx?.async === false) {
                    throw new $ZodAsyncError();
                }
                if (asyncResult || _ instanceof Promise) {
                    asyncResult = (asyncResult ?? Promise.resolve()).then(async () => {
                        await _;
                        const nextLen = payload.issues.length;
                        if (nextLen === currLen)
                            return;
                        attachSchema(payload.issues, currLen, inst);
                        if (!isAborted)
                            isAborted = aborted(payload, currLen);
                    });
                }
                else {
                    const nextLen = payload.issues.length;
                    if (nextLen === currLen)
                        continue;
                    attachSchema(payload.issues, currLen, inst);
                    if (!isAborted)
                        isAborted = aborted(payload, currLen);
                }
            }
            if (asyncResult) {
                return asyncResult.then(() => {
                    return payload;
                });
            }
            return payload;
        };
        const handleCanaryResult = (canary, payload, ctx) => {
            // abort if the canary is aborted
            if (aborted(canary)) {
                canary.aborted = true;
                return canary;
            }
            // run checks first, then
            const checkResult = runChecks(payload, checks, ctx);
            if (checkResult instanceof Promise) {
                if (ctx.async === false)
                    throw new $ZodAsyncError();
                return checkResult.then((checkResult) => inst._zod.parse(checkResult, ctx));
            }
            return inst._zod.parse(checkResult, ctx);
        };
        inst._zod.run = (payload, ctx) => {
            if (ctx.skipChecks) {
                return inst._zod.parse(payload, ctx);
            }
            if (ctx.direction === "backward") {
                // run canary initial pass (no checks)
                const canary = inst._zod.parse({ value: payload.value, issues: [] }, { ...ctx, skipChecks: true });
                if (canary instanceof Promise) {
                    return canary.then((canary) => {
                        return handleCanaryResult(canary, payload, ctx);
                    });
                }
                return handleCanaryResult(canary, payload, ctx);
            }
            // forward
            const result = inst._zod.parse(payload, ctx);
            if (result instanceof Promise) {
                if (ctx.async === false)
                    throw new $ZodAsyncError();
                return result.then((result) => runChecks(result, checks, ctx));
            }
            return runChecks(result, checks, ctx);
        };
    }
}, {
    // Wrappers extend this by installing a richer factory over it; reading it eagerly would defeat the laziness.
    get "~standard"() {
        return hide(this, "~standard", standardProps(this));
    },
    set "~standard"(value) {
        own(this, "~standard", value);
    },
});
/** The Standard Schema surface for `inst`. Shared so wrappers can extend it without forcing it. */
// a Standard Schema result only reports issues, so a failure finalizes them straight off the raw payload: no ZodError, and no lazy result to read through
const toStandardResult = (r, ctx) => r.issues.length ? { issues: r.issues.map((iss) => finalizeIssue(iss, ctx, config())) } : { value: r.value };
async function validateAsync(inst, value) {
    const ctx = { async: true };
    return toStandardResult((await inst._zod.run({ value, issues: [] }, ctx)), ctx);
}
function standardProps(inst) {
    return {
        validate: (value) => {
            const ctx = { async: false };
            try {
                const r = inst._zod.run({ value, issues: [] }, ctx);
                if (!(r instanceof Promise))
                    return toStandardResult(r, ctx);
            }
            catch (_) { }
            // async function so a synchronously throwing check rejects instead of escaping validate
            return validateAsync(inst, value);
        },
        vendor: "zod",
        version: 1,
    };
}

const $ZodString = /*@__PURE__*/ $constructor("$ZodString", (inst, def) => {
    $ZodType.init(inst, def);
    // a format's own pattern, else unbounded; a template literal derives the check-aware form itself
    inst._zod.pattern = def.pattern ?? anyString;
    inst._zod.parse = (payload, _) => {
        if (def.coerce)
            try {
                payload.value = String(payload.value);
            }
            catch (_) { }
        if (typeof payload.value === "string")
            return payload;
        payload.issues.push({
            expected: "string",
            code: "invalid_type",
            input: payload.value,
            inst,
        });
        return payload;
    };
});
const $ZodStringFormat = /*@__PURE__*/ $constructor("$ZodStringFormat", (inst, def) => {
    // check initialization must come first
    $ZodCheckStringFormat.init(inst, def);
    $ZodString.init(inst, def);
});
const $ZodGUID = /*@__PURE__*/ $constructor("$ZodGUID", (inst, def) => {
    def.pattern ?? (def.pattern = guid);
    $ZodStringFormat.init(inst, def);
});
const $ZodUUID = /*@__PURE__*/ $constructor("$ZodUUID", (inst, def) => {
    if (def.version) {
        const versionMap = {
            v1: 1,
            v2: 2,
            v3: 3,
            v4: 4,
            v5: 5,
            v6: 6,
            v7: 7,
            v8: 8,
        };
        const v = versionMap[def.version];
        if (v === undefined)
            throw new Error(`Invalid UUID version: "${def.version}"`);
        def.pattern ?? (def.pattern = uuid(v));
    }
    else
        def.pattern ?? (def.pattern = uuid());
    $ZodStringFormat.init(inst, def);
});
const $ZodEmail = /*@__PURE__*/ $constructor("$ZodEmail", (inst, def) => {
    def.pattern ?? (def.pattern = email);
    $ZodStringFormat.init(inst, def);
});
/** The `://` guard rejected the input before the URL constructor saw it. */
const URL_BAD_FORMAT = 1;
/** The URL parser rejected the input. */
const URL_UNPARSEABLE = 2;
function canParseURL(input) {
    try {
        if (typeof URL !== "undefined" && typeof URL.canParse === "function")
            return URL.canParse(input);
        new URL(input);
        return true;
    }
    catch {
        return false;
    }
}
function validateURL(trimmed, def) {
    if (!("normalize" in def) && !("hostname" in def) && !("protocol" in def)) {
        return canParseURL(trimmed) || URL_UNPARSEABLE;
    }
    return parseURLObject(trimmed, def);
}
/** Parses a URL while preserving the non-normalizing HTTP guard. */
function parseURLObject(trimmed, def) {
    // When normalize is off, require :// for http/https URLs. This prevents strings like "http:example.com" or "https:/path" from being silently accepted
    if (!def.normalize && def.protocol?.source === httpProtocol.source && !/^https?:\/\//i.test(trimmed)) {
        return URL_BAD_FORMAT;
    }
    try {
        if (typeof URL !== "undefined") {
            const URLStatic = URL;
            if (typeof URLStatic.parse === "function")
                return URLStatic.parse(trimmed) ?? URL_UNPARSEABLE;
        }
        // @ts-ignore
        return new URL(trimmed);
    }
    catch {
        return URL_UNPARSEABLE;
    }
}
const asciiTabOrNewline = /[\t\n\r]/g;
/** The URL parser deletes every ASCII tab, LF and CR from its input before it parses, so `new URL("https://exa\nmple.com")` reports on `example.com`. Applying the same deletion to the returned value closes the half of that divergence which can move the host; the parser's other rewrite, stripping C0 controls at the edges, cannot. */
function stripTabAndNewline(value) {
    return value.replace(asciiTabOrNewline, "");
}
function urlHostnameOk(url, hostname) {
    hostname.lastIndex = 0;
    return hostname.test(url.hostname);
}
function urlProtocolOk(url, protocol) {
    protocol.lastIndex = 0;
    return protocol.test(url.protocol.endsWith(":") ? url.protocol.slice(0, -1) : url.protocol);
}
const $ZodURL = /*@__PURE__*/ $constructor("$ZodURL", (inst, def) => {
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        try {
            // Trim whitespace from input
            const trimmed = payload.value.trim();
            const url = validateURL(trimmed, def);
            if (url === URL_BAD_FORMAT) {
                payload.issues.push({
                    code: "invalid_format",
                    format: "url",
                    note: "Invalid URL format",
                    input: payload.value,
                    inst,
                    continue: !def.abort,
                });
                return;
            }
            if (url === URL_UNPARSEABLE) {
                payload.issues.push({
                    code: "invalid_format",
                    format: "url",
                    input: payload.value,
                    inst,
                    continue: !def.abort,
                });
                return;
            }
            if (url === true) {
                payload.value = stripTabAndNewline(trimmed);
                return;
            }
            if (def.hostname && !urlHostnameOk(url, def.hostname)) {
                payload.issues.push({
                    code: "invalid_format",
                    format: "url",
                    note: "Invalid hostname",
                    pattern: def.hostname.source,
                    input: payload.value,
                    inst,
                    continue: !def.abort,
                });
            }
            if (def.protocol && !urlProtocolOk(url, def.protocol)) {
                payload.issues.push({
                    code: "invalid_format",
                    format: "url",
                    note: "Invalid protocol",
                    pattern: def.protocol.source,
                    input: payload.value,
                    inst,
                    continue: !def.abort,
                });
            }
            // Set the output value based on normalize flag
            payload.value = def.normalize ? url.href : stripTabAndNewline(trimmed);
            return;
        }
        catch (_) {
            payload.issues.push({
                code: "invalid_format",
                format: "url",
                input: payload.value,
                inst,
                continue: !def.abort,
            });
        }
    };
});
const $ZodEmoji = /*@__PURE__*/ $constructor("$ZodEmoji", (inst, def) => {
    def.pattern ?? (def.pattern = emoji());
    $ZodStringFormat.init(inst, def);
});
const $ZodNanoID = /*@__PURE__*/ $constructor("$ZodNanoID", (inst, def) => {
    if (def.length !== undefined && (!Number.isInteger(def.length) || def.length < 1))
        throw new Error(`Invalid nanoid length: ${def.length}`);
    def.pattern ?? (def.pattern = def.length === undefined ? nanoid : nanoidOfLength(def.length));
    $ZodStringFormat.init(inst, def);
});
/**
 * @deprecated CUID v1 is deprecated by its authors due to information leakage
 * (timestamps embedded in the id). Use {@link $ZodCUID2} instead.
 * See https://github.com/paralleldrive/cuid.
 */
const $ZodCUID = /*@__PURE__*/ $constructor("$ZodCUID", (inst, def) => {
    def.pattern ?? (def.pattern = cuid);
    $ZodStringFormat.init(inst, def);
});
const $ZodCUID2 = /*@__PURE__*/ $constructor("$ZodCUID2", (inst, def) => {
    def.pattern ?? (def.pattern = cuid2);
    $ZodStringFormat.init(inst, def);
});
const $ZodULID = /*@__PURE__*/ $constructor("$ZodULID", (inst, def) => {
    def.pattern ?? (def.pattern = ulid);
    $ZodStringFormat.init(inst, def);
});
const $ZodXID = /*@__PURE__*/ $constructor("$ZodXID", (inst, def) => {
    def.pattern ?? (def.pattern = xid);
    $ZodStringFormat.init(inst, def);
});
const $ZodKSUID = /*@__PURE__*/ $constructor("$ZodKSUID", (inst, def) => {
    def.pattern ?? (def.pattern = ksuid);
    $ZodStringFormat.init(inst, def);
});
const $ZodISODateTime = /*@__PURE__*/ $constructor("$ZodISODateTime", (inst, def) => {
    def.pattern ?? (def.pattern = datetime(def));
    $ZodStringFormat.init(inst, def);
});
const $ZodISODate = /*@__PURE__*/ $constructor("$ZodISODate", (inst, def) => {
    def.pattern ?? (def.pattern = date);
    $ZodStringFormat.init(inst, def);
});
const $ZodISOTime = /*@__PURE__*/ $constructor("$ZodISOTime", (inst, def) => {
    def.pattern ?? (def.pattern = time(def));
    $ZodStringFormat.init(inst, def);
});
const $ZodISODuration = /*@__PURE__*/ $constructor("$ZodISODuration", (inst, def) => {
    def.pattern ?? (def.pattern = duration);
    $ZodStringFormat.init(inst, def);
});
const $ZodIPv4 = /*@__PURE__*/ $constructor("$ZodIPv4", (inst, def) => {
    def.pattern ?? (def.pattern = ipv4);
    $ZodStringFormat.init(inst, def);
});
/** An IPv6 address is written with hex digits, colons and dots, and nothing else. The guard is what makes the check below an IPv6 check: `new URL("http://[...]")` parses an authority, not an address, so `@` and `\` re-delimit it and `"::@1\\"` validates against the host `0.0.0.1`. The URL parser also deletes ASCII tab, LF and CR rather than failing, which is how `"::1\n"` validated as `::1`. */
const ipv6Alphabet = /^[0-9a-fA-F:.]+$/;
function isValidIPv6(value) {
    if (!ipv6Alphabet.test(value))
        return false;
    return canParseURL(`http://[${value}]`);
}
const $ZodIPv6 = /*@__PURE__*/ $constructor("$ZodIPv6", (inst, def) => {
    def.pattern ?? (def.pattern = ipv6);
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (!isValidIPv6(payload.value)) {
            payload.issues.push({
                code: "invalid_format",
                format: "ipv6",
                input: payload.value,
                inst,
                continue: !def.abort,
            });
        }
    };
});
const $ZodMAC = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodMAC", (inst, def) => {
    def.pattern ?? (def.pattern = regexes.mac(def.delimiter));
    $ZodStringFormat.init(inst, def);
})));
const $ZodCIDRv4 = /*@__PURE__*/ $constructor("$ZodCIDRv4", (inst, def) => {
    def.pattern ?? (def.pattern = cidrv4);
    $ZodStringFormat.init(inst, def);
});
function isValidCIDRv6(value) {
    const parts = value.split("/");
    if (parts.length !== 2)
        return false;
    const [address, prefix] = parts;
    if (!prefix)
        return false;
    const prefixNum = Number(prefix);
    if (`${prefixNum}` !== prefix)
        return false;
    if (prefixNum < 0 || prefixNum > 128)
        return false;
    return isValidIPv6(address);
}
const $ZodCIDRv6 = /*@__PURE__*/ $constructor("$ZodCIDRv6", (inst, def) => {
    def.pattern ?? (def.pattern = cidrv6); // not used for validation
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (!isValidCIDRv6(payload.value)) {
            payload.issues.push({
                code: "invalid_format",
                format: "cidrv6",
                input: payload.value,
                inst,
                continue: !def.abort,
            });
        }
    };
});
//////////////////////////////   ZodBase64   //////////////////////////////
function isValidBase64(data) {
    if (data === "")
        return true;
    // atob ignores whitespace, so reject it up front.
    if (/\s/.test(data))
        return false;
    if (data.length % 4 !== 0)
        return false;
    try {
        // @ts-ignore
        atob(data);
        return true;
    }
    catch {
        return false;
    }
}
// lax on purpose: the quantified regexes.base64 overflows the regex stack on multi-MB input and its leading ^$| alternation leaks through template-literal composition; isValidBase64 enforces length and padding
const base64Charset = /^[0-9a-zA-Z+/]*={0,2}$/;
const $ZodBase64 = /*@__PURE__*/ $constructor("$ZodBase64", (inst, def) => {
    def.pattern ?? (def.pattern = base64Charset);
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (isValidBase64(payload.value))
            return;
        payload.issues.push({
            code: "invalid_format",
            format: "base64",
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
//////////////////////////////   ZodBase64URL   //////////////////////////////
// lax on purpose: the quantified regexes.base64url overflows the regex stack on multi-MB input; isValidBase64 enforces length on the padded string
const base64urlCharset = /^[A-Za-z0-9_-]*$/;
function isValidBase64URL(data) {
    if (!base64urlCharset.test(data))
        return false;
    const base64 = data.replace(/[-_]/g, (c) => (c === "-" ? "+" : "/"));
    const padded = base64.padEnd(Math.ceil(base64.length / 4) * 4, "=");
    return isValidBase64(padded);
}
const $ZodBase64URL = /*@__PURE__*/ $constructor("$ZodBase64URL", (inst, def) => {
    def.pattern ?? (def.pattern = base64urlCharset);
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (isValidBase64URL(payload.value))
            return;
        payload.issues.push({
            code: "invalid_format",
            format: "base64url",
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodE164 = /*@__PURE__*/ $constructor("$ZodE164", (inst, def) => {
    def.pattern ?? (def.pattern = e164);
    $ZodStringFormat.init(inst, def);
});
//////////////////////////////   ZodCreditCard   //////////////////////////////
const CC_SANITIZE = /[- ]/g;
/** Luhn checksum on a digit-only string. Adapted from valibot (MIT). */
function isLuhnAlgo(digits) {
    let length = digits.length;
    let bit = 1;
    let sum = 0;
    while (length) {
        const value = digits.charCodeAt(--length) - 48;
        bit ^= 1;
        sum += bit ? [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][value] : value;
    }
    return sum % 10 === 0;
}
function isValidCreditCard(input) {
    if (!regexes.creditCard.test(input))
        return false;
    return isLuhnAlgo(input.replace(CC_SANITIZE, ""));
}
const $ZodCreditCard = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCreditCard", (inst, def) => {
    // Shape only — the Luhn check below is not expressible as a pattern, so consumers of `pattern` (JSON Schema, template literals) get the length and separator rules alone.
    def.pattern ?? (def.pattern = regexes.creditCard);
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (isValidCreditCard(payload.value))
            return;
        payload.issues.push({
            code: "invalid_format",
            format: "credit_card",
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
})));
//////////////////////////////   ZodIBAN   //////////////////////////////
// iso 7064 mod 97-10 checksum without BigInt
function isIso7064Mod97(iban) {
    let remainder = 0;
    const len = iban.length;
    for (let i = 4; i < len; i++) {
        const code = iban.charCodeAt(i);
        remainder = (code >= 65 ? remainder * 100 + (code - 55) : remainder * 10 + (code - 48)) % 97;
    }
    for (let i = 0; i < 4; i++) {
        const code = iban.charCodeAt(i);
        remainder = (code >= 65 ? remainder * 100 + (code - 55) : remainder * 10 + (code - 48)) % 97;
    }
    return remainder === 1;
}
function isValidIBAN(input) {
    if (!regexes.iban.test(input))
        return false;
    return isIso7064Mod97(input);
}
const $ZodIBAN = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodIBAN", (inst, def) => {
    // shape only — checksum is not expressible as a pattern
    def.pattern ?? (def.pattern = regexes.iban);
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (isValidIBAN(payload.value))
            return;
        payload.issues.push({
            code: "invalid_format",
            format: "iban",
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
})));
//////////////////////////////   ZodJWT   //////////////////////////////
function isValidJWT(token, algorithm = null) {
    try {
        const tokensParts = token.split(".");
        if (tokensParts.length !== 3)
            return false;
        const [header] = tokensParts;
        if (!header)
            return false;
        // @ts-ignore
        const parsedHeader = JSON.parse(atob(header));
        if ("typ" in parsedHeader && parsedHeader?.typ !== "JWT")
            return false;
        if (!parsedHeader.alg)
            return false;
        if (algorithm && (!("alg" in parsedHeader) || parsedHeader.alg !== algorithm))
            return false;
        return true;
    }
    catch {
        return false;
    }
}
const $ZodJWT = /*@__PURE__*/ $constructor("$ZodJWT", (inst, def) => {
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (isValidJWT(payload.value, def.alg))
            return;
        payload.issues.push({
            code: "invalid_format",
            format: "jwt",
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
});
const $ZodCustomStringFormat = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCustomStringFormat", (inst, def) => {
    $ZodStringFormat.init(inst, def);
    inst._zod.check = (payload) => {
        if (def.fn(payload.value))
            return;
        payload.issues.push({
            code: "invalid_format",
            format: def.format,
            input: payload.value,
            inst,
            continue: !def.abort,
        });
    };
})));
const $ZodNumber = /*@__PURE__*/ $constructor("$ZodNumber", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.pattern = number;
    inst._zod.parse = (payload, _ctx) => {
        if (def.coerce)
            try {
                payload.value = Number(payload.value);
            }
            catch (_) { }
        const input = payload.value;
        if (typeof input === "number" && !Number.isNaN(input) && Number.isFinite(input)) {
            return payload;
        }
        const received = typeof input === "number"
            ? Number.isNaN(input)
                ? "NaN"
                : !Number.isFinite(input)
                    ? String(input)
                    : undefined
            : undefined;
        payload.issues.push({
            expected: "number",
            code: "invalid_type",
            input,
            inst,
            ...(received ? { received } : {}),
        });
        return payload;
    };
});
const $ZodNumberFormat = /*@__PURE__*/ $constructor("$ZodNumberFormat", (inst, def) => {
    $ZodCheckNumberFormat.init(inst, def);
    $ZodNumber.init(inst, def); // no format checks
});
const $ZodBoolean = /*@__PURE__*/ $constructor("$ZodBoolean", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.pattern = regexes_boolean;
    inst._zod.parse = (payload, _ctx) => {
        if (def.coerce)
            try {
                payload.value = Boolean(payload.value);
            }
            catch (_) { }
        const input = payload.value;
        if (typeof input === "boolean")
            return payload;
        payload.issues.push({
            expected: "boolean",
            code: "invalid_type",
            input,
            inst,
        });
        return payload;
    };
});
const $ZodBigInt = /*@__PURE__*/ $constructor("$ZodBigInt", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.pattern = bigint;
    inst._zod.parse = (payload, _ctx) => {
        if (def.coerce)
            try {
                payload.value = BigInt(payload.value);
            }
            catch (_) { }
        if (typeof payload.value === "bigint")
            return payload;
        payload.issues.push({
            expected: "bigint",
            code: "invalid_type",
            input: payload.value,
            inst,
        });
        return payload;
    };
});
const $ZodBigIntFormat = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodBigIntFormat", (inst, def) => {
    checks.$ZodCheckBigIntFormat.init(inst, def);
    $ZodBigInt.init(inst, def); // no format checks
})));
const $ZodSymbol = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodSymbol", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, _ctx) => {
        const input = payload.value;
        if (typeof input === "symbol")
            return payload;
        payload.issues.push({
            expected: "symbol",
            code: "invalid_type",
            input,
            inst,
        });
        return payload;
    };
})));
const $ZodUndefined = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodUndefined", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.pattern = regexes.undefined;
    inst._zod.values = new Set([undefined]);
    inst._zod.parse = (payload, _ctx) => {
        const input = payload.value;
        if (typeof input === "undefined")
            return payload;
        payload.issues.push({
            expected: "undefined",
            code: "invalid_type",
            input,
            inst,
        });
        return payload;
    };
})));
const $ZodNull = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodNull", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.pattern = regexes.null;
    inst._zod.values = new Set([null]);
    inst._zod.parse = (payload, _ctx) => {
        const input = payload.value;
        if (input === null)
            return payload;
        payload.issues.push({
            expected: "null",
            code: "invalid_type",
            input,
            inst,
        });
        return payload;
    };
})));
const $ZodAny = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodAny", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload) => payload;
})));
const $ZodUnknown = /*@__PURE__*/ $constructor("$ZodUnknown", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload) => payload;
});
const $ZodNever = /*@__PURE__*/ $constructor("$ZodNever", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, _ctx) => {
        payload.issues.push({
            expected: "never",
            code: "invalid_type",
            input: payload.value,
            inst,
        });
        return payload;
    };
});
const $ZodVoid = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodVoid", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, _ctx) => {
        const input = payload.value;
        if (typeof input === "undefined")
            return payload;
        payload.issues.push({
            expected: "void",
            code: "invalid_type",
            input,
            inst,
        });
        return payload;
    };
})));
const $ZodDate = /*@__PURE__*/ $constructor("$ZodDate", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, _ctx) => {
        if (def.coerce) {
            try {
                payload.value = new Date(payload.value);
            }
            catch (_err) { }
        }
        const input = payload.value;
        const isDate = input instanceof Date;
        const isValidDate = isDate && !Number.isNaN(input.getTime());
        if (isValidDate)
            return payload;
        payload.issues.push({
            expected: "date",
            code: "invalid_type",
            input,
            ...(isDate ? { received: "Invalid Date" } : {}),
            inst,
        });
        return payload;
    };
});
// an oversized container fails its leading size checks before any element is parsed
function capSize(inst, size) {
    const caps = sizeCaps(inst._zod.def.checks);
    if (!caps.length)
        return;
    const cap = Math.min(...caps.map((c) => c[0]));
    const parse = inst._zod.parse;
    inst._zod.parse = (payload, ctx) => {
        const n = size(payload.value);
        if (n > cap && !ctx?.skipChecks && ctx?.direction !== "backward") {
            for (const [max, ch] of sizeCaps(inst._zod.def.checks)) {
                if (n > max && ch._zod.def.when(payload)) {
                    const start = payload.issues.length;
                    ch._zod.check(payload);
                    // the value is still the raw input, so no later check may read it
                    payload.issues[start].continue = false;
                    attachSchema(payload.issues, start, inst);
                    return payload;
                }
            }
        }
        return parse(payload, ctx);
    };
}
const arraySize = (input) => (Array.isArray(input) ? input.length : -1);
const mapSize = (input) => (input instanceof Map ? input.size : -1);
const setSize = (input) => (input instanceof Set ? input.size : -1);
function handleArrayResult(result, final, index) {
    if (result.issues.length) {
        final.issues.push(...prefixIssues(index, result.issues));
    }
    final.value[index] = result.value;
}
const $ZodArray = /*@__PURE__*/ $constructor("$ZodArray", (inst, def) => {
    $ZodType.init(inst, def);
    const memo = globalConfig.memoizer;
    memo?.attach(inst);
    inst._zod.parse = (payload, ctx) => {
        const input = payload.value;
        if (!Array.isArray(input)) {
            payload.issues.push({
                expected: "array",
                code: "invalid_type",
                input,
                inst,
            });
            return payload;
        }
        payload.value = memo ? memo.alloc(inst, payload, Array(input.length), ctx) : Array(input.length);
        const proms = [];
        const abortEarly = ctx?.abortEarly;
        for (let i = 0; i < input.length; i++) {
            const item = input[i];
            const result = def.element._zod.run({
                value: item,
                issues: [],
            }, ctx);
            if (result instanceof Promise) {
                proms.push(result.then((result) => handleArrayResult(result, payload, i)));
            }
            else {
                handleArrayResult(result, payload, i);
                // the element's payload is authoritative here, since handleArrayResult forwards every issue; an object's is not, because it drops a failed absent optional
                if (abortEarly && result.issues.length !== 0 && aborted(result))
                    break;
            }
        }
        if (proms.length) {
            return Promise.all(proms).then(() => payload);
        }
        return payload; //handleArrayResultsAsync(parseResults, final);
    };
    capSize(inst, arraySize);
});
function handlePropertyResult(result, final, key, input, optin, optout) {
    const isPresent = key in input;
    const isOptionalOut = optout === "optional";
    // The middle rung means "absence permitted, nothing supplied in its place", so an absent key contributes nothing — whatever the schema made of `undefined` is invented, not substituted. Only `optional` reaches this with a value: `defaulted` substitutes, and a schema that isn't optional-out has to keep the key.
    if (!isPresent && isOptionalOut && optin === "optional") {
        return;
    }
    if (result.issues.length) {
        // For optional-in/out schemas, ignore errors on absent keys.
        if (optin !== undefined && isOptionalOut && !isPresent) {
            return;
        }
        final.issues.push(...prefixIssues(key, result.issues));
    }
    if (!isPresent && optin === undefined) {
        if (!result.issues.length) {
            final.issues.push({
                code: "invalid_type",
                expected: "nonoptional",
                input: undefined,
                path: [key],
            });
        }
        return;
    }
    if (result.value === undefined) {
        if (isPresent || (optin === "defaulted" && !isOptionalOut)) {
            final.value[key] = undefined;
        }
    }
    else {
        final.value[key] = result.value;
    }
}
// one shared instance; a fresh [] per schema cost 56 bytes retained
const NO_SYMBOL_KEYS = [];
function normalizeDef(def) {
    const keys = Object.keys(def.shape);
    const ownSymbols = Object.getOwnPropertySymbols(def.shape);
    const symbolKeys = ownSymbols.length ? ownSymbols : NO_SYMBOL_KEYS;
    // aliases `keys` when there are no symbols, so a string-only shape keeps one array
    const allKeys = symbolKeys.length ? [...keys, ...symbolKeys] : keys;
    for (const k of allKeys) {
        if (!def.shape?.[k]?._zod?.traits?.has("$ZodType")) {
            throw new Error(`Invalid element at key "${String(k)}": expected a Zod schema`);
        }
    }
    const okeys = optionalKeys(def.shape);
    return {
        ...def,
        allKeys,
        symbolKeys,
        // string-only: handleCatchall matches it against `for...in`, which never yields a symbol
        keySet: new Set(keys),
        numKeys: keys.length,
        optionalKeys: new Set(okeys),
    };
}
function handleCatchall(proms, input, payload, ctx, def, inst, abortEarly) {
    const unrecognized = [];
    const keySet = def.keySet;
    const _catchall = def.catchall._zod;
    const t = _catchall.def.type;
    const optin = _catchall.optin;
    const optout = _catchall.optout;
    // starts at 0, not the current length: the shape phase already ran and may have aborted
    let seen = 0;
    for (const key in input) {
        if (abortEarly && payload.issues.length !== seen) {
            if (aborted(payload, seen))
                break;
            seen = payload.issues.length;
        }
        // Must precede the __proto__ branch: a declared key is not unrecognized, even though the shape loop deliberately strips __proto__ from the parsed output.
        if (keySet.has(key))
            continue;
        // Don't copy an undeclared __proto__ into the result; assignment to a plain {} would replace the result prototype. But in strict mode it is still an unknown key, so report it before skipping.
        if (key === "__proto__") {
            if (t === "never")
                unrecognized.push(key);
            continue;
        }
        if (t === "never") {
            unrecognized.push(key);
            continue;
        }
        const r = _catchall.run({ value: input[key], issues: [] }, ctx);
        if (r instanceof Promise) {
            proms.push(r.then((r) => handlePropertyResult(r, payload, key, input, optin, optout)));
        }
        else {
            handlePropertyResult(r, payload, key, input, optin, optout);
        }
    }
    if (unrecognized.length) {
        payload.issues.push({
            code: "unrecognized_keys",
            keys: unrecognized,
            input,
            inst,
            // Describes the shape of the input, not the validity of the parsed value, so it never aborts. The parse still fails; the schema's own checks just get to run first, and an enclosing intersection can reconcile the key against a sibling operand.
            continue: true,
        });
    }
    if (!proms.length)
        return payload;
    return Promise.all(proms).then(() => {
        return payload;
    });
}
const $ZodObject = /*@__PURE__*/ $constructor("$ZodObject", (inst, def) => {
    // requires cast because technically $ZodObject doesn't extend
    $ZodType.init(inst, def);
    const desc = Object.getOwnPropertyDescriptor(def, "shape");
    // a cloned def carries its source's accessor, which knows the shape it answers from; adopting that keeps the clone's keys readable without running it
    const sh = desc?.get ? desc.get.raw : (def.shape ?? {});
    if (sh) {
        // Freezes the shape on first read, so its getters resolve once and every later read sees the same schemas.
        const get = () => {
            const newSh = { ...sh };
            Object.defineProperty(def, "shape", { value: newSh });
            get.raw = newSh;
            return newSh;
        };
        get.raw = sh;
        Object.defineProperty(def, "shape", { get });
    }
    const _normalized = cached(() => normalizeDef(def));
    defineLazyInternal(inst, "propValues", (zod) => {
        const shape = zod.def.shape;
        const propValues = {};
        for (const key in shape) {
            const field = shape[key]._zod;
            if (field.values) {
                if (!Object.prototype.hasOwnProperty.call(propValues, key)) {
                    util_assignProp(propValues, key, new Set());
                }
                for (const v of field.values)
                    propValues[key].add(v);
                // An omittable slot reads back as undefined at a discriminator lookup, so it has to claim undefined: two options that can both omit the key are not discriminable on it.
                if (field.optin !== undefined)
                    propValues[key].add(undefined);
            }
        }
        return propValues;
    });
    const isObject = util_isObject;
    const catchall = def.catchall;
    let value;
    const memo = globalConfig.memoizer;
    memo?.attach(inst);
    inst._zod.parse = (payload, ctx) => {
        value ?? (value = _normalized.value);
        const input = payload.value;
        if (!isObject(input)) {
            payload.issues.push({
                expected: "object",
                code: "invalid_type",
                input,
                inst,
            });
            return payload;
        }
        payload.value = memo ? memo.alloc(inst, payload, {}, ctx) : {};
        const proms = [];
        const shape = value.shape;
        const abortEarly = ctx?.abortEarly;
        let seen = payload.issues.length;
        for (const key of value.allKeys) {
            if (abortEarly && payload.issues.length !== seen) {
                if (aborted(payload, seen))
                    break;
                seen = payload.issues.length;
            }
            if (key === "__proto__")
                continue;
            const el = shape[key];
            const optin = el._zod.optin;
            const optout = el._zod.optout;
            const r = el._zod.run({ value: input[key], issues: [] }, ctx);
            if (r instanceof Promise) {
                proms.push(r.then((r) => handlePropertyResult(r, payload, key, input, optin, optout)));
            }
            else {
                handlePropertyResult(r, payload, key, input, optin, optout);
            }
        }
        if (!catchall) {
            return proms.length ? Promise.all(proms).then(() => payload) : payload;
        }
        return handleCatchall(proms, input, payload, ctx, _normalized.value, inst, abortEarly === true);
    };
});
const $ZodObjectJIT = /*@__PURE__*/ $constructor("$ZodObjectJIT", (inst, def) => {
    // requires cast because technically $ZodObject doesn't extend
    $ZodObject.init(inst, def);
    const superParse = inst._zod.parse;
    const _normalized = cached(() => normalizeDef(def));
    const memo = globalConfig.memoizer;
    const generateFastpass = (shape) => {
        const normalized = _normalized.value;
        const syms = normalized.symbolKeys;
        // a symbol has no source literal, so it is read as `syms[i]` off the closed-over scope
        const doc = new Doc(["payload", "ctx"], { shape, inst, memo, syms });
        const parseStr = (k) => `shape[${k}]._zod.run({ value: input[${k}], issues: [] }, ctx)`;
        // prefixes in place, like util.prefixIssues. newResult must land before the early return: a catchall runs after this and would otherwise write onto the caller's input
        const prefixStr = (id, k) => `
          let ${id}_ab = false;
          for (let i = 0; i < ${id}.issues.length; i++) {
            const iss = ${id}.issues[i];
            iss.path = iss.path ? [${k}, ...iss.path] : [${k}];
            payload.issues.push(iss);
            if (iss.continue !== true) ${id}_ab = true;
          }
          if (${id}_ab && ctx && ctx.abortEarly) {
            payload.value = newResult;
            return payload;
          }`;
        doc.write(`const input = payload.value;`);
        const ids = Object.create(null);
        let counter = 0;
        for (const key of normalized.allKeys) {
            ids[key] = `key_${counter++}`;
        }
        // A: preserve key order {
        doc.write(memo ? `const newResult = memo.alloc(inst, payload, {}, ctx);` : `const newResult = {};`);
        for (const key of normalized.allKeys) {
            if (key === "__proto__")
                continue;
            const id = ids[key];
            const k = typeof key === "symbol" ? `syms[${syms.indexOf(key)}]` : esc(key);
            const isPresent = `${k} in input`;
            const schema = shape[key];
            const optin = schema?._zod?.optin;
            const isOptionalIn = optin !== undefined;
            const isOptionalOut = schema?._zod?.optout === "optional";
            doc.write(`const ${id} = ${parseStr(k)};`);
            if (isOptionalIn && isOptionalOut) {
                // For optional-in/out schemas, ignore errors on absent keys — and, like the interpreted path, drop the value produced alongside them. The middle rung goes further: it permits absence without supplying anything in its place, so an absent key contributes nothing at all.
                const assign = optin === "optional" ? `${id}_present` : `${id}.value !== undefined || ${id}_present`;
                doc.write(`
        const ${id}_present = ${isPresent};
        if (!${id}.issues.length || ${id}_present) {
          if (${id}.issues.length) {${prefixStr(id, k)}
          }

          if (${assign}) {
            newResult[${k}] = ${id}.value;
          }
        }

      `);
            }
            else if (!isOptionalIn) {
                doc.write(`
        const ${id}_present = ${isPresent};
        if (${id}.issues.length) {${prefixStr(id, k)}
        }
        if (!${id}_present && !${id}.issues.length) {
          payload.issues.push({
            code: "invalid_type",
            expected: "nonoptional",
            input: undefined,
            path: [${k}]
          });
          if (ctx && ctx.abortEarly) {
            payload.value = newResult;
            return payload;
          }
        }

        if (${id}_present) {
          newResult[${k}] = ${id}.value;
        }

      `);
            }
            else {
                doc.write(`
        if (${id}.issues.length) {${prefixStr(id, k)}
        }
      `);
                if (optin === "defaulted") {
                    doc.write(`newResult[${k}] = ${id}.value;`);
                }
                else {
                    doc.write(`
        if (${id}.value !== undefined || ${isPresent}) {
          newResult[${k}] = ${id}.value;
        }
      `);
                }
            }
        }
        doc.write(`payload.value = newResult;`);
        doc.write(`return payload;`);
        // closing `shape` in is what pays: turbofan specializes the parser against that one shape object, so every `shape[k]._zod.run` folds to a known callee. as a parameter it stays a generic load and measures 13% slower even with the forwarding frame gone
        return doc.compile();
    };
    let fastpass;
    const isObject = util_isObject;
    const jit = !globalConfig.jitless;
    const allowsEval = util_allowsEval;
    const fastEnabled = jit && allowsEval.value; // && !def.catchall;
    const catchall = def.catchall;
    let value;
    inst._zod.parse = (payload, ctx) => {
        value ?? (value = _normalized.value);
        const input = payload.value;
        if (!isObject(input)) {
            payload.issues.push({
                expected: "object",
                code: "invalid_type",
                input,
                inst,
            });
            return payload;
        }
        if (jit && fastEnabled && ctx?.async === false && ctx.jitless !== true) {
            // always synchronous
            if (!fastpass)
                fastpass = generateFastpass(def.shape);
            payload = fastpass(payload, ctx);
            if (!catchall)
                return payload;
            return handleCatchall([], input, payload, ctx, value, inst, ctx?.abortEarly === true);
        }
        return superParse(payload, ctx);
    };
});
function handleUnionResults(results, final, inst, ctx) {
    for (const result of results) {
        if (result.issues.length === 0) {
            final.value = result.value;
            return final;
        }
    }
    const nonaborted = results.filter((r) => !aborted(r));
    if (nonaborted.length === 1) {
        final.value = nonaborted[0].value;
        return nonaborted[0];
    }
    final.issues.push({
        code: "invalid_union",
        input: final.value,
        inst,
        errors: results.map((result) => result.issues.map((iss) => finalizeIssue(iss, ctx, config()))),
    });
    return final;
}
const $ZodUnion = /*@__PURE__*/ $constructor("$ZodUnion", (inst, def) => {
    $ZodType.init(inst, def);
    defineLazyInternal(inst, "optin", (zod) => zod.def.options.some((o) => o._zod.optin === "defaulted")
        ? "defaulted"
        : zod.def.options.some((o) => o._zod.optin !== undefined)
            ? "optional"
            : undefined);
    defineLazyInternal(inst, "optout", (zod) => zod.def.options.some((o) => o._zod.optout === "optional") ? "optional" : undefined);
    defineLazyInternal(inst, "values", (zod) => {
        if (zod.def.options.every((o) => o._zod.values)) {
            return new Set(zod.def.options.flatMap((option) => Array.from(option._zod.values)));
        }
        return undefined;
    });
    defineLazyInternal(inst, "pattern", (zod) => {
        if (zod.def.options.every((o) => o._zod.pattern)) {
            const patterns = zod.def.options.map((o) => o._zod.pattern);
            return new RegExp(`^(${patterns.map((p) => cleanRegex(p.source)).join("|")})$`);
        }
        return undefined;
    });
    const first = def.options.length === 1 ? def.options[0]._zod.run : null;
    inst._zod.parse = (payload, ctx) => {
        if (first) {
            return first(payload, ctx);
        }
        let async = false;
        const results = [];
        for (const option of def.options) {
            const result = option._zod.run({
                value: payload.value,
                issues: [],
            }, ctx);
            if (result instanceof Promise) {
                results.push(result);
                async = true;
            }
            else {
                if (result.issues.length === 0)
                    return result;
                results.push(result);
            }
        }
        if (!async)
            return handleUnionResults(results, payload, inst, ctx);
        return Promise.all(results).then((results) => {
            return handleUnionResults(results, payload, inst, ctx);
        });
    };
});
function handleExclusiveUnionResults(results, final, inst, ctx) {
    const matches = [];
    for (let i = 0; i < results.length; i++) {
        if (results[i].issues.length === 0)
            matches.push(i);
    }
    if (matches.length === 1) {
        final.value = results[matches[0]].value;
        return final;
    }
    if (matches.length === 0) {
        // No matches - same as regular union
        final.issues.push({
            code: "invalid_union",
            input: final.value,
            inst,
            errors: results.map((result) => result.issues.map((iss) => util.finalizeIssue(iss, ctx, core.config()))),
        });
    }
    else {
        // Multiple matches - exclusive union failure
        final.issues.push({
            code: "invalid_union",
            input: final.value,
            inst,
            errors: [],
            inclusive: false,
            matches,
        });
    }
    return final;
}
const $ZodXor = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodXor", (inst, def) => {
    $ZodUnion.init(inst, def);
    def.inclusive = false;
    const first = def.options.length === 1 ? def.options[0]._zod.run : null;
    inst._zod.parse = (payload, ctx) => {
        if (first) {
            return first(payload, ctx);
        }
        let async = false;
        const results = [];
        for (const option of def.options) {
            const result = option._zod.run({
                value: payload.value,
                issues: [],
            }, ctx);
            if (result instanceof Promise) {
                results.push(result);
                async = true;
            }
            else {
                results.push(result);
            }
        }
        if (!async)
            return handleExclusiveUnionResults(results, payload, inst, ctx);
        return Promise.all(results).then((results) => {
            return handleExclusiveUnionResults(results, payload, inst, ctx);
        });
    };
})));
/** Returns the option whose discriminator claims `value`, or throws if ambiguous. */
function getDiscriminatedOption(union, value) {
    const internals = union._zod;
    let map = internals.bag.optionsMap;
    if (!map) {
        map = discriminatorMap(internals.def);
        internals.bag.optionsMap = map;
    }
    const option = map.get(value);
    if (option === null)
        throw new Error(`Ambiguous discriminator value "${String(value)}"`);
    return option;
}
function discriminatorMap(def) {
    const map = new Map();
    for (const option of def.options) {
        const values = option._zod.propValues?.[def.discriminator];
        if (!values || values.size === 0)
            throw new Error(`Invalid discriminated union option at index "${def.options.indexOf(option)}"`);
        for (const value of values) {
            if (map.has(value)) {
                if (value !== undefined)
                    throw new Error(`Duplicate discriminator value "${String(value)}"`);
                // keep the collision marked so a later member cannot reclaim it
                map.set(value, null);
            }
            else {
                map.set(value, option);
            }
        }
    }
    return map;
}
const $ZodDiscriminatedUnion = 
/*@__PURE__*/
(/* unused pure expression or super */ null && (core.$constructor("$ZodDiscriminatedUnion", (inst, def) => {
    def.inclusive = false;
    $ZodUnion.init(inst, def);
    const _super = inst._zod.parse;
    util.defineLazyInternal(inst, "propValues", (zod) => {
        const propValues = {};
        let undefinedCount = 0;
        for (const option of zod.def.options) {
            const pv = option._zod.propValues;
            if (!pv || Object.keys(pv).length === 0)
                throw new Error(`Invalid discriminated union option at index "${zod.def.options.indexOf(option)}"`);
            if (pv[zod.def.discriminator]?.has(undefined))
                undefinedCount++;
            for (const [k, v] of Object.entries(pv)) {
                if (!Object.prototype.hasOwnProperty.call(propValues, k)) {
                    util.assignProp(propValues, k, new Set());
                }
                for (const val of v) {
                    propValues[k].add(val);
                }
            }
        }
        if (!zod.def.unionFallback && undefinedCount > 1)
            propValues[zod.def.discriminator]?.delete(undefined);
        return propValues;
    });
    // Checked now rather than in the lookup map below, so an option that lacks the discriminator fails at the `discriminatedUnion` call instead of on the first object parsed. Options whose shape cannot be enumerated without resolving it — pipes and lazies — are left to the map.
    def.options.forEach((option, i) => {
        const propShape = util.rawShape(option._zod.def);
        if (propShape && !Object.prototype.hasOwnProperty.call(propShape, def.discriminator)) {
            throw new Error(`Invalid discriminated union option at index "${i}"`);
        }
    });
    const disc = util.cached(() => discriminatorMap(def));
    inst._zod.parse = (payload, ctx) => {
        const input = payload.value;
        if (!util.isObject(input)) {
            payload.issues.push({
                code: "invalid_type",
                expected: "object",
                input,
                inst,
            });
            return payload;
        }
        const value = input?.[def.discriminator];
        const opt = disc.value.get(value);
        // forward metadata cannot choose an encoder for an absent tag
        if (opt && (value !== undefined || ctx.direction !== "backward")) {
            return opt._zod.run(payload, ctx);
        }
        // Fall back to union matching when the fast discriminator path fails:
        // - explicitly enabled via unionFallback, or
        // - during backward direction (encode), since codec-based discriminators have different values in forward vs backward directions
        if (def.unionFallback || ctx.direction === "backward") {
            return _super(payload, ctx);
        }
        // no matching discriminator
        payload.issues.push({
            code: "invalid_union",
            errors: [],
            note: "No matching discriminator",
            discriminator: def.discriminator,
            options: Array.from(disc.value.keys()).filter((value) => disc.value.get(value) !== null),
            input,
            path: [def.discriminator],
            inst,
        });
        return payload;
    };
})));
const $ZodIntersection = /*@__PURE__*/ $constructor("$ZodIntersection", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, ctx) => {
        const input = payload.value;
        const left = def.left._zod.run({ value: input, issues: [] }, ctx);
        const right = def.right._zod.run({ value: input, issues: [] }, ctx);
        const async = left instanceof Promise || right instanceof Promise;
        if (async) {
            return Promise.all([left, right]).then(([left, right]) => {
                return handleIntersectionResults(payload, left, right);
            });
        }
        return handleIntersectionResults(payload, left, right);
    };
});
function mergeValues(a, b) {
    // const aType = parse.t(a);
    // const bType = parse.t(b);
    if (a === b) {
        return { valid: true, data: a };
    }
    if (a instanceof Date && b instanceof Date && +a === +b) {
        return { valid: true, data: a };
    }
    if (isPlainObject(a) && isPlainObject(b)) {
        const bKeys = Object.keys(b);
        const sharedKeys = Object.keys(a).filter((key) => bKeys.indexOf(key) !== -1);
        const newObj = { ...a, ...b };
        if (Object.prototype.hasOwnProperty.call(newObj, "__proto__"))
            delete newObj.__proto__;
        for (const key of sharedKeys) {
            if (key === "__proto__")
                continue;
            const sharedValue = mergeValues(a[key], b[key]);
            if (!sharedValue.valid) {
                return {
                    valid: false,
                    mergeErrorPath: [key, ...sharedValue.mergeErrorPath],
                };
            }
            newObj[key] = sharedValue.data;
        }
        return { valid: true, data: newObj };
    }
    if (Array.isArray(a) && Array.isArray(b)) {
        if (a.length !== b.length) {
            return { valid: false, mergeErrorPath: [] };
        }
        const newArray = [];
        for (let index = 0; index < a.length; index++) {
            const itemA = a[index];
            const itemB = b[index];
            const sharedValue = mergeValues(itemA, itemB);
            if (!sharedValue.valid) {
                return {
                    valid: false,
                    mergeErrorPath: [index, ...sharedValue.mergeErrorPath],
                };
            }
            newArray.push(sharedValue.data);
        }
        return { valid: true, data: newArray };
    }
    return { valid: false, mergeErrorPath: [] };
}
function handleIntersectionResults(result, left, right) {
    // Track which side(s) reject each key. A key rejection is reported only when BOTH sides reject it, so a key owned by one branch survives the other's key schema. strictObject reports these as unrecognized_keys; a record with an open key schema reports one invalid_key per key.
    const unrecKeys = new Map();
    let unrecIssue;
    const keyIssues = new Map();
    const collect = (iss, side) => {
        let keys;
        if (iss.code === "unrecognized_keys" && !iss.path?.length) {
            unrecIssue ?? (unrecIssue = iss);
            keys = iss.keys;
        }
        else if (iss.code === "invalid_key" && iss.origin === "record" && iss.path?.length === 1) {
            const k = String(iss.path[0]);
            if (!keyIssues.has(k))
                keyIssues.set(k, iss);
            keys = [k];
        }
        else {
            return false;
        }
        for (const k of keys) {
            if (!unrecKeys.has(k))
                unrecKeys.set(k, {});
            unrecKeys.get(k)[side] = true;
        }
        return true;
    };
    for (const iss of left.issues) {
        if (!collect(iss, "l"))
            result.issues.push(iss);
    }
    for (const iss of right.issues) {
        if (!collect(iss, "r"))
            result.issues.push(iss);
    }
    // Report only keys rejected by BOTH sides
    const bothKeys = [...unrecKeys].filter(([, f]) => f.l && f.r).map(([k]) => k);
    if (bothKeys.length) {
        const aggregated = unrecIssue ? bothKeys.filter((k) => unrecIssue.keys.includes(k)) : [];
        if (aggregated.length)
            result.issues.push({ ...unrecIssue, keys: aggregated });
        for (const k of bothKeys) {
            if (!aggregated.includes(k) && keyIssues.has(k))
                result.issues.push(keyIssues.get(k));
        }
    }
    const merged = mergeValues(left.value, right.value);
    if (!merged.valid) {
        if (aborted(result))
            return result;
        throw new Error(`Unmergable intersection. Error path: ` + `${JSON.stringify(merged.mergeErrorPath)}`);
    }
    result.value = merged.data;
    return result;
}
const $ZodTuple = /*@__PURE__*/ $constructor("$ZodTuple", (inst, def) => {
    $ZodType.init(inst, def);
    const items = def.items;
    const memo = globalConfig.memoizer;
    memo?.attach(inst);
    inst._zod.parse = (payload, ctx) => {
        const input = payload.value;
        if (!Array.isArray(input)) {
            payload.issues.push({
                input,
                inst,
                expected: "tuple",
                code: "invalid_type",
            });
            return payload;
        }
        payload.value = memo ? memo.alloc(inst, payload, [], ctx) : [];
        const proms = [];
        const optinStart = getTupleOptStart(items, "optin");
        const optoutStart = getTupleOptStart(items, "optout");
        if (!def.rest) {
            if (input.length < optinStart) {
                payload.issues.push({
                    code: "too_small",
                    minimum: optinStart,
                    inclusive: true,
                    input,
                    inst,
                    origin: "array",
                });
                return payload;
            }
            if (input.length > items.length) {
                payload.issues.push({
                    code: "too_big",
                    maximum: items.length,
                    inclusive: true,
                    input,
                    inst,
                    origin: "array",
                });
            }
        }
        // Run every item in parallel, collecting results into an indexed array. The post-processing in `handleTupleResults` walks them in order so it can decide whether an absent optional-output error can truncate the tail or must be reported to preserve required output.
        const itemResults = new Array(items.length);
        // only tracked when there is a rest loop to skip
        const abortEarly = def.rest ? ctx?.abortEarly : undefined;
        let itemAborted = false;
        for (let i = 0; i < items.length; i++) {
            const r = items[i]._zod.run({ value: input[i], issues: [] }, ctx);
            if (r instanceof Promise) {
                proms.push(r.then((rr) => {
                    itemResults[i] = rr;
                }));
            }
            else {
                itemResults[i] = r;
                if (abortEarly && !itemAborted && r.issues.length)
                    itemAborted = aborted(r);
            }
        }
        // sound because rest is non-empty exactly when every fixed index is present, the one case handleTupleResults cannot discard an item's issues
        if (def.rest && !itemAborted) {
            let i = items.length - 1;
            const rest = input.slice(items.length);
            let seen = payload.issues.length;
            for (const el of rest) {
                if (abortEarly && payload.issues.length !== seen) {
                    if (aborted(payload, seen))
                        break;
                    seen = payload.issues.length;
                }
                i++;
                const result = def.rest._zod.run({ value: el, issues: [] }, ctx);
                if (result instanceof Promise) {
                    proms.push(result.then((r) => handleTupleResult(r, payload, i)));
                }
                else {
                    handleTupleResult(result, payload, i);
                }
            }
        }
        if (proms.length) {
            return Promise.all(proms).then(() => handleTupleResults(itemResults, payload, items, input, optoutStart));
        }
        return handleTupleResults(itemResults, payload, items, input, optoutStart);
    };
});
function getTupleOptStart(items, key) {
    for (let i = items.length - 1; i >= 0; i--) {
        // optin is a three-rung ladder so any rung above `undefined` permits an absent slot; optout stays two-valued.
        const omittable = key === "optin" ? items[i]._zod.optin !== undefined : items[i]._zod.optout === "optional";
        if (!omittable)
            return i + 1;
    }
    return 0;
}
function handleTupleResult(result, final, index) {
    if (result.issues.length) {
        final.issues.push(...prefixIssues(index, result.issues));
    }
    final.value[index] = result.value;
}
function handleTupleResults(itemResults, final, items, input, optoutStart) {
    // Walk results in order. Mirror $ZodObject's swallow-on-absent-optional rule, but only after `optoutStart`: the first index where the output tuple tail can be absent.
    for (let i = 0; i < items.length; i++) {
        const r = itemResults[i];
        const isPresent = i < input.length;
        // The array analog of `handlePropertyResult`'s absent-key early return: the middle rung permits absence without supplying anything in its place, so the tail truncates here instead of materializing whatever the item made of `undefined`.
        if (!isPresent && i >= optoutStart && items[i]._zod.optin === "optional") {
            final.value.length = i;
            break;
        }
        if (r.issues.length) {
            if (!isPresent && i >= optoutStart) {
                final.value.length = i;
                break;
            }
            final.issues.push(...prefixIssues(i, r.issues));
        }
        final.value[i] = r.value;
    }
    // Drop trailing slots that produced `undefined` for absent input
    // (the array analog of an absent optional key on an object). The
    // `i >= input.length` floor is critical: an explicit `undefined`
    // *inside* the input must be preserved even when the schema is
    // optional-out (e.g. `z.string().or(z.undefined())` accepting an
    // explicit undefined value).
    for (let i = final.value.length - 1; i >= input.length; i--) {
        if (items[i]._zod.optout === "optional" && final.value[i] === undefined) {
            final.value.length = i;
        }
        else {
            break;
        }
    }
    return final;
}
const $ZodRecord = /*@__PURE__*/ $constructor("$ZodRecord", (inst, def) => {
    $ZodType.init(inst, def);
    const memo = globalConfig.memoizer;
    memo?.attach(inst);
    inst._zod.parse = (payload, ctx) => {
        const input = payload.value;
        if (!isPlainObject(input)) {
            payload.issues.push({
                expected: "record",
                code: "invalid_type",
                input,
                inst,
            });
            return payload;
        }
        // no guard in either loop below: a record's invalid_key aborts but an enclosing intersection can reconcile it, so a stopped loop hides keys the sibling does not own and the intersection then rejects nothing
        const proms = [];
        const values = def.keyType._zod.values;
        if (values && !def.partial) {
            payload.value = memo ? memo.alloc(inst, payload, {}, ctx) : {};
            const recordKeys = new Set();
            for (const key of values) {
                if (typeof key === "string" || typeof key === "number" || typeof key === "symbol") {
                    recordKeys.add(typeof key === "number" ? key.toString() : key);
                    // A declared __proto__ is stripped but is not an unrecognized key.
                    if (key === "__proto__")
                        continue;
                    const keyResult = def.keyType._zod.run({ value: key, issues: [] }, ctx);
                    if (keyResult instanceof Promise) {
                        throw new Error("Async schemas not supported in object keys currently");
                    }
                    if (keyResult.issues.length) {
                        payload.issues.push({
                            code: "invalid_key",
                            origin: "record",
                            issues: keyResult.issues.map((iss) => finalizeIssue(iss, ctx, config())),
                            input: key,
                            path: [key],
                            inst,
                        });
                        continue;
                    }
                    const outKey = keyResult.value;
                    if (outKey === "__proto__")
                        continue;
                    const result = def.valueType._zod.run({ value: input[key], issues: [] }, ctx);
                    if (result instanceof Promise) {
                        proms.push(result.then((result) => {
                            if (result.issues.length) {
                                payload.issues.push(...prefixIssues(key, result.issues));
                            }
                            payload.value[outKey] = result.value;
                        }));
                    }
                    else {
                        if (result.issues.length) {
                            payload.issues.push(...prefixIssues(key, result.issues));
                        }
                        payload.value[outKey] = result.value;
                    }
                }
            }
            let unrecognized;
            for (const key in input) {
                if (!recordKeys.has(key)) {
                    if (def.mode === "loose") {
                        // skip __proto__ so it can't replace the result prototype via the assignment setter on the plain {} we build into
                        if (key === "__proto__")
                            continue;
                        payload.value[key] = input[key];
                    }
                    else {
                        unrecognized = unrecognized ?? [];
                        unrecognized.push(key);
                    }
                }
            }
            if (unrecognized && unrecognized.length > 0) {
                payload.issues.push({
                    code: "unrecognized_keys",
                    input,
                    inst,
                    keys: unrecognized,
                    continue: true,
                });
            }
        }
        else {
            payload.value = memo ? memo.alloc(inst, payload, {}, ctx) : {};
            // An enumerable key schema declares which keys the record owns, so a key outside the set is unrecognized. A non-enumerable one (regex, refine) is a constraint every key must satisfy, so a failing key is invalid. Only the former is reconcilable against the other side of an intersection.
            let unrecognized;
            // Reflect.ownKeys for Symbol-key support; filter non-enumerable to match z.object()
            for (const key of Reflect.ownKeys(input)) {
                if (key === "__proto__")
                    continue;
                if (!Object.prototype.propertyIsEnumerable.call(input, key))
                    continue;
                let keyResult = def.keyType._zod.run({ value: key, issues: [] }, ctx);
                if (keyResult instanceof Promise) {
                    throw new Error("Async schemas not supported in object keys currently");
                }
                // Numeric string fallback: if key is a numeric string and failed, retry with Number(key). This handles z.number(), z.literal([1, 2, 3]), and unions containing numeric literals
                const checkNumericKey = typeof key === "string" && number.test(key) && keyResult.issues.length;
                if (checkNumericKey) {
                    const retryResult = def.keyType._zod.run({ value: Number(key), issues: [] }, ctx);
                    if (retryResult instanceof Promise) {
                        throw new Error("Async schemas not supported in object keys currently");
                    }
                    if (retryResult.issues.length === 0) {
                        keyResult = retryResult;
                    }
                }
                if (keyResult.issues.length) {
                    if (def.mode === "loose") {
                        // Pass through unchanged
                        payload.value[key] = input[key];
                    }
                    else if (values) {
                        unrecognized = unrecognized ?? [];
                        unrecognized.push(key);
                    }
                    else {
                        // Default "strict" behavior: error on invalid key
                        payload.issues.push({
                            code: "invalid_key",
                            origin: "record",
                            issues: keyResult.issues.map((iss) => finalizeIssue(iss, ctx, config())),
                            input: key,
                            path: [key],
                            inst,
                        });
                    }
                    continue;
                }
                // the guard above tests the raw input key, but the key schema can normalize an ordinary key into __proto__; re-check the key we actually write under
                const outKey = keyResult.value;
                if (outKey === "__proto__")
                    continue;
                const result = def.valueType._zod.run({ value: input[key], issues: [] }, ctx);
                if (result instanceof Promise) {
                    proms.push(result.then((result) => {
                        if (result.issues.length) {
                            payload.issues.push(...prefixIssues(key, result.issues));
                        }
                        payload.value[outKey] = result.value;
                    }));
                }
                else {
                    if (result.issues.length) {
                        payload.issues.push(...prefixIssues(key, result.issues));
                    }
                    payload.value[outKey] = result.value;
                }
            }
            if (unrecognized && unrecognized.length > 0) {
                payload.issues.push({
                    code: "unrecognized_keys",
                    input,
                    inst,
                    keys: unrecognized,
                    continue: true,
                });
            }
        }
        if (proms.length) {
            return Promise.all(proms).then(() => payload);
        }
        return payload;
    };
});
const $ZodMap = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodMap", (inst, def) => {
    $ZodType.init(inst, def);
    const memo = core.globalConfig.memoizer;
    memo?.attach(inst);
    inst._zod.parse = (payload, ctx) => {
        const input = payload.value;
        if (!(input instanceof Map)) {
            payload.issues.push({
                expected: "map",
                code: "invalid_type",
                input,
                inst,
            });
            return payload;
        }
        const proms = [];
        payload.value = memo ? memo.alloc(inst, payload, new Map(), ctx) : new Map();
        const abortEarly = ctx?.abortEarly;
        let seen = payload.issues.length;
        for (const [key, value] of input) {
            if (abortEarly && payload.issues.length !== seen) {
                if (util.aborted(payload, seen))
                    break;
                seen = payload.issues.length;
            }
            const keyResult = def.keyType._zod.run({ value: key, issues: [] }, ctx);
            const valueResult = def.valueType._zod.run({ value: value, issues: [] }, ctx);
            if (keyResult instanceof Promise || valueResult instanceof Promise) {
                proms.push(Promise.all([keyResult, valueResult]).then(([keyResult, valueResult]) => {
                    handleMapResult(keyResult, valueResult, payload, key, input, inst, ctx);
                }));
            }
            else {
                handleMapResult(keyResult, valueResult, payload, key, input, inst, ctx);
            }
        }
        if (proms.length)
            return Promise.all(proms).then(() => payload);
        return payload;
    };
    capSize(inst, mapSize);
})));
function handleMapResult(keyResult, valueResult, final, key, input, inst, ctx) {
    if (keyResult.issues.length) {
        if (util.propertyKeyTypes.has(typeof key)) {
            final.issues.push(...util.prefixIssues(key, keyResult.issues));
        }
        else {
            final.issues.push({
                code: "invalid_key",
                origin: "map",
                input,
                inst,
                issues: keyResult.issues.map((iss) => util.finalizeIssue(iss, ctx, core.config())),
            });
        }
    }
    if (valueResult.issues.length) {
        if (util.propertyKeyTypes.has(typeof key)) {
            final.issues.push(...util.prefixIssues(key, valueResult.issues));
        }
        else {
            final.issues.push({
                origin: "map",
                code: "invalid_element",
                input,
                inst,
                key: key,
                issues: valueResult.issues.map((iss) => util.finalizeIssue(iss, ctx, core.config())),
            });
        }
    }
    final.value.set(keyResult.value, valueResult.value);
}
const $ZodSet = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodSet", (inst, def) => {
    $ZodType.init(inst, def);
    const memo = core.globalConfig.memoizer;
    memo?.attach(inst);
    inst._zod.parse = (payload, ctx) => {
        const input = payload.value;
        if (!(input instanceof Set)) {
            payload.issues.push({
                input,
                inst,
                expected: "set",
                code: "invalid_type",
            });
            return payload;
        }
        const proms = [];
        payload.value = memo ? memo.alloc(inst, payload, new Set(), ctx) : new Set();
        const abortEarly = ctx?.abortEarly;
        let seen = payload.issues.length;
        for (const item of input) {
            if (abortEarly && payload.issues.length !== seen) {
                if (util.aborted(payload, seen))
                    break;
                seen = payload.issues.length;
            }
            const result = def.valueType._zod.run({ value: item, issues: [] }, ctx);
            if (result instanceof Promise) {
                proms.push(result.then((result) => handleSetResult(result, payload)));
            }
            else
                handleSetResult(result, payload);
        }
        if (proms.length)
            return Promise.all(proms).then(() => payload);
        return payload;
    };
    capSize(inst, setSize);
})));
function handleSetResult(result, final) {
    if (result.issues.length) {
        final.issues.push(...result.issues);
    }
    final.value.add(result.value);
}
const $ZodEnum = /*@__PURE__*/ $constructor("$ZodEnum", (inst, def) => {
    $ZodType.init(inst, def);
    const values = getEnumValues(def.entries);
    const valuesSet = new Set(values);
    inst._zod.values = valuesSet;
    defineLazyInternal(inst, "pattern", (zod) => {
        const patternValues = getEnumValues(zod.def.entries).filter((k) => propertyKeyTypes.has(typeof k));
        // unmatchable fallback, RE2-safe: an empty alternation would compile to /^()$/, which matches ""
        return new RegExp(patternValues.length ? `^(${patternValues.map((o) => escapeRegex(o.toString())).join("|")})$` : "^[^\\s\\S]$");
    });
    inst._zod.parse = (payload, _ctx) => {
        const input = payload.value;
        if (valuesSet.has(input)) {
            return payload;
        }
        payload.issues.push({
            code: "invalid_value",
            values,
            input,
            inst,
        });
        return payload;
    };
});
const $ZodLiteral = /*@__PURE__*/ $constructor("$ZodLiteral", (inst, def) => {
    $ZodType.init(inst, def);
    const values = new Set(def.values);
    inst._zod.values = values;
    defineLazyInternal(inst, "pattern", (zod) => {
        const vals = zod.def.values;
        // unmatchable fallback, RE2-safe: an empty alternation would compile to /^()$/, which matches ""
        return new RegExp(vals.length
            ? `^(${vals
                .map((o) => typeof o === "string" ? escapeRegex(o) : o ? escapeRegex(o.toString()) : String(o))
                .join("|")})$`
            : "^[^\\s\\S]$");
    });
    inst._zod.parse = (payload, _ctx) => {
        const input = payload.value;
        if (values.has(input)) {
            return payload;
        }
        payload.issues.push({
            code: "invalid_value",
            values: def.values,
            input,
            inst,
        });
        return payload;
    };
});
const $ZodFile = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodFile", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, _ctx) => {
        const input = payload.value;
        // @ts-ignore
        if (input instanceof File)
            return payload;
        payload.issues.push({
            expected: "file",
            code: "invalid_type",
            input,
            inst,
        });
        return payload;
    };
})));
const $ZodTransform = /*@__PURE__*/ $constructor("$ZodTransform", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.optin = "optional";
    globalConfig.memoizer?.guard(inst);
    inst._zod.parse = (payload, ctx) => {
        if (ctx.direction === "backward") {
            throw new $ZodEncodeError(inst.constructor.name);
        }
        const _out = def.transform(payload.value, payload);
        if (ctx.async) {
            const output = _out instanceof Promise ? _out : Promise.resolve(_out);
            return output.then((output) => {
                payload.value = output;
                return payload;
            });
        }
        if (_out instanceof Promise) {
            throw new $ZodAsyncError();
        }
        payload.value = _out;
        return payload;
    };
});
function handleOptionalResult(payload, result) {
    // A substituting schema that still failed has no usable answer; yield undefined. Its issues are simply dropped: it ran on a payload of its own, so there is no shared array to truncate and nothing of the caller's to lose with it.
    payload.value = result.issues.length ? undefined : result.value;
    return payload;
}
const $ZodOptional = /*@__PURE__*/ $constructor("$ZodOptional", (inst, def) => {
    $ZodType.init(inst, def);
    // .optional() propagates absence rather than substituting for it, so a defaulted inner keeps its rung.
    defineLazyInternal(inst, "optin", (zod) => zod.def.innerType._zod.optin === "defaulted" ? "defaulted" : "optional");
    inst._zod.optout = "optional";
    defineLazyInternal(inst, "values", (zod) => {
        const values = zod.def.innerType._zod.values;
        return values ? new Set([...values, undefined]) : undefined;
    });
    defineLazyInternal(inst, "pattern", (zod) => {
        const pattern = zod.def.innerType._zod.pattern;
        return pattern ? new RegExp(`^(${cleanRegex(pattern.source)})?$`) : undefined;
    });
    inst._zod.parse = (payload, ctx) => {
        if (payload.value === undefined) {
            // Only the top rung substitutes a value for absence; everything else leaves it intact, which is what .optional() means.
            if (def.innerType._zod.optin !== "defaulted")
                return payload;
            // Its own payload, for the same reason $ZodCatch gets one: a pipe forwards an unrecognized key through the caller's issues array, and this must not read that as the substituting schema failing and drop it.
            const result = def.innerType._zod.run({ value: payload.value, issues: [] }, ctx);
            if (result instanceof Promise)
                return result.then((result) => handleOptionalResult(payload, result));
            return handleOptionalResult(payload, result);
        }
        return def.innerType._zod.run(payload, ctx);
    };
});
const $ZodExactOptional = /*@__PURE__*/ $constructor("$ZodExactOptional", (inst, def) => {
    // Call parent init - inherits optin/optout = "optional"
    $ZodOptional.init(inst, def);
    // Override values/pattern to NOT add undefined
    defineLazyInternal(inst, "values", (zod) => zod.def.innerType._zod.values);
    defineLazyInternal(inst, "pattern", (zod) => zod.def.innerType._zod.pattern);
    // Override parse to just delegate (no undefined handling)
    inst._zod.parse = (payload, ctx) => {
        return def.innerType._zod.run(payload, ctx);
    };
});
const $ZodNullable = /*@__PURE__*/ $constructor("$ZodNullable", (inst, def) => {
    $ZodType.init(inst, def);
    defineLazyInternal(inst, "optin", (zod) => zod.def.innerType._zod.optin);
    defineLazyInternal(inst, "optout", (zod) => zod.def.innerType._zod.optout);
    defineLazyInternal(inst, "pattern", (zod) => {
        const pattern = zod.def.innerType._zod.pattern;
        return pattern ? new RegExp(`^(${cleanRegex(pattern.source)}|null)$`) : undefined;
    });
    defineLazyInternal(inst, "values", (zod) => {
        return zod.def.innerType._zod.values ? new Set([...zod.def.innerType._zod.values, null]) : undefined;
    });
    inst._zod.parse = (payload, ctx) => {
        // Forward direction (decode): allow null to pass through
        if (payload.value === null)
            return payload;
        return def.innerType._zod.run(payload, ctx);
    };
});
const $ZodDefault = /*@__PURE__*/ $constructor("$ZodDefault", (inst, def) => {
    $ZodType.init(inst, def);
    // inst._zod.qin = "true";
    inst._zod.optin = "defaulted";
    defineLazyInternal(inst, "values", (zod) => zod.def.innerType._zod.values);
    inst._zod.parse = (payload, ctx) => {
        if (ctx.direction === "backward") {
            return def.innerType._zod.run(payload, ctx);
        }
        // Forward direction (decode): apply defaults for undefined input
        if (payload.value === undefined) {
            payload.value = def.defaultValue;
            /**
             * $ZodDefault returns the default value immediately in forward direction.
             * It doesn't pass the default value into the validator ("prefault"). There's no reason to pass the default value through validation. The validity of the default is enforced by TypeScript statically. Otherwise, it's the responsibility of the user to ensure the default is valid. In the case of pipes with divergent in/out types, you can specify the default on the `in` schema of your ZodPipe to set a "prefault" for the pipe.   */
            return payload;
        }
        // Forward direction: continue with default handling
        const result = def.innerType._zod.run(payload, ctx);
        if (result instanceof Promise) {
            return result.then((result) => handleDefaultResult(result, def));
        }
        return handleDefaultResult(result, def);
    };
});
function handleDefaultResult(payload, def) {
    if (payload.value === undefined) {
        payload.value = def.defaultValue;
    }
    return payload;
}
const $ZodPrefault = /*@__PURE__*/ $constructor("$ZodPrefault", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.optin = "defaulted";
    defineLazyInternal(inst, "values", (zod) => zod.def.innerType._zod.values);
    inst._zod.parse = (payload, ctx) => {
        if (ctx.direction === "backward") {
            return def.innerType._zod.run(payload, ctx);
        }
        // Forward direction (decode): apply prefault for undefined input
        if (payload.value === undefined) {
            payload.value = def.defaultValue;
        }
        return def.innerType._zod.run(payload, ctx);
    };
});
const $ZodNonOptional = /*@__PURE__*/ $constructor("$ZodNonOptional", (inst, def) => {
    $ZodType.init(inst, def);
    defineLazyInternal(inst, "values", (zod) => {
        const v = zod.def.innerType._zod.values;
        return v ? new Set([...v].filter((x) => x !== undefined)) : undefined;
    });
    inst._zod.parse = (payload, ctx) => {
        const result = def.innerType._zod.run(payload, ctx);
        if (result instanceof Promise) {
            return result.then((result) => handleNonOptionalResult(result, inst));
        }
        return handleNonOptionalResult(result, inst);
    };
});
function handleNonOptionalResult(payload, inst) {
    if (!payload.issues.length && payload.value === undefined) {
        payload.issues.push({
            code: "invalid_type",
            expected: "nonoptional",
            input: payload.value,
            inst,
        });
    }
    return payload;
}
const $ZodSuccess = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodSuccess", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, ctx) => {
        if (ctx.direction === "backward") {
            throw new core.$ZodEncodeError("ZodSuccess");
        }
        const result = def.innerType._zod.run(payload, ctx);
        if (result instanceof Promise) {
            return result.then((result) => {
                payload.value = result.issues.length === 0;
                return payload;
            });
        }
        payload.value = result.issues.length === 0;
        return payload;
    };
})));
function handleCatchResult(payload, result, def, ctx) {
    if (!result.issues.length) {
        payload.value = result.value;
        // The value carries up, so the flag describing it has to carry with it: a back-edge into a node still being parsed must not be frozen by an enclosing readonly, and its checks belong to the node itself. Guarded so the ordinary case adds no own property.
        if (result.memo)
            payload.memo = true;
        return payload;
    }
    // Spread the inner's own payload, not ours: `value` has to stay the input the catch was handed, and the inner ran on a payload of its own so its issues are already private to this call.
    payload.value = def.catchValue({
        ...result,
        value: payload.value,
        error: {
            issues: result.issues.map((iss) => finalizeIssue(iss, ctx, config())),
        },
        input: payload.value,
    });
    return payload;
}
const $ZodCatch = /*@__PURE__*/ $constructor("$ZodCatch", (inst, def) => {
    $ZodType.init(inst, def);
    defineLazyInternal(inst, "optin", (zod) => zod.def.innerType._zod.optin === "defaulted" ? "defaulted" : "optional");
    defineLazyInternal(inst, "optout", (zod) => zod.def.innerType._zod.optout);
    defineLazyInternal(inst, "values", (zod) => zod.def.innerType._zod.values);
    inst._zod.parse = (payload, ctx) => {
        if (ctx.direction === "backward") {
            return def.innerType._zod.run(payload, ctx);
        }
        // Forward direction (decode): apply catch logic
        const result = def.innerType._zod.run({ value: payload.value, issues: [] }, ctx);
        if (result instanceof Promise) {
            return result.then((result) => handleCatchResult(payload, result, def, ctx));
        }
        return handleCatchResult(payload, result, def, ctx);
    };
});
const $ZodNaN = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodNaN", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, _ctx) => {
        if (typeof payload.value !== "number" || !Number.isNaN(payload.value)) {
            payload.issues.push({
                input: payload.value,
                inst,
                expected: "nan",
                code: "invalid_type",
            });
            return payload;
        }
        return payload;
    };
})));
const $ZodPipe = /*@__PURE__*/ $constructor("$ZodPipe", (inst, def) => {
    $ZodType.init(inst, def);
    defineLazyInternal(inst, "values", (zod) => zod.def.in._zod.values);
    defineLazyInternal(inst, "optin", (zod) => zod.def.in._zod.optin);
    defineLazyInternal(inst, "optout", (zod) => zod.def.out._zod.optout);
    defineLazyInternal(inst, "propValues", (zod) => zod.def.in._zod.propValues);
    inst._zod.parse = (payload, ctx) => {
        if (ctx.direction === "backward") {
            const right = def.out._zod.run(payload, ctx);
            if (right instanceof Promise) {
                return right.then((right) => handlePipeResult(right, def.in, ctx));
            }
            return handlePipeResult(right, def.in, ctx);
        }
        const left = def.in._zod.run(payload, ctx);
        if (left instanceof Promise) {
            return left.then((left) => handlePipeResult(left, def.out, ctx));
        }
        return handlePipeResult(left, def.out, ctx);
    };
});
function handlePipeResult(left, next, ctx) {
    // Any issue stops the pipe, so a failing refinement never feeds its transform. An unrecognized key is the exception: it describes the input's extra properties, not the value being piped, and an enclosing intersection may yet reconcile it.
    if (left.issues.some((iss) => iss.code !== "unrecognized_keys")) {
        // prevent further checks
        left.aborted = true;
        return left;
    }
    return next._zod.run({ value: left.value, issues: left.issues }, ctx);
}
const $ZodCodec = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodCodec", (inst, def) => {
    $ZodType.init(inst, def);
    util.defineLazyInternal(inst, "values", (zod) => zod.def.in._zod.values);
    util.defineLazyInternal(inst, "optin", (zod) => zod.def.in._zod.optin);
    util.defineLazyInternal(inst, "optout", (zod) => zod.def.out._zod.optout);
    util.defineLazyInternal(inst, "propValues", (zod) => zod.def.in._zod.propValues);
    inst._zod.parse = (payload, ctx) => {
        const direction = ctx.direction || "forward";
        if (direction === "forward") {
            const left = def.in._zod.run(payload, ctx);
            if (left instanceof Promise) {
                return left.then((left) => handleCodecAResult(left, def, ctx));
            }
            return handleCodecAResult(left, def, ctx);
        }
        else {
            const right = def.out._zod.run(payload, ctx);
            if (right instanceof Promise) {
                return right.then((right) => handleCodecAResult(right, def, ctx));
            }
            return handleCodecAResult(right, def, ctx);
        }
    };
})));
function handleCodecAResult(result, def, ctx) {
    if (result.issues.length) {
        // prevent further checks
        result.aborted = true;
        return result;
    }
    const direction = ctx.direction || "forward";
    if (direction === "forward") {
        const transformed = def.transform(result.value, result);
        if (transformed instanceof Promise) {
            return transformed.then((value) => handleCodecTxResult(result, value, def.out, ctx));
        }
        return handleCodecTxResult(result, transformed, def.out, ctx);
    }
    else {
        const transformed = def.reverseTransform(result.value, result);
        if (transformed instanceof Promise) {
            return transformed.then((value) => handleCodecTxResult(result, value, def.in, ctx));
        }
        return handleCodecTxResult(result, transformed, def.in, ctx);
    }
}
function handleCodecTxResult(left, value, nextSchema, ctx) {
    // Check if transform added any issues
    if (left.issues.length) {
        left.aborted = true;
        return left;
    }
    return nextSchema._zod.run({ value, issues: left.issues }, ctx);
}
const $ZodPreprocess = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodPreprocess", (inst, def) => {
    $ZodPipe.init(inst, def);
})));
const $ZodReadonly = /*@__PURE__*/ $constructor("$ZodReadonly", (inst, def) => {
    $ZodType.init(inst, def);
    defineLazyInternal(inst, "propValues", (zod) => zod.def.innerType._zod.propValues);
    defineLazyInternal(inst, "values", (zod) => zod.def.innerType._zod.values);
    defineLazyInternal(inst, "optin", (zod) => zod.def.innerType?._zod?.optin);
    defineLazyInternal(inst, "optout", (zod) => zod.def.innerType?._zod?.optout);
    inst._zod.parse = (payload, ctx) => {
        if (ctx.direction === "backward") {
            return def.innerType._zod.run(payload, ctx);
        }
        const result = def.innerType._zod.run(payload, ctx);
        if (result instanceof Promise) {
            return result.then(handleReadonlyResult);
        }
        return handleReadonlyResult(result);
    };
});
function handleReadonlyResult(payload) {
    // A repeat visit hands back a node that is still being built; freezing it here would make the rest of its keys fail to assign.
    if (!payload.memo)
        payload.value = Object.freeze(payload.value);
    return payload;
}
// a leaf's pattern source with its own checks folded in: the last pattern-carrying check wins, else length bounds narrow the catch-all, else an integer format narrows the number form. the fold lives here instead of on `_zod.pattern` so a bundle without template literals never pays for it
function leafPattern(schema) {
    const def = schema._zod.def;
    let pattern = def.pattern;
    let isInt = !!def.format?.includes("int");
    let minimum;
    let maximum;
    for (const ch of def.checks ?? []) {
        const d = ch._zod.def;
        if (d.pattern)
            pattern = d.pattern;
        isInt || (isInt = !!d.format?.includes("int"));
        const lo = d.minimum ?? d.length;
        const hi = d.maximum ?? d.length;
        if (lo !== undefined && (minimum === undefined || lo > minimum))
            minimum = lo;
        if (hi !== undefined && (maximum === undefined || hi < maximum))
            maximum = hi;
    }
    if (pattern)
        return pattern.source;
    // an empty range matches nothing at runtime, and `{8,5}` is not a legal quantifier
    if (minimum !== undefined && maximum !== undefined && minimum > maximum)
        return "(?!)";
    if (minimum !== undefined || maximum !== undefined)
        return regexes.string({ minimum, maximum }).source;
    const own = schema._zod.pattern;
    return (isInt && own === regexes.number ? regexes.integer : own)?.source;
}
// a part's pattern source. a wrapper's pattern embeds its inner pattern's source verbatim, so the folded form is substituted in place without knowing the wrapper's own composition; a union's options are joined the way the union builds its own pattern
function partPattern(schema) {
    const def = schema._zod.def;
    const own = schema._zod.pattern?.source;
    // lazy resolves its inner on the internals, not the def
    const inner = def.innerType ?? schema._zod.innerType;
    if (inner) {
        const before = inner._zod.pattern?.source;
        const after = partPattern(inner);
        if (own && before && after && after !== before) {
            return own.replace(util.cleanRegex(before), () => util.cleanRegex(after));
        }
        return own;
    }
    if (def.options) {
        const sources = def.options.map(partPattern);
        if (sources.every(Boolean))
            return `^(${sources.map((s) => util.cleanRegex(s)).join("|")})$`;
    }
    return leafPattern(schema);
}
const $ZodTemplateLiteral = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodTemplateLiteral", (inst, def) => {
    $ZodType.init(inst, def);
    const regexParts = [];
    for (const part of def.parts) {
        if (typeof part === "object" && part !== null) {
            // is Zod schema
            const source = partPattern(part);
            if (!source) {
                throw new Error(`Invalid template literal part, no pattern found: ${[...part._zod.traits].shift()}`);
            }
            regexParts.push(util.cleanRegex(source));
        }
        else if (part === null || util.primitiveTypes.has(typeof part)) {
            regexParts.push(util.escapeRegex(`${part}`));
        }
        else {
            throw new Error(`Invalid template literal part: ${part}`);
        }
    }
    inst._zod.pattern = new RegExp(`^${regexParts.join("")}$`);
    inst._zod.parse = (payload, _ctx) => {
        if (typeof payload.value !== "string") {
            payload.issues.push({
                input: payload.value,
                inst,
                expected: "string",
                code: "invalid_type",
            });
            return payload;
        }
        inst._zod.pattern.lastIndex = 0;
        if (!inst._zod.pattern.test(payload.value)) {
            payload.issues.push({
                input: payload.value,
                inst,
                code: "invalid_format",
                format: def.format ?? "template_literal",
                pattern: inst._zod.pattern.source,
            });
            return payload;
        }
        return payload;
    };
})));
const $ZodFunction = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodFunction", (inst, def) => {
    $ZodType.init(inst, def);
    // Defined, not assigned: the classic prototype exposes `_def` as a getter with no setter.
    Object.defineProperty(inst, "_def", { value: def });
    inst._zod.def = def;
    inst.implement = (func) => {
        if (typeof func !== "function") {
            throw new Error("implement() must be called with a function");
        }
        // Defined inline so the closure stays anonymous: binding it to a `const` first names it, which costs 256 bytes per implemented function.
        return Object.defineProperty(function (...args) {
            const parsedArgs = inst._def.input ? parse(inst._def.input, args) : args;
            const result = Reflect.apply(func, this, parsedArgs);
            if (inst._def.output) {
                return parse(inst._def.output, result);
            }
            return result;
        }, "_zod", { value: inst._zod, enumerable: false });
    };
    inst.implementAsync = (func) => {
        if (typeof func !== "function") {
            throw new Error("implementAsync() must be called with a function");
        }
        return Object.defineProperty(async function (...args) {
            const parsedArgs = inst._def.input ? await parseAsync(inst._def.input, args) : args;
            const result = await Reflect.apply(func, this, parsedArgs);
            if (inst._def.output) {
                return await parseAsync(inst._def.output, result);
            }
            return result;
        }, "_zod", { value: inst._zod, enumerable: false });
    };
    inst._zod.parse = (payload, _ctx) => {
        if (typeof payload.value !== "function") {
            payload.issues.push({
                code: "invalid_type",
                expected: "function",
                input: payload.value,
                inst,
            });
            return payload;
        }
        // Check if output is a promise type to determine if we should use async implementation
        const hasPromiseOutput = inst._def.output && inst._def.output._zod.def.type === "promise";
        if (hasPromiseOutput) {
            payload.value = inst.implementAsync(payload.value);
        }
        else {
            payload.value = inst.implement(payload.value);
        }
        return payload;
    };
    inst.input = (...args) => {
        const F = inst.constructor;
        if (Array.isArray(args[0])) {
            return new F({
                type: "function",
                input: new $ZodTuple({
                    type: "tuple",
                    items: args[0],
                    rest: args[1],
                }),
                output: inst._def.output,
            });
        }
        return new F({
            type: "function",
            input: args[0],
            output: inst._def.output,
        });
    };
    inst.output = (output) => {
        const F = inst.constructor;
        return new F({
            type: "function",
            input: inst._def.input,
            output,
        });
    };
    return inst;
})));
const $ZodPromise = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodPromise", (inst, def) => {
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, ctx) => {
        return Promise.resolve(payload.value).then((inner) => def.innerType._zod.run({ value: inner, issues: [] }, ctx));
    };
})));
const $ZodLazy = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("$ZodLazy", (inst, def) => {
    $ZodType.init(inst, def);
    // Cache the resolved inner type on the shared `def` so all clones of this lazy (e.g. via `.describe()`/`.meta()`) share the same inner instance, preserving identity for cycle detection on recursive schemas.
    util.defineLazy(inst._zod, "innerType", () => {
        const d = def;
        if (!d._cachedInner)
            d._cachedInner = def.getter();
        return d._cachedInner;
    });
    util.defineLazyInternal(inst, "pattern", (zod) => zod.innerType?._zod?.pattern);
    util.defineLazyInternal(inst, "propValues", (zod) => zod.innerType?._zod?.propValues);
    util.defineLazyInternal(inst, "optin", (zod) => zod.innerType?._zod?.optin ?? undefined);
    util.defineLazyInternal(inst, "optout", (zod) => zod.innerType?._zod?.optout ?? undefined);
    inst._zod.parse = (payload, ctx) => {
        const inner = inst._zod.innerType;
        return inner._zod.run(payload, ctx);
    };
})));
const $ZodCustom = /*@__PURE__*/ $constructor("$ZodCustom", (inst, def) => {
    $ZodCheck.init(inst, def);
    $ZodType.init(inst, def);
    inst._zod.parse = (payload, _) => {
        return payload;
    };
    inst._zod.check = (payload) => {
        const input = payload.value;
        const r = def.fn(input);
        if (r instanceof Promise) {
            return r.then((r) => handleRefineResult(r, payload, input, inst));
        }
        handleRefineResult(r, payload, input, inst);
        return;
    };
});
function handleRefineResult(result, payload, input, inst) {
    if (!result) {
        const _iss = {
            code: "custom",
            input,
            inst, // incorporates params.error into issue reporting
            path: [...(inst._zod.def.path ?? [])], // incorporates params.error into issue reporting
            continue: !inst._zod.def.abort,
            // params: inst._zod.def.params,
        };
        if (inst._zod.def.params)
            _iss.params = inst._zod.def.params;
        payload.issues.push(util_issue(_iss));
    }
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/registries.js
var registries_a;
const $output = /*@__PURE__*/ (/* unused pure expression or super */ null && (Symbol("ZodOutput")));
const $input = /*@__PURE__*/ (/* unused pure expression or super */ null && (Symbol("ZodInput")));
class $ZodRegistry {
    constructor() {
        this._map = new WeakMap();
        this._idmap = new Map();
    }
    add(schema, ..._meta) {
        const meta = _meta[0];
        this._map.set(schema, meta);
        if (meta && typeof meta === "object" && "id" in meta) {
            this._idmap.set(meta.id, schema);
        }
        return this;
    }
    clear() {
        this._map = new WeakMap();
        this._idmap = new Map();
        return this;
    }
    remove(schema) {
        const meta = this._map.get(schema);
        if (meta && typeof meta === "object" && "id" in meta) {
            this._idmap.delete(meta.id);
        }
        this._map.delete(schema);
        return this;
    }
    get(schema) {
        // return this._map.get(schema) as any;
        // inherit metadata
        const p = schema._zod.parent;
        if (p) {
            const pm = { ...(this.get(p) ?? {}) };
            delete pm.id; // do not inherit id
            const f = { ...pm, ...this._map.get(schema) };
            return Object.keys(f).length ? f : undefined;
        }
        return this._map.get(schema);
    }
    has(schema) {
        return this._map.has(schema);
    }
}
// registries
function registry() {
    return new $ZodRegistry();
}
(registries_a = globalThis).__zod_globalRegistry ?? (registries_a.__zod_globalRegistry = registry());
const globalRegistry = globalThis.__zod_globalRegistry;

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/api.js




function snapshotChecks(def) {
    if (def.checks)
        def.checks = [...def.checks];
    return def;
}
// @__NO_SIDE_EFFECTS__
function _string(Class, params) {
    return new Class(snapshotChecks({ type: "string", ...normalizeParams(params) }));
}
// @__NO_SIDE_EFFECTS__
function _coercedString(Class, params) {
    return new Class(snapshotChecks({ type: "string", coerce: true, ...util.normalizeParams(params) }));
}
// @__NO_SIDE_EFFECTS__
function _email(Class, params) {
    return new Class({
        type: "string",
        format: "email",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _guid(Class, params) {
    return new Class({
        type: "string",
        format: "guid",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _uuid(Class, params) {
    return new Class({
        type: "string",
        format: "uuid",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _uuidv4(Class, params) {
    return new Class({
        type: "string",
        format: "uuid",
        check: "string_format",
        abort: false,
        version: "v4",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _uuidv6(Class, params) {
    return new Class({
        type: "string",
        format: "uuid",
        check: "string_format",
        abort: false,
        version: "v6",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _uuidv7(Class, params) {
    return new Class({
        type: "string",
        format: "uuid",
        check: "string_format",
        abort: false,
        version: "v7",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _url(Class, params) {
    return new Class({
        type: "string",
        format: "url",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function api_emoji(Class, params) {
    return new Class({
        type: "string",
        format: "emoji",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _nanoid(Class, params) {
    return new Class({
        type: "string",
        format: "nanoid",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
/**
 * @deprecated CUID v1 is deprecated by its authors due to information leakage
 * (timestamps embedded in the id). Use {@link _cuid2} instead.
 * See https://github.com/paralleldrive/cuid.
 */
// @__NO_SIDE_EFFECTS__
function _cuid(Class, params) {
    return new Class({
        type: "string",
        format: "cuid",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _cuid2(Class, params) {
    return new Class({
        type: "string",
        format: "cuid2",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _ulid(Class, params) {
    return new Class({
        type: "string",
        format: "ulid",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _xid(Class, params) {
    return new Class({
        type: "string",
        format: "xid",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _ksuid(Class, params) {
    return new Class({
        type: "string",
        format: "ksuid",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _ipv4(Class, params) {
    return new Class({
        type: "string",
        format: "ipv4",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _ipv6(Class, params) {
    return new Class({
        type: "string",
        format: "ipv6",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _mac(Class, params) {
    return new Class({
        type: "string",
        format: "mac",
        check: "string_format",
        abort: false,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _cidrv4(Class, params) {
    return new Class({
        type: "string",
        format: "cidrv4",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _cidrv6(Class, params) {
    return new Class({
        type: "string",
        format: "cidrv6",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _base64(Class, params) {
    return new Class({
        type: "string",
        format: "base64",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _base64url(Class, params) {
    return new Class({
        type: "string",
        format: "base64url",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _e164(Class, params) {
    return new Class({
        type: "string",
        format: "e164",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _creditCard(Class, params) {
    return new Class({
        type: "string",
        format: "credit_card",
        check: "string_format",
        abort: false,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _iban(Class, params) {
    return new Class({
        type: "string",
        format: "iban",
        check: "string_format",
        abort: false,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _jwt(Class, params) {
    return new Class({
        type: "string",
        format: "jwt",
        check: "string_format",
        abort: false,
        ...normalizeParams(params),
    });
}
const TimePrecision = {
    Any: null,
    Minute: -1,
    Second: 0,
    Millisecond: 3,
    Microsecond: 6,
};
// @__NO_SIDE_EFFECTS__
function _isoDateTime(Class, params) {
    return new Class({
        type: "string",
        format: "datetime",
        check: "string_format",
        offset: false,
        local: false,
        precision: null,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _isoDate(Class, params) {
    return new Class({
        type: "string",
        format: "date",
        check: "string_format",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _isoTime(Class, params) {
    return new Class({
        type: "string",
        format: "time",
        check: "string_format",
        precision: null,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _isoDuration(Class, params) {
    return new Class({
        type: "string",
        format: "duration",
        check: "string_format",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _number(Class, params) {
    return new Class(snapshotChecks({ type: "number", checks: [], ...normalizeParams(params) }));
}
// @__NO_SIDE_EFFECTS__
function _coercedNumber(Class, params) {
    return new Class(snapshotChecks({ type: "number", coerce: true, checks: [], ...util.normalizeParams(params) }));
}
// @__NO_SIDE_EFFECTS__
function _int(Class, params) {
    return new Class({
        type: "number",
        check: "number_format",
        abort: false,
        format: "safeint",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _float32(Class, params) {
    return new Class({
        type: "number",
        check: "number_format",
        abort: false,
        format: "float32",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _float64(Class, params) {
    return new Class({
        type: "number",
        check: "number_format",
        abort: false,
        format: "float64",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _int32(Class, params) {
    return new Class({
        type: "number",
        check: "number_format",
        abort: false,
        format: "int32",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _uint32(Class, params) {
    return new Class({
        type: "number",
        check: "number_format",
        abort: false,
        format: "uint32",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _boolean(Class, params) {
    return new Class({
        type: "boolean",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _coercedBoolean(Class, params) {
    return new Class({
        type: "boolean",
        coerce: true,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _bigint(Class, params) {
    return new Class({
        type: "bigint",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _coercedBigint(Class, params) {
    return new Class({
        type: "bigint",
        coerce: true,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _int64(Class, params) {
    return new Class({
        type: "bigint",
        check: "bigint_format",
        abort: false,
        format: "int64",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _uint64(Class, params) {
    return new Class({
        type: "bigint",
        check: "bigint_format",
        abort: false,
        format: "uint64",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _symbol(Class, params) {
    return new Class({
        type: "symbol",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function api_undefined(Class, params) {
    return new Class({
        type: "undefined",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function api_null(Class, params) {
    return new Class({
        type: "null",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _any(Class) {
    return new Class({
        type: "any",
    });
}
// @__NO_SIDE_EFFECTS__
function _unknown(Class) {
    return new Class({
        type: "unknown",
    });
}
// @__NO_SIDE_EFFECTS__
function _never(Class, params) {
    return new Class({
        type: "never",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _void(Class, params) {
    return new Class({
        type: "void",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _date(Class, params) {
    return new Class({
        type: "date",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _coercedDate(Class, params) {
    return new Class({
        type: "date",
        coerce: true,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _nan(Class, params) {
    return new Class({
        type: "nan",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _lt(value, params) {
    return new $ZodCheckLessThan({
        check: "less_than",
        ...normalizeParams(params),
        value,
        inclusive: false,
    });
}
// @__NO_SIDE_EFFECTS__
function _lte(value, params) {
    return new $ZodCheckLessThan({
        check: "less_than",
        ...normalizeParams(params),
        value,
        inclusive: true,
    });
}

// @__NO_SIDE_EFFECTS__
function _gt(value, params) {
    return new $ZodCheckGreaterThan({
        check: "greater_than",
        ...normalizeParams(params),
        value,
        inclusive: false,
    });
}
// @__NO_SIDE_EFFECTS__
function _gte(value, params) {
    return new $ZodCheckGreaterThan({
        check: "greater_than",
        ...normalizeParams(params),
        value,
        inclusive: true,
    });
}

// @__NO_SIDE_EFFECTS__
function _positive(params) {
    return _gt(0, params);
}
// negative
// @__NO_SIDE_EFFECTS__
function _negative(params) {
    return _lt(0, params);
}
// nonpositive
// @__NO_SIDE_EFFECTS__
function _nonpositive(params) {
    return _lte(0, params);
}
// nonnegative
// @__NO_SIDE_EFFECTS__
function _nonnegative(params) {
    return _gte(0, params);
}
// @__NO_SIDE_EFFECTS__
function _multipleOf(value, params) {
    return new $ZodCheckMultipleOf({
        check: "multiple_of",
        ...normalizeParams(params),
        value,
    });
}
// @__NO_SIDE_EFFECTS__
function _maxSize(maximum, params) {
    return new checks.$ZodCheckMaxSize({
        check: "max_size",
        ...util.normalizeParams(params),
        maximum,
    });
}
// @__NO_SIDE_EFFECTS__
function _minSize(minimum, params) {
    return new checks.$ZodCheckMinSize({
        check: "min_size",
        ...util.normalizeParams(params),
        minimum,
    });
}
// @__NO_SIDE_EFFECTS__
function _size(size, params) {
    return new checks.$ZodCheckSizeEquals({
        check: "size_equals",
        ...util.normalizeParams(params),
        size,
    });
}
// @__NO_SIDE_EFFECTS__
function _maxLength(maximum, params) {
    const ch = new $ZodCheckMaxLength({
        check: "max_length",
        ...normalizeParams(params),
        maximum,
    });
    return ch;
}
// @__NO_SIDE_EFFECTS__
function _minLength(minimum, params) {
    return new $ZodCheckMinLength({
        check: "min_length",
        ...normalizeParams(params),
        minimum,
    });
}
// @__NO_SIDE_EFFECTS__
function _length(length, params) {
    return new $ZodCheckLengthEquals({
        check: "length_equals",
        ...normalizeParams(params),
        length,
    });
}
// @__NO_SIDE_EFFECTS__
function _regex(pattern, params) {
    return new $ZodCheckRegex({
        check: "string_format",
        format: "regex",
        ...normalizeParams(params),
        pattern,
    });
}
// @__NO_SIDE_EFFECTS__
function _lowercase(params) {
    return new $ZodCheckLowerCase({
        check: "string_format",
        format: "lowercase",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _uppercase(params) {
    return new $ZodCheckUpperCase({
        check: "string_format",
        format: "uppercase",
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _includes(includes, params) {
    return new $ZodCheckIncludes({
        check: "string_format",
        format: "includes",
        ...normalizeParams(params),
        includes,
    });
}
// @__NO_SIDE_EFFECTS__
function _startsWith(prefix, params) {
    return new $ZodCheckStartsWith({
        check: "string_format",
        format: "starts_with",
        ...normalizeParams(params),
        prefix,
    });
}
// @__NO_SIDE_EFFECTS__
function _endsWith(suffix, params) {
    return new $ZodCheckEndsWith({
        check: "string_format",
        format: "ends_with",
        ...normalizeParams(params),
        suffix,
    });
}
// @__NO_SIDE_EFFECTS__
function _property(property, schema, params) {
    return new checks.$ZodCheckProperty({
        check: "property",
        property,
        schema,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _properties(shape, params) {
    return new $ZodCheckProperties({
        check: "properties",
        shape,
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _mime(types, params) {
    return new checks.$ZodCheckMimeType({
        check: "mime_type",
        mime: types,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _overwrite(tx) {
    return new $ZodCheckOverwrite({
        check: "overwrite",
        tx,
    });
}
// normalize
// @__NO_SIDE_EFFECTS__
function _normalize(form) {
    return _overwrite((input) => input.normalize(form));
}
// trim
// @__NO_SIDE_EFFECTS__
function _trim() {
    return _overwrite((input) => input.trim());
}
// toLowerCase
// @__NO_SIDE_EFFECTS__
function _toLowerCase() {
    return _overwrite((input) => input.toLowerCase());
}
// toUpperCase
// @__NO_SIDE_EFFECTS__
function _toUpperCase() {
    return _overwrite((input) => input.toUpperCase());
}
// slugify
// @__NO_SIDE_EFFECTS__
function _slugify() {
    return _overwrite((input) => slugify(input));
}
// @__NO_SIDE_EFFECTS__
function _array(Class, element, params) {
    return new Class({
        type: "array",
        element,
        // get element() {
        //   return element;
        // },
        ...normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _union(Class, options, params) {
    return new Class({
        type: "union",
        options,
        ...util.normalizeParams(params),
    });
}
function _xor(Class, options, params) {
    return new Class({
        type: "union",
        options,
        inclusive: false,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _discriminatedUnion(Class, discriminator, options, params) {
    return new Class({
        type: "union",
        options: options,
        discriminator,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _intersection(Class, left, right) {
    return new Class({
        type: "intersection",
        left,
        right,
    });
}
// export function _tuple(
//   Class: util.SchemaClass<schemas.$ZodTuple>,
//   items: [],
//   params?: string | $ZodTupleParams
// ): schemas.$ZodTuple<[], null>;
// @__NO_SIDE_EFFECTS__
function _tuple(Class, items, _paramsOrRest, _params) {
    const hasRest = _paramsOrRest instanceof schemas.$ZodType;
    const params = hasRest ? _params : _paramsOrRest;
    const rest = hasRest ? _paramsOrRest : null;
    return new Class({
        type: "tuple",
        items,
        rest,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _record(Class, keyType, valueType, params) {
    return new Class({
        type: "record",
        keyType,
        valueType,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _map(Class, keyType, valueType, params) {
    return new Class({
        type: "map",
        keyType,
        valueType,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _set(Class, valueType, params) {
    return new Class({
        type: "set",
        valueType,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _enum(Class, values, params) {
    const entries = Array.isArray(values) ? Object.fromEntries(values.map((v) => [v, v])) : values;
    // if (Array.isArray(values)) {
    //   for (const value of values) {
    //     entries[value] = value;
    //   }
    // } else {
    //   Object.assign(entries, values);
    // }
    // const entries: util.EnumLike = {};
    // for (const val of values) {
    //   entries[val] = val;
    // }
    return new Class({
        type: "enum",
        entries,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
/** @deprecated This API has been merged into `z.enum()`. Use `z.enum()` instead.
 *
 * ```ts
 * enum Colors { red, green, blue }
 * z.enum(Colors);
 * ```
 */
function _nativeEnum(Class, entries, params) {
    return new Class({
        type: "enum",
        entries,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _literal(Class, value, params) {
    return new Class({
        type: "literal",
        values: Array.isArray(value) ? value : [value],
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _file(Class, params) {
    return new Class({
        type: "file",
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _transform(Class, fn) {
    return new Class({
        type: "transform",
        transform: fn,
    });
}
// @__NO_SIDE_EFFECTS__
function _optional(Class, innerType) {
    return new Class({
        type: "optional",
        innerType,
    });
}
// @__NO_SIDE_EFFECTS__
function _nullable(Class, innerType) {
    return new Class({
        type: "nullable",
        innerType,
    });
}
// @__NO_SIDE_EFFECTS__
function _default(Class, innerType, defaultValue) {
    return new Class({
        type: "default",
        innerType,
        get defaultValue() {
            return typeof defaultValue === "function" ? defaultValue() : util.shallowClone(defaultValue);
        },
    });
}
// @__NO_SIDE_EFFECTS__
function _nonoptional(Class, innerType, params) {
    return new Class({
        type: "nonoptional",
        innerType,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _success(Class, innerType) {
    return new Class({
        type: "success",
        innerType,
    });
}
// @__NO_SIDE_EFFECTS__
function _catch(Class, innerType, catchValue) {
    return new Class({
        type: "catch",
        innerType,
        catchValue: (typeof catchValue === "function" ? catchValue : util.constantCatch(catchValue)),
    });
}
// @__NO_SIDE_EFFECTS__
function _pipe(Class, in_, out) {
    return new Class({
        type: "pipe",
        in: in_,
        out,
    });
}
// @__NO_SIDE_EFFECTS__
function _readonly(Class, innerType) {
    return new Class({
        type: "readonly",
        innerType,
    });
}
// @__NO_SIDE_EFFECTS__
function _templateLiteral(Class, parts, params) {
    return new Class({
        type: "template_literal",
        parts,
        ...util.normalizeParams(params),
    });
}
// @__NO_SIDE_EFFECTS__
function _lazy(Class, getter) {
    return new Class({
        type: "lazy",
        getter,
    });
}
// @__NO_SIDE_EFFECTS__
function _promise(Class, innerType) {
    return new Class({
        type: "promise",
        innerType,
    });
}
// @__NO_SIDE_EFFECTS__
function _custom(Class, fn, _params) {
    const norm = normalizeParams(_params);
    norm.abort ?? (norm.abort = true); // default to abort:false
    const schema = new Class({
        type: "custom",
        check: "custom",
        fn: fn,
        ...norm,
    });
    return schema;
}
// same as _custom but defaults to abort:false
// @__NO_SIDE_EFFECTS__
function _refine(Class, fn, _params) {
    const schema = new Class({
        type: "custom",
        check: "custom",
        fn: fn,
        ...normalizeParams(_params),
    });
    return schema;
}
// @__NO_SIDE_EFFECTS__
function _superRefine(fn, params) {
    const ch = _check((payload) => {
        payload.addIssue = (issue) => {
            if (typeof issue === "string") {
                payload.issues.push(util_issue(issue, payload.value, ch._zod.def));
            }
            else {
                // for Zod 3 backwards compatibility
                const _issue = issue;
                if (_issue.fatal)
                    _issue.continue = false;
                _issue.code ?? (_issue.code = "custom");
                if (!("input" in _issue))
                    _issue.input = payload.value;
                _issue.inst ?? (_issue.inst = ch);
                _issue.continue ?? (_issue.continue = !ch._zod.def.abort); // abort is always undefined, so this is always true...
                payload.issues.push(util_issue(_issue));
            }
        };
        return fn(payload.value, payload);
    }, params);
    return ch;
}
// @__NO_SIDE_EFFECTS__
function _check(fn, params) {
    const ch = new $ZodCheck({
        check: "custom",
        ...normalizeParams(params),
    });
    ch._zod.check = fn;
    return ch;
}
// @__NO_SIDE_EFFECTS__
function describe(description) {
    const ch = new $ZodCheck({ check: "describe" });
    ch._zod.onattach = [
        (inst) => {
            const existing = globalRegistry.get(inst) ?? {};
            globalRegistry.add(inst, { ...existing, description });
        },
    ];
    ch._zod.check = () => { }; // no-op check
    return ch;
}
// @__NO_SIDE_EFFECTS__
function meta(metadata) {
    const ch = new $ZodCheck({ check: "meta" });
    ch._zod.onattach = [
        (inst) => {
            const existing = globalRegistry.get(inst) ?? {};
            globalRegistry.add(inst, { ...existing, ...metadata });
        },
    ];
    ch._zod.check = () => { }; // no-op check
    return ch;
}
// @__NO_SIDE_EFFECTS__
function _stringbool(Classes, _params) {
    const params = util.normalizeParams(_params);
    let truthyArray = params.truthy ?? ["true", "1", "yes", "on", "y", "enabled"];
    let falsyArray = params.falsy ?? ["false", "0", "no", "off", "n", "disabled"];
    if (params.case !== "sensitive") {
        truthyArray = truthyArray.map((v) => (typeof v === "string" ? v.toLowerCase() : v));
        falsyArray = falsyArray.map((v) => (typeof v === "string" ? v.toLowerCase() : v));
    }
    const truthySet = new Set(truthyArray);
    const falsySet = new Set(falsyArray);
    const _Codec = Classes.Codec ?? schemas.$ZodCodec;
    const _Boolean = Classes.Boolean ?? schemas.$ZodBoolean;
    const _String = Classes.String ?? schemas.$ZodString;
    const stringSchema = new _String({ type: "string", error: params.error });
    const booleanSchema = new _Boolean({ type: "boolean", error: params.error });
    const codec = new _Codec({
        type: "pipe",
        in: stringSchema,
        out: booleanSchema,
        transform: ((input, payload) => {
            let data = input;
            if (params.case !== "sensitive")
                data = data.toLowerCase();
            if (truthySet.has(data)) {
                return true;
            }
            else if (falsySet.has(data)) {
                return false;
            }
            else {
                payload.issues.push({
                    code: "invalid_value",
                    expected: "stringbool",
                    values: [...truthySet, ...falsySet],
                    input: payload.value,
                    inst: codec,
                    continue: false,
                });
                return {};
            }
        }),
        reverseTransform: ((input, _payload) => {
            if (input === true) {
                return truthyArray[0] || "true";
            }
            else {
                return falsyArray[0] || "false";
            }
        }),
        error: params.error,
    });
    codec._zod.bag.truthy = truthyArray;
    codec._zod.bag.falsy = falsyArray;
    codec._zod.bag.case = params.case ?? "insensitive";
    return codec;
}
// @__NO_SIDE_EFFECTS__
function _stringFormat(Class, format, fnOrRegex, _params = {}) {
    const params = util.normalizeParams(_params);
    const def = {
        check: "string_format",
        type: "string",
        format,
        fn: typeof fnOrRegex === "function" ? fnOrRegex : (val) => fnOrRegex.test(val),
        ...params,
    };
    if (fnOrRegex instanceof RegExp) {
        def.pattern = fnOrRegex;
    }
    const inst = new Class(def);
    return inst;
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/to-json-schema.js


function assignProps(target, ...sources) {
    for (const source of sources) {
        for (const key of Reflect.ownKeys(source)) {
            if (Object.prototype.propertyIsEnumerable.call(source, key)) {
                util_assignProp(target, key, source[key]);
            }
        }
    }
    return target;
}
// function initializeContext<T extends schemas.$ZodType>(inputs: JSONSchemaGeneratorParams<T>): ToJSONSchemaContext<T> {
//   return {
//     processor: inputs.processor,
//     metadataRegistry: inputs.metadata ?? globalRegistry,
//     target: inputs.target ?? "draft-2020-12",
//     unrepresentable: inputs.unrepresentable ?? "throw",
//   };
// }
function to_json_schema_initializeContext(params) {
    // Normalize target: convert old non-hyphenated versions to hyphenated versions
    let target = params?.target ?? "draft-2020-12";
    if (target === "draft-4")
        target = "draft-04";
    if (target === "draft-7")
        target = "draft-07";
    return {
        processors: params.processors ?? {},
        metadataRegistry: params?.metadata ?? globalRegistry,
        target,
        unrepresentable: params?.unrepresentable ?? "throw",
        override: params?.override ?? (() => { }),
        io: params?.io ?? "output",
        counter: 0,
        seen: new Map(),
        sharedDefsExtractedFor: undefined,
        sharedEmitDoneFor: undefined,
        cycles: params?.cycles ?? "ref",
        reused: params?.reused ?? "inline",
        intersections: [],
        deferred: [],
        external: params?.external ?? undefined,
    };
}
/**
 * Applies the `unrepresentable` setting at a site that has no JSON Schema equivalent. Throws
 * `message` unless the setting (or the handler's return value) says otherwise. Returns `true` if a
 * custom JSON Schema was written into `json`, in which case the caller must not write its own.
 */
function handleUnrepresentable(schema, ctx, json, params, message) {
    const result = typeof ctx.unrepresentable === "function"
        ? ctx.unrepresentable({ zodSchema: schema, path: params.path, message })
        : ctx.unrepresentable;
    if (result === "any")
        return false;
    if (result === undefined || result === "throw")
        throw new Error(message);
    Object.assign(json, result);
    return true;
}
// never rename this back to `process`: bundler polyfills inject a top-level `const process` that a lexical declaration of the same name collides with (#6397)
function to_json_schema_processSchema(schema, ctx, _params = { path: [], schemaPath: [] }) {
    var _a;
    const def = schema._zod.def;
    // check for schema in seens
    const seen = ctx.seen.get(schema);
    if (seen) {
        seen.count++;
        // check if cycle
        const isCycle = _params.schemaPath.includes(schema);
        if (isCycle) {
            seen.cycle = _params.path;
        }
        return seen.schema;
    }
    // initialize
    const result = { schema: {}, count: 1, cycle: undefined, path: _params.path };
    ctx.seen.set(schema, result);
    ctx.sharedDefsExtractedFor = undefined;
    ctx.sharedEmitDoneFor = undefined;
    // custom method overrides default behavior
    const overrideSchema = schema._zod.toJSONSchema?.();
    if (overrideSchema) {
        result.schema = overrideSchema;
    }
    else {
        const params = {
            ..._params,
            schemaPath: [..._params.schemaPath, schema],
            path: _params.path,
        };
        if (schema._zod.processJSONSchema) {
            schema._zod.processJSONSchema(ctx, result.schema, params);
        }
        else {
            const _json = result.schema;
            const processor = ctx.processors[def.type];
            if (!processor) {
                throw new Error(`[toJSONSchema]: Non-representable type encountered: ${def.type}`);
            }
            processor(schema, ctx, _json, params);
        }
        const parent = schema._zod.parent;
        if (parent) {
            // Also set ref if processor didn't (for inheritance)
            if (!result.ref)
                result.ref = parent;
            to_json_schema_processSchema(parent, ctx, params);
            ctx.seen.get(parent).isParent = true;
        }
    }
    // metadata
    const meta = ctx.metadataRegistry.get(schema);
    if (meta)
        assignProps(result.schema, meta);
    if (ctx.io === "input" && isTransforming(schema)) {
        // examples/defaults only apply to output type of pipe
        delete result.schema.examples;
        delete result.schema.default;
    }
    // set prefault as default
    if (ctx.io === "input" && "_prefault" in result.schema)
        (_a = result.schema).default ?? (_a.default = result.schema._prefault);
    delete result.schema._prefault;
    // pulling fresh from ctx.seen in case it was overwritten
    const _result = ctx.seen.get(schema);
    return _result.schema;
}
/** @deprecated Renamed to `processSchema`. An export alias declares no binding, so it is safe to keep. */

// Escape a reference token for use in a JSON Pointer fragment (RFC 6901): `~` becomes `~0` and `/` becomes `~1`. The `~` replacement must run first.
function encodeJSONPointerSegment(segment) {
    return segment.replace(/~/g, "~0").replace(/\//g, "~1");
}
function to_json_schema_extractDefs(ctx, schema
// params: EmitParams
) {
    // iterate over seen map;
    const root = ctx.seen.get(schema);
    if (!root)
        throw new Error("Unprocessed schema. This is a bug in Zod.");
    // With `external` set, every registered schema resolves through the external branch of `makeURI`, so the root branch below produces the same ref the external branch would — this pass is identical whichever schema it is called with, and only needs to run once.
    if (ctx.external && ctx.sharedDefsExtractedFor === ctx.external)
        return;
    // Track ids to detect duplicates across different schemas
    const idToSchema = new Map();
    for (const entry of ctx.seen.entries()) {
        const id = ctx.metadataRegistry.get(entry[0])?.id;
        if (id) {
            const existing = idToSchema.get(id);
            if (existing && existing !== entry[0]) {
                throw new Error(`Duplicate schema id "${id}" detected during JSON Schema conversion. Two different schemas cannot share the same id when converted together.`);
            }
            idToSchema.set(id, entry[0]);
        }
    }
    // returns a ref to the schema defId will be empty if the ref points to an external schema (or #)
    const makeURI = (entry) => {
        // comparing the seen objects because sometimes multiple schemas map to the same seen object. e.g. lazy
        // external is configured
        const defsSegment = ctx.target === "draft-2020-12" ? "$defs" : "definitions";
        if (ctx.external) {
            const externalId = ctx.external.registry.get(entry[0])?.id; // ?? "__shared";// `__schema${ctx.counter++}`;
            // check if schema is in the external registry
            const uriGenerator = ctx.external.uri ?? ((id) => id);
            if (externalId) {
                return { ref: uriGenerator(externalId) };
            }
            // otherwise, add to __shared
            const id = entry[1].defId ?? entry[1].schema.id ?? `schema${ctx.counter++}`;
            entry[1].defId = id; // set defId so it will be reused if needed
            return { defId: id, ref: `${uriGenerator("__shared")}#/${defsSegment}/${encodeJSONPointerSegment(id)}` };
        }
        const uriPrefix = `#`;
        const defUriPrefix = `${uriPrefix}/${defsSegment}/`;
        // an id-less root has nowhere to be extracted to, so it stays inline and self-references as `#`
        if (entry[1] === root && !entry[1].schema.id) {
            return { ref: uriPrefix };
        }
        // self-contained schema
        const defId = entry[1].schema.id ?? `__schema${ctx.counter++}`;
        return { defId, ref: defUriPrefix + encodeJSONPointerSegment(defId) };
    };
    // stored cached version in `def` property remove all properties, set $ref
    const extractToDef = (entry) => {
        // if the schema is already a reference, do not extract it
        if (entry[1].schema.$ref) {
            return;
        }
        const seen = entry[1];
        const { ref, defId } = makeURI(entry);
        seen.def = { ...seen.schema };
        // defId won't be set if the schema is a reference to an external schema or if the schema is the root schema
        if (defId)
            seen.defId = defId;
        // wipe away all properties except $ref
        const schema = seen.schema;
        for (const key in schema) {
            delete schema[key];
        }
        schema.$ref = ref;
    };
    // throw on cycles
    // break cycles
    if (ctx.cycles === "throw") {
        for (const entry of ctx.seen.entries()) {
            const seen = entry[1];
            if (seen.cycle) {
                throw new Error("Cycle detected: " +
                    `#/${seen.cycle?.join("/")}/<root>` +
                    '\n\nSet the `cycles` parameter to `"ref"` to resolve cyclical schemas with defs.');
            }
        }
    }
    // extract schemas into $defs
    for (const entry of ctx.seen.entries()) {
        const seen = entry[1];
        // convert root schema to # $ref
        if (schema === entry[0]) {
            extractToDef(entry); // this has special handling for the root schema
            continue;
        }
        // extract schemas that are in the external registry
        if (ctx.external) {
            const ext = ctx.external.registry.get(entry[0])?.id;
            if (schema !== entry[0] && ext) {
                extractToDef(entry);
                continue;
            }
        }
        // extract schemas with `id` meta
        const id = ctx.metadataRegistry.get(entry[0])?.id;
        if (id) {
            extractToDef(entry);
            continue;
        }
        // break cycles
        if (seen.cycle) {
            // any
            extractToDef(entry);
            continue;
        }
        // extract reused schemas
        if (seen.count > 1) {
            if (ctx.reused === "ref") {
                extractToDef(entry);
            }
        }
    }
    if (ctx.external)
        ctx.sharedDefsExtractedFor = ctx.external;
}
/** Rewrites `anyOf: [{type: "a"}, {type: "b"}]` to `type: ["a", "b"]`, which every JSON Schema draft treats as equivalent and most consumers render far better for the nullable case. Only branches that are a bare type assertion qualify — anything carrying a constraint, `$ref`, `const` or metadata is left alone. Runs after `flattenRef`, so a branch an override decorated or `$defs` extraction turned into a `$ref` is no longer bare and correctly stays in `anyOf`. `oneOf` is excluded: `integer` and `number` overlap, so "exactly one" and "at least one" are not the same there. OpenAPI 3.0 is excluded: its `type` must be a single string. */
function compactTypeUnion(schema) {
    const options = schema.anyOf;
    if (!Array.isArray(options) || options.length === 0 || schema.type !== undefined)
        return;
    const types = [];
    for (const option of options) {
        if (!option || typeof option !== "object")
            return;
        // A branch that is itself a compactible union folds into this one — nested `anyOf` and a flat `type` array say the same thing. Compacting it first also makes the result independent of the order this pass walks the seen map in.
        compactTypeUnion(option);
        const keys = Object.keys(option);
        if (keys.length !== 1 || keys[0] !== "type")
            return;
        const type = option.type;
        for (const member of Array.isArray(type) ? type : [type]) {
            if (typeof member !== "string")
                return;
            if (!types.includes(member))
                types.push(member);
        }
    }
    delete schema.anyOf;
    // A `type` array must be non-empty and unique (metaschema); a single member is spelled as a bare string.
    schema.type = types.length === 1 ? types[0] : types;
}
/** Keywords `foldIntersection` knows how to combine. Anything else — `$ref`, `patternProperties`,
 * an annotation like `description` — makes a member unfoldable, so a constraint this does not
 * understand leaves the `allOf` alone instead of being silently dropped or misattributed. */
const FOLDABLE_KEYS = new Set(["type", "properties", "required", "additionalProperties"]);
const UNION_KEYS = ["oneOf", "anyOf"];
/** A member's constraint on a key it does not declare itself. A `catchall` states one; `false`, an absent `additionalProperties`, and the empty schema a loose object emits state nothing. */
function undeclaredConstraint(member) {
    const extra = member.additionalProperties;
    if (extra === undefined || extra === false || typeof extra !== "object" || extra === null)
        return null;
    return Object.keys(extra).length ? extra : null;
}
/** Combines object members into the single object they describe together, or returns `null` if any of them carries a keyword outside {@link FOLDABLE_KEYS}. */
function foldObjects(members) {
    const objects = [];
    for (const member of members) {
        // A boolean subschema is legal JSON Schema and carries no keywords to fold.
        if (typeof member !== "object" || member.type !== "object")
            return null;
        for (const key in member) {
            if (!FOLDABLE_KEYS.has(key))
                return null;
        }
        objects.push(member);
    }
    const properties = {};
    const required = new Set();
    for (const object of objects) {
        for (const key in object.properties) {
            // `in` would report a `__proto__` key as already present via the prototype chain and skip it.
            if (Object.prototype.hasOwnProperty.call(properties, key))
                continue;
            // Every member constrains this key: the ones that declare it say how, and a `catchall` member constrains it too even though it does not name it. The key has to satisfy all of them, which is the same intersection one level down.
            const parts = [];
            for (const other of objects) {
                const part = other.properties?.[key] ?? undeclaredConstraint(other);
                if (part === null || part === undefined)
                    continue;
                if (!parts.some((seen) => JSON.stringify(seen) === JSON.stringify(part)))
                    parts.push(part);
            }
            const merged = parts.length === 1
                ? parts[0]
                : (foldObjects(parts) ?? { allOf: parts });
            util_assignProp(properties, key, merged);
        }
        for (const key of object.required ?? [])
            required.add(key);
    }
    const folded = { type: "object", properties };
    if (required.size)
        folded.required = [...required];
    // A key no member declares is rejected only when every member rejects it, so the fold is closed only when every member is. Otherwise it carries whatever the `catchall` members demand of such a key.
    if (objects.every((object) => object.additionalProperties === false)) {
        folded.additionalProperties = false;
    }
    else {
        const constraints = [];
        for (const object of objects) {
            const constraint = undeclaredConstraint(object);
            if (constraint && !constraints.some((seen) => JSON.stringify(seen) === JSON.stringify(constraint)))
                constraints.push(constraint);
        }
        if (constraints.length === 1)
            folded.additionalProperties = constraints[0];
        else if (constraints.length > 1)
            folded.additionalProperties = { allOf: constraints };
    }
    return folded;
}
/** `additionalProperties` in an `allOf` member sees only that member's own `properties`, so two
 * closed object members reject each other's keys and the schema validates nothing. Zod's parser
 * pools the key sets instead — `handleIntersectionResults` reports a key as unrecognized only when
 * *every* side rejects it — so the emitted schema has to pool them too, and folding the members
 * into one object is the encoding that says so on every target.
 *
 * This runs from `finalize`, after `extractDefs`, which is what keeps it clear of the `$ref`
 * machinery: a member extracted into `$defs` is already a `$ref` by now and declines to fold, so it
 * keeps its reference and its own closedness rather than being inlined as a stale copy. */
function foldIntersection(json) {
    const allOf = json.allOf;
    if (!Array.isArray(allOf) || allOf.length < 2)
        return;
    // An `override` runs before this pass and may have written object keywords onto the intersection itself. Those are deliberate, so decline rather than overwrite them.
    for (const key of FOLDABLE_KEYS)
        if (key in json)
            return;
    // An intersection distributes over a union: `A & (X | Y)` is `(A & X) | (A & Y)`. Only the first union is distributed over; a second one stays among the members every branch folds against, where it fails the object check and declines the whole intersection rather than multiplying out.
    const unions = allOf.filter((m) => UNION_KEYS.some((k) => Array.isArray(m[k])));
    let folded = null;
    if (!unions.length) {
        folded = foldObjects(allOf);
    }
    else {
        const union = unions[0];
        const keyword = UNION_KEYS.find((k) => Array.isArray(union[k]));
        if (Object.keys(union).length !== 1)
            return;
        const rest = allOf.filter((m) => m !== union);
        const branches = union[keyword].map((branch) => foldObjects([...rest, branch]));
        if (branches.some((b) => !b))
            return;
        folded = { [keyword]: branches };
    }
    if (!folded)
        return;
    delete json.allOf;
    assignProps(json, folded);
}
function to_json_schema_finalize(ctx, schema) {
    const root = ctx.seen.get(schema);
    if (!root)
        throw new Error("Unprocessed schema. This is a bug in Zod.");
    // flatten refs - inherit properties from parent schemas
    const flattenRef = (zodSchema) => {
        const seen = ctx.seen.get(zodSchema);
        // already processed
        if (seen.ref === null)
            return;
        const schema = seen.def ?? seen.schema;
        const _cached = { ...schema };
        const ref = seen.ref;
        seen.ref = null; // prevent infinite recursion
        if (ref) {
            flattenRef(ref);
            const refSeen = ctx.seen.get(ref);
            const refSchema = refSeen.schema;
            // merge referenced schema into current
            if (refSchema.$ref && (ctx.target === "draft-07" || ctx.target === "draft-04" || ctx.target === "openapi-3.0")) {
                // older drafts can't combine $ref with other properties
                schema.allOf = schema.allOf ?? [];
                schema.allOf.push(refSchema);
            }
            else {
                assignProps(schema, refSchema);
            }
            // restore child's own properties (child wins)
            assignProps(schema, _cached);
            const isParentRef = zodSchema._zod.parent === ref;
            // For parent chain, child is a refinement - remove parent-only properties
            if (isParentRef) {
                for (const key in schema) {
                    if (key === "$ref" || key === "allOf")
                        continue;
                    if (!(key in _cached)) {
                        delete schema[key];
                    }
                }
            }
            // When ref was extracted to $defs, remove properties that match the definition
            if (refSchema.$ref && refSeen.def) {
                for (const key in schema) {
                    if (key === "$ref" || key === "allOf")
                        continue;
                    if (key in refSeen.def && JSON.stringify(schema[key]) === JSON.stringify(refSeen.def[key])) {
                        delete schema[key];
                    }
                }
            }
        }
        // If parent was extracted (has $ref), propagate $ref to this schema. This handles cases like: readonly().meta({id}).describe() where processor sets ref to innerType but parent should be referenced
        const parent = zodSchema._zod.parent;
        if (parent && parent !== ref) {
            // Ensure parent is processed first so its def has inherited properties
            flattenRef(parent);
            const parentSeen = ctx.seen.get(parent);
            if (parentSeen?.schema.$ref) {
                schema.$ref = parentSeen.schema.$ref;
                // De-duplicate with parent's definition
                if (parentSeen.def) {
                    for (const key in schema) {
                        if (key === "$ref" || key === "allOf")
                            continue;
                        if (key in parentSeen.def && JSON.stringify(schema[key]) === JSON.stringify(parentSeen.def[key])) {
                            delete schema[key];
                        }
                    }
                }
            }
        }
        // execute overrides
        ctx.override({
            zodSchema: zodSchema,
            jsonSchema: schema,
            path: seen.path ?? [],
        });
    };
    // Flattening walks the whole map and clears each `ref` as it goes, so a second call over the same map is a no-op scan. Skip it outright once it has run for a registry conversion.
    if (!ctx.external || ctx.sharedEmitDoneFor !== ctx.external) {
        for (const entry of [...ctx.seen.entries()].reverse()) {
            flattenRef(entry[0]);
        }
        if (ctx.target !== "openapi-3.0") {
            for (const entry of ctx.seen.entries()) {
                compactTypeUnion(entry[1].def ?? entry[1].schema);
            }
        }
        for (const rewrite of ctx.deferred)
            rewrite();
        // After flattening, every member that was extracted is a `$ref`, so the fold sees the final shape. A schema that inherits an intersection — through `z.lazy`, or any `ref` chain — holds the same `allOf` array, so fold by array identity to catch every copy.
        if (ctx.intersections.length) {
            const carriers = new Map();
            for (const seen of ctx.seen.values()) {
                for (const json of [seen.schema, seen.def]) {
                    const allOf = json?.allOf;
                    if (!Array.isArray(allOf))
                        continue;
                    const existing = carriers.get(allOf);
                    if (existing)
                        existing.push(json);
                    else
                        carriers.set(allOf, [json]);
                }
            }
            for (const allOf of ctx.intersections) {
                for (const json of carriers.get(allOf) ?? [])
                    foldIntersection(json);
            }
        }
    }
    const result = {};
    if (ctx.target === "draft-2020-12") {
        result.$schema = "https://json-schema.org/draft/2020-12/schema";
    }
    else if (ctx.target === "draft-07") {
        result.$schema = "http://json-schema.org/draft-07/schema#";
    }
    else if (ctx.target === "draft-04") {
        result.$schema = "http://json-schema.org/draft-04/schema#";
    }
    else if (ctx.target === "openapi-3.0") {
        // OpenAPI 3.0 schema objects should not include a $schema property
    }
    else {
        // Arbitrary string values are allowed but won't have a $schema property set
    }
    if (ctx.external?.uri) {
        const id = ctx.external.registry.get(schema)?.id;
        if (!id)
            throw new Error("Schema is missing an `id` property");
        result.$id = ctx.external.uri(id);
    }
    // when the root was extracted into $defs, `root.schema` is the `$ref` wrapper and `root.def` is the body that now lives under $defs
    assignProps(result, root.defId ? root.schema : (root.def ?? root.schema));
    // The `id` in `.meta()` is a Zod-specific registration tag used to extract schemas into $defs — it is not user-facing JSON Schema metadata. Strip it from the output body where it would otherwise leak. The id is preserved implicitly via the $defs key (and via $ref paths).
    const rootMetaId = ctx.metadataRegistry.get(schema)?.id;
    if (rootMetaId !== undefined && result.id === rootMetaId)
        delete result.id;
    // build defs object. With `external`, `defs` is the shared object every schema writes into, so the same entries are reassigned on every call. Without it, `defs` is fresh per call and must be rebuilt.
    const defs = ctx.external?.defs ?? {};
    if (!ctx.external || ctx.sharedEmitDoneFor !== ctx.external) {
        for (const entry of ctx.seen.entries()) {
            const seen = entry[1];
            if (seen.def && seen.defId) {
                if (seen.def.id === seen.defId)
                    delete seen.def.id;
                util_assignProp(defs, seen.defId, seen.def);
            }
        }
    }
    if (ctx.external)
        ctx.sharedEmitDoneFor = ctx.external;
    // set definitions in result
    if (ctx.external) {
    }
    else {
        if (Object.keys(defs).length > 0) {
            if (ctx.target === "draft-2020-12") {
                result.$defs = defs;
            }
            else {
                result.definitions = defs;
            }
        }
    }
    try {
        // this "finalizes" this schema and ensures all cycles are removed each call to finalize() is functionally independent though the seen map is shared
        const finalized = JSON.parse(JSON.stringify(result));
        Object.defineProperty(finalized, "~standard", {
            value: {
                ...schema["~standard"],
                jsonSchema: {
                    input: createStandardJSONSchemaMethod(schema, "input", ctx.processors),
                    output: createStandardJSONSchemaMethod(schema, "output", ctx.processors),
                },
            },
            enumerable: false,
            writable: false,
        });
        return finalized;
    }
    catch (_err) {
        throw new Error("Error converting schema to JSON.");
    }
}
function isTransforming(_schema, _ctx) {
    const ctx = _ctx ?? { seen: new Set() };
    if (ctx.seen.has(_schema))
        return false;
    ctx.seen.add(_schema);
    const def = _schema._zod.def;
    if (def.type === "transform")
        return true;
    if (def.type === "array")
        return isTransforming(def.element, ctx);
    if (def.type === "set")
        return isTransforming(def.valueType, ctx);
    if (def.type === "lazy")
        return isTransforming(def.getter(), ctx);
    if (def.type === "promise" ||
        def.type === "optional" ||
        def.type === "nonoptional" ||
        def.type === "nullable" ||
        def.type === "readonly" ||
        def.type === "default" ||
        def.type === "prefault" ||
        def.type === "catch") {
        return isTransforming(def.innerType, ctx);
    }
    if (def.type === "intersection") {
        return isTransforming(def.left, ctx) || isTransforming(def.right, ctx);
    }
    if (def.type === "record" || def.type === "map") {
        return isTransforming(def.keyType, ctx) || isTransforming(def.valueType, ctx);
    }
    if (def.type === "pipe") {
        if (_schema._zod.traits.has("$ZodCodec"))
            return true;
        return isTransforming(def.in, ctx) || isTransforming(def.out, ctx);
    }
    if (def.type === "object") {
        for (const key in def.shape) {
            if (isTransforming(def.shape[key], ctx))
                return true;
        }
        return false;
    }
    if (def.type === "union") {
        for (const option of def.options) {
            if (isTransforming(option, ctx))
                return true;
        }
        return false;
    }
    if (def.type === "tuple") {
        for (const item of def.items) {
            if (isTransforming(item, ctx))
                return true;
        }
        if (def.rest && isTransforming(def.rest, ctx))
            return true;
        return false;
    }
    return false;
}
/**
 * Creates a toJSONSchema method for a schema instance.
 * This encapsulates the logic of initializing context, processing, extracting defs, and finalizing.
 */
const createToJSONSchemaMethod = (schema, processors = {}) => (params) => {
    const ctx = to_json_schema_initializeContext({ ...params, processors });
    to_json_schema_processSchema(schema, ctx);
    to_json_schema_extractDefs(ctx, schema);
    return to_json_schema_finalize(ctx, schema);
};
const createStandardJSONSchemaMethod = (schema, io, processors = {}) => (params) => {
    const { libraryOptions, target } = params ?? {};
    const ctx = to_json_schema_initializeContext({ ...(libraryOptions ?? {}), target, io, processors });
    to_json_schema_processSchema(schema, ctx);
    to_json_schema_extractDefs(ctx, schema);
    return to_json_schema_finalize(ctx, schema);
};

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/json-schema-processors.js




const narrowMin = (agg, key, value) => {
    if (agg[key] === undefined || value > agg[key])
        agg[key] = value;
};
const narrowMax = (agg, key, value) => {
    if (agg[key] === undefined || value < agg[key])
        agg[key] = value;
};
const narrowBoth = (agg, value) => {
    narrowMin(agg, "minimum", value);
    narrowMax(agg, "maximum", value);
};
const addDivisor = (agg, value) => {
    agg.multipleOf ?? (agg.multipleOf = []);
    if (!agg.multipleOf.includes(value))
        agg.multipleOf.push(value);
};
const addPattern = (agg, pattern) => {
    agg.patterns ?? (agg.patterns = new Set());
    agg.patterns.add(pattern);
};
const intersectMime = (agg, mime) => {
    agg.mime = agg.mime ? agg.mime.filter((m) => mime.includes(m)) : [...mime];
};
// last-wins, matching the bag's historical write order; the flag keeps an integer format from being lost to a later float one
const setFormat = (agg, format) => {
    agg.format = format;
    if (format.includes("int"))
        agg.isInt = true;
};
const minContributor = (agg, def) => narrowMin(agg, "minimum", def.minimum);
const maxContributor = (agg, def) => narrowMax(agg, "maximum", def.maximum);
const formatContributor = (ranges) => (agg, def) => {
    setFormat(agg, def.format);
    const [minimum, maximum] = ranges[def.format];
    narrowMin(agg, "minimum", minimum);
    narrowMax(agg, "maximum", maximum);
};
const contributors = {
    greater_than: (agg, def) => narrowMin(agg, def.inclusive ? "minimum" : "exclusiveMinimum", def.value),
    less_than: (agg, def) => narrowMax(agg, def.inclusive ? "maximum" : "exclusiveMaximum", def.value),
    multiple_of: (agg, def) => addDivisor(agg, def.value),
    number_format: formatContributor(NUMBER_FORMAT_RANGES),
    bigint_format: formatContributor(BIGINT_FORMAT_RANGES),
    min_length: minContributor,
    max_length: maxContributor,
    length_equals: (agg, def) => narrowBoth(agg, def.length),
    min_size: minContributor,
    max_size: maxContributor,
    size_equals: (agg, def) => narrowBoth(agg, def.size),
    string_format: (agg, def) => {
        setFormat(agg, def.format);
        if (def.pattern)
            addPattern(agg, def.pattern);
        if (def.format === "base64" || def.format === "base64url")
            agg.contentEncoding = def.format;
        if (def.local || def.precision === -1)
            agg.laxFormat = true;
    },
    mime_type: (agg, def) => intersectMime(agg, def.mime),
};
function aggregateChecks(schema) {
    const agg = {};
    const def = schema._zod.def;
    // a format schema is its own first check, same rule as $ZodType init
    const list = schema._zod.traits.has("$ZodCheck")
        ? [schema, ...(def.checks ?? [])]
        : (def.checks ?? []);
    for (const ch of list)
        contributors[ch._zod.def.check]?.(agg, ch._zod.def);
    // reconcile with the bag so third-party onattach contributions still land; first-party residue is never tighter than the fold, so merging it back is idempotent for one and additive for the other
    const bag = schema._zod.bag;
    if (bag.minimum !== undefined)
        narrowMin(agg, "minimum", bag.minimum);
    if (bag.exclusiveMinimum !== undefined)
        narrowMin(agg, "exclusiveMinimum", bag.exclusiveMinimum);
    if (bag.maximum !== undefined)
        narrowMax(agg, "maximum", bag.maximum);
    if (bag.exclusiveMaximum !== undefined)
        narrowMax(agg, "exclusiveMaximum", bag.exclusiveMaximum);
    if (bag.multipleOf !== undefined)
        addDivisor(agg, bag.multipleOf);
    if (bag.format !== undefined) {
        agg.format ?? (agg.format = bag.format);
        if (bag.format.includes("int"))
            agg.isInt = true;
    }
    if (bag.mime)
        intersectMime(agg, bag.mime);
    for (const pattern of bag.patterns ?? [])
        addPattern(agg, pattern);
    return agg;
}
const formatMap = {
    guid: "uuid",
    url: "uri",
    datetime: "date-time",
    json_string: "json-string",
    regex: "", // do not set
};
// ==================== SIMPLE TYPE PROCESSORS ====================
// the runtime patterns are lax so parse paths never overflow the regex stack; the emitted schema swaps in the exact block forms, which zod itself never executes
const exactPatterns = new Map([
    [base64Charset, base64],
    [base64urlCharset, base64url],
]);
const exactPattern = (p) => exactPatterns.get(p) ?? p;
const stringProcessor = (schema, ctx, _json, _params) => {
    const json = _json;
    json.type = "string";
    const { minimum, maximum, format, patterns, contentEncoding, laxFormat } = aggregateChecks(schema);
    if (typeof minimum === "number")
        json.minLength = minimum;
    if (typeof maximum === "number")
        json.maxLength = maximum;
    // custom pattern overrides format
    if (format) {
        json.format = formatMap[format] ?? format;
        if (json.format === "")
            delete json.format; // empty format is not valid
        // `z.iso.time()` is never full-time, and `laxFormat` carries the datetime shapes that also accept what their keyword forbids
        if (format === "time" || laxFormat) {
            delete json.format;
        }
    }
    if (contentEncoding)
        json.contentEncoding = contentEncoding;
    if (patterns && patterns.size > 0) {
        const patternList = [...patterns].map(exactPattern);
        if (patternList.length === 1)
            json.pattern = patternList[0].source;
        else if (patternList.length > 1) {
            json.allOf = [
                ...patternList.map((regex) => ({
                    ...(ctx.target === "draft-07" || ctx.target === "draft-04" || ctx.target === "openapi-3.0"
                        ? { type: "string" }
                        : {}),
                    pattern: regex.source,
                })),
            ];
        }
    }
};
const numberProcessor = (schema, ctx, _json, params) => {
    const json = _json;
    const { minimum, maximum, multipleOf, exclusiveMaximum, exclusiveMinimum, isInt } = aggregateChecks(schema);
    json.type = isInt ? "integer" : "number";
    // when both minimum and exclusiveMinimum exist, pick the more restrictive one
    const exMin = typeof exclusiveMinimum === "number" && exclusiveMinimum >= (minimum ?? Number.NEGATIVE_INFINITY);
    const exMax = typeof exclusiveMaximum === "number" && exclusiveMaximum <= (maximum ?? Number.POSITIVE_INFINITY);
    const legacy = ctx.target === "draft-04" || ctx.target === "openapi-3.0";
    if (exMin) {
        if (legacy) {
            json.minimum = exclusiveMinimum;
            json.exclusiveMinimum = true;
        }
        else {
            json.exclusiveMinimum = exclusiveMinimum;
        }
    }
    else if (typeof minimum === "number") {
        json.minimum = minimum;
    }
    if (exMax) {
        if (legacy) {
            json.maximum = exclusiveMaximum;
            json.exclusiveMaximum = true;
        }
        else {
            json.exclusiveMaximum = exclusiveMaximum;
        }
    }
    else if (typeof maximum === "number") {
        json.maximum = maximum;
    }
    if (multipleOf) {
        // JSON Schema requires a divisor strictly greater than zero, and a non-finite one does not survive JSON at all. A negative divisor accepts exactly what its absolute value accepts, so it still maps; zero, NaN and Infinity have no keyword form.
        const divisors = new Set();
        for (const divisor of multipleOf) {
            if (Number.isFinite(divisor) && divisor !== 0)
                divisors.add(Math.abs(divisor));
            else
                handleUnrepresentable(schema, ctx, json, params, `A multipleOf divisor of ${divisor} cannot be represented in JSON Schema`);
        }
        // chained divisors are a conjunction the keyword cannot carry alone, so extras ride an allOf, same as stacked patterns
        const [first, ...rest] = divisors;
        if (first !== undefined)
            json.multipleOf = first;
        if (rest.length)
            json.allOf = [...(json.allOf ?? []), ...rest.map((m) => ({ multipleOf: m }))];
    }
};
const booleanProcessor = (_schema, _ctx, json, _params) => {
    json.type = "boolean";
};
const bigintProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "BigInt cannot be represented in JSON Schema");
};
const symbolProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Symbols cannot be represented in JSON Schema");
};
const nullProcessor = (_schema, ctx, json, _params) => {
    if (ctx.target === "openapi-3.0") {
        json.type = "string";
        json.nullable = true;
        json.enum = [null];
    }
    else {
        json.type = "null";
    }
};
const undefinedProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Undefined cannot be represented in JSON Schema");
};
const voidProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Void cannot be represented in JSON Schema");
};
const neverProcessor = (_schema, _ctx, json, _params) => {
    json.not = {};
};
const anyProcessor = (_schema, _ctx, _json, _params) => {
    // empty schema accepts anything
};
const unknownProcessor = (_schema, _ctx, _json, _params) => {
    // empty schema accepts anything
};
const dateProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Date cannot be represented in JSON Schema");
};
const enumProcessor = (schema, _ctx, json, _params) => {
    const def = schema._zod.def;
    const values = getEnumValues(def.entries);
    // an empty enum accepts nothing, same as z.never()
    if (values.length === 0) {
        json.not = {};
        return;
    }
    // Number enums can have both string and number values
    if (values.every((v) => typeof v === "number"))
        json.type = "number";
    if (values.every((v) => typeof v === "string"))
        json.type = "string";
    json.enum = values;
};
const literalProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    // a literal with no values accepts nothing, same as z.never()
    if (def.values.length === 0) {
        json.not = {};
        return;
    }
    const vals = [];
    for (const val of def.values) {
        if (val === undefined) {
            // a custom schema replaces the whole literal, so there is nothing left to accumulate
            if (handleUnrepresentable(schema, ctx, json, params, "Literal `undefined` cannot be represented in JSON Schema"))
                return;
            // otherwise do not add to vals
        }
        else if (typeof val === "bigint") {
            if (handleUnrepresentable(schema, ctx, json, params, "BigInt literals cannot be represented in JSON Schema"))
                return;
            vals.push(Number(val));
        }
        else {
            vals.push(val);
        }
    }
    if (vals.length === 0) {
        // do nothing (an undefined literal was stripped)
    }
    else if (vals.length === 1) {
        const val = vals[0];
        json.type = val === null ? "null" : typeof val;
        if (ctx.target === "draft-04" || ctx.target === "openapi-3.0") {
            json.enum = [val];
        }
        else {
            json.const = val;
        }
    }
    else {
        if (vals.every((v) => typeof v === "number"))
            json.type = "number";
        if (vals.every((v) => typeof v === "string"))
            json.type = "string";
        if (vals.every((v) => typeof v === "boolean"))
            json.type = "boolean";
        if (vals.every((v) => v === null))
            json.type = "null";
        json.enum = vals;
    }
};
const nanProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "NaN cannot be represented in JSON Schema");
};
const templateLiteralProcessor = (schema, _ctx, json, _params) => {
    const _json = json;
    const pattern = schema._zod.pattern;
    if (!pattern)
        throw new Error("Pattern not found in template literal");
    _json.type = "string";
    _json.pattern = pattern.source;
};
const fileProcessor = (schema, _ctx, json, _params) => {
    const _json = json;
    _json.type = "string";
    _json.format = "binary";
    _json.contentEncoding = "binary";
    const { minimum, maximum, mime } = aggregateChecks(schema);
    if (minimum !== undefined)
        _json.minLength = minimum;
    if (maximum !== undefined)
        _json.maxLength = maximum;
    if (!mime)
        return;
    // an empty intersection means the mime checks share no value, so nothing passes at runtime; `anyOf` must be non-empty, so the false schema is `not: {}`
    if (mime.length === 0)
        _json.not = {};
    else if (mime.length === 1)
        _json.contentMediaType = mime[0];
    // only contentMediaType differs, so the shared props stay at the root
    else
        _json.anyOf = mime.map((m) => ({ contentMediaType: m }));
};
const successProcessor = (_schema, _ctx, json, _params) => {
    json.type = "boolean";
};
const customProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Custom types cannot be represented in JSON Schema");
};
const functionProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Function types cannot be represented in JSON Schema");
};
const transformProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Transforms cannot be represented in JSON Schema");
};
const mapProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Map cannot be represented in JSON Schema");
};
const setProcessor = (schema, ctx, json, params) => {
    handleUnrepresentable(schema, ctx, json, params, "Set cannot be represented in JSON Schema");
};
// ==================== COMPOSITE TYPE PROCESSORS ====================
const arrayProcessor = (schema, ctx, _json, params) => {
    const json = _json;
    const def = schema._zod.def;
    const { minimum, maximum } = aggregateChecks(schema);
    if (typeof minimum === "number")
        json.minItems = minimum;
    if (typeof maximum === "number")
        json.maxItems = maximum;
    json.type = "array";
    json.items = to_json_schema_processSchema(def.element, ctx, {
        ...params,
        path: [...params.path, "items"],
    });
};
// Transform and catch set `optin = "optional"` at runtime so the parser lets them observe an
// absent key, but their declared input type stays required. An input JSON Schema describes the
// declared type, so resolve past them to the schema that actually carries the optionality.
// Used by both `objectProcessor` (for `required`) and `tupleProcessor` (for `minItems`); see
// wiki/optionality.md, "The JSON Schema emitter reads the *static* value".
function inputOptin(schema) {
    const def = schema._zod.def;
    if (def.type === "pipe" && def.in._zod.traits.has("$ZodTransform")) {
        return inputOptin(def.out);
    }
    if (def.type === "catch") {
        return inputOptin(def.innerType);
    }
    return schema._zod.optin;
}
const objectProcessor = (schema, ctx, _json, params) => {
    const json = _json;
    const def = schema._zod.def;
    const shape = def.shape;
    // dropping it while still emitting `additionalProperties: false` would emit a schema that rejects data this one requires
    const symbolKeys = Object.getOwnPropertySymbols(shape);
    if (symbolKeys.length &&
        handleUnrepresentable(schema, ctx, json, params, "Symbol keys cannot be represented in JSON Schema")) {
        return;
    }
    json.type = "object";
    json.properties = {};
    for (const key in shape) {
        // assignProp so a __proto__ key becomes an own property instead of hitting the inherited setter on the plain {} we build into
        util_assignProp(json.properties, key, to_json_schema_processSchema(shape[key], ctx, {
            ...params,
            path: [...params.path, "properties", key],
        }));
    }
    // required keys
    const requiredKeys = [];
    for (const key of Object.keys(shape)) {
        const field = def.shape[key];
        if (ctx.io === "input" ? inputOptin(field) === undefined : field._zod.optout === undefined) {
            requiredKeys.push(key);
        }
    }
    if (requiredKeys.length > 0) {
        json.required = requiredKeys;
    }
    // catchall
    if (def.catchall?._zod.def.type === "never") {
        // strict
        json.additionalProperties = false;
    }
    else if (!def.catchall) {
        // regular
        if (ctx.io === "output")
            json.additionalProperties = false;
    }
    else if (def.catchall) {
        json.additionalProperties = to_json_schema_processSchema(def.catchall, ctx, {
            ...params,
            path: [...params.path, "additionalProperties"],
        });
    }
};
const unionProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    // Exclusive unions (inclusive === false) use oneOf (exactly one match) instead of anyOf (one or more matches). This includes both z.xor() and discriminated unions
    const isExclusive = def.inclusive === false;
    const options = def.options.map((x, i) => to_json_schema_processSchema(x, ctx, {
        ...params,
        path: [...params.path, isExclusive ? "oneOf" : "anyOf", i],
    }));
    if (isExclusive) {
        json.oneOf = options;
    }
    else {
        json.anyOf = options;
    }
};
const intersectionProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    const a = to_json_schema_processSchema(def.left, ctx, {
        ...params,
        path: [...params.path, "allOf", 0],
    });
    const b = to_json_schema_processSchema(def.right, ctx, {
        ...params,
        path: [...params.path, "allOf", 1],
    });
    const isSimpleIntersection = (val) => "allOf" in val && Object.keys(val).length === 1;
    const allOf = [
        ...(isSimpleIntersection(a) ? a.allOf : [a]),
        ...(isSimpleIntersection(b) ? b.allOf : [b]),
    ];
    json.allOf = allOf;
    // Recorded innermost first, so a nested intersection has already folded by the time this one is considered. The array is the handle rather than the schema, because a wrapper that inherits this schema shares the same array; `finalize` folds every object holding it. See `foldIntersection`.
    ctx.intersections.push(allOf);
};
const tupleProcessor = (schema, ctx, _json, params) => {
    const json = _json;
    const def = schema._zod.def;
    json.type = "array";
    const prefixPath = ctx.target === "draft-2020-12" ? "prefixItems" : "items";
    const restPath = ctx.target === "draft-2020-12" ? "items" : ctx.target === "openapi-3.0" ? "items" : "additionalItems";
    const prefixItems = def.items.map((x, i) => to_json_schema_processSchema(x, ctx, {
        ...params,
        path: [...params.path, prefixPath, i],
    }));
    const rest = def.rest
        ? to_json_schema_processSchema(def.rest, ctx, {
            ...params,
            path: [...params.path, restPath, ...(ctx.target === "openapi-3.0" ? [def.items.length] : [])],
        })
        : null;
    let minItems = def.items.length;
    while (minItems > 0) {
        const item = def.items[minItems - 1];
        const optional = ctx.io === "input" ? inputOptin(item) !== undefined : item._zod.optout === "optional";
        if (!optional)
            break;
        minItems--;
    }
    const maxItems = def.items.length;
    const isClosed = !def.rest;
    if (ctx.target === "draft-2020-12") {
        json.prefixItems = prefixItems;
        if (isClosed) {
            json.items = false;
        }
        else if (rest) {
            json.items = rest;
        }
        if (minItems > 0)
            json.minItems = minItems;
        if (isClosed)
            json.maxItems = maxItems;
    }
    else if (ctx.target === "openapi-3.0") {
        json.items = {
            anyOf: prefixItems,
        };
        if (rest) {
            json.items.anyOf.push(rest);
        }
        if (minItems > 0)
            json.minItems = minItems;
        if (isClosed)
            json.maxItems = maxItems;
    }
    else {
        json.items = prefixItems;
        if (isClosed) {
            json.additionalItems = false;
        }
        else if (rest) {
            json.additionalItems = rest;
        }
        if (minItems > 0)
            json.minItems = minItems;
        if (isClosed)
            json.maxItems = maxItems;
    }
    // explicit user-defined length checks take precedence
    const { minimum, maximum } = aggregateChecks(schema);
    if (typeof minimum === "number")
        json.minItems = minimum;
    if (typeof maximum === "number")
        json.maxItems = maximum;
};
/** JSON object keys are always strings, so a numeric record key schema is re-expressed over the
 * numeric-string form the record parser matches. Deferred to `finalize`, after the flatten: a key
 * behind a wrapper only carries its own `type` before then, and a union key only has its branches.
 *
 * A numeric bound cannot apply to a property name, so `minimum` and its siblings are dropped rather
 * than carried over: keeping them beside `type: "string"` reproduces the match-nothing schema this
 * exists to fix. A key that carries one therefore emits wider than the record parses — `z.record(z.number().min(5), V)`
 * accepts `"3"` — which is the deliberate trade, since throwing on it would reject an ordinary schema
 * outright. */
function stringifyKeyNames(bySchema, json, visited) {
    // an extracted key that rewrites cannot go on sharing its definition — the string form a key position needs is not the number form every other reference wants — so it inlines. One that does not rewrite keeps the `$ref`.
    if (json.$ref) {
        // a recursive key holds its own reference inside its definition, so a node already on the path is left alone rather than resolved again
        if (visited.has(json))
            return json;
        visited.add(json);
        const def = bySchema.get(json)?.def;
        if (!def)
            return json;
        const inlined = stringifyKeyNames(bySchema, def, visited);
        return inlined === def ? json : inlined;
    }
    for (const keyword of ["anyOf", "oneOf"]) {
        const branches = json[keyword];
        if (!Array.isArray(branches))
            continue;
        const mapped = branches.map((branch) => stringifyKeyNames(bySchema, branch, visited));
        // rebuilding regardless would detach a key that had nothing to re-express, dropping its `$ref` and leaking the internal `id`
        if (mapped.some((branch, i) => branch !== branches[i]))
            json = { ...json, [keyword]: mapped };
    }
    // a member that already admits a string leaves the key unconstrained, so the node's own type re-expresses only when every member is numeric
    const types = Array.isArray(json.type) ? json.type : [json.type];
    const numericType = !types.includes("string") && types.some((t) => t === "number" || t === "integer");
    // a heterogeneous key carries no type at all, so its numeric members are caught here instead
    const values = json.enum ?? (json.const !== undefined ? [json.const] : undefined);
    if (!numericType && !values?.some((v) => typeof v === "number"))
        return json;
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format, id, ...rest } = json;
    if (rest.enum)
        rest.enum = rest.enum.map((v) => (typeof v === "number" ? String(v) : v));
    else if (typeof rest.const === "number")
        rest.const = String(rest.const);
    // a heterogeneous key keeps its absent type: the stringified members already say what a key may be
    if (!numericType)
        return rest;
    rest.type = "string";
    if (!values)
        rest.pattern = (types.includes("number") ? number : integer).source;
    return rest;
}
/** Every record of one conversion, so the carriers are found in a single pass rather than once per record. */
const pendingRecords = new WeakMap();
function rewriteKeyNames(ctx) {
    // an extracted key is resolved by the object `extractToDef` left in its place, so the map is built once rather than searched per reference. `_zod.toJSONSchema` can hand the same object to two schemas, so the first entry carrying a body wins, as a search would have found it.
    const bySchema = new Map();
    for (const entry of ctx.seen.values()) {
        if (entry.def && !bySchema.has(entry.schema))
            bySchema.set(entry.schema, entry);
    }
    const rewrites = new Map();
    for (const record of pendingRecords.get(ctx) ?? []) {
        const seen = ctx.seen.get(record);
        const names = (seen?.def ?? seen?.schema)?.propertyNames;
        if (!names || names === true || rewrites.has(names))
            continue;
        const rewritten = stringifyKeyNames(bySchema, names, new Set());
        if (rewritten !== names)
            rewrites.set(names, rewritten);
    }
    if (!rewrites.size)
        return;
    // the flatten has already copied each record's own properties onto every wrapper by reference, and an extracted body is another such copy, so every carrier holding a rewritten key is updated together
    for (const entry of ctx.seen.values()) {
        for (const carrier of [entry.schema, entry.def]) {
            const rewritten = carrier && rewrites.get(carrier.propertyNames);
            if (rewritten)
                carrier.propertyNames = rewritten;
        }
    }
}
const recordProcessor = (schema, ctx, _json, params) => {
    const json = _json;
    const def = schema._zod.def;
    json.type = "object";
    // For looseRecord with regex patterns, use patternProperties. This correctly represents "only validate keys matching the pattern" semantics and composes well with allOf (intersections)
    const keyType = def.keyType;
    const patterns = aggregateChecks(keyType).patterns;
    if (def.mode === "loose" && patterns && patterns.size > 0) {
        // Use patternProperties for looseRecord with regex patterns
        const valueSchema = to_json_schema_processSchema(def.valueType, ctx, {
            ...params,
            path: [...params.path, "patternProperties", "*"],
        });
        json.patternProperties = {};
        for (const pattern of patterns) {
            util_assignProp(json.patternProperties, exactPattern(pattern).source, valueSchema);
        }
    }
    else {
        // Default behavior: use propertyNames + additionalProperties
        if (ctx.target === "draft-07" || ctx.target === "draft-2020-12") {
            json.propertyNames = to_json_schema_processSchema(def.keyType, ctx, {
                ...params,
                path: [...params.path, "propertyNames"],
            });
            let pending = pendingRecords.get(ctx);
            if (!pending) {
                pending = [];
                pendingRecords.set(ctx, pending);
                ctx.deferred.push(() => rewriteKeyNames(ctx));
            }
            pending.push(schema);
        }
        json.additionalProperties = to_json_schema_processSchema(def.valueType, ctx, {
            ...params,
            path: [...params.path, "additionalProperties"],
        });
    }
    // Add required for keys with discrete values (enum, literal, etc.)
    const keyValues = keyType._zod.values;
    // Every key shares one value schema, so an optional-in value makes the whole key set omittable on input. Output keeps them: the exhaustive branch assigns every key, even one whose value came back undefined.
    const omittableOnInput = ctx.io === "input" && inputOptin(def.valueType) !== undefined;
    if (keyValues && !def.partial && !omittableOnInput) {
        const validKeyValues = [...keyValues].filter((v) => typeof v === "string" || typeof v === "number");
        if (validKeyValues.length > 0) {
            json.required = validKeyValues.map(String);
        }
    }
};
const nullableProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    const inner = to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    if (ctx.target === "openapi-3.0") {
        seen.ref = def.innerType;
        json.nullable = true;
    }
    else {
        json.anyOf = [inner, { type: "null" }];
    }
};
const nonoptionalProcessor = (schema, ctx, _json, params) => {
    const def = schema._zod.def;
    to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = def.innerType;
};
/** Round-trips a default value through JSON so the emitted schema is guaranteed to be valid JSON.
 * A BigInt has no reliable encoding, so it goes through `unrepresentable` like any other
 * unrepresentable value. Returns a sentinel when the caller must not write a default of its own. */
const UNREPRESENTABLE_DEFAULT = Symbol();
function serializeDefaultValue(value, schema, ctx, json, params) {
    let unrepresentable = false;
    const serialized = JSON.stringify(value, (_, val) => {
        if (typeof val !== "bigint")
            return val;
        unrepresentable = true;
        return null;
    });
    if (!unrepresentable)
        return JSON.parse(serialized);
    handleUnrepresentable(schema, ctx, json, params, "BigInt defaults cannot be represented in JSON Schema");
    return UNREPRESENTABLE_DEFAULT;
}
const defaultProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = def.innerType;
    const value = serializeDefaultValue(def.defaultValue, schema, ctx, json, params);
    if (value !== UNREPRESENTABLE_DEFAULT)
        json.default = value;
};
const prefaultProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = def.innerType;
    if (ctx.io !== "input")
        return;
    const value = serializeDefaultValue(def.defaultValue, schema, ctx, json, params);
    if (value !== UNREPRESENTABLE_DEFAULT)
        json._prefault = value;
};
const catchProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = def.innerType;
    let catchValue;
    try {
        catchValue = def.catchValue(undefined);
    }
    catch {
        handleUnrepresentable(schema, ctx, json, params, "Dynamic catch values are not supported in JSON Schema");
        return;
    }
    json.default = catchValue;
};
const pipeProcessor = (schema, ctx, _json, params) => {
    const def = schema._zod.def;
    const inIsTransform = def.in._zod.traits.has("$ZodTransform");
    const innerType = ctx.io === "input" ? (inIsTransform ? def.out : def.in) : def.out;
    to_json_schema_processSchema(innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = innerType;
};
const readonlyProcessor = (schema, ctx, json, params) => {
    const def = schema._zod.def;
    to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = def.innerType;
    json.readOnly = true;
};
const promiseProcessor = (schema, ctx, _json, params) => {
    const def = schema._zod.def;
    to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = def.innerType;
};
const optionalProcessor = (schema, ctx, _json, params) => {
    const def = schema._zod.def;
    to_json_schema_processSchema(def.innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = def.innerType;
};
const lazyProcessor = (schema, ctx, _json, params) => {
    const innerType = schema._zod.innerType;
    to_json_schema_processSchema(innerType, ctx, params);
    const seen = ctx.seen.get(schema);
    seen.ref = innerType;
};
// ==================== ALL PROCESSORS ====================
const allProcessors = {
    string: stringProcessor,
    number: numberProcessor,
    boolean: booleanProcessor,
    bigint: bigintProcessor,
    symbol: symbolProcessor,
    null: nullProcessor,
    undefined: undefinedProcessor,
    void: voidProcessor,
    never: neverProcessor,
    any: anyProcessor,
    unknown: unknownProcessor,
    date: dateProcessor,
    enum: enumProcessor,
    literal: literalProcessor,
    nan: nanProcessor,
    template_literal: templateLiteralProcessor,
    file: fileProcessor,
    success: successProcessor,
    custom: customProcessor,
    function: functionProcessor,
    transform: transformProcessor,
    map: mapProcessor,
    set: setProcessor,
    array: arrayProcessor,
    object: objectProcessor,
    union: unionProcessor,
    intersection: intersectionProcessor,
    tuple: tupleProcessor,
    record: recordProcessor,
    nullable: nullableProcessor,
    nonoptional: nonoptionalProcessor,
    default: defaultProcessor,
    prefault: prefaultProcessor,
    catch: catchProcessor,
    pipe: pipeProcessor,
    readonly: readonlyProcessor,
    promise: promiseProcessor,
    optional: optionalProcessor,
    lazy: lazyProcessor,
};
function toJSONSchema(input, params) {
    if ("_idmap" in input) {
        // Registry case
        const registry = input;
        const ctx = initializeContext({ ...params, processors: allProcessors });
        const defs = {};
        // First pass: process all schemas to build the seen map
        for (const entry of registry._idmap.entries()) {
            const [_, schema] = entry;
            processSchema(schema, ctx);
        }
        const schemas = {};
        const external = {
            registry,
            uri: params?.uri,
            defs,
        };
        // Update the context with external configuration
        ctx.external = external;
        // Second pass: emit each schema
        for (const entry of registry._idmap.entries()) {
            const [key, schema] = entry;
            extractDefs(ctx, schema);
            assignProp(schemas, key, finalize(ctx, schema));
        }
        if (Object.keys(defs).length > 0) {
            const defsSegment = ctx.target === "draft-2020-12" ? "$defs" : "definitions";
            schemas.__shared = {
                [defsSegment]: defs,
            };
        }
        return { schemas };
    }
    // Single schema case
    const ctx = initializeContext({ ...params, processors: allProcessors });
    processSchema(input, ctx);
    extractDefs(ctx, input);
    return finalize(ctx, input);
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/locales/en.js

const en_error = () => {
    const Sizable = {
        string: { unit: "characters", verb: "to have" },
        file: { unit: "bytes", verb: "to have" },
        array: { unit: "items", verb: "to have" },
        set: { unit: "items", verb: "to have" },
        map: { unit: "entries", verb: "to have" },
    };
    function getSizing(origin) {
        return Sizable[origin] ?? null;
    }
    const FormatDictionary = {
        regex: "input",
        email: "email address",
        url: "URL",
        emoji: "emoji",
        uuid: "UUID",
        uuidv4: "UUIDv4",
        uuidv6: "UUIDv6",
        nanoid: "nanoid",
        guid: "GUID",
        cuid: "cuid",
        cuid2: "cuid2",
        ulid: "ULID",
        xid: "XID",
        ksuid: "KSUID",
        datetime: "ISO datetime",
        date: "ISO date",
        time: "ISO time",
        duration: "ISO duration",
        ipv4: "IPv4 address",
        ipv6: "IPv6 address",
        mac: "MAC address",
        cidrv4: "IPv4 range",
        cidrv6: "IPv6 range",
        base64: "base64-encoded string",
        base64url: "base64url-encoded string",
        json_string: "JSON string",
        e164: "E.164 number",
        currency_code: "currency code",
        credit_card: "credit card number",
        iban: "IBAN",
        jwt: "JWT",
        template_literal: "input",
    };
    // type names: missing keys = do not translate (use raw value via ?? fallback)
    const TypeDictionary = {
        // Compatibility: "nan" -> "NaN" for display
        nan: "NaN",
        // All other type names omitted - they fall back to raw values via ?? operator
    };
    function getTypeName(type, input) {
        if (type === "number" && typeof input === "number" && !Number.isFinite(input)) {
            return String(input);
        }
        return TypeDictionary[type] ?? type;
    }
    return (issue) => {
        switch (issue.code) {
            case "invalid_type": {
                const expected = getTypeName(issue.expected);
                const receivedType = parsedType(issue.input);
                const received = getTypeName(receivedType, issue.input);
                return `Invalid input: expected ${expected}, received ${received}`;
            }
            case "invalid_value":
                if (issue.values.length === 1)
                    return `Invalid input: expected ${stringifyPrimitive(issue.values[0])}`;
                return `Invalid option: expected one of ${joinValues(issue.values, "|")}`;
            case "too_big": {
                const adj = issue.exact ? "exactly " : issue.inclusive ? "<=" : "<";
                const sizing = getSizing(issue.origin);
                if (sizing)
                    return `Too big: expected ${issue.origin ?? "value"} to have ${adj}${issue.maximum.toString()} ${sizing.unit ?? "elements"}`;
                return `Too big: expected ${issue.origin ?? "value"} to be ${adj}${issue.maximum.toString()}`;
            }
            case "too_small": {
                const adj = issue.exact ? "exactly " : issue.inclusive ? ">=" : ">";
                const sizing = getSizing(issue.origin);
                if (sizing) {
                    return `Too small: expected ${issue.origin} to have ${adj}${issue.minimum.toString()} ${sizing.unit}`;
                }
                return `Too small: expected ${issue.origin} to be ${adj}${issue.minimum.toString()}`;
            }
            case "invalid_format": {
                const _issue = issue;
                if (_issue.format === "starts_with") {
                    return `Invalid string: must start with "${_issue.prefix}"`;
                }
                if (_issue.format === "ends_with")
                    return `Invalid string: must end with "${_issue.suffix}"`;
                if (_issue.format === "includes")
                    return `Invalid string: must include "${_issue.includes}"`;
                if (_issue.format === "regex")
                    return `Invalid string: must match pattern ${_issue.pattern}`;
                return `Invalid ${FormatDictionary[_issue.format] ?? issue.format}`;
            }
            case "not_multiple_of":
                return `Invalid number: must be a multiple of ${issue.divisor}`;
            case "unrecognized_keys":
                return `Unrecognized key${issue.keys.length > 1 ? "s" : ""}: ${joinValues(issue.keys, ", ")}`;
            case "invalid_key":
                return `Invalid key in ${issue.origin}`;
            case "invalid_union":
                if (issue.options && Array.isArray(issue.options) && issue.options.length > 0) {
                    const opts = issue.options.map((o) => `'${o}'`).join(" | ");
                    return `Invalid discriminator value. Expected ${opts}`;
                }
                if (issue.inclusive === false) {
                    return "Invalid input: more than one option matched";
                }
                return "Invalid input";
            case "invalid_element":
                return `Invalid value in ${issue.origin}`;
            default:
                return `Invalid input`;
        }
    };
};
/* harmony default export */ function en() {
    return {
        localeError: en_error(),
    };
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/errors.js


/* Computing the message eagerly is expensive (pretty-printed JSON of all
 * issues), so defer it until first read. The accessor functions and
 * descriptors are shared across instances to keep error construction
 * cheap; the computed message is cached on the internals object. The
 * setter preserves plain assignment semantics for consumers that
 * overwrite `message`. */
function _getMessage() {
    const internals = this._zod;
    internals.message ?? (internals.message = JSON.stringify(internals.def, jsonStringifyReplacer, 2));
    return internals.message;
}
function _setMessage(value) {
    this._zod.message = value;
}
const _messageDesc = {
    get: _getMessage,
    set: _setMessage,
    enumerable: true,
    configurable: true,
};
const _issuesDesc = { value: undefined, enumerable: false };
/* Prototypes that already carry the lazy `toString`. Seeded with the
 * intrinsics so that `init` on a foreign object — it accepts any object —
 * can never install an accessor onto a prototype we do not own. */
const _installedToString = /* @__PURE__ */ new WeakSet([Object.prototype, Error.prototype]);
const initializer = (inst, def) => {
    inst.name = "$ZodError";
    // `_zod` is already non-enumerable: $constructor's init defined it with this same descriptor
    _issuesDesc.value = def;
    Object.defineProperty(inst, "issues", _issuesDesc);
    // Clear the shared slot; a retained `value` pins the last error's issues.
    _issuesDesc.value = undefined;
    Object.defineProperty(inst, "message", _messageDesc);
    /* `toString` lives as a non-enumerable lazy getter on the shared
     * prototype; on first access it caches a per-instance closure so
     * detached usage still works. */
    const proto = Object.getPrototypeOf(inst);
    if (!_installedToString.has(proto)) {
        _installedToString.add(proto);
        Object.defineProperty(proto, "toString", {
            configurable: true,
            enumerable: false,
            get() {
                const value = () => this.message;
                Object.defineProperty(this, "toString", { value, configurable: true, writable: true });
                return value;
            },
            set(value) {
                Object.defineProperty(this, "toString", { value, configurable: true, writable: true });
            },
        });
    }
};
const $ZodError = $constructor("$ZodError", initializer);
const $ZodRealError = $constructor("$ZodError", initializer, undefined, {
    Parent: Error,
});
/** Get-or-create `obj[key]` as an own data property. A path segment naming an inherited member
 * ("toString", "constructor") would otherwise read through to the prototype, and assigning
 * "__proto__" would hit the setter instead of creating a key. */
function node(obj, key, make) {
    if (!Object.prototype.hasOwnProperty.call(obj, key)) {
        if (key === "__proto__") {
            Object.defineProperty(obj, key, { value: make(), writable: true, enumerable: true, configurable: true });
        }
        else {
            obj[key] = make();
        }
    }
    return obj[key];
}
function flattenError(error, mapper = (issue) => issue.message) {
    const fieldErrors = {};
    const formErrors = [];
    for (const sub of error.issues) {
        if (sub.path.length > 0) {
            node(fieldErrors, sub.path[0], () => []).push(mapper(sub));
        }
        else {
            formErrors.push(mapper(sub));
        }
    }
    return { formErrors, fieldErrors };
}
function formatError(error, mapper = (issue) => issue.message) {
    const fieldErrors = { _errors: [] };
    const processError = (error, path = []) => {
        for (const issue of error.issues) {
            if (issue.code === "invalid_union" && issue.errors.length) {
                issue.errors.map((issues) => processError({ issues }, [...path, ...issue.path]));
            }
            else if (issue.code === "invalid_key") {
                processError({ issues: issue.issues }, [...path, ...issue.path]);
            }
            else if (issue.code === "invalid_element") {
                processError({ issues: issue.issues }, [...path, ...issue.path]);
            }
            else {
                const fullpath = [...path, ...issue.path];
                if (fullpath.length === 0) {
                    fieldErrors._errors.push(mapper(issue));
                }
                else {
                    let curr = fieldErrors;
                    let i = 0;
                    while (i < fullpath.length) {
                        const el = fullpath[i];
                        const terminal = i === fullpath.length - 1;
                        // `_errors` is reserved by this legacy format, so merge a matching path segment into the current node instead of treating its array as a child.
                        if (el === "_errors") {
                            if (terminal)
                                curr._errors.push(mapper(issue));
                            i++;
                            continue;
                        }
                        // A path element may collide with an inherited property name such as
                        // "__proto__" or "constructor". Truthiness checks read the prototype
                        // (so no node is created, then ._errors.push throws), and bracket
                        // assignment of "__proto__" hits the setter instead of creating an
                        // own key. Guard the read with hasOwnProperty and create the node
                        // with defineProperty so any path element becomes a real own key.
                        if (!Object.prototype.hasOwnProperty.call(curr, el)) {
                            Object.defineProperty(curr, el, {
                                value: { _errors: [] },
                                enumerable: true,
                                writable: true,
                                configurable: true,
                            });
                        }
                        const node = curr[el];
                        if (terminal) {
                            node._errors.push(mapper(issue));
                        }
                        curr = node;
                        i++;
                    }
                }
            }
        }
    };
    processError(error);
    return fieldErrors;
}
function treeifyError(error, mapper = (issue) => issue.message) {
    const result = { errors: [] };
    const processError = (error, path = []) => {
        var _a;
        for (const issue of error.issues) {
            if (issue.code === "invalid_union" && issue.errors.length) {
                // regular union error
                issue.errors.map((issues) => processError({ issues }, [...path, ...issue.path]));
            }
            else if (issue.code === "invalid_key") {
                processError({ issues: issue.issues }, [...path, ...issue.path]);
            }
            else if (issue.code === "invalid_element") {
                processError({ issues: issue.issues }, [...path, ...issue.path]);
            }
            else {
                const fullpath = [...path, ...issue.path];
                if (fullpath.length === 0) {
                    result.errors.push(mapper(issue));
                    continue;
                }
                let curr = result;
                let i = 0;
                while (i < fullpath.length) {
                    const el = fullpath[i];
                    const terminal = i === fullpath.length - 1;
                    if (typeof el === "string") {
                        curr.properties ?? (curr.properties = {});
                        // el may collide with an inherited property name ("__proto__",
                        // "constructor", ...); ??= reads the prototype so the node is never
                        // created and curr.errors.push throws. Guard with hasOwnProperty and
                        // create the node with defineProperty so "__proto__" becomes a real
                        // own key rather than invoking the prototype setter.
                        if (!Object.prototype.hasOwnProperty.call(curr.properties, el)) {
                            Object.defineProperty(curr.properties, el, {
                                value: { errors: [] },
                                enumerable: true,
                                writable: true,
                                configurable: true,
                            });
                        }
                        curr = curr.properties[el];
                    }
                    else {
                        curr.items ?? (curr.items = []);
                        (_a = curr.items)[el] ?? (_a[el] = { errors: [] });
                        curr = curr.items[el];
                    }
                    if (terminal) {
                        curr.errors.push(mapper(issue));
                    }
                    i++;
                }
            }
        }
    };
    processError(error);
    return result;
}
/** Format a ZodError as a human-readable string in the following form.
 *
 * From
 *
 * ```ts
 * ZodError {
 *   issues: [
 *     {
 *       expected: 'string',
 *       code: 'invalid_type',
 *       path: [ 'username' ],
 *       message: 'Invalid input: expected string'
 *     },
 *     {
 *       expected: 'number',
 *       code: 'invalid_type',
 *       path: [ 'favoriteNumbers', 1 ],
 *       message: 'Invalid input: expected number'
 *     }
 *   ];
 * }
 * ```
 *
 * to
 *
 * ```
 * username
 *   ✖ Expected number, received string at "username
 * favoriteNumbers[0]
 *   ✖ Invalid input: expected number
 * ```
 */
function toDotPath(_path) {
    const segs = [];
    const path = _path.map((seg) => (typeof seg === "object" ? seg.key : seg));
    for (const seg of path) {
        if (typeof seg === "number")
            segs.push(`[${seg}]`);
        else if (typeof seg === "symbol")
            segs.push(`[${JSON.stringify(String(seg))}]`);
        else if (/[^\w$]/.test(seg))
            segs.push(`[${JSON.stringify(seg)}]`);
        else {
            if (segs.length)
                segs.push(".");
            segs.push(seg);
        }
    }
    return segs.join("");
}
function prettifyError(error) {
    const lines = [];
    // sort by path length
    const issues = [...error.issues].sort((a, b) => (a.path ?? []).length - (b.path ?? []).length);
    // Process each issue
    for (const issue of issues) {
        lines.push(`✖ ${issue.message}`);
        if (issue.path?.length)
            lines.push(`  → at ${toDotPath(issue.path)}`);
    }
    // Convert Map to formatted string
    return lines.join("\n");
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/core/parse.js



// Always both keys, so the `_params` read site in `_parse` sees one object shape rather than two.
function finalizeParams(callee, params) {
    return { callee: params?.callee ?? callee, Err: params?.Err };
}
const _parse = (_Err) => {
    const fn = (schema, value, _ctx, _params) => {
        const ctx = _ctx ? { ..._ctx, async: false } : { async: false };
        const result = schema._zod.run({ value, issues: [] }, ctx);
        if (result instanceof Promise) {
            throw new $ZodAsyncError();
        }
        if (result.issues.length) {
            const e = new (_params?.Err ?? _Err)(result.issues.map((iss) => finalizeIssue(iss, ctx, config())));
            captureStackTrace(e, _params?.callee ?? fn);
            throw e;
        }
        return result.value;
    };
    return fn;
};
const parse_parse = /* @__PURE__*/ _parse($ZodRealError);
const _parseAsync = (_Err) => {
    const fn = async (schema, value, _ctx, params) => {
        const ctx = _ctx ? { ..._ctx, async: true } : { async: true };
        let result = schema._zod.run({ value, issues: [] }, ctx);
        if (result instanceof Promise)
            result = await result;
        if (result.issues.length) {
            const e = new (params?.Err ?? _Err)(result.issues.map((iss) => finalizeIssue(iss, ctx, config())));
            captureStackTrace(e, params?.callee ?? fn);
            throw e;
        }
        return result.value;
    };
    return fn;
};
const parse_parseAsync = /* @__PURE__*/ _parseAsync($ZodRealError);
const _safeParse = (_Err) => (schema, value, _ctx) => {
    const ctx = _ctx ? { ..._ctx, async: false } : { async: false };
    const result = schema._zod.run({ value, issues: [] }, ctx);
    if (result instanceof Promise) {
        throw new $ZodAsyncError();
    }
    return result.issues.length ? failure(_Err, result.issues, ctx) : { success: true, data: result.value };
};
const safeParse = /* @__PURE__*/ _safeParse($ZodRealError);
// the error is built on the first read of `error`: finalizing the issues and constructing the instance is most of a failing parse, and a caller that only branches on `success` never pays it. a getter in the literal keeps this small; the alternative, one shared accessor descriptor plus a hidden state slot, reads ~15% faster but costs ~75 B gzipped in every bundle
function failure(Err, issues, ctx) {
    let error;
    return {
        success: false,
        get error() {
            if (!error) {
                error = new Err(issues.map((iss) => finalizeIssue(iss, ctx, config())));
                // finalizeIssue drops `input`, so the built error holds nothing; keeping the raw issues past this point pins the parsed value for the life of the result
                issues = undefined;
                ctx = undefined;
            }
            return error;
        },
        set error(e) {
            error = e;
            // a replacement makes the getter's branch unreachable, so the captures have to go here too
            issues = undefined;
            ctx = undefined;
        },
    };
}
const _safeParseAsync = (_Err) => async (schema, value, _ctx) => {
    const ctx = _ctx ? { ..._ctx, async: true } : { async: true };
    let result = schema._zod.run({ value, issues: [] }, ctx);
    if (result instanceof Promise)
        result = await result;
    return result.issues.length ? failure(_Err, result.issues, ctx) : { success: true, data: result.value };
};
const safeParseAsync = /* @__PURE__*/ _safeParseAsync($ZodRealError);
// registry mirrors of the compiler's sentinels, so this module never imports the compiler
const COMPILE_INVALID = /* @__PURE__ */ Symbol.for("zod.compile.invalid");
const COMPILE_FALLBACK = /* @__PURE__ */ Symbol.for("zod.compile.fallback");
// Deliberately tiny, because v8 will not inline a body carrying the fallback's object literals and throw. Everything that is not the compiled happy path lives in validateFallback, and that split is worth ~35% on a compiled schema.
const validate = ((schema, value, _ctx) => {
    const validator = schema._zod.bag.validator;
    if (validator !== undefined) {
        if (validator(value) !== COMPILE_INVALID)
            return true;
        // a definite sentinel means the runtime would reject, so skip the re-parse; a ctx can still change the answer
        if (validator.definite === true && _ctx === undefined)
            return false;
    }
    return validateFallback(schema, value, _ctx);
});
function validateFallback(schema, value, _ctx) {
    const ctx = _ctx
        ? { ..._ctx, async: false, abortEarly: true }
        : { async: false, abortEarly: true };
    const fallbackRun = schema._zod.bag.fallbackRun;
    let result;
    if (fallbackRun) {
        // skip nested fast paths on the fallback, so user callbacks keep the at-most-twice bound
        ctx[COMPILE_FALLBACK] = true;
        result = fallbackRun({ value, issues: [] }, ctx);
    }
    else {
        result = schema._zod.run({ value, issues: [] }, ctx);
    }
    if (result instanceof Promise) {
        throw new $ZodAsyncError();
    }
    return result.issues.length === 0;
}
// no fast path: the compiler keeps async parses on the runtime, because a promise-returning callback that is not declared async compiles to a throw
const parse_validateAsync = async (schema, value, _ctx) => {
    const ctx = _ctx
        ? { ..._ctx, async: true, abortEarly: true }
        : { async: true, abortEarly: true };
    let result = schema._zod.run({ value, issues: [] }, ctx);
    if (result instanceof Promise)
        result = await result;
    return result.issues.length === 0;
};
const _encode = (_Err) => {
    const parse = _parse(_Err);
    const fn = (schema, value, _ctx, _params) => {
        const ctx = _ctx ? { ..._ctx, direction: "backward" } : { direction: "backward" };
        return parse(schema, value, ctx, finalizeParams(fn, _params));
    };
    return fn;
};
const encode = /* @__PURE__*/ _encode($ZodRealError);
const _decode = (_Err) => {
    const parse = _parse(_Err);
    const fn = (schema, value, _ctx, _params) => {
        return parse(schema, value, _ctx, finalizeParams(fn, _params));
    };
    return fn;
};
const decode = /* @__PURE__*/ _decode($ZodRealError);
const _encodeAsync = (_Err) => {
    const parseAsync = _parseAsync(_Err);
    const fn = async (schema, value, _ctx, _params) => {
        const ctx = _ctx ? { ..._ctx, direction: "backward" } : { direction: "backward" };
        return (await parseAsync(schema, value, ctx, finalizeParams(fn, _params)));
    };
    return fn;
};
const encodeAsync = /* @__PURE__*/ _encodeAsync($ZodRealError);
const _decodeAsync = (_Err) => {
    const parseAsync = _parseAsync(_Err);
    const fn = async (schema, value, _ctx, _params) => {
        return await parseAsync(schema, value, _ctx, finalizeParams(fn, _params));
    };
    return fn;
};
const decodeAsync = /* @__PURE__*/ _decodeAsync($ZodRealError);
const _safeEncode = (_Err) => (schema, value, _ctx) => {
    const ctx = _ctx ? { ..._ctx, direction: "backward" } : { direction: "backward" };
    return _safeParse(_Err)(schema, value, ctx);
};
const safeEncode = /* @__PURE__*/ _safeEncode($ZodRealError);
const _safeDecode = (_Err) => (schema, value, _ctx) => {
    return _safeParse(_Err)(schema, value, _ctx);
};
const safeDecode = /* @__PURE__*/ _safeDecode($ZodRealError);
const _safeEncodeAsync = (_Err) => async (schema, value, _ctx) => {
    const ctx = _ctx ? { ..._ctx, direction: "backward" } : { direction: "backward" };
    return _safeParseAsync(_Err)(schema, value, ctx);
};
const safeEncodeAsync = /* @__PURE__*/ _safeEncodeAsync($ZodRealError);
const _safeDecodeAsync = (_Err) => async (schema, value, _ctx) => {
    return _safeParseAsync(_Err)(schema, value, _ctx);
};
const safeDecodeAsync = /* @__PURE__*/ _safeDecodeAsync($ZodRealError);

;// CONCATENATED MODULE: ./node_modules/zod/v4/classic/errors.js



/* Prototypes that already carry the lazy helper methods. Seeded with the
 * intrinsics so that `init` on a foreign object — it accepts any object —
 * can never install an accessor onto a prototype we do not own. */
const _installedErrorProtos = /* @__PURE__ */ new WeakSet([Object.prototype, Error.prototype]);
/* Helper methods live as non-enumerable lazy getters on the shared
 * prototype instead of own properties on every instance. On first
 * access the getter allocates the per-instance closure and caches it
 * as a non-enumerable own property, so detached usage still works and
 * the allocation only happens for methods actually touched. */
function _lazyMethod(proto, key, make) {
    Object.defineProperty(proto, key, {
        configurable: true,
        enumerable: false,
        get() {
            const value = make(this);
            Object.defineProperty(this, key, { value, configurable: true, writable: true });
            return value;
        },
        set(value) {
            Object.defineProperty(this, key, { value, configurable: true, writable: true });
        },
    });
}
const errors_initializer = (inst, issues) => {
    $ZodError.init(inst, issues);
    inst.name = "ZodError";
    const proto = Object.getPrototypeOf(inst);
    if (_installedErrorProtos.has(proto))
        return;
    _installedErrorProtos.add(proto);
    _lazyMethod(proto, "format", (self) => (mapper) => formatError(self, mapper));
    _lazyMethod(proto, "flatten", (self) => (mapper) => flattenError(self, mapper));
    _lazyMethod(proto, "addIssue", (self) => (issue) => {
        self.issues.push(issue);
        self.message = JSON.stringify(self.issues, jsonStringifyReplacer, 2);
    });
    _lazyMethod(proto, "addIssues", (self) => (issues) => {
        self.issues.push(...issues);
        self.message = JSON.stringify(self.issues, jsonStringifyReplacer, 2);
    });
    Object.defineProperty(proto, "isEmpty", {
        configurable: true,
        enumerable: false,
        get() {
            return this.issues.length === 0;
        },
    });
};
const ZodError = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodError", errors_initializer)));
const ZodRealError = /*@__PURE__*/ $constructor("ZodError", errors_initializer, undefined, {
    Parent: Error,
});
// /** @deprecated Use `z.core.$ZodErrorMapCtx` instead. */
// export type ErrorMapCtx = core.$ZodErrorMapCtx;

;// CONCATENATED MODULE: ./node_modules/zod/v4/classic/parse.js


const classic_parse_parse = /* @__PURE__ */ _parse(ZodRealError);
const classic_parse_parseAsync = /* @__PURE__ */ _parseAsync(ZodRealError);
const parse_safeParse = /* @__PURE__ */ _safeParse(ZodRealError);
const parse_safeParseAsync = /* @__PURE__ */ _safeParseAsync(ZodRealError);

// Codec functions
const parse_encode = /* @__PURE__ */ _encode(ZodRealError);
const parse_decode = /* @__PURE__ */ _decode(ZodRealError);
const parse_encodeAsync = /* @__PURE__ */ _encodeAsync(ZodRealError);
const parse_decodeAsync = /* @__PURE__ */ _decodeAsync(ZodRealError);
const parse_safeEncode = /* @__PURE__ */ _safeEncode(ZodRealError);
const parse_safeDecode = /* @__PURE__ */ _safeDecode(ZodRealError);
const parse_safeEncodeAsync = /* @__PURE__ */ _safeEncodeAsync(ZodRealError);
const parse_safeDecodeAsync = /* @__PURE__ */ _safeDecodeAsync(ZodRealError);

;// CONCATENATED MODULE: ./node_modules/zod/v4/classic/schemas.js








// Register English as the default locale on first ZodType construction. Hooked into the `ZodType` `$constructor` (rather than a top-level `config(en())` in `external.ts`) so bundlers honoring `sideEffects: false` can't tree-shake it out — see #5953, #5725. An explicit `z.config(z.locales.xx())` call wins regardless of order, since this only sets the default when none is present.
function _ensureDefaultLocale() {
    if (!globalConfig.localeError)
        config(en());
}
// the default memoizer is read by the core container init, which runs before `ZodType.init`, so each container calls this first
function _ensureDefaultMemoizer() {
    if (!globalConfig.memoizer)
        config({ memoizer: memoizer() });
}
const ZodType = /*@__PURE__*/ $constructor("ZodType", (inst, def) => {
    _ensureDefaultLocale();
    $ZodType.init(inst, def);
    inst.def = def;
    inst.type = def.type;
    return inst;
}, {
    check(...chks) {
        const def = this.def;
        return this.clone(mergeDefs(def, {
            checks: [
                ...(def.checks ?? []),
                ...chks.map((ch) => typeof ch === "function" ? { _zod: { check: ch, def: { check: "custom" }, onattach: [] } } : ch),
            ],
        }), { parent: true });
    },
    with(...chks) {
        return this.check(...chks);
    },
    clone(def, params) {
        return clone(this, def, params);
    },
    brand() {
        return this;
    },
    register(reg, meta) {
        reg.add(this, meta);
        return this;
    },
    refine(check, params) {
        return this.check(refine(check, params));
    },
    superRefine(refinement, params) {
        return this.check(superRefine(refinement, params));
    },
    overwrite(fn) {
        return this.check(_overwrite(fn));
    },
    optional() {
        return optional(this);
    },
    exactOptional() {
        return exactOptional(this);
    },
    nullable() {
        return nullable(this);
    },
    nullish() {
        return optional(nullable(this));
    },
    nonoptional(params) {
        return nonoptional(this, params);
    },
    array() {
        return array(this);
    },
    or(arg) {
        return union([this, arg]);
    },
    and(arg) {
        return intersection(this, arg);
    },
    transform(tx) {
        return pipe(this, transform(tx));
    },
    default(d) {
        return schemas_default(this, d);
    },
    prefault(d) {
        return prefault(this, d);
    },
    catch(params) {
        return schemas_catch(this, params);
    },
    pipe(target) {
        return pipe(this, target);
    },
    readonly() {
        return readonly(this);
    },
    describe(description) {
        const cl = this.clone();
        globalRegistry.add(cl, { description });
        return cl;
    },
    meta(...args) {
        // overloaded: meta() returns the registered metadata, meta(data) returns a clone with `data` registered. The mapped type picks up the second overload, so we accept variadic any-args and return `any` to satisfy both at runtime.
        if (args.length === 0)
            return globalRegistry.get(this);
        const cl = this.clone();
        globalRegistry.add(cl, args[0]);
        return cl;
    },
    isOptional() {
        return this.safeParse(undefined).success;
    },
    isNullable() {
        return this.safeParse(null).success;
    },
    apply(fn, ...args) {
        return args.length === 0 ? fn(this) : fn(this, ...args);
    },
    // Overrides core's `~standard` to add `jsonSchema`. Must stay a prototype entry: redefining it per instance demotes instances to dictionary mode.
    get "~standard"() {
        return hide(this, "~standard", {
            ...standardProps(this),
            jsonSchema: {
                input: createStandardJSONSchemaMethod(this, "input"),
                output: createStandardJSONSchemaMethod(this, "output"),
            },
        });
    },
    set "~standard"(value) {
        own(this, "~standard", value);
    },
    parse: function _parse(data, params) {
        return classic_parse_parse(this, data, params, { callee: _parse });
    },
    parseAsync: async function _parseAsync(data, params) {
        return await classic_parse_parseAsync(this, data, params, { callee: _parseAsync });
    },
    safeParse(data, params) {
        return parse_safeParse(this, data, params);
    },
    async safeParseAsync(data, params) {
        return parse_safeParseAsync(this, data, params);
    },
    // `spa` is an alias: same function object as `safeParseAsync`, as before.
    get spa() {
        return this?.safeParseAsync;
    },
    set spa(value) {
        own(this, "spa", value);
    },
    validate(data, params) {
        return validate(this, data, params);
    },
    validateAsync(data, params) {
        return parse_validateAsync(this, data, params);
    },
    encode: function _encode(data, params) {
        return parse_encode(this, data, params, { callee: _encode });
    },
    decode: function _decode(data, params) {
        return parse_decode(this, data, params, { callee: _decode });
    },
    encodeAsync: async function _encodeAsync(data, params) {
        return await parse_encodeAsync(this, data, params, { callee: _encodeAsync });
    },
    decodeAsync: async function _decodeAsync(data, params) {
        return await parse_decodeAsync(this, data, params, { callee: _decodeAsync });
    },
    safeEncode(data, params) {
        return parse_safeEncode(this, data, params);
    },
    safeDecode(data, params) {
        return parse_safeDecode(this, data, params);
    },
    async safeEncodeAsync(data, params) {
        return parse_safeEncodeAsync(this, data, params);
    },
    async safeDecodeAsync(data, params) {
        return parse_safeDecodeAsync(this, data, params);
    },
    toJSONSchema(params) {
        return createToJSONSchemaMethod(this, {})(params);
    },
    // Reads through to the registry on every access, so it must not cache.
    get description() {
        return globalRegistry.get(this)?.description;
    },
    // No setter: `schema._def = x` throws, as it did when `_def` was a non-writable own property.
    get _def() {
        return this._zod.def;
    },
});
/** @internal */
const _ZodString = /*@__PURE__*/ $constructor("_ZodString", (inst, def) => {
    $ZodString.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => stringProcessor(inst, ctx, json, params);
}, 
/*@__PURE__*/ derived({
    format: (inst) => aggregateChecks(inst).format ?? null,
    minLength: (inst) => aggregateChecks(inst).minimum ?? null,
    maxLength: (inst) => aggregateChecks(inst).maximum ?? null,
}, {
    regex(...args) {
        return this.check(_regex(...args));
    },
    includes(...args) {
        return this.check(_includes(...args));
    },
    startsWith(...args) {
        return this.check(_startsWith(...args));
    },
    endsWith(...args) {
        return this.check(_endsWith(...args));
    },
    min(...args) {
        return this.check(_minLength(...args));
    },
    max(...args) {
        return this.check(_maxLength(...args));
    },
    length(...args) {
        return this.check(_length(...args));
    },
    nonempty(...args) {
        return this.check(_minLength(1, ...args));
    },
    lowercase(params) {
        return this.check(_lowercase(params));
    },
    uppercase(params) {
        return this.check(_uppercase(params));
    },
    trim() {
        return this.check(_trim());
    },
    normalize(...args) {
        return this.check(_normalize(...args));
    },
    toLowerCase() {
        return this.check(_toLowerCase());
    },
    toUpperCase() {
        return this.check(_toUpperCase());
    },
    slugify() {
        return this.check(_slugify());
    },
}));
const ZodString = /*@__PURE__*/ $constructor("ZodString", (inst, def) => {
    $ZodString.init(inst, def);
    _ZodString.init(inst, def);
}, {
    email(params) {
        return this.check(_email(ZodEmail, params));
    },
    url(params) {
        return this.check(_url(ZodURL, params));
    },
    jwt(params) {
        return this.check(_jwt(ZodJWT, params));
    },
    emoji(params) {
        return this.check(api_emoji(ZodEmoji, params));
    },
    guid(params) {
        return this.check(_guid(ZodGUID, params));
    },
    uuid(params) {
        return this.check(_uuid(ZodUUID, params));
    },
    uuidv4(params) {
        return this.check(_uuidv4(ZodUUID, params));
    },
    uuidv6(params) {
        return this.check(_uuidv6(ZodUUID, params));
    },
    uuidv7(params) {
        return this.check(_uuidv7(ZodUUID, params));
    },
    nanoid(params) {
        return this.check(_nanoid(ZodNanoID, params));
    },
    cuid(params) {
        return this.check(_cuid(ZodCUID, params));
    },
    cuid2(params) {
        return this.check(_cuid2(ZodCUID2, params));
    },
    ulid(params) {
        return this.check(_ulid(ZodULID, params));
    },
    base64(params) {
        return this.check(_base64(ZodBase64, params));
    },
    base64url(params) {
        return this.check(_base64url(ZodBase64URL, params));
    },
    xid(params) {
        return this.check(_xid(ZodXID, params));
    },
    ksuid(params) {
        return this.check(_ksuid(ZodKSUID, params));
    },
    ipv4(params) {
        return this.check(_ipv4(ZodIPv4, params));
    },
    ipv6(params) {
        return this.check(_ipv6(ZodIPv6, params));
    },
    cidrv4(params) {
        return this.check(_cidrv4(ZodCIDRv4, params));
    },
    cidrv6(params) {
        return this.check(_cidrv6(ZodCIDRv6, params));
    },
    e164(params) {
        return this.check(_e164(ZodE164, params));
    },
    datetime(params) {
        return this.check(_isoDateTime(ZodISODateTime, params));
    },
    date(params) {
        return this.check(_isoDate(schemas_ZodISODate, params));
    },
    time(params) {
        return this.check(_isoTime(schemas_ZodISOTime, params));
    },
    duration(params) {
        return this.check(_isoDuration(schemas_ZodISODuration, params));
    },
});
function schemas_string(params) {
    return _string(ZodString, params);
}
const ZodStringFormat = /*@__PURE__*/ $constructor("ZodStringFormat", (inst, def) => {
    $ZodStringFormat.init(inst, def);
    _ZodString.init(inst, def);
});
const ZodISODateTime = /*@__PURE__*/ $constructor("ZodISODateTime", (inst, def) => {
    $ZodISODateTime.init(inst, def);
    ZodStringFormat.init(inst, def);
});
const schemas_ZodISODate = /*@__PURE__*/ $constructor("ZodISODate", (inst, def) => {
    $ZodISODate.init(inst, def);
    ZodStringFormat.init(inst, def);
});
const schemas_ZodISOTime = /*@__PURE__*/ $constructor("ZodISOTime", (inst, def) => {
    $ZodISOTime.init(inst, def);
    ZodStringFormat.init(inst, def);
});
const schemas_ZodISODuration = /*@__PURE__*/ $constructor("ZodISODuration", (inst, def) => {
    $ZodISODuration.init(inst, def);
    ZodStringFormat.init(inst, def);
});
const ZodEmail = /*@__PURE__*/ $constructor("ZodEmail", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodEmail.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_email(params) {
    return core._email(ZodEmail, params);
}
const ZodGUID = /*@__PURE__*/ $constructor("ZodGUID", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodGUID.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_guid(params) {
    return core._guid(ZodGUID, params);
}
const ZodUUID = /*@__PURE__*/ $constructor("ZodUUID", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodUUID.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_uuid(params) {
    return core._uuid(ZodUUID, params);
}
function uuidv4(params) {
    return core._uuidv4(ZodUUID, params);
}
// ZodUUIDv6
function uuidv6(params) {
    return core._uuidv6(ZodUUID, params);
}
// ZodUUIDv7
function uuidv7(params) {
    return core._uuidv7(ZodUUID, params);
}
const ZodURL = /*@__PURE__*/ $constructor("ZodURL", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodURL.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function url(params) {
    return core._url(ZodURL, params);
}
function httpUrl(params) {
    return core._url(ZodURL, {
        protocol: regexes.httpProtocol,
        hostname: regexes.domain,
        ...util.normalizeParams(params),
    });
}
const ZodEmoji = /*@__PURE__*/ $constructor("ZodEmoji", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodEmoji.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_emoji(params) {
    return core._emoji(ZodEmoji, params);
}
const ZodNanoID = /*@__PURE__*/ $constructor("ZodNanoID", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodNanoID.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_nanoid(params) {
    return core._nanoid(ZodNanoID, params);
}
/**
 * @deprecated CUID v1 is deprecated by its authors due to information leakage
 * (timestamps embedded in the id). Use {@link ZodCUID2} instead.
 * See https://github.com/paralleldrive/cuid.
 */
const ZodCUID = /*@__PURE__*/ $constructor("ZodCUID", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodCUID.init(inst, def);
    ZodStringFormat.init(inst, def);
});
/**
 * Validates a CUID v1 string.
 *
 * @deprecated CUID v1 is deprecated by its authors due to information leakage
 * (timestamps embedded in the id). Use {@link cuid2 | `z.cuid2()`} instead.
 * See https://github.com/paralleldrive/cuid.
 */
function schemas_cuid(params) {
    return core._cuid(ZodCUID, params);
}
const ZodCUID2 = /*@__PURE__*/ $constructor("ZodCUID2", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodCUID2.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_cuid2(params) {
    return core._cuid2(ZodCUID2, params);
}
const ZodULID = /*@__PURE__*/ $constructor("ZodULID", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodULID.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_ulid(params) {
    return core._ulid(ZodULID, params);
}
const ZodXID = /*@__PURE__*/ $constructor("ZodXID", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodXID.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_xid(params) {
    return core._xid(ZodXID, params);
}
const ZodKSUID = /*@__PURE__*/ $constructor("ZodKSUID", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodKSUID.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_ksuid(params) {
    return core._ksuid(ZodKSUID, params);
}
const ZodIPv4 = /*@__PURE__*/ $constructor("ZodIPv4", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodIPv4.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_ipv4(params) {
    return core._ipv4(ZodIPv4, params);
}
const ZodMAC = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodMAC", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    core.$ZodMAC.init(inst, def);
    ZodStringFormat.init(inst, def);
})));
function schemas_mac(params) {
    return core._mac(ZodMAC, params);
}
const ZodIPv6 = /*@__PURE__*/ $constructor("ZodIPv6", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodIPv6.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_ipv6(params) {
    return core._ipv6(ZodIPv6, params);
}
const ZodCIDRv4 = /*@__PURE__*/ $constructor("ZodCIDRv4", (inst, def) => {
    $ZodCIDRv4.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_cidrv4(params) {
    return core._cidrv4(ZodCIDRv4, params);
}
const ZodCIDRv6 = /*@__PURE__*/ $constructor("ZodCIDRv6", (inst, def) => {
    $ZodCIDRv6.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_cidrv6(params) {
    return core._cidrv6(ZodCIDRv6, params);
}
const ZodBase64 = /*@__PURE__*/ $constructor("ZodBase64", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodBase64.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_base64(params) {
    return core._base64(ZodBase64, params);
}
const ZodBase64URL = /*@__PURE__*/ $constructor("ZodBase64URL", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodBase64URL.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_base64url(params) {
    return core._base64url(ZodBase64URL, params);
}
const ZodE164 = /*@__PURE__*/ $constructor("ZodE164", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodE164.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function schemas_e164(params) {
    return core._e164(ZodE164, params);
}
const ZodCreditCard = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodCreditCard", (inst, def) => {
    core.$ZodCreditCard.init(inst, def);
    ZodStringFormat.init(inst, def);
})));
function schemas_creditCard(params) {
    return core._creditCard(ZodCreditCard, params);
}
const ZodIBAN = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodIBAN", (inst, def) => {
    core.$ZodIBAN.init(inst, def);
    ZodStringFormat.init(inst, def);
})));
function schemas_iban(params) {
    return core._iban(ZodIBAN, params);
}
const ZodJWT = /*@__PURE__*/ $constructor("ZodJWT", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    $ZodJWT.init(inst, def);
    ZodStringFormat.init(inst, def);
});
function jwt(params) {
    return core._jwt(ZodJWT, params);
}
const ZodCustomStringFormat = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodCustomStringFormat", (inst, def) => {
    // ZodStringFormat.init(inst, def);
    core.$ZodCustomStringFormat.init(inst, def);
    ZodStringFormat.init(inst, def);
})));
function stringFormat(format, fnOrRegex, _params = {}) {
    return core._stringFormat(ZodCustomStringFormat, format, fnOrRegex, _params);
}
function schemas_hostname(_params) {
    return core._stringFormat(ZodCustomStringFormat, "hostname", regexes.hostname, _params);
}
function schemas_hex(_params) {
    return core._stringFormat(ZodCustomStringFormat, "hex", regexes.hex, _params);
}
function schemas_currencyCode(_params) {
    return core._stringFormat(ZodCustomStringFormat, "currency_code", regexes.currencyCode, _params);
}
function hash(alg, params) {
    const enc = params?.enc ?? "hex";
    const format = `${alg}_${enc}`;
    const regex = core.regexes[format];
    if (!regex)
        throw new Error(`Unrecognized hash format: ${format}`);
    return core._stringFormat(ZodCustomStringFormat, format, regex, params);
}
const ZodNumber = /*@__PURE__*/ $constructor("ZodNumber", (inst, def) => {
    $ZodNumber.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => numberProcessor(inst, ctx, json, params);
    inst.isFinite = true;
}, 
/*@__PURE__*/ derived({
    minValue: (inst) => {
        const { minimum, exclusiveMinimum } = aggregateChecks(inst);
        return Math.max(minimum ?? Number.NEGATIVE_INFINITY, exclusiveMinimum ?? Number.NEGATIVE_INFINITY);
    },
    maxValue: (inst) => {
        const { maximum, exclusiveMaximum } = aggregateChecks(inst);
        return Math.min(maximum ?? Number.POSITIVE_INFINITY, exclusiveMaximum ?? Number.POSITIVE_INFINITY);
    },
    isInt: (inst) => {
        const { isInt, multipleOf } = aggregateChecks(inst);
        return !!isInt || !!multipleOf?.some(Number.isSafeInteger);
    },
    format: (inst) => aggregateChecks(inst).format ?? null,
}, {
    gt(value, params) {
        return this.check(_gt(value, params));
    },
    gte(value, params) {
        return this.check(_gte(value, params));
    },
    min(value, params) {
        return this.check(_gte(value, params));
    },
    lt(value, params) {
        return this.check(_lt(value, params));
    },
    lte(value, params) {
        return this.check(_lte(value, params));
    },
    max(value, params) {
        return this.check(_lte(value, params));
    },
    int(params) {
        return this.check(schemas_int(params));
    },
    safe(params) {
        return this.check(schemas_int(params));
    },
    positive(params) {
        return this.check(_gt(0, params));
    },
    nonnegative(params) {
        return this.check(_gte(0, params));
    },
    negative(params) {
        return this.check(_lt(0, params));
    },
    nonpositive(params) {
        return this.check(_lte(0, params));
    },
    multipleOf(value, params) {
        return this.check(_multipleOf(value, params));
    },
    step(value, params) {
        return this.check(_multipleOf(value, params));
    },
    finite() {
        return this;
    },
}));
function schemas_number(params) {
    return _number(ZodNumber, params);
}
const ZodNumberFormat = /*@__PURE__*/ $constructor("ZodNumberFormat", (inst, def) => {
    $ZodNumberFormat.init(inst, def);
    ZodNumber.init(inst, def);
});
function schemas_int(params) {
    return _int(ZodNumberFormat, params);
}
function float32(params) {
    return core._float32(ZodNumberFormat, params);
}
function float64(params) {
    return core._float64(ZodNumberFormat, params);
}
function int32(params) {
    return core._int32(ZodNumberFormat, params);
}
function uint32(params) {
    return core._uint32(ZodNumberFormat, params);
}
const ZodBoolean = /*@__PURE__*/ $constructor("ZodBoolean", (inst, def) => {
    $ZodBoolean.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => booleanProcessor(inst, ctx, json, params);
});
function schemas_boolean(params) {
    return _boolean(ZodBoolean, params);
}
const ZodBigInt = /*@__PURE__*/ $constructor("ZodBigInt", (inst, def) => {
    $ZodBigInt.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => bigintProcessor(inst, ctx, json, params);
}, 
/*@__PURE__*/ derived({
    minValue: (inst) => aggregateChecks(inst).minimum ?? null,
    maxValue: (inst) => aggregateChecks(inst).maximum ?? null,
    format: (inst) => aggregateChecks(inst).format ?? null,
}, {
    gte(value, params) {
        return this.check(_gte(value, params));
    },
    min(value, params) {
        return this.check(_gte(value, params));
    },
    gt(value, params) {
        return this.check(_gt(value, params));
    },
    lt(value, params) {
        return this.check(_lt(value, params));
    },
    lte(value, params) {
        return this.check(_lte(value, params));
    },
    max(value, params) {
        return this.check(_lte(value, params));
    },
    positive(params) {
        return this.check(_gt(BigInt(0), params));
    },
    negative(params) {
        return this.check(_lt(BigInt(0), params));
    },
    nonpositive(params) {
        return this.check(_lte(BigInt(0), params));
    },
    nonnegative(params) {
        return this.check(_gte(BigInt(0), params));
    },
    multipleOf(value, params) {
        return this.check(_multipleOf(value, params));
    },
}));
function schemas_bigint(params) {
    return core._bigint(ZodBigInt, params);
}
const ZodBigIntFormat = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodBigIntFormat", (inst, def) => {
    core.$ZodBigIntFormat.init(inst, def);
    ZodBigInt.init(inst, def);
})));
function int64(params) {
    return core._int64(ZodBigIntFormat, params);
}
function uint64(params) {
    return core._uint64(ZodBigIntFormat, params);
}
const ZodSymbol = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodSymbol", (inst, def) => {
    core.$ZodSymbol.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.symbolProcessor(inst, ctx, json, params);
})));
function symbol(params) {
    return core._symbol(ZodSymbol, params);
}
const ZodUndefined = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodUndefined", (inst, def) => {
    core.$ZodUndefined.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.undefinedProcessor(inst, ctx, json, params);
})));
function schemas_undefined(params) {
    return core._undefined(ZodUndefined, params);
}

const ZodNull = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodNull", (inst, def) => {
    core.$ZodNull.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.nullProcessor(inst, ctx, json, params);
})));
function schemas_null(params) {
    return core._null(ZodNull, params);
}

const ZodAny = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodAny", (inst, def) => {
    core.$ZodAny.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.anyProcessor(inst, ctx, json, params);
})));
function any() {
    return core._any(ZodAny);
}
const ZodUnknown = /*@__PURE__*/ $constructor("ZodUnknown", (inst, def) => {
    $ZodUnknown.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => unknownProcessor(inst, ctx, json, params);
});
function unknown() {
    return _unknown(ZodUnknown);
}
const ZodNever = /*@__PURE__*/ $constructor("ZodNever", (inst, def) => {
    $ZodNever.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => neverProcessor(inst, ctx, json, params);
});
function never(params) {
    return _never(ZodNever, params);
}
const ZodVoid = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodVoid", (inst, def) => {
    core.$ZodVoid.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.voidProcessor(inst, ctx, json, params);
})));
function schemas_void(params) {
    return core._void(ZodVoid, params);
}

const ZodDate = /*@__PURE__*/ $constructor("ZodDate", (inst, def) => {
    $ZodDate.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => dateProcessor(inst, ctx, json, params);
    inst.min = (value, params) => inst.check(_gte(value, params));
    inst.max = (value, params) => inst.check(_lte(value, params));
}, 
/*@__PURE__*/ derived({
    minDate: (inst) => {
        const { minimum } = aggregateChecks(inst);
        return minimum ? new Date(minimum) : null;
    },
    maxDate: (inst) => {
        const { maximum } = aggregateChecks(inst);
        return maximum ? new Date(maximum) : null;
    },
}, {}));
function schemas_date(params) {
    return core._date(ZodDate, params);
}
const ZodArray = /*@__PURE__*/ $constructor("ZodArray", (inst, def) => {
    _ensureDefaultMemoizer();
    $ZodArray.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => arrayProcessor(inst, ctx, json, params);
    inst.element = def.element;
}, {
    min(n, params) {
        return this.check(_minLength(n, params));
    },
    nonempty(params) {
        return this.check(_minLength(1, params));
    },
    max(n, params) {
        return this.check(_maxLength(n, params));
    },
    length(n, params) {
        return this.check(_length(n, params));
    },
    unwrap() {
        return this.element;
    },
});
function array(element, params) {
    return _array(ZodArray, element, params);
}
// .keyof
function keyof(schema) {
    const shape = schema._zod.def.shape;
    return schemas_enum(Object.keys(shape));
}
const ZodObject = /*@__PURE__*/ $constructor("ZodObject", (inst, def) => {
    _ensureDefaultMemoizer();
    $ZodObjectJIT.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => objectProcessor(inst, ctx, json, params);
    installLazyProp(inst, "shape", (self) => self._zod.def.shape, false);
}, {
    keyof() {
        return schemas_enum(Object.keys(this._zod.def.shape));
    },
    catchall(catchall) {
        // `mergeDefs` rather than a spread: spreading reads `shape`, and resolving it can mint a whole fresh subtree
        return this.clone(mergeDefs(this._zod.def, { catchall: catchall }));
    },
    passthrough() {
        return this.clone(mergeDefs(this._zod.def, { catchall: unknown() }));
    },
    loose() {
        return this.clone(mergeDefs(this._zod.def, { catchall: unknown() }));
    },
    strict() {
        return this.clone(mergeDefs(this._zod.def, { catchall: never() }));
    },
    strip() {
        return this.clone(mergeDefs(this._zod.def, { catchall: undefined }));
    },
    extend(incoming) {
        return extend(this, incoming);
    },
    safeExtend(incoming) {
        return safeExtend(this, incoming);
    },
    merge(other) {
        return merge(this, other);
    },
    pick(mask) {
        return pick(this, mask);
    },
    omit(mask) {
        return omit(this, mask);
    },
    partial(...args) {
        return partial(ZodOptional, this, args[0]);
    },
    exactPartial(...args) {
        return partial(ZodExactOptional, this, args[0], "exactPartial");
    },
    required(...args) {
        return required(ZodNonOptional, this, args[0]);
    },
});
function object(shape, params) {
    const def = {
        type: "object",
        shape: shape ?? {},
        ...normalizeParams(params),
    };
    return new ZodObject(def);
}
// strictObject
function strictObject(shape, params) {
    return new ZodObject({
        type: "object",
        shape,
        catchall: never(),
        ...util.normalizeParams(params),
    });
}
// looseObject
function looseObject(shape, params) {
    return new ZodObject({
        type: "object",
        shape,
        catchall: unknown(),
        ...util.normalizeParams(params),
    });
}
const ZodUnion = /*@__PURE__*/ $constructor("ZodUnion", (inst, def) => {
    $ZodUnion.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => unionProcessor(inst, ctx, json, params);
    inst.options = def.options;
});
function union(options, params) {
    return new ZodUnion({
        type: "union",
        options: options,
        ...normalizeParams(params),
    });
}
const ZodXor = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodXor", (inst, def) => {
    ZodUnion.init(inst, def);
    core.$ZodXor.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.unionProcessor(inst, ctx, json, params);
    inst.options = def.options;
})));
/** Creates an exclusive union (XOR) where exactly one option must match.
 * Unlike regular unions that succeed when any option matches, xor fails if
 * zero or more than one option matches the input. */
function xor(options, params) {
    return new ZodXor({
        type: "union",
        options: options,
        inclusive: false,
        ...util.normalizeParams(params),
    });
}
const ZodDiscriminatedUnion = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodDiscriminatedUnion", (inst, def) => {
    ZodUnion.init(inst, def);
    core.$ZodDiscriminatedUnion.init(inst, def);
})));
function discriminatedUnion(discriminator, options, params) {
    // const [options, params] = args;
    return new ZodDiscriminatedUnion({
        type: "union",
        options: options,
        discriminator,
        ...util.normalizeParams(params),
    });
}
const ZodIntersection = /*@__PURE__*/ $constructor("ZodIntersection", (inst, def) => {
    $ZodIntersection.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => intersectionProcessor(inst, ctx, json, params);
});
function intersection(left, right) {
    return new ZodIntersection({
        type: "intersection",
        left: left,
        right: right,
    });
}
const ZodTuple = /*@__PURE__*/ $constructor("ZodTuple", (inst, def) => {
    _ensureDefaultMemoizer();
    $ZodTuple.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => tupleProcessor(inst, ctx, json, params);
}, {
    rest(rest) {
        return this.clone({
            ...this._zod.def,
            rest: rest,
        });
    },
    partial() {
        const def = this._zod.def;
        // a refinement was authored against the full arity; partialing would run it on a shorter array
        if (def.checks?.length)
            throw new Error(".partial() cannot be used on tuple schemas containing refinements");
        return this.clone({
            ...def,
            items: def.items.map((item) => new ZodOptional({ type: "optional", innerType: item })),
        });
    },
});
function tuple(items, _paramsOrRest, _params) {
    const hasRest = _paramsOrRest instanceof $ZodType;
    const params = hasRest ? _params : _paramsOrRest;
    const rest = hasRest ? _paramsOrRest : null;
    return new ZodTuple({
        type: "tuple",
        items: items,
        rest,
        ...normalizeParams(params),
    });
}
const ZodRecord = /*@__PURE__*/ $constructor("ZodRecord", (inst, def) => {
    _ensureDefaultMemoizer();
    $ZodRecord.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => recordProcessor(inst, ctx, json, params);
    inst.keyType = def.keyType;
    inst.valueType = def.valueType;
});
function record(keyType, valueType, params) {
    // v3-compat: z.record(valueType, params?) — defaults keyType to z.string()
    if (!valueType || !valueType._zod) {
        return new ZodRecord({
            type: "record",
            keyType: schemas_string(),
            valueType: keyType,
            ...normalizeParams(valueType),
        });
    }
    return new ZodRecord({
        type: "record",
        keyType,
        valueType: valueType,
        ...normalizeParams(params),
    });
}
// type alksjf = core.output<core.$ZodRecordKey>;
function partialRecord(keyType, valueType, params) {
    return new ZodRecord({
        type: "record",
        keyType,
        valueType: valueType,
        ...util.normalizeParams(params),
        partial: true,
    });
}
function looseRecord(keyType, valueType, params) {
    return new ZodRecord({
        type: "record",
        keyType,
        valueType: valueType,
        mode: "loose",
        ...util.normalizeParams(params),
    });
}
const ZodMap = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodMap", (inst, def) => {
    _ensureDefaultMemoizer();
    core.$ZodMap.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.mapProcessor(inst, ctx, json, params);
    inst.keyType = def.keyType;
    inst.valueType = def.valueType;
    inst.min = (...args) => inst.check(core._minSize(...args));
    inst.nonempty = (params) => inst.check(core._minSize(1, params));
    inst.max = (...args) => inst.check(core._maxSize(...args));
    inst.size = (...args) => inst.check(core._size(...args));
})));
function map(keyType, valueType, params) {
    return new ZodMap({
        type: "map",
        keyType: keyType,
        valueType: valueType,
        ...util.normalizeParams(params),
    });
}
const ZodSet = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodSet", (inst, def) => {
    _ensureDefaultMemoizer();
    core.$ZodSet.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.setProcessor(inst, ctx, json, params);
    inst.min = (...args) => inst.check(core._minSize(...args));
    inst.nonempty = (params) => inst.check(core._minSize(1, params));
    inst.max = (...args) => inst.check(core._maxSize(...args));
    inst.size = (...args) => inst.check(core._size(...args));
})));
function set(valueType, params) {
    return new ZodSet({
        type: "set",
        valueType: valueType,
        ...util.normalizeParams(params),
    });
}
const ZodEnum = /*@__PURE__*/ $constructor("ZodEnum", (inst, def) => {
    $ZodEnum.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => enumProcessor(inst, ctx, json, params);
    inst.enum = def.entries;
    // reuse the parsed value set so a numeric TS enum's reverse-mapping keys stay out
    inst.options = [...inst._zod.values];
    const keys = new Set(Object.keys(def.entries));
    inst.extract = (values, params) => {
        const newEntries = {};
        for (const value of values) {
            if (keys.has(value)) {
                newEntries[value] = def.entries[value];
            }
            else
                throw new Error(`Key ${value} not found in enum`);
        }
        return new ZodEnum({
            ...def,
            checks: [],
            ...normalizeParams(params),
            entries: newEntries,
        });
    };
    inst.exclude = (values, params) => {
        const newEntries = { ...def.entries };
        for (const value of values) {
            if (keys.has(value)) {
                delete newEntries[value];
            }
            else
                throw new Error(`Key ${value} not found in enum`);
        }
        return new ZodEnum({
            ...def,
            checks: [],
            ...normalizeParams(params),
            entries: newEntries,
        });
    };
});
function schemas_enum(values, params) {
    const entries = Array.isArray(values) ? Object.fromEntries(values.map((v) => [v, v])) : values;
    return new ZodEnum({
        type: "enum",
        entries,
        ...normalizeParams(params),
    });
}

/** @deprecated This API has been merged into `z.enum()`. Use `z.enum()` instead.
 *
 * ```ts
 * enum Colors { red, green, blue }
 * z.enum(Colors);
 * ```
 */
function nativeEnum(entries, params) {
    return new ZodEnum({
        type: "enum",
        entries,
        ...util.normalizeParams(params),
    });
}
const ZodLiteral = /*@__PURE__*/ $constructor("ZodLiteral", (inst, def) => {
    $ZodLiteral.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => literalProcessor(inst, ctx, json, params);
    inst.values = new Set(def.values);
    Object.defineProperty(inst, "value", {
        get() {
            if (def.values.length > 1) {
                throw new Error("This schema contains multiple valid literal values. Use `.values` instead.");
            }
            return def.values[0];
        },
    });
});
function literal(value, params) {
    return new ZodLiteral({
        type: "literal",
        values: Array.isArray(value) ? value : [value],
        ...normalizeParams(params),
    });
}
const ZodFile = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodFile", (inst, def) => {
    core.$ZodFile.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.fileProcessor(inst, ctx, json, params);
    inst.min = (size, params) => inst.check(core._minSize(size, params));
    inst.max = (size, params) => inst.check(core._maxSize(size, params));
    inst.mime = (types, params) => inst.check(core._mime(Array.isArray(types) ? types : [types], params));
})));
function file(params) {
    return core._file(ZodFile, params);
}
const ZodTransform = /*@__PURE__*/ $constructor("ZodTransform", (inst, def) => {
    _ensureDefaultMemoizer();
    $ZodTransform.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => transformProcessor(inst, ctx, json, params);
    inst._zod.parse = (payload, _ctx) => {
        if (_ctx.direction === "backward") {
            throw new $ZodEncodeError(inst.constructor.name);
        }
        payload.addIssue = (issue) => {
            if (typeof issue === "string") {
                payload.issues.push(util_issue(issue, payload.value, def));
            }
            else {
                // for Zod 3 backwards compatibility
                const _issue = issue;
                if (_issue.fatal)
                    _issue.continue = false;
                _issue.code ?? (_issue.code = "custom");
                if (!("input" in _issue))
                    _issue.input = payload.value;
                _issue.inst ?? (_issue.inst = inst);
                // _issue.continue ??= true;
                payload.issues.push(util_issue(_issue));
            }
        };
        const output = def.transform(payload.value, payload);
        if (output instanceof Promise) {
            return output.then((output) => {
                payload.value = output;
                return payload;
            });
        }
        payload.value = output;
        return payload;
    };
});
function transform(fn) {
    return new ZodTransform({
        type: "transform",
        transform: fn,
    });
}
const ZodOptional = /*@__PURE__*/ $constructor("ZodOptional", (inst, def) => {
    $ZodOptional.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => optionalProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
});
function optional(innerType) {
    return new ZodOptional({
        type: "optional",
        innerType: innerType,
    });
}
const ZodExactOptional = /*@__PURE__*/ $constructor("ZodExactOptional", (inst, def) => {
    $ZodExactOptional.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => optionalProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
});
function exactOptional(innerType) {
    return new ZodExactOptional({
        type: "optional",
        innerType: innerType,
    });
}
const ZodNullable = /*@__PURE__*/ $constructor("ZodNullable", (inst, def) => {
    $ZodNullable.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => nullableProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
});
function nullable(innerType) {
    return new ZodNullable({
        type: "nullable",
        innerType: innerType,
    });
}
// nullish
function schemas_nullish(innerType) {
    return optional(nullable(innerType));
}
const ZodDefault = /*@__PURE__*/ $constructor("ZodDefault", (inst, def) => {
    $ZodDefault.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => defaultProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
    inst.removeDefault = inst.unwrap;
});
function schemas_default(innerType, defaultValue) {
    return new ZodDefault({
        type: "default",
        innerType: innerType,
        get defaultValue() {
            return typeof defaultValue === "function" ? defaultValue() : shallowClone(defaultValue);
        },
    });
}
const ZodPrefault = /*@__PURE__*/ $constructor("ZodPrefault", (inst, def) => {
    $ZodPrefault.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => prefaultProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
});
function prefault(innerType, defaultValue) {
    return new ZodPrefault({
        type: "prefault",
        innerType: innerType,
        get defaultValue() {
            return typeof defaultValue === "function" ? defaultValue() : shallowClone(defaultValue);
        },
    });
}
const ZodNonOptional = /*@__PURE__*/ $constructor("ZodNonOptional", (inst, def) => {
    $ZodNonOptional.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => nonoptionalProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
});
function nonoptional(innerType, params) {
    return new ZodNonOptional({
        type: "nonoptional",
        innerType: innerType,
        ...normalizeParams(params),
    });
}
const ZodSuccess = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodSuccess", (inst, def) => {
    core.$ZodSuccess.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.successProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
})));
function success(innerType) {
    return new ZodSuccess({
        type: "success",
        innerType: innerType,
    });
}
const ZodCatch = /*@__PURE__*/ $constructor("ZodCatch", (inst, def) => {
    $ZodCatch.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => catchProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
    inst.removeCatch = inst.unwrap;
});
function schemas_catch(innerType, catchValue) {
    return new ZodCatch({
        type: "catch",
        innerType: innerType,
        catchValue: (typeof catchValue === "function" ? catchValue : constantCatch(catchValue)),
    });
}

const ZodNaN = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodNaN", (inst, def) => {
    core.$ZodNaN.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.nanProcessor(inst, ctx, json, params);
})));
function nan(params) {
    return core._nan(ZodNaN, params);
}
const ZodPipe = /*@__PURE__*/ $constructor("ZodPipe", (inst, def) => {
    $ZodPipe.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => pipeProcessor(inst, ctx, json, params);
    inst.in = def.in;
    inst.out = def.out;
});
function pipe(in_, out) {
    return new ZodPipe({
        type: "pipe",
        in: in_,
        out: out,
        // ...util.normalizeParams(params),
    });
}
const ZodCodec = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodCodec", (inst, def) => {
    ZodPipe.init(inst, def);
    core.$ZodCodec.init(inst, def);
})));
function codec(in_, out, params) {
    return new ZodCodec({
        type: "pipe",
        in: in_,
        out: out,
        transform: params.decode,
        reverseTransform: params.encode,
    });
}
function invertCodec(codec) {
    const def = codec._zod.def;
    return new ZodCodec({
        type: "pipe",
        in: def.out,
        out: def.in,
        transform: def.reverseTransform,
        reverseTransform: def.transform,
    });
}
const ZodPreprocess = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodPreprocess", (inst, def) => {
    ZodPipe.init(inst, def);
    core.$ZodPreprocess.init(inst, def);
})));
const ZodReadonly = /*@__PURE__*/ $constructor("ZodReadonly", (inst, def) => {
    $ZodReadonly.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => readonlyProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
});
function readonly(innerType) {
    return new ZodReadonly({
        type: "readonly",
        innerType: innerType,
    });
}
const ZodTemplateLiteral = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodTemplateLiteral", (inst, def) => {
    core.$ZodTemplateLiteral.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.templateLiteralProcessor(inst, ctx, json, params);
})));
function templateLiteral(parts, params) {
    return new ZodTemplateLiteral({
        type: "template_literal",
        parts,
        ...util.normalizeParams(params),
    });
}
const ZodLazy = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodLazy", (inst, def) => {
    core.$ZodLazy.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.lazyProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.getter();
})));
function lazy(getter) {
    return new ZodLazy({
        type: "lazy",
        getter: getter,
    });
}
const ZodPromise = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodPromise", (inst, def) => {
    core.$ZodPromise.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.promiseProcessor(inst, ctx, json, params);
    inst.unwrap = () => inst._zod.def.innerType;
})));
function promise(innerType) {
    return new ZodPromise({
        type: "promise",
        innerType: innerType,
    });
}
const ZodFunction = /*@__PURE__*/ (/* unused pure expression or super */ null && (core.$constructor("ZodFunction", (inst, def) => {
    core.$ZodFunction.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => processors.functionProcessor(inst, ctx, json, params);
})));
function _function(params) {
    return new ZodFunction({
        type: "function",
        input: Array.isArray(params?.input) ? tuple(params?.input) : (params?.input ?? array(unknown())),
        output: params?.output ?? unknown(),
    });
}

const ZodCustom = /*@__PURE__*/ $constructor("ZodCustom", (inst, def) => {
    $ZodCustom.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => customProcessor(inst, ctx, json, params);
});
// custom checks
function check(fn) {
    const ch = new core.$ZodCheck({
        check: "custom",
        // ...util.normalizeParams(params),
    });
    ch._zod.check = fn;
    return ch;
}
function custom(fn, _params) {
    return _custom(ZodCustom, fn ?? (() => true), _params);
}
function refine(fn, _params = {}) {
    return _refine(ZodCustom, fn, _params);
}
// superRefine
function superRefine(fn, params) {
    return _superRefine(fn, params);
}
// Re-export describe and meta from core
const schemas_describe = describe;
const schemas_meta = meta;
const ZodInstanceOf = /*@__PURE__*/ $constructor("ZodInstanceOf", (inst, def) => {
    ZodCustom.init(inst, def);
}, {
    properties(shape, params) {
        // asserts in place, so the narrowed output type is truthful without a wrapper
        return this.check(_properties(shape, params));
    },
});
function _instanceof(cls, params = {}) {
    const inst = new ZodInstanceOf({
        type: "custom",
        check: "custom",
        fn: (data) => data instanceof cls,
        abort: true,
        ...util.normalizeParams(params),
    });
    inst._zod.bag.Class = cls;
    // Override check to emit invalid_type instead of custom
    inst._zod.check = (payload) => {
        if (!(payload.value instanceof cls)) {
            payload.issues.push({
                code: "invalid_type",
                expected: cls.name,
                input: payload.value,
                inst,
                path: [...(inst._zod.def.path ?? [])],
            });
        }
    };
    return inst;
}

// stringbool
const stringbool = (...args) => core._stringbool({
    Codec: ZodCodec,
    Boolean: ZodBoolean,
    String: ZodString,
}, ...args);
function json(params) {
    const jsonSchema = lazy(() => {
        return union([schemas_string(params), schemas_number(), schemas_boolean(), schemas_null(), array(jsonSchema), record(schemas_string(), jsonSchema)]);
    });
    return jsonSchema;
}
// preprocess
function preprocess(fn, schema) {
    return new ZodPreprocess({
        type: "pipe",
        in: transform(fn),
        out: schema,
    });
}

;// CONCATENATED MODULE: ./node_modules/zod/v4/classic/iso.js



function iso_datetime(params) {
    return _isoDateTime(ZodISODateTime, params);
}
function iso_date(params) {
    return core._isoDate(ZodISODate, params);
}
function iso_time(params) {
    return core._isoTime(ZodISOTime, params);
}
function iso_duration(params) {
    return core._isoDuration(ZodISODuration, params);
}

;// CONCATENATED MODULE: ./lib/config.js
/** What the gate does about a blocker: hold for it, fail for it, or only report it. `preflight` judges no version. */
const MODES = ['wait', 'check', 'report', 'preflight'];
/** A job on a GitHub-hosted runner ends after six hours. */
const HOSTED_JOB_LIMIT_MS = 6 * 60 * 60 * 1000;
/** The versions that the configuration names, as targets or as versions to keep. */
function namedVersions({ targets }) {
    if (targets.kind === 'named')
        return targets.versions;
    return targets.kind === 'all-but' ? targets.keep : [];
}

// EXTERNAL MODULE: ./node_modules/pg/lib/utils.js
var utils = __nccwpck_require__(652);
;// CONCATENATED MODULE: ./lib/postgres/sql.js

/**
 * Builds SQL from a template. Fragments nest; numbers are written as they are, so that the planner sees every limit.
 * Strings from outside do not compile: they are `text` parameters, an `identifier` or a `literal`.
 */
function sql(texts, ...parts) {
    const pieces = texts.flatMap((written, index) => {
        const part = parts[index];
        return [written, ...(typeof part === 'object' ? part.pieces : [String(part ?? '')])];
    });
    return { pieces };
}
/** A parameter of type `text`; undefined is NULL. */
const sql_text = (value) => parameter('text', value);
/** A parameter of type `text[]`. */
const texts = (values) => parameter('text[]', values);
/** A parameter of type `bigint`, rounded; undefined is NULL. */
const sql_bigint = (value) => parameter('bigint', value && Math.round(value));
const parameter = (type, value) => ({ pieces: [{ type, value: value ?? null }] });
/** `"name"` as SQL. */
const identifier = (name) => ({ pieces: [quoteIdentifier(name)] });
/** `'text'` as SQL, for statements that cannot have parameters. */
const sql_literal = (value) => ({ pieces: [quoteLiteral(value)] });
function join(parts, separator) {
    return { pieces: parts.flatMap(({ pieces }, index) => (index > 0 ? [separator, ...pieces] : pieces)) };
}
/** Numbers the parameters. Equal values of one type share a number. */
function statement({ pieces }) {
    const values = new Map();
    const written = pieces.map((piece) => {
        if (typeof piece === 'string')
            return piece;
        const key = JSON.stringify([piece.type, piece.value]);
        values.set(key, piece.value);
        return `$${[...values.keys()].indexOf(key) + 1}::${piece.type}`;
    });
    return { text: written.join(''), values: [...values.values()] };
}
/** `"name"`: an identifier, quoted for SQL. */
const quoteIdentifier = (name) => utils.escapeIdentifier(name);
/** `'text'`: a literal, quoted for SQL, whatever `standard_conforming_strings` is. */
function quoteLiteral(value) {
    // The driver puts a space before the `E` of an escaped literal.
    return utils.escapeLiteral(value).trimStart();
}

;// CONCATENATED MODULE: ./lib/dbos/columns.js

/*
 * Each concept is one SQL expression. Where a schema has no such column, the expression is a NULL of the column's type,
 * so that no statement asks how old the schema is.
 *
 * Statuses are literals and never parameters: only literals let the planner use DBOS's partial indexes (measured: 224
 * pages against 143,000 at a million finished rows).
 */
const NO_TEXT = sql `NULL::text`;
const NO_NUMBER = sql `NULL::bigint`;
/**
 * Columns that the statements read, by table. Those `needed` are there from TypeScript SDK 3.0 on, and the rules cannot
 * do without them. For the others, SQL stands in where a schema does not have them.
 */
const COLUMNS = {
    workflow_status: {
        needed: [
            ...['workflow_uuid', 'status', 'name', 'class_name', 'queue_name', 'executor_id', 'application_version'],
            ...['created_at', 'updated_at', 'started_at_epoch_ms'],
        ],
        standIns: {
            application_name: NO_TEXT,
            parent_workflow_id: NO_TEXT,
            forked_from: NO_TEXT,
            delay_until_epoch_ms: NO_NUMBER,
            workflow_deadline_epoch_ms: NO_NUMBER,
            is_debounced: sql `false`,
            debounce_deadline_epoch_ms: NO_NUMBER,
            ctid: sql `NULL::tid`,
        },
    },
    operation_outputs: {
        needed: ['workflow_uuid', 'function_id', 'function_name'],
        standIns: { started_at_epoch_ms: NO_NUMBER, completed_at_epoch_ms: NO_NUMBER },
    },
    application_versions: {
        needed: ['version_name', 'version_timestamp'],
        standIns: { created_at: NO_NUMBER, application_name: NO_TEXT, xmin: sql `NULL::xid` },
    },
    dbos_migrations: { needed: ['version'], standIns: {} },
    queues: {
        needed: ['name', 'concurrency', 'rate_limit_period_sec'],
        standIns: {
            partition_queue: sql `false`,
            partition_rate_limit_period_sec: sql `NULL::float8`,
            application_name: NO_TEXT,
        },
    },
};
const TABLES = Object.keys(COLUMNS);
/** Returns the names of a table's columns that the statements cannot do without. */
const neededColumns = (table) => COLUMNS[table].needed;
/** Returns the names of a table's columns that the statements read. */
function columnNames(table) {
    return [...COLUMNS[table].needed, ...Object.keys(COLUMNS[table].standIns)];
}
/** Statuses in flight, in the one shape that the planner answers from partial indexes: `IN` of all three is not. */
const IN_FLIGHT = sql `(status IN ('PENDING', 'ENQUEUED') OR status = 'DELAYED')`;
/** Every status that DBOS has, for `IN`. */
const KNOWN_STATUSES = sql `'PENDING', 'ENQUEUED', 'DELAYED', 'SUCCESS', 'ERROR', 'CANCELLED',
    'MAX_RECOVERY_ATTEMPTS_EXCEEDED', 'RETRIES_EXCEEDED'`;
/** The start of the transaction, in epoch milliseconds: the same everywhere in one poll. */
const NOW = sql `(extract(epoch FROM now()) * 1000)::bigint`;
/**
 * A name or an id, compared byte for byte whatever the collation of its column: to a nondeterministic one, `V1` and `v1`
 * can be equal, and before Postgres 18 it cannot do `LIKE`. Statuses and the ids of steps keep theirs, as their indexes
 * do: rows that are equal to a status in flight count as such, and no two workflows have equal ids.
 */
const bytes = (name) => sql `(${name} COLLATE pg_catalog."C")`;
/** The application that owns a row. */
const OWNER = bytes(sql `NULLIF(application_name, '')`);
/** The end of the year 9999, in epoch milliseconds. */
const LAST_TIME = 253_402_300_799_999;
/**
 * A time that is only shown. A row can hold any number, and a calendar ends with the year 9999. NULL stays NULL, which
 * `least` and `greatest` would not leave it.
 */
function shownTime(time) {
    return sql `CASE WHEN ${time} < 0 THEN 0 WHEN ${time} > ${LAST_TIME} THEN ${LAST_TIME} ELSE ${time} END`;
}
/** A name that is only shown, cut to 300 characters. */
const shownName = (name) => sql `left(${name}, 300)`;
/** The name of a table, with its schema. */
const tableOf = (schema, table) => sql `${identifier(schema.name)}.${identifier(table)}`;
/** Concepts of `workflow_status`, those included that older schemas do not have. */
function workflowColumns(schema) {
    const column = columnsOf(schema, 'workflow_status');
    const delayUntil = column('delay_until_epoch_ms');
    const isDebounced = column('is_debounced');
    const deadline = column('workflow_deadline_epoch_ms');
    const id = bytes(sql `workflow_uuid`);
    const version = bytes(sql `application_version`);
    // Whatever the clock of the process that stamped both: no delay lasts longer from now than it did in all.
    const atMost = sql `${NOW} + ${shownTime(delayUntil)} - ${shownTime(sql `created_at`)}`;
    return {
        id,
        version,
        /** Whether a schedule started it: in every SDK the ids of such workflows begin so. */
        isScheduled: sql `left(${id}, 6) = 'sched-'`,
        /**
         * The version, NULL for a running row with an empty one. Its process could not read its own version, as Go's where
         * the binary is unreadable, and stamps NULL and empty alike.
         */
        versionOrNone: sql `CASE WHEN status = 'PENDING' THEN NULLIF(${version}, '') ELSE ${version} END`,
        name: bytes(sql `name`),
        queue: bytes(sql `queue_name`),
        owner: column('application_name', OWNER),
        parent: column('parent_workflow_id', bytes(sql `parent_workflow_id`)),
        /** The workflow that it is a fork of. */
        forkedFrom: column('forked_from', bytes(sql `forked_from`)),
        /** Whether it is the child of another workflow. */
        isChild: column('parent_workflow_id', sql `parent_workflow_id IS NOT NULL`, sql `NULL::boolean`),
        delayUntil,
        isDebounced,
        debounceDeadline: column('debounce_deadline_epoch_ms'),
        deadline,
        /** Before this, a delayed row cannot leave its status by itself. Another call can move a debounced one either way. */
        delayedUntil: sql `CASE WHEN status = 'DELAYED' AND NOT ${isDebounced}
              THEN ${shownTime(sql `least(${delayUntil}, ${deadline}, ${atMost})`)} END`,
    };
}
/** Concepts of `operation_outputs` that older schemas do not have. */
function stepColumns(schema) {
    const column = columnsOf(schema, 'operation_outputs');
    return { startedAt: column('started_at_epoch_ms'), completedAt: column('completed_at_epoch_ms') };
}
/** Concepts of `application_versions`, those included that older schemas do not have. */
function registrationColumns(schema) {
    const column = columnsOf(schema, 'application_versions');
    return {
        version: bytes(sql `version_name`),
        owner: column('application_name', OWNER),
        createdAt: column('created_at'),
    };
}
/** Concepts of `queues`, those included that older schemas do not have. */
function queueColumns(schema) {
    const column = columnsOf(schema, 'queues');
    return {
        name: bytes(sql `name`),
        owner: column('application_name', OWNER),
        /** Its limits hold in each of its partitions, not in all of it. */
        isPartitioned: column('partition_queue'),
        /** The longer period of its rate limits, in seconds. */
        ratePeriod: sql `greatest(rate_limit_period_sec, ${column('partition_rate_limit_period_sec')})`,
    };
}
/** Returns a function from a column to its expression, or to what stands in where this schema does not have it. */
function columnsOf(schema, table) {
    const standIns = COLUMNS[table].standIns;
    return (name, expression = identifier(name), standIn = standIns[name]) => standIn === undefined || schema.tables[table]?.includes(name) ? expression : standIn;
}

;// CONCATENATED MODULE: ./lib/dbos/scope.js

/** The application's own rows, and those that no application owns; every row where none is configured. */
function inApplication(application, owner) {
    if (application === undefined)
        return sql `true`;
    return sql `(${owner} IS NULL OR ${owner} = ${sql_text(application)})`;
}
/** Rows of a version whose rows the poll counts; NULL for rows without a version. */
function isSelected(selection, version) {
    if ('only' in selection)
        return sql `${version} = ANY (${texts(selection.only)})`;
    return sql `${version} <> ALL (${texts(selection.except)})`;
}
/** Rows under a name that never blocks. In the patterns, `*` stands for any text. */
function isIgnored(patterns, name) {
    const like = patterns.map((pattern) => pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%'));
    return sql `coalesce(${name} LIKE ANY (${texts(like)}), false)`;
}

;// CONCATENATED MODULE: ./lib/dbos/snapshot/section.js


const section_text = schemas_string().nullable();
/** A time in epoch milliseconds. */
const section_time = schemas_int().nullable();
/** Workflows in flight, by DBOS status. */
const statusCounts = { pending: schemas_int(), enqueued: schemas_int(), delayed: schemas_int() };
/** The rows of a statement, as JSON. */
const rows = (select) => sql `(SELECT coalesce(json_agg(r), '[]') FROM (${select}) r)`;
/** A list of rows that nobody changes. */
const list = (row) => array(row).readonly();
/** A section that is NULL in the row, and undefined in the snapshot, where it was not read. */
const section_optional = (column) => column.nullable().transform((value) => value ?? undefined);
/** A cut list as JSON. `versioned` and `unversioned` are the numbers of items before the cut. */
function truncatedRows(select, counts) {
    return sql `json_build_object('items', ${rows(select)},
    'versioned', ${counts.versioned}, 'unversioned', ${counts.unversioned})`;
}
function truncated(row) {
    return object({ items: list(row), versioned: schemas_int(), unversioned: schemas_int() })
        .transform(({ items, versioned, unversioned }) => {
        const shown = items.filter(({ version }) => version !== null).length;
        return { items, omitted: versioned - shown, omittedUnversioned: unversioned - (items.length - shown) };
    });
}

;// CONCATENATED MODULE: ./lib/dbos/snapshot/in-flight.js





/** The work in flight on one version. */
const versionInFlight = object({
    /** Null for unversioned rows: see `shownVersion`. */
    version: section_text,
    application: section_text,
    /** A process took work of this version without writing an owner: its SDK writes none. */
    ranUnowned: schemas_boolean(),
    ...statusCounts,
    /** In flight under a name that `ignore-workflows` matches; not in the three counts above. */
    ignored: schemas_int(),
    /** Creation of the oldest that is not ignored. */
    oldestCreatedAt: section_time,
    /** The last time at which a delay of it ends, or a deadline that comes first; not of ignored and debounced rows. */
    delayedUntil: section_time,
    /** The newest write that a process of the version made to the status of a row that it runs. */
    newestTakenAt: section_time,
});
/** The version of a row in flight. With `keep-version`, what runs without a version can be a target of its own. */
function shownVersion({ schema, request }) {
    const { version, versionOrNone } = workflowColumns(schema);
    return 'except' in request.selection ? versionOrNone : version;
}
/** In the application, and on a version that the poll counts or on none. Reads `tally` or `in_flight`. */
function isCounted({ gate, request }) {
    const isOnSelected = sql `(version IS NULL OR version = '' OR ${isSelected(request.selection, sql `version`)})`;
    return sql `${inApplication(gate.application, sql `application`)} AND ${isOnSelected}`;
}
/**
 * What is in flight can be a million rows. So `in_flight` is read once, through the partial indexes
 * (`idx_workflow_status_in_flight*`, `idx_workflow_status_pending`, `idx_workflow_status_delayed`) or, on older schemas,
 * the plain status index. It is counted once, in `tally`, from which all other counts are summed.
 */
function inFlightSection(query) {
    const { id, name, queue, owner, parent, delayedUntil } = workflowColumns(query.schema);
    const version = shownVersion(query);
    const inFlight = sql `in_flight AS MATERIALIZED (
  SELECT ctid AS place, ${id} AS workflow_uuid, status, ${name} AS name, ${queue} AS queue_name,
         ${version} AS version, ${owner} AS application, created_at, updated_at, started_at_epoch_ms AS started_at, ${delayedUntil} AS delayed_until,
         ${parent} AS parent, ${isIgnored(query.gate.ignoreWorkflows, name)} AS ignored
    FROM ${tableOf(query.schema, 'workflow_status')}
   WHERE ${IN_FLIGHT}
)`;
    const tally = sql `tally AS MATERIALIZED (
  SELECT version, application, name, queue_name, ignored, count(*) AS total,
         count(*) FILTER (WHERE status = 'PENDING') AS pending, count(*) FILTER (WHERE status = 'ENQUEUED') AS enqueued,
         count(*) FILTER (WHERE status = 'DELAYED') AS delayed,
         min(created_at) AS oldest, max(updated_at) AS updated_at, max(started_at) AS started_at,
         max(greatest(updated_at, started_at)) FILTER (WHERE status = 'PENDING') AS taken_at,
         max(delayed_until) AS delayed_until
    FROM in_flight
   GROUP BY version, application, name, queue_name, ignored
)`;
    const selected = sql `selected AS MATERIALIZED (
  SELECT * FROM tally WHERE ${isCounted(query)}
)`;
    const column = rows(sql `
     SELECT version, max(application) AS application, bool_or(pending > 0 AND application IS NULL) AS "ranUnowned",
            coalesce(sum(total) FILTER (WHERE ignored), 0) AS ignored,
            coalesce(sum(pending) FILTER (WHERE NOT ignored), 0) AS pending,
            coalesce(sum(enqueued) FILTER (WHERE NOT ignored), 0) AS enqueued,
            coalesce(sum(delayed) FILTER (WHERE NOT ignored), 0) AS delayed,
            ${shownTime(sql `min(oldest) FILTER (WHERE NOT ignored)`)} AS "oldestCreatedAt",
            max(delayed_until) FILTER (WHERE NOT ignored) AS "delayedUntil",
            ${shownTime(sql `max(taken_at)`)} AS "newestTakenAt"
       FROM selected GROUP BY version`);
    return { ctes: [inFlight, tally, selected], column };
}
/** How many groups a poll reads. */
const GROUP_LIMIT = 100;
/** Work in flight on one version, under one name, in one queue. */
const workflowGroup = object({
    version: section_text,
    name: section_text,
    queue: section_text,
    ...statusCounts,
    ignored: schemas_boolean(),
    oldestCreatedAt: schemas_int(),
});
/** The largest groups first. */
function groupsSection() {
    const grouped = sql `grouped AS MATERIALIZED (
  SELECT version, name, queue_name, ignored, sum(pending) AS pending, sum(enqueued) AS enqueued,
         sum(delayed) AS delayed, sum(total) AS total, min(oldest) AS oldest
    FROM selected
   WHERE version IS DISTINCT FROM ''
   GROUP BY version, name, queue_name, ignored
)`;
    const largest = sql `
     SELECT version, ${shownName(sql `name`)} AS name, ${shownName(sql `queue_name`)} AS queue,
            pending, enqueued, delayed, ignored, ${shownTime(sql `oldest`)} AS "oldestCreatedAt"
       FROM grouped ORDER BY version IS NULL, total DESC, oldest LIMIT ${GROUP_LIMIT}`;
    const column = truncatedRows(largest, {
        versioned: sql `(SELECT count(*) FROM grouped WHERE version IS NOT NULL)`,
        unversioned: sql `(SELECT count(*) FROM grouped WHERE version IS NULL)`,
    });
    return { ctes: [grouped], column };
}
/** How many of the workflows that are delayed longest a poll reads. */
const LAST_DELAYED_LIMIT = 20;
/** A delayed workflow. */
const delayedWorkflow = object({
    id: schemas_string(),
    version: schemas_string(),
    name: section_text,
    /** As `VersionInFlight.delayedUntil`. */
    until: schemas_int(),
});
/** The delayed workflows that start last, the very last first. */
function lastDelayedSection(query) {
    const column = rows(sql `
     SELECT workflow_uuid AS id, version, ${shownName(sql `name`)} AS name, delayed_until AS until
       FROM in_flight WHERE delayed_until IS NOT NULL AND NOT ignored AND version <> '' AND ${isCounted(query)}
      ORDER BY delayed_until DESC, workflow_uuid LIMIT ${LAST_DELAYED_LIMIT}`);
    return { column };
}

;// CONCATENATED MODULE: ./lib/dbos/snapshot/workflows.js





/** How many workflows a poll reads in detail, and how many a detail scan does. */
const DETAIL_LIMIT = 50;
const DETAIL_SCAN_LIMIT = 10_000;
/** The most steps before a sleep that a poll reads, to find one that has not finished. */
const EARLIER_STEPS = 200;
/** The last `EARLIER_STEPS` numbers before a step. A step is recorded when it finishes. */
const earlierSteps = object({
    count: schemas_int(),
    /** When the last of them finished, or will. Null where that of any is unknown, and where there is none. */
    endedAt: section_time,
});
/** The last recorded step of a workflow. */
const lastStep = object({
    /** `function_id`: a fork that starts at the next number keeps everything done so far. */
    number: schemas_int(),
    name: schemas_string(),
    /** Unknown in rows of older SDKs, as is `completedAt`. */
    startedAt: section_time,
    /** Of a sleep, newer SDKs record when it will be over. */
    completedAt: section_time,
    /**
     * The name of the step before it by number. Null where that has not finished, or there is none. A `recv` or a
     * `getEvent` takes a number, and the next one for its timeout, which is recorded as a `DBOS.sleep` when the wait starts.
     */
    before: section_text,
    /** What is recorded of the steps before it; null except for a `DBOS.sleep`. */
    earlier: earlierSteps.nullable(),
});
/** A workflow in flight. */
const workflowDetail = object({
    id: schemas_string(),
    version: section_text,
    name: section_text,
    className: section_text,
    status: schemas_string(),
    queue: section_text,
    executor: section_text,
    createdAt: schemas_int(),
    /** The last write to its row: a change of its status, or of what belongs to that. No step makes one. */
    updatedAt: schemas_int(),
    startedAt: section_time,
    delayUntil: section_time,
    /** Each further call of its debouncer moves `delayUntil`, up to `debounceDeadline` where there is one. */
    debounced: schemas_boolean(),
    debounceDeadline: section_time,
    /** When DBOS will cancel it. */
    deadline: section_time,
    parent: section_text,
    /** It is the parent of some workflow in flight, on any version, ignored or not. */
    hasChildren: schemas_boolean(),
    /** Read only where it is PENDING: null says nothing about what a workflow in a queue did before. */
    lastStep: lastStep.nullable(),
});
/**
 * The oldest workflows in flight. Their rows are joined back by `ctid`, their place in the table, which holds for a
 * snapshot: so the aggregates stay narrow, and no index is descended, whose depth grows with history, for each. A row of
 * a table that inherits from this one can have the same place, and has another id.
 */
function workflowsSection(query) {
    const { schema, request } = query;
    const { id, delayUntil, isDebounced, debounceDeadline, deadline, parent } = workflowColumns(schema);
    const oldest = sql `SELECT place, workflow_uuid AS place_id FROM in_flight WHERE NOT ignored AND version IS DISTINCT FROM '' AND ${isCounted(query)}
              ORDER BY version IS NULL, created_at, workflow_uuid
              LIMIT ${request.detailScan ? DETAIL_SCAN_LIMIT : DETAIL_LIMIT}`;
    const details = sql `SELECT workflow_uuid AS id, ${shownVersion(query)} AS version, ${shownName(sql `name`)} AS name,
            ${shownName(sql `class_name`)} AS "className", status, ${shownName(sql `queue_name`)} AS queue,
            ${shownName(sql `executor_id`)} AS executor, ${shownTime(sql `created_at`)} AS "createdAt",
            ${shownTime(sql `updated_at`)} AS "updatedAt", ${shownTime(sql `started_at_epoch_ms`)} AS "startedAt",
            ${shownTime(delayUntil)} AS "delayUntil", ${isDebounced} AS debounced,
            ${shownTime(debounceDeadline)} AS "debounceDeadline", ${shownTime(deadline)} AS deadline, ${parent} AS parent,
            ${id} IN (SELECT c.parent FROM in_flight c WHERE c.parent IS NOT NULL) AS "hasChildren",
            ${lastStepOf(schema)} AS "lastStep"
       FROM (${oldest}) shown
       JOIN ${tableOf(schema, 'workflow_status')} w ON w.ctid = place AND ${id} = place_id`;
    const column = truncatedRows(sql `SELECT * FROM (${details}) d ORDER BY version IS NULL, "createdAt", id`, {
        versioned: sql `(SELECT coalesce(sum(total), 0) FROM selected WHERE NOT ignored AND version <> '')`,
        unversioned: sql `(SELECT coalesce(sum(total), 0) FROM selected WHERE NOT ignored AND version IS NULL)`,
    });
    return { column };
}
/**
 * The last step of the workflow in the row `w`, as JSON. The last two steps are one descent of the primary key of
 * `operation_outputs`. They are read only where the workflow is PENDING: one that waits in a queue or for its delay ran
 * them, if any, before its status changed.
 */
function lastStepOf(schema) {
    const steps = tableOf(schema, 'operation_outputs');
    const { startedAt, completedAt } = stepColumns(schema);
    const earlier = sql `
                         SELECT json_build_object('count', count(*), 'endedAt', CASE WHEN count(*) = count(ended_at) THEN max(ended_at) END)
                           FROM (SELECT ${shownTime(completedAt)} AS ended_at FROM ${steps} e
                                  WHERE e.workflow_uuid = w.workflow_uuid
                                    AND e.function_id BETWEEN greatest(o.function_id - ${EARLIER_STEPS}, 0) AND o.function_id - 1) ended`;
    const isAsleep = sql `o.function_name = 'DBOS.sleep' AND ${shownTime(sql `o.completed_at`)} > ${NOW}`;
    return sql `(SELECT json_build_object('number', o.function_id, 'name', ${shownName(sql `o.function_name`)},
                      'startedAt', ${shownTime(sql `o.started_at`)}, 'completedAt', ${shownTime(sql `o.completed_at`)},
                      'before', CASE WHEN id_before = o.function_id - 1 THEN ${shownName(sql `name_before`)} END,
                      'earlier', CASE WHEN ${isAsleep} THEN (${earlier}) END)
               FROM (SELECT *, lead(function_id) OVER last AS id_before, lead(function_name) OVER last AS name_before
                       FROM (SELECT function_id, function_name, ${startedAt} AS started_at, ${completedAt} AS completed_at
                               FROM ${steps} s
                              WHERE s.workflow_uuid = w.workflow_uuid AND w.status = 'PENDING'
                              ORDER BY function_id DESC LIMIT 2) last_two
                     WINDOW last AS (ORDER BY function_id DESC)) o
              ORDER BY o.function_id DESC LIMIT 1)`;
}

;// CONCATENATED MODULE: ./lib/forecast/activity.js

const WAITS = ['sleeping', 'message', 'timer', 'child', 'delayed', 'overdue', 'queued'];
const ACTIVITIES = ['running', 'silent', ...WAITS];
/** Whether a workflow gets closer to its end: by work, by time alone, or not at all for `stuck-after`. */
const WORKFLOW_STATES = ['progressing', 'waiting', 'stuck'];
/** Steps that have a timer of their own: it is the step after them. */
const TIMED = new Set(['DBOS.recv', 'DBOS.getEvent']);
/**
 * A timer that was recorded as over within this many milliseconds is only the mark of one. SDKs before TypeScript 4.25
 * and Python 2.29 record every sleep like that. Newer ones do so for the timeouts of `recv`, `getEvent` and `getResult`.
 */
const MARK_MS = 500;
/** Processes look for delays that have passed once per second. The rest allows for their clocks. */
const OVERDUE_MS = 60_000;
/** Only a damaged database has more generations than this: they are not followed. */
const MOST_GENERATIONS = 500;
/** Returns the status of each workflow. Each is evaluated once, however they are related. Pure. */
function statusesOf(workflows, around) {
    const statuses = new Map();
    const started = new Set();
    const statusFrom = (workflow, generation) => {
        const known = statuses.get(workflow.id);
        if (known !== undefined)
            return known;
        const isFollowed = !started.has(workflow.id) && generation < MOST_GENERATIONS;
        started.add(workflow.id);
        const waits = (isFollowed ? around.childrenOf(workflow.id) : []).map((child) => ({ kind: 'child', child, status: statusFrom(child, generation + 1) }));
        // The child to report is a stuck one, or else the oldest.
        const foremost = waits.find(({ status }) => status.state === 'stuck') ?? waits[0];
        const progressAt = progressOf(workflow, around.now);
        const isQuiet = around.now - progressAt >= around.stuckAfterMs;
        const activity = activityOf(workflow, isQuiet, around, foremost);
        const status = { state: stateOf(activity, isQuiet), activity, progressAt, deadline: workflow.deadline };
        statuses.set(workflow.id, status);
        return status;
    };
    // The youngest first: children are younger than their parents.
    for (const workflow of workflows.toReversed())
        statusFrom(workflow, 0);
    return statuses;
}
function activityOf(workflow, isQuiet, around, child) {
    if (workflow.status === 'ENQUEUED')
        return queued(workflow, around);
    if (workflow.status === 'DELAYED') {
        const { delayUntil: until, debounced } = workflow;
        const isOverdue = until !== null && until + OVERDUE_MS < around.now;
        return isOverdue ? { kind: 'overdue', since: until } : { kind: 'delayed', until, debounced };
    }
    const timer = timerOf(workflow, around.now);
    if (timer?.kind === 'sleeping' || timer?.kind === 'message')
        return timer;
    return child ?? timer ?? { kind: isQuiet ? 'silent' : 'running' };
}
/**
 * Returns the wait that the last step shows, if it is a timer that can still run. When a message arrives, the timer of
 * that wait is over. Java's SDK alone records when it would have ended.
 */
function timerOf({ lastStep: step, hasChildren }, now) {
    if (step?.name !== 'DBOS.sleep' || TIMED.has(step.before ?? ''))
        return undefined;
    const isTimed = step.number > 0 && step.before === null;
    const { startedAt, completedAt: until } = step;
    if (startedAt === null || until === null || until - startedAt <= MARK_MS) {
        return isTimed ? { kind: 'message', until: null } : { kind: 'timer' };
    }
    if (until <= now)
        return undefined;
    if (isTimed)
        return { kind: 'message', until };
    return { kind: 'sleeping', until, certain: !hasChildren && isAlone(step) };
}
/**
 * Whether all steps before the sleep had finished when it started. A missing number is a step, a wait or a child's
 * result that can still run. The code can race it against the sleep. Among steps that no poll reads, one can be missing.
 */
function isAlone({ number, startedAt, earlier }) {
    if (number === 0)
        return true;
    if (earlier?.endedAt == null || startedAt === null)
        return false;
    return number <= EARLIER_STEPS && earlier.count === number && earlier.endedAt <= startedAt;
}
function queued({ version, queue, createdAt, updatedAt }, around) {
    const state = queue === null ? undefined : around.queue(version, queue);
    const movedAt = Math.max(state?.movedAt ?? around.now, createdAt, updatedAt);
    return {
        kind: 'queued',
        queue: queue ?? '',
        moves: around.now - movedAt < Math.max(around.stuckAfterMs, state?.rateMs ?? 0),
        running: state?.running ?? 0,
        limit: state?.limit ?? null,
        rateLimited: state?.rateMs != null,
    };
}
function stateOf(activity, isQuiet) {
    switch (activity.kind) {
        case 'running':
            return 'progressing';
        case 'silent':
            return 'stuck';
        case 'message':
            return isQuiet && activity.until === null ? 'stuck' : 'waiting';
        case 'overdue':
            return isQuiet ? 'stuck' : 'waiting';
        case 'child':
            return activity.status.state === 'stuck' ? 'stuck' : 'waiting';
        case 'queued':
            return activity.moves ? 'waiting' : 'stuck';
        case 'sleeping':
        case 'timer':
        case 'delayed':
            return 'waiting';
    }
}
/** Returns the newest time in its row and its last step that is not in the future. */
function progressOf({ createdAt, updatedAt, startedAt, lastStep }, now) {
    const times = [createdAt, updatedAt, startedAt, lastStep?.startedAt, lastStep?.completedAt];
    return Math.max(...times.map((time) => (time != null && time <= now ? time : 0)));
}

;// CONCATENATED MODULE: ./lib/forecast/detail-scan.js
function detailScanOf(contents, statuses, observedAt) {
    const { items: workflows, omitted, omittedUnversioned } = contents.workflows;
    const read = workflows.flatMap((workflow) => {
        const status = statuses.get(workflow.id);
        return status === undefined ? [] : [{ workflow, status }];
    });
    const byVersion = Map.groupBy(read, ({ workflow }) => workflow.version);
    return { observedAt, workflows, omitted, omittedUnversioned, statuses, byVersion };
}
/** Returns what the detail scan read of a version; nothing before the first scan. */
function scannedOf(version, detailScan) {
    return detailScan?.byVersion.get(version) ?? [];
}
/**
 * Whether a workflow does not finish at the rate of the others: its end is known, or it is stuck. Every poll counts
 * delayed workflows exactly, so they are not parked. Waits for messages finish at the rate of earlier ones.
 */
function isParked({ status: { state, activity } }) {
    const { kind } = activity;
    return kind === 'sleeping' || (state === 'stuck' && !['delayed', 'overdue', 'message'].includes(kind));
}

;// CONCATENATED MODULE: ./lib/forecast/earliest-end.js
const EARLIEST_ENDS_KEPT = 20;
/**
 * How far the clocks of processes, which stamp delays and wake-ups, can be ahead of the database's, in milliseconds.
 * An earliest end counts as past the deadline only when it is later by more than this.
 */
const CLOCK_SKEW_MS = 60_000;
/**
 * Returns the earliest ends that are certain, at most one per workflow: of what this poll read, and of the sleeping
 * workflows that the last detail scan read and this poll did not.
 *
 * - A delayed workflow starts at `delay_until_epoch_ms` and not before. The SQL omits debounced ones: another call can
 *   change their delay.
 * - A sleeping one wakes when its `DBOS.sleep` step says, if nothing ran next to the sleep when it started (see `isAlone`
 *   in `activity.ts`) and no child is in flight. Code that starts something after the sleep and races the two leaves no
 *   trace, and can finish sooner: `fail-fast: false` is for it.
 * - DBOS cancels either one at its deadline.
 */
function earliestEndsOf({ lastDelayed }, read, lastScan) {
    const known = new Set([...lastDelayed, ...read.workflows].map(({ id }) => id));
    const older = lastScan === undefined ? [] : sleepingEnds(lastScan).filter(({ id }) => !known.has(id));
    const delayed = lastDelayed.map((workflow) => ({ ...workflow, because: 'delayed' }));
    return [...older, ...delayed, ...sleepingEnds(read)];
}
function sleepingEnds({ workflows, statuses, observedAt }) {
    return workflows.flatMap(({ id, version, name, deadline, lastStep }) => {
        const activity = statuses.get(id)?.activity;
        if (version === null || activity?.kind !== 'sleeping' || !activity.certain)
            return [];
        // The process's clock can be wrong, but no sleep lasts longer from now than it does in all.
        const atMost = observedAt + activity.until - (lastStep?.startedAt ?? activity.until);
        const until = Math.min(activity.until, deadline ?? Number.POSITIVE_INFINITY, atMost);
        return [{ id, version, name, until, because: 'sleeping' }];
    });
}
/** Returns the bounds of these versions. The last delay counts even when its workflow is not listed. */
function boundsOf(versions, earliestEnds, inFlight) {
    const chosen = new Set(versions);
    const delays = versions.flatMap((version) => {
        const until = inFlight.get(version)?.delayedUntil;
        return version === null || until == null ? [] : [{ id: null, version, until, because: 'delayed' }];
    });
    return [...earliestEnds.filter(({ version }) => chosen.has(version)), ...delays];
}
/** Returns the end that is certain with these bounds. */
function certainEnd(bounds) {
    const named = bounds.filter((bound) => bound.id !== null).toSorted((a, b) => b.until - a.until);
    return { earliestEnds: named.slice(0, EARLIEST_ENDS_KEPT), notBefore: latest(bounds.map(({ until }) => until)) };
}
/** Returns the latest of the times that are known; undefined without any. */
function latest(times) {
    const known = times.filter((time) => time != null);
    return known.length === 0 ? undefined : known.reduce((a, b) => Math.max(a, b));
}
/** Returns what cannot finish before the timeout, if anything. `began`: the start of the poll, by the gate's clock. */
function pastDeadline(timeoutMs, certain, observedAt, began) {
    const { earliestEnds, notBefore } = certain;
    const deadline = observedAt + timeoutMs - began;
    if (notBefore === undefined || notBefore - CLOCK_SKEW_MS <= deadline)
        return undefined;
    const neededMs = notBefore - observedAt + began + CLOCK_SKEW_MS;
    const past = earliestEnds.filter(({ until }) => until - CLOCK_SKEW_MS > deadline);
    return { earliestEnds: past, notBefore, deadline, neededMs: Math.ceil(neededMs / 60_000) * 60_000 };
}
/**
 * Whether the clocks agree, as far as the snapshot shows. They do not when a process has written a time that is ahead of
 * the database's clock, or when that clock has stepped back since the gate started, as after a failover.
 */
function clocksAgree(contents, observedAt, began, startedAt) {
    const { newestWriteAt = 0 } = contents;
    const steppedBackMs = startedAt === undefined ? 0 : startedAt + began - observedAt;
    return steppedBackMs <= CLOCK_SKEW_MS && newestWriteAt - observedAt <= CLOCK_SKEW_MS;
}

;// CONCATENATED MODULE: ./lib/forecast/rate.js
/** One burst is no rate: at least 5 workflows finished, in at least 3 of the pauses between polls. */
const EVIDENCE_COMPLETED = 5;
const EVIDENCE_PAUSES = 3;
/** The shortest recent window, in milliseconds. */
const SHORTEST_WINDOW_MS = 120_000;
/** Arrivals keep up with completions when they are at least this share of them. */
const KEEPS_UP = 0.9;
/** Returns the samples of the recent window: the last half of the hold, and at least two minutes. */
function recent(samples) {
    const since = (samples.at(-1)?.atMs ?? 0) - Math.max(SHORTEST_WINDOW_MS, increase('atMs', samples) / 2);
    return samples.filter(({ atMs }) => atMs >= since);
}
/** Returns how much greater a number is in the last sample than in the first; zero without samples. */
function increase(of, samples) {
    return (samples.at(-1)?.[of] ?? 0) - (samples[0]?.[of] ?? 0);
}
/** Returns the rate of the recent window; undefined before two polls. */
function rateOf(samples) {
    const window = recent(samples);
    const overMs = increase('atMs', window);
    if (overMs <= 0)
        return undefined;
    const perMinute = 60_000 / overMs;
    return {
        completedPerMinute: increase('completed', window) * perMinute,
        arrivedPerMinute: increase('arrived', window) * perMinute,
        overMs,
    };
}
/** Whether enough workflows have finished, and not in one burst, for a rate or an estimate to mean something. */
function hasEvidence(samples) {
    const pauses = samples.filter(({ completed }, index) => completed > (samples[index - 1]?.completed ?? completed));
    return increase('completed', samples) >= EVIDENCE_COMPLETED && pauses.length >= EVIDENCE_PAUSES;
}
/** Whether about as many workflows arrive as finish. */
function isKeptUp(completed, arrived) {
    return arrived > 0 && arrived >= KEEPS_UP * completed;
}

;// CONCATENATED MODULE: ./lib/forecast/estimate.js

/** The 90 % quantile of the standard normal distribution: 80 % of the cases lie within it on both sides. */
const QUANTILE_90 = 1.2816;
/** With fewer completions in the recent window, the range says nothing: its end is more than 3.5 times its start. */
const LEAST_COMPLETED = 6;
/** Bounds, in milliseconds, for the work after a wait. In between, it can take as long as the wait itself. */
const AFTERWARDS_MS = { least: 30_000, most: 180_000 };
/**
 * Estimates how long the moving workflows take: their number divided by the completions per minute of the recent window.
 *
 * The range is that of the rate. Completions are counted as a Poisson process, and the window's count gives an 80 %
 * interval for their mean. Arrivals are not added.
 *
 * @returns Undefined without evidence, when hardly anything finished recently, or when as many could arrive as finish.
 */
function movingTimeLeft(samples) {
    const moving = samples.at(-1)?.moving ?? 0;
    const window = recent(samples);
    const completed = increase('completed', window);
    if (moving <= 0 || completed < LEAST_COMPLETED || !hasEvidence(samples))
        return undefined;
    // The difference of two Poisson counts has the variance of their sum: arrivals get one standard deviation on top.
    const arrived = increase('arrived', window);
    if (isKeptUp(completed, arrived + Math.sqrt(arrived + completed)))
        return undefined;
    const [fewest, most] = poissonInterval(completed);
    const takesMs = (count) => (moving * increase('atMs', window)) / count;
    return { leftMs: takesMs(completed), fromMs: takesMs(most), toMs: takesMs(fewest) };
}
/**
 * Returns an 80 % confidence interval for the mean of a Poisson distribution of which `count` events were observed.
 *
 * This is Byar's approximation of the exact interval, within 1 % of it from 6 events on. Source: N. E. Breslow and
 * N. E. Day, Statistical Methods in Cancer Research, Volume II (IARC, 1987), p. 69.
 */
function poissonInterval(count) {
    const limit = (n, deviations) => n * (1 - 1 / (9 * n) + deviations / (3 * Math.sqrt(n))) ** 3;
    return [limit(count, -QUANTILE_90), limit(count + 1, QUANTILE_90)];
}
/**
 * Combines the estimate for the `count` moving workflows with the waits. Both drain side by side: the longer one counts.
 * The range leaves the last waiting workflow as much time afterwards as the moving ones need, or as it has waited.
 *
 * @param certainMs Until the last wait that is certain, in milliseconds; undefined without one.
 * @param expectedMs Until the last wait, certain or not, in milliseconds; undefined without one.
 */
function withWaits(count, moving, certainMs, expectedMs) {
    if (moving === undefined && (count > 0 || expectedMs === undefined))
        return undefined;
    const { leftMs, fromMs, toMs } = moving ?? { leftMs: 0, fromMs: 0, toMs: 0 };
    const waitMs = expectedMs ?? 0;
    const afterwardsMs = Math.min(AFTERWARDS_MS.most, Math.max(AFTERWARDS_MS.least, waitMs));
    return {
        leftMs: Math.max(leftMs, waitMs),
        fromMs: Math.max(fromMs, certainMs ?? 0),
        toMs: waitMs === 0 && moving !== undefined ? toMs : waitMs + Math.max(toMs, afterwardsMs),
    };
}

;// CONCATENATED MODULE: ./lib/forecast/drain-forecast.js




/**
 * Where a drain is going: nothing is in flight; no evidence yet; fewer and fewer are in flight; as many arrive as
 * finish; the rest waits for a known time; nothing finished recently; the rest is stuck.
 */
const TRENDS = ['idle', 'too-early', 'draining', 'not-converging', 'waiting', 'stalled', 'stuck'];
/** Without evidence, a rate means something once it was measured over this many milliseconds. */
const RATE_OVER_MS = 60_000;
/** Arrivals are compared with completions after this many of them. */
const ARRIVALS_ENOUGH = 5;
/** Returns the forecast for these versions, which have this series together. Pure. */
function drainForecast(versions, series, context) {
    const { history, earliestEnds, observedAt } = context;
    // The last detail scan can hold workflows of versions that have drained since.
    const inFlight = versions.filter((version) => inFlightOf(version, history) > 0);
    const certain = certainEnd(boundsOf(inFlight, earliestEnds, context.inFlight));
    const { points } = series;
    const newest = points.at(-1);
    const rate = rateOf(points);
    const states = statesOf(inFlight, history);
    const moving = movingTimeLeft(points);
    const trend = trendOf(series, states, context, rate, moving);
    const scanned = inFlight.flatMap((version) => scannedOf(version, history.detailScan));
    const activities = scanned.map(({ status }) => status.activity);
    // Certain or not.
    const waits = activities.map((each) => (each.kind === 'sleeping' || each.kind === 'delayed' ? each.until : null));
    const lastWait = latest([certain.notBefore, ...waits]);
    const msUntil = (time) => (time === undefined ? undefined : Math.max(0, time - observedAt));
    const left = withWaits(newest?.moving ?? 0, moving, msUntil(certain.notBefore), msUntil(lastWait));
    return {
        trend,
        rate: hasEvidence(points) || (rate?.overMs ?? 0) >= RATE_OVER_MS ? rate : undefined,
        left: trend === 'stalled' ? undefined : left,
        ...certain,
        states,
        arrived: { total: newest?.arrived ?? 0, roots: newest?.roots ?? 0, children: newest?.children ?? 0 },
        hasTraffic: increase('roots', recent(points)) > 0,
        withoutProcess: inFlight.filter((version) => isWithoutProcess(version, context)),
        series,
    };
}
/** Counts workflows by state, as last scanned. Those gone since were most probably progressing, or else waiting. */
function statesOf(versions, history) {
    const states = { progressing: 0, waiting: 0, stuck: 0, notScanned: 0 };
    for (const version of versions) {
        const scanned = scannedOf(version, history.detailScan);
        let rest = inFlightOf(version, history);
        for (const state of ['stuck', 'waiting', 'progressing']) {
            const count = Math.min(rest, scanned.filter(({ status }) => status.state === state).length);
            states[state] += count;
            rest -= count;
        }
        states.notScanned += rest;
    }
    return states;
}
function trendOf(series, states, context, rate, left) {
    const { points, inFlight, endedAtMs } = series;
    const [first, last] = [points[0], points.at(-1)];
    if (first === undefined || last === undefined)
        return 'too-early';
    if (inFlight === 0)
        return 'idle';
    const isMeasured = (rate?.overMs ?? 0) >= RATE_OVER_MS && increase('arrived', points) >= ARRIVALS_ENOUGH;
    if (isMeasured && rate && isKeptUp(rate.completedPerMinute, rate.arrivedPerMinute))
        return 'not-converging';
    if (last.moving === 0 && states.notScanned === 0)
        return states.waiting > 0 ? 'waiting' : 'stuck';
    if (context.atMs - (endedAtMs ?? first.atMs) >= context.stuckAfterMs)
        return 'stalled';
    return left === undefined ? 'too-early' : 'draining';
}
function inFlightOf(version, { targets }) {
    return targets.get(version)?.inFlight ?? 0;
}
/** Whether work waits in a queue that has room, and nothing has changed that a process of the version would change. */
function isWithoutProcess(version, context) {
    const { stuckAfterMs, inFlight, history, observedAt, atMs } = context;
    const scanned = scannedOf(version, history.detailScan);
    const isLeft = scanned.some(({ status: { activity: each } }) => {
        return each.kind === 'queued' && !each.moves && !each.rateLimited && each.running < (each.limit ?? 1);
    });
    const pending = scanned.filter(({ workflow }) => workflow.status === 'PENDING');
    const quietForMs = [
        observedAt - (inFlight.get(version)?.newestTakenAt ?? 0),
        atMs - (history.targets.get(version)?.endedAtMs ?? Number.NEGATIVE_INFINITY),
        ...pending.map(({ status }) => observedAt - status.progressAt),
    ];
    return isLeft && quietForMs.every((quietMs) => quietMs >= stuckAfterMs);
}

;// CONCATENATED MODULE: ./lib/rules/verdict.js
/** The gate's answers, in order of precedence. */
const VERDICTS = [
    'error',
    'cancelled',
    'unknown-version',
    'cannot-drain',
    'timed-out',
    'in-flight',
    'still-live',
    'no-target',
    'drained',
];
/** Of several verdicts that apply, the one to give. */
function foremost(verdicts) {
    return VERDICTS.find((verdict) => verdicts.includes(verdict));
}
/** How the step ends with this verdict. */
function conclusionOf(verdict, config) {
    switch (verdict) {
        case 'drained':
            return 'pass';
        case 'no-target': {
            // With `latest`, nothing says that the new version has launched.
            const isAboutToTearDown = config.mode === 'wait' || config.mode === 'check';
            return isAboutToTearDown && config.targets.kind === 'all-but-latest' ? 'fail' : 'pass';
        }
        case 'in-flight':
        case 'still-live':
            return config.mode === 'report' ? 'pass' : 'fail';
        case 'timed-out':
        case 'cannot-drain':
            return config.onTimeout === 'warn' ? 'warn' : 'fail';
        case 'unknown-version':
        case 'cancelled':
        case 'error':
            return 'fail';
    }
}

;// CONCATENATED MODULE: external "node:timers/promises"
const promises_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:timers/promises");
;// CONCATENATED MODULE: ./lib/time.js

/** The longest delay that a timer of the runtime takes: 2^31 - 1 milliseconds, almost 25 days. */
const LONGEST_TIMER_MS = 2_147_483_647;
/** The monotonic clock of the process: a change of the wall clock changes no timeout. */
const systemClock = {
    now: () => performance.now(),
    async pause(milliseconds, signal) {
        const end = performance.now() + milliseconds;
        // A timer of the runtime can be early, by less than a millisecond.
        for (let left = milliseconds; left > 0 && !signal.aborted; left = end - performance.now()) {
            await (0,promises_namespaceObject.setTimeout)(Math.ceil(left), undefined, { signal }).catch((error) => {
                if (!signal.aborted)
                    throw error;
            });
        }
    },
    async withTimeout(milliseconds, work) {
        // Not AbortSignal.timeout: its timer stays behind when the work is done, one per poll.
        const overdue = new AbortController();
        const timer = setTimeout(() => overdue.abort(), Math.min(milliseconds, LONGEST_TIMER_MS));
        try {
            return await work(overdue.signal);
        }
        finally {
            clearTimeout(timer);
        }
    },
};
const UNITS_MS = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
/** The milliseconds in `90s`, `1h30m` or `500ms`, the larger units first; undefined for anything else. */
function durationMs(text) {
    const match = /^(?:(?<h>\d+)h)?(?:(?<m>\d+)m(?!s))?(?:(?<s>\d+)s)?(?:(?<ms>\d+)ms)?$/.exec(text);
    if (match?.groups === undefined || text === '')
        return undefined;
    const { groups } = match;
    return Object.entries(UNITS_MS).reduce((sum, [unit, ms]) => sum + Number(groups[unit] ?? 0) * ms, 0);
}
/** Writes a duration for people, in two units at most: `1h 30m`, `2m`, `45s`, `500ms`, `0s`. */
function durationText(milliseconds) {
    if (milliseconds > 0 && milliseconds < 1000)
        return `${Math.ceil(milliseconds)}ms`;
    const seconds = Math.max(0, Math.round(milliseconds / 1000));
    const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
    if (h >= 24)
        return units(Math.floor(h / 24), 'd', h % 24, 'h');
    if (h > 0)
        return units(h, 'h', m, 'm');
    if (m > 0)
        return units(m, 'm', s, 's');
    return `${s}s`;
}
function units(large, largeUnit, small, smallUnit) {
    return small > 0 ? `${large}${largeUnit} ${small}${smallUnit}` : `${large}${largeUnit}`;
}
/** Writes a moment for people: `14:05 UTC`, `2026-11-26 14:05 UTC` on another day, with seconds within ten minutes. */
function momentText(epochMs, now) {
    const moment = new Date(epochMs).toISOString();
    const day = moment.slice(0, 10);
    const isNear = Math.abs(epochMs - now) < 10 * UNITS_MS.m;
    const time = `${moment.slice(11, isNear ? 19 : 16)} UTC`;
    return day === new Date(now).toISOString().slice(0, 10) ? time : `${day} ${time}`;
}
/** Writes a duration as an input, rounded up to whole minutes: `45m`, `2h`, `2h6m`. */
function durationInput(milliseconds) {
    const minutes = Math.ceil(milliseconds / UNITS_MS.m);
    const [h, m] = [Math.floor(minutes / 60), minutes % 60];
    return `${h > 0 ? `${h}h` : ''}${m > 0 || h === 0 ? `${m}m` : ''}`;
}
/** ISO 8601; null for no time, and for a time that no calendar has (a row can hold any number). */
function iso(epochMs) {
    if (epochMs === null)
        return null;
    const date = new Date(epochMs);
    const year = date.getUTCFullYear();
    return Number.isNaN(date.getTime()) || year < 0 || year > 9999 ? null : date.toISOString();
}
function milliseconds(seconds) {
    return Math.round(seconds * 1000);
}

;// CONCATENATED MODULE: ./lib/message.js
/** Writes a message. An interpolated string is untrusted. Numbers and messages are trusted (see `trusted`). */
function msg(text, ...values) {
    return text.flatMap((part, index) => {
        const value = values[index];
        if (value === undefined)
            return [part];
        if (typeof value === 'string')
            return [part, { untrusted: value }];
        if (typeof value === 'number')
            return [part, message_number(value)];
        return [part, ...value];
    });
}
/** Trusted text, to be interpolated into a message as it is. */
function trusted(text) {
    return [text];
}
/** `1,234`, for a whole number. The runtime can do it too, but takes 10 ms to load all languages for it. */
function message_number(value) {
    return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
/** `1 workflow`, `2 workflows`: a count and what is counted. */
function counted(count, noun) {
    return [`${message_number(count)} ${noun}${count === 1 ? '' : 's'}`];
}
/** The first few of many names, quoted, and how many more there are. */
function namesOf(names, total = names.length, shown = 5) {
    const listed = names.slice(0, shown);
    const rest = Math.max(total, names.length) - listed.length;
    const parts = listed.flatMap((name, index) => [...(index > 0 ? [', '] : []), { untrusted: name }]);
    return rest > 0 ? [...parts, ` and ${message_number(rest)} more`] : parts;
}
/** Messages one after the other. */
function joined(messages, separator = ' ') {
    return messages.flatMap((message, index) => (index > 0 ? [separator, ...message] : message));
}
/** The message with `***` in place of every secret in its untrusted parts. */
function withoutSecrets(message, secrets) {
    // A secret can be a part of a longer one.
    const longestFirst = secrets.toSorted((a, b) => b.length - a.length);
    return message.map((part) => typeof part === 'string' || 'command' in part
        ? part
        : { untrusted: longestFirst.reduce((text, secret) => text.replaceAll(secret, '***'), part.untrusted) });
}

;// CONCATENATED MODULE: ./lib/report/text.js


/** The most characters that one untrusted name takes up, escapes included. */
const SHOWN_CHARACTERS = 120;
/** Commands are shown whole: a name in them has 63 bytes at most. */
const COMMAND_CHARACTERS = 1000;
/** No language needs more marks on one letter. More of them would pile up over the lines around. */
const MARKS_ON_A_LETTER = 4;
/**
 * Characters that act on a terminal or a reader, or that look like others: control characters, what reverses the
 * writing direction, what has no width, blanks other than the space, line separators, tags, halves of surrogate pairs,
 * and code points that no font has.
 */
const ACTING = /^[[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]--[ ]]$/v;
const SHORT_ESCAPES = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
/** Untrusted text for one line of plain text. Every character that could act is shown as an escape. */
function visible(text, maximum = SHOWN_CHARACTERS) {
    let shown = '';
    // A mark at the start would sit on the trusted text before it.
    let marks = MARKS_ON_A_LETTER;
    for (const character of text) {
        marks = /^\p{M}$/u.test(character) ? marks + 1 : 0;
        // The runner finds older workflow commands (`##[…]`) anywhere in a line.
        const isCommand = character === '[' && shown.endsWith('##');
        const isShown = marks <= MARKS_ON_A_LETTER && !isCommand && !ACTING.test(character);
        const next = isShown ? character : (SHORT_ESCAPES[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`);
        if (shown.length + next.length > maximum)
            return `${shown}…`;
        shown += next;
    }
    return shown;
}
/** A message for the log and for annotations. Untrusted parts stand in quotation marks. */
function plain(message) {
    return message
        .map((part) => {
        if (typeof part === 'string')
            return part;
        return 'untrusted' in part ? quotedName(part.untrusted) : visible(part.command, COMMAND_CHARACTERS);
    })
        .join('');
}
/** `"name"`, made harmless. */
function quotedName(name) {
    return `"${visible(name).replaceAll('"', '\\"')}"`;
}
/** `'text'` for a POSIX shell; undefined when a person could not see what it does, or it could not be typed. */
function shellQuoted(text) {
    if (visible(text, COMMAND_CHARACTERS) !== text)
        return undefined;
    return /^[A-Za-z0-9_][A-Za-z0-9_.:/@-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
/** `'text'` as an SQL literal; undefined when a person could not see what it says. */
function sqlLiteral(text) {
    return visible(text, COMMAND_CHARACTERS) === text ? quoteLiteral(text) : undefined;
}
/** `PostgreSQL 18.4, DBOS migration 123`. */
function describeServer(serverVersion, migration) {
    const dbos = migration === null ? '' : `, DBOS migration ${migration}`;
    return trusted(`PostgreSQL ${serverVersion}${dbos}`);
}
/** A version as it is shown; what runs without one has no name. */
function versionName(version) {
    return version ?? '(no version)';
}
/** Names these versions, a few of many. */
function namesOfVersions(versions) {
    return namesOf(versions.map(({ version }) => versionName(version)));
}

;// CONCATENATED MODULE: ./lib/report/schema.js







/*
 * One schema for the run report. Its input is the model that the renderers read: messages keep their untrusted parts,
 * times are epoch milliseconds of the database's clock, durations are exact. Its output is the report file: messages
 * are plain text, times are ISO 8601, durations and rates are rounded.
 */
const count = schemas_int().nonnegative();
const schema_text = schemas_string().nullable();
const message = custom().transform(plain).pipe(schemas_string());
const schema_time = schemas_number().nullable().transform(iso).pipe(iso_datetime().nullable());
const amount = schemas_number().nonnegative();
const seconds = amount.transform((exact) => rounded(exact, 10)).pipe(amount);
const rate = amount.transform((exact) => rounded(exact, 100)).pipe(amount);
/** Rounded to tenths, hundredths, or other fractions of one. */
function rounded(exact, fractions) {
    return Math.round(exact * fractions) / fractions;
}
const schema_statusCounts = { pending: count, enqueued: count, delayed: count };
const schema_truncated = (item, omitted) => object({ items: array(item), omitted: count.describe(omitted) });
/** What to expect: estimates and certain bounds. Never evidence of safety. */
const forecast = object({
    trend: schemas_enum(TRENDS),
    completedPerMinute: rate.nullable().describe('Null while it would be that of a few seconds'),
    arrivedPerMinute: rate.nullable(),
    rateOverSeconds: seconds.nullable().describe('The rates cover the last half of the hold, or two minutes'),
    secondsLeft: object({ likely: seconds, from: seconds, to: seconds })
        .nullable()
        .describe('An estimate with its range, without what is stuck; null without evidence'),
    notBefore: schema_time.describe('Certain: it cannot drain before, unless somebody cancels or moves what waits'),
    earliestEnds: array(object({
        id: schemas_string(),
        workflow: schema_text,
        version: schemas_string(),
        until: schema_time,
        because: schemas_enum(['delayed', 'sleeping']),
    }))
        .describe('What certainly lasts longest, the latest end first'),
    progressing: count.describe('Of those read in detail, the oldest 10,000 once a minute: those at work'),
    waiting: count.describe('Those that wait for a time, a child, or their turn in a queue that moves'),
    stuck: count.describe('Those without progress for stuck-after that wait for nothing of the kind'),
    notScanned: count.describe('In flight, but not among those read in detail'),
    arrivedRoots: count.describe('Created without a parent since the gate started: traffic has not moved off'),
    arrivedChildren: count.describe('Started by other workflows since the gate started'),
    noProcessSeen: schemas_boolean()
        .describe('Queued work is not taken, and nothing of the version has changed for stuck-after'),
});
const outlook = object({ brief: schemas_string(), sentences: array(message) })
    .describe('The forecast for people, in short and in full; may change');
const blocker = object({
    kind: schemas_string().describe('What kind of blocker: stable, for programs'),
    message: message.describe('What it means and the way out: for people, and may change'),
});
const versionSchema = object({
    version: schema_text.describe('Null for what processes without a version run'),
    application: schema_text.describe('The application that owns its registration or its rows'),
    ...schema_statusCounts,
    inFlight: count.describe('All that blocks: the three before, and rows in an unknown status'),
    ignored: count.describe('In flight under a name that ignore-workflows matches; not in inFlight'),
    oldestCreatedAt: schema_time.describe('Creation of the oldest workflow in flight'),
    latest: schemas_boolean().describe('The latest version of its application'),
    known: schemas_boolean().describe('Registered, or carried by some row; `on-unknown: pass` can let another one pass'),
    drained: schemas_boolean().describe('Idle for the whole settle window: can be torn down'),
    idleSeconds: seconds.nullable().describe('How long every poll found it idle; null while it is not'),
    blockers: array(blocker).describe('What blocks the whole gate, then what blocks this version'),
    reasons: array(schemas_string()).describe('Short names of its blockers but work in flight; may change'),
    forecast: forecast.nullable(),
    outlook,
});
const found = object({
    applications: array(schemas_string()).describe('The owners of rows and registrations'),
    versions: array(object({
        version: schema_text.describe('Null for work without a version'),
        application: schema_text,
        registered: schemas_boolean(),
        latest: schemas_boolean(),
        ...schema_statusCounts,
        ignored: count,
    })),
});
const schema_group = object({
    version: schema_text,
    workflow: schema_text,
    queue: schema_text,
    ...schema_statusCounts,
    ignored: schemas_boolean(),
    oldestCreatedAt: schema_time,
});
const activity = object({
    state: schemas_enum(WORKFLOW_STATES),
    kind: schemas_enum(ACTIVITIES).describe('What it does or waits for: stable, for programs'),
    progressAt: schema_time.describe('The last change of its status, or the completion of its last step'),
    until: schema_time.describe('When that ends, where the tables tell'),
    child: schema_text.describe('The child that it waits for'),
    message: message.describe('The same for people; may change'),
    nextStep: schemas_string().describe('What a person can do about it; may change'),
});
const workflow = object({
    id: schemas_string(),
    version: schema_text,
    workflow: schema_text,
    className: schema_text,
    status: schemas_string(),
    queue: schema_text,
    executor: schema_text,
    createdAt: schema_time,
    updatedAt: schema_time.describe('The last change of its status'),
    startedAt: schema_time,
    delayUntil: schema_time,
    deadline: schema_time.describe('When DBOS will cancel it'),
    lastStep: object({ number: schemas_int(), name: schemas_string(), completedAt: schema_time })
        .nullable()
        .describe('Of a PENDING workflow; null of another does not say that none was done'),
    parent: schema_text,
    activity: activity.nullable(),
});
const activityGroup = object({
    state: schemas_enum(WORKFLOW_STATES),
    count,
    workflow: schema_text,
    message: message.describe('What the one that lasts longest does or waits for; may change'),
    nextStep: activity.shape.nextStep,
});
/** Everything that the gate knows at the end of a run. The JSON Schema of its output is `report.schema.json`. */
const runReportSchema = object({
    schemaVersion: literal(1),
    verdict: schemas_enum(VERDICTS),
    conclusion: schemas_enum(['pass', 'warn', 'fail']).describe('How the step ended'),
    headline: message,
    drained: schemas_boolean(),
    mode: schemas_enum(MODES).nullable(),
    application: schema_text.describe('The input of that name'),
    observedAt: schema_time.describe('Database time of the deciding snapshot'),
    outdated: schemas_boolean().describe('The run failed after that snapshot, which decides nothing'),
    waitedSeconds: seconds,
    polls: count.describe('Polls that succeeded'),
    failedPolls: count.describe('Polls that failed, and were retried'),
    inFlight: count.describe('On all targets, ignored ones excluded'),
    inFlightAtFirst: count.describe('The same at the first poll'),
    unversioned: count.describe('In-flight rows with no version that a target could claim'),
    database: object({ serverVersion: schemas_string(), schema: schemas_string(), migration: schemas_int().nullable() }).nullable(),
    found: found.nullable().describe('What the application has here, in mode `preflight`'),
    blockers: array(blocker).describe('The failure, or what blocks the whole gate'),
    pastDeadline: message.nullable().describe('Why not all can end before the timeout, if cannot-drain'),
    warnings: array(message),
    versions: array(versionSchema),
    forecast: forecast.nullable().describe('For all versions to retire together'),
    outlook,
    newTopLevel: array(object({ version: schema_text, workflow: schema_text, count }))
        .describe('What was created without a parent on a version to retire since the gate started, by name'),
    history: array(object({ seconds, ...schema_statusCounts }))
        .describe('In flight over time, in seconds since the gate started, thinned out after a long hold'),
    drainedVersions: array(schemas_string()),
    drainingVersions: array(schemas_string()),
    newVersion: schema_text.describe('Where forks of the work in flight can run: the latest version that stays'),
    otherApplications: array(object({
        name: schemas_string(),
        mayBeFormerName: schemas_boolean().describe('It registered no version since this application registered its first'),
        inFlight: array(object({ version: schema_text, ...schema_statusCounts })),
    }))
        .describe('Applications beside the one that `application` names; empty without that'),
    groups: schema_truncated(schema_group, 'Not read').describe('What blocks, by version, workflow and queue, largest first'),
    activities: schema_truncated(activityGroup, 'Not listed')
        .extend({ observedAt: schema_time.describe('Database time of the read') })
        .describe('What the workflows that were last read in detail do or wait for, stuck ones first'),
    workflows: schema_truncated(workflow, 'Not listed').describe('The oldest workflows in flight'),
    firstToUnblock: schema_text.describe('The id of the workflow to unblock first'),
})
    .meta({ title: 'dbos-drain-gate report' });

;// CONCATENATED MODULE: ./lib/unblock/remedies.js



/** The commands that are shown take the URL from the environment, so they hold no secret. */
const URL_OPTION = '--sys-db-url "$DBOS_SYSTEM_DATABASE_URL"';
/**
 * Returns commands that inspect and cancel one blocking workflow, with DBOS's own command line (TypeScript's; Python's
 * has the same verbs and options). Undefined if its id cannot be typed. Only `unblock.sh` forks: the fork of a workflow
 * that has just finished does its work again, and no command reports that it has finished.
 */
function commandsFor(workflow) {
    const id = typedId(workflow.id);
    if (id === undefined)
        return undefined;
    return [
        '# look at it, and at the steps it has done',
        `npx dbos workflow get ${id} ${URL_OPTION}`,
        `npx dbos workflow steps ${id} ${URL_OPTION}`,
        '# give it up: it stops before its next step',
        `npx dbos workflow cancel ${id} ${URL_OPTION}`,
    ];
}
/** Returns an id as it is typed in a command; undefined if it is empty, looks like an option, or cannot be typed. */
function typedId(id) {
    return id === '' || id.startsWith('-') ? undefined : shellQuoted(id);
}
/**
 * Returns the workflow to unblock first: the one that outlasts the timeout, else the oldest stuck one, else the oldest.
 * Workflows without children come before parents, because to cancel a waiting parent alone unblocks nothing.
 */
function firstToUnblock(workflows, statuses, longest) {
    if (longest !== undefined)
        return longest;
    const parents = new Set(workflows.map(({ parent }) => parent));
    const childless = workflows.filter(({ id }) => !parents.has(id));
    const stuck = childless.find(({ id }) => statuses.get(id)?.state === 'stuck');
    return stuck ?? childless[0] ?? workflows[0];
}
/** Returns the query that shows what the gate counted. Its shape lets the partial indexes serve it. */
function inspectionSql(report, schemaName) {
    const blocked = report.versions.filter(({ drained }) => !drained);
    const named = blocked.flatMap(({ version }) => version ?? []);
    const literals = named.slice(0, 20).map((version) => sqlLiteral(version));
    const more = named.length - literals.length;
    const conditions = [
        ...(literals.length > 0 ? [`application_version IN (${literals.join(', ')})`] : []),
        ...(named.length < blocked.length ? [`coalesce(application_version, '') = ''`] : []),
        ...(report.unversioned > 0 && named.length === blocked.length ? ['application_version IS NULL'] : []),
    ];
    const canBeTyped = blocked.length > 0 && !literals.includes(undefined);
    const application = report.application === null ? undefined : sqlLiteral(report.application);
    return [
        ...(more > 0 ? [`-- the first ${literals.length} versions; there are ${more} more`] : []),
        'SELECT workflow_uuid, application_version, status, name, queue_name, executor_id,',
        '       to_timestamp(created_at / 1000.0) AS created',
        `  FROM ${quoteIdentifier(schemaName)}.workflow_status`,
        ` WHERE ${statement(IN_FLIGHT).text}`,
        ...(canBeTyped ? [`   AND (${conditions.join(' OR ')})`] : []),
        ...(application ? [`   AND (application_name = ${application} OR application_name IS NULL)`] : []),
        ' ORDER BY created_at;',
    ];
}

;// CONCATENATED MODULE: ./lib/unblock/kit.js





/** ncc copies the file next to the bundle, because it sees this expression. */
const SCRIPT = __nccwpck_require__.ab + "unblock.sh";
/** Returns the files of the kit, to be written to one folder. Empty if no workflow has an id that can be typed. */
function kitFiles(kit) {
    const typed = kit.workflows.filter(({ id }) => typedId(id) !== undefined);
    if (typed.length === 0)
        return [];
    return [
        { name: 'unblock.sh', text: (0,external_node_fs_namespaceObject.readFileSync)(SCRIPT, 'utf8') },
        { name: 'workflows.tsv', text: workflowList(kit, typed) },
    ];
}
/** Returns the commands that `unblock.sh` can run: `fork` only if there is a newer version. */
function commandsOf({ newVersion }) {
    return canFork(newVersion) ? ['inspect', 'cancel', 'fork'] : ['inspect', 'cancel'];
}
/** No worker ever takes a workflow whose version is the empty string. */
function canFork(version) {
    return version !== undefined && version !== '' && shellQuoted(version) !== undefined;
}
/** Returns the text of `workflows.tsv`, in the format that the top of `unblock.sh` describes. */
function workflowList(kit, typed) {
    const parents = new Set(kit.workflows.map(({ parent }) => parent));
    const lines = [
        '# The workflows that block, for unblock.sh: see its top. To leave one out, delete its line.',
        `# Written from what the system database held at ${new Date(kit.observedAt).toISOString()}.`,
        ...(shellQuoted(kit.schema) === undefined ? [] : [`#! schema\t${kit.schema}`]),
        ...(canFork(kit.newVersion) ? [`#! version\t${kit.newVersion}`] : []),
        ...notesOf(kit.workflows.length - typed.length, kit.omitted).map((note) => `#! note\t${note}`),
        '# on fork\tid\tparent\tfrom step\tstate',
        ...groupsOf(kit.workflows, typed).flatMap(({ title, workflows }) => [
            '',
            `# ${title}`,
            ...workflows.map((workflow) => rowOf(workflow, parents.has(workflow.id))),
        ]),
    ];
    return `${lines.join('\n')}\n`;
}
function rowOf(workflow, hasChildren) {
    const { id, parent } = workflow;
    const onFork = hasChildren ? 'waits' : parent === null ? 'fork' : 'child';
    const typedParent = parent === null || typedId(parent) === undefined ? '-' : parent;
    return [onFork, id, typedParent, '-', kit_stateOf(workflow)].join('\t');
}
/** Returns what the list does not have, for its top and for the end of a run. */
function notesOf(untyped, omitted) {
    const note = (count, text) => count > 0 ? [`${plain(counted(count, 'more workflow'))} ${text}`] : [];
    const untypable = `with an id that cannot be shown or typed safely: look for it with the query in the job summary, or in the report file.`;
    return [
        ...note(untyped, untypable),
        ...note(omitted, 'not in this list: run the gate again after it for the next ones.'),
    ];
}
/**
 * Returns the workflows that can be typed, grouped by generation, name and version. Parents come before their children:
 * a parent that waits for a cancelled child fails, or does what its code does then, and is not cancelled itself.
 */
function groupsOf(workflows, typed) {
    const generations = generationsOf(workflows);
    const generationOf = ({ id }) => generations.get(id) ?? 0;
    const sorted = typed.toSorted((a, b) => generationOf(a) - generationOf(b));
    const groups = Map.groupBy(sorted, (workflow) => JSON.stringify([generationOf(workflow), workflow.name, workflow.className, workflow.version]));
    return [...groups.values()].flatMap((group) => {
        const [first] = group;
        return first ? [{ title: titleOf(first, group.length, generationOf(first)), workflows: group }] : [];
    });
}
function titleOf({ name, className, version }, count, generation) {
    const full = name === null ? '(no name)' : quotedName(className ? `${className}.${name}` : name);
    const on = version === null ? 'without a version' : `version ${quotedName(version)}`;
    const children = generation > 0 ? ', started by some above' : '';
    return `${full}, ${on}: ${plain(counted(count, 'workflow'))}${children}`;
}
/** Returns how many ancestors of each workflow are in the list; fewer in a cycle, which only a damaged database has. */
function generationsOf(workflows) {
    const parents = new Map(workflows.map(({ id, parent }) => [id, parent]));
    const generations = new Map();
    for (const { id } of workflows) {
        const line = new Set();
        let each = id;
        while (typeof each === 'string' && parents.has(each) && !generations.has(each) && !line.has(each)) {
            line.add(each);
            each = parents.get(each);
        }
        let generation = typeof each === 'string' ? (generations.get(each) ?? -1) : -1;
        for (const member of [...line].reverse())
            generations.set(member, ++generation);
    }
    return generations;
}
function kit_stateOf({ status, lastStep, delayUntil }) {
    if (status === 'DELAYED' && delayUntil !== null)
        return `delayed until ${iso(delayUntil) ?? 'an unknown time'}`;
    if (status !== 'PENDING')
        return visible(status, 30).toLowerCase();
    return lastStep === null ? 'no step done' : `step ${lastStep.number} done, "${visible(lastStep.name, 40)}"`;
}

;// CONCATENATED MODULE: ./lib/artifacts.js






/** Writes the report file and the unblock kit, each even if the other fails. Without a report file the path is empty. */
async function writeArtifacts(report, last, attempt) {
    // A folder of its own: a job can run the gate more than once.
    const folder = await attempt('The report file', () => (0,external_node_fs_namespaceObject.mkdtempSync)(external_node_path_namespaceObject.join(process.env['RUNNER_TEMP'] || (0,external_node_os_namespaceObject.tmpdir)(), 'dbos-drain-gate-')));
    if (folder === undefined)
        return { reportPath: '', kit: undefined };
    const reportPath = await attempt('The report file', () => {
        const file = external_node_path_namespaceObject.join(folder, 'report.json');
        (0,external_node_fs_namespaceObject.writeFileSync)(file, `${JSON.stringify(runReportSchema.parse(report), null, 2)}\n`);
        return file;
    });
    const kit = await attempt('The script beside the report file', () => writeKit(folder, kitFilesOf(report, last)));
    return { reportPath: reportPath ?? '', kit };
}
/** The unblock kit for all that blocks. Empty where a misspelt input could be the target: that would end live work. */
function kitFilesOf(report, last) {
    const { verdict, blockers, newVersion, database } = report;
    const isAnswer = !['drained', 'no-target', 'unknown-version', 'error'].includes(verdict) && blockers.length === 0;
    if (!isAnswer || last === undefined || database === null)
        return [];
    const { evaluation, forecast } = last;
    const { detailScan } = forecast.history;
    if (detailScan === undefined)
        return [];
    return kitFiles({
        workflows: detailScan.workflows.filter((workflow) => blocksTarget(workflow, evaluation)),
        omitted: omittedFrom(detailScan, evaluation),
        newVersion: newVersion ?? undefined,
        schema: database.schema,
        observedAt: detailScan.observedAt,
    });
}
function writeKit(folder, files) {
    for (const { name, text } of files)
        (0,external_node_fs_namespaceObject.writeFileSync)(external_node_path_namespaceObject.join(folder, name), text, { mode: 0o700 });
    const list = files.find(({ name }) => name === 'workflows.tsv');
    return list && { folder, list: list.text };
}

;// CONCATENATED MODULE: ./lib/async.js
/** Returns the promise's value, or undefined as soon as the signal aborts. The promise's later fate is ignored. */
async function unlessAborted(promise, signal) {
    promise.catch(() => undefined);
    if (signal.aborted)
        return undefined;
    const { promise: aborted, resolve } = Promise.withResolvers();
    const abort = () => resolve(undefined);
    signal.addEventListener('abort', abort, { once: true });
    try {
        return await Promise.race([promise, aborted]);
    }
    finally {
        signal.removeEventListener('abort', abort);
    }
}

;// CONCATENATED MODULE: external "node:net"
const external_node_net_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:net");
// EXTERNAL MODULE: ./node_modules/pg/lib/client.js
var lib_client = __nccwpck_require__(42);
;// CONCATENATED MODULE: external "node:events"
const external_node_events_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:events");
// EXTERNAL MODULE: ./node_modules/pg-protocol/dist/buffer-reader.js
var buffer_reader = __nccwpck_require__(971);
// EXTERNAL MODULE: ./node_modules/pg-protocol/dist/parser.js
var parser = __nccwpck_require__(318);
;// CONCATENATED MODULE: ./lib/postgres/driver-patches.js




/** The code of the error when the driver cannot read an answer as the protocol of Postgres. */
const PROTOCOL_ERROR = 'ERR_PROTOCOL';
/** Longer than any answer to the gate: a peer that announces more is not Postgres, or is hostile. */
const LONGEST_MESSAGE_BYTES = 256 * 1024 * 1024;
/**
 * Makes the driver survive a server that breaks the protocol. The driver (pg-protocol 1.16) reads an unterminated
 * error message forever, throws what it cannot read into the event loop, and keeps a message of any length in memory.
 * Each would end the gate without a verdict, so each becomes an error message, as if the server had sent it.
 */
function patchDriver() {
    const { string } = buffer_reader.BufferReader.prototype;
    buffer_reader.BufferReader.prototype.string = function (length) {
        const text = string.call(this, length);
        if (length > 0 && text === '')
            throw new RangeError('a message without an end');
        return text;
    };
    const { parse } = parser.Parser.prototype;
    parser.Parser.prototype.parse = function (bytes, callback) {
        try {
            parse.call(this, bytes, callback);
            if (announcedLength(this) > LONGEST_MESSAGE_BYTES)
                throw new RangeError('a message too long');
        }
        catch (cause) {
            const message = cause instanceof Error ? cause.message : '';
            const error = new Error(message, { cause });
            callback(Object.assign(error, { name: 'error', length: 0, code: PROTOCOL_ERROR }));
        }
    };
}
/** Returns the length in bytes that a partly received message announces, or 0. */
function announcedLength(parser) {
    const buffer = Reflect.get(parser, 'buffer');
    const isThere = Buffer.isBuffer(buffer) && Number(Reflect.get(parser, 'bufferLength')) > 4;
    return isThere ? buffer.readUInt32BE(Number(Reflect.get(parser, 'bufferOffset')) + 1) : 0;
}
/** The message of the error when the server does not prove by SCRAM that TLS ends at itself. */
const UNBOUND = 'The server does not bind the channel';
const sasl = object({ mechanisms: array(schemas_string()) });
/**
 * Enforces libpq's `channel_binding=require`. The driver prefers SCRAM with channel binding, but answers any request
 * of the server. So the socket is closed before the driver answers another one, and connecting fails.
 */
function requireChannelBinding(client, socket) {
    const connection = Reflect.get(client, 'connection');
    if (!(connection instanceof external_node_events_namespaceObject.EventEmitter))
        throw new Error('the driver has another shape');
    const refuse = () => {
        socket.destroy();
        connection.emit('error', new Error(UNBOUND));
    };
    let offered = false;
    let proved = false;
    connection.on('authenticationSASL', (message) => {
        offered = sasl.safeParse(message).data?.mechanisms.includes('SCRAM-SHA-256-PLUS') ?? false;
        if (!offered)
            refuse();
    });
    connection.on('authenticationCleartextPassword', refuse);
    connection.on('authenticationMD5Password', refuse);
    // Only the final message of the exchange proves that the server knows the password.
    connection.on('authenticationSASLFinal', () => {
        proved = offered;
    });
    connection.on('authenticationOk', () => {
        if (!proved)
            refuse();
    });
}

;// CONCATENATED MODULE: ./lib/errors.js

/** A failure whose text users read in full: what happened, the likely cause, and the fix. */
class ReportableError extends Error {
    name = 'ReportableError';
    explanation;
    constructor(explanation, options) {
        super(explanation
            .map((part) => (typeof part === 'string' ? part : 'command' in part ? part.command : part.untrusted))
            .join(''), options);
        this.explanation = explanation;
    }
}
/** A poll failed for a transient reason: the next one can succeed. */
class TransientError extends ReportableError {
    name = 'TransientError';
    /** The server has accepted the gate before, so the address and the credentials are right. */
    connectedBefore;
    /** The server stopped the poll for its duration or its use of resources. A smaller poll can succeed. */
    overLimit;
    /** It most often stays: a minute of nothing but such failures ends a hold. */
    brief;
    constructor(explanation, connectedBefore, { overLimit = false, brief = false, ...options } = {}) {
        super(explanation, options);
        this.connectedBefore = connectedBefore;
        this.overLimit = overLimit;
        this.brief = brief;
    }
}
/** An input is wrong. Raised before anything connects. */
class InputError extends ReportableError {
    name = 'InputError';
}
/** Writes an input error, as `msg` writes a message. */
function inputError(...parts) {
    return new InputError(msg(...parts));
}
/** Explains any failure. An unexpected one could hold a secret in its text, so only its class and code are shown. */
function explain(error) {
    if (error instanceof ReportableError)
        return error.explanation;
    const kind = error instanceof Error ? error.constructor.name : typeof error;
    const code = codeOf(error);
    return msg `An unexpected failure (${trusted(code === undefined ? kind : `${kind}, ${code}`)}). Please report it to the dbos-drain-gate project; the gate does not say "drained" after one.`;
}
/** The code of a failure; undefined where it has none. A server can send any text as a code: other shapes are ignored. */
function codeOf(error) {
    if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string')
        return undefined;
    // OpenSSL has `SSL/TLS` in some of its own.
    return /^[A-Z0-9_/]{1,60}$/.test(error.code) ? error.code : undefined;
}

;// CONCATENATED MODULE: ./lib/postgres/password.js



/** The message of the error when `database-password-file` gives no password. */
const NO_PASSWORD_IN_FILE = 'The password file gives no password';
/**
 * Returns the configuration with the password of a connection that is about to be made.
 *
 * @throws an error with the message {@link NO_PASSWORD_IN_FILE} when `database-password-file` gives none.
 */
function withPassword(config) {
    const { passwordFile, password, passfile } = config;
    if (passwordFile !== undefined)
        return { ...config, password: readPasswordFile(passwordFile) };
    return password === undefined && passfile !== undefined ? { ...config, ...fromPassfile(passfile, config) } : config;
}
/**
 * Returns the text of a file, without one line break at its end.
 *
 * @throws an error with the message {@link NO_PASSWORD_IN_FILE}. Its code says why: one of Node's, or `EMPTY`,
 * `NOT_A_FILE` or `NOT_UTF8`.
 */
function readPasswordFile(file) {
    try {
        // To open a pipe that nobody writes to would block the process.
        if (!(0,external_node_fs_namespaceObject.statSync)(file).isFile())
            throw noPassword('NOT_A_FILE');
        const text = utf8((0,external_node_fs_namespaceObject.readFileSync)(file));
        if (text === undefined)
            throw noPassword('NOT_UTF8');
        const password = text.replace(/\r?\n$/, '');
        if (password.trim() === '')
            throw noPassword('EMPTY');
        return password;
    }
    catch (error) {
        throw noPassword(codeOf(error) ?? 'UNKNOWN');
    }
}
function noPassword(code) {
    return Object.assign(new Error(NO_PASSWORD_IN_FILE), { code });
}
/** Undefined for another encoding, and for UTF-16 of letters, which is UTF-8 with zeros. */
function utf8(bytes) {
    try {
        const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
        return text.includes('\0') ? undefined : text;
    }
    catch {
        return undefined;
    }
}
/** The path of libpq's password file ("The Password File" in PostgreSQL's manual); undefined without a home. */
function passfileOf(asked, environment) {
    const named = asked || environment['PGPASSFILE'];
    if (named)
        return named;
    const [home, ...below] = process.platform === 'win32'
        ? [environment['APPDATA'], 'postgresql', 'pgpass.conf']
        : [environment['HOME'], '.pgpass'];
    return home ? external_node_path_namespaceObject.join(home, ...below) : undefined;
}
function fromPassfile(file, place) {
    const without = (passfileGave) => ({ password: undefined, passfileGave });
    try {
        const status = (0,external_node_fs_namespaceObject.statSync)(file);
        if (!status.isFile())
            return without('not-a-file');
        if (process.platform !== 'win32' && (status.mode & 0o077) !== 0)
            return without('open-to-others');
        const password = passwordFor(place, (0,external_node_fs_namespaceObject.readFileSync)(file, 'utf8'));
        return password === undefined ? without('no-entry') : { password, passfileGave: 'password' };
    }
    catch (error) {
        return without(['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '') ? 'no-file' : 'unreadable');
    }
}
/** `host:port:database:user:password`. What follows another colon is not a part of the password. */
const ENTRY = RegExp(`^${Array(4).fill(String.raw `((?:\\.|[^:\\])*):`).join('')}${String.raw `((?:\\.|[^:\\]|\\$)*)`}`);
/** Folders for sockets that libpq is built with. A server with its socket there is also called `localhost`. */
const DEFAULT_SOCKET_FOLDERS = ['/tmp', '/var/run/postgresql', '/run/postgresql'];
/** Returns the password of the first entry that matches, as libpq does (`passwordFromFile` in its source). */
function passwordFor({ host, port, database, user }, text) {
    const hosts = DEFAULT_SOCKET_FOLDERS.includes(host) ? [host, 'localhost'] : [host];
    const wanted = [hosts, [String(port)], [database], [user]];
    for (const line of text.split(/\r?\n/)) {
        const fields = line.startsWith('#') ? undefined : ENTRY.exec(line)?.slice(1);
        const matches = wanted.every((values, index) => {
            const field = fields?.[index];
            return field !== undefined && (field === '*' || values.includes(unescaped(field)));
        });
        if (matches)
            return unescaped(fields?.[4] ?? '') || undefined;
    }
    return undefined;
}
function unescaped(field) {
    return field.replaceAll(/\\(.)/g, '$1');
}

;// CONCATENATED MODULE: ./lib/postgres/password-errors.js


/* How a password or a token fails, or the reading of it. */
/**
 * Returns whether a server refused a password or a token. It says 28000 where another service judges: PAM, which is how
 * Amazon RDS checks IAM tokens, LDAP, RADIUS, or IAM of Cloud SQL. PgBouncer says 08P01.
 */
function isPasswordRefusal({ code, message, routine }) {
    if (code === '28000') {
        // Names of methods are the same in every language of a server. Those of IAM are not from Postgres, and English.
        const isJudged = routine === 'auth_failed' && /\b(PAM|LDAP|RADIUS|BSD)\b/.test(message);
        return isJudged || /\b(PAM|LDAP|RADIUS|BSD|IAM)\b.* authentication failed|\baccess token\b/.test(message);
    }
    return code === '28P01' || (code === '08P01' && /authentication failed/.test(message));
}
/** What a person has to know of libpq's password file where no password was found. */
const PASSFILE_ADVICE = {
    password: '',
    'no-file': '',
    'no-entry': ' The password file of libpq has no line that matches this host, port, database and user.',
    'not-a-file': ' The password file of libpq is ignored, because it is not a plain file.',
    'open-to-others': ' The password file of libpq is ignored, because others can read or write it: run `chmod 0600` on it.',
    unreadable: " The password file of libpq is there, but the runner's user cannot read it.",
};
/** It comes before other kinds: its code says why the file cannot be read, and is not about the server. */
const PASSWORD_FILE_UNUSABLE = {
    what: 'The file that `database-password-file` names gives no password',
    patience: 'full',
    matches: ({ message }) => message === NO_PASSWORD_IN_FILE,
    advice: msg `It is read again at each connection. Renew it in one step: write another file next to it, and rename that one.`,
};
/** The ways to fail that are about the password, in the order in which they are tried. */
const PASSWORD_FAILURES = {
    'token-refused': {
        what: 'The server refused the password from the file that `database-password-file` names',
        patience: 'full',
        matches: (failure, { passwordFile }) => passwordFile !== undefined && isPasswordRefusal(failure),
        advice: msg `Has the token expired? The process that writes the file has to renew it. If not, check the user, and what the token is for.`,
    },
    'password-refused': {
        what: 'The server refused the password',
        matches: (failure, { password }) => isPasswordRefusal(failure) && (failure.code !== '28P01' || password !== undefined),
        advice: ({ passfileGave }) => msg `Check the user and the secret${trusted(passfileGave === 'password' ? ' in the password file of libpq' : '')}. It may have been rotated, and an IAM token lives for minutes only: \`database-password-file\` is for those. A password with special characters must be percent-encoded in a URL, but not in \`database-password\`.`,
    },
    'password-missing': {
        what: 'The server asks for a password, and none was given',
        matches: ({ code, message }) => code === '28P01' || /password must be a (non-empty )?string/.test(message),
        advice: ({ passfileGave }) => msg `Put it into \`database-url\`, or pass \`database-password\`.${trusted(PASSFILE_ADVICE[passfileGave ?? 'no-file'])}`,
    },
    'password-exchange-failed': {
        what: 'The exchange of the password went wrong',
        matches: ({ message }) => message.startsWith('SASL: '),
        advice: ({ message }) => msg `The driver says: ${message}. Somebody in between may have changed it, or the server is none of Postgres.`,
    },
};

;// CONCATENATED MODULE: ./lib/postgres/pooler-errors.js

/*
 * How poolers fail, in messages that are English whatever the server's language. Sources: PgBouncer 1.18 and 1.25, and
 * the published sources and manuals of Supabase's Supavisor and Neon's proxy.
 */
/** PgBouncer uses 08P01 for everything, errors of the server at its login included. Only the message differs. */
const fromPgBouncer = ({ code, message }, words) => code === '08P01' && words.test(message);
/** Supavisor and Neon's proxy use XX000 (internal error) for everything, and Neon's some of class 08 as well. */
const isSaidByPooler = ({ code, message }, words) => ['XX000', '08000', '08006'].includes(code) && words.test(message);
/** The ways to fail that only managed poolers have, in the order in which they are tried. */
const POOLER_FAILURES = {
    'tenant-unknown': {
        what: 'The pooler does not know this user, or the project in it',
        matches: (failure) => isSaidByPooler(failure, /tenant.*not found|endpoint could not be found|endpoint ID is not specified/is),
        advice: msg `Copy the connection string from the provider again. Supabase's pooler takes the user as role.project, at the host that the project has; Neon takes the endpoint from the host name, with TLS only.`,
    },
    'switched-off': {
        what: 'The provider has switched the database off',
        matches: (failure) => isSaidByPooler(failure, /exceeded the .*quota|endpoint (has been|is) disabled/is),
        advice: ({ message }) => msg `It says: ${message}. Raise the limit or the plan there, or switch the database on again, and run the gate again.`,
    },
    'pooler-cut-off': {
        what: 'The pooler has lost its database, or does not reach it',
        patience: 'full',
        matches: (failure) => isSaidByPooler(failure, /DbHandler|db_termination|to database closed|circuit ?breaker|compute node|control plane/i),
        advice: ({ message }) => msg `It says: ${message}. A database that restarts or wakes up is there within a minute. If it stays so, look at the provider's dashboard and status page.`,
    },
};

;// CONCATENATED MODULE: ./lib/postgres/tls-errors.js

/* How TLS fails: messages of the driver, codes of Node and OpenSSL ("TLS" in Node's manual). */
/** The driver's message when the server has no TLS. */
const NO_TLS = 'The server does not support SSL connections';
/** PgBouncer's message when it insists on TLS (`client_tls_sslmode=require`). */
const TLS_REQUIRED = 'SSL required';
/** Codes of OpenSSL for a certificate that does not pass start with these ("Certificate errors" in Node's manual). */
const CERTIFICATE_ERROR = /^(CERT_|DEPTH_ZERO_|ERROR_IN_CERT_|HOSTNAME_MISMATCH|INVALID_|PATH_LENGTH_|SELF_SIGNED_|UNABLE_TO_|UNSPECIFIED$)/;
/** Returns whether the handshake failed, or the server's certificate did not pass. */
function isHandshakeFailure(code) {
    return /^(EPROTO$|ERR_SSL|ERR_TLS)/.test(code) || CERTIFICATE_ERROR.test(code);
}
/** Returns whether the server refused the gate's certificate. In TLS 1.3 it does so after the handshake. */
function isRefusedCertificate(code) {
    return /^ERR_SSL_.*ALERT_(UNKNOWN_CA|(BAD_|UNSUPPORTED_)CERTIFICATE|CERTIFICATE_(?!REQUIRED)\w+)$/.test(code);
}
/** The ways to fail that are about TLS, in the order in which they are tried. */
const TLS_FAILURES = {
    'tls-unavailable': {
        what: 'The server does not accept TLS',
        matches: ({ message }) => message === NO_TLS,
        advice: ({ tlsMode }) => msg `\`sslmode=${trusted(tlsMode)}\` insists on it. Turn TLS on at the server; or, in a network that you trust, use \`sslmode=prefer\`.`,
    },
    'certificate-untrusted': {
        what: 'The certificate of the server is not signed by a CA that the gate trusts',
        // No chain leads from the server's certificate to a trusted CA.
        matches: [
            ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
            ...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
            ...['CERT_SIGNATURE_FAILURE', 'CERT_UNTRUSTED'],
        ],
        advice: ({ tlsCa }) => tlsCa === undefined
            ? msg `Pass the certificate of its CA as \`tls-ca\`, or use \`sslmode=require\`, which then verifies nothing.`
            : msg `The CA that was given has not signed it: pass the one that has as \`tls-ca\`. Without any, \`sslmode=require\` verifies nothing.`,
    },
    'certificate-of-another-host': {
        what: 'The certificate of the server was made for another host name',
        matches: ['ERR_TLS_CERT_ALTNAME_INVALID'],
        advice: msg `Use the name in the certificate as the host in \`database-url\`; \`sslmode=verify-ca\` does not compare names.`,
    },
    'certificate-out-of-date': {
        what: 'The certificate of the server is not valid at this time',
        matches: ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'],
        advice: msg `Renew it at the server, and check the clock of the runner.`,
    },
    'client-certificate-missing': {
        what: 'The server asks for a client certificate',
        matches: ({ code, message }) => (code === '28000' && /requires a valid client certificate/.test(message)) ||
            /^ERR_SSL_.*CERTIFICATE_REQUIRED$/.test(code),
        advice: msg `Put the paths of the certificate and its key into \`database-url\`: \`sslcert\` and \`sslkey\`; and use an \`sslmode\` with TLS.`,
    },
    'client-certificate-refused': {
        what: 'The server does not accept the client certificate',
        matches: ({ code, message }) => (code === '28000' && /certificate authentication failed/.test(message)) || isRefusedCertificate(code),
        advice: msg `It has to be signed by a CA that the server trusts (its \`ssl_ca_file\`), to be valid now, and to be made for this user.`,
    },
    'certificate-unusable': {
        what: 'A certificate or a key of the gate cannot be used',
        matches: ({ code }) => code.startsWith('ERR_OSSL') || code === 'ERR_CRYPTO_OPERATION_FAILED',
        advice: msg `Check that \`tls-ca\`, \`sslcert\` and \`sslkey\` are whole PEM files, that the key is the certificate's own, and that it has no passphrase.`,
    },
    'tls-failed': {
        what: 'TLS failed',
        matches: ({ code }) => isHandshakeFailure(code),
        advice: msg `Check the TLS settings of both sides, and that this is a Postgres server.`,
    },
};

;// CONCATENATED MODULE: ./lib/postgres/errors.js







/** Returns a kind that can pass by itself, so a hold continues. */
const errors_transient = (kind) => ({ ...kind, patience: 'full' });
/** Returns a kind that most often stays, but can also pass within seconds. */
const brief = (kind) => ({ ...kind, patience: 'brief' });
/** The message of the driver's error when connecting takes too long. */
const CONNECT_OVERDUE = 'timeout expired';
/** The message of the error that ends a poll when the hold has no time left for it. */
const POLL_OVERDUE = 'The poll is overdue';
/** The driver's messages for login methods that it does not have. */
const UNKNOWN_LOGIN = /^Unknown authenticationOk message type|^SASL: Only mechanism/;
/**
 * Every known way to fail. The first match wins, and an SQLSTATE that no other kind knows is retried. Sources:
 * PostgreSQL's appendix A for SQLSTATEs, and its source for the names of functions.
 */
const FAILURES = {
    'password-file-unusable': PASSWORD_FILE_UNUSABLE,
    'host-not-found': errors_transient({
        what: 'The host could not be found',
        matches: ({ code }) => code === 'ENOTFOUND' || code.startsWith('EAI_'),
        advice: msg `Check the host in \`database-url\`; a name inside a private network needs a runner inside it.`,
    }),
    'connection-refused': errors_transient({
        what: 'Nothing accepts connections at this host and port',
        matches: ['ECONNREFUSED'],
        advice: msg `Check host and port in \`database-url\`, and that the database is running.`,
    }),
    'socket-missing': errors_transient({
        what: 'The socket of the server is not there',
        matches: ['ENOENT'],
        advice: msg `Check the host in \`database-url\`, which names a folder here, and that the database is running.`,
    }),
    'socket-denied': {
        what: 'The socket of the server may not be used',
        matches: ['EACCES', 'EPERM', 'EINVAL', 'ENAMETOOLONG'],
        advice: msg `Let the runner's user enter the folder that \`database-url\` names as its host; its path has 90 characters at most.`,
    },
    'connect-timeout': errors_transient({
        what: 'The server did not answer in time',
        matches: ({ code, message }) => ['ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'EAGAIN', 'ERR_SOCKET_CONNECTION_TIMEOUT'].includes(code) ||
            message === CONNECT_OVERDUE,
        advice: msg `Most often a firewall or a private network that this runner is not in: allow the runner's address, or use a runner inside the network.`,
    }),
    'network-unreachable': errors_transient({
        what: 'There is no way from this runner to the network of the server',
        matches: ['ENETUNREACH', 'ENETDOWN', 'ENONET', 'EADDRNOTAVAIL'],
        advice: msg `Is the host an IPv6 address only? GitHub's runners have no IPv6: use a pooler or a proxy with IPv4, or a runner of your own.`,
    }),
    'not-postgres': errors_transient({
        what: 'What answers does not speak the protocol of Postgres',
        matches: ({ code, message }) => (code === PROTOCOL_ERROR && !UNKNOWN_LOGIN.test(message)) ||
            /^received (invalid response|unexpected)|error establishing an SSL connection/i.test(message),
        advice: msg `Check host and port in \`database-url\`: another service may listen there.`,
    }),
    'login-unsupported': {
        what: 'The server asks for a way to log in that the gate does not have',
        matches: ({ message }) => UNKNOWN_LOGIN.test(message),
        advice: msg `It logs in with a password or a client certificate; GSSAPI, SSPI and OAuth are not for it. Let pg_hba.conf ask its role for one of those.`,
    },
    'channel-not-bound': {
        what: 'The server does not do the channel binding that `channel_binding=require` asks for',
        matches: ({ message }) => message === UNBOUND,
        advice: msg `It takes TLS, SCRAM passwords, and no pooler or proxy in between that ends TLS. If that is how it has to be, leave \`channel_binding\` out and use \`sslmode=verify-full\`.`,
    },
    'poll-unanswered': errors_transient({
        what: 'The database went silent in the middle of a poll',
        overLimit: true,
        matches: ({ message }) => message === 'Query read timeout',
        advice: msg `The network in between may be broken: not even the end of \`poll-timeout\` was answered.`,
    }),
    'poll-overdue': {
        what: 'The time ran out while a poll was under way',
        // Not transient: the hold has no time left to poll again.
        matches: ({ message }) => message === POLL_OVERDUE,
        advice: msg `The hold has to end with its \`timeout\`, and the database had not answered by then. Raise \`timeout\`, or find out what slows the database or the network down.`,
    },
    ...POOLER_FAILURES,
    'connection-lost': errors_transient({
        what: 'The connection broke off',
        matches: ({ code, message }) => ['ECONNRESET', 'ECONNABORTED', 'ENETRESET', 'ENOTCONN', 'ESHUTDOWN', 'EPIPE'].includes(code) ||
            /^ERR_(STREAM|SOCKET)_/.test(code) ||
            /^ERR_SSL_.*(BAD_RECORD_MAC|UNEXPECTED_EOF)/.test(code) ||
            ['57P01', '57P02', '57P05', '25P03'].includes(code) ||
            (code.startsWith('08') && code.length === 5 && code !== '08P01') ||
            /connection terminated|not queryable/i.test(message),
        advice: msg `The server may have been restarted, an administrator may have ended the connection, or something between closes idle ones: then use a shorter \`poll-interval\`.`,
    }),
    ...TLS_FAILURES,
    ...PASSWORD_FAILURES,
    'user-refused': {
        what: 'The server does not let this user in',
        matches: ({ code, message }) => code === '28000' || (code === '08P01' && message === TLS_REQUIRED),
        advice: ({ tlsMode }) => msg `There is no such role, or pg_hba.conf has no entry for this user, database and address${trusted(tlsMode === 'disable' ? ' without TLS' : '')}, or asks for a client certificate. Check the user in \`database-url\`, and the TLS settings that the server asks for.`,
    },
    'database-missing': {
        what: 'There is no such database on this server',
        matches: (failure) => ['3D000', '57P04'].includes(failure.code) ||
            fromPgBouncer(failure, /^(database ".*" (does not exist|is disabled)|no such database)/s),
        advice: msg `Check the database in \`database-url\`. DBOS keeps its tables in the system database, which older SDKs name after the application with \`_dbos_sys\` at the end.`,
    },
    'no-connection-left': errors_transient({
        what: 'The server has no connection left',
        matches: (failure) => failure.code === '53300' ||
            fromPgBouncer(failure, /^(no more connections allowed|sorry, too many clients)/) ||
            isSaidByPooler(failure, /max\w* clients?\b|too many clients|check(ed)? ?out|failed to acquire permit/i),
        advice: msg `The gate needs one: raise max_connections, the limit of the role or the size of the pool; use a pooler in transaction mode (Supabase's has port 6543); or run the gate when fewer are taken.`,
    }),
    'starting-or-stopping': errors_transient({
        what: 'The database is starting up or shutting down',
        matches: ['57P03'],
        advice: msg `If it stays so, find out why at the server.`,
    }),
    'out-of-resources': errors_transient({
        what: 'The server has run short of a resource',
        overLimit: true,
        matches: ({ code }) => /^(53|58)\w{3}$/.test(code),
        advice: ({ message }) => msg `It says: ${message}. Memory or disk may be exhausted.`,
    }),
    'row-security': {
        what: 'Row security would hide rows from the role of the gate',
        matches: ({ code, routine }) => code === '42501' && routine === 'check_enable_rls',
        advice: ({ user }) => msg `Counts would be too small. Give the role ${user} BYPASSRLS, or remove the policies for it.`,
    },
    'connect-not-granted': {
        what: 'The role of the gate may not connect to this database',
        matches: ({ code, routine }) => code === '42501' && routine === 'CheckMyDatabase',
        // Both names have proved right: the role has logged in, and the database is there.
        advice: ({ database, user }) => [
            ...trusted('As its owner, run: '),
            { command: `GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)};` },
        ],
    },
    'privilege-missing': {
        what: 'The role of the gate lacks a privilege',
        matches: ['42501'],
        advice: ({ user, schema }) => msg `Grant ${user} USAGE on the schema ${schema} and SELECT on what docs/grants.sql names.`,
    },
    'poll-stopped': errors_transient({
        what: 'The server stopped the poll',
        overLimit: true,
        matches: ['57014'],
        advice: ({ message }) => msg `It says: ${message}. If the poll took longer than \`poll-timeout\`, raise that, or find out what slows the database down. Otherwise an administrator, or a watchdog for long statements, cancelled it.`,
    }),
    'lock-timeout': errors_transient({
        what: 'A lock on the tables of DBOS blocked the poll for longer than `poll-timeout`',
        matches: ['55P03'],
        advice: ({ schema }) => msg `A migration or maintenance may be running: pg_locks names who holds the lock on ${`${schema}.workflow_status`}. Raise \`poll-timeout\` if it has to be so.`,
    }),
    'tables-changed': brief({
        what: 'The tables changed under the poll',
        matches: ['42P01', '42703', '3F000'],
        advice: ({ message }) => msg `A migration may be running. The database says: ${message}.`,
    }),
    'pooler-ended': errors_transient({
        what: 'The pooler in front of the database ended the connection',
        matches: ['08P01'],
        advice: ({ message }) => msg `It says: ${message}. Check the pooler's log, and that it knows this user and database.`,
    }),
    'character-unknown': brief({
        what: 'The encoding of the database lacks a character of a name, or has an invalid one',
        matches: ['22P05', '22021'],
        advice: ({ message }) => msg `It says: ${message}. Check \`retire-version\`, \`keep-version\`, \`application\` and \`ignore-workflows\` for characters that the database cannot have stored.`,
    }),
    'request-refused': brief({
        what: 'The server refused what the gate asked for',
        matches: ({ code }) => /^(0A|22|28|3D|42)\w{3}$/.test(code),
        advice: ({ message }) => msg `It says: ${message}. Please report it to the dbos-drain-gate project if it stays so.`,
    }),
    'server-error': errors_transient({
        what: 'The database answered with an error',
        matches: ({ code }) => /^(?=.*\d)[0-9A-Z]{5}$/.test(code),
        advice: ({ message }) => msg `It says: ${message}. If it stays so, look at the log of the server.`,
    }),
};
const KINDS = Object.values(FAILURES);
/**
 * Returns an error that a person can act on, with the cause and the fix. An unknown error stays as it is.
 *
 * Nothing of `database-url` is shown before a server has let the gate in. A mistyped URL can have the password in place
 * of the host, the user or the database.
 *
 * @param connectedBefore The server has let the gate in before, with this host, user and database.
 */
function explainFailure(error, config, connectedBefore) {
    if (error instanceof ReportableError)
        return error;
    const failure = failureOf(error);
    const kind = KINDS.find(({ matches }) => typeof matches === 'function' ? matches(failure, config) : matches.includes(failure.code));
    if (kind === undefined)
        return error instanceof Error ? error : new Error('something that is no error was thrown');
    const code = failure.code === '' ? '' : ` (${failure.code})`;
    const message = connectedBefore ? failure.message : withoutPartsOf(config, failure.message);
    const at = connectedBefore ? msg ` It was ${config.host}, port ${trusted(String(config.port))}.` : [];
    const advice = typeof kind.advice === 'function' ? kind.advice({ ...config, ...failure, message }) : kind.advice;
    const sentence = msg `${trusted(`${kind.what}${code}.`)}${at} ${advice}`;
    const { patience, overLimit = false } = kind;
    return patience === undefined
        ? new ReportableError(sentence, { cause: error })
        : new TransientError(sentence, connectedBefore, { cause: error, overLimit, brief: patience === 'brief' });
}
/** Returns what tells kinds of failures apart. A failure to connect to several addresses is of the kind of its first. */
function failureOf(error) {
    if (error instanceof AggregateError && error.errors.length > 0)
        return failureOf(error.errors[0]);
    if (!(error instanceof Error))
        return { code: '', message: '', routine: '' };
    const routine = 'routine' in error && typeof error.routine === 'string' ? error.routine : '';
    return { code: codeOf(error) ?? '', message: error.message, routine };
}
/** A server's message can repeat parts of the URL. */
function withoutPartsOf({ host, user, database }, message) {
    // A server cuts names at 63 bytes.
    const parts = [host, user, database].flatMap((part) => [part, part.slice(0, 63)]);
    parts.sort((a, b) => b.length - a.length);
    return parts.reduce((text, part) => text.replaceAll(part, '…'), message);
}

;// CONCATENATED MODULE: external "node:crypto"
const external_node_crypto_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:crypto");
;// CONCATENATED MODULE: ./lib/postgres/tls.js



/** libpq's `sslmode`, with libpq's meaning. The driver itself would read `require` as `verify-full`. */
const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];
/**
 * Reads the TLS parameters as libpq does ("SSL Support" in PostgreSQL's manual), files included. Three things differ:
 *
 * - `tls-ca` without an `sslmode` means `verify-full`.
 * - `verify-full` without a CA trusts the CAs that the runtime brings. libpq needs `sslrootcert=system` for that.
 * - Nothing is read from `~/.postgresql`, and a missing `sslrootcert` file is an error in every mode.
 *
 * @throws InputError when the parameters contradict each other, or would verify less than they seem to.
 */
function readTlsSettings({ take, environment, tlsCa, readFile }) {
    const file = (parameter) => {
        const path = take(parameter) || environment[`PG${parameter.toUpperCase()}`] || undefined;
        return path === undefined || path === 'system' ? path : readFile(path);
    };
    const ofUrl = file('sslrootcert');
    const ca = tlsCa ?? ofUrl;
    const byDefault = tlsCa !== undefined || ca === 'system' ? 'verify-full' : 'prefer';
    const mode = take('sslmode') ?? environment['PGSSLMODE'] ?? byDefault;
    const tlsMode = TLS_MODES.find((name) => name === mode);
    if (tlsMode === undefined) {
        throw inputError `The \`sslmode\` of \`database-url\`, or of PGSSLMODE, is unknown. Accepted: ${namesOf(TLS_MODES, TLS_MODES.length, 6)}.`;
    }
    const contradiction = tlsCa === undefined ? contradictionOf(tlsMode, ofUrl) : contradictionOfInput(tlsMode);
    if (contradiction !== undefined)
        throw new InputError(contradiction);
    const [cert, key] = [file('sslcert'), file('sslkey')];
    if ((cert === undefined) !== (key === undefined)) {
        throw inputError `A client certificate needs both \`sslcert\` and \`sslkey\`. Give the other one, or leave both out.`;
    }
    const clientCertificate = cert === undefined || key === undefined ? undefined : { cert, key };
    return { tlsMode, tlsCa: ca === 'system' ? undefined : ca, clientCertificate };
}
/** Explains why a mode would verify less with `tls-ca` than it seems to. */
function contradictionOfInput(tlsMode) {
    if (!['disable', 'allow', 'prefer'].includes(tlsMode))
        return undefined;
    return msg `\`tls-ca\` is given, but with \`sslmode=${trusted(tlsMode)}\` (of the URL, or of PGSSLMODE) it would verify nothing. Use \`sslmode=verify-full\`, or leave \`tls-ca\` out.`;
}
/** Explains why a mode would verify less with `sslrootcert` (`system`, PEM text, or none) than it seems to. */
function contradictionOf(tlsMode, rootCertificate) {
    if (rootCertificate === 'system') {
        if (tlsMode === 'verify-full')
            return undefined;
        return msg `\`sslrootcert=system\` goes with \`sslmode=verify-full\` alone, and it is ${trusted(`\`${tlsMode}\``)}: anybody can have a certificate that a public CA has signed. Use \`sslmode=verify-full\`, or pass the CA as \`tls-ca\`.`;
    }
    if (rootCertificate === undefined) {
        if (tlsMode !== 'verify-ca')
            return undefined;
        return msg `\`sslmode=verify-ca\` needs the CA to verify with, and none is given. Pass it as \`tls-ca\`, or use \`sslmode=verify-full\`, which compares the host name too.`;
    }
    if (tlsMode === 'disable' || holdsCertificates(rootCertificate))
        return undefined;
    return msg `The file that \`sslrootcert\` (or PGSSLROOTCERT) names holds no certificate in PEM form that can be read. Name the CA's, or pass it as \`tls-ca\`.`;
}
/**
 * Returns whether a text has certificates in PEM form, all of them readable. Node ignores certificates that it cannot
 * read. It takes an empty text for no CA, and then trusts every public one (`ca` of its `tls.createSecureContext`).
 */
function holdsCertificates(pem) {
    const parts = pem.split(/(?=-----BEGIN )/);
    const certificates = parts.filter((part) => /^-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/.test(part));
    try {
        return certificates.length > 0 && certificates.every((each) => new external_node_crypto_namespaceObject.X509Certificate(each).raw.length > 0);
    }
    catch {
        return false;
    }
}
/**
 * Returns the ways to connect that an `sslmode` allows, in the order to try them.
 *
 * As in libpq, a CA that is given is used: `require`, and the TLS that `allow` and `prefer` try, then verify the
 * certificate, but not the host name (`sslrootcert` in its manual, `initialize_SSL` in its source). A socket on this
 * machine has no TLS.
 */
function tlsAttempts(config) {
    const { host, tlsMode, tlsCa, clientCertificate } = config;
    if (host.startsWith('/'))
        return [false];
    const verifiedFull = { host, ca: tlsCa, ...clientCertificate, rejectUnauthorized: true };
    const verifiedCa = { ...verifiedFull, checkServerIdentity: () => undefined };
    const asGiven = tlsCa === undefined ? { ...verifiedFull, rejectUnauthorized: false } : verifiedCa;
    const attempts = {
        disable: [false],
        allow: [false, asGiven],
        prefer: [asGiven, false],
        require: [asGiven],
        'verify-ca': [verifiedCa],
        'verify-full': [verifiedFull],
    };
    return attempts[tlsMode];
}

;// CONCATENATED MODULE: ./lib/postgres/connection.js









/** Longer than the 15 seconds after which PgBouncer retries a login at the server and reports how it went. */
const CONNECT_TIMEOUT_MS = 20_000;
/** How long the server has to answer when the connection closes. A cancelled job has to finish within 2 seconds. */
const CLOSE_TIMEOUT_MS = 1_000;
/** How much longer than the server's own timeout the gate waits for an answer over the network. */
const NETWORK_GRACE_MS = 10_000;
patchDriver();
// glibc asks each name server twice for five seconds, and nothing can cancel a lookup. A job that is cancelled
// meanwhile would linger. A value that the user has set stays.
process.env['RES_OPTIONS'] ??= 'timeout:1 attempts:2';
// The driver would turn these variables into startup parameters, which transaction poolers refuse.
for (const name of ['PGOPTIONS', 'PGREPLICATION', 'PGCLIENT_ENCODING', 'PGBINARY'])
    delete process.env[name];
/**
 * Connects in the first way that `sslmode` allows and the server accepts.
 *
 * @param signal Cuts the connection when it aborts, whatever the network does, also while it is being made.
 * @throws the driver's error for the way whose failure explains most.
 */
async function connect(config, pollTimeoutMs, signal) {
    const failures = [];
    for (const tls of tlsAttempts(config)) {
        try {
            return await connectOnce(config, tls, pollTimeoutMs, signal);
        }
        catch (error) {
            if (signal.aborted || !anotherWayMayWork(error))
                throw error;
            failures.push({ tls, error });
        }
    }
    // A server that has no TLS, or refuses plain text, explains least: that is why the other way was tried.
    const telling = failures.filter(({ error }) => !hasNoTls(error));
    const failure = telling.find(({ tls }) => tls !== false) ?? telling[0] ?? failures[0];
    throw failure?.error ?? new Error('no way to connect');
}
/**
 * Whether to try the next way, as libpq does: after a server without TLS, a failed handshake, or a refusal by
 * pg_hba.conf (or by PgBouncer, of plain text). A password that was refused is not sent again in plain text.
 */
function anotherWayMayWork(error) {
    const failure = failureOf(error);
    const { code, message } = failure;
    const isPlainTextRefused = code === '08P01' && message === TLS_REQUIRED;
    if (isPasswordRefusal(failure))
        return false;
    if (hasNoTls(error) || code === '28000' || isPlainTextRefused)
        return true;
    return isHandshakeFailure(code) && !isRefusedCertificate(code);
}
const hasNoTls = (error) => error instanceof Error && error.message === NO_TLS;
async function connectOnce(config, ssl, pollTimeoutMs, signal) {
    const { host, port, user, password, database } = config;
    const socket = new external_node_net_namespaceObject.Socket();
    const options = {
        ...{ host, port, user, database, ssl },
        // A function, even for none: otherwise the driver reads PGPASSWORD and libpq's password file itself.
        password: () => password ?? '',
        // Otherwise the driver reads PGSSLNEGOTIATION.
        sslnegotiation: 'postgres',
        stream: () => socket,
        enableChannelBinding: config.requireChannelBinding,
        // The only startup parameter: transaction poolers refuse the others.
        application_name: 'dbos-drain-gate',
        keepAlive: true,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        query_timeout: Math.min(pollTimeoutMs + NETWORK_GRACE_MS, LONGEST_TIMER_MS),
        // A server can ask for more rounds than the driver's own limit of 100,000. Each costs the client time.
        scramMaxIterations: 1_000_000,
    };
    const client = new lib_client(options);
    if (config.requireChannelBinding)
        requireChannelBinding(client, socket);
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    const connection = connectionOf(client, socket);
    try {
        await client.connect();
        return connection;
    }
    catch (error) {
        socket.destroy();
        throw error;
    }
}
function connectionOf(client, socket) {
    // A connection that breaks while idle must not end the process. The next statement fails with this error.
    let brokenBy;
    client.on('error', (error) => {
        brokenBy ??= error;
    });
    const answered = (query) => query.catch((error) => {
        throw brokenBy ?? error;
    });
    return {
        async run(statements) {
            await answered(client.query(statements));
        },
        async rows(statement, row) {
            // The driver's types omit that several statements have several results.
            const result = await answered(client.query(statement.text, [...statement.values]));
            return row.array().parse([result].flat().findLast(({ command }) => command === 'SELECT')?.rows);
        },
        async close() {
            const ended = client.end().catch(() => undefined);
            await unlessAborted(ended, AbortSignal.timeout(CLOSE_TIMEOUT_MS));
            socket.destroy();
        },
    };
}

;// CONCATENATED MODULE: ./lib/postgres/guards.js
/*
 * Every statement of the gate runs in a transaction that says all that a role, a database or a pooler's session may have
 * set otherwise: the isolation level, that it only reads, that it does not wait for a moment without serialization
 * conflicts, where names are searched for, and how long it may take.
 */
/**
 * Starts the transaction of a snapshot: one moment, read-only, with the planner held to the indexes. `row_security =
 * off` makes Postgres raise an error where a policy would have hidden rows.
 */
const beginSnapshot = (pollTimeoutMs) => `
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY NOT DEFERRABLE;
${guards(pollTimeoutMs)}
SET LOCAL enable_seqscan = off;`;
/** Starts the transaction in which the open writers are asked for, or of a statement that has to read a whole table. */
const beginReadCommitted = (pollTimeoutMs) => `
BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY NOT DEFERRABLE;
${guards(pollTimeoutMs)}`;
/** A statement in a transaction of its own that every product understands which speaks Postgres's protocol. */
const alone = (statement) => `
BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY NOT DEFERRABLE;
${statement};
COMMIT`;
/**
 * The search path keeps objects of others from replacing built-in functions, operators and views; temporary ones too,
 * which come first unless they are named. The lock timeout is the shorter one: of two equal timeouts the statement's
 * would pass first, and its error explains less. A gate that was killed or cut off leaves nothing running: the server
 * checks a statement's client once per second where it can (Postgres 14, on Linux), and no transaction stays open for
 * longer than a poll can take.
 */
const guards = (pollTimeoutMs) => `SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL row_security = off;
SELECT set_config('client_connection_check_interval', '1s', true)
 WHERE current_setting('client_connection_check_interval', true) IS NOT NULL AND version() LIKE '%linux%';
SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(pollTimeoutMs)};
SET LOCAL statement_timeout = ${Math.ceil(pollTimeoutMs)};
SET LOCAL lock_timeout = ${Math.ceil(pollTimeoutMs * 0.9)};
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';`;

;// CONCATENATED MODULE: ./lib/dbos/server.js


/** What tells the server that answered from others. */
const server = object({
    /** When it was started, in microseconds since the epoch. */
    startedAt: schemas_string(),
    standby: schemas_boolean(),
});
/** The server that answers, as JSON. */
const SERVER = sql `json_build_object(
         'startedAt', ((extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint)::text, 'standby', pg_is_in_recovery())`;
/** The rows of a statement as JSON in one row, with the server that answers. It has the statement's parameters. */
function withServer({ text, values }) {
    const { text: answerer } = statement(SERVER);
    return {
        text: `SELECT ${answerer} AS server, (SELECT coalesce(json_agg(r), '[]') FROM (${text}) r) AS rows`,
        values,
    };
}
/** The row that such a statement returns. */
const rowsWithServer = (row) => object({ server, rows: array(row) });
const isSameServer = (a, b) => a.startedAt === b.startedAt && a.standby === b.standby;

;// CONCATENATED MODULE: ./lib/dbos/schema.js





/** `bigint` arrives as text: epoch milliseconds are safe integers, which `z.int()` insists on. */
const bigintText = schemas_string().transform(Number).pipe(schemas_int());
const columnList = array(schemas_string());
/** The row that `probeQuery` returns. */
const probeRow = object({
    observed_at: bigintText,
    role: schemas_string(),
    server_version: schemas_string(),
    server: server,
    identifies_cluster: schemas_boolean(),
    schema_exists: schemas_boolean(),
    schema_usable: schemas_boolean(),
    schemas_with_tables: columnList,
    relation_kind: schemas_string().nullable(),
    file: schemas_string().nullable(),
    table_id: schemas_string().nullable(),
    logical_subscriber: schemas_boolean(),
    row_security_active: schemas_boolean(),
    plain_status_index: schemas_boolean(),
    failed_index: schemas_boolean(),
    tables: record(schemas_string(), object({ kind: schemas_string(), columns: columnList, readable: columnList, filtered: schemas_boolean() })),
});
/** Starts the poll's transaction and reads the probe, in one round trip. It has no parameters: several statements cannot. */
function openSnapshot(schema, pollTimeoutMs) {
    const { text, values } = probeQuery(schema);
    return { text: `${beginSnapshot(pollTimeoutMs)}${text}`, values };
}
/** Facts from the catalogs, which every role can read. */
function probeQuery(schema) {
    return statement(sql `
SELECT ${NOW}::text AS observed_at,
       current_user::text AS role,
       current_setting('server_version') AS server_version,
       ${SERVER} AS server,
       has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS identifies_cluster,
       n.oid IS NOT NULL AS schema_exists,
       coalesce(has_schema_privilege(n.oid, 'USAGE'), false) AS schema_usable,
       (SELECT coalesce(json_agg(o.nspname ORDER BY o.nspname), '[]')
          FROM pg_class s JOIN pg_namespace o ON o.oid = s.relnamespace
         WHERE s.relname = 'workflow_status' AND s.relkind = 'r') AS schemas_with_tables,
       w.relkind::text AS relation_kind,
       pg_relation_filenode(w.oid)::text AS file,
       w.oid::text AS table_id,
       EXISTS (SELECT FROM pg_subscription_rel r WHERE r.srrelid = w.oid) AS logical_subscriber,
       coalesce(row_security_active(w.oid), false) AS row_security_active,
       EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                WHERE i.indrelid = w.oid AND i.indisvalid AND i.indpred IS NULL AND a.attname = 'status') AS plain_status_index,
       EXISTS (SELECT FROM pg_class x JOIN pg_index i ON i.indexrelid = x.oid
                WHERE i.indrelid = w.oid AND i.indisvalid AND x.relname = 'idx_workflow_status_failed') AS failed_index,
       (SELECT coalesce(json_object_agg(t.relname, t.found), '{}')
          FROM (SELECT c.relname,
                       json_build_object(
                         'kind', c.relkind::text,
                         'filtered', coalesce(row_security_active(c.oid), false),
                         'columns', json_agg(a.attname ORDER BY a.attnum),
                         'readable', coalesce(json_agg(a.attname ORDER BY a.attnum)
                           FILTER (WHERE has_column_privilege(c.oid, a.attnum, 'SELECT')), '[]')) AS found
                  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
                   AND (a.attnum > 0 OR a.attname IN ('ctid', 'xmin'))
                 WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                   AND c.relname IN (${join(TABLES.map(sql_literal), ', ')})
                 GROUP BY c.oid, c.relname, c.relkind) t) AS tables
  FROM (SELECT 1) one
  LEFT JOIN pg_namespace n ON n.nspname = ${sql_literal(schema)}
  LEFT JOIN pg_class w ON w.relnamespace = n.oid AND w.relname = 'workflow_status'
   AND w.relkind IN ('r', 'p', 'v', 'm', 'f')`);
}
/** Returns what the statements can use, from the probe. */
function schemaOf(name, probe) {
    const usable = TABLES.filter((table) => probe.tables[table] && (table !== 'queues' || hasReadableQueues(probe)));
    return {
        name,
        tables: Object.fromEntries(usable.map((table) => [table, probe.tables[table]?.columns])),
        hasPlainStatusIndex: probe.plain_status_index,
        hasFailedIndex: probe.failed_index,
        identifiesCluster: probe.identifies_cluster,
    };
}
/** Limits of queues are shown where they can be read. No rule needs them, so a role need not be able to read the table. */
function hasReadableQueues(probe) {
    const { columns = [], readable = [], kind, filtered } = probe.tables['queues'] ?? {};
    // Another table can have that name, in a schema that DBOS shares with others.
    const isDbos = neededColumns('queues').every((column) => columns.includes(column));
    const isReadable = columnNames('queues').every((name) => readable.includes(name) || !columns.includes(name));
    return kind === 'r' && !filtered && isDbos && isReadable;
}
/** Tables that tell a sharded system database, in which each has a column `shard_key`. Others can own a table `queues`. */
const SHARDED = TABLES.filter((table) => table !== 'queues');
/** Facts about the database, for rule 9. The second row is there where the tables could be read. */
function factsOf(probe, row) {
    const columns = probe.tables['workflow_status']?.columns ?? [];
    return {
        serverVersion: /^[\d.]+/.exec(probe.server_version)?.[0] ?? 'unknown',
        standby: probe.server.standby,
        startedAt: probe.server.startedAt,
        cluster: row?.cluster,
        sharded: SHARDED.some((table) => probe.tables[table]?.columns.includes('shard_key')),
        logicalSubscriber: probe.logical_subscriber,
        relationKind: probe.relation_kind ?? '',
        tableId: probe.table_id ?? '',
        rowSecurityActive: probe.row_security_active,
        missingColumns: neededColumns('workflow_status').filter((column) => !columns.includes(column)),
        migration: row?.migration,
    };
}
/** Returns what the role lacks to read what the statements name: all of it is in `docs/grants.sql`. */
function missingPrivileges(probe) {
    return TABLES.flatMap((table) => {
        const { columns = [], readable = [] } = probe.tables[table] ?? {};
        const denied = columnNames(table).filter((name) => columns.includes(name) && !readable.includes(name));
        return table === 'queues' || denied.length === 0 ? [] : [{ table, columns: denied }];
    });
}

;// CONCATENATED MODULE: ./lib/dbos/access.js






/** Which product answers. Asked before anything that only Postgres understands. */
const productQuery = { text: alone('SELECT pg_catalog.version() AS version'), values: [] };
const productRow = object({ version: schemas_string() });
/** CockroachDB speaks Postgres's protocol, but does not have all that the rules rest on. */
function unsupportedProduct(version) {
    if (!version.startsWith('CockroachDB'))
        return undefined;
    return new ReportableError(msg `This is CockroachDB. Its pg_locks does not show transactions that are still writing and its row_security setting has no effect, so the gate cannot rule out work that is about to appear. It is not supported.`);
}
/** The answers of one poll came from more than one server, again and again: the writers of one, and the rows of another. */
function splitAnswers() {
    return new ReportableError(msg `Several servers answered one poll, three times in a row. A pooler or a proxy in between sends some statements to the primary and others to a standby, so the gate cannot rule out work that is about to appear. Point \`database-url\` at the primary itself, or at a port of the pooler that does not split reads from writes.`);
}
/** No schema, no tables in it, or no privilege to read them: found in the catalogs before anything is read. */
function unreachableTables(probe, config) {
    const elsewhere = probe.schemas_with_tables.filter((name) => name !== config.schema);
    const schemas = trusted(elsewhere.length === 1 ? 'schema' : 'schemas');
    const hint = elsewhere.length > 0
        ? msg ` There is a workflow_status table in the ${schemas} ${namesOf(elsewhere)}: is that the one? Set \`schema\`.`
        : trusted(' Is this the system database of the application? Older SDKs name it after the application with `_dbos_sys` at the end.');
    if (!probe.schema_exists) {
        return new ReportableError(msg `The database ${config.database} has no schema ${config.schema}.${hint}`);
    }
    if (!probe.schema_usable) {
        const usage = `GRANT USAGE ON SCHEMA ${quoteIdentifier(config.schema)} TO ${quoteIdentifier(probe.role)};`;
        return new ReportableError(msg `The role ${probe.role} may not use the schema ${config.schema}. ${asOwner([usage, ...grants(probe, config)])}`);
    }
    const ownsVersions = probe.tables['workflow_status']?.columns.includes('application_name');
    const needed = ['workflow_status', 'operation_outputs', ...(ownsVersions ? ['application_versions'] : [])];
    const odd = Object.keys(probe.tables).filter((table) => !['workflow_status', 'queues'].includes(table) && probe.tables[table]?.kind !== 'r');
    if (odd.length > 0) {
        return new ReportableError(msg `${namesOf(odd)} in the schema ${config.schema} ${trusted(odd.length === 1 ? 'is not an ordinary table' : 'are not ordinary tables')}, so what the gate would read may not be what DBOS runs on. Point \`database-url\` and \`schema\` at the system database itself.`);
    }
    const missing = needed.filter((table) => probe.tables[table] === undefined);
    if (missing.length > 0) {
        return new ReportableError(msg `The schema ${config.schema} of the database ${config.database} holds no DBOS tables (${namesOf(missing)} missing).${hint}`);
    }
    return undefined;
}
/** The tables are there, but the role may not read all that the poll names. */
function deniedTables(probe, config) {
    const missing = missingPrivileges(probe);
    if (missing.length === 0)
        return undefined;
    const lacking = missing.map(({ table, columns }) => `${table} (${columns.join(', ')})`);
    const remedy = asOwner(grants(probe, config));
    return new ReportableError(msg `The role ${probe.role} may not read ${namesOf(lacking)} in the schema ${config.schema}. ${remedy}`);
}
/** The statements that let the role read what it may not read yet, and no more than that. */
function grants(probe, { schema }) {
    return missingPrivileges(probe).map(({ table, columns }) => `GRANT SELECT (${columns.join(', ')}) ON ${quoteIdentifier(schema)}.${table} TO ${quoteIdentifier(probe.role)};`);
}
function asOwner(statements) {
    return joined([trusted('As the owner, run:'), ...statements.map((command) => [{ command }])], '\n');
}

;// CONCATENATED MODULE: ./lib/dbos/lock-wait.js



/** A setting of the transaction alone. It keeps the time at which the wait began, in seconds since the epoch. */
const BEGAN = `'dbos_drain_gate.wait_began'`;
/** A shorter time is what asking takes, in milliseconds. */
const SHORTEST_WAIT_MS = 50;
/**
 * Waits until nothing keeps the gate from reading DBOS's tables and their indexes, as a migration does. Asking for the
 * size of a relation takes the lock that reading it takes, and gives it back. It needs no privilege, and a relation that
 * is gone by then is no error. The fork `init` is a file that these tables do not have, so nothing is measured.
 *
 * @returns statements without parameters.
 */
const awaitLocks = (schema) => `
SELECT set_config(${BEGAN}, extract(epoch FROM clock_timestamp())::text, true);
SELECT count(pg_relation_size(r.oid, 'init'))
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_index i ON i.indrelid = c.oid
 CROSS JOIN LATERAL (VALUES (c.oid), (i.indexrelid)) r (oid)
 WHERE n.nspname = ${quoteLiteral(schema)} AND c.relkind = 'r' AND c.relname IN (${TABLES.map(quoteLiteral).join(', ')});`;
/** Adds to the rows of the query that follows it how long that took, in seconds. */
const withLockWait = (query) => `SELECT (extract(epoch FROM clock_timestamp())::numeric - current_setting(${BEGAN})::numeric)::float8 AS waited, q.* FROM (${query}) q`;
/** The column that this adds. */
const lockWait = { waited: schemas_number() };
/** How much of it was a wait, in milliseconds. */
function lockWaitOf({ waited }) {
    const ms = waited * 1000;
    return ms < SHORTEST_WAIT_MS ? 0 : ms;
}

;// CONCATENATED MODULE: ./lib/dbos/scans.js




/** A transaction that writes `workflow_status`, or is about to. */
const writer = object({
    /** `virtualtransaction`: names one transaction of one backend. */
    transaction: schemas_string(),
    /** Null for a prepared transaction. */
    pid: schemas_int().nullable(),
    /** `application_name` of the connection. */
    connection: schemas_string().nullable(),
    /** It waits for a lock that it needs to write. */
    waits: schemas_boolean(),
    /** The global identifier of a prepared transaction. */
    prepared: schemas_string().nullable(),
});
/**
 * Transactions that hold the lock which writing `workflow_status`, or a table that inherits from it, takes; and those
 * that wait for a lock to write or to lock rows in any table of the schema. A lock that another transaction keeps from
 * writers, as CREATE INDEX does, lets the gate read. DBOS writes `workflow_status` first when it enqueues, and last when
 * it rewinds a workflow. Read before the snapshot is taken: what has ended by then is visible in it. Ordinary roles can
 * read the views. It has no parameters: several statements cannot.
 */
function writersQuery(schema) {
    return statement(sql `
WITH RECURSIVE status_tables AS (
  SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ${sql_literal(schema)} AND c.relname = 'workflow_status'
  UNION
  SELECT i.inhrelid FROM pg_inherits i JOIN status_tables t ON t.oid = i.inhparent
)
SELECT l.virtualtransaction AS transaction, l.pid, a.application_name AS connection, NOT bool_and(l.granted) AS waits,
       CASE WHEN l.pid IS NULL THEN (SELECT max(p.gid) FROM pg_locks x
                                       JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
                                      WHERE x.virtualtransaction = l.virtualtransaction AND x.pid IS NULL) END AS prepared
  FROM pg_locks l
  LEFT JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'relation'
   AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
   AND CASE WHEN l.granted THEN l.mode = 'RowExclusiveLock' AND l.relation IN (SELECT t.oid FROM status_tables t)
            ELSE l.mode IN ('RowExclusiveLock', 'RowShareLock')
                 AND EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                              WHERE c.oid = l.relation
                                AND (n.nspname = ${sql_literal(schema)} OR c.oid IN (SELECT t.oid FROM status_tables t))) END
 GROUP BY l.virtualtransaction, l.pid, a.application_name
 ORDER BY l.virtualtransaction`);
}
/** A version that some row of any status carries, or a registration has. */
const foundVersion = object({
    version: schemas_string(),
    /** The other application that it belongs to; null where it counts for this one. */
    stranger: schemas_string().nullable(),
});
/**
 * Every version that this system database knows, of this application and of the others: a full scan. Which of them a
 * name is close to is for rule 1 to judge.
 */
function historyQuery({ schema, gate }) {
    const { owner, version } = workflowColumns(schema);
    const registration = registrationColumns(schema);
    const strangerOf = (ownerOf) => sql `CASE WHEN NOT ${inApplication(gate.application, ownerOf)} THEN ${ownerOf} END`;
    const registered = sql `
 UNION
SELECT ${registration.version} AS version, ${strangerOf(registration.owner)} AS stranger
  FROM ${tableOf(schema, 'application_versions')}`;
    return statement(sql `
SELECT DISTINCT ${version} AS version, ${strangerOf(owner)} AS stranger
  FROM ${tableOf(schema, 'workflow_status')} WHERE ${version} <> ''
${schema.tables.application_versions === undefined ? sql `` : registered}`);
}

;// CONCATENATED MODULE: ./lib/dbos/snapshot/applications.js




/** Applications that own an in-flight row, a recently created row, or a registration. */
const owners = list(schemas_string());
function ownersSection() {
    const column = sql `(SELECT coalesce(json_agg(application), '[]') FROM (
     SELECT application FROM tally WHERE application IS NOT NULL
     UNION SELECT application FROM created WHERE application IS NOT NULL
     UNION SELECT application FROM every_registration WHERE application IS NOT NULL
     ORDER BY 1) o)`;
    return { column };
}
/** The configured application owns an in-flight row or a registration. True when none is configured. */
const applicationSeen = schemas_boolean();
function applicationSeenSection({ gate }) {
    if (gate.application === undefined)
        return { column: sql `true` };
    const isIts = sql `application = ${sql_text(gate.application)}`;
    const column = sql `(EXISTS (SELECT FROM tally WHERE ${isIts}) OR EXISTS (SELECT FROM every_registration WHERE ${isIts}))`;
    return { column };
}
/** An application that owns a registration, or an in-flight row that is not ignored: the configured one and the others. */
const application = object({
    name: schemas_string(),
    /** When its first and its newest version registered, in epoch milliseconds: no promotion changes that. Null: none has. */
    firstRegistered: schemas_number().nullable(),
    newestRegistered: schemas_number().nullable(),
    /** By version, the most first; ignored names aside. */
    inFlight: list(object({ version: section_text, ...statusCounts })),
});
const applications = list(application);
function applicationsSection() {
    const registered = sql `(SELECT application, min(registered_at) AS first, max(registered_at) AS newest
              FROM every_registration WHERE application IS NOT NULL GROUP BY application)`;
    const working = sql `(SELECT application, json_agg(json_build_object('version', version, 'pending', pending,
                   'enqueued', enqueued, 'delayed', delayed) ORDER BY total DESC, version) AS versions
              FROM (SELECT application, ${shownName(sql `version`)} AS version, sum(pending) AS pending,
                           sum(enqueued) AS enqueued, sum(delayed) AS delayed, sum(total) AS total
                      FROM tally WHERE application IS NOT NULL AND NOT ignored GROUP BY application, tally.version) v
             GROUP BY application)`;
    const column = rows(sql `
     SELECT coalesce(r.application, w.application) AS name, r.first AS "firstRegistered", r.newest AS "newestRegistered",
            coalesce(w.versions, '[]') AS "inFlight"
       FROM ${registered} r FULL JOIN ${working} w ON w.application = r.application ORDER BY 1`);
    return { column };
}

;// CONCATENATED MODULE: ./lib/dbos/snapshot/failed.js





/** How many cancelled, and how many dead-lettered workflows a poll counts, the newest. */
const FAILED_LIMIT = 500;
const STATUSES = [sql `'CANCELLED'`, sql `'MAX_RECOVERY_ATTEMPTS_EXCEEDED'`];
/** The name that older SDKs have for the second of them. */
const OLD_DEAD_LETTERED = sql `'RETRIES_EXCEEDED'`;
/** Workflows of one version that failed, and can come back. */
const failedOnVersion = object({ version: schemas_string(), cancelled: schemas_int(), deadLettered: schemas_int() });
/** Undefined: not requested. */
const failed = section_optional(list(failedOnVersion));
/**
 * Cancelled and dead-lettered workflows: the newest, through `idx_workflow_status_failed`, where it exists. On older
 * schemas any, through the plain status index, since their order would cost a sort of the history.
 */
function failedSection({ schema, gate, request }) {
    const { hasFailedIndex, hasPlainStatusIndex } = schema;
    if (!request.countFailed || !(hasFailedIndex || hasPlainStatusIndex))
        return { column: sql `NULL::json` };
    const { version, owner } = workflowColumns(schema);
    const statuses = hasFailedIndex ? STATUSES : [...STATUSES, OLD_DEAD_LETTERED];
    const newest = hasFailedIndex ? sql `ORDER BY created_at DESC` : sql ``;
    const branches = statuses.map((status) => sql `(SELECT ${version} AS version, ${owner} AS application, status
        FROM ${tableOf(schema, 'workflow_status')} WHERE status = ${status} ${newest} LIMIT ${FAILED_LIMIT})`);
    const column = rows(sql `
     SELECT version, count(*) FILTER (WHERE status = 'CANCELLED') AS cancelled,
            count(*) FILTER (WHERE status <> 'CANCELLED') AS "deadLettered"
       FROM (${join(branches, ' UNION ALL ')}) b
      WHERE version <> '' AND ${inApplication(gate.application, sql `application`)}
        AND ${isSelected(request.selection, sql `version`)}
      GROUP BY version`);
    return { column };
}

;// CONCATENATED MODULE: ./lib/dbos/snapshot/newest-roots.js





/** How many of the application's rows a poll reads for rule 5, the newest. */
const NEWEST_ROWS = 2000;
/** How many rows of any owner it examines for that: another application in the database can be the busier one. */
const EXAMINED_ROWS = 20_000;
/** How many roots of one version that are alike a poll returns. The rule weighs no more than a hundred in all. */
const ALIKE_ROOTS = 100;
/** A root: a workflow without a parent, which is no fork and not ignored. */
const root = tuple([schemas_int(), schemas_boolean(), schemas_boolean()])
    .transform(([createdAt, takenUp, scheduled]) => ({ createdAt, takenUp, scheduled }));
/** The newest rows of one version. */
const versionRoots = object({
    /** Null and empty for rows without a version. */
    version: section_text,
    /** The newest first. */
    roots: list(root),
    /** Creation of the newest row of any kind that a process took up; null where none was. */
    newestTakenUpAt: section_time,
});
/**
 * Who started the application's newest workflows since its latest version was registered or promoted. Undefined: not
 * requested, or this schema has no registrations.
 */
const newestRoots = section_optional(object({
    versions: list(versionRoots),
    /** The rows that were read reach back to the registration of the latest version. */
    reachesBack: schemas_boolean(),
    /** The schema shows parents. Elsewhere, children are among the roots. */
    showsParents: schemas_boolean(),
}));
/**
 * Whether a process took the workflow up: it runs, or it ended otherwise than by a cancellation. A row in a queue is no
 * sign of a process. A direct start never has `started_at_epoch_ms`, a dequeued one has it and keeps it.
 */
const TAKEN_UP = sql `(coalesce(status IN ('PENDING', 'SUCCESS', 'ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED', 'RETRIES_EXCEEDED'), false)
          OR started_at_epoch_ms IS NOT NULL)`;
/**
 * Reads the newest rows through `workflow_status_created_at_index`, which every schema has. No index has the owner in
 * front, so rows of other owners are examined as well, up to a limit. The planner takes a limit that it cannot see for a
 * tenth of the rows, and the index for the way. One that it can see would make it sort a table of up to 100,000 rows.
 */
function newestRootsSection({ schema, gate, request }) {
    if (!request.newestRoots || schema.tables.application_versions === undefined)
        return { column: sql `NULL::json` };
    const { isScheduled, version, owner } = workflowColumns(schema);
    const examined = sql `examined AS MATERIALIZED (
  SELECT ${version} AS version, ${owner} AS application, least(created_at, ${NOW}) AS at,
         ${TAKEN_UP} AS taken_up, ${isScheduled} AS scheduled, ${isRoot(schema, gate.ignoreWorkflows)} AS is_root
    FROM ${tableOf(schema, 'workflow_status')}
   WHERE created_at >= (SELECT max(version_timestamp) FROM registered)
   ORDER BY created_at DESC LIMIT (SELECT ${EXAMINED_ROWS})
)`;
    const newest = sql `newest AS MATERIALIZED (
  SELECT * FROM examined WHERE ${inApplication(gate.application, sql `application`)} LIMIT ${NEWEST_ROWS}
)`;
    const versions = rows(sql `
     SELECT version, max(at) FILTER (WHERE taken_up) AS "newestTakenUpAt",
            coalesce(json_agg(json_build_array(at, taken_up, scheduled) ORDER BY at DESC)
              FILTER (WHERE is_root AND number <= ${ALIKE_ROOTS}), '[]') AS roots
       FROM (SELECT *, row_number() OVER (PARTITION BY version, is_root, taken_up, scheduled ORDER BY at DESC) AS number
               FROM newest) n
      GROUP BY version`);
    // `examined` is read only as far as it is asked for: to count it is free where `newest` has come to its end.
    const reachesBack = sql `CASE WHEN (SELECT count(*) FROM newest) >= ${NEWEST_ROWS} THEN false
            ELSE (SELECT count(*) FROM examined) < ${EXAMINED_ROWS} END`;
    return {
        ctes: [examined, newest],
        column: sql `json_build_object('versions', ${versions}, 'reachesBack', ${reachesBack}, 'showsParents', ${showsParents(schema)})`,
    };
}
function isRoot(schema, ignored) {
    const { parent, forkedFrom, name } = workflowColumns(schema);
    return sql `(coalesce(${parent}, '') = '' AND coalesce(${forkedFrom}, '') = '' AND NOT ${isIgnored(ignored, name)})`;
}
function showsParents({ tables }) {
    return tables.workflow_status?.includes('parent_workflow_id') ? sql `true` : sql `false`;
}

;// CONCATENATED MODULE: ./lib/dbos/snapshot/queues.js





/** How many queues with waiting work a poll reads. */
const QUEUE_LIMIT = 100;
/** Work of one version that waits in one queue. */
const queueInFlight = object({
    version: schemas_string(),
    queue: schemas_string(),
    pending: schemas_int(),
    enqueued: schemas_int(),
    /** The newest `started_at_epoch_ms` among running workflows: when the queue was last seen to move. */
    newestStartedAt: section_time,
    /** Workflows of all versions that run from this queue: a concurrency limit counts them all. */
    runningInAll: schemas_int(),
    /** The queue's limit of running workflows. Null where the tables do not show one, or the role cannot read it. */
    concurrency: schemas_int().nullable(),
    /** A rate limit's period, in milliseconds: no start may be seen for as long. Null as above, or without such a limit. */
    rateMs: section_time,
});
/** Queues in which work waits, the longest first. */
function queuesSection(query) {
    const running = sql `running AS (
  SELECT queue_name, sum(pending) AS running FROM tally
   WHERE queue_name IS NOT NULL AND ${inApplication(query.gate.application, sql `application`)} GROUP BY queue_name
)`;
    const column = rows(sql `
     SELECT version, ${shownName(sql `queue_name`)} AS queue, pending, enqueued,
            ${shownTime(sql `started_at`)} AS "newestStartedAt", coalesce(running, 0) AS "runningInAll",
            concurrency, rate_ms AS "rateMs"
       FROM (SELECT version, queue_name, sum(pending) AS pending, sum(enqueued) AS enqueued, max(started_at) AS started_at
               FROM selected WHERE NOT ignored AND version <> '' AND queue_name IS NOT NULL
              GROUP BY version, queue_name HAVING sum(enqueued) > 0
              ORDER BY sum(enqueued) DESC, version, queue_name LIMIT ${QUEUE_LIMIT}) w
       LEFT JOIN running USING (queue_name) LEFT JOIN limits USING (queue_name)`);
    return { ctes: [running, sql `limits AS (${limitsOf(query)})`], column };
}
/** The limits that the tables show: DBOS holds them against what runs in all versions. */
function limitsOf({ schema, gate }) {
    if (schema.tables.queues === undefined) {
        return sql `SELECT NULL::text AS queue_name, NULL::int AS concurrency, NULL::bigint AS rate_ms WHERE false`;
    }
    const { name, owner, isPartitioned, ratePeriod } = queueColumns(schema);
    return sql `SELECT ${name} AS queue_name,
         min(concurrency) FILTER (WHERE concurrency >= 0 AND NOT ${isPartitioned}) AS concurrency,
         max(CASE WHEN ${ratePeriod} > 1e9 THEN 1e9 ELSE ${ratePeriod} END * 1000)::bigint AS rate_ms
    FROM ${tableOf(schema, 'queues')}
   WHERE ${inApplication(gate.application, owner)} GROUP BY 1`;
}

;// CONCATENATED MODULE: ./lib/dbos/snapshot/registrations.js





/** A row of `application_versions`. */
const registration = object({
    version: schemas_string(),
    application: section_text,
    /** DBOS calls the version with the greatest timestamp the latest. */
    timestamp: schemas_number(),
    /** It was written again after its creation, so somebody else may have given it its owner. */
    rewritten: schemas_boolean(),
});
/**
 * Every registration of the application, without a limit: any of them can be a target, and can say how the SDK of its
 * version behaves. Undefined: this schema has no `application_versions` (SDKs before TS 4.10).
 */
const registrations = section_optional(list(registration));
/** Registrations of the same application that came later. */
const LATER = sql `WINDOW later AS (PARTITION BY application ORDER BY created_at, version_timestamp
                        ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)`;
/**
 * Whether somebody other than the process that made a registration may have given it its owner: it was promoted, or
 * written again after a later version had registered. `rename-application` does so, and so does a process of a newer
 * SDK that runs the same version. `xmin` shows it, the transaction that wrote the row; the promotion of a later version
 * hides it. True where the schema does not show the creation.
 */
const REWRITTEN = sql `(version_timestamp IS DISTINCT FROM created_at
          OR coalesce(age(xmin) <= max(age(xmin)) OVER later, false)
          OR coalesce(bool_or(version_timestamp IS DISTINCT FROM created_at) OVER later, false))`;
function registrationsSection({ schema, gate }) {
    const every = sql `every_registration AS (
  SELECT version, application, version_timestamp, coalesce(created_at, version_timestamp) AS registered_at,
         ${REWRITTEN} AS rewritten FROM (${registrationRows(schema)}) v ${LATER}
)`;
    const registered = sql `registered AS (
  SELECT * FROM every_registration WHERE ${inApplication(gate.application, sql `application`)}
)`;
    const all = rows(sql `SELECT version, application, version_timestamp AS timestamp, rewritten FROM registered`);
    return {
        ctes: [every, registered],
        column: schema.tables.application_versions ? all : sql `NULL::json`,
    };
}
function registrationRows(schema) {
    if (schema.tables.application_versions === undefined) {
        return sql `SELECT NULL::text AS version, NULL::text AS application, NULL::bigint AS version_timestamp,
            NULL::xid AS xmin, NULL::bigint AS created_at WHERE false`;
    }
    const { version, owner, createdAt } = registrationColumns(schema);
    return sql `SELECT ${version} AS version, ${owner} AS application, version_timestamp, xmin, ${createdAt} AS created_at
            FROM ${tableOf(schema, 'application_versions')}`;
}

;// CONCATENATED MODULE: ./lib/dbos/snapshot/started.js





/** How many names of newly created workflows a poll reads. */
const STARTED_NAME_LIMIT = 10;
/** How far the clocks of processes, which stamp `created_at`, can be behind the database's, in milliseconds. */
const CLOCK_MARGIN_MS = 60_000;
/** Where the counts for the next poll start. */
const FROM_HERE = sql `(${NOW} - ${CLOCK_MARGIN_MS})`;
/** Whether some process ran the row, as far as its status tells. Without a version, it was a process without one. */
const HAS_RUN = sql `coalesce(status NOT IN ('ENQUEUED', 'DELAYED', 'CANCELLED'), true)`;
/** A number of rows, and a fingerprint that changes when other rows take the place of as many. */
const rowSet = object({ count: schemas_int(), fingerprint: schemas_string() });
/** Rows of one version that were created recently. */
const startedOnVersion = object({
    /** Null for rows that a process without a version ran. */
    version: section_text,
    application: section_text,
    /** As `VersionInFlight.ranUnowned`. */
    ranUnowned: schemas_boolean(),
    /** Since `SnapshotRequest.startedSince`; zero when the request named no moment. */
    sincePrevious: rowSet,
    fromHere: rowSet,
    /** How many of each are children of another workflow; null where the schema does not show it. */
    childrenSincePrevious: schemas_int().nullable(),
    childrenFromHere: schemas_int().nullable(),
});
/** Workflows of one version and name that were created recently. */
const startedName = object({
    version: section_text,
    name: section_text,
    count: schemas_int(),
    /** A schedule started all of them. */
    scheduled: schemas_boolean(),
});
/** Rows of any status, counted since the moment that the previous poll fixed, and since one fixed for the next poll. */
const started = object({
    versions: list(startedOnVersion),
    /**
     * The names of workflows created since `SnapshotRequest.namesSince`, the most frequent first; without children, where
     * the schema shows them. The counts are approximate: the clocks are those of the processes that stamp rows.
     */
    names: list(startedName),
    /** Where `fromHere` starts. */
    fromHere: schemas_int(),
});
/** Every schema has `workflow_status_created_at_index`, so the cost of `created` follows the throughput, not the history. */
function startedSection({ schema, gate, request }) {
    const { id, version, name, owner, isChild, isScheduled } = workflowColumns(schema);
    const since = sql_bigint(request.startedSince);
    // What runs without a version can be a target only with `keep-version`.
    const withoutVersion = 'except' in request.selection ? HAS_RUN : sql `false`;
    const created = sql `created AS MATERIALIZED (
  SELECT NULLIF(${version}, '') AS version, ${owner} AS application, created_at,
         ${owner} IS NULL AND ${HAS_RUN} AS ran_unowned,
         hashtextextended(${id}, 0) AS fingerprint, ${name} AS name, ${isChild} AS is_child,
         ${isScheduled} AS scheduled
    FROM ${tableOf(schema, 'workflow_status')}
   WHERE created_at >= least(${since}, ${FROM_HERE})
     AND ${inApplication(gate.application, owner)}
     AND CASE WHEN coalesce(${version}, '') <> '' THEN ${isSelected(request.selection, version)} ELSE ${withoutVersion} END
     AND NOT ${isIgnored(gate.ignoreWorkflows, name)}
)`;
    const versions = rows(sql `
     SELECT version, max(application) AS application, bool_or(ran_unowned) AS "ranUnowned",
            ${rowsSince(since)} AS "sincePrevious", ${rowsSince(FROM_HERE)} AS "fromHere",
            ${childrenSince(since)} AS "childrenSincePrevious", ${childrenSince(FROM_HERE)} AS "childrenFromHere"
       FROM created GROUP BY version`);
    const names = rows(sql `
     SELECT version, ${shownName(sql `name`)} AS name, count(*) AS count, bool_and(scheduled) AS scheduled
       FROM created WHERE is_child IS NOT TRUE AND created_at >= ${sql_bigint(request.namesSince)}
      GROUP BY version, name ORDER BY count(*) DESC, name LIMIT ${STARTED_NAME_LIMIT}`);
    return {
        ctes: [created],
        column: sql `json_build_object('versions', ${versions}, 'names', ${names}, 'fromHere', ${FROM_HERE})`,
    };
}
function rowsSince(moment) {
    return sql `json_build_object('count', count(*) FILTER (WHERE created_at >= ${moment}),
              'fingerprint', coalesce(sum(fingerprint) FILTER (WHERE created_at >= ${moment}), 0)::text)`;
}
/** `is_child` is null in every row where the schema does not show parents. */
function childrenSince(moment) {
    return sql `CASE WHEN count(is_child) > 0 THEN count(*) FILTER (WHERE is_child AND created_at >= ${moment}) END`;
}

;// CONCATENATED MODULE: ./lib/dbos/snapshot/tables.js






/** The number in `dbos_migrations`; undefined without such a table. */
const migration = section_optional(bigintText);
function migrationSection({ schema }) {
    if (schema.tables.dbos_migrations === undefined)
        return { column: sql `NULL::text` };
    return { column: sql `(SELECT max(version)::text FROM ${tableOf(schema, 'dbos_migrations')})` };
}
/** The newest write that an index shows. Undefined: the tables hold nothing. */
const newestWriteAt = section_optional(bigintText);
function newestWriteSection({ schema }) {
    const newest = sql `greatest((SELECT max(created_at) FROM ${tableOf(schema, 'workflow_status')}),
       (SELECT max(updated_at) FROM tally))`;
    return { column: sql `(SELECT ${shownTime(sql `at`)} FROM (SELECT ${newest} AS at OFFSET 0) n)::text` };
}
/** The file of `workflow_status`: another one than at the probe means that the table was rewritten in between. */
const tables_file = schemas_string().nullable();
function fileSection({ schema }) {
    const table = sql_literal(`${quoteIdentifier(schema.name)}.workflow_status`);
    return { column: sql `pg_relation_filenode(${table}::regclass)::text` };
}
/** The server of the snapshot: a pooler can split one transaction. */
const serverSection = () => ({ column: SERVER });
/** The `system_identifier`, which a cluster keeps for ever. Null where the role cannot read it. */
const cluster = schemas_string().nullable();
function clusterSection({ schema }) {
    if (!schema.identifiesCluster)
        return { column: sql `NULL::text` };
    return { column: sql `(SELECT system_identifier::text FROM pg_control_system())` };
}

;// CONCATENATED MODULE: ./lib/dbos/snapshot/unknown-statuses.js





/** Rows in a status that the gate does not know. */
const unknownStatus = object({ version: section_text, status: section_text, count: schemas_int() });
/**
 * The distinct statuses, found by skipping from one to the next in the plain status index. The unknown ones come first,
 * and their rows by the index: joined the other way, all of the history is read. NULL without that index.
 */
function unknownStatusesSection(query) {
    if (!query.schema.hasPlainStatusIndex)
        return { column: sql `NULL::json` };
    const table = tableOf(query.schema, 'workflow_status');
    const everyStatus = sql `every_status AS (
  (SELECT status FROM ${table} WHERE status IS NOT NULL ORDER BY status LIMIT 1)
  UNION ALL
  SELECT (SELECT w.status FROM ${table} w WHERE w.status > e.status ORDER BY w.status LIMIT 1)
    FROM every_status e WHERE e.status IS NOT NULL
)`;
    const column = rows(sql `
     SELECT f.* FROM (SELECT status FROM every_status WHERE status NOT IN (${KNOWN_STATUSES}) OFFSET 0) e
      CROSS JOIN LATERAL (${countsBy(query, sql `w.status = e.status`)}) f
     UNION ALL
     ${countsBy(query, sql `w.status IS NULL`)}`);
    return { ctes: [everyStatus], column };
}
/** Counts the same rows without an index on all statuses: a full scan. */
function statusScanQuery(query) {
    return statement(countsBy(query, sql `(w.status IS NULL OR w.status NOT IN (${KNOWN_STATUSES}))`));
}
function countsBy({ schema, gate, request }, isUnknown) {
    const { version, owner } = workflowColumns(schema);
    return sql `SELECT ${version} AS version, ${shownName(sql `w.status`)} AS status, count(*)::int AS count
         FROM ${tableOf(schema, 'workflow_status')} w
        WHERE ${isUnknown} AND ${inApplication(gate.application, owner)}
          AND (${version} IS NULL OR ${isSelected(request.selection, version)})
        GROUP BY 1, 2`;
}

;// CONCATENATED MODULE: ./lib/dbos/snapshot/index.js














/** How each section is read, and what its column holds. Common table expressions come before those that read them. */
const SECTIONS = {
    /** One entry per version with rows in flight. Counts are exact. */
    inFlight: { read: inFlightSection, column: list(versionInFlight) },
    /** What is in flight by version, name and queue, the largest first. */
    groups: { read: groupsSection, column: truncated(workflowGroup) },
    started: { read: startedSection, column: started },
    /** Where work waits in a queue, the longest queue first. */
    queues: { read: queuesSection, column: list(queueInFlight) },
    registrations: { read: registrationsSection, column: registrations },
    newestRoots: { read: newestRootsSection, column: newestRoots },
    /** Undefined without an index on all statuses. */
    unknownStatuses: { read: unknownStatusesSection, column: section_optional(list(unknownStatus)) },
    /** The delayed workflows that start last, the very last first. */
    lastDelayed: { read: lastDelayedSection, column: list(delayedWorkflow) },
    /** The oldest workflows in flight, in detail: a few, or many more in a detail scan. */
    workflows: { read: workflowsSection, column: truncated(workflowDetail) },
    owners: { read: ownersSection, column: owners },
    applicationSeen: { read: applicationSeenSection, column: applicationSeen },
    applications: { read: applicationsSection, column: applications },
    failed: { read: failedSection, column: failed },
    newestWriteAt: { read: newestWriteSection, column: newestWriteAt },
    migration: { read: migrationSection, column: migration },
    file: { read: fileSection, column: tables_file },
    server: { read: serverSection, column: server },
    cluster: { read: clusterSection, column: cluster },
};
/** The one row of the poll: a column per section. */
const snapshotRow = object(Object.fromEntries(Object.entries(SECTIONS).map(([name, { column }]) => [name, column])));
/** The poll: everything about the work in flight, in one statement and so in one snapshot. */
function snapshotQuery(query) {
    const sections = Object.entries(SECTIONS).map(([name, { read }]) => ({ name, ...read(query) }));
    const ctes = sections.flatMap((section) => section.ctes ?? []);
    const columns = sections.map(({ name, column }) => sql `${column} AS ${identifier(name)}`);
    return statement(sql `
WITH RECURSIVE ${join(ctes, ', ')}
SELECT ${join(columns, ',\n  ')}`);
}

;// CONCATENATED MODULE: ./lib/dbos/poll.js









/** How often in a row several servers have answered one poll before the gate gives up: a failover does so once. */
const SPLIT_POLLS = 3;
/**
 * The poll and, where they are requested, the searches that take a full scan: all of one server.
 *
 * @param now The gate's own clock, in milliseconds. It measures what the poll cost.
 * @throws ReportableError when a pooler sends the statements of one poll to several servers.
 */
async function takeSnapshot(connection, poll, now) {
    const started = now();
    let lockWaitMs = 0;
    for (let attempt = 1; attempt <= SPLIT_POLLS; attempt++) {
        const { snapshot, servers, ...read } = await readOnce(connection, poll);
        lockWaitMs += read.lockWaitMs;
        const [first, ...others] = servers;
        if (others.every((other) => first !== undefined && isSameServer(first, other))) {
            return { ...snapshot, lockWaitMs, durationMs: Math.max(0, now() - started - lockWaitMs) };
        }
    }
    throw splitAnswers();
}
async function readOnce(connection, poll) {
    const { probe, query, row, writers, lockWaitMs } = await readUntilStable(connection, poll);
    const common = { observedAt: probe.observed_at, database: factsOf(probe, row) };
    const servers = [writers.server, probe.server];
    if (row === undefined)
        return { snapshot: { ...common, contents: undefined }, servers, lockWaitMs };
    const { migration: _migration, file: _file, cluster: _cluster, server, ...sections } = row;
    servers.push(server);
    const { detailScan, scanStatuses, searchHistoryFor } = poll.request;
    const scan = async (statement, each) => {
        const found = await scanOnce(connection, poll.gate.pollTimeoutMs, statement, each);
        if (found === 'timed-out')
            return found;
        servers.push(found.server);
        return found.rows;
    };
    const history = await searchHistory(scan, query, searchHistoryFor);
    const scanned = scanStatuses ? await scan(statusScanQuery(query), unknownStatus) : undefined;
    const unknownStatuses = sections.unknownStatuses ?? scanned;
    const contents = { ...sections, detailScan, writers: writers.rows, unknownStatuses, history };
    return { snapshot: { ...common, contents }, servers, lockWaitMs };
}
/**
 * Waits for the locks that the poll needs, asks for the open writers, and then reads one snapshot in a transaction of its
 * own: a snapshot taken before the writers were asked for would miss what commits in between. The second transaction
 * starts in the message that ends the first.
 *
 * A migration that rewrites the table while the poll waits for its lock leaves the older snapshot without a row. The
 * table then has another file, and both are read again.
 */
async function readUntilStable(connection, { config, gate, request }) {
    const { text: askWriters } = withServer(writersQuery(config.schema));
    const openWriters = {
        text: `${beginReadCommitted(gate.pollTimeoutMs)}${awaitLocks(config.schema)}${withLockWait(askWriters)}`,
        values: [],
    };
    const { text: readProbe } = openSnapshot(config.schema, gate.pollTimeoutMs);
    const nextTransaction = { text: `COMMIT;${readProbe}`, values: [] };
    let lockWaitMs = 0;
    for (;;) {
        const poll = await inTransaction(connection, async () => {
            const writers = await onlyRow(connection, openWriters, rowsWithServer(writer).extend(lockWait));
            lockWaitMs += lockWaitOf(writers);
            const probe = await onlyRow(connection, nextTransaction, probeRow);
            const unreachable = unreachableTables(probe, config);
            if (unreachable !== undefined)
                throw unreachable;
            const query = { schema: schemaOf(config.schema, probe), gate, request };
            if (!isReadable(factsOf(probe)))
                return { writers, probe, query, row: undefined };
            const denied = deniedTables(probe, config);
            if (denied !== undefined)
                throw denied;
            const row = await onlyRow(connection, snapshotQuery(query), snapshotRow);
            return { writers, probe, query, row };
        });
        if (poll.row === undefined || poll.row.file === poll.probe.file)
            return { ...poll, lockWaitMs };
    }
}
/** Whether the poll's statement can run at all. Whether its result can be trusted is for the rules to decide. */
function isReadable(database) {
    return database.relationKind === 'r' && !database.rowSecurityActive && database.missingColumns.length === 0;
}
async function searchHistory(scan, query, versions) {
    if (versions.length === 0)
        return undefined;
    const found = await scan(historyQuery(query), foundVersion);
    const complete = found !== 'timed-out';
    return { searchedFor: versions, found: complete ? found : [], complete };
}
/** A statement that ran into `statement_timeout` (SQLSTATE 57014) has proved nothing, and that is a result. */
async function scanOnce(connection, pollTimeoutMs, statement, row) {
    try {
        return await inTransaction(connection, async () => {
            await connection.run(beginReadCommitted(pollTimeoutMs));
            return onlyRow(connection, withServer(statement), rowsWithServer(row));
        });
    }
    catch (error) {
        if (codeOf(error) === '57014')
            return 'timed-out';
        throw error;
    }
}
/**
 * Does work whose first statement starts a transaction, and commits. After an error of the server (a code of five
 * characters) it rolls back, so that a pooler can keep its connection. Without an answer it sends nothing more.
 */
async function inTransaction(connection, work) {
    try {
        const result = await work();
        await connection.run('COMMIT');
        return result;
    }
    catch (error) {
        if (codeOf(error)?.length === 5)
            await connection.run('ROLLBACK').catch(() => undefined);
        throw error;
    }
}
/** The row of a statement that always returns one. Several would be those of several servers, or shards. */
async function onlyRow(connection, statement, row) {
    const [first, ...others] = await connection.rows(statement, row);
    if (first === undefined || others.length > 0) {
        throw new Error(`a statement that returns one row returned ${first === undefined ? 'none' : 'several'}`);
    }
    return first;
}

;// CONCATENATED MODULE: ./lib/dbos/reader.js






/**
 * Returns a reader of snapshots. It has one connection at a time, made at the first read and kept until `close`. After a
 * read that failed, the next one makes a new connection. `close` takes one second at most, whatever the network does.
 *
 * @param now The gate's own clock, in milliseconds. It measures what a poll cost.
 * @param onPassword Called with the password of each connection, before it is made: to mask it.
 */
function systemDatabase(database, gate, now, onPassword = () => undefined) {
    /** With the password of the newest connection. */
    let config = database;
    let handle;
    let connectedBefore = false;
    const take = async (request) => {
        if (handle === undefined) {
            config = withPassword(database);
            if (config.password !== undefined)
                onPassword(config.password);
            handle = openHandle(config, gate.pollTimeoutMs);
        }
        const connection = await handle.connection;
        connectedBefore = true;
        return takeSnapshot(connection, { config, gate, request }, now);
    };
    const close = async () => {
        const open = handle;
        handle = undefined;
        await open?.close();
    };
    const reader = {
        async read(request, signal) {
            try {
                return await inTime(take(request), signal, POLL_OVERDUE);
            }
            catch (error) {
                await close();
                throw explainFailure(error, config, connectedBefore);
            }
        },
    };
    return { ...reader, close };
}
/** Returns a connection that is being made, or is there, and what closes it in either state. */
function openHandle(config, pollTimeoutMs) {
    const lifetime = new AbortController();
    let made;
    const connection = connectToPostgres(config, pollTimeoutMs, lifetime.signal).then((open) => {
        made = open;
        return open;
    });
    return {
        connection,
        async close() {
            await made?.close();
            lifetime.abort();
        },
    };
}
/** @throws an error with this message when the signal aborts first. */
async function inTime(work, signal, overdue) {
    const result = await unlessAborted(work, signal);
    if (result === undefined)
        throw new Error(overdue, { cause: signal.reason });
    return result;
}
async function connectToPostgres(config, pollTimeoutMs, signal) {
    const connection = await connect(config, pollTimeoutMs, signal);
    // A server, or a pooler, that accepts the connection and never answers has not been reached.
    const answer = onlyRow(connection, productQuery, productRow);
    const { version } = await inTime(answer, AbortSignal.timeout(CONNECT_TIMEOUT_MS), CONNECT_OVERDUE);
    const unsupported = unsupportedProduct(version);
    if (unsupported !== undefined)
        throw unsupported;
    return connection;
}

;// CONCATENATED MODULE: ./lib/status-counts.js

const NO_WORKFLOWS = { pending: 0, enqueued: 0, delayed: 0 };
function total({ pending, enqueued, delayed }) {
    return pending + enqueued + delayed;
}
/** The counts of several versions or groups, added up status by status. */
function summed(all) {
    const sumOf = (status) => all.reduce((sum, counts) => sum + counts[status], 0);
    return { pending: sumOf('pending'), enqueued: sumOf('enqueued'), delayed: sumOf('delayed') };
}
/** `3 pending, 1 enqueued`: the counts that are not zero, or `none`. */
function describeCounts(counts) {
    const parts = ['pending', 'enqueued', 'delayed']
        .filter((status) => counts[status] > 0)
        .map((status) => `${message_number(counts[status])} ${status}`);
    return parts.length > 0 ? parts.join(', ') : 'none';
}

;// CONCATENATED MODULE: ./lib/forecast/history.js


/** The most samples of a series, and with that the most points of its chart. */
const SERIES_SAMPLES = 60;
/** Only the first 200 targets keep the whole series. The others keep the first sample and the last. */
const TRACKED_TARGETS = 200;
const UNTRACKED_SAMPLES = 2;
/** A detail scan reads some pages per workflow: one per minute, and one per ten minutes after one that took too long. */
const DETAIL_SCAN_EVERY_MS = 60_000;
const DETAIL_SCAN_AFTER_FAILURE_MS = 600_000;
const NAMES_KEPT = 50;
const NO_TOTALS = { completed: 0, arrived: 0, roots: 0, children: 0 };
const emptySeries = { points: [], inFlight: 0, endedAtMs: undefined };
const emptyHistory = {
    total: emptySeries,
    targets: new Map(),
    created: new Map(),
    newTopLevel: new Map(),
    queues: new Map(),
    standing: new Map(),
    detailScanDueAtMs: 0,
};
/** Returns the history after a poll that could have failed because of its detail scan. */
function withScanPostponed(history, now) {
    return { ...history, detailScanDueAtMs: now + DETAIL_SCAN_AFTER_FAILURE_MS };
}
const queueKey = (version, queue) => JSON.stringify([version, queue]);
/** Adds a poll to the history. `scan` is its detail scan, if it was one. */
function historyAfter(before, { targets, snapshot: { observedAt } }, index, time, { scan, ...kept }) {
    const detailScan = scan ?? before.detailScan;
    const changed = targets.map((target) => {
        const parked = scannedOf(target.version, detailScan).filter(isParked).length;
        const moving = Math.max(0, target.inFlight - target.delayed - parked);
        return { ...target, ...changeOf(target, before, index), moving };
    });
    return {
        startedAt: before.startedAt ?? observedAt - time.began,
        observedAt,
        total: history_extended(before.total, changed, time.ended, SERIES_SAMPLES),
        targets: new Map(changed.map((target, number) => {
            const most = number < TRACKED_TARGETS ? SERIES_SAMPLES : UNTRACKED_SAMPLES;
            return [
                target.version,
                history_extended(before.targets.get(target.version) ?? emptySeries, [target], time.ended, most),
            ];
        })),
        created: index.started,
        newTopLevel: newTopLevelAfter(before, targets, index),
        ...kept,
        detailScan,
        detailScanDueAtMs: scan === undefined ? before.detailScanDueAtMs : time.ended + DETAIL_SCAN_EVERY_MS,
    };
}
/**
 * Counts what arrived on a target and what finished since the previous poll: at least these. Completions are the
 * arrivals that are not in flight any more. A workflow that started and finished between the polls counts as both.
 */
function changeOf({ version, inFlight }, before, index) {
    const series = before.targets.get(version);
    if (series === undefined)
        return NO_TOTALS;
    const then = before.created.get(version);
    const now = index.started.get(version);
    const created = Math.max(0, (now?.sincePrevious.count ?? 0) - (then?.fromHere.count ?? 0));
    const children = Math.max(0, (now?.childrenSincePrevious ?? 0) - (then?.childrenFromHere ?? 0));
    const more = inFlight - series.inFlight;
    const arrived = Math.max(created, more);
    const roots = now?.childrenSincePrevious == null ? 0 : Math.max(0, created - children);
    return { completed: arrived - more, arrived, roots, children };
}
/** Adds the sample of one poll, which has these targets together. */
function history_extended(series, targets, atMs, most) {
    const { points, endedAtMs } = series;
    const sum = (of) => targets.reduce((all, each) => all + of(each), 0);
    const before = points.at(-1) ?? NO_TOTALS;
    const completed = sum((target) => target.completed);
    const sample = {
        atMs,
        ...summed(targets),
        moving: sum(({ moving }) => moving),
        completed: before.completed + completed,
        arrived: before.arrived + sum(({ arrived }) => arrived),
        roots: before.roots + sum(({ roots }) => roots),
        children: before.children + sum(({ children }) => children),
    };
    const inFlight = sum((target) => target.inFlight);
    return { points: thinned([...points, sample], most), inFlight, endedAtMs: completed > 0 ? atMs : endedAtMs };
}
/** Leaves out the sample whose neighbours are closest in time, where there are too many: near the end, polls are dense. */
function thinned(samples, most) {
    if (samples.length <= most)
        return samples;
    const gaps = samples.slice(2).map((after, index) => after.atMs - (samples[index]?.atMs ?? 0));
    return samples.toSpliced(gaps.indexOf(Math.min(...gaps)) + 1, 1);
}
function newTopLevelAfter(before, targets, { contents }) {
    const versions = new Set(targets.map(({ version }) => version));
    const all = new Map(before.newTopLevel);
    for (const { version, name, count } of contents.started.names) {
        const key = JSON.stringify([version, name]);
        const known = all.get(key);
        if (!versions.has(version) || (known === undefined && all.size >= NAMES_KEPT))
            continue;
        all.set(key, { version, name, count: count + (known?.count ?? 0) });
    }
    return all;
}
/** Returns the queues, with when each last moved: it handed work out, which running rows or a shorter queue show. */
function queuesAfter(before, index, observedAt) {
    return new Map(index.contents.queues.map(({ version, queue, enqueued, newestStartedAt, ...each }) => {
        const key = queueKey(version, queue);
        const known = before.queues.get(key);
        // Nothing runs between two short workflows. At the first poll, work that the version took up speaks for the queue.
        const atFirst = newestStartedAt ?? index.inFlight.get(version)?.newestTakenAt ?? 0;
        const fell = known !== undefined && enqueued < known.enqueued;
        const movedAt = fell ? observedAt : Math.max(known?.movedAt ?? atFirst, newestStartedAt ?? 0);
        const { runningInAll: running, concurrency: limit, rateMs } = each;
        return [key, { enqueued, movedAt, running, limit, rateMs }];
    }));
}

;// CONCATENATED MODULE: ./lib/forecast/standing.js
/**
 * How long a bound has to stand, unchanged, before the gate acts on it, in milliseconds. A parent that races a sleep
 * against a child on another process looks asleep and alone for a moment, just after that child has finished.
 */
const STANDS_AFTER_MS = 10_000;
/**
 * Returns the bounds that stand after a poll: those that it read, and the sleeps that earlier polls read and this one
 * did not. A poll reads the details of few workflows.
 *
 * @param wasRead Whether the poll read the details of a workflow.
 */
function standingAfter(before, bounds, wasRead, { ended }) {
    const unread = [...before].filter(([, { bound }]) => bound.because === 'sleeping' && !wasRead(bound.id));
    const read = bounds.map((bound) => {
        const key = keyOf(bound);
        return [key, { bound, since: before.get(key)?.since ?? ended }];
    });
    return new Map([...unread, ...read]);
}
/** Whether a bound has stood for long enough at a poll to act on it. */
function hasStood(standing, bound, { began }) {
    const since = standing.get(keyOf(bound))?.since;
    return since !== undefined && began - since >= STANDS_AFTER_MS;
}
function keyOf({ id, version, until }) {
    return JSON.stringify([id, version, until]);
}

;// CONCATENATED MODULE: ./lib/forecast/forecast.js






const NO_POLL = {
    stuckAfterMs: 0,
    inFlight: new Map(),
    history: emptyHistory,
    earliestEnds: [],
    observedAt: 0,
    atMs: 0,
};
/** The forecast where no snapshot could be read or trusted. */
const NO_FORECAST = {
    total: drainForecast([], emptySeries, NO_POLL),
    targets: new Map(),
    pastDeadline: undefined,
    statuses: new Map(),
    newTopLevel: [],
};
/** Returns what the forecast asks of a poll. A short budget allows no detail scan, except the first. */
function forecastRequest({ detailScan, detailScanDueAtMs, observedAt }, { began, budgetMs, pollTimeoutMs, isSettled }) {
    const isDue = began >= detailScanDueAtMs && isSettled;
    const isFirst = detailScan === undefined && detailScanDueAtMs === 0;
    return { detailScan: isDue && (isFirst || budgetMs >= pollTimeoutMs), namesSince: observedAt };
}
/** Returns the forecast after this poll, given the history before it. Pure. */
function forecastOf(config, before, evaluation, time) {
    const { stuckAfterMs } = config;
    const { index, provisional } = evaluation;
    if (index === undefined)
        return { ...NO_FORECAST, history: before };
    const { contents, inFlight } = index;
    const { observedAt } = evaluation.snapshot;
    const { items } = contents.workflows;
    const queues = queuesAfter(before, index, observedAt);
    const statuses = statusesOf(items, {
        now: observedAt,
        stuckAfterMs,
        queue: (version, queue) => queues.get(queueKey(version, queue)),
        // A poll reads few children: those of the last detail scan count as well.
        childrenOf: childrenAmong([...(before.detailScan?.workflows ?? []), ...items]),
    });
    const read = detailScanOf(contents, statuses, observedAt);
    const isWhole = read.omitted + read.omittedUnversioned === 0;
    // A provisional poll can hold workflows of versions that are no targets.
    const isScan = (contents.detailScan || isWhole) && !provisional;
    const versions = evaluation.targets.map(({ version }) => version);
    const bounds = boundsOf(versions, earliestEndsOf(contents, read), inFlight);
    const standing = standingAfter(before.standing, bounds, (id) => isScan || statuses.has(id), time);
    const stood = bounds.filter((bound) => hasStood(standing, bound, time));
    const history = historyAfter(before, evaluation, index, time, { queues, standing, scan: isScan ? read : undefined });
    const earliestEnds = earliestEndsOf(contents, read, history.detailScan);
    const context = { stuckAfterMs, inFlight, history, earliestEnds, observedAt, atMs: time.ended };
    return {
        total: drainForecast(versions, history.total, context),
        targets: new Map([...history.targets].map(([version, series]) => [version, drainForecast([version], series, context)])),
        pastDeadline: clocksAgree(contents, observedAt, time.began, before.startedAt)
            ? pastDeadline(config.timeoutMs, certainEnd(stood), observedAt, time.began)
            : undefined,
        statuses: new Map([...(history.detailScan?.statuses ?? []), ...statuses]),
        newTopLevel: [...history.newTopLevel.values()].sort((a, b) => b.count - a.count),
        history,
    };
}
/** Returns a function that finds the children of a workflow. Of two rows with one id, the last counts. */
function childrenAmong(workflows) {
    const known = new Map(workflows.map((workflow) => [workflow.id, workflow]));
    const others = known.values().filter(({ id, parent }) => parent !== id);
    const children = Map.groupBy(others, ({ parent }) => parent);
    return (parent) => children.get(parent) ?? [];
}

;// CONCATENATED MODULE: ./lib/hold/pace.js

/** The pause where none is set, in milliseconds. */
const USUAL_PAUSE_MS = 5000;
/** The gate takes at most a twentieth of one backend's time. Waiting for a lock takes none. */
const PAUSE_PER_POLL = 20;
/** Near the end, a pause is this share of the time until then, or since then. */
const SHARE = 0.1;
const SHORTEST_PAUSE_MS = 250;
/**
 * Returns the pause after a poll, in milliseconds. Pure.
 *
 * - A `poll-interval` that is set is never undercut, and neither is the pause that the cost of the poll asks for.
 * - Where none is set, the pauses are shorter when the end is near.
 * - The last poll of a settle window starts when it has passed: the pause before is longer, where another poll does not
 *   fit in.
 */
function pauseAfterPoll({ pollIntervalMs }, { durationMs, settledAt, endInMs = Number.POSITIVE_INFINITY }, { ended }) {
    const shortest = Math.max(pollIntervalMs ?? SHORTEST_PAUSE_MS, PAUSE_PER_POLL * durationMs);
    const usual = Math.max(shortest, pollIntervalMs ?? Math.min(USUAL_PAUSE_MS, endInMs * SHARE));
    const leftMs = (settledAt ?? ended) - ended;
    return leftMs > 0 && leftMs < usual + shortest ? Math.max(shortest, leftMs) : usual;
}
/** The pause for people: `30s`, or `5s, more often near the end`. */
const pauseInWords = ({ pollIntervalMs }) => pollIntervalMs === undefined
    ? `${durationText(USUAL_PAUSE_MS)}, more often near the end`
    : durationText(pollIntervalMs);

;// CONCATENATED MODULE: ./lib/rules/wording.js

/** `it` or `them`, for so many. */
function them(count) {
    return trusted(count === 1 ? 'it' : 'them');
}
/** Names the versions that are registered, where a name may be misspelt. */
function registeredHint(registered) {
    return registered.length > 0
        ? msg ` Registered here: ${namesOf(registered)}.`
        : trusted(' No version is registered here: is it the right database?');
}

;// CONCATENATED MODULE: ./lib/rules/8-kept-versions.js


/** How long `wait` gives a kept version to appear: the new version may still be starting. In milliseconds. */
const KEPT_VERSION_GRACE_MS = 120_000;
/** Rule 8: each kept version is registered or, where nothing is, some row carries it. `targets.ts` resolves `latest`. */
const keptVersions = {
    checkGate({ config, state, index }) {
        if (config.targets.kind === 'named' || config.targets.kind === 'none')
            return [];
        if (state.kept === undefined)
            return [{ kind: 'no-latest-version' }];
        const isEmpty = config.targets.kind === 'all-but-latest' && index.latest.has('');
        if (isEmpty)
            return [{ kind: 'empty-latest-version' }];
        return unknownKeptVersions(state.kept, state, index);
    },
    blockers: {
        'kept-version-unknown': {
            verdict: 'unknown-version',
            shortName: 'a kept version is not registered',
            explain: ({ versions, searched, registered }) => msg `${trusted(versions.length === 1 ? 'A version to keep is' : 'Versions to keep are')} ${trusted(SEARCHED[searched])}: ${namesOf(versions)}. A misspelt one would make the live version a target. Correct \`keep-version\`, or run the gate after the new version has been launched.${registeredHint(registered)}`,
        },
        'no-latest-version': {
            verdict: 'error',
            shortName: 'no latest version',
            explain: () => msg `\`keep-version: latest\` cannot be resolved: no application version is registered here (SDKs before TypeScript 4.10 and Python 2.14 register none). Name the versions to keep instead.`,
        },
        'empty-latest-version': {
            verdict: 'error',
            shortName: 'the latest version is empty',
            explain: () => msg `\`keep-version: latest\` cannot be resolved: the latest version registered here is the empty string. A process that has no version registered it, such as a Go process that cannot read its own binary. Give that process a version (\`DBOS__APPVERSION\`), or name the versions to keep instead.`,
        },
    },
};
const SEARCHED = {
    registrations: 'not registered',
    'not-yet': 'not registered, the history being searched',
    'timed-out': 'not registered, and not found before the search of the history ran into `poll-timeout`',
    'whole-history': 'never seen in this system database',
};
/** The kept versions to search the history for: once, and once more when the grace period has passed. */
function keptVersionsToSearch({ state, index, time }) {
    if (index.registered.length > 0)
        return [];
    return (state.kept ?? []).filter((version) => {
        if (state.known.has(version))
            return false;
        const search = state.searches.get(version);
        return search === undefined || (time.ended >= KEPT_VERSION_GRACE_MS && search.at < KEPT_VERSION_GRACE_MS);
    });
}
function unknownKeptVersions(kept, state, index) {
    const registered = index.registered.map(({ version }) => version);
    if (registered.length > 0) {
        const versions = kept.filter((version) => !registered.includes(version));
        return versions.length > 0
            ? [{ kind: 'kept-version-unknown', versions, searched: 'registrations', registered }]
            : [];
    }
    const versions = kept.filter((version) => !state.known.has(version));
    if (versions.length === 0)
        return [];
    const searches = versions.map((version) => state.searches.get(version));
    const searched = searches.includes(undefined)
        ? 'not-yet'
        : searches.every((search) => search?.complete)
            ? 'whole-history'
            : 'timed-out';
    return [{ kind: 'kept-version-unknown', versions, searched, registered: [] }];
}

;// CONCATENATED MODULE: ./lib/rules/close-names.js
/*
 * A name that is unknown but close to a known one is a mistake, such as `v1.0.0`, `1.0.0, 0.9.0` or `refs/tags/1.0.0`
 * where 1.0.0 is known. Another version is none: 1.0.1, 1.0.0-rc1 and 1.0.0+build are not close to 1.0.0. Closeness is
 * judged here and nowhere else, and not in SQL: Postgres and JavaScript fold names differently.
 */
/** Colours of a terminal, escapes that nobody resolved, white space, quotes, and characters that nobody sees. */
const NOISE = /\p{Cc}\[[\d;]*m|\\[nrt]|[\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Quotation_Mark}`´′]/gu;
/** What a name can consist of. Anything else ends a token, as any letter of another alphabet does. */
const TOKEN = /[a-z0-9._+-]/;
const HASH = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/;
const HEX = /^[0-9a-f]{7,}$/;
const HEX_WORDS = /(?<![a-z0-9])[0-9a-f]{7,}(?![a-z0-9])/g;
/** What scripts, templates and expressions leave where a value is missing. */
const UNFILLED = [
    /(?<![a-z0-9])(?:undefined|null|nil|none|nan|\[object object\]|<no value>)(?![a-z0-9])/,
    /\$(?:[{(]|[a-z_])|\{\{|%[a-z_]\w*%/,
    // Nothing but punctuation.
    /^[!-/:-@[-`{-~]*$/,
];
/** Whether a script, a template or an expression left a name unfilled: `undefined`, `${VERSION}`, or nothing at all. */
function isUnfilled(name) {
    const { tight, spaced } = folded(name);
    return UNFILLED.some((pattern) => pattern.test(spaced) || pattern.test(tight));
}
/**
 * Returns a function that finds the known names that a name is close to, and how. Names can be a megabyte long, so each
 * known one is folded once, and only when the first name asks.
 */
function closeNamesAmong(known) {
    const names = new Set(known);
    let folds;
    return (name) => {
        folds ??= new Map(names.values().map((each) => [each, folded(each)]));
        const closeness = closenessTo(folded(name));
        return new Map([...folds].flatMap(([each, fold]) => {
            const how = each === name ? undefined : closeness(fold);
            return how === undefined ? [] : [[each, how]];
        }));
    };
}
/** Returns a function that says how the name is close to another one, which is known; undefined where it is not. */
function closenessTo(asked) {
    const words = asked.tight.match(HEX_WORDS) ?? [];
    // A bullet or a full stop can stand right at the name.
    const bare = asked.tight.replace(/^[._+-]+/, '').replace(/(?<![._+-])[._+-]+$/, '');
    return (known) => {
        const core = known.tight.replace(/^v(?=\d)/, '');
        if (core === '')
            return undefined;
        if (known.tight === asked.tight)
            return 'spelling';
        if (!/[\p{L}\p{N}]/u.test(core))
            return undefined;
        if (asked.tight === `v${core}` || asked.tight === core)
            return 'v';
        if (words.some((word) => isSameHash(word, known.tight)))
            return 'hash';
        const isPart = bare === known.tight ||
            standsIn(core, asked.tight) ||
            standsIn(known.spaced.replace(/^v(?=\d)/, ''), asked.spaced);
        return isPart ? 'part' : undefined;
    };
}
/** The name in lower case and compatible characters, without its noise, and with a space in its place. */
function folded(name) {
    const fold = (space) => name.replace(NOISE, space).normalize('NFKC').replace(NOISE, space).toLowerCase().trim();
    return {
        // Typography makes dashes of hyphens.
        tight: fold('').replace(/[\p{Pd}\u2212]/gu, '-'),
        spaced: fold(' ').replace(/ +/g, ' '),
    };
}
function isSameHash(word, known) {
    if (HASH.test(known))
        return known.startsWith(word);
    return HASH.test(word) && HEX.test(known) && word.startsWith(known);
}
/** Whether a name stands in a text as a whole token, or behind a leading `v`. */
function standsIn(name, text) {
    if (name === '' || !text.includes(name))
        return false;
    const standsAt = (at) => text.startsWith(name, at) && !TOKEN.test(text.charAt(at + name.length));
    for (let at = 0; at <= text.length - name.length; at++) {
        const isStart = at === 0 || !TOKEN.test(text.charAt(at - 1));
        if (isStart && (standsAt(at) || (text.charAt(at) === 'v' && standsAt(at + 1))))
            return true;
    }
    return false;
}

;// CONCATENATED MODULE: ./lib/rules/1-known.js



/** Rule 1: a target is registered, or some row of any status carries it. */
const known = {
    checkTarget(version, context) {
        const unknown = version === null ? undefined : unknownVersion(version, context);
        return unknown === undefined || isPassed(unknown, context) ? [] : [unknown];
    },
    blockers: { 'unknown-version': { verdict: 'unknown-version', shortName: 'unknown version', explain: _1_known_explain } },
};
/** Whether `on-unknown: pass` lifts the rule: all of the history has no trace of the version, nor of a close name. */
function isPassed({ searched, unfilled, close }, { config }) {
    return config.onUnknown === 'pass' && searched === 'whole-history' && !unfilled && close.length === 0;
}
/** Returns a function that finds the versions that an unknown one is close to, among those that a search found. */
function closeVersionsAmong(found) {
    const closeNames = closeNamesAmong(found.map(({ version }) => version));
    return (version) => {
        const close = closeNames(version);
        return found.flatMap((each) => {
            const isStrangers = each.version === version && each.stranger !== null;
            const how = isStrangers ? 'same' : close.get(each.version);
            return how === undefined ? [] : [{ ...each, how }];
        });
    };
}
function unknownVersion(version, { state, index }) {
    if (state.known.has(version))
        return undefined;
    const registered = index.registered.map((registration) => registration.version);
    const search = state.searches.get(version);
    const own = [...index.registeredCloseTo(version)].map(([name, how]) => ({ version: name, stranger: null, how }));
    const searched = search === undefined ? 'not-yet' : search.complete ? 'whole-history' : 'timed-out';
    return {
        ...{ kind: 'unknown-version', searched, unfilled: isUnfilled(version), registered },
        close: closest([...own, ...(search?.close ?? [])]),
    };
}
const CLOSEST_FIRST = ['same', 'spelling', 'v', 'hash', 'part'];
/** Those of this application if there are any, and of those the closest, each once. */
function closest(versions) {
    const own = versions.filter(({ stranger }) => stranger === null);
    const candidates = own.length > 0 ? own : versions;
    const how = CLOSEST_FIRST.find((each) => candidates.some((candidate) => candidate.how === each));
    const chosen = candidates.filter((candidate) => candidate.how === how);
    return [...new Map(chosen.map((each) => [JSON.stringify([each.version, each.stranger]), each])).values()];
}
function _1_known_explain({ unfilled, close, searched, registered }) {
    if (close.length > 0)
        return joined([explainClose(close), BEYOND_PASSING]);
    if (unfilled) {
        return joined([
            msg `It is not a version, but text that a script or an expression leaves where a value is missing. Correct what fills \`retire-version\`.`,
            BEYOND_PASSING,
        ]);
    }
    if (searched === 'not-yet')
        return msg `It is not registered; the history is being searched for it.`;
    const outcome = searched === 'timed-out'
        ? msg `It is not registered, and the search of the history for it did not finish within \`poll-timeout\`: raise that, or check the name.`
        : msg `This system database has never seen it, most often because of a typo (unquoted in YAML, 1.10 is 1.1) or the wrong database.`;
    return joined([
        outcome,
        msg `If a version without any trace is all right, set \`on-unknown: pass\`.${registeredHint(registered)}`,
    ]);
}
const BEYOND_PASSING = trusted('`on-unknown: pass` does not cover such a mistake.');
/** The known versions that it is close to, why, and what to correct. */
function explainClose(close) {
    const strangers = [...new Set(close.flatMap(({ stranger }) => stranger ?? []))];
    const how = close[0]?.how ?? 'same';
    if (how === 'same') {
        return msg `It belongs to ${applicationsOf(strangers)}, and this application has never used it. Is \`application\` right?`;
    }
    const names = [...new Set(close.map(({ version }) => version))];
    const differs = msg `This system database has never seen it, but knows ${namesOf(names)}${trusted(DIFFERENCES[how])}`;
    if (strangers.length === 0)
        return differs;
    return msg `${differs} That belongs to ${applicationsOf(strangers)}: is \`application\` right?`;
}
function applicationsOf(owners) {
    return msg `the ${trusted(owners.length === 1 ? 'application' : 'applications')} ${namesOf(owners)}`;
}
const DIFFERENCES = {
    spelling: ', which differs only in case, white space, quotes or invisible characters. Names are compared exactly: correct the version.',
    v: ', which differs only in a leading `v`. Names are compared exactly: correct the version.',
    hash: ', which is the same hash in another length. Correct the version: write the hash as it is known here.',
    part: ' as a part of it. Write one version per line, without a bullet, a comma, a comment or a prefix.',
};

;// CONCATENATED MODULE: ./lib/rules/target.js
/** The target that the rows of a version belong to, if it is one. Without a version and with an empty one is the same. */
function targetOfRows(version) {
    return version || null;
}
/** The name under which the processes of a target register. */
function registeredName(target) {
    return target ?? '';
}

;// CONCATENATED MODULE: ./lib/rules/snapshot-index.js



/**
 * Indexes the contents of a snapshot by version.
 *
 * Only SDKs that let the latest version alone dequeue work without a version write their application's name: into the
 * registration of a version, and into each of its rows. Two things spoil that evidence. A newer SDK also writes the name
 * into an older registration, when it promotes the version, runs it, or adopts rows without an owner. So a registration
 * that was written again proves nothing. And work that a process of the version dequeued without writing an owner
 * proves the opposite.
 */
function indexed(contents) {
    const registered = [...(contents.registrations ?? [])].sort((a, b) => b.timestamp - a.timestamp);
    const owned = [...registered].sort((a, b) => Number(a.application !== null) - Number(b.application !== null));
    const inFlight = byVersion(contents.inFlight);
    const unknownStatuses = Array.isArray(contents.unknownStatuses) ? contents.unknownStatuses : [];
    const nameless = registered.filter(({ application, rewritten }) => application === null || rewritten);
    const active = [...contents.inFlight, ...contents.started.versions];
    const mayTakeUnversioned = new Set([
        ...nameless.map(({ version }) => version),
        ...active.flatMap(({ version, ranUnowned }) => (ranUnowned && version !== null ? [version] : [])),
    ]);
    return {
        contents,
        registered,
        registeredCloseTo: closeNamesAmong(registered.map(({ version }) => version)),
        latest: new Set(registered.filter(({ timestamp }) => timestamp === registered[0]?.timestamp).map(({ version }) => version)),
        registrations: byVersion(owned),
        mayTakeUnversioned,
        inFlight,
        started: byVersion(contents.started.versions),
        failed: byVersion(contents.failed ?? []),
        unknownStatuses,
        unversioned: total(inFlight.get(null) ?? NO_WORKFLOWS) + sumOf(unknownStatuses.filter(({ version }) => version === null)),
    };
}
/** What is in flight on a target. Of rows without a version, a process without one has only those that run. */
function countsOn({ inFlight }, version) {
    const { pending, enqueued, delayed } = inFlight.get(version) ?? NO_WORKFLOWS;
    return version === null ? { pending, enqueued: 0, delayed: 0 } : { pending, enqueued, delayed };
}
/** The rows of a target in statuses that the gate does not know. */
function unknownStatusesOn({ unknownStatuses }, target) {
    return unknownStatuses.filter(({ version }) => targetOfRows(version) === target);
}
/** The number of rows in these statuses. */
function sumOf(statuses) {
    return statuses.reduce((sum, { count }) => sum + count, 0);
}
function byVersion(rows) {
    return new Map(rows.map((row) => [row.version, row]));
}

;// CONCATENATED MODULE: ./lib/rules/2-in-flight.js




/** Rule 2: nothing is in flight on a target, ignored names aside. */
const inFlight = {
    checkTarget(version, { index }) {
        const blocker = { kind: 'in-flight', ...countsOn(index, version) };
        return total(blocker) > 0 ? [blocker] : [];
    },
    blockers: {
        'in-flight': {
            verdict: 'in-flight',
            shortName: null,
            explain(blocker, pastDeadline) {
                const count = total(blocker);
                const remedy = pastDeadline
                    ? trusted('Cancel or fork what outlasts the timeout')
                    : msg `Let ${them(count)} finish, or cancel or fork ${them(count)}`;
                return msg `${counted(count, 'workflow')} in flight (${trusted(describeCounts(blocker))}). ${remedy}; \`ignore-workflows\` names workflows that may be stranded.`;
            },
        },
    },
};

;// CONCATENATED MODULE: ./lib/rules/3-starting.js

/** Rule 3: during the settle window no row of any status is created on a target, ignored names aside. */
const starting = {
    checkTarget(version, context) {
        if (!context.before.windows.has(version))
            return [];
        const atLeast = createdSincePreviousPoll(version, context);
        const { names } = context.index.contents.started;
        const scheduled = names.filter((each) => each.version === version && each.scheduled);
        const schedules = scheduled.map(({ name }) => name ?? 'a workflow without a name');
        return atLeast > 0 ? [{ kind: 'still-starting', atLeast, schedules }] : [];
    },
    blockers: {
        'still-starting': {
            verdict: 'in-flight',
            shortName: 'work is still starting',
            explain: ({ atLeast, schedules }) => msg `Work is still starting on it: at least ${counted(atLeast, 'workflow')} created since the poll before.${schedules.length > 0 ? msg ` A schedule starts ${namesOf(schedules)}.` : trusted('')} Shift the traffic first: requests, message consumers, and in-process schedules (\`@DBOS.scheduled\` before TypeScript SDK 5). \`ignore-workflows\` names workflows that may go on.`,
        },
    },
};
/**
 * At least how many rows were created. Two polls count from the same moment, and their counts are compared: rows are
 * stamped by the clocks of the processes that create them, which can lag behind the database's.
 */
function createdSincePreviousPoll(version, { before, index }) {
    const none = { count: 0, fingerprint: '0' };
    const then = before.started?.versions.get(version) ?? none;
    const now = index.started.get(version)?.sincePrevious ?? none;
    if (now.fingerprint === then.fingerprint && now.count === then.count)
        return 0;
    return Math.max(1, now.count - then.count);
}

;// CONCATENATED MODULE: ./lib/rules/4-open-writers.js

/** Rule 4: nothing is about to appear. Each transaction that was writing, or waiting to, in the window has ended. */
const openWriters = {
    checkIdle(window, context) {
        const open = writersIn(window, context);
        const writers = context.index.contents.writers.filter(({ transaction }) => open.has(transaction));
        return writers.length > 0 ? [{ kind: 'open-transaction', writers }] : [];
    },
    blockers: {
        'open-transaction': {
            verdict: 'in-flight',
            shortName: 'a transaction is still writing',
            explain: ({ writers }) => msg `A transaction that writes workflows, or waits to, is still open (${namesOf(writers.map(describeWriter))}). What it enqueues is invisible until it commits, so the gate waits for it. ${remedyFor(writers)}`,
        },
    },
};
/**
 * The transactions to wait for: those that write now, until the settle time has passed. Then only those of them that
 * were there before: later ones belong to others, and under traffic there is always one.
 */
function writersIn(window, { config, index: { contents }, time }) {
    const now = new Set(contents.writers.map(({ transaction }) => transaction));
    if (window === undefined || time.began - window.openedAt < config.settleMs)
        return now;
    return now.intersection(window.writers);
}
function describeWriter({ pid, connection, waits, prepared }) {
    if (pid === null)
        return prepared === null ? 'prepared transaction' : `prepared transaction ${prepared}`;
    const backend = connection ? `pid ${pid} ${connection}` : `pid ${pid}`;
    return waits ? `${backend}, waiting for its lock` : backend;
}
function remedyFor(writers) {
    const isPrepared = ({ pid }) => pid === null;
    return joined([
        ...(writers.every(isPrepared) ? [] : [msg `End a forgotten one with pg_terminate_backend(pid).`]),
        ...(writers.some(isPrepared)
            ? [
                msg `No process holds a prepared transaction: end it with COMMIT PREPARED or ROLLBACK PREPARED and its gid, which pg_prepared_xacts lists.`,
            ]
            : []),
    ]);
}

;// CONCATENATED MODULE: ./lib/rules/live-evidence.js


/** How many counted roots are weighed, the newest. */
const WEIGHED_ROOTS = 100;
/** So soon after a launch the traffic has often not moved yet. In milliseconds. */
const LAUNCH_MS = 15 * UNITS_MS.m;
/** For so long a target counts as live although other versions took up work since. In milliseconds. */
const FADES_MS = UNITS_MS.h;
/** How rarely a run of roots on other versions is taken for the end of the target's share by mistake. */
const MISTAKE = 0.0001;
/** Java's version where it cannot read the application's bytecode: each process has its own. */
const PROCESS_NAME = /^unknown-\d+$/;
/**
 * Returns the sign that new work is still sent to a version other than the latest; undefined where there is none. Pure.
 *
 * @param now The database's clock, in epoch milliseconds.
 */
function signOfLife(version, latest, evidence, now) {
    const counted = countedRoots(version, latest, evidence);
    const weighed = counted.slice(0, WEIGHED_ROOTS);
    const newer = weighed.findIndex(({ isOwn }) => isOwn);
    const newest = weighed[newer];
    if (newest === undefined)
        return signWithoutRoots(version, evidence);
    const startedAt = newest.at;
    if (isProcessName(version) && [...latest.versions].some(isProcessName))
        return { because: 'process-name', startedAt };
    if (!evidence.showsParents)
        return undefined;
    const needed = runThatEnds(weighed.slice(newer));
    const othersTookUp = othersOf(version, evidence).some(({ newestTakenUpAt }) => (newestTakenUpAt ?? 0) > startedAt);
    const isYoung = now - startedAt < FADES_MS;
    if (startedAt > latest.since + LAUNCH_MS && newer < needed && (isYoung || !othersTookUp)) {
        const fadesAt = startedAt + FADES_MS;
        const ends = othersTookUp
            ? { until: fadesAt, oneIsEnoughFrom: undefined }
            : { until: undefined, oneIsEnoughFrom: fadesAt };
        return { because: 'share', startedAt, newer, lacking: needed - newer, ...ends };
    }
    const latestStarted = counted.slice(newer).some(({ isOfLatest }) => isOfLatest);
    if (newer === 0 && now - startedAt < LAUNCH_MS && latestStarted) {
        return {
            because: 'rollback',
            startedAt,
            newer,
            lacking: 1,
            until: startedAt + LAUNCH_MS,
            oneIsEnoughFrom: undefined,
        };
    }
    return undefined;
}
/**
 * The roots that count for a version, the newest first. Of other versions these are the ones that a process took up and
 * no schedule started: work in the queue of a dead version is no sign of life. Of the version itself all count, but
 * those of schedules only where the latest version has taken up nothing: DBOS's schedules go to the latest, and
 * schedules in a process tick as long as it lives.
 */
function countedRoots(version, latest, { versions }) {
    const isOfLatest = (each) => each !== null && latest.versions.has(each);
    const latestRuns = versions.some((each) => isOfLatest(each.version) && each.newestTakenUpAt !== null);
    const counts = (isOwn, { takenUp, scheduled }) => isOwn ? !(scheduled && latestRuns) : takenUp && !scheduled;
    return versions
        .flatMap((each) => {
        const isOwn = targetOfRows(each.version) === version;
        const roots = each.roots.filter((root) => counts(isOwn, root));
        return roots.map(({ createdAt }) => ({ at: createdAt, isOwn, isOfLatest: isOfLatest(each.version) }));
    })
        .sort((a, b) => b.at - a.at || Number(b.isOwn) - Number(a.isOwn));
}
/** Of the rows that were read, no root of the version counts among the newest. */
function signWithoutRoots(version, evidence) {
    // A dead version's schedule can fill them all, and hide the work that is older.
    const nothingElseRuns = othersOf(version, evidence).every(({ newestTakenUpAt }) => newestTakenUpAt === null);
    return !evidence.reachesBack && nothingElseRuns ? { because: 'nothing-else-runs' } : undefined;
}
function othersOf(version, { versions }) {
    return versions.filter((each) => targetOfRows(each.version) !== version);
}
/**
 * How many roots in a row on other versions show that the version's share has ended: by chance, with the share that it
 * had, so many come once in ten thousand times.
 */
function runThatEnds(untilNewest) {
    const ofOthers = untilNewest.filter(({ isOwn }) => !isOwn).length / untilNewest.length;
    return Math.max(1, Math.ceil(Math.log(MISTAKE) / Math.log(ofOthers)));
}
function isProcessName(version) {
    return version !== null && PROCESS_NAME.test(version);
}

;// CONCATENATED MODULE: ./lib/rules/5-live.js




/**
 * Rule 5: a target is not the latest version, to which DBOS sends schedules and unversioned queue items, and new work
 * has moved off it.
 */
const live = {
    checkTarget(version, { config, index }) {
        if (config.onLive === 'ignore' || !index.latest.has(registeredName(version)))
            return [];
        const alternatives = index.registered.map((other) => other.version).filter((other) => other !== version);
        return [{ kind: 'live', alternatives }];
    },
    checkOtherwiseIdle(version, context) {
        const { index, observedAt } = context;
        const { newestRoots } = index.contents;
        const [newest] = index.registered;
        if (!readsNewestRoots(context) || newestRoots === undefined || newest === undefined)
            return [];
        const latest = { versions: index.latest, since: newest.timestamp };
        const sign = signOfLife(version, latest, newestRoots, observedAt);
        return sign === undefined ? [] : [{ kind: 'receives-work', sign, latest: [...index.latest], observedAt }];
    },
    blockers: {
        live: {
            verdict: 'still-live',
            shortName: 'still the latest version',
            explain({ alternatives }) {
                const registered = alternatives.length > 0 ? msg ` (registered: ${namesOf(alternatives)})` : trusted('');
                return msg `It is still the latest version of its application, so schedules and unversioned queue items still go to it. Is it the version that you mean? If so, launch the new version first; after a rollback, promote the version that stays with DBOS's setLatestApplicationVersion${registered}. \`on-live: ignore\` lifts this rule.`;
            },
        },
        'receives-work': {
            verdict: 'still-live',
            shortName: 'still receives work',
            explain: ({ sign, latest, observedAt }) => msg `${_5_live_describe(sign, observedAt)} ${remedy(sign, latest)} \`on-live: latest-only\` lifts this rule.`,
        },
    },
};
/** Whether the rule weighs the newest workflows. Without a registration there is no latest version, and it is void. */
function readsNewestRoots({ config, index }) {
    return config.onLive === 'block' && index.registered.length > 0;
}
function _5_live_describe(sign, now) {
    switch (sign.because) {
        case 'share':
        case 'rollback': {
            const age = trusted(durationText(now - sign.startedAt));
            const since = sign.newer === 0 ? trusted('none has') : msg `${trusted(`only ${sign.newer}`)} ${have(sign.newer)}`;
            return msg `It still receives new work: its newest workflow was started ${age} ago, and ${since} started on another version since. ${ending(sign, now)}`;
        }
        case 'process-name':
            return msg `Each of its processes has a version of its own, and so has the latest: new work was started on it ${trusted(durationText(now - sign.startedAt))} ago, and its process can still run.`;
        case 'nothing-else-runs':
            return msg `No other version takes up work: the newest workflows do not reach back to the launch of the latest version, and none of them ran elsewhere.`;
    }
}
function have(count) {
    return trusted(count === 1 ? 'has' : 'have');
}
/** Until when it counts as live, and what ends that sooner. */
function ending(sign, now) {
    const { lacking, until, oneIsEnoughFrom } = sign;
    const ends = trusted(lacking === 1 ? 'ends' : 'end');
    if (until !== undefined) {
        return msg `It counts as live until ${trusted(momentText(until, now))} unless more starts; ${counted(lacking, 'more workflow')} on the new version ${ends} that sooner.`;
    }
    if (lacking === 1 || oneIsEnoughFrom === undefined || oneIsEnoughFrom <= now) {
        return msg `It counts as live until another version takes up work: one workflow on the new version is enough.`;
    }
    return msg `It counts as live until ${counted(lacking, 'workflow')} start on the new version; from ${trusted(momentText(oneIsEnoughFrom, now))} on, one is enough.`;
}
function remedy({ because }, latest) {
    switch (because) {
        case 'share':
        case 'rollback':
            return msg `Is it the version that runs, after a rollback? Then keep it, or promote it with DBOS's setLatestApplicationVersion: the latest is ${namesOf(latest)}. Otherwise shift the traffic first.`;
        case 'process-name':
            return msg `Give the application a version (the latest is ${namesOf(latest)}), and end the process first.`;
        case 'nothing-else-runs':
            return msg `Does the latest version (${namesOf(latest)}) run? Launch it, or after a rollback promote the version that runs with DBOS's setLatestApplicationVersion.`;
    }
}

;// CONCATENATED MODULE: ./lib/rules/6-unversioned.js




/** Rule 6: no unversioned workflow in flight could be claimed by a target. */
const unversioned = {
    checkTarget: (version, context) => blockersFor(claimReason(version, context), context),
    // A version that the gate cannot see could take such work where nothing is registered.
    checkNoTargets(context) {
        return blockersFor(context.index.registered.length === 0 ? 'nothing-registered' : undefined, context);
    },
    blockers: {
        unversioned: {
            verdict: 'in-flight',
            shortName: 'unversioned work',
            explain: ({ count, because }) => msg `${counted(count, 'unversioned workflow')} in flight ${trusted(count === 1 ? 'has' : 'have')} no application version and could be claimed by this one: ${trusted(REASONS[because])}. Let the new version take ${them(count)}, or cancel ${them(count)}; \`on-unversioned: ignore\` lifts this rule once the target's processes have stopped dequeuing.`,
        },
    },
};
const REASONS = {
    asked: '`on-unversioned` is `block`',
    latest: 'the latest version dequeues unversioned work',
    'nothing-registered': 'no version is registered here, so every process may dequeue unversioned work',
    'sdk-may-claim': 'it is not registered with the name of its application, which SDKs before TypeScript 4.27 leave out, and with some of those the processes of any version dequeue unversioned work',
};
/**
 * Why the processes of a version could dequeue a row without a version; undefined when they cannot. Only SDKs that let
 * the latest version alone take such rows write the application's name into their registration.
 */
function claimReason(target, { index, state }) {
    const version = registeredName(target);
    if (index.registered.length === 0)
        return 'nothing-registered';
    if (index.latest.has(version))
        return 'latest';
    const leavesIt = index.registrations.has(version) && !state.mayTakeUnversioned.has(version);
    return leavesIt ? undefined : 'sdk-may-claim';
}
/** The rows in flight without a version that belong to no target: what processes without one run can be a target. */
function unclaimed({ index, state }) {
    return index.unversioned - (state.targets.has(null) ? countsOn(index, null).pending : 0);
}
function blockersFor(reason, context) {
    const count = unclaimed(context);
    return count > 0 && applies(context.config, reason)
        ? [{ kind: 'unversioned', count, because: reason ?? 'asked' }]
        : [];
}
function applies({ onUnversioned }, reason) {
    switch (onUnversioned) {
        case 'auto':
            return reason !== undefined;
        case 'block':
            return true;
        case 'ignore':
            return false;
    }
}

;// CONCATENATED MODULE: ./lib/rules/former-names.js


/** The applications beside the configured one; none where none is configured. */
function otherApplications(configured, applications) {
    if (configured === undefined)
        return [];
    const first = applications.find(({ name }) => name === configured)?.firstRegistered ?? null;
    return applications
        .filter(({ name }) => name !== configured)
        .map((other) => ({ ...other, mayBeFormerName: mayPrecede(other, first) }));
}
/** Applications with work in flight that have registered no version since another one registered its first. */
function possibleFormerNames(applications) {
    const firsts = applications.flatMap(({ name, firstRegistered: first }) => (first === null ? [] : [{ name, first }]));
    return applications.filter((each) => firsts.some(({ name, first }) => name !== each.name && mayPrecede(each, first)));
}
/** Whether an application may be the former name of one that registered its first version then; null: it has none. */
function mayPrecede({ inFlight, newestRegistered: newest }, first) {
    return inFlight.length > 0 && (newest === null || first === null || newest < first);
}
/** How many versions of an application are named with their counts. */
const VERSIONS_SHOWN = 5;
/** `"shop-api" (3 workflows in flight: "1.0.0": 2 pending, 1 enqueued)`. */
function describeApplication({ name, inFlight }) {
    const versions = inFlight.slice(0, VERSIONS_SHOWN).map(({ version, ...counts }) => {
        return msg `${version === null ? trusted('unversioned') : msg `${version}`}: ${trusted(describeCounts(counts))}`;
    });
    const rest = inFlight.length - versions.length;
    const more = trusted(rest > 0 ? `; and ${message_number(rest)} more versions` : '');
    return msg `${name} (${counted(total(summed(inFlight)), 'workflow')} in flight: ${joined(versions, '; ')}${more})`;
}
/** The first few applications as `describeApplication` has them, and how many more there are. */
function describeApplications(applications) {
    const shown = applications.slice(0, 3);
    const rest = applications.length - shown.length;
    const more = trusted(rest > 0 ? ` and ${message_number(rest)} more` : '');
    return msg `${joined(shown.map(describeApplication), ', ')}${more}`;
}
/** What possible former names of the application mean, and what to do. */
function explainFormerNames(formers) {
    const isOne = formers.length === 1;
    return joined([
        msg `Was this application renamed? ${describeApplications(formers)} ${trusted(isOne ? 'has' : 'have')} registered no version since this application registered its first.`,
        msg `If ${trusted(isOne ? 'that is its former name' : 'one of them is its former name')}, no process under the new name finishes that work: run DBOS's \`rename-application\`, or run the gate once more with \`application\` set to the former name.`,
    ]);
}

;// CONCATENATED MODULE: ./lib/rules/7-application.js


/** Rule 7: the application is the right one. A wrong name would hide everything. */
const _7_application_application = {
    checkGate({ config, before, index }) {
        const { applicationSeen, owners, applications } = index.contents;
        if (config.application !== undefined && !applicationSeen) {
            return [{ kind: 'application-not-seen', application: config.application, owners }];
        }
        if (config.application === undefined && owners.length > 1) {
            return [{ kind: 'several-applications', owners, formers: possibleFormerNames(applications) }];
        }
        // DBOS deletes no registration.
        const named = [...before.targets, ...(before.kept ?? [])].filter((version) => version !== null);
        const versions = named.filter((version) => before.registered.has(version) && !index.registrations.has(version));
        return versions.length > 0 ? [{ kind: 'registration-gone', versions }] : [];
    },
    blockers: {
        'application-not-seen': {
            verdict: 'error',
            shortName: 'application not seen',
            explain: ({ application, owners }) => msg `The application ${application} owns no registered version and no workflow in flight here${owners.length > 0
                ? msg `; the owners found are ${namesOf(owners)}`
                : trusted(', and nothing else here has an owner')}. Correct \`application\` (it must match DBOS's configured name exactly), or leave it out: rows without an owner always count.`,
        },
        'several-applications': {
            verdict: 'error',
            shortName: 'several applications',
            explain: ({ owners, formers }) => {
                const rename = formers.length > 0
                    ? msg ` Was the application renamed? ${describeApplications(formers)} registered no version since another one registered its first. If that is the former name, run DBOS's \`rename-application\`, or run the gate once for each name.`
                    : trusted('');
                return msg `Several applications share this system database: ${namesOf(owners)}. Set \`application\` to the one that is being deployed.${rename}`;
            },
        },
        'registration-gone': {
            verdict: 'error',
            shortName: 'a registration is gone',
            explain: ({ versions }) => msg `The registration of ${namesOf(versions)} was here at an earlier poll, and is gone or belongs to another application now. Was the application renamed? Run the gate again with its new name.`,
        },
    },
};

;// CONCATENATED MODULE: ./lib/rules/9-trusted.js


/**
 * The newest shared migration number whose schema and statuses this gate knows: TypeScript SDK 5.2 and 5.3.
 * From 100 on the number means the same in every SDK.
 */
const NEWEST_KNOWN_MIGRATION = 123;
/** Rule 9: the database can be trusted, and each status in it is understood. */
const trustedDatabase = {
    checkDatabase: (database, before) => reasonsAgainst(database, before).map((reason) => ({ kind: 'untrusted-database', reason })),
    checkTarget(version, { index }) {
        const statuses = unknownStatusesOn(index, version);
        return statuses.length > 0 ? [{ kind: 'unknown-status', statuses }] : [];
    },
    checkWindows(windows, { database, index }) {
        const needsScan = isNewerThanKnown(database) && isUnscanned(windows);
        return needsScan
            ? [{ kind: 'statuses-not-scanned', timedOut: index.contents.unknownStatuses === 'timed-out' }]
            : [];
    },
    blockers: {
        'untrusted-database': {
            verdict: 'error',
            shortName: 'untrusted database',
            explain: ({ reason }) => explainReason(reason),
        },
        'unknown-status': {
            verdict: 'in-flight',
            shortName: 'statuses that the gate does not know',
            explain: ({ statuses }) => msg `${counted(sumOf(statuses), 'workflow')} in a status that this gate does not know (${namesOf(statuses.map(({ status }) => status ?? 'NULL'))}), counted as in flight. Use a newer release of dbos-drain-gate, or find out who wrote that status.`,
        },
        'statuses-not-scanned': {
            verdict: 'error',
            shortName: 'unknown statuses possible',
            explain: ({ timedOut }) => timedOut
                ? msg `This schema is newer than the gate knows, and the scan for statuses that it does not know did not finish within \`poll-timeout\`. Raise \`poll-timeout\`, or use a newer release of dbos-drain-gate.`
                : msg `This schema is newer than the gate knows: its rows are still to be looked through for unknown statuses.`,
        },
    },
};
/** Whether the schema is newer than the gate, so that it may hold statuses that the gate does not know. */
function isNewerThanKnown({ migration }) {
    return migration !== undefined && migration > NEWEST_KNOWN_MIGRATION;
}
function isUnscanned(windows) {
    return Iterator.from(windows).some(({ statusesSeen }) => !statusesSeen);
}
function reasonsAgainst(database, before) {
    const { missingColumns } = database;
    const { tableId } = before;
    return [
        ...(database.standby ? ['standby'] : []),
        ...(database.logicalSubscriber ? ['logical-subscriber'] : []),
        ...(database.relationKind === 'r' ? [] : ['not-a-table']),
        ...(database.sharded ? ['shard'] : []),
        ...anotherCluster(database, before),
        ...(tableId === undefined || tableId === database.tableId ? [] : ['another-table']),
        ...(database.rowSecurityActive ? ['row-security'] : []),
        ...(missingColumns.length > 0 ? [{ missingColumns }] : []),
    ];
}
/** Whether another server answers than at the previous poll: after a failover, or a restart. */
function isAnotherServer({ server }, { startedAt }) {
    return server !== undefined && server.startedAt !== startedAt;
}
/** Another cluster may be a copy from before the workflows that an earlier poll saw, or one that nothing runs on. */
function anotherCluster(database, before) {
    // What could not be read is not trusted for another reason.
    if (before.server === undefined || database.cluster === undefined)
        return [];
    const { cluster } = before.server;
    if (cluster && database.cluster)
        return cluster === database.cluster ? [] : ['another-cluster'];
    return isAnotherServer(before, database) ? ['perhaps-another-cluster'] : [];
}
function explainReason(reason) {
    switch (reason) {
        case 'standby':
            return msg `This server is a standby: it lags behind its primary and may not show work that has just started. Point \`database-url\` at the primary.`;
        case 'logical-subscriber':
            return msg `A logical replication subscription fills this workflow_status table: it is a copy that lags. Point \`database-url\` at the database that the application writes to.`;
        case 'not-a-table':
            return msg `workflow_status is not an ordinary table here, so what it shows may not be what DBOS runs on. Point \`database-url\` and \`schema\` at the system database itself.`;
        case 'shard':
            return msg `This is one shard of a sharded system database: its tables have a column shard_key. One shard does not show what is in flight on the others, so the gate does not support it. Keep the version running until DBOS shows nothing in flight on it on any shard.`;
        case 'another-cluster':
            return msg `Another database cluster answers than at the previous poll: the address of \`database-url\` was switched, to a restored copy for instance. Make sure that it leads to the database that the application writes to, and run the gate again.`;
        case 'perhaps-another-cluster':
            return msg `Another server answers than at the previous poll, after a restart or a failover, and this role cannot read whether it belongs to the same cluster. Run the gate again. To survive a failover, let a superuser run GRANT EXECUTE ON FUNCTION pg_control_system() for the role.`;
        case 'another-table':
            return msg `workflow_status is another table than at the first poll: it was replaced during the hold. Run the gate again when the database is at rest.`;
        case 'row-security':
            return msg `Row security would hide rows from this role, so counts would be too small. Give the role BYPASSRLS, or remove the policies for it.`;
        default:
            return msg `workflow_status lacks ${namesOf(reason.missingColumns)}, which the rules need. Is it DBOS's own table, and of TypeScript SDK 3.0 or newer (or another SDK of that age)?`;
    }
}

;// CONCATENATED MODULE: ./lib/rules/index.js









/** The rule of retirement, 1 to 9. `docs/rule-of-retirement.md` says what each is for. */
const RULES = [
    known,
    inFlight,
    starting,
    openWriters,
    live,
    unversioned,
    _7_application_application,
    keptVersions,
    trustedDatabase,
];
/** What is known of each kind. A kind without an entry here does not compile. */
const rules_KINDS = {
    ...known.blockers,
    ...inFlight.blockers,
    ...starting.blockers,
    ...openWriters.blockers,
    ...live.blockers,
    ...unversioned.blockers,
    ..._7_application_application.blockers,
    ...keptVersions.blockers,
    ...trustedDatabase.blockers,
};
/** The blockers that each rule finds with one of its checks, in the order of the rules. */
function findBlockers(check) {
    return RULES.flatMap((rule) => check(rule) ?? []);
}
/**
 * Explains what a blocker means and what to do, the input that lifts it included.
 *
 * @param pastDeadline Some of the work on this version certainly lasts past the timeout of the hold.
 */
function explainBlocker(blocker, pastDeadline = false) {
    return explainAs(blocker.kind, blocker, pastDeadline);
}
/** The verdict that a blocker leads to while it stands, outside the timeout of a hold. */
function verdictOf({ kind }) {
    return rules_KINDS[kind].verdict;
}
/** The short names of blockers, once each. Work in flight has none: its counts are shown. */
function shortNames(blockers) {
    return [...new Set(blockers.flatMap(({ kind }) => rules_KINDS[kind].shortName ?? []))];
}
function explainAs(kind, blocker, pastDeadline) {
    return rules_KINDS[kind].explain(blocker, pastDeadline);
}

;// CONCATENATED MODULE: ./lib/rules/decide.js




/** How long `wait` with `fail-fast` gives a target to stop being the latest version. In milliseconds. */
const ONLY_LIVE_MS = 120_000;
/** How long the poll at the deadline of a hold can take, and its retry. In milliseconds. */
const LAST_POLL_MS = 5000;
const SECOND_TRY_MS = 2000;
/**
 * Decides whether the gate continues to hold. Pure.
 *
 * - `drained` ends every mode, and so does `no-target`. `preflight` ends with its first poll.
 * - `check` and `report` end as soon as no target is idle, or when the settle windows of the idle ones have passed.
 * - `wait` ends early only where waiting cannot help. It polls once more at its deadline, and lets a settle window
 *   finish that is open then.
 */
function decide(config, evaluation, forecast, time) {
    if (evaluation.provisional)
        return { pauseMs: 0 };
    // No version is judged: what blocks the whole gate is in the way of any run.
    if (config.mode === 'preflight')
        return { verdict: foremost(evaluation.gate.map(verdictOf)) ?? 'no-target' };
    if (evaluation.drained)
        return { verdict: 'drained' };
    if (evaluation.hasNoTarget)
        return decideNoTarget(config, evaluation, time);
    const verdict = foremost(blockersOf(evaluation).map(verdictOf)) ?? 'in-flight';
    if (verdict === 'error')
        return { verdict };
    if (verdict === 'unknown-version' && !mayStillAppear(config, evaluation, time))
        return { verdict };
    const early = verdict === 'unknown-version' ? undefined : failedFast(config, evaluation, forecast, time);
    if (early !== undefined)
        return { verdict: early };
    const settledAt = settleEnd(config, evaluation);
    const settling = settledAt !== undefined && time.began < settledAt;
    const { durationMs } = evaluation.snapshot;
    const endInMs = allIdle(evaluation) ? overdueMs(settledAt, time) : forecast.total.left?.fromMs;
    const pauseMs = pauseAfterPoll(config, { durationMs, settledAt, endInMs }, time);
    const untilSettledMs = settling ? Math.min(pauseMs, Math.max(1, settledAt - time.ended)) : undefined;
    if (config.mode !== 'wait')
        return untilSettledMs === undefined ? { verdict } : { pauseMs: untilSettledMs };
    const deadlineInMs = config.timeoutMs - time.ended;
    if (deadlineInMs > 0)
        return { pauseMs: Math.min(pauseMs, deadlineInMs) };
    const mayFinish = allIdle(evaluation) && (settledAt ?? 0) <= config.timeoutMs + LAST_POLL_MS + config.settleMs;
    if (untilSettledMs !== undefined && mayFinish)
        return { pauseMs: untilSettledMs };
    return { verdict: verdict === 'unknown-version' ? verdict : 'timed-out' };
}
/** With `latest`, `wait` gives the new version two minutes to appear: its launch makes the one before a target. */
function decideNoTarget(config, evaluation, time) {
    const awaitsLaunch = config.mode === 'wait' && config.targets.kind === 'all-but-latest';
    const graceEnds = awaitsLaunch ? Math.min(KEPT_VERSION_GRACE_MS, config.timeoutMs) : 0;
    const leftMs = graceEnds - time.ended;
    if (leftMs <= 0)
        return { verdict: 'no-target' };
    const pace = { ...evaluation.snapshot, settledAt: undefined, endInMs: undefined };
    return { pauseMs: Math.min(pauseAfterPoll(config, pace, time), leftMs) };
}
/**
 * How long a poll that starts now can take, in milliseconds. `wait` ends with its timeout, or with the settle window
 * that is open then, whatever the database does. In `check` and `report` the poll's own timeouts are the limit.
 */
function pollBudgetMs(config, { windows }, now) {
    if (config.mode !== 'wait')
        return Number.POSITIVE_INFINITY;
    const ends = [...windows.values()].map(({ openedAt }) => openedAt + config.settleMs);
    const end = ends.reduce((a, b) => Math.max(a, b), config.timeoutMs);
    const latest = Math.min(end, config.timeoutMs + config.settleMs);
    return Math.max(SECOND_TRY_MS, latest + LAST_POLL_MS - now);
}
/** Every blocker that stands now. Those that belong to no target come first. */
function blockersOf(evaluation) {
    return [...blockersOfAll(evaluation), ...evaluation.targets.flatMap(({ blockers }) => blockers)];
}
/** The blockers that belong to no target: those on the whole gate, and those found where there is no target. */
function blockersOfAll({ gate, noTargets }) {
    return [...gate, ...(noTargets?.blockers ?? [])];
}
/** The verdict of a hold with `fail-fast` that cannot succeed; undefined while it can. */
function failedFast(config, evaluation, forecast, time) {
    if (config.mode !== 'wait' || !config.failFast)
        return undefined;
    if (forecast.pastDeadline !== undefined)
        return 'cannot-drain';
    const since = evaluation.state.onlyLiveSince;
    return since !== undefined && time.ended - since >= ONLY_LIVE_MS ? 'still-live' : undefined;
}
/** A kept version can be one that is just starting. A target that was never seen is a typo. */
function mayStillAppear(config, evaluation, time) {
    const targetsKnown = evaluation.targets.every(({ known }) => known);
    return config.mode === 'wait' && targetsKnown && time.ended < KEPT_VERSION_GRACE_MS;
}
/**
 * When the settle windows that are open now will have passed, in milliseconds since the gate started; undefined when
 * none is open. `check` and `report` wait only for those that their first poll opened.
 */
function settleEnd(config, evaluation) {
    const { firstPollEnded, windows } = evaluation.state;
    if (evaluation.gate.length > 0 || windows.size === 0 || firstPollEnded === undefined)
        return undefined;
    const openings = config.mode === 'wait' ? [...windows.values()].map(({ openedAt }) => openedAt) : [];
    return openings.reduce((a, b) => Math.max(a, b), firstPollEnded) + config.settleMs;
}
/** How long the settle window has passed: transactions that write are still open, and nobody knows for how long. */
function overdueMs(settledAt, { ended }) {
    return settledAt === undefined || ended < settledAt ? undefined : ended - settledAt;
}
function allIdle({ gate, noTargets, targets }) {
    const all = noTargets === undefined ? targets : [noTargets];
    return gate.length === 0 && all.every(({ settledForMs }) => settledForMs !== undefined);
}

;// CONCATENATED MODULE: ./lib/hold/state.js

/** The key of the settle window where there is no target. */
const NO_TARGET = Symbol('no target');
/** Before the first poll. */
const initialState = {
    firstPollEnded: undefined,
    tableId: undefined,
    server: undefined,
    registered: new Set(),
    kept: undefined,
    registeredAtFirst: undefined,
    targets: new Set(),
    newer: new Set(),
    known: new Set(),
    mayTakeUnversioned: new Set(),
    searches: new Map(),
    started: undefined,
    onlyLiveSince: undefined,
    windows: new Map(),
};
/** Adds what stays true after this poll, whatever the next one finds. */
function remember(state, index, database, { ended }) {
    const { history, started } = index.contents;
    const searches = new Map(state.searches);
    const closeVersions = closeVersionsAmong(history?.found ?? []);
    for (const version of history?.searchedFor ?? []) {
        searches.set(version, {
            at: ended,
            complete: history?.complete ?? false,
            close: closeVersions(version),
        });
    }
    const known = new Set([
        ...state.known,
        ...index.registrations.keys(),
        ...index.inFlight.keys().filter((version) => version !== null),
        ...index.started.keys().filter((version) => version !== null),
        ...index.unknownStatuses.flatMap(({ version }) => version ?? []),
        ...foundByName(history),
    ]);
    return {
        ...state,
        tableId: state.tableId ?? database.tableId,
        server: { startedAt: database.startedAt, cluster: database.cluster },
        registered: state.registered.union(new Set(index.registrations.keys())),
        searches,
        known,
        mayTakeUnversioned: state.mayTakeUnversioned.union(index.mayTakeUnversioned),
        started: {
            since: started.fromHere,
            versions: new Map(started.versions.map(({ version, fromHere }) => [version, fromHere])),
        },
    };
}
/** The versions that a search looked for, and found in this application. */
function foundByName(history) {
    const own = new Set((history?.found ?? []).filter(({ stranger }) => stranger === null).map(({ version }) => version));
    return (history?.searchedFor ?? []).filter((version) => own.has(version));
}
/** The state after a poll that failed: whatever was idle has to be idle for a whole settle window again. */
function withWindowsReset(state) {
    return { ...state, firstPollEnded: undefined, onlyLiveSince: undefined, windows: new Map() };
}

;// CONCATENATED MODULE: ./lib/rules/settle.js




/** Adds what the rules say of what is otherwise idle, and for how long it has been. */
function settlingOf(version, blockers, isGateIdle, context) {
    if (blockers.length > 0 || !isGateIdle || awaitsEvidence(version, context)) {
        return { blockers, settledForMs: undefined };
    }
    const signs = version === NO_TARGET ? [] : findBlockers((rule) => rule.checkOtherwiseIdle?.(version, context));
    if (signs.length > 0)
        return { blockers: signs, settledForMs: undefined };
    const { before, time } = context;
    const window = before.windows.get(version);
    return {
        blockers: findBlockers((rule) => rule.checkIdle?.(window, context)),
        settledForMs: Math.max(0, time.began - (window?.openedAt ?? time.began)),
    };
}
/** Whether rule 5 could still block it: the poll did not read what that rule weighs. */
function awaitsEvidence(version, context) {
    return version !== NO_TARGET && readsNewestRoots(context) && context.index.contents.newestRoots === undefined;
}
/** Whether it is idle, but for what the next poll has to read for rule 5. */
function isIdleButForRule5({ blockers, settledForMs }) {
    return settledForMs !== undefined || blockers.every(({ kind }) => kind === 'receives-work');
}
/** Whether it was idle for the whole settle window, and nothing is about to appear. */
function hasSettled({ blockers, settledForMs }, { settleMs }) {
    return blockers.length === 0 && settledForMs !== undefined && settledForMs >= settleMs;
}
/** The settle windows of what is idle: those that were open stay open, the others open with this poll. */
function windowsAfter(all, context) {
    const { before, index, time } = context;
    const idle = all.filter(({ settledForMs }) => settledForMs !== undefined);
    return new Map(idle.map(({ version }) => {
        const window = before.windows.get(version);
        return [
            version,
            {
                openedAt: window?.openedAt ?? time.ended,
                writers: writersIn(window, context),
                statusesSeen: window?.statusesSeen || Array.isArray(index.contents.unknownStatuses),
            },
        ];
    }));
}

;// CONCATENATED MODULE: ./lib/rules/targets.js


/**
 * Adds the targets to the state. With `retire-version` they are the named ones. With `keep-version` they are all other
 * versions that are registered, in flight or recently started. With kept versions named, what registers after the first
 * poll belongs to another deploy. What runs without a version
 * is a target of its own. A preflight has none.
 */
function withTargets(config, state, index) {
    if (config.targets.kind === 'none')
        return state;
    if (config.targets.kind === 'named')
        return { ...state, targets: new Set(config.targets.versions) };
    const names = index.registered.map(({ version }) => version);
    const registeredAtFirst = state.registeredAtFirst ?? new Set(names);
    const kept = targets_keptVersions(config, state, index);
    if (kept === undefined)
        return state;
    // By name: a promotion renews the time of a registration, and some processes stamp it with their own clock.
    const later = names.filter((version) => !registeredAtFirst.has(version) && !state.targets.has(version));
    const newer = config.targets.kind === 'all-but' ? state.newer.union(new Set(later)) : state.newer;
    const others = [
        ...index.inFlight.keys(),
        ...index.started.keys(),
        ...index.unknownStatuses.map(({ version }) => version),
        ...names,
    ].filter((version) => Boolean(version) && !kept.includes(version ?? '') && !newer.has(version ?? ''));
    const withoutVersion = config.onUnversioned !== 'ignore' && (countsOn(index, null).pending > 0 || index.started.has(null));
    const targets = new Set([...state.targets, ...others, ...(withoutVersion ? [null] : [])]);
    return { ...state, kept, registeredAtFirst, newer, targets };
}
/** Whether it is decided which versions stay. Before that, a poll counts the rows of those as well. */
function isSettled({ targets }, { kept }) {
    return targets.kind !== 'all-but-latest' || kept !== undefined;
}
/** The versions whose rows the next poll counts. */
function selectionFor(config, state) {
    return config.targets.kind === 'named'
        ? { only: config.targets.versions }
        : { except: [...(state.kept ?? namedVersions(config)), ...state.newer] };
}
/** Targets whose rows a poll after the state `before` did not count: the latest version that was kept until then. */
function uncountedTargets(config, before, { targets }) {
    const selection = selectionFor(config, before);
    return 'except' in selection ? targets.intersection(new Set(selection.except)) : new Set();
}
/**
 * The versions that stay; undefined where no latest version is registered. `latest` is resolved at each poll: a version
 * that registered after the first poll takes the place of the kept one. An older one that is promoted does not: it is a
 * target, and a target never becomes kept.
 */
function targets_keptVersions(config, { kept, targets }, { latest }) {
    if (config.targets.kind !== 'all-but-latest')
        return namedVersions(config);
    if (latest.size === 0)
        return kept;
    const resolved = [...latest].filter((version) => !targets.has(version));
    return resolved.every((version) => kept?.includes(version)) ? kept : resolved;
}

;// CONCATENATED MODULE: ./lib/rules/evaluate.js











/**
 * Evaluates the rule of retirement: what this snapshot means, given the state that earlier ones left. Pure.
 *
 * @param time When the poll started and finished. The settle window is measured with it.
 */
function evaluate(config, previous, snapshot, time) {
    const { contents, database } = snapshot;
    const before = isAnotherServer(previous, database) ? withWindowsReset(previous) : previous;
    const untrusted = findBlockers((rule) => rule.checkDatabase?.(database, before));
    if (contents === undefined || untrusted.length > 0) {
        const state = withWindowsReset(before);
        return { ...NO_EVIDENCE, snapshot, gate: untrusted, state, next: firstRequest(config, state) };
    }
    const index = indexed(contents);
    const targeted = withTargets(config, before, index);
    const state = remember(targeted, index, database, time);
    return evaluateContents({ config, before, state, database, index, observedAt: snapshot.observedAt, time }, snapshot);
}
/** A poll that could not be read or trusted proves nothing. */
const NO_EVIDENCE = {
    index: undefined,
    targets: [],
    noTargets: undefined,
    drained: false,
    hasNoTarget: false,
    otherApplications: [],
    unversioned: 0,
    provisional: false,
};
/** Runs the rules for the whole gate, for each target, and where there is no target. */
function evaluateContents(context, snapshot) {
    const { config, state, index } = context;
    const gateBlockers = findBlockers((rule) => rule.checkGate?.(context));
    const versions = [...state.targets];
    const isGateIdle = gateBlockers.length === 0;
    const uncounted = uncountedTargets(config, context.before, state);
    const settlings = versions.map((version) => {
        const blockers = findBlockers((rule) => rule.checkTarget?.(version, context));
        return { version, ...settlingOf(version, blockers, isGateIdle && !uncounted.has(version), context) };
    });
    const noTargets = versions.length > 0 ? undefined : evaluateNoTargets(isGateIdle, context);
    const all = noTargets === undefined ? settlings : [{ version: NO_TARGET, ...noTargets }];
    const windows = windowsAfter(all, context);
    const gate = [...gateBlockers, ...findBlockers((rule) => rule.checkWindows?.(windows.values(), context))];
    const searchHistoryFor = versionsToSearch(context);
    const nearlyIdle = isGateIdle ? settlings.filter(isIdleButForRule5) : [];
    const awaitsRoots = nearlyIdle.some(({ version }) => awaitsEvidence(version, context));
    const provisional = uncounted.size > 0 || awaitsRoots || isProvisional(context, gate, searchHistoryFor);
    const blockers = [...gate, ...all.flatMap((settling) => settling.blockers)];
    const isSettled = gate.length === 0 && all.every((settling) => hasSettled(settling, config));
    const next = stateAfter(context, windows, provisional, blockers);
    return {
        snapshot,
        index,
        gate,
        targets: settlings.map((settling) => targetOf(settling, gate.length === 0, context)),
        noTargets,
        drained: isSettled && noTargets === undefined,
        hasNoTarget: isSettled && noTargets !== undefined,
        otherApplications: otherApplications(config.application, index.contents.applications),
        unversioned: matterUnversioned(versions, all, context) ? unclaimed(context) : 0,
        provisional,
        state: next,
        next: {
            ...firstRequest(config, next),
            startedSince: next.started?.since,
            searchHistoryFor,
            scanStatuses: gate.some(({ kind }) => kind === 'statuses-not-scanned'),
            countFailed: windows.size > 0,
            newestRoots: config.onLive === 'block' && nearlyIdle.length > 0,
        },
    };
}
function evaluateNoTargets(isGateIdle, context) {
    const isPreflight = context.config.targets.kind === 'none';
    const blockers = isPreflight ? [] : findBlockers((rule) => rule.checkNoTargets?.(context));
    return settlingOf(NO_TARGET, blockers, isGateIdle, context);
}
function targetOf({ version, ...settling }, isGateIdle, { config, state, index }) {
    const row = index.inFlight.get(version);
    const counts = countsOn(index, version);
    const unknownStatus = sumOf(unknownStatusesOn(index, version));
    const name = registeredName(version);
    return {
        version,
        application: index.registrations.get(name)?.application ?? row?.application ?? null,
        known: version === null || state.known.has(version),
        latest: index.latest.has(name),
        ...counts,
        unknownStatus,
        inFlight: total(counts) + unknownStatus,
        ignored: row?.ignored ?? 0,
        oldestCreatedAt: row?.oldestCreatedAt ?? null,
        failed: index.failed.get(name),
        ...settling,
        drained: isGateIdle && hasSettled(settling, config),
    };
}
/** Versions whose history the next poll searches: a full scan, so once per version. */
function versionsToSearch(context) {
    const { targets, known, searches } = context.state;
    const named = [...targets].filter((version) => version !== null);
    const unsearched = named.filter((version) => !known.has(version) && !searches.has(version));
    return [...unsearched, ...keptVersionsToSearch(context)];
}
function isProvisional({ config, before, state }, gate, searchHistoryFor) {
    // The poll that resolves `latest` has counted the rows of that version as well.
    const resolvedLatest = config.targets.kind === 'all-but-latest' && before.kept === undefined && state.kept !== undefined;
    const awaitsScan = gate.some((blocker) => blocker.kind === 'statuses-not-scanned' && !blocker.timedOut);
    return resolvedLatest || awaitsScan || searchHistoryFor.length > 0;
}
function stateAfter({ before, state, time }, windows, provisional, blockers) {
    const isOnlyLive = blockers.length > 0 && blockers.every(({ kind }) => kind === 'live');
    return {
        ...state,
        firstPollEnded: before.firstPollEnded ?? (provisional ? undefined : time.ended),
        windows,
        onlyLiveSince: isOnlyLive ? (before.onlyLiveSince ?? time.ended) : undefined,
    };
}
function matterUnversioned(versions, settlings, context) {
    return (versions.some((version) => claimReason(version, context) !== undefined) ||
        settlings.some(({ blockers }) => blockers.some(({ kind }) => kind === 'unversioned')));
}
/** What a poll is asked for that no earlier one has prepared. */
function firstRequest(config, state) {
    return {
        selection: selectionFor(config, state),
        startedSince: undefined,
        searchHistoryFor: [],
        scanStatuses: false,
        countFailed: true,
        newestRoots: config.onLive === 'block',
    };
}

;// CONCATENATED MODULE: ./lib/hold/outage.js
/** How long the gate retries in `check` and `report`, where it has never connected, and what most often stays. */
const SHORT_PATIENCE_MS = 60_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** How long the gate continues to retry, in milliseconds: until its timeout, or for a minute. */
function patienceLeftMs({ mode, timeoutMs }, { firstFailure, connectedBefore, briefSince }, now) {
    const minute = firstFailure + SHORT_PATIENCE_MS;
    if (mode !== 'wait')
        return minute - now;
    const ends = [timeoutMs, ...(connectedBefore ? [] : [minute])];
    return Math.min(...ends, briefSince === undefined ? timeoutMs : briefSince + SHORT_PATIENCE_MS) - now;
}
/**
 * The pause before the next retry, in milliseconds; undefined when the gate gives up. Pure.
 *
 * Pauses double. Once it has connected, `wait` retries until its timeout. An address that never answered is most often
 * misspelt, and `check` and `report` do not wait: they retry for a minute after the first failure. What most often stays
 * ends `wait` after a minute, too. At the deadline of `wait` the first failure is retried once: a connection that was
 * just closed must not hide the answer.
 */
function pauseAfterFailure(config, outage, now) {
    const { failures } = outage;
    const leftMs = patienceLeftMs(config, outage, now);
    if (leftMs <= 0)
        return config.mode === 'wait' && failures === 1 ? FIRST_PAUSE_MS : undefined;
    return Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS, leftMs);
}

;// CONCATENATED MODULE: ./lib/hold/hold.js











/** Each provisional poll asks the next one for evidence that no earlier one has brought. There are few kinds of it. */
const MOST_PROVISIONAL = 20;
/**
 * Polls, evaluates and pauses until there is a verdict. A poll that failed for a transient reason is evidence of
 * nothing: it is retried, and whatever was idle has to be idle for a whole settle window again.
 *
 * @returns the verdict `error`, with the error, when retrying cannot help or no poll has succeeded for too long.
 */
async function hold(config, parts) {
    const { clock, signal } = parts;
    const start = clock.now();
    const elapsed = () => clock.now() - start;
    let progress = initialProgress(config);
    const result = (verdict, error) => {
        const { first, last, polls, failedPolls } = progress;
        return { verdict, error, first, last, polls, failedPolls, waitedMs: elapsed() };
    };
    try {
        for (;;) {
            const polled = await pollOnce(config, progress, parts, elapsed);
            if (polled === undefined)
                return result('cancelled');
            progress = polled.progress;
            if ('verdict' in polled.decision)
                return result(polled.decision.verdict);
            await clock.pause(polled.decision.pauseMs, signal);
            if (signal.aborted)
                return result('cancelled');
        }
    }
    catch (error) {
        return result('error', error);
    }
}
function initialProgress(config) {
    return {
        state: initialState,
        rules: firstRequest(config, initialState),
        history: emptyHistory,
        lastSuccess: undefined,
        firstFailure: undefined,
        outage: undefined,
        provisional: 0,
        first: undefined,
        last: undefined,
        polls: 0,
        failedPolls: 0,
    };
}
/** One poll, and what to do after it; undefined when the job was cancelled meanwhile. */
async function pollOnce(config, progress, { reader, clock, signal, onPoll, onFailedPoll }, elapsed) {
    const began = elapsed();
    const budgetMs = pollBudgetMs(config, progress.state, began);
    const { pollTimeoutMs } = config;
    const opportunity = { began, budgetMs, pollTimeoutMs, isSettled: isSettled(config, progress.state) };
    const request = { ...progress.rules, ...forecastRequest(progress.history, opportunity) };
    const reading = clock.withTimeout(budgetMs, (overdue) => reader.read(request, overdue));
    const snapshot = await unlessAborted(orTransientError(reading), signal);
    if (snapshot === undefined)
        return undefined;
    const time = { began, ended: elapsed() };
    if (snapshot instanceof TransientError) {
        const { next, failed } = afterFailure(config, progress, snapshot, time, request);
        onFailedPoll(failed);
        return { progress: next, decision: failed };
    }
    const { next, poll, decision } = afterSnapshot(config, progress, snapshot, time);
    if (poll !== undefined)
        onPoll(poll);
    return { progress: next, decision };
}
/** A provisional poll decides nothing, and is reported nowhere. */
function afterSnapshot(config, before, snapshot, time) {
    const evaluation = evaluate(config, before.state, snapshot, time);
    const forecast = forecastOf(config, before.history, evaluation, time);
    const decision = decide(config, evaluation, forecast, time);
    const poll = evaluation.provisional
        ? undefined
        : { evaluation, forecast, time, decides: 'verdict' in decision };
    const next = {
        ...before,
        state: evaluation.state,
        rules: evaluation.next,
        history: forecast.history,
        lastSuccess: time.ended,
        outage: undefined,
        provisional: poll === undefined ? before.provisional + 1 : 0,
        first: before.first ?? poll,
        last: poll ?? before.last,
        polls: before.polls + (poll === undefined ? 0 : 1),
    };
    // They follow each other without a pause, beyond the timeout too.
    if (next.provisional > MOST_PROVISIONAL)
        throw new Error('polls that never bring what was asked for');
    return { next, poll, decision };
}
/** @throws ReportableError when the gate gives up. */
function afterFailure(config, before, error, time, { detailScan }) {
    const { explanation: failure, connectedBefore, overLimit, brief } = error;
    const outage = {
        lastSuccess: before.lastSuccess,
        firstFailure: before.firstFailure ?? time.began,
        failures: (before.outage?.failures ?? 0) + 1,
        failure,
        connectedBefore,
        briefSince: brief ? (before.outage?.briefSince ?? time.began) : undefined,
    };
    const pauseMs = pauseAfterFailure(config, outage, time.ended);
    if (pauseMs === undefined)
        throw gaveUp(outage, time.ended);
    // A detail scan does not break a connection once. What fails again and again may be the scan's fault.
    const mayBeTheScan = detailScan && (overLimit || outage.failures > 1);
    const next = {
        ...before,
        state: withWindowsReset(before.state),
        history: mayBeTheScan ? withScanPostponed(before.history, time.ended) : before.history,
        firstFailure: outage.firstFailure,
        outage,
        failedPolls: before.failedPolls + 1,
    };
    return { next, failed: { outage, time, pauseMs } };
}
async function orTransientError(poll) {
    return poll.catch((error) => {
        if (error instanceof TransientError)
            return error;
        throw error;
    });
}
function gaveUp({ failure, failures, lastSuccess }, now) {
    const polls = msg `${counted(failures, 'poll')} failed${trusted(failures === 1 ? '' : ' in a row')}`;
    const before = lastSuccess === undefined
        ? msg `None has succeeded in ${trusted(durationText(now))}.`
        : msg `The last poll that succeeded was ${trusted(durationText(now - lastSuccess))} before.`;
    return new ReportableError(msg `${failure} ${polls}, and the gate gave up. ${before}`);
}

;// CONCATENATED MODULE: ./lib/postgres/security-words.js


/** The parameters about security that the gate follows. */
const FOLLOWED = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'channel_binding'];
/** How parameters about security start, in libpq and other drivers, without underscores. */
const SECURITY = /^(?:ssl|tls|gss|channelbinding|require(?:auth|peer|ssl))/;
/** Parameters that an error can show. Any other name can be a part of a password with a raw `&`. */
const KNOWN = new Set([
    ...['ssl', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslpassword', 'sslcrl', 'sslcrldir'],
    ...['sslnegotiation', 'sslfactory', 'sslminprotocolversion', 'sslcertmode', 'sslsni'],
    ...['channelbinding', 'gssencmode', 'requireauth', 'requirepeer', 'requiressl'],
]);
/** libpq's variables that can ask for more security than the gate has, and the values that do not ask. */
const DEMANDING = [
    ...['PGREQUIRESSL', 'PGREQUIREAUTH', 'PGREQUIREPEER', 'PGGSSENCMODE'],
    ...['PGSSLCRL', 'PGSSLCRLDIR', 'PGSSLMINPROTOCOLVERSION'],
];
const UNDEMANDING = ['', '0', 'disable', 'prefer'];
/** Refuses all other words about security: to ignore one could make the connection weaker than the user asked. */
function refuseOtherSecurity(names, environment) {
    const ofUrl = [...names].flatMap((name) => {
        const word = name.replaceAll('_', '').toLowerCase();
        if (FOLLOWED.includes(name) || !SECURITY.test(word))
            return [];
        return KNOWN.has(word) ? [name] : [`${word.slice(0, 3)}…`];
    });
    const refused = [...ofUrl, ...DEMANDING.filter((name) => !UNDEMANDING.includes(environment[name] ?? ''))];
    if (refused.length === 0)
        return;
    throw inputError `\`database-url\`, or a variable of libpq, asks for ${namesOf(refused)}, which the gate cannot keep. Leave it out. Accepted, in this spelling: ${trusted(FOLLOWED.join(', '))}. The strictest is \`sslmode=verify-full\` with \`channel_binding=require\`.`;
}

;// CONCATENATED MODULE: ./lib/postgres/misshapen-url.js

/** Explains why a text is no URL that the gate can read. Nothing of the text is shown: any part of it can be a secret. */
function describeMisshapen(url) {
    if (/^(jdbc:)?sqlite/i.test(url.trim())) {
        return msg `\`database-url\` is an SQLite URL. The gate reads DBOS system databases on Postgres: an SQLite file is on the machine that runs the application, and no runner can see it.`;
    }
    return msg `\`database-url\` is not a Postgres URL that the gate can read (its text is not shown, since it may hold a password). Accepted: postgresql://user:password@host:5432/database, the same with postgres://, postgresql+psycopg:// or jdbc:postgresql://. Characters such as @ / # ? in the password must be percent-encoded; or pass the password as \`database-password\`, where nothing is encoded.`;
}

;// CONCATENATED MODULE: ./lib/postgres/url-parts.js



const SHAPE = /^(?:jdbc:)?postgres(?:ql)?(?:\+[a-z0-9_]+)?:\/\/(?:(?<user>[^:@/?#]*)(?::(?<secret>[^@/?#]*))?@)?(?<hosts>[^@/?#]*)(?:\/(?<database>[^@/?#]*))?(?:\?(?<query>[^@#]*))?$/;
const HOST = /^(?<host>[A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]|%2[Ff][A-Za-z0-9._%-]*)(?::(?<port>\d*))?$/;
const SEVERAL_HOSTS = msg `\`database-url\` names several hosts. Name the primary alone.`;
/** Splits a URL. `user`, `secret`, `database` and `query` are still percent-encoded. */
function partsOf(url) {
    const groups = SHAPE.exec(url.trim())?.groups;
    if (groups === undefined)
        throw new InputError(describeMisshapen(url));
    const { user = '', secret = '', hosts = '', database = '', query = '' } = groups;
    if (hosts.includes(','))
        throw new InputError(SEVERAL_HOSTS);
    const address = HOST.exec(hosts)?.groups;
    if (address === undefined)
        throw new InputError(notAsExpected('host'));
    const host = decoded(address['host'] ?? '').replace(/^\[|\]$/g, '');
    return { user, secret, host, port: address['port'], database, query };
}
/** Says that a part of the URL cannot be what it stands for, without its text. */
function notAsExpected(part) {
    return msg `The ${trusted(part)} in \`database-url\` is not one (its text is not shown, since it may be a part of the password). If the password holds @ / : # or ?, percent-encode it, or pass it as \`database-password\`.`;
}
function readPort(text) {
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
        throw new InputError(notAsExpected('port'));
    return port;
}
function decoded(text) {
    const plain = tryDecoded(text);
    if (plain !== undefined)
        return plain;
    throw inputError `\`database-url\` holds a % that begins no percent-encoded character. Write %25 for a % in the password, or pass it as \`database-password\`.`;
}
/** Returns the text without percent-encoding; undefined where a `%` begins no encoded character. */
function tryDecoded(text) {
    try {
        return decodeURIComponent(text);
    }
    catch {
        return undefined;
    }
}

;// CONCATENATED MODULE: ./lib/postgres/url-parameters.js



/**
 * Reads the text after the `?` of a URL. A password can stand there with a raw `&` in it. So what follows a password
 * has to be a name and a value.
 *
 * @throws InputError when the text is no list of parameters.
 */
function readParameters(query) {
    const all = [];
    for (const pair of query.split('&').filter((text) => text !== '')) {
        const { name, value } = /^(?<name>[A-Za-z_][\w.-]*)(?:=(?<value>.*))?$/s.exec(pair)?.groups ?? {};
        const followsPassword = all.some(([earlier]) => /password$/i.test(earlier));
        if (name === undefined || (value === undefined && followsPassword)) {
            throw new InputError(notAsExpected('list of parameters'));
        }
        all.push([name, decoded(value ?? '')]);
    }
    const taken = new Set();
    return {
        all,
        take(...spellings) {
            for (const spelling of spellings)
                taken.add(spelling);
            const values = new Set(all.filter(([name]) => spellings.includes(name)).map(([, value]) => value));
            if (values.size > 1) {
                throw inputError `\`database-url\` has the parameter ${trusted(`\`${spellings[0]}\``)} twice, with two values, and drivers disagree which of them counts. Leave one out.`;
            }
            return values.values().next().value;
        },
        rest: () => [...new Set(all.map(([name]) => name))].filter((name) => !taken.has(name)),
    };
}

;// CONCATENATED MODULE: ./lib/postgres/url.js







/** Parameters that other drivers act on, and that cannot matter to the gate's own connection. */
const HARMLESS = ['application_name', 'fallback_application_name', 'connect_timeout', 'uselibpqcompat'];
/**
 * Reads a database URL in the spellings that DBOS's SDKs take: `postgres://`, `postgresql://`, SQLAlchemy's and
 * JDBC's. Parts that it omits come from the `PG*` variables.
 *
 * A mistyped URL can parse with a part of the password as the host or the database. So the shape is checked
 * strictly, and no error quotes text that could be a part of the password.
 *
 * @returns the configuration, and the number of URL parameters that were ignored.
 * @throws InputError when the URL has no known shape, is incomplete, or asks for security that the gate does not have.
 */
function readDatabaseUrl(inputs) {
    const { environment } = inputs;
    const { query, ...parts } = partsOf(inputs.url);
    const { all, take, rest } = readParameters(query);
    refuseOtherSecurity(all.map(([name]) => name), environment);
    /** A parameter wins over the part before the `?`, as in libpq, and both win over the variable. */
    const given = (name, part, variable) => {
        const value = take(name);
        const other = part || environment[variable] || undefined;
        if (value !== '' || other === undefined)
            return value ?? other;
        throw inputError `The parameter ${trusted(`\`${name}\``)} of \`database-url\` is empty, although the part before the ? or ${trusted(variable)} has a value for it, and drivers disagree which of them counts. Leave it out, or give it its value.`;
    };
    const password = onePassword(take('password') || decoded(parts.secret), inputs);
    const tls = readTlsSettings({ ...inputs, take });
    const user = given('user', decoded(parts.user), 'PGUSER');
    if (!user)
        throw new InputError(msg `\`database-url\` names no user. Add one to it, or set PGUSER.`);
    const host = given('host', parts.host, 'PGHOST') || 'localhost';
    if (host.includes(','))
        throw new InputError(SEVERAL_HOSTS);
    const config = {
        host,
        port: readPort(given('port', parts.port, 'PGPORT') || '5432'),
        user,
        passwordFile: inputs.passwordFile,
        password: inputs.passwordFile === undefined ? password || environment['PGPASSWORD'] || undefined : undefined,
        passfile: passfileOf(take('passfile'), environment),
        database: given('dbname', decoded(parts.database), 'PGDATABASE') || user,
        ...tls,
        requireChannelBinding: readChannelBinding(take('channel_binding') || environment['PGCHANNELBINDING']),
        schema: inputs.schema,
    };
    const ignored = rest().filter((name) => !HARMLESS.includes(name));
    return { database: config, ignoredParameters: ignored.length };
}
function onePassword(ofUrl, { password: ofInput, passwordFile }) {
    if (passwordFile !== undefined && (ofUrl || ofInput !== undefined)) {
        const other = trusted(ofInput === undefined ? 'a password in `database-url`' : '`database-password`');
        throw inputError `\`database-password-file\` and ${other} are both given. Pass one: the file for a password that changes.`;
    }
    if (ofInput === undefined || !ofUrl || ofInput === ofUrl)
        return ofInput ?? ofUrl;
    throw inputError `\`database-url\` and \`database-password\` carry two different passwords. Pass one.`;
}
function readChannelBinding(value) {
    if (!value || ['disable', 'prefer', 'require'].includes(value))
        return value === 'require';
    throw inputError `The \`channel_binding\` of \`database-url\`, or of PGCHANNELBINDING, is unknown. Accepted: disable, prefer or require.`;
}

;// CONCATENATED MODULE: ./lib/inputs.js










/** A text that `parse` reads. It returns undefined for anything but what is accepted. */
const parsedText = (parse, accepted) => schemas_string().transform((text, context) => {
    const parsed = parse(text);
    if (parsed !== undefined)
        return parsed;
    context.addIssue({ code: 'custom', message: accepted });
    return NEVER;
});
const inputs_duration = (shortestMs, shortest) => parsedText((text) => {
    const ms = durationMs(text);
    return ms !== undefined && ms >= shortestMs && ms <= LONGEST_TIMER_MS ? ms : undefined;
}, acceptedDuration(shortestMs > 0 ? `, from ${shortest}` : ''));
const acceptedDuration = (atLeast) => `a duration such as 90s, 30m, 2h, 1h30m or 500ms${atLeast}, below 25 days`;
const unset = literal('').transform(() => undefined);
const oneOf = (values) => schemas_enum(values, { error: `one of ${values.join(', ')}` });
/** A list has one item per line, or is a JSON array of strings. */
const inputs_list = parsedText(listItems, 'one item a line, or a JSON array of strings that are not empty');
const ignoreList = inputs_list.refine((patterns) => patterns.every((pattern) => !/^\**$/.test(pattern)), {
    error: 'names of workflows, one a line, with * for any text; a lone * would ignore everything',
});
const schemaName = schemas_string().refine((name) => name !== '' && Buffer.byteLength(name) <= 63 && !name.includes('\0'), {
    error: 'the name of a schema: 1 to 63 bytes, as it is, without quotes',
});
/** The inputs but secrets. The runner passes the defaults in `action.yml`, so an empty text was asked for. */
const plainInputs = {
    schema: schemaName,
    application: schemas_string(),
    'retire-version': inputs_list,
    'keep-version': inputs_list,
    mode: oneOf(MODES),
    timeout: inputs_duration(1000, '1s'),
    'on-timeout': oneOf(['fail', 'warn']),
    'poll-interval': union([unset, inputs_duration(100, '100ms')], { error: acceptedDuration(', from 100ms') }),
    'poll-timeout': inputs_duration(100, '100ms'),
    settle: inputs_duration(0, '0s'),
    // YAML's other words for booleans are refused: GitHub passes them on unchanged.
    'fail-fast': oneOf(['true', 'false']).transform((word) => word === 'true'),
    'stuck-after': inputs_duration(1000, '1s'),
    'ignore-workflows': ignoreList,
    'on-unknown': oneOf(['fail', 'pass']),
    'on-live': oneOf(['block', 'latest-only', 'ignore']),
    'on-unversioned': oneOf(['auto', 'block', 'ignore']),
};
/** Inputs whose values are never shown. */
const SECRET_INPUTS = ['database-url', 'database-password', 'database-password-file', 'tls-ca'];
/** Every input that the code reads. `action.yml` declares exactly these. */
const INPUT_NAMES = [...SECRET_INPUTS, ...Object.keys(plainInputs)];
/** Reads the inputs as the runner passes them. Nothing else reads inputs. */
function readRawInputs() {
    // A version name can end in blanks, and a password can consist of them, so nothing is trimmed here.
    return Object.fromEntries(INPUT_NAMES.map((name) => [name, getInput(name, { trimWhitespace: false })]));
}
/** @throws InputError that names every input that is wrong, its value unless secret, and what is accepted. */
function parseInputs(raw, context) {
    const problems = [];
    const trimmed = Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, value.trim()]));
    const parsed = object(plainInputs).safeParse(trimmed);
    for (const issue of parsed.error?.issues ?? []) {
        const name = String(issue.path[0]);
        problems.push(msg `The input ${trusted(`\`${name}\``)} is ${shown(trimmed[name])}. Accepted: ${trusted(issue.message)}.`);
    }
    const targets = attempt(problems, () => readTargets(trimmed));
    const settings = parsed.data;
    if (settings !== undefined && settings.settle > settings.timeout) {
        const [settle, timeout] = [shown(trimmed['settle']), shown(trimmed['timeout'])];
        problems.push(msg `The input \`settle\` is ${settle}, longer than \`timeout\`, which is ${timeout}. Accepted: a \`settle\` no longer than \`timeout\`.`);
    }
    const database = attempt(problems, () => readDatabase(raw, context));
    if (problems.length > 0 || settings === undefined || targets === undefined || database === undefined) {
        throw new InputError(joined(problems, '\n'));
    }
    return {
        ...database,
        gate: {
            targets,
            application: settings.application || undefined,
            mode: settings.mode,
            timeoutMs: settings.timeout,
            onTimeout: settings['on-timeout'],
            pollIntervalMs: settings['poll-interval'],
            pollTimeoutMs: settings['poll-timeout'],
            settleMs: settings.settle,
            failFast: settings['fail-fast'],
            stuckAfterMs: settings['stuck-after'],
            ignoreWorkflows: settings['ignore-workflows'],
            onUnknown: settings['on-unknown'],
            onLive: settings['on-live'],
            onUnversioned: settings['on-unversioned'],
        },
    };
}
/** The database URL from the input or the environment. It is masked before anything else is read. */
function databaseUrlOf(raw, context) {
    return raw['database-url']?.trim() || context.environment['DBOS_SYSTEM_DATABASE_URL']?.trim() || '';
}
/** The password without the line break that a command's output ends in; undefined when it is empty. */
function databasePasswordOf(raw) {
    return raw['database-password']?.replace(/\r?\n$/, '') || undefined;
}
function readDatabase(raw, context) {
    const url = databaseUrlOf(raw, context);
    if (url === '')
        throw new InputError(describeMissingUrl(context));
    return readDatabaseUrl({
        url,
        password: databasePasswordOf(raw),
        passwordFile: usablePasswordFile(raw['database-password-file']?.trim() ?? ''),
        tlsCa: readCa(raw['tls-ca']?.trim() ?? ''),
        schema: raw['schema']?.trim() ?? '',
        environment: context.environment,
        readFile: (path) => readTextFile(path, trusted('A file for TLS that `database-url` or a PGSSL variable names')),
    });
}
/** The path of a file that gives a password now. It is read again at each connection. */
function usablePasswordFile(path) {
    if (path === '')
        return undefined;
    try {
        readPasswordFile(path);
        return path;
    }
    catch (error) {
        throw inputError `The input \`database-password-file\` names no file that gives a password (${trusted(codeOf(error) ?? 'unknown')}). Accepted: the path of a file that holds the password alone, as UTF-8 text. Does a step before the gate write it? The password itself goes into \`database-password\`.`;
    }
}
function describeMissingUrl(context) {
    const base = msg `The input \`database-url\` is empty, and so is DBOS_SYSTEM_DATABASE_URL. Accepted: the URL of the DBOS system database, postgresql://user:password@host:5432/database.`;
    switch (context.withoutSecrets) {
        case 'fork':
            return msg `${base} This run is for a pull request from a fork, and GitHub passes no secrets to such runs: skip the gate there (if: github.event.pull_request.head.repo.full_name == github.repository).`;
        case 'dependabot':
            return msg `${base} This run was started by Dependabot, and GitHub passes it Dependabot's secrets only: add the URL there, or skip the gate (if: github.actor != 'dependabot[bot]').`;
        case undefined:
            return msg `${base} Is the secret defined for this repository, and for this job's environment?`;
    }
}
function readTargets(trimmed) {
    const { mode, 'retire-version': version = '', 'keep-version': keepVersion = '' } = trimmed;
    if (mode === 'preflight') {
        if (version === '' && keepVersion === '')
            return { kind: 'none' };
        throw inputError `The input \`mode\` is preflight, which judges no version, and \`retire-version\` or \`keep-version\` is set. Accepted: preflight without them, or another mode.`;
    }
    if (version !== '' && keepVersion !== '') {
        throw inputError `The inputs \`retire-version\` (${shown(version)}) and \`keep-version\` (${shown(keepVersion)}) exclude each other. Accepted: \`retire-version\` for the versions to retire, or \`keep-version\` for those that stay.`;
    }
    if (version === '' && keepVersion === '') {
        throw inputError `Neither \`retire-version\` nor \`keep-version\` is set. Accepted: \`retire-version\` with the versions to retire, one a line, or \`keep-version\` with those that stay, or the word latest.`;
    }
    if (version !== '')
        return { kind: 'named', versions: [...new Set(listItems(version) ?? [])] };
    if (keepVersion === 'latest')
        return { kind: 'all-but-latest' };
    const keep = listItems(keepVersion) ?? [];
    if (!keepVersion.startsWith('[') && keep.includes('latest')) {
        throw inputError `The input \`keep-version\` is ${shown(keepVersion)}. Accepted: the word latest alone, or names of versions; a version whose name is latest goes into a JSON array.`;
    }
    return { kind: 'all-but', keep: [...new Set(keep)] };
}
function listItems(text) {
    if (text.startsWith('[')) {
        return array(schemas_string().min(1)).min(1).safeParse(parsedJson(text)).data;
    }
    return text
        .split(/\r?\n/)
        .map((line) => line.trim())
        .filter((line) => line !== '');
}
function parsedJson(text) {
    try {
        return JSON.parse(text);
    }
    catch {
        return undefined;
    }
}
function readCa(text) {
    if (text === '')
        return undefined;
    if (holdsCertificates(text))
        return text;
    if (text.includes('\n') || text.includes('-----')) {
        throw inputError `The input \`tls-ca\` is no certificate that can be read. Accepted: PEM text from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, with its line breaks, or the path of such a file.`;
    }
    const pem = readTextFile(text, trusted('The file that `tls-ca` names'));
    if (!holdsCertificates(pem)) {
        throw inputError `The file that \`tls-ca\` names holds no certificate in PEM form that can be read.`;
    }
    return pem;
}
function readTextFile(path, what) {
    try {
        return (0,external_node_fs_namespaceObject.readFileSync)(path, 'utf8');
    }
    catch (error) {
        throw inputError `${what} cannot be read (${trusted(codeOf(error) ?? 'unknown')}). Is the path right, and was the repository checked out?`;
    }
}
function attempt(problems, read) {
    try {
        return read();
    }
    catch (error) {
        if (!(error instanceof InputError))
            throw error;
        problems.push(error.explanation);
        return undefined;
    }
}
function shown(value = '') {
    return value === '' ? trusted('empty') : namesOf([value]);
}

;// CONCATENATED MODULE: ./lib/postgres/url-secrets.js

/**
 * Returns every secret in what the user gave, raw and decoded, to be masked before the first line is printed. Never
 * throws: a mistyped or refused URL has to be masked as well.
 */
function secretsIn(url, password, environment) {
    const afterScheme = url.replace(/^[^/]*\/+/, '');
    const authority = afterScheme.includes('@') ? afterScheme.slice(0, afterScheme.lastIndexOf('@')) : '';
    const fromAuthority = authority.includes(':') ? authority.slice(authority.indexOf(':') + 1) : '';
    const inQuery = /[?&](?:ssl_?)?password=(?=(.*))([^&#]*)/gi;
    const fromQuery = [...url.matchAll(inQuery)].flatMap((match) => match.slice(1));
    const raw = [url, url.trim(), fromAuthority, ...fromQuery, password ?? '', environment['PGPASSWORD'] ?? ''];
    const all = raw.flatMap((secret) => [secret, ...secret.split(/\r?\n/), tryDecoded(secret) ?? '']);
    return [...new Set(all)].filter((secret) => secret.trim() !== '');
}

;// CONCATENATED MODULE: ./lib/report/activity-text.js


/** How many generations of children are described. The last one matters, and the workflow list has the others. */
const GENERATIONS = 3;
const FAR_MS = 10 * 365 * 24 * 3_600_000;
/** A workflow by its id, and by its name where it has one: `"order-7" ("checkout")`. */
function workflowNamed({ id, name }) {
    return name === null ? msg `${id}` : msg `${id} (${name})`;
}
/** What a workflow does or waits for, and when DBOS will cancel it; `now` is by the database's clock. */
function describeActivity(status, now, generations = GENERATIONS) {
    const { deadline } = status;
    const activity = describeWait(status, now, generations);
    if (deadline === null || deadline <= now)
        return activity;
    return msg `${activity}; DBOS cancels it at its deadline, ${trusted(momentText(deadline, now))}`;
}
function describeWait({ activity, progressAt }, now, generations) {
    const quiet = trusted(durationText(Math.max(1000, now - progressAt)));
    const at = (until) => trusted(`${momentText(until, now)} (${until > now ? `in ${farText(until - now)}` : 'now'})`);
    switch (activity.kind) {
        case 'running':
            return msg `at work, last seen to change ${quiet} ago`;
        case 'silent':
            return msg `no step has ended for ${quiet}: a long step, or its process is gone`;
        case 'sleeping':
            return msg `asleep until ${at(activity.until)}`;
        case 'message':
            return activity.until === null
                ? msg `waits for a message or an event, for ${quiet} now`
                : msg `waits until ${at(activity.until)}: asleep, or for a message or an event`;
        case 'timer':
            return msg `in a sleep, or in a wait with a timeout, for ${quiet} now: its SDK does not record until when`;
        case 'child': {
            const { child, status } = activity;
            const why = generations > 1 ? msg `: ${describeActivity(status, now, generations - 1)}` : trusted('');
            return msg `waits for its child ${workflowNamed(child)}${why}`;
        }
        case 'delayed':
            return activity.until === null
                ? trusted('delayed, without a time')
                : msg `delayed until ${at(activity.until)}${trusted(activity.debounced ? ', and debounced: each further call moves that' : '')}`;
        case 'overdue':
            return msg `its delay was over ${trusted(farText(now - activity.since))} ago, and no process has taken it up`;
        case 'queued':
            return describeQueue(activity, quiet);
    }
}
/** A row can hold any time. Beyond ten years the distance means nothing. */
function farText(milliseconds) {
    return milliseconds > FAR_MS ? 'more than ten years' : durationText(milliseconds);
}
function describeQueue(activity, quiet) {
    const { queue, moves, running, limit } = activity;
    if (limit === 0)
        return msg `in the queue ${queue}, whose concurrency limit is 0: nothing is taken from it`;
    const isFull = limit !== null && running >= limit;
    const runs = isFull
        ? trusted(`${running} of ${limit} running in all versions, its concurrency limit`)
        : trusted(`${running} running in all versions`);
    if (moves) {
        const rate = trusted(activity.rateLimited ? ', rate-limited' : '');
        return msg `in the queue ${queue}, behind others (${runs}${rate})`;
    }
    return isFull
        ? msg `in the queue ${queue}, which is full (${runs}) and has not moved for ${quiet}`
        : msg `in the queue ${queue}, from which nothing of its version was taken for ${quiet} (${runs})`;
}
const NEXT_STEPS = {
    running: 'let it finish',
    silent: 'look at what its code does after its last step; if its process is gone, start one of its version, or fork it',
    sleeping: 'let it wake in time, or cancel or fork it',
    message: 'send what it waits for, or cancel or fork it',
    timer: 'look at its code for how long it waits',
    overdue: 'start a process of its application',
};
function nextStepFor({ state, activity }) {
    if (activity.kind === 'queued')
        return nextStepInQueue(activity);
    if (activity.kind === 'child')
        return state === 'stuck' ? 'help its child first' : 'let its child finish';
    if (activity.kind !== 'delayed')
        return NEXT_STEPS[activity.kind];
    return activity.debounced
        ? 'stop the calls that delay it, or cancel it'
        : 'let its time come, shorten its delay, or cancel or fork it';
}
function nextStepInQueue({ moves, running, limit }) {
    if (limit === 0)
        return 'raise the limit of that queue, or cancel or fork it';
    if (moves)
        return 'let the queue drain';
    if (limit !== null && running >= limit)
        return 'help what runs from that queue, in whatever version, or raise its limit';
    return running > 0
        ? 'look at what runs from that queue: it may have all the workers; or start a process of its version, or fork it'
        : 'start a process of its version that listens to that queue, or fork it';
}

;// CONCATENATED MODULE: ./lib/report/forecast-report.js



const EARLIEST_ENDS_REPORTED = 5;
const ACTIVITIES_REPORTED = 30;
/** The forecast for one version, or for all, at `now` by the database's clock, in epoch milliseconds. */
function forecastReport(forecast, now) {
    const { trend, rate, left, notBefore, earliestEnds, states, arrived, withoutProcess } = forecast;
    return {
        trend,
        completedPerMinute: rate?.completedPerMinute ?? null,
        arrivedPerMinute: rate?.arrivedPerMinute ?? null,
        rateOverSeconds: rate === undefined ? null : rate.overMs / 1000,
        secondsLeft: left === undefined ? null : { likely: left.leftMs / 1000, from: left.fromMs / 1000, to: left.toMs / 1000 },
        notBefore: notBefore === undefined || notBefore <= now ? null : notBefore,
        earliestEnds: earliestEnds
            .slice(0, EARLIEST_ENDS_REPORTED)
            .map(({ name, ...earliestEnd }) => ({ ...earliestEnd, workflow: name })),
        ...states,
        arrivedRoots: arrived.roots,
        arrivedChildren: arrived.children,
        noProcessSeen: withoutProcess.length > 0,
    };
}
function activityReport(status, now) {
    if (status === undefined)
        return null;
    const { state, activity, progressAt } = status;
    return {
        state,
        kind: activity.kind,
        progressAt,
        until: 'until' in activity ? activity.until : null,
        child: activity.kind === 'child' ? activity.child.id : null,
        message: describeActivity(status, now),
        nextStep: nextStepFor(status),
    };
}
/** What the workflows that were last read in detail do or wait for: stuck ones first, then by count. */
function activitiesReport({ evaluation, forecast }) {
    const { detailScan } = forecast.history;
    if (detailScan === undefined)
        return { observedAt: null, items: [], omitted: 0 };
    const { observedAt, workflows, statuses } = detailScan;
    const blocking = workflows.flatMap((workflow) => {
        const status = statuses.get(workflow.id);
        return status !== undefined && blocksTarget(workflow, evaluation) ? [{ workflow, status }] : [];
    });
    const alike = Map.groupBy(blocking, ({ workflow: { name, queue, status: rowStatus }, status }) => JSON.stringify([status.state, status.activity.kind, name, rowStatus === 'ENQUEUED' ? queue : null]));
    const groups = [...alike.values()].map((group) => {
        const { workflow, status } = group.reduce((a, b) => (lasts(a.status) >= lasts(b.status) ? a : b));
        return {
            state: status.state,
            count: group.length,
            workflow: workflow.name,
            message: describeActivity(status, observedAt),
            nextStep: nextStepFor(status),
        };
    });
    const items = groups
        .sort((a, b) => WORKFLOW_STATES.indexOf(b.state) - WORKFLOW_STATES.indexOf(a.state) || b.count - a.count)
        .slice(0, ACTIVITIES_REPORTED);
    return { observedAt, items, omitted: groups.length - items.length };
}
/** Greater for what lasts longer: the end where it is known, or else how long nothing has changed. */
function lasts({ activity, progressAt }) {
    return 'until' in activity && activity.until !== null ? activity.until : -progressAt;
}

;// CONCATENATED MODULE: ./lib/report/forecast-text.js





/** A few workflows stand for all: this many are named. */
const NAMED = 3;
/** The forecast in short, for a line of the log: `12 ended and 2 new per minute`. */
function forecastParts(forecast, now) {
    const { trend, rate, left, notBefore, states, withoutProcess } = forecast;
    if (trend === 'idle')
        return [];
    const isAhead = notBefore !== undefined && notBefore > now;
    const ended = rate?.completedPerMinute ?? 0;
    const arrived = rate?.arrivedPerMinute ?? 0;
    return [
        ...(ended > 0 || arrived > 0
            ? [`${perMinute(ended)} ended${arrived > 0 ? ` and ${perMinute(arrived)} new` : ''} per minute`]
            : []),
        ...(trend === 'not-converging' ? ['not converging'] : []),
        ...(trend === 'stalled' ? ['nothing has ended recently'] : []),
        // The estimate, or the certain bound where there is none.
        ...(left !== undefined ? [leftText(left)] : isAhead ? [`not before ${momentText(notBefore, now)}`] : []),
        ...(states.stuck > 0 ? [`${message_number(states.stuck)} stuck`] : []),
        ...(withoutProcess.length > 0 ? ['no sign of a process'] : []),
    ];
}
/** `about 12m to go (8m to 20m)`. */
function leftText({ leftMs, fromMs, toMs }) {
    const [left, from, to] = [leftMs, fromMs, toMs].map((each) => durationText(forecast_text_rounded(each)));
    return `about ${left} to go${from === to ? '' : ` (${from} to ${to})`}`;
}
/** Rounds an estimate: to five seconds, from five minutes on to minutes, and from four hours on to ten minutes. */
function forecast_text_rounded(milliseconds) {
    const unit = milliseconds < 300_000 ? 5000 : milliseconds < 4 * 3_600_000 ? 60_000 : 600_000;
    return Math.max(unit, Math.round(milliseconds / unit) * unit);
}
function perMinute(rate) {
    return rate >= 10 || rate === 0 ? message_number(Math.round(rate)) : String(Number(rate.toPrecision(2)));
}
/** The forecast in sentences; none where nothing is in flight. In a hold they explain the lack of an estimate. */
function describeForecast(forecast, newTopLevel, now, isHold) {
    const { trend, rate, states, left } = forecast;
    if (trend === 'idle')
        return [];
    return [
        ...(rate === undefined ? [] : [paceSentence(rate)]),
        ...(isHold ? estimateSentence(forecast) : []),
        ...forecast_text_outlook(forecast, newTopLevel, now).map(({ message }) => message),
        ...(states.stuck > 0 ? [stuckSentence(states.stuck, left !== undefined)] : []),
        ...(states.notScanned > 0
            ? [msg `What each waits for was read of the oldest, and not of ${counted(states.notScanned, 'other')}.`]
            : []),
    ];
}
/** What a person has to know while it drains. */
function forecast_text_outlook({ trend, arrived, hasTraffic, earliestEnds, notBefore, withoutProcess }, newTopLevel, now) {
    const messages = {
        'not converging': trend === 'not-converging' ? notConverging(arrived, newTopLevel) : undefined,
        arriving: trend !== 'not-converging' && hasTraffic
            ? msg `${createdRoots(arrived.roots, newTopLevel)}: some traffic still comes here.`
            : undefined,
        bound: notBefore !== undefined && notBefore > now ? earliestEndMessage(notBefore, earliestEnds[0], now) : undefined,
        withoutProcess: withoutProcess.length > 0
            ? msg `No process of ${namesOf(withoutProcess.map(versionName))} seems to run: queued work is not taken, and nothing of it has changed for \`stuck-after\`. Start a process of that version, or cancel or fork what is left.`
            : undefined,
    };
    return Object.entries(messages).flatMap(([key, message]) => (message === undefined ? [] : { key, message }));
}
function paceSentence({ completedPerMinute: ended, arrivedPerMinute: arrived, overMs }) {
    const isQuiet = ended === 0 && arrived === 0;
    const pace = `${perMinute(ended)} ended and ${perMinute(arrived)} arrived per minute,`;
    return trusted(`${isQuiet ? 'Nothing has ended or arrived' : pace} over the last ${durationText(overMs)}.`);
}
/** How many are stuck, and whether an estimate covers the others only. */
function stuckSentence(stuck, hasEstimate) {
    return msg `${counted(stuck, 'workflow')} ${trusted(stuck === 1 ? 'is' : 'are')} stuck: no progress for \`stuck-after\`, and no known time at which they go on${trusted(hasEstimate ? '; the estimate leaves them out' : '')}.`;
}
function estimateSentence({ trend, left, series }) {
    if (left !== undefined)
        return [msg `Estimate: ${trusted(leftText(left))}.`];
    if (trend === 'too-early')
        return [trusted('Too little has ended for an estimate.')];
    if (trend !== 'stalled')
        return [];
    const since = series.endedAtMs === undefined ? 'since the gate began' : 'recently';
    return [trusted(`Nothing has ended ${since}, so there is no estimate.`)];
}
function notConverging({ total, roots, children }, newTopLevel) {
    const reasons = [trusted('The drain is not converging: as much arrives as ends.')];
    if (roots > 0)
        reasons.push(msg `${createdRoots(roots, newTopLevel)}: traffic has not moved off.`);
    if (children > 0) {
        const were = trusted(wasOrWere(children));
        reasons.push(msg `${counted(children, 'child workflow')} ${were} started by others; that ends with those that start them.`);
    }
    if (roots + children === 0) {
        reasons.push(msg `${counted(total, 'workflow')} arrived since the gate began${rootNames(newTopLevel)}. Is traffic still sent here? This schema does not tell which of them other workflows started.`);
    }
    return joined(reasons);
}
function createdRoots(roots, newTopLevel) {
    return msg `${counted(roots, 'workflow')} without a parent ${trusted(wasOrWere(roots))} created since the gate began${rootNames(newTopLevel)}`;
}
function wasOrWere(count) {
    return count === 1 ? 'was' : 'were';
}
function rootNames(roots) {
    const names = [...new Set(roots.map(({ name }) => name ?? '(no name)'))];
    return names.length > 0 ? msg `, most often ${namesOf(names, names.length, NAMED)}` : trusted('');
}
function earliestEndMessage(notBefore, latest, now) {
    const when = `Drained at ${momentText(notBefore, now)} at the earliest, in ${durationText(notBefore - now)}`;
    if (latest?.until !== notBefore)
        return trusted(`${when}.`);
    return msg `${trusted(when)}: ${workflowNamed(latest)} is ${trusted(forecast_text_stateOf(latest))} until then.`;
}
function forecast_text_stateOf({ because }) {
    return because === 'sleeping' ? 'asleep' : 'delayed';
}
/** Why `wait` ended with `cannot-drain`: which workflows outlast the timeout, until when, and what helps. */
function describeCannotDrain(beyond, now) {
    // `"order-7" ("checkout") is asleep until 14:05 UTC`.
    const named = beyond.earliestEnds
        .slice(0, NAMED)
        .map((end) => msg `${workflowNamed(end)} is ${trusted(`${forecast_text_stateOf(end)} until ${momentText(end.until, now)}`)}`);
    const more = trusted(beyond.earliestEnds.length > named.length ? ' and others' : '');
    const who = named.length > 0
        ? msg `${joined(named, ', ')}${more}`
        : trusted(`there are workflows that are delayed until ${momentText(beyond.notBefore, now)}`);
    const reaching = beyond.neededMs <= HOSTED_JOB_LIMIT_MS
        ? msg `It takes a \`timeout\` of ${trusted(durationInput(beyond.neededMs))} to reach the last of them, and more for what they do then.`
        : msg `The last of them is out of reach of a job on GitHub's runners, which ends after six hours: run the gate on a schedule, in mode \`report\`.`;
    return msg `The timeout is at ${trusted(momentText(beyond.deadline, now))}, and ${who}. ${reaching} To be quicker, cancel or fork them. \`ignore-workflows\` names workflows that may be stranded, and \`fail-fast: false\` holds all the same.`;
}

;// CONCATENATED MODULE: ./lib/report/markdown.js


/** A message in Markdown. Untrusted parts become inert code; backticks in trusted text keep their meaning. */
function markdown(message) {
    return message
        .map((part) => {
        if (typeof part === 'string')
            return part.replaceAll('<', '&lt;');
        return 'untrusted' in part ? code(part.untrusted) : code(part.command, COMMAND_CHARACTERS);
    })
        .join('');
}
/** Where GitHub would find links in what character references stand for. An invisible comment ends the text there. */
const LINKED = /(?=@)|(?<=:)(?=\/)|(?<=www)(?=\.)/i;
/** Untrusted text as inline code: character references leave no Markdown, HTML, mention or link to be found in it. */
function code(text, maximum) {
    const parts = visible(text, maximum)
        .split(LINKED)
        .map((part) => part.replace(/[^\p{L}\p{N}\p{M} -]/gu, (character) => `&#${character.codePointAt(0)};`));
    return `<code>${parts.join('<!-- -->')}</code>`;
}
/** A fenced block, with a fence longer than any in the text. Characters that could act are shown as escapes. */
function codeBlock(language, lines) {
    const text = lines.map((line) => visible(line, Number.POSITIVE_INFINITY)).join('\n');
    const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
    const fence = '`'.repeat(Math.max(3, longest + 1));
    return `${fence}${language}\n${text}\n${fence}`;
}
/** A name that some rows lack: that of a workflow in older ones. */
function nameOf(name, without = '(no name)') {
    return name === null ? without : code(name);
}
/** What stands for the version of what runs without one. */
const NO_VERSION = `*${versionName(null)}*`;
function quoteBlock(message) {
    return markdown(message).replace(/^/gm, '> ');
}
/** A table of these columns, by their heads, without those that are empty in every row. Numbers stand on the right. */
function table(rows, columns) {
    const used = Object.entries(columns)
        .map(([head, cellOf]) => ({ head, cells: rows.map(cellOf) }))
        .filter(({ cells }) => cells.some((cell) => cell !== ''));
    const textOf = (cell = '') => (typeof cell === 'number' ? message_number(cell) : cell);
    const line = (cells) => `| ${cells.map(textOf).join(' | ')} |`;
    return [
        line(used.map(({ head }) => head)),
        line(used.map(({ cells }) => (typeof cells[0] === 'number' ? '---:' : '---'))),
        ...rows.map((_, row) => line(used.map(({ cells }) => cells[row]))),
    ].join('\n');
}
/** `And 3 more versions.`, or nothing. */
function more(count, noun) {
    return count > 0 ? `And ${message_number(count)} more ${noun}${count === 1 ? '' : 's'}.` : '';
}
/** Paragraphs and other blocks in their order, but for empty ones. */
function blocks(...texts) {
    return texts.filter((text) => text !== '').join('\n\n');
}

;// CONCATENATED MODULE: ./lib/report/found.js



const found_VERSIONS_SHOWN = 50;
/** Returns what the application has here: registered versions, the newest first, and then what else is in flight. */
function foundIn({ contents, registered, registrations, inFlight, latest }) {
    const names = new Set([...registered.map(({ version }) => version), ...inFlight.keys()]);
    const versions = [...names].map((version) => {
        const work = inFlight.get(version);
        const { pending, enqueued, delayed } = work ?? NO_WORKFLOWS;
        const registration = version === null ? undefined : registrations.get(version);
        return {
            version,
            application: registration?.application ?? work?.application ?? null,
            registered: registration !== undefined,
            latest: version !== null && latest.has(version),
            ...{ pending, enqueued, delayed },
            ignored: work?.ignored ?? 0,
        };
    });
    return { applications: contents.owners, versions };
}
/** `- "2.0.0" (latest): 3 in flight (2 pending, 1 delayed)`, a line per version. */
function foundLines({ versions }) {
    const lines = versions.slice(0, found_VERSIONS_SHOWN).map((each) => {
        const count = total(each);
        const work = count > 0 ? `${count} in flight (${describeCounts(each)})` : 'nothing in flight';
        const ignored = each.ignored > 0 ? `, ${each.ignored} ignored` : '';
        return `- ${each.version === null ? 'without a version' : quotedName(each.version)}${standing(each)}: ${work}${ignored}`;
    });
    const left = versions.length - lines.length;
    return left > 0 ? [...lines, `- and ${left} more`] : lines;
}
/** The same, as a section of the summary. */
function foundSection(found) {
    if (found === null || found.versions.length === 0)
        return '';
    const shown = found.versions.slice(0, found_VERSIONS_SHOWN);
    return blocks('### What is here', table(shown, {
        Version: (each) => `${nameOf(each.version, NO_VERSION)}${standing(each)}`,
        Application: ({ application }) => nameOf(application, ''),
        Pending: ({ pending }) => pending,
        Enqueued: ({ enqueued }) => enqueued,
        Delayed: ({ delayed }) => delayed,
        Ignored: ({ ignored }) => ignored,
    }), more(found.versions.length - shown.length, 'version'));
}
function standing({ version, registered, latest }) {
    if (latest)
        return ' (latest)';
    return registered || version === null ? '' : ' (not registered)';
}

;// CONCATENATED MODULE: ./lib/report/warnings.js







/** DBOS's constant version of applications that use patching instead of versions. */
const PATCHING_VERSION = 'PATCHING_ENABLED';
/** A system database without a write for this long is idle, or a copy. In milliseconds. */
const QUIET_DATABASE_MS = 24 * 60 * 60 * 1000;
/** A latest version that registered this long before the gate started is most often the old one. In milliseconds. */
const LAUNCHED_LONG_AGO_MS = 60 * 60 * 1000;
function configurationWarnings(config) {
    return [outlastsJob(config), withoutSettling(config)].filter((warning) => warning !== undefined);
}
/** A secret that is shorter than this stands in texts by chance. In characters. */
const LONG_ENOUGH = 4;
/**
 * Where outputs hold a masked secret: the runner then does not set an output of the job (`FinalizeJob` in its source).
 *
 * @param names The outputs that hold one, or can.
 * @param shortestLength The length of the shortest secret, in characters.
 */
function maskedOutputs(names, shortestLength) {
    if (names.length === 0 && (shortestLength === undefined || shortestLength >= LONG_ENOUGH))
        return [];
    const where = names.length > 0
        ? msg `stands in these outputs by chance, or can: ${trusted(names.map((name) => `\`${name}\``).join(', '))}`
        : msg `has fewer than ${LONG_ENOUGH} characters, so it can stand in any output by chance`;
    return [
        msg `The database password ${where}. GitHub does not pass an output that holds a secret to other jobs: they get an empty text. The steps of this job still get the value. Use a longer password that is no part of a word or a number.`,
    ];
}
/** What a person should know besides the verdict. None of it blocks. */
function warningsOf(evaluation) {
    const { index } = evaluation;
    if (index === undefined)
        return [];
    return [
        formerNames(evaluation),
        newerSchema(evaluation),
        nothingRegistered(index),
        withoutParents(index),
        patching(evaluation),
        passed(evaluation),
        emptyVersion(index),
        ...evaluation.targets.map(failedWorkflows),
        stranded(evaluation),
        quietDatabase(evaluation, index),
    ].filter((warning) => warning !== undefined);
}
/** In `wait` with `latest`: the version that stays is not one that has just been launched. */
function launchWarnings(config, { evaluation, forecast }) {
    const { index, state } = evaluation;
    const { startedAt } = forecast.history;
    if (config.mode !== 'wait' || config.targets.kind !== 'all-but-latest')
        return [];
    const times = (state.kept ?? []).flatMap((version) => index?.registrations.get(version)?.timestamp ?? []);
    if (startedAt === undefined || times.length === 0)
        return [];
    const agoMs = startedAt - Math.max(...times);
    if (agoMs <= LAUNCHED_LONG_AGO_MS)
        return [];
    return [
        msg `The latest version, ${namesOf(state.kept ?? [])}, registered ${trusted(durationText(agoMs))} before the gate started. Has the new version been launched? A deploy names the version that it keeps, in \`keep-version\`.`,
    ];
}
/** The other applications that may be former names of this one. */
function formerNames({ otherApplications }) {
    const formers = otherApplications.filter(({ mayBeFormerName }) => mayBeFormerName);
    return formers.length === 0 ? undefined : explainFormerNames(formers);
}
function outlastsJob({ mode, timeoutMs }) {
    if (mode !== 'wait' || timeoutMs <= HOSTED_JOB_LIMIT_MS)
        return undefined;
    return msg `\`timeout\` is longer than the six hours after which GitHub ends a job on its own runners: such a job ends without a verdict.`;
}
function withoutSettling({ settleMs }) {
    if (settleMs > 0)
        return undefined;
    return msg `\`settle\` is \`0s\`: one poll is believed, so short workflows that start and end between polls go unnoticed.`;
}
function newerSchema({ snapshot: { database } }) {
    if (!isNewerThanKnown(database))
        return undefined;
    return msg `The schema (migration ${trusted(`${database.migration}`)}) is newer than this release of dbos-drain-gate knows (${trusted(`${NEWEST_KNOWN_MIGRATION}`)}). Look for a newer release.`;
}
function nothingRegistered({ contents, registered }) {
    if (contents.newestWriteAt === undefined) {
        const row = trusted(registered.length > 0 ? 'a workflow' : 'a row');
        return msg `These DBOS tables have never held ${row}: is this the right database, and the right \`schema\`?`;
    }
    if (registered.length > 0)
        return undefined;
    return msg `No application version is registered here (SDKs before TypeScript 4.10, Python 2.14, Java 0.8 and Go 0.15 register none), so the gate cannot tell the latest version: that a target is still the latest, or still receives new work, goes unnoticed.`;
}
function withoutParents({ contents }) {
    if (contents.newestRoots?.showsParents !== false)
        return undefined;
    return msg `This schema does not show which workflows are children (SDKs before TypeScript 4.10, Python 2.14, Java 0.8 and Go 0.15): that a target which is not the latest still receives new work goes unnoticed.`;
}
function patching({ targets }) {
    if (!targets.some(({ version }) => version === PATCHING_VERSION))
        return undefined;
    return msg `${PATCHING_VERSION} is the constant version of applications that use patching: every deployment carries it, so draining it means nothing.`;
}
function passed({ targets }) {
    const versions = targets.filter(({ known, blockers }) => !known && !blockers.some(isUnknown));
    if (versions.length === 0)
        return undefined;
    return msg `Never seen here, and passed because of \`on-unknown: pass\`: ${namesOfVersions(versions)}.`;
}
function isUnknown({ kind }) {
    return kind === 'unknown-version';
}
function emptyVersion({ inFlight }) {
    const count = total(inFlight.get('') ?? NO_WORKFLOWS);
    if (count === 0)
        return undefined;
    const [carry, them] = count === 1 ? ['carries', 'it'] : ['carry', 'them'];
    return msg `${counted(count, 'workflow')} in flight ${trusted(carry)} an empty application version and ${trusted(count === 1 ? 'waits' : 'wait')} in a queue or for a delay: only a process without a version takes ${trusted(them)}, such as one of Go that cannot read its own binary. Fork or cancel ${trusted(them)} if none runs.`;
}
function failedWorkflows({ version, failed }) {
    if (failed === undefined)
        return undefined;
    const { cancelled, deadLettered } = failed;
    const parts = Object.entries({ cancelled, 'dead-lettered': deadLettered })
        .filter(([, count]) => count > 0)
        .map(([what, count]) => `${count} ${what}`);
    const noun = cancelled + deadLettered === 1 ? 'workflow' : 'workflows';
    return msg `${versionName(version)} has at least ${trusted(`${parts.join(' and ')} ${noun}`)}: to resume one, a process of that version is needed.`;
}
function stranded({ targets }) {
    const ignoring = targets.filter(({ ignored }) => ignored > 0);
    if (ignoring.length === 0)
        return undefined;
    const count = ignoring.reduce((sum, { ignored }) => sum + ignored, 0);
    const versions = namesOfVersions(ignoring);
    return msg `${counted(count, 'workflow')} matched by \`ignore-workflows\` will be stranded when ${versions} ${trusted(ignoring.length === 1 ? 'is' : 'are')} torn down.`;
}
function quietDatabase({ snapshot }, { contents, registered }) {
    const writes = [contents.newestWriteAt, registered[0]?.timestamp].filter((time) => time !== undefined);
    const quietMs = snapshot.observedAt - Math.max(...writes);
    if (writes.length === 0 || quietMs <= QUIET_DATABASE_MS)
        return undefined;
    const days = counted(Math.floor(quietMs / QUIET_DATABASE_MS), 'day');
    return msg `Nothing has been written to this system database for ${days}. A restored copy looks just like this: is it the live database?`;
}

;// CONCATENATED MODULE: ./lib/report/model.js












const WORKFLOWS_REPORTED = 50;
/** A run that failed before its first poll. */
function failedRun(failure, config, schema = '') {
    const nothing = { first: undefined, last: undefined, waitedMs: 0, polls: 0, failedPolls: 0 };
    return { verdict: 'error', failure, config, schema, ...nothing };
}
const NOTHING_EXPECTED = { forecast: null, outlook: { brief: '', sentences: [] } };
const NOTHING_LISTED = { items: [], omitted: 0 };
/** Before the first poll that decides anything. */
const NOTHING_SEEN = {
    ...NOTHING_EXPECTED,
    observedAt: null,
    database: null,
    found: null,
    inFlight: 0,
    unversioned: 0,
    blockers: [],
    pastDeadline: null,
    versions: [],
    newTopLevel: [],
    history: [],
    drainedVersions: [],
    drainingVersions: [],
    newVersion: null,
    otherApplications: [],
    groups: NOTHING_LISTED,
    activities: { observedAt: null, ...NOTHING_LISTED },
    workflows: NOTHING_LISTED,
    firstToUnblock: null,
};
/** The report of a run. It explains, counts and chooses everything that a renderer shows. */
function runReportOf(run) {
    const { verdict, failure, config, first, last, waitedMs, polls, failedPolls } = run;
    const seen = last === undefined ? NOTHING_SEEN : seenAt(last, run);
    return {
        ...seen,
        schemaVersion: 1,
        verdict,
        conclusion: config === undefined ? 'fail' : conclusionOf(verdict, config),
        headline: headlineOf(run, seen),
        drained: verdict === 'drained',
        mode: config?.mode ?? null,
        application: config?.application ?? null,
        outdated: failure !== undefined && last !== undefined,
        waitedSeconds: waitedMs / 1000,
        polls,
        failedPolls,
        inFlightAtFirst: first === undefined ? 0 : inFlightOnAll(first.evaluation.targets),
        blockers: failure === undefined ? seen.blockers : [{ kind: 'failure', message: failure }],
        warnings: [
            ...(config === undefined ? [] : configurationWarnings(config)),
            // After a failure, what an earlier poll saw is no reason to warn.
            ...(failure !== undefined || last === undefined ? [] : warningsOf(last.evaluation)),
            ...(config === undefined || last === undefined ? [] : launchWarnings(config, last)),
        ],
    };
}
/** Versions in the order in which they are shown: what blocks most comes first. */
function blockedFirst(versions) {
    return versions.toSorted((a, b) => Number(a.drained) - Number(b.drained) || b.inFlight - a.inFlight);
}
/** It held, so that there is a course to show, or a reason why none can be shown. */
function isWatched({ mode, polls }) {
    return mode === 'wait' && polls > 1;
}
/** The answer in a sentence that a person understands without knowing the gate. */
function headlineOf({ verdict, config, waitedMs, last }, seen) {
    const targets = seen.versions;
    const inFlight = counted(seen.inFlight, 'workflow');
    const waited = trusted(durationText(waitedMs));
    const unknownKept = last?.evaluation.gate.find((each) => each.kind === 'kept-version-unknown');
    const blocked = targets.filter(({ drained }) => !drained);
    const blockedNames = namesOfVersions(blocked);
    switch (verdict) {
        case 'drained':
            return msg `Safe to retire ${namesOfVersions(targets)}: nothing in flight, and nothing started for ${trusted(durationText(config?.settleMs ?? 0))}.`;
        case 'no-target':
            return config?.targets.kind === 'none'
                ? preflightHeadline(last)
                : noTargetHeadline(config, last, seen.otherApplications);
        case 'in-flight':
            return targets.length === 0
                ? msg `Not safe to retire anything: work without a version, or work that is about to appear, could need a version that is not seen yet.`
                : msg `Not safe to retire ${blockedNames}: ${inFlight} in flight${otherReasons(blocked)}.`;
        case 'still-live':
            return msg `Not safe to retire ${blockedNames}: new work is still sent there${otherReasons(blocked)}.`;
        case 'cannot-drain':
            return msg `Cannot drain before the timeout: ${inFlight} in flight on ${blockedNames}, and not all can end by then.`;
        case 'timed-out':
            return targets.length === 0
                ? msg `No answer after ${waited}: nothing is there to retire, and something could still make it so.`
                : msg `Not drained after ${waited}: ${inFlight} still in flight on ${blockedNames}${otherReasons(blocked)}.`;
        case 'unknown-version':
            return unknownKept !== undefined
                ? msg `No answer: a version to keep is not known here: ${namesOf(unknownKept.versions)}.`
                : msg `No answer: ${trusted(config?.application === undefined
                    ? 'this system database has never seen'
                    : 'this application has never used')} ${namesOfVersions(targets.filter(model_isUnknown))}.`;
        case 'cancelled':
            return targets.length === 0
                ? msg `Cancelled after ${waited}, before there was an answer.`
                : msg `Cancelled after ${waited}, before there was an answer: ${inFlight} in flight on ${namesOfVersions(targets)}.`;
        case 'error':
            return config === undefined
                ? msg `No answer: the inputs are not right, and nothing was looked at.`
                : msg `No answer: the gate could not poll, or could not trust what it saw. Do not tear anything down.`;
    }
}
function preflightHeadline(last) {
    const registered = last?.evaluation.index?.registered ?? [];
    const latest = registered[0] === undefined ? trusted('') : msg `; the latest is ${registered[0].version}`;
    return msg `The gate can work here: it may read all that it needs, and ${counted(registered.length, 'version')} ${trusted(registered.length === 1 ? 'is' : 'are')} registered${latest}. No version was judged.`;
}
/** What there is in place of a target, what that means, and what to do. */
function noTargetHeadline(config, last, others) {
    const formers = others.filter(({ mayBeFormerName }) => mayBeFormerName).map(({ name }) => name);
    if (formers.length > 0) {
        return msg `Nothing to retire under this name of the application, but work is in flight under what may be a former name: ${namesOf(formers)}.`;
    }
    const kept = namesOf(last?.evaluation.state.kept ?? []);
    const found = msg `Nothing to retire: no version but ${kept} is registered, in flight or recently started.`;
    if (config?.targets.kind !== 'all-but-latest') {
        return msg `${found} Is an old version still deployed? Then check \`database-url\`, \`schema\` and \`application\`.`;
    }
    return msg `${found} Has the new version launched, and is this the system database that it uses? Do not tear ${kept} down: it is the latest version. To keep a version that you know, name it in \`keep-version\` instead of latest.`;
}
function model_isUnknown({ blockers }) {
    return blockers.some(({ kind }) => kind === 'unknown-version');
}
/** What runs without a version has no name to tear down by. */
function model_namedVersions(versions) {
    return versions.flatMap(({ version }) => version ?? []);
}
function otherReasons(blocked) {
    const reasons = [...new Set(blocked.flatMap((version) => version.reasons))];
    return trusted(reasons.length > 0 ? `; ${reasons.join(', ')}` : '');
}
function seenAt(last, run) {
    const { evaluation, forecast } = last;
    const { snapshot, index, targets } = evaluation;
    const { observedAt } = snapshot;
    const { serverVersion, migration } = snapshot.database;
    const pastDeadline = run.verdict === 'cannot-drain' ? forecast.pastDeadline : undefined;
    const versions = targets.map((target) => versionReport(target, pastDeadline, last, run));
    return {
        observedAt,
        database: { serverVersion, schema: run.schema, migration: migration ?? null },
        found: run.config?.mode === 'preflight' && index !== undefined ? foundIn(index) : null,
        inFlight: inFlightOnAll(targets),
        unversioned: evaluation.unversioned,
        blockers: blockersOfAll(evaluation).map((each) => blockerReport(each)),
        pastDeadline: pastDeadline === undefined ? null : describeCannotDrain(pastDeadline, observedAt),
        versions,
        ...expected(index && forecast.total, forecast.newTopLevel, observedAt, run),
        newTopLevel: forecast.newTopLevel.map(({ name, ...created }) => ({ ...created, workflow: name })),
        history: forecast.total.series.points.map(({ atMs, pending, enqueued, delayed }) => {
            return { seconds: atMs / 1000, pending, enqueued, delayed };
        }),
        drainedVersions: model_namedVersions(versions.filter(({ drained }) => drained)),
        drainingVersions: model_namedVersions(versions.filter(({ drained }) => !drained)),
        newVersion: newVersionOf(evaluation),
        otherApplications: evaluation.otherApplications.map(({ name, mayBeFormerName, inFlight }) => {
            return { name, mayBeFormerName, inFlight };
        }),
        groups: blockingGroups(evaluation),
        activities: activitiesReport(last),
        ...workflowsReport(last, pastDeadline),
    };
}
function versionReport(target, pastDeadline, { evaluation, forecast }, run) {
    const { version, settledForMs, blockers, unknownStatus, failed, ...shown } = target;
    const drain = forecast.targets.get(version);
    const isPastDeadline = pastDeadline !== undefined && (drain?.notBefore ?? 0) > pastDeadline.deadline;
    const newTopLevel = forecast.newTopLevel.filter((each) => each.version === version);
    return {
        ...shown,
        version,
        drained: shown.drained && run.failure === undefined,
        idleSeconds: settledForMs === undefined ? null : settledForMs / 1000,
        blockers: [...evaluation.gate, ...blockers].map((each) => blockerReport(each, isPastDeadline)),
        reasons: shortNames(blockers),
        ...expected(drain, newTopLevel, evaluation.snapshot.observedAt, run),
    };
}
/** The forecast for one version, or for all of them: for programs and for people. */
function expected(forecast, newTopLevel, now, { config, polls }) {
    if (forecast === undefined)
        return NOTHING_EXPECTED;
    const isHold = config !== undefined && isWatched({ mode: config.mode, polls });
    return {
        forecast: forecastReport(forecast, now),
        outlook: {
            brief: forecastParts(forecast, now).join('; '),
            sentences: describeForecast(forecast, newTopLevel, now, isHold),
        },
    };
}
/** The oldest workflows that block, and the one to unblock first. */
function workflowsReport({ evaluation, forecast }, pastDeadline) {
    const { index, snapshot } = evaluation;
    if (index === undefined)
        return { workflows: NOTHING_LISTED, firstToUnblock: null };
    const { workflows } = index.contents;
    const blocking = workflows.items.filter((workflow) => blocksTarget(workflow, evaluation));
    const shown = blocking.slice(0, WORKFLOWS_REPORTED);
    const first = firstToUnblock(shown, forecast.statuses, pastDeadline?.earliestEnds[0]);
    return {
        workflows: {
            items: shown.map(({ name, ...workflow }) => ({
                ...workflow,
                workflow: name,
                activity: activityReport(forecast.statuses.get(workflow.id), snapshot.observedAt),
            })),
            omitted: blocking.length - shown.length + omittedFrom(workflows, evaluation),
        },
        firstToUnblock: first?.id ?? null,
    };
}
function blockerReport(blocker, pastDeadline = false) {
    return { kind: blocker.kind, message: explainBlocker(blocker, pastDeadline) };
}

;// CONCATENATED MODULE: ./lib/report/annotations.js




/** GitHub shows ten annotations of each level per step. One is for "and N more", and one for the warnings. */
const TARGETS_SHOWN = 8;
/** GitHub cuts a message at 4,096 characters; the log keeps it whole. */
const MESSAGE_CHARACTERS = 4000;
/** The run's annotations: one per target with a title, or one for what blocks the whole gate; then the warnings. */
function annotationsOf(report) {
    const level = report.conclusion === 'pass' ? 'notice' : report.conclusion === 'warn' ? 'warning' : 'error';
    const annotations = verdictAnnotations(report, level);
    if (report.warnings.length === 0)
        return annotations;
    const title = 'dbos-drain-gate: before you act on this';
    return [...annotations, { level: 'warning', title, message: messageOf(joined(report.warnings, '\n')) }];
}
function verdictAnnotations(report, level) {
    const { verdict, headline, blockers, pastDeadline } = report;
    const targets = report.versions;
    if (blockers.length > 0 || targets.length === 0 || verdict === 'cancelled') {
        const message = messageOf(joined([...blockers.map((each) => each.message), headline], '\n'));
        return [{ level, title: `dbos-drain-gate: ${verdict}`, message }];
    }
    const title = 'dbos-drain-gate: cannot-drain';
    const first = pastDeadline === null ? [] : [{ level, title, message: messageOf(pastDeadline) }];
    // "And N more" is about what blocks least.
    const targetsShown = blockedFirst(targets)
        .slice(0, TARGETS_SHOWN - first.length)
        .map((target) => targetAnnotation(target, level));
    const shown = [...first, ...targetsShown];
    const more = targets.length - targetsShown.length;
    if (more === 0)
        return shown;
    const levelOfMore = shown.some((annotation) => annotation.level === level) ? level : 'notice';
    const message = `and ${message_number(more)} more versions: see the job summary.`;
    return [...shown, { level: levelOfMore, title: 'dbos-drain-gate', message }];
}
function targetAnnotation(target, level) {
    const { version, drained, known, blockers, outlook } = target;
    const shown = versionName(version);
    const name = visible(shown, 80);
    if (drained) {
        const idle = trusted(durationText(milliseconds(target.idleSeconds ?? 0)));
        return {
            level: 'notice',
            title: `${name} has drained`,
            message: plain(msg `${shown} has drained: nothing in flight, and nothing started for ${idle}.`),
        };
    }
    const why = blockers.length > 0 ? blockers.map(({ message }) => message) : [trusted('Idle, but not for long enough yet.')];
    return {
        level,
        title: known ? `${name} cannot be retired yet` : `${name} is not known here`,
        // The log shows messages without their titles.
        message: messageOf(msg `${shown}: ${joined([...why, ...outlook.sentences], '\n')}`),
    };
}
/** The text of a message. Where it is too long, it is cut between two characters. */
function messageOf(message) {
    const text = plain(message);
    if (text.length <= MESSAGE_CHARACTERS)
        return text;
    return `${text.slice(0, MESSAGE_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

;// CONCATENATED MODULE: ./lib/report/fingerprint.js

/* Polls are compared as lists of what deserves a line in the log, and not as text, since names can be long. */
/** How a hold goes, what blocks, and which targets are idle: equal at two polls that differ in counts at most. */
function courseOf({ evaluation, forecast }) {
    const { trend, withoutProcess } = forecast.total;
    return [
        trend === 'not-converging',
        trend === 'stalled',
        withoutProcess.length,
        ...blockersOfAll(evaluation).map(({ kind }) => kind),
        ...evaluation.targets.flatMap(({ version, settledForMs, drained, blockers }) => [
            ...[version, settledForMs !== undefined, drained],
            ...blockers.map(({ kind }) => kind),
        ]),
    ];
}
/** What the poll counted. */
function countsOf({ evaluation, forecast }) {
    return [
        forecast.total.states.stuck,
        evaluation.unversioned,
        ...evaluation.targets.flatMap((each) => [each.pending, each.enqueued, each.delayed, each.unknownStatus]),
    ];
}
function isSameList(a, b) {
    return a.length === b.length && a.every((value, at) => value === b[at]);
}

;// CONCATENATED MODULE: ./lib/report/log-opening.js





/* What the log says before the first poll, and once after it. */
const GROUPS_SHOWN = 20;
/** What the gate will do. */
function openingOf(config) {
    const application = config.application === undefined ? trusted('') : msg ` of the application ${config.application}`;
    const what = msg `${targetsInWords(config)}${application}`;
    const settle = trusted(durationText(config.settleMs));
    const timeout = trusted(durationText(config.timeoutMs));
    const interval = trusted(pauseInWords(config));
    switch (config.mode) {
        case 'wait':
            return msg `Waiting until ${what} can be retired: for ${timeout} at most, a poll every ${interval}, and then idle for ${settle} in a row.`;
        case 'check':
            return msg `Checking whether ${what} can be retired: if it is idle, for ${settle} in a row; anything in flight fails this step.`;
        case 'report':
            return msg `Reporting whether ${what} can be retired: if it is idle, for ${settle} in a row; work in flight does not fail this step.`;
        case 'preflight':
            return msg `Checking whether the gate can work here${application}. No version is judged.`;
    }
}
function targetsInWords({ targets }) {
    if (targets.kind === 'named')
        return namesOf(targets.versions);
    if (targets.kind === 'none')
        return trusted('no version');
    return msg `every version but ${targets.kind === 'all-but' ? namesOf(targets.keep) : trusted('the latest')}`;
}
/** What the first poll found, before it is evaluated: server, registrations, kept versions and targets. */
function describeDatabase({ snapshot, index, gate, targets, state }) {
    const { serverVersion, migration } = snapshot.database;
    const server = describeServer(serverVersion, migration ?? null);
    if (index === undefined)
        return msg `${server}.`;
    const [newest] = index.registered;
    const { registrations } = index.contents;
    const registered = newest === undefined || registrations === undefined
        ? trusted('no version is registered')
        : msg `${registrations.length} registered, the latest is ${newest.version}`;
    const parts = [msg `${server}. Versions: ${registered}`];
    if (state.kept !== undefined)
        parts.push(msg `kept: ${namesOf(state.kept)}`);
    if (state.kept !== undefined && gate.length === 0) {
        const retired = namesOfVersions(targets);
        parts.push(targets.length > 0 ? msg `to retire: ${retired}` : trusted('nothing to retire'));
    }
    return msg `${joined(parts, '; ')}.`;
}
/** `- "checkout" on queue "payments": 3 pending, 1 enqueued`: the largest first. */
function groupLines({ items, omitted }, targets) {
    const lines = items.slice(0, GROUPS_SHOWN).map((group) => {
        const name = group.workflow === null ? 'a workflow without a name' : quotedName(group.workflow);
        const queue = group.queue === null ? '' : ` on queue ${quotedName(group.queue)}`;
        const version = group.version === null ? ', unversioned' : targets > 1 ? `, ${quotedName(group.version)}` : '';
        return `- ${name}${queue}${version}${group.ignored ? ', ignored' : ''}: ${describeCounts(group)}`;
    });
    const left = items.length - lines.length + omitted;
    return left > 0 ? [...lines, `- and ${message_number(left)} more`] : lines;
}

;// CONCATENATED MODULE: ./lib/report/log.js














/** The longest time without a line, in milliseconds. */
const HEARTBEAT_MS = 60_000;
/** Near the end, polls come faster than a person reads: then lines that bring other counts alone are so far apart. */
const COUNTS_EVERY_MS = 5000;
/** Shorter waits for a lock deserve no line, in milliseconds. */
const SHOWN_WAIT_MS = 1000;
/** The log explains only so many. The summary explains more. */
const EXPLAINED_TARGETS = 5;
const EXPLAINED_STUCK = 3;
/** Writes what the gate waits for, and returns callbacks that log its polls: what changed, or one line a minute. */
function startLog(sink, config, { database, schema }) {
    let previous;
    let lastShown;
    let outage;
    const explained = new Set();
    sink.line(plain(openingOf(config)));
    for (const warning of configurationWarnings(config))
        sink.line(plain(msg `Mind: ${warning}`));
    const isDue = ({ decides, endedMs, course, tally }) => {
        if (decides || lastShown === undefined || !isSameList(course, lastShown.course))
            return true;
        const quietMs = endedMs - lastShown.endedMs;
        const countsEveryMs = config.pollIntervalMs === undefined ? COUNTS_EVERY_MS : 0;
        return quietMs >= (isSameList(tally, lastShown.tally) ? HEARTBEAT_MS : countsEveryMs);
    };
    return {
        onPoll(poll) {
            const report = pollReportOf(poll);
            if (outage !== undefined) {
                sink.line(recoveryLine(outage, report.endedMs));
                outage = undefined;
                lastShown = undefined;
            }
            if (previous === undefined) {
                // A mistyped URL can have the password where the database should be. Now it has proved right.
                sink.line(plain(msg `System database: ${database}, schema ${schema}.`));
                sink.line(plain(describeDatabase(poll.evaluation)));
                const renamed = formerNames(poll.evaluation);
                if (renamed !== undefined)
                    sink.line(plain(msg `Mind: ${renamed}`));
                const groups = groupLines(blockingGroups(poll.evaluation), report.targets.length);
                if (groups.length > 0)
                    sink.group('What is in flight, by workflow', groups);
                const { index } = poll.evaluation;
                if (config.mode === 'preflight' && index !== undefined) {
                    sink.group('What is here, by version', foundLines(foundIn(index)));
                }
            }
            if (report.lockWaitMs >= SHOWN_WAIT_MS)
                sink.line(lockWaitLine(report));
            if (isKeptReplaced(report, previous))
                sink.line(replacementLine(report));
            if (isDue(report) && config.mode !== 'preflight') {
                sink.line(pollLine(config, report, previous));
                lastShown = report;
            }
            // The annotations explain the deciding poll. They follow in the log at once.
            for (const { key, message } of report.decides ? [] : report.explanations) {
                if (!explained.has(key))
                    sink.line(`  ${plain(message)}`);
                explained.add(key);
            }
            previous = report;
        },
        onFailedPoll(failed) {
            sink.line(failureLine(config, failed, outage));
            outage = failed.outage;
        },
    };
}
/** What one poll found, as the log shows it. */
function pollReportOf(poll) {
    const { evaluation, forecast, time, decides } = poll;
    const { snapshot, targets, drained } = evaluation;
    return {
        decides,
        endedMs: time.ended,
        lockWaitMs: snapshot.lockWaitMs,
        drained,
        inFlight: inFlightOnAll(targets),
        counts: summed(targets),
        targets,
        kept: evaluation.state.kept ?? [],
        settledForMs: settledFor(evaluation),
        /** Short names of what else than work in flight blocks. */
        reasons: shortNames(blockersOf(evaluation)),
        forecast: forecastParts(forecast.total, snapshot.observedAt),
        explanations: [...explainedBlockers(evaluation), ...expectations(poll)],
        course: courseOf(poll),
        tally: countsOf(poll),
    };
}
function lockWaitLine({ endedMs, lockWaitMs }) {
    return `${stamp(endedMs)} The poll waited ${durationText(lockWaitMs)} for a lock on the tables of DBOS, which a migration or maintenance held.`;
}
function isKeptReplaced({ kept }, previous) {
    return previous !== undefined && kept.some((version) => !previous.kept.includes(version));
}
function replacementLine({ endedMs, kept, targets }) {
    const names = namesOf(kept);
    const retired = namesOfVersions(targets);
    return `${stamp(endedMs)} ${plain(msg `The latest version is now ${names}, which registered after the gate started: it stays; to retire: ${retired}.`)}`;
}
/** How long everything has been idle, in milliseconds; undefined while something is not. */
function settledFor({ gate, noTargets, targets }) {
    const all = noTargets === undefined ? targets : [noTargets];
    const settled = all.map(({ settledForMs }) => settledForMs).filter((ms) => ms !== undefined);
    if (gate.length > 0 || settled.length < all.length)
        return undefined;
    return settled.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}
/** What blocks the whole gate, or else what blocks the first few targets. */
function explainedBlockers(evaluation) {
    const ofAll = blockersOfAll(evaluation);
    if (ofAll.length > 0) {
        return ofAll.map((blocker) => ({ key: blocker.kind, message: explainBlocker(blocker) }));
    }
    return evaluation.targets.slice(0, EXPLAINED_TARGETS).flatMap(({ version, blockers }) => blockers.map((blocker) => ({
        key: `${blocker.kind} ${version}`,
        message: msg `${versionName(version)}: ${explainBlocker(blocker)}`,
    })));
}
/** Whether the drain converges, when it can finish at the earliest, and what is stuck. */
function expectations({ evaluation, forecast }) {
    const { observedAt } = evaluation.snapshot;
    const { total, newTopLevel, statuses, history } = forecast;
    const scanned = history.detailScan?.workflows ?? [];
    const stuck = scanned.flatMap((workflow) => {
        const status = statuses.get(workflow.id);
        return status?.state === 'stuck' && blocksTarget(workflow, evaluation) ? [{ workflow, status }] : [];
    });
    return [
        ...forecast_text_outlook(total, newTopLevel, observedAt),
        ...stuck.slice(0, EXPLAINED_STUCK).map(({ workflow, status }) => ({
            key: `stuck ${workflow.id}`,
            message: msg `Stuck: ${workflowNamed(workflow)}: ${describeActivity(status, observedAt)}. Next: ${trusted(nextStepFor(status))}.`,
        })),
    ];
}
/** Why a poll failed: in full, unless the one before failed in the same way. */
function failureLine(config, { outage, time, pauseMs }, before) {
    const same = before !== undefined && plain(before.failure) === plain(outage.failure);
    const what = same
        ? `The poll failed again in the same way, ${outage.failures} times in a row.`
        : `The poll failed. ${plain(outage.failure)}`;
    const leftMs = patienceLeftMs(config, outage, time.ended);
    const left = leftMs > 0 ? `giving up in ${durationText(leftMs)}` : 'for the last time';
    return `${stamp(time.ended)} ${what} Polling again in ${durationText(pauseMs)}, ${left}.`;
}
function recoveryLine({ failures, lastSuccess = 0 }, now) {
    const polls = failures === 1 ? 'one failed poll' : `${failures} failed polls`;
    return `${stamp(now)} The database answers again, after ${polls} in ${durationText(now - lastSuccess)}: what was idle before has to be idle again.`;
}
/** `[  1m 5s]`: the time since the gate started. */
function stamp(elapsedMs) {
    return `[${durationText(Math.floor(elapsedMs / 1000) * 1000).padStart(6)}]`;
}
function pollLine(config, report, previous) {
    const { inFlight, counts, drained, decides, endedMs } = report;
    const parts = [
        `${message_number(inFlight)} in flight${inFlight > 0 ? ` (${describeCounts(counts)})` : ''}`,
        drained || previous === undefined ? '' : difference(inFlight - previous.inFlight),
        ...report.reasons,
        ...report.forecast,
        versionsPart(report.targets),
        settlePart(config, report),
        config.mode === 'wait' && !decides ? timeLeft(config, endedMs) : '',
    ];
    return `${stamp(endedMs)} ${parts.filter((part) => part !== '').join('; ')}`;
}
function difference(change) {
    return change === 0 ? 'no change' : `${message_number(Math.abs(change))} ${change < 0 ? 'fewer' : 'more'}`;
}
/** With several targets: how many are idle, and which of the others hold the most. */
function versionsPart(targets) {
    if (targets.length === 0)
        return 'nothing to retire so far';
    if (targets.length < 2)
        return '';
    const blocked = targets.filter(({ settledForMs }) => settledForMs === undefined);
    const most = blocked
        .toSorted((a, b) => b.inFlight - a.inFlight)
        .slice(0, 3)
        .map((target) => `${quotedName(versionName(target.version))} ${message_number(target.inFlight)}`);
    const rest = blocked.length - most.length;
    const listed = most.length > 0 ? `: ${most.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}` : '';
    return `${targets.length - blocked.length} of ${targets.length} versions idle${listed}`;
}
function settlePart({ settleMs }, { drained, settledForMs }) {
    if (drained)
        return 'drained';
    if (settledForMs === undefined)
        return '';
    const leftMs = settleMs - settledForMs;
    return leftMs > 0 ? `idle, and must stay so for ${durationText(leftMs)}` : 'idle';
}
function timeLeft(config, elapsedMs) {
    const leftMs = config.timeoutMs - elapsedMs;
    return leftMs > 0 ? `timeout in ${durationText(leftMs)}` : 'the timeout has passed';
}

;// CONCATENATED MODULE: ./lib/report/outputs.js




/** GitHub takes 1 MB of outputs per job. The three lists share a part of it, since other steps have outputs too. */
const LIST_BYTES = 200 * 1024;
/** The outputs in `action.yml`, for every verdict. What was not observed is empty, zero, or an empty list. */
function outputsOf(report, reportPath) {
    const versions = fittingVersions(report);
    const drained = fitting(report.drainedVersions);
    const draining = fitting(report.drainingVersions);
    return {
        values: {
            verdict: report.verdict,
            drained: String(report.drained),
            'in-flight': String(report.inFlight),
            unversioned: String(report.unversioned),
            'waited-seconds': String(rounded(report.waitedSeconds, 10)),
            versions: jsonArray(versions),
            'drained-versions': jsonArray(drained),
            'draining-versions': jsonArray(draining),
            'observed-at': iso(report.observedAt) ?? '',
            'report-path': reportPath,
        },
        /** How many entries of the lists are omitted, to stay within GitHub's limit. */
        omitted: versions.omitted + drained.omitted + draining.omitted,
    };
}
/** What outputs of a fixed set can be in another run. */
const FIXED_VALUES = { verdict: VERDICTS, drained: ['true', 'false'] };
/** The names of the outputs whose value is found, or can be in another run, where that is known before. */
function outputsWith(isFound, values) {
    const names = Object.keys(values);
    return names.filter((name) => [values[name] ?? '', ...(FIXED_VALUES[name] ?? [])].some(isFound));
}
/** Versions as in the report file, without what is written for people. */
const versionOutputs = array(versionSchema.omit({ oldestCreatedAt: true, idleSeconds: true, reasons: true, outlook: true }));
/**
 * Where not all fit, forecasts are omitted before versions are, and the last entry says how many of these. The report
 * file has them.
 */
function fittingVersions({ versions }) {
    const short = versions.filter(({ version }) => (version ?? '').length <= LIST_BYTES);
    const tooLong = versions.length - short.length;
    const entries = versionOutputs.parse(short);
    const brief = fitting(entries.map(({ forecast, ...version }) => ({
        ...version,
        forecast: forecast && { ...forecast, earliestEnds: forecast.earliestEnds.slice(0, 1) },
    })));
    const fitted = brief.omitted === 0 ? brief : fitting(entries.map((version) => ({ ...version, forecast: null })));
    const omitted = fitted.omitted + tooLong;
    return omitted === 0 ? fitted : { texts: [...fitted.texts, JSON.stringify({ omitted })], omitted };
}
/** The entries that fit, each in JSON. A longer one does not keep out those after it. */
function fitting(entries) {
    const texts = [];
    let bytes = 2;
    for (const entry of entries) {
        if (typeof entry === 'string' && entry.length > LIST_BYTES)
            continue;
        const text = JSON.stringify(entry);
        const more = Buffer.byteLength(text) + 1;
        if (bytes + more > LIST_BYTES)
            continue;
        bytes += more;
        texts.push(text);
    }
    return { texts, omitted: entries.length - texts.length };
}
function jsonArray({ texts }) {
    return `[${texts.join(',')}]`;
}

;// CONCATENATED MODULE: ./lib/report/drain-chart.js



/** Mermaid labels every column, and merges those with the same label: more would leave no room for their times. */
const MOST_COLUMNS = 28;
/** An estimate longer than this share of the measured time would leave it no room: only its start is drawn. */
const LONGEST_ESTIMATE = 2;
const SHOWN_ESTIMATE = 0.5;
/** On an axis that ends below ten, Mermaid writes fractions of workflows. */
const LOWEST_AXIS_END = 10;
/** As a share of the axis: Mermaid draws columns from below zero, where a zero would show. It draws none below this. */
const BELOW_THE_AXIS = 1 / 20;
/** Times between two columns, each with the unit in which it makes short labels. */
const STEPS = [
    ...[1, 2, 5, 10].map((n) => ({ ms: n * UNITS_MS.s, unit: 'seconds', unitMs: UNITS_MS.s })),
    ...[0.5, 1, 2, 5, 10].map((n) => ({ ms: n * UNITS_MS.m, unit: 'minutes', unitMs: UNITS_MS.m })),
    ...[0.5, 1, 2, 6, 24, 120].map((n) => ({ ms: n * UNITS_MS.h, unit: 'hours', unitMs: UNITS_MS.h })),
];
/** From the bottom of a column to its top. The colours match the squares, and stand out on white and on black. */
const drain_chart_STATUSES = [
    { status: 'pending', color: '#2f81d7', square: '🟦' },
    { status: 'enqueued', color: '#f4900c', square: '🟧' },
    { status: 'delayed', color: '#a960d0', square: '🟪' },
];
const ESTIMATE = { color: '#99a3ad', square: '⬜' };
/**
 * How the work in flight went down, in Markdown: a chart that GitHub draws, and its key in text, since Mermaid's xychart
 * has none. Empty when there is nothing to draw. It holds numbers only, so there is nothing to escape.
 *
 * Columns, not lines: stacked, they show the whole and its parts. Mermaid's lines cannot end before the last label.
 */
function drainChart(curve) {
    const columns = drain_chart_columnsOf(curve);
    const statuses = drain_chart_STATUSES.filter(({ status }) => columns?.polls.some((poll) => poll[status] > 0));
    if (columns === undefined || statuses.length === 0)
        return '';
    return [mermaid(columns, statuses), drain_chart_keyOf(curve, columns, statuses)].join('\n\n');
}
function mermaid({ labels, unit, polls, estimated }, statuses) {
    // Each series is drawn over those before it, so the highest comes first.
    const measured = statuses.map(({ color }, index) => ({
        color,
        heights: [
            ...polls.map((poll) => statuses.slice(0, index + 1).reduce((sum, { status }) => sum + poll[status], 0)),
            ...estimated.map(() => 0),
        ],
    }));
    const series = [...measured, { color: ESTIMATE.color, heights: [...polls.map(() => 0), ...estimated] }]
        .filter(({ heights }) => heights.some((height) => height > 0))
        .reverse();
    const axisEnd = Math.max(LOWEST_AXIS_END, ...series.flatMap(({ heights }) => heights));
    const config = {
        // The theme, and with it the colour of text, stays the one that GitHub chooses for light or dark pages.
        themeVariables: { xyChart: { plotColorPalette: series.map(({ color }) => color).join() } },
        xyChart: { width: 900, height: 350, xAxis: { labelFontSize: 11, showTick: false } },
    };
    return [
        '```mermaid',
        `%%{init: ${JSON.stringify(config)}}%%`,
        'xychart-beta',
        `  x-axis "${unit} from the last poll" [${labels.map((label) => `"${label}"`).join(', ')}]`,
        `  y-axis "workflows in flight" 0 --> ${axisEnd}`,
        ...series.map(({ heights }) => {
            const drawn = heights.map((height) => (height > 0 ? height : -axisEnd * BELOW_THE_AXIS));
            return `  bar [${drawn.map(drain_chart_rounded).join(', ')}]`;
        }),
        '```',
    ].join('\n');
}
function drain_chart_keyOf({ points, estimate }, { estimated, isCut }, statuses) {
    const last = points.at(-1);
    const counts = statuses.map(({ status, square }) => `${square} ${message_number(last?.[status] ?? 0)} ${status}`);
    const seen = `At the last poll: ${counts.join(' · ')}`;
    if (estimate === undefined || estimated.length === 0)
        return seen;
    const range = `${durationText(estimate.fromMs)} to ${durationText(estimate.toMs)}`;
    const cut = isCut ? '; the chart ends before that' : '';
    return `${seen} · ${ESTIMATE.square} estimate: drained ${durationText(estimate.leftMs)} later (${range})${cut}`;
}
/** The curve at regular times. Undefined when there are fewer than two polls. */
function drain_chart_columnsOf({ points, estimate }) {
    const [first, last] = [points[0], points.at(-1)];
    if (first === undefined || last === undefined || points.length < 2)
        return undefined;
    const measuredMs = last.atMs - first.atMs;
    const leftMs = total(last) > 0 ? (estimate?.leftMs ?? 0) : 0;
    const isCut = leftMs > LONGEST_ESTIMATE * measuredMs;
    const drawnMs = isCut ? SHOWN_ESTIMATE * measuredMs : leftMs;
    // Three more: the last poll, and a started column at either end.
    const step = STEPS.find(({ ms }) => (measuredMs + drawnMs) / ms <= MOST_COLUMNS - 3);
    if (step === undefined)
        return undefined;
    const before = Math.max(1, Math.ceil(measuredMs / step.ms));
    const after = Math.ceil(drawnMs / step.ms);
    const times = Array.from({ length: before + 1 + after }, (_, index) => (index - before) * step.ms);
    return {
        labels: times.map((time) => `${time > 0 ? '+' : ''}${time / step.unitMs}`),
        unit: step.unit,
        /** The first columns: the polls, up to the last. */
        polls: times.slice(0, before + 1).map((time) => points.findLast(({ atMs }) => atMs <= last.atMs + time) ?? first),
        /** The columns after those: how many can be in flight then. */
        estimated: times.slice(before + 1).map((time) => Math.max(0, drain_chart_rounded(total(last) * (1 - time / leftMs)))),
        /** The estimate continues after the last column. */
        isCut,
    };
}
function drain_chart_rounded(height) {
    return Number(height.toFixed(2));
}

;// CONCATENATED MODULE: ./lib/report/next-steps.js




const LINES_SHOWN = 8;
/** What a person can do now. */
function nextSteps(report, kit) {
    const { verdict, database, firstToUnblock, newVersion } = report;
    if (verdict === 'drained') {
        return '### What to do next\n\nTear the old version down. The answer holds for the time of the last poll: a process of the old version that still takes work could start more.';
    }
    if (firstToUnblock === null || database === null)
        return '';
    const commands = commandsFor({ id: firstToUnblock }) ?? [
        '# The id of that workflow holds characters that cannot be shown or typed safely:',
        '# take it from the query below.',
    ];
    return blocks('### What to do next', verdict === 'cannot-drain'
        ? 'To unblock a workflow, with DBOS’s own command line, here for the one that lasts longest:'
        : 'Waiting is right when the work is moving. To unblock a workflow that is not, with DBOS’s own command line, here for the one to begin with:', codeBlock('sh', commands), database.schema === 'dbos'
        ? ''
        : "TypeScript's command line reads the schema `dbos` only; with another, use Python's (`dbos workflow … --schema`) or the DBOS client.", kit === undefined ? '' : kitSection(kit, newVersion), 'The work in flight, as the gate counts it:', codeBlock('sql', inspectionSql(report, database.schema)));
}
/** Where the kit is, what each command does, and how the list starts. */
function kitSection({ folder, list }, newVersion) {
    const what = {
        inspect: 'shows each of them, and the steps it has done',
        cancel: 'gives them up',
        fork: markdown(newVersion === null ? trusted('lets the new version go on') : msg `lets ${newVersion} go on with them`),
    };
    // The list starts with comments. Columns are shown with blanks between them.
    const all = list.trimEnd().split('\n');
    const lines = all.slice(all.indexOf('') + 1).map((line) => line.replaceAll('\t', '  '));
    const more = lines.length - LINES_SHOWN;
    return blocks('For all that block there is a script beside the report file. It says what it would do, and does it with `--yes`; what has ended by then it leaves alone:', commandsOf({ newVersion: newVersion ?? undefined })
        .map((command) => `- \`sh unblock.sh ${command}\` ${what[command]}`)
        .join('\n'), `It is in ${code(folder, 1000)} on the runner. To keep it, upload the path \`\${{ runner.temp }}/dbos-drain-gate-*\` with \`actions/upload-artifact\`. Its list of workflows, \`workflows.tsv\`, begins with:`, codeBlock('text', [...lines.slice(0, LINES_SHOWN), ...(more > 0 ? [`# and ${more} more lines`] : [])]));
}

;// CONCATENATED MODULE: ./lib/report/summary.js









/** GitHub drops a step's summary above 1 MiB. The margin is for what else the step writes. */
const SUMMARY_BYTES = 1024 * 1024 - 64 * 1024;
const summary_TARGETS_SHOWN = 100;
const TARGETS_EXPLAINED = 10;
const summary_GROUPS_SHOWN = 50;
const APPLICATIONS_SHOWN = 10;
/** The list of workflows is open when it has at most this many rows. */
const OPEN_ROWS = 10;
const ICONS = { pass: '✅', warn: '⚠️', fail: '❌' };
const STATES = { stuck: '⛔ stuck', waiting: '🟡 waiting', progressing: '🟢 progressing' };
/** The job summary, in GitHub-flavoured Markdown: the verdict first, then what blocks, then what to do about it. */
function summaryOf(report, kit) {
    // Before the first poll nothing is listed, so no time is shown.
    const observedAt = report.observedAt ?? 0;
    return fitted([
        verdictSection(report),
        targetTable(report, observedAt),
        foundSection(report.found),
        explanations(report),
        drainSection(report, observedAt),
        groupTable(report, observedAt),
        summary_workflowList(report, observedAt),
        nextSteps(report, kit),
        warningList(report),
        summary_otherApplications(report),
        footer(report),
    ]);
}
function verdictSection(report) {
    const { verdict, conclusion, headline, blockers, pastDeadline, polls, inFlightAtFirst } = report;
    const icon = verdict === 'drained' || conclusion !== 'pass' ? ICONS[conclusion] : 'ℹ️';
    const reasons = [...blockers.map(({ message }) => message), pastDeadline ?? []];
    const were = inFlightAtFirst === 1 ? 'workflow was' : 'workflows were';
    const before = durationText(milliseconds(report.waitedSeconds));
    return blocks(`## ${icon} ${markdown(headline)}`, polls > 1 && inFlightAtFirst > 0
        ? `${message_number(inFlightAtFirst)} ${were} in flight at the first poll, ${before} before.`
        : '', ...reasons.filter(({ length }) => length > 0).map(quoteBlock), report.outdated
        ? `What follows is from the last poll that succeeded, at ${isoTime(report)} (database time). It decides nothing.`
        : '');
}
function targetTable({ versions, outdated }, observedAt) {
    if (versions.length === 0)
        return '';
    const shown = blockedFirst(versions).slice(0, summary_TARGETS_SHOWN);
    return blocks('### Versions to retire', table(shown, {
        Version: ({ version }) => nameOf(version, NO_VERSION),
        State: (version) => targetState(version, outdated),
        // How each drains, where there are several to compare.
        Expected: ({ outlook }) => (versions.length > 1 ? outlook.brief : ''),
        Pending: ({ pending }) => pending,
        Enqueued: ({ enqueued }) => enqueued,
        Delayed: ({ delayed }) => delayed,
        Ignored: ({ ignored }) => ignored,
        'Oldest created': ({ oldestCreatedAt }) => moment(oldestCreatedAt, observedAt),
    }), more(versions.length - shown.length, 'version'));
}
function targetState(version, outdated) {
    const { known, drained, idleSeconds, inFlight, reasons } = version;
    if (drained)
        return known ? '✅ drained' : '✅ drained, never seen here';
    if (idleSeconds !== null && reasons.length === 0)
        return outdated ? '⏳ idle' : '⏳ idle, not for long enough';
    const all = [...(inFlight > 0 ? [`${message_number(inFlight)} in flight`] : []), ...reasons];
    return all.length > 0 ? `⛔ ${all.join(', ')}` : '⛔ blocked with the whole gate';
}
/** Why the targets are blocked, the way out included. */
function explanations({ versions, blockers }) {
    const blocked = versions.filter((version) => version.blockers.length > 0);
    if (blocked.length === 0 || blockers.length > 0)
        return '';
    const lines = blocked
        .slice(0, TARGETS_EXPLAINED)
        .flatMap((each) => each.blockers.map(({ message }) => `- ${nameOf(each.version, NO_VERSION)}: ${markdown(message)}`));
    return blocks('### Why', lines.join('\n'), more(blocked.length - TARGETS_EXPLAINED, 'version'));
}
/** How fast the work drains, whether it ever will, and what it waits for: slow, stuck and never apart. */
function drainSection(report, observedAt) {
    const { forecast } = report;
    if (forecast === null)
        return '';
    // One poll, and those of a settle window, show no course.
    const chart = isWatched(report) ? drainChart(curveOf(report, forecast)) : '';
    if (forecast.trend === 'idle')
        return chart === '' ? '' : `### How it drained\n\n${chart}`;
    const { sentences } = report.outlook;
    return blocks('### How it drains', sentences.map((each) => `- ${markdown(each)}`).join('\n'), activityTable(report.activities, observedAt), chart);
}
function curveOf({ history }, { secondsLeft }) {
    const points = history.map(({ seconds, ...counts }) => ({ atMs: milliseconds(seconds), ...counts }));
    if (secondsLeft === null)
        return { points, estimate: undefined };
    const { likely, from, to } = secondsLeft;
    return { points, estimate: { leftMs: milliseconds(likely), fromMs: milliseconds(from), toMs: milliseconds(to) } };
}
function activityTable(activities, observedAt) {
    const { items, omitted } = activities;
    if (items.length === 0)
        return '';
    const ageMs = observedAt - (activities.observedAt ?? observedAt);
    return blocks(ageMs >= 1000 ? `As read ${durationText(ageMs)} before the last poll:` : '', table(items, {
        State: ({ state }) => STATES[state],
        Count: ({ count }) => count,
        Workflow: ({ workflow }) => nameOf(workflow),
        'What it does (the one that lasts longest)': ({ message }) => markdown(message),
        'Next step': ({ nextStep }) => markdown([nextStep]),
    }), more(omitted, 'group'));
}
function groupTable({ groups, versions }, observedAt) {
    if (groups.items.length === 0)
        return '';
    const severalVersions = versions.length > 1;
    const shown = groups.items.slice(0, summary_GROUPS_SHOWN);
    return blocks('### What is in flight, by workflow', table(shown, {
        Workflow: ({ workflow }) => nameOf(workflow),
        Queue: ({ queue }) => nameOf(queue, ''),
        Version: ({ version }) => (severalVersions ? nameOf(version, '(none)') : ''),
        Pending: ({ pending }) => pending,
        Enqueued: ({ enqueued }) => enqueued,
        Delayed: ({ delayed }) => delayed,
        'Oldest created': ({ oldestCreatedAt }) => moment(oldestCreatedAt, observedAt),
        '': ({ ignored, version }) => [...(ignored ? ['ignored'] : []), ...(version === null ? ['unversioned'] : [])].join(', '),
    }), more(groups.items.length - shown.length + groups.omitted, 'group'));
}
function summary_workflowList({ workflows }, observedAt) {
    const { items, omitted } = workflows;
    if (items.length === 0)
        return '';
    const title = omitted > 0
        ? `The oldest ${message_number(items.length)} of ${message_number(items.length + omitted)} workflows in flight`
        : 'The workflows in flight';
    return blocks(`<details${items.length <= OPEN_ROWS ? ' open' : ''}><summary><b>${title}</b></summary>`, table(items, {
        Id: ({ id }) => code(id),
        Workflow: ({ workflow, className }) => `${workflow && className ? `${code(className)}.` : ''}${nameOf(workflow)}`,
        Status: ({ status, delayUntil }) => `${code(status)}${delayUntil !== null && status === 'DELAYED' ? `, due ${moment(delayUntil, observedAt)}` : ''}`,
        'What it does': ({ activity }) => activity === null ? '' : `${activity.state === 'stuck' ? '⛔ ' : ''}${markdown(activity.message)}`,
        Queue: ({ queue }) => nameOf(queue, ''),
        // The row of a workflow that waits carries the executor that enqueued it. None runs it.
        Executor: ({ executor, status }) => (status === 'PENDING' ? nameOf(executor, '') : ''),
        Created: ({ createdAt }) => moment(createdAt, observedAt),
        Dequeued: ({ startedAt }) => moment(startedAt, observedAt),
        'Last step': (workflow) => summary_lastStep(workflow, observedAt),
        Parent: ({ parent }) => nameOf(parent, ''),
    }), omitted > 0 ? `${message_number(omitted)} more are in the database; the query below shows them all.` : '', '</details>');
}
/** `2h ago`, or `in 5m`; empty for no time. */
function moment(time, observedAt) {
    if (time === null)
        return '';
    const distance = durationText(Math.abs(time - observedAt));
    return time > observedAt ? `in ${distance}` : `${distance} ago`;
}
/** The end of a `DBOS.sleep` can lie ahead: newer SDKs record when it will be over. */
function summary_lastStep({ lastStep: step }, observedAt) {
    if (step === null)
        return '';
    const when = moment(step.completedAt, observedAt);
    const ends = when.startsWith('in ') ? `, ends ${when}` : when === '' ? '' : `, ${when}`;
    return `${code(step.name)} (step ${step.number})${ends}`;
}
function warningList({ warnings }) {
    if (warnings.length === 0)
        return '';
    return `### Before you act on this\n\n${warnings.map((each) => `- ⚠️ ${markdown(each)}`).join('\n')}`;
}
/** One line about the applications that share the database. Those that may be a former name have a warning as well. */
function summary_otherApplications({ otherApplications: others }) {
    if (others.length === 0)
        return '';
    const shown = others.slice(0, APPLICATIONS_SHOWN).map(({ name, inFlight }) => {
        return `${code(name)} (${message_number(total(summed(inFlight)))} in flight)`;
    });
    const rest = others.length - shown.length;
    return `Other applications in this system database, which this run is not about: ${shown.join(', ')}${rest > 0 ? `, and ${message_number(rest)} more` : ''}.`;
}
function footer(report) {
    const { verdict, database, waitedSeconds, polls, failedPolls } = report;
    if (database === null)
        return '';
    const server = markdown(describeServer(database.serverVersion, database.migration));
    const waited = durationText(milliseconds(waitedSeconds));
    const failed = failedPolls > 0 ? `, and ${message_number(failedPolls)} that failed and had to be taken again` : '';
    const taken = `${message_number(polls)} ${polls === 1 ? 'poll' : 'polls'}${failed}`;
    return `<sub>Verdict ${code(verdict)}, observed at ${isoTime(report)} (database time), after ${waited} and ${taken}. ${server}.</sub>`;
}
function isoTime({ observedAt }) {
    return iso(observedAt) ?? 'an unknown time';
}
/** Sections in their order, but for empty ones, as many as fit. A notice says where the last ones are omitted. */
function fitted(sections) {
    const notice = '_More was left out here, to stay below the size that GitHub shows. The report file has it._';
    const kept = [];
    let bytes = Buffer.byteLength(notice) + 2;
    for (const section of sections.filter((each) => each !== '')) {
        bytes += Buffer.byteLength(section) + 2;
        if (bytes > SUMMARY_BYTES)
            return `${[...kept, notice].join('\n\n')}\n`;
        kept.push(section);
    }
    return `${kept.join('\n\n')}\n`;
}

;// CONCATENATED MODULE: ./lib/run-context.js


const repository = object({ full_name: schemas_string() }).nullish();
const pullRequestEvent = object({
    pull_request: object({ head: object({ repo: repository }), base: object({ repo: repository }) }),
});
function readRunContext(environment) {
    return { environment, withoutSecrets: run_context_withoutSecrets(environment) };
}
function run_context_withoutSecrets(environment) {
    if (environment['GITHUB_ACTOR'] === 'dependabot[bot]')
        return 'dependabot';
    const event = pullRequestEvent.safeParse(readEvent(environment['GITHUB_EVENT_PATH']));
    if (!event.success || environment['GITHUB_EVENT_NAME'] === 'pull_request_target')
        return undefined;
    const { head, base } = event.data.pull_request;
    return head.repo?.full_name === base.repo?.full_name ? undefined : 'fork';
}
function readEvent(path) {
    try {
        return path === undefined ? undefined : JSON.parse((0,external_node_fs_namespaceObject.readFileSync)(path, 'utf8'));
    }
    catch {
        return undefined;
    }
}

;// CONCATENATED MODULE: ./lib/runner-files.js




/* The files through which the runner takes what a step gives. */
/** @throws ReportableError when the runner has no file for outputs; otherwise what writing to it throws. */
function writeOutputs(values) {
    requireFile('GITHUB_OUTPUT', trusted('The outputs'), trusted('Later steps and jobs see none of them.'));
    for (const [name, value] of Object.entries(values))
        setOutput(name, value);
}
/** @throws ReportableError when the runner has no file for the summary; otherwise what writing to it throws. */
async function writeSummary(markdown) {
    requireFile('GITHUB_STEP_SUMMARY', trusted('The job summary'), trusted('The log has the verdict and its reasons.'));
    await summary.addRaw(markdown).write();
}
/** Without the variable, core would write outputs to the log. For a missing file it throws an error without a code. */
function requireFile(variable, what, loss) {
    const file = process.env[variable];
    const name = trusted(variable);
    if (!file) {
        throw new ReportableError(msg `${what} could not be written (${name} is not set). ${loss} The runner sets this variable for each step of a job.`);
    }
    try {
        (0,external_node_fs_namespaceObject.accessSync)(file, external_node_fs_namespaceObject.constants.R_OK | external_node_fs_namespaceObject.constants.W_OK);
    }
    catch (error) {
        if (codeOf(error) !== 'ENOENT')
            throw error;
        throw new ReportableError(msg `${what} could not be written (ENOENT): the file that ${name} names is not there. ${loss} Did a step remove the runner's temporary files, or does a container not see them?`);
    }
}

;// CONCATENATED MODULE: ./lib/secrets.js

/** @param mask Makes the runner mask a secret. */
function collectSecrets(mask) {
    const known = new Set();
    const add = (secrets) => {
        for (const secret of secrets) {
            if (secret.trim() === '' || known.has(secret))
                continue;
            known.add(secret);
            mask(secret);
        }
    };
    return {
        add,
        addPassword: (password) => add([password, ...password.split(/\r?\n/)]),
        removedFrom: (message) => withoutSecrets(message, [...known]),
        isIn: (text) => [...known].some((secret) => text.includes(secret)),
        shortestLength: () => (known.size === 0 ? undefined : Math.min(...[...known].map(({ length }) => length))),
    };
}

;// CONCATENATED MODULE: ./lib/action.js



















/** Runs the action: reads the inputs, holds, and publishes the answer. Never throws; sets the process's exit code. */
async function runAction() {
    const secrets = collectSecrets(core_setSecret);
    await publish(await run(secrets, cancelledBySignal()), secrets);
}
async function run(secrets, signal) {
    const context = readRunContext(process.env);
    const raw = readRawInputs();
    secrets.add(secretsIn(databaseUrlOf(raw, context), databasePasswordOf(raw), context.environment));
    try {
        return await holdWith(parseInputs(raw, context), secrets, signal);
    }
    catch (error) {
        return failedRun(secrets.removedFrom(explain(error)));
    }
}
async function holdWith({ gate, database, ignoredParameters }, secrets, signal) {
    const reader = systemDatabase(database, gate, systemClock.now, secrets.addPassword);
    const log = startLog(logSink, gate, database);
    if (ignoredParameters > 0) {
        info(`Parameters of database-url that mean nothing to the gate, and are ignored: ${ignoredParameters}.`);
    }
    try {
        const { error, ...held } = await hold(gate, {
            reader,
            clock: systemClock,
            signal,
            onPoll: log.onPoll,
            onFailedPoll: ({ outage, ...poll }) => log.onFailedPoll({ ...poll, outage: { ...outage, failure: secrets.removedFrom(outage.failure) } }),
        });
        const failure = error === undefined ? undefined : secrets.removedFrom(explain(error));
        return { ...held, failure, config: gate, schema: database.schema };
    }
    finally {
        await reader.close();
    }
}
/** Publishes the answer in every place. A place that cannot be written does not silence the others. */
async function publish(run, secrets) {
    // The exit code comes first: 1 until the report says that the step passes.
    process.exitCode = 1;
    const report = runReportOf(run);
    if (report.conclusion !== 'fail')
        process.exitCode = 0;
    const problems = [];
    const attempt = async (what, work) => {
        try {
            return await work();
        }
        catch (error) {
            const code = trusted(codeOf(error) ?? 'unknown reason');
            const known = error instanceof ReportableError ? error.explanation : undefined;
            problems.push(known ?? msg `${trusted(what)} could not be written (${code}).`);
            return undefined;
        }
    };
    const withProblems = () => ({ ...report, warnings: [...report.warnings, ...problems] });
    const { reportPath, kit } = await writeArtifacts(report, run.last, attempt);
    const outputs = await attempt('The outputs', () => outputsOf(report, reportPath));
    if (outputs !== undefined && outputs.omitted > 0) {
        problems.push(msg `${outputs.omitted} entries of the output lists were left out to stay below GitHub's limit; the report file has them all.`);
    }
    const values = outputs?.values ?? {};
    problems.push(...maskedOutputs(outputsWith(secrets.isIn, values), secrets.shortestLength()));
    await attempt('The outputs', () => writeOutputs(values));
    await attempt('The job summary', () => writeSummary(summaryOf(withProblems(), kit)));
    info(plain(msg `Verdict ${trusted(report.verdict)}: ${report.headline}`));
    if (kit !== undefined) {
        info(plain(msg `The job summary lists what blocks; unblock.sh for all of it is in ${kit.folder}.`));
    }
    for (const { level, title, message } of annotationsOf(withProblems()))
        annotate[level](message, { title });
}
const annotate = { error: error, warning: warning, notice: notice };
const logSink = {
    line: (text) => info(text),
    group: (title, lines) => {
        startGroup(title);
        for (const line of lines)
            info(line);
        endGroup();
    },
};
/** Aborts when the runner cancels the job: SIGINT, and SIGTERM 7.5 s later. A second signal ends the process at once. */
function cancelledBySignal() {
    const controller = new AbortController();
    const names = ['SIGINT', 'SIGTERM'];
    const abort = () => {
        for (const name of names)
            process.removeListener(name, abort);
        controller.abort();
    };
    for (const name of names)
        process.on(name, abort);
    return controller.signal;
}


/***/ }),

/***/ 691:
/***/ ((__webpack_module__, __unused_webpack___webpack_exports__, __nccwpck_require__) => {

__nccwpck_require__.a(__webpack_module__, async (__webpack_handle_async_dependencies__, __webpack_async_result__) => { try {
/* harmony import */ var _action_js__WEBPACK_IMPORTED_MODULE_0__ = __nccwpck_require__(911);

await (0,_action_js__WEBPACK_IMPORTED_MODULE_0__/* .runAction */ .C)();

__webpack_async_result__();
} catch(e) { __webpack_async_result__(e); } }, 1);

/***/ })

/******/ });
/************************************************************************/
/******/ // The module cache
/******/ var __webpack_module_cache__ = {};
/******/ 
/******/ // The require function
/******/ function __nccwpck_require__(moduleId) {
/******/ 	// Check if module is in cache
/******/ 	var cachedModule = __webpack_module_cache__[moduleId];
/******/ 	if (cachedModule !== undefined) {
/******/ 		return cachedModule.exports;
/******/ 	}
/******/ 	// Create a new module (and put it into the cache)
/******/ 	var module = __webpack_module_cache__[moduleId] = {
/******/ 		// no module.id needed
/******/ 		// no module.loaded needed
/******/ 		exports: {}
/******/ 	};
/******/ 
/******/ 	// Execute the module function
/******/ 	var threw = true;
/******/ 	try {
/******/ 		__webpack_modules__[moduleId](module, module.exports, __nccwpck_require__);
/******/ 		threw = false;
/******/ 	} finally {
/******/ 		if(threw) delete __webpack_module_cache__[moduleId];
/******/ 	}
/******/ 
/******/ 	// Return the exports of the module
/******/ 	return module.exports;
/******/ }
/******/ 
/************************************************************************/
/******/ /* webpack/runtime/asset-relocator-loader */
/******/ if (typeof __nccwpck_require__ !== 'undefined') __nccwpck_require__.ab = decodeURIComponent(new URL('.', import.meta.url).pathname).slice(import.meta.url.match(/^file:\/\/\/\w:/) ? 1 : 0, -1) + "/";
/******/ 
/******/ /* webpack/runtime/async module */
/******/ (() => {
/******/ 	var webpackQueues = typeof Symbol === "function" ? Symbol("webpack queues") : "__webpack_queues__";
/******/ 	var webpackExports = typeof Symbol === "function" ? Symbol("webpack exports") : "__webpack_exports__";
/******/ 	var webpackError = typeof Symbol === "function" ? Symbol("webpack error") : "__webpack_error__";
/******/ 	var resolveQueue = (queue) => {
/******/ 		if(queue && queue.d < 1) {
/******/ 			queue.d = 1;
/******/ 			queue.forEach((fn) => (fn.r--));
/******/ 			queue.forEach((fn) => (fn.r-- ? fn.r++ : fn()));
/******/ 		}
/******/ 	}
/******/ 	var wrapDeps = (deps) => (deps.map((dep) => {
/******/ 		if(dep !== null && typeof dep === "object") {
/******/ 			if(dep[webpackQueues]) return dep;
/******/ 			if(dep.then) {
/******/ 				var queue = [];
/******/ 				queue.d = 0;
/******/ 				dep.then((r) => {
/******/ 					obj[webpackExports] = r;
/******/ 					resolveQueue(queue);
/******/ 				}, (e) => {
/******/ 					obj[webpackError] = e;
/******/ 					resolveQueue(queue);
/******/ 				});
/******/ 				var obj = {};
/******/ 				obj[webpackQueues] = (fn) => (fn(queue));
/******/ 				return obj;
/******/ 			}
/******/ 		}
/******/ 		var ret = {};
/******/ 		ret[webpackQueues] = x => {};
/******/ 		ret[webpackExports] = dep;
/******/ 		return ret;
/******/ 	}));
/******/ 	__nccwpck_require__.a = (module, body, hasAwait) => {
/******/ 		var queue;
/******/ 		hasAwait && ((queue = []).d = -1);
/******/ 		var depQueues = new Set();
/******/ 		var exports = module.exports;
/******/ 		var currentDeps;
/******/ 		var outerResolve;
/******/ 		var reject;
/******/ 		var promise = new Promise((resolve, rej) => {
/******/ 			reject = rej;
/******/ 			outerResolve = resolve;
/******/ 		});
/******/ 		promise[webpackExports] = exports;
/******/ 		promise[webpackQueues] = (fn) => (queue && fn(queue), depQueues.forEach(fn), promise["catch"](x => {}));
/******/ 		module.exports = promise;
/******/ 		body((deps) => {
/******/ 			currentDeps = wrapDeps(deps);
/******/ 			var fn;
/******/ 			var getResult = () => (currentDeps.map((d) => {
/******/ 				if(d[webpackError]) throw d[webpackError];
/******/ 				return d[webpackExports];
/******/ 			}))
/******/ 			var promise = new Promise((resolve) => {
/******/ 				fn = () => (resolve(getResult));
/******/ 				fn.r = 0;
/******/ 				var fnQueue = (q) => (q !== queue && !depQueues.has(q) && (depQueues.add(q), q && !q.d && (fn.r++, q.push(fn))));
/******/ 				currentDeps.map((dep) => (dep[webpackQueues](fnQueue)));
/******/ 			});
/******/ 			return fn.r ? promise : getResult();
/******/ 		}, (err) => ((err ? reject(promise[webpackError] = err) : outerResolve(exports)), resolveQueue(queue)));
/******/ 		queue && queue.d < 0 && (queue.d = 0);
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/define property getters */
/******/ (() => {
/******/ 	// define getter functions for harmony exports
/******/ 	__nccwpck_require__.d = (exports, definition) => {
/******/ 		for(var key in definition) {
/******/ 			if(__nccwpck_require__.o(definition, key) && !__nccwpck_require__.o(exports, key)) {
/******/ 				Object.defineProperty(exports, key, { enumerable: true, get: definition[key] });
/******/ 			}
/******/ 		}
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/hasOwnProperty shorthand */
/******/ (() => {
/******/ 	__nccwpck_require__.o = (obj, prop) => (Object.prototype.hasOwnProperty.call(obj, prop))
/******/ })();
/******/ 
/************************************************************************/
/******/ 
/******/ // startup
/******/ // Load entry module and return exports
/******/ // This entry module used 'module' so it can't be inlined
/******/ var __webpack_exports__ = __nccwpck_require__(691);
/******/ __webpack_exports__ = await __webpack_exports__;
/******/ 
