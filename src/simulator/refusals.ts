import { invalidParameter, serviceError } from './errors-table.ts';
import type { ServiceError } from './errors-table.ts';
import { refuseParameters } from './parameter-refusals.ts';
import type { SimulatedMessage, SimulatedRequest } from './request.ts';

/** The longest request body of a text model, in bytes: reported for qwen-plus-latest, Apr 2026. */
const TEXT_BODY_BYTES_MAX = 6_291_456;

const MODAL_PARTS = ['text', 'image', 'video', 'audio', 'file'];

function algorithmError(message: string): ServiceError {
  return { ...serviceError('InternalError.Algo'), message };
}

/** The error of a model that is missing, unknown, or not served on this endpoint; null: it is served here. */
export function refuseModel({ model, traits, endpoint }: SimulatedRequest): ServiceError | null {
  const compatible = endpoint === 'chat-completions';
  if (model === '')
    return serviceError(compatible ? 'invalid_request_error' : 'BadRequest.EmptyModel');
  if (!traits.exists) return serviceError('ModelNotFound');
  if (compatible) return traits.compatible ? null : serviceError('model_not_supported');
  return traits.home === 'both' || traits.home === endpoint
    ? null
    : invalidParameter('url error, please check url！', false);
}

function refuseInput({ input, messages, endpoint }: SimulatedRequest): ServiceError | null {
  if (input === null) return serviceError('BadRequest.EmptyInput');
  if (messages.length > 0) return null;
  const emptyArray = Array.isArray(input['messages']);
  if (typeof input['prompt'] === 'string' && emptyArray) {
    return invalidParameter(
      'Role must be user or assistant and Content length must be greater than 0',
    );
  }
  if (emptyArray) return invalidParameter("[] is too short - 'messages'");
  return invalidParameter(
    'Either "prompt" or "messages" must exist and cannot both be none',
    endpoint !== 'chat-completions',
  );
}

function refuseToolOrder(messages: readonly SimulatedMessage[]): string | null {
  let open = false;
  let answered = false;
  for (const { role, toolCalls } of messages) {
    if (role === 'tool') {
      if (!open)
        return 'messages with role "tool" must be a response to a preceeding message with "tool_calls"';
      answered = true;
      continue;
    }
    if (open && !answered) break;
    open = role === 'assistant' && toolCalls > 0;
    answered = false;
  }
  return open && !answered
    ? 'An assistant message with "tool_calls" must be followed by tool messages responding to each "tool_call_id"'
    : null;
}

function refuseContent(message: SimulatedMessage, request: SimulatedRequest): string | null {
  if (!message.hasContent && message.toolCalls === 0)
    return 'The content field is a required field.';
  if (message.parts === null) return null;
  if (request.endpoint === 'multimodal-generation') {
    const isModal = (part: object): boolean => MODAL_PARTS.some((name) => name in part);
    return message.parts.every(isModal)
      ? null
      : 'The item of content should be a message of a certain modal.';
  }
  const takesParts =
    request.endpoint === 'chat-completions' || request.traits.home !== 'text-generation';
  const onlyText = message.parts.every((part) => typeof part['text'] === 'string');
  return takesParts || onlyText || request.model.startsWith('qwen-doc')
    ? null
    : 'input content must be a string.';
}

function refuseMessages(request: SimulatedRequest): ServiceError | null {
  const { messages, traits } = request;
  for (const message of messages) {
    const problem = refuseContent(message, request);
    if (problem !== null) return invalidParameter(problem);
  }
  if (
    traits.family === 'translation' &&
    messages.some(({ role }) => role !== 'user' && role !== 'assistant')
  ) {
    return algorithmError('Role must be in [user, assistant]');
  }
  if (!messages.some(({ role }) => role === 'user')) {
    return invalidParameter('The input messages do not contain elements with the role of user.');
  }
  const order = refuseToolOrder(messages);
  if (order !== null) return invalidParameter(order);
  const last = messages.at(-1);
  if (last === undefined || last.role === 'user' || last.role === 'tool' || last.partial)
    return null;
  return algorithmError('list index out of range');
}

/**
 * The first error that the service finds in a request whose model is served, in its own words, or
 * null. `bodyBytes` is the length of the body as received.
 *
 * Source: error code page of Model Studio (May 2026) and recorded errors.
 */
export function refuse(request: SimulatedRequest, bodyBytes: number): ServiceError | null {
  if (request.traits.home === 'text-generation' && bodyBytes > TEXT_BODY_BYTES_MAX) {
    return invalidParameter(
      `Exceeded limit on max bytes to request body : ${TEXT_BODY_BYTES_MAX}`,
      false,
    );
  }
  return refuseInput(request) ?? refuseMessages(request) ?? refuseParameters(request);
}
