import { createReadStream } from 'node:fs';
import { createGunzip, type Gunzip } from 'node:zlib';
import { EXIT, InputError } from '../errors.ts';

/** Piece size for decompression, and thus the precision of reported damage. */
const PIECE_BYTES = 64 * 1024;

/** The byte range being decompressed, whether it is the last, and whether the file starts with gzip's magic bytes. */
type Fed = { from: number; to: number; isAll: boolean; isGzip: boolean };

/**
 * The decompressed content of a gzip file with one or more members, as read from `file`. Throws InputError (66) if it is
 * damaged, with the byte range where that was found; file system errors are thrown as they are.
 */
export async function* gunzipChunks(
  path: string,
  file: AsyncIterable<Buffer>,
  chunkBytes: number,
): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: chunkBytes });
  const fed: Fed = { from: 0, to: 0, isAll: false, isGzip: true };
  void feed(file, gunzip, fed);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!String(code).startsWith('Z_')) throw error;
    const { from, to } = fed;
    if (!fed.isGzip) throw notGzip(path, error);
    const where =
      code === 'Z_BUF_ERROR' ? `at its end, byte ${to}` : `between byte ${from} and ${to}`;
    throw damaged(path, `${where}: ${message}`, error);
  }
  if (!fed.isAll) await refuseHidden(path, gunzip.bytesWritten);
}

/** Feeds a file to `gunzip` piece by piece, the next when one is decompressed; `fed` tracks the current piece. */
async function feed(file: AsyncIterable<Buffer>, gunzip: Gunzip, fed: Fed): Promise<void> {
  try {
    for await (const chunk of file) {
      if (fed.to === 0 && chunk.length > 1) fed.isGzip = chunk[0] === 0x1f && chunk[1] === 0x8b;
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        const piece = chunk.subarray(at, at + PIECE_BYTES);
        fed.from = fed.to;
        fed.to += piece.length;
        await new Promise<void>((resolve) => gunzip.write(piece, () => resolve()));
        if (gunzip.destroyed) return;
      }
    }
    fed.isAll = true;
    gunzip.end();
  } catch (error) {
    gunzip.destroy(error as Error);
  }
}

/**
 * Node stops at the first zero byte after a member, taking it for padding; data after the zeros must not be skipped
 * silently.
 */
async function refuseHidden(path: string, start: number): Promise<void> {
  let at = start;
  for await (const chunk of createReadStream(path, { start }) as AsyncIterable<Buffer>) {
    const found = chunk.findIndex((byte) => byte !== 0);
    if (found !== -1)
      throw damaged(path, `at byte ${at + found}: more data after the zeros at byte ${start}`);
    at += chunk.length;
  }
}

/** The error for a `.gz` name whose data does not start with gzip's magic bytes. */
function notGzip(path: string, cause: unknown): InputError {
  return new InputError(
    EXIT.noInput,
    `${path}: its name ends in .gz, but the data is not compressed by gzip (byte 0)`,
    'if it is plain JSONL, give it a name without .gz; otherwise download it again',
    cause,
  );
}

/** `found`: position and kind of damage; a checksum error means damage anywhere before it. */
function damaged(path: string, found: string, cause?: unknown): InputError {
  return new InputError(
    EXIT.noInput,
    `${path}: damaged gzip data, found ${found}`,
    'decompress it by hand to see how much is whole, or fetch it again',
    cause,
  );
}
