import { invalidParameter } from './errors-table.ts';
import type { ServiceError } from './errors-table.ts';
import { modelTraits } from './model-traits.ts';
import type { ModelTraits } from './model-traits.ts';

/** The three endpoints served. */
export type SimulatedEndpoint = 'text-generation' | 'multimodal-generation' | 'chat-completions';

/** A JSON object of unknown content. */
export type JsonObject = { readonly [name: string]: unknown };

/** One message, parsed leniently: invalid parts become empty, and the refusals examine the rest. */
export type SimulatedMessage = {
  readonly role: string;
  /** As received: text, a list of parts, or anything else. */
  readonly content: unknown;
  /** All text of the message, parts joined by line breaks. */
  readonly text: string;
  /** The content's parts if it is an array. */
  readonly parts: readonly JsonObject[] | null;
  /** Ids of the calls that have one. */
  readonly toolCallIds: readonly string[];
  readonly hasCalls: boolean;
  /** Arguments of the calls, as text; empty if not text. */
  readonly arguments: readonly string[];
  /** For a tool's answer; empty if it names no call. */
  readonly toolCallId: string;
  /** True for an assistant's prefix that the answer continues. */
  readonly partial: boolean;
};

/** A request normalized for both protocols. */
export type SimulatedRequest = {
  readonly endpoint: SimulatedEndpoint;
  /** Empty if absent. */
  readonly model: string;
  readonly traits: ModelTraits;
  readonly body: JsonObject;
  /** The body as received: numbers beyond a double's precision exist only here. */
  readonly bodyText: string;
  /** `input` in the native protocol, else the whole body; null if missing. */
  readonly input: JsonObject | null;
  readonly messages: readonly SimulatedMessage[];
  /** `parameters` in the native protocol, else the whole body. */
  readonly parameters: JsonObject;
  readonly stream: boolean;
  readonly thinking: boolean;
  readonly resultFormat: 'text' | 'message';
  /** False: each frame of the stream repeats the text so far. */
  readonly incremental: boolean;
};

/** The value as a JSON object; null if it is not one (an array is not). */
export function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : null;
}

/** The value as an array; empty if it is not one. */
export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textValue(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function partsOf(content: unknown): readonly JsonObject[] | null {
  if (!Array.isArray(content)) return null;
  return content.map((part) =>
    typeof part === 'string' ? { text: part } : (asObject(part) ?? {}),
  );
}

function textOf(content: unknown, parts: readonly JsonObject[] | null): string {
  if (typeof content === 'string') return content;
  if (parts === null) return '';
  return parts
    .flatMap((part) => (typeof part['text'] === 'string' ? [part['text']] : []))
    .join('\n');
}

function readMessage(value: unknown): SimulatedMessage {
  const message = asObject(value) ?? {};
  const content = message['content'];
  const parts = partsOf(content);
  const calls = asArray(message['tool_calls']).map((call) => asObject(call) ?? {});
  const named = calls.map((call) => textValue(call['id']));
  return {
    role: textValue(message['role']),
    content,
    text: textOf(content, parts),
    parts,
    toolCallIds: named.filter((id) => id !== ''),
    hasCalls: calls.length > 0 || asObject(message['function_call']) !== null,
    arguments: calls.map((call) => textValue(asObject(call['function'])?.['arguments'])),
    toolCallId: textValue(message['tool_call_id']),
    partial: message['partial'] === true,
  };
}

function readMessages(input: JsonObject | null): readonly SimulatedMessage[] {
  if (input === null) return [];
  const prompt = input['prompt'];
  const messages = asArray(input['messages']).map(readMessage);
  if (Array.isArray(input['messages']) || typeof prompt !== 'string') return messages;
  const history = asArray(input['history']).flatMap((turn) => {
    const { user, bot } = asObject(turn) ?? {};
    return [
      readMessage({ role: 'user', content: user }),
      readMessage({ role: 'assistant', content: bot }),
    ];
  });
  return [...history, readMessage({ role: 'user', content: prompt })];
}

function isThinking(traits: ModelTraits, asked: unknown): boolean {
  if (traits.thinking === 'only') return true;
  if (typeof asked === 'boolean') return asked;
  return traits.thinking === 'default-on';
}

function formatOf(
  request: Pick<SimulatedRequest, 'endpoint' | 'traits' | 'parameters'>,
): 'text' | 'message' {
  const { endpoint, traits, parameters } = request;
  if (endpoint !== 'text-generation' || asArray(parameters['tools']).length > 0) return 'message';
  const asked = parameters['result_format'];
  if (asked === 'text' || asked === 'message') return asked;
  return traits.messageByDefault ? 'message' : 'text';
}

/**
 * Parses the body of a call. `streamHeader`: the native headers request a stream (the OpenAI-compatible endpoint uses the
 * body's `stream` instead). Returns the service's error if the body is no JSON object.
 */
export function readRequest(
  endpoint: SimulatedEndpoint,
  text: string,
  streamHeader: boolean,
): SimulatedRequest | ServiceError {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = null;
  }
  const body = asObject(parsed);
  if (body === null)
    return invalidParameter('Required body invalid, please check the request body format.', false);
  const native = endpoint !== 'chat-completions';
  const model = textValue(body['model']);
  const traits = modelTraits(model);
  const parameters = native ? (asObject(body['parameters']) ?? {}) : body;
  const input = native ? asObject(body['input']) : body;
  const incremental = parameters['incremental_output'];
  return {
    endpoint,
    model,
    traits,
    body,
    bodyText: text,
    input,
    messages: readMessages(input),
    parameters,
    stream: native ? streamHeader : body['stream'] === true,
    thinking: isThinking(traits, parameters['enable_thinking']),
    resultFormat: formatOf({ endpoint, traits, parameters }),
    incremental:
      !traits.alwaysCumulative &&
      (!native || (typeof incremental === 'boolean' ? incremental : traits.incrementalByDefault)),
  };
}
