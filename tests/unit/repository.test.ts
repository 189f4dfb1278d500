import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { renamedFiles, repositorySlug, requireRepository, withSlug } from '../../scripts/repository.ts';

const slug = repositorySlug();

test('the slug of the repository is its owner and its name', () => {
  expect(slug).toMatch(/^[\w-]+\/[\w.-]+$/);
});

test.each([
  [`uses: ${slug}@v1`, 'uses: Acme/gate@v1'],
  [`https://github.com/${slug}/blob/main/README.md`, 'https://github.com/Acme/gate/blob/main/README.md'],
  [`git+https://github.com/${slug}.git`, 'git+https://github.com/Acme/gate.git'],
  [`image: ghcr.io/${slug.toLowerCase()}:v1`, 'image: ghcr.io/acme/gate:v1'],
])('a new slug takes its place in %s', (text, expected) => {
  expect(withSlug(text, slug, 'Acme/gate')).toBe(expected);
  expect(withSlug(withSlug(text, slug, 'Acme/gate'), 'Acme/gate', slug)).toBe(text);
});

test.each([`co-${slug}@v1`, `${slug}-fork@v1`, slug.replace(/.*\//, '')])('%s is another name', (text) => {
  expect(withSlug(text, slug, 'Acme/gate')).toBe(text);
});

test('a slug that is not owner/name is refused', () => {
  expect(() => withSlug('', slug, 'gate')).toThrow(/owner\/name/);
});

test('a release of a repository whose name was not set is refused, before anything is published', () => {
  expect(() => requireRepository(slug, 'Acme/gate')).toThrow('Run `npm run set-repository Acme/gate` first.');
  expect(() => requireRepository('acme/Gate', 'Acme/gate')).not.toThrow();
  expect(() => requireRepository(slug, undefined)).not.toThrow();
  const environment = { ...process.env, GITHUB_REPOSITORY: 'Acme/gate' };
  const { stderr } = spawnSync(process.execPath, ['scripts/release-notes.ts', 'v1.2.3'], { env: environment });
  expect(String(stderr)).toContain('This is Acme/gate');
});

describe('a new repository', () => {
  const files = renamedFiles('Somebody-Else/other-gate');

  test('is named by every file that named the old one, and by all kinds of them', () => {
    const kinds = [
      'README.md',
      'package.json',
      'docs/releasing.md',
      'docs/recipes/hourly-sweep.md',
      '.github/CODEOWNERS',
    ];
    expect(kinds.filter((path) => !files.has(path))).toEqual([]);
    for (const [path, text] of files) {
      expect(text.toLowerCase(), path).not.toContain(slug.toLowerCase());
      expect(text, path).toMatch(/Somebody-Else/i);
    }
  });

  test('is reviewed by its owner', () => {
    expect(files.get('.github/CODEOWNERS')).toMatch(/^\* @Somebody-Else$/m);
  });
});
