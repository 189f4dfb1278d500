import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Packages whose source maps name files that they do not ship would fill the screen.
  logLevel: 'error',
  test: {
    include: ['tests/{unit,database,action}/**/*.test.ts'],
    // GitHub's language service imports JSON without import attributes: it has to go through Vite.
    server: { deps: { inline: [/@actions\/(expressions|languageservice|workflow-parser)/] } },
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
