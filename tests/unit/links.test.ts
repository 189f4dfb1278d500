import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { marked, type Token } from 'marked';
import { describe, expect, test } from 'vitest';
import { repositorySlug } from '../../scripts/repository.ts';

/* Links within the repository. What leads elsewhere needs a network, and is not followed. */

const pages = [
  ...readdirSync('.').filter((file) => file.endsWith('.md')),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.posix.join('docs', file.replaceAll(path.sep, '/'))),
];

/** A page of this repository on GitHub, or the file itself. */
const OWN = new RegExp(
  `^https://(?:github\\.com/${repositorySlug()}/(?:blob|tree|raw)|raw\\.githubusercontent\\.com/${repositorySlug()})/[^/]+/`,
);

interface Page {
  readonly links: readonly string[];
  readonly anchors: ReadonlySet<string>;
}

const read = new Map<string, Page>();

function pageAt(file: string): Page {
  const known = read.get(file);
  if (known !== undefined) return known;
  const links: string[] = [];
  const anchors: string[] = [];
  const seen = new Map<string, number>();
  const markup = (html: string) => {
    links.push(...[...html.matchAll(/\b(?:href|src|srcset)="([^"]*)"/g)].map(([, to = '']) => to));
    anchors.push(...[...html.matchAll(/\bid="([^"]*)"/g)].map(([, id = '']) => id));
  };
  marked.walkTokens(marked.lexer(readFileSync(file, 'utf8')), (token) => {
    if (token.type === 'link' || token.type === 'image') links.push(token['href']);
    if (token.type === 'html') markup(token.raw);
    if (token.type === 'code') links.push(...ownUrlsIn(token['text']));
    if (token.type !== 'heading') return;
    const anchor = anchorOf(textOf(token['tokens'] ?? []));
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    anchors.push(before === 0 ? anchor : `${anchor}-${before}`);
  });
  const page = { links, anchors: new Set(anchors) };
  read.set(file, page);
  return page;
}

function ownUrlsIn(text: string): readonly string[] {
  return [...text.matchAll(/https:\/\/[^\s'"]+/g)].map(([url]) => url).filter((url) => OWN.test(url));
}

function textOf(tokens: readonly Token[]): string {
  return tokens
    .map((token) => {
      if (token.type === 'html') return '';
      return 'tokens' in token && token.tokens !== undefined ? textOf(token.tokens) : 'text' in token ? token.text : '';
    })
    .join('');
}

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/&[a-z]+;|[^\p{L}\p{N}\p{M}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

/** The links of a page that lead to no file, or to no heading of it. */
function brokenIn(file: string, links: readonly string[]): readonly string[] {
  return links.filter((link) => {
    const own = link.replace(OWN, '');
    if (own === link && /^[a-z]+:/.test(link)) return false;
    const [to = '', anchor = ''] = own.split('#');
    const folder = own === link ? path.dirname(file) : '.';
    const target = to === '' ? file : path.posix.join(folder, decodeURI(to).replace(/\?.*$/, ''));
    if (!existsSync(target)) return true;
    if (anchor === '') return false;
    return statSync(target).isDirectory() || !target.endsWith('.md') || !pageAt(target).anchors.has(anchor);
  });
}

describe('every link leads to a file, and to a heading of it', () => {
  test.each(pages)('in %s', (file) => {
    expect(brokenIn(file, pageAt(file).links)).toEqual([]);
  });
});

test('a link that leads nowhere is found', () => {
  const slug = repositorySlug();
  const broken = [
    'docs/none.md',
    '#none',
    'docs/reference.md#none',
    'docs#inputs',
    `https://github.com/${slug}/blob/main/none.md`,
    `https://raw.githubusercontent.com/${slug}/v1/docs/none.sql`,
  ];
  const sound = ['docs/reference.md#inputs', 'docs/grants.sql', `https://github.com/${slug}/blob/main/README.md#faq`];
  expect(brokenIn('README.md', [...broken, ...sound, 'https://docs.dbos.dev'])).toEqual(broken);
});

test('every page is in the index of its folder', () => {
  const missing = pages.filter((file) => {
    const index = path.posix.join(path.dirname(file), 'README.md');
    if (!file.startsWith('docs/') || file === index || !existsSync(index)) return false;
    return !pageAt(index).links.some((link) => path.posix.join(path.dirname(file), link) === file);
  });
  expect(missing).toEqual([]);
});

test('the README stays short', () => {
  expect(readFileSync('README.md', 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(160);
});
