/**
 * A limit in the mode of a request. `whileThinking`: null if it equals the plain one. If it is unknown whether the model
 * thinks, the larger one.
 */
export function limitFor(
  thinking: boolean | null,
  plain: number | null,
  whileThinking: number | null,
): number | null {
  if (whileThinking === null || thinking === false) return plain;
  if (thinking === true) return whileThinking;
  return plain === null ? null : Math.max(plain, whileThinking);
}
