import { hasUnknownCoding } from '../call/plain-body.ts';
import { adviceOn } from '../classify.ts';
import { EXIT } from '../errors.ts';
import { wantsTls } from './foreign-reply.ts';
import type { ApiFailure } from '../failure.ts';
import { oneLine } from '../reporters/one-line.ts';
import type { PlannedLine } from '../plan.ts';
import type { Settings } from '../settings.ts';
import type { Stopped } from './run-stop.ts';

/** How much of a stranger's reply is shown. */
const REPLY_CHARS_MAX = 200;
/** How much of why nothing could be reached: an address, a certificate's names, what to do about it. */
const REASON_CHARS_MAX = 300;
/** How much of what the service said of a line, or of all. */
const SAID_CHARS_MAX = 400;
/** How much of a line's name: what the service said is to be read too. */
const NAME_CHARS_MAX = 120;

/**
 * Which line met a stop, what the service said, and what to do about it: it may be that line's text alone that something on
 * the way refuses.
 */
export function saidOfLine(
  { lineNo, customId }: Pick<PlannedLine, 'lineNo' | 'customId'>,
  failure: ApiFailure,
): string {
  const { code, message } = failure;
  const said = `line ${lineNo} (${oneLine(customId, NAME_CHARS_MAX)}): ${code}: ${oneLine(message, SAID_CHARS_MAX)}`;
  return `${said}; what to do: ${adviceOn(failure).replace(/\.$/, '')}`;
}

/** The first replies came from somebody else than a model service. */
export function wrongEndpoint(
  failure: ApiFailure,
  endpoint: { readonly dashscope: string; readonly openai: string },
): Stopped {
  const { message, statusCode } = failure;
  const where = [...new Set([endpoint.dashscope, endpoint.openai])].join(' and ');
  if (hasUnknownCoding(message)) {
    const said = oneLine(message, SAID_CHARS_MAX);
    return {
      reason: 'endpoint',
      code: EXIT.config,
      message: `none of the first replies from ${where} could be read, and each may be billed: ${said}; open lines stay open: then run again`,
    };
  }
  const what = wantsTls(failure)
    ? 'write https:// in --base-url and --compatible-base-url'
    : 'check --base-url or --region';
  return {
    reason: 'endpoint',
    code: EXIT.config,
    message: `no model service answers at ${where}: the first replies were all HTTP ${String(statusCode)} (${oneLine(message, REPLY_CHARS_MAX)}); open lines stay open: ${what}, then run again`,
  };
}

/**
 * Whether it is the line's own `X-DashScope-WorkSpace` that was refused: another line's may be allowed. Where
 * `workspace` is configured, that one is sent, for every line; and one that was `refused` before is not one line's
 * alone: it stops the job.
 */
export function isOwnWorkspaceRefused(
  { call }: Pick<PlannedLine, 'call'>,
  { code }: ApiFailure,
  { workspace }: Pick<Settings, 'workspace'>,
  refused: Set<string>,
): boolean {
  const own = workspace === undefined ? call.headers['x-dashscope-workspace'] : undefined;
  if (own === undefined || code.toLowerCase() !== 'workspace.accessdenied') return false;
  const isFirst = !refused.has(own);
  refused.add(own);
  return isFirst;
}

/**
 * Nothing was admitted for longer than `--max-unreachable`; by a model, or (null) by the service as a whole. `reason`: why the
 * last call got no connection, or what the model's last refusal said; null: nobody said anything.
 */
export function unreachable(
  model: string | null,
  reason: string | null,
  { maxUnreachableMs }: Pick<Settings, 'maxUnreachableMs'>,
): Stopped {
  const seconds = Math.round(maxUnreachableMs / 1000);
  const message =
    model === null
      ? `the service could not be reached for ${seconds} s (--max-unreachable)${reason === null ? '' : `: ${oneLine(reason, REASON_CHARS_MAX)}`}; the lines stay open: run again when it is back`
      : `${model} admitted no call for ${seconds} s (--max-unreachable)${reason === null ? '' : `, last: ${oneLine(reason, SAID_CHARS_MAX)}`}; its lines stay open: run again later, or wait longer with --max-unreachable`;
  return { reason: 'unreachable', code: EXIT.unavailable, message };
}

/** The service was reached, but every call failed at it for longer than `--max-unreachable`; `said`: the last, in the service's words. */
export function everyCallFailed(
  said: string,
  { maxUnreachableMs }: Pick<Settings, 'maxUnreachableMs'>,
  endpoint: { readonly dashscope: string; readonly openai: string },
): Stopped {
  const seconds = Math.round(maxUnreachableMs / 1000);
  const hosts = [endpoint.dashscope, endpoint.openai].map((url) => new URL(url).host);
  const where = [...new Set(hosts)].join(' and ');
  const message = `every call to ${where} failed for ${seconds} s (--max-unreachable), last: ${oneLine(said, SAID_CHARS_MAX)}; the lines stay open: run again when the service is back, or wait longer with --max-unreachable`;
  return { reason: 'unreachable', code: EXIT.unavailable, message };
}

/** `--max-failures P%` is looked at once this many lines were sent and are settled. */
const PERCENT_AFTER_LINES = 100;

/** So many lines failed (those that were rejected unsent do not count) that `--max-failures` ends the run; null: not yet, or there is no such limit. */
export function tooManyFailures(
  limit: Settings['maxFailures'],
  { failed, settled }: { readonly failed: number; readonly settled: number },
): Stopped | null {
  if (limit === undefined) return null;
  const reached =
    'count' in limit
      ? failed >= limit.count
      : settled >= PERCENT_AFTER_LINES && failed * 100 >= limit.percent * settled;
  if (!reached) return null;
  const said = 'count' in limit ? String(limit.count) : `${limit.percent}%`;
  return {
    reason: 'failures',
    code: EXIT.limitReached,
    message: `${failed} of ${settled} settled lines failed (--max-failures ${said})`,
  };
}
