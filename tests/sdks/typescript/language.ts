import type { Language } from '../language.ts';

export const typescript: Language = {
  id: 'typescript',
  name: 'TypeScript',
  toolchain: [],
  needs: 'Node',
  releases: [],
  pairs: [],
};
