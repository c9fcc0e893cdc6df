import { PROBLEM_CODES } from './codes.ts';
import { constraint, refusal, remark } from './shape-rule.ts';
import type { ShapeRule } from './shape-rule.ts';
import { SOURCES } from './sources.ts';

const { reference, referenceLater, errors, openai, recorded } = SOURCES;

/** Names of the rules in the code. */
type MessageRuleName =
  | 'missing'
  | 'type'
  | 'empty'
  | 'user'
  | 'messageType'
  | 'role'
  | 'roleFunction'
  | 'contentMissing'
  | 'contentEmpty'
  | 'contentEmptyCompatible'
  | 'contentType'
  | 'reasoningType'
  | 'partialType'
  | 'partialPlace'
  | 'fileCount'
  | 'fileModel'
  | 'promptType'
  | 'promptTwice'
  | 'promptDeprecated'
  | 'historyType'
  | 'historyDeprecated';

type CallRuleName =
  | 'type'
  | 'argumentsCoder'
  | 'arguments'
  | 'unanswered'
  | 'unasked'
  | 'idMissing'
  | 'idUnknown'
  | 'repeated';

/** Rules about `messages`, `prompt` and `history`, applied while walking over them. */
export const MESSAGE_RULES: Readonly<Record<MessageRuleName, ShapeRule>> = {
  missing: refusal({
    id: 'messages-missing',
    about: 'messages',
    must: 'a request needs messages',
    service: 'Either "prompt" or "messages" must exist and cannot both be none',
    source: errors,
  }),
  type: refusal({
    id: 'messages-type',
    about: 'messages',
    must: 'it must be an array of messages',
    source: reference,
  }),
  empty: refusal({
    id: 'messages-empty',
    about: 'messages',
    must: 'it must have at least one message',
    service: '[] is too short',
    source: errors,
  }),
  user: refusal({
    id: 'messages-user',
    about: 'messages',
    must: 'there must be a user message',
    service: 'The input messages do not contain elements with the role of user.',
    source: errors,
  }),
  messageType: refusal({
    id: 'message-type',
    about: 'messages[]',
    must: 'it must be an object with role and content',
    source: reference,
  }),
  role: refusal({
    id: 'role',
    about: 'messages[].role',
    must: 'it must be one of system, user, assistant, tool',
    source: referenceLater,
  }),
  roleFunction: constraint({
    id: 'role-function',
    about: 'messages[].role',
    must: 'that is OpenAI\'s old form, Model Studio documents "tool"',
    source: openai,
  }),
  contentMissing: refusal({
    id: 'content-missing',
    about: 'messages[].content',
    must: 'a message needs content, unless it is an assistant message with tool_calls',
    service: 'The content field is a required field.',
    source: errors,
  }),
  contentEmpty: refusal({
    id: 'content-empty',
    about: 'messages[].content',
    must: 'a user message must not be empty',
    service: 'Role must be user or assistant and Content length must be greater than 0.',
    source: recorded,
  }),
  contentEmptyCompatible: constraint({
    id: 'content-empty-compatible',
    about: 'messages[].content',
    must: 'an empty user message is refused natively; compatible mode does not say',
    service: 'Role must be user or assistant and Content length must be greater than 0.',
    source: recorded,
  }),
  contentType: refusal({
    id: 'content-type',
    about: 'messages[].content',
    must: 'it must be a string or an array of parts',
    source: referenceLater,
  }),
  reasoningType: refusal({
    id: 'reasoning-content-type',
    about: 'messages[].reasoning_content',
    must: 'it must be a string',
    source: referenceLater,
  }),
  partialType: refusal({
    id: 'partial-type',
    about: 'messages[].partial',
    must: 'it must be true or false',
    source: referenceLater,
  }),
  partialPlace: constraint({
    id: 'partial-place',
    about: 'messages[].partial',
    must: 'it is documented for the last message only, from the assistant',
    source: referenceLater,
  }),
  fileCount: refusal({
    id: 'file-count',
    about: 'messages[].content fileid://',
    must: 'a message may name at most 100 files',
    service: 'Too many files provided.',
    source: referenceLater,
  }),
  fileModel: constraint({
    id: 'file-model',
    about: 'messages[].content fileid://',
    models: 'listed, but qwen-long',
    must: 'fileid:// is documented for qwen-long only, in a system message',
    code: PROBLEM_CODES.modelList,
    source: referenceLater,
  }),
  promptType: refusal({
    id: 'prompt-type',
    about: 'input.prompt',
    must: 'it must be a non-empty string',
    source: errors,
  }),
  promptTwice: constraint({
    id: 'prompt-and-messages',
    about: 'input.prompt',
    must: 'messages is given too, and which one counts is not documented',
    source: recorded,
  }),
  promptDeprecated: remark({
    id: 'prompt-deprecated',
    about: 'input.prompt',
    must: 'input.prompt and input.history still work but are deprecated: use messages',
    code: PROBLEM_CODES.deprecated,
    source: errors,
  }),
  historyType: refusal({
    id: 'history-type',
    about: 'input.history',
    must: 'it must be an array',
    source: recorded,
  }),
  historyDeprecated: remark({
    id: 'history-deprecated',
    about: 'input.history',
    must: 'input.prompt and input.history still work but are deprecated: use messages',
    code: PROBLEM_CODES.deprecated,
    source: errors,
  }),
};

/** Rules about tool calls and their answers in the conversation. */
export const CALL_RULES: Readonly<Record<CallRuleName, ShapeRule>> = {
  type: refusal({
    id: 'tool-calls-type',
    about: 'messages[].tool_calls',
    must: 'it must be as the model answered it: [{"id", "type": "function", "function": {"name", "arguments"}}]',
    source: reference,
  }),
  argumentsCoder: refusal({
    id: 'arguments-coder',
    about: 'messages[].tool_calls[].function.arguments',
    models: 'coder models',
    must: 'coder models need JSON text there: send back what the model answered, unchanged',
    source: errors,
  }),
  arguments: constraint({
    id: 'arguments',
    about: 'messages[].tool_calls[].function.arguments',
    models: 'all but coder models',
    must: 'it is documented as JSON text: send back what the model answered, unchanged',
    source: errors,
  }),
  unanswered: refusal({
    id: 'calls-unanswered',
    about: 'messages[].tool_calls',
    must: 'each call needs a tool message right after it',
    service:
      'An assistant message with "tool_calls" must be followed by tool messages responding to each "tool_call_id"',
    source: errors,
  }),
  unasked: refusal({
    id: 'tool-unasked',
    about: 'messages[].role: "tool"',
    must: 'it must follow an assistant message with tool_calls',
    service:
      'messages with role "tool" must be a response to a preceeding message with "tool_calls"',
    source: errors,
  }),
  idMissing: constraint({
    id: 'tool-call-id-missing',
    about: 'messages[].tool_call_id',
    must: 'the service pairs answers and calls by it',
    source: errors,
  }),
  idUnknown: refusal({
    id: 'tool-call-id-unknown',
    about: 'messages[].tool_call_id',
    must: 'it must be the id of one of the calls before it',
    service:
      'messages with role "tool" must be a response to a preceeding message with "tool_calls"',
    source: errors,
  }),
  repeated: constraint({
    id: 'calls-repeated',
    about: 'messages[].tool_calls',
    must: 'the service refuses conversations that repeat the same call; how often is not documented',
    service: 'Repetitive tool calls detected in the conversation history.',
    source: errors,
  }),
};
