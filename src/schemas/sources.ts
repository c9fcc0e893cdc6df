/** The source of a vendor fact, and its date (year and month). `name` is used in messages. */
export type Source = { readonly name: string; readonly text: string; readonly date: string };

/** Short names of the pages. */
type SourceName =
  | 'reference'
  | 'referenceLater'
  | 'openai'
  | 'errors'
  | 'ocr'
  | 'omni'
  | 'realtime'
  | 'asr'
  | 'translation'
  | 'research'
  | 'openapi'
  | 'batchChat'
  | 'recorded'
  | 'rateAdvice'
  | 'reported'
  | 'qbatch';

/**
 * The pages behind the tables in this folder. Dates are those of the copies read; the service changed between the first and
 * the last, and each fact names its page.
 */
export const SOURCES: Readonly<Record<SourceName, Source>> = {
  reference: {
    name: 'API reference',
    text: 'help.aliyun.com/zh/model-studio: text-generation API reference (DashScope)',
    date: '2025-11',
  },
  referenceLater: {
    name: 'API reference',
    text: 'help.aliyun.com/zh/model-studio: DashScope API reference',
    date: '2026-09',
  },
  openai: {
    name: 'OpenAI-compatible reference',
    text: 'help.aliyun.com/zh/model-studio: OpenAI-compatible chat reference',
    date: '2026-09',
  },
  errors: {
    name: 'error codes',
    text: 'help.aliyun.com/zh/model-studio/error-code',
    date: '2026-05',
  },
  ocr: {
    name: 'OCR reference',
    text: 'help.aliyun.com/zh/model-studio/qwen-vl-ocr-api-reference',
    date: '2026-05',
  },
  omni: {
    name: 'Omni page',
    text: 'help.aliyun.com/zh/model-studio/qwen-omni',
    date: '2026-02',
  },
  realtime: {
    name: 'Realtime page',
    text: 'www.alibabacloud.com/help/en/model-studio/realtime',
    date: '2026-10',
  },
  asr: {
    name: 'ASR reference',
    text: 'help.aliyun.com/zh/model-studio/qwen-asr-api-reference',
    date: '2026-05',
  },
  translation: {
    name: 'qwen-mt reference',
    text: 'help.aliyun.com/zh/model-studio/qwen-mt-api',
    date: '2026-05',
  },
  research: {
    name: 'deep-research reference',
    text: 'help.aliyun.com/zh/model-studio/qwen-deep-research-api',
    date: '2026-05',
  },
  openapi: {
    name: 'OpenAPI files',
    text: 'OpenAPI files of platform.qianwenai.com/docs',
    date: '2026-09',
  },
  batchChat: {
    name: 'Batch Chat',
    text: 'help.aliyun.com/zh/model-studio/openai-compatible-batch-chat',
    date: '2026-05',
  },
  recorded: {
    name: 'recorded exchanges',
    text: 'github.com/cnblogs/dashscope-sdk @7afccbd1: recorded exchanges',
    date: '2026-06',
  },
  rateAdvice: {
    name: 'rate-limiting advice',
    text: 'help.aliyun.com/zh/model-studio/rate-limiting-best-practices',
    date: '2026-05',
  },
  reported: {
    name: 'reported',
    text: 'github.com/langgenius/dify discussion 35258: a request refused for its size',
    date: '2026-04',
  },
  qbatch: { name: 'qbatch', text: 'what qbatch itself never sends or needs', date: '2026-11' },
};

/** A source as appended to messages: ` [error codes, 2026-05]`. */
export function cited(source: Source): string {
  return ` [${source.name}, ${source.date}]`;
}
