import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

/* What the gate carries of other files of the repository. The build replaces this module with one that has the values. */

const fileOf = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');

const inputs = z.record(z.string(), z.object({ description: z.string(), default: z.string() }));

/** The text of `unblock.sh`. */
export const UNBLOCK_SCRIPT = fileOf('./unblock/unblock.sh');

const manifest = z
  .object({ version: z.string(), repository: z.object({ url: z.string() }) })
  .parse(JSON.parse(fileOf('../package.json')));

/** The number of this release. */
export const RELEASE = manifest.version;

/** The address of the repository. */
export const REPOSITORY = manifest.repository.url.replace(/^git\+|\.git$/g, '');

/** The inputs in `action.yml`: what each means, and its default. */
export const INPUTS = z.object({ inputs }).parse(parse(fileOf('../action.yml'))).inputs;
