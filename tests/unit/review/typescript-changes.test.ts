import { describe, expect, test } from 'vitest';
import { filesOf, reviewOf, shown } from '../../review/review.ts';
import { CHANGES } from '../../review/typescript/changes.ts';

const SHOP = filesOf(new URL('../../review/typescript/shop/', import.meta.url), (name) => /\.(ts|cjs)$/.test(name));

describe('a change of the sample application in TypeScript', () => {
  test.each(CHANGES)('$title', (change) => {
    const review = reviewOf(SHOP, change);
    const findings = review.findings.map((finding) => shown(SHOP, change, finding));
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
