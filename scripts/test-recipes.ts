import { hasGo, installAct } from '../tests/recipes/act.ts';
import { runVitest } from './run-vitest.ts';

/* Plays the workflows of `docs/recipes/`. What the command line names goes to vitest: a file, or `-t`. */

if (hasGo()) {
  process.exitCode = installs() ? runVitest('recipes', process.argv.slice(2), { DRAIN_GATE_RECIPES: 'played' }) : 1;
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
