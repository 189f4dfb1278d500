import { IN_FLIGHT } from '../dbos/columns.ts';
import type { WorkflowDetail } from '../dbos/snapshot/index.ts';
import type { Statuses } from '../forecast/activity.ts';
import { isCut } from '../long-names.ts';
import { quoteIdentifier, statement } from '../postgres/sql.ts';
import type { RunReport } from '../report/schema.ts';
import { shellQuoted, sqlLiteral } from '../report/text.ts';

/** The commands that are shown take the URL from the environment, so they hold no secret. */
const URL_OPTION = '--sys-db-url "$DBOS_SYSTEM_DATABASE_URL"';

/**
 * Returns commands that inspect and cancel one blocking workflow, with DBOS's own command line (TypeScript's; Python's
 * has the same verbs and options). Undefined if its id cannot be typed. Only `unblock.sh` forks: the fork of a workflow
 * that has just finished does its work again, and no command reports that it has finished.
 */
export function commandsFor(workflow: Pick<WorkflowDetail, 'id'>): readonly string[] | undefined {
  const id = typedId(workflow.id);
  return id === undefined ? undefined : commandsWith(id);
}

/** The same commands for any workflow: its id is in the variable ID. */
export const COMMANDS_BY_ID = commandsWith('"$ID"');

function commandsWith(id: string): readonly string[] {
  return [
    '# look at it, and at the steps it has done',
    `npx dbos workflow get ${id} ${URL_OPTION}`,
    `npx dbos workflow steps ${id} ${URL_OPTION}`,
    '# give it up: it stops before its next step',
    `npx dbos workflow cancel ${id} ${URL_OPTION}`,
  ];
}

/** Returns an id as it is typed in a command; undefined if it is empty, looks like an option, or cannot be typed. */
export function typedId(id: string): string | undefined {
  return id === '' || id.startsWith('-') ? undefined : shellQuoted(id);
}

/**
 * Returns the workflow to unblock first: the one that outlasts the timeout, else the oldest stuck one, else the oldest.
 * Workflows without children come before parents, because to cancel a waiting parent alone unblocks nothing.
 */
export function firstToUnblock(
  workflows: readonly WorkflowDetail[],
  statuses: Statuses,
  longest: Pick<WorkflowDetail, 'id'> | undefined,
): Pick<WorkflowDetail, 'id'> | undefined {
  if (longest !== undefined) return longest;
  const parents = new Set(workflows.map(({ parent }) => parent));
  const childless = workflows.filter(({ id }) => !parents.has(id));
  const stuck = childless.find(({ id }) => statuses.get(id)?.state === 'stuck');
  return stuck ?? childless[0] ?? workflows[0];
}

/** Returns the query that shows what the gate counted. Its shape lets the partial indexes serve it. */
export function inspectionSql(
  report: Pick<RunReport, 'versions' | 'unversioned' | 'application'>,
  schemaName: string,
): readonly string[] {
  const blocked = report.versions.filter(({ drained }) => !drained);
  const named = blocked.flatMap(({ version }) => version ?? []);
  const literals = named.slice(0, 20).map((version) => (isCut(version) ? undefined : sqlLiteral(version)));
  const more = named.length - literals.length;
  const conditions = [
    ...(literals.length > 0 ? [`application_version IN (${literals.join(', ')})`] : []),
    ...(named.length < blocked.length ? [`coalesce(application_version, '') = ''`] : []),
    ...((report.unversioned ?? 0) > 0 && named.length === blocked.length ? ['application_version IS NULL'] : []),
  ];
  const canBeTyped = blocked.length > 0 && !literals.includes(undefined);
  const application = report.application === null ? undefined : sqlLiteral(report.application);
  return [
    ...(more > 0 ? [`-- the first ${literals.length} versions; there are ${more} more`] : []),
    'SELECT workflow_uuid, application_version, status, class_name, name, queue_name, executor_id,',
    '       to_timestamp(created_at / 1000.0) AS created',
    `  FROM ${quoteIdentifier(schemaName)}.workflow_status`,
    ` WHERE ${statement(IN_FLIGHT).text}`,
    ...(canBeTyped ? [`   AND (${conditions.join(' OR ')})`] : []),
    ...(application ? [`   AND (application_name = ${application} OR application_name IS NULL)`] : []),
    ' ORDER BY created_at;',
  ];
}
