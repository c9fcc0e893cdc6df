import type { Database as SqliteDatabase, Options } from 'better-sqlite3';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ConfigError } from '../errors.ts';
import { isThere } from '../files/is-there.ts';
import { ON_NODE_API, ON_V8, type SqlitePackage, sqlitePackages } from './sqlite-package.ts';

export type Database = SqliteDatabase;

type Constructor = new (content: string | Buffer, options?: Options) => Database;

const require = createRequire(import.meta.url);

const LOAD: Readonly<Record<SqlitePackage, () => Constructor>> = {
  [ON_NODE_API]: () => require('better-sqlite3-node-api') as Constructor,
  [ON_V8]: () => require('better-sqlite3') as Constructor,
};

/** Error texts if the native part of SQLite is missing, or was built for another Node.js or platform. */
const NO_NATIVE_PART = /bindings file|ERR_DLOPEN|NODE_MODULE_VERSION|MODULE_NOT_FOUND|Cannot find/;

/** Better-sqlite3 checks for the folder itself, and reports a failed check as a missing folder. */
const NO_FOLDER = /directory does not exist/;

let loaded: { readonly name: SqlitePackage; readonly Sqlite: Constructor } | null = null;

/** Loads the first package whose native part works, as an in-memory database shows. */
function load(): NonNullable<typeof loaded> {
  if (loaded !== null) return loaded;
  const names = sqlitePackages(process.versions);
  let failure: unknown = null;
  for (const name of names) {
    try {
      const Sqlite = LOAD[name]();
      new Sqlite(':memory:').close();
      loaded = { name, Sqlite };
      return loaded;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (!NO_NATIVE_PART.test(`${code} ${message}`)) throw error;
      failure ??= error;
    }
  }
  throw noNativePart(names, failure);
}

function noNativePart(names: readonly SqlitePackage[], cause: unknown): ConfigError {
  if (!names.includes(ON_V8))
    return new ConfigError(
      `better-sqlite3 for Node.js ${process.versions.node} is missing`,
      'npm skips this optional package with an older Node.js, or when told to: reinstall qbatch with this ' +
        'Node.js and --include=optional; if there is none for this platform, use Node.js 22',
      cause,
    );
  return new ConfigError(
    'the native part of better-sqlite3 is missing or was built for another Node',
    'npm blocked its install script or Node changed; run: npm rebuild better-sqlite3 ' +
      '(npm 12: npm install-scripts approve better-sqlite3, then npm rebuild better-sqlite3; ' +
      'globally: npm install -g qbatch --allow-scripts=better-sqlite3)',
    cause,
  );
}

/** The SQLite package in use here. Throws as `openDatabase`. */
export function sqlitePackage(): SqlitePackage {
  return load().name;
}

/**
 * Opens a SQLite file by its path, or its content in memory, with better-sqlite3.
 *
 * npm 12 does not run install scripts by default, so the native part of better-sqlite3 may never have been built: that case
 * is detected and explained (`ConfigError`, 78). 74 if the disk fails on access to the folder. Other errors are SQLite's.
 */
export function openDatabase(content: string | Buffer, options: Options = {}): Database {
  const { Sqlite } = load();
  try {
    return new Sqlite(content, options);
  } catch (error) {
    if (!(error instanceof TypeError) || !NO_FOLDER.test(error.message)) throw error;
    const folder = path.dirname(String(content));
    // An intermittent disk error is not a missing folder.
    if (!isThere(folder, 'absent')) throw Object.assign(error, { code: 'SQLITE_CANTOPEN' });
    const failed = new Error(`a look at ${folder} failed`, { cause: error });
    throw Object.assign(failed, { code: 'SQLITE_IOERR_ACCESS' });
  }
}

/** An integer of a row read with `safeIntegers`; null stays null. */
export function numberOf(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}

/** The code of a SQLite error (`SQLITE_FULL`); empty for anything else. */
export function sqliteCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : '';
}
