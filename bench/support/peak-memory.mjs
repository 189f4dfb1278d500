/* Loaded before the action: says at the end how much memory the process had at most, in kilobytes. */
import { writeSync } from 'node:fs';

process.on('exit', () => writeSync(2, `peak ${process.resourceUsage().maxRSS}\n`));
