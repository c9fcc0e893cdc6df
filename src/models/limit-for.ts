/**
 * A limit in the mode that a request runs in. `whileThinking`: null where it is the plain one. Where
 * it is not known whether the model thinks, the larger one.
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
