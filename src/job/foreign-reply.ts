import { explain } from '../classify.ts';
import type { ApiFailure } from '../failure.ts';

/** Statuses of somebody who does not know the path or the method, or points elsewhere. */
const ELSEWHERE: ReadonlySet<number> = new Set([301, 302, 303, 307, 308, 404, 405, 410, 501]);
const MARKUP = /^\s*<(?:!doctype|html|head|body|\?xml)/i;

/** What Go, nginx, Apache and Tomcat say at a port of TLS to whoever comes without. */
const WANTS_TLS =
  /HTTP request (?:was sent )?to (?:an )?HTTPS|plain HTTP to an SSL|combination of host and port requires TLS/i;

/** Whether a server says that it speaks TLS alone, and was called over plain http. Pure. */
export function wantsTls({ kind, statusCode, message }: ApiFailure): boolean {
  return kind === 'http' && statusCode === 400 && WANTS_TLS.test(message);
}

/**
 * Whether a reply looks as if it came from somebody else than a model service: a 404 or a redirect
 * without a service's code (or with the code for an unknown path), or a page for people. Pure.
 *
 * `NotFound`: "Request path not found" (error page, 2026-05). A model that does not exist has a code
 * of its own.
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
 * Whether a reply claims to be fine, but holds neither an answer nor anything that a model service says: no tokens, no code
 * that is known. Somebody may answer so to everything. Pure.
 */
export function looksVoid({ kind, statusCode, code, message, usage }: ApiFailure): boolean {
  const status = statusCode ?? 0;
  if (status < 200 || status >= 300 || usage !== null) return false;
  if (kind === 'bad-response') return code === 'qbatch_bad_response';
  // An `error` without a code says as little, unless its text is one that is known.
  const said = code === `qbatch_http_${status}` ? '' : code;
  return kind === 'http' && explain(said, message) === undefined;
}
