/**
 * Models that stream the whole text so far in every frame even in the OpenAI-compatible protocol,
 * where all others, qwen-mt-flash too, send deltas.
 * Source: Model Studio, machine translation (Qwen-MT) page, as of 2025-11.
 */
const WHOLE_TEXT_MODELS = /^qwen-mt-(?:plus|turbo)(?:-|$)/;

/** True for a model whose streamed pieces repeat the text so far. */
export function streamsWholeText(model: string): boolean {
  return WHOLE_TEXT_MODELS.test(model);
}
