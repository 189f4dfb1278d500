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

/** Rows under a name that never blocks. In the patterns, `*` stands for any text. */
export function isIgnored(patterns: readonly string[], name: Sql): Sql {
  const like = patterns.map((pattern) => pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%'));
  return sql`coalesce(${name} LIKE ANY (${texts(like)}), false)`;
}
