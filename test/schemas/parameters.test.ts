import { describe, expect, test } from 'vitest';
import { PARAMETERS } from '../../src/schemas/parameters.ts';
import { outline, problemsOf, QUESTION, viewOf, WEATHER_TOOL } from './request-views.ts';
import { checkRequest } from '../../src/schemas/check-request.ts';

type Bounds = {
  /** Accepted without an error, the lowest and highest first. */
  readonly good: readonly unknown[];
  /** Refused, those just outside first. */
  readonly bad: readonly unknown[];
};

const FLAG: Bounds = { good: [true, false], bad: ['true', 1, 0] };
const TOOL_CHOICE = { type: 'function', function: { name: 'get_current_weather' } };
const named = (name: unknown): unknown => [
  { type: 'function', function: { name, description: '查询' } },
];

/** The documented ranges, written out from the vendor's reference rather than from the table. */
const BOUNDS: Readonly<Record<string, Bounds>> = {
  temperature: { good: [0, 1.999999, 0.7], bad: [2, -0.000001, 2.5, '0.7', true] },
  top_p: { good: [0.000001, 1, 0.8], bad: [0, 1.000001, '0.8'] },
  top_k: { good: [0, 100, 101, null], bad: [-1, 1.5, '20'] },
  repetition_penalty: { good: [0.000001, 1.05, 99], bad: [0, -1, '1'] },
  presence_penalty: { good: [-2, 2, 0], bad: [-2.000001, 2.000001, '0'] },
  seed: {
    good: [0, 2_147_483_647, Number('9223372036854775807')],
    bad: [-1, Number('9223372036854780000'), 1.5, '1234'],
  },
  max_tokens: { good: [1, 32_768], bad: [0, -1, 10.5, '100'] },
  max_completion_tokens: { good: [1, 4096], bad: [0, 1.5, '1'] },
  max_input_tokens: { good: [1, 129_024], bad: [0, '129024'] },
  n: { good: [1, 4], bad: [0, 5, 1.5, '1'] },
  stop: {
    good: ['你好', ['你好', '再见'], [37_763, 367], [[37_763, 367]], null],
    bad: [['你好', 104_307], [1, [2]], [['你好']], 5, true, { token: '你好' }, [1.5]],
  },
  stream: FLAG,
  incremental_output: FLAG,
  result_format: { good: ['text', 'message'], bad: ['json', 'Message', 1] },
  response_format: {
    good: [
      { type: 'text' },
      { type: 'json_object' },
      { type: 'json_schema', json_schema: { name: '产品', schema: {} } },
    ],
    bad: [{ type: 'json' }, {}, 'json_object', { type: 'json_schema', json_schema: 'x' }, []],
  },
  enable_thinking: FLAG,
  thinking_budget: { good: [1, 81_920], bad: [0, -1, 1.5, '100'] },
  reasoning_effort: { good: ['low', 'medium', 'high', 'xhigh', 'max'], bad: ['extreme', 3] },
  preserve_thinking: FLAG,
  clear_thinking: FLAG,
  tool_stream: FLAG,
  enable_code_interpreter: FLAG,
  logprobs: FLAG,
  top_logprobs: { good: [0, 5], bad: [-1, 6, 1.5, '2'] },
  tools: {
    good: [[WEATHER_TOOL], named('a'), named('a'.repeat(64)), named('get-weather_2')],
    bad: [
      {},
      'x',
      [1],
      named(''),
      named('a'.repeat(65)),
      named('查天气'),
      named('a.b'),
      named(7),
      named(undefined),
      named('search'),
      [{ type: 'function', function: { name: 'a', description: 5 } }],
      [{ type: 'function', function: { name: 'a', description: 'b', parameters: '{}' } }],
    ],
  },
  tool_choice: {
    good: ['auto', 'none', TOOL_CHOICE],
    bad: [
      'any',
      'required',
      1,
      {},
      { type: 'function' },
      { type: 'function', function: { name: '' } },
    ],
  },
  parallel_tool_calls: FLAG,
  enable_search: FLAG,
  search_options: {
    good: [
      {},
      {
        enable_source: true,
        search_strategy: 'pro',
        freshness: 30,
        intention_options: { prompt_intervene: '仅检索技术内容' },
        assigned_site_list: ['aliyun.com'],
      },
    ],
    bad: [
      'turbo',
      [],
      { enable_source: 'yes' },
      { search_strategy: 1 },
      { search_strategy: 'deep' },
      { citation_format: '(1)' },
      { assigned_site_list: [1] },
    ],
  },
  enable_text_image_mixed: FLAG,
  vl_high_resolution_images: FLAG,
  vl_enable_image_hw_output: FLAG,
  ocr_options: {
    good: [
      { task: 'text_recognition' },
      { task: 'key_information_extraction', task_config: { result_schema: { 发票号: '' } } },
    ],
    bad: ['text_recognition', { task: 'read' }, { task: 'text_recognition', task_config: [] }],
  },
  translation_options: {
    good: [
      {
        source_lang: 'auto',
        target_lang: 'English',
        terms: [{ source: '博客园', target: 'cnblogs' }],
      },
    ],
    bad: [
      'English',
      { source_lang: 1, target_lang: 'English' },
      { source_lang: 'auto', target_lang: 'English', terms: ['博客园'] },
    ],
  },
  asr_options: {
    good: [{ language: 'zh', enable_itn: true }],
    bad: [{ enable_itn: 'yes' }, { language: 5 }, { language: 'tlh' }, 'zh'],
  },
  output_format: { good: ['model_detailed_report', 'model_summary_report'], bad: ['detailed', 1] },
  enable_feedback: FLAG,
  research_tools: { good: [[], [{ type: 'mcp' }]], bad: ['mcp', [1]] },
  skill: {
    good: [[{ type: 'ppt', mode: 'general', template_id: 'news_01' }]],
    bad: [
      'ppt',
      [{ type: 'ppt', mode: 'free' }],
      [{ type: 'doc' }],
      [{ type: 'ppt', template_id: 'news_02' }],
    ],
  },
  modalities: { good: [['text'], ['text', 'audio']], bad: ['text', [1]] },
  audio: { good: [{ voice: 'Cherry', format: 'wav' }, null], bad: ['Cherry'] },
  stream_options: { good: [{ include_usage: true }, null], bad: [true, { include_usage: 'yes' }] },
  logit_bias: { good: [{ '37763': -100 }, {}], bad: [{ '37763': 'low' }, [1]] },
};

const OPENAI_ONLY: ReadonlySet<string> = new Set(['modalities', 'audio', 'stream_options']);

/** Problems of the parameter itself with this value, next to what it needs to make sense. */
function errorsOf(name: string, value: unknown, openai: boolean): string[] {
  return problemsOf({
    openai,
    messages: [{ role: 'user', content: '请用 JSON 回答：杭州的天气如何？' }],
    parameters: {
      ...(name === 'tool_choice' ? { tools: [WEATHER_TOOL] } : {}),
      ...(name === 'thinking_budget' ? { enable_thinking: true } : {}),
      ...(openai ? { stream: true } : {}),
      [name]: value,
    },
  })
    .filter(({ severity }) => severity === 'error')
    .map(({ path }) => path);
}

describe('parameters: boundaries', () => {
  test('the table and these boundaries name the same parameters', () => {
    expect(PARAMETERS.map(({ name }) => name).toSorted()).toEqual(Object.keys(BOUNDS).toSorted());
  });

  for (const [name, { good, bad }] of Object.entries(BOUNDS)) {
    const openai = OPENAI_ONLY.has(name);
    const root = openai ? 'body.' : 'parameters.';
    test(`${name}: values inside the documented range are no error`, () => {
      for (const value of good)
        expect(errorsOf(name, value, openai), JSON.stringify(value)).toEqual([]);
    });
    test(`${name}: values outside the documented range are an error at its path`, () => {
      for (const value of bad) {
        const paths = errorsOf(name, value, openai);
        expect(paths, JSON.stringify(value)).toHaveLength(1);
        expect(paths[0]?.startsWith(root + name), `${JSON.stringify(value)}: ${paths[0]}`).toBe(
          true,
        );
      }
    });
  }
});

describe('parameters: messages', () => {
  test('a number out of range: says value, range and the service text', () => {
    expect(problemsOf({ parameters: { temperature: 2.5 } })).toEqual([
      {
        severity: 'error',
        path: 'parameters.temperature',
        code: 'qbatch_invalid_request',
        message:
          'temperature is 2.5; it must be a number with 0 <= x < 2 (service: Temperature should be in [0.0, 2.0)) [API reference, 2025-11]',
      },
    ]);
  });

  test('a bad member: path and message name the place inside', () => {
    const problems = problemsOf({
      parameters: {
        result_format: 'message',
        tools: [
          WEATHER_TOOL,
          { type: 'function', function: { name: '查天气', description: '查' } },
        ],
      },
    });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      path: 'parameters.tools[1].function.name',
      message:
        'tools[1].function.name is "查天气"; it must be 1 to 64 letters, digits, _ or - [API reference, 2026-09]',
    });
  });

  test('a very long value: the message shows its beginning only', () => {
    const [problem] = problemsOf({ parameters: { temperature: '0'.repeat(1_000_000) } });
    expect(problem?.message.length).toBeLessThan(300);
  });

  test('seed between the documented and the accepted maximum: a warning', () => {
    expect(outline({ parameters: { seed: 2_147_483_648 } })).toEqual(['warning parameters.seed']);
  });

  // All of these are 2^63 to JavaScript.
  test.each([
    ['9223372036854775807', 'warning'],
    ['9223372036854775807.0', 'warning'],
    ['922337203685477580.70e1', 'warning'],
    ['9223372036854775808', 'error'],
    ['9223372036854775808.0', 'error'],
    ['9223372036854775807.5', 'error'],
    ['9.223372036854775808e18', 'error'],
    ['9223372036854779999', 'error'],
    ['9223372036854775808E+0', 'error'],
  ])('seed %s: %s, by its digits', (raw, severity) => {
    const found = problemsOf({ parameters: { seed: Number(raw) }, raw: { seed: raw } });
    expect(found[0]?.severity).toBe(severity);
    if (severity === 'error') expect(found[0]?.message).toContain(`seed is ${raw}`);
    for (const { message } of found) expect(message).toContain(raw);
  });
});

test('a number that JavaScript rounds, in a rule about the model: by its digits', () => {
  const raw = '9007199254740993';
  const found = problemsOf({ parameters: { max_tokens: Number(raw) }, raw: { max_tokens: raw } });
  expect(found[0]?.message).toContain(`max_tokens is ${raw} and the model`);
});

describe('parameters: names and places', () => {
  test('a misspelt name: a warning that suggests the right one', () => {
    expect(problemsOf({ parameters: { temprature: 0.7 } })).toEqual([
      {
        severity: 'warning',
        path: 'parameters.temprature',
        code: 'qbatch_unknown_parameter',
        message:
          'unknown parameter "temprature" is 0.7, did you mean "temperature"?; no source documents it; it is sent as it is [API reference, 2026-09]',
      },
    ]);
    expect(problemsOf({ parameters: { topP: 0.8 } })[0]?.message).toContain('"top_p"');
  });

  test.each([
    ['functions', '"tools"'],
    ['function_call', '"tool_choice"'],
    ['frequency_penalty', '"presence_penalty" and "repetition_penalty"'],
    ['max_output_tokens', '"max_tokens"'],
    ['chat_template_kwargs', '"enable_thinking" stands on its own'],
    ['id', '"custom_id"'],
  ])("another API's %s: a warning that names what has its meaning here", (name, here) => {
    for (const openai of [false, true]) {
      const [problem] = problemsOf({ openai, parameters: { [name]: 1 } });
      expect(problem).toMatchObject({ severity: 'warning', code: 'qbatch_unknown_parameter' });
      expect(problem?.message).toContain(here);
    }
  });

  test('a name like none that is known: a warning without a suggestion', () => {
    for (const name of ['watermark', 'store']) {
      const [problem] = problemsOf({ parameters: { [name]: true } });
      expect(problem).toMatchObject({ severity: 'warning', code: 'qbatch_unknown_parameter' });
      expect(problem?.message).not.toContain('did you mean');
    }
  });

  test('a parameter of the other protocol: a warning that says where it belongs', () => {
    expect(problemsOf({ openai: true, parameters: { result_format: 'message' } })).toMatchObject([
      { severity: 'warning', path: 'body.result_format', code: 'qbatch_misplaced_parameter' },
    ]);
    expect(problemsOf({ parameters: { stream_options: { include_usage: true } } })).toMatchObject([
      {
        severity: 'warning',
        path: 'parameters.stream_options',
        code: 'qbatch_misplaced_parameter',
      },
    ]);
  });

  test('extra_body in the body: a warning that it is an argument of the SDK', () => {
    const [problem] = problemsOf({ openai: true, parameters: { extra_body: { top_k: 5 } } });
    expect(problem).toMatchObject({ severity: 'warning', code: 'qbatch_misplaced_parameter' });
    expect(problem?.message).toContain('Python SDK');
  });

  test('a parameter inside input: a warning that it belongs in parameters', () => {
    expect(problemsOf({ input: { temperature: 0.7 } })).toMatchObject([
      { severity: 'warning', path: 'input.temperature', code: 'qbatch_misplaced_parameter' },
    ]);
  });

  test('null: a warning where it is not documented, nothing where it is', () => {
    expect(problemsOf({ parameters: { temperature: null } })).toMatchObject([
      { severity: 'warning', path: 'parameters.temperature', code: 'qbatch_null_parameter' },
    ]);
    expect(problemsOf({ parameters: { top_k: null, stop: null, tools: null } })).toEqual([]);
  });

  test('options of one family on another listed model: a warning; on an unlisted one: nothing', () => {
    const parameters = { asr_options: { language: 'zh' } };
    expect(problemsOf({ parameters })).toMatchObject([
      { severity: 'warning', code: 'qbatch_model_list' },
    ]);
    expect(problemsOf({ parameters, unknown: true }).map(({ code }) => code)).toEqual([
      'qbatch_unknown_model',
    ]);
    const audio = [{ role: 'user', content: [{ audio: 'https://example.com/会议.wav' }] }];
    expect(problemsOf({ model: 'qwen3-asr-flash', parameters, messages: audio })).toEqual([]);
  });

  test('millions of unknown names: at most a hundred problems, and a real error is among them', () => {
    const parameters: Record<string, unknown> = {};
    for (let index = 0; index < 20_000; index += 1) parameters[`名字${index}`] = index;
    parameters['top_p'] = 7;
    const problems = checkRequest(viewOf({ parameters, messages: QUESTION }));
    expect(problems).toHaveLength(100);
    expect(problems.filter(({ severity }) => severity === 'error').map(({ path }) => path)).toEqual(
      ['parameters.top_p'],
    );
  });
});
