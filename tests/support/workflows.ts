import { readdirSync, readFileSync } from 'node:fs';
import { marked } from 'marked';

export interface Workflow {
  readonly name: string;
  readonly text: string;
}

/** The workflows in the README and on the pages next to it, by the page and the heading. Recipes have their own tests. */
export function workflowsOfDocuments(): readonly Workflow[] {
  const pages = readdirSync('docs').filter((file) => file.endsWith('.md'));
  return ['README.md', ...pages.map((file) => `docs/${file}`)].flatMap((page) => {
    let heading = '';
    return marked.lexer(readFileSync(page, 'utf8')).flatMap((token) => {
      if (token.type === 'heading') heading = token.text;
      return token.type === 'code' && token.lang === 'yaml' ? [{ name: `${page}, ${heading}`, text: token.text }] : [];
    });
  });
}

/** The workflows of this repository. */
export function workflowsOfRepository(): readonly Workflow[] {
  const folder = '.github/workflows';
  return readdirSync(folder).map((file) => ({
    name: `${folder}/${file}`,
    text: readFileSync(`${folder}/${file}`, 'utf8'),
  }));
}
