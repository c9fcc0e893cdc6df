import type { Answer, AnswerChoice } from './answer-shape.ts';
import { streamDeltas } from './deltas.ts';
import type { Delta } from './deltas.ts';
import { logprobsOf } from './logprobs.ts';
import { annotationsField, toolCallField } from './message-fields.ts';
import { imageSizes, searchInfo, TOOL_INFO } from './native-extras.ts';
import { countedAtEnd, nativeUsage } from './native-usage.ts';
import { asObject } from './request.ts';
import type { JsonObject, SimulatedRequest } from './request.ts';

/** One frame of a native stream: `id`, event, status in a comment, data; no blank after the colons (recorded). */
export function nativeFrame(id: number, status: number, data: unknown): string {
  const event = status === 200 ? 'result' : 'error';
  return `id:${id}\nevent:${event}\n:HTTP_STATUS/${status}\ndata:${JSON.stringify(data)}\n\n`;
}

function isMultimodal(request: SimulatedRequest): boolean {
  return request.endpoint === 'multimodal-generation';
}

/** Extra members beside the text of a multimodal answer; in a stream only at its end. */
function besideText(request: SimulatedRequest, { ocrResult }: AnswerChoice): JsonObject {
  if (!isMultimodal(request)) return {};
  return { ...(ocrResult !== null && { ocr_result: ocrResult }), ...imageSizes(request) };
}

function nativeContent(request: SimulatedRequest, text: string, beside: JsonObject): unknown {
  if (!isMultimodal(request)) return text;
  return text === '' && Object.keys(beside).length === 0 ? [] : [{ ...beside, text }];
}

type Said = {
  readonly content: string;
  readonly reasoning: string;
  readonly toolCalls: readonly JsonObject[];
};

function nativeMessage(request: SimulatedRequest, said: Said, beside: JsonObject): JsonObject {
  return {
    role: 'assistant',
    content: nativeContent(request, said.content, beside),
    ...(request.thinking && { reasoning_content: said.reasoning }),
    ...(said.toolCalls.length > 0 && { tool_calls: said.toolCalls }),
    ...annotationsField(request),
  };
}

function nativeChoice(request: SimulatedRequest, choice: AnswerChoice): JsonObject {
  const said = {
    content: choice.content.join(''),
    reasoning: choice.reasoning.join(''),
    toolCalls: choice.toolCalls.map((call) => toolCallField(call, true)),
  };
  const logprobs = logprobsOf(request, choice.content);
  return {
    finish_reason: choice.finishReason,
    ...(request.parameters['n'] !== undefined && { index: choice.index }),
    message: nativeMessage(request, said, besideText(request, choice)),
    ...(logprobs !== null && { logprobs }),
  };
}

function modelName(request: SimulatedRequest, finishReason: string): JsonObject {
  const isTranslation = request.traits.family === 'translation';
  return isTranslation ? { finish_reason: finishReason, model_name: request.model } : {};
}

/** The body of an unstreamed native answer. */
export function nativeBody(request: SimulatedRequest, answer: Answer, requestId: string): string {
  const first = answer.choices[0];
  const usage = nativeUsage(request, answer.usage, countedAtEnd(answer.usage));
  const toolInfo = answer.usage.codeRuns > 0 ? TOOL_INFO : {};
  const reason = first?.finishReason ?? 'stop';
  const output =
    request.resultFormat === 'text'
      ? {
          finish_reason: reason,
          text: first?.content.join('') ?? '',
          ...modelName(request, reason),
          ...searchInfo(request),
          ...toolInfo,
        }
      : {
          ...modelName(request, reason),
          choices: answer.choices.map((choice) => nativeChoice(request, choice)),
          ...searchInfo(request),
          ...toolInfo,
        };
  return JSON.stringify({ output, usage, request_id: requestId });
}

function deltaOutput(request: SimulatedRequest, delta: Delta): JsonObject {
  // While streaming the reason is the string "null" (recorded).
  const reason = delta.finishReason ?? 'null';
  if (request.resultFormat === 'text') {
    return { finish_reason: reason, text: delta.content, ...modelName(request, reason) };
  }
  const { choice } = delta;
  const toolCalls = delta.toolCalls.map((call) => toolCallField(call, call.first));
  const beside = delta.finishReason === null ? {} : besideText(request, choice);
  const logprobs = delta.newPieces.length === 0 ? null : logprobsOf(request, delta.newPieces);
  const shown = {
    message: nativeMessage(request, { ...delta, toolCalls }, beside),
    ...((request.parameters['n'] !== undefined || request.parameters['tools'] !== undefined) && {
      index: choice.index,
    }),
    ...(logprobs !== null && { logprobs }),
    finish_reason: reason,
  };
  return { ...modelName(request, reason), choices: [shown] };
}

/** The step before the answer begins: its first step without the new content. */
function beforeAnswer(delta: Delta): Delta {
  const output = delta.output - delta.newPieces.length;
  return { ...delta, content: '', newPieces: [], finishReason: null, output };
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
    const message = nativeMessage(request, { content: '', reasoning: '', toolCalls: [] }, {});
    const blank =
      request.resultFormat === 'text'
        ? { finish_reason: 'null', text: '' }
        : { choices: [{ message, finish_reason: 'null' }] };
    const output = { ...blank, ...found };
    frames.push(nativeFrame(1, 200, { output, usage: {}, request_id: requestId }));
  }
  let hasRun = answer.usage.codeRuns === 0;
  const push = (delta: Delta, more: JsonObject): void => {
    const counted = {
      input: hasRun ? answer.usage.input : answer.usage.inputAtStart,
      output: delta.output,
      reasoning: delta.reasoningTokens,
      codeRuns: hasRun ? answer.usage.codeRuns : 0,
    };
    const usage = nativeUsage(request, answer.usage, counted);
    const output = { ...deltaOutput(request, delta), ...more };
    frames.push(nativeFrame(frames.length + 1, 200, { output, usage, request_id: requestId }));
  };
  for (const delta of streamDeltas(answer, !request.incremental)) {
    if (!hasRun && (delta.newPieces.length > 0 || delta.finishReason !== null)) {
      // The code runs between thinking and answer; input tokens increase with its result (recorded).
      hasRun = true;
      push(beforeAnswer(delta), TOOL_INFO);
    }
    push(delta, !ahead && delta.finishReason !== null ? found : {});
  }
  return frames;
}
