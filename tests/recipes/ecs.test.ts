import { expect, test } from 'vitest';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';
import { GATE } from './actions.ts';
import { type Played, playRecipe } from './play.ts';

const databases = systemDatabases();

const HOUR_MS = 3_600_000;
const CONTINUED =
  'aws ecs continue-service-deployment --service-deployment-arn the-deployment --hook-id the-hook --action CONTINUE';

/** A service whose deployment is paused, with `blue` behind it. */
function service(expiresAt: number): string {
  const deployment = {
    sourceServiceRevisions: [{ arn: 'the-revision' }],
    lifecycleHookDetails: [
      {
        hookId: 'the-hook',
        targetType: 'PAUSE',
        status: 'AWAITING_ACTION',
        expiresAt: new Date(expiresAt).toISOString(),
      },
    ],
  };
  const container = { name: 'shop', environment: [{ name: 'DBOS__APPVERSION', value: 'blue' }] };
  return `case "$*" in
    *list-service-deployments*) echo the-deployment ;;
    *describe-service-deployments*) echo '${JSON.stringify({ serviceDeployments: [deployment] })}' ;;
    *describe-service-revisions*) echo the-task ;;
    *describe-task-definition*) echo '${JSON.stringify({ taskDefinition: { containerDefinitions: [container] } })}' ;;
  esac`;
}

async function place(): Promise<TestDatabase> {
  const database = await databases.create();
  await database.register('blue', 'green');
  return database;
}

function play({ url }: TestDatabase, aws: string): Promise<Played> {
  return playRecipe('ecs', {
    workflow: 'retire.yml',
    event: 'schedule',
    secrets: { DBOS_SYSTEM_DATABASE_URL: url },
    vars: { AWS_ROLE: 'of-the-test' },
    programs: { aws },
  });
}

test('continues the deployment when blue has drained', async () => {
  const { jobs, calls, log } = await play(await place(), service(Date.now() + 24 * HOUR_MS));
  expect(jobs, log).toEqual({ retire: 'success' });
  expect(calls).toContain(CONTINUED);
});

test('leaves it paused while blue has work, and fails two days before the end', async () => {
  const database = await place();
  await database.insert({ application_version: 'blue', status: 'PENDING' });
  const early = await play(database, service(Date.now() + 240 * HOUR_MS));
  expect(early.jobs, early.log).toEqual({ retire: 'success' });
  expect(early.calls).not.toContain(CONTINUED);
  const late = await play(database, service(Date.now() + 40 * HOUR_MS));
  expect(late.jobs, late.log).toEqual({ retire: 'failure' });
  expect(late.calls).not.toContain(CONTINUED);
});

test('does nothing when no deployment is paused', async () => {
  const { jobs, calls, log } = await play(await place(), 'echo None');
  expect(jobs, log).toEqual({ retire: 'success' });
  expect(calls).not.toContain(CONTINUED);
  expect(log).not.toContain(`Run Main ${GATE}`);
});
