import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from './sqlite.mjs';

/** What a ledger holds for certain, as a dead process left it. */
export type LedgerFacts = {
  /** `custom_id` of every settled line; lines without one are `line-<lineNo>`. */
  readonly settled: ReadonlySet<string>;
  /** Those of them that are answered. */
  readonly answered: ReadonlySet<string>;
  /** How many calls were written down before they left, by `custom_id`. */
  readonly started: ReadonlyMap<string, number>;
  /** The class of each line's last call, by `custom_id`; null: begun, and its end not written down. */
  readonly lastClass: ReadonlyMap<string, string | null>;
  /** `custom_id` of each call that was begun and whose end is not written down. */
  readonly inFlight: readonly string[];
  /** Terminal records, and how many different lines they are of. */
  readonly records: number;
  readonly lines: number;
  /** How often the input was replaced. */
  readonly generation: number;
};

/**
 * Reads a copy of a ledger with its write-ahead log, so that the files of the dead process stay
 * exactly as they are for the next run. Null where there is no ledger, or no job in it yet.
 */
export function readLedgerCopy(ledger: string): LedgerFacts | null {
  if (!existsSync(ledger)) return null;
  const folder = mkdtempSync(join(tmpdir(), 'qbatch-look-'));
  try {
    for (const end of ['', '-wal']) {
      if (existsSync(ledger + end)) copyFileSync(ledger + end, join(folder, `copy.db${end}`));
    }
    const database = new Database(join(folder, 'copy.db'));
    try {
      const rows = database
        .prepare("SELECT coalesce(custom_id, 'line-' || line_no) AS id, state FROM lines")
        .all() as { id: string; state: string }[];
      const answered = rows.filter(({ state }) => state === 'answered').map(({ id }) => id);
      const started = database
        .prepare('SELECT custom_id, count(*) FROM attempts GROUP BY custom_id')
        .raw()
        .all() as [string, number][];
      const lines = database
        .prepare('SELECT count(DISTINCT line_no) FROM lines')
        .pluck()
        .get() as number;
      const calls = database
        .prepare('SELECT custom_id, class FROM attempts WHERE line_no > 0 ORDER BY attempt')
        .raw()
        .all() as [string, string | null][];
      const generation = database.prepare('SELECT max(generation) FROM jobs').pluck().get();
      return {
        settled: new Set(rows.map(({ id }) => id)),
        answered: new Set(answered),
        started: new Map(started),
        lastClass: new Map(calls),
        inFlight: calls.filter(([, ended]) => ended === null).map(([id]) => id),
        generation: Number(generation ?? 0),
        records: rows.length,
        lines,
      };
    } finally {
      database.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
