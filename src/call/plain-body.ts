import { isUtf8 } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

type Inflate = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

/** The method and check bits of the two-byte zlib header (RFC 1950). */
const isZlib = (bytes: Buffer): boolean =>
  bytes.length >= 2 && ((bytes[0] ?? 0) & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0;

/** Some servers omit the zlib header that `deflate` begins with; browsers accept both. */
const inflateEither: Inflate = (bytes, options) =>
  isZlib(bytes) ? inflateSync(bytes, options) : inflateRawSync(bytes, options);

const INFLATERS: ReadonlyMap<string, Inflate> = new Map([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateEither],
  ['br', brotliDecompressSync],
]);

/** Longest name of a coding that is shown. */
const CODING_CHARS_MAX = 40;

/** Codings that mean nothing, or that are no codings at all and used by mistake. */
const PLAIN: ReadonlySet<string> = new Set(['', 'identity', 'none', 'utf-8', 'utf8', 'text']);
/**
 * Most bytes that a compressed reply may inflate to: it is inflated synchronously, beside others, and nobody asked for it.
 * The longest answers of 65,536 tokens have 300 KB.
 */
const PLAIN_BYTES_MAX = 8 * 1024 * 1024;

/** Beginning of the text that replaces a reply in an unknown coding. */
const UNKNOWN_CODING = 'the reply is compressed with a coding that cannot be read here';

/** Whether a failure's message says that the reply's coding is unknown. Pure. */
export function hasUnknownCoding(message: string): boolean {
  return message.startsWith(UNKNOWN_CODING);
}

/** Whether a reply says that it is compressed, which was not requested. */
export function isCompressed(headers: Readonly<Record<string, string>>): boolean {
  const coding = headers['content-encoding'];
  return coding !== undefined && !PLAIN.has(codingOf(coding));
}

/**
 * The plain bytes of a compressed reply: some gateways send one unasked, and the answer in it is paid for. If it cannot be
 * inflated whole (truncated, unknown coding, more than 8 MiB), a text that says so takes its place: it is not JSON, and so
 * no answer, whatever the status.
 */
export function plainBody(body: Buffer, coding: string): Buffer {
  const inflate = INFLATERS.get(codingOf(coding));
  try {
    if (inflate !== undefined) return inflate(body, { maxOutputLength: PLAIN_BYTES_MAX });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return textOr(
      body,
      `the reply is compressed (${coding}), which was not asked for, and cannot be read: ${reason}`,
    );
  }
  return textOr(
    body,
    `${UNKNOWN_CODING} (content-encoding: ${coding.slice(0, CODING_CHARS_MAX)}), which no call asks for: switch compression off at the server, gateway or proxy that sends it, or go around that`,
  );
}

/** A header that is wrong does no harm: what is compressed is no text. */
function textOr(body: Buffer, problem: string): Buffer {
  return isUtf8(body) ? body : Buffer.from(problem);
}

function codingOf(header: string): string {
  return header.trim().toLowerCase();
}
