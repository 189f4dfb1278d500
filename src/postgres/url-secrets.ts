import type { Environment } from './tls.ts';
import { tryDecoded } from './url-parts.ts';

/**
 * Returns every secret in what the user gave, raw and decoded, to be masked before the first line is printed. Never
 * throws: a mistyped or refused URL has to be masked as well.
 */
export function secretsIn(url: string, password: string | undefined, environment: Environment): readonly string[] {
  const afterScheme = url.replace(/^[^/]*\/+/, '');
  const authority = afterScheme.includes('@') ? afterScheme.slice(0, afterScheme.lastIndexOf('@')) : '';
  const fromAuthority = authority.includes(':') ? authority.slice(authority.indexOf(':') + 1) : '';
  const inQuery = /[?&](?:ssl_?)?password=(?=(.*))([^&#]*)/gi;
  const fromQuery = [...url.matchAll(inQuery)].flatMap((match) => match.slice(1));
  const raw = [url, url.trim(), fromAuthority, ...fromQuery, password ?? '', environment['PGPASSWORD'] ?? ''];
  const all = raw.flatMap((secret) => [secret, ...secret.split(/\r?\n/), tryDecoded(secret) ?? '']);
  return [...new Set(all)].filter((secret) => secret.trim() !== '');
}
