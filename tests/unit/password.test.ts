import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { trusted } from '../../src/message.ts';
import { NO_PASSWORD_IN_FILE, passfileOf, passwordFor, withPassword } from '../../src/postgres/password.ts';
import { plain } from '../../src/report/text.ts';
import { collectSecrets } from '../../src/secrets.ts';

const place = { host: 'db.internal', port: 6543, database: 'shop', user: 'gate' };

/** A file in a folder of its own, for the gate's user alone. */
function file(text: string, mode = 0o600): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-passfile-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const at = path.join(folder, 'passwords');
  writeFileSync(at, text);
  chmodSync(at, mode);
  return at;
}

describe("libpq's password file", () => {
  test.each<[string, string, Partial<typeof place>, string | undefined]>([
    ['matches all four fields', 'db.internal:6543:shop:gate:secret', {}, 'secret'],
    ['takes * for any value', '*:*:*:*:secret', {}, 'secret'],
    ['takes \\* for a star', '\\*:*:*:*:secret', {}, undefined],
    ['takes * within a field as it is', 'db.*:*:*:*:secret', {}, undefined],
    ['tells hosts apart', 'db.external:*:*:*:secret', {}, undefined],
    ['tells ports apart', '*:5432:*:*:secret', {}, undefined],
    ['tells databases apart', '*:*:crm:*:secret', {}, undefined],
    ['tells users apart', '*:*:*:admin:secret', {}, undefined],
    ['has its first match count', '*:*:*:admin:a\n*:*:*:gate:b\n*:*:*:*:c', {}, 'b'],
    ['has no password where the first match has none', '*:*:*:gate:\n*:*:*:*:c', {}, undefined],
    ['takes \\: and \\\\ in a field', '*:*:*:a\\:b\\\\c:secret', { user: 'a:b\\c' }, 'secret'],
    ['takes \\: and \\\\ in the password', '*:*:*:*:a\\:b\\\\c\\d', {}, 'a:b\\cd'],
    ['ends the password at a colon', '*:*:*:*:secret:more', {}, 'secret'],
    ['keeps a backslash at the end', '*:*:*:*:secret\\', {}, 'secret\\'],
    ['keeps blanks', '*:*:*:*: secret ', {}, ' secret '],
    ['has comments', '#*:*:*:*:commented\n*:*:*:*:secret', {}, 'secret'],
    ['may have line breaks of Windows', '# first\r\n*:*:*:*:secret\r\n', {}, 'secret'],
    ['may have lines that are no entry', 'nonsense\n\n*:*:*\n*:*:*:*:secret', {}, 'secret'],
    ['calls the usual folders for sockets localhost', 'localhost:*:*:*:s', { host: '/var/run/postgresql' }, 's'],
    ['takes the path of a socket, too', '/run/pg:*:*:*:secret', { host: '/run/pg' }, 'secret'],
    ['does not call another folder localhost', 'localhost:*:*:*:secret', { host: '/run/pg' }, undefined],
    ['takes the address of IPv6 with escapes', '\\:\\:1:*:*:*:secret', { host: '::1' }, 'secret'],
  ])('%s', (_what, text, changes, password) => {
    expect(passwordFor({ ...place, ...changes }, text)).toBe(password);
  });

  test('is where libpq looks for it', () => {
    const home = process.platform === 'win32' ? { APPDATA: 'C:\\of-me' } : { HOME: '/of-me' };
    const usual = process.platform === 'win32' ? 'C:\\of-me\\postgresql\\pgpass.conf' : '/of-me/.pgpass';
    expect(passfileOf(undefined, home)).toBe(usual);
    expect(passfileOf('', { ...home, PGPASSFILE: '' })).toBe(usual);
    expect(passfileOf(undefined, { ...home, PGPASSFILE: '/its' })).toBe('/its');
    expect(passfileOf('/of-the-url', { ...home, PGPASSFILE: '/its' })).toBe('/of-the-url');
    expect(passfileOf(undefined, {})).toBeUndefined();
  });

  const config = { ...place, passwordFile: undefined, password: undefined };

  test('is read at each connection, where no other password is given', () => {
    const passfile = file('*:*:*:*:first');
    expect(withPassword({ ...config, passfile })).toMatchObject({ password: 'first', passfileGave: 'password' });
    writeFileSync(passfile, '*:*:*:*:second');
    expect(withPassword({ ...config, passfile }).password).toBe('second');
    expect(withPassword({ ...config, passfile, password: 'given' }).password).toBe('given');
  });

  test.runIf(process.platform !== 'win32').each([
    ['others can read it', () => file('*:*:*:*:secret', 0o604), 'open-to-others'],
    ['its group can write it', () => file('*:*:*:*:secret', 0o620), 'open-to-others'],
    ['it is a folder', () => path.dirname(file('')), 'not-a-file'],
    ['it is not there', () => path.join(path.dirname(file('')), 'none'), 'no-file'],
    ['it has no line for this connection', () => file('other:*:*:*:secret'), 'no-entry'],
  ])('gives none when %s', (_what, make, passfileGave) => {
    expect(withPassword({ ...config, passfile: make() })).toMatchObject({ password: undefined, passfileGave });
  });
});

describe('the file of `database-password-file`', () => {
  const config = { ...place, password: undefined, passfile: undefined };

  test('is read at each connection, without one line break at its end', () => {
    const passwordFile = file('token of today\r\n');
    expect(withPassword({ ...config, passwordFile }).password).toBe('token of today');
    writeFileSync(passwordFile, '\uFEFFtwo\n\n');
    expect(withPassword({ ...config, passwordFile }).password).toBe('two\n');
  });

  test('comes before libpq’s', () => {
    const passwordFile = file('token');
    expect(withPassword({ ...config, passwordFile, passfile: file('*:*:*:*:other') }).password).toBe('token');
  });

  test('fails with a code that says why', () => {
    const passwordFile = file('token');
    const reading = () => withPassword({ ...config, passwordFile });
    writeFileSync(passwordFile, '');
    expect(reading).toThrow(expect.objectContaining({ message: NO_PASSWORD_IN_FILE, code: 'EMPTY' }));
    rmSync(passwordFile);
    expect(reading).toThrow(expect.objectContaining({ message: NO_PASSWORD_IN_FILE, code: 'ENOENT' }));
    mkdirSync(passwordFile);
    expect(reading).toThrow(expect.objectContaining({ message: NO_PASSWORD_IN_FILE, code: 'NOT_A_FILE' }));
  });
});

test('secrets that appear later are masked once, and removed from messages, longer ones first', () => {
  const masked: string[] = [];
  const secrets = collectSecrets((secret) => masked.push(secret));
  secrets.add(['abc', ' ']);
  secrets.addPassword('abcdef\nline');
  secrets.add(['abc']);
  expect(masked).toEqual(['abc', 'abcdef\nline', 'abcdef', 'line']);
  const message = [...trusted('It says: '), { untrusted: 'abcdef, abc and line' }];
  expect(plain(secrets.removedFrom(message))).toBe('It says: "***, *** and ***"');
  expect([secrets.isIn('zabcz'), secrets.isIn('ab')]).toEqual([true, false]);
});
