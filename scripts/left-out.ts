import { LANGUAGES } from '../tests/sdks/languages.ts';

/** Prints what `npm test` did not run, since it takes longer or needs more than Node. */
const others = LANGUAGES.filter(({ toolchain }) => toolchain.length > 0).map(({ name }) => name);
console.log(
  'Not run: random and huge inputs, and all releases of the TypeScript SDK (npm run test:exhaustive);\n' +
    `applications of ${others.slice(0, -1).join(', ')} and ${others.at(-1)} (npm run test:sdks), the\n` +
    'majors of Postgres before the newest (npm run test:postgres), the recipes (npm run test:recipes), the check run\n' +
    'against the description of GitHub’s API, 400 MB (npm run test:github), and the proofs of a review (npm run test:review).',
);
