import { isUtf8 } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

type Inflate = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

/** The method and the check bits of zlib's two bytes (RFC 1950). */
const isZlib = (bytes: Buffer): boolean =>
  bytes.length >= 2 && ((bytes[0] ?? 0) & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0;

/** Some servers leave the bytes of zlib out that `deflate` begins with; browsers take both. */
const inflateEither: Inflate = (bytes, options) =>
  isZlib(bytes) ? inflateSync(bytes, options) : inflateRawSync(bytes, options);

const INFLATERS: ReadonlyMap<string, Inflate> = new Map([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateEither],
  ['br', brotliDecompressSync],
]);

/** How much of a coding's name is shown. */
const CODING_CHARS_MAX = 40;

/** Codings that say nothing, or are no codings at all and stand there by mistake. */
const PLAIN: ReadonlySet<string> = new Set(['', 'identity', 'none', 'utf-8', 'utf8', 'text']);
/**
 * What a compressed reply may come to: it is inflated at once, beside others, and nobody asked for it. The longest
 * answers of 65,536 tokens have 300 KB.
 */
const PLAIN_BYTES_MAX = 8 * 1024 * 1024;

/** What the text begins with that takes the place of a reply whose coding is not known. */
const UNKNOWN_CODING = 'the reply is compressed with a coding that cannot be read here';

/** Whether it was a reply's coding that kept it from being read, by the message of its failure. Pure. */
export function hasUnknownCoding(message: string): boolean {
  return message.startsWith(UNKNOWN_CODING);
}

/** Whether a reply says that it is compressed, which nobody asks for. */
export function isCompressed(headers: Readonly<Record<string, string>>): boolean {
  const coding = headers['content-encoding'];
  return coding !== undefined && !PLAIN.has(codingOf(coding));
}

/**
 * The plain bytes of a compressed reply: some gateways send one unasked, and the answer in it is paid
 * for. Where they cannot be had whole (torn, an unknown coding, more than 8 MiB) a text that says
 * so takes their place: it is no JSON, and so no answer, whatever the status.
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
