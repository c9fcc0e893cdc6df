import type { AttemptClass } from '../failure.ts';

/** One call as `export --what attempts` prints it; names and order are those of the JSON. */
export type AttemptRecord = {
  /** Null for a line that is no longer in the input. */
  readonly line: number | null;
  readonly custom_id: string | null;
  readonly attempt: number;
  readonly model: string;
  /** ISO 8601, UTC; `ended_at` is null if unknown. */
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly status_code: number | null;
  readonly code: string | null;
  readonly class: AttemptClass;
  readonly request_id: string | null;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly total_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly reasoning_tokens: number | null;
  /** Exact decimal text, 6 to 12 decimals; null: unpriced, or not billed. */
  readonly cost: string | null;
  readonly currency: string;
};
