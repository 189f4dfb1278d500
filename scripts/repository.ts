import { execFileSync } from 'node:child_process';
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
 * What is released names its repository, and npm refuses a package that names another.
 *
 * @param name `owner/name` of the repository that runs this; undefined outside GitHub
 * @throws when the repository's name was not set with `npm run set-repository`
 */
export function requireRepository(slug: string, name: string | undefined): void {
  if (name === undefined || slug.toLowerCase() === name.toLowerCase()) return;
  throw new Error(`This is ${name}, but package.json names ${slug}. Run \`npm run set-repository ${name}\` first.`);
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

/** Who reviews: the only place that names the owner without the repository. */
const CODEOWNERS = '.github/CODEOWNERS';

/**
 * Returns the new texts of the files that name the repository or its owner, by their paths. `dist/` is not among them:
 * a build writes it.
 *
 * @throws when the new slug is not `owner/name`, or git cannot list the files
 */
export function renamedFiles(to: string): ReadonlyMap<string, string> {
  const from = repositorySlug();
  return new Map(
    filesWith(from, CODEOWNERS).map((path) => [path, renamed(path, readFileSync(path, 'utf8'), from, to)]),
  );
}

function renamed(path: string, text: string, from: string, to: string): string {
  const [owner = ''] = from.split('/');
  const [newOwner = ''] = to.split('/');
  const withSlugs = withSlug(text, from, to);
  return path === CODEOWNERS
    ? withSlugs.replaceAll(new RegExp(`@${RegExp.escape(owner)}\\b`, 'gi'), `@${newOwner}`)
    : withSlugs;
}

/** The files that hold a text, committed or new, and one more. */
function filesWith(text: string, another: string): readonly string[] {
  const options = ['--name-only', '--untracked', '-I', '-i', '-F', '-e', text, '--', '.', ':!dist'];
  const found = execFileSync('git', ['grep', ...options], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return [...new Set([...found, another])];
}
