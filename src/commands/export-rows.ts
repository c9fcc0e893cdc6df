import type { Database } from '../ledger/database.ts';
import { type AttemptRecord, attemptRecords } from '../ledger/attempts.ts';
import {
  type OutputLine,
  outputLineReader,
  outputLinesByNumber,
  outputLinesBySeq,
} from '../ledger/lines.ts';
import type { Job } from '../ledger/records.ts';
import { outputText } from '../output/output-line.ts';
import { readUsage } from '../read-usage.ts';
import { csvRow } from '../report/csv.ts';
import { jsonText } from '../json/json-text.ts';

export type ExportRequest = {
  readonly what: 'results' | 'errors' | 'attempts';
  readonly format: 'jsonl' | 'csv';
  readonly order: 'input' | 'settled';
};

type Cell = string | number | null;

const ATTEMPT_COLUMNS: readonly (keyof AttemptRecord)[] = [
  'line',
  'custom_id',
  'attempt',
  'model',
  'started_at',
  'ended_at',
  'status_code',
  'code',
  'class',
  'request_id',
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cached_tokens',
  'reasoning_tokens',
  'cost',
  'currency',
];

const LINE_COLUMNS = [
  'line',
  'custom_id',
  'status_code',
  'request_id',
  'content',
  'finish_reason',
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cached_tokens',
  'reasoning_tokens',
  'code',
  'message',
  'param',
] as const;

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : {};
}

function firstOf(value: unknown): Fields {
  return Array.isArray(value) ? fieldsOf(value[0]) : {};
}

/** Text of a message's content: a string, or the text parts of an array, joined. */
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

/** The answer's text, finish reason and usage out of a body of either protocol; all null where it has none. */
function answerCells(body: string | null): Cell[] {
  let parsed: Fields;
  try {
    parsed = fieldsOf(JSON.parse(body ?? 'null'));
  } catch {
    parsed = {};
  }
  const output = fieldsOf(parsed['output']);
  const choice = firstOf(parsed['choices'] ?? output['choices']);
  const content = contentText(fieldsOf(choice['message'])['content']) ?? textOf(output['text']);
  const usage = readUsage(parsed['usage']);
  return [
    content,
    textOf(choice['finish_reason'] ?? output['finish_reason']),
    usage?.inputTokens ?? null,
    usage?.outputTokens ?? null,
    usage?.totalTokens ?? null,
    usage?.cachedTokens ?? null,
    usage?.reasoningTokens ?? null,
  ];
}

function lineCsv(line: OutputLine): string {
  const head = [line.lineNo, line.customId, line.statusCode, line.requestId];
  return csvRow([...head, ...answerCells(line.body), line.code, line.message, line.param]);
}

function* linesOf(database: Database, job: Job, request: ExportRequest): Generator<OutputLine> {
  if (request.what === 'errors') {
    // By number, so that the answers of all the other lines are not read.
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

/**
 * The rows of an export as text, one by one, in CSV after a header. Results and errors as JSONL are
 * byte for byte what the output files hold; as CSV, one row a line with the text of the first choice.
 * A stored answer that does not match its checksum throws ConfigError (78).
 */
export function* exportRows(
  database: Database,
  job: Job,
  request: ExportRequest,
): Generator<string> {
  const csv = request.format === 'csv';
  if (request.what === 'attempts') {
    if (csv) yield csvRow(ATTEMPT_COLUMNS);
    for (const record of attemptRecords(database, job, request.order)) {
      yield csv ? csvRow(ATTEMPT_COLUMNS.map((column) => record[column])) : `${jsonText(record)}\n`;
    }
    return;
  }
  if (csv) yield csvRow(LINE_COLUMNS);
  for (const line of linesOf(database, job, request))
    yield csv ? lineCsv(line) : outputText(job.name, line);
}
