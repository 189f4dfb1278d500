// @module-tag exhaustive
import { describe, expect, test } from 'vitest';
import { inventoryPage } from '../../../src/review/report/inventory-page.ts';
import { COMMENT_BYTES, pageOf, SUMMARY_BYTES } from '../../../src/review/report/page.ts';
import { outputsOf, reportText } from '../../../src/review/report/schema.ts';
import { expectInert } from '../../support/hostile-log.ts';
import { skeletonIn } from '../../support/hostile-runs.ts';
import { ATTACKS, MEGABYTES } from '../../support/hostile-text.ts';
import { harmIn } from '../../support/inert.ts';
import { harmless, logOf, runWith } from '../../support/made-up-reviews.ts';

const names = ATTACKS.filter((name) => name.trim() !== '');

describe('text of others in a review', () => {
  test('changes nothing of a page, and acts nowhere on it', () => {
    for (const maximum of [SUMMARY_BYTES, COMMENT_BYTES]) {
      for (let at = 0; at < names.length; at += 25) {
        const some = names.slice(at, at + 25);
        const page = pageOf(runWith(some), maximum);
        expect(harmIn(page)).toEqual([]);
        expect(skeletonIn(page)).toBe(skeletonIn(pageOf(runWith(harmless(some.length)), maximum)));
      }
    }
  });

  test('of a megabyte leaves all of it below the limits', () => {
    const run = runWith(MEGABYTES);
    expect(Buffer.byteLength(pageOf(run, SUMMARY_BYTES))).toBeLessThan(1024 * 1024);
    expect(pageOf(run, COMMENT_BYTES).length).toBeLessThan(65_536);
    expectInert(logOf(run));
    expect(Buffer.byteLength(Object.values(outputsOf(run, '')).join())).toBeLessThan(1_000_000);
    expect(Buffer.byteLength(reportText(run))).toBeLessThan(16_000_000);
  });

  test('is inert on the page of an inventory', () => {
    const page = (some: readonly string[]) =>
      inventoryPage(
        {
          ...{ format: 1, observedAt: '2026-11-27T12:00:00.000Z', schedulesRead: true },
          applications: some.map((name) => ({
            ...{ application: name, latest: name, schedules: [] },
            versions: [{ version: name, workflows: [] }],
          })),
          application: null,
          omitted: { workflows: 1, steps: 2, schedules: 3, applications: 4 },
        },
        some[0] ?? '',
      );
    const some = names.slice(0, 50);
    expect(harmIn(page(some))).toEqual([]);
    expect(skeletonIn(page(some))).toBe(skeletonIn(page(harmless(50))));
  });
});
