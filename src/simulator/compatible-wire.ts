import type { Answer, AnswerChoice, AnswerUsage } from './answer-shape.ts';
import { streamDeltas } from './deltas.ts';
import type { Delta } from './deltas.ts';
import { logprobsOf } from './logprobs.ts';
import { annotationsField, toolCallField } from './message-fields.ts';
import { cacheDetails } from './native-usage.ts';
import { asObject } from './request.ts';
import type { JsonObject, SimulatedRequest } from './request.ts';

/** `created` of every answer: constant, so that equal requests get identical bytes. 2025-10-09 08:53:20 UTC. */
const CREATED = 1_760_000_000;

/** The end of every stream of the OpenAI-compatible endpoint. */
const DONE = 'data: [DONE]\n\n';

/** One frame of a stream of the OpenAI-compatible endpoint. */
export function compatibleFrame(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

function compatibleUsage(request: SimulatedRequest, usage: AnswerUsage): JsonObject {
  const { input, output, reasoning, image, video, audio } = usage;
  const media = image + video + audio;
  const sums = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  // Translation has the details as null (documented).
  if (request.traits.family === 'translation')
    return { ...sums, prompt_tokens_details: null, completion_tokens_details: null };
  return {
    ...sums,
    prompt_tokens_details: {
      ...cacheDetails(usage),
      ...(media > 0 && { text_tokens: input - media }),
      ...(image > 0 && { image_tokens: image }),
      ...(video > 0 && { video_tokens: video }),
      ...(audio > 0 && { audio_tokens: audio }),
    },
    ...((request.thinking || media > 0) && {
      completion_tokens_details: {
        ...(request.thinking && { reasoning_tokens: reasoning }),
        ...(media > 0 && { text_tokens: output - reasoning }),
      },
    }),
    ...(usage.seconds > 0 && { seconds: usage.seconds }),
  };
}

function compatibleChoice(request: SimulatedRequest, choice: AnswerChoice): JsonObject {
  return {
    index: choice.index,
    message: {
      role: 'assistant',
      content: choice.content.join(''),
      ...(request.thinking && { reasoning_content: choice.reasoning.join('') }),
      ...(choice.toolCalls.length > 0 && {
        tool_calls: choice.toolCalls.map((call) => toolCallField(call, true)),
      }),
      ...annotationsField(request),
    },
    finish_reason: choice.finishReason,
    logprobs: logprobsOf(request, choice.content),
  };
}

/** The body of an unstreamed answer of the OpenAI-compatible endpoint. */
export function compatibleBody(
  request: SimulatedRequest,
  answer: Answer,
  requestId: string,
): string {
  return JSON.stringify({
    choices: answer.choices.map((choice) => compatibleChoice(request, choice)),
    object: 'chat.completion',
    usage: compatibleUsage(request, answer.usage),
    created: CREATED,
    system_fingerprint: null,
    model: request.model,
    id: `chatcmpl-${requestId}`,
  });
}

function deltaOf(request: SimulatedRequest, delta: Delta): JsonObject {
  if (delta.toolCalls.length > 0) {
    return {
      content: null,
      tool_calls: delta.toolCalls.map((call) => toolCallField(call, call.first)),
    };
  }
  if (delta.reasoning !== '') return { content: null, reasoning_content: delta.reasoning };
  return { content: delta.content, ...(request.thinking && { reasoning_content: null }) };
}

/** The frames of a streamed answer of the OpenAI-compatible endpoint, `[DONE]` included. */
export function compatibleFrames(
  request: SimulatedRequest,
  answer: Answer,
  requestId: string,
): readonly string[] {
  const common = {
    object: 'chat.completion.chunk',
    created: CREATED,
    system_fingerprint: null,
    model: request.model,
    id: `chatcmpl-${requestId}`,
  };
  const chunk = (index: number, delta: JsonObject, more: JsonObject): string =>
    compatibleFrame({
      choices: [{ delta, index, finish_reason: null, logprobs: null, ...more }],
      usage: null,
      ...common,
    });
  const opening = { role: 'assistant', content: '', ...annotationsField(request) };
  const { family, alwaysCumulative } = request.traits;
  // The first chunk of speech recognition has no such field at all (documented).
  const opened = family === 'asr' ? { finish_reason: undefined } : {};
  const frames = answer.choices.map(({ index }) => chunk(index, opening, opened));
  for (const delta of streamDeltas(answer, !request.incremental)) {
    const logprobs = delta.newPieces.length === 0 ? null : logprobsOf(request, delta.newPieces);
    frames.push(
      chunk(delta.choice.index, deltaOf(request, delta), {
        finish_reason: delta.finishReason,
        logprobs,
      }),
    );
  }
  // An incremental translation reports its stop twice (documented for qwen-mt-flash).
  if (family === 'translation' && !alwaysCumulative) frames.push(frames.at(-1) ?? '');
  if (asObject(request.parameters['stream_options'])?.['include_usage'] === true) {
    frames.push(
      compatibleFrame({ choices: [], usage: compatibleUsage(request, answer.usage), ...common }),
    );
  }
  return [...frames, DONE];
}
