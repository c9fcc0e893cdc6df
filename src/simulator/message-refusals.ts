import { invalidParameter, serviceError } from './errors-table.ts';
import type { ServiceError } from './errors-table.ts';
import { refuseMedia } from './media-refusals.ts';
import { asObject } from './request.ts';
import type { SimulatedMessage, SimulatedRequest } from './request.ts';

const MODAL_PARTS = ['text', 'image', 'video', 'audio', 'file'];

/** As listed by the service; `function` is the older name of `tool`. */
const ROLES = ['system', 'assistant', 'user', 'tool', 'function'];

/** Files that one system message of qwen-long may name. */
const FILES_MAX = 100;

const ANSWERS_NOTHING =
  'messages with role "tool" must be a response to a preceeding message with "tool_calls"';
const UNANSWERED =
  'An assistant message with "tool_calls" must be followed by tool messages responding to each "tool_call_id"';

function algorithmError(message: string): ServiceError {
  return { ...serviceError('InternalError.Algo'), message };
}

/** Calls that the following tool messages must answer, by id. */
type OpenCalls = {
  readonly ids: ReadonlySet<string>;
  readonly waiting: Set<string>;
  unnamed: number;
};

function isUnanswered(open: OpenCalls | null): boolean {
  // An answer without a call id may stand for any of them.
  return open !== null && open.waiting.size > open.unnamed;
}

function refuseToolOrder(messages: readonly SimulatedMessage[]): string | null {
  let open: OpenCalls | null = null;
  for (const { role, toolCallIds, hasCalls, toolCallId } of messages) {
    if (role === 'tool') {
      if (open === null) return ANSWERS_NOTHING;
      if (toolCallId === '') open.unnamed += 1;
      else if (open.ids.size === 0 || open.ids.has(toolCallId)) open.waiting.delete(toolCallId);
      else return ANSWERS_NOTHING;
      continue;
    }
    if (isUnanswered(open)) return UNANSWERED;
    const isCall = role === 'assistant' && hasCalls;
    open = isCall ? { ids: new Set(toolCallIds), waiting: new Set(toolCallIds), unnamed: 0 } : null;
  }
  return isUnanswered(open) ? UNANSWERED : null;
}

function isEmptyUserMessage({ role, content }: SimulatedMessage): boolean {
  if (role !== 'user') return false;
  return content === '' || (Array.isArray(content) && content.length === 0);
}

function refuseParts(message: SimulatedMessage, request: SimulatedRequest): string | null {
  if (message.parts === null) return null;
  if (request.endpoint === 'multimodal-generation') {
    const isModal = (part: object): boolean => MODAL_PARTS.some((name) => name in part);
    return message.parts.every(isModal)
      ? null
      : 'The item of content should be a message of a certain modal.';
  }
  if (request.endpoint === 'chat-completions' || request.traits.home !== 'text-generation')
    return null;
  const onlyText = message.parts.every((part) => typeof part['text'] === 'string');
  const isCached = message.parts.some((part) => part['cache_control'] !== undefined);
  // Documents are parts, long ones may be, and so is content marked for the explicit cache.
  const takesParts = /^qwen-(doc|long)/.test(request.model) || (isCached && onlyText);
  return takesParts ? null : 'input content must be a string.';
}

function refuseContent(message: SimulatedMessage, request: SimulatedRequest): ServiceError | null {
  const { content, hasCalls } = message;
  if (content === undefined || content === null)
    return hasCalls ? null : invalidParameter('The content field is a required field.');
  if (typeof content !== 'string' && !Array.isArray(content))
    return invalidParameter('input content must be a string.');
  if (request.endpoint !== 'chat-completions' && isEmptyUserMessage(message))
    return serviceError('ServiceUnavailableError');
  const problem = refuseParts(message, request);
  return problem === null ? null : invalidParameter(problem);
}

/** Arguments must be JSON text of an object; only the coder models check that. */
function refuseArguments({ arguments: texts }: SimulatedMessage): ServiceError | null {
  const isJson = (text: string): boolean => {
    try {
      return asObject(JSON.parse(text)) !== null;
    } catch {
      return false;
    }
  };
  return texts.every(isJson)
    ? null
    : invalidParameter(
        'The "function.arguments" parameter of the code model must be in JSON format.',
      );
}

function refuseMessage(
  message: SimulatedMessage,
  at: number,
  request: SimulatedRequest,
): ServiceError | null {
  const { role, text } = message;
  if (!ROLES.includes(role)) {
    // Reported in 2025 and 2026 alike, without the wrapping of the model's own checks.
    const given = role === '' ? 'null' : role;
    const known = ROLES.map((name) => `'${name}'`).join(', ');
    return invalidParameter(`${given} is not one of [${known}] - 'messages.[${at}].role'`, false);
  }
  if (role === 'system' && text.startsWith('fileid://') && text.split(',').length > FILES_MAX)
    return invalidParameter('Too many files provided.');
  const refused =
    refuseContent(message, request) ?? refuseMedia(message, request.traits.framesMost);
  if (refused !== null) return refused;
  return request.traits.coder ? refuseArguments(message) : null;
}

function refuseTranslation({ messages }: SimulatedRequest): ServiceError | null {
  const [first] = messages;
  // Exactly one message, from the user: anything else gets the same text.
  return messages.length === 1 && first?.role === 'user'
    ? null
    : algorithmError('Role must be in [user, assistant]');
}

/** The first error that the service finds in a request's messages; null if none. */
export function refuseMessages(request: SimulatedRequest): ServiceError | null {
  const { messages, traits } = request;
  for (const [at, message] of messages.entries()) {
    const refused = refuseMessage(message, at, request);
    if (refused !== null) return refused;
  }
  if (traits.family === 'translation') return refuseTranslation(request);
  if (!messages.some(({ role }) => role === 'user')) {
    return invalidParameter('The input messages do not contain elements with the role of user.');
  }
  const order = refuseToolOrder(messages);
  if (order !== null) return invalidParameter(order);
  const last = messages.at(-1);
  if (last === undefined || ['user', 'tool', 'function'].includes(last.role) || last.partial)
    return null;
  return algorithmError('list index out of range');
}
