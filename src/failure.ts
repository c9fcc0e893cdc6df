import type { Usage } from './usage.ts';

/**
 * Why one attempt brought no answer. Data, never thrown.
 *
 * - `http`: the service answered with an error (also an error frame, or an error body behind 200); `code` is the service's
 *   own, or `qbatch_http_<status>` if it gave none.
 * - `bad-response`: a reply that is no answer (truncated, empty, not JSON, no choices, cut stream, partial response):
 *   `qbatch_bad_response`, `qbatch_truncated_stream`, `qbatch_partial_response`.
 * - `network`: no complete reply came: `qbatch_connection_error`. `timeout`: `qbatch_timeout`.
 * - `interrupted`: the user dropped the call: `qbatch_interrupted`.
 */
export type ApiFailure = {
  readonly kind: 'http' | 'bad-response' | 'network' | 'timeout' | 'interrupted';
  /** HTTP status, or the status inside a stream's error frame or an error behind 200; null if none came. */
  readonly statusCode: number | null;
  readonly code: string;
  readonly message: string;
  /** The parameter the service blames; OpenAI-compatible protocol only. */
  readonly param: string | null;
  readonly requestId: string | null;
  /** From Retry-After, clamped to 60,000; null if absent or invalid. */
  readonly retryAfterMs: number | null;
  /** True only if no byte of the request can have reached the service (DNS, connect, TLS). */
  readonly neverSent: boolean;
  /** The error body as compact raw JSON text; null if there was none or it is not JSON. */
  readonly body: string | null;
  /** Usage in a failed answer (partial response, error after tokens): possibly billed. */
  readonly usage: Usage | null;
  /** The service said that it hit its own time limit: the same call would hit it again. */
  readonly metTimeLimit?: boolean;
  /** Part of the answer, or the start of a reply, came before the failure: the model may have run, whatever the code says. */
  readonly hadBegun?: boolean;
};

/** The default code for each kind of failure; a service's own reply may say more exactly. */
export const KIND_CODES: Readonly<Record<Exclude<ApiFailure['kind'], 'http'>, string>> = {
  'bad-response': 'qbatch_bad_response',
  network: 'qbatch_connection_error',
  timeout: 'qbatch_timeout',
  interrupted: 'qbatch_interrupted',
};

/** What an attempt means for the bill. `null` in the ledger while its outcome is unknown. */
export type AttemptClass = 'answered' | 'rejected' | 'never_sent' | 'possibly_billed';

/** The class of a failure in the error table. */
export type FailureClass =
  | 'throttle_rate'
  | 'throttle_tokens'
  | 'throttle_burst'
  | 'server'
  | 'timeout'
  | 'bad_request'
  | 'content_filter'
  | 'auth'
  | 'billing'
  | 'quota_exhausted'
  | 'model_access'
  | 'not_found';

/**
 * What to do about a failure.
 *
 * - `throttle`: wait (the model's whole lane) and send again; uses up no attempt.
 * - `retry`: send this line again after a backoff, while attempts are left.
 * - `fail`: the line fails now.
 * - `stop`: nothing of this `scope` can succeed; lines stay open, exit code 77 (for `not_found` of a model: see cli.md
 *   section 6).
 */
export type Verdict = {
  readonly action: 'throttle' | 'retry' | 'fail' | 'stop';
  readonly scope: 'line' | 'model' | 'account';
  readonly class: FailureClass;
  readonly billing: Exclude<AttemptClass, 'answered'>;
  /**
   * For a retry. `known`: the cause is known to last, all backoffs are long; `possible`: it lasts unless it clears at once,
   * those after the first are long.
   */
  readonly lasting?: 'known' | 'possible';
};
