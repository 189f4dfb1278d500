// @module-tag exhaustive
import { describe, expect, test } from 'vitest';
import { readLog } from '../../support/hostile-log.ts';
import { harmIn } from '../../support/inert.ts';

describe('the parsers of these tests', () => {
  test.each([
    ['a command', '::error::evil'],
    ['a command after a blank', ' \u0085::error::evil'],
    ['a command on a line of its own', 'a\r::error::evil'],
    ['an older command', 'a ##[error]evil'],
    ['an older command behind what is no command', '::a::##[error]evil'],
  ])('find %s', (_what, text) => {
    expect(readLog(text).commands).toEqual([{ name: 'error', properties: expect.anything(), data: 'evil' }]);
  });

  test.each([
    ['a picture', '![x](http://evil.example/x.png)', 'img'],
    ['a link', '[x](http://evil.example)', 'a'],
    ['a bare link', 'http://evil.example', 'a'],
    ['an address in HTML of ours', '<code>a&#64;evil&#46;example</code>', 'a'],
    ['a host', 'www.evil.example', 'a'],
    ['a script', '<script>alert(1)</script>', 'script'],
    ['HTML that GitHub takes out', '<b onclick="x">', 'HTML that GitHub takes out'],
    ['a mention', 'x @octocat', 'mention: @octocat'],
    ['a reference', 'octocat/evil#1', 'issue: octocat/evil#1'],
    ['a commit', 'deadbeef0123456789abcdef0123456789abcdef', expect.stringMatching('commit: deadbeef')],
    ['an emoji', ':tada:', 'emoji: :tada:'],
    ['a formula', '$math$', 'formula: $math$'],
    ['a reversed direction', '`\u202e`', 'acts: "\u202e"'],
    ['the colour of a terminal', '`\u001b[31m`', 'acts: "\\u001b"'],
    ['half a character', '`\ud83d`', 'acts: "\\ud83d"'],
    ['marks that pile up', `\`a${'\u0336'.repeat(99)}\``, `acts: "${'\u0336'.repeat(9)}"`],
  ])('find %s', (_what, text, harm) => {
    expect(harmIn(text)).toContainEqual(harm);
  });

  test('find nothing in what is harmless', () => {
    expect(harmIn('## ⚠️ A `b`\n\n<details><summary>c</summary>\n\n> d\n\n</details>')).toEqual([]);
  });
});
