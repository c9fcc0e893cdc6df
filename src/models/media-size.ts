import { imageSize } from 'image-size';

/** In pixels. */
export type MediaSize = { readonly width: number; readonly height: number };

/**
 * How much of a data URL is decoded, in base64 characters: enough for the header of every format except a JPEG with large
 * metadata, which the second attempt covers.
 */
const HEAD_CHARACTERS = [16_384, 2_097_152] as const;

/** Assumed for audio other than WAV: 128 kbit/s. */
const COMPRESSED_BYTES_PER_SECOND = 16_000;

const WAV_HEADER_BYTES = 44;
const BYTE_RATE_AT = 28;

/** Width and height of an image in a data URL, from its first bytes; null for anything else. */
export function dataImageSize(url: string): MediaSize | null {
  const data = base64At(url);
  if (data === null) return null;
  for (const characters of HEAD_CHARACTERS) {
    const size = sizeFromHead(Buffer.from(url.slice(data, data + characters), 'base64'));
    if (size !== null || data + characters >= url.length) return size;
  }
  return null;
}

/** Seconds of audio in a data URL: WAV by its header, others by their length; null: not one. */
export function dataAudioSeconds(url: string): number | null {
  const data = base64At(url);
  if (data === null) return null;
  const bytes = ((url.length - data) * 3) / 4;
  const head = Buffer.from(url.slice(data, data + 64), 'base64');
  const isWav =
    head.length >= WAV_HEADER_BYTES &&
    head.toString('latin1', 0, 4) === 'RIFF' &&
    head.toString('latin1', 8, 12) === 'WAVE';
  if (!isWav) return bytes / COMPRESSED_BYTES_PER_SECOND;
  const rate = head.readUInt32LE(BYTE_RATE_AT);
  return rate === 0 ? null : (bytes - WAV_HEADER_BYTES) / rate;
}

/** Start of the base64 text in a data URL; null for any other text. */
function base64At(url: string): number | null {
  if (!url.startsWith('data:')) return null;
  const comma = url.indexOf(',');
  return comma !== -1 && url.slice(0, comma).toLowerCase().endsWith(';base64') ? comma + 1 : null;
}

function sizeFromHead(head: Buffer): MediaSize | null {
  try {
    // Copied: a small buffer is a slice of a larger one, and the library reads beyond its end.
    const { width, height } = imageSize(new Uint8Array(head));
    return width > 0 && height > 0 ? { width, height } : null;
  } catch {
    // Not an image, or its header extends beyond what was decoded.
    return null;
  }
}
