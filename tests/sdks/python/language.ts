import type { Language } from '../language.ts';

export const python: Language = {
  id: 'python',
  name: 'Python',
  toolchain: [{ program: 'python3', args: ['--version'] }],
  needs: 'Python 3.10 or newer',
  releases: [],
  pairs: [],
};
