/** What a model can do and how it must be called; `null`: not documented. Derived from the catalog. */
export type ModelProfile = {
  /** As it was asked for, and as it is sent. */
  readonly id: string;
  /** The catalog's own name of the model, which tells its family: `qwen-plus-0112` is qwen-plus-2025-01-12. */
  readonly canonicalId: string;
  /** False for an id that the catalog does not know: every ability is then null. */
  readonly known: boolean;
  /** The known id that an unknown one was most likely meant to be; null where none is near. */
  readonly near: string | null;
  readonly thinking: 'none' | 'hybrid' | 'only' | null;
  readonly thinkingDefault: boolean | null;
  /** `thinking`: needs a stream when thinking is on. */
  readonly streamOnly: 'always' | 'thinking' | 'no' | null;
  /** The native endpoint that serves it: multimodal where it takes images, audio or video (or is documented there). */
  readonly nativeEndpoint: 'text-generation' | 'multimodal-generation' | null;
  readonly inputModalities: readonly string[] | null;
  readonly outputModalities: readonly string[] | null;
  readonly tools: boolean | 'non-thinking only' | null;
  readonly nMax: number | null;
  readonly logprobs: boolean | null;
  readonly jsonObject: boolean | 'non-thinking only' | null;
  readonly jsonSchema: boolean | 'non-thinking only' | null;
  /** Whether `enable_search` works in the scope asked for; where none is, in some scope at least. */
  readonly webSearch: boolean | null;
  /** Whether Batch Chat serves it. */
  readonly batchChat: boolean | null;
  /** Whether the limits are the vendor's or the user's word: they may refuse a line then, and else only warn of one. */
  readonly limitsSure: boolean;
  readonly contextWindow: number | null;
  readonly maxInput: number | null;
  readonly maxOutput: number | null;
  readonly maxThinking: number | null;
  /** While thinking, where that differs. */
  readonly maxInputThinking: number | null;
  readonly maxOutputThinking: number | null;
};
