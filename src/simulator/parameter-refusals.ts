import { invalidParameter, serviceError } from './errors-table.ts';
import type { ServiceError } from './errors-table.ts';
import { asArray, asObject } from './request.ts';
import type { SimulatedRequest } from './request.ts';

type Range = {
  readonly name: string;
  readonly isRight: (value: unknown) => boolean;
  readonly message: string;
  /** Another text for a value of the wrong type, where one is documented. */
  readonly typeMessage?: string;
};

/** The simulator knows no model's own maximum; this is above all of them. */
const MAX_OUTPUT = 1_048_576;

const isText = (value: unknown): boolean => typeof value === 'string';
const isWholeList = (value: unknown): boolean =>
  Array.isArray(value) && value.every(Number.isInteger);
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isWhole = (value: unknown, least: number, most: number): boolean =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most;

/** Ranges and texts as the error code page has them (May 2026). A null value counts as not given. */
const RANGES: readonly Range[] = [
  {
    name: 'temperature',
    isRight: (value) => isNumber(value) && value >= 0 && value < 2,
    message: 'Temperature should be in [0.0, 2.0)',
    typeMessage: "'temperature' must be Float",
  },
  {
    name: 'top_p',
    isRight: (value) => isNumber(value) && value > 0 && value <= 1,
    message: 'Range of top_p should be (0.0, 1.0]',
    typeMessage: "'top_p' must be Float",
  },
  {
    name: 'top_k',
    isRight: (value) => isWhole(value, 0, Number.MAX_SAFE_INTEGER),
    message: 'Parameter top_k be greater than or equal to 0',
  },
  {
    name: 'repetition_penalty',
    isRight: (value) => isNumber(value) && value > 0,
    message: 'Repetition_penalty should be greater than 0.0',
  },
  {
    name: 'presence_penalty',
    isRight: (value) => isNumber(value) && value >= -2 && value <= 2,
    message: 'Presence_penalty should be in [-2.0, 2.0]',
  },
  { name: 'n', isRight: (value) => isWhole(value, 1, 4), message: 'Range of n should be [1, 4]' },
  ...['max_tokens', 'max_completion_tokens'].map((name) => ({
    name,
    isRight: (value: unknown) => isWhole(value, 1, MAX_OUTPUT),
    message: `Range of ${name} should be [1, ${MAX_OUTPUT}]`,
  })),
  {
    name: 'thinking_budget',
    isRight: (value) => isWhole(value, 1, MAX_OUTPUT),
    message: `The thinking_budget parameter must be a positive integer and not greater than ${MAX_OUTPUT}`,
  },
  {
    name: 'stop',
    isRight: isStop,
    message:
      'The "stop" parameter must be of type "str", "list[str]", "list[int]", or "list[list[int]]", and all elements within the list must be of the same type.',
  },
];

function isStop(value: unknown): boolean {
  if (typeof value === 'string') return true;
  if (!Array.isArray(value)) return false;
  return [isText, Number.isInteger, isWholeList].some((isKind) =>
    value.every((item) => isKind(item)),
  );
}

function refuseRange({ parameters }: SimulatedRequest): ServiceError | null {
  for (const range of RANGES) {
    const value = parameters[range.name];
    if (value === undefined || value === null || range.isRight(value)) continue;
    return invalidParameter((isNumber(value) ? undefined : range.typeMessage) ?? range.message);
  }
  return null;
}

function refuseSeed({ parameters, endpoint }: SimulatedRequest): ServiceError | null {
  const seed = parameters['seed'];
  if (seed === undefined || seed === null || (Number.isInteger(seed) && Number(seed) >= 0))
    return null;
  if (endpoint !== 'chat-completions')
    return invalidParameter('Range of seed should be [0, 9223372036854775807]');
  const message = Number.isInteger(seed)
    ? `${Number(seed)} is lesser than the minimum of 0 - 'seed'`
    : "'seed' must be Integer";
  return { ...serviceError('invalid_value'), message };
}

function refuseThinking(request: SimulatedRequest): ServiceError | null {
  const { traits, parameters, thinking, stream, endpoint } = request;
  const asked = parameters['enable_thinking'];
  if (traits.thinking === 'only' && asked === false) {
    return invalidParameter(
      'The value of the enable_thinking parameter is restricted to True.',
      false,
    );
  }
  if (traits.thinking === 'no' && asked === true)
    return serviceError('InvalidParameter.NotSupportEnableThinking');
  if (!thinking) return null;
  if (!stream && !traits.thinksUnstreamed) {
    return invalidParameter(
      traits.thinking === 'only'
        ? 'This model only support stream mode, please enable the stream parameter to access the model.'
        : 'parameter.enable_thinking must be set to false for non-streaming calls',
      false,
    );
  }
  if (endpoint === 'chat-completions' || !stream) return null;
  if (!request.incremental) {
    return invalidParameter(
      'The incremental_output parameter must be "true" when enable_thinking is true',
    );
  }
  return request.resultFormat === 'message'
    ? null
    : invalidParameter(
        'The result_format parameter must be "message" when enable_thinking is true',
      );
}

function refuseResponseFormat(request: SimulatedRequest): ServiceError | null {
  const { parameters, thinking, messages } = request;
  const given = parameters['response_format'];
  if (given === undefined || given === null) return null;
  const type = asObject(given)?.['type'];
  if (type === 'text') return null;
  if (type !== 'json_object' && type !== 'json_schema') {
    return invalidParameter(
      `Unknown format of response_format, response_format should be a dict, includes 'type' and an optional key 'json_schema'. The response_format type from user is ${JSON.stringify(type ?? null)}.`,
    );
  }
  if (thinking)
    return invalidParameter('Json mode response is not supported when enable_thinking is true');
  if (type === 'json_schema' || messages.some(({ text }) => /json/i.test(text))) return null;
  return invalidParameter(
    "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
  );
}

function refuseTools({ parameters, traits }: SimulatedRequest): ServiceError | null {
  const tools = asArray(parameters['tools']);
  const choice = parameters['tool_choice'];
  if (tools.length > 0 && !traits.tools)
    return invalidParameter('The tool call is not supported.', false);
  if (tools.some((tool) => asObject(asObject(tool)?.['function'])?.['name'] === 'search')) {
    return invalidParameter('Tool names are not allowed to be [search]');
  }
  if (typeof choice === 'string' && choice !== 'auto' && choice !== 'none') {
    return invalidParameter('tool_choice is one of the strings that should be ["none", "auto"]');
  }
  return null;
}

function refuseFamily({ traits, parameters, stream }: SimulatedRequest): ServiceError | null {
  if (traits.family === 'translation') {
    const target = asObject(parameters['translation_options'])?.['target_lang'];
    return typeof target === 'string' && target !== ''
      ? null
      : invalidParameter('暂时不支持当前设置的语种！');
  }
  if (traits.family === 'research' && !stream) {
    return invalidParameter(
      'This model only support stream mode, please enable the stream parameter to access the model.',
      false,
    );
  }
  return null;
}

const CHECKS = [
  refuseRange,
  refuseSeed,
  refuseThinking,
  refuseResponseFormat,
  refuseTools,
  refuseFamily,
];

/** The first error that the service finds in a request's parameters, or null where it finds none. */
export function refuseParameters(request: SimulatedRequest): ServiceError | null {
  for (const check of CHECKS) {
    const error = check(request);
    if (error !== null) return error;
  }
  return null;
}
