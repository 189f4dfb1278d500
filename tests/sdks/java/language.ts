import type { Language } from '../language.ts';

export const java: Language = {
  id: 'java',
  name: 'Java',
  toolchain: [
    { program: 'java', args: ['-version'] },
    { program: 'mvn', args: ['--version'] },
  ],
  needs: 'a JDK 17 or newer, and Maven',
  releases: [],
  pairs: [],
};
