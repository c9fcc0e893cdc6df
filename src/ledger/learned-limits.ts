import type { Database } from './database.ts';
import type { Ledger } from './ledger.ts';
import type { LearnedLimit } from './pace-records.ts';

/** A quota learned longer ago than this is no better a start than none. */
const LEARNED_DAYS_MAX = 30;
const DAY_MS = 86_400_000;

/** Upserts the limits a service was found to grant; inside a transaction. Unknown values do not overwrite known ones. */
export function putLearnedLimits(
  ledger: Ledger,
  endpoint: string,
  learned: readonly LearnedLimit[],
  wallMs: number,
): void {
  const put = ledger.database.prepare(
    `INSERT INTO learned_limits (endpoint, model, rpm, tpm, window_ms, learned_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET rpm = coalesce(excluded.rpm, rpm), tpm = coalesce(excluded.tpm, tpm),
       window_ms = excluded.window_ms, learned_at = excluded.learned_at`,
  );
  for (const { model, rpm, tpm, windowMs } of learned) {
    if (rpm !== null || tpm !== null) put.run(endpoint, model, rpm, tpm, windowMs, wallMs);
  }
}

/** Limits learned for a service, by model; a starting point for the next run, never a bound. */
export function learnedLimits(
  database: Database,
  endpoint: string,
  wallMs: number,
): ReadonlyMap<string, LearnedLimit> {
  const rows = database
    .prepare(
      'SELECT model, rpm, tpm, window_ms AS windowMs FROM learned_limits WHERE endpoint = ? AND learned_at > ?',
    )
    .all(endpoint, wallMs - LEARNED_DAYS_MAX * DAY_MS) as LearnedLimit[];
  return new Map(rows.map((row) => [row.model, row]));
}
