import { shown } from './schemas/findings.ts';
import { checkHeaders, checkMetadata } from './schemas/headers.ts';
import { checkRequest } from './schemas/check-request.ts';
import type { RequestView } from './schemas/request-view.ts';
import type { Shaped } from './input/apply-defaults.ts';
import { invalidRequest } from './input/invalid-request.ts';
import { shapeLine } from './input/line-shape.ts';
import type { LineDefaults, RequestParts } from './input/request-parts.ts';
import { isProblem, openLine, rawOf, type TextSpan } from './input/open-object.ts';
import type { Problem } from './problem.ts';
import type { RawLine } from './read.ts';

/** A line that may be sent. `problems` holds only warnings and notes. */
export type Request = {
  readonly kind: 'request';
  readonly lineNo: number;
  readonly customId: string;
  readonly view: RequestView;
  /** The line's text and bytes: views of the read buffer, so do not keep them. */
  readonly text: string;
  readonly bytes: Buffer;
  /** The request's values as raw text, created on demand. */
  readonly parts: () => RequestParts;
  /** Position of the request in `text` as it will be sent, except for protocol additions; null: none. */
  readonly written: TextSpan | null;
  /** Documented `X-DashScope-*` headers of the line, lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The line's `metadata` as raw JSON text, or null. */
  readonly metadata: string | null;
  readonly problems: readonly Problem[];
};

/** A line that must not be sent, and why: at least one of `problems` is an error (under `--strict` all warnings are). */
export type Rejected = {
  readonly kind: 'rejected';
  readonly lineNo: number;
  /** Null if it could not be read. */
  readonly customId: string | null;
  readonly problems: readonly Problem[];
};

function rejected(lineNo: number, customId: string | null, ...problems: Problem[]): Rejected {
  return { kind: 'rejected', lineNo, customId, problems };
}

/**
 * Turns warnings into errors for `--strict`, so that filtering or counting errors shows why the line is invalid. Errors
 * that were errors before come first.
 */
function strictly(problems: readonly Problem[]): readonly Problem[] {
  const raised = problems
    .filter(({ severity }) => severity === 'warning')
    .map((problem): Problem => ({ ...problem, severity: 'error' }));
  if (raised.length === 0) return problems;
  return [
    ...problems.filter(({ severity }) => severity === 'error'),
    ...raised,
    ...problems.filter(({ severity }) => severity === 'note'),
  ];
}

/** How a `custom_id` that is no text may be written; a value that stands for none need not be there at all. */
function customIdHint(given: unknown, lineNo: number): string {
  if (typeof given === 'number' && Number.isSafeInteger(given)) return `, as in "${given}"`;
  if (given !== null && given !== '') return '';
  return `; leave custom_id out, and the line is called line-${lineNo}`;
}

/** Parses one raw line into a request that may be sent, or the reasons why not. Pure; never throws for any line content. */
export function parseLine(line: RawLine, defaults: LineDefaults): Request | Rejected {
  const { lineNo } = line;
  if (line.text === null) {
    return rejected(lineNo, null, line.problem ?? invalidRequest('', 'the line cannot be read'));
  }
  const opened = openLine(line.text, lineNo);
  if (isProblem(opened)) return rejected(lineNo, null, opened);
  const given = opened.value['custom_id'];
  if (given !== undefined && (typeof given !== 'string' || given === '')) {
    return rejected(
      lineNo,
      null,
      invalidRequest(
        'custom_id',
        `custom_id is ${shown(given)}; it must be a non-empty string${customIdHint(given, lineNo)}`,
      ),
    );
  }
  // Well-formed, as in the files: two ids that differ only in a lone surrogate would be equal there.
  const customId = given?.toWellFormed() ?? `line-${lineNo}`;
  const headers = opened.value['headers'];
  const checked = headers === undefined ? NO_HEADERS : checkHeaders(headers, 'headers');
  const around = { headers: checked.headers, bytes: line.bytes.length };
  const shaped: Shaped = shapeLine(opened, defaults, around);
  if (shaped.kind === 'unshaped') return rejected(lineNo, customId, ...shaped.problems);
  const { view, parts, written } = shaped;
  const metadata = opened.value['metadata'];
  const tagProblems = metadata === undefined ? NO_PROBLEMS : checkMetadata(metadata);
  const found = checkRequest(view);
  const all = joinProblems(
    joinProblems(found, shaped.problems),
    joinProblems(checked.problems, tagProblems),
  );
  const problems = defaults.strict ? strictly(all) : all;
  if (problems.some(({ severity }) => severity === 'error')) {
    return { kind: 'rejected', lineNo, customId, problems };
  }
  return {
    kind: 'request',
    lineNo,
    customId,
    view,
    text: line.text,
    bytes: line.bytes,
    parts,
    written,
    headers: checked.headers,
    metadata: metadata === undefined ? null : (rawOf(opened, 'metadata') ?? null),
    problems,
  };
}

const NO_PROBLEMS: readonly Problem[] = [];
const NO_HEADERS: ReturnType<typeof checkHeaders> = { headers: {}, problems: [] };

function joinProblems(first: readonly Problem[], second: readonly Problem[]): readonly Problem[] {
  if (second.length === 0) return first;
  return first.length === 0 ? second : [...first, ...second];
}
