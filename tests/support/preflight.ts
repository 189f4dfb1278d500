import type { GateConfig } from '../../src/config.ts';
import type { Access } from '../../src/dbos/preflight.ts';
import type { DatabaseConfig } from '../../src/postgres/url.ts';
import { type Run, runReportOf } from '../../src/report/model.ts';
import type { RunConnection } from '../../src/report/preflight-next.ts';
import { preflightLog } from '../../src/report/preflight-text.ts';
import type { RunReport } from '../../src/report/schema.ts';
import { plain } from '../../src/report/text.ts';
import { config } from './builders.ts';
import { holdOn } from './holding.ts';

/** How a preflight seems to connect, but for what the test says. */
export function connection(changes: Partial<RunConnection> = {}): RunConnection {
  return {
    shell: 'action',
    action: 'octo-org/dbos-drain-gate@v1',
    selfHosted: false,
    alsoSet: [],
    place: {
      ...{ host: 'db.internal', port: 5432, database: 'shop', schema: 'dbos' },
      source: { url: 'input', variables: [] },
    },
    serverCheck: 'full',
    tlsMode: 'verify-full',
    ...changes,
  };
}

/** What a role may do that reads all and writes nothing, but for what the test says. */
export function access(changes: Partial<Access> = {}): Access {
  return {
    ...{ role: 'drain_gate', encrypted: true, superuser: false, writable: [], denied: [], grants: [] },
    ...{ optionalGrants: [], problems: [], owners: [], migration: undefined },
    ...changes,
  };
}

export const PREFLIGHT: Partial<GateConfig> = { mode: 'preflight', targets: { kind: 'none' } };

export interface Preflight {
  readonly report: RunReport;
  /** Its checks: `privileges: ok`. */
  readonly checks: readonly string[];
  /** The ids of what is in the way. */
  readonly problems: readonly string[];
  /** What its log holds besides the lines of every run. */
  readonly log: readonly string[];
}

/** One preflight of a real database. */
export async function preflightOn(
  { config: database }: { readonly config: DatabaseConfig },
  changes: Partial<GateConfig> = {},
): Promise<Preflight> {
  const gate = config({ ...PREFLIGHT, ...changes });
  const held = await holdOn({ config: database }, gate);
  const { host, port, schema } = database;
  const place = { host, port, database: database.database, schema, source: connection().place.source };
  return preflightOf({
    ...held,
    polls: held.polls.length,
    failedPolls: held.failedPolls.length,
    failure: undefined,
    config: gate,
    schema,
    connection: connection({ place, serverCheck: 'none', tlsMode: 'prefer' }),
  });
}

/** What a preflight reports. */
export function preflightOf(run: Run): Preflight {
  const report = runReportOf(run);
  return {
    report,
    checks: report.found?.checks.map(({ check, state }) => `${check}: ${state}`) ?? [],
    problems: report.blockers.map(({ kind }) => kind),
    log: preflightLog(report.found).flatMap(({ title, lines }) => [title, ...lines]),
  };
}

/** What a check of a preflight says. */
export function saidOf({ found }: RunReport, check: string): string {
  return plain(found?.checks.find((each) => each.check === check)?.message ?? []);
}
