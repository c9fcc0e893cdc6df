import { PROBLEM_CODES } from './codes.ts';
import { constraint, refusal, remark } from './shape-rule.ts';
import type { ShapeRule } from './shape-rule.ts';
import { SOURCES } from './sources.ts';

const { reference, referenceLater, errors, openai, qbatch, rateAdvice, reported, openapi } =
  SOURCES;

/** Names of the rules in the code. */
type NameRuleName =
  | 'unknown'
  | 'elsewhere'
  | 'protocol'
  | 'nothing'
  | 'streamNothing'
  | 'family'
  | 'integerText'
  | 'inputMember'
  | 'inputParameter'
  | 'topLevel'
  | 'topLevelParameter'
  | 'outputFormatPlace'
  | 'requestBytes';

type HeaderRuleName =
  | 'type'
  | 'refused'
  | 'authorization'
  | 'async'
  | 'valueType'
  | 'ascii'
  | 'twice'
  | 'sse'
  | 'sseCompatible'
  | 'inspection'
  | 'inspectionAudio'
  | 'inspectionVision'
  | 'oss'
  | 'workspace'
  | 'wait'
  | 'metadataType'
  | 'metadataValue';

/** Rules about parameter names and their places, whatever the value. */
export const NAME_RULES: Readonly<Record<NameRuleName, ShapeRule>> = {
  unknown: constraint({
    id: 'unknown-parameter',
    about: 'parameters',
    must: 'no source documents it; it is sent as it is',
    code: PROBLEM_CODES.unknownParameter,
    source: referenceLater,
  }),
  elsewhere: constraint({
    id: 'parameter-elsewhere',
    about: 'extra_body, extra_headers, messages, model, ... among the parameters',
    must: 'here the service does not look at it',
    code: PROBLEM_CODES.misplaced,
    source: openai,
  }),
  protocol: constraint({
    id: 'parameter-protocol',
    about: 'parameters of the other protocol',
    must: 'the protocol of this line does not document it',
    code: PROBLEM_CODES.misplaced,
    source: openai,
  }),
  nothing: constraint({
    id: 'parameter-null',
    about: 'parameters',
    must: 'null is not documented for it, and is sent as it is: leave it out for the default',
    code: PROBLEM_CODES.nullParameter,
    source: referenceLater,
  }),
  streamNothing: constraint({
    id: 'stream-null',
    about: 'stream',
    must: 'null counts as left out, and a stream is asked for where the model or a parameter needs one: leave it out, or write true or false',
    code: PROBLEM_CODES.nullParameter,
    source: referenceLater,
  }),
  family: constraint({
    id: 'parameter-family',
    about: 'parameters of one model family',
    models: 'listed, of another family',
    must: 'it is documented for other models',
    code: PROBLEM_CODES.modelList,
    source: referenceLater,
  }),
  integerText: constraint({
    id: 'integer-text',
    about: 'integer parameters',
    must: 'it is sent as it is written, and a service that takes integers may refuse a fraction or an exponent: write plain digits',
    source: errors,
  }),
  inputMember: constraint({
    id: 'input-member',
    about: 'input',
    must: 'no source documents it; it is sent as it is',
    code: PROBLEM_CODES.unknownParameter,
    source: reference,
  }),
  inputParameter: constraint({
    id: 'input-parameter',
    about: 'input',
    must: 'it belongs in "parameters"; here the service does not look at it',
    code: PROBLEM_CODES.misplaced,
    source: reference,
  }),
  topLevel: constraint({
    id: 'top-level-member',
    about: 'native lines, beside model, input and parameters',
    must: 'no source documents it there; it is sent as it is',
    code: PROBLEM_CODES.unknownParameter,
    source: reference,
  }),
  topLevelParameter: constraint({
    id: 'top-level-parameter',
    about: 'native lines, beside model, input and parameters',
    must: 'it belongs in "parameters"; here the service does not look at it',
    code: PROBLEM_CODES.misplaced,
    source: reference,
  }),
  outputFormatPlace: remark({
    id: 'output-format-place',
    about: 'output_format beside model, input and parameters',
    must: 'the sources differ about its place: it is sent where it stands',
    code: PROBLEM_CODES.unknownParameter,
    source: openapi,
  }),
  requestBytes: constraint({
    id: 'request-bytes',
    about: 'lines to the native text path',
    must: 'text models are reported to refuse bodies above 6291456',
    service: 'Exceeded limit on max bytes to request body : 6291456',
    source: reported,
  }),
};

/** Rules about a line's `headers` and `metadata`. */
export const HEADER_RULES: Readonly<Record<HeaderRuleName, ShapeRule>> = {
  type: refusal({
    id: 'headers-type',
    about: 'headers',
    must: 'it must be an object of strings',
    source: qbatch,
  }),
  refused: refusal({
    id: 'header-refused',
    about: 'headers',
    must: 'a line may set only X-DashScope-SSE, X-DashScope-DataInspection, X-DashScope-OssResourceResolve, X-DashScope-WorkSpace, X-DashScope-Wait-Timeout',
    source: qbatch,
  }),
  authorization: refusal({
    id: 'header-authorization',
    about: 'headers: Authorization',
    must: 'the key comes from DASHSCOPE_API_KEY and never from the input',
    source: qbatch,
  }),
  async: refusal({
    id: 'header-async',
    about: 'headers: X-DashScope-Async',
    must: 'language models have no task mode: leave it out',
    service: 'Current user api does not support asynchronous calls.',
    source: errors,
  }),
  valueType: refusal({
    id: 'header-value-type',
    about: 'headers',
    must: 'it must be a string',
    source: qbatch,
  }),
  ascii: refusal({
    id: 'header-ascii',
    about: 'headers',
    must: 'a header may have only printable ASCII characters',
    source: qbatch,
  }),
  twice: refusal({
    id: 'header-twice',
    about: 'headers',
    must: 'names count in any case: keep one',
    source: qbatch,
  }),
  sse: constraint({
    id: 'header-sse',
    about: 'headers: X-DashScope-SSE',
    must: 'it is documented as "enable"',
    source: reference,
  }),
  sseCompatible: constraint({
    id: 'header-sse-compatible',
    about: 'headers: X-DashScope-SSE, compatible mode',
    must: 'it is a header of the native protocol: write "stream": true in the body',
    code: PROBLEM_CODES.misplaced,
    source: reference,
  }),
  inspection: constraint({
    id: 'header-inspection',
    about: 'headers: X-DashScope-DataInspection',
    must: 'it is documented as \'{"input":"cip","output":"cip"}\'',
    source: reference,
  }),
  inspectionAudio: constraint({
    id: 'header-inspection-audio',
    about: 'headers: X-DashScope-DataInspection',
    models: 'Qwen-Audio',
    must: 'it is documented not to apply to Qwen-Audio',
    code: PROBLEM_CODES.modelList,
    source: referenceLater,
  }),
  inspectionVision: constraint({
    id: 'header-inspection-vision',
    about: 'headers: X-DashScope-DataInspection',
    models: 'Qwen-VL',
    must: 'it is documented not to apply to Qwen-VL (a later page names only Qwen-Audio)',
    code: PROBLEM_CODES.modelList,
    source: reference,
  }),
  oss: constraint({
    id: 'header-oss',
    about: 'headers: X-DashScope-OssResourceResolve',
    must: 'it is documented as "enable"',
    source: errors,
  }),
  workspace: constraint({
    id: 'header-workspace',
    about: 'headers: X-DashScope-WorkSpace',
    must: 'it is documented as a workspace id',
    source: referenceLater,
  }),
  wait: constraint({
    id: 'header-wait',
    about: 'headers: X-DashScope-Wait-Timeout',
    must: 'it is documented as a number of seconds: 3 to 120, or 0 for none',
    source: rateAdvice,
  }),
  metadataType: refusal({
    id: 'metadata-type',
    about: 'metadata',
    must: 'it must be an object of strings; it is never sent',
    source: qbatch,
  }),
  metadataValue: refusal({
    id: 'metadata-value',
    about: 'metadata: its values',
    must: 'each value in metadata must be a string ("7", not 7); metadata is never sent',
    source: qbatch,
  }),
};
