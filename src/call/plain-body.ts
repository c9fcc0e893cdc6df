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

/** Codings that mean nothing, or that are no codings at all and used by mistake. */
const PLAIN: ReadonlySet<string> = new Set(['', 'identity', 'none', 'utf-8', 'utf8', 'text']);
/**
 * Most bytes that a compressed reply may inflate to: it is inflated synchronously, beside others, and nobody asked for it.
 * The longest answers of 65,536 tokens have 300 KB.
 */
const PLAIN_BYTES_MAX = 8 * 1024 * 1024;

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
  try {
    const inflate = INFLATERS.get(codingOf(coding));
    if (inflate === undefined) throw new Error('the coding is not known');
    return inflate(body, { maxOutputLength: PLAIN_BYTES_MAX });
  } catch (error) {
    // A wrong header does no harm: compressed bytes are not UTF-8.
    if (isUtf8(body)) return body;
    const reason = error instanceof Error ? error.message : String(error);
    return Buffer.from(
      `the reply is compressed (${coding}), which was not asked for, and cannot be read: ${reason}`,
    );
  }
}

function codingOf(header: string): string {
  return header.trim().toLowerCase();
}
