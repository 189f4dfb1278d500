import type { WorkflowDetail } from '../dbos/snapshot/index.ts';
import { quoteIdentifier } from '../dbos/sql.ts';
import type { WorkflowStatus } from '../forecast/activity.ts';
import { shellQuoted, sqlLiteral } from '../report/escape.ts';
import { type RunReport, targetsOf } from '../report/model.ts';

/** DBOS's command line reads the URL from here in the commands that are shown: no secret is in them. */
const URL_OPTION = '--sys-db-url "$DBOS_SYSTEM_DATABASE_URL"';

/**
 * What to do about one blocking workflow, as commands of DBOS's own command line (TypeScript; Python's has the
 * same verbs and options). Undefined when its id holds what cannot be typed or seen. To fork one is left to the
 * unblock kit: the fork of a workflow that has just ended does its work again, and no command says that it has ended.
 */
export function commandsFor(workflow: Pick<WorkflowDetail, 'id'>): readonly string[] | undefined {
  const id = typedId(workflow.id);
  if (id === undefined) return undefined;
  return [
    '# look at it, and at the steps it has done',
    `npx dbos workflow get ${id} ${URL_OPTION}`,
    `npx dbos workflow steps ${id} ${URL_OPTION}`,
    '# give it up: it stops before its next step',
    `npx dbos workflow cancel ${id} ${URL_OPTION}`,
  ];
}

/**
 * An id, as it is typed in a command; undefined when it holds what cannot be typed or seen, is empty, or would be
 * taken for an option.
 */
export function typedId(id: string): string | undefined {
  return id === '' || id.startsWith('-') ? undefined : shellQuoted(id);
}

/**
 * The workflow to begin with: the one that outlasts the timeout, or else a stuck one before others, and one that waits
 * for no child before a parent, since to end a waiting parent alone unblocks nothing. The oldest of those.
 */
export function firstToUnblock(
  workflows: readonly WorkflowDetail[],
  statuses: ReadonlyMap<string, WorkflowStatus>,
  longest: Pick<WorkflowDetail, 'id'> | undefined,
): Pick<WorkflowDetail, 'id'> | undefined {
  if (longest !== undefined) return longest;
  const parents = new Set(workflows.map(({ parent }) => parent));
  const childless = workflows.filter(({ id }) => !parents.has(id));
  const stuck = childless.find(({ id }) => statuses.get(id)?.state === 'stuck');
  return stuck ?? childless[0] ?? workflows[0];
}

/** The version that forks of the blocking work should run on: the latest that is no target. */
export function newVersionOf(result: RunReport): string | undefined {
  const targets = new Set(targetsOf(result).map(({ version }) => version));
  return [...(result.last?.evaluation.index?.latest ?? [])].find((version) => !targets.has(version));
}

/** The query that shows what the gate counted; the shape lets the partial indexes serve it. */
export function inspectionSql(result: RunReport): readonly string[] {
  const schema = quoteIdentifier(result.schema ?? 'dbos');
  const blocked = targetsOf(result).filter(({ drained }) => !drained);
  const literals = blocked.slice(0, 20).map(({ version }) => sqlLiteral(version));
  const versions =
    literals.every((literal) => literal !== undefined) && literals.length > 0 ? literals : undefined;
  const more = blocked.length - literals.length;
  const unversioned = (result.last?.evaluation.unversioned ?? 0) > 0;
  const application =
    result.config?.application === undefined ? undefined : sqlLiteral(result.config.application);
  const filter = versions === undefined ? undefined : `application_version IN (${versions.join(', ')})`;
  return [
    ...(more > 0 ? [`-- the first ${literals.length} versions; there are ${more} more`] : []),
    'SELECT workflow_uuid, application_version, status, name, queue_name, executor_id,',
    '       to_timestamp(created_at / 1000.0) AS created',
    `  FROM ${schema}.workflow_status`,
    " WHERE (status IN ('PENDING', 'ENQUEUED') OR status = 'DELAYED')",
    ...(filter === undefined
      ? []
      : [`   AND (${filter}${unversioned ? ' OR application_version IS NULL' : ''})`]),
    ...(application === undefined
      ? []
      : [`   AND (application_name = ${application} OR application_name IS NULL)`]),
    ' ORDER BY created_at;',
  ];
}
