// @module-tag exhaustive
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { msg } from '../../../src/message.ts';
import { annotationsOf } from '../../../src/report/annotations.ts';
import { codeBlock } from '../../../src/report/markdown.ts';
import { runReportOf } from '../../../src/report/model.ts';
import { summaryOf } from '../../../src/report/summary.ts';
import { plain } from '../../../src/report/text.ts';
import { expectInert, logOf } from '../../support/hostile-log.ts';
import { harmless, skeletonIn } from '../../support/hostile-runs.ts';
import { play } from '../../support/hostile-scenes.ts';
import { ATTACKS, hostileText } from '../../support/hostile-text.ts';
import { codeShownIn, harmIn } from '../../support/inert.ts';

test('a name of characters that only mean themselves is shown as it is', async () => {
  const report = runReportOf(await play('several applications', harmless));
  const ascii = fc.oneof(fc.constantFrom(...ATTACKS), fc.string({ unit: 'grapheme-ascii', maxLength: 80 }));
  const property = fc.property(ascii, (name) => {
    fc.pre(/^[ -~]+$/.test(name) && !name.includes('##['));
    expect(codeShownIn(summaryOf({ ...report, warnings: [msg`${name}`] }))).toContain(name);
    expect(plain(msg`${name}`)).toBe(`"${name.replaceAll('"', '\\"')}"`);
  });
  fc.assert(property, { numRuns: 300 });
});

test('a block of code stays one, whatever its lines are', () => {
  const property = fc.property(fc.array(hostileText), (lines) => {
    const block = codeBlock('sh', lines);
    expect(harmIn(block)).toEqual([]);
    expect(skeletonIn(block)).toBe(skeletonIn('```sh\nx\n```'));
  });
  fc.assert(property, { numRuns: 300 });
});

test('marks that come first, or by the thousand, are shown as what they are', () => {
  expect(plain(msg`${`\u0338a${'\u0301'.repeat(6)}e\u0301`}`)).toBe(
    `"\\u{338}a${'\u0301'.repeat(4)}\\u{301}\\u{301}e\u0301"`,
  );
});

test('a message that is too long is cut between two characters', async () => {
  const report = runReportOf(await play('several applications', harmless));
  for (const before of ['', 'x']) {
    const warnings = Array.from({ length: 99 }, () => msg`${before + '🚀'.repeat(50)}`);
    const message = annotationsOf({ ...report, warnings }).at(-1)?.message ?? '';
    expect(message).toMatch(/🚀…$/u);
    expect(message.length).toBeGreaterThan(3700);
    expectInert(await logOf(async () => ({ ...report, warnings })));
  }
});
