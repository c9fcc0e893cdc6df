import { isObject } from '../is-object.ts';
import type { Problem } from '../problem.ts';
import { PROBLEM_CODES } from './codes.ts';
import { PROBLEMS_MAX, shown, shownName } from './findings.ts';

/**
 * The headers that a line may set, in lower case, with what their value must look like where a
 * page says so. A value that does not is a warning, for the service alone knows what else it takes.
 * Source: help.aliyun.com/zh/model-studio, API reference (2025-11), error codes and
 * rate-limiting-best-practices (2026-05).
 */
const ALLOWED: ReadonlyMap<string, { readonly form: RegExp; readonly text: string }> = new Map([
  ['x-dashscope-sse', { form: /^(?:enable|disable)$/, text: '"enable"' }],
  [
    'x-dashscope-datainspection',
    { form: /^\s*\{.*\}\s*$/, text: '\'{"input":"cip","output":"cip"}\'' },
  ],
  ['x-dashscope-ossresourceresolve', { form: /^enable$/, text: '"enable"' }],
  ['x-dashscope-workspace', { form: /./, text: 'a workspace id' }],
  ['x-dashscope-wait-timeout', { form: /^\d+$/, text: 'a number of seconds, such as "30"' }],
]);

/** Why some headers that people try are refused. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['x-dashscope-async', 'language models have no task mode; leave it out'],
  ['authorization', 'the key comes from DASHSCOPE_API_KEY and never from the input'],
]);

const NAMES =
  'X-DashScope-SSE, X-DashScope-DataInspection, X-DashScope-OssResourceResolve, X-DashScope-WorkSpace, X-DashScope-Wait-Timeout';

/** Printable ASCII: no line break can smuggle in a second header. */
const PRINTABLE = /^[\x20-\x7e]*$/;

function error(path: string, message: string): Problem {
  return { severity: 'error', path, code: PROBLEM_CODES.invalid, message };
}

function checkValue(name: string, path: string, value: unknown): Problem | undefined {
  const lower = name.toLowerCase();
  const allowed = ALLOWED.get(lower);
  if (allowed === undefined) {
    const reason = REFUSED.get(lower) ?? `a line may set only ${NAMES}`;
    return error(path, `the header ${shown(name)} is refused: ${reason}`);
  }
  if (typeof value !== 'string') {
    return error(path, `${name} is ${shown(value)}; it must be a string`);
  }
  if (!PRINTABLE.test(value)) {
    return error(path, `${name} has characters other than printable ASCII`);
  }
  if (allowed.form.test(value)) return undefined;
  const message = `${name} is ${shown(value)}; it is documented as ${allowed.text}`;
  return { severity: 'warning', path, code: PROBLEM_CODES.rule, message };
}

/**
 * Checks the `headers` of a line against the allow-list. `headers` in the result holds the good
 * ones under lower-case names; `path` is where they stand (`headers`). Names count in any case,
 * and one given twice in different cases is an error. Never throws.
 */
export function checkHeaders(
  headers: unknown,
  path: string,
): { headers: Record<string, string>; problems: Problem[] } {
  const kept: Record<string, string> = {};
  const problems: Problem[] = [];
  if (headers === undefined) return { headers: kept, problems };
  if (!isObject(headers)) {
    problems.push(error(path, `headers is ${shown(headers)}; it must be an object of strings`));
    return { headers: kept, problems };
  }
  for (const [name, value] of Object.entries(headers)) {
    if (problems.length >= PROBLEMS_MAX) break;
    const lower = name.toLowerCase();
    const place = `${path}.${shownName(name)}`;
    const problem = Object.hasOwn(kept, lower)
      ? error(place, `the header ${shown(name)} is given twice`)
      : checkValue(name, place, value);
    if (problem !== undefined) problems.push(problem);
    if (problem?.severity !== 'error' && typeof value === 'string') kept[lower] = value;
  }
  return { headers: kept, problems };
}

/**
 * Checks a line's `metadata`: an object of strings, kept for `usage --by tag:NAME` and never sent.
 * Undefined (no metadata) is fine. Never throws.
 */
export function checkMetadata(metadata: unknown): Problem[] {
  if (metadata === undefined) return [];
  if (!isObject(metadata)) {
    return [error('metadata', `metadata is ${shown(metadata)}; it must be an object of strings`)];
  }
  return Object.entries(metadata)
    .filter(([, value]) => typeof value !== 'string')
    .slice(0, PROBLEMS_MAX)
    .map(([name, value]) => {
      const message = `${shownName(name)} is ${shown(value)}; metadata values must be strings`;
      return error(`metadata.${shownName(name)}`, message);
    });
}
