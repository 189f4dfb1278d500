import { createRequire } from 'node:module';
import path from 'node:path';
import { node24 } from '../support/runner/node24.ts';
import type { Programs } from './stand-ins.ts';

const COMMAND_LINE = path.join(
  path.dirname(createRequire(import.meta.url).resolve('@dbos-inc/dbos-sdk')),
  'cli/cli.js',
);

/** `npm ci` has nothing to install, and `npx --no-install dbos` is the command line of the newest SDK. */
export const KIT_PROGRAMS: Programs = {
  npm: ':',
  npx: `shift 2; exec '${node24()}' '${COMMAND_LINE}' "$@"`,
};
