import type { SourceFile } from '../definition.ts';

/** Returns what a file in TypeScript or JavaScript says about workflows. */
export function readJavaScript(_text: string, _path: string): SourceFile {
  return { language: 'javascript', workflows: [], functions: [], registrations: [], notFollowed: [], hasErrors: false };
}
