import { spawnSync } from 'node:child_process';

/**
 * Runs a project of `vitest.config.ts`, with its output on the screen. Returns the exit code.
 *
 * @param environment Variables to set, such as the one that the project is there with.
 */
export function runVitest(
  project: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): number {
  const { status } = spawnSync('vitest', ['run', '--project', project, ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
    shell: process.platform === 'win32',
  });
  return status ?? 1;
}
