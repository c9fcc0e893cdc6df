import { say, set, TEXT, user, type Mutator } from './mutator.ts';
import { Raw } from './request-draft.ts';

/** One mutator for each rule about one model or family (service.md 2.3 to 2.5). */

const MT = { source_lang: 'auto', target_lang: 'English' };
const OCR = 'qwen-vl-ocr-2025-11-20';
const mt = { model: 'qwen-mt-plus', given: set({ translation_options: MT }) } as const;
const ocrTask = (
  result_schema: unknown,
  task = 'key_information_extraction',
): Record<string, unknown> => ({
  ocr_options: { task, task_config: { result_schema } },
});

export const MODEL_MUTATORS: readonly Mutator[] = [
  {
    breaks: '16',
    model: OCR,
    severity: 'warning',
    at: 'result_schema',
    says: 'key_information_extraction',
    given: set(ocrTask({ 发票号: '' })),
    mutate: set(ocrTask({ 发票号: '' }, 'table_parsing')),
  },
  {
    breaks: 'ocr-schema-depth',
    model: OCR,
    severity: 'warning',
    at: 'result_schema',
    says: 'at most 3 levels',
    given: set(ocrTask({ 票: { 行: { 名: '' } } })),
    mutate: set(ocrTask(new Raw('{"票":{"行":{"名":{"值":""}}}}'))),
  },
  {
    breaks: 'ocr-task',
    model: OCR,
    severity: 'warning',
    at: 'ocr_options.task',
    says: 'required',
    given: set({ ocr_options: { task: 'table_parsing' } }),
    mutate: set({ ocr_options: {} }),
  },
  {
    breaks: 'ocr-repetition',
    model: OCR,
    severity: 'note',
    at: 'repetition_penalty',
    says: '1.05',
    given: set({ repetition_penalty: undefined }),
    mutate: set({ repetition_penalty: 1.2 }),
  },
  ...['temperature', 'top_p', 'top_k', 'repetition_penalty', 'presence_penalty'].map(
    (name): Mutator => ({
      breaks: `qvq-${name.replaceAll('_', '-')}`,
      model: 'qvq-max',
      severity: 'note',
      at: name,
      says: `${name} is 1; the reference advises against`,
      given: set({ [name]: undefined }),
      mutate: set({ [name]: 1 }),
    }),
  ),
  {
    ...mt,
    breaks: '17-system',
    severity: 'error',
    at: 'messages',
    says: 'Role must be in [user, assistant]',
    mutate: say({ role: 'system', content: '翻译成英文' }, TEXT),
  },
  {
    ...mt,
    breaks: 'input-length',
    severity: 'warning',
    at: 'messages',
    says: 'Range of input length should be [1, 8192]',
    mutate: say(user('one two '.repeat(12_000))),
  },
  {
    breaks: 'batch-chat-native',
    severity: 'error',
    at: '',
    says: 'would go to Batch Chat',
    batchChat: true,
    mutate: () => undefined,
  },
  {
    model: 'qwen-max',
    shape: 'chat envelope',
    breaks: 'batch-chat-model',
    severity: 'warning',
    at: 'model',
    says: 'the model is qwen-max',
    batchChat: true,
    mutate: () => undefined,
  },
  {
    ...mt,
    breaks: '17-user',
    severity: 'error',
    at: 'messages',
    says: 'exactly one user message',
    mutate: say(TEXT, TEXT),
  },
  {
    breaks: '18',
    severity: 'error',
    at: 'messages',
    says: 'list index out of range',
    given: say(TEXT, { role: 'assistant', content: '西湖', partial: true }),
    mutate: (draft, random) => {
      const last = random.pick([
        { role: 'assistant', content: '西湖' },
        { role: 'system', content: '简短' },
      ]);
      say(TEXT, last)(draft);
    },
  },
  {
    ...mt,
    breaks: 'translation-options',
    severity: 'warning',
    at: 'translation_options',
    says: 'source_lang',
    mutate: set({ translation_options: { target_lang: 'English' } }),
  },
  {
    ...mt,
    breaks: 'translation-pairs',
    severity: 'warning',
    at: 'translation_options',
    says: '{source, target}',
    mutate: set({ translation_options: { ...MT, tm_list: [{ source: '博客园' }] } }),
  },
  {
    ...mt,
    breaks: 'translation-domains',
    severity: 'warning',
    at: 'domains',
    says: 'English',
    mutate: set({ translation_options: { ...MT, domains: '信息技术' } }),
  },
  {
    breaks: 'asr-itn',
    model: 'qwen3-asr-flash',
    severity: 'warning',
    at: 'enable_itn',
    says: 'zh and en only',
    given: set({ asr_options: { language: 'zh', enable_itn: true } }),
    mutate: set({ asr_options: { language: 'ja', enable_itn: true } }),
  },
  {
    breaks: 'native-path',
    shape: 'native envelope',
    severity: 'error',
    at: 'url',
    says: 'url error, please check url！',
    mutate: (draft) => {
      draft.path = 'multimodal-generation';
      draft.messages = [user([{ text: '你好' }])];
    },
  },
  {
    breaks: 'audio-compatible',
    model: 'qwen-audio-turbo',
    severity: 'error',
    at: 'url',
    says: 'model_not_supported',
    mutate: (draft) => {
      draft.shape = 'chat envelope';
      draft.messages = [TEXT];
    },
  },
  {
    breaks: 'research-compatible',
    model: 'qwen-deep-research',
    severity: 'error',
    at: 'url',
    says: 'served natively only',
    mutate: (draft) => {
      draft.shape = 'chat envelope';
      draft.messages = [TEXT];
    },
  },
  {
    breaks: 'realtime',
    model: 'qwen3-omni-flash',
    shape: 'chat envelope',
    severity: 'warning',
    at: 'model',
    says: 'model is "qwen3-omni-flash-realtime"; realtime models are not served by HTTP calls',
    mutate: (draft) => {
      draft.model = 'qwen3-omni-flash-realtime';
    },
  },
  {
    breaks: 'unknown-model',
    severity: 'note',
    at: 'model',
    says: 'the catalog does not know it',
    mutate: (draft) => {
      draft.model = 'qwen9-ultra';
    },
  },
];
