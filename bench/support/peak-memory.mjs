/* Loaded before the action: prints the peak memory of the process when it exits, in kilobytes. */
import { writeSync } from 'node:fs';

process.on('exit', () => writeSync(2, `peak ${process.resourceUsage().maxRSS}\n`));
