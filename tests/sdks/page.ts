import { readFileSync } from 'node:fs';

/** Returns the snippets of a language's section of `docs/sdks.md`, in these languages, as they stand. */
export function snippetsOf(language: string, ...kinds: readonly string[]): readonly string[] {
  const sections = readFileSync('docs/sdks.md', 'utf8').split(/^## /m);
  const section = sections.find((text) => text.startsWith(`${language}\n`)) ?? '';
  return Array.from(section.matchAll(/^```(\w+)\n(.*?)^```$/gms)).flatMap(([, kind = '', text = '']) =>
    kinds.includes(kind) ? [text] : [],
  );
}
