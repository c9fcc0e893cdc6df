import { isAscii, isUtf8 } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { EXIT, InputError } from './errors.ts';
import { gunzipChunks } from './input/gunzip-chunks.ts';
import type { Problem } from './problem.ts';

/** How much is read at once where nothing else is asked for. */
const CHUNK_BYTES = 512 * 1024;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** What a carried line may have beside its own bytes: a byte order mark before, a carriage return after. */
const BESIDE_BYTES = 4;

/** One physical line that is not blank. `lineNo` counts from 1, blank lines too. */
export type RawLine = {
  readonly lineNo: number;
  /** Where the line begins in the (decompressed) input; the BOM belongs to no line. */
  readonly byteOffset: number;
  /** Its bytes without the line end; a view on the read buffer, so do not keep it. Of a line that is too long its SHA-256. */
  readonly bytes: Buffer;
  /** Decoded text, or null where the line cannot be text: see `problem`. */
  readonly text: string | null;
  readonly problem: Problem | null;
};

export type ReadOptions = {
  readonly maxLineBytes: number;
  /** How much of the file is read at once; its lines come as one array. */
  readonly chunkBytes?: number;
  /** Start here instead of at 0: the offset and number of a line (uncompressed inputs only). */
  readonly from?: { readonly byteOffset: number; readonly lineNo: number };
  /** Sees every byte of the input once, in order: for the content hash. */
  readonly onBytes?: (chunk: Buffer) => void;
};

/** True for inputs that are decompressed while they are read. */
export function isCompressed(path: string): boolean {
  return path.endsWith('.gz');
}

/** What the file system says against an input, as an error with exit code 66. */
function unreadable(path: string, error: unknown): InputError {
  const message = `cannot read ${path}: ${(error as Error).message}`;
  return new InputError(EXIT.noInput, message, 'check the path and its permissions', error);
}

/** The bytes of an input, decompressed, as they are read. Throws InputError (66) where it cannot be read. */
export async function* readChunks(
  path: string,
  start = 0,
  chunkBytes: number = CHUNK_BYTES,
): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: chunkBytes, start });
  try {
    if (!isCompressed(path)) {
      yield* file as AsyncIterable<Buffer>;
      return;
    }
    yield* gunzipChunks(path, file, chunkBytes);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw unreadable(path, error);
  } finally {
    // A reader that stops early leaves a read under way; whoever goes on after it finds the file closed.
    file.destroy();
    if (!file.closed) await new Promise<void>((resolve) => file.once('close', () => resolve()));
  }
}

function tooLong(maxLineBytes: number): Problem {
  return {
    severity: 'error',
    path: '',
    code: 'qbatch_line_too_long',
    message: `the line is longer than ${maxLineBytes} bytes; shorten it or raise --max-line`,
  };
}

const NOT_UTF8: Problem = {
  severity: 'error',
  path: '',
  code: 'qbatch_invalid_utf8',
  message: 'the line is not valid UTF-8; save the file as UTF-8',
};

const GZIPPED: Problem = {
  ...NOT_UTF8,
  message:
    'the data is compressed by gzip; give the file a name that ends in .gz, or pipe it through zcat',
};

const UTF16: Problem = {
  ...NOT_UTF8,
  message:
    'the file is UTF-16, as Excel and Windows write "Unicode text"; save it as UTF-8, or: iconv -f UTF-16 -t UTF-8 FILE',
};

const ZIPPED: Problem = {
  ...NOT_UTF8,
  message:
    'the file is a zip archive, or a workbook of Excel; unpack it, or write the lines as JSONL',
};

const DATABASE: Problem = {
  ...NOT_UTF8,
  message:
    'the file is a SQLite database; where it is a ledger, qbatch resume FILE goes on with its job',
};

/** How the first line of a file begins that is something else altogether. */
const OTHER_KINDS: readonly { readonly begin: readonly number[]; readonly problem: Problem }[] = [
  { begin: [0x1f, 0x8b], problem: GZIPPED },
  { begin: [0xff, 0xfe], problem: UTF16 },
  { begin: [0xfe, 0xff], problem: UTF16 },
  { begin: [0x50, 0x4b, 0x03, 0x04], problem: ZIPPED },
  { begin: [...Buffer.from('SQLite format 3\0', 'latin1')], problem: DATABASE },
];

/** Why a line is no UTF-8; of the first one what the file is instead, where its first bytes tell. */
function notUtf8(bytes: Buffer, lineNo: number): Problem {
  if (lineNo !== 1) return NOT_UTF8;
  const kind = OTHER_KINDS.find(({ begin }) => begin.every((byte, at) => bytes[at] === byte));
  return kind?.problem ?? NOT_UTF8;
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== CARRIAGE_RETURN) return false;
  }
  return true;
}

/** How a stretch of whole lines is decoded: one check for all of them, not one a line. */
type Encoding = 'latin1' | 'utf8' | 'mixed';

function encodingOf(bytes: Buffer): Encoding {
  if (isAscii(bytes)) return 'latin1';
  return isUtf8(bytes) ? 'utf8' : 'mixed';
}

/** Splits chunks into lines, keeping only what is left over of the last chunk. */
class LineSplitter {
  private readonly maxLineBytes: number;
  private lineNo: number;
  private offset: number;
  private carry: Buffer[] = [];
  private carryBytes = 0;
  /** Inside a line already over the limit: its bytes are only hashed, not kept. */
  private overlong: Hash | null = null;
  private first: boolean;

  constructor(options: ReadOptions) {
    this.maxLineBytes = options.maxLineBytes;
    this.lineNo = options.from?.lineNo ?? 1;
    this.offset = options.from?.byteOffset ?? 0;
    this.first = this.offset === 0;
  }

  push(chunk: Buffer, lines: RawLine[]): void {
    const lastNewline = chunk.lastIndexOf(NEWLINE);
    if (lastNewline === -1) {
      this.keep(chunk);
      return;
    }
    let start = 0;
    if (this.carryBytes > 0) {
      start = chunk.indexOf(NEWLINE) + 1;
      this.keep(chunk.subarray(0, start - 1));
      this.endCarried(lines, 1);
    }
    if (start <= lastNewline) this.splitWhole(chunk, { start, end: lastNewline + 1 }, lines);
    if (lastNewline + 1 < chunk.length) this.keep(chunk.subarray(lastNewline + 1));
  }

  /** The last line may lack its newline. */
  end(lines: RawLine[]): void {
    if (this.carryBytes > 0) this.endCarried(lines, 0);
  }

  private keep(part: Buffer): void {
    this.carryBytes += part.length;
    if (this.carryBytes > this.maxLineBytes + BESIDE_BYTES) {
      this.overlong ??= createHash('sha256');
      for (const bytes of [...this.carry, part]) this.overlong.update(bytes);
      this.carry = [];
    } else if (part.length > 0) {
      this.carry.push(part);
    }
  }

  private endCarried(lines: RawLine[], newlineBytes: number): void {
    const bytes = Buffer.concat(this.carry);
    const total = this.carryBytes;
    const digest = this.overlong?.digest();
    this.carry = [];
    this.carryBytes = 0;
    this.overlong = null;
    const at = { start: 0, end: bytes.length, encoding: 'mixed' } as const;
    this.add(lines, bytes, digest === undefined ? at : { ...at, digest });
    this.offset += total + newlineBytes;
    this.lineNo += 1;
  }

  private splitWhole(chunk: Buffer, range: { start: number; end: number }, lines: RawLine[]): void {
    const encoding = encodingOf(chunk.subarray(range.start, range.end));
    let start = range.start;
    while (start < range.end) {
      const newline = chunk.indexOf(NEWLINE, start);
      this.add(lines, chunk, { start, end: newline, encoding });
      this.offset += newline + 1 - start;
      this.lineNo += 1;
      start = newline + 1;
    }
  }

  private add(
    lines: RawLine[],
    bytes: Buffer,
    at: { start: number; end: number; encoding: Encoding; digest?: Buffer },
  ): void {
    let { start, end } = at;
    let byteOffset = this.offset;
    if (this.first) {
      this.first = false;
      if (bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf) {
        start += 3;
        byteOffset += 3;
      }
    }
    if (end > start && bytes[end - 1] === CARRIAGE_RETURN) end -= 1;
    const overlong = at.digest !== undefined || end - start > this.maxLineBytes;
    if (!overlong && isBlank(bytes, start, end)) return;
    // With all that is beside it, as where it was hashed piece by piece.
    const whole = overlong ? bytes.subarray(at.start, at.end) : bytes.subarray(start, end);
    const own = overlong ? (at.digest ?? createHash('sha256').update(whole).digest()) : whole;
    let problem: Problem | null = null;
    let text: string | null = null;
    if (overlong) problem = tooLong(this.maxLineBytes);
    else {
      const encoding = at.encoding === 'mixed' ? encodingOf(own) : at.encoding;
      if (encoding === 'mixed') problem = notUtf8(own, this.lineNo);
      else text = bytes.toString(encoding, start, end);
    }
    lines.push({ lineNo: this.lineNo, byteOffset, bytes: own, text, problem });
  }
}

/**
 * Reads a JSONL file (`.gz` too) as lines, many at a time: one array for each chunk read.
 *
 * Lines end at LF only (a lone CR is legal white space inside JSON, U+2028 inside strings); one CR
 * before the LF and a leading BOM are dropped; blank lines are counted and skipped. A line over
 * `maxLineBytes` is never held whole. Throws `InputError` (66) where the file cannot be read.
 */
export async function* readLines(
  path: string,
  options: ReadOptions,
): AsyncGenerator<readonly RawLine[]> {
  const splitter = new LineSplitter(options);
  for await (const chunk of readChunks(path, options.from?.byteOffset, options.chunkBytes)) {
    options.onBytes?.(chunk);
    const lines: RawLine[] = [];
    splitter.push(chunk, lines);
    if (lines.length > 0) yield lines;
  }
  const lines: RawLine[] = [];
  splitter.end(lines);
  if (lines.length > 0) yield lines;
}
