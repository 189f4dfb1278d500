import type { Language } from '../language.ts';

export const rust: Language = {
  id: 'rust',
  name: 'Rust',
  toolchain: [{ program: 'cargo', args: ['--version'] }],
  needs: 'Rust 1.90 or newer',
  releases: [],
  pairs: [],
};
