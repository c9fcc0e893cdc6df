import type { ModelProfile } from '../models/model-profile.ts';
import type { Endpoint, ProtocolName } from '../protocols/protocol.ts';

export type LineShape = 'envelope' | 'native' | 'flat' | 'prompt';

/**
 * A line as the checks see it, whatever its shape: JSON values already parsed, defaults of the
 * command line already folded in (`--model`, `--system`, `--set`).
 */
export type RequestView = {
  readonly shape: LineShape;
  readonly protocol: ProtocolName;
  readonly endpoint: Endpoint;
  readonly model: string;
  readonly profile: ModelProfile;
  /** Whether the call goes to Batch Chat. */
  readonly batchChat: boolean;
  /** `input` less `messages` (native: `prompt`, `history`, ...); empty for openai. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Undefined where the line has none. */
  readonly messages: unknown;
  /** Native: what goes into `parameters`. openai: the body less `model` and `messages`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Native: top-level members besides `model`, `input` and `parameters`; empty otherwise. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** The line's documented `X-DashScope-*` headers, lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** A parameter's raw text, which keeps what a parsed number loses; undefined where it is not given. */
  readonly rawParameter: (name: string) => string | undefined;
  /** Bytes of the whole line. */
  readonly bytes: number;
  /** Whether the reply will be streamed: as the line says, else where model or parameters need it. */
  readonly stream: boolean;
  /** Whether the line itself asked for a stream (`true`), refused one (`false`), or was silent (`null`). */
  readonly streamAsked: boolean | null;
  /** Whether thinking is on: explicit, else the model's default, else null. */
  readonly thinking: boolean | null;
  /** Prefixes that turn a place into the user's path: `parameters.`, `body.`, `body.parameters.` or empty. */
  readonly paths: {
    readonly messages: string;
    readonly parameters: string;
    readonly input: string;
  };
};
