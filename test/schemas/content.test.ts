import { describe, expect, test } from 'vitest';
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

const AT = 'input.messages[0].content[0]';
const BODY = 'body.messages[0].content[0]';

describe('content: native multimodal parts', () => {
  test('documented parts and a plain string: clean', () => {
    expect(problemsOf(seen({ image: URL, min_pixels: 3136, max_pixels: 1_003_520 }, TEXT))).toEqual(
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
    expect(outline(seen({ video: frames(513) }))).toEqual([`warning ${AT}.video`]);
    expect(outline(seen({ video: [...frames(4), 7] }))).toEqual([`error ${AT}.video[4]`]);
  });

  test('options: fps from 0.1 to 10, whole pixel counts, a boolean rotation', () => {
    for (const fps of [0.1, 10]) expect(problemsOf(seen({ video: frames(4), fps }))).toEqual([]);
    for (const fps of [0.09, 10.1, '2'])
      expect(outline(seen({ video: frames(4), fps }))).toEqual([`error ${AT}.fps`]);
    for (const pixels of [0, 1.5, '3136'])
      expect(outline(seen({ image: URL, min_pixels: pixels }))).toEqual([`error ${AT}.min_pixels`]);
    expect(outline(seen({ image: URL, enable_rotate: 'yes' }))).toEqual([
      `error ${AT}.enable_rotate`,
    ]);
  });
});

describe('content: where media come from', () => {
  test('http, https, oss and base64 data URIs: accepted, in any case', () => {
    for (const image of [
      URL,
      'http://example.com/a.png',
      'oss://bucket/a.png',
      'data:image/png;base64,iVBORw0KGgo=',
      'HTTPS://example.com/A.PNG',
      'data:;base64,AAAA',
    ]) {
      expect(problemsOf(seen({ image })), image).toEqual([]);
    }
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
      'works only in the SDKs',
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
