import { runVitest } from './run-vitest.ts';

/* Proves what a review says by running it. What the command line names goes to vitest: a file, or `-t`. */
process.exitCode = runVitest('review', process.argv.slice(2), { DRAIN_GATE_REVIEW: 'run' });
