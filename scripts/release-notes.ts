import { readFileSync } from 'node:fs';
import { notesOf } from './releases.ts';
import { repositorySlug, requireRepository } from './repository.ts';

/** `node scripts/release-notes.ts v1.2.3`: prints the notes, once repository, tag, version and changelog agree. */
requireRepository(repositorySlug(), process.env['GITHUB_REPOSITORY']);
const [tag = ''] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
console.log(notesOf(tag, version, readFileSync('CHANGELOG.md', 'utf8')));
