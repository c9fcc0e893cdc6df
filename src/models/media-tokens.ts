import { isObject } from '../json/is-object.ts';
import { dataAudioSeconds, dataImageSize, type MediaSize } from './media-size.ts';

/** How a model converts pixels to tokens: a token is a square of `side` pixels. */
type Vision = {
  readonly side: number;
  readonly minPixels: number;
  readonly maxPixels: number;
  /** The maximum to which `max_pixels` can raise it. */
  readonly ceilingPixels: number;
};

/**
 * Side, minimum and default maximum area of an image, by family. Sources: vision, omni and OCR pages of Model Studio,
 * 2026-02 (defaults and sides); multimodal API reference, 2026-05 (floors, ceilings); qwen-vl-ocr-api-reference, 2026-05
 * (areas of the OCR models: 8,192 tokens, at most 30,000).
 */
const VISION: readonly (readonly [family: RegExp, vision: Vision])[] = [
  [
    /^qwen3(?:\.\d+)?-omni/,
    { side: 32, minPixels: 4_096, maxPixels: 1_310_720, ceilingPixels: 1_310_720 },
  ],
  [
    /^qwen3(?:\.\d|-vl)/,
    { side: 32, minPixels: 65_536, maxPixels: 2_621_440, ceilingPixels: 16_777_216 },
  ],
  [
    /^qwen-vl-(?:max(?:-latest|-2025-08-13)?|plus(?:-latest|-2025-08-15|-2025-07-10)?)$/,
    { side: 32, minPixels: 4_096, maxPixels: 1_310_720, ceilingPixels: 16_777_216 },
  ],
  [
    /^qwen-vl-ocr(?:-latest|-2025-11-20)?$/,
    { side: 32, minPixels: 3_072, maxPixels: 8_388_608, ceilingPixels: 30_720_000 },
  ],
  [
    /^qwen-vl-ocr-/,
    { side: 28, minPixels: 3_136, maxPixels: 6_422_528, ceilingPixels: 23_520_000 },
  ],
];

/** QVQ, older VL models, qwen2.5-vl, omni-turbo, and unknown models. Same sources. */
const OLDER_VISION: Vision = {
  side: 28,
  minPixels: 3_136,
  maxPixels: 1_003_520,
  ceilingPixels: 12_845_056,
};

/** Maximum frames and, in tokens, the largest frame and the total of all frames. */
type Video = {
  readonly framesMax: number;
  readonly frameTokens: number;
  readonly totalTokens: number;
};

/** Source: vision and omni pages of Model Studio, 2026-02. */
const VIDEO: readonly (readonly [family: RegExp, video: Video])[] = [
  [/^qwen-omni-turbo/, { framesMax: 80, frameTokens: 768, totalTokens: 16_384 }],
  [/omni/, { framesMax: 128, frameTokens: 768, totalTokens: 16_384 }],
  [/^qwen3-vl-plus/, { framesMax: 512, frameTokens: 640, totalTokens: 131_072 }],
];
const OTHER_VIDEO: Video = { framesMax: 512, frameTokens: 768, totalTokens: 65_536 };

const FRAMES_MIN = 4;
const FPS_DEFAULT = 2;
/** Each image and video is enclosed by two marker tokens. */
const MARKS = 2;
/** Minimum tokens per image. */
const IMAGE_TOKENS_MIN = 4;
/** Maximum tokens of an image with `vl_high_resolution_images`. Source: vision page, 2026-02. */
const HIGH_TOKENS_MAX = 16_384;

/** Assumed for files given by address: nothing is fetched. */
const VIDEO_SECONDS_ASSUMED = 10;
const AUDIO_SECONDS_ASSUMED = 30;
const FILE_TOKENS_ASSUMED = 4_096;

/** Tokens of a message part besides its text; 0 for a text part. `model`: its canonical id. */
export function mediaTokens(
  part: Readonly<Record<string, unknown>>,
  model: string,
  highResolution: boolean,
): number {
  let tokens = 0;
  const image = part['image'] ?? addressIn(part['image_url']);
  if (image != null) tokens += imageTokens(image, part, { model, highResolution });
  const video = part['video'] ?? addressIn(part['video_url']);
  if (video != null) tokens += videoTokens(video, part, model);
  tokens += heardTokens(part, model);
  if ((part['file'] ?? part['file_url'] ?? part['doc_url']) != null) tokens += FILE_TOKENS_ASSUMED;
  return tokens;
}

/** The audio part of `mediaTokens`. */
export function heardTokens(part: Readonly<Record<string, unknown>>, model: string): number {
  const audio = part['audio'] ?? part['input_audio'];
  return audio == null ? 0 : audioTokens(audio, model);
}

/** The edge in pixels of the square that makes one token. */
export function tokenSide(model: string): number {
  return visionOf(model).side;
}

function visionOf(model: string): Vision {
  return VISION.find(([family]) => family.test(model))?.[1] ?? OLDER_VISION;
}

/** OpenAI's `{url}`, or the address itself. */
function addressIn(value: unknown): unknown {
  return isObject(value) ? (value['url'] ?? value['data'] ?? value) : value;
}

function imageTokens(
  image: unknown,
  part: Readonly<Record<string, unknown>>,
  { model, highResolution }: { model: string; highResolution: boolean },
): number {
  const vision = visionOf(model);
  const asked = numberIn(part, 'max_pixels') ?? vision.maxPixels;
  const wanted = highResolution ? HIGH_TOKENS_MAX * vision.side ** 2 : asked;
  const maxPixels = Math.min(wanted, vision.ceilingPixels);
  const minPixels = Math.min(maxPixels, numberIn(part, 'min_pixels') ?? vision.minPixels);
  const size = typeof image === 'string' ? dataImageSize(image) : null;
  const area = { side: vision.side, minPixels, maxPixels };
  return MARKS + Math.max(IMAGE_TOKENS_MIN, squares(size, area));
}

/**
 * How many squares an image is scaled to: sides rounded to the grid, then scaled until the area is within its bounds. An
 * unknown size counts as the largest. Source: vision page, 2026-02.
 */
function squares(
  size: MediaSize | null,
  area: { side: number; minPixels: number; maxPixels: number },
): number {
  const { side, minPixels, maxPixels } = area;
  if (size === null) return Math.floor(maxPixels / side ** 2);
  const { width, height } = size;
  const columns = Math.max(1, Math.round(width / side));
  const rows = Math.max(1, Math.round(height / side));
  const pixels = columns * rows * side ** 2;
  if (pixels > maxPixels) {
    const shrink = Math.sqrt((width * height) / maxPixels);
    return (
      Math.max(1, Math.floor(width / shrink / side)) *
      Math.max(1, Math.floor(height / shrink / side))
    );
  }
  if (pixels >= minPixels) return columns * rows;
  const grow = Math.sqrt(minPixels / (width * height));
  return Math.ceil((width * grow) / side) * Math.ceil((height * grow) / side);
}

/** A list of frames counts as given; a file, of unknown length, as ten seconds. */
function videoTokens(
  video: unknown,
  part: Readonly<Record<string, unknown>>,
  model: string,
): number {
  const { side } = visionOf(model);
  const { framesMax, frameTokens, totalTokens } =
    VIDEO.find(([family]) => family.test(model))?.[1] ?? OTHER_VIDEO;
  const listed = Array.isArray(video) ? (video as readonly unknown[]) : null;
  const filmed = VIDEO_SECONDS_ASSUMED * (numberIn(part, 'fps') ?? FPS_DEFAULT);
  const most = Math.min(numberIn(part, 'max_frames') ?? framesMax, framesMax);
  const frames = listed?.length ?? Math.min(most, Math.max(FRAMES_MIN, filmed));
  const pairs = Math.max(1, Math.ceil(frames / 2));
  const pixels = side ** 2;
  const total = Math.min(totalTokens, (numberIn(part, 'total_pixels') ?? Infinity) / pixels);
  const largest = Math.min(frameTokens, (numberIn(part, 'max_pixels') ?? Infinity) / pixels);
  const first = listed?.[0];
  const size = typeof first === 'string' ? dataImageSize(first) : null;
  const area = Math.min(largest, total / pairs) * pixels;
  const frame = squares(size, { side, minPixels: IMAGE_TOKENS_MIN * pixels, maxPixels: area });
  return pairs * Math.max(1, frame) + MARKS;
}

/** 12.5 tokens per second on qwen3-omni and later, 25 before; at least one second. Source: omni page, 2026-02. */
function audioTokens(audio: unknown, model: string): number {
  const address = addressIn(audio);
  const seconds = typeof address === 'string' ? dataAudioSeconds(address) : null;
  const perSecond = /^qwen3.*-omni/.test(model) ? 12.5 : 25;
  return Math.ceil(Math.max(1, seconds ?? AUDIO_SECONDS_ASSUMED) * perSecond);
}

function numberIn(part: Readonly<Record<string, unknown>>, name: string): number | null {
  const value = part[name];
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null;
}
