import { dataImageSize } from '../models/media-size.ts';
import { MEDIA_RULES } from './content-rules.ts';
import { breach, named } from './findings.ts';
import type { Examination } from './findings.ts';

/** Most bytes of one encoded data-URI item. Source: help.aliyun.com/zh/model-studio/error-code, 2026-05. */
const DATA_URI_BYTES_MAX = 10_485_760;

/** A data URI's header is short; looking no further avoids scanning a 10 MB image. */
const HEAD_CHARACTERS = 256;
const DATA_HEAD = /^data:[^,]*;base64,/i;
const REMOTE = /^(?:https?|oss):\/\/\S/i;
const OSS = /^oss:/i;

function checkDataUri(examination: Examination, path: string, value: string): void {
  const head = DATA_HEAD.exec(value.slice(0, HEAD_CHARACTERS))?.[0];
  if (head === undefined) {
    breach(examination, MEDIA_RULES.dataUri, path, named('the data URI', value));
    return;
  }
  const bytes = value.length - head.length;
  if (bytes > DATA_URI_BYTES_MAX) {
    const found = `the data URI has ${bytes} bytes after encoding`;
    breach(examination, MEDIA_RULES.dataUriBytes, path, found);
  } else if (/^data:image/i.test(head)) {
    checkImageSize(examination, path, value);
  }
}

/** Minimum pixels on the shorter side, and maximum aspect ratio. Source: the same page. */
const IMAGE = { sideMin: 10, ratioMax: 200 } as const;

/** An image whose size cannot be determined from its first bytes passes. */
function checkImageSize(examination: Examination, path: string, value: string): void {
  const size = dataImageSize(value);
  if (size === null) return;
  const short = Math.min(size.width, size.height);
  const long = Math.max(size.width, size.height);
  if (short >= IMAGE.sideMin && long <= short * IMAGE.ratioMax) return;
  const found = `the image has ${size.width} x ${size.height} pixels`;
  breach(examination, MEDIA_RULES.imageSize, path, found);
}

/**
 * Checks the source of an image, video or audio: `http(s)://`, `oss://` or a base64 data URI of at most 10 MiB. Local paths
 * and `file://` are for the SDKs, which upload them first.
 */
export function checkMediaValue(examination: Examination, path: string, value: unknown): void {
  if (typeof value !== 'string') {
    breach(examination, MEDIA_RULES.type, path, named('the media address', value));
    return;
  }
  if (/^data:/i.test(value)) {
    checkDataUri(examination, path, value);
    return;
  }
  if (!REMOTE.test(value)) {
    const local = /^file:/i.test(value) ? ', which only the SDKs upload' : '';
    breach(examination, MEDIA_RULES.address, path, named('the media address', value) + local);
    return;
  }
  if (/\s/.test(value))
    breach(examination, MEDIA_RULES.blank, path, named('the media address', value));
  const { headers } = examination.view;
  if (OSS.test(value) && headers['x-dashscope-ossresourceresolve'] === undefined)
    breach(examination, MEDIA_RULES.oss, path, named('the media address', value));
}
