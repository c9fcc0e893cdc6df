// Runs after `npm ci` and `npm install` in a checkout, and before `npm pack`: builds, and makes
// `npx qbatch` in the checkout start this build (npm links the programs of dependencies, never a
// package's own). Without the development packages (`npm ci --omit=dev`) there is nothing to do.
import { existsSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

if (existsSync(`${root}node_modules/esbuild`) && existsSync(`${root}node_modules/typescript`)) {
  await import('./build.mjs');
  // Windows needs a command file in place of a link; there `node dist/cli.js` does.
  if (process.platform !== 'win32') {
    await mkdir(`${root}node_modules/.bin`, { recursive: true });
    await rm(`${root}node_modules/.bin/qbatch`, { force: true });
    await symlink('../../dist/cli.js', `${root}node_modules/.bin/qbatch`);
  }
} else {
  process.stderr.write('qbatch: not built, the development packages are not installed\n');
}
