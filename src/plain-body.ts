import { isUtf8 } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

const INFLATERS: ReadonlyMap<string, typeof gunzipSync> = new Map([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
]);

/** Whether a reply says that it is compressed, which nobody asks for. */
export function isCompressed(headers: Readonly<Record<string, string>>): boolean {
  const coding = headers['content-encoding'];
  return coding !== undefined && coding !== '' && codingOf(coding) !== 'identity';
}

/**
 * The plain bytes of a compressed reply: some gateways send one unasked, and the answer in it is paid
 * for. Where they cannot be had whole (torn, an unknown coding, more than `bytesMax`) a text that says
 * so takes their place: it is no JSON, and so no answer, whatever the status.
 */
export function plainBody(body: Buffer, coding: string, bytesMax: number): Buffer {
  try {
    const inflate = INFLATERS.get(codingOf(coding));
    if (inflate === undefined) throw new Error('the coding is not known');
    return inflate(body, { maxOutputLength: bytesMax });
  } catch (error) {
    // A header that is wrong does no harm: what is compressed is no text.
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
