/**
 * Tokens charged per medium, whatever its size: the simulator never fetches it.
 *
 * Source: recorded usage of 2024 to 2026 (an image 1,247 of qwen-vl-plus, eight frames 1,440 of qwen-vl-max; two documents
 * 1,826 of qwen-doc-turbo) and 25 tokens per second of audio (qwen-audio page), taken as twelve seconds.
 */
export const MEDIA_TOKENS = {
  image: 1247,
  video: 1440,
  frame: 180,
  audio: 300,
  document: 900,
} as const;

/** Input tokens that a run of the code interpreter adds (recorded: 281 became 723). */
export const CODE_RUN_TOKENS = 442;

/** Minimum prefix length of the explicit cache (context cache page, Feb 2026). */
export const CACHED_TOKENS_LEAST = 1024;

/** Seconds of audio that `MEDIA_TOKENS.audio` stands for. */
export const AUDIO_SECONDS = 12;

/** Tokens for role and separators of each message. */
export const MESSAGE_OVERHEAD_TOKENS = 4;

const PIECE = /[\u4e00-\u9fff]{1,2}|[ \t]?[A-Za-z]{1,7}|[ \t]?\d{1,3}|\s+|[^]/gu;

/**
 * Splits text into the simulator's tokens: at most two Chinese characters, seven letters or three digits, else one
 * character. Joined they give the text.
 */
export function splitTokens(text: string): readonly string[] {
  return text.match(PIECE) ?? [];
}

/** Estimated tokens of an input text, in one cheap pass: four ASCII characters or 1.6 others per token. */
export function estimateTokens(text: string): number {
  let other = 0;
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 127) other += 1;
  return Math.ceil((text.length - other) / 4 + other / 1.6);
}

/** White space, or one character repeated: a single token of any length. */
const RUNS = /\s+|(.)\1{3,}/gsu;

/** Approximate minimum of tokens for an input text: a word of twenty letters, or twelve of other scripts, can be one. */
export function leastTokens(text: string): number {
  const dense = text.replaceAll(RUNS, ' ');
  let other = 0;
  for (let at = 0; at < dense.length; at += 1) if (dense.charCodeAt(at) > 127) other += 1;
  return Math.floor((dense.length - other) / 20 + other / 12);
}
