import type { OpenObject, TextSpan } from './open-object.ts';
import type { Catalog } from '../models/catalog.ts';
import type { Scope } from '../models/scope.ts';
import type { Problem } from '../problem.ts';
import type { Endpoint, ProtocolName } from '../protocols/protocol.ts';
import type { LineShape, RequestView } from '../schemas/request-view.ts';

/** The command line's values for lines that lack their own. */
export type LineDefaults = {
  readonly model: string | undefined;
  readonly system: string | undefined;
  readonly protocol: 'auto' | ProtocolName;
  /** `--set`: name to raw JSON text. */
  readonly set: ReadonlyMap<string, string>;
  readonly strict: boolean;
  readonly catalog: Catalog;
  /** Where the request goes: determines a model's limits and abilities. */
  readonly scope: Scope;
  /** All calls go to Batch Chat, the half-price counterpart of the OpenAI-compatible endpoint. */
  readonly batchChat: boolean;
};

/** One member of an object of the request, as raw text. */
export type RawMember = { readonly key: string; readonly raw: string };

/** The request's values as the line's raw text, grouped by where the protocol wants them. Nothing here was ever re-encoded. */
export type RequestParts = {
  readonly model: string;
  /** Raw text of the messages array; null if the request has none (`input.prompt`). */
  readonly messages: string | null;
  /** Native: other members of `input`. */
  readonly input: readonly RawMember[];
  /** Native: members of `parameters`. openai: members of the body besides `model` and `messages`. */
  readonly parameters: readonly RawMember[];
  /** Native: whether the line has `parameters`, which are then sent even if empty. */
  readonly hasParameters: boolean;
  /** Native: unknown top-level members, passed on as they are. */
  readonly extra: readonly RawMember[];
  /** A system prompt to prepend, as raw JSON text. */
  readonly system: string | null;
};

/** What the line's other members say about its request. */
export type LineAround = {
  /** Documented `X-DashScope-*` headers, lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
};

/** The contents of a line by its shape, before defaults are applied. */
export type LineDraft = {
  readonly shape: LineShape;
  readonly protocol: ProtocolName;
  /** Null: by the model's profile. */
  readonly endpoint: Endpoint | null;
  readonly model: unknown;
  readonly messages: unknown;
  readonly input: Readonly<Record<string, unknown>>;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Native: unknown top-level members. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** The object that holds the parameters, for their raw text. */
  readonly holder: OpenObject;
  readonly paths: RequestView['paths'];
  readonly problems: readonly Problem[];
  /** Position of the whole request in the line's text; null: its members are among the line's own. */
  readonly body: TextSpan | null;
  /** The raw text of all of it; created only for lines that are sent, since the survey does not need it. */
  raw(): RawDraft;
};

/** Raw text of a draft's values, before defaults are applied. */
export type RawDraft = Omit<RequestParts, 'model' | 'system'> & {
  /** Undefined if the line names no model. */
  readonly model: string | undefined;
};
