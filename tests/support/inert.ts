import { codeIn, htmlOf, referencesIn, sanitized, skeletonOf, tagsIn, textIn } from '../rendering/github-markdown.ts';

/* What it takes for text of others to be harmless where a person or a program reads it. */

/** The tags that a job summary is made of. */
const TAGS = [
  ...['h2', 'h3', 'p', 'ul', 'ol', 'li', 'blockquote', 'sub', 'b', 'strong', 'em', 'details', 'summary', 'pre', 'code'],
  ...['table', 'thead', 'tbody', 'tr', 'th', 'td'],
];

/** Characters that act instead of being read, blanks that are no spaces, and marks that pile up. */
const ACTING = /(?! )[\p{C}\p{Z}]|\p{Default_Ignorable_Code_Point}|\p{M}{9}/gu;

/** The pictures of our own consist of two characters, the second of which would be invisible alone. */
const PICTURES = /[⚠ℹ]\ufe0f/gu;

/** What in a text could act on whoever reads it, line breaks aside; empty when it is harmless. */
export function actingIn(text: string): readonly string[] {
  const found = text.replace(PICTURES, '').replaceAll('\n', '').match(ACTING) ?? [];
  return [...new Set(found)].map((text) => `acts: ${JSON.stringify(text)}`);
}

/** What is wrong with a job summary, whoever wrote which part of it; empty when nothing is. */
export function harmIn(summary: string): readonly string[] {
  const html = htmlOf(summary);
  const strange = tagsIn(html).filter((tag) => !TAGS.includes(tag));
  const lost = skeletonOf(html) === skeletonOf(sanitized(html)) ? [] : ['HTML that GitHub takes out'];
  const tabless = withoutColumns(summary);
  return [...strange, ...lost, ...referencesIn(html), ...actingIn(textIn(htmlOf(tabless))), ...actingIn(tabless)];
}

/** The list of the unblock kit separates its columns by tabs, so that it can be copied. Nothing else holds one. */
function withoutColumns(summary: string): string {
  return summary.replace(/^(`{3,})tsv\n.*?^\1$/gms, (block) => block.replaceAll('\t', ' '));
}

/** The code that a reader of a summary sees, in text and in blocks. */
export function codeShownIn(summary: string): readonly string[] {
  return codeIn(sanitized(htmlOf(summary)));
}

/** The blocks of code in a language that a reader can copy from a summary. */
export function codeBlocksIn(summary: string, language: string): readonly string[] {
  return codeIn(sanitized(htmlOf(summary)), language);
}
