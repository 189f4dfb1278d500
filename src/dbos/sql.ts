import type { Schema } from './schema.ts';

/*
 * Every statement is sent unnamed, since transaction poolers break named ones. Statuses are literals and never
 * parameters: only literals let the planner use DBOS's partial indexes (measured: 224 pages against 143,000 at a
 * million finished rows). Each query names the index that serves it.
 */

/** Statuses in flight, in the one shape that the planner answers from partial indexes: `IN` of all three is not. */
export const IN_FLIGHT = `(status IN ('PENDING', 'ENQUEUED') OR status = 'DELAYED')`;

const KNOWN_STATUSES = [
  'PENDING',
  'ENQUEUED',
  'DELAYED',
  'SUCCESS',
  'ERROR',
  'CANCELLED',
  'MAX_RECOVERY_ATTEMPTS_EXCEEDED',
  'RETRIES_EXCEEDED',
] as const;
/** Every status that DBOS has, as literals for `IN`. */
export const KNOWN = KNOWN_STATUSES.map((status) => `'${status}'`).join(', ');

/** The end of the year 9999, in epoch milliseconds. */
const LAST_TIME = 253_402_300_799_999;
/** Names are cut to so many characters where they are only shown. */
export const SHOWN_CHARACTERS = 300;

/** The beginning of the transaction, in epoch milliseconds: the same in all that one poll asks. */
export const NOW = '(extract(epoch FROM now()) * 1000)::bigint';

/** A statement with its parameters. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** What is judged: parameters that the statements share. */
export interface Scope {
  readonly application: string | undefined;
  readonly only: readonly string[] | undefined;
  readonly except: readonly string[];
  /** `LIKE` patterns. */
  readonly ignore: readonly string[];
}

/** `"name"`: an identifier, quoted for SQL. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `'text'`: a literal, quoted for SQL, whatever `standard_conforming_strings` says. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}

/** A `LIKE` pattern that matches what a pattern with `*` for any text does. */
export function likePattern(pattern: string): string {
  return pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
}

export function tableOf(schema: Schema, table: string): string {
  return `${quoteIdentifier(schema.name)}.${table}`;
}

/** The application's own rows and those that no application owns. */
export function inScope(owner: string): string {
  return `($1::text IS NULL OR ${owner} IS NULL OR ${owner} = $1)`;
}

export function selected(version: string): string {
  return `CASE WHEN $2::text[] IS NULL THEN ${version} <> ALL ($3::text[]) ELSE ${version} = ANY ($2) END`;
}

/**
 * A time that is only shown: a row may hold any number, and a calendar ends with the year 9999. No time stays
 * none, which `least` and `greatest` would not leave it.
 */
export function shownTime(column: string): string {
  return `CASE WHEN ${column} < 0 THEN 0 WHEN ${column} > ${LAST_TIME} THEN ${LAST_TIME} ELSE ${column} END`;
}

/** Case and white space aside; `normalize` does the same to a parameter. */
export function normalized(expression: string): string {
  return `lower(translate(${expression}, E' \\t\\n\\r\\f\\v', ''))`;
}

export function normalize(version: string): string {
  return version.replace(/[ \t\n\r\f\v]/g, '').toLowerCase();
}
