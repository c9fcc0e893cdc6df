/*
 * Replies as the reference or recorded responses have them, by the `custom_id` of the example's
 * line, with what the folded body must hold, word for word: a second source beside the simulator.
 * Frames are in the recorded framing.
 */

/** A reply of the service and what a user must find in the output. */
export type DocumentedReply = {
  readonly id: string;
  readonly streamed: boolean;
  readonly text: string;
  readonly body: unknown;
};

function frames(values: readonly unknown[]): string {
  return values
    .map((value, at) => {
      const data = JSON.stringify(value);
      return `id:${at + 1}\nevent:result\n:HTTP_STATUS/200\ndata:${data}\n\n`;
    })
    .join('');
}

const REQUEST_ID = '902fee3b-f7f0-9a8c-96a1-6b4ea25af114';

function delta(message: object, finishReason = 'null'): object {
  return { message: { role: 'assistant', ...message }, finish_reason: finishReason };
}

/**
 * The tool's code comes in `output.tool_info`; `input_tokens` grows when the tool has run, so that
 * only the last usage is right. Source: service contract 4.2, 4.3; the numbers are recorded.
 */
const CODE = [{ type: 'code_interpreter', code_interpreter: { code: 'print(123**21)' } }];
const CODE_USAGE = {
  total_tokens: 838,
  output_tokens: 115,
  input_tokens: 723,
  output_tokens_details: { reasoning_tokens: 62 },
  plugins: { code_interpreter: { count: 1 } },
};
const CODE_FRAMES = [
  {
    output: { choices: [delta({ content: '', reasoning_content: '用户要算 123 的 21 次方，' })] },
    usage: { total_tokens: 290, output_tokens: 9, input_tokens: 281 },
    request_id: REQUEST_ID,
  },
  {
    output: { choices: [delta({ content: '', reasoning_content: '用代码来算。' })] },
    usage: { total_tokens: 296, output_tokens: 15, input_tokens: 281 },
    request_id: REQUEST_ID,
  },
  {
    output: { choices: [delta({ content: '', reasoning_content: '' })], tool_info: CODE },
    usage: { total_tokens: 343, output_tokens: 62, input_tokens: 281 },
    request_id: REQUEST_ID,
  },
  {
    output: { choices: [delta({ content: '结果是 7.7e43', reasoning_content: '' })] },
    usage: { ...CODE_USAGE, total_tokens: 830, output_tokens: 107 },
    request_id: REQUEST_ID,
  },
  {
    output: { choices: [delta({ content: '。', reasoning_content: '' }, 'stop')] },
    usage: CODE_USAGE,
    request_id: REQUEST_ID,
  },
];

/** The size that the picture was scaled to may stand in a part of its own, where the simulator puts it beside the text. */
const SIZED = {
  output: {
    choices: [
      {
        finish_reason: 'stop',
        message: { role: 'assistant', content: [{ text: '橙色。' }, { image_hw: [[28, 28]] }] },
      },
    ],
  },
  usage: { input_tokens: 24, output_tokens: 3, image_tokens: 6 },
  request_id: REQUEST_ID,
};

/** Recorded on qwen-plus with `search_strategy: standard`, shortened. */
const SEARCHED = {
  output: {
    choices: [
      {
        message: { content: '阿里巴巴美股的实时价格为167.05美元[ref_1]。', role: 'assistant' },
        finish_reason: 'stop',
      },
    ],
    search_info: {
      extra_tool_info: [{ result: '阿里巴巴美股：\n实时价格167.05USD', tool: 'stock' }],
      search_results: [
        { icon: '', site_name: '无', index: 1, title: '目标价', url: 'https://xueqiu.com/1' },
      ],
    },
  },
  usage: {
    total_tokens: 2560,
    output_tokens: 160,
    input_tokens: 2400,
    plugins: { search: { count: 1, strategy: 'standard' } },
  },
  request_id: REQUEST_ID,
};

/** Cached tokens stand at the top of the usage. Recorded on qwen-doc-turbo, shortened. */
const DOCUMENT_FRAMES = [
  {
    output: { choices: [delta({ content: '```json\n[' })] },
    usage: { total_tokens: 1829, output_tokens: 3, input_tokens: 1826, cached_tokens: 0 },
    request_id: REQUEST_ID,
  },
  {
    output: { choices: [delta({ content: ']\n```' }, 'stop')] },
    usage: { total_tokens: 1832, output_tokens: 6, input_tokens: 1826, cached_tokens: 1024 },
    request_id: REQUEST_ID,
  },
];

/** Phases as recorded, for a variant that asks no question first. */
function researchFrame(phase: string, status: string, content: string, extra: object): object {
  return {
    output: {
      message: { phase, role: 'assistant', content, extra: { deep_research: extra }, status },
      fininshed: false,
      fininshed_reason: 'null',
    },
    usage: { input_tokens: 1197, output_tokens: 150 },
    request_id: REQUEST_ID,
  };
}
const REFERENCE = {
  index_number: 1,
  title: '量子计算',
  url: 'https://example.com/1',
  icon: '',
  description: '现状',
};
const RESEARCH_FRAMES = [
  researchFrame('ResearchPlanning', 'typing', '先看硬件。', {}),
  researchFrame('ResearchPlanning', 'finished', '', {}),
  researchFrame('WebResearch', 'streamingQueries', '', { research: { id: 1, query: '量子比特' } }),
  researchFrame('KeepAlive', 'typing', '', {}),
  researchFrame('WebResearch', 'WebResultFinished', '', { research: { id: 1 } }),
  researchFrame('answer', 'typing', '# 量子计算的现状', { references: [REFERENCE] }),
  researchFrame('answer', 'typing', '\n\n还在早期。', {}),
  researchFrame('answer', 'finished', '', {}),
];

export const DOCUMENTED_REPLIES: readonly DocumentedReply[] = [
  {
    id: 'code-interpreter',
    streamed: true,
    text: frames(CODE_FRAMES),
    body: {
      output: {
        choices: [
          {
            finish_reason: 'stop',
            message: {
              role: 'assistant',
              content: '结果是 7.7e43。',
              reasoning_content: '用户要算 123 的 21 次方，用代码来算。',
            },
          },
        ],
        tool_info: CODE,
      },
      usage: CODE_USAGE,
      request_id: REQUEST_ID,
    },
  },
  { id: 'image-data-uri', streamed: false, text: JSON.stringify(SIZED), body: SIZED },
  { id: 'search-with-sources', streamed: false, text: JSON.stringify(SEARCHED), body: SEARCHED },
  {
    id: 'document-urls',
    streamed: true,
    text: frames(DOCUMENT_FRAMES),
    body: {
      output: {
        choices: [
          { finish_reason: 'stop', message: { role: 'assistant', content: '```json\n[]\n```' } },
        ],
      },
      usage: { total_tokens: 1832, output_tokens: 6, input_tokens: 1826, cached_tokens: 1024 },
      request_id: REQUEST_ID,
    },
  },
  {
    id: 'research-without-question',
    streamed: true,
    text: frames(RESEARCH_FRAMES),
    body: {
      output: {
        message: {
          role: 'assistant',
          phase: 'answer',
          status: 'finished',
          content: '# 量子计算的现状\n\n还在早期。',
          extra: { deep_research: { references: [REFERENCE] } },
        },
        fininshed: false,
        fininshed_reason: 'null',
      },
      usage: { input_tokens: 1197, output_tokens: 150 },
      request_id: REQUEST_ID,
    },
  },
];
