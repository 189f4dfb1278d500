import { type Language, NEWEST, newestOf, type Release } from './language.ts';
import { LANGUAGES } from './languages.ts';

/** The releases that a run of the suites is about, as `python@3.4.0 go@1.8.0`. `scripts/test-sdks.ts` sets it. */
export const CHOSEN_VARIABLE = 'DRAIN_GATE_SDKS';

export interface Chosen {
  readonly language: Language;
  readonly release: Release;
}

/** @throws when one is not in its language's list */
export function chosenReleases(): readonly Chosen[] {
  const names = (process.env[CHOSEN_VARIABLE] ?? '').split(' ').filter((name) => name !== '');
  return names.map((name) => {
    const [id, wanted] = name.split('@');
    const language = LANGUAGES.find((each) => each.id === id);
    const release =
      language !== undefined && wanted === NEWEST
        ? newestOf(language)
        : language?.releases.find((each) => each.release === wanted);
    if (language === undefined || release === undefined) throw new Error(`No suite knows ${name}.`);
    return { language, release };
  });
}
