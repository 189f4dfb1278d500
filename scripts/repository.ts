import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** `owner/name`, as GitHub spells it. */
const SLUG = /^[\w-]+\/[\w.-]+$/;

const manifest = z.object({ repository: z.object({ url: z.string() }) });

/**
 * Returns the repository's `owner/name`. It stands in `package.json` alone, and `scripts/set-repository.ts` changes it
 * everywhere.
 */
export function repositorySlug(): string {
  const { url } = manifest.parse(JSON.parse(readFileSync('package.json', 'utf8'))).repository;
  return url.replace(/^git\+https:\/\/github\.com\/|\.git$/g, '');
}

/**
 * Returns the text with one slug in place of the other. Registries of images take lower case only.
 *
 * @throws when the new slug is not `owner/name`
 */
export function withSlug(text: string, from: string, to: string): string {
  if (!SLUG.test(to)) throw new Error(`The repository is owner/name, and not ${to}.`);
  const old = new RegExp(`(ghcr\\.io/)?(?<![\\w.-])${RegExp.escape(from)}(?![\\w-])`, 'gi');
  return text.replace(old, (_, registry?: string) => (registry === undefined ? to : registry + to.toLowerCase()));
}
