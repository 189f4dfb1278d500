import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** The projects whose tests need a server: the files share one, unless they bring their own. */
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
      { extends: true, test: { name: 'unit', include: ['tests/unit/**/*.test.ts'] } },
      withServer('database'),
      withServer('action'),
    ],
    // Most of a file's time goes by in waiting for other processes.
    maxWorkers: 2 * availableParallelism(),
    // GitHub's language service imports JSON without import attributes: it has to go through Vite.
    server: { deps: { inline: [/@actions\/(expressions|languageservice|workflow-parser)/] } },
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
