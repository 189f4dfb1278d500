// @module-tag exhaustive
import { describe, expect, test } from 'vitest';
import { readJavaScript } from '../../../src/review/source/javascript/index.ts';
import { hostileTexts } from '../../review/hostile-javascript.ts';

describe('the reader of JavaScript ends with 4,000 of', () => {
  test.each(hostileTexts(4_000))('%s', (_name, text) => {
    expect(readJavaScript(text, 'hostile.tsx').language).toBe('javascript');
  });
});
