/** One documented error of the service, in both protocols' forms. */
export type ServiceError = {
  readonly status: number;
  /** Native `code`. */
  readonly code: string;
  /** Native `message`; `{model}` stands for the model's name. */
  readonly message: string;
  /** `error.code` on the OpenAI-compatible endpoint. */
  readonly compatibleCode: string;
  /** `error.type` on the OpenAI-compatible endpoint. */
  readonly compatibleType: string;
  /** `error.message` on the OpenAI-compatible endpoint, where it differs from `message`. */
  readonly compatibleMessage?: string;
};

/** The text of an error whose own text is undocumented. */
export const NO_DOCUMENTED_TEXT = 'Simulated error.';

/**
 * An error as a table row. The OpenAI-compatible fields are given only if they differ: by default its code is the native
 * one, as in the recorded `Arrearage`, its type the code, its message the native one.
 */
type Row = readonly [
  status: number,
  code: string,
  message?: string,
  compatible?: { readonly code?: string; readonly type?: string; readonly message?: string },
];

/**
 * The errors that the simulator sends: for `[[simulate: error=CODE]]`, by rate, or to refuse a request.
 *
 * Source: Model Studio error code page (help.aliyun.com/zh/model-studio/error-code, May 2026) and recorded error bodies of
 * both protocols (2024 to 2026).
 */
const SERVICE_ERRORS: readonly Row[] = [
  [429, 'Throttling', 'Requests throttling triggered.'],
  [
    429,
    'Throttling.RateQuota',
    'Requests rate limit exceeded, please try again later.',
    {
      code: 'limit_requests',
      message:
        'You have exceeded your current request limit. For details, see: https://help.aliyun.com/zh/model-studio/error-code#rate-limit',
    },
  ],
  [
    429,
    'Throttling.AllocationQuota',
    'Allocated quota exceeded, please increase your quota limit.',
    {
      code: 'insufficient_quota',
      message:
        'You exceeded your current quota, please check your plan and billing details. For details, see: https://help.aliyun.com/zh/model-studio/error-code#token-limit',
    },
  ],
  [
    429,
    'Throttling.BurstRate',
    'Request rate increased too quickly. To ensure system stability, please adjust your client logic to scale requests more smoothly over time.',
    { code: 'limit_burst_rate' },
  ],
  [429, 'Throttling.Concurrency', 'Too many concurrent requests.'],
  [429, 'LimitRequests', 'You exceeded your current requests list.', { code: 'limit_requests' }],
  [429, 'Too many requests', 'Too many requests in route. Please try again later.'],
  [429, 'CommodityNotPurchased', 'Commodity has not purchased yet.'],
  [429, 'PrepaidBillOverdue', 'The prepaid bill is overdue.'],
  [429, 'PostpaidBillOverdue', 'The postpaid bill is overdue.'],
  [400, 'Arrearage', 'Access denied, please make sure your account is in good standing.'],
  [
    401,
    'InvalidApiKey',
    'Invalid API-key provided.',
    {
      code: 'invalid_api_key',
      type: 'invalid_request_error',
      message: 'Incorrect API key provided. ',
    },
  ],
  [
    401,
    'NOT AUTHORIZED',
    'Access denied: Either you are not authorized to access this workspace, or the workspace does not exist.',
  ],
  [
    403,
    'AllocationQuota.FreeTierOnly',
    'The free tier of the model has been exhausted. If you wish to continue access the model on a paid basis, please disable the "use free tier only" mode in the management console.',
  ],
  [403, 'AccessDenied', 'Access denied.', { code: 'access_denied' }],
  [
    403,
    'AccessDenied.Unpurchased',
    'Access to model denied. Please make sure you are eligible for using the model.',
  ],
  [403, 'Model.AccessDenied', 'Model access denied.'],
  [403, 'App.AccessDenied', 'App access denied.'],
  [403, 'Workspace.AccessDenied', 'Workspace access denied.'],
  [403, 'Endpoint.AccessDenied', 'Workspace endpoint access denied.'],
  [
    404,
    'ModelNotFound',
    'The model {model} does not exist or you do not have access to it.',
    { code: 'model_not_found', type: 'invalid_request_error' },
  ],
  [
    404,
    'model_not_supported',
    'Unsupported model {model} for OpenAI compatibility mode.',
    { type: 'invalid_request_error' },
  ],
  [404, 'WorkSpaceNotFound', 'WorkSpace can not be found.'],
  [404, 'NotFound', 'Not found!'],
  [
    400,
    'DataInspectionFailed',
    'Input data may contain inappropriate content.',
    {
      code: 'data_inspection_failed',
      message:
        'Input data may contain inappropriate content. For details, see: https://help.aliyun.com/zh/model-studio/error-code#inappropriate-content',
    },
  ],
  [400, 'IPInfringementSuspect', 'Input data is suspected of being involved in IP infringement.'],
  [400, 'FaqRuleBlocked', 'Input or output data is blocked by faq rule.'],
  [
    400,
    'CustomRoleBlocked',
    'Input or output data may contain inappropriate content with custom rule.',
  ],
  [
    400,
    'InvalidParameter',
    'Required body invalid, please check the request body format.',
    { code: 'invalid_parameter_error', type: 'invalid_request_error' },
  ],
  [
    400,
    'InvalidParameter.NotSupportEnableThinking',
    'The model {model} does not support enable_thinking.',
    { code: 'invalid_parameter_error', type: 'invalid_request_error' },
  ],
  [
    400,
    'invalid_value',
    "-1 is lesser than the minimum of 0 - 'seed'",
    { type: 'invalid_request_error' },
  ],
  [400, 'invalid_request_error', 'you must provide a model parameter.'],
  [400, 'BadRequest.EmptyInput', 'Required input parameter missing from request.'],
  [400, 'BadRequest.IllegalInput', 'The input parameter requires json format.'],
  [400, 'BadRequest.EmptyModel', 'Required parameter "model" missing from request.'],
  [413, 'BadRequest.TooLarge', 'Payload Too Large.'],
  [400, 'InvalidURL', 'Required URL is missing or invalid, please check the request URL.'],
  [
    400,
    'InvalidURL.Timeout',
    'Download the media resource timeout, please check network connection.',
  ],
  [400, 'UnsupportedOperation', 'The operation is unsupported on the referee object.'],
  [
    400,
    'ServiceUnavailableError',
    'Role must be user or assistant and Content length must be greater than 0.',
  ],
  [
    500,
    'InternalError',
    'An internal error has occured, please try again later or contact service support.',
    { code: 'internal_error' },
  ],
  [500, 'InternalError.Algo', 'inference internal error.', { code: 'internal_server_error' }],
  [
    500,
    'InternalError.Timeout',
    'An internal timeout error has occured during execution, please try again later or contact service support.',
  ],
  [500, 'SystemError', 'An system error has occured, please try again later.'],
  [500, 'ModelServiceFailed', 'Failed to request model service.'],
  [500, 'RequestTimeOut', 'Request timed out, please try again later.'],
  [500, 'ResponseTimeout', 'Response stream timeout'],
  [
    503,
    'ModelServingError',
    'Too many requests. Your requests are being throttled due to system capacity limits. Please try again later.',
  ],
  [503, 'ModelUnavailable', 'Model is unavailable, please try again later.'],
  // Further native codes for the two OpenAI-compatible codes, whose first row is the usual one (page of September 2026, and
  // reported).
  [
    400,
    'InternalError.Algo.InvalidParameter',
    'Repetitive tool calls detected in the conversation history.',
    {
      code: 'invalid_parameter_error',
      type: 'invalid_request_error',
      message:
        '<400> InternalError.Algo.InvalidParameter: Repetitive tool calls detected in the conversation history.',
    },
  ],
  [
    400,
    'InternalError.Algo.DataInspectionFailed',
    'Input data may contain inappropriate content.',
    {
      code: 'data_inspection_failed',
      message:
        '<400> InternalError.Algo.DataInspectionFailed: Input data may contain inappropriate content.',
    },
  ],
];

/**
 * Errors that no request provokes here, and without a documented OpenAI-compatible code: those of the account and the
 * gateway, of media, files and other services.
 *
 * Source: Model Studio error code page (help.aliyun.com/zh/model-studio/error-code, May 2026); `BadRequest.TooMany` is
 * recorded. Those without a text are from the error message page of the new documentation (platform.qianwenai.com,
 * September 2026), which shows none.
 */
const NATIVE_ERRORS: readonly Row[] = [
  [429, 'ResourceExhausted'],
  [503, 'ServiceUnavailable'],
  [401, 'invalid access token or token expired'],
  [
    400,
    'InvalidParameter.DataInspection',
    'Unable to download the media resource during the data inspection process.',
  ],
  [400, 'BadRequest.InputDownloadFailed', 'Failed to download the input file: xxx.'],
  [400, 'BadRequest.EmptyParameters', 'Required parameter "parameters" missing from request.'],
  [400, 'BadRequest.UnsupportedFileFormat', 'Input file format is not supported.'],
  [400, 'BadRequest.ResourceNotExist', 'The Required resource not exist.'],
  [400, 'BadRequest.VoiceNotFound', "Voice '%s' not found."],
  [400, 'BadRequest.TooMany', 'Out of number, <10> of <10> files has been uploaded.'],
  [400, 'BadRequestException', 'Invalid part type.'],
  [400, 'FlowNotPublished', 'Flow has not published yet, please publish flow and try again.'],
  [400, 'ClientDisconnect', 'Client disconnected before task finished!'],
  [400, 'InvalidURL.ConnectionRefused', 'Connection to xxx refused, please provide available URL.'],
  [400, 'InvalidImageResolution', 'The input image resolution is too large or small.'],
  [400, 'InvalidImageFormat', 'The input image is in invalid format.'],
  [400, 'InvalidSchema', 'Database schema is invalid for text2sql.'],
  [400, 'InvalidSchemaFormat', 'Database schema format is invalid for text2sql.'],
  [400, 'InvalidInputLength', 'The image resolution is invalid.'],
  [400, 'InvalidGarment', 'Missing clothing image.'],
  [400, 'InvalidPerson', 'The input image has no human body or multi human bodies.'],
  [409, 'Conflict', 'Model instance xxx already exists, please specify a suffix.'],
  [500, 'InternalError.FileUpload', 'oss upload error.'],
  [500, 'InternalError.Upload', 'Failed to upload result.'],
  [500, 'InvokePluginFailed', 'Failed to invoke plugin.'],
  [500, 'AppProcessFailed', 'Failed to proceed application request.'],
  [500, 'RewriteFailed', 'Failed to rewrite content for prompt.'],
  [500, 'RetrivalFailed', 'Failed to retrieve data from documents.'],
];

const ALL_ERRORS: readonly ServiceError[] = [...SERVICE_ERRORS, ...NATIVE_ERRORS].map(
  ([status, code, message = NO_DOCUMENTED_TEXT, compatible = {}]) => {
    const { code: compatibleCode = code, message: compatibleMessage } = compatible;
    const { type: compatibleType = compatibleCode } = compatible;
    const words = { status, code, message, compatibleCode, compatibleType };
    return compatibleMessage === undefined ? words : { ...words, compatibleMessage };
  },
);

const byName: ReadonlyMap<string, ServiceError> = new Map(
  // Native names come last: for a name in both columns, the native row wins.
  [
    ...ALL_ERRORS.toReversed().map((error) => [error.compatibleCode, error] as const),
    ...ALL_ERRORS.map((error) => [error.code, error] as const),
  ].map(([name, error]) => [name.toLowerCase(), error]),
);

/** The error of that native or OpenAI-compatible code, case-insensitive; undefined: not in the table. */
export function findServiceError(name: string): ServiceError | undefined {
  return byName.get(name.toLowerCase());
}

/** The error of that code, which must be in the table. */
export function serviceError(code: string): ServiceError {
  const error = findServiceError(code);
  if (error === undefined) throw new RangeError(`${code} is not in the table of errors`);
  return error;
}

/**
 * A refused parameter or message. On the OpenAI-compatible endpoint errors of the model's own checks are wrapped as `<400>
 * InternalError.Algo.InvalidParameter: …` (recorded 2025).
 */
export function invalidParameter(message: string, wrapped = true): ServiceError {
  return {
    status: 400,
    code: 'InvalidParameter',
    message,
    compatibleCode: 'invalid_parameter_error',
    compatibleType: 'invalid_request_error',
    ...(wrapped && { compatibleMessage: `<400> InternalError.Algo.InvalidParameter: ${message}` }),
  };
}
