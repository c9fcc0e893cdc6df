import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator } from '../../src/simulator/server.ts';

/** Recorded exchanges of the real service, read in place; this suite is skipped where they are absent. */
const RECORDED = '../shared/contract/recorded';

type Recorded = { readonly file: string; readonly url?: string; readonly request_body?: object };
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

/** Fields that one recording has and the simulator leaves out, with the reason in the comment. */
const LEFT_OUT: Readonly<Record<string, RegExp>> = {
  // A tool of the search engine and a result's icon follow from the live web.
  '017': /extra_tool_info/,
};

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
  ): Promise<{ status: number; text: string }> {
    const path = new URL(
      entry.url ?? 'https://dashscope.aliyuncs.com/api/v1/services/aigc/text-generation/generation',
    ).pathname;
    const response = await fetch(simulator.origin + path, {
      method: 'POST',
      headers: {
        authorization: 'Bearer sk-rehearsal',
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
      expect([...missing].filter((field) => LEFT_OUT[file]?.test(field) !== true)).toEqual([]);
    },
  );

  test.each(['010', '015', '029'])(
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
