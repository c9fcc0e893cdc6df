import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const MINUTE_MS = 60_000;
const CLI_TESTS = ['cli', 'modes', 'clients', 'agreement'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);
const CRASH_TESTS = 'test/crash/**/*.test.ts';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    // The report is what .ci/run counts; node_modules is the one folder every tool ignores.
    reporters: ['default', 'json'],
    outputFile: { json: 'node_modules/.cache/qbatch/vitest.json' },
    pool: 'forks',
    maxWorkers: 2,
    // Only there to end what hangs: a loaded machine may be ten times as slow as an idle one.
    testTimeout: MINUTE_MS,
    hookTimeout: MINUTE_MS,
    setupFiles: ['.ci/vitest.setup.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...CLI_TESTS, CRASH_TESTS],
        },
      },
      // These two start the built program: `npm test` builds first.
      { extends: true, test: { name: 'cli', include: CLI_TESTS, testTimeout: 2 * MINUTE_MS } },
      {
        extends: true,
        test: { name: 'crash', include: [CRASH_TESTS], testTimeout: 10 * MINUTE_MS },
      },
    ],
  },
});
