import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const FOLDER = 'docs/recipes';
const pages = readdirSync(FOLDER).filter((name) => name.endsWith('.md'));

/** The targets of a page's links into the repository: file, and anchor or an empty text. */
function linksOf(page: string): readonly { readonly file: string; readonly anchor: string }[] {
  const text = readFileSync(page, 'utf8').replaceAll(/^```.*?^```$/gms, '');
  return Array.from(text.matchAll(/\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)/g), ([, file = '', anchor = '']) => ({
    file: file === '' ? page : path.join(path.dirname(page), file),
    anchor,
  }));
}

/** As GitHub makes anchors of headings; and those that a page sets itself. */
function anchorsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8').replaceAll(/^```.*?^```$/gms, '');
  const headings = Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
  return [...headings, ...Array.from(text.matchAll(/<a id="([^"]+)">/g), ([, id = '']) => id)];
}

test('the index of recipes has each page once', () => {
  const listed = linksOf(`${FOLDER}/README.md`).map(({ file }) => path.basename(file));
  expect(listed.toSorted()).toEqual(pages.filter((page) => page !== 'README.md').toSorted());
});

test.each(pages)('the links of %s lead somewhere', (page) => {
  const dead = linksOf(`${FOLDER}/${page}`).filter(
    ({ file, anchor }) => !existsSync(file) || (anchor !== '' && !anchorsOf(file).includes(anchor)),
  );
  expect(dead).toEqual([]);
});
