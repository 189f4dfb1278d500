import { IN_FLIGHT } from '../dbos/columns.ts';
import type { WorkflowDetail } from '../dbos/snapshot/index.ts';
import type { Statuses } from '../forecast/activity.ts';
import { isCut } from '../long-names.ts';
import { quoteIdentifier, statement } from '../postgres/sql.ts';
import type { RunReport } from '../report/schema.ts';
import { shellQuoted, sqlLiteral } from '../report/text.ts';
import { type CommandLine, programOf } from './command-line.ts';
import { isOffered, KIT_STATES, type KitState, kitStateOf } from './states.ts';

/**
 * Returns commands that inspect and cancel one blocking workflow, with DBOS's own command line. Undefined if its id or
 * the schema cannot be typed. They take the URL from the environment, so they hold no secret. Only `unblock.sh` forks:
 * the fork of a workflow that has just finished does its work again, and no command reports that it has finished.
 */
export function commandsFor(
  workflow: Pick<WorkflowDetail, 'id'>,
  commandLine: CommandLine,
  schema: string,
): readonly string[] | undefined {
  const id = typedId(workflow.id);
  return id === undefined ? undefined : commandsWith(id, commandLine, schema);
}

/** Returns the same commands for any workflow: its id is in the variable ID. */
export function commandsById(commandLine: CommandLine, schema: string): readonly string[] | undefined {
  return commandsWith('"$ID"', commandLine, schema);
}

/** Without the option, every command line reads `dbos`: it would find no such workflow, or another one. */
function commandsWith(id: string, commandLine: CommandLine, schema: string): readonly string[] | undefined {
  const typed = shellQuoted(schema);
  if (typed === undefined) return undefined;
  const options = schema === 'dbos' ? '' : ` --schema=${typed}`;
  const command = (verb: string) =>
    `${programOf(commandLine)} workflow ${verb} ${id} ${commandLine.urlOption} "$UNBLOCK_DATABASE_URL"${options}`;
  return [
    '# inspect it, and the steps it has done',
    command('get'),
    command('steps'),
    '# cancel it: it stops before its next step',
    command('cancel'),
  ];
}

/** Returns an id as it is typed in a command; undefined if it is empty, looks like an option, or cannot be typed. */
export function typedId(id: string): string | undefined {
  return id === '' || id.startsWith('-') ? undefined : shellQuoted(id);
}

/**
 * Returns the workflow to unblock first: the one that outlasts the timeout, else the oldest that is stuck, else the oldest
 * that is asleep or delayed. Undefined where all the others finish by themselves. Workflows without children come before
 * parents, because to cancel a waiting parent alone unblocks nothing.
 */
export function firstToUnblock(
  workflows: readonly WorkflowDetail[],
  statuses: Statuses,
  longest: Pick<WorkflowDetail, 'id'> | undefined,
  now: number,
): Pick<WorkflowDetail, 'id'> | undefined {
  if (longest !== undefined) return longest;
  const parents = new Set(workflows.map(({ parent }) => parent));
  const childrenFirst = workflows.toSorted((a, b) => Number(parents.has(a.id)) - Number(parents.has(b.id)));
  const inState = (state: KitState) =>
    childrenFirst.find(({ id }) => {
      const status = statuses.get(id);
      return status !== undefined && kitStateOf(status, now) === state;
    });
  return KIT_STATES.filter(isOffered)
    .map(inState)
    .find((found) => found !== undefined);
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
