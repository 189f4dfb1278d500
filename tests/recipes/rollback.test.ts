import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { snippetsOf } from '../sdks/page.ts';
import { node24 } from '../support/runner/node24.ts';
import { systemDatabases } from '../support/system-databases.ts';
import { cluster } from './cluster.ts';
import { playRecipe } from './play.ts';

const databases = systemDatabases();

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const [, , PROMOTES = ''] = snippetsOf('TypeScript', 'ts');

/** The deploys: one is over, one holds, and one is pending behind it. */
const RUNS = JSON.stringify(
  ['completed', 'in_progress', 'pending'].map((status, index) => ({ databaseId: 41 + index, status })),
);

/** `promote VERSION`, of the lines for TypeScript in `docs/sdks.md`, as the image would run it. */
function promotion(): string {
  const program = `import { DBOSClient } from '@dbos-inc/dbos-sdk';\nconst { URL: url } = process.env;\n${PROMOTES}`;
  const node = `URL="$DBOS_SYSTEM_DATABASE_URL" VERSION="$6" exec '${node24()}' --input-type=module --eval`;
  return `cd '${REPOSITORY}' && ${node} '${program.replaceAll("'", '"')}'`;
}

test('promotes, launches and shifts, and then takes down the version that is taken back', async () => {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });

  const played = await playRecipe('rollback', {
    workflow: 'rollback.yml',
    event: 'workflow_dispatch',
    payload: { inputs: { version: '1.0.0' } },
    secrets: {
      DBOS_SYSTEM_DATABASE_URL: database.url,
      APPLICATION_DATABASE_URL: database.url,
      KUBECONFIG: 'of-the-test',
    },
    programs: {
      docker: promotion(),
      kubectl: cluster({ versions: ['1.0.0', '2.0.0'], live: '1.0.0' }),
      gh: `case "$*" in 'run list '*) while [ "$1" != --jq ]; do shift; done; echo '${RUNS}' | jq "$2" ;; esac`,
    },
  });

  expect(played.jobs).toEqual({ back: 'success', 'tear-down': 'success' });
  expect(played.calls.filter((call) => !/ (get|list|auth) /.test(call))).toEqual([
    expect.stringMatching(/^gh run cancel --repo \S+ 42$/),
    expect.stringMatching(/^gh run cancel --repo \S+ 43$/),
    'docker run --env DBOS_SYSTEM_DATABASE_URL registry.example.com/shop:1.0.0 promote 1.0.0',
    'kubectl scale deployment/shop-1.0.0 --replicas 3',
    'kubectl rollout status deployment/shop-1.0.0 --timeout 10m',
    'kubectl set selector service shop app=shop,version=1.0.0',
    'kubectl scale deployment/shop-2.0.0 --replicas 0',
  ]);
});
