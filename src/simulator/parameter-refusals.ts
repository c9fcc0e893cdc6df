import { invalidParameter, serviceError } from './errors-table.ts';
import type { ServiceError } from './errors-table.ts';
import { maximaOf } from './model-maxima.ts';
import type { ModelMaxima } from './model-maxima.ts';
import { asArray, asObject } from './request.ts';
import type { SimulatedRequest } from './request.ts';

type Range = {
  readonly name: string;
  readonly isRight: (value: unknown, maxima: ModelMaxima) => boolean;
  readonly message: string | ((maxima: ModelMaxima) => string);
  /** A different text for values of the wrong type, if documented. */
  readonly typeMessage?: string;
};

/** The largest seed, 2^63 - 1, as the number it becomes in JSON. */
const SEED_MAX = 2 ** 63;

const isText = (value: unknown): boolean => typeof value === 'string';
const isWholeList = (value: unknown): boolean =>
  Array.isArray(value) && value.every(Number.isInteger);
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isWhole = (value: unknown, least: number, most: number): boolean =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most;

/** Ranges and texts of the error code page (May 2026). A null value counts as absent. */
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
  {
    name: 'max_tokens',
    isRight: (value, { output }) => isWhole(value, 1, output),
    message: ({ output }) => `Range of max_tokens should be [1, ${output}]`,
  },
  {
    name: 'max_completion_tokens',
    isRight: (value) => isWhole(value, 1, Number.MAX_SAFE_INTEGER),
    message: ({ output }) => `Range of max_completion_tokens should be [1, ${output}]`,
  },
  {
    name: 'thinking_budget',
    isRight: (value, { thought }) => isWhole(value, 1, thought),
    message: ({ thought }) =>
      `The thinking_budget parameter must be a positive integer and not greater than ${thought}`,
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

function refuseRange({ parameters, model, thinking }: SimulatedRequest): ServiceError | null {
  for (const { name, isRight, message, typeMessage } of RANGES) {
    const value = parameters[name];
    if (value === undefined || value === null) continue;
    const maxima = maximaOf(model, thinking);
    if (isRight(value, maxima)) continue;
    const text = typeof message === 'string' ? message : message(maxima);
    return invalidParameter((isNumber(value) ? undefined : typeMessage) ?? text);
  }
  return null;
}

/** Whether 2^63 was written, or 2^63 - 1, which JSON parses to the same number. */
function isBeyondSeeds(seed: unknown, bodyText: string): boolean {
  if (seed !== SEED_MAX) return false;
  const written = /"seed"\s*:\s*(\d+)/.exec(bodyText)?.[1];
  return written !== undefined && BigInt(written) >= BigInt(SEED_MAX);
}

function refuseSeed({ parameters, endpoint, bodyText }: SimulatedRequest): ServiceError | null {
  const seed = parameters['seed'];
  if (seed === undefined || seed === null) return null;
  if (isWhole(seed, 0, SEED_MAX) && !isBeyondSeeds(seed, bodyText)) return null;
  if (endpoint !== 'chat-completions')
    return invalidParameter('Range of seed should be [0, 9223372036854775807]');
  if (!Number.isInteger(seed))
    return { ...serviceError('invalid_value'), message: "'seed' must be Integer" };
  const message =
    Number(seed) < 0
      ? `${Number(seed)} is lesser than the minimum of 0 - 'seed'`
      : // Inferred from its counterpart; no page shows it.
        `${Number(seed)} is greater than the maximum of 9223372036854775807 - 'seed'`;
  return { ...serviceError('invalid_value'), message };
}

/** Most constraints of thinking are documented for the Qwen family, and recorded otherwise on another vendor's. */
function refuseThinking(request: SimulatedRequest): ServiceError | null {
  const { traits, parameters, thinking, stream, endpoint } = request;
  const asked = parameters['enable_thinking'];
  if (traits.thinking === 'only' && asked === false && traits.qwen) {
    return invalidParameter(
      'The value of the enable_thinking parameter is restricted to True.',
      false,
    );
  }
  if (traits.thinking === 'no' && asked === true)
    return serviceError('InvalidParameter.NotSupportEnableThinking');
  if (!stream && traits.needsStream === 'all') return streamOnly();
  if (!thinking) return refuseCumulative(request);
  if (!stream && traits.needsStream === 'thinking') {
    return invalidParameter(
      'parameter.enable_thinking must be set to false for non-streaming calls',
      false,
    );
  }
  if (endpoint === 'chat-completions' || !traits.qwen) return null;
  if (parameters['incremental_output'] === false || (stream && !request.incremental)) {
    return invalidParameter(
      'The incremental_output parameter must be "true" when enable_thinking is true',
    );
  }
  return request.resultFormat === 'message' ||
    (!stream && parameters['result_format'] === undefined)
    ? null
    : invalidParameter(
        'The result_format parameter must be "message" when enable_thinking is true',
      );
}

function streamOnly(): ServiceError {
  return invalidParameter(
    'This model only support stream mode, please enable the stream parameter to access the model.',
    false,
  );
}

function refuseCumulative({
  parameters,
  traits,
  stream,
  endpoint,
}: SimulatedRequest): ServiceError | null {
  const isAsked = parameters['incremental_output'] === false;
  return isAsked && stream && !traits.canBeCumulative && endpoint !== 'chat-completions'
    ? invalidParameter('The incremental_output parameter of this model cannot be set to False.')
    : null;
}

function refuseResponseFormat(request: SimulatedRequest): ServiceError | null {
  const { parameters, traits, thinking, messages } = request;
  const given = parameters['response_format'];
  if (given === undefined || given === null) return null;
  const type = asObject(given)?.['type'];
  if (type === 'text') return null;
  if (type !== 'json_object' && type !== 'json_schema') {
    return invalidParameter(
      `Unknown format of response_format, response_format should be a dict, includes 'type' and an optional key 'json_schema'. The response_format type from user is ${JSON.stringify(type ?? null)}.`,
    );
  }
  if (thinking && traits.qwen)
    return invalidParameter('Json mode response is not supported when enable_thinking is true');
  if (type === 'json_schema' || messages.some(({ text }) => /json/i.test(text))) return null;
  return invalidParameter(
    "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
  );
}

function isToolChoice(choice: unknown, qwen: boolean): boolean {
  if (choice === 'auto' || choice === 'none' || (!qwen && choice === 'required')) return true;
  return typeof asObject(asObject(choice)?.['function'])?.['name'] === 'string';
}

function refuseTools({ parameters, traits }: SimulatedRequest): ServiceError | null {
  const tools = asArray(parameters['tools']);
  const choice = parameters['tool_choice'];
  if (tools.length > 0 && !traits.tools)
    return invalidParameter('The tool call is not supported.', false);
  if (tools.some((tool) => asObject(asObject(tool)?.['function'])?.['name'] === 'search')) {
    return invalidParameter('Tool names are not allowed to be [search]');
  }
  if (choice !== undefined && choice !== null && !isToolChoice(choice, traits.qwen)) {
    return invalidParameter('tool_choice is one of the strings that should be ["none", "auto"]');
  }
  return null;
}

function refuseFamily({ traits, parameters }: SimulatedRequest): ServiceError | null {
  if (parameters['enable_search'] === true && !traits.search)
    return invalidParameter('This model does not support enable_search.');
  if (traits.family !== 'translation') return null;
  const options = asObject(parameters['translation_options']);
  // Documented for a language in a wrong form or an unknown one; undocumented if missing.
  const isWrong = ['source_lang', 'target_lang'].some((name) => {
    const language = options?.[name] ?? null;
    return language !== null && (typeof language !== 'string' || language === '');
  });
  return isWrong ? invalidParameter('暂时不支持当前设置的语种！') : null;
}

function refuseAudioOutput({
  parameters,
  stream,
  endpoint,
}: SimulatedRequest): ServiceError | null {
  if (endpoint !== 'chat-completions' || stream) return null;
  return asArray(parameters['modalities']).includes('audio')
    ? invalidParameter("'audio' output only support with stream=true")
    : null;
}

/** Values and exclusion are documented as errors (2026 reference), their texts are not. */
function refuseEffort({ model, parameters }: SimulatedRequest): ServiceError | null {
  const effort = parameters['reasoning_effort'];
  if (effort === undefined || effort === null) return null;
  const efforts = WITH_FIVE_EFFORTS.test(model) ? EFFORTS : ALL_EFFORTS;
  if (typeof effort !== 'string' || !efforts.includes(effort))
    return invalidParameter(`'reasoning_effort' must be one of ${JSON.stringify(efforts)}`);
  const budget = parameters['thinking_budget'];
  return model.startsWith('qwen3.8') && budget !== undefined && budget !== null
    ? invalidParameter("'reasoning_effort' and 'thinking_budget' cannot be set at the same time")
    : null;
}

const EFFORTS: readonly string[] = ['low', 'medium', 'high', 'xhigh', 'max'];

/** Including the two additional ones of Qwen3.8 (2026 reference). */
const ALL_EFFORTS: readonly string[] = ['none', 'minimal', ...EFFORTS];

/** Documented to accept one of the five efforts (2026 reference). */
const WITH_FIVE_EFFORTS = /^(.*\/)?(deepseek-v4|glm-[5-9]|kimi-k[3-9])/i;

const CHECKS = [
  refuseRange,
  refuseSeed,
  refuseThinking,
  refuseResponseFormat,
  refuseTools,
  refuseFamily,
  refuseAudioOutput,
  refuseEffort,
];

/** The first error that the service finds in a request's parameters; null if none. */
export function refuseParameters(request: SimulatedRequest): ServiceError | null {
  for (const check of CHECKS) {
    const error = check(request);
    if (error !== null) return error;
  }
  return null;
}
