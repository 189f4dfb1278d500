import { expect, test } from 'vitest';
import { repositorySlug, withSlug } from '../../scripts/repository.ts';

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
