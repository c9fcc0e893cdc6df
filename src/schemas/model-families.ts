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
  | 'partsOnTextPath'
  | 'openQwen3'
  | 'messageOnly'
  | 'textFormatIgnored'
  | 'messageByDefault'
  | 'cappedOcr'
  | 'qwen38';

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
  /** Text models that take content arrays on the native text path. */
  partsOnTextPath: /^qwen-(?:doc|long)/,
  /** Open-weight Qwen3 text models: `incremental_output` cannot be false. */
  openQwen3: /^qwen3-(?:\d|next-)/,
  /** `result_format` can only be `message`. */
  messageOnly: /^qwen3-(?:max|vl)/,
  /** VL, QVQ, OCR and Audio before Qwen3: `result_format: text` does nothing. */
  textFormatIgnored: /^(?:qvq|qwen2?(?:\.5)?-(?:vl|audio)|qwen3\.5-ocr)/,
  /** `result_format` defaults to `message`. */
  messageByDefault: /^(?:qwen3(?!-next-80b-a3b-instruct)|qwq|qwen-long|qwen-doc)/,
  /** `max_tokens` is capped at 4,096 unless the account was raised to 8,192. */
  cappedOcr: /^qwen-vl-ocr(?:-latest|-2025-04-13|-2025-08-28)?$/,
  /** `reasoning_effort` excludes `thinking_budget`, and also knows `minimal` and `none`. */
  qwen38: /^qwen3\.8/,
};

/** Whether an id belongs to the Qwen family, whose refusals are documented in detail. */
export function isQwen(model: string): boolean {
  return FAMILIES.qwen.test(model);
}
