import { isObject } from '../json/is-object.ts';
import { CONTENT_RULES } from './content-rules.ts';
import { breach, named } from './findings.ts';
import type { Examination, JsonObject } from './findings.ts';
import { isOf } from './model-families.ts';
import type { RequestView } from './request-view.ts';
import type { ShapeRule } from './shape-rule.ts';

/** Frames per second read from a video. Source: DashScope API reference, 2026-09. */
const FPS = { min: 0.1, max: 10 } as const;

const PIXEL_KEYS = ['min_pixels', 'max_pixels', 'total_pixels', 'max_frames'] as const;

/** Members allowed beside a medium, in both protocols. */
export const PART_OPTIONS: readonly string[] = [
  ...PIXEL_KEYS,
  'fps',
  'enable_rotate',
  'cache_control',
];

/** A documented range for one group of models, and its rule. */
type Range = { readonly min: number; readonly max: number; readonly rule: ShapeRule };

/** Pixels of one image. Source: DashScope API reference, 2026-09. */
const PIXELS = {
  from3: { min: 65_536, max: 16_777_216, rule: CONTENT_RULES.pixelsRange },
  alias: { min: 4096, max: 16_777_216, rule: CONTENT_RULES.pixelsRangeOlder },
  others: { min: 3136, max: 12_845_056, rule: CONTENT_RULES.pixelsRangeOlder },
} as const satisfies Readonly<Record<string, Range>>;

/** Frames read from a video file. Source: DashScope API reference, 2026-09. */
const FRAMES_READ = {
  from35: { min: 1, max: 8000, rule: CONTENT_RULES.framesRead },
  from3: { min: 1, max: 2000, rule: CONTENT_RULES.framesRead },
  alias: { min: 1, max: 512, rule: CONTENT_RULES.framesReadOlder },
} as const satisfies Readonly<Record<string, Range>>;

/** The range of an image's pixels; OCR models have their own, undocumented here. */
function pixelsOf(view: RequestView): Range | undefined {
  if (isOf(view, 'visionFrom3')) return PIXELS.from3;
  if (isOf(view, 'ocr')) return undefined;
  if (isOf(view, 'visionAlias')) return PIXELS.alias;
  return isOf(view, 'vision') || isOf(view, 'qvq') ? PIXELS.others : undefined;
}

function framesOf(view: RequestView): Range | undefined {
  if (isOf(view, 'visionFrom35')) return FRAMES_READ.from35;
  if (isOf(view, 'visionFrom3')) return FRAMES_READ.from3;
  return isOf(view, 'visionAlias') ? FRAMES_READ.alias : undefined;
}

function rangeOf(key: string, view: RequestView, isImage: boolean): Range | undefined {
  if (key === 'max_frames') return framesOf(view);
  return isImage && key !== 'total_pixels' ? pixelsOf(view) : undefined;
}

function checkPixels(
  examination: Examination,
  path: string,
  part: JsonObject,
  isImage: boolean,
): void {
  const { view } = examination;
  for (const key of PIXEL_KEYS) {
    const value = part[key];
    if (value === undefined) continue;
    if (!Number.isInteger(value) || Number(value) < 1) {
      breach(examination, CONTENT_RULES.pixelsType, `${path}.${key}`, named(key, value));
      continue;
    }
    const range = rangeOf(key, view, isImage);
    const fits = (some: Range): boolean =>
      key === 'min_pixels' ? Number(value) >= some.min : Number(value) <= some.max;
    if (range === undefined || fits(range)) continue;
    const found = `${named(key, value)}, and ${view.model} has ${range.min} to ${range.max}`;
    breach(examination, range.rule, `${path}.${key}`, found);
  }
}

/** Checks sampling and size options beside a medium; the names are the same in both protocols. */
export function checkPartOptions(
  examination: Examination,
  path: string,
  part: JsonObject,
  isImage: boolean,
): void {
  const { fps, enable_rotate: rotate } = part;
  if (fps !== undefined && !(typeof fps === 'number' && fps >= FPS.min && fps <= FPS.max))
    breach(examination, CONTENT_RULES.fps, `${path}.fps`, named('fps', fps));
  checkPixels(examination, path, part, isImage);
  if (rotate !== undefined && typeof rotate !== 'boolean') {
    const found = named('enable_rotate', rotate);
    breach(examination, CONTENT_RULES.rotate, `${path}.enable_rotate`, found);
  }
  checkCacheControl(examination, path, part['cache_control']);
}

/** Checks `cache_control`, which requests the explicit cache. */
export function checkCacheControl(examination: Examination, path: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (isObject(value) && value['type'] === 'ephemeral') return;
  const found = named('cache_control', value);
  breach(examination, CONTENT_RULES.cacheControl, `${path}.cache_control`, found);
}
