/** What a model was sent of what its limits allowed, where those were known: 0 of 0 else. */
export type QuotaUse = {
  readonly usedRequests: number;
  readonly allowedRequests: number;
  readonly usedTokens: number;
  readonly allowedTokens: number;
};

/** Used ÷ allowed of the dimension that binds, which is the one that is used most; null: no limit was known. */
export function utilisationOf(use: QuotaUse): number | null {
  const shares = [
    use.allowedRequests > 0 ? use.usedRequests / use.allowedRequests : null,
    use.allowedTokens > 0 ? use.usedTokens / use.allowedTokens : null,
  ].filter((share) => share !== null);
  return shares.length === 0 ? null : Math.max(...shares);
}
