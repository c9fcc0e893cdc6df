/**
 * Models that stream cumulative text in every frame even in the OpenAI-compatible protocol, where all others, qwen-mt-flash
 * included, send deltas.
 * Source: Model Studio, machine translation (Qwen-MT) page, as of 2025-11.
 */
const WHOLE_TEXT_MODELS = /^qwen-mt-(?:plus|turbo)(?:-|$)/;

/** Whether a model's streamed pieces repeat the text so far. */
export function streamsWholeText(model: string): boolean {
  return WHOLE_TEXT_MODELS.test(model);
}
