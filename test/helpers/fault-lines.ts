import { promptFor } from './counting-server.ts';
import type { Expected, FaultCase } from './fault-cases.ts';
import type { FaultServer } from './fault-server.ts';

/** One line of the job in which every case is met, in one protocol and one way to answer. */
export type FaultLine = {
  readonly id: string;
  readonly fault: FaultCase;
  readonly expected: Expected;
  /** The case in words, to be named where it fails. */
  readonly what: string;
  /** The line of the input. */
  readonly text: string;
};

/** So long that it is still being sent when a server speaks early. */
const LONG = 'long '.repeat(60_000);

function textOf(id: string, protocol: string, streamed: boolean, early: boolean): string {
  const prompt = promptFor(id) + (early ? LONG : '');
  const messages = [{ role: 'user', content: prompt }];
  const headers = {
    ...(early ? { 'X-DashScope-WorkSpace': `early ${id}` } : {}),
    ...(streamed && protocol === 'dashscope' ? { 'X-DashScope-SSE': 'enable' } : {}),
  };
  if (protocol === 'dashscope') {
    const parameters = {
      result_format: 'message',
      ...(streamed ? { incremental_output: true } : {}),
    };
    return JSON.stringify({
      custom_id: id,
      model: 'qwen-plus',
      headers,
      input: { messages },
      parameters,
    });
  }
  const body = { model: 'qwen-plus', messages, ...(streamed ? { stream: true } : {}) };
  const url = '/v1/chat/completions';
  return JSON.stringify({ custom_id: id, method: 'POST', url, headers, body });
}

/** Each case in both protocols and both ways to answer, as far as it has them. */
export function faultLines(cases: readonly FaultCase[]): FaultLine[] {
  return cases.flatMap((fault, index) =>
    (['dashscope', 'openai'] as const).flatMap((protocol) =>
      (['json', 'stream'] as const)
        .filter((mode) => (fault.mode ?? mode) === mode)
        .map((mode) => {
          const id = `case-${index}-${protocol}-${mode}`;
          const streamed = mode === 'stream';
          return {
            id,
            fault,
            expected: fault.expected({ streamed, protocol }),
            what: `${fault.name} (${protocol}, ${mode})`,
            text: textOf(id, protocol, streamed, fault.early === true),
          };
        }),
    ),
  );
}

/** The server meets the first call of each line with its fault and answers every later one. */
export function playFaults(server: FaultServer, lines: readonly FaultLine[]): void {
  const byId = new Map(lines.map((line) => [line.id, line]));
  const begun = new Set<string>();
  const first = (id: string): FaultLine | undefined => {
    if (begun.has(id)) return undefined;
    begun.add(id);
    return byId.get(id);
  };
  server.early = (mark) => {
    const line = mark.startsWith('early ') ? first(mark.slice(6)) : undefined;
    if (line === undefined) return null;
    // Nothing of an early step depends on the call.
    return line.fault.steps({} as Parameters<FaultCase['steps']>[0]);
  };
  server.script = (call) => {
    const line = first(call.id);
    return line === undefined ? null : line.fault.steps(call);
  };
}
