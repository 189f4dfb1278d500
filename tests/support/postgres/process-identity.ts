import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/**
 * When a process started, as a number that means something on this machine only, or `undefined` when no
 * such process runs. Together with the pid it tells a process from a later one that got the same pid.
 * A process that has ended but was not reaped yet counts as gone. On Windows every living process has the
 * start time 0: there, a recycled pid protects what its predecessor left behind.
 */
export function processStart(pid: number): number | undefined {
  if (process.platform === 'linux') return processStartOnLinux(pid);
  if (process.platform === 'win32') return isAlive(pid) ? 0 : undefined;
  const ps = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const [, state, started] = /^(\S+)\s+(.+)$/.exec(ps.stdout.trim()) ?? [];
  return state === undefined || started === undefined || state.startsWith('Z') ? undefined : Date.parse(started);
}

/**
 * The set of processes that pids of this process speak about. A container that shares the temporary folder
 * with this one has pids of its own: what they left behind cannot be judged from here.
 */
export function processNamespace(): number {
  if (process.platform !== 'linux') return 0;
  try {
    return Number(/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? 0);
  } catch {
    return 0;
  }
}

/** The command line of a running process, as text to search in; empty when it is gone. */
export function commandLine(pid: number): string {
  if (process.platform === 'linux') return readProc(pid, 'cmdline')?.replaceAll('\0', ' ') ?? '';
  if (process.platform === 'win32') {
    const query = `(Get-CimInstance Win32_Process -Filter "ProcessId=${pid}").CommandLine`;
    return spawnSync('powershell', ['-NoProfile', '-Command', query], { encoding: 'utf8' }).stdout;
  }
  return spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
}

/** `proc(5)`: the command name may contain spaces and parentheses; state is field 3, start time field 22. */
function processStartOnLinux(pid: number): number | undefined {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19]);
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
