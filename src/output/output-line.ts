import type { OutputLine } from '../ledger/lines.ts';
import { jsonText } from '../json/json-text.ts';

/** The error's own words, safe for strict readers whatever the service wrote. */
function errorText(line: OutputLine): string {
  return jsonText({ code: line.code, message: line.message, param: line.param, line: line.lineNo });
}

function responseText(line: OutputLine): string {
  const head = `{"status_code":${line.statusCode},"request_id":${jsonText(line.requestId)}`;
  return `${head},"body":${line.body ?? 'null'}}`;
}

/**
 * One line of a results or errors file, with its newline: the format of OpenAI's and Model Studio's
 * batch output (cli.md section 3). `body` goes in as the raw text that the ledger holds.
 */
export function outputText(job: string, line: OutputLine): string {
  const head = `{"id":${jsonText(`${job}-${line.lineNo}`)},"custom_id":${jsonText(line.customId)}`;
  if (line.state === 'answered') return `${head},"response":${responseText(line)},"error":null}\n`;
  const response = line.statusCode === null ? 'null' : responseText(line);
  return `${head},"response":${response},"error":${errorText(line)}}\n`;
}
