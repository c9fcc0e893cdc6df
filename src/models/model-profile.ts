/** A model's abilities and calling requirements; `null`: undocumented. Derived from the catalog. */
export type ModelProfile = {
  /** As requested, and as sent. */
  readonly id: string;
  /** The catalog's own name of the model, which determines its family: `qwen-plus-0112` is qwen-plus-2025-01-12. */
  readonly canonicalId: string;
  /** False for an id unknown to the catalog: every ability is then null. */
  readonly known: boolean;
  /** The known id most likely meant by an unknown one; null if none is near. */
  readonly near: string | null;
  readonly thinking: 'none' | 'hybrid' | 'only' | null;
  readonly thinkingDefault: boolean | null;
  /** `thinking`: requires a stream when thinking is on. */
  readonly streamOnly: 'always' | 'thinking' | 'no' | null;
  /** The native endpoint that serves it: multimodal if it accepts images, audio or video (or is documented there). */
  readonly nativeEndpoint: 'text-generation' | 'multimodal-generation' | null;
  readonly inputModalities: readonly string[] | null;
  readonly outputModalities: readonly string[] | null;
  readonly tools: boolean | 'non-thinking only' | null;
  readonly nMax: number | null;
  readonly logprobs: boolean | null;
  readonly jsonObject: boolean | 'non-thinking only' | null;
  readonly jsonSchema: boolean | 'non-thinking only' | null;
  /** Whether `enable_search` works in the given scope; if none is given, in at least one. */
  readonly webSearch: boolean | null;
  /** Whether Batch Chat serves it. */
  readonly batchChat: boolean | null;
  /** Whether the limits come from the vendor or the user: then they may refuse a line, else only warn. */
  readonly limitsSure: boolean;
  readonly contextWindow: number | null;
  readonly maxInput: number | null;
  readonly maxOutput: number | null;
  readonly maxThinking: number | null;
  /** While thinking, if different. */
  readonly maxInputThinking: number | null;
  readonly maxOutputThinking: number | null;
};
