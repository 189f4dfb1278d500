import type { Language } from '../language.ts';

export const go: Language = {
  id: 'go',
  name: 'Go',
  toolchain: [{ program: 'go', args: ['version'] }],
  needs: 'Go 1.25 or newer',
  releases: [],
  pairs: [],
};
