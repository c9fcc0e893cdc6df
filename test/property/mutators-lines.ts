import { say, set, TEXT, user, type Mutator } from './mutator.ts';
import { Raw, type Draft } from './request-draft.ts';

/** One mutator for each rule about names, places, headers and the line (service.md 2.1 to 2.3, cli.md 2). */

const headers =
  (values: unknown): ((draft: Draft) => void) =>
  (draft) => {
    draft.headers = values;
  };
const INSPECT = { 'X-DashScope-DataInspection': '{"input":"cip","output":"cip"}' };
const PICTURE = user([{ image: 'https://example.com/a.png' }, { text: '？' }]);

const NAMES: readonly Mutator[] = [
  {
    breaks: 'unknown-parameter',
    severity: 'warning',
    at: 'temprature',
    says: 'did you mean "temperature"',
    mutate: set({ temprature: 0.7 }),
  },
  {
    breaks: 'parameter-elsewhere',
    shape: 'chat envelope',
    severity: 'warning',
    at: 'extra_body',
    says: 'Python SDK',
    mutate: set({ extra_body: { top_k: 5 } }),
  },
  {
    breaks: 'parameter-protocol',
    severity: 'warning',
    at: '',
    says: 'the protocol of this line does not document it',
    mutate: (draft, random) => {
      if (random.between(0, 1) === 0) {
        draft.parameters['stream_options'] = { include_usage: true };
        return;
      }
      draft.shape = 'chat envelope';
      draft.parameters['result_format'] = 'message';
    },
  },
  {
    breaks: 'parameter-null',
    severity: 'warning',
    at: '',
    says: 'null is not documented',
    mutate: (draft, random) => {
      draft.parameters[random.pick(['temperature', 'seed', 'max_tokens', 'n'])] = null;
    },
  },
  {
    breaks: 'stream-null',
    severity: 'warning',
    at: 'stream',
    says: 'null counts as left out',
    mutate: set({ stream: null }),
  },
  {
    breaks: 'parameter-family',
    severity: 'warning',
    at: '',
    says: 'documented for other models',
    mutate: (draft, random) => {
      const values: readonly (readonly [string, unknown])[] = [
        ['ocr_options', { task: 'table_parsing' }],
        ['asr_options', { language: 'zh' }],
        ['max_completion_tokens', 100],
        ['max_input_tokens', 100],
        ['reasoning_effort', 'low'],
        ['vl_high_resolution_images', true],
        ['enable_code_interpreter', false],
      ];
      const [name, value] = values[random.between(0, values.length - 1)] ?? ['', 0];
      draft.parameters[name] = value;
    },
  },
  {
    breaks: 'integer-text',
    severity: 'warning',
    at: '',
    says: 'write plain digits',
    mutate: (draft, random) => {
      const name = random.pick(['seed', 'max_tokens', 'n', 'top_k']);
      draft.parameters[name] = new Raw(random.pick(['1.0', '1e0', '1E+0']));
    },
  },
  {
    breaks: 'input-member',
    severity: 'warning',
    at: 'input.question',
    says: '"question"',
    mutate: (draft) => {
      draft.input['question'] = '你好';
    },
  },
  {
    breaks: 'input-parameter',
    severity: 'warning',
    at: 'input.top_p',
    says: 'belongs in "parameters"',
    mutate: (draft) => {
      draft.input['top_p'] = 0.8;
    },
  },
  {
    breaks: 'top-level-member',
    severity: 'warning',
    at: 'debug',
    says: '"debug"',
    mutate: (draft) => {
      draft.extra['debug'] = { a: 1 };
    },
  },
  {
    breaks: 'top-level-parameter',
    shape: 'native envelope',
    severity: 'warning',
    at: 'body.top_p',
    says: 'belongs in "parameters"',
    mutate: (draft) => {
      draft.extra['top_p'] = 0.8;
    },
  },
  {
    breaks: 'output-format-place',
    model: 'qwen-deep-research',
    severity: 'note',
    at: 'output_format',
    says: 'sent where it stands',
    mutate: (draft) => {
      draft.extra['output_format'] = 'model_summary_report';
    },
  },
  {
    breaks: 'request-bytes',
    severity: 'warning',
    at: '',
    says: 'Exceeded limit on max bytes to request body : 6291456',
    mutate: say(user('西'.repeat(2_097_153))),
  },
];

const HEADERS: readonly Mutator[] = [
  {
    breaks: 'headers-type',
    severity: 'error',
    at: 'headers',
    says: 'an object of strings',
    mutate: headers(['X-DashScope-SSE']),
  },
  {
    breaks: 'header-refused',
    severity: 'error',
    at: '',
    says: 'a line may set only',
    mutate: (draft, random) => {
      headers({ [random.pick(['X-DashScope-Plugin', 'Host', 'Content-Type', 'Cookie'])]: 'a' })(
        draft,
      );
    },
  },
  {
    breaks: 'header-authorization',
    severity: 'error',
    at: 'authorization',
    says: 'DASHSCOPE_API_KEY',
    mutate: headers({ authorization: 'Bearer sk-canary-0000' }),
  },
  {
    breaks: 'header-async',
    severity: 'error',
    at: 'X-DashScope-Async',
    says: 'no task mode',
    mutate: headers({ 'X-DashScope-Async': 'enable' }),
  },
  {
    breaks: 'header-value-type',
    severity: 'error',
    at: 'X-DashScope-WorkSpace',
    says: 'a string',
    mutate: headers({ 'X-DashScope-WorkSpace': 7 }),
  },
  {
    breaks: 'header-ascii',
    severity: 'error',
    at: 'X-DashScope-WorkSpace',
    says: 'printable ASCII',
    mutate: headers({ 'X-DashScope-WorkSpace': 'a\r\nAuthorization: b' }),
  },
  {
    breaks: 'header-twice',
    severity: 'error',
    at: 'x-dashscope-workspace',
    says: 'keep one',
    mutate: headers({ 'X-DashScope-WorkSpace': 'a', 'x-dashscope-workspace': 'b' }),
  },
  {
    breaks: 'header-sse',
    severity: 'warning',
    at: 'X-DashScope-SSE',
    says: '"enable"',
    mutate: headers({ 'X-DashScope-SSE': 'true' }),
  },
  {
    breaks: 'header-sse-compatible',
    shape: 'chat envelope',
    severity: 'warning',
    at: 'X-DashScope-SSE',
    says: '"stream": true',
    mutate: headers({ 'X-DashScope-SSE': 'enable' }),
  },
  {
    breaks: 'header-inspection',
    severity: 'warning',
    at: 'X-DashScope-DataInspection',
    says: '{"input":"cip","output":"cip"}',
    given: headers(INSPECT),
    mutate: (draft, random) => {
      const value = random.pick(['cip', '{"input":"on"}', '{}', '{"both":"cip"}']);
      headers({ 'X-DashScope-DataInspection': value })(draft);
    },
  },
  {
    breaks: 'header-inspection-audio',
    model: 'qwen-audio-turbo',
    severity: 'warning',
    at: 'X-DashScope-DataInspection',
    says: 'Qwen-Audio',
    mutate: headers(INSPECT),
  },
  {
    breaks: 'header-inspection-vision',
    model: 'qwen-vl-max',
    severity: 'warning',
    at: 'X-DashScope-DataInspection',
    says: 'Qwen-VL',
    given: say(PICTURE),
    mutate: headers(INSPECT),
  },
  {
    breaks: 'header-oss',
    severity: 'warning',
    at: 'X-DashScope-OssResourceResolve',
    says: '"enable"',
    given: headers({ 'X-DashScope-OssResourceResolve': 'enable' }),
    mutate: headers({ 'X-DashScope-OssResourceResolve': 'yes' }),
  },
  {
    breaks: 'header-workspace',
    severity: 'warning',
    at: 'X-DashScope-WorkSpace',
    says: 'workspace id',
    mutate: headers({ 'X-DashScope-WorkSpace': '' }),
  },
  {
    breaks: 'header-wait',
    severity: 'warning',
    at: 'X-DashScope-Wait-Timeout',
    says: '3 to 120',
    given: headers({ 'X-DashScope-Wait-Timeout': '120' }),
    mutate: (draft, random) => {
      headers({ 'X-DashScope-Wait-Timeout': random.pick(['2', '121', '30s', '-1', '']) })(draft);
    },
  },
  {
    breaks: 'metadata-type',
    severity: 'error',
    at: '',
    says: 'an object of strings',
    given: (draft) => {
      draft.metadata = { team: '客服' };
      draft.messages = [TEXT];
    },
    mutate: (draft, random) => {
      draft.metadata = random.pick<unknown>([['客服'], 'a', null]);
    },
  },
  {
    breaks: 'metadata-value',
    severity: 'error',
    at: '',
    says: 'must be a string',
    given: (draft) => {
      draft.metadata = { team: '客服' };
      draft.messages = [TEXT];
    },
    mutate: (draft, random) => {
      draft.metadata = { team: random.pick<unknown>([7, true, null, ['客服'], {}]) };
    },
  },
];

export const LINE_MUTATORS: readonly Mutator[] = [...NAMES, ...HEADERS];
