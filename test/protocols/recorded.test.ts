import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { dashscope } from '../../src/protocols/dashscope.ts';
import { openai } from '../../src/protocols/openai.ts';
import type { Decoded, Protocol } from '../../src/protocols/protocol.ts';
import { asked } from '../helpers/asked.ts';

/**
 * Conformance to replies recorded from the service or printed in its documentation. They are read
 * where they lie and are no part of this project; the expectations come from the index and from a
 * reading of each file that shares nothing with the code under test.
 */
const FOLDER = new URL('../../../shared/contract/recorded/', import.meta.url);
const present = existsSync(new URL('index.json', FOLDER));

type Entry = {
  readonly file: string;
  readonly kind: string;
  readonly http_status: number;
  readonly response_headers?: Record<string, string>;
  readonly request_body?: { readonly model?: string };
};
type Message = { content?: string | { text?: string }[] | null; reasoning_content?: string | null };
type Choice = { message?: Message; delta?: Message; finish_reason?: string | null };
type Frame = {
  output?: { text?: string; choices?: Choice[]; message?: Message };
  choices?: Choice[];
  usage?: Record<string, unknown> | null;
  request_id?: string;
  code?: string;
  error?: { code?: string; type?: string };
};

const entries: readonly Entry[] = present
  ? (JSON.parse(readFileSync(new URL('index.json', FOLDER), 'utf8')) as { entries: Entry[] })
      .entries
  : [];

const isModelReply = ({ kind }: Entry): boolean =>
  /^(?:native|compat-(?:chat|ocr|translation|asr)|batch-chat$|error-(?:native|compat|files)|deep-research)/.test(
    kind,
  );
const replies = entries.filter((entry) => entry.file.endsWith('.json') && isModelReply(entry));
const streams = entries.filter((entry) => entry.file.endsWith('.sse') && isModelReply(entry));
const isError = ({ kind }: Entry): boolean => kind.startsWith('error-');
const isResearch = ({ kind }: Entry): boolean => kind.startsWith('deep-research');

function read(entry: Entry): Buffer {
  return readFileSync(new URL(entry.file, FOLDER));
}

function protocolOf(entry: Entry): Protocol {
  return entry.kind.includes('compat') || entry.kind.startsWith('batch') ? openai : dashscope;
}

function headOf(entry: Entry): { statusCode: number; headers: Record<string, string> } {
  return { statusCode: entry.http_status, headers: entry.response_headers ?? {} };
}

function textOf(message: Message | undefined): string {
  const content = message?.content ?? '';
  return typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('');
}

function choicesOf(frame: Frame): Choice[] {
  return frame.output?.choices ?? frame.choices ?? [];
}

function usageOf(frame: Frame): unknown {
  const usage = frame.usage ?? {};
  return {
    inputTokens: usage['input_tokens'] ?? usage['prompt_tokens'] ?? null,
    outputTokens: usage['output_tokens'] ?? usage['completion_tokens'] ?? null,
  };
}

function folded(decoded: Decoded): Frame {
  if (decoded.kind !== 'answer') throw new Error(`no answer: ${JSON.stringify(decoded)}`);
  return JSON.parse(decoded.body) as Frame;
}

function fold(entry: Entry): Decoded {
  const stream = protocolOf(entry).fold(
    headOf(entry),
    asked({ model: entry.request_body?.model ?? '' }),
  );
  stream.push(read(entry));
  return stream.end();
}

/** The JSON of every data line. */
function framesOf(entry: Entry): Frame[] {
  const lines = read(entry).toString('utf8').split('\n');
  return lines
    .filter((line) => line.startsWith('data:') && !line.includes('[DONE]'))
    .map((line) => JSON.parse(line.slice('data:'.length)) as Frame);
}

if (!present) {
  test('recorded replies: skipped, there are none beside this working copy', (context) => {
    context.skip('no ../shared/contract/recorded');
  });
}

describe.runIf(present)('recorded replies', () => {
  test('the index lists what the cases below need', () => {
    expect(replies.filter((entry) => !isError(entry)).length).toBeGreaterThanOrEqual(18);
    expect(replies.filter(isError).length).toBeGreaterThanOrEqual(9);
    expect(streams.length).toBeGreaterThanOrEqual(13);
  });

  test.each(replies.filter((entry) => !isError(entry)))(
    '$file ($kind): an answer, whole and unchanged',
    (entry) => {
      const file = JSON.parse(read(entry).toString('utf8')) as Frame;
      const decoded = protocolOf(entry).decode({ ...headOf(entry), body: read(entry) }, asked());
      expect(folded(decoded)).toEqual(file);
      expect(decoded).toMatchObject({
        statusCode: 200,
        requestId: file.request_id ?? entry.response_headers?.['x-request-id'] ?? null,
        usage: usageOf(file),
      });
    },
  );

  test.each(replies.filter(isError))("$file ($kind): the service's failure", (entry) => {
    const file = JSON.parse(read(entry).toString('utf8')) as Frame & { message?: string };
    const decoded = protocolOf(entry).decode({ ...headOf(entry), body: read(entry) }, asked());
    expect(decoded).toMatchObject({
      kind: 'failure',
      failure: {
        kind: 'http',
        statusCode: entry.http_status,
        code: file.code ?? file.error?.code ?? file.error?.type,
        requestId: file.request_id ?? entry.response_headers?.['x-request-id'] ?? null,
        body: JSON.stringify(file),
      },
    });
  });

  test.each(streams.filter((entry) => !isResearch(entry)))(
    '$file ($kind): folded whole',
    (entry) => {
      const frames = framesOf(entry);
      const choices = frames.map((frame) => choicesOf(frame)[0]);
      const messages = choices.map((choice) => choice?.message ?? choice?.delta);
      const decoded = fold(entry);
      const choice = choicesOf(folded(decoded))[0];

      expect(textOf(choice?.message)).toBe(messages.map(textOf).join(''));
      expect(choice?.message?.reasoning_content ?? '').toBe(
        messages.map((message) => message?.reasoning_content ?? '').join(''),
      );
      const reasons = choices
        .map((each) => each?.finish_reason)
        .filter((reason) => reason && reason !== 'null');
      expect(choice?.finish_reason).toBe(reasons.at(-1));
      const lastUsage = frames.map((frame) => frame.usage).findLast((usage) => usage);
      expect(folded(decoded).usage ?? undefined).toEqual(lastUsage ?? undefined);
      if (lastUsage) expect(decoded).toMatchObject({ usage: usageOf({ usage: lastUsage }) });
    },
  );

  test.each(streams.filter(isResearch))(
    '$file ($kind): an answer only where the answer phase finished',
    (entry) => {
      const frame = framesOf(entry)[0];
      const message = frame?.output?.message as { phase?: string; status?: string } | undefined;
      const decoded = fold(entry);
      if (message?.phase === 'answer' && message.status === 'finished') {
        expect(folded(decoded).output?.message).toMatchObject({
          phase: 'answer',
          status: 'finished',
        });
      } else {
        expect(decoded).toMatchObject({
          kind: 'failure',
          failure: { code: 'qbatch_truncated_stream' },
        });
      }
    },
  );

  test('deep research, its recorded frames as one stream: an answer with the last usage', () => {
    const stream = dashscope.fold(
      { statusCode: 200, headers: {} },
      asked({ model: 'qwen-deep-research' }),
    );
    for (const entry of streams.filter(isResearch)) stream.push(read(entry));
    expect(stream.end()).toMatchObject({
      kind: 'answer',
      usage: { inputTokens: 652, outputTokens: 8930 },
    });
  });
});
