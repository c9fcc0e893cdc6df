/**
 * Codes that say that the answer took longer than the service gives an unstreamed call: a part of
 * the answer behind 200, or the error that older models send instead. A stream has no such limit.
 * Source: help.aliyun.com/zh/model-studio/error-code, RequestTimeOut (2026-05: 300 s); service
 * contract sections 4.7 and 6.
 */
export const TIME_LIMIT_CODES: readonly string[] = ['qbatch_partial_response', 'RequestTimeOut'];
