import type { RequestView } from './request-view.ts';

/** Names of the groups. */
type Family =
  | 'qwen'
  | 'translation'
  | 'research'
  | 'ocr'
  | 'speech'
  | 'document'
  | 'coder'
  | 'audio'
  | 'realtime'
  | 'partsOnTextPath'
  | 'openQwen3'
  | 'messageOnly'
  | 'textFormatIgnored'
  | 'messageByDefault'
  | 'cappedOcr'
  | 'qwen38'
  | 'long'
  | 'vision'
  | 'visionFrom3'
  | 'visionFrom35'
  | 'visionAlias'
  | 'framesTo80'
  | 'framesTo128'
  | 'qvq'
  | 'maxInput'
  | 'completionTokens'
  | 'effort'
  | 'codeInterpreter'
  | 'topK'
  | 'images';

/**
 * Groups of models that the documentation treats alike and the catalog does not distinguish, as patterns on the id. Rules
 * refer to these by name.
 * Source: help.aliyun.com/zh/model-studio, text-generation reference (2025-11) and DashScope API reference (2026-09).
 */
export const FAMILIES: Readonly<Record<Family, RegExp>> = {
  /** The whole Qwen family, including QwQ and QVQ. */
  qwen: /^(?:qwen|qwq|qvq)/i,
  /** Translation: one user message, `translation_options`. */
  translation: /^qwen-mt(?:-|$)/,
  research: /^qwen-deep-research/,
  ocr: /ocr/,
  speech: /asr/,
  document: /^qwen-doc/,
  coder: /coder/,
  /** Not served in compatible mode (404 `model_not_supported`). */
  audio: /^qwen2?-audio/,
  /** Uses a persistent connection. */
  realtime: /^qwen.*-realtime(?:-|$)/,
  /** Text models that accept content arrays on the native text path. */
  partsOnTextPath: /^qwen-(?:doc|long)/,
  /** Open-weight Qwen3 text models: `incremental_output` cannot be false. */
  openQwen3: /^qwen3-(?:\d|next-)/,
  /** `result_format` can only be `message`. */
  messageOnly: /^qwen3-(?:max|vl)/,
  /** VL, QVQ, OCR and Audio before Qwen3: `result_format: text` has no effect. */
  textFormatIgnored: /^(?:qvq|qwen2?(?:\.5)?-(?:vl|audio)|qwen3\.5-ocr)/,
  /** `result_format` defaults to `message`: Qwen3, except one open model and the commercial coders. */
  messageByDefault:
    /^(?:qwen3(?!-next-80b-a3b-instruct|-coder-(?:plus|flash))|qwq|qwen-long|qwen-doc)/,
  /** `max_tokens` is capped at 4,096 unless the account was raised to 8,192. */
  cappedOcr: /^qwen-vl-ocr(?:-latest|-2025-04-13|-2025-08-28)?$/,
  /** `reasoning_effort` excludes `thinking_budget`, and also accepts `minimal` and `none`. */
  qwen38: /^qwen3\.8/,
  /** Accepts documents by `fileid://`. */
  long: /^qwen-long/,
  /** Qwen-VL, older and newer. */
  vision: /^qwen.*-vl/,
  /** Images of 65,536 to 16,777,216 pixels: Qwen3-VL, and vision models from Qwen3.5 on. */
  visionFrom3: /^qwen3(?:-vl|\.[5-9])(?!.*(?:ocr|omni))/,
  /** `max_frames` up to 8,000, compared with 2,000 for Qwen3-VL. */
  visionFrom35: /^qwen3\.[5-9]/,
  /** Images of 4,096 to 16,777,216 pixels, `max_frames` up to 512. */
  visionAlias: /^qwen-vl-(?:max|plus)/,
  /** Before Qwen2.5-VL: at most 80 frames in a list. */
  framesTo80:
    /^(?:qvq|qwen2-vl|qwen-vl-(?:chat|v1)|qwen-vl-max-2024|qwen-vl-plus-2025-01-02|qwen-omni-turbo)/,
  /** The other Omni models: at most 128 frames in a list. */
  framesTo128: /^qwen(?!-omni-turbo).*-omni/,
  /** The documentation advises against changing the default sampling values. */
  qvq: /^qvq/,
  /** Accepts `max_input_tokens`. */
  maxInput: /^qwen-plus-(?:latest|2025-07-28)/,
  /** Accepts `max_completion_tokens`. */
  completionTokens:
    /^(?:qwen3\.(?:[7-9]-max|[5-9]-(?:plus|flash))|kimi(?:\/kimi)?-k(?:2\.[5-9]|[3-9])|glm-[5-9]|zhipu\/glm-[5-9]|deepseek-v[3-9]|vanchin\/deepseek-v[3-9]|siliconflow\/deepseek-v[3-9]|minimax)/i,
  /** Accepts `reasoning_effort`. */
  effort: /^(?:.*\/)?(?:deepseek-v4|glm-[5-9]|kimi-k[3-9]|qwen3\.8)/i,
  /** Accepts `enable_code_interpreter`: qwen3-max first, later models by later pages. */
  codeInterpreter: /^qwen3(?:-max|\.[5-9])/,
  /** Accepts `top_k`: all except some other vendors' models. */
  topK: /^(?!(?:.*\/)?(?:deepseek|kimi|moonshot|minimax))/i,
  /** Qwen models with vision: VL, QVQ, OCR, Omni, and most from Qwen3.5 on. */
  images: /(?:-vl|qvq|ocr|omni|gui-|^qwen3\.[5-9])/,
};

/**
 * Whether a request's model belongs to a group. The patterns apply to the catalog's canonical ids: an alias
 * (`qwen-vl-ocr-0413`) lacks the year that may determine the group.
 */
export function isOf({ profile }: Pick<RequestView, 'profile'>, family: Family): boolean {
  return FAMILIES[family].test(profile.canonicalId);
}
