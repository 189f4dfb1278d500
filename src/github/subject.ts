import { createHash } from 'node:crypto';
import { namedVersions } from '../config.ts';
import type { ParsedInputs } from '../inputs.ts';
import { commitOf, type RunContext } from '../run-context.ts';
import type { CheckSubject } from './checks-api.ts';

/** How the `external_id` of a check run of the gate begins. */
export const EXTERNAL_ID = 'dbos-drain-gate ';

const NAMES_CHARACTERS = 150;

/** Where the check run belongs, and whose it is; undefined where the workflow run does not say. */
export function checkSubjectOf({ check, gate, database }: ParsedInputs, { environment }: RunContext) {
  const [, owner, repo] = /^([^/\s]+)\/([^/\s]+)$/.exec(environment['GITHUB_REPOSITORY'] ?? '') ?? [];
  const sha = check?.sha ?? commitOf(environment);
  if (check === undefined || owner === undefined || repo === undefined || sha === '') return undefined;
  const subject: CheckSubject = { name: check.name, sha, externalId: externalIdOf({ gate, database }) };
  return { subject, repository: { owner, repo } };
}

/**
 * The targets as they were asked for: a later run that asks for the same finds the check again. Four digits stand for the
 * database: enough to tell regions apart, and too few to guess at what a mistyped URL has in its place.
 */
function externalIdOf({ gate, database }: Pick<ParsedInputs, 'gate' | 'database'>): string {
  const { targets, longNames, application } = gate;
  const names = namedVersions(gate).toSorted();
  const what = digest([targets.kind, names, longNames.toSorted(), application ?? null, database.schema], 16);
  const where = digest([database.host, database.port, database.database], 4);
  const shown = [targets.kind, ...names].join(' ').replace(/[^\x20-\x7e]/g, '?');
  return `${EXTERNAL_ID}${what}${where} ${shown.slice(0, NAMES_CHARACTERS)}`;
}

function digest(parts: readonly unknown[], digits: number): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, digits);
}

/** The address of the workflow run; undefined outside of one. */
export function workflowRunOf({ environment }: RunContext): string | undefined {
  const { GITHUB_SERVER_URL: server = '', GITHUB_REPOSITORY: name = '', GITHUB_RUN_ID: id = '' } = environment;
  const isKnown = /^https:\/\/[\w.:-]+$/.test(server) && /^[\w.-]+\/[\w.-]+$/.test(name) && /^\d+$/.test(id);
  return isKnown ? `${server}/${name}/actions/runs/${id}` : undefined;
}
