import { isObject } from '../is-object.ts';
import { PROBLEM_CODES } from './codes.ts';
import { badValue, refuse, shown, shownName, warn } from './findings.ts';
import type { Examination, JsonObject } from './findings.ts';
import { checkMediaValue } from './media.ts';
import { FAMILIES, isQwen } from './model-families.ts';

/** Frames that an image list may have as a video. Source: error-code page, 2026-05. */
const FRAMES = { min: 4, max: 512 } as const;

/** Frames per second read from a video. Source: DashScope API reference, 2026-09. */
const FPS = { min: 0.1, max: 10 } as const;

const PIXEL_KEYS = ['min_pixels', 'max_pixels', 'total_pixels', 'max_frames'] as const;

/** What a native multimodal part is about: exactly one of these. */
const MODAL_KEYS = ['text', 'image', 'video', 'audio', 'file'] as const;

/** What may stand beside the modal key. */
const EXTRA_KEYS: ReadonlySet<string> = new Set([
  ...PIXEL_KEYS,
  'fps',
  'enable_rotate',
  'cache_control',
  'type',
]);

/** The OpenAI part types and the modality that each needs. Source: OpenAI-compatible reference, 2026-09. */
const OPENAI_PARTS: ReadonlyMap<unknown, string> = new Map([
  ['text', 'text'],
  ['image_url', 'image'],
  ['input_audio', 'audio'],
  ['video', 'video'],
  ['video_url', 'video'],
]);

function checkText(examination: Examination, path: string, value: unknown): void {
  if (typeof value === 'string') return;
  refuse(examination, `${path}.text`, badValue('text', value, 'a string', null));
}

function checkModality(examination: Examination, path: string, modality: string): void {
  const { profile, model } = examination.view;
  const takes = profile.inputModalities;
  if (takes === null || modality === 'text' || modality === 'file') return;
  // The catalog marks what it is unsure of with a question mark.
  if (takes.some((name) => name.startsWith(modality))) return;
  const message = `${model} is documented to take ${takes.join(', ')}, not ${modality}`;
  warn(examination, path, PROBLEM_CODES.modelList, message);
}

function checkVideo(examination: Examination, path: string, value: unknown): void {
  if (!Array.isArray(value)) {
    checkMediaValue(examination, path, value);
    return;
  }
  value.forEach((frame, index) => {
    checkMediaValue(examination, `${path}[${index}]`, frame);
  });
  if (value.length < FRAMES.min) {
    const message = `video has ${value.length} frames; an image list must have at least ${FRAMES.min}`;
    refuse(examination, path, message);
  } else if (value.length > FRAMES.max) {
    const message = `video has ${value.length} frames; the documented maximum is ${FRAMES.max} (80 before Qwen2.5-VL)`;
    warn(examination, path, PROBLEM_CODES.rule, message);
  }
}

/** Sampling and size options beside the medium; the same names on both protocols. */
function checkPartOptions(examination: Examination, path: string, part: JsonObject): void {
  const fps = part['fps'];
  if (fps !== undefined && !(typeof fps === 'number' && fps >= FPS.min && fps <= FPS.max)) {
    const allowed = `a number from ${FPS.min} to ${FPS.max}`;
    refuse(examination, `${path}.fps`, badValue('fps', fps, allowed, null));
  }
  for (const key of PIXEL_KEYS) {
    const value = part[key];
    if (value === undefined || (Number.isInteger(value) && Number(value) >= 1)) continue;
    refuse(examination, `${path}.${key}`, badValue(key, value, 'an integer >= 1', null));
  }
  if (part['enable_rotate'] !== undefined && typeof part['enable_rotate'] !== 'boolean') {
    const message = badValue('enable_rotate', part['enable_rotate'], 'true or false', null);
    refuse(examination, `${path}.enable_rotate`, message);
  }
  checkCacheControl(examination, path, part['cache_control']);
}

function checkCacheControl(examination: Examination, path: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (isObject(value) && value['type'] === 'ephemeral') return;
  const message = 'cache_control is documented only as {"type":"ephemeral"}';
  warn(examination, `${path}.cache_control`, PROBLEM_CODES.rule, message);
}

function reportNoModality(examination: Examination, path: string, part: JsonObject): void {
  const hint =
    part['type'] === undefined
      ? ''
      : `; ${shown(part['type'])} is an OpenAI part: natively write {"image": "https://..."}`;
  refuse(
    examination,
    path,
    `the part has none of ${MODAL_KEYS.join(', ')}${hint} (service: The item of content should be a message of a certain modal.)`,
  );
}

/** One part of a native multimodal message: `{"text"}`, `{"image"}`, `{"video"}`, `{"audio"}`, `{"file"}`. */
function checkNativePart(examination: Examination, path: string, part: JsonObject): void {
  const modal = MODAL_KEYS.filter((key) => part[key] !== undefined);
  const [modality] = modal;
  if (modality === undefined) {
    reportNoModality(examination, path, part);
    return;
  }
  if (modal.length > 1) {
    const message = `the part has ${modal.join(' and ')}; the documented form has one of them in each part`;
    warn(examination, path, PROBLEM_CODES.rule, message);
  }
  for (const key of modal) {
    if (key === 'text') checkText(examination, path, part[key]);
    else if (key === 'video') checkVideo(examination, `${path}.video`, part[key]);
    else checkMediaValue(examination, `${path}.${key}`, part[key]);
    checkModality(examination, path, key);
  }
  checkPartOptions(examination, path, part);
  for (const key in part) {
    if (EXTRA_KEYS.has(key) || modal.some((known) => known === key)) continue;
    const message = `unknown member ${shown(key)} of a content part; it is sent as it is`;
    warn(examination, `${path}.${shownName(key)}`, PROBLEM_CODES.unknownParameter, message);
  }
}

function checkAddress(examination: Examination, path: string, value: unknown): void {
  if (isObject(value)) checkMediaValue(examination, `${path}.url`, value['url']);
  else refuse(examination, path, badValue('the address', value, 'an object {"url": "..."}', null));
}

function checkInputAudio(examination: Examination, path: string, value: unknown): void {
  const data = isObject(value) ? value['data'] : undefined;
  if (typeof data === 'string' && data !== '') {
    // Bare base64 passes: only what is plainly an address is looked at.
    if (/^(?:data|file):/i.test(data)) checkMediaValue(examination, `${path}.data`, data);
    return;
  }
  refuse(
    examination,
    path,
    badValue('input_audio', value, 'an object {"data": "...", "format": "..."}', null),
  );
}

/** One part of an OpenAI message, told by its `type`. Types that no page names pass with a warning. */
function checkOpenaiPart(examination: Examination, path: string, part: JsonObject): void {
  const type = part['type'];
  if (typeof type !== 'string') {
    const hint = 'one of text, image_url, input_audio, video, video_url (native parts have none)';
    refuse(examination, `${path}.type`, badValue('type', type, hint, null));
    return;
  }
  const modality = OPENAI_PARTS.get(type);
  if (modality === undefined) {
    const message = `part type ${shown(type)} is not documented for compatible mode; it is sent as it is`;
    warn(examination, `${path}.type`, PROBLEM_CODES.rule, message);
    return;
  }
  if (type === 'text') checkText(examination, path, part['text']);
  else if (type === 'video') checkVideo(examination, `${path}.video`, part['video']);
  else if (type === 'input_audio') checkInputAudio(examination, `${path}.input_audio`, part[type]);
  else checkAddress(examination, `${path}.${type}`, part[type]);
  checkModality(examination, path, modality);
  checkPartOptions(examination, path, part);
  if (part['max_frames'] === undefined) return;
  const message = 'max_frames is documented for the native protocol only';
  warn(examination, `${path}.max_frames`, PROBLEM_CODES.misplaced, message);
}

/** One part on the native text path, where only texts and, for qwen-doc, documents are known. */
function checkTextPathPart(examination: Examination, path: string, part: JsonObject): void {
  if (part['text'] !== undefined || part['type'] === 'text')
    checkText(examination, path, part['text']);
  checkCacheControl(examination, path, part['cache_control']);
}

/**
 * Arrays on the native text path are refused for text-only models, but qwen-doc and qwen-long take
 * them, and so does the explicit cache (a part with `cache_control`).
 */
function checkTextPathArray(
  examination: Examination,
  path: string,
  parts: readonly unknown[],
): void {
  const { model, profile } = examination.view;
  if (FAMILIES.partsOnTextPath.test(model)) return;
  if (parts.some((part) => isObject(part) && part['cache_control'] !== undefined)) return;
  const textOnly = profile.inputModalities?.every((name) => name === 'text') === true;
  const message = `content is an array; ${model} on the native text path takes a string (service: input content must be a string.)`;
  if (profile.known && textOnly && isQwen(model)) refuse(examination, path, message);
  else warn(examination, path, PROBLEM_CODES.rule, message);
}

/** Checks the content of one message where it is an array of parts; `path` ends in `.content`. */
export function checkParts(
  examination: Examination,
  path: string,
  parts: readonly unknown[],
): void {
  const { endpoint } = examination.view;
  if (endpoint === 'text-generation') checkTextPathArray(examination, path, parts);
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index];
    const partPath = `${path}[${index}]`;
    if (!isObject(part))
      refuse(examination, partPath, badValue('the part', part, 'an object', null));
    else if (endpoint === 'chat-completions') checkOpenaiPart(examination, partPath, part);
    else if (endpoint === 'multimodal-generation') checkNativePart(examination, partPath, part);
    else checkTextPathPart(examination, partPath, part);
  }
}
