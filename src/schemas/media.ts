import { badValue, refuse } from './findings.ts';
import type { Examination } from './findings.ts';

/** Most bytes of one encoded data-URI item. Source: help.aliyun.com/zh/model-studio/error-code, 2026-05. */
const DATA_URI_BYTES_MAX = 10_485_760;

/** A data URI's head is short; looking no further keeps a 10 MB image from being scanned. */
const HEAD_CHARACTERS = 256;
const DATA_HEAD = /^data:[^,]*;base64,/i;
const REMOTE = /^(?:https?|oss):\/\/\S/i;

function checkDataUri(examination: Examination, path: string, value: string): void {
  const head = DATA_HEAD.exec(value.slice(0, HEAD_CHARACTERS))?.[0];
  if (head === undefined) {
    refuse(examination, path, badValue('the data URI', value, 'data:<type>;base64,<data>', null));
    return;
  }
  const bytes = value.length - head.length;
  if (bytes <= DATA_URI_BYTES_MAX) return;
  refuse(
    examination,
    path,
    `the data URI has ${bytes} bytes after encoding; at most ${DATA_URI_BYTES_MAX} are allowed: use a URL or a smaller file (service: Exceeded limit on max bytes per data-uri item : ${DATA_URI_BYTES_MAX})`,
  );
}

/**
 * Checks where an image, video or audio is to be taken from: `http(s)://`, `oss://` or a base64
 * data URI of at most 10 MiB. Local paths and `file://` are for the SDKs, which upload them first.
 * Source: help.aliyun.com/zh/model-studio/error-code, 2026-05.
 */
export function checkMediaValue(examination: Examination, path: string, value: unknown): void {
  if (typeof value !== 'string') {
    refuse(examination, path, badValue('the media address', value, 'a string', null));
    return;
  }
  if (/^data:/i.test(value)) {
    checkDataUri(examination, path, value);
    return;
  }
  if (REMOTE.test(value)) return;
  const local = /^file:/i.test(value)
    ? 'file:// works only in the SDKs, which upload the file first; '
    : '';
  refuse(
    examination,
    path,
    `${badValue('the media address', value, 'an http(s):// or oss:// URL or a base64 data URI', null)}; ${local}qbatch does not upload files (service: The provided URL does not appear to be valid)`,
  );
}
