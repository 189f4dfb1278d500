// @module-tag exhaustive
import { describe, expect, test } from 'vitest';
import { runReportOf } from '../../../src/report/model.ts';
import { summaryOf } from '../../../src/report/summary.ts';
import { expectInert, expectSameShape, logOf } from '../../support/hostile-log.ts';
import { expectFaithful, harmless, holds, SCENE_NAMES, skeleton, skeletonIn } from '../../support/hostile-runs.ts';
import { play } from '../../support/hostile-scenes.ts';
import { harmIn } from '../../support/inert.ts';
import { kitOf } from '../../support/report-runs.ts';

describe.each(SCENE_NAMES)('of %s', (scene) => {
  test('the summary has the structure that harmless names give it, and nothing in it acts', async () => {
    const expected = skeleton(await play(scene, harmless));
    await holds(12, async (names) => {
      const run = await play(scene, names);
      const report = runReportOf(run);
      const summary = summaryOf(report);
      expect(harmIn(summary)).toEqual([]);
      expect(skeletonIn(summary)).toBe(expected);
      const kit = kitOf(run, names.join('/'));
      expect(harmIn(summaryOf(report, kit))).toEqual([]);
    });
  });

  test('the log holds the commands that are meant, and nothing in it acts', async () => {
    const expected = await logOf(async (sink) => runReportOf(await play(scene, harmless, sink)));
    await holds(15, async (names) => {
      const log = await logOf(async (sink) => runReportOf(await play(scene, names, sink)));
      expectInert(log);
      expectSameShape(log, expected);
    });
  });

  test('outputs and report hold every name as it is', async () => {
    await holds(12, async (names) => expectFaithful(await play(scene, names)));
  });
});
