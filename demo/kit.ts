import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { FinishedRun } from '../tests/support/runner.ts';
import { writeArtifact } from './artifacts.ts';
import { print } from './console.ts';
import { start } from './resources.ts';

/** The command that runs DBOS's command line. It exits with the demo. */
const DBOS_CLI = [
  process.execPath,
  `--import=${new URL('./exit-with-demo.ts', import.meta.url)}`,
  path.join(path.dirname(createRequire(import.meta.url).resolve('@dbos-inc/dbos-sdk')), 'cli/cli.js'),
].join(' ');

/** The kit that a run of the gate wrote, and the database that it is about. */
export interface Kit {
  readonly run: FinishedRun;
  readonly databaseUrl: string;
}

/** Runs `unblock.sh` with these arguments, and prints the command and its output. */
export async function unblock(resources: AsyncDisposableStack, kit: Kit, args: readonly string[]): Promise<void> {
  const folder = path.dirname(kit.run.outputs['report-path'] ?? '');
  for (const file of ['unblock.sh', 'workflows.tsv'])
    writeArtifact(file, readFileSync(path.join(folder, file), 'utf8'));
  print.jobLog(`$ sh unblock.sh ${args.join(' ')}`);
  const child = await start(
    resources,
    () =>
      spawn('sh', ['unblock.sh', ...args], {
        cwd: folder,
        env: {
          ...process.env,
          DBOS_CLI,
          DEMO_PID: String(process.pid),
          // The command line is run a dozen times, and most of its time is spent on compiling itself.
          NODE_COMPILE_CACHE: path.join(folder, 'compiled'),
          UNBLOCK_DATABASE_URL: kit.databaseUrl,
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    async (each) => each.kill('SIGKILL'),
  );
  for await (const line of createInterface(child.stdout)) print.jobLog(line);
}
