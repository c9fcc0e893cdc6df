import { isObject } from '../json/is-object.ts';
import { breach, named, placeName, shown, valueAt } from './findings.ts';
import type { Examination, JsonObject } from './findings.ts';
import { CALL_RULES } from './message-rules.ts';
import { isOf } from './model-families.ts';
import { toolCalls } from './tools.ts';

/** The calls of an assistant message; empty if it has none. */
export function callsOf(message: unknown): readonly unknown[] {
  if (!isObject(message) || message['role'] !== 'assistant') return [];
  const calls = message['tool_calls'];
  return Array.isArray(calls) ? calls : [];
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Checks the shape of an assistant message's `tool_calls`. Arguments that are not JSON are documented to be refused only by
 * the coder models; for others they are a warning.
 * Source: help.aliyun.com/zh/model-studio/error-code, 2026-05.
 */
export function checkToolCalls(
  examination: Examination,
  prefix: string,
  message: JsonObject,
): void {
  const value = message['tool_calls'];
  if (value === undefined || value === null) return;
  const result = toolCalls.safeParse(value);
  const issue = result.error?.issues[0];
  if (issue !== undefined) {
    const name = placeName('tool_calls', issue.path);
    const found = `${named(name, valueAt(value, issue.path))}, not ${issue.message}`;
    breach(examination, CALL_RULES.type, prefix + name, found);
    return;
  }
  callsOf(message).forEach((call, index) => {
    const called = isObject(call) ? call['function'] : undefined;
    const text = isObject(called) ? called['arguments'] : undefined;
    if (typeof text !== 'string' || parses(text)) return;
    const coder = isOf(examination.view, 'coder');
    const rule = coder ? CALL_RULES.argumentsCoder : CALL_RULES.arguments;
    const path = `${prefix}tool_calls[${index}].function.arguments`;
    breach(examination, rule, path, named('arguments', text));
  });
}

/** The calls of one assistant message that the following tool messages must answer. */
type OpenCalls = {
  readonly index: number;
  readonly ids: ReadonlySet<unknown>;
  readonly unanswered: Set<unknown>;
  /** Answers with no call id or a wrong one (reported there): each may stand for any call. */
  unnamed: number;
};

/** Number of unanswered calls named in a message. */
const IDS_SHOWN = 3;

function openCalls(index: number, calls: readonly unknown[]): OpenCalls {
  const ids = new Set<unknown>();
  for (const call of calls) {
    const id = isObject(call) ? call['id'] : undefined;
    if (typeof id === 'string' && id !== '') ids.add(id);
  }
  return { index, ids, unanswered: new Set(ids), unnamed: 0 };
}

function closeCalls(examination: Examination, prefix: string, open: OpenCalls | undefined): void {
  if (open === undefined || open.unanswered.size <= open.unnamed) return;
  const ids = [...open.unanswered].slice(0, IDS_SHOWN).map(shown).join(', ');
  breach(
    examination,
    CALL_RULES.unanswered,
    `${prefix}messages[${open.index}].tool_calls`,
    `the tool calls ${ids} have no answer`,
  );
}

function answerCall(
  examination: Examination,
  path: string,
  message: JsonObject,
  open: OpenCalls | undefined,
): void {
  if (open === undefined) {
    breach(examination, CALL_RULES.unasked, path, 'a tool message answers no call');
    return;
  }
  const id = message['tool_call_id'];
  if (id === undefined || id === null || id === '') {
    open.unnamed += 1;
    breach(examination, CALL_RULES.idMissing, `${path}.tool_call_id`, named('tool_call_id', id));
    return;
  }
  open.unanswered.delete(id);
  if (open.ids.size === 0 || open.ids.has(id)) return;
  open.unnamed += 1;
  breach(examination, CALL_RULES.idUnknown, `${path}.tool_call_id`, named('tool_call_id', id));
}

/** How often the same call may be repeated before it is reported. */
const REPEATS_MAX = 2;

/** A call as the service compares it: by name and arguments. */
function callText(call: unknown): string | undefined {
  const called = isObject(call) ? call['function'] : undefined;
  return isObject(called) ? JSON.stringify([called['name'], called['arguments']]) : undefined;
}

/** Finds calls repeated in the conversation. */
function checkRepeated(examination: Examination, messages: readonly unknown[]): void {
  const counts = new Map<string, number>();
  for (const [index, message] of messages.entries()) {
    for (const call of callsOf(message)) {
      const text = callText(call);
      if (text === undefined) continue;
      const count = (counts.get(text) ?? 0) + 1;
      counts.set(text, count);
      if (count <= REPEATS_MAX) continue;
      const path = `${examination.view.paths.messages}messages[${index}].tool_calls`;
      breach(examination, CALL_RULES.repeated, path, `the same call stands here ${count} times`);
      return;
    }
  }
}

/**
 * Checks the order of calls and answers: every tool message answers a call of the preceding assistant message, and every
 * call is answered before the conversation continues.
 * Source: help.aliyun.com/zh/model-studio/error-code, 2026-05.
 */
export function checkToolOrder(examination: Examination, messages: readonly unknown[]): void {
  const prefix = examination.view.paths.messages;
  let open: OpenCalls | undefined;
  messages.forEach((message, index) => {
    if (!isObject(message)) return;
    if (message['role'] === 'tool') {
      answerCall(examination, `${prefix}messages[${index}]`, message, open);
      return;
    }
    closeCalls(examination, prefix, open);
    const calls = callsOf(message);
    open = calls.length > 0 ? openCalls(index, calls) : undefined;
  });
  closeCalls(examination, prefix, open);
  checkRepeated(examination, messages);
}
