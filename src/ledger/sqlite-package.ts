/** better-sqlite3 13, by its other name in package.json. */
export const ON_NODE_API = 'better-sqlite3-node-api';
/** better-sqlite3 12. */
export const ON_V8 = 'better-sqlite3';

export type SqlitePackage = typeof ON_NODE_API | typeof ON_V8;

/** The Node-API that better-sqlite3 13 is built for. Source: its binding.gyp, 13.2.0. */
const NODE_API_LEAST = 10;

/** Node.js 24 from this version on, as `major.minor`: see `sqlitePackages`. */
const ABORTS_FROM = { major: 24, minor: 19 } as const;

/**
 * Which better-sqlite3 this Node.js can work with, the better one first.
 *
 * 13 crashes where Node.js knows no Node-API 10 (before 22.14, all of 20; source: issue 1514 of
 * better-sqlite3, 2026-09), and brings no native part for rarer platforms. 12 aborts the process in a
 * garbage collection on Node.js 24 from 24.19 on, where it was built there (source: issue 65446 of
 * nodejs/node, 2026-09; seen with 24.21): a run of hours would not survive it.
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
