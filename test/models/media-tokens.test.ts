import { describe, expect, it } from 'vitest';
import { loadCatalog } from '../../src/models/catalog.ts';
import { mediaTokens, tokenSide } from '../../src/models/media-tokens.ts';
import { pngOf } from '../helpers/png-of.ts';

/** A JPEG's head with so many bytes of metadata before the size. */
function jpeg(width: number, height: number, metadataBytes: number): string {
  const segments = [Buffer.from([0xff, 0xd8])];
  for (let rest = metadataBytes; rest > 0; rest -= 60_000) {
    const segment = Buffer.alloc(Math.min(rest, 60_000) + 4);
    segment.writeUInt16BE(0xffe2, 0);
    segment.writeUInt16BE(segment.length - 2, 2);
    segments.push(segment);
  }
  const frame = Buffer.from([0xff, 0xc0, 0, 17, 8, 0, 0, 0, 0, 3, 1, 34, 0, 2, 17, 1, 3, 17, 1]);
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  segments.push(frame, Buffer.alloc(64));
  return `data:image/jpeg;base64,${Buffer.concat(segments).toString('base64')}`;
}

function wav(seconds: number): string {
  const bytes = Buffer.alloc(44 + seconds * 32_000);
  bytes.write('RIFF', 0, 'latin1');
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(32_000, 28);
  return `data:audio/wav;base64,${bytes.toString('base64')}`;
}

const tokens = (part: Record<string, unknown>, model: string, highResolution = false): number =>
  mediaTokens(part, model, highResolution);

describe('mediaTokens: images', () => {
  it.each([
    // By hand: (height / side) x (width / side) + 2, sides rounded to the grid.
    ['qwen3-vl-plus', 1024, 1024, 32 * 32 + 2],
    ['qwen3-vl-plus', 1000, 500, 31 * 16 + 2],
    ['qwen-vl-max', 640, 480, 20 * 15 + 2],
    ['qwen2.5-vl-72b-instruct', 280, 560, 10 * 20 + 2],
    // The documented request: 1,249 tokens for a photograph of 1,365 x 2,048 at 28 pixels.
    ['qwen2.5-vl-72b-instruct', 1365, 2048, 1_249],
    // Below the smallest area, 65,536 pixels: grown to 256 x 256.
    ['qwen3-vl-plus', 64, 64, 8 * 8 + 2],
    // At least four tokens.
    ['qwen-vl-max', 1, 1, 4 + 2],
  ])('%s, %i x %i: %i', (model, width, height, expected) => {
    expect(tokens({ image: pngOf(width, height) }, model)).toBe(expected);
  });

  it('is shrunk to the model, to max_pixels, or not where high resolution is asked for', () => {
    const image = pngOf(4096, 4096);
    expect(tokens({ image }, 'qwen3-vl-plus')).toBeLessThanOrEqual(2_562);
    expect(tokens({ image }, 'qwen3-vl-plus')).toBeGreaterThan(2_400);
    expect(tokens({ image, max_pixels: 65_536 * 4 }, 'qwen3-vl-plus')).toBe(16 * 16 + 2);
    expect(tokens({ image }, 'qwen3-vl-plus', true)).toBe(128 * 128 + 2);
  });

  it('reads the size behind large metadata, and in both shapes of a part', () => {
    const url = jpeg(640, 320, 150_000);
    expect(tokens({ type: 'image_url', image_url: { url } }, 'qwen3-vl-plus')).toBe(20 * 10 + 2);
    expect(tokens({ image: url }, 'qwen3-vl-plus')).toBe(20 * 10 + 2);
  });

  it.each(['https://example.com/a.png', 'data:image/png;base64,AAAA', 'data:image/png,plain', 7])(
    'is taken as the largest where its size cannot be seen: %s',
    (image) => {
      expect(tokens({ image }, 'qwen3-vl-plus')).toBe(2_562);
      expect(tokens({ image }, 'qvq-max')).toBe(1_282);
    },
  );

  it('an OCR model sees more: no image of a recorded call has more tokens than are taken', () => {
    // Recording 034: one remote image, no max_pixels, 1,862 tokens of image and 1,895 in all.
    const image =
      'https://help-static-aliyun-doc.aliyuncs.com/assets/img/zh-CN/5727078571/p1008252.png';
    expect(tokens({ image }, 'qwen-vl-ocr-latest')).toBeGreaterThanOrEqual(1_862);
    // 8,192 x 32 x 32 and 8,192 x 28 x 28 pixels: the documented defaults.
    for (const model of ['qwen-vl-ocr', 'qwen-vl-ocr-latest', 'qwen-vl-ocr-2025-11-20'])
      expect(tokens({ image }, model)).toBe(8_192 + 2);
    for (const model of ['qwen-vl-ocr-2024-10-28', 'qwen-vl-ocr-2025-08-28'])
      expect(tokens({ image }, model)).toBe(8_192 + 2);
    // Recording 032: max_pixels 1003520, 1,219 tokens of image.
    expect(tokens({ image, max_pixels: 1_003_520 }, 'qwen-vl-ocr-2024-10-28')).toBe(1_280 + 2);
    // 30,000 tokens are the most that max_pixels may ask for, 16,384 those of high resolution.
    expect(tokens({ image, max_pixels: 99_000_000 }, 'qwen-vl-ocr-latest')).toBe(30_000 + 2);
    expect(tokens({ image, max_pixels: 99_000_000 }, 'qwen-vl-ocr-2025-08-28')).toBe(30_000 + 2);
    expect(tokens({ image }, 'qwen-vl-ocr-latest', true)).toBe(16_384 + 2);
  });

  it('the ceilings of other models: 16,384 tokens, on Omni no more than by default', () => {
    const image = 'https://example.com/a.png';
    for (const model of ['qwen3-vl-plus', 'qwen-vl-max', 'qvq-max', 'qwen2.5-vl-7b-instruct']) {
      expect(tokens({ image, max_pixels: 99_000_000 }, model)).toBe(16_384 + 2);
      expect(tokens({ image }, model, true)).toBe(16_384 + 2);
    }
    expect(tokens({ image }, 'qwen3-omni-flash', true)).toBe(1_282);
  });

  it('a header that breaks off: what happens to lie behind it in memory is no size', () => {
    // The next small buffer lies behind this one in the same memory, where a Targa file of 64 x 64 goes on.
    let before = Buffer.allocUnsafe(8);
    while (before.byteOffset + 64 > before.buffer.byteLength) before = Buffer.allocUnsafe(8);
    const behind = new Uint8Array(before.buffer, before.byteOffset + 8, 24).fill(0);
    behind.set([64, 0, 64, 0], 12);
    const image = 'data:image/png;base64,AAAA';
    expect(tokens({ image }, 'qwen3-vl-plus')).toBe(2_562);
  });

  it('knows the side of a token for every model that documents one', () => {
    const catalog = loadCatalog();
    const documented = catalog.ids().flatMap((id) => {
      const side = catalog.record(id)?.pixels;
      return side === undefined ? [] : [[id, side]];
    });
    expect(documented.length).toBeGreaterThan(70);
    expect(documented.map(([id]) => [id, tokenSide(String(id))])).toEqual(documented);
  });
});

describe('mediaTokens: video and audio', () => {
  it('counts frames in pairs, each of the size of the first', () => {
    const frames = Array.from({ length: 6 }, () => pngOf(640, 320));
    expect(tokens({ video: frames }, 'qwen3.5-plus')).toBe(3 * 20 * 10 + 2);
    expect(tokens({ video: frames.slice(0, 5) }, 'qwen3.5-plus')).toBe(3 * 20 * 10 + 2);
  });

  it('takes frames a second and the most frames from the part', () => {
    const video = 'https://example.com/a.mp4';
    // Ten seconds assumed.
    expect(tokens({ video, fps: 1 }, 'qwen3.5-plus')).toBe(5 * 768 + 2);
    expect(tokens({ video, fps: 0.1 }, 'qwen3.5-plus')).toBe(2 * 768 + 2);
    expect(tokens({ video, max_frames: 8 }, 'qwen3.5-plus')).toBe(4 * 768 + 2);
    // 128 frames at most, and 16,384 tokens for all.
    expect(tokens({ video, fps: 10 }, 'qwen3-omni-flash')).toBe(50 * 327 + 2);
  });

  it('counts the seconds of audio, and at least one', () => {
    const of = (seconds: number, model: string): number =>
      tokens({ input_audio: { data: wav(seconds), format: 'wav' } }, model);
    expect(of(8, 'qwen3-omni-flash')).toBe(100);
    expect(of(8, 'qwen-omni-turbo')).toBe(200);
    expect(of(0, 'qwen-omni-turbo')).toBe(25);
  });

  it('a part of text counts nothing here', () => {
    expect(tokens({ type: 'text', text: '你好' }, 'qwen-plus')).toBe(0);
  });
});
