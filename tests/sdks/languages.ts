import { go } from './go/language.ts';
import { java } from './java/language.ts';
import type { Language } from './language.ts';
import { python } from './python/language.ts';
import { rust } from './rust/language.ts';
import { typescript } from './typescript/language.ts';

export const LANGUAGES: readonly Language[] = [typescript, python, go, java, rust];
