import { say, user, type Mutator } from './mutator.ts';
import { pngOf } from '../helpers/png-of.ts';
import { Raw } from './request-draft.ts';

/** One mutator for each rule of service.md sections 3.2 and 3.3: parts and media. */

const TEXT = { text: '这是什么？' };
const IMAGE = 'https://example.com/a.png';
const see = (...parts: readonly unknown[]): ReturnType<typeof say> => say(user([...parts, TEXT]));
const seeChat = (...parts: readonly unknown[]): ReturnType<typeof say> =>
  say(user([...parts, { type: 'text', ...TEXT }]));
const frames = (count: number): string[] => Array.from({ length: count }, () => IMAGE);
const vl = { model: 'qwen-vl-max' } as const;
const chat = { model: 'qwen-vl-max', shape: 'chat envelope' } as const;

const PARTS: readonly Mutator[] = [
  {
    ...vl,
    breaks: 'part-type',
    severity: 'error',
    at: 'content[0]',
    says: 'an object',
    mutate: see('你好'),
  },
  {
    ...vl,
    breaks: 'text-type',
    severity: 'error',
    at: 'content[0].text',
    says: 'a string',
    mutate: see({ text: 7 }),
  },
  {
    ...vl,
    breaks: 'part-modality',
    severity: 'error',
    at: 'content[0]',
    says: 'The item of content should be a message of a certain modal.',
    mutate: see({ type: 'image_url', image_url: { url: IMAGE } }),
  },
  {
    ...vl,
    breaks: 'part-modalities',
    severity: 'warning',
    at: 'content[0]',
    says: 'one of them in each part',
    mutate: see({ image: IMAGE, text: '这是什么？' }),
  },
  {
    ...vl,
    breaks: 'part-member',
    severity: 'warning',
    at: 'content[0].detail',
    says: '"detail"',
    mutate: see({ image: IMAGE, detail: 'high' }),
  },
  {
    ...vl,
    breaks: 'modality-model',
    severity: 'warning',
    at: 'content[0]',
    says: 'not documented to take it',
    mutate: see({ audio: 'https://example.com/a.wav' }),
  },
  {
    ...vl,
    breaks: 'frames-min',
    severity: 'error',
    at: 'video',
    says: 'at least 4',
    given: see({ video: frames(4) }),
    mutate: see({ video: frames(3) }),
  },
  {
    ...vl,
    breaks: 'frames-max',
    severity: 'error',
    at: 'video',
    says: 'at most 512',
    given: see({ video: frames(512) }),
    mutate: see({ video: frames(513) }),
  },
  {
    model: 'qwen-vl-max-2024-11-19',
    breaks: 'frames-older',
    severity: 'warning',
    at: 'video',
    says: 'at most 80',
    given: see({ video: frames(80) }),
    mutate: see({ video: frames(81) }),
  },
  {
    model: 'qwen3-omni-flash',
    breaks: 'frames-omni',
    severity: 'warning',
    at: 'video',
    says: 'at most 128',
    given: see({ video: frames(128) }),
    mutate: see({ video: frames(129) }),
  },
  {
    ...vl,
    breaks: 'fps',
    severity: 'error',
    at: 'fps',
    says: 'from 0.1 to 10',
    mutate: (draft, random) => {
      see({ video: frames(4), fps: random.pick<unknown>([0, 0.09, 10.1, '2']) })(draft);
    },
  },
  {
    ...vl,
    breaks: 'pixels-type',
    severity: 'error',
    at: '_pixels',
    says: 'an integer >= 1',
    mutate: (draft, random) => {
      const value = random.pick<unknown>([0, -1, 1.5, '4096']);
      see({ image: IMAGE, [random.pick(['min_pixels', 'max_pixels'])]: value })(draft);
    },
  },
  {
    model: 'qwen3-vl-plus',
    breaks: 'pixels-range',
    severity: 'error',
    at: '_pixels',
    says: 'from 65536 to 16777216',
    given: see({ image: IMAGE, min_pixels: 65_536, max_pixels: 16_777_216 }),
    mutate: (draft, random) => {
      const part = random.pick([{ min_pixels: 65_535 }, { max_pixels: 16_777_217 }]);
      see({ image: IMAGE, ...part })(draft);
    },
  },
  {
    ...vl,
    breaks: 'pixels-range-older',
    severity: 'warning',
    at: 'min_pixels',
    says: 'from 4096',
    given: see({ image: IMAGE, min_pixels: 4096 }),
    mutate: see({ image: IMAGE, min_pixels: 4095 }),
  },
  {
    model: 'qwen3-vl-plus',
    breaks: 'max-frames',
    severity: 'error',
    at: 'max_frames',
    says: '2000 on Qwen3-VL',
    given: see({ video: 'https://example.com/a.mp4', max_frames: 2000 }),
    mutate: see({ video: 'https://example.com/a.mp4', max_frames: 2001 }),
  },
  {
    ...vl,
    breaks: 'max-frames-older',
    severity: 'warning',
    at: 'max_frames',
    says: 'at most 512',
    given: see({ video: 'https://example.com/a.mp4', max_frames: 512 }),
    mutate: see({ video: 'https://example.com/a.mp4', max_frames: 513 }),
  },
  {
    model: 'qwen-vl-ocr-2025-11-20',
    breaks: 'enable-rotate',
    severity: 'error',
    at: 'enable_rotate',
    says: 'true or false',
    mutate: see({ image: IMAGE, enable_rotate: 'yes' }),
  },
  {
    ...vl,
    breaks: 'cache-control',
    severity: 'warning',
    at: 'cache_control',
    says: '{"type":"ephemeral"}',
    mutate: see({ image: IMAGE, cache_control: { type: 'forever' } }),
  },
];

const CHAT: readonly Mutator[] = [
  {
    ...chat,
    breaks: 'max-frames-compatible',
    severity: 'warning',
    at: 'max_frames',
    says: 'native protocol only',
    mutate: seeChat({ type: 'video_url', video_url: { url: IMAGE }, max_frames: 100 }),
  },
  {
    ...chat,
    breaks: 'openai-part-type',
    severity: 'error',
    at: 'content[0].type',
    says: 'text, image_url, input_audio, video, video_url',
    mutate: seeChat({ image: IMAGE }),
  },
  {
    ...chat,
    breaks: 'openai-part-unknown',
    severity: 'warning',
    at: 'content[0].type',
    says: '"file"',
    mutate: seeChat({ type: 'file', file: { file_id: 'a' } }),
  },
  {
    ...chat,
    breaks: 'part-address',
    severity: 'error',
    at: 'image_url',
    says: '{"url": "..."}',
    mutate: seeChat({ type: 'image_url', image_url: IMAGE }),
  },
  {
    model: 'qwen3-asr-flash',
    shape: 'chat envelope',
    breaks: 'input-audio',
    severity: 'error',
    at: 'input_audio',
    says: '"data"',
    mutate: seeChat({ type: 'input_audio', input_audio: 'https://example.com/a.wav' }),
  },
];

const TEXT_PATH: readonly Mutator[] = [
  {
    breaks: 'content-array',
    severity: 'error',
    at: 'content',
    says: 'input content must be a string.',
    mutate: say(user([TEXT])),
  },
  {
    breaks: 'content-array-other',
    model: 'deepseek-v3.2',
    severity: 'warning',
    at: 'content',
    says: 'input content must be a string.',
    mutate: say(user([TEXT])),
  },
  {
    breaks: 'doc-url',
    model: 'qwen-doc-turbo',
    severity: 'error',
    at: 'doc_url',
    says: 'an array of URLs',
    mutate: say(user([{ type: 'doc_url', doc_url: 'https://example.com/a.pdf' }])),
  },
  {
    breaks: 'file-parsing-strategy',
    model: 'qwen-doc-turbo',
    severity: 'error',
    at: 'file_parsing_strategy',
    says: '"auto"',
    mutate: say(user([{ type: 'doc_url', doc_url: [IMAGE], file_parsing_strategy: 1 }])),
  },
];

const MEDIA: readonly Mutator[] = [
  {
    ...vl,
    breaks: 'media-type',
    severity: 'error',
    at: 'image',
    says: 'a string',
    mutate: see({ image: 7 }),
  },
  {
    ...vl,
    breaks: 'data-uri',
    severity: 'error',
    at: 'image',
    says: 'data:<type>;base64,<data>',
    mutate: see({ image: 'data:image/png,raw' }),
  },
  {
    ...vl,
    breaks: 'image-size',
    severity: 'error',
    at: 'image',
    says: 'the image has 9 x 40 pixels',
    mutate: see({ image: pngOf(9, 40) }),
  },
  {
    ...vl,
    breaks: 'data-uri-bytes',
    severity: 'error',
    at: 'image',
    says: 'Exceeded limit on max bytes per data-uri item : 10485760',
    mutate: see({ image: new Raw(`"data:image/png;base64,${'A'.repeat(10_485_761)}"`) }),
  },
  {
    ...vl,
    breaks: 'media-address',
    severity: 'error',
    at: 'image',
    says: 'The provided URL does not appear to be valid.',
    mutate: (draft, random) => {
      see({ image: random.pick(['/srv/狗.png', 'file:///srv/a.png', '', 'https://']) })(draft);
    },
  },
  {
    ...vl,
    breaks: 'media-blank',
    severity: 'warning',
    at: 'image',
    says: 'write %20',
    given: see({ image: 'https://example.com/a%20dog.png' }),
    mutate: see({ image: 'https://example.com/a dog.png' }),
  },
  {
    ...vl,
    breaks: 'oss-header',
    severity: 'warning',
    at: 'image',
    says: 'X-DashScope-OssResourceResolve: enable',
    mutate: see({ image: 'oss://bucket/a.png' }),
  },
];

export const CONTENT_MUTATORS: readonly Mutator[] = [...PARTS, ...CHAT, ...TEXT_PATH, ...MEDIA];
