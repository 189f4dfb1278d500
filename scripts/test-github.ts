import { runVitest } from './run-vitest.ts';

/* Runs the action against GitHub's API. What the command line names goes to vitest: a file, or `-t`. */
process.exitCode = runVitest('github', process.argv.slice(2), { DRAIN_GATE_GITHUB: 'played' });
