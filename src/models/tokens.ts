import { isObject } from '../json/is-object.ts';
import { limitFor } from './limit-for.ts';
import { heardTokens, mediaTokens } from './media-tokens.ts';
import type { ModelProfile } from './model-profile.ts';
import { estimateText } from './text-tokens.ts';

/** The input of a request, in either protocol's shape; values are parsed JSON. */
export type TokenInput = {
  readonly messages: unknown;
  readonly tools?: unknown;
  /** `vl_high_resolution_images`: images up to the model's maximum size. */
  readonly highResolution?: boolean;
  readonly profile: ModelProfile;
};

/** A request as seen by the estimate. */
export type TokenEstimateInput = TokenInput & {
  readonly maxTokens: number | null;
  /** For thoughts and answer combined (service contract 2.3). */
  readonly maxCompletionTokens?: number | null;
  /** Null: unset, the model's default. */
  readonly thinking: boolean | null;
  readonly thinkingBudget?: number | null;
  /** Number of answers; multiplies the output only. */
  readonly n?: number;
  /** Mean tokens of earlier answers; null: none seen. */
  readonly outputSeen?: number | null;
};

export type TokenEstimate = {
  readonly inputTokens: number;
  /** The text part of the input, before scaling. */
  readonly textTokens: number;
  /** The audio part of the input, and that of images, video and files. */
  readonly audioTokens: number;
  readonly visualTokens: number;
  readonly outputExpectedTokens: number;
  /** The most output possible; null if a limit is unknown. */
  readonly outputMaxTokens: number | null;
};

/** The output part of an estimate. */
export type OutputEstimate = Pick<TokenEstimate, 'outputExpectedTokens' | 'outputMaxTokens'>;

// Chat template, measured on documented examples: start mark, role, newline, end mark, newline; and
// the opening of the answer.
const TOKENS_PER_MESSAGE = 5;
const TOKENS_TO_OPEN_ANSWER = 3;
// Text of Qwen's chat template around the tool schemas.
const TOKENS_AROUND_TOOLS = 105;

/** Expected answer before any has come; thinking adds three times as much (assumed). */
const ANSWER_EXPECTED = 512;
const THINKING_EXPECTED = 1_536;

/** How the input is estimated. */
export type InputManner = {
  /** Ratio of exact counts to fast estimates for other texts of the job; default 1. */
  readonly textScale?: number | undefined;
  /** Samples less of a text; for one of thousands. */
  readonly quick?: boolean;
};

/** Accumulates a request's input: non-text tokens, and a callback for each text. */
type Input = {
  fixed: number;
  audio: number;
  visual: number;
  readonly onText: (text: string) => void;
  /** Whether media are examined: the size of an image is read from its bytes. */
  readonly looks: boolean;
};

/**
 * Tokens of a request before it is sent. Input by the fast estimate of its texts, scaled, plus the chat template and media;
 * expected output by earlier answers of the kind, else 512 tokens per answer (2,048 with thinking), at most what the
 * request or the model allows. `max_tokens` does not limit the chain of thought, so the maximum adds the thinking budget or
 * the model's maximum; `max_completion_tokens` does limit it. Never throws, whatever the shapes.
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

/** The tokens of a request's texts only: those of media are often unknown before sending. */
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

/** Passes each text to `onText`; returns the tokens of everything else, `fixed`, and with `looks` those of media. */
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

/** The output part of `estimateTokens`: expected and maximum. */
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
