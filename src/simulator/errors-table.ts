/** One documented error of the service, in the words of both protocols. */
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

/** The text of an error whose own no page shows. */
export const NO_DOCUMENTED_TEXT = 'Simulated error.';

/**
 * The errors that the simulator can answer with, by `[[simulate: error=CODE]]`, by rate, or in
 * refusal of a request. Where the compatible code or type is not documented, it repeats the native
 * code, as the recorded `Arrearage` does.
 *
 * Source: Model Studio error code page (help.aliyun.com/zh/model-studio/error-code, May 2026) and
 * recorded error bodies of both protocols (2024 to 2026).
 */
const SERVICE_ERRORS: readonly ServiceError[] = [
  {
    status: 429,
    code: 'Throttling',
    message: 'Requests throttling triggered.',
    compatibleCode: 'Throttling',
    compatibleType: 'Throttling',
  },
  {
    status: 429,
    code: 'Throttling.RateQuota',
    message: 'Requests rate limit exceeded, please try again later.',
    compatibleCode: 'limit_requests',
    compatibleType: 'limit_requests',
    compatibleMessage:
      'You have exceeded your current request limit. For details, see: https://help.aliyun.com/zh/model-studio/error-code#rate-limit',
  },
  {
    status: 429,
    code: 'Throttling.AllocationQuota',
    message: 'Allocated quota exceeded, please increase your quota limit.',
    compatibleCode: 'insufficient_quota',
    compatibleType: 'insufficient_quota',
    compatibleMessage:
      'You exceeded your current quota, please check your plan and billing details. For details, see: https://help.aliyun.com/zh/model-studio/error-code#token-limit',
  },
  {
    status: 429,
    code: 'Throttling.BurstRate',
    message:
      'Request rate increased too quickly. To ensure system stability, please adjust your client logic to scale requests more smoothly over time.',
    compatibleCode: 'limit_burst_rate',
    compatibleType: 'limit_burst_rate',
  },
  {
    status: 429,
    code: 'Throttling.Concurrency',
    message: 'Too many concurrent requests.',
    compatibleCode: 'Throttling.Concurrency',
    compatibleType: 'Throttling.Concurrency',
  },
  {
    status: 429,
    code: 'LimitRequests',
    message: 'You exceeded your current requests list.',
    compatibleCode: 'limit_requests',
    compatibleType: 'limit_requests',
  },
  {
    status: 429,
    code: 'Too many requests',
    message: 'Too many requests in route. Please try again later.',
    compatibleCode: 'Too many requests',
    compatibleType: 'Too many requests',
  },
  {
    status: 429,
    code: 'CommodityNotPurchased',
    message: 'Commodity has not purchased yet.',
    compatibleCode: 'CommodityNotPurchased',
    compatibleType: 'CommodityNotPurchased',
  },
  {
    status: 429,
    code: 'PrepaidBillOverdue',
    message: 'The prepaid bill is overdue.',
    compatibleCode: 'PrepaidBillOverdue',
    compatibleType: 'PrepaidBillOverdue',
  },
  {
    status: 429,
    code: 'PostpaidBillOverdue',
    message: 'The postpaid bill is overdue.',
    compatibleCode: 'PostpaidBillOverdue',
    compatibleType: 'PostpaidBillOverdue',
  },
  {
    status: 400,
    code: 'Arrearage',
    message: 'Access denied, please make sure your account is in good standing.',
    compatibleCode: 'Arrearage',
    compatibleType: 'Arrearage',
  },
  {
    status: 401,
    code: 'InvalidApiKey',
    message: 'Invalid API-key provided.',
    compatibleCode: 'invalid_api_key',
    compatibleType: 'invalid_request_error',
    compatibleMessage: 'Incorrect API key provided. ',
  },
  {
    status: 401,
    code: 'NOT AUTHORIZED',
    message:
      'Access denied: Either you are not authorized to access this workspace, or the workspace does not exist.',
    compatibleCode: 'NOT AUTHORIZED',
    compatibleType: 'NOT AUTHORIZED',
  },
  {
    status: 403,
    code: 'AllocationQuota.FreeTierOnly',
    message:
      'The free tier of the model has been exhausted. If you wish to continue access the model on a paid basis, please disable the "use free tier only" mode in the management console.',
    compatibleCode: 'AllocationQuota.FreeTierOnly',
    compatibleType: 'AllocationQuota.FreeTierOnly',
  },
  {
    status: 403,
    code: 'AccessDenied',
    message: 'Access denied.',
    compatibleCode: 'access_denied',
    compatibleType: 'access_denied',
  },
  {
    status: 403,
    code: 'AccessDenied.Unpurchased',
    message: 'Access to model denied. Please make sure you are eligible for using the model.',
    compatibleCode: 'AccessDenied.Unpurchased',
    compatibleType: 'AccessDenied.Unpurchased',
  },
  {
    status: 403,
    code: 'Model.AccessDenied',
    message: 'Model access denied.',
    compatibleCode: 'Model.AccessDenied',
    compatibleType: 'Model.AccessDenied',
  },
  {
    status: 403,
    code: 'App.AccessDenied',
    message: 'App access denied.',
    compatibleCode: 'App.AccessDenied',
    compatibleType: 'App.AccessDenied',
  },
  {
    status: 403,
    code: 'Workspace.AccessDenied',
    message: 'Workspace access denied.',
    compatibleCode: 'Workspace.AccessDenied',
    compatibleType: 'Workspace.AccessDenied',
  },
  {
    status: 403,
    code: 'Endpoint.AccessDenied',
    message: 'Workspace endpoint access denied.',
    compatibleCode: 'Endpoint.AccessDenied',
    compatibleType: 'Endpoint.AccessDenied',
  },
  {
    status: 404,
    code: 'ModelNotFound',
    message: 'The model {model} does not exist or you do not have access to it.',
    compatibleCode: 'model_not_found',
    compatibleType: 'invalid_request_error',
  },
  {
    status: 404,
    code: 'model_not_supported',
    message: 'Unsupported model {model} for OpenAI compatibility mode.',
    compatibleCode: 'model_not_supported',
    compatibleType: 'invalid_request_error',
  },
  {
    status: 404,
    code: 'WorkSpaceNotFound',
    message: 'WorkSpace can not be found.',
    compatibleCode: 'WorkSpaceNotFound',
    compatibleType: 'WorkSpaceNotFound',
  },
  {
    status: 404,
    code: 'NotFound',
    message: 'Not found!',
    compatibleCode: 'NotFound',
    compatibleType: 'NotFound',
  },
  {
    status: 400,
    code: 'DataInspectionFailed',
    message: 'Input data may contain inappropriate content.',
    compatibleCode: 'data_inspection_failed',
    compatibleType: 'data_inspection_failed',
    compatibleMessage:
      'Input data may contain inappropriate content. For details, see: https://help.aliyun.com/zh/model-studio/error-code#inappropriate-content',
  },
  {
    status: 400,
    code: 'IPInfringementSuspect',
    message: 'Input data is suspected of being involved in IP infringement.',
    compatibleCode: 'IPInfringementSuspect',
    compatibleType: 'IPInfringementSuspect',
  },
  {
    status: 400,
    code: 'FaqRuleBlocked',
    message: 'Input or output data is blocked by faq rule.',
    compatibleCode: 'FaqRuleBlocked',
    compatibleType: 'FaqRuleBlocked',
  },
  {
    status: 400,
    code: 'CustomRoleBlocked',
    message: 'Input or output data may contain inappropriate content with custom rule.',
    compatibleCode: 'CustomRoleBlocked',
    compatibleType: 'CustomRoleBlocked',
  },
  {
    status: 400,
    code: 'InvalidParameter',
    message: 'Required body invalid, please check the request body format.',
    compatibleCode: 'invalid_parameter_error',
    compatibleType: 'invalid_request_error',
  },
  {
    status: 400,
    code: 'InvalidParameter.NotSupportEnableThinking',
    message: 'The model {model} does not support enable_thinking.',
    compatibleCode: 'invalid_parameter_error',
    compatibleType: 'invalid_request_error',
  },
  {
    status: 400,
    code: 'invalid_value',
    message: "-1 is lesser than the minimum of 0 - 'seed'",
    compatibleCode: 'invalid_value',
    compatibleType: 'invalid_request_error',
  },
  {
    status: 400,
    code: 'invalid_request_error',
    message: 'you must provide a model parameter.',
    compatibleCode: 'invalid_request_error',
    compatibleType: 'invalid_request_error',
  },
  {
    status: 400,
    code: 'BadRequest.EmptyInput',
    message: 'Required input parameter missing from request.',
    compatibleCode: 'BadRequest.EmptyInput',
    compatibleType: 'BadRequest.EmptyInput',
  },
  {
    status: 400,
    code: 'BadRequest.IllegalInput',
    message: 'The input parameter requires json format.',
    compatibleCode: 'BadRequest.IllegalInput',
    compatibleType: 'BadRequest.IllegalInput',
  },
  {
    status: 400,
    code: 'BadRequest.EmptyModel',
    message: 'Required parameter "model" missing from request.',
    compatibleCode: 'BadRequest.EmptyModel',
    compatibleType: 'BadRequest.EmptyModel',
  },
  {
    status: 413,
    code: 'BadRequest.TooLarge',
    message: 'Payload Too Large.',
    compatibleCode: 'BadRequest.TooLarge',
    compatibleType: 'BadRequest.TooLarge',
  },
  {
    status: 400,
    code: 'InvalidURL',
    message: 'Required URL is missing or invalid, please check the request URL.',
    compatibleCode: 'InvalidURL',
    compatibleType: 'InvalidURL',
  },
  {
    status: 400,
    code: 'InvalidURL.Timeout',
    message: 'Download the media resource timeout, please check network connection.',
    compatibleCode: 'InvalidURL.Timeout',
    compatibleType: 'InvalidURL.Timeout',
  },
  {
    status: 400,
    code: 'UnsupportedOperation',
    message: 'The operation is unsupported on the referee object.',
    compatibleCode: 'UnsupportedOperation',
    compatibleType: 'UnsupportedOperation',
  },
  {
    status: 400,
    code: 'ServiceUnavailableError',
    message: 'Role must be user or assistant and Content length must be greater than 0.',
    compatibleCode: 'ServiceUnavailableError',
    compatibleType: 'ServiceUnavailableError',
  },
  {
    status: 500,
    code: 'InternalError',
    message: 'An internal error has occured, please try again later or contact service support.',
    compatibleCode: 'internal_error',
    compatibleType: 'internal_error',
  },
  {
    status: 500,
    code: 'InternalError.Algo',
    message: 'inference internal error.',
    compatibleCode: 'internal_server_error',
    compatibleType: 'internal_server_error',
  },
  {
    status: 500,
    code: 'InternalError.Timeout',
    message:
      'An internal timeout error has occured during execution, please try again later or contact service support.',
    compatibleCode: 'InternalError.Timeout',
    compatibleType: 'InternalError.Timeout',
  },
  {
    status: 500,
    code: 'SystemError',
    message: 'An system error has occured, please try again later.',
    compatibleCode: 'SystemError',
    compatibleType: 'SystemError',
  },
  {
    status: 500,
    code: 'ModelServiceFailed',
    message: 'Failed to request model service.',
    compatibleCode: 'ModelServiceFailed',
    compatibleType: 'ModelServiceFailed',
  },
  {
    status: 500,
    code: 'RequestTimeOut',
    message: 'Request timed out, please try again later.',
    compatibleCode: 'RequestTimeOut',
    compatibleType: 'RequestTimeOut',
  },
  {
    status: 500,
    code: 'ResponseTimeout',
    message: 'Response stream timeout',
    compatibleCode: 'ResponseTimeout',
    compatibleType: 'ResponseTimeout',
  },
  {
    status: 503,
    code: 'ModelServingError',
    message:
      'Too many requests. Your requests are being throttled due to system capacity limits. Please try again later.',
    compatibleCode: 'ModelServingError',
    compatibleType: 'ModelServingError',
  },
  {
    status: 503,
    code: 'ModelUnavailable',
    message: 'Model is unavailable, please try again later.',
    compatibleCode: 'ModelUnavailable',
    compatibleType: 'ModelUnavailable',
  },
  // Behind the two codes of the OpenAI-compatible endpoint, whose first row is the usual one (page of
  // September 2026, and reported).
  {
    status: 400,
    code: 'InternalError.Algo.InvalidParameter',
    message: 'Repetitive tool calls detected in the conversation history.',
    compatibleCode: 'invalid_parameter_error',
    compatibleType: 'invalid_request_error',
    compatibleMessage:
      '<400> InternalError.Algo.InvalidParameter: Repetitive tool calls detected in the conversation history.',
  },
  {
    status: 400,
    code: 'InternalError.Algo.DataInspectionFailed',
    message: 'Input data may contain inappropriate content.',
    compatibleCode: 'data_inspection_failed',
    compatibleType: 'data_inspection_failed',
    compatibleMessage:
      '<400> InternalError.Algo.DataInspectionFailed: Input data may contain inappropriate content.',
  },
];

/**
 * Errors that no request leads to here, and of which no OpenAI-compatible code is documented: those
 * of the account and the gateway, of media, files and other services.
 *
 * Source: Model Studio error code page (help.aliyun.com/zh/model-studio/error-code, May 2026);
 * `BadRequest.TooMany` is recorded. Those without a text are from the error message page of the new
 * documentation (platform.qianwenai.com, September 2026), which shows none.
 */
const NATIVE_ERRORS: readonly (readonly [status: number, code: string, message?: string])[] = [
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

const ALL_ERRORS: readonly ServiceError[] = [
  ...SERVICE_ERRORS,
  ...NATIVE_ERRORS.map(([status, code, message = NO_DOCUMENTED_TEXT]) => ({
    status,
    code,
    message,
    compatibleCode: code,
    compatibleType: code,
  })),
];

const byName: ReadonlyMap<string, ServiceError> = new Map(
  // Native names come last: where a name stands in both columns, the native row wins.
  [
    ...ALL_ERRORS.toReversed().map((error) => [error.compatibleCode, error] as const),
    ...ALL_ERRORS.map((error) => [error.code, error] as const),
  ].map(([name, error]) => [name.toLowerCase(), error]),
);

/** The error of that native or OpenAI-compatible code, any case; undefined: not in the table. */
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
 * A refused parameter or message. On the OpenAI-compatible endpoint errors that the model's own
 * checks raise come wrapped as `<400> InternalError.Algo.InvalidParameter: …` (recorded 2025).
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
