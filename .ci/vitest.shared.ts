import { afterAll, beforeAll } from 'vitest';

// Files that run in one process with others leave it as they found it; `may-share.ts` chooses them by their text, and
// this tells of what a text does not show.

const PARTS: readonly (keyof typeof globalThis)[] = [
  'Date',
  'Math',
  'performance',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'queueMicrotask',
];

/** What files could see of each other. */
function surroundings(): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>([
    ['the working folder', process.cwd()],
    ['the umask', process.umask()],
    ['the names of globalThis', Object.getOwnPropertyNames(globalThis).toSorted().join(' ')],
    ['Math.random', Math.random],
    ['Date.now', Date.now],
    ...PARTS.map((name): [string, unknown] => [name, globalThis[name]]),
    ...Object.entries(process.env).map(([name, value]): [string, unknown] => [
      `the environment's ${name}`,
      value,
    ]),
    ...process
      .eventNames()
      .map((name): [string, unknown] => [
        `listeners to ${String(name)}`,
        process.listenerCount(name),
      ]),
  ]);
}

let before: ReadonlyMap<string, unknown> = new Map();

beforeAll(() => {
  before = surroundings();
});

afterAll(() => {
  const after = surroundings();
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => before.get(name) !== after.get(name),
  );
  if (changed.length === 0) return;
  throw new Error(
    `this file shares a process with others (.ci/may-share.ts), and leaves changed: ${changed.join(', ')}`,
  );
});
