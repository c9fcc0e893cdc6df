import type { OpenObject, TextSpan } from './open-object.ts';
import type { Catalog } from '../models/catalog.ts';
import type { Scope } from '../models/scope.ts';
import type { Problem } from '../problem.ts';
import type { Endpoint, ProtocolName } from '../protocols/protocol.ts';
import type { LineShape, RequestView } from '../schemas/request-view.ts';

/** What the command line says for lines that do not. */
export type LineDefaults = {
  readonly model: string | undefined;
  readonly system: string | undefined;
  readonly protocol: 'auto' | ProtocolName;
  /** `--set`: name to raw JSON text. */
  readonly set: ReadonlyMap<string, string>;
  readonly strict: boolean;
  readonly catalog: Catalog;
  /** Where the request goes: a model's limits and abilities are those it has there. */
  readonly scope: Scope;
  /** All calls go to Batch Chat, the half-price twin of the OpenAI-compatible endpoint. */
  readonly batchChat: boolean;
};

/** One member of an object of the request, as raw text. */
export type RawMember = { readonly key: string; readonly raw: string };

/**
 * The request's values as the line's raw text, sorted by where the protocol wants them. Nothing here
 * was ever re-encoded.
 */
export type RequestParts = {
  readonly model: string;
  /** Raw text of the messages array; null where the request has none (`input.prompt`). */
  readonly messages: string | null;
  /** Native: further members of `input`. */
  readonly input: readonly RawMember[];
  /** Native: members of `parameters`. openai: members of the body besides `model` and `messages`. */
  readonly parameters: readonly RawMember[];
  /** Native: whether the line has `parameters`, which are then sent even if nothing is in them. */
  readonly hasParameters: boolean;
  /** Native: top-level members that are none of ours, passed on as they are. */
  readonly extra: readonly RawMember[];
  /** A system prompt to put in front, as raw JSON text. */
  readonly system: string | null;
};

/** What the line's other members say about its request. */
export type LineAround = {
  /** Documented `X-DashScope-*` headers, lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
};

/** Everything one shape says, before defaults are folded in. */
export type LineDraft = {
  readonly shape: LineShape;
  readonly protocol: ProtocolName;
  /** Null: by the model's profile. */
  readonly endpoint: Endpoint | null;
  readonly model: unknown;
  readonly messages: unknown;
  readonly input: Readonly<Record<string, unknown>>;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Native: top-level members that are none of ours. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** The object that holds the parameters, for their raw text. */
  readonly holder: OpenObject;
  readonly paths: RequestView['paths'];
  readonly problems: readonly Problem[];
  /** Where the whole request stands in the line's text; null: its members stand among the line's own. */
  readonly body: TextSpan | null;
  /** The raw text of it all; made only for lines that are sent, since the survey does not need it. */
  raw(): RawDraft;
};

/** Raw text of a draft's values, before defaults are folded in. */
export type RawDraft = Omit<RequestParts, 'model' | 'system'> & {
  /** Undefined where the line names no model. */
  readonly model: string | undefined;
};
