import { expect, test } from 'vitest';
import {
  bigint,
  identifier,
  join,
  literal,
  quoteLiteral,
  sql,
  statement,
  text,
  texts,
} from '../../src/postgres/sql.ts';

test('numbers parameters in the order of the text, and equal values share one', () => {
  const isOwned = sql`owner = ${text('shop')}`;
  const select = sql`SELECT ${bigint(1.6)} WHERE ${isOwned} AND name = ANY (${texts(['a', "b'"])}) AND ${isOwned} LIMIT ${50}`;
  expect(statement(select)).toEqual({
    text: 'SELECT $1::bigint WHERE owner = $2::text AND name = ANY ($3::text[]) AND owner = $2::text LIMIT 50',
    values: [2, 'shop', ['a', "b'"]],
  });
});

test('values of different types share no parameter, though they are equal', () => {
  expect(statement(sql`${text(undefined)}, ${bigint(undefined)}, ${text(undefined)}`)).toEqual({
    text: '$1::text, $2::bigint, $1::text',
    values: [null, null],
  });
});

test('text that looks like a parameter is none', () => {
  const { text: written, values } = statement(sql`${literal('$1')} = ${text('$2')}`);
  expect({ written, values }).toEqual({ written: `'$1' = $1::text`, values: ['$2'] });
});

test('fragments are joined by a separator', () => {
  expect(statement(join([sql`a`, sql`b`], ' UNION ')).text).toBe('a UNION b');
  expect(statement(join([], ', '))).toEqual({ text: '', values: [] });
});

test('identifiers and literals are quoted', () => {
  expect(statement(sql`${identifier('a"b')}.${literal("it's")}`).text).toBe(`"a""b".'it''s'`);
  expect(quoteLiteral('a\\b')).toBe(`E'a\\\\b'`);
});
