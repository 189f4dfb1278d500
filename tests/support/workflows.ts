import { readdirSync, readFileSync } from 'node:fs';
import { marked } from 'marked';

export interface Workflow {
  readonly name: string;
  readonly text: string;
}

/** The workflows in the README, by the heading that they stand under. One that begins at its jobs gets a trigger. */
export function workflowsOfReadme(): readonly Workflow[] {
  let heading = '';
  return marked.lexer(readFileSync('README.md', 'utf8')).flatMap((token) => {
    if (token.type === 'heading') heading = token.text;
    if (token.type !== 'code' || token.lang !== 'yaml') return [];
    const text = token.text.startsWith('jobs:') ? `on: push\n${token.text}` : token.text;
    return [{ name: `README.md, ${heading}`, text }];
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
