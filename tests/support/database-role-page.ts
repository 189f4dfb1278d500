import { readFileSync } from 'node:fs';
import { marked } from 'marked';

/** Returns the SQL statements in a section of the page on the database role, which has one block of them. */
export function statementsOnPage(section: string): string {
  let heading = '';
  const [statements, ...more] = marked.lexer(readFileSync('docs/database-role.md', 'utf8')).flatMap((token) => {
    if (token.type === 'heading') heading = token.text;
    return token.type === 'code' && token.lang === 'sql' && heading === section ? [token.text] : [];
  });
  if (statements === undefined || more.length > 0) throw new Error(`${section} has one block of SQL.`);
  return statements;
}
