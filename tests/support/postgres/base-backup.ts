import { chownSync } from 'node:fs';
import { cp, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { POSTGRES_MAJOR } from './binaries.ts';
import type { RunAs } from './unprivileged-user.ts';

/** Files of the running server, and folders whose content a copy does without or streams instead. */
const NOT_COPIED = new Set(['postmaster.pid', 'postmaster.opts']);
const LEFT_EMPTY = new Set([
  'pg_dynshmem',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
  'pg_wal',
]);

/** The calls that start and stop an online backup, which Postgres 15 renamed. */
const BACKUP =
  POSTGRES_MAJOR >= 15
    ? [`pg_backup_start('standby', fast => true)`, 'pg_backup_stop(wait_for_archive => false)']
    : [`pg_start_backup('standby', true, false)`, 'pg_stop_backup(false, false)'];

/**
 * Copies the data of a running server into a folder that becomes the data of its standby, by the low-level API
 * of online backups: the package has no `pg_basebackup`. Resolves with the settings that make the copy follow
 * the server; a replication slot makes that keep what the standby still has to stream.
 */
export async function copyForStandby(
  primary: { readonly url: string; readonly data: string },
  data: string,
  runAs: RunAs,
): Promise<Record<string, string>> {
  const [start, stop] = BACKUP;
  const slot = `standby_${process.hrtime.bigint()}`;
  const client = new pg.Client({ connectionString: primary.url });
  await client.connect();
  try {
    await client.query('SELECT pg_create_physical_replication_slot($1, true)', [slot]);
    await client.query(`SELECT ${start}`);
    await cp(primary.data, data, { recursive: true, verbatimSymlinks: true, filter: isCopied });
    const { rows } = await client.query(`SELECT labelfile FROM ${stop}`);
    await writeFile(path.join(data, 'backup_label'), String(rows[0]?.labelfile), { mode: 0o600 });
    await writeFile(path.join(data, 'standby.signal'), '', { mode: 0o600 });
  } finally {
    await client.end();
  }
  await giveAllTo(runAs, data);
  return { primary_conninfo: conninfo(primary.url), primary_slot_name: slot };
}

function isCopied(file: string): boolean {
  return !NOT_COPIED.has(path.basename(file)) && !LEFT_EMPTY.has(path.basename(path.dirname(file)));
}

function conninfo(url: string): string {
  const { hostname, port, username, password } = new URL(url);
  return `host=${hostname} port=${port} user=${username} password=${password}`;
}

async function giveAllTo({ uid, gid }: RunAs, folder: string): Promise<void> {
  if (uid === undefined || gid === undefined) return;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    chownSync(path.join(entry.parentPath, entry.name), uid, gid);
  }
  chownSync(folder, uid, gid);
}
