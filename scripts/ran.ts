import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

/** What the suites ran on, written by the suites when they ran whole. docs/reference.md shows it. */
const PATH = 'tests/ran.json';

const day = z.iso.date();
const ranSdk = z.strictObject({
  language: z.string(),
  release: z.string(),
  /** The major of Postgres. */
  postgres: z.int(),
  /** How many tests passed. */
  passed: z.int().positive(),
  on: day,
});
const ran = z.strictObject({
  sdks: z.array(ranSdk),
  /** By major, those of `npm run test:postgres`. */
  postgres: z.record(z.string(), day),
});

export type RanSdk = Readonly<z.output<typeof ranSdk>>;
export type Ran = Readonly<z.output<typeof ran>>;

export function readRan(): Ran {
  return ran.parse(JSON.parse(readFileSync(PATH, 'utf8')));
}

/** Puts the runs of these languages in the place of earlier ones. */
export function recordSdks(languages: readonly string[], runs: readonly RanSdk[]): void {
  const { sdks, ...others } = readRan();
  const kept = sdks.filter(({ language }) => !languages.includes(language));
  write({ sdks: [...kept, ...runs], ...others });
}

/** Records that these majors of Postgres ran today. */
export function recordMajors(majors: readonly string[]): void {
  write({ ...readRan(), postgres: Object.fromEntries(majors.map((major) => [major, today()])) });
}

/** `2026-01-31`, in UTC. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

function write(what: Ran): void {
  writeFileSync(PATH, `${JSON.stringify(what, undefined, 2)}\n`);
}
