import { isObject } from '../json/is-object.ts';
import { CONTENT_RULES } from './content-rules.ts';
import { breach, named, shown, shownName } from './findings.ts';
import type { Examination, JsonObject } from './findings.ts';
import { checkMediaValue } from './media.ts';
import { isOf } from './model-families.ts';
import { checkCacheControl, checkPartOptions, PART_OPTIONS } from './part-options.ts';
import type { RequestView } from './request-view.ts';
import type { ShapeRule } from './shape-rule.ts';

/** Allowed number of frames in an image list that forms a video. Sources: error-code page, 2026-05; Omni page, 2026-02. */
const FRAMES = { min: 4, older: 80, omni: 128, max: 512 } as const;

/** The content of a native multimodal part: exactly one of these. */
const MODAL_KEYS = ['text', 'image', 'video', 'audio', 'file'] as const;

/** Members allowed beside the modal key. */
const EXTRA_KEYS: ReadonlySet<string> = new Set([...PART_OPTIONS, 'type']);

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
  breach(examination, CONTENT_RULES.textType, `${path}.text`, named('text', value));
}

function checkModality(examination: Examination, path: string, modality: string): void {
  const { profile, model } = examination.view;
  const takes = profile.inputModalities;
  if (takes === null || modality === 'text' || modality === 'file') return;
  // The catalog marks uncertain modalities with a question mark.
  if (takes.some((name) => name.startsWith(modality))) return;
  const found = `the part is ${modality}, and ${model} takes ${takes.join(', ')}`;
  breach(examination, CONTENT_RULES.modalityModel, path, found);
}

function checkVideo(examination: Examination, path: string, value: unknown): void {
  if (!Array.isArray(value)) {
    checkMediaValue(examination, path, value);
    return;
  }
  value.forEach((frame, index) => {
    checkMediaValue(examination, `${path}[${index}]`, frame);
  });
  const rule = framesRule(value.length, examination.view);
  if (rule !== undefined) breach(examination, rule, path, `video has ${value.length} frames`);
}

function framesRule(count: number, view: RequestView): ShapeRule | undefined {
  if (count < FRAMES.min) return CONTENT_RULES.framesMin;
  if (count > FRAMES.max) return CONTENT_RULES.framesMax;
  if (count > FRAMES.older && isOf(view, 'framesTo80')) return CONTENT_RULES.framesOlder;
  return count > FRAMES.omni && isOf(view, 'framesTo128') ? CONTENT_RULES.framesOmni : undefined;
}

const MEMBERS_SHOWN_MAX = 5;

function membersOf(part: JsonObject): string {
  const names = Object.keys(part);
  const some = names.slice(0, MEMBERS_SHOWN_MAX).map((name) => JSON.stringify(shownName(name)));
  if (names.length === 0) return 'the part is empty';
  return `the part has ${some.join(', ')}${names.length > some.length ? ', ...' : ''}`;
}

function reportNoModality(examination: Examination, path: string, part: JsonObject): void {
  const modality = OPENAI_PARTS.get(part['type']);
  const hint =
    modality === undefined
      ? ''
      : `, an OpenAI part: natively write {"${modality}": ${modality === 'text' ? '"..."' : '"https://..."'}}`;
  const found = modality === undefined ? membersOf(part) : `type is ${shown(part['type'])}`;
  breach(examination, CONTENT_RULES.modality, path, found + hint);
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
    breach(examination, CONTENT_RULES.modalities, path, `the part has ${modal.join(' and ')}`);
  }
  for (const key of modal) {
    if (key === 'text') checkText(examination, path, part[key]);
    else if (key === 'video') checkVideo(examination, `${path}.video`, part[key]);
    else checkMediaValue(examination, `${path}.${key}`, part[key]);
    checkModality(examination, path, key);
  }
  checkPartOptions(examination, path, part, modality === 'image');
  for (const key in part) {
    if (EXTRA_KEYS.has(key) || modal.some((known) => known === key)) continue;
    const found = `unknown member ${shown(key)} of a content part`;
    breach(examination, CONTENT_RULES.member, `${path}.${shownName(key)}`, found);
  }
}

function checkAddress(examination: Examination, path: string, value: unknown): void {
  if (isObject(value)) checkMediaValue(examination, `${path}.url`, value['url']);
  else breach(examination, CONTENT_RULES.address, path, named('the address', value));
}

function checkInputAudio(examination: Examination, path: string, value: unknown): void {
  const data = isObject(value) ? value['data'] : undefined;
  if (typeof data === 'string' && data !== '') {
    // Bare base64 passes: only obvious addresses are checked.
    if (/^(?:data|file):/i.test(data)) checkMediaValue(examination, `${path}.data`, data);
    return;
  }
  breach(examination, CONTENT_RULES.inputAudio, path, named('input_audio', value));
}

/** One part of an OpenAI message, by its `type`. Undocumented types pass with a warning. */
function checkOpenaiPart(examination: Examination, path: string, part: JsonObject): void {
  const type = part['type'];
  if (typeof type !== 'string') {
    breach(examination, CONTENT_RULES.openaiType, `${path}.type`, named('type', type));
    return;
  }
  const modality = OPENAI_PARTS.get(type);
  if (modality === undefined) {
    breach(examination, CONTENT_RULES.openaiTypeUnknown, `${path}.type`, named('type', type));
    return;
  }
  if (type === 'text') checkText(examination, path, part['text']);
  else if (type === 'video') checkVideo(examination, `${path}.video`, part['video']);
  else if (type === 'input_audio') checkInputAudio(examination, `${path}.input_audio`, part[type]);
  else checkAddress(examination, `${path}.${type}`, part[type]);
  checkModality(examination, path, modality);
  checkPartOptions(examination, path, part, modality === 'image');
  const frames = part['max_frames'];
  if (frames === undefined) return;
  const found = named('max_frames', frames);
  breach(examination, CONTENT_RULES.framesCompatible, `${path}.max_frames`, found);
}

/** One part on the native text path, where only texts and, for qwen-doc, documents are known. */
function checkTextPathPart(examination: Examination, path: string, part: JsonObject): void {
  if (part['text'] !== undefined || part['type'] === 'text')
    checkText(examination, path, part['text']);
  if (part['type'] === 'doc_url') checkDocuments(examination, path, part);
  checkCacheControl(examination, path, part['cache_control']);
}

function checkDocuments(examination: Examination, path: string, part: JsonObject): void {
  const { doc_url: urls, file_parsing_strategy: strategy } = part;
  if (Array.isArray(urls) && urls.length > 0) {
    urls.forEach((url, index) => {
      checkMediaValue(examination, `${path}.doc_url[${index}]`, url);
    });
  } else {
    breach(examination, CONTENT_RULES.documents, `${path}.doc_url`, named('doc_url', urls));
  }
  if (strategy === undefined || strategy === null || typeof strategy === 'string') return;
  const found = named('file_parsing_strategy', strategy);
  breach(examination, CONTENT_RULES.parsing, `${path}.file_parsing_strategy`, found);
}

/**
 * Arrays on the native text path are refused for text-only models, but qwen-doc and qwen-long accept them, and so does the
 * explicit cache (a part with `cache_control`).
 */
function checkTextPathArray(
  examination: Examination,
  path: string,
  parts: readonly unknown[],
): void {
  const { view } = examination;
  const { model, profile } = view;
  if (isOf(view, 'partsOnTextPath')) return;
  if (parts.some((part) => isObject(part) && part['cache_control'] !== undefined)) return;
  const textOnly = profile.inputModalities?.every((name) => name === 'text') === true;
  const sure = profile.known && textOnly && isOf(view, 'qwen');
  const rule = sure ? CONTENT_RULES.textPathArray : CONTENT_RULES.textPathArrayOther;
  breach(examination, rule, path, `${named('content', parts)} to ${model}`);
}

/** Checks the content of one message if it is an array of parts; `path` ends in `.content`. */
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
      breach(examination, CONTENT_RULES.partType, partPath, named('the part', part));
    else if (endpoint === 'chat-completions') checkOpenaiPart(examination, partPath, part);
    else if (endpoint === 'multimodal-generation') checkNativePart(examination, partPath, part);
    else checkTextPathPart(examination, partPath, part);
  }
}
