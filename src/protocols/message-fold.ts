import { addAudio, audioText, newAudio } from './audio-fold.ts';
import type { AudioFold } from './audio-fold.ts';
import {
  keepMember,
  objectText,
  ownText,
  rawIndex,
  rawItems,
  rawMembers,
  rawString,
} from './raw-json.ts';
import type { RawObject } from './raw-json.ts';
import { addPiece, finishedText, hasText, newTrack } from './text-track.ts';
import type { StreamEvidence, TextTrack } from './text-track.ts';

type ToolCallFold = {
  readonly argumentText: TextTrack;
  /** Members of `function` except the arguments. */
  readonly ofFunction: Map<string, string>;
  readonly members: Map<string, string>;
};

/** One message being received in pieces (native `message`, compatible `delta`). */
export type MessageFold = {
  readonly content: TextTrack;
  /** The form of the content: none yet, a string, or the parts of the multimodal protocol. */
  contentKind: 'none' | 'text' | 'parts';
  /** Members beside `text` in a part (`ocr_result`, `image_hw`). */
  readonly besideText: Map<string, string>;
  /** Raw parts without text (images, audio), deduplicated. */
  readonly otherParts: Set<string>;
  /** Texts other than the content that arrive in pieces. */
  readonly texts: Map<string, TextTrack>;
  readonly audio: AudioFold;
  readonly toolCalls: Map<number, ToolCallFold>;
  /** If several calls came under one index: the place of the latest. */
  readonly movedCalls: Map<number, number>;
  readonly members: Map<string, string>;
};

/** Texts of a message, other than its content, that arrive in pieces. */
const PIECEWISE_TEXTS: ReadonlySet<string> = new Set(['reasoning_content', 'refusal']);

/** An empty message. */
export function newMessage(): MessageFold {
  return {
    content: newTrack(),
    contentKind: 'none',
    besideText: new Map(),
    otherParts: new Set(),
    texts: new Map(),
    audio: newAudio(),
    toolCalls: new Map(),
    movedCalls: new Map(),
    members: new Map(),
  };
}

/** Adds the next piece of the message, its members as raw JSON text. */
export function addMessage(fold: MessageFold, piece: RawObject, evidence: StreamEvidence): void {
  for (const [key, raw] of piece) {
    if (key === 'content') addContent(fold, raw, evidence);
    else if (key === 'tool_calls' && raw.startsWith('[')) addToolCalls(fold, raw, evidence);
    else if (key === 'audio' && raw.startsWith('{')) addAudio(fold.audio, raw, evidence);
    else if (PIECEWISE_TEXTS.has(key) && raw.startsWith('"')) {
      addPiece(trackOf(fold.texts, key), rawString(raw) ?? '', evidence, false);
    } else keepMember(fold.members, key, raw);
  }
}

/** Whether any text, part or tool call has come. */
export function saysAnything({ content, otherParts, texts, toolCalls }: MessageFold): boolean {
  if (hasText(content) || otherParts.size > 0 || toolCalls.size > 0) return true;
  return [...texts.values()].some(hasText);
}

/**
 * The complete message as JSON text. `noContent` is the raw content of a message without any: `""` in the native, `null` in
 * the OpenAI-compatible protocol.
 */
export function messageText(
  fold: MessageFold,
  evidence: StreamEvidence,
  noContent: string,
): string {
  const { members } = fold;
  const whole = new Map<string, string>();
  whole.set('role', members.get('role') ?? '"assistant"');
  whole.set('content', contentText(fold, evidence, noContent));
  for (const [key, track] of fold.texts) {
    whole.set(key, JSON.stringify(finishedText(track, evidence)));
  }
  if (fold.toolCalls.size > 0) whole.set('tool_calls', toolCallsText(fold, evidence));
  const audio = audioText(fold.audio, evidence);
  if (audio !== null) whole.set('audio', audio);
  for (const [key, raw] of members) {
    if (!whole.has(key)) whole.set(key, raw);
  }
  return objectText(whole);
}

function addContent(fold: MessageFold, raw: string, evidence: StreamEvidence): void {
  if (raw.startsWith('"')) {
    if (fold.contentKind === 'none') fold.contentKind = 'text';
    addPiece(fold.content, rawString(raw) ?? '', evidence, true);
    return;
  }
  if (!raw.startsWith('[')) return;
  fold.contentKind = 'parts';
  for (const part of rawItems(raw)) addPart(fold, part, evidence);
}

function addPart(fold: MessageFold, part: string, evidence: StreamEvidence): void {
  const members = rawMembers(part);
  const text = rawString(members.get('text'));
  if (text === null) {
    if (!fold.otherParts.has(part)) fold.otherParts.add(ownText(part));
    return;
  }
  addPiece(fold.content, text, evidence, true);
  for (const [key, raw] of members) {
    if (key !== 'text') keepMember(fold.besideText, key, raw);
  }
}

function addToolCalls(fold: MessageFold, raw: string, evidence: StreamEvidence): void {
  const items = rawItems(raw);
  for (const [position, item] of items.entries()) {
    const call = rawMembers(item);
    const alone = items.length === 1;
    const told = rawIndex(call.get('index'));
    const index =
      told === null
        ? indexOfCall(fold, call, alone ? null : position)
        : placeOfCall(fold, call, told);
    let known = fold.toolCalls.get(index);
    if (known === undefined) {
      known = { argumentText: newTrack(), ofFunction: new Map(), members: new Map() };
      fold.toolCalls.set(index, known);
    }
    for (const [key, value] of call) {
      if (key !== 'function') keepFirst(known.members, key, value);
    }
    for (const [key, value] of rawMembers(call.get('function'))) {
      if (key !== 'arguments') keepFirst(known.ofFunction, key, value);
      else addPiece(known.argumentText, rawString(value) ?? '', evidence, false);
    }
  }
}

/** Longer arguments are not checked for completeness: each check parses all of them. */
const WHOLE_CHARS_MAX = 16 * 1024;

/**
 * Which call a fragment with an index belongs to. Some OpenAI-compatible servers give every call the index 0: there another
 * id starts another call if it has another function name, or arguments after complete ones. An id alone does not, since
 * some servers invent one per fragment, and repeat the name in each as well.
 * Source: github.com/ollama/ollama/issues/15457, github.com/ai-dynamo/dynamo/pull/4723 (2025 and 2026).
 */
function placeOfCall(fold: MessageFold, call: RawObject, index: number): number {
  const place = fold.movedCalls.get(index) ?? index;
  const known = fold.toolCalls.get(place);
  const id = rawString(call.get('id')) ?? '';
  const knownId = rawString(known?.members.get('id')) ?? '';
  if (known === undefined || id === '' || knownId === '' || id === knownId) return place;
  const ofFunction = rawMembers(call.get('function'));
  const name = rawString(ofFunction.get('name')) ?? '';
  const piece = rawString(ofFunction.get('arguments')) ?? '';
  const isSame = name === (rawString(known.ofFunction.get('name')) ?? '');
  if (name === '' || (isSame && !(piece.startsWith('{') && isWhole(known.argumentText))))
    return place;
  const moved = indexOfCall(fold, call, null);
  fold.movedCalls.set(index, moved);
  return moved;
}

function isWhole({ text, packed }: TextTrack): boolean {
  if (packed.length > 0 || !text.endsWith('}') || text.length > WHOLE_CHARS_MAX) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Which call a fragment without an index belongs to: by its id the one that has it, or a new one; without an id the one at
 * its place among several (`position`) or, if alone, the latest.
 */
function indexOfCall(fold: MessageFold, call: RawObject, position: number | null): number {
  const id = rawString(call.get('id')) ?? '';
  const last = Math.max(-1, ...fold.toolCalls.keys());
  if (id === '') return position ?? Math.max(0, last);
  for (const [index, { members }] of fold.toolCalls) {
    if (rawString(members.get('id')) === id) return index;
  }
  return last + 1;
}

/** Id and name come with a call's first fragment; later ones have `""` or null there. */
function keepFirst(target: Map<string, string>, key: string, raw: string): void {
  const known = target.get(key);
  if (known === undefined || known === 'null' || known === '""')
    target.set(ownText(key), ownText(raw));
}

function contentText(fold: MessageFold, evidence: StreamEvidence, noContent: string): string {
  if (fold.contentKind === 'none') return noContent;
  const text = JSON.stringify(finishedText(fold.content, evidence));
  if (fold.contentKind === 'text') return text;
  const parts = [...fold.otherParts];
  if (text !== '""' || fold.besideText.size > 0) {
    parts.unshift(objectText([...fold.besideText, ['text', text]]));
  }
  return `[${parts.join(',')}]`;
}

function toolCallsText(fold: MessageFold, evidence: StreamEvidence): string {
  const calls = [...fold.toolCalls].sort(([first], [second]) => first - second);
  const texts = calls.map(([, call]) => {
    const argumentText = JSON.stringify(finishedText(call.argumentText, evidence));
    const ofFunction = objectText([...call.ofFunction, ['arguments', argumentText]]);
    return objectText([...call.members, ['function', ofFunction]]);
  });
  return `[${texts.join(',')}]`;
}

function trackOf(tracks: Map<string, TextTrack>, key: string): TextTrack {
  let track = tracks.get(key);
  if (track === undefined) {
    track = newTrack();
    tracks.set(ownText(key), track);
  }
  return track;
}
