import { MEDIA_RULES } from './content-rules.ts';
import { breach, named } from './findings.ts';
import type { Examination } from './findings.ts';

/** Most bytes of one encoded data-URI item. Source: help.aliyun.com/zh/model-studio/error-code, 2026-05. */
const DATA_URI_BYTES_MAX = 10_485_760;

/** A data URI's head is short; looking no further keeps a 10 MB image from being scanned. */
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
  if (bytes <= DATA_URI_BYTES_MAX) return;
  const found = `the data URI has ${bytes} bytes after encoding`;
  breach(examination, MEDIA_RULES.dataUriBytes, path, found);
}

/**
 * Checks where an image, video or audio is to be taken from: `http(s)://`, `oss://` or a base64
 * data URI of at most 10 MiB. Local paths and `file://` are for the SDKs, which upload them first.
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
  const { headers } = examination.view;
  if (OSS.test(value) && headers['x-dashscope-ossresourceresolve'] === undefined)
    breach(examination, MEDIA_RULES.oss, path, named('the media address', value));
}
