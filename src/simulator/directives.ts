import { parseMilliseconds } from './spec.ts';

/** Faults below the level of the protocol. */
export const TRANSPORT_FAULTS = [
  'hang',
  'stall',
  'reset',
  'truncate',
  'garbage',
  'partial',
  'html',
  'empty',
] as const;

export type TransportFault = (typeof TRANSPORT_FAULTS)[number];

/** The directives in a request's messages; null or false: not requested. */
export type Directives = {
  readonly error: string | null;
  readonly status: number | null;
  readonly message: string | null;
  readonly fault: TransportFault | null;
  /** The error comes in the middle of the stream instead of at its start. */
  readonly late: boolean;
  readonly echoKey: boolean;
  readonly retryAfter: string | null;
  /** Only the first `times` requests with this content fail. */
  readonly times: number | null;
  readonly latencyMs: number | null;
  readonly paceMs: number | null;
  readonly outputTokens: number | null;
  readonly cachedTokens: number | null;
  /** Why a directive is invalid, if it is. */
  readonly problem: string | null;
};

/** Maximum for `output=`. */
const OUTPUT_TOKENS_MAX = 200_000;

const OPENING = '[[simulate:';
const ITEM = /([a-z-]+)(?:=("[^"]*"|[^\s,"]+))?[\s,]*/gy;
const KNOWN =
  'error=CODE status=502 message="…" hang stall reset truncate garbage partial html empty echo-key late ' +
  'retry-after=2 times=2 latency=500ms pace=50ms output=300 cached=200';

/** No directive at all. */
export const NO_DIRECTIVES: Directives = {
  error: null,
  status: null,
  message: null,
  fault: null,
  late: false,
  echoKey: false,
  retryAfter: null,
  times: null,
  latencyMs: null,
  paceMs: null,
  outputTokens: null,
  cachedTokens: null,
  problem: null,
};

type Draft = { -readonly [Field in keyof Directives]: Directives[Field] };

function whole(text: string, least: number, most: number): number | undefined {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  return value >= least && value <= most ? value : undefined;
}

function milliseconds(text: string): number | undefined {
  const value = parseMilliseconds(text);
  return value === null || value > 3_600_000 ? undefined : value;
}

/** The parser of each `name=value`; undefined: invalid value. */
const VALUES: Readonly<Record<string, (value: string) => Partial<Draft> | undefined>> = {
  error: (value) => ({ error: value }),
  message: (value) => ({ message: value }),
  'retry-after': (value) =>
    /^[\x21-\x7e][\x20-\x7e]*$/.test(value) ? { retryAfter: value } : undefined,
  status: (value) => wrap('status', whole(value, 200, 599)),
  times: (value) => wrap('times', whole(value, 1, 1_000_000)),
  output: (value) => wrap('outputTokens', whole(value, 1, OUTPUT_TOKENS_MAX)),
  cached: (value) => wrap('cachedTokens', whole(value, 0, 999_999_999)),
  latency: (value) => wrap('latencyMs', milliseconds(value)),
  pace: (value) => wrap('paceMs', milliseconds(value)),
};

function wrap(field: keyof Draft, value: number | undefined): Partial<Draft> | undefined {
  return value === undefined ? undefined : { [field]: value };
}

function readItem(name: string, value: string | undefined): Partial<Draft> | undefined {
  if (value !== undefined)
    return VALUES[name]?.(value.startsWith('"') ? value.slice(1, -1) : value);
  if (name === 'late') return { late: true };
  if (name === 'echo-key') return { echoKey: true };
  const fault = TRANSPORT_FAULTS.find((known) => known === name);
  return fault === undefined ? undefined : { fault };
}

function readDirective(inner: string, draft: Draft): void {
  const text = inner.trim();
  let end = 0;
  for (const match of text.matchAll(ITEM)) {
    const [matched, name = '', value] = match;
    const fields = readItem(name, value);
    if (fields === undefined) break;
    Object.assign(draft, fields);
    end = match.index + matched.length;
  }
  if (end < text.length || text === '') {
    draft.problem = `simulator: directive not understood at "${text.slice(end, end + 80)}"; known: ${KNOWN}`;
  }
}

type Found = { readonly inner: string; readonly start: number; readonly end: number };

/**
 * Every directive of a text, in time that grows with its length: a bracket that closes none ends all
 * that were begun before it.
 */
function* directivesIn(text: string): Generator<Found> {
  let start = text.indexOf(OPENING);
  while (start >= 0) {
    const close = text.indexOf(']', start + OPENING.length);
    if (close < 0) return;
    const isClosed = text[close + 1] === ']';
    const end = isClosed ? close + 2 : close + 1;
    if (isClosed) yield { inner: text.slice(start + OPENING.length, close), start, end };
    start = text.indexOf(OPENING, end);
  }
}

/**
 * Reads every `[[simulate: …]]` in the texts of a request's system and user messages.
 *
 * Grammar: `[[simulate: item item …]]`, items separated by blanks or commas, values with blanks in double quotes. Several
 * directives are merged; later items win.
 *
 * - `error=CODE` (native or OpenAI-compatible code) answers with that documented error; for a code not in the table the
 *   status is 400, or as in `status=`. `message="…"` sets its text, `late` sends it in the middle of a stream,
 *   `retry-after=2` adds that header.
 * - `status=502` alone answers with that status and an HTML body, as a gateway does.
 * - `hang` never answers; `stall` stops half way; `reset` resets the connection; `truncate` cuts the body, or ends the
 *   stream without its final frame; `garbage` is not JSON; `partial` is half an answer with `x-dashscope-partialresponse:
 *   true`; `html` is a page with status 200; `empty` is status 200 without a body; `echo-key` is an error that repeats the
 *   Authorization header.
 * - `times=N`: only the first N requests with this content fail. Default: all.
 * - `latency=500ms` replaces the simulator's latency, `pace=50ms` waits that long between the frames of a stream,
 *   `output=300` makes the answer that many tokens long, `cached=200` takes that many tokens of the input (at most all)
 *   from the context cache.
 */
export function readDirectives(texts: readonly string[]): Directives {
  let draft: Draft | null = null;
  for (const text of texts) {
    if (!text.includes(OPENING)) continue;
    draft ??= { ...NO_DIRECTIVES };
    for (const { inner } of directivesIn(text)) readDirective(inner, draft);
  }
  return draft ?? NO_DIRECTIVES;
}

/** The text without its directives, as the answer quotes it. */
export function stripDirectives(text: string): string {
  if (!text.includes(OPENING)) return text;
  const parts: string[] = [];
  let from = 0;
  for (const { start, end } of directivesIn(text)) {
    parts.push(text.slice(from, start));
    from = end;
  }
  return [...parts, text.slice(from)].join(' ').trim();
}
