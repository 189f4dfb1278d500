import { extname } from 'node:path';
import type { SourceFile, SourceLanguage } from './definition.ts';
import { readJavaScript } from './javascript/index.ts';
import { readPython } from './python/index.ts';

const LANGUAGE_OF: ReadonlyMap<string, SourceLanguage> = new Map([
  ...['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs'].map((end) => [end, 'javascript'] as const),
  ['.py', 'python'],
]);

/** Returns the language of a file by its name; undefined where it is none that is read. */
export function languageOf(path: string): SourceLanguage | undefined {
  return LANGUAGE_OF.get(extname(path).toLowerCase());
}

/** Returns what a file says about workflows. It never throws: text that no grammar knows is `hasErrors`. */
export function readSource(path: string, text: string): SourceFile | undefined {
  switch (languageOf(path)) {
    case 'javascript':
      return readJavaScript(text, path);
    case 'python':
      return readPython(text);
    default:
      return undefined;
  }
}
