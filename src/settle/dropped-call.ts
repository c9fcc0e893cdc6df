import type { CallResult } from '../call.ts';

/** The result of a call that the user dropped before it was made. */
export const DROPPED_BEFORE_SENDING: CallResult = {
  kind: 'failed',
  failure: {
    kind: 'interrupted',
    statusCode: null,
    code: 'qbatch_interrupted',
    message: 'the call was dropped before it was sent',
    param: null,
    requestId: null,
    retryAfterMs: null,
    neverSent: true,
    body: null,
    usage: null,
  },
};
