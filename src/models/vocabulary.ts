/**
 * Whether a model's vocabulary is that of Qwen2.5 and Qwen3, or similar: Qwen3.5 and later have a larger one, which needs
 * slightly fewer tokens for the same text. DeepSeek, GLM, Kimi, MiniMax and others have their own; the distilled models
 * kept Qwen's. Source: tokenizer files of the open weights, 2026-11.
 */
export function countsAsQwen(model: string): boolean {
  return /^(?:qwen|qwq|qvq|tongyi|farui|gui-plus|deepseek-r1-distill-qwen)/.test(model);
}
