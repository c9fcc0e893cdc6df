import { isObject } from '../json/is-object.ts';
import { invalidRequest } from './invalid-request.ts';
import type { ModelProfile } from '../models/model-profile.ts';
import type { Problem } from '../problem.ts';
import type { Endpoint } from '../protocols/protocol.ts';
import { rawOf, type TextSpan } from './open-object.ts';
import type { LineAround, LineDefaults, LineDraft, RequestParts } from './request-parts.ts';
import { shown } from '../schemas/findings.ts';
import { isThirdParty } from '../schemas/request-facts.ts';
import type { RequestView } from '../schemas/request-view.ts';

/** A line with its shape recognized and defaults applied, or why that failed. */
export type Shaped =
  | {
      readonly kind: 'shaped';
      readonly view: RequestView;
      readonly parts: () => RequestParts;
      /** Position of the request in the line's text, if it is there as a whole and no defaults apply; else null. */
      readonly written: TextSpan | null;
      readonly problems: readonly Problem[];
    }
  | { readonly kind: 'unshaped'; readonly problems: readonly Problem[] };

/**
 * Applies the command line's defaults and the model's profile to a draft: what will be sent, as parsed values (for the
 * checks) and raw text (for the request).
 */
export function applyDefaults(
  draft: LineDraft,
  defaults: LineDefaults,
  around: LineAround,
): Shaped {
  const named = draft.model === undefined ? defaults.model : draft.model;
  if (typeof named !== 'string' || named === '') {
    const path = draft.shape === 'envelope' ? 'body.model' : 'model';
    const what =
      draft.model === undefined
        ? 'no model is given; name one in the line or with --model'
        : `model is ${shown(draft.model)}; it must be a non-empty string`;
    return { kind: 'unshaped', problems: [invalidRequest(path, what)] };
  }
  // Well-formed, as ledger and files can store it; the line's own text is sent.
  const model = named.toWellFormed();
  const profile = defaults.catalog.profile(model, defaults.scope);
  const parameters = withDefaults(draft.parameters, defaults.set);
  const system =
    defaults.system !== undefined &&
    Array.isArray(draft.messages) &&
    !draft.messages.some((message) => isObject(message) && message['role'] === 'system')
      ? defaults.system
      : null;
  const endpoint = draft.endpoint ?? nativeEndpoint(profile, draft.messages);
  const thinking = thinkingOf(parameters, profile);
  const byHeader = streamHeader(around.headers);
  // In the native protocol the header decides, whatever `stream` says (service contract 2.3).
  const headerDecides = draft.protocol === 'dashscope' && byHeader === true;
  const streamAsked =
    typeof parameters['stream'] === 'boolean' && !headerDecides ? parameters['stream'] : byHeader;
  const needed =
    profile.streamOnly === 'always' ||
    (thinking === true && !isTakenWhole(draft.protocol, profile, parameters));
  return {
    kind: 'shaped',
    view: {
      shape: draft.shape,
      protocol: draft.protocol,
      endpoint,
      model,
      profile,
      batchChat: defaults.batchChat,
      input: draft.input,
      messages:
        system === null
          ? draft.messages
          : [{ role: 'system', content: system }, ...(draft.messages as unknown[])],
      parameters,
      extra: draft.extra,
      headers: around.headers,
      rawParameter: (name) => rawOf(draft.holder, name) ?? defaults.set.get(name),
      bytes: around.bytes,
      // A line that declines streaming gets none: if the model requires it, the rules report that.
      stream: streamAsked ?? needed,
      streamAsked,
      thinking,
      paths: draft.paths,
    },
    parts: () => partsOf(draft, model, { set: defaults.set, system }),
    written:
      draft.model === undefined || system !== null || parameters !== draft.parameters
        ? null
        : draft.body,
    problems: draft.problems,
  };
}

/**
 * Whether a thinking line that does not mention streaming is sent unstreamed: another vendor's model with
 * `incremental_output: false`, which is refused in a stream and was answered without.
 * Source: recorded on deepseek-v4-pro, 2026-06.
 */
function isTakenWhole(
  protocol: LineDraft['protocol'],
  profile: ModelProfile,
  parameters: Readonly<Record<string, unknown>>,
): boolean {
  return (
    protocol === 'dashscope' &&
    parameters['incremental_output'] === false &&
    (profile.streamOnly === null || profile.streamOnly === 'no') &&
    isThirdParty({ profile })
  );
}

/** The value of `X-DashScope-SSE`; null if the line has none. */
function streamHeader(headers: Readonly<Record<string, string>>): boolean | null {
  const value = headers['x-dashscope-sse'];
  return value === undefined ? null : value.toLowerCase() === 'enable';
}

/** Adds `--set` values for names missing in the line. */
function withDefaults(
  given: Readonly<Record<string, unknown>>,
  set: ReadonlyMap<string, string>,
): Readonly<Record<string, unknown>> {
  if (set.size === 0) return given;
  const parameters: Record<string, unknown> = { ...given };
  for (const [key, raw] of set) {
    if (!Object.hasOwn(parameters, key)) parameters[key] = JSON.parse(raw) as unknown;
  }
  return parameters;
}

/** The raw text of what will be sent, defaults applied. */
function partsOf(
  draft: LineDraft,
  model: string,
  defaults: { readonly set: ReadonlyMap<string, string>; readonly system: string | null },
): RequestParts {
  const raw = draft.raw();
  const parameters = [...raw.parameters];
  for (const [key, text] of defaults.set) {
    if (!Object.hasOwn(draft.parameters, key)) parameters.push({ key, raw: text });
  }
  return {
    ...raw,
    model: raw.model ?? JSON.stringify(model),
    parameters,
    system: defaults.system === null ? null : JSON.stringify(defaults.system),
  };
}

/**
 * By profile; for an unknown model by content: arrays of parts go to multimodal (cli.md section 2). A realtime model, which
 * neither endpoint serves, is at least not taken for a text model.
 */
function nativeEndpoint(profile: ModelProfile, messages: unknown): Endpoint {
  if (profile.nativeEndpoint !== null) return profile.nativeEndpoint;
  if (profile.inputModalities?.some((modality) => modality !== 'text') === true)
    return 'multimodal-generation';
  const parts =
    Array.isArray(messages) &&
    messages.some((message) => isObject(message) && Array.isArray(message['content']));
  return parts ? 'multimodal-generation' : 'text-generation';
}

function thinkingOf(
  parameters: Readonly<Record<string, unknown>>,
  profile: ModelProfile,
): boolean | null {
  const asked = parameters['enable_thinking'];
  if (profile.thinking === 'only') return true;
  if (typeof asked === 'boolean') return asked;
  return profile.thinking === 'none' ? false : profile.thinkingDefault;
}
