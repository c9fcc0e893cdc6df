import { isObject } from '../json/is-object.ts';
import { checkParts } from './content.ts';
import { breach, named } from './findings.ts';
import type { Examination, JsonObject } from './findings.ts';
import { MESSAGE_RULES } from './message-rules.ts';
import { isOf } from './model-families.ts';
import { callsOf, checkToolCalls, checkToolOrder } from './tool-calls.ts';

const ROLES: ReadonlySet<unknown> = new Set(['system', 'user', 'assistant', 'tool']);

/** Maximum number of files in a message to qwen-long. Source: DashScope API reference, 2026-09. */
const FILES_MAX = 100;
const FILE_SCHEME = 'fileid://';

function checkRole(examination: Examination, path: string, role: unknown): void {
  if (ROLES.has(role)) return;
  const old = role === 'function' && examination.view.protocol === 'openai';
  const hint = role === 'developer' ? ', where Model Studio has "system"' : '';
  breach(
    examination,
    old ? MESSAGE_RULES.roleFunction : MESSAGE_RULES.role,
    `${path}.role`,
    named('role', role) + hint,
  );
}

/** The service refuses empty user content in the native protocol; undocumented for compatible mode. */
function checkEmptyContent(examination: Examination, path: string, message: JsonObject): void {
  if (message['role'] !== 'user') return;
  const rule =
    examination.view.protocol === 'dashscope'
      ? MESSAGE_RULES.contentEmpty
      : MESSAGE_RULES.contentEmptyCompatible;
  breach(examination, rule, path, named('content', message['content']));
}

function checkContent(examination: Examination, path: string, message: JsonObject): void {
  const content = message['content'];
  if (content === undefined || content === null) {
    if (callsOf(message).length > 0 || isObject(message['function_call'])) return;
    breach(examination, MESSAGE_RULES.contentMissing, path, named('content', content));
    return;
  }
  if (content === '' || (Array.isArray(content) && content.length === 0)) {
    checkEmptyContent(examination, path, message);
  } else if (Array.isArray(content)) {
    checkParts(examination, path, content);
  } else if (typeof content !== 'string') {
    breach(examination, MESSAGE_RULES.contentType, path, named('content', content));
  } else if (content.startsWith(FILE_SCHEME)) {
    checkFiles(examination, path, message, content);
  }
}

/** `fileid://id1,id2`: documents for qwen-long, as a system message. */
function checkFiles(
  examination: Examination,
  path: string,
  message: JsonObject,
  content: string,
): void {
  const { model, profile } = examination.view;
  const count = content.split(',').length;
  if (count > FILES_MAX)
    breach(examination, MESSAGE_RULES.fileCount, path, `content names ${count} files`);
  const fits = isOf(examination.view, 'long') && message['role'] === 'system';
  if (fits || !profile.known) return;
  const found = `${named('content', content)} in a ${String(message['role'])} message to ${model}`;
  breach(examination, MESSAGE_RULES.fileModel, path, found);
}

function checkReasoning(examination: Examination, path: string, message: JsonObject): void {
  const reasoning = message['reasoning_content'];
  if (reasoning === undefined || reasoning === null || typeof reasoning === 'string') return;
  breach(
    examination,
    MESSAGE_RULES.reasoningType,
    `${path}.reasoning_content`,
    named('reasoning_content', reasoning),
  );
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
    breach(examination, MESSAGE_RULES.partialType, `${path}.partial`, named('partial', partial));
  } else if (partial && !(isLast && message['role'] === 'assistant')) {
    breach(examination, MESSAGE_RULES.partialPlace, `${path}.partial`, named('partial', partial));
  }
}

/** Whether the message is plain and needs no further check: a known role and a non-empty string. */
function isPlain(message: unknown): message is JsonObject {
  if (!isObject(message)) return false;
  const { content, role } = message as { content?: unknown; role?: unknown };
  if (typeof content !== 'string' || content === '') return false;
  if (message['partial'] !== undefined || content.startsWith(FILE_SCHEME)) return false;
  return (
    role === 'user' ||
    role === 'system' ||
    (role === 'assistant' &&
      message['tool_calls'] === undefined &&
      message['reasoning_content'] === undefined)
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
    breach(examination, MESSAGE_RULES.messageType, path, named('the message', message));
    return;
  }
  checkRole(examination, path, message['role']);
  checkContent(examination, `${path}.content`, message);
  checkPartial(examination, path, message, isLast);
  if (message['role'] !== 'assistant') return;
  checkReasoning(examination, path, message);
  checkToolCalls(examination, `${path}.`, message);
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
  // A message with a wrong role may be the missing one: it is already reported.
  if (users > 0 || !rolesKnown) return;
  breach(
    examination,
    MESSAGE_RULES.user,
    `${examination.view.paths.messages}messages`,
    `messages has ${messages.length}, none from the user`,
  );
}

function checkPrompt(examination: Examination): void {
  const { input, paths, messages } = examination.view;
  const prompt = input['prompt'];
  const path = `${paths.input}prompt`;
  const found = named('prompt', prompt);
  if (typeof prompt !== 'string' || prompt === '')
    breach(examination, MESSAGE_RULES.promptType, path, found);
  else if (messages !== undefined) breach(examination, MESSAGE_RULES.promptTwice, path, found);
  else breach(examination, MESSAGE_RULES.promptDeprecated, path, found);
}

function checkHistory(examination: Examination): void {
  const { input, paths } = examination.view;
  const rule = Array.isArray(input['history'])
    ? MESSAGE_RULES.historyDeprecated
    : MESSAGE_RULES.historyType;
  breach(examination, rule, `${paths.input}history`, named('history', input['history']));
}

/**
 * Checks the conversation: `messages` (native text, native multimodal or OpenAI form) or the deprecated native `prompt`.
 * The rules are in `message-rules.ts`.
 */
export function checkMessages(examination: Examination): void {
  const { view } = examination;
  const { messages } = view;
  const native = view.protocol === 'dashscope';
  const prompted = native && view.input['prompt'] !== undefined;
  if (prompted) checkPrompt(examination);
  if (native && view.input['history'] !== undefined) checkHistory(examination);
  const path = `${view.paths.messages}messages`;
  if (messages === undefined) {
    if (!prompted) breach(examination, MESSAGE_RULES.missing, path, 'messages is missing');
  } else if (!Array.isArray(messages)) {
    breach(examination, MESSAGE_RULES.type, path, named('messages', messages));
  } else if (messages.length === 0) {
    breach(examination, MESSAGE_RULES.empty, path, 'messages is []');
  } else {
    checkList(examination, messages);
  }
}
