import { describe, expect, test } from 'vitest';
import { readJavaScript } from '../../../src/review/source/javascript/index.ts';

const read = (statements: string, before = '', path = 'orders.ts') =>
  readJavaScript(
    `import { DBOS } from '@dbos-inc/dbos-sdk';\n${before}\nDBOS.registerWorkflow(async function checkOut() {
  await DBOS.sleep(1);
  ${statements}
  await DBOS.recv();
});\n`,
    path,
  );

const callsOf = ({ workflows }: ReturnType<typeof read>) => workflows[0]?.calls.map(({ name }) => name);

/** Long enough for the parser to give one of two readings of its start up, and of a shape for which that is the right one. */
const LONG = `async () => {
  if (order.isPaid) return { id: order.id, model: order.model, kind: order.kind, input: parsed.data };
  if (!row) {
    throw new Missing(\`none with \${id}\`);
  }
  return { id: row.id, model: row.model, kind: row.kind, input: parsed.data };
}, { name: 'load', ...RETRIES, when: unless }`;

describe('TypeScript that the grammar has trouble with is read', () => {
  test.each([
    ['try { await a(); } catch (error: unknown) { await b(); } finally { await c(); }', ['a', 'b', 'c']],
    ['let release!: () => void; await a();', ['a']],
    ['const known = (await a()).filter((row): row is Row => row !== null); await b();', ['a', 'b']],
    ['const check = (row: unknown): asserts row is Row => {}; await a();', ['a']],
    ["const rows = (await a()) as typeof import('./rows'); await b();", ['a', 'b']],
    ['const get = async <Row extends Base>(row: Row) => a(row); await get(1);', ['a']],
    ['[rows[0], rows[1]] = [await a(), await b()];', ['a', 'b']],
    [
      'type Rows = [first: Row, second?: Row]; type Some = [Row, Row?, Row?]; type Row = abstract new () => Row; await a();',
      ['a'],
    ],
  ])('in a body: %s', (statements, expected) => {
    const file = read(statements, "import { a, b, c } from './steps';");
    expect(callsOf(file)).toEqual(['DBOS.sleep', ...expected, 'DBOS.recv']);
    expect(file.hasErrors).toBe(false);
  });

  test.each([
    "export { type Row, rows } from './rows'; export type * from './rows';",
    "import rows from './rows.json' with { type: 'json' };",
    "declare module './rows' { const row: string; }",
    'class Rows { read?(): void; write?<T>(): T }',
    "class Failed extends Tagged('Failed')<{ row: Row<string>; cause: unknown }>() {}",
  ])('beside it: %s', (before) => {
    const file = read('', before);
    expect(callsOf(file)).toEqual(['DBOS.sleep', 'DBOS.recv']);
    expect(file.hasErrors).toBe(false);
  });

  test('with a comment alone in markup, and types of an element', () => {
    const file = read('', 'const page = <Page<Row> rows={rows}>{/* nothing */}<br /></Page>;', 'page.tsx');
    expect(callsOf(file)).toEqual(['DBOS.sleep', 'DBOS.recv']);
    expect(file.hasErrors).toBe(false);
  });

  test.each(['Row', 'Row | null', 'rows.Row', 'Promise<Row>', '{ first: string; second?: Row }', 'Row, Error'])(
    'with a long call that has the type arguments %s',
    (types) => {
      const file = read(`const row = await DBOS.runStep<${types}>(${LONG});`, "import { RETRIES } from './retries';");
      expect(callsOf(file)).toEqual(['DBOS.sleep', 'load', 'DBOS.recv']);
      expect(file.hasErrors).toBe(false);
    },
  );

  test('where two comparisons are meant', () => {
    const file = read('if (rows < most && (await a()) > (await b())) await c();', "import { a, b, c } from './steps';");
    expect(callsOf(file)).toEqual(['DBOS.sleep', 'a', 'b', 'c', 'DBOS.recv']);
  });

  test('where it is an error, it stays one, and the lines stay what they are', () => {
    const file = read('let release!: () => void;\n  const = 1;\n  await a();');
    expect(file.hasErrors).toBe(true);
    expect(file.workflows[0]?.notFollowed).toContainEqual({ line: 6, why: 'unreadable' });
    expect(file.workflows[0]?.calls.map(({ line }) => line)).toEqual([4, 8]);
  });
});
