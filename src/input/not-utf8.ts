import type { Problem } from '../problem.ts';

const NOT_UTF8: Problem = {
  severity: 'error',
  path: '',
  code: 'qbatch_invalid_utf8',
  message: 'the line is not valid UTF-8; save the file as UTF-8',
};

const PERHAPS_GBK: Problem = {
  ...NOT_UTF8,
  message:
    'the line is not valid UTF-8; save the file as UTF-8, or if it is GBK, as Chinese Excel writes CSV: iconv -f GB18030 -t UTF-8 FILE',
};

/** The replacement character in decoded text for invalid UTF-8. */
const REPLACED = 0xfffd;

/**
 * Whether a line that is invalid UTF-8 decodes as GB18030. UTF-8 with a truncated character often does so too, and would
 * turn into nonsense: most of its characters are valid UTF-8, those of GBK hardly ever.
 */
function looksLikeGbk(bytes: Buffer): boolean {
  const text = bytes.toString('utf8');
  let right = 0;
  let wrong = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === REPLACED) wrong += 1;
    else if (unit > 0x7f) right += 1;
  }
  return wrong > right && isGb18030(bytes);
}

function isGb18030(bytes: Buffer): boolean {
  try {
    new TextDecoder('gb18030', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Why a line is invalid UTF-8. */
export function notUtf8(bytes: Buffer): Problem {
  return looksLikeGbk(bytes) ? PERHAPS_GBK : NOT_UTF8;
}
