import { expect, test } from 'vitest';
import { certificateAuthority } from '../support/certificates.ts';
import { systemDatabasesOfItsOwn } from '../support/system-databases.ts';
import { cluster } from './cluster.ts';
import { playRecipe } from './play.ts';

const ca = certificateAuthority('The CA of the cloud');
const another = certificateAuthority('Another CA');
const { cert, key } = ca.issue({ name: 'server', hosts: ['localhost'] });
const databases = systemDatabasesOfItsOwn({
  settings: { ssl: 'on', ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' },
  files: { 'server.crt': cert, 'server.key': key },
});

/** Plays the workflow for Amazon RDS, which downloads this CA. */
async function retire(downloaded: string) {
  const database = await databases.create();
  await database.register('1.0.0', '2.0.0');
  const { password } = new URL(database.url);
  const withoutPassword = Object.assign(new URL(database.url), { password: '', hostname: 'localhost' });
  const { jobs, calls, log } = await playRecipe('cloud-databases', {
    workflow: 'retire.yml',
    event: 'workflow_dispatch',
    payload: { inputs: { version: '2.0.0' } },
    vars: { DBOS_SYSTEM_DATABASE_URL: withoutPassword.href },
    programs: {
      kubectl: cluster({ versions: ['1.0.0', '2.0.0'], live: '2.0.0' }),
      curl: `test "$4" = --output && cat > "$5" <<'PEM'\n${downloaded}\nPEM`,
      aws: `case "$*" in 'rds generate-db-auth-token '*) echo '${password}' ;; esac`,
      // The loop that renews the token would outlive the test: a runner ends it with the job.
      sleep: 'exit 1',
    },
  });
  return { jobs, log, scaled: calls.filter((call) => call.includes(' scale ')) };
}

test('logs in on Amazon RDS with a token from a file', async () => {
  const { jobs, scaled } = await retire(ca.cert);
  expect(jobs).toEqual({ retire: 'success' });
  expect(scaled).toEqual(['kubectl scale deployment/shop-1.0.0 --replicas 0']);
});

test('sends no token to a server that the CA has not certified', async () => {
  const { jobs, log, scaled } = await retire(another.cert);
  expect(jobs).toEqual({ retire: 'failure' });
  expect(log).toContain("The server's certificate is not signed by a trusted CA");
  expect(scaled).toEqual([]);
});
