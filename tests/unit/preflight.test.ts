import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { GateConfig } from '../../src/config.ts';
import { releasesOf } from '../../src/dbos/schema-age.ts';
import { msg } from '../../src/message.ts';
import { TLS_FAILURES } from '../../src/postgres/tls-errors.ts';
import { failedRun, runReportOf } from '../../src/report/model.ts';
import { summaryOf } from '../../src/report/summary.ts';
import { plain } from '../../src/report/text.ts';
import {
  config,
  DATABASE_EPOCH,
  facts,
  inFlight,
  registration,
  runAgainst,
  type Scene,
  twoRegistered,
} from '../support/builders.ts';
import { actingIn } from '../support/inert.ts';
import { problemsOfWorkflow } from '../support/language-service.ts';
import { access, connection, PREFLIGHT, preflightOf, saidOf } from '../support/preflight.ts';
import { rendered } from '../support/report-runs.ts';

async function preflight(scene: Scene, changes: Partial<GateConfig> = {}, how = connection()) {
  const run = await runAgainst(config({ ...PREFLIGHT, ...changes }), () => ({ access: access(), ...scene }));
  return preflightOf({ ...run, connection: how });
}

async function reportOf(scene: Scene, changes: Partial<GateConfig> = {}) {
  return (await preflight(scene, changes)).report;
}

const shop: Scene = {
  registrations: twoRegistered,
  owners: ['shop'],
  inFlight: [inFlight('1.0.0', { pending: 3 }), inFlight('0.9.0', { delayed: 1 }), inFlight(null, { enqueued: 2 })],
  serializations: ['js_superjson'],
};

test('passes without a target after one poll, whatever is in flight', async () => {
  const report = await reportOf(shop);
  expect(report).toMatchObject({
    verdict: 'no-target',
    conclusion: 'pass',
    drained: false,
    polls: 1,
    waitedSeconds: 0,
  });
  expect(plain(report.headline)).toContain('The gate can work here');
  expect(report.versions).toEqual([]);
  expect(report.drainedVersions).toEqual([]);
});

test('shows each version with what it has in flight, and the latest first', async () => {
  const { report, log } = await preflight(shop);
  expect(report.found?.applications).toEqual(['shop']);
  expect(report.found?.versions).toMatchObject([
    { version: '2.0.0', registered: true, latest: true, pending: 0 },
    { version: '1.0.0', registered: true, latest: false, pending: 3 },
    { version: '0.9.0', registered: false, latest: false, delayed: 1 },
    { version: null, registered: false, enqueued: 2 },
  ]);
  expect(log).toContain('- "1.0.0": 3 pending in flight');
  expect(log).toContain('- without a version: 2 enqueued in flight');
  expect(log.join('\n')).not.toMatch(/: 0/);
  expect(rendered(summaryOf(report))).toContain('What is here');
});

describe('the log and the page', () => {
  const problems: Scene = {
    owners: ['billing', 'shop'],
    registrations: [...twoRegistered, registration('7.0.0', 3, 'billing')],
    access: access({
      encrypted: false,
      writable: ['workflow_status'],
      denied: [{ table: 'workflow_status', columns: ['is_debounced'] }],
      grants: ['GRANT SELECT (is_debounced) ON "dbos".workflow_status TO "drain_gate";'],
      optionalGrants: ['GRANT SELECT (name) ON "dbos".queues TO "drain_gate";'],
      problems: [{ kind: 'tables-not-granted', message: msg`The role ${'drain_gate'} is not allowed to read it.` }],
    }),
  };
  const exposed = connection({ serverCheck: 'none', tlsMode: 'prefer', alsoSet: ['tls-ca'] });

  test.each([
    ['nothing in the way', shop, connection()],
    ['several problems at once', problems, exposed],
  ] as const)('show all that there is to do with %s', async (name, scene, how) => {
    const { report, log } = await preflight(scene, {}, how);
    const folder = `preflight/${name.replaceAll(' ', '-')}`;
    await expect(`${log.join('\n')}\n`).toMatchFileSnapshot(`${folder}/log.txt`);
    await expect(summaryOf(report)).toMatchFileSnapshot(`${folder}/summary.md`);
  });

  test('keep the address to themselves until a server has accepted it', () => {
    const failure = { kind: 'refused', message: msg`Nothing answered.` };
    const run = { ...failedRun(failure, config(PREFLIGHT), 'dbos'), connection: connection() };
    const { report, checks, log } = preflightOf(run);
    expect(checks).toEqual([
      'database: problem',
      ...['tls', 'privileges', 'server', 'schema', 'applications', 'versions'].map((each) => `${each}: unknown`),
    ]);
    expect(`${summaryOf(report)}${log.join('\n')}`).not.toContain('db.internal');
    expect(saidOf(report, 'database')).toContain('from the input `database-url`');
  });

  test.each(Object.keys(TLS_FAILURES))('show a failure of TLS at its own check: %s', (kind) => {
    const failure = { kind, message: msg`TLS failed.` };
    const run = { ...failedRun(failure, config(PREFLIGHT), 'dbos'), connection: connection() };
    const { report, checks } = preflightOf(run);
    const after = ['privileges', 'server', 'schema', 'applications', 'versions'].map((each) => `${each}: unknown`);
    expect(checks).toEqual(['database: unknown', 'tls: problem', ...after]);
    expect(saidOf(report, 'tls')).toMatch(/^The .+ \(`sslmode=verify-full`\)\.$|^TLS failed \(/);
    expect(saidOf(report, 'database')).not.toContain('db.internal');
  });

  test('hide the server with `details: names`', async () => {
    const { report, log } = await preflight(shop, { details: 'names' });
    expect(`${summaryOf(report)}${log.join('\n')}`).not.toContain('db.internal');
    expect(report.found?.next?.job).toContain('details: names');
    // Such a run writes no kit, and what it knows is not for everybody who reads the repository.
    expect(report.found?.next?.job).not.toContain('upload-artifact');
  });
});

test('shows no job of GitHub on the command line', async () => {
  const { report, log } = await preflight(shop, {}, connection({ shell: 'command-line' }));
  expect(`${summaryOf(report)}${log.join('\n')}`).not.toContain('runs-on');
  expect(log.at(-1)).toBe('dbos-drain-gate wait --keep-version "$VERSION" --application shop --timeout 45m');
});

test('names the version that still receives new work', async () => {
  const at = DATABASE_EPOCH - 1000;
  const roots = [{ createdAt: at, takenUp: true, scheduled: false }];
  const since = at - 3_600_000;
  const { report, log } = await preflight({
    registrations: [registration('1.0.0', since - 1), registration('2.0.0', since)],
    newestRoots: {
      versions: [{ version: '1.0.0', roots, newestTakenUpAt: at }],
      reachesBack: true,
      othersFill: false,
      showsParents: true,
    },
  });
  expect(log).toContain('- "1.0.0" (still sent new work): nothing in flight');
  expect(saidOf(report, 'versions')).toBe('2 versions registered. Latest: "2.0.0". Still sent new work: "1.0.0".');
});

describe('the job to use next', () => {
  const jobOf = async (version: string, how = connection(), application = 'shop') => {
    const { report } = await preflight(
      { registrations: [registration(version, 1, application)], owners: [application] },
      {},
      how,
    );
    return report.found?.next?.job ?? '';
  };

  test.each([
    ['2.0.0', 'needs.deploy.outputs.version'],
    ['8c1f0d2b7a6e5d4c3b2a190817263544f5e6d7c8', 'github.sha'],
    ['PATTERN', 'needs.deploy.outputs.version'],
  ])('keeps what the deploy has launched, where the latest version is %s', async (version, expression) => {
    expect(await jobOf(version)).toContain(`keep-version: \${{ ${expression} }} #`);
  });

  test('is a workflow that GitHub accepts, whatever the names', async () => {
    const metadata = readFileSync('action.yml', 'utf8');
    const deploy =
      'on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    outputs: { version: x }\n    steps: [{ run: make }]\n';
    const hostile = ["it's", 'a: b #', `\${{ secrets.X }}`, '\u202eabc', '- |', '"quoted"\n'];
    for (const name of hostile) {
      const job = await jobOf(
        name,
        connection({
          action: 'owner/dbos-drain-gate@v1',
          alsoSet: ['database-password', 'database-password-file', 'tls-ca'],
        }),
        name,
      );
      expect(await problemsOfWorkflow(`${deploy}${job}\n`, metadata)).toEqual([]);
      expect(job).not.toContain('secrets.X');
    }
  });
});

describe('a schema or an application', () => {
  const nextWith = async (name: string) => {
    const place = { ...connection().place, schema: name };
    const { report } = await preflight(
      { registrations: [registration('2.0.0', 1, name)], owners: [name] },
      {},
      connection({ place }),
    );
    return report.found?.next;
  };

  test('has the same name in the YAML that is to be pasted, whatever it holds', async () => {
    const names = [
      'a\u00a0b',
      'tab\there',
      'a\u202eb',
      'zero\u200bwidth',
      '##[x]"\\\u0000',
      '\u{e0041}',
      'a\u2028b',
      'e\u0301'.repeat(3),
    ];
    for (const name of [...names, `${'x\u0301\u0301\u0301\u0301\u0301'}'`, "it's", 'n'.repeat(900)]) {
      const job = (await nextWith(name))?.job ?? '';
      const inputs: unknown = parse(`jobs:\n${job}`).jobs.retire.steps[1].with;
      expect(inputs).toMatchObject({ schema: name, application: name });
      expect(actingIn(job)).toEqual([]);
    }
  });

  test('is left to the reader where GitHub would evaluate it, and left out where no input can hold it', async () => {
    expect((await nextWith(`a\${{ github.token }}`))?.job).toContain(
      'application: # write the name here: GitHub would evaluate it\n',
    );
    for (const name of [' shop', 'shop\n', 'shop\u00a0']) {
      const next = await nextWith(name);
      expect(next?.job).toContain('application: # left out: no input holds the blanks around it\n');
      expect(next?.command).not.toContain('application');
    }
  });

  test('is a variable of its own in a command in which it cannot be typed', async () => {
    const command = (await nextWith('a\u202eb'))?.command ?? '';
    expect(command).toContain('--schema "$SCHEMA" --application "$APPLICATION"');
    expect(command).toContain(
      ' SCHEMA: its schema, which cannot be typed safely. APPLICATION: the application here, which cannot be typed safely.\n',
    );
  });
});

test.each([
  [123, 'TypeScript', 'TypeScript 5.2 to 5.3'],
  [123, undefined, 'TypeScript 5.2 to 5.3 or Python 3.2'],
  [41, undefined, 'TypeScript 4.15 or Java 1.1.0-m6'],
  [116, 'TypeScript', 'newer than TypeScript 5.0, older than TypeScript 5.2 to 5.3'],
  [130, undefined, 'newer than Python 3.4 or Go 1.8'],
  [50, undefined, 'an older SDK of any language'],
] as const)('migration %i of %s is of %s', (migration, language, releases) => {
  expect(releasesOf(migration, language && { language })).toBe(releases);
});

test('shows nothing of the kind in the other modes', async () => {
  const report = runReportOf(await runAgainst(config({ mode: 'check' }), () => ({})));
  expect(report.found).toBeNull();
});

test.each<[string, Scene]>([
  ['several applications share the database', { owners: ['shop', 'crm'] }],
  ['the server is a standby', { database: facts({ standby: true }) }],
])('ends as an error where %s, as any other mode would', async (_why, scene) => {
  expect(await reportOf(scene)).toMatchObject({ verdict: 'error', conclusion: 'fail' });
});

test('ends as an error where the application is not seen', async () => {
  const report = await reportOf({ applicationSeen: false, owners: ['shop'] }, { application: 'shpo' });
  expect(report).toMatchObject({ verdict: 'error', blockers: [{ kind: 'application-not-seen' }] });
});

test('passes where nothing is registered, with a warning', async () => {
  const report = await reportOf({ registrations: [] });
  expect(report).toMatchObject({ verdict: 'no-target', conclusion: 'pass' });
  expect(report.warnings.map(plain).join()).toContain('No application version is registered here');
});

test('warns of a latest version without a name, which no deploy can keep', async () => {
  const { report, checks } = await preflight({ registrations: [registration('', 2), registration('1.0.0', 1)] });
  expect(checks).toContain('versions: warning');
  expect(report.found?.next?.job).toContain('# set DBOS__APPVERSION to a name per deploy');
});
