import { type InputError, inputError } from '../errors.ts';
import { trusted } from '../message.ts';
import { misshapen } from './misshapen-url.ts';

const SHAPE =
  /^(?:jdbc:)?postgres(?:ql)?(?:\+[a-z0-9_]+)?:\/\/(?:(?<user>[^:@/?#]*)(?::(?<secret>[^@/?#]*))?@)?(?<hosts>[^@/?#]*)(?:\/(?<database>[^@/?#]*))?(?:\?(?<query>[^@#]*))?$/;
const HOST = /^(?<host>[A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]|%2[Ff][A-Za-z0-9._%-]*)(?::(?<port>\d*))?$/;

const parameterMisplaced = () =>
  inputError(
    'input-parameter-misplaced',
  )`\`database-url\` has a parameter after the wrong character. The first parameter follows a ?, and each other one an &. Percent-encode these characters inside a name or a value.`;

export const severalHosts = () =>
  inputError('input-several-hosts')`\`database-url\` or PGHOST has several hosts. Set the primary only.`;

/** Splits a URL. `user`, `secret`, `database` and `query` are still percent-encoded. */
export function partsOf(url: string) {
  const text = url.trim();
  // No part of a URL has a line break, but the classes of characters above would take one.
  const groups = text.includes('\n') ? undefined : SHAPE.exec(text)?.groups;
  if (groups === undefined) throw misshapen(url);
  const { user = '', secret = '', hosts = '', database = '', query = '' } = groups;
  // As a part of the database or of another value, one that asks for TLS would be passed over.
  if (/[&;][\w.-]+=/.test(database) || /[?;][\w.-]+=/.test(query)) throw parameterMisplaced();
  if (hosts.includes(',')) throw severalHosts();
  const address = HOST.exec(hosts)?.groups;
  if (address === undefined) throw notAsExpected('host');
  const host = decoded(address['host'] ?? '').replace(/^\[|\]$/g, '');
  return { user, secret, host, port: address['port'], database, query };
}

/** Says that a part of the URL cannot be what it stands for, without its text. */
export function notAsExpected(part: string, orVariable = ''): InputError {
  return inputError(
    'input-url-part',
  )`The ${trusted(part)} in \`database-url\`${trusted(orVariable)} is invalid. It is not shown, because it could be part of the password. If the password contains @ / : # or ?, percent-encode it, or pass it as \`database-password\`.`;
}

export function readPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw notAsExpected('port', ', or PGPORT,');
  return port;
}

export function decoded(text: string): string {
  const plain = tryDecoded(text);
  if (plain !== undefined) return plain;
  throw inputError(
    'input-percent',
  )`\`database-url\` contains a % that does not start a percent-encoded character. Write %25 for a % in the password, or pass the password as \`database-password\`.`;
}

/** Returns the text without percent-encoding; undefined where a `%` begins no encoded character. */
export function tryDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
