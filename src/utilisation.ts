/** What a model was sent against what its limits allowed, while those were known; else 0 of 0. */
export type QuotaUse = {
  readonly usedRequests: number;
  readonly allowedRequests: number;
  readonly usedTokens: number;
  readonly allowedTokens: number;
};

/** Used ÷ allowed in the binding dimension, the one with the higher share; null: no limit was known. */
export function utilisationOf(use: QuotaUse): number | null {
  const shares = [
    use.allowedRequests > 0 ? use.usedRequests / use.allowedRequests : null,
    use.allowedTokens > 0 ? use.usedTokens / use.allowedTokens : null,
  ].filter((share) => share !== null);
  return shares.length === 0 ? null : Math.max(...shares);
}
