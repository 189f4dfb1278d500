import { type Sql, sql, text, texts } from '../postgres/sql.ts';
import type { VersionSelection } from './snapshot/section.ts';

/** The application's own rows, and those that no application owns; every row where none is configured. */
export function inApplication(application: string | undefined, owner: Sql): Sql {
  if (application === undefined) return sql`true`;
  return sql`(${owner} IS NULL OR ${owner} = ${text(application)})`;
}

/** Rows of a version whose rows the poll counts; NULL for rows without a version. */
export function isSelected(selection: VersionSelection, version: Sql): Sql {
  if ('only' in selection) return sql`${version} = ANY (${texts(selection.only)})`;
  return sql`${version} <> ALL (${texts(selection.except)})`;
}

/** The name of a workflow and its class, as `workflowColumns` has them. */
interface CodeName {
  readonly name: Sql;
  readonly className: Sql;
}

/**
 * Rows of workflows that never block. In the patterns, `*` stands for any text: see `ANY_TEXT`. One without a dot matches
 * the name alone, and one with a dot the name or the name with its class.
 */
export function isIgnored(patterns: readonly string[], workflow: CodeName): Sql {
  const dotted = patterns.filter(hasDot);
  const byName = isLikeAny(workflow.name, patterns);
  // A poll can read a million rows: their names are put together only where a pattern asks for it.
  return dotted.length === 0 ? byName : sql`(${byName} OR ${isLikeAny(withClass(workflow), dotted)})`;
}

/** The patterns that match a row of `rows`, which has the columns `name` and `class_name`, as a JSON list. */
export function patternsMatching(patterns: readonly string[], rows: Sql): Sql {
  const byClass = sql`position('.' IN pattern) > 0 AND ${withClass({ name: sql`name`, className: sql`class_name` })} LIKE shape`;
  return sql`(SELECT coalesce(json_agg(DISTINCT pattern), '[]')
       FROM (SELECT pattern, shape COLLATE pg_catalog."C" AS shape
               FROM unnest(${texts(patterns)}, ${texts(patterns.map(likeOf))}) AS u(pattern, shape)) p
       JOIN (${rows}) r ON name LIKE shape OR (${byClass}))`;
}

const hasDot = (pattern: string): boolean => pattern.includes('.');

/** Not a star of Go's own, as in `orders.(*Shop).Ship-fm` or `Put[*orders.Order]`: a whole name lets go of no other. */
const ANY_TEXT = /(?<![([,\]])\*|\*(?![\p{L}_])/gu;

const likeOf = (pattern: string): string => pattern.replace(/[\\%_]/g, '\\$&').replace(ANY_TEXT, '%');

function isLikeAny(name: Sql, patterns: readonly string[]): Sql {
  return sql`coalesce(${name} LIKE ANY (${texts(patterns.map(likeOf))}), false)`;
}

/** As `fullName` of `workflow-name.ts`, without the instance. NULL without a class, or where the name has it: then it is the name. */
function withClass({ name, className }: CodeName): Sql {
  return sql`(CASE WHEN NOT starts_with(${name}, ${className} || '.') THEN ${className} || '.' || ${name} END)`;
}
