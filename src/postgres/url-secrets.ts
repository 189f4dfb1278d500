import type { Environment } from './tls.ts';
import { tryDecoded } from './url-parts.ts';

/**
 * Returns every secret in what the user gave, raw and decoded, to be masked before the first line is printed. Never
 * throws: a mistyped or refused URL has to be masked as well.
 */
export function secretsIn(url: string, password: string | undefined, environment: Environment): readonly string[] {
  const raw = [url, url.trim(), ...passwordsIn(url), password ?? '', environment['PGPASSWORD'] ?? ''];
  const all = raw.flatMap((secret) => [secret, ...secret.split(/\r?\n/), tryDecoded(secret) ?? '']);
  // `postgres://` alone takes everything from the PG* variables. Masked, it would make texts of the gate unreadable.
  return [...new Set(all)].filter((secret) => !/^\s*(?:[\w:+]+:\/\/)?\s*$/.test(secret));
}

/** Returns the passwords in a URL of any shape, as they are written. */
export function passwordsIn(url: string): readonly string[] {
  // Text can stand before a URL, such as a command with its path.
  const afterScheme = url.replace(url.includes('://') ? /^.*?:\/\//s : /^[^/]*\/+/, '');
  const authority = afterScheme.includes('@') ? afterScheme.slice(0, afterScheme.lastIndexOf('@')) : '';
  const fromAuthority = authority.includes(':') ? authority.slice(authority.indexOf(':') + 1) : '';
  const inQuery = /[?&](?:ssl_?)?password=(?=(.*))([^&#]*)/gi;
  const fromQuery = [...url.matchAll(inQuery)].flatMap((match) => match.slice(1));
  const inWords = url.includes('://')
    ? []
    : url.matchAll(/\b(?:password|pwd)\s*=\s*(?:'([^']*)'|"([^"]*)"|([^\s;]+))/gi);
  const fromWords = [...inWords].flatMap((match) => match.slice(1)).filter((value) => value !== undefined);
  return [fromAuthority, ...fromQuery, ...fromWords];
}
