import { explain } from '../classify.ts';
import type { ApiFailure } from '../failure.ts';

/** Statuses of a server that does not know the path or the method, or redirects. */
const ELSEWHERE: ReadonlySet<number> = new Set([301, 302, 303, 307, 308, 404, 405, 410, 501]);
const MARKUP = /^\s*<(?:!doctype|html|head|body|\?xml)/i;

/** What Go, nginx, Apache and Tomcat answer to plain http on a TLS port. */
const WANTS_TLS =
  /HTTP request (?:was sent )?to (?:an )?HTTPS|plain HTTP to an SSL|combination of host and port requires TLS/i;

/** Whether a server says that it speaks only TLS but was called over plain http. Pure. */
export function wantsTls({ kind, statusCode, message }: ApiFailure): boolean {
  return kind === 'http' && statusCode === 400 && WANTS_TLS.test(message);
}

/**
 * Whether a reply looks as if it came from something other than a model service: a 404 or a redirect without a service's
 * code (or with the code for an unknown path), or a web page. Pure.
 *
 * `NotFound`: "Request path not found" (error page, 2026-05). An unknown model has a code of its own.
 */
export function looksForeign(failure: ApiFailure): boolean {
  const { kind, statusCode, code, message } = failure;
  const status = statusCode ?? 0;
  const isPage =
    MARKUP.test(message) && status < 500 && ![401, 403, 407, 408, 429].includes(status);
  if (kind === 'bad-response') return isPage;
  if (kind !== 'http') return false;
  const isUnknownPath =
    ELSEWHERE.has(status) && (code === `qbatch_http_${status}` || code === 'NotFound');
  const isOther = isPage || wantsTls(failure);
  return isUnknownPath || (isOther && code === `qbatch_http_${status}`);
}

/**
 * Whether a reply claims success, but holds neither an answer nor anything typical of a model service: no tokens, no known
 * code. Anything may answer like this to everything. Pure.
 */
export function looksVoid({ kind, statusCode, code, message, usage }: ApiFailure): boolean {
  const status = statusCode ?? 0;
  if (status < 200 || status >= 300 || usage !== null) return false;
  if (kind === 'bad-response') return code === 'qbatch_bad_response';
  // An `error` without a code says as little, unless its text is a known one.
  const said = code === `qbatch_http_${status}` ? '' : code;
  return kind === 'http' && explain(said, message) === undefined;
}
