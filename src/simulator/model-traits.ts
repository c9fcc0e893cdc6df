import { canonicalModel } from './canonical-model.ts';

/** Where the native protocol serves a model; `both`: newer multimodal families and unknown names. */
export type NativeHome = 'text-generation' | 'multimodal-generation' | 'both';

/** What the simulator assumes of a model, from its name alone. */
export type ModelTraits = {
  readonly exists: boolean;
  /** Qwen family: refusals related to thinking and tool choices are documented only for it. */
  readonly qwen: boolean;
  readonly home: NativeHome;
  readonly family: 'chat' | 'translation' | 'research' | 'ocr' | 'asr';
  /** `only`: always thinks; `no`: refuses `enable_thinking: true`; else as requested. */
  readonly thinking: 'only' | 'no' | 'default-on' | 'default-off';
  /** Requests that are refused unless streamed. */
  readonly needsStream: 'all' | 'thinking' | 'none';
  readonly messageByDefault: boolean;
  readonly incrementalByDefault: boolean;
  /** False if a stream cannot be cumulative. */
  readonly canBeCumulative: boolean;
  readonly tools: boolean;
  readonly search: boolean;
  /** Checks that the arguments of earlier tool calls are JSON. */
  readonly coder: boolean;
  /** False if the OpenAI-compatible endpoint does not serve the model. */
  readonly compatible: boolean;
  /** True if every frame of a stream repeats the text so far, whatever is requested. */
  readonly alwaysCumulative: boolean;
  /** Maximum number of frames in a list that forms a video. */
  readonly framesMost: number;
  /** Where native usage reports cached tokens; `none`: nowhere. */
  readonly cacheField: 'details' | 'flat' | 'none';
  /** True if native usage has neither a total nor details. */
  readonly bareUsage: boolean;
};

const MISSING = /^(no-such|model-not-exist|nonexistent)/;
const QWEN = /^q(wen|wq|vq)/;
const MULTIMODAL = /(^|-)(vl|qvq|ocr|audio|omni|asr)(-|\d|$)|^qvq|^qwen\d*(\.\d+)?-(vl|omni|asr)/;
const TEXT =
  /^qwen-(max|plus|turbo|flash|coder|math|long|mt|doc|deep-research)|^qwen[12]|^qwen3-|^qwq/;
const NEWER = /^qwen(3\.[5-9]|[4-9])|^deepseek-v4|^glm-5\.|^kimi-k(2\.[5-9]|[3-9])/;
const OPEN_SOURCE = /^qwen3-(\d|next)/;
const OPEN_HYBRID = /^qwen3-\d+(\.\d+)?b(-a\d+b)?$/;
const THINKING_ONLY =
  /^(qwq|qvq)|-thinking(-|$)|deepseek-r1|deepseek-v3\.2-think|MiniMax-M2\.[15-9]|kimi-k(2\.7-code|3)|^qwen3\.7-max-(2026-05-17|preview)$/;
const THINKING_BY_DEFAULT = /^qwen(3\.[5-9]|[4-9])(?!.*-(omni|ocr))|^glm-(4\.[5-9]|5(-|$))/;
const NOT_THINKING =
  /-instruct(-|$)|-Instruct$|-mt(-|$)|math|-long|-vl-ocr|audio|coder|-asr|-doc|deep-research|-character|omni-turbo|omni-7b|qwen3-omni-flash-realtime|captioner|^qwen-(max|vl)|^qwen[12](\.|-)|^qwen3-max-2025-09-23|^qwen-plus-(2024|2025-01)|^qwen-turbo-(2024|2025-02)|^farui|^tongyi|^deepseek-v3$/;
const STREAM_ONLY = /^(qwq|qvq|qwen-deep-research)|omni(?!.*captioner)/;
const STREAM_TO_THINK =
  /^qwen-(plus|turbo)-(latest|us|2025-(0[4-9]|1))|^qwen-flash(-2025-07-28)?-us|^qwen3-max(-2026-01-23)?$/;
const BY_MESSAGE = /^qwen3-(max|vl|coder-(\d|next))|^(qwq|qvq)|^qwen-long/;
const INCREMENTAL = /^qwen3-(max|vl)|^(qwq|qvq)/;
const WITHOUT_TOOLS = /^qwen-(vl|audio|mt|math|doc|long|omni-turbo)|^qvq|^qwen2(\.5)?-vl/;
const WITHOUT_SEARCH =
  /-(mt|ocr|audio|asr|doc|long|coder|math|vl)(-|$)|^qvq|deep-research|-character/;
const FLAT_CACHE = /^(qwen-doc|qwen3-vl|qvq)/;
const BARE_USAGE = /^qwen-(vl-(max|plus)|audio)/;

/** Others 512: Qwen2.5-VL and later. */
const FRAMES_80 = /^qvq|^qwen2-vl|^qwen-vl-(chat|v1|max-2024|plus-2025-01-02)|^qwen-omni-turbo/;
const FRAMES_128 = /^qwen.*-omni/;

function framesMostOf(model: string): number {
  if (FRAMES_80.test(model)) return 80;
  return FRAMES_128.test(model) ? 128 : 512;
}

function familyOf(model: string): ModelTraits['family'] {
  if (model.startsWith('qwen-mt')) return 'translation';
  if (model.startsWith('qwen-deep-research')) return 'research';
  if (/-ocr(-|$)/.test(model)) return 'ocr';
  return /-asr(-|$)/.test(model) ? 'asr' : 'chat';
}

function thinkingOf(model: string): ModelTraits['thinking'] {
  if (THINKING_ONLY.test(model)) return 'only';
  if (NOT_THINKING.test(model)) return 'no';
  return OPEN_SOURCE.test(model) || THINKING_BY_DEFAULT.test(model) ? 'default-on' : 'default-off';
}

function needsStream(model: string): ModelTraits['needsStream'] {
  if (STREAM_ONLY.test(model)) return 'all';
  return STREAM_TO_THINK.test(model) || OPEN_HYBRID.test(model) ? 'thinking' : 'none';
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
  const qwen = QWEN.test(model);
  return {
    exists: !MISSING.test(model),
    qwen,
    home: homeOf(model),
    family: familyOf(model),
    thinking: thinkingOf(model),
    needsStream: needsStream(model),
    messageByDefault: newer || BY_MESSAGE.test(model) || (openSource && !nextInstruct) || !qwen,
    incrementalByDefault: newer || INCREMENTAL.test(model) || openSource,
    canBeCumulative: !openSource,
    tools: !WITHOUT_TOOLS.test(model),
    search: !WITHOUT_SEARCH.test(model),
    coder: /coder/.test(model),
    compatible: !/^qwen-audio|^qwen-deep-research/.test(model),
    alwaysCumulative: /^qwen-mt-(plus|turbo)/.test(model),
    framesMost: framesMostOf(model),
    cacheField: cacheFieldOf(model, newer),
    bareUsage: BARE_USAGE.test(model),
  };
}

const REMEMBERED = 256;
const remembered = new Map<string, ModelTraits>();

/**
 * Traits of a model by patterns of its name. Names that begin with `no-such`, `model-not-exist` or `nonexistent` are
 * unknown to the service; every other name is served.
 *
 * Source: text-generation reference (Nov 2025) and its 2026 edition: families by endpoint, defaults of `result_format`,
 * `incremental_output` and thinking; pages on deep thinking, function calling and web search (Feb 2026): which models
 * stream or accept tools; error code page (May 2026) and Omni page (Feb 2026): frames; recorded usage of 2024 to 2026.
 * Deliberately separate from the product's own model catalog, so that the two can disagree.
 */
export function modelTraits(model: string): ModelTraits {
  let traits = remembered.get(model);
  if (traits === undefined) {
    traits = deriveTraits(canonicalModel(model));
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(model, traits);
  }
  return traits;
}
