import { readdirSync, readFileSync } from 'node:fs';
import { marked, type Token } from 'marked';

/** A fenced block of a page. */
export interface Block {
  /** The name of its file, from the paragraph before it; undefined for what somebody types. */
  readonly path: string | undefined;
  readonly language: string;
  readonly text: string;
}

/** A page of `docs/recipes/`. */
export interface Recipe {
  /** The name of the page without `.md`. */
  readonly name: string;
  readonly headings: readonly string[];
  /** The paragraph under the title. */
  readonly purpose: string;
  readonly blocks: readonly Block[];
}

export interface RecipeFile extends Block {
  readonly path: string;
}

const FOLDER = 'docs/recipes';

/** All pages of `docs/recipes/` but its index. */
export function recipes(): readonly Recipe[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.md') && file !== 'README.md')
    .toSorted()
    .map((file) => recipeOf(file.replace(/\.md$/, ''), readFileSync(`${FOLDER}/${file}`, 'utf8')));
}

/**
 * Returns the recipe of that name.
 *
 * @throws when there is no such page
 */
export function recipeNamed(name: string): Recipe {
  return recipeOf(name, readFileSync(`${FOLDER}/${name}.md`, 'utf8'));
}

/** The quick start of the README, whose files are named as those of a recipe are. */
export function quickStart(): Recipe {
  return recipeOf('README', readFileSync('README.md', 'utf8'));
}

/** Reads a page. A block is a file if the paragraph directly before it ends with the file's name and a colon. */
export function recipeOf(name: string, markdown: string): Recipe {
  const tokens = marked.lexer(markdown).filter(({ type }) => type !== 'space');
  const [, second] = tokens;
  return {
    name,
    headings: tokens.filter(({ type }) => type === 'heading').map(({ raw }) => raw.trim()),
    purpose: second?.type === 'paragraph' ? second.raw.trim() : '',
    blocks: tokens.flatMap((token, index) => blockOf(token, tokens[index - 1])),
  };
}

function blockOf(token: Token, before: Token | undefined): readonly Block[] {
  if (token.type !== 'code') return [];
  const [, path] = (before?.type === 'paragraph' && /`([^`]+)`:\s*$/.exec(before.raw)) || [];
  return [{ path, language: token.lang ?? '', text: `${token.text}\n` }];
}

/** The blocks that are files. */
export function filesOf({ blocks }: Pick<Recipe, 'blocks'>): readonly RecipeFile[] {
  return blocks.flatMap(({ path, ...block }) => (path === undefined ? [] : [{ ...block, path }]));
}

export function isWorkflow({ path }: Pick<RecipeFile, 'path'>): boolean {
  return /^\.github\/workflows\/[\w-]+\.ya?ml$/.test(path);
}

export function isYaml({ path }: Pick<RecipeFile, 'path'>): boolean {
  return /\.ya?ml$/.test(path);
}
