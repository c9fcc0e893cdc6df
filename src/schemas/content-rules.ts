import { PROBLEM_CODES } from './codes.ts';
import { constraint, refusal } from './shape-rule.ts';
import type { ShapeRule } from './shape-rule.ts';
import { SOURCES } from './sources.ts';

const { referenceLater, errors, openai, recorded } = SOURCES;

/** Names of the rules in the code. */
type ContentRuleName =
  | 'partType'
  | 'textType'
  | 'modality'
  | 'modalities'
  | 'member'
  | 'modalityModel'
  | 'framesMin'
  | 'framesMax'
  | 'framesOlder'
  | 'framesOmni'
  | 'fps'
  | 'pixelsType'
  | 'pixelsRange'
  | 'pixelsRangeOlder'
  | 'framesRead'
  | 'framesReadOlder'
  | 'framesCompatible'
  | 'rotate'
  | 'cacheControl'
  | 'openaiType'
  | 'openaiTypeUnknown'
  | 'address'
  | 'inputAudio'
  | 'textPathArray'
  | 'textPathArrayOther'
  | 'documents'
  | 'parsing';

type MediaRuleName =
  | 'type'
  | 'dataUri'
  | 'dataUriBytes'
  | 'imageSize'
  | 'address'
  | 'blank'
  | 'oss';

/** Rules about content parts, in the native protocol and in compatible mode. */
export const CONTENT_RULES: Readonly<Record<ContentRuleName, ShapeRule>> = {
  partType: refusal({
    id: 'part-type',
    about: 'content[]',
    must: 'it must be an object',
    source: referenceLater,
  }),
  textType: refusal({
    id: 'text-type',
    about: 'content[].text',
    must: 'it must be a string',
    source: referenceLater,
  }),
  modality: refusal({
    id: 'part-modality',
    about: 'content[], multimodal path',
    must: 'a part must have one of text, image, video, audio, file',
    service: 'The item of content should be a message of a certain modal.',
    source: errors,
  }),
  modalities: constraint({
    id: 'part-modalities',
    about: 'content[], multimodal path',
    must: 'the documented form has one of them in each part',
    source: referenceLater,
  }),
  member: constraint({
    id: 'part-member',
    about: 'content[], multimodal path',
    must: 'no source documents it; it is sent as it is',
    code: PROBLEM_CODES.unknownParameter,
    source: referenceLater,
  }),
  modalityModel: constraint({
    id: 'modality-model',
    about: 'content[]',
    models: 'listed without its modality',
    must: 'the model is not documented to take it',
    code: PROBLEM_CODES.modelList,
    source: referenceLater,
  }),
  framesMin: refusal({
    id: 'frames-min',
    about: 'content[].video: list of frames',
    must: 'a list of frames must have at least 4',
    source: errors,
  }),
  framesMax: refusal({
    id: 'frames-max',
    about: 'content[].video: list of frames',
    must: 'a list of frames may have at most 512',
    source: errors,
  }),
  framesOlder: constraint({
    id: 'frames-older',
    about: 'content[].video: list of frames',
    models: 'before Qwen2.5-VL, QVQ, qwen-omni-turbo',
    must: 'models other than Qwen2.5-VL and later ones are documented to take at most 80',
    code: PROBLEM_CODES.modelList,
    source: errors,
  }),
  framesOmni: constraint({
    id: 'frames-omni',
    about: 'content[].video: list of frames',
    models: 'Omni, but qwen-omni-turbo',
    must: 'Omni models are documented to take at most 128',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.omni,
  }),
  fps: refusal({
    id: 'fps',
    about: 'content[].fps',
    must: 'it must be a number from 0.1 to 10',
    source: referenceLater,
  }),
  pixelsType: refusal({
    id: 'pixels-type',
    about: 'content[].min_pixels, max_pixels, total_pixels, max_frames',
    must: 'it must be an integer >= 1',
    source: referenceLater,
  }),
  pixelsRange: refusal({
    id: 'pixels-range',
    about: 'image content[].min_pixels, max_pixels',
    models: 'Qwen3-VL, Qwen3.5 and later',
    must: 'it must be from 65536 to 16777216 on this model',
    source: referenceLater,
  }),
  pixelsRangeOlder: constraint({
    id: 'pixels-range-older',
    about: 'image content[].min_pixels, max_pixels',
    models: 'before Qwen3-VL',
    must: 'this model is documented with min_pixels from 4096 (qwen-vl-max, qwen-vl-plus) or 3136 and max_pixels up to 16777216 or 12845056',
    code: PROBLEM_CODES.modelList,
    source: referenceLater,
  }),
  framesRead: refusal({
    id: 'max-frames',
    about: 'content[].max_frames',
    models: 'Qwen3-VL, Qwen3.5 and later',
    must: 'it may be at most 2000 on Qwen3-VL, 8000 from Qwen3.5 on',
    source: referenceLater,
  }),
  framesReadOlder: constraint({
    id: 'max-frames-older',
    about: 'content[].max_frames',
    models: 'qwen-vl-max, qwen-vl-plus',
    must: 'this model is documented with at most 512',
    code: PROBLEM_CODES.modelList,
    source: referenceLater,
  }),
  framesCompatible: constraint({
    id: 'max-frames-compatible',
    about: 'content[].max_frames, compatible mode',
    must: 'it is documented for the native protocol only',
    code: PROBLEM_CODES.misplaced,
    source: referenceLater,
  }),
  rotate: refusal({
    id: 'enable-rotate',
    about: 'content[].enable_rotate',
    must: 'it must be true or false',
    source: SOURCES.ocr,
  }),
  cacheControl: constraint({
    id: 'cache-control',
    about: 'content[].cache_control',
    must: 'it is documented only as {"type":"ephemeral"}',
    source: referenceLater,
  }),
  openaiType: refusal({
    id: 'openai-part-type',
    about: 'content[].type, compatible mode',
    must: 'it must be one of text, image_url, input_audio, video, video_url (native parts have no type)',
    source: openai,
  }),
  openaiTypeUnknown: constraint({
    id: 'openai-part-unknown',
    about: 'content[].type, compatible mode',
    must: 'it is not documented for compatible mode; it is sent as it is',
    source: openai,
  }),
  address: refusal({
    id: 'part-address',
    about: 'content[].image_url, video_url, compatible mode',
    must: 'it must be an object {"url": "..."}',
    source: openai,
  }),
  inputAudio: refusal({
    id: 'input-audio',
    about: 'content[].input_audio, compatible mode',
    must: 'it must be an object {"data": "...", "format": "..."}',
    source: openai,
  }),
  textPathArray: refusal({
    id: 'content-array',
    about: 'content, text path',
    models: 'Qwen models listed with text only',
    must: 'content must be a string on the native text path',
    service: 'input content must be a string.',
    source: errors,
  }),
  textPathArrayOther: constraint({
    id: 'content-array-other',
    about: 'content, text path',
    models: 'all others but qwen-doc, qwen-long',
    must: 'content is documented as a string on the native text path',
    service: 'input content must be a string.',
    source: errors,
  }),
  documents: refusal({
    id: 'doc-url',
    about: 'content[].doc_url, text path: qwen-doc',
    must: 'it must be an array of URLs',
    source: recorded,
  }),
  parsing: refusal({
    id: 'file-parsing-strategy',
    about: 'content[].file_parsing_strategy, text path: qwen-doc',
    must: 'it must be a string such as "auto"',
    source: recorded,
  }),
};

/** Rules about the sources of images, videos and audio. */
export const MEDIA_RULES: Readonly<Record<MediaRuleName, ShapeRule>> = {
  type: refusal({
    id: 'media-type',
    about: 'media addresses',
    must: 'it must be a string',
    source: referenceLater,
  }),
  dataUri: refusal({
    id: 'data-uri',
    about: 'media addresses',
    must: 'it must be data:<type>;base64,<data>',
    source: errors,
  }),
  dataUriBytes: refusal({
    id: 'data-uri-bytes',
    about: 'media addresses',
    must: 'at most 10485760 are allowed: use a URL or a smaller file',
    service: 'Exceeded limit on max bytes per data-uri item : 10485760',
    source: errors,
  }),
  imageSize: refusal({
    id: 'image-size',
    about: 'images in data URIs',
    must: 'an image must have at least 10 pixels on each side and be at most 200 times as long as wide',
    source: errors,
  }),
  address: refusal({
    id: 'media-address',
    about: 'media addresses',
    must: 'it must be an http(s):// or oss:// URL or a base64 data URI; qbatch does not upload files',
    service: 'The provided URL does not appear to be valid. Ensure it is correctly formatted.',
    source: errors,
  }),
  blank: constraint({
    id: 'media-blank',
    about: 'media addresses',
    must: 'a URL has no white space: write %20, or take it out',
    service: 'The provided URL does not appear to be valid. Ensure it is correctly formatted.',
    source: errors,
  }),
  oss: constraint({
    id: 'oss-header',
    about: 'media addresses',
    must: 'oss:// needs the header X-DashScope-OssResourceResolve: enable',
    source: errors,
  }),
};
