import { readFileSync } from 'node:fs';
import { notesOf } from './releases.ts';

/** `node scripts/release-notes.ts v1.2.3`: prints the notes of the release, once tag, version and changelog agree. */
const [tag = ''] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
console.log(notesOf(tag, version, readFileSync('CHANGELOG.md', 'utf8')));
