import { hasUnknownCoding } from '../call/plain-body.ts';
import { adviceOn } from '../classify.ts';
import { isModelStudio } from '../config/endpoints.ts';
import { EXIT } from '../errors.ts';
import { wantsTls } from './foreign-reply.ts';
import type { ApiFailure } from '../failure.ts';
import { formatPico } from '../models/price.ts';
import { oneLine } from '../reporters/one-line.ts';
import type { PlannedLine } from '../plan.ts';
import type { Settings } from '../settings.ts';
import type { Stopped } from './run-stop.ts';

/** How much of a foreign reply is shown. */
const REPLY_CHARS_MAX = 200;
/** How much of the reason for being unreachable: an address, a certificate's names, advice. */
const REASON_CHARS_MAX = 300;
/** How much of what the service said of a line, or of all. */
const SAID_CHARS_MAX = 400;
/** How much of a line's id: leaves room for what the service said. */
const NAME_CHARS_MAX = 120;

/**
 * Which line caused a stop, what the service said, and what to do about it: perhaps only that line's text is refused on the
 * way.
 */
export function saidOfLine(
  { lineNo, customId }: Pick<PlannedLine, 'lineNo' | 'customId'>,
  failure: ApiFailure,
): string {
  const { code, message } = failure;
  const said = `line ${lineNo} (${oneLine(customId, NAME_CHARS_MAX)}): ${code}: ${oneLine(message, SAID_CHARS_MAX)}`;
  return `${said}; what to do: ${adviceOn(failure).replace(/\.$/, '')}`;
}

/** The first replies came from something other than a model service. */
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
  return {
    reason: 'endpoint',
    code: EXIT.config,
    message: `no model service answers at ${where}: the first replies were all HTTP ${String(statusCode)} (${oneLine(message, REPLY_CHARS_MAX)}); open lines stay open: ${whatToCheck(failure, endpoint)}, then run again`,
  };
}

function whatToCheck(failure: ApiFailure, endpoint: { readonly dashscope: string }): string {
  if (wantsTls(failure)) return 'write https:// in --base-url and --compatible-base-url';
  // It knows another path: that of the other protocol, or the same below another folder.
  if (failure.statusCode === 404 && !isModelStudio(endpoint)) {
    return "check --base-url (a server that speaks OpenAI's protocol alone, such as vLLM or Ollama: --base-url URL/v1 --protocol openai)";
  }
  return 'check --base-url or --region';
}

/**
 * Whether the line's own `X-DashScope-WorkSpace` was refused: another line's may be allowed. A configured `workspace` is
 * sent for every line. One `refused` before is not one line's problem: it stops the job.
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

/** `--max-failures P%` applies once this many sent lines are settled. */
const PERCENT_AFTER_LINES = 100;

/** Pico-units, rounded up to a millionth of the currency: a cap raised by this much is enough. */
function roundedUp(pico: number): bigint {
  return BigInt(Math.ceil(pico / 1e6)) * 1_000_000n;
}

/** The next call does not fit under the cap: with what it reserves, so that a cap below one call can be raised to enough. */
export function costReached(
  { maxCost }: Pick<Settings, 'maxCost'>,
  currency: string,
  reservedPico: number | null,
): Stopped {
  const cap = `--max-cost ${maxCost ?? ''} ${currency}`;
  const reserved =
    reservedPico === null ? '' : ` (it reserves ${formatPico(roundedUp(reservedPico))})`;
  return {
    reason: 'cost',
    code: EXIT.limitReached,
    message: `the next call would go beyond ${cap}${reserved}`,
  };
}

/**
 * The stop by `--max-failures` if enough lines failed (lines rejected unsent do not count); null: not yet, or no such
 * limit.
 */
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
