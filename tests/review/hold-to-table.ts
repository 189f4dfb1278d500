import { describe, expect, test } from 'vitest';
import { type Files, reviewOf, shown } from './review.ts';
import type { Change } from './table.ts';

/** Tests that a review says about each change of an application what the table expects, and nothing else. */
export function holdToTable(title: string, application: Files, changes: readonly Change[]): void {
  describe(title, () => {
    test.each(changes)('$title', (change) => {
      const review = reviewOf(application, change);
      const findings = review.findings.map((finding) => shown(application, change, finding));
      expect(findings).toEqual(
        change.expected.map(({ says = [], className = null, isProbable = false, ...rest }) => ({
          path: Object.keys(change.after)[0],
          ...rest,
          className,
          isProbable,
          says: [expect.toSatisfy((said: string) => says.every((part) => said.includes(part)), says.join(' … '))],
        })),
      );
      expect(review.accepted.map(({ reason }) => reason)).toEqual(change.accepted ?? []);
      const limits = review.limits.map((limit) => JSON.stringify(limit));
      for (const part of change.limits ?? []) expect(limits.join('\n')).toContain(part);
    });
  });
}
