import { promptFor } from './counting-server.ts';

/**
 * Of many lines: a model whose tokens are not counted exactly. Of more than 2,000 tokens of Qwen models each survey counts
 * some, which takes a second of processor time and is not what is looked at.
 */
export const UNCOUNTED: { readonly model: string } = { model: 'deepseek-v3' };

/** A line for the OpenAI-compatible endpoint, as batch files have it. */
export function envelopeLine(id: string, body: Readonly<Record<string, unknown>> = {}): string {
  const messages = [{ role: 'user', content: promptFor(id) }];
  return JSON.stringify({
    custom_id: id,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'qwen-plus', messages, ...body },
  });
}

/** A native line. */
export function nativeLine(id: string, members: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    custom_id: id,
    model: 'qwen-plus',
    input: { messages: [{ role: 'user', content: promptFor(id) }] },
    parameters: { result_format: 'message' },
    ...members,
  });
}

/** A flat line: what the SDKs take as arguments. */
export function flatLine(id: string, members: Readonly<Record<string, unknown>> = {}): string {
  const messages = [{ role: 'user', content: promptFor(id) }];
  return JSON.stringify({ custom_id: id, model: 'qwen-plus', messages, ...members });
}

/** A line with a prompt alone. */
export function promptLine(id: string, members: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ custom_id: id, prompt: promptFor(id), ...members });
}

/** Lines with their newlines. */
export function jsonl(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** Names of places, to tell lines apart: `杭州-001`, `Suzhou-002`, ... */
export function placeIds(count: number): string[] {
  const places = ['杭州', 'Suzhou', '成都', 'Xi’an', '昆明', 'Qingdao'];
  return Array.from({ length: count }, (_, index) => {
    const place = places[index % places.length] ?? '';
    return `${place}-${String(index + 1).padStart(3, '0')}`;
  });
}
