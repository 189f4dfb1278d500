import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('the log on the page about blocked deploys is one that the gate writes', () => {
  const [, shown = ''] = /```text\n(\[.*?)```/s.exec(readFileSync('docs/when-it-blocks.md', 'utf8')) ?? [];
  const log = readFileSync('tests/unit/report/typical-runs/stuck/log.txt', 'utf8').split('\n');
  const lines = shown.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.filter((line) => !log.includes(line))).toEqual([]);
});
