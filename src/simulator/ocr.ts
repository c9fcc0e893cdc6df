import { asObject } from './request.ts';
import type { JsonObject, SimulatedRequest } from './request.ts';
import { plausibleValue } from './schema-values.ts';
import type { ValueContext } from './schema-values.ts';

/** The result of an OCR task: the text and, natively, the members beside it. */
export type OcrAnswer = { readonly text: string; readonly result: JsonObject | null };

const LINES = ['阿里云', 'INVOICE', '2025-10-01'];

/** Texts of the tasks without a result beside the text, in the documented formats. */
const TEXTS: Readonly<Record<string, string>> = {
  text_recognition: LINES.join('\n'),
  multi_lan: `${LINES.join('\n')}\nBonjour!`,
  table_parsing:
    '```html\n<table>\n  <tr>\n    <td>阿里云</td>\n    <td>2025-10-01</td>\n  </tr>\n</table>\n```',
  document_parsing:
    '```latex\n\\documentclass{article}\n\\begin{document}\n\\section*{INVOICE}\n阿里云 2025-10-01\n\\end{document}\n```',
  formula_recognition: '$$E = m c ^ { 2 }$$',
};

function fence(value: unknown): string {
  return `\`\`\`json\n${JSON.stringify(value)}\n\`\`\``;
}

function valuesFor(schema: JsonObject, context: ValueContext): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).map(([name, part]) => {
      const nested = asObject(part);
      return [
        name,
        nested === null ? plausibleValue({}, name, context) : valuesFor(nested, context),
      ];
    }),
  );
}

function wordsFound(): OcrAnswer {
  const words = LINES.map((text, line) => {
    const top = 40 + line * 60;
    const location = [80, top, 400, top, 400, top + 40, 80, top + 40];
    return { location, rotate_rect: [240, top + 20, 40, 320, 90], text };
  });
  const lines = words.map(({ rotate_rect, text }) => ({ rotate_rect, text }));
  return { text: fence(lines), result: { words_info: words } };
}

/**
 * The answer to `ocr_options`; null if the request is not an OCR task.
 *
 * Source: Qwen-OCR API reference (May 2026), recording of `advanced_recognition` (2025).
 */
export function recognize(request: SimulatedRequest, context: ValueContext): OcrAnswer | null {
  const options = asObject(request.parameters['ocr_options']);
  if (request.traits.family !== 'ocr' || options === null) return null;
  const task = options['task'];
  if (task === 'advanced_recognition') return wordsFound();
  if (task === 'key_information_extraction') {
    const schema = asObject(asObject(options['task_config'])?.['result_schema']) ?? {};
    const values = valuesFor(schema, context);
    return { text: fence(values), result: { kv_result: values } };
  }
  return { text: TEXTS[String(task)] ?? LINES.join('\n'), result: null };
}
