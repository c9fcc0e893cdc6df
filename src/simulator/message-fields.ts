import type { ToolCall } from './answer-shape.ts';
import type { JsonObject, SimulatedRequest } from './request.ts';

/** One tool call, or a fragment of it, as encoded in both protocols; only the `first` fragment has id and name. */
export function toolCallField(
  { index, id, name, arguments: text }: ToolCall,
  first: boolean,
): JsonObject {
  return {
    index,
    id: first ? id : '',
    type: 'function',
    function: { ...(first && { name }), arguments: text },
  };
}

/** What speech recognition reports about the audio besides its text, in both protocols. */
export function annotationsField({ traits }: SimulatedRequest): JsonObject {
  if (traits.family !== 'asr') return {};
  return { annotations: [{ type: 'audio_info', language: 'zh', emotion: 'neutral' }] };
}
