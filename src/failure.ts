import type { Usage } from './usage.ts';

/**
 * Why one attempt brought no answer. Data, never thrown.
 *
 * - `http`: the service answered with an error (also an error frame or an error body behind 200);
 *   `code` is the service's own, or `qbatch_http_<status>` where it gave none.
 * - `bad-response`: a reply that is no answer (torn, empty, not JSON, no choices, cut stream,
 *   partial response): `qbatch_bad_response`, `qbatch_truncated_stream`, `qbatch_partial_response`.
 * - `network`: no whole reply came: `qbatch_connection_error`. `timeout`: `qbatch_timeout`.
 * - `interrupted`: the user dropped the call: `qbatch_interrupted`.
 */
export type ApiFailure = {
  readonly kind: 'http' | 'bad-response' | 'network' | 'timeout' | 'interrupted';
  /** HTTP status, or the one that a stream's error frame, or an error behind 200, has inside; null where none came. */
  readonly statusCode: number | null;
  readonly code: string;
  readonly message: string;
  /** The parameter the service blames, OpenAI-compatible protocol only. */
  readonly param: string | null;
  readonly requestId: string | null;
  /** From Retry-After, clamped to 60,000; null where absent or nonsense. */
  readonly retryAfterMs: number | null;
  /** True only where not a byte of the request can have reached the service (DNS, connect, TLS). */
  readonly neverSent: boolean;
  /** The error body as compact raw JSON text, or null where there was none or it is not JSON. */
  readonly body: string | null;
  /** Usage inside a failed answer (partial response, error after tokens): possibly billed. */
  readonly usage: Usage | null;
  /** The service said that it stopped at its own time limit: the same call would meet it again. */
  readonly metTimeLimit?: boolean;
  /** A part of the answer had come before it, or the server had begun a reply: the model may have run, whatever the code says. */
  readonly hadBegun?: boolean;
};

/** The code of a failure of each kind, but for what a service's own reply says more exactly. */
export const KIND_CODES: Readonly<Record<Exclude<ApiFailure['kind'], 'http'>, string>> = {
  'bad-response': 'qbatch_bad_response',
  network: 'qbatch_connection_error',
  timeout: 'qbatch_timeout',
  interrupted: 'qbatch_interrupted',
};

/** What an attempt meant for the bill. `null` in the ledger while its fate is unknown. */
export type AttemptClass = 'answered' | 'rejected' | 'never_sent' | 'possibly_billed';

/** What the error table says a failure means. */
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
 * - `throttle`: wait (the model's whole lane) and send again; costs no attempt.
 * - `retry`: send this line again after a pause, while attempts last.
 * - `fail`: the line fails now.
 * - `stop`: nothing of this `scope` can succeed; lines stay open, exit 77 (for `not_found` of a
 *   model: see cli.md section 6).
 */
export type Verdict = {
  readonly action: 'throttle' | 'retry' | 'fail' | 'stop';
  readonly scope: 'line' | 'model' | 'account';
  readonly class: FailureClass;
  readonly billing: Exclude<AttemptClass, 'answered'>;
  /**
   * Of a retry: what went wrong is known to last, and the pauses between attempts are long; or it lasts where it does not pass
   * at once, and those after the first are.
   */
  readonly lasting?: 'known' | 'possible';
};
