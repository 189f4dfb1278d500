// @module-tag exhaustive
import { describe, expect, test } from 'vitest';
import { type Run, runReportOf } from '../../../src/report/model.ts';
import { outputsOf } from '../../../src/report/outputs.ts';
import { failures } from '../../support/hostile-failures.ts';
import { expectInert, logOf } from '../../support/hostile-log.ts';
import { harmless, SCENE_NAMES, skeleton, skeletonIn, summaryFor } from '../../support/hostile-runs.ts';
import { play, type SceneName } from '../../support/hostile-scenes.ts';
import { MEGABYTES } from '../../support/hostile-text.ts';
import { harmIn } from '../../support/inert.ts';

const MEBIBYTE = 1024 * 1024;

describe('a megabyte in every name', () => {
  const huge = Array.from(harmless, (name, index) => `${MEGABYTES[index % MEGABYTES.length]}${name}`);

  async function playWithLog(scene: SceneName) {
    const runs: Run[] = [];
    const log = await logOf(async (sink) => {
      const run = await play(scene, huge, sink);
      runs.push(run);
      return runReportOf(run);
    });
    const [run] = runs;
    if (run === undefined) throw new Error('No run was played.');
    return { run, log };
  }

  test.each(SCENE_NAMES)('leaves what is told of %s below the limits', async (scene) => {
    const { run, log } = await playWithLog(scene);
    const summary = summaryFor(run);
    expect(Buffer.byteLength(summary)).toBeLessThan(MEBIBYTE);
    expect(harmIn(summary)).toEqual([]);
    expect(skeletonIn(summary)).toBe(skeleton(await play(scene, harmless)));
    expectInert(log);
    const outputs = Object.values(outputsOf(runReportOf(run), '/tmp/report.json').values);
    expect(Buffer.byteLength(outputs.join())).toBeLessThan(1_000_000);
  });

  test('leaves what is told of failures below the limits', async () => {
    for (const run of failures(huge)) {
      expect(Buffer.byteLength(summaryFor(run))).toBeLessThan(MEBIBYTE);
      expectInert(await logOf(async () => runReportOf(run)));
    }
  });

  test('keeps no other name out of the outputs', async () => {
    const [long = ''] = MEGABYTES;
    const run = await play('a timeout among many versions', harmless.with(5, long));
    const { values, omitted } = outputsOf(runReportOf(run), '');
    const blocked = (run.last?.evaluation.targets ?? []).filter(({ drained }) => !drained);
    const told = blocked.map(({ version }) => version).filter((version) => version !== long);
    expect(JSON.parse(values['draining-versions'])).toEqual(told);
    expect(told.length).toBeGreaterThan(10);
    expect(omitted).toBe(2);
  });
});
