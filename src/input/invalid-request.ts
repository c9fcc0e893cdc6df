import type { Problem } from '../problem.ts';

/** The problem of a line whose shape or values are invalid for any request. */
export function invalidRequest(path: string, message: string): Problem {
  return { severity: 'error', path, code: 'qbatch_invalid_request', message };
}
