/** Where a vendor fact was read, and when (year and month). */
export type Source = { readonly text: string; readonly date: string };

/** Short names of the pages. */
type SourceName =
  | 'reference'
  | 'referenceLater'
  | 'openai'
  | 'errors'
  | 'ocr'
  | 'asr'
  | 'translation'
  | 'research'
  | 'openapi'
  | 'recorded';

/**
 * The pages behind the tables in this folder. Dates are those of the copies that were read; the
 * service moved between the first and the last, and each fact names the page it is from.
 */
export const SOURCES: Readonly<Record<SourceName, Source>> = {
  reference: {
    text: 'help.aliyun.com/zh/model-studio: text-generation API reference (DashScope)',
    date: '2025-11',
  },
  referenceLater: {
    text: 'help.aliyun.com/zh/model-studio: DashScope API reference',
    date: '2026-09',
  },
  openai: {
    text: 'help.aliyun.com/zh/model-studio: OpenAI-compatible chat reference',
    date: '2026-09',
  },
  errors: { text: 'help.aliyun.com/zh/model-studio/error-code', date: '2026-05' },
  ocr: { text: 'help.aliyun.com/zh/model-studio/qwen-vl-ocr-api-reference', date: '2026-05' },
  asr: { text: 'help.aliyun.com/zh/model-studio/qwen-asr-api-reference', date: '2026-05' },
  translation: { text: 'help.aliyun.com/zh/model-studio/qwen-mt-api', date: '2026-05' },
  research: { text: 'help.aliyun.com/zh/model-studio/qwen-deep-research-api', date: '2026-05' },
  openapi: { text: 'OpenAPI files of platform.qianwenai.com/docs', date: '2026-09' },
  recorded: {
    text: 'github.com/cnblogs/dashscope-sdk @7afccbd1: recorded exchanges',
    date: '2026-06',
  },
};
