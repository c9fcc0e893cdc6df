/** Where the native protocol serves a model; `both`: newer multimodal families and unknown names. */
export type NativeHome = 'text-generation' | 'multimodal-generation' | 'both';

/** What the simulator takes a model to be, from its name alone. */
export type ModelTraits = {
  readonly exists: boolean;
  readonly home: NativeHome;
  readonly family: 'chat' | 'translation' | 'research' | 'ocr' | 'asr';
  /** `only`: always thinks; `no`: refuses `enable_thinking: true`; else as asked. */
  readonly thinking: 'only' | 'no' | 'default-on' | 'default-off';
  /** True where thinking works without a stream. */
  readonly thinksUnstreamed: boolean;
  readonly messageByDefault: boolean;
  readonly incrementalByDefault: boolean;
  readonly tools: boolean;
  /** False where the OpenAI-compatible endpoint does not serve the model. */
  readonly compatible: boolean;
  /** True where every frame of a stream repeats the text so far, whatever is asked. */
  readonly alwaysCumulative: boolean;
  /** Where native usage tells cached tokens; `none`: it does not. */
  readonly cacheField: 'details' | 'flat' | 'none';
  /** True where native usage has neither a total nor details. */
  readonly bareUsage: boolean;
};

const MISSING = /^(no-such|model-not-exist|nonexistent)/;
const MULTIMODAL = /(^|-)(vl|qvq|ocr|audio|omni|asr)(-|\d|$)|^qvq|^qwen\d*(\.\d+)?-(vl|omni|asr)/;
const TEXT =
  /^qwen-(max|plus|turbo|flash|coder|math|long|mt|doc|deep-research)|^qwen[12]|^qwen3-|^qwq/;
const NEWER = /^qwen(3\.[5-9]|[4-9])|^deepseek-v4|^glm-5|^kimi-k(2\.[5-9]|[3-9])/;
const OPEN_SOURCE = /^qwen3-(\d|next)/;
const THINKING_ONLY = /^(qwq|qvq)|-thinking(-|$)|^deepseek-r1/;
const NOT_THINKING = /-instruct(-|$)|-mt(-|$)|math|-long|-ocr|audio|coder|-asr/;
const BY_MESSAGE = /^qwen3-(max|vl)|^(qwq|qvq)|^qwen-long/;
const INCREMENTAL = /^qwen3-(max|vl)|^(qwq|qvq)/;
const FLAT_CACHE = /^(qwen-doc|qwen3-vl|qvq)/;
const BARE_USAGE = /^qwen-(vl-(max|plus)|audio)/;
const WITHOUT_TOOLS = /^qwen-(vl|audio|mt|math)/;

function familyOf(model: string): ModelTraits['family'] {
  if (model.startsWith('qwen-mt')) return 'translation';
  if (model.startsWith('qwen-deep-research')) return 'research';
  if (/-ocr(-|$)/.test(model)) return 'ocr';
  return /-asr(-|$)/.test(model) ? 'asr' : 'chat';
}

function thinkingOf(model: string): ModelTraits['thinking'] {
  if (THINKING_ONLY.test(model)) return 'only';
  if (NOT_THINKING.test(model)) return 'no';
  const defaultOn = OPEN_SOURCE.test(model) || /^qwen(3\.[5-9]|[4-9])/.test(model);
  return defaultOn ? 'default-on' : 'default-off';
}

function homeOf(model: string): NativeHome {
  if (MULTIMODAL.test(model)) return 'multimodal-generation';
  return TEXT.test(model) ? 'text-generation' : 'both';
}

function cacheFieldOf(model: string, newer: boolean): ModelTraits['cacheField'] {
  if (FLAT_CACHE.test(model)) return 'flat';
  return newer || !MULTIMODAL.test(model) ? 'details' : 'none';
}

function deriveTraits(model: string): ModelTraits {
  const newer = NEWER.test(model);
  const openSource = OPEN_SOURCE.test(model);
  const nextInstruct = model === 'qwen3-next-80b-a3b-instruct';
  return {
    exists: !MISSING.test(model),
    home: homeOf(model),
    family: familyOf(model),
    thinking: thinkingOf(model),
    thinksUnstreamed: newer || model.startsWith('deepseek-r1'),
    messageByDefault:
      newer ||
      BY_MESSAGE.test(model) ||
      (openSource && !nextInstruct) ||
      !/^q(wen|wq|vq)/.test(model),
    incrementalByDefault: newer || INCREMENTAL.test(model) || openSource,
    tools: !WITHOUT_TOOLS.test(model),
    compatible: !/^qwen-audio|^qwen-deep-research/.test(model),
    alwaysCumulative: /^qwen-mt-(plus|turbo)/.test(model),
    cacheField: cacheFieldOf(model, newer),
    bareUsage: BARE_USAGE.test(model),
  };
}

const REMEMBERED = 256;
const remembered = new Map<string, ModelTraits>();

/**
 * Traits of a model by the patterns of its name. Names that begin with `no-such`,
 * `model-not-exist` or `nonexistent` are unknown to the service; every other name is served.
 *
 * Source: text-generation reference (Nov 2025) and its 2026 edition: families by endpoint,
 * defaults of `result_format`, `incremental_output` and thinking; recorded usage of 2024 to 2026.
 * Kept apart from the product's own
 * model catalog on purpose, so that the two can disagree.
 */
export function modelTraits(model: string): ModelTraits {
  let traits = remembered.get(model);
  if (traits === undefined) {
    traits = deriveTraits(model);
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(model, traits);
  }
  return traits;
}
