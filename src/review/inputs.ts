import { z } from 'zod';
import { InputError, inputError } from '../errors.ts';
import {
  attempt,
  databaseUrlOf,
  duration,
  list,
  oneOf,
  type ParsedInputs,
  parsedText,
  type RawInputs,
  readDatabase,
  readPlain,
  SECRET_INPUTS,
  schemaName,
  shown,
  truth,
} from '../inputs.ts';
import type { RunContext } from '../run-context.ts';
import { type PathRule, pathRuleOf } from './paths.ts';

/** What both halves of the review read of the database. */
export type DatabaseInputs = Pick<ParsedInputs, 'database' | 'ignoredParameters' | 'source'>;

/** What is asked for, as a configuration. */
export interface ReviewInputs {
  readonly mode: 'review' | 'inventory';
  /** The path of the inventory; undefined where none is given. */
  readonly inventory: string | undefined;
  /** Undefined where a review reads a file, or nothing. */
  readonly database: DatabaseInputs | undefined;
  readonly application: string | undefined;
  readonly pollTimeoutMs: number;
  readonly paths: readonly PathRule[];
  readonly sameVersion: boolean;
  readonly failOn: 'never' | 'error';
  readonly comment: boolean;
}

const pathRules = parsedText((text) => {
  const rules = list.safeParse(text).data?.map(pathRuleOf);
  return rules?.every((rule) => rule !== undefined) ? rules : undefined;
}, 'globs, one per line, `glob = application`, or `!glob` to exclude');

const plainInputs = {
  mode: oneOf(['review', 'inventory']),
  inventory: z.string(),
  schema: schemaName,
  application: z.string(),
  'poll-timeout': duration(100, '100ms'),
  paths: pathRules,
  'same-version': truth,
  'fail-on': oneOf(['never', 'error']),
  comment: truth,
} as const;

/** Every input that the code reads. `review/action.yml` declares exactly these. */
export const REVIEW_INPUT_NAMES: readonly string[] = [...SECRET_INPUTS, ...Object.keys(plainInputs)];

/** @throws InputError that names every input that is wrong, its value unless secret, and what is accepted. */
export function parseReviewInputs(raw: RawInputs, context: RunContext): ReviewInputs {
  const problems: InputError[] = [];
  const trimmed = Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, value.trim()]));
  const settings = readPlain(z.object(plainInputs), trimmed, problems);
  if (trimmed['mode'] !== 'inventory' && trimmed['inventory'] && trimmed['database-url']) {
    problems.push(
      inputError()`The inputs \`inventory\` (${shown(trimmed['inventory'])}) and \`database-url\` exclude each other in \`mode: review\`. Accepted: \`inventory\` alone, or \`database-url\` where no inventory is kept.`,
    );
  }
  const database = attempt(problems, () => databaseOf(raw, trimmed, context));
  if (problems.length > 0 || settings === undefined) throw InputError.of(problems);
  return {
    mode: settings.mode,
    inventory: settings.inventory || undefined,
    database,
    application: settings.application || undefined,
    pollTimeoutMs: settings['poll-timeout'],
    paths: settings.paths,
    sameVersion: settings['same-version'],
    failOn: settings['fail-on'],
    comment: settings.comment,
  };
}

/** Needed by `inventory`. A review takes it where it is given no file, and does without where there is none. */
function databaseOf(raw: RawInputs, trimmed: RawInputs, context: RunContext): DatabaseInputs | undefined {
  const isReview = trimmed['mode'] !== 'inventory';
  if (isReview && (trimmed['inventory'] || databaseUrlOf(raw, context) === '')) return undefined;
  return readDatabase(raw, context);
}
