import type { LineProblem, ProblemCounts, Severity } from '../problem.ts';
import { countText, wholeText } from './number-text.ts';
import { oneLine } from './one-line.ts';
import { pathText } from './path-text.ts';
import { shellWord } from '../shell-word.ts';

type Group = { readonly first: LineProblem; count: number; readonly lines: Set<number> };

const NAME_CHARS_MAX = 120;
const LINES_NAMED_MAX = 8;
/** Groups shown; `check --json` lists all problems individually. */
const GROUPS_SHOWN_MAX = 20;
/** Worst last, next to the headline, where people look first. */
const SEVERITIES: readonly Severity[] = ['note', 'warning', 'error'];

/** Groups problems that differ only in values and positions. */
function groupKey(problem: LineProblem): string {
  const path = problem.path.replaceAll(/\[\d+\]/gu, '[]');
  const message = problem.message.replaceAll(/"[^"]*"|\d+(?:\.\d+)?/gu, '#');
  return JSON.stringify([problem.severity, problem.code, path, message]);
}

function grouped(problems: readonly LineProblem[]): Group[] {
  const groups = new Map<string, Group>();
  for (const problem of problems) {
    const key = groupKey(problem);
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, { first: problem, count: 1, lines: new Set([problem.line]) });
    } else {
      group.count += 1;
      group.lines.add(problem.line);
    }
  }
  return [...groups.values()];
}

/** Codes whose messages contain commands for the input, called FILE, and no input content. */
const CODES_WITH_COMMANDS = new Set(['qbatch_invalid_json', 'qbatch_invalid_utf8']);

/**
 * The message on one line, with FILE replaced by the input; input that cannot be reread (stdin, a pipe) stays FILE, and so
 * does compressed input, with advice on how to unpack it.
 */
function messageText({ message, code }: LineProblem, input: string): string {
  const line = oneLine(message);
  const isLasting = input !== '-' && !input.startsWith('/dev/');
  if (!isLasting || !CODES_WITH_COMMANDS.has(code) || !/\bFILE\b/u.test(line)) return line;
  // A leading hyphen would be taken for a flag.
  const path = pathText(shellWord(input.startsWith('-') ? `./${input}` : input));
  if (input.endsWith('.gz')) return `${line}; FILE is what is packed: gzip -dc ${path} > FILE`;
  return line.replaceAll(/\bFILE\b/gu, () => path);
}

function groupText(group: Group, input: string): string {
  const { first, lines } = group;
  const id = first.custom_id === null ? '' : ` ${oneLine(first.custom_id, NAME_CHARS_MAX)}`;
  const path = first.path === '' ? '' : `${oneLine(first.path, NAME_CHARS_MAX)}: `;
  const message = `${messageText(first, input)} [${oneLine(first.code, NAME_CHARS_MAX)}]`;
  const head = `${pathText(input)}:${first.line}${id}: ${first.severity}: ${path}${message}`;
  if (lines.size === 1) {
    const more = group.count - 1;
    return more === 0 ? head : `${head}\n  and ${wholeText(more)} more in this line`;
  }
  const others = [...lines].slice(1);
  const named = others.slice(0, LINES_NAMED_MAX).join(', ');
  const rest = others.length > LINES_NAMED_MAX ? ', ...' : '';
  return `${head}\n  and in ${countText(others.length, 'more line')}: ${named}${rest}`;
}

/** If there are too many groups, the worst are kept, in original order within a severity. */
function shownGroups(groups: readonly Group[]): Group[] {
  const worstFirst = SEVERITIES.toReversed().flatMap((severity) =>
    groups.filter((group) => group.first.severity === severity),
  );
  const kept = new Set(worstFirst.slice(0, GROUPS_SHOWN_MAX));
  return SEVERITIES.flatMap((severity) =>
    groups.filter((group) => kept.has(group) && group.first.severity === severity),
  );
}

/**
 * The survey's findings as text, with line breaks: equal problems once with their lines (`file:line`, `custom_id`, place,
 * reason), the worst last, then the counts. Empty if there are none.
 */
export function problemsText(
  problems: readonly LineProblem[],
  counts: ProblemCounts,
  input: string,
): string {
  if (counts.error + counts.warning + counts.note === 0) {
    return '';
  }
  const groups = grouped(problems);
  const shown = shownGroups(groups);
  const lines = shown.map((group) => groupText(group, input));
  const hidden = groups.length - shown.length;
  if (hidden > 0) {
    lines.unshift(
      `${countText(hidden, 'more kind')} of problem not shown: qbatch check --json lists them`,
    );
  }
  lines.push(problemTotals(counts, input));
  return `${lines.join('\n')}\n`;
}

/** Number of problems by severity, the worst first: `a.jsonl: 1 error, 2 warnings`. */
export function problemTotals(counts: ProblemCounts, input: string): string {
  const totals = SEVERITIES.toReversed()
    .filter((severity) => counts[severity] > 0)
    .map((severity) => countText(counts[severity], severity))
    .join(', ');
  return `${pathText(input)}: ${totals}`;
}
