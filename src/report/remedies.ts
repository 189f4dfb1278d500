import { quoteIdentifier } from '../dbos/sql.ts';
import type { WorkflowDetail } from '../gate/observation.ts';
import { shellQuoted, sqlLiteral } from './escape.ts';
import { type Result, targetsOf } from './result.ts';

/** DBOS's command line reads the URL from here in the commands that are shown: no secret is in them. */
const URL_OPTION = '--sys-db-url "$DBOS_SYSTEM_DATABASE_URL"';

/**
 * What to do about one blocking workflow, as commands of DBOS's own command line (TypeScript; Python's has the
 * same verbs and options). Undefined when its id holds what cannot be typed or seen.
 */
export function commandsFor(
  workflow: WorkflowDetail,
  newVersion: string | undefined,
): readonly string[] | undefined {
  const id = shellQuoted(workflow.id);
  const version = newVersion === undefined ? undefined : shellQuoted(newVersion);
  if (id === undefined || id.startsWith("'-")) return undefined;
  const nextStep = workflow.lastStep === null ? 0 : workflow.lastStep.number + 1;
  return [
    '# look at it, and at the steps it has done',
    `npx dbos workflow get ${id} ${URL_OPTION}`,
    `npx dbos workflow steps ${id} ${URL_OPTION}`,
    '# give it up: it stops before its next step',
    `npx dbos workflow cancel ${id} ${URL_OPTION}`,
    ...(version === undefined
      ? []
      : [
          '# or let the new version go on after its last step, if the new code fits the steps done: never without',
          '# the cancel, or both versions go on with it',
          `npx dbos workflow cancel ${id} ${URL_OPTION} \\`,
          `  && npx dbos workflow fork ${id} --step ${nextStep} --application-version ${version} ${URL_OPTION}`,
        ]),
  ];
}

/** The oldest blocking workflow that does not wait for another one: to end a waiting parent alone unblocks nothing. */
export function firstToUnblock(workflows: readonly WorkflowDetail[]): WorkflowDetail | undefined {
  const parents = new Set(workflows.map(({ parent }) => parent));
  return workflows.find(({ id }) => !parents.has(id)) ?? workflows[0];
}

/** The version that forks of the blocking work should run on: the latest that is no target. */
export function newVersionOf(result: Result): string | undefined {
  const targets = new Set(targetsOf(result).map(({ version }) => version));
  return [...(result.last?.judgement.seen?.latest ?? [])].find((version) => !targets.has(version));
}

/** The query that shows what the gate counted; the shape lets the partial indexes serve it. */
export function inspectionSql(result: Result): readonly string[] {
  const schema = quoteIdentifier(result.schema ?? 'dbos');
  const blocked = targetsOf(result).filter(({ drained, judged }) => judged && !drained);
  const literals = blocked.slice(0, 20).map(({ version }) => sqlLiteral(version));
  const versions =
    literals.every((literal) => literal !== undefined) && literals.length > 0 ? literals : undefined;
  const more = blocked.length - literals.length;
  const unversioned = (result.last?.judgement.unversioned ?? 0) > 0;
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
