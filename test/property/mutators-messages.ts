import { say, set, TEXT, user, type Mutator } from './mutator.ts';
import { WEATHER } from './valid-features.ts';

/** One mutator for each rule of service.md sections 2.2 and 3.1: what is said to the model. */

const CODER = 'qwen3-coder-plus';
const TOOLS = { tools: [WEATHER], result_format: 'message' };
const answer = (more: object): object => ({ role: 'assistant', content: '好的', ...more });
const call = (id: string, given = '{"地点":"杭州"}'): object => ({
  id,
  type: 'function',
  function: { name: 'get_current_weather', arguments: given },
});
const calls = (...ids: string[]): object => ({
  role: 'assistant',
  content: '',
  tool_calls: ids.map((id) => call(id)),
});
const result = (id?: string): object => ({ role: 'tool', content: '18 度', tool_call_id: id });

const LIST: readonly Mutator[] = [
  {
    breaks: 'messages-missing',
    severity: 'error',
    at: 'messages',
    says: 'Either "prompt" or "messages" must exist and cannot both be none',
    mutate: (draft) => {
      draft.messages = undefined;
    },
  },
  {
    breaks: 'messages-type',
    severity: 'error',
    at: 'messages',
    says: 'an array of messages',
    mutate: (draft, random) => {
      draft.messages = random.pick<unknown>(['你好', { role: 'user' }, 7, null]);
    },
  },
  {
    breaks: 'messages-empty',
    severity: 'error',
    at: 'messages',
    says: '[] is too short',
    mutate: say(),
  },
  {
    breaks: 'messages-user',
    severity: 'error',
    at: 'messages',
    says: 'The input messages do not contain elements with the role of user.',
    mutate: say({ role: 'system', content: '简短' }),
  },
  {
    breaks: 'message-type',
    severity: 'error',
    at: 'messages[1]',
    says: 'role and content',
    mutate: say(TEXT, '你好', TEXT),
  },
  {
    breaks: 'role',
    severity: 'error',
    at: 'messages[0].role',
    says: 'system, user, assistant, tool',
    mutate: (draft, random) => {
      say({ role: random.pick<unknown>(['human', 'developer', 7]), content: '你好' }, TEXT)(draft);
    },
  },
  {
    breaks: 'role-function',
    shape: 'chat envelope',
    severity: 'warning',
    at: 'messages[1].role',
    says: '"tool"',
    mutate: say(TEXT, { role: 'function', name: 'now', content: '12:00' }, TEXT),
  },
  {
    breaks: 'partial-type',
    severity: 'error',
    at: 'partial',
    says: 'true or false',
    mutate: say(TEXT, answer({ partial: 'yes' }), TEXT),
  },
  {
    breaks: 'partial-place',
    severity: 'warning',
    at: 'messages[1].partial',
    says: 'last message only',
    given: say(TEXT, answer({ partial: true })),
    mutate: say(TEXT, answer({ partial: true }), TEXT),
  },
  {
    breaks: 'reasoning-content-type',
    severity: 'error',
    at: 'reasoning_content',
    says: 'a string',
    mutate: say(TEXT, answer({ reasoning_content: ['想'] }), TEXT),
  },
];

const CONTENT: readonly Mutator[] = [
  {
    breaks: 'content-missing',
    severity: 'error',
    at: 'messages[0].content',
    says: 'The content field is a required field.',
    mutate: (draft, random) => {
      const bare = random.pick<unknown>([{ role: 'user' }, { role: 'user', content: null }]);
      say(bare, TEXT)(draft);
    },
  },
  {
    breaks: 'content-empty',
    severity: 'error',
    at: 'messages[0].content',
    says: 'Content length must be greater than 0',
    mutate: say(user(''), TEXT),
  },
  {
    breaks: 'content-empty-compatible',
    shape: 'chat envelope',
    severity: 'warning',
    at: 'messages[0].content',
    says: 'Content length must be greater than 0',
    mutate: say(user(''), TEXT),
  },
  {
    breaks: 'content-type',
    severity: 'error',
    at: 'messages[0].content',
    says: 'a string or an array of parts',
    mutate: (draft, random) => {
      say(user(random.pick<unknown>([7, true, { text: '你好' }])), TEXT)(draft);
    },
  },
  {
    breaks: 'file-count',
    model: 'qwen-long',
    severity: 'error',
    at: 'messages[0].content',
    says: 'at most 100 files',
    given: say({ role: 'system', content: `fileid://${'f,'.repeat(99)}f` }, TEXT),
    mutate: say({ role: 'system', content: `fileid://${'f,'.repeat(100)}f` }, TEXT),
  },
  {
    breaks: 'file-model',
    severity: 'warning',
    at: 'messages[0].content',
    says: 'qwen-long only',
    mutate: say({ role: 'system', content: 'fileid://file-fe-1' }, TEXT),
  },
  {
    breaks: 'prompt-type',
    severity: 'error',
    at: 'input.prompt',
    says: 'a non-empty string',
    mutate: (draft, random) => {
      draft.messages = undefined;
      draft.input['prompt'] = random.pick<unknown>(['', 7, ['你好']]);
    },
  },
  {
    breaks: 'prompt-and-messages',
    severity: 'warning',
    at: 'input.prompt',
    says: 'messages',
    mutate: (draft) => {
      draft.input['prompt'] = '你好';
    },
  },
  {
    breaks: 'prompt-deprecated',
    severity: 'note',
    at: 'input.prompt',
    says: 'deprecated',
    mutate: (draft) => {
      draft.messages = undefined;
      draft.input['prompt'] = '你好';
    },
  },
  {
    breaks: 'history-type',
    severity: 'error',
    at: 'input.history',
    says: 'an array',
    mutate: (draft) => {
      draft.input['history'] = '你好';
    },
  },
  {
    breaks: 'history-deprecated',
    severity: 'note',
    at: 'input.history',
    says: 'deprecated',
    mutate: (draft) => {
      draft.input['history'] = [{ user: '你好', bot: '您好' }];
    },
  },
];

const CALLS: readonly Mutator[] = [
  {
    breaks: 'tool-calls-type',
    severity: 'error',
    at: '',
    says: '"function": {"name", "arguments"}',
    given: set(TOOLS),
    mutate: (draft, random) => {
      const tool_calls = random.pick<unknown>(['now', [7], [{ function: { name: '' } }]]);
      say(TEXT, answer({ tool_calls }), TEXT)(draft);
    },
  },
  {
    breaks: 'arguments-coder',
    model: CODER,
    severity: 'error',
    at: 'arguments',
    says: 'JSON text',
    given: set(TOOLS),
    mutate: say(TEXT, answer({ tool_calls: [call('a', '{"地点":')] }), result('a')),
  },
  {
    breaks: 'arguments',
    severity: 'warning',
    at: 'arguments',
    says: 'JSON text',
    given: set(TOOLS),
    mutate: say(TEXT, answer({ tool_calls: [call('a', '杭州')] }), result('a')),
  },
  {
    breaks: 'calls-unanswered',
    severity: 'error',
    at: 'messages[1].tool_calls',
    says: 'must be followed by tool messages responding to each "tool_call_id"',
    given: (draft) => {
      set(TOOLS)(draft);
      say(TEXT, calls('a', 'b'), result('a'), result('b'), TEXT)(draft);
    },
    mutate: say(TEXT, calls('a', 'b'), result('a'), TEXT),
  },
  {
    breaks: 'tool-unasked',
    severity: 'error',
    at: 'messages[1]',
    says: 'messages with role "tool" must be a response to a preceeding message with "tool_calls"',
    given: set(TOOLS),
    mutate: say(TEXT, result('a')),
  },
  {
    breaks: 'tool-call-id-missing',
    severity: 'warning',
    at: 'messages[2].tool_call_id',
    says: 'pairs answers and calls',
    given: set(TOOLS),
    mutate: say(TEXT, calls('a'), result()),
  },
  {
    breaks: 'tool-call-id-unknown',
    severity: 'error',
    at: 'messages[2].tool_call_id',
    says: 'must be a response to a preceeding message with "tool_calls"',
    given: set(TOOLS),
    mutate: say(TEXT, calls('a'), result('b')),
  },
  {
    breaks: 'calls-repeated',
    severity: 'warning',
    at: 'tool_calls',
    says: 'Repetitive tool calls detected',
    given: (draft) => {
      set(TOOLS)(draft);
      say(TEXT, calls('a'), result('a'), TEXT)(draft);
    },
    mutate: say(TEXT, ...['a', 'b', 'c'].flatMap((id) => [calls(id), result(id)]), TEXT),
  },
];

export const MESSAGE_MUTATORS: readonly Mutator[] = [...LIST, ...CONTENT, ...CALLS];
