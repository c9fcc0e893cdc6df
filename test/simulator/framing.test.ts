import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { NO_RECORDINGS, recordedExchanges, RECORDINGS_PRESENT } from '../helpers/recorded.ts';
import type { Recorded } from '../helpers/recorded.ts';

/*
 * The bytes around the JSON of a stream, the recorded ones beside the simulator's. What is inside
 * the JSON is compared in conformance.test.ts.
 */

const NATIVE = '/api/v1/services/aigc';
const CHAT = '/compatible-mode/v1/chat/completions';

/** One frame: its bytes with what varies taken out, and the JSON of its data. */
type Frame = { readonly shape: string; readonly id: number | null; readonly data: Data };
type Data = {
  readonly output?: {
    readonly choices?: readonly { readonly finish_reason: string }[];
    readonly message?: { readonly status: string };
  };
  readonly choices?: readonly { readonly finish_reason?: string | null }[];
  readonly usage?: Readonly<Record<string, number>> | null;
};

function readFrames(text: string): readonly Frame[] {
  return text.split(/(?<=\n\n)/).map((frame) => {
    const [, json = ''] = /^data: ?(.*)$/m.exec(frame) ?? [];
    const id = /^id: ?(\d+)$/m.exec(frame)?.[1];
    const isDone = json === '[DONE]';
    const bare = isDone ? frame : frame.replace(json, '{}');
    return {
      shape: bare.replace(/^(id: ?)\d+/m, '$1N'),
      id: id === undefined ? null : Number(id),
      data: (isDone ? {} : JSON.parse(json)) as Data,
    };
  });
}

/** The different kinds of frames there are. */
function kinds(frames: readonly Frame[]): readonly string[] {
  return [...new Set(frames.map(({ shape }) => shape))].toSorted();
}

function reasons(frames: readonly Frame[]): readonly unknown[] {
  return frames.flatMap(({ data }) =>
    (data.output?.choices ?? data.choices ?? []).map(({ finish_reason: reason }) => reason ?? null),
  );
}

const exchanges = recordedExchanges().filter(({ streamed }) => streamed);

function recorded(id: string): Recorded {
  const found = exchanges.find((exchange) => exchange.id.startsWith(id));
  if (found === undefined) throw new Error(`no recorded stream ${id}`);
  return found;
}

describe.skipIf(!RECORDINGS_PRESENT)(
  `the framing of streams${RECORDINGS_PRESENT ? '' : ` (${NO_RECORDINGS})`}`,
  () => {
    let simulator: Simulator;
    beforeAll(async () => {
      const spec = { rpm: null, tpm: null, latencyMs: 0, errorRate: 0, seed: 1 };
      simulator = await startSimulator({ spec });
    });
    afterAll(() => simulator.close());

    async function stream(path: string, body: object): Promise<{ text: string; type: string }> {
      const response = await fetch(simulator.origin + path, {
        method: 'POST',
        headers: {
          authorization: 'Bearer sk-rehearsal',
          'content-type': 'application/json',
          ...(path !== CHAT && { accept: 'text/event-stream' }),
        },
        body: JSON.stringify(body),
      });
      expect(response.status).toBe(200);
      return { text: await response.text(), type: response.headers.get('content-type') ?? '' };
    }

    async function replay({ kind, request }: Recorded): Promise<{ text: string; type: string }> {
      const home = kind.includes('multimodal') ? 'multimodal-generation' : 'text-generation';
      return stream(`${NATIVE}/${home}/generation`, request ?? {});
    }

    test.each(['010', '015', '022', '026', '029', '039', '041'])(
      'recording %s: the same lines around the data, byte for byte, ids from 1',
      async (id) => {
        const wanted = recorded(id);
        const { text, type } = await replay(wanted);
        const [theirs, ours] = [readFrames(wanted.body.toString('utf8')), readFrames(text)];
        expect(kinds(theirs)).toEqual(['id:N\nevent:result\n:HTTP_STATUS/200\ndata:{}\n\n']);
        expect(kinds(ours)).toEqual(kinds(theirs));
        expect(theirs[0]?.id).toBe(1);
        expect(ours.map((frame) => frame.id)).toEqual(ours.map((_, at) => at + 1));
        // One recording lacks the header, and is given the bare type.
        expect(type.startsWith(wanted.headers['content-type'] ?? 'none')).toBe(true);
      },
    );

    test.each(['010', '015', '022', '029', '039'])(
      'recording %s: usage only grows, and the last frame alone says that it stopped',
      async (id) => {
        const wanted = recorded(id);
        const { text } = await replay(wanted);
        for (const frames of [readFrames(wanted.body.toString('utf8')), readFrames(text)]) {
          const output = frames.map(({ data }) => data.usage?.['output_tokens'] ?? Number.NaN);
          expect(output).not.toContain(Number.NaN);
          expect(output).toEqual(output.toSorted((one, other) => one - other));
          expect(reasons(frames)).toEqual([...frames.slice(1).map(() => 'null'), 'stop']);
        }
      },
    );

    const QUESTION = { model: 'qwen-plus', messages: [{ role: 'user', content: '你是谁？' }] };

    test('recording 071: a blank after the colon, nothing but data lines, [DONE] at the end', async () => {
      const { text } = await stream(CHAT, { ...QUESTION, stream: true });
      // The stored file has lost the blank line after its last frame.
      const theirs = readFrames(`${recorded('071').body.toString('utf8')}\n`);
      const ours = readFrames(text);
      expect(kinds(theirs)).toEqual(['data: [DONE]\n\n', 'data: {}\n\n']);
      expect(kinds(ours)).toEqual(kinds(theirs));
      for (const frames of [theirs, ours]) {
        expect(frames.at(-1)?.shape).toBe('data: [DONE]\n\n');
        expect(frames.map(({ data }) => data.usage ?? null)).toEqual(frames.map(() => null));
        expect(reasons(frames)).toEqual([...frames.slice(2).map(() => null), 'stop']);
      }
    });

    test('documented stream 078: with include_usage one chunk more, without choices', async () => {
      const { text } = await stream(CHAT, {
        model: 'qwen-mt-flash',
        messages: [{ role: 'user', content: '我看到这个视频后没有笑' }],
        translation_options: { source_lang: 'auto', target_lang: 'English' },
        stream: true,
        stream_options: { include_usage: true },
      });
      const theirs = readFrames(`${recorded('078').body.toString('utf8')}\n`);
      const ours = readFrames(text);
      expect(kinds(ours)).toEqual(kinds(theirs));
      for (const frames of [theirs, ours]) {
        expect(frames.at(-2)?.data.choices).toEqual([]);
        expect(frames.at(-2)?.data.usage).toMatchObject({
          prompt_tokens: expect.any(Number) as number,
          completion_tokens: expect.any(Number) as number,
          total_tokens: expect.any(Number) as number,
          prompt_tokens_details: null,
          completion_tokens_details: null,
        });
        expect(frames.slice(0, -2).map(({ data }) => data.usage)).toEqual(
          frames.slice(2).map(() => null),
        );
        expect(reasons(frames).slice(-2)).toEqual(['stop', 'stop']);
      }
    });

    test('an error: one native frame with its status in the comment; a data line without [DONE] elsewhere', async () => {
      const native = await stream(`${NATIVE}/text-generation/generation`, {
        model: 'qwen-plus',
        input: { messages: QUESTION.messages },
        parameters: { top_p: 0 },
      });
      expect(native.text).toMatch(
        /^id:1\nevent:error\n:HTTP_STATUS\/400\ndata:\{"code":"InvalidParameter",.*\}\n\n$/,
      );
      const late = '你是谁？[[simulate: error=data_inspection_failed late]]';
      const chat = await stream(CHAT, {
        ...QUESTION,
        messages: [{ role: 'user', content: late }],
        stream: true,
      });
      const frames = readFrames(chat.text);
      expect(kinds(frames)).toEqual(['data: {}\n\n']);
      expect(frames.at(-1)?.data).toHaveProperty('error.code', 'data_inspection_failed');
    });
  },
);
