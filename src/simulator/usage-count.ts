import type { AnswerChoice, AnswerUsage, ToolCall } from './answer-shape.ts';
import { asArray } from './request.ts';
import type { JsonObject, SimulatedMessage, SimulatedRequest } from './request.ts';
import {
  AUDIO_SECONDS,
  CACHED_TOKENS_LEAST,
  CODE_RUN_TOKENS,
  estimateTokens,
  MEDIA_TOKENS,
  MESSAGE_OVERHEAD_TOKENS,
  splitTokens,
} from './tokens.ts';

/** Tokens of one tool call beyond its arguments. */
const TOOL_CALL_TOKENS = 8;

/** Tokens that a tool call adds to the output. */
export function toolCallTokens(call: ToolCall): number {
  return splitTokens(call.arguments).length + TOOL_CALL_TOKENS;
}

type Media = { image: number; video: number; audio: number; document: number };

function addMedia(part: JsonObject, media: Media): void {
  if (part['image'] !== undefined || part['image_url'] !== undefined)
    media.image += MEDIA_TOKENS.image;
  if (part['audio'] !== undefined || part['input_audio'] !== undefined)
    media.audio += MEDIA_TOKENS.audio;
  media.document += asArray(part['doc_url']).length * MEDIA_TOKENS.document;
  const video = part['video'] ?? part['video_url'];
  if (video !== undefined) {
    media.video += Array.isArray(video) ? video.length * MEDIA_TOKENS.frame : MEDIA_TOKENS.video;
  }
}

/** Files named by a system message of qwen-long: `fileid://id1,id2`. */
function filesNamed({ role, text }: SimulatedMessage): number {
  return role === 'system' && text.startsWith('fileid://') ? text.split(',').length : 0;
}

type Counted = Pick<AnswerUsage, 'input' | 'image' | 'video' | 'audio' | 'cacheCreation'>;

/** Input tokens: messages, media by number of pieces, tools by their definition. */
function countInput(request: SimulatedRequest): Counted {
  let text = 0;
  let marked = 0;
  const media: Media = { image: 0, video: 0, audio: 0, document: 0 };
  const all = (): number => text + media.image + media.video + media.audio + media.document;
  for (const message of request.messages) {
    text += estimateTokens(message.text) + MESSAGE_OVERHEAD_TOKENS;
    media.document += filesNamed(message) * MEDIA_TOKENS.document;
    for (const part of message.parts ?? []) addMedia(part, media);
    // Everything up to the mark is cached; the simulator rounds to whole messages.
    if (message.parts?.some((part) => part['cache_control'] !== undefined)) marked = all();
  }
  const tools = asArray(request.parameters['tools']);
  if (tools.length > 0) text += estimateTokens(JSON.stringify(tools));
  const { image, video, audio } = media;
  const cacheCreation = marked >= CACHED_TOKENS_LEAST ? marked : 0;
  return { input: all(), image, video, audio, cacheCreation };
}

function runsCode({ parameters, thinking }: SimulatedRequest): boolean {
  return parameters['enable_code_interpreter'] === true && thinking;
}

/**
 * Computes the usage of an answer from the request's content and the answer's tokens. `cached` tokens of the input (at most
 * all) count as read from the cache.
 */
export function countUsage(
  request: SimulatedRequest,
  choices: readonly AnswerChoice[],
  cached: number,
): AnswerUsage {
  const counted = countInput(request);
  const codeRuns = runsCode(request) ? 1 : 0;
  const hits = Math.min(cached, counted.input);
  let reasoning = 0;
  let rest = 0;
  for (const choice of choices) {
    reasoning += choice.reasoning.length;
    rest += choice.content.length;
    for (const call of choice.toolCalls) rest += toolCallTokens(call);
  }
  return {
    ...counted,
    input: counted.input + codeRuns * CODE_RUN_TOKENS,
    inputAtStart: counted.input,
    cached: hits,
    // A part of the input is either read from the cache or written to it.
    cacheCreation: Math.max(0, counted.cacheCreation - hits),
    explicitCache: counted.cacheCreation > 0,
    output: reasoning + rest,
    reasoning,
    searches: request.parameters['enable_search'] === true ? 1 : 0,
    codeRuns,
    seconds:
      request.traits.family === 'asr' ? (counted.audio / MEDIA_TOKENS.audio) * AUDIO_SECONDS : 0,
  };
}
