import { set, say, TEXT, user, type Mutator } from './mutator.ts';
import { WEATHER } from './valid-features.ts';

/** One mutator for each rule of service.md section 2.4 and for what depends on the model (2.3, 2.5). */

const FORCED = { type: 'function', function: { name: 'get_current_weather' } };
const TOOLS = { tools: [WEATHER], result_format: 'message' };
const OFF = { enable_thinking: false };
const ON = { enable_thinking: true };
const JSON_MODE = { response_format: { type: 'json_object' } };
const ASK_JSON = say(user('Return the city as JSON.'));
const CALL = {
  role: 'assistant',
  content: '',
  tool_calls: [{ id: 'a', type: 'function', function: { name: 'now', arguments: '{}' } }],
};
const RESULT = { role: 'tool', content: '多云', tool_call_id: 'a' };
const research = say(TEXT, { role: 'assistant', content: '哪座城市？' }, user('杭州'));
const noStream = { 'X-DashScope-SSE': 'disable' };

const TOOL_MUTATORS: readonly Mutator[] = [
  {
    breaks: '1',
    severity: 'warning',
    at: 'result_format',
    says: '"message"',
    given: set(TOOLS),
    mutate: (draft, random) => {
      draft.parameters['result_format'] = random.pick<unknown>(['text', undefined]);
    },
  },
  {
    breaks: '2',
    severity: 'warning',
    at: '.n',
    says: 'fixed to 1',
    given: set({ ...TOOLS, n: 1 }),
    mutate: set({ n: 3 }),
  },
  {
    breaks: '3',
    severity: 'warning',
    at: 'messages',
    says: 'repeat the tools',
    given: (draft) => {
      set(TOOLS)(draft);
      say(TEXT, CALL, RESULT)(draft);
    },
    mutate: set({ tools: undefined }),
  },
  {
    breaks: 'tools-unsupported',
    model: 'qwen-long',
    severity: 'warning',
    at: 'tools',
    says: 'The tool call is not supported.',
    mutate: set(TOOLS),
  },
  {
    breaks: 'tool-description',
    severity: 'warning',
    at: 'tools',
    says: 'documented as required',
    given: set(TOOLS),
    mutate: set({ tools: [{ type: 'function', function: { name: 'now' } }] }),
  },
  {
    breaks: 'tool-type',
    severity: 'warning',
    at: 'tools',
    says: '{"type":"function","function":{...}}',
    given: set(TOOLS),
    mutate: set({ tools: [WEATHER, { type: 'web_extractor' }] }),
  },
  {
    breaks: 'tool-required',
    severity: 'error',
    at: 'tool_choice',
    says: 'tool_choice is one of the strings that should be ["none", "auto"]',
    given: set({ ...TOOLS, tool_choice: 'auto' }),
    mutate: set({ tool_choice: 'required' }),
  },
  {
    breaks: 'tool-named',
    severity: 'warning',
    at: 'tool_choice',
    says: '"get_time"',
    given: set({ ...TOOLS, tool_choice: FORCED }),
    mutate: set({ tool_choice: { type: 'function', function: { name: 'get_time' } } }),
  },
];

const THINKING_MUTATORS: readonly Mutator[] = [
  {
    breaks: '4',
    model: 'qwen3-32b',
    severity: 'error',
    at: 'stream',
    says: 'parameter.enable_thinking must be set to false for non-streaming calls',
    given: set(ON),
    mutate: (draft, random) => {
      if (random.between(0, 1) === 0) draft.parameters['stream'] = false;
      else draft.headers = noStream;
    },
  },
  {
    breaks: 'stream-only',
    model: 'qwq-plus',
    severity: 'error',
    at: 'stream',
    says: 'This model only support stream mode',
    mutate: set({ stream: false }),
  },
  {
    breaks: '5-incremental',
    severity: 'error',
    at: 'incremental_output',
    says: 'The incremental_output parameter must be "true" when enable_thinking is true',
    given: set(ON),
    mutate: set({ incremental_output: false }),
  },
  {
    breaks: '5-format',
    severity: 'error',
    at: 'result_format',
    says: 'The result_format parameter must be "message" when enable_thinking is true',
    given: set(ON),
    mutate: set({ result_format: 'text' }),
  },
  {
    breaks: '6',
    severity: 'error',
    at: 'response_format',
    says: 'Json mode response is not supported when enable_thinking is true',
    given: (draft) => {
      set({ ...OFF, ...JSON_MODE })(draft);
      ASK_JSON(draft);
    },
    mutate: set(ON),
  },
  {
    breaks: '7',
    severity: 'warning',
    at: 'tool_choice',
    says: 'thinking',
    given: set({ ...TOOLS, ...OFF, tool_choice: FORCED }),
    mutate: set(ON),
  },
  {
    breaks: '9',
    severity: 'note',
    at: 'thinking_budget',
    says: 'no effect while thinking is off',
    given: set({ ...ON, thinking_budget: 1000 }),
    mutate: set(OFF),
  },
  {
    breaks: '14',
    model: 'qwen3-max-preview',
    severity: 'warning',
    at: 'enable_code_interpreter',
    says: 'thinking mode only',
    given: set({ ...ON, enable_code_interpreter: true }),
    mutate: set(OFF),
  },
  {
    breaks: '15',
    model: 'qwen3.8-max',
    severity: 'error',
    at: 'thinking_budget',
    says: 'exclude each other',
    given: set({ ...ON, thinking_budget: 1000 }),
    mutate: set({ reasoning_effort: 'low' }),
  },
  {
    breaks: 'effort-values',
    model: 'deepseek-v4-pro',
    severity: 'error',
    at: 'reasoning_effort',
    says: 'Qwen3.8 only',
    given: set({ ...ON, reasoning_effort: 'low' }),
    mutate: set({ reasoning_effort: 'minimal' }),
  },
  {
    breaks: 'thinking-unsupported',
    model: 'qwen-max',
    severity: 'error',
    at: 'enable_thinking',
    says: 'The model qwen-max does not support enable_thinking.',
    given: set(OFF),
    mutate: set(ON),
  },
  {
    breaks: 'thinking-only',
    model: 'qwq-plus',
    severity: 'error',
    at: 'enable_thinking',
    says: 'The value of the enable_thinking parameter is restricted to True.',
    given: set(ON),
    mutate: set(OFF),
  },
  {
    breaks: 'thinking-default',
    model: 'qwen3.5-plus',
    severity: 'warning',
    at: 'enable_thinking',
    says: 'billed',
    given: set(OFF),
    mutate: set({ enable_thinking: undefined }),
  },
  {
    breaks: 'budget-maximum',
    severity: 'error',
    at: 'thinking_budget',
    says: 'not greater than 81920',
    given: set({ ...ON, thinking_budget: 81_920 }),
    mutate: set({ thinking_budget: 81_921 }),
  },
  {
    breaks: 'research-question',
    model: 'qwen-deep-research',
    severity: 'warning',
    at: 'messages',
    says: 'question',
    given: research,
    mutate: say(TEXT),
  },
];

export const RULE_MUTATORS: readonly Mutator[] = [...TOOL_MUTATORS, ...THINKING_MUTATORS];
