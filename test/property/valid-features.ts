import { chance, type Making } from './making.ts';
import { isChat, Raw } from './request-draft.ts';

/** Tools, search, forms of output and what belongs to one family: service.md sections 2.3 to 2.5. */

export const WEATHER = {
  type: 'function',
  function: {
    name: 'get_current_weather',
    description: '获取某地现在的天气 / the weather now',
    // Keys that stand twice deep inside pass through as they are.
    parameters: new Raw(
      '{"type":"object","properties":{"地点":{"type":"string"}},"type":"object"}',
    ),
  },
};
const CLOCK = { type: 'function', function: { name: 'now-2', description: '现在几点' } };

function addTools({ random, kind, draft, thinks }: Making): void {
  if (!kind.takes.has('tools') || !chance(random, 3)) return;
  const { parameters } = draft;
  parameters['tools'] = chance(random) ? [WEATHER] : [WEATHER, CLOCK];
  if (chance(random)) {
    const forced = { type: 'function', function: { name: 'get_current_weather' } };
    // Rule 7: what thinks cannot be forced.
    parameters['tool_choice'] = thinks
      ? random.pick(['auto', 'none'])
      : random.pick<unknown>(['auto', 'none', forced]);
  }
  if (chance(random)) parameters['parallel_tool_calls'] = chance(random);
  if (chance(random, 4)) parameters['tool_stream'] = chance(random);
}

function addSearch({ random, kind, draft, thinks, streams }: Making): void {
  const { parameters } = draft;
  if (!kind.takes.has('search') || !chance(random, 3)) return;
  parameters['enable_search'] = true;
  if (chance(random, 6)) parameters['enable_text_image_mixed'] = chance(random);
  if (!chance(random)) return;
  // Rule 13: the agent strategies go with thinking, a stream and enable_source alone.
  if (thinks && streams && chance(random)) {
    const search_strategy = random.pick(['agent', 'agent_max']);
    parameters['search_options'] = { search_strategy, enable_source: chance(random) };
    return;
  }
  parameters['search_options'] = {
    enable_source: true,
    enable_citation: true,
    citation_format: random.pick(['[<number>]', '[ref_<number>]']),
    forced_search: chance(random),
    search_strategy: random.pick(['turbo', 'max', 'standard', 'pro']),
    enable_search_extension: chance(random),
    prepend_search_result: streams,
    freshness: 30,
    assigned_site_list: ['aliyun.com', '知乎.cn'],
    intention_options: { prompt_intervene: '仅检索技术内容' },
  };
}

/** JSON mode needs thinking to be off (rule 6) and the word json (rule 8). */
function addResponseFormat(making: Making): void {
  const { random, kind, draft, thinks } = making;
  const { parameters } = draft;
  if (!chance(random, 3)) return;
  if (kind.takes.has('schema') && !thinks && chance(random)) {
    const schema = new Raw('{"type":"object", "properties":{}, "required":[]}');
    const json_schema = { name: '城市', schema, strict: true };
    parameters['response_format'] = { type: 'json_schema', json_schema };
    return;
  }
  making.json = kind.takes.has('json') && !thinks && chance(random);
  parameters['response_format'] = { type: making.json ? 'json_object' : 'text' };
}

function addCounts({ random, kind, draft, thinks }: Making): void {
  const { parameters } = draft;
  if (kind.takes.has('n') && !thinks && chance(random, 3))
    parameters['n'] = parameters['tools'] === undefined ? random.between(1, 4) : 1;
  if (kind.takes.has('logprobs') && chance(random)) {
    parameters['logprobs'] = true;
    if (chance(random)) parameters['top_logprobs'] = random.between(0, 5);
  }
  if (kind.takes.has('completion') && chance(random, 3))
    parameters['max_completion_tokens'] = random.between(1, 4096);
  if (kind.takes.has('input tokens') && chance(random))
    parameters['max_input_tokens'] = random.pick([1, 129_024, 1_000_000]);
  if (kind.takes.has('code') && thinks && chance(random))
    parameters['enable_code_interpreter'] = true;
}

function addMedia({ random, kind, draft, streams }: Making): void {
  const { parameters } = draft;
  if (kind.says === 'image' && chance(random, 3)) {
    parameters['vl_high_resolution_images'] = chance(random);
    if (!isChat(draft)) parameters['vl_enable_image_hw_output'] = chance(random);
  }
  if (/ocr/.test(kind.model) && !isChat(draft) && chance(random))
    parameters['ocr_options'] = random.pick<unknown>([
      { task: 'table_parsing' },
      { task: 'advanced_recognition' },
      {
        task: 'key_information_extraction',
        task_config: { result_schema: { 发票号: '', 行: { 名称: { 规格: '' } } } },
      },
    ]);
  if (/asr/.test(kind.model) && chance(random))
    parameters['asr_options'] = { language: random.pick(['zh', 'en']), enable_itn: chance(random) };
  if (!kind.takes.has('audio out') || !streams || !chance(random)) return;
  parameters['modalities'] = ['text', 'audio'];
  parameters['audio'] = { voice: 'Cherry', format: 'wav' };
}

function addFamily({ random, kind, draft, streams }: Making): void {
  const { parameters } = draft;
  if (kind.says === 'translation') {
    const terms = [{ source: '博客园', target: 'cnblogs' }];
    parameters['translation_options'] = {
      source_lang: random.pick(['auto', 'Chinese', 'zh']),
      target_lang: random.pick(['English', 'ja']),
      ...(chance(random)
        ? { terms, tm_list: terms, domains: 'Plain English, for the IT trade.' }
        : {}),
    };
  }
  if (kind.says === 'documents' && streams && chance(random))
    parameters['skill'] = [{ type: 'ppt', mode: 'general', template_id: 'news_01' }];
  if (kind.says !== 'research') return;
  const format = random.pick(['model_detailed_report', 'model_summary_report']);
  // Section 2.3: the place is not settled, and both are taken.
  if (chance(random, 3)) parameters['output_format'] = format;
  else if (draft.shape !== 'flat' && chance(random)) draft.extra['output_format'] = format;
  if (chance(random, 3)) parameters['enable_feedback'] = chance(random);
  if (chance(random, 3)) parameters['research_tools'] = [{ type: 'mcp', server: 'a' }];
}

export const FEATURES: readonly ((making: Making) => void)[] = [
  addTools,
  addSearch,
  addResponseFormat,
  addCounts,
  addMedia,
  addFamily,
];
