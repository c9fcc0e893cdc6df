import { isObject } from '../json/is-object.ts';
import type { Problem } from '../problem.ts';
import { named, PROBLEMS_MAX, shown, shownName } from './findings.ts';
import { HEADER_RULES } from './line-rules.ts';
import { breachOf } from './shape-rule.ts';
import type { ShapeRule } from './shape-rule.ts';

/**
 * The headers that a line may set, in lower case, with the documented form of their value, if any. A deviation is a
 * warning, since the service may accept more.
 */
const ALLOWED: ReadonlyMap<string, { readonly fits: (value: string) => boolean; rule: ShapeRule }> =
  new Map([
    [
      'x-dashscope-sse',
      { fits: (value) => /^(?:enable|disable)$/.test(value), rule: HEADER_RULES.sse },
    ],
    ['x-dashscope-datainspection', { fits: isInspection, rule: HEADER_RULES.inspection }],
    [
      'x-dashscope-ossresourceresolve',
      { fits: (value) => value === 'enable', rule: HEADER_RULES.oss },
    ],
    ['x-dashscope-workspace', { fits: (value) => value !== '', rule: HEADER_RULES.workspace }],
    ['x-dashscope-wait-timeout', { fits: isWait, rule: HEADER_RULES.wait }],
  ]);

/** Headers with a specific reason for refusal. */
const REFUSED: ReadonlyMap<string, ShapeRule> = new Map([
  ['x-dashscope-async', HEADER_RULES.async],
  ['authorization', HEADER_RULES.authorization],
]);

/** Seconds advised by the service, besides 0. Source: rate-limiting-best-practices, 2026-05. */
const WAIT_SECONDS = { min: 3, max: 120 } as const;

function isWait(value: string): boolean {
  if (!/^\d+$/.test(value)) return false;
  const seconds = Number(value);
  return seconds === 0 || (seconds >= WAIT_SECONDS.min && seconds <= WAIT_SECONDS.max);
}

/** `{"input":"cip","output":"cip"}`, one of them or both. */
function isInspection(value: string): boolean {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return false;
  }
  const sides = isObject(parsed) ? Object.entries(parsed) : [];
  return (
    sides.length > 0 &&
    sides.every(([side, how]) => (side === 'input' || side === 'output') && how === 'cip')
  );
}

/** Printable ASCII: prevents header injection by line breaks. */
const PRINTABLE = /^[\x20-\x7e]*$/;

function checkValue(name: string, path: string, value: unknown): Problem | undefined {
  const lower = name.toLowerCase();
  const allowed = ALLOWED.get(lower);
  if (allowed === undefined) {
    const rule = REFUSED.get(lower) ?? HEADER_RULES.refused;
    return breachOf(rule, path, `the header ${shown(name)} is refused`);
  }
  const found = named(shownName(name), value);
  if (typeof value !== 'string') {
    const hint = isObject(value) ? ", where its JSON is meant as text: '{...}'" : '';
    return breachOf(HEADER_RULES.valueType, path, found + hint);
  }
  if (!PRINTABLE.test(value)) return breachOf(HEADER_RULES.ascii, path, found);
  return allowed.fits(value) ? undefined : breachOf(allowed.rule, path, found);
}

/**
 * Checks the `headers` of a line against the allow-list. `headers` in the result holds the valid ones under lower-case
 * names; `path` is their place (`headers`). Names are case-insensitive, and duplicates in different cases are an error.
 * Never throws.
 */
export function checkHeaders(
  headers: unknown,
  path: string,
): { headers: Record<string, string>; problems: Problem[] } {
  const kept: Record<string, string> = {};
  const problems: Problem[] = [];
  if (headers === undefined) return { headers: kept, problems };
  if (!isObject(headers)) {
    problems.push(breachOf(HEADER_RULES.type, path, named('headers', headers)));
    return { headers: kept, problems };
  }
  for (const [name, value] of Object.entries(headers)) {
    if (problems.length >= PROBLEMS_MAX) break;
    const lower = name.toLowerCase();
    const place = `${path}.${shownName(name)}`;
    const problem = Object.hasOwn(kept, lower)
      ? breachOf(HEADER_RULES.twice, place, `the header ${shown(name)} is given twice`)
      : checkValue(name, place, value);
    if (problem !== undefined) problems.push(problem);
    if (problem?.severity !== 'error' && typeof value === 'string') kept[lower] = value;
  }
  return { headers: kept, problems };
}

/**
 * Checks a line's `metadata`: an object of strings, kept for `usage --by tag:NAME` and never sent. Undefined (no metadata)
 * is valid. Never throws.
 */
export function checkMetadata(metadata: unknown): Problem[] {
  if (metadata === undefined) return [];
  if (!isObject(metadata)) {
    return [breachOf(HEADER_RULES.metadataType, 'metadata', named('metadata', metadata))];
  }
  return Object.entries(metadata)
    .filter(([, value]) => typeof value !== 'string')
    .slice(0, PROBLEMS_MAX)
    .map(([name, value]) => {
      const place = `metadata.${shownName(name)}`;
      return breachOf(HEADER_RULES.metadataValue, place, `${place} is ${typed(value)}`);
    });
}

/** A value that is no string, with its type where that is not plain from the value. */
function typed(value: unknown): string {
  const isScalar = typeof value === 'boolean' || Number.isFinite(value);
  return isScalar ? `the ${typeof value} ${shown(value)}` : shown(value);
}
