import type { Database } from './database.ts';
import type { Ledger } from './ledger.ts';
import type { LearnedLimit } from './pace-records.ts';

/** A quota learned longer ago than this is no better a start than none. */
const LEARNED_DAYS_MAX = 30;
const DAY_MS = 86_400_000;

/** A limit that was not learned again keeps its value and its date. */
const PUT = `INSERT INTO learned_limits (endpoint, model, rpm, rpm_learned_at, tpm, tpm_learned_at, window_ms)
  VALUES (@endpoint, @model, @rpm, @wallMs, @tpm, @wallMs, @windowMs)
  ON CONFLICT DO UPDATE SET
    rpm_learned_at = iif(excluded.rpm IS NULL, rpm_learned_at, excluded.rpm_learned_at),
    tpm_learned_at = iif(excluded.tpm IS NULL, tpm_learned_at, excluded.tpm_learned_at),
    rpm = coalesce(excluded.rpm, rpm), tpm = coalesce(excluded.tpm, tpm), window_ms = excluded.window_ms`;

const FRESH = `SELECT model, iif(rpm_learned_at > @sinceMs, rpm, NULL) AS rpm,
    iif(tpm_learned_at > @sinceMs, tpm, NULL) AS tpm, window_ms AS windowMs
  FROM learned_limits WHERE endpoint = @endpoint`;

/** Upserts the limits a service was found to grant; inside a transaction. Unknown values do not overwrite known ones. */
export function putLearnedLimits(
  ledger: Ledger,
  endpoint: string,
  learned: readonly LearnedLimit[],
  wallMs: number,
): void {
  const put = ledger.database.prepare(PUT);
  for (const { model, rpm, tpm, windowMs } of learned) {
    if (rpm !== null || tpm !== null) put.run({ endpoint, model, rpm, tpm, windowMs, wallMs });
  }
}

/** Limits learned for a service, by model; a starting point for the next run, never a bound. */
export function learnedLimits(
  database: Database,
  endpoint: string,
  wallMs: number,
): ReadonlyMap<string, LearnedLimit> {
  const sinceMs = wallMs - LEARNED_DAYS_MAX * DAY_MS;
  const rows = database.prepare(FRESH).all({ endpoint, sinceMs }) as LearnedLimit[];
  const known = rows.filter(({ rpm, tpm }) => rpm !== null || tpm !== null);
  return new Map(known.map((row) => [row.model, row]));
}
