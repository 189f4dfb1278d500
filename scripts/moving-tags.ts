import { readFileSync } from 'node:fs';
import { movingTags } from './releases.ts';

/** `node scripts/moving-tags.ts v1.2.3`, with the tags of all releases on stdin: prints outputs of a step. */
const [tag = ''] = process.argv.slice(2);
const { major, npm } = movingTags(tag, readFileSync(0, 'utf8').trim().split('\n'));
console.log(`major=${major}\nnpm=${npm}`);
