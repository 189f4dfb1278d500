import pg from 'pg';
import type { RecordedCall, SourceFile, SourceFunction, WorkflowName } from '../../src/review/source/definition.ts';

/** A workflow that the sample application has run, as the database has it. */
export interface Ran extends WorkflowName {
  readonly id: string;
  /** The names of its rows in `operation_outputs`, in order. */
  readonly recorded: readonly string[];
}

export async function rowsOf(url: string): Promise<readonly Ran[]> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<Ran>(
    `SELECT s.workflow_uuid AS id, s.name, s.class_name AS "className",
            array_remove(array_agg(o.function_name ORDER BY o.function_id), NULL) AS recorded
       FROM dbos.workflow_status s LEFT JOIN dbos.operation_outputs o USING (workflow_uuid)
      GROUP BY s.workflow_uuid`,
  );
  await client.end();
  return rows;
}

export function keyOf({ name, className }: WorkflowName): string {
  return `${className ?? ''} ${name}`;
}

/** The body of a function that another file registers under a name. */
export function foreignBody(sources: readonly SourceFile[], name: string): SourceFunction | undefined {
  const registrations = sources.flatMap((source) => source.registrations);
  const { importedName } = registrations.find(({ workflow }) => workflow?.name === name) ?? {};
  return sources.flatMap(({ functions }) => functions).find(({ localName }) => localName === importedName);
}

/** Whether every execution records a call that takes all patches. */
export function isCertain({ guards }: RecordedCall): boolean {
  return guards.every(({ kind, isTaken }) => kind === 'patch' && isTaken === true);
}

/** A deprecated patch records nothing where it has no marker, and a timeout is recorded as a sleep. */
export function rowsOfCall({ kind, name = '?' }: RecordedCall): readonly string[] {
  if (kind === 'deprecated-patch') return [];
  return kind === 'receive' || kind === 'event' ? [name, 'DBOS.sleep'] : [name];
}
