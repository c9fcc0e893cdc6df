import { describe, expect, test } from 'vitest';
import { pngOf } from '../helpers/png-of.ts';
import { outline, problemsOf } from './request-views.ts';
import type { ViewParts } from './request-views.ts';

const TEXT = { text: '描述这张图片。' };
const URL = 'https://example.com/狗和女孩.jpeg';
const frames = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `https://example.com/${index}.jpg`);

/** A user message of these parts to a vision model on the native multimodal path. */
function seen(...content: unknown[]): ViewParts {
  return { model: 'qwen-vl-max', messages: [{ role: 'user', content }] };
}

/** The same in compatible mode. */
function compatible(...content: unknown[]): ViewParts {
  return { ...seen(...content), openai: true };
}

/** What the catalog says of a model that sees, where the views have no profile for it. */
const VISION = {
  nativeEndpoint: 'multimodal-generation',
  inputModalities: ['text', 'image', 'video'],
} as const;
const AT = 'input.messages[0].content[0]';
const BODY = 'body.messages[0].content[0]';

describe('content: native multimodal parts', () => {
  test('documented parts and a plain string: clean', () => {
    expect(problemsOf(seen({ image: URL, min_pixels: 4096, max_pixels: 1_003_520 }, TEXT))).toEqual(
      [],
    );
    expect(problemsOf(seen({ video: frames(4), fps: 2 }, TEXT))).toEqual([]);
    expect(
      problemsOf(seen({ video: 'https://example.com/球赛.mp4', fps: 0.1, max_frames: 512 }, TEXT)),
    ).toEqual([]);
    expect(
      problemsOf({ model: 'qwen-vl-max', messages: [{ role: 'user', content: '你好' }] }),
    ).toEqual([]);
  });

  test('a part of no modality: the text of the service, and a hint for OpenAI parts', () => {
    const [problem, ...more] = problemsOf(seen({ type: 'image_url', image_url: { url: URL } }));
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ severity: 'error', path: AT });
    expect(problem?.message).toContain(
      'The item of content should be a message of a certain modal.',
    );
    expect(problem?.message).toContain('OpenAI part');
    expect(outline(seen({}))).toEqual([`error ${AT}`]);
    expect(outline(seen('你好'))).toEqual([`error ${AT}`]);
  });

  test('two modalities in one part, and unknown members: warnings', () => {
    expect(outline(seen({ image: URL, text: '这是哪里？' }))).toEqual([`warning ${AT}`]);
    expect(outline(seen({ image: URL, quality: 'high' }))).toEqual([`warning ${AT}.quality`]);
  });

  test('text that is no string: an error', () => {
    expect(outline(seen({ text: 5 }))).toEqual([`error ${AT}.text`]);
  });

  test('a modality that the model is not listed with: a warning', () => {
    expect(problemsOf(seen({ audio: 'https://example.com/a.wav' }))).toMatchObject([
      { severity: 'warning', path: AT, code: 'qbatch_model_list' },
    ]);
  });

  test('frames of a video: 4 to 512', () => {
    expect(outline(seen({ video: frames(3) }))).toEqual([`error ${AT}.video`]);
    expect(problemsOf(seen({ video: frames(512) }))).toEqual([]);
    expect(outline(seen({ video: frames(513) }))).toEqual([`error ${AT}.video`]);
    const older = { ...seen({ video: frames(81) }), model: 'qwen2-vl-72b-instruct' };
    expect(outline({ ...older, profile: VISION })).toEqual([`warning ${AT}.video`]);
    expect(
      outline({ ...seen({ video: frames(80) }), model: 'qwen2-vl-72b-instruct', profile: VISION }),
    ).toEqual([]);
    expect(outline(seen({ video: [...frames(4), 7] }))).toEqual([`error ${AT}.video[4]`]);
  });

  test.each([
    ['qvq-max', 80],
    ['qvq-72b-preview', 80],
    ['qwen-omni-turbo', 80],
    ['qwen-omni-turbo-latest', 80],
    ['qwen-vl-max-2024-12-30', 80],
    ['qwen3-omni-flash', 128],
    ['qwen2.5-omni-7b', 128],
  ])('frames of a video to %s: %i, and a warning above', (model, most) => {
    const line = (count: number): ViewParts => ({
      ...seen({ video: frames(count) }),
      model,
      profile: VISION,
    });
    expect(problemsOf(line(most))).toEqual([]);
    expect(outline(line(most + 1))).toEqual([`warning ${AT}.video`]);
    expect(problemsOf(line(most + 1))[0]?.message).toContain(`at most ${most} [`);
    expect(outline(line(513))).toEqual([`error ${AT}.video`]);
  });

  test.each(['qwen-vl-max', 'qwen-vl-max-2025-01-25', 'qwen2.5-vl-7b-instruct', 'qwen3-vl-plus'])(
    'frames of a video to %s: 512',
    (model) => {
      expect(problemsOf({ ...seen({ video: frames(512) }), model, profile: VISION })).toEqual([]);
    },
  );

  test('options: fps from 0.1 to 10, whole pixel counts, a boolean rotation', () => {
    for (const fps of [0.1, 10]) expect(problemsOf(seen({ video: frames(4), fps }))).toEqual([]);
    for (const fps of [0.09, 10.1, '2'])
      expect(outline(seen({ video: frames(4), fps }))).toEqual([`error ${AT}.fps`]);
    for (const pixels of [0, 1.5, '4096'])
      expect(outline(seen({ image: URL, min_pixels: pixels }))).toEqual([`error ${AT}.min_pixels`]);
    expect(outline(seen({ image: URL, enable_rotate: 'yes' }))).toEqual([
      `error ${AT}.enable_rotate`,
    ]);
  });
});

describe('content: sizes by model', () => {
  const VL3: ViewParts = { model: 'qwen3-vl-plus' };
  const NEW: ViewParts = { model: 'qwen3.5-plus', profile: VISION };

  test('Qwen3-VL and Qwen3.5: 65,536 to 16,777,216 pixels, and an error outside', () => {
    for (const line of [VL3, NEW]) {
      const ask = (part: object): ViewParts => ({ ...seen({ image: URL, ...part }), ...line });
      expect(problemsOf(ask({ min_pixels: 65_536, max_pixels: 16_777_216 }))).toEqual([]);
      expect(outline(ask({ min_pixels: 65_535 }))).toEqual([`error ${AT}.min_pixels`]);
      expect(outline(ask({ max_pixels: 16_777_217 }))).toEqual([`error ${AT}.max_pixels`]);
    }
  });

  test('earlier models: their own ranges, and a warning outside', () => {
    const alias = (part: object): ViewParts => seen({ image: URL, ...part });
    expect(outline(alias({ min_pixels: 4095 }))).toEqual([`warning ${AT}.min_pixels`]);
    expect(problemsOf(alias({ max_pixels: 16_777_216 }))).toEqual([]);
    const older = (part: object): ViewParts => ({
      ...alias(part),
      model: 'qwen2.5-vl-72b-instruct',
      profile: VISION,
    });
    expect(problemsOf(older({ min_pixels: 3136, max_pixels: 12_845_056 }))).toEqual([]);
    expect(outline(older({ max_pixels: 12_845_057 }))).toEqual([`warning ${AT}.max_pixels`]);
  });

  test('OCR models, and pixels of a video: no range is known, none is asked', () => {
    const ocr = { ...seen({ image: URL, max_pixels: 23_520_000 }), model: 'qwen-vl-ocr' };
    expect(problemsOf(ocr)).toEqual([]);
    expect(problemsOf(seen({ video: frames(4), max_pixels: 99_999_999 }))).toEqual([]);
  });

  test('max_frames: 8,000 from Qwen3.5 on, 2,000 for Qwen3-VL, 512 for qwen-vl-max', () => {
    const video = 'https://example.com/a.mp4';
    const ask = (max_frames: number, line: ViewParts): string[] =>
      outline({ ...seen({ video, max_frames }), ...line });
    expect(ask(8000, NEW)).toEqual([]);
    expect(ask(8001, NEW)).toEqual([`error ${AT}.max_frames`]);
    expect(ask(2000, VL3)).toEqual([]);
    expect(ask(2001, VL3)).toEqual([`error ${AT}.max_frames`]);
    expect(ask(512, {})).toEqual([]);
    expect(ask(513, {})).toEqual([`warning ${AT}.max_frames`]);
  });
});

describe('content: where media come from', () => {
  test.each([
    [10, 2000, true],
    [9, 10, false],
    [10, 2001, false],
    [2001, 10, false],
  ])('an encoded image of %i x %i pixels: allowed is %s', (width, height, isAllowed) => {
    const image = pngOf(width, height);
    const wanted = isAllowed ? [] : [`error ${AT}.image qbatch_invalid_request`];
    const native = problemsOf(seen({ image }, TEXT)).map(
      ({ severity, path, code }) => `${severity} ${path} ${code}`,
    );
    expect(native).toEqual(wanted);
    const parts = [
      { type: 'image_url', image_url: { url: image } },
      { type: 'text', text: '？' },
    ];
    expect(problemsOf(compatible(...parts))).toHaveLength(wanted.length);
  });

  test('http, https, oss and base64 data URIs: accepted, in any case', () => {
    for (const image of [
      URL,
      'http://example.com/a.png',
      'data:image/png;base64,iVBORw0KGgo=',
      'HTTPS://example.com/A.PNG',
      'data:;base64,AAAA',
    ]) {
      expect(problemsOf(seen({ image })), image).toEqual([]);
    }
  });

  test('oss:// without its header: a warning; with it: nothing', () => {
    const line = seen({ image: 'oss://bucket/a.png' });
    expect(outline(line)).toEqual([`warning ${AT}.image`]);
    const headers = { 'x-dashscope-ossresourceresolve': 'enable' };
    expect(problemsOf({ ...line, headers })).toEqual([]);
  });

  test('white space in a URL: a warning; encoded, or in a data URI: nothing', () => {
    for (const blank of [' ', '\n', '\u3000'])
      expect(outline(seen({ image: `https://example.com/狗${blank}1.png` }))).toEqual([
        `warning ${AT}.image`,
      ]);
    expect(problemsOf(seen({ image: 'https://example.com/狗%201.png' }))).toEqual([]);
    expect(problemsOf(seen({ image: 'data:image/svg+xml; charset=utf-8;base64,AAAA' }))).toEqual(
      [],
    );
  });

  test('local paths, file URLs, other data URIs and empty texts: refused', () => {
    for (const image of [
      '/home/me/狗.png',
      'file:///home/me/a.png',
      '狗.png',
      '',
      'data:image/png,raw',
      'https://',
      5,
      null,
    ]) {
      expect(outline(seen({ image })), String(image)).toEqual([`error ${AT}.image`]);
    }
    expect(problemsOf(seen({ image: 'file:///a.png' }))[0]?.message).toContain(
      'only the SDKs upload',
    );
  });

  test('a data URI of 10,485,760 encoded bytes is accepted, one more refused', () => {
    const head = 'data:image/png;base64,';
    expect(problemsOf(seen({ image: head + 'A'.repeat(10_485_760) }))).toEqual([]);
    const [problem] = problemsOf(seen({ image: head + 'A'.repeat(10_485_761) }));
    expect(problem).toMatchObject({ severity: 'error', path: `${AT}.image` });
    expect(problem?.message).toContain('Exceeded limit on max bytes per data-uri item : 10485760');
    expect(problem?.message.length).toBeLessThan(300);
  });
});

describe('content: OpenAI parts', () => {
  test('documented parts: clean', () => {
    expect(
      problemsOf(
        compatible(
          { type: 'text', text: '这是什么？' },
          { type: 'image_url', image_url: { url: URL }, min_pixels: 65_536 },
          { type: 'video', video: frames(4), fps: 2 },
          { type: 'video_url', video_url: { url: 'https://example.com/a.mp4' } },
        ),
      ),
    ).toEqual([]);
    expect(
      problemsOf({
        openai: true,
        model: 'qwen3-asr-flash',
        messages: [
          {
            role: 'user',
            content: [
              {
                type: 'input_audio',
                input_audio: { data: 'https://example.com/a.wav', format: 'wav' },
              },
            ],
          },
        ],
      }),
    ).toEqual([]);
  });

  test('text parts to a text model: clean', () => {
    expect(
      problemsOf({
        openai: true,
        messages: [{ role: 'user', content: [{ type: 'text', text: 'Who are you?' }] }],
      }),
    ).toEqual([]);
  });

  test('a part without a type: an error; of an unknown type: a warning', () => {
    expect(outline(compatible({ image: URL }))).toEqual([`error ${BODY}.type`]);
    expect(outline(compatible({ type: 'file', file: {} }))).toEqual([`warning ${BODY}.type`]);
  });

  test('members of a wrong shape: errors inside', () => {
    expect(outline(compatible({ type: 'image_url', image_url: URL }))).toEqual([
      `error ${BODY}.image_url`,
    ]);
    expect(outline(compatible({ type: 'image_url', image_url: { url: '/tmp/a.png' } }))).toEqual([
      `error ${BODY}.image_url.url`,
    ]);
    expect(outline(compatible({ type: 'text' }))).toEqual([`error ${BODY}.text`]);
    expect(
      outline({
        ...compatible({ type: 'input_audio', input_audio: {} }),
        model: 'qwen3-asr-flash',
      }),
    ).toEqual([`error ${BODY}.input_audio`]);
  });

  test('max_frames: a warning that it is native', () => {
    expect(
      problemsOf(compatible({ type: 'video', video: frames(4), max_frames: 100 })),
    ).toMatchObject([
      { severity: 'warning', path: `${BODY}.max_frames`, code: 'qbatch_misplaced_parameter' },
    ]);
  });
});
