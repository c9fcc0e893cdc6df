import { scanObject } from '../json/json-scan.ts';

/**
 * The raw `stream_options` of a streamed OpenAI-compatible body: `given`, with `include_usage: true` unless it is set,
 * since without it the cost would be unknown. Other values stay as written.
 */
export function streamOptions(given: string | undefined): string {
  if (given === undefined || !given.startsWith('{')) return '{"include_usage":true}';
  const { members } = scanObject(given);
  if (members.some(({ key }) => key === 'include_usage')) return given;
  const own = members.map(
    ({ key, valueStart, valueEnd }) =>
      `${JSON.stringify(key)}:${given.slice(valueStart, valueEnd)},`,
  );
  return `{${own.join('')}"include_usage":true}`;
}
