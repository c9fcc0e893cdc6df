import type { ToolCall } from './answer-shape.ts';
import type { JsonObject, SimulatedRequest } from './request.ts';

/** One call of a tool, or a fragment of it, as both protocols write it; only the `first` fragment has id and name. */
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

/** What speech recognition says of the audio beside its text, in both protocols. */
export function annotationsField({ traits }: SimulatedRequest): JsonObject {
  if (traits.family !== 'asr') return {};
  return { annotations: [{ type: 'audio_info', language: 'zh', emotion: 'neutral' }] };
}
