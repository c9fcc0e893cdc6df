import type { Database } from '../ledger/database.ts';
import { attemptRecords } from '../ledger/attempts.ts';
import {
  type OutputLine,
  outputLineReader,
  outputLinesByNumber,
  outputLinesBySeq,
} from '../ledger/lines.ts';
import type { Job } from '../ledger/records.ts';
import { outputText } from '../output/output-line.ts';
import { readUsage } from '../read-usage.ts';
import { saysUnfinished } from '../protocols/finish-reason.ts';
import { csvRow } from '../report/csv.ts';
import type { Cell, Column } from '../report/parquet.ts';
import { isObject } from '../json/is-object.ts';
import { jsonText } from '../json/json-text.ts';

export type ExportRequest = {
  readonly what: 'results' | 'errors' | 'attempts';
  readonly order: 'input' | 'settled';
};

const USAGE_FIELDS = [
  { name: 'input_tokens', kind: 'whole' },
  { name: 'output_tokens', kind: 'whole' },
  { name: 'total_tokens', kind: 'whole' },
  { name: 'cached_tokens', kind: 'whole' },
  { name: 'reasoning_tokens', kind: 'whole' },
] as const;

const ATTEMPT_COLUMNS = [
  { name: 'line', kind: 'whole' },
  { name: 'custom_id', kind: 'text' },
  { name: 'attempt', kind: 'whole' },
  { name: 'model', kind: 'text' },
  { name: 'started_at', kind: 'time' },
  { name: 'ended_at', kind: 'time' },
  { name: 'status_code', kind: 'whole' },
  { name: 'code', kind: 'text' },
  { name: 'class', kind: 'text' },
  { name: 'request_id', kind: 'text' },
  ...USAGE_FIELDS,
  { name: 'cost', kind: 'amount' },
  { name: 'currency', kind: 'text' },
] as const satisfies readonly Column[];

const LINE_COLUMNS: readonly Column[] = [
  { name: 'line', kind: 'whole' },
  { name: 'custom_id', kind: 'text' },
  { name: 'status_code', kind: 'whole' },
  { name: 'request_id', kind: 'text' },
  { name: 'content', kind: 'text' },
  { name: 'finish_reason', kind: 'text' },
  ...USAGE_FIELDS,
  { name: 'code', kind: 'text' },
  { name: 'message', kind: 'text' },
  { name: 'param', kind: 'text' },
];

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : {};
}

function firstOf(value: unknown): Fields {
  return Array.isArray(value) ? fieldsOf(value[0]) : {};
}

/** Text of a message's content: a string, or the joined text parts of an array. */
function contentText(content: unknown): string | null {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return null;
  const texts = content
    .map((part: unknown) => fieldsOf(part)['text'])
    .filter((text) => typeof text === 'string');
  return texts.length === 0 ? null : texts.join('');
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** How deep research ended: from a field that the service misspells or leaves at `"null"`; then from its message. */
function researchEnd(output: Fields): string | null {
  const reason = textOf(output['fininshed_reason']);
  const isKnown = reason !== null && !saysUnfinished(reason);
  return isKnown ? reason : textOf(fieldsOf(output['message'])['status']);
}

/** The answer's text, finish reason and usage from a body of either protocol; all null if it has none. */
function answerCells(body: Buffer | null): Cell[] {
  let parsed: Fields;
  try {
    parsed = fieldsOf(JSON.parse(body?.toString('utf8') ?? 'null'));
  } catch {
    parsed = {};
  }
  const output = fieldsOf(parsed['output']);
  const choice = firstOf(parsed['choices'] ?? output['choices']);
  // Deep research has one message and no choices.
  const message = fieldsOf(choice['message'] ?? output['message']);
  const content = contentText(message['content']) ?? textOf(output['text']);
  const usage = readUsage(parsed['usage']);
  return [
    content,
    textOf(choice['finish_reason'] ?? output['finish_reason']) ?? researchEnd(output),
    usage?.inputTokens ?? null,
    usage?.outputTokens ?? null,
    usage?.totalTokens ?? null,
    usage?.cachedTokens ?? null,
    usage?.reasoningTokens ?? null,
  ];
}

function lineCells(line: OutputLine): readonly Cell[] {
  const head = [line.lineNo, line.customId, line.statusCode, line.requestId];
  return [...head, ...answerCells(line.body), line.code, line.message, line.param];
}

function* linesOf(database: Database, job: Job, request: ExportRequest): Generator<OutputLine> {
  if (request.what === 'errors') {
    // By number, so that the answers of other lines are not read.
    const order = request.order === 'input' ? 'line_no' : 'seq';
    const numbers = database
      .prepare(
        `SELECT line_no FROM lines WHERE job_id = ? AND state <> 'answered' ORDER BY ${order}`,
      )
      .pluck()
      .all(job.id) as number[];
    const lineOf = outputLineReader(database, job.id);
    for (const lineNo of numbers) {
      const line = lineOf(lineNo);
      if (line !== null) yield line;
    }
    return;
  }
  const lines =
    request.order === 'input'
      ? outputLinesByNumber(database, job.id, { afterLine: 0, toLine: job.lastLineNo })
      : outputLinesBySeq(database, job.id, 0);
  for (const line of lines) if (line.state === 'answered') yield line;
}

/** An export as a table. */
export type ExportTable = {
  readonly columns: readonly Column[];
  readonly rows: Iterable<readonly Cell[]>;
};

/** The columns of an export and its rows, one by one: an attempt each, or a line with the text of its first choice. */
export function exportTable(database: Database, job: Job, request: ExportRequest): ExportTable {
  return request.what === 'attempts'
    ? { columns: ATTEMPT_COLUMNS, rows: attemptCells(database, job, request) }
    : { columns: LINE_COLUMNS, rows: linesCells(database, job, request) };
}

function* attemptCells(
  database: Database,
  job: Job,
  { order }: ExportRequest,
): Generator<readonly Cell[]> {
  for (const record of attemptRecords(database, job, order))
    yield ATTEMPT_COLUMNS.map(({ name }) => record[name]);
}

function* linesCells(
  database: Database,
  job: Job,
  request: ExportRequest,
): Generator<readonly Cell[]> {
  for (const line of linesOf(database, job, request)) yield lineCells(line);
}

/** An export as CSV, row by row after a header. Throws as `exportJsonl`. */
export function* exportCsv(
  database: Database,
  job: Job,
  request: ExportRequest,
): Generator<string> {
  const { columns, rows } = exportTable(database, job, request);
  yield csvRow(columns.map(({ name }) => name));
  for (const row of rows) yield csvRow(row);
}

/**
 * An export as JSONL, row by row; results and errors equal the output files byte for byte. A stored answer that does not
 * match its checksum throws ConfigError (78).
 */
export function* exportJsonl(
  database: Database,
  job: Job,
  request: ExportRequest,
): Generator<string> {
  if (request.what === 'attempts') {
    for (const record of attemptRecords(database, job, request.order))
      yield `${jsonText(record)}\n`;
    return;
  }
  for (const line of linesOf(database, job, request)) yield outputText(job.name, line);
}
