import utils from 'pg/lib/utils.js';

/** A statement as the driver sends it: `$1` in the text stands for the first of the values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A part of a statement: SQL text, and parameters that have no number yet. */
export interface Sql {
  readonly pieces: readonly (string | Parameter)[];
}

/** A value for Postgres, with the type that it is cast to: a null has no type of its own. */
interface Parameter {
  readonly type: 'text' | 'text[]' | 'bigint';
  readonly value: unknown;
}

/**
 * Builds SQL from a template. Fragments nest; numbers are written as they are, so that the planner sees every limit.
 * Strings from outside do not compile: they are `text` parameters, an `identifier` or a `literal`.
 */
export function sql(texts: TemplateStringsArray, ...parts: readonly (Sql | number)[]): Sql {
  const pieces = texts.flatMap((written, index) => {
    const part = parts[index];
    return [written, ...(typeof part === 'object' ? part.pieces : [String(part ?? '')])];
  });
  return { pieces };
}

/** A parameter of type `text`; undefined is NULL. */
export const text = (value: string | undefined): Sql => parameter('text', value);

/** A parameter of type `text[]`. */
export const texts = (values: readonly string[]): Sql => parameter('text[]', values);

/** A parameter of type `bigint`, rounded; undefined is NULL. */
export const bigint = (value: number | undefined): Sql => parameter('bigint', value && Math.round(value));

const parameter = (type: Parameter['type'], value: unknown): Sql => ({ pieces: [{ type, value: value ?? null }] });

/** `"name"` as SQL. */
export const identifier = (name: string): Sql => ({ pieces: [quoteIdentifier(name)] });

/** `'text'` as SQL, for statements that cannot have parameters. */
export const literal = (value: string): Sql => ({ pieces: [quoteLiteral(value)] });

export function join(parts: readonly Sql[], separator: string): Sql {
  return { pieces: parts.flatMap(({ pieces }, index) => (index > 0 ? [separator, ...pieces] : pieces)) };
}

/** Numbers the parameters. Equal values of one type share a number. */
export function statement({ pieces }: Sql): Statement {
  const values = new Map<string, unknown>();
  const written = pieces.map((piece) => {
    if (typeof piece === 'string') return piece;
    const key = JSON.stringify([piece.type, piece.value]);
    values.set(key, piece.value);
    return `$${[...values.keys()].indexOf(key) + 1}::${piece.type}`;
  });
  return { text: written.join(''), values: [...values.values()] };
}

/** `"name"`: an identifier, quoted for SQL. */
export const quoteIdentifier = (name: string): string => utils.escapeIdentifier(name);

/** `'text'`: a literal, quoted for SQL, whatever `standard_conforming_strings` is. */
export function quoteLiteral(value: string): string {
  // The driver puts a space before the `E` of an escaped literal.
  return utils.escapeLiteral(value).trimStart();
}
