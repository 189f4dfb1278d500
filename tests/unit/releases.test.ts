import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { movingTags, notesOf } from '../../scripts/releases.ts';

const CHANGELOG =
  '# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-12-01\n\n### Fixed\n\n- A thing.\n\n## [1.1.0] - 2026-11-01\n\n- Old.\n\n[1.2.0]: https://example.com\n';

describe('the notes of a release', () => {
  test('are the section of the changelog about its version', () => {
    expect(notesOf('v1.2.0', '1.2.0', CHANGELOG)).toBe('### Fixed\n\n- A thing.');
    expect(notesOf('v1.1.0', '1.1.0', CHANGELOG)).toBe('- Old.');
  });

  test.each([
    ['v1.2.0', '1.1.0', 'The tag is v1.2.0, but package.json has version 1.1.0.'],
    ['v1.3.0', '1.3.0', 'CHANGELOG.md has nothing about 1.3.0.'],
  ])('are refused for %s where package.json has %s', (tag, version, reason) => {
    expect(() => notesOf(tag, version, CHANGELOG)).toThrow(reason);
  });

  test('are refused where the section is empty', () => {
    expect(() => notesOf('v2.0.0', '2.0.0', '## [2.0.0] - 2026-12-01\n\n## [1.0.0]\n\n- Old.\n')).toThrow(
      /nothing about/,
    );
  });

  test('have a place for what comes next', () => {
    expect(readFileSync('CHANGELOG.md', 'utf8')).toContain('\n## [Unreleased]\n');
  });
});

describe('the tags that move to a release', () => {
  test.each([
    ['the newest', 'v1.10.0', ['v1.9.0', 'v1.10.0'], { major: 'v1', npm: 'latest' }],
    ['a first one', 'v1.0.0', ['v1.0.0'], { major: 'v1', npm: 'latest' }],
    ['a fix of an older major version', 'v1.9.1', ['v1.9.0', 'v2.0.0', 'v1.9.1'], { major: 'v1', npm: 'older' }],
    ['a fix of an older minor version', 'v1.9.1', ['v1.10.0', 'v1.9.1'], { major: '', npm: 'older' }],
    ['a prerelease', 'v2.0.0-rc.1', ['v1.10.0'], { major: '', npm: 'next' }],
    ['a prerelease by its name', 'v2.0.0-rc.1', ['v2.0.0-rc.1'], { major: '', npm: 'next' }],
    ['a prerelease that its name does not show', 'v2.0.0', ['v1.10.0'], { major: '', npm: 'next' }],
    [
      'a release with others of another shape',
      'v1.0.0',
      ['nightly', 'v1', 'v1.0.0', 'v10'],
      { major: 'v1', npm: 'latest' },
    ],
  ])('are those of %s', (_, tag, published, expected) => {
    expect(movingTags(tag, published)).toEqual(expected);
  });

  test('are none for a tag that is not a version', () => {
    expect(() => movingTags('v1', [])).toThrow('v1 is not a version.');
  });
});
