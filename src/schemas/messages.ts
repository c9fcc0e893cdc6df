import { isObject } from '../is-object.ts';
import { PROBLEM_CODES } from './codes.ts';
import { checkParts } from './content.ts';
import { badValue, note, refuse, report, warn } from './findings.ts';
import type { Examination, JsonObject } from './findings.ts';
import { callsOf, checkToolCalls, checkToolOrder } from './tool-calls.ts';

const ROLES: ReadonlySet<unknown> = new Set(['system', 'user', 'assistant', 'tool']);

const EITHER_TEXT = 'Either "prompt" or "messages" must exist and cannot both be none';

function checkRole(examination: Examination, path: string, role: unknown): void {
  if (ROLES.has(role)) return;
  const openai = examination.view.protocol === 'openai';
  if (openai && role === 'function') {
    const message = 'role "function" is OpenAI\'s old form; Model Studio documents "tool"';
    warn(examination, `${path}.role`, PROBLEM_CODES.rule, message);
    return;
  }
  const hint = role === 'developer' ? ': write "system" instead' : '';
  const allowed = `one of system, user, assistant, tool${hint}`;
  refuse(examination, `${path}.role`, badValue('role', role, allowed, null));
}

/** The service refuses empty user content natively; for compatible mode no page says so. */
function checkEmptyContent(examination: Examination, path: string, message: JsonObject): void {
  if (message['role'] !== 'user') return;
  const native = examination.view.protocol === 'dashscope';
  report(examination, {
    severity: native ? 'error' : 'warning',
    path,
    code: native ? PROBLEM_CODES.invalid : PROBLEM_CODES.rule,
    message:
      'the user message is empty (service: Role must be user or assistant and Content length must be greater than 0.)',
  });
}

function checkContent(examination: Examination, path: string, message: JsonObject): void {
  const content = message['content'];
  if (content === undefined || content === null) {
    if (callsOf(message).length > 0 || isObject(message['function_call'])) return;
    refuse(
      examination,
      path,
      'content is missing (service: The content field is a required field.)',
    );
    return;
  }
  if (content === '' || (Array.isArray(content) && content.length === 0)) {
    checkEmptyContent(examination, path, message);
  } else if (Array.isArray(content)) {
    checkParts(examination, path, content);
  } else if (typeof content !== 'string') {
    refuse(examination, path, badValue('content', content, 'a string or an array of parts', null));
  }
}

function checkPartial(
  examination: Examination,
  path: string,
  message: JsonObject,
  isLast: boolean,
): void {
  const partial = message['partial'];
  if (partial === undefined || partial === null) return;
  if (typeof partial !== 'boolean') {
    refuse(examination, `${path}.partial`, badValue('partial', partial, 'true or false', null));
  } else if (partial && !(isLast && message['role'] === 'assistant')) {
    const text = 'partial: true is documented for the last message only, from the assistant';
    warn(examination, `${path}.partial`, PROBLEM_CODES.rule, text);
  }
}

/** Whether the plain message needs no further look: a known role and a filled string. */
function isPlain(message: unknown): message is JsonObject {
  if (!isObject(message)) return false;
  const { content, role } = message as { content?: unknown; role?: unknown };
  if (typeof content !== 'string' || content === '') return false;
  if (message['partial'] !== undefined) return false;
  return (
    role === 'user' ||
    role === 'system' ||
    (role === 'assistant' && message['tool_calls'] === undefined)
  );
}

function checkMessage(
  examination: Examination,
  message: unknown,
  index: number,
  isLast: boolean,
): void {
  const path = `${examination.view.paths.messages}messages[${index}]`;
  if (!isObject(message)) {
    refuse(
      examination,
      path,
      badValue('the message', message, 'an object with role and content', null),
    );
    return;
  }
  checkRole(examination, path, message['role']);
  checkContent(examination, `${path}.content`, message);
  checkPartial(examination, path, message, isLast);
  if (message['role'] === 'assistant') checkToolCalls(examination, `${path}.`, message);
}

function checkList(examination: Examination, messages: readonly unknown[]): void {
  let users = 0;
  let usesTools = false;
  let rolesKnown = true;
  for (let index = 0; index < messages.length; index += 1) {
    const message = messages[index];
    if (!isPlain(message)) checkMessage(examination, message, index, index === messages.length - 1);
    const role = isObject(message) ? message['role'] : undefined;
    if (role === 'user') users += 1;
    if (role === 'tool' || callsOf(message).length > 0) usesTools = true;
    if (!ROLES.has(role)) rolesKnown = false;
  }
  if (usesTools) checkToolOrder(examination, messages);
  // A message with a wrong role may be the missing one: it is reported on its own already.
  if (users > 0 || !rolesKnown) return;
  refuse(
    examination,
    `${examination.view.paths.messages}messages`,
    'there is no user message (service: The input messages do not contain elements with the role of user.)',
  );
}

function checkPrompt(examination: Examination): void {
  const { input, paths, messages } = examination.view;
  const prompt = input['prompt'];
  const path = `${paths.input}prompt`;
  if (typeof prompt !== 'string' || prompt === '') {
    refuse(examination, path, badValue('prompt', prompt, 'a non-empty string', null));
    return;
  }
  if (messages !== undefined) {
    const text = 'prompt and messages are both given; which one counts is not documented';
    warn(examination, path, PROBLEM_CODES.rule, text);
    return;
  }
  const text = 'input.prompt and input.history still work but are deprecated: use messages';
  note(examination, path, PROBLEM_CODES.deprecated, text);
}

/**
 * Checks what is said to the model: `messages` (native text, native multimodal or OpenAI form) or
 * the deprecated native `prompt`.
 *
 * Source: help.aliyun.com/zh/model-studio, DashScope API reference (2026-09) and error codes (2026-05).
 */
export function checkMessages(examination: Examination): void {
  const { view } = examination;
  const { messages } = view;
  const native = view.protocol === 'dashscope';
  if (native && view.input['prompt'] !== undefined) checkPrompt(examination);
  const path = `${view.paths.messages}messages`;
  if (messages === undefined) {
    if (native && view.input['prompt'] !== undefined) return;
    refuse(examination, path, `messages is missing (service: ${EITHER_TEXT})`);
  } else if (!Array.isArray(messages)) {
    refuse(examination, path, badValue('messages', messages, 'an array of messages', null));
  } else if (messages.length === 0) {
    refuse(examination, path, 'messages is empty (service: [] is too short)');
  } else {
    checkList(examination, messages);
  }
}
