import type { Root, RootContent } from 'hast';
import rehypeRaw from 'rehype-raw';
import rehypeSanitize from 'rehype-sanitize';
import remarkGfm from 'remark-gfm';
import remarkParse from 'remark-parse';
import remarkRehype from 'remark-rehype';
import { unified } from 'unified';

/*
 * Markdown as GitHub renders it: its dialect, raw HTML, and its rules of what HTML is let through. A stack of its
 * own, which shares nothing with the code that writes the Markdown.
 */

const toHtml = unified()
  .use(remarkParse)
  .use(remarkGfm)
  .use(remarkRehype, { allowDangerousHtml: true })
  .use(rehypeRaw)
  .freeze();

const sanitizer = unified().use(rehypeSanitize).freeze();

let last: { readonly markdown: string; readonly html: Root } | undefined;

/** The HTML that the Markdown stands for, before anything is taken out of it. The last one is kept: parsing is slow. */
export function htmlOf(markdown: string): Root {
  if (last?.markdown !== markdown) last = { markdown, html: toHtml.runSync(toHtml.parse(markdown)) };
  return last.html;
}

/** What is left of the HTML on GitHub: the default rules of `rehype-sanitize` are GitHub's. */
export function sanitized(html: Root): Root {
  return sanitizer.runSync(html);
}

/** The tags and attributes of a tree, one tag a line, without its text: two documents with one skeleton look alike. */
export function skeletonOf(tree: Root): string {
  const lines = (nodes: readonly RootContent[], depth: number): readonly string[] =>
    nodes.flatMap((node) => {
      // GitHub shows no comment.
      if (node.type === 'text' || node.type === 'comment') return [];
      if (node.type !== 'element') return [`${' '.repeat(depth)}${node.type}`];
      const properties = JSON.stringify(node.properties);
      return [`${' '.repeat(depth)}${node.tagName} ${properties}`, ...lines(node.children, depth + 1)];
    });
  return lines(tree.children, 0).join('\n');
}

/** Every tag in a tree, once. */
export function tagsIn(tree: Root): readonly string[] {
  return [...new Set(elementsOf(tree.children).map(({ tagName }) => tagName))].sort();
}

/** The text of every `<code>` in a tree, as a reader sees it; with a language, that of the blocks in it. */
export function codeIn(tree: Root, language?: string): readonly string[] {
  return elementsOf(tree.children)
    .filter(({ tagName }) => tagName === 'code')
    .filter(({ properties }) => language === undefined || isOf(properties['className'], language))
    .map(({ children }) => textOf(children));
}

function isOf(className: unknown, language: string): boolean {
  return Array.isArray(className) && className.includes(`language-${language}`);
}

/** What GitHub makes of text that is not code and no link yet. */
const REFERENCES = {
  mention: /(?<![\w`/])@[a-z\d](?:[\w-]*\/)?[\w-]*/gi,
  issue: /(?<![\w&])(?:[\w.-]+\/[\w.-]+)?#\d+\b|\bGH-\d+\b/gi,
  commit: /\b(?=[a-f]*\d)[\da-f]{7,40}\b/g,
  link: /\b(?:https?|ftp):\/\/\S|\bwww\.\S/gi,
  address: /[\w.+-]+@[\w-]+\.[\w.-]+/g,
  emoji: /:[a-z][\w+-]*:/gi,
  formula: /\$[^\s$][^$]*\$/g,
} as const;

/** The mentions, references and bare links that GitHub would find, with what kind each is. */
export function referencesIn(tree: Root): readonly string[] {
  const texts = (nodes: readonly RootContent[]): readonly string[] =>
    nodes.flatMap((node) => {
      if (node.type === 'text') return [node.value];
      if (node.type !== 'element' || ['code', 'pre', 'a'].includes(node.tagName)) return [];
      return texts(node.children);
    });
  return texts(tree.children).flatMap((text) =>
    Object.entries(REFERENCES).flatMap(([kind, pattern]) =>
      [...text.matchAll(pattern)].map(([found]) => `${kind}: ${found}`),
    ),
  );
}

/** The whole text of a tree, as a reader sees it. */
export function textIn(tree: Root): string {
  return textOf(tree.children);
}

function textOf(nodes: readonly RootContent[]): string {
  return nodes
    .map((node) => (node.type === 'text' ? node.value : node.type === 'element' ? textOf(node.children) : ''))
    .join('');
}

function elementsOf(nodes: readonly RootContent[]): readonly (RootContent & { type: 'element' })[] {
  return nodes.flatMap((node) => (node.type === 'element' ? [node, ...elementsOf(node.children)] : []));
}
