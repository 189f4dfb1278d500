import { DBOSClient } from '@dbos-inc/dbos-sdk';
import { launchApp } from './dbos-app.ts';

/*
 * The two halves of a rollout, for a workflow that uses the action itself. On DBOS_SYSTEM_DATABASE_URL:
 *
 *   node tests/support/rollout.ts start    1.0.0 stops with a workflow in flight, and 2.0.0 is launched
 *   node tests/support/rollout.ts finish   1.0.0 comes back, and its workflow ends
 */

const SDK = '5.3.0';
const OLD = '1.0.0';
const NEW = '2.0.0';

const databaseUrl = process.env['DBOS_SYSTEM_DATABASE_URL'];
const [half] = process.argv.slice(2);
if (databaseUrl === undefined) throw new Error('Set DBOS_SYSTEM_DATABASE_URL.');
if (half !== 'start' && half !== 'finish') throw new Error('Pass `start` or `finish`.');

if (half === 'start') await start(databaseUrl);
else await finish(databaseUrl);

async function start(databaseUrl: string): Promise<void> {
  const old = await launchApp({ sdk: SDK, version: OLD, databaseUrl });
  const id = await old.startReceiving();
  await old.kill();
  const successor = await launchApp({ sdk: SDK, version: NEW, databaseUrl });
  await successor.stop();
  console.log(`Workflow ${id} is in flight on ${OLD}; ${NEW} is the latest version.`);
}

/** The workflow goes on as soon as its version is launched again, and ends when it gets its message. */
async function finish(databaseUrl: string): Promise<void> {
  const client = await DBOSClient.create({ systemDatabaseUrl: databaseUrl });
  const inFlight = await client.listWorkflows({ applicationVersion: OLD, status: 'PENDING' });
  await client.destroy();
  const old = await launchApp({ sdk: SDK, version: OLD, databaseUrl });
  for (const { workflowID } of inFlight) {
    await old.finish(workflowID);
    console.log(`Workflow ${workflowID} on ${OLD} has ended.`);
  }
  await old.stop();
}
