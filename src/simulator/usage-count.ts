import type { AnswerChoice, AnswerUsage, ToolCall } from './answer-shape.ts';
import { asArray } from './request.ts';
import type { SimulatedRequest } from './request.ts';
import {
  AUDIO_SECONDS,
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

/** Input tokens: messages, media by number of pieces, tools by their definition. */
function countInput(
  request: SimulatedRequest,
): Pick<AnswerUsage, 'input' | 'image' | 'video' | 'audio'> {
  let text = 0;
  const media = { image: 0, video: 0, audio: 0 };
  for (const message of request.messages) {
    text += estimateTokens(message.text) + MESSAGE_OVERHEAD_TOKENS;
    for (const part of message.parts ?? []) {
      if (part['image'] !== undefined || part['image_url'] !== undefined)
        media.image += MEDIA_TOKENS.image;
      if (part['audio'] !== undefined || part['input_audio'] !== undefined)
        media.audio += MEDIA_TOKENS.audio;
      const video = part['video'] ?? part['video_url'];
      if (video !== undefined) {
        media.video += Array.isArray(video)
          ? video.length * MEDIA_TOKENS.frame
          : MEDIA_TOKENS.video;
      }
    }
  }
  const tools = asArray(request.parameters['tools']);
  if (tools.length > 0) text += estimateTokens(JSON.stringify(tools));
  return { ...media, input: text + media.image + media.video + media.audio };
}

/** Counts what an answer costs, from the request's content and the answer's tokens. */
export function countUsage(
  request: SimulatedRequest,
  choices: readonly AnswerChoice[],
): AnswerUsage {
  const input = countInput(request);
  let reasoning = 0;
  let rest = 0;
  for (const choice of choices) {
    reasoning += choice.reasoning.length;
    rest += choice.content.length;
    for (const call of choice.toolCalls) rest += toolCallTokens(call);
  }
  return {
    ...input,
    output: reasoning + rest,
    reasoning,
    searches: request.parameters['enable_search'] === true ? 1 : 0,
    seconds:
      request.traits.family === 'asr' ? (input.audio / MEDIA_TOKENS.audio) * AUDIO_SECONDS : 0,
  };
}
