import type { Stats } from 'node:fs';
import { ConfigError } from '../errors.ts';
import { isThere } from '../files/is-there.ts';
import type { Database } from './database.ts';
import { markPath } from './mark-path.ts';
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.ts';

/**
 * Refuses what is not a ledger of ours or is newer than this program (ConfigError, 78), and hardens the connection against
 * a maliciously crafted file.
 */
export function requireLedger(database: Database, path: string): void {
  database.pragma('trusted_schema = OFF');
  database.pragma('cell_size_check = ON');
  const application = database.pragma('application_id', { simple: true });
  const version = Number(database.pragma('user_version', { simple: true }));
  if (application !== APPLICATION_ID) {
    throw new ConfigError(
      `${path} is a SQLite file but not a qbatch ledger`,
      'choose another file with --ledger',
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new ConfigError(
      `${path} was written by a newer qbatch (schema ${version}, this one knows ${SCHEMA_VERSION})`,
      'upgrade qbatch',
    );
  }
}

/**
 * Refuses an empty ledger file (ConfigError, 78): a ledger has at least its tables. Without a mark beside it, it may never
 * have been one (`touch`, `mktemp`).
 */
export function refuseEmpty(found: Stats | undefined, path: string): void {
  if (found?.size !== 0 || !found.isFile()) return;
  if (!isThere(markPath(path), 'absent')) {
    throw new ConfigError(
      `${path} is empty: it was never a ledger, or a ledger was lost here`,
      'delete the empty file, then run again; if a ledger was lost, restore a copy of it, or rerun with --adopt-outputs to take the answers from the output files',
    );
  }
  throw new ConfigError(
    `${path} is empty: a ledger was lost here`,
    'restore it from a copy, or delete it and its .mark and rerun with --adopt-outputs to take the answers from the output files',
  );
}
