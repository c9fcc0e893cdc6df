import type { JsonObject } from './request.ts';

/** One tool call in an answer; `arguments` is JSON text. */
export type ToolCall = {
  readonly index: number;
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
};

/** One choice of an answer; texts are split into the simulator's tokens. */
export type AnswerChoice = {
  readonly index: number;
  readonly reasoning: readonly string[];
  readonly content: readonly string[];
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: 'stop' | 'length' | 'tool_calls';
  /** Result of an OCR task, in addition to the text. */
  readonly ocrResult: JsonObject | null;
};

/** Tokens of one call. `input` includes the media, `output` includes `reasoning`. */
export type AnswerUsage = {
  readonly input: number;
  /** The part of `input` counted before a built-in tool ran; all of it if none does. */
  readonly inputAtStart: number;
  /** The part of `input` read from the context cache. */
  readonly cached: number;
  /** The part of `input` written to the explicit context cache. */
  readonly cacheCreation: number;
  /** The explicit context cache was used, if only for reading. */
  readonly explicitCache: boolean;
  readonly output: number;
  readonly reasoning: number;
  readonly image: number;
  readonly video: number;
  readonly audio: number;
  readonly searches: number;
  /** Runs of the code interpreter. */
  readonly codeRuns: number;
  /** Seconds of audio, for speech recognition. */
  readonly seconds: number;
};

/** A complete answer, before encoding in either protocol. */
export type Answer = { readonly choices: readonly AnswerChoice[]; readonly usage: AnswerUsage };
