import { composeAnswer } from './answer.ts';
import type { Answer } from './answer-shape.ts';
import { compatibleBody, compatibleFrames } from './compatible-wire.ts';
import { researchStream } from './deep-research.ts';
import { readDirectives } from './directives.ts';
import type { Directives } from './directives.ts';
import { errorFrame, errorReply } from './error-reply.ts';
import type { ErrorAudience } from './error-reply.ts';
import {
  findServiceError,
  invalidParameter,
  NO_DOCUMENTED_TEXT,
  serviceError,
} from './errors-table.ts';
import type { ServiceError } from './errors-table.ts';
import type { Faults } from './faults.ts';
import { nativeBody, nativeFrames } from './native-wire.ts';
import type { Quota } from './quota.ts';
import { requestIdentity, uuidFrom } from './randomness.ts';
import { refuse, refuseModel } from './refusals.ts';
import type { Reply } from './reply.ts';
import { readRequest } from './request.ts';
import type { SimulatedEndpoint, SimulatedRequest } from './request.ts';
import type { StatsCounter } from './stats.ts';
import { countUsage } from './usage-count.ts';

/** The state of a running simulator. */
export type SimulatorState = {
  readonly seed: number;
  readonly latencyMs: number;
  readonly apiKey: string | undefined;
  readonly quota: Quota;
  readonly faults: Faults;
  readonly stats: StatsCounter;
};

/** One call as it arrived. */
export type IncomingCall = {
  readonly endpoint: SimulatedEndpoint;
  /** The Authorization header; empty if absent. */
  readonly authorization: string;
  /** The native headers request a stream. */
  readonly streamHeader: boolean;
  /** A header requests an asynchronous task, which no language model supports. */
  readonly asyncHeader: boolean;
  readonly body: Buffer;
};

type Case = {
  readonly state: SimulatorState;
  readonly call: IncomingCall;
  readonly request: SimulatedRequest;
  readonly directives: Directives;
  readonly audience: ErrorAudience;
  readonly latencyMs: number;
};

type Sending = Extract<Reply, { readonly kind: 'send' }>;

function sending(
  fields: Pick<Sending, 'status' | 'body'> & Partial<Sending>,
  requestId: string | null,
): Sending {
  const isStream = typeof fields.body !== 'string';
  return {
    kind: 'send',
    latencyMs: 0,
    ending: 'whole',
    paceMs: 0,
    isAnswer: false,
    ...fields,
    headers: {
      'content-type': isStream ? 'text/event-stream;charset=UTF-8' : 'application/json',
      ...(requestId !== null && {
        'x-request-id': requestId,
        'x-dashscope-call-gateway': 'true',
        'x-dashscope-finished': String(!isStream),
      }),
      ...fields.headers,
    },
  };
}

function sendError(
  stats: StatsCounter,
  error: ServiceError,
  audience: ErrorAudience,
  latencyMs = 0,
): Sending {
  stats.fault(audience.compatible ? error.compatibleCode : error.code);
  return sending({ ...errorReply(error, audience), latencyMs }, audience.requestId);
}

function isAuthorized(authorization: string, apiKey: string | undefined): boolean {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  return bearer !== undefined && (apiKey === undefined || bearer === apiKey);
}

function directedError({ directives, call }: Case): ServiceError | null {
  const { error: name, message, status, echoKey } = directives;
  if (name === null && !echoKey) return null;
  const known =
    name === null ? invalidParameter('Invalid request header.', false) : findServiceError(name);
  const base = known ?? {
    status: 400,
    code: name ?? '',
    message: NO_DOCUMENTED_TEXT,
    compatibleCode: name ?? '',
    compatibleType: name ?? '',
  };
  const text = message ?? base.message;
  const echo = echoKey ? ` Authorization: ${call.authorization}` : '';
  return {
    ...base,
    status: status ?? base.status,
    message: text + echo,
    compatibleMessage: (message ?? base.compatibleMessage ?? text) + echo,
  };
}

function page(status: number, latencyMs: number): Sending {
  const body = `<html>\r\n<head><title>${status}</title></head>\r\n<body>\r\n<center><h1>${status}</h1></center>\r\n</body>\r\n</html>\r\n`;
  return sending({ status, body, latencyMs, headers: { 'content-type': 'text/html' } }, null);
}

/** The fault of a directive that replaces the answer altogether; null: an answer is needed. */
function directedReply(given: Case): Reply | null {
  const { state, request, directives, audience, latencyMs } = given;
  const { fault, status } = directives;
  const error = directedError(given);
  if (error !== null && !(directives.late && request.stream)) {
    const reply = sendError(state.stats, error, audience, latencyMs);
    const { retryAfter } = directives;
    return retryAfter === null
      ? reply
      : { ...reply, headers: { ...reply.headers, 'retry-after': retryAfter } };
  }
  if (error === null && status !== null) {
    state.stats.fault(`http_${status}`);
    return page(status, latencyMs);
  }
  if (fault !== null) state.stats.fault(fault);
  const garbage = request.stream
    ? ['data:{"output":{"choices":[{"mess\n\n']
    : '{"output": {"choices": [}, not JSON';
  if (fault === 'hang') return { kind: 'hang' };
  if (fault === 'reset') return { kind: 'reset', latencyMs };
  if (fault === 'html') return page(200, latencyMs);
  if (fault === 'empty')
    return sending({ status: 200, body: request.stream ? [] : '', latencyMs }, audience.requestId);
  if (fault === 'garbage')
    return sending({ status: 200, body: garbage, latencyMs }, audience.requestId);
  return null;
}

function halve(request: SimulatedRequest, answer: Answer): Answer {
  const choices = answer.choices.map((choice) => ({
    ...choice,
    content: choice.content.slice(0, Math.ceil(choice.content.length / 2)),
  }));
  return { choices, usage: countUsage(request, choices, answer.usage.cached) };
}

type Dressed = { readonly body: string | readonly string[]; readonly output: number };

function dress(request: SimulatedRequest, answer: Answer, requestId: string): Dressed {
  const { output } = answer.usage;
  if (request.traits.family === 'research') {
    const { frames, output: researched } = researchStream(request, answer, requestId);
    return { body: frames, output: researched };
  }
  if (request.endpoint === 'chat-completions') {
    const body = request.stream ? compatibleFrames : compatibleBody;
    return { body: body(request, answer, requestId), output };
  }
  const body = request.stream ? nativeFrames : nativeBody;
  return { body: body(request, answer, requestId), output };
}

function sendAnswer(given: Case, isFaulty: boolean): Sending {
  const { state, request, directives, audience, latencyMs } = given;
  const fault = isFaulty ? directives.fault : null;
  const whole = composeAnswer(request, state.seed, directives);
  const answer = fault === 'partial' ? halve(request, whole) : whole;
  const { body, output } = dress(request, answer, audience.requestId);
  const { input } = answer.usage;
  state.quota.charge(request.model, input + output);
  const common = { status: 200, latencyMs, paceMs: directives.paceMs ?? 0 };
  const lateError = isFaulty && directives.late ? directedError(given) : null;
  if (lateError !== null && typeof body !== 'string') {
    state.stats.fault(audience.compatible ? lateError.compatibleCode : lateError.code);
    const before = body.slice(0, Math.ceil(body.length / 2));
    const frames = [...before, errorFrame(lateError, audience, before.length + 1)];
    return sending({ ...common, body: frames }, audience.requestId);
  }
  state.stats.bill({ input, output });
  const ending = fault === 'truncate' ? 'cut' : fault === 'stall' ? 'stall' : 'whole';
  const headers = fault === 'partial' ? { 'x-dashscope-partialresponse': 'true' } : {};
  return sending(
    { ...common, body, ending, headers, isAnswer: fault === null },
    audience.requestId,
  );
}

function hasFault({ error, status, fault, echoKey }: Directives): boolean {
  return error !== null || status !== null || fault !== null || echoKey;
}

/** Faults, refusals and the answer for a call whose model is served and whose quota is not exhausted. */
function answerOrFail(given: Case, identity: string): Reply {
  const { state, call, request, directives, audience, latencyMs } = given;
  if (directives.problem !== null)
    return sendError(state.stats, invalidParameter(directives.problem, false), audience);
  const isFaulty = hasFault(directives) && state.faults.isDue(identity, directives.times);
  const directed = isFaulty ? directedReply(given) : null;
  if (directed !== null) return directed;
  const byRate = state.faults.byRate(identity);
  if (byRate !== null) return sendError(state.stats, byRate, audience, latencyMs);
  const refusal = refuse(request, call.body.length);
  if (refusal !== null) return sendError(state.stats, refusal, audience);
  return sendAnswer(given, isFaulty);
}

const NO_TASKS: ServiceError = {
  ...serviceError('AccessDenied'),
  message: 'Current user api does not support asynchronous calls.',
};

/** The error for an answer that the simulator itself could not make, such as a schema nested beyond the stack. */
function ownError(cause: unknown): ServiceError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return { ...serviceError('InternalError'), message: `simulator: ${text}` };
}

/**
 * The reply to a call, in the order of the service's own checks: key, body, model, quota, then faults, refusals of the
 * content, and the answer. Everything except the quota is determined by the seed, the request and how often it was sent.
 */
export function decide(call: IncomingCall, state: SimulatorState): Reply {
  const { endpoint, body } = call;
  const identity = requestIdentity(state.seed, endpoint, body);
  const compatible = endpoint === 'chat-completions';
  const nobody = { compatible, stream: false, model: '', requestId: uuidFrom(identity) };
  if (!isAuthorized(call.authorization, state.apiKey)) {
    return sendError(state.stats, serviceError('InvalidApiKey'), nobody);
  }
  const request = readRequest(endpoint, body.toString('utf8'), call.streamHeader);
  if ('code' in request)
    return sendError(state.stats, request, { ...nobody, stream: call.streamHeader });
  const audience = { ...nobody, stream: request.stream, model: request.model };
  const misplaced = call.asyncHeader ? NO_TASKS : refuseModel(request);
  if (misplaced !== null) return sendError(state.stats, misplaced, audience);
  const overQuota = state.quota.admit(request.model);
  if (overQuota !== null) {
    const code = overQuota === 'requests' ? 'Throttling.RateQuota' : 'Throttling.AllocationQuota';
    return sendError(state.stats, serviceError(code), audience);
  }
  const spoken = request.messages.filter(({ role }) => role === 'user' || role === 'system');
  const directives = readDirectives(spoken.map(({ text }) => text));
  const latencyMs = directives.latencyMs ?? state.latencyMs;
  try {
    return answerOrFail({ state, call, request, directives, audience, latencyMs }, identity);
  } catch (error) {
    return sendError(state.stats, ownError(error), audience);
  }
}
