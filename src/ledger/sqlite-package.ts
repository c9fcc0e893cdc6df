/** better-sqlite3 13, by its other name in package.json. */
export const ON_NODE_API = 'better-sqlite3-node-api';
/** better-sqlite3 12. */
export const ON_V8 = 'better-sqlite3';

export type SqlitePackage = typeof ON_NODE_API | typeof ON_V8;

/** The Node-API that better-sqlite3 13 is built for. Source: its binding.gyp, 13.2.0. */
const NODE_API_LEAST = 10;

/** First affected Node.js 24, as `major.minor`: see `sqlitePackages`. */
const ABORTS_FROM = { major: 24, minor: 19 } as const;

/**
 * The better-sqlite3 packages that this Node.js can use, best first.
 *
 * 13 crashes if Node.js lacks Node-API 10 (before 22.14, all of 20; source: issue 1514 of better-sqlite3, 2026-09), and has
 * no native part for rarer platforms. 12 aborts the process in a garbage collection on Node.js 24 from 24.19 on, if built
 * there (source: issue 65446 of nodejs/node, 2026-09; seen with 24.21): a run of hours would not survive it.
 */
export function sqlitePackages(versions: {
  readonly node: string;
  readonly napi?: string | undefined;
}): readonly SqlitePackage[] {
  if (Number(versions.napi ?? 0) < NODE_API_LEAST) return [ON_V8];
  const [major = 0, minor = 0] = versions.node.split('.').map(Number);
  const aborts = major === ABORTS_FROM.major && minor >= ABORTS_FROM.minor;
  return aborts ? [ON_NODE_API] : [ON_NODE_API, ON_V8];
}
