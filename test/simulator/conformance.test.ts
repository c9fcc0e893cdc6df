import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator } from '../../src/simulator/server.ts';

/** Recorded exchanges of the real service, read in place; this suite is skipped where they are absent. */
const RECORDED = '../shared/contract/recorded';

const CHAT = 'https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions';

type Recorded = {
  readonly file: string;
  readonly kind: string;
  readonly url?: string;
  readonly request_body?: object;
};
type Entry = Recorded & { readonly body: string };

function load(file: string): Entry {
  const index = JSON.parse(readFileSync(join(RECORDED, 'index.json'), 'utf8')) as {
    entries: readonly Recorded[];
  };
  const entry = index.entries.find((one) => one.file.startsWith(file));
  if (entry === undefined) throw new Error(`no recording ${file}`);
  return { ...entry, body: readFileSync(join(RECORDED, entry.file), 'utf8') };
}

/** `path type` of every field, array items folded into one; the content of strings is not compared. */
function shape(value: unknown, path = '$'): readonly string[] {
  if (Array.isArray(value))
    return [`${path} array`, ...value.flatMap((item) => shape(item, `${path}[]`))];
  if (typeof value !== 'object' || value === null)
    return [`${path} ${value === null ? 'null' : typeof value}`];
  return [
    `${path} object`,
    ...Object.entries(value).flatMap(([name, item]) => shape(item, `${path}.${name}`)),
  ];
}

function frames(text: string): readonly unknown[] {
  return text
    .split('\n')
    .filter((line) => /^data: ?\{/.test(line))
    .map((line) => JSON.parse(line.replace(/^data: ?/, '')) as unknown);
}

describe.skipIf(!existsSync(RECORDED))(`simulator against recorded responses (${RECORDED})`, () => {
  let simulator: Simulator;

  beforeAll(async () => {
    const spec = { rpm: null, tpm: null, latencyMs: 0, errorRate: 0, seed: 1 };
    simulator = await startSimulator({ spec });
  });
  afterAll(() => simulator.close());

  async function replay(
    entry: Entry,
    isStream: boolean,
    request = entry.request_body,
    authorization = 'Bearer sk-rehearsal',
  ): Promise<{ status: number; text: string }> {
    const home = entry.kind.includes('multimodal') ? 'multimodal-generation' : 'text-generation';
    const base = 'https://dashscope.aliyuncs.com/api/v1/services/aigc';
    const path = new URL(entry.url ?? `${base}/${home}/generation`).pathname;
    const response = await fetch(simulator.origin + path, {
      method: 'POST',
      headers: {
        authorization,
        ...(isStream && { accept: 'text/event-stream' }),
      },
      body: JSON.stringify(request),
    });
    return { status: response.status, text: await response.text() };
  }

  test.each([
    '007',
    '009',
    '011',
    '013',
    '017',
    '019',
    '021',
    '024',
    '028',
    '030',
    '032',
    '034',
    '036',
  ])(
    'recording %s: the recorded request gets every recorded field, of the same type',
    async (file) => {
      const entry = load(file);
      expect(entry.request_body).toBeDefined();
      const { status, text } = await replay(entry, false);
      expect(status).toBe(200);
      const missing = new Set(shape(JSON.parse(entry.body)));
      for (const field of shape(JSON.parse(text))) missing.delete(field);
      expect([...missing]).toEqual([]);
    },
  );

  test.each(['010', '015', '022', '026', '029', '039'])(
    'recording %s: a stream has every recorded field of its first and last frame',
    async (file) => {
      const entry = load(file);
      const { text } = await replay(entry, true);
      const [recorded, simulated] = [frames(entry.body), frames(text)];
      for (const at of [0, -1]) {
        const got = new Set(shape(simulated.at(at)));
        // Whether the last frame of a multimodal stream still has text differs between recordings.
        const wanted = shape(recorded.at(at)).filter((field) => !field.includes('content[]'));
        expect(wanted.filter((field) => !got.has(field))).toEqual([]);
      }
    },
  );

  test.each([
    ['070', { model: 'qwen-plus', messages: [{ role: 'user', content: '你是谁？' }] }],
    ['087', { model: 'qwen-plus', messages: [{ role: 'user', content: '你是谁？' }] }],
  ])(
    'recording %s: an OpenAI-compatible answer has every recorded field',
    async (file, request) => {
      const entry = load(file);
      const { text } = await replay(entry, false, request);
      const got = new Set(shape(JSON.parse(text)));
      const wanted = shape(JSON.parse(entry.body)).filter(
        (field) => !field.includes('system_fingerprint'),
      );
      expect(wanted.filter((field) => !got.has(field))).toEqual([]);
    },
  );

  const SOUND = [{ type: 'input_audio', input_audio: { data: 'https://example.com/a.mp3' } }];
  const IMAGE = [{ type: 'image_url', image_url: { url: 'https://example.com/a.jpeg' } }];
  const MT = { translation_options: { source_lang: 'auto', target_lang: 'English' } };

  test.each([
    ['074', { model: 'qwen-vl-ocr-latest', messages: [{ role: 'user', content: IMAGE }] }],
    ['077', { model: 'qwen-mt-plus', messages: [{ role: 'user', content: '没有笑' }], ...MT }],
    ['080', { model: 'qwen3-asr-flash', messages: [{ role: 'user', content: SOUND }] }],
  ])(
    'documented answer %s of the OpenAI-compatible endpoint: every field that is not null',
    async (file, request) => {
      const entry = load(file);
      const { text } = await replay(entry, false, request);
      const got = new Set(shape(JSON.parse(text)));
      const wanted = shape(JSON.parse(entry.body)).filter((field) => !field.endsWith(' null'));
      expect(wanted.filter((field) => !got.has(field))).toEqual([]);
    },
  );

  test('documented answer 082, speech recognition: the very fields, no sums of tokens', async () => {
    const entry = load('082');
    const { text } = await replay(entry, false, {
      model: 'qwen3-asr-flash',
      input: { messages: [{ role: 'user', content: [{ audio: 'https://example.com/a.mp3' }] }] },
    });
    expect(new Set(shape(JSON.parse(text)))).toEqual(new Set(shape(JSON.parse(entry.body))));
  });

  test('recordings 041 to 049, deep research: every recorded field in the frame of its phase', async () => {
    const { text } = await replay(load('041'), true);
    const stepOf = (frame: unknown): string => {
      const { output } = frame as { output: { message: { phase: string; status: string } } };
      return `${output.message.phase} ${output.message.status}`;
    };
    const simulated = new Map<string, Set<string>>();
    for (const frame of frames(text)) {
      const known = simulated.get(stepOf(frame)) ?? new Set();
      simulated.set(stepOf(frame), new Set([...known, ...shape(frame)]));
    }
    for (const file of ['041', '042', '044', '046', '047', '049']) {
      for (const frame of frames(load(file).body)) {
        const got = simulated.get(stepOf(frame)) ?? new Set();
        expect(shape(frame).filter((field) => !got.has(field))).toEqual([]);
      }
    }
  });

  test('recording 071: an OpenAI-compatible stream has the recorded fields in every chunk and ends with [DONE]', async () => {
    const entry = load('071');
    const request = {
      model: 'qwen-plus',
      stream: true,
      messages: [{ role: 'user', content: '你是谁？' }],
    };
    const { text } = await replay(entry, false, request);
    const [first = {}, ...rest] = frames(text);
    const [recordedFirst = {}, ...recordedRest] = frames(entry.body);
    expect(new Set(shape(first))).toEqual(new Set(shape(recordedFirst)));
    expect(new Set(rest.flatMap((chunk) => shape(chunk)))).toEqual(
      new Set(recordedRest.flatMap((chunk) => shape(chunk))),
    );
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test.each([
    ['001', undefined],
    ['073', { model: 'qwen-plus', messages: [{ role: 'user', content: 'Hi' }] }],
  ])('recording %s: without a key the same error, word for word', async (file, request) => {
    const entry = load(file);
    const url = request === undefined ? entry : { ...entry, url: CHAT };
    const { status, text } = await replay(url, false, request ?? entry.request_body, 'Bearer ');
    const withoutId = (body: string): object => ({
      ...(JSON.parse(body) as object),
      id: null,
      request_id: null,
    });
    expect([status, withoutId(text)]).toEqual([401, withoutId(entry.body)]);
  });

  test.each([
    ['002', {}],
    [
      '092',
      {
        model: 'qwen-plus',
        messages: [{ role: 'user', content: 'Hi [[simulate: error=limit_requests]]' }],
      },
    ],
    [
      '085',
      {
        model: 'qwen-plus',
        messages: [{ role: 'user', content: 'Hi [[simulate: error=data_inspection_failed]]' }],
      },
    ],
    [
      '093',
      {
        model: 'qwen-plus',
        response_format: { type: 'json_object' },
        messages: [{ role: 'user', content: 'Hi' }],
      },
    ],
    [
      '095',
      {
        model: 'qwen-plus',
        messages: [
          { role: 'user', content: 'Hi [[simulate: error=AllocationQuota.FreeTierOnly]]' },
        ],
      },
    ],
    [
      '096',
      {
        model: 'qwen-plus',
        messages: [{ role: 'user', content: 'Hi [[simulate: error=Arrearage]]' }],
      },
    ],
  ])('recording %s: the same error, word for word', async (file, request) => {
    const entry = load(file);
    const { text } = await replay(
      entry,
      false,
      Object.keys(request).length === 0 ? entry.request_body : request,
    );
    const [recorded, simulated] = [entry.body, text].map(
      (body) => JSON.parse(body) as { code?: string; message?: string; error?: object },
    );
    expect([simulated?.code, simulated?.error ?? simulated?.message]).toEqual([
      recorded?.code,
      recorded?.error ?? recorded?.message,
    ]);
  });
});
