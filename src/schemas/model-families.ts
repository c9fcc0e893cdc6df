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
 * Groups of models that the documentation treats alike and the catalog does not tell apart, as
 * patterns on the id. A rule that names a group refers to one of these.
 * Source: help.aliyun.com/zh/model-studio, text-generation reference (2025-11) and DashScope API
 * reference (2026-09).
 */
export const FAMILIES: Readonly<Record<Family, RegExp>> = {
  /** Everything of the Qwen family, QwQ and QVQ included. */
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
  /** Talked to over a connection that stays open. */
  realtime: /^qwen.*-realtime(?:-|$)/,
  /** Text models that take content arrays on the native text path. */
  partsOnTextPath: /^qwen-(?:doc|long)/,
  /** Open-weight Qwen3 text models: `incremental_output` cannot be false. */
  openQwen3: /^qwen3-(?:\d|next-)/,
  /** `result_format` can only be `message`. */
  messageOnly: /^qwen3-(?:max|vl)/,
  /** VL, QVQ, OCR and Audio before Qwen3: `result_format: text` does nothing. */
  textFormatIgnored: /^(?:qvq|qwen2?(?:\.5)?-(?:vl|audio)|qwen3\.5-ocr)/,
  /** `result_format` defaults to `message`: Qwen3, but one open model and the commercial coders. */
  messageByDefault:
    /^(?:qwen3(?!-next-80b-a3b-instruct|-coder-(?:plus|flash))|qwq|qwen-long|qwen-doc)/,
  /** `max_tokens` is capped at 4,096 unless the account was raised to 8,192. */
  cappedOcr: /^qwen-vl-ocr(?:-latest|-2025-04-13|-2025-08-28)?$/,
  /** `reasoning_effort` excludes `thinking_budget`, and also knows `minimal` and `none`. */
  qwen38: /^qwen3\.8/,
  /** Takes documents by `fileid://`. */
  long: /^qwen-long/,
  /** Qwen-VL, older and newer. */
  vision: /^qwen.*-vl/,
  /** Images of 65,536 to 16,777,216 pixels: Qwen3-VL, and what sees from Qwen3.5 on. */
  visionFrom3: /^qwen3(?:-vl|\.[5-9])(?!.*(?:ocr|omni))/,
  /** `max_frames` up to 8,000, where Qwen3-VL has 2,000. */
  visionFrom35: /^qwen3\.[5-9]/,
  /** Images of 4,096 to 16,777,216 pixels, `max_frames` up to 512. */
  visionAlias: /^qwen-vl-(?:max|plus)/,
  /** Neither Qwen2.5-VL nor later: 80 frames at most in a list. */
  framesTo80:
    /^(?:qvq|qwen2-vl|qwen-vl-(?:chat|v1)|qwen-vl-max-2024|qwen-vl-plus-2025-01-02|qwen-omni-turbo)/,
  /** The other Omni models: 128 frames at most in a list. */
  framesTo128: /^qwen(?!-omni-turbo).*-omni/,
  /** The documentation advises against other sampling values than its own. */
  qvq: /^qvq/,
  /** Takes `max_input_tokens`. */
  maxInput: /^qwen-plus-(?:latest|2025-07-28)/,
  /** Takes `max_completion_tokens`. */
  completionTokens:
    /^(?:qwen3\.(?:[7-9]-max|[5-9]-(?:plus|flash))|kimi(?:\/kimi)?-k(?:2\.[5-9]|[3-9])|glm-[5-9]|zhipu\/glm-[5-9]|deepseek-v[3-9]|vanchin\/deepseek-v[3-9]|siliconflow\/deepseek-v[3-9]|minimax)/i,
  /** Takes `reasoning_effort`. */
  effort: /^(?:.*\/)?(?:deepseek-v4|glm-[5-9]|kimi-k[3-9]|qwen3\.8)/i,
  /** Takes `enable_code_interpreter`: qwen3-max first, later models by later pages. */
  codeInterpreter: /^qwen3(?:-max|\.[5-9])/,
  /** Takes `top_k`: all but some other vendors' models. */
  topK: /^(?!(?:.*\/)?(?:deepseek|kimi|moonshot|minimax))/i,
  /** Qwen models that see images: VL, QVQ, OCR, Omni, and most from Qwen3.5 on. */
  images: /(?:-vl|qvq|ocr|omni|gui-|^qwen3\.[5-9])/,
};

/**
 * Whether a request's model belongs to a group. The patterns are on the catalog's own ids: a second
 * name (`qwen-vl-ocr-0413`) has no year that could tell the group.
 */
export function isOf({ profile }: Pick<RequestView, 'profile'>, family: Family): boolean {
  return FAMILIES[family].test(profile.canonicalId);
}
