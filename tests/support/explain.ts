import { z } from 'zod';
import { beginSnapshot } from '../../src/postgres/guards.ts';
import type { Statement } from '../../src/postgres/sql.ts';
import type { TestDatabase } from './system-databases.ts';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string | undefined;
  readonly 'CTE Name'?: string | undefined;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly PlanNode[] | undefined;
}

const node: z.ZodType<PlanNode> = z.lazy(() =>
  z.object({
    'Node Type': z.string(),
    'Relation Name': z.string().optional(),
    'CTE Name': z.string().optional(),
    'Actual Loops': z.int(),
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

/** What a statement of a poll did to the database when it ran as a poll runs it. */
export interface Explained {
  /** Pages of tables and indexes that it touched. */
  readonly pages: number;
  /** How often the work in flight, once read, was gone through from one end to the other by one part of the plan. */
  readonly timesThroughInFlight: number;
  /** Tables that it read from one end to the other. */
  readonly scannedTables: readonly string[];
}

export async function explain(database: TestDatabase, { text, values }: Statement): Promise<Explained> {
  await database.query(beginSnapshot(30_000));
  try {
    const answer = await database.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, values);
    const [{ 'QUERY PLAN': plans }] = explained.parse(answer);
    const { Plan: plan } = plans[0];
    return {
      pages: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
      timesThroughInFlight: Math.max(...loopsOver('in_flight', plan)),
      scannedTables: sequentialScans(plan),
    };
  } finally {
    await database.query('COMMIT');
  }
}

function loopsOver(cte: string, plan: PlanNode): number[] {
  const own = plan['CTE Name'] === cte ? [plan['Actual Loops']] : [];
  return [...own, ...(plan.Plans ?? []).flatMap((part) => loopsOver(cte, part))];
}

function sequentialScans(plan: PlanNode): string[] {
  const own = plan['Node Type'] === 'Seq Scan' ? [plan['Relation Name'] ?? 'unknown'] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(sequentialScans)];
}
