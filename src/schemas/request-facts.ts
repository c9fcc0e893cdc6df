import { isObject } from '../json/is-object.ts';
import { limitFor } from '../models/limit-for.ts';
import type { JsonObject } from './findings.ts';
import { isOf } from './model-families.ts';
import type { RequestView } from './request-view.ts';
import { callsOf } from './tool-calls.ts';

/** Whether the line uses the native protocol. */
export function isNative(view: RequestView): boolean {
  return view.protocol === 'dashscope';
}

/** An object parameter such as `search_options`; an empty object if it is not one. */
export function objectOf(view: RequestView, name: string): JsonObject {
  const value = view.parameters[name];
  return isObject(value) ? value : {};
}

/**
 * Whether a switch is off or absent. A value of another type is neither: its own row refuses it, and nothing follows from
 * it.
 */
export function isOff(value: unknown): boolean {
  return (value ?? false) === false;
}

/** The tools of the request; empty if there are none. */
export function toolsOf(view: RequestView): readonly unknown[] {
  const tools = view.parameters['tools'];
  return Array.isArray(tools) ? tools : [];
}

/** The name under `function` of a tool or a tool choice, or undefined. */
export function functionName(value: unknown): unknown {
  const called = isObject(value) ? value['function'] : undefined;
  return isObject(called) ? called['name'] : undefined;
}

/** The messages; an empty list if missing or malformed. */
function messagesOf(view: RequestView): readonly unknown[] {
  return Array.isArray(view.messages) ? view.messages : [];
}

/** Number of messages with this role. */
export function countRole(view: RequestView, role: string): number {
  let count = 0;
  for (const message of messagesOf(view))
    if (isObject(message) && message['role'] === role) count += 1;
  return count;
}

/** Whether the last message leaves the turn to the model: from the user or a tool, or a prefix to continue. */
export function endsOpen(view: RequestView): boolean {
  const messages = messagesOf(view);
  const last = messages[messages.length - 1];
  if (!isObject(last)) return true;
  const role = last['role'];
  if (role === 'assistant') return last['partial'] === true || callsOf(last).length > 0;
  return role !== 'system';
}

/** The role of the last message, for problem texts. */
export function lastRole(view: RequestView): string {
  const last = messagesOf(view).at(-1);
  return isObject(last) ? String(last['role']) : 'missing';
}

function partsOf(message: unknown): readonly unknown[] {
  const content = isObject(message) ? message['content'] : undefined;
  return Array.isArray(content) ? content : [content];
}

/** Whether any part of any message has this member. */
export function hasPartMember(view: RequestView, name: string): boolean {
  return messagesOf(view).some((message) =>
    partsOf(message).some((part) => isObject(part) && part[name] !== undefined),
  );
}

const JSON_WORD = /json/i;

function says(value: unknown): boolean {
  return typeof value === 'string' && JSON_WORD.test(value);
}

/** Whether the word json occurs anywhere in the prompt, in any case. */
export function saysJson(view: RequestView): boolean {
  if (says(view.input['prompt'])) return true;
  return messagesOf(view).some((message) =>
    partsOf(message).some((part) => says(part) || (isObject(part) && says(part['text']))),
  );
}

function saysAnywhere(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return says(value);
  return Object.values(value).some(saysAnywhere);
}

/** Whether it occurs outside the texts: in tool calls, or the old `history`. */
export function saysJsonAside(view: RequestView): boolean {
  return saysAnywhere(view.input['history']) || saysAnywhere(view.messages);
}

/** The type requested by `response_format`, or undefined. */
export function formatType(view: RequestView): unknown {
  return objectOf(view, 'response_format')['type'];
}

/** Whether a tool is forced by name. */
export function forcesTool(view: RequestView): boolean {
  return isObject(view.parameters['tool_choice']);
}

/** Whether the model is outside the Qwen family, listed or not: refusals documented for Qwen may not apply to it. */
export function isThirdParty(view: Pick<RequestView, 'profile'>): boolean {
  return !isOf(view, 'qwen');
}

/** Refusals documented for Qwen are only warnings on other vendors' models. */
export const OTHER_VENDORS: {
  readonly severity: 'warning';
  readonly when: typeof isThirdParty;
  readonly text: string;
} = { severity: 'warning', when: isThirdParty, text: "other vendors' models" };

/** Whether `result_format` defaults to text. */
export function textByDefault(view: RequestView): boolean {
  return isOf(view, 'qwen') && !isOf(view, 'messageByDefault');
}

/** Limits are only warnings if no page of the vendor documents them: other lists contradict each other. */
export const UNSURE_LIMITS: {
  readonly severity: 'warning';
  readonly when: (view: RequestView) => boolean;
  readonly text: string;
} = {
  severity: 'warning',
  when: (view) => !view.profile.limitsSure,
  text: 'limits that no official page says',
};

/** Cap of the OCR models for ordinary accounts, and after an increase on request. */
export const OCR_TOKENS = { ordinary: 4096, raised: 8192 } as const;

/** The model's maximum output in the mode of the request; null if unknown. */
export function maxTokensOf(view: RequestView): number | null {
  const { profile, thinking } = view;
  const maxOutput = limitFor(thinking, profile.maxOutput, profile.maxOutputThinking);
  if (maxOutput === null || !isOf(view, 'cappedOcr')) return maxOutput;
  return Math.max(maxOutput, OCR_TOKENS.raised);
}
