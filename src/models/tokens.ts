import { isObject } from '../json/is-object.ts';
import { limitFor } from './limit-for.ts';
import { heardTokens, mediaTokens } from './media-tokens.ts';
import type { ModelProfile } from './model-profile.ts';
import { estimateText } from './text-tokens.ts';

/** What a request brings, in either protocol's shape; values are parsed JSON. */
export type TokenInput = {
  readonly messages: unknown;
  readonly tools?: unknown;
  /** `vl_high_resolution_images`: images may be as large as the model takes. */
  readonly highResolution?: boolean;
  readonly profile: ModelProfile;
};

/** A request as the estimate sees it. */
export type TokenEstimateInput = TokenInput & {
  readonly maxTokens: number | null;
  /** Of thoughts and answer together (service contract 2.3). */
  readonly maxCompletionTokens?: number | null;
  /** Null: not said, the model's default. */
  readonly thinking: boolean | null;
  readonly thinkingBudget?: number | null;
  /** Answers asked for; multiplies the output only. */
  readonly n?: number;
  /** Mean tokens of one answer where such have been seen; null: none. */
  readonly outputSeen?: number | null;
};

export type TokenEstimate = {
  readonly inputTokens: number;
  /** What of the input is text, before it was scaled. */
  readonly textTokens: number;
  /** What of the input is audio, and what is images, video and files. */
  readonly audioTokens: number;
  readonly visualTokens: number;
  readonly outputExpectedTokens: number;
  /** The most that the request can bring; null where a limit is unknown. */
  readonly outputMaxTokens: number | null;
};

/** The output half of an estimate. */
export type OutputEstimate = Pick<TokenEstimate, 'outputExpectedTokens' | 'outputMaxTokens'>;

// Chat template, measured on documented examples: start mark, role, newline, end mark, newline; and
// the opening of the answer.
const TOKENS_PER_MESSAGE = 5;
const TOKENS_TO_OPEN_ANSWER = 3;
// The text that Qwen's chat template puts around the tool schemas.
const TOKENS_AROUND_TOOLS = 105;

/** Expected answer before any has come; a model's thinking adds three times as much (assumed). */
const ANSWER_EXPECTED = 512;
const THINKING_EXPECTED = 1_536;

/** How the input is estimated. */
export type InputManner = {
  /** What exact counts of other texts of the job are of their fast estimates; 1 by default. */
  readonly textScale?: number | undefined;
  /** Looks at less of a text; for one of thousands. */
  readonly quick?: boolean;
};

/** What a request's input is added up to: tokens that are not text, and what is done with each text. */
type Input = {
  fixed: number;
  audio: number;
  visual: number;
  readonly onText: (text: string) => void;
  /** Whether media are looked at: the size of an image is found in its bytes. */
  readonly looks: boolean;
};

/**
 * Tokens of a request before it is sent. Input by the fast estimate of its texts, scaled, plus the
 * chat template and media; output expected at what such answers took, else 512 tokens an answer (2,048
 * with thinking), at most what the request or the model allows. `max_tokens` does not limit the chain
 * of thought, so that the maximum adds the thinking budget or the model's longest; `max_completion_tokens`
 * does. Never throws,
 * whatever the shapes are.
 */
export function estimateTokens(
  request: TokenEstimateInput,
  manner: InputManner = {},
): TokenEstimate {
  const { quick } = manner;
  let textTokens = 0;
  const { fixed, audio, visual } = readInput(request, (text) => {
    textTokens += estimateText(text, quick);
  });
  const inputTokens = Math.round(fixed + textTokens * (manner.textScale ?? 1));
  const { outputExpectedTokens, outputMaxTokens } = estimateOutputTokens(request);
  return {
    inputTokens,
    textTokens,
    audioTokens: audio,
    visualTokens: visual,
    outputExpectedTokens,
    outputMaxTokens,
  };
}

/** The tokens of a request's texts alone: what media have is often not known before they are sent. */
export function estimateTextTokens(request: TokenInput): number {
  let tokens = 0;
  for (const text of requestTexts(request)) tokens += estimateText(text);
  return Math.round(tokens);
}

/** Every text of a request that the estimate counts. */
export function requestTexts(request: TokenInput): readonly string[] {
  const texts: string[] = [];
  const push = (text: string): void => {
    texts.push(text);
  };
  readInput(request, push, false);
  return texts;
}

/** Hands on each text; returns the tokens of all the rest, `fixed`, and where `looks` what of those are media. */
function readInput(request: TokenInput, onText: (text: string) => void, looks = true): Input {
  const { messages, tools } = request;
  const input: Input = { fixed: TOKENS_TO_OPEN_ANSWER, audio: 0, visual: 0, onText, looks };
  for (const message of Array.isArray(messages) ? messages : [messages]) {
    input.fixed += TOKENS_PER_MESSAGE;
    readMessage(message, request, input);
  }
  if (Array.isArray(tools) && tools.length > 0) {
    input.fixed += TOKENS_AROUND_TOOLS;
    onText(JSON.stringify(tools));
  }
  return input;
}

function readMessage(message: unknown, request: TokenInput, input: Input): void {
  if (!isObject(message)) {
    if (typeof message === 'string') input.onText(message);
    return;
  }
  const calls = message['tool_calls'];
  if (Array.isArray(calls)) input.onText(JSON.stringify(calls));
  const content = message['content'];
  if (typeof content === 'string') input.onText(content);
  else if (Array.isArray(content)) {
    for (const part of content as readonly unknown[]) readPart(part, request, input);
  }
}

/** One part: native `{text}`, `{image}`, ...; OpenAI's `{type, text | image_url | input_audio | ...}`. */
function readPart(part: unknown, request: TokenInput, input: Input): void {
  if (typeof part === 'string') input.onText(part);
  if (!isObject(part)) return;
  const text = part['text'];
  if (typeof text === 'string') input.onText(text);
  if (!input.looks) return;
  const model = request.profile.canonicalId;
  const media = mediaTokens(part, model, request.highResolution === true);
  if (media === 0) return;
  const heard = heardTokens(part, model);
  input.fixed += media;
  input.audio += heard;
  input.visual += media - heard;
}

/** The output half of `estimateTokens`: what is expected, and the most that can come. */
export function estimateOutputTokens(request: TokenEstimateInput): OutputEstimate {
  const { profile, maxTokens } = request;
  const answers = request.n ?? 1;
  const asked = request.thinking ?? profile.thinkingDefault;
  const thinks = profile.thinking === 'only' ? true : asked;
  const thinking = thinks ?? false;
  const mayThink = thinking || (thinks === null && profile.thinking !== 'none');
  const answerMax = least(
    maxTokens,
    limitFor(thinks, profile.maxOutput, profile.maxOutputThinking),
  );
  const thoughtMax = least(request.thinkingBudget ?? null, profile.maxThinking);
  const assumed =
    Math.min(answerMax ?? ANSWER_EXPECTED, ANSWER_EXPECTED) +
    (thinking ? Math.min(thoughtMax ?? THINKING_EXPECTED, THINKING_EXPECTED) : 0);
  const unbounded = !mayThink
    ? answerMax
    : answerMax === null || thoughtMax === null
      ? null
      : answerMax + thoughtMax;
  const perAnswer = least(unbounded, request.maxCompletionTokens ?? null);
  const expected = Math.min(request.outputSeen ?? assumed, perAnswer ?? Infinity);
  return {
    outputExpectedTokens: Math.round(expected * answers),
    outputMaxTokens: perAnswer === null ? null : perAnswer * answers,
  };
}

function least(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}
