import { addAudio, audioText, newAudio } from './audio-fold.ts';
import type { AudioFold } from './audio-fold.ts';
import { addChoices, choicesFinished, choicesText, realFinishReason } from './choice-fold.ts';
import type { ChoicesFold } from './choice-fold.ts';
import { keepMember, objectText, ownText, rawMembers, rawString } from './raw-json.ts';
import type { RawObject } from './raw-json.ts';
import { saysUnfinished } from './finish-reason.ts';
import { saysAnything } from './message-fold.ts';
import { isObject } from '../json/is-object.ts';
import type { JsonFields } from './reply-failure.ts';
import { addResearch, newResearch, researchText } from './research-fold.ts';
import type { ResearchFold } from './research-fold.ts';
import { addPiece, finishedText, hasText, newTrack } from './text-track.ts';
import type { StreamEvidence, TextMode, TextTrack } from './text-track.ts';

/** A streamed answer of either protocol being received; passed-through values stay raw. */
export type AnswerFold = {
  /** Null until a frame has shown the protocol. */
  shape: 'native' | 'compatible' | null;
  readonly askedMode: TextMode | null;
  evidence: StreamEvidence;
  readonly choices: ChoicesFold;
  /** `output.text`, for `result_format: "text"`. */
  readonly text: TextTrack;
  textSeen: boolean;
  /** `output.finish_reason`, for the text; qwen-mt repeats the choice's there. */
  finishReason: string | null;
  readonly research: ResearchFold;
  researchSeen: boolean;
  /** `output.audio`: pieces as in a message. */
  readonly outputAudio: AudioFold;
  readonly output: Map<string, string>;
  readonly top: Map<string, string>;
  usage: string | null;
};

/** An empty answer; `mode` null: by the protocol of the first frame. */
export function newAnswer(mode: TextMode | null): AnswerFold {
  return {
    shape: null,
    askedMode: mode,
    evidence: { mode: mode ?? 'detect', incremental: false, appended: { chars: 0 } },
    choices: new Map(),
    text: newTrack(),
    textSeen: false,
    finishReason: null,
    research: newResearch(),
    researchSeen: false,
    outputAudio: newAudio(),
    output: new Map(),
    top: new Map(),
    usage: null,
  };
}

/**
 * Adds one frame: the text of a JSON object that is no error. `counts`: its usage holds counts. The last such usage is the
 * answer's; a null or empty one (search results) does not replace it.
 */
export function addFrame(answer: AnswerFold, frame: string, counts: boolean): void {
  const members = rawMembers(frame);
  if (answer.shape === null) learnShape(answer, members);
  for (const [key, raw] of members) {
    if (key === 'usage') {
      if (counts || (answer.usage === null && raw !== 'null')) answer.usage = ownText(raw);
    } else if (key === 'output' && raw.startsWith('{')) addOutput(answer, raw);
    else if (key === 'choices' && raw.startsWith('[')) {
      addChoices(answer.choices, raw, answer.evidence);
    } else keepMember(answer.top, key, raw);
  }
}

/** True once any part of the answer itself has come. */
export function hasBegun({ choices, text, researchSeen }: AnswerFold): boolean {
  if (hasText(text) || researchSeen) return true;
  return [...choices.values()].some(({ message }) => saysAnything(message));
}

/** True once every part of the answer, with `choices` choices, has a real finish reason. */
export function isFinished(answer: AnswerFold, choices: number): boolean {
  if (answer.choices.size > 0) return choicesFinished(answer.choices, choices);
  if (answer.textSeen) return answer.finishReason !== null;
  return answer.researchSeen && answer.research.finished;
}

/**
 * True for the last frame of a stream: the answer is finished, and the frame has the final usage (`counts`: it holds
 * counts). In the native protocol it is the one with the finish reasons; in the OpenAI-compatible one it has no choices. A
 * similar frame with other content, and deep research (whose `finished` only the end of the stream confirms), prove
 * nothing.
 * Source: service contract sections 4.2, 4.5 and 4.6; all recorded streams.
 */
export function isClosing(
  answer: AnswerFold,
  frame: { readonly value: JsonFields; readonly counts: boolean },
  choices: number,
): boolean {
  if (!frame.counts || !isFinished(answer, choices)) return false;
  const { choices: chunks, output } = frame.value;
  if (answer.shape === 'compatible') return Array.isArray(chunks) && chunks.length === 0;
  if (!isObject(output)) return false;
  const ends: unknown = output['choices'] ?? (answer.textSeen ? [output] : []);
  return Array.isArray(ends) && ends.length > 0 && ends.every(saysFinished);
}

function saysFinished(choice: unknown): boolean {
  const reason: unknown = isObject(choice) ? choice['finish_reason'] : null;
  return typeof reason === 'string' && reason !== '' && !saysUnfinished(reason);
}

/** The complete answer as JSON text in its protocol's unstreamed shape. */
export function answerText(answer: AnswerFold): string {
  return answer.shape === 'compatible' ? compatibleText(answer) : nativeText(answer);
}

/** A frame with neither (only an id, or an empty keep-alive object) shows nothing. */
function learnShape(answer: AnswerFold, members: RawObject): void {
  const compatible = members.get('choices')?.startsWith('[') === true;
  if (!compatible && members.get('output')?.startsWith('{') !== true) return;
  answer.shape = compatible ? 'compatible' : 'native';
  // The compatible protocol sends deltas, except for models known to the caller.
  if (compatible && answer.askedMode === null) {
    answer.evidence = { ...answer.evidence, mode: 'append', incremental: true };
  }
}

function addOutput(answer: AnswerFold, output: string): void {
  for (const [key, raw] of rawMembers(output)) {
    if (key === 'choices') addChoices(answer.choices, raw, answer.evidence);
    else if (key === 'finish_reason') {
      answer.finishReason = realFinishReason(raw) ?? answer.finishReason;
    } else if (key === 'text' && raw.startsWith('"')) {
      answer.textSeen = true;
      addPiece(answer.text, rawString(raw) ?? '', answer.evidence, true);
    } else if (key === 'message' && raw.startsWith('{')) {
      answer.researchSeen = true;
      addResearch(answer.research, raw, answer.evidence);
    } else if (key === 'audio' && raw.startsWith('{')) {
      addAudio(answer.outputAudio, raw, answer.evidence);
    } else if (key !== 'text') keepMember(answer.output, key, raw);
  }
}

function nativeText(answer: AnswerFold): string {
  const { evidence } = answer;
  const output = new Map<string, string | null>();
  if (answer.choices.size > 0) {
    output.set('choices', choicesText(answer.choices, evidence, 'native'));
  } else if (answer.textSeen) {
    output.set('text', JSON.stringify(finishedText(answer.text, evidence)));
  } else output.set('message', researchText(answer.research, evidence));
  output.set('finish_reason', answer.finishReason);
  output.set('audio', audioText(answer.outputAudio, evidence));
  for (const [key, raw] of answer.output) {
    if (!output.has(key) || output.get(key) === null) output.set(key, raw);
  }
  return objectText([['output', objectText(output)], ['usage', answer.usage], ...answer.top]);
}

function compatibleText(answer: AnswerFold): string {
  const { top } = answer;
  const whole = new Map<string, string | null>([
    ['id', top.get('id') ?? null],
    ['object', '"chat.completion"'],
    ['created', top.get('created') ?? null],
    ['model', top.get('model') ?? null],
    ['choices', choicesText(answer.choices, answer.evidence, 'compatible')],
    ['usage', answer.usage ?? 'null'],
    ['system_fingerprint', top.get('system_fingerprint') ?? null],
  ]);
  for (const [key, raw] of top) {
    if (!whole.has(key)) whole.set(key, raw);
  }
  return objectText(whole);
}
