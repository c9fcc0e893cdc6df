import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';

/** What a test file, or a file that it loads, may only do in a process of its own. */
const NEEDS_ITS_OWN: readonly RegExp[] = [
  // Mocks of modules, spies, stubs and false timers.
  /\bvi\b(?!-)/,
  // The environment, the working folder, listeners, how much memory is used.
  /\bprocess(?:\??\.(?!stdout\b)|\[)|[=(,]\s*process\b|node:process/,
  /\bglobalThis\b|\bglobal[.[]/,
  /\.prototype\b/,
  /(?:\bfrom|\bimport|\brequire)\s*\(?\s*'(?:node:)?(?:child_process|cluster|dns|http|https|net|tls|v8|vm|worker_threads)\b/,
];

/** Hooks of a helper hold for the file that loads it first, and for none after that. */
const HOOK = /^(?:before|after)(?:Each|All)\(/m;

const LOADED = /(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']*)'/g;

/**
 * Whether a test file can run in one process with others: whether neither it nor a file below `test` that it loads says
 * what changes more than the file itself. Where it is in doubt it cannot, which costs time and nothing else.
 * Takes the path below `test`, and what reads such a file.
 */
export function mayShare(path: string, read: (path: string) => string = readTest): boolean {
  const seen = new Set<string>();
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const text = read(next);
    if (NEEDS_ITS_OWN.some((one) => one.test(text))) return false;
    if (next !== path && HOOK.test(text)) return false;
    for (const [, name = ''] of text.matchAll(LOADED)) {
      const loaded = join(dirname(next), name);
      if (!loaded.startsWith('../')) waiting.push(loaded);
    }
  }
  return true;
}

function readTest(path: string): string {
  return readFileSync(new URL(`../test/${path}`, import.meta.url), 'utf8');
}

/** The test files that can run in one process with others, as paths below the root. */
export function sharedTests(): string[] {
  const root = new URL('../test/', import.meta.url);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts') && mayShare(path))
    .map((path) => `test/${path}`)
    .toSorted();
}
