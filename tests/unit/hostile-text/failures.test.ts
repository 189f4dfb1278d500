// @module-tag exhaustive
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Run, runReportOf } from '../../../src/report/model.ts';
import { failures } from '../../support/hostile-failures.ts';
import { expectInert, expectSameShape, logOf } from '../../support/hostile-log.ts';
import { expectFaithful, harmless, hostile, skeleton, skeletonIn, summaryFor } from '../../support/hostile-runs.ts';
import { harmIn } from '../../support/inert.ts';

describe('of a failure that quotes others', () => {
  const harmlessRuns = failures(harmless);
  const anyFailure = fc.tuple(hostile, fc.nat(harmlessRuns.length - 1));
  const nth = (runs: readonly Run[], index: number): Run => {
    const run = runs[index];
    if (run === undefined) throw new Error(`There is no failure ${index}.`);
    return run;
  };

  test('the summary has the structure that harmless text gives it, and nothing in it acts', () => {
    const property = fc.property(anyFailure, ([names, index]) => {
      const run = nth(failures(names), index);
      const summary = summaryFor(run);
      expect(harmIn(summary)).toEqual([]);
      expect(skeletonIn(summary)).toBe(skeleton(nth(harmlessRuns, index)));
    });
    fc.assert(property, { numRuns: 100 });
  });

  test('the log holds the commands that are meant, and nothing in it acts', async () => {
    const property = fc.asyncProperty(anyFailure, async ([names, index]) => {
      const log = await logOf(async () => runReportOf(nth(failures(names), index)));
      expectInert(log);
      expectSameShape(log, await logOf(async () => runReportOf(nth(harmlessRuns, index))));
    });
    await fc.assert(property, { numRuns: 100 });
  });

  test('the report holds what its schema says', () => {
    const property = fc.property(anyFailure, ([names, index]) => expectFaithful(nth(failures(names), index)));
    fc.assert(property, { numRuns: 100 });
  });
});
