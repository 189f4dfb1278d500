import { z } from 'zod';
import { beginLook } from '../../src/dbos/queries.ts';
import type { Statement } from '../../src/dbos/sql.ts';
import type { TestDatabase } from './system-databases.ts';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string | undefined;
  readonly Plans?: readonly PlanNode[] | undefined;
}

const node: z.ZodType<PlanNode> = z.lazy(() =>
  z.object({
    'Node Type': z.string(),
    'Relation Name': z.string().optional(),
    Plans: z.array(node).optional(),
  }),
);

const explained = z.tuple([
  z.object({
    'QUERY PLAN': z.tuple([
      z.object({
        Plan: z.intersection(node, z.object({ 'Shared Hit Blocks': z.int(), 'Shared Read Blocks': z.int() })),
      }),
    ]),
  }),
]);

/** What a statement of a look did to the database when it ran as a look runs it. */
export interface Explained {
  /** Pages of tables and indexes that it touched. */
  readonly pages: number;
  /** Tables that it read from one end to the other. */
  readonly scannedTables: readonly string[];
}

export async function explain(database: TestDatabase, { text, values }: Statement): Promise<Explained> {
  await database.query(beginLook(30_000));
  try {
    const answer = await database.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, values);
    const [{ 'QUERY PLAN': plans }] = explained.parse(answer);
    const { Plan: plan } = plans[0];
    return {
      pages: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
      scannedTables: sequentialScans(plan),
    };
  } finally {
    await database.query('COMMIT');
  }
}

function sequentialScans(plan: PlanNode): string[] {
  const own = plan['Node Type'] === 'Seq Scan' ? [plan['Relation Name'] ?? 'unknown'] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(sequentialScans)];
}
