// The built program as a function. Node.js loads it from here as it does for a process: vitest leaves `.mjs` alone.
import { readFileSync } from 'node:fs';

const CLI = new URL('../../dist/cli.js', import.meta.url);

/** Loads what `dist/cli.js` hands its arguments to. Throws where it hands them to nothing that is known here. */
export async function loadMain() {
  const [, chunk] = /await import\("(\.\/main-\w+\.js)"\)/.exec(readFileSync(CLI, 'utf8')) ?? [];
  if (chunk === undefined) throw new Error(`${CLI.pathname} starts no main: npm run build`);
  return (await import(new URL(chunk, CLI).href)).main;
}
