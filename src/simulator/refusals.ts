import { invalidParameter, serviceError } from './errors-table.ts';
import type { ServiceError } from './errors-table.ts';
import { refuseMessages } from './message-refusals.ts';
import { maximaOf } from './model-maxima.ts';
import { refuseParameters } from './parameter-refusals.ts';
import type { SimulatedRequest } from './request.ts';
import { leastTokens } from './tokens.ts';

/** The longest request body of a text model, in bytes: reported for qwen-plus-latest, Apr 2026. */
const TEXT_BODY_BYTES_MAX = 6_291_456;

const EITHER = 'Either "prompt" or "messages" must exist and cannot both be none';

/** The error for a model that is missing, unknown, or not served on this endpoint; null: it is served here. */
export function refuseModel({ model, traits, endpoint }: SimulatedRequest): ServiceError | null {
  const compatible = endpoint === 'chat-completions';
  if (model === '')
    return serviceError(compatible ? 'invalid_request_error' : 'BadRequest.EmptyModel');
  if (!traits.exists) return serviceError('ModelNotFound');
  if (compatible) return traits.compatible ? null : serviceError('model_not_supported');
  return traits.home === 'both' || traits.home === endpoint
    ? null
    : invalidParameter('url error, please check url！', false);
}

function refuseInput(request: SimulatedRequest): ServiceError | null {
  const { body, input, messages, endpoint } = request;
  if (input === null) {
    if (body['input'] !== undefined && body['input'] !== null)
      return serviceError('BadRequest.IllegalInput');
    // Top-level messages, as in the other protocol.
    return body['messages'] === undefined
      ? serviceError('BadRequest.EmptyInput')
      : invalidParameter(EITHER);
  }
  if (messages.length > 0) return null;
  const emptyArray = Array.isArray(input['messages']);
  if (typeof input['prompt'] === 'string' && emptyArray) {
    return invalidParameter(
      'Role must be user or assistant and Content length must be greater than 0',
    );
  }
  if (emptyArray) return invalidParameter("[] is too short - 'messages'");
  return invalidParameter(EITHER, endpoint !== 'chat-completions');
}

/**
 * The first error that the service finds in a request whose model is served, with its own text; null if none. `bodyBytes`
 * is the length of the body as received.
 *
 * Source: error code page of Model Studio (May 2026) and recorded errors.
 */
export function refuse(request: SimulatedRequest, bodyBytes: number): ServiceError | null {
  if (request.traits.home === 'text-generation' && bodyBytes > TEXT_BODY_BYTES_MAX) {
    return invalidParameter(
      `Exceeded limit on max bytes to request body : ${TEXT_BODY_BYTES_MAX}`,
      false,
    );
  }
  return (
    refuseInput(request) ??
    refuseMessages(request) ??
    refuseLength(request, bodyBytes) ??
    refuseParameters(request)
  );
}

/** Refuses what is certainly too long: no text token is shorter than a byte, and media may have next to none. */
function refuseLength(request: SimulatedRequest, bodyBytes: number): ServiceError | null {
  const { model, messages, thinking } = request;
  const { input } = maximaOf(model, thinking);
  if (bodyBytes <= input) return null;
  let least = 0;
  for (const { text } of messages) least += leastTokens(text);
  return least > input ? invalidParameter(`Range of input length should be [1, ${input}]`) : null;
}
