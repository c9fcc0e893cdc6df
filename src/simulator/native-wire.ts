import type { Answer, AnswerChoice, AnswerUsage, ToolCall } from './answer-shape.ts';
import { streamDeltas } from './deltas.ts';
import type { Delta } from './deltas.ts';
import { logprobsOf } from './logprobs.ts';
import { asObject } from './request.ts';
import type { JsonObject, SimulatedRequest } from './request.ts';

/** One frame of a native stream: `id`, event, status in a comment, data; no blank after the colons (recorded). */
export function nativeFrame(id: number, status: number, data: unknown): string {
  const event = status === 200 ? 'result' : 'error';
  return `id:${id}\nevent:${event}\n:HTTP_STATUS/${status}\ndata:${JSON.stringify(data)}\n\n`;
}

type Counted = { readonly output: number; readonly reasoning: number };

function isMultimodal(request: SimulatedRequest): boolean {
  return request.endpoint === 'multimodal-generation';
}

function nativeUsage(request: SimulatedRequest, usage: AnswerUsage, counted: Counted): JsonObject {
  const { input, image, video, audio } = usage;
  const multimodal = isMultimodal(request);
  const strategy = asObject(request.parameters['search_options'])?.['search_strategy'] ?? 'turbo';
  return {
    total_tokens: input + counted.output,
    output_tokens: counted.output,
    input_tokens: input,
    ...(multimodal
      ? {
          input_tokens_details: {
            text_tokens: input - image - video - audio,
            ...(image > 0 && { image_tokens: image }),
            ...(video > 0 && { video_tokens: video }),
            ...(audio > 0 && { audio_tokens: audio }),
          },
          ...(image > 0 && { image_tokens: image }),
          ...(video > 0 && { video_tokens: video }),
          ...(audio > 0 && { audio_tokens: audio }),
        }
      : { prompt_tokens_details: { cached_tokens: 0 } }),
    ...((request.thinking || multimodal) && {
      output_tokens_details: {
        ...(request.thinking && { reasoning_tokens: counted.reasoning }),
        // The text part leaves the reasoning out (recorded on thinking vision models).
        ...(multimodal && { text_tokens: counted.output - counted.reasoning }),
      },
    }),
    ...(usage.searches > 0 && { plugins: { search: { count: usage.searches, strategy } } }),
    ...(usage.seconds > 0 && { seconds: usage.seconds }),
  };
}

function nativeContent(
  request: SimulatedRequest,
  text: string,
  ocrResult: JsonObject | null,
): unknown {
  if (!isMultimodal(request)) return text;
  return text === '' && ocrResult === null
    ? []
    : [{ ...(ocrResult !== null && { ocr_result: ocrResult }), text }];
}

function nativeToolCall({ index, id, name, arguments: text }: ToolCall, first = true): JsonObject {
  return {
    index,
    id: first ? id : '',
    type: 'function',
    function: { ...(first && { name }), arguments: text },
  };
}

type Said = {
  readonly content: string;
  readonly reasoning: string;
  readonly toolCalls: readonly JsonObject[];
};

function nativeMessage(
  request: SimulatedRequest,
  said: Said,
  ocrResult: JsonObject | null,
): JsonObject {
  return {
    role: 'assistant',
    content: nativeContent(request, said.content, ocrResult),
    ...(request.thinking && { reasoning_content: said.reasoning }),
    ...(said.toolCalls.length > 0 && { tool_calls: said.toolCalls }),
    ...(request.traits.family === 'asr' && {
      annotations: [{ type: 'audio_info', language: 'zh', emotion: 'neutral' }],
    }),
  };
}

function nativeChoice(request: SimulatedRequest, choice: AnswerChoice): JsonObject {
  const said = {
    content: choice.content.join(''),
    reasoning: choice.reasoning.join(''),
    toolCalls: choice.toolCalls.map((call) => nativeToolCall(call)),
  };
  const logprobs = logprobsOf(request, choice.content);
  return {
    finish_reason: choice.finishReason,
    ...(request.parameters['n'] !== undefined && { index: choice.index }),
    message: nativeMessage(request, said, choice.ocrResult),
    ...(logprobs !== null && { logprobs }),
  };
}

function modelName(request: SimulatedRequest, finishReason: string): JsonObject {
  const isTranslation = request.traits.family === 'translation';
  return isTranslation ? { finish_reason: finishReason, model_name: request.model } : {};
}

/** `output.search_info` where `enable_source` asks for it, else nothing. */
function searchInfo(request: SimulatedRequest): JsonObject {
  const options = asObject(request.parameters['search_options']);
  if (request.parameters['enable_search'] !== true || options?.['enable_source'] !== true)
    return {};
  const results = [1, 2].map((index) => ({
    site_name: 'example.com',
    icon: '',
    index,
    title: `搜索结果 ${index}`,
    url: `https://example.com/${index}`,
  }));
  return { search_info: { search_results: results } };
}

/** The body of an unstreamed native answer. */
export function nativeBody(request: SimulatedRequest, answer: Answer, requestId: string): string {
  const first = answer.choices[0];
  const usage = nativeUsage(request, answer.usage, answer.usage);
  const reason = first?.finishReason ?? 'stop';
  const output =
    request.resultFormat === 'text'
      ? {
          finish_reason: reason,
          text: first?.content.join('') ?? '',
          ...modelName(request, reason),
          ...searchInfo(request),
        }
      : {
          ...modelName(request, reason),
          choices: answer.choices.map((choice) => nativeChoice(request, choice)),
          ...searchInfo(request),
        };
  return JSON.stringify({ output, usage, request_id: requestId });
}

function deltaOutput(request: SimulatedRequest, delta: Delta): JsonObject {
  // While streaming the reason is the string "null" (recorded).
  const reason = delta.finishReason ?? 'null';
  if (request.resultFormat === 'text') {
    return { finish_reason: reason, text: delta.content, ...modelName(request, reason) };
  }
  const { toolCall, choice } = delta;
  const toolCalls = toolCall === null ? [] : [nativeToolCall(toolCall, toolCall.first)];
  const ocrResult = delta.finishReason === null ? null : choice.ocrResult;
  const logprobs = delta.newPieces.length === 0 ? null : logprobsOf(request, delta.newPieces);
  const shown = {
    message: nativeMessage(request, { ...delta, toolCalls }, ocrResult),
    ...((request.parameters['n'] !== undefined || request.parameters['tools'] !== undefined) && {
      index: choice.index,
    }),
    ...(logprobs !== null && { logprobs }),
    finish_reason: reason,
  };
  return { ...modelName(request, reason), choices: [shown] };
}

/**
 * The frames of a streamed native answer. Usage is cumulative; the last frame has the final
 * values. With `prepend_search_result` the first frame holds `search_info` and no usage.
 */
export function nativeFrames(
  request: SimulatedRequest,
  answer: Answer,
  requestId: string,
): readonly string[] {
  const found = searchInfo(request);
  const ahead = asObject(request.parameters['search_options'])?.['prepend_search_result'] === true;
  const frames: string[] = [];
  if (ahead && 'search_info' in found) {
    const message = nativeMessage(request, { content: '', reasoning: '', toolCalls: [] }, null);
    const output = { choices: [{ message, finish_reason: 'null' }], ...found };
    frames.push(nativeFrame(1, 200, { output, usage: {}, request_id: requestId }));
  }
  for (const delta of streamDeltas(answer, !request.incremental)) {
    const usage = nativeUsage(request, answer.usage, {
      output: delta.output,
      reasoning: delta.reasoningTokens,
    });
    const output = {
      ...deltaOutput(request, delta),
      ...(!ahead && delta.finishReason !== null && found),
    };
    frames.push(nativeFrame(frames.length + 1, 200, { output, usage, request_id: requestId }));
  }
  return frames;
}
