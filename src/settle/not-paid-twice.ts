import type { ApiFailure } from '../failure.ts';

/** Why a line is not sent again under `--on-ambiguous fail`, if an earlier run ended while its call was in flight. */
export const NOT_PAID_TWICE: ApiFailure = {
  kind: 'interrupted',
  statusCode: null,
  code: 'qbatch_interrupted',
  message:
    'an earlier call of this line brought no answer and may have been billed; --on-ambiguous fail does not send it again, retry does',
  param: null,
  requestId: null,
  retryAfterMs: null,
  neverSent: false,
  body: null,
  usage: null,
};
