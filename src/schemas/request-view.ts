import type { ModelProfile } from '../models/model-profile.ts';
import type { Endpoint, ProtocolName } from '../protocols/protocol.ts';

export type LineShape = 'envelope' | 'native' | 'flat' | 'prompt';

/**
 * A line as the checks see it, in any shape: parsed JSON values, with the command line's defaults applied (`--model`,
 * `--system`, `--set`).
 */
export type RequestView = {
  readonly shape: LineShape;
  readonly protocol: ProtocolName;
  readonly endpoint: Endpoint;
  readonly model: string;
  readonly profile: ModelProfile;
  /** Whether the call goes to Batch Chat. */
  readonly batchChat: boolean;
  /** `input` without `messages` (native: `prompt`, `history`, ...); empty for openai. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Undefined if the line has none. */
  readonly messages: unknown;
  /** Native: what goes into `parameters`. openai: the body without `model` and `messages`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Native: top-level members besides `model`, `input` and `parameters`; else empty. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** The line's documented `X-DashScope-*` headers, lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** A parameter's raw text, which keeps digits that a parsed number loses; undefined if absent. */
  readonly rawParameter: (name: string) => string | undefined;
  /** Bytes of the whole line. */
  readonly bytes: number;
  /** Whether the reply will be streamed: as the line says, else if model or parameters require it. */
  readonly stream: boolean;
  /** Whether the line itself requests a stream (`true`), declines one (`false`), or neither (`null`). */
  readonly streamAsked: boolean | null;
  /** Whether thinking is on: explicit, else the model's default, else null. */
  readonly thinking: boolean | null;
  /** Prefixes that map a place to the user's path: `parameters.`, `body.`, `body.parameters.` or empty. */
  readonly paths: {
    readonly messages: string;
    readonly parameters: string;
    readonly input: string;
  };
};
