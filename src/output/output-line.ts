import type { OutputLine } from '../ledger/lines.ts';
import { jsonText } from '../json/json-text.ts';

/** The content of an output line: a settled line without its place in settling order. */
export type LineWritten = Omit<OutputLine, 'seq'>;

/** An output line with its newline, split around the stored reply; without a reply all of it is `head`. */
export type OutputParts = {
  readonly head: string;
  readonly body: Buffer | null;
  readonly tail: string;
};

/** The error object, safe for strict parsers whatever the service wrote. */
function errorText(line: LineWritten): string {
  return jsonText({ code: line.code, message: line.message, param: line.param, line: line.lineNo });
}

/**
 * One line of a results or errors file, in the batch output format of OpenAI and Model Studio (cli.md section 3). `body` is
 * copied from the ledger byte for byte.
 */
export function outputParts(job: string, line: LineWritten): OutputParts {
  const { body } = line;
  const head = `{"id":${jsonText(`${job}-${line.lineNo}`)},"custom_id":${jsonText(line.customId)},"response":`;
  const error = line.state === 'answered' ? 'null' : errorText(line);
  const end = `,"error":${error}}\n`;
  if (line.state !== 'answered' && line.statusCode === null)
    return { head: `${head}null${end}`, body: null, tail: '' };
  const response = `{"status_code":${line.statusCode},"request_id":${jsonText(line.requestId)},"body":`;
  if (body === null) return { head: `${head}${response}null}${end}`, body, tail: '' };
  return { head: head + response, body, tail: `}${end}` };
}

/** The same as text. */
export function outputText(job: string, line: LineWritten): string {
  const { head, body, tail } = outputParts(job, line);
  return head + (body?.toString('utf8') ?? '') + tail;
}
