import { spawnSync } from 'node:child_process';
import { hasGo, installAct } from '../tests/recipes/act.ts';

/* Plays the workflows of `docs/recipes/`. What the command line names goes to vitest: a file, or `-t`. */

if (hasGo()) {
  process.exitCode = installs() ? played() : 1;
} else {
  console.error(
    '\nSKIPPED: no recipe was played. act, which plays them, is built with Go: install it (https://go.dev).\n',
  );
}

/** Whether act is there now. */
function installs(): boolean {
  try {
    installAct();
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

/** The exit code of the tests. */
function played(): number {
  const { status } = spawnSync('vitest', ['run', '--project', 'recipes', ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, DRAIN_GATE_RECIPES: 'played' },
    shell: process.platform === 'win32',
  });
  return status ?? 1;
}
