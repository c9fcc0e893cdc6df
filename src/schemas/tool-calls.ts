import { isObject } from '../is-object.ts';
import { PROBLEM_CODES } from './codes.ts';
import { reportIssues } from './check-parameters.ts';
import { refuse, report, shown, warn } from './findings.ts';
import type { Examination, JsonObject } from './findings.ts';
import { FAMILIES } from './model-families.ts';
import { toolCalls } from './tools.ts';

/** The calls of an assistant message; empty where it has none. */
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
 * Checks the shape of an assistant message's `tool_calls`. Arguments that are no JSON are refused
 * by the coder models only, as far as documented; for others they are a warning.
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
  if (!result.success) {
    reportIssues(examination, { prefix, name: 'tool_calls' }, value, result.error.issues);
    return;
  }
  callsOf(message).forEach((call, index) => {
    const called = isObject(call) ? call['function'] : undefined;
    const text = isObject(called) ? called['arguments'] : undefined;
    if (typeof text !== 'string' || parses(text)) return;
    const coder = FAMILIES.coder.test(examination.view.model);
    report(examination, {
      severity: coder ? 'error' : 'warning',
      path: `${prefix}tool_calls[${index}].function.arguments`,
      code: coder ? PROBLEM_CODES.invalid : PROBLEM_CODES.rule,
      message: 'arguments is not JSON text; send back what the model answered, unchanged',
    });
  });
}

/** The calls of one assistant message that the tool messages after it have to answer. */
type OpenCalls = {
  readonly index: number;
  readonly ids: ReadonlySet<unknown>;
  readonly unanswered: Set<unknown>;
  /** Answers that name no call: each stands for any one. */
  unnamed: number;
};

/** How many unanswered calls a message names. */
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
  refuse(
    examination,
    `${prefix}messages[${open.index}].tool_calls`,
    `the tool calls ${ids} have no tool message right after them (service: An assistant message with "tool_calls" must be followed by tool messages responding to each "tool_call_id")`,
  );
}

function answerCall(
  examination: Examination,
  path: string,
  message: JsonObject,
  open: OpenCalls | undefined,
): void {
  const service =
    '(service: messages with role "tool" must be a response to a preceeding message with "tool_calls")';
  if (open === undefined) {
    refuse(
      examination,
      path,
      `a tool message must follow an assistant message with tool_calls ${service}`,
    );
    return;
  }
  const id = message['tool_call_id'];
  if (id === undefined || id === null || id === '') {
    open.unnamed += 1;
    const text = 'tool_call_id is missing; the service pairs answers and calls by it';
    warn(examination, `${path}.tool_call_id`, PROBLEM_CODES.rule, text);
    return;
  }
  open.unanswered.delete(id);
  if (open.ids.size === 0 || open.ids.has(id)) return;
  const text = `tool_call_id is ${shown(id)}, which none of the calls before it has ${service}`;
  refuse(examination, `${path}.tool_call_id`, text);
}

/**
 * Checks the order of calls and answers: every tool message answers a call of the assistant
 * message that it follows, and every call is answered before anything else is said.
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
}
