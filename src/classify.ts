import { ERROR_RULES, OWN_CODES, type ErrorRule, type OwnCode } from './error-codes.ts';
import { type ApiFailure, KIND_CODES, type Verdict } from './failure.ts';

/*
 * How a failure finds its rule (the order in which the vendor's codes are unambiguous):
 *
 *   1. a rule of this code whose message pattern matches, whatever the status;
 *   2. a rule of this code without a pattern, same status;
 *   3. a rule of this code without a pattern, any status;
 *   4. a `*` rule whose message pattern matches;
 *   5. a rule of this code's family (`InvalidFile.*`), same status before any other;
 *   6. the `*` rule of the status, of its hundred, or of no status: also where the rule that was found blames the line for
 *      another status, and this one is of the account (401, 402), or of the service (429, 5xx) and the code `invalid_request_error`.
 *
 * "This code" is the failure's own, then the one inside a `<400> InternalError.Algo.X: ` prefix of
 * its message, each also without `InternalError.Algo.`; in the service's spelling, else in any case.
 */

/** A rule with its message pattern compiled. */
type Entry = { readonly rule: ErrorRule; readonly pattern: RegExp | null };

/** What the keys of one failure are looked up with. */
type Lookup = {
  readonly keys: readonly string[];
  readonly statusCode: number | null;
  readonly message: string;
};

/** What a code means and what to do about it, in English and Chinese. */
export type Explanation = {
  readonly meaning: string;
  readonly meaningZh: string;
  /** A verdict's action, or what an own code of `OWN_CODES` stands for. */
  readonly action: Verdict['action'] | OwnCode['action'];
  readonly advice: string;
  readonly adviceZh: string;
};

const ENTRIES: readonly Entry[] = ERROR_RULES.map((rule) => ({
  rule,
  pattern: rule.messagePattern === null ? null : new RegExp(rule.messagePattern, 'i'),
}));

const FALLBACKS: readonly Entry[] = ENTRIES.filter(({ rule }) => rule.code === '*');
const FAMILIES: readonly Entry[] = ENTRIES.filter(
  ({ rule }) => rule.code.length > 1 && rule.code.endsWith('*'),
);
const BY_CODE: ReadonlyMap<string, readonly Entry[]> = indexByCode((code) => code);
const BY_FOLDED_CODE: ReadonlyMap<string, readonly Entry[]> = indexByCode((code) =>
  code.toLowerCase(),
);

/** Native codes first: an OpenAI code of its own rule outranks its mention in a native one. */
function indexByCode(fold: (code: string) => string): ReadonlyMap<string, readonly Entry[]> {
  const index = new Map<string, Entry[]>();
  const add = (code: string, entry: Entry): void => {
    const key = fold(code);
    const entries = index.get(key);
    if (entries === undefined) index.set(key, [entry]);
    else if (!entries.includes(entry)) entries.push(entry);
  };
  const exact = ENTRIES.filter(({ rule }) => !rule.code.endsWith('*'));
  for (const entry of exact) add(entry.rule.code, entry);
  for (const entry of exact) {
    if (entry.rule.openaiCode !== null) add(entry.rule.openaiCode, entry);
  }
  return index;
}

function entriesOf(code: string): readonly Entry[] {
  return BY_CODE.get(code) ?? BY_FOLDED_CODE.get(code.toLowerCase()) ?? [];
}

function familyOf(code: string): readonly Entry[] {
  const folded = code.toLowerCase();
  return FAMILIES.filter(({ rule }) => folded.startsWith(rule.code.slice(0, -1).toLowerCase()));
}

/** Longest part of a message that patterns look at: none needs more, and hostile text may be long. */
const MESSAGE_LENGTH_MAX = 4_000;

/** `<400> InternalError.Algo.InvalidParameter: ` before the inner message (OpenAI-compatible). */
const INNER_ERROR = /^\s*<(\d{3})>\s*([A-Za-z][\w.-]*)\s*:\s*/;
const ALGO_PREFIX = 'InternalError.Algo.';

function lookupOf(code: string, message: string, statusCode: number | null): Lookup {
  const head = message.slice(0, MESSAGE_LENGTH_MAX);
  const inner = INNER_ERROR.exec(head);
  const innerStatus = inner?.[1] === undefined ? null : Number(inner[1]);
  const codes = inner?.[2] === undefined ? [code] : [code, inner[2]];
  const keys = codes.flatMap((key) =>
    key.startsWith(ALGO_PREFIX) ? [key, key.slice(ALGO_PREFIX.length)] : [key],
  );
  return {
    keys,
    statusCode: effectiveStatus(statusCode, innerStatus),
    message: inner === null ? head : head.slice(inner[0].length),
  };
}

/**
 * The outer status, unless it says less than the inner one: none at all, a 200 before an error
 * frame, or a 5xx around an inner 4xx (the service failing to pass on a refusal).
 */
function effectiveStatus(outer: number | null, inner: number | null): number | null {
  if (inner === null) return outer;
  if (outer === null || outer < 300) return inner;
  return outer >= 500 && inner >= 400 && inner < 500 ? inner : outer;
}

/** `status` null in a rule means any status, so it counts as the same. */
function sameStatus(rule: ErrorRule, statusCode: number | null): boolean {
  return rule.status === null || rule.status === statusCode;
}

function ruleByMessage({ keys, message }: Lookup): ErrorRule | undefined {
  for (const key of keys) {
    const hit = entriesOf(key).find(({ pattern }) => pattern?.test(message) === true);
    if (hit !== undefined) return hit.rule;
  }
  return undefined;
}

function ruleByCode(
  lookup: Lookup,
  find: (code: string) => readonly Entry[],
): ErrorRule | undefined {
  const general = lookup.keys.map((key) => find(key).filter(({ pattern }) => pattern === null));
  for (const entries of general) {
    const hit = entries.find(({ rule }) => sameStatus(rule, lookup.statusCode));
    if (hit !== undefined) return hit.rule;
  }
  return general.flat()[0]?.rule;
}

function ruleByText({ statusCode, message }: Lookup): ErrorRule | undefined {
  return FALLBACKS.find(
    ({ rule, pattern }) => sameStatus(rule, statusCode) && pattern?.test(message) === true,
  )?.rule;
}

/** What the table says of a code that it has; the four ways to find it in their order. */
function ruleByTable(lookup: Lookup): ErrorRule | undefined {
  return (
    ruleByMessage(lookup) ??
    ruleByCode(lookup, entriesOf) ??
    ruleByText(lookup) ??
    ruleByCode(lookup, familyOf)
  );
}

function ruleByStatus(statusCode: number | null): ErrorRule {
  const hundred = statusCode === null ? null : Math.floor(statusCode / 100) * 100;
  const plain = FALLBACKS.filter(({ pattern }) => pattern === null);
  const found =
    plain.find(({ rule }) => rule.status === statusCode) ??
    plain.find(({ rule }) => rule.status === hundred) ??
    plain.find(({ rule }) => rule.status === null);
  if (found === undefined) throw new TypeError('the error table has no rule for an unknown status');
  return found.rule;
}

/** Statuses that speak of the key or the account, which all lines have in common. */
const ACCOUNT_STATUSES: ReadonlySet<number | null> = new Set([401, 402]);

/** What OpenAI's protocol writes over errors of all kinds. */
const ANY_ERROR = 'invalid_request_error';

/** Whether a code blames the line where the status blames the account, or, with a code that says as good as nothing, the service. */
function isOutranked(rule: ErrorRule, statusCode: number | null): boolean {
  if (rule.class !== 'bad_request' || sameStatus(rule, statusCode)) return false;
  if (ACCOUNT_STATUSES.has(statusCode)) return true;
  return rule.code === ANY_ERROR && (statusCode === 429 || (statusCode ?? 0) >= 500);
}

function ruleOf({ code, message, statusCode }: ApiFailure): ErrorRule {
  const lookup = lookupOf(code, message, statusCode);
  const rule = ruleByTable(lookup) ?? ruleByStatus(lookup.statusCode);
  return isOutranked(rule, lookup.statusCode) ? ruleByStatus(lookup.statusCode) : rule;
}

/** What to do about an error that the service, or whatever answers for it, told: the advice of the rule that classifies it. */
export function adviceOn(failure: ApiFailure): string {
  return ruleOf(failure).advice;
}

function ownRetry(code: string): OwnCode | undefined {
  return OWN_CODES.find((own) => own.code === code && own.action === 'retry');
}

/**
 * What to do about a failure, and what it means for the bill. Pure and total: decided by the tables
 * of `error-codes.ts` alone, in the order told above.
 *
 * A throttle's scope is always its model. `never_sent` needs `failure.neverSent`; an error reply is
 * `rejected`, but a server's time limit, a gateway, and whatever brought tokens may have been billed.
 */
export function classify(failure: ApiFailure): Verdict {
  if (failure.kind !== 'http') {
    const own = ownRetry(failure.code) ?? ownRetry(KIND_CODES[failure.kind]);
    const neverSent = failure.neverSent && failure.kind !== 'bad-response' && !hasTokens(failure);
    const billing = neverSent ? 'never_sent' : 'possibly_billed';
    return { action: 'retry', scope: 'line', class: own?.class ?? 'server', billing };
  }
  const rule = ruleOf(failure);
  return {
    action: rule.action,
    scope: rule.scope,
    class: rule.class,
    billing: mayBeBilled(failure, rule) ? 'possibly_billed' : 'rejected',
    ...(rule.lasting === undefined ? {} : { lasting: rule.lasting }),
  };
}

function hasTokens({ usage }: ApiFailure): boolean {
  if (usage === null) return false;
  return [usage.inputTokens, usage.outputTokens, usage.totalTokens].some(
    (tokens) => tokens !== null && tokens > 0,
  );
}

/**
 * Statuses of a gateway that got no proper reply, or stopped waiting for one. Cloudflare's 520 and 524; 598 and 599 of
 * proxies. Its 521, 522 and 523 say that the service was not reached.
 * Source: http.dev/524 and httpcodes.fyi/524 on what Cloudflare means by them (read 2026-11).
 */
const GATEWAY_STATUSES: ReadonlySet<number> = new Set([502, 504, 520, 524, 598, 599]);

/**
 * Refusals cost nothing. A time limit is met while the model writes; behind a gateway's 502 or 504
 * it may have gone on writing; an error in a reply that had begun (200, or a frame without a
 * status) came after the service had accepted the request; and whatever ends a text has let the model write.
 */
function mayBeBilled(failure: ApiFailure, rule: ErrorRule): boolean {
  if (failure.hadBegun === true || hasTokens(failure)) return true;
  const { statusCode } = failure;
  const hadBegun = statusCode === null || statusCode < 300;
  switch (rule.class) {
    case 'timeout':
      return hadBegun || statusCode === 408 || statusCode >= 500;
    case 'server':
      return hadBegun || GATEWAY_STATUSES.has(statusCode);
    case 'content_filter':
      return hadBegun;
    default:
      return false;
  }
}

const OWN_HTTP_PREFIX = 'qbatch_http_';

/**
 * What a code means and what the user should do, for summaries and reports; undefined for a code
 * that no table knows. `message` (the service's text) picks the more particular advice where the
 * code alone says little. Takes the service's codes, qbatch's own, and `qbatch_http_<status>`.
 */
export function explain(code: string, message = ''): Explanation | undefined {
  const own = OWN_CODES.find((candidate) => candidate.code === code);
  if (own !== undefined) return explanationOf(own);
  const status = code.startsWith(OWN_HTTP_PREFIX) ? Number(code.slice(OWN_HTTP_PREFIX.length)) : 0;
  if (Number.isInteger(status) && status > 0) {
    return explanationOf(ruleByText(lookupOf(code, message, status)) ?? ruleByStatus(status));
  }
  const rule = ruleByTable(lookupOf(code, message, null)) ?? entriesOf(code)[0]?.rule;
  return rule === undefined ? undefined : explanationOf(rule);
}

function explanationOf(row: ErrorRule | OwnCode): Explanation {
  return {
    meaning: row.meaning,
    meaningZh: row.meaningZh,
    action: row.action,
    advice: row.advice,
    adviceZh: row.adviceZh,
  };
}

/** Whether a failure says that the service is failing or short of capacity, and not that the line is wrong. */
export function isOverload(failure: ApiFailure, verdict: Verdict): boolean {
  if (failure.kind === 'interrupted' || failure.neverSent) return false;
  return verdict.class === 'server' || verdict.class === 'timeout';
}
