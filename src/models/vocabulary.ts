/**
 * Whether a model counts tokens by the vocabulary of Qwen2.5 and Qwen3, or by one near it: Qwen3.5 and
 * later have a larger one, which needs a little less for the same text. DeepSeek, GLM, Kimi, MiniMax
 * and others have their own; the distilled models kept Qwen's. Source: tokenizer files of the open
 * weights, 2026-11.
 */
export function countsAsQwen(model: string): boolean {
  return /^(?:qwen|qwq|qvq|tongyi|farui|gui-plus|deepseek-r1-distill-qwen)/.test(model);
}
