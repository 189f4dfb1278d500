/** What a release is made of, from its tag: its notes, and the tags that move to it. Without packages of npm. */

/** `v1.2.3`, or `v1.2.3-rc.1`. */
const TAG = /^v(\d+)\.(\d+)\.(\d+)(-[\w.-]+)?$/;

/** The moving tags that a release gets. */
export interface MovingTags {
  /** `v1`, or nothing where a newer release of the major version is out. */
  readonly major: string;
  /** npm's tag. `latest` is what `npx` gets. */
  readonly npm: 'latest' | 'older' | 'next';
}

/**
 * Returns the section of `CHANGELOG.md` about a tag.
 *
 * @throws when package.json has another version, or when the section is missing or empty
 */
export function notesOf(tag: string, version: string, changelog: string): string {
  if (tag !== `v${version}`) throw new Error(`The tag is ${tag}, but package.json has version ${version}.`);
  const sections = changelog.split(/^(?=## )/m);
  const section = sections.find((text) => text.startsWith(`## [${version}]`));
  const notes = section
    ?.replace(/^## .*\n/, '')
    .replaceAll(/^\[.*\]: .*$/gm, '')
    .trim();
  if (notes === undefined || notes === '') {
    throw new Error(`CHANGELOG.md has nothing about ${version}. Rename "Unreleased" to "[${version}] - YYYY-MM-DD".`);
  }
  return notes;
}

/**
 * Returns what moves to a tag, given the tags of all published releases that are no prereleases. A prerelease is one by
 * its name, or because it is not among them.
 *
 * @throws when the tag is not a version
 */
export function movingTags(tag: string, published: readonly string[]): MovingTags {
  const [match, major] = TAG.exec(tag) ?? [];
  if (match === undefined) throw new Error(`${tag} is not a version.`);
  if (tag.includes('-') || !published.includes(tag)) return { major: '', npm: 'next' };
  const newer = published.filter((other) => TAG.test(other) && !other.includes('-') && order(other, tag) > 0);
  const isNewestOfMajor = !newer.some((other) => other.startsWith(`v${major}.`));
  return { major: isNewestOfMajor ? `v${major}` : '', npm: newer.length === 0 ? 'latest' : 'older' };
}

/** Positive where the first version is newer. */
function order(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
