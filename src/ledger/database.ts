import type { Database as SqliteDatabase, Options } from 'better-sqlite3';
import { createRequire } from 'node:module';
import { ConfigError } from '../errors.ts';

export type Database = SqliteDatabase;

type Constructor = new (path: string, options?: Options) => Database;

const require = createRequire(import.meta.url);

/**
 * Opens a SQLite file with better-sqlite3.
 *
 * npm 12 does not run install scripts by default, and then the native part of better-sqlite3 was
 * never built: that case is told apart and explained (`ConfigError`, 78). Other errors are SQLite's.
 */
export function openDatabase(path: string, options: Options = {}): Database {
  try {
    const Sqlite = require('better-sqlite3') as Constructor;
    return new Sqlite(path, options);
  } catch (error) {
    const text = String((error as Error).message);
    if (/bindings file|ERR_DLOPEN|NODE_MODULE_VERSION|Cannot find module/.test(text)) {
      throw new ConfigError(
        'the native part of better-sqlite3 is missing or was built for another Node',
        'npm blocked its install script or Node changed; run: npm rebuild better-sqlite3 ' +
          '(npm 12: npm install-scripts approve better-sqlite3, then npm rebuild better-sqlite3; ' +
          'globally: npm install -g qbatch --allow-scripts=better-sqlite3)',
        error,
      );
    }
    throw error;
  }
}

/** The code of a SQLite error (`SQLITE_FULL`), or an empty string for anything else. */
export function sqliteCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : '';
}
