/**
 * Token usage of one call as the service reported it, both protocols normalized to one shape. `null`: not reported.
 * `reasoningTokens` and `cachedTokens` are parts of `outputTokens` and `inputTokens`, never to be added to them.
 */
export type Usage = {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** As reported, else input + output if both are known. */
  readonly totalTokens: number | null;
  readonly cachedTokens: number | null;
  readonly reasoningTokens: number | null;
  readonly cacheCreationTokens: number | null;
  /** Whether the explicit cache was used; null if the usage has hits but does not tell: the request shows it. */
  readonly explicitCache: boolean | null;
  /** Parts of the input by modality, if reported. */
  readonly inputText: number | null;
  readonly inputImage: number | null;
  readonly inputVideo: number | null;
  readonly inputAudio: number | null;
  readonly outputText: number | null;
  readonly outputAudio: number | null;
  /** Billed web searches (`plugins.search.count`) and their strategy. */
  readonly searchCount: number | null;
  readonly searchStrategy: string | null;
  /** Image searches (`plugins.image_search.count`), billed per call at an undocumented fee. */
  readonly imageSearchCount: number | null;
};

/** A usage with all fields unknown. */
export const UNKNOWN_USAGE: Usage = {
  inputTokens: null,
  outputTokens: null,
  totalTokens: null,
  cachedTokens: null,
  reasoningTokens: null,
  cacheCreationTokens: null,
  explicitCache: false,
  inputText: null,
  inputImage: null,
  inputVideo: null,
  inputAudio: null,
  outputText: null,
  outputAudio: null,
  searchCount: null,
  searchStrategy: null,
  imageSearchCount: null,
};
