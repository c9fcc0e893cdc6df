import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { sharedTests } from './may-share.ts';

const MINUTE_MS = 60_000;
const CLI_TESTS = ['cli', 'modes', 'clients', 'agreement'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);
const CRASH_TESTS = 'test/crash/**/*.test.ts';
const OWN_PROJECT = [...CLI_TESTS, CRASH_TESTS];
const SHARED_TESTS = sharedTests();
// The campaigns of `npm run test:long` take hours; nothing else may.
const LONG_MS = process.env['TEST_LONG'] === undefined ? 0 : 24 * 60 * MINUTE_MS;

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    // The report is what .ci/run counts; node_modules is the one folder every tool ignores.
    reporters: ['default', 'json'],
    outputFile: { json: 'node_modules/.cache/qbatch/vitest.json' },
    pool: 'forks',
    // One more than cores: a fifth of the time tests wait, for locks, signals and the programs they start.
    maxWorkers: 3,
    // Only there to end what hangs: a loaded machine may be twenty times as slow as an idle one.
    testTimeout: Math.max(5 * MINUTE_MS, LONG_MS),
    hookTimeout: 5 * MINUTE_MS,
    setupFiles: ['.ci/vitest.setup.ts'],
    // Loaded by Node.js itself, and with it the built program that it loads.
    server: { deps: { external: [/\/test\/helpers\/built-program\.mjs$/] } },
    // Where everything must be shown, a machine without a browser, or one that could have strace, is a failure.
    provide: {
      mustHaveBrowser: process.env['CI'] === 'true',
      mustHaveStrace: process.env['CI'] === 'true' && process.getuid?.() === 0,
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...OWN_PROJECT, ...SHARED_TESTS],
        },
      },
      // Loading the program again for each file took a third of their processor time.
      {
        extends: true,
        test: {
          name: 'shared',
          include: SHARED_TESTS,
          exclude: OWN_PROJECT,
          isolate: false,
          setupFiles: ['.ci/vitest.shared.ts'],
        },
      },
      // These two start the built program: `npm test` builds first.
      {
        extends: true,
        test: { name: 'cli', include: CLI_TESTS },
      },
      {
        extends: true,
        test: {
          name: 'crash',
          include: [CRASH_TESTS],
          testTimeout: Math.max(10 * MINUTE_MS, LONG_MS),
        },
      },
    ],
  },
});
