import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** A project whose test files share a server, unless they start their own. */
const withServer = (name: string) => ({
  extends: true,
  test: {
    name,
    include: [`tests/${name}/**/*.test.ts`],
    globalSetup: 'tests/support/shared-server.ts',
  },
});

export default defineConfig({
  // Packages whose source maps name files that they do not ship would fill the screen.
  logLevel: 'error',
  test: {
    projects: [
      // Without a process for each file, which would take as long as the tests.
      { extends: true, test: { name: 'unit', include: ['tests/unit/**/*.test.ts'], isolate: false } },
      withServer('database'),
      withServer('action'),
      // Real applications of all languages: `npm run test:sdks` chooses them, and sets this variable.
      ...(process.env['DRAIN_GATE_SDKS'] === undefined ? [] : [withServer('sdks')]),
      // Workflows of docs/recipes, played: `npm run test:recipes` builds what plays them, and sets this variable.
      ...(process.env['DRAIN_GATE_RECIPES'] === undefined ? [] : [withServer('recipes')]),
      // The action and GitHub's API: `npm run test:github` installs the description of it, and sets this variable.
      ...(process.env['DRAIN_GATE_GITHUB'] === undefined ? [] : [withServer('github')]),
      // What a review says, proved by real applications: `npm run test:review` sets this variable.
      ...(process.env['DRAIN_GATE_REVIEW'] === undefined ? [] : [withServer('review')]),
    ],
    tags: [
      {
        name: 'exhaustive',
        description:
          'Many random inputs, huge ones, or all releases of the SDK: `test:exhaustive` runs them, `test` does not.',
      },
    ],
    // A test file mostly waits for other processes.
    maxWorkers: 2 * availableParallelism(),
    // GitHub's language service imports JSON without import attributes: it has to go through Vite.
    server: { deps: { inline: [/@actions\/(expressions|languageservice|workflow-parser)/] } },
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
