import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { commandLine, processNamespace, processStart } from './process-identity.ts';

/**
 * One folder a server, below a temporary folder. Its name says who owns it (process namespace,
 * pid, start time of that process), so that it is never without an owner, not even while it is being made.
 */
const PREFIX = 'drain-gate-postgres';
const NAME = new RegExp(`^${PREFIX}-(\\d+)-(\\d+)-(\\d+)-\\w+$`);

/** A file system in memory, which saves a fifth of the tests' CPU time: each database is a thousand files. */
const IN_MEMORY = '/dev/shm';
const ENOUGH_BYTES = 4 * 1024 ** 3;

const STOP_TIMEOUT_MS = 10_000;
const STOP_POLL_MS = 10;

/**
 * Makes the folder of a new server, owned by this process.
 *
 * @throws when the server would be run by another user who cannot reach the temporary folder
 */
export function createServerFolder(forAnotherUser: boolean): string {
  const base = hasRoomInMemory() ? IN_MEMORY : temporaryFolder();
  if (forAnotherUser) assertReachable(base);
  const owner = [processNamespace(), process.pid, processStart(process.pid) ?? 0].join('-');
  const folder = mkdtempSync(path.join(base, `${PREFIX}-${owner}-`));
  if (forAnotherUser) chmodSync(folder, 0o711);
  return folder;
}

export function dataFolder(folder: string): string {
  return path.join(folder, 'data');
}

/** Stops the servers and removes the folders whose owner is dead, as a killed run leaves them behind. */
export async function sweepDeadServers(): Promise<void> {
  const bases = [temporaryFolder(), ...(hasRoomInMemory() ? [IN_MEMORY] : [])];
  const dead = bases.flatMap((base) =>
    readdirSync(base)
      .filter(isOfDeadOwner)
      .map((name) => path.join(base, name)),
  );
  await Promise.all(dead.filter(isOurs).map(removeServer));
}

/**
 * Stops the server that runs in the folder, if one does, and removes the folder. To do it twice, or at the
 * same time as somebody else, does no harm.
 */
export async function removeServer(folder: string): Promise<void> {
  await stopServer(dataFolder(folder));
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

/**
 * Immediate shutdown: nothing of the data is kept. The first line of `postmaster.pid` is the pid of the
 * server; a crash leaves the file, hence the look at the command line before anything is signalled.
 */
async function stopServer(data: string): Promise<void> {
  const pid = serverPid(data);
  if (pid === undefined) return;
  const isServer = () => processStart(pid) !== undefined && commandLine(pid).includes(data);
  if (!isServer()) return;
  signal(pid, 'SIGQUIT');
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  // The server is nobody's child here, or somebody else's: there is no event to wait for.
  while (isServer() && Date.now() < deadline) await delay(STOP_POLL_MS);
  if (isServer()) signal(pid, 'SIGKILL');
}

function serverPid(data: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path.join(data, 'postmaster.pid'), 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function isOfDeadOwner(name: string): boolean {
  const [, namespace, pid, start] = NAME.exec(name) ?? [];
  if (namespace === undefined || pid === undefined || start === undefined) return false;
  return Number(namespace) === processNamespace() && processStart(Number(pid)) !== Number(start);
}

/** A folder of another user is not ours to touch, even for root: its content is that user's word. */
function isOurs(folder: string): boolean {
  try {
    const stats = lstatSync(folder);
    return stats.isDirectory() && (process.getuid === undefined || stats.uid === process.getuid());
  } catch {
    return false;
  }
}

/** Programs have to run from it as well, where the user of the server cannot reach the installed ones. */
function hasRoomInMemory(): boolean {
  try {
    const mounted = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .some((line) => line.includes(` ${IN_MEMORY} tmpfs `) && !line.includes('noexec'));
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    return mounted && bavail * bsize >= ENOUGH_BYTES;
  } catch {
    return false;
  }
}

function temporaryFolder(): string {
  return realpathSync(os.tmpdir());
}

function assertReachable(folder: string): void {
  const OTHERS_MAY_ENTER = 0o001;
  for (let at = folder; ; at = path.dirname(at)) {
    if ((statSync(at).mode & OTHERS_MAY_ENTER) === 0) {
      throw new Error(
        `Set TMPDIR to a folder that every user can enter, such as /tmp: only its owner can enter ${at}, ` +
          'and Postgres, which refuses to run as root, runs as another user.',
      );
    }
    if (at === path.dirname(at)) return;
  }
}
