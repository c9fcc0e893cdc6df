import { isAscii, isUtf8 } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { EXIT, InputError } from './errors.ts';
import { gunzipChunks } from './input/gunzip-chunks.ts';
import { notUtf8 } from './input/not-utf8.ts';
import { otherKind } from './input/other-kind.ts';
import { wideEncoding } from './input/wide-encoding.ts';
import type { Problem } from './problem.ts';

/** Default read size. */
const CHUNK_BYTES = 512 * 1024;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** The UTF-8 byte order mark. */
const MARK = [0xef, 0xbb, 0xbf] as const;
/** What is kept of a file that is one line. */
const WHOLE_FILE_BYTES = 4;
/** Extra bytes of a carried line: a byte order mark before, a carriage return after. */
const BESIDE_BYTES = 4;

/** One non-blank physical line. `lineNo` counts from 1, including blank lines. */
export type RawLine = {
  readonly lineNo: number;
  /** Offset of the line in the (decompressed) input; the BOM belongs to no line. */
  readonly byteOffset: number;
  /** Its bytes without the line end; a view of the read buffer, so do not keep it. For an overlong line, its SHA-256. */
  readonly bytes: Buffer;
  /** Decoded text, or null if the line cannot be decoded: see `problem`. */
  readonly text: string | null;
  readonly problem: Problem | null;
};

export type ReadOptions = {
  readonly maxLineBytes: number;
  /** How much of the file is read at once; its lines come as one array. */
  readonly chunkBytes?: number;
  /** Start here instead of at 0: the offset and number of a line (uncompressed inputs only). */
  readonly from?: { readonly byteOffset: number; readonly lineNo: number };
  /** Receives every byte of the input once, in order: for the content hash. */
  readonly onBytes?: (chunk: Buffer) => void;
};

/** True for inputs that are decompressed while they are read. */
export function isCompressed(path: string): boolean {
  return path.endsWith('.gz');
}

/** A file system error for an input, with exit code 66. */
function unreadable(path: string, error: unknown): InputError {
  const message = `cannot read ${path}: ${(error as Error).message}`;
  return new InputError(EXIT.noInput, message, 'check the path and its permissions', error);
}

/** The bytes of an input, decompressed, as they are read. Throws InputError (66) if it cannot be read. */
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
    // A consumer that stops early leaves a read in progress; wait until the file is closed.
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

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== CARRIAGE_RETURN) return false;
  }
  return true;
}

/** How a range of whole lines is decoded: one check for all of them, not one per line. */
type Encoding = 'latin1' | 'utf8' | 'mixed';

function encodingOf(bytes: Buffer): Encoding {
  if (isAscii(bytes)) return 'latin1';
  return isUtf8(bytes) ? 'utf8' : 'mixed';
}

/** Position of a line in what was read. */
type LineSpan = {
  readonly start: number;
  readonly end: number;
  readonly encoding: Encoding;
  /** For a line so long that its bytes were not kept. */
  readonly digest?: Buffer;
};

function hasByteOrderMark(bytes: Buffer, start: number): boolean {
  return MARK.every((byte, at) => bytes[start + at] === byte);
}

/** Splits chunks into lines, keeping only the remainder of the last chunk. */
class LineSplitter {
  private readonly maxLineBytes: number;
  private lineNo: number;
  private offset: number;
  private carry: Buffer[] = [];
  private carryBytes = 0;
  /** Inside a line already over the limit: its bytes are only hashed, not kept. */
  private overlong: Hash | null = null;
  /** No line was added yet: the next may begin with a byte order mark. */
  private isAtStart: boolean;

  constructor(options: ReadOptions) {
    this.maxLineBytes = options.maxLineBytes;
    this.lineNo = options.from?.lineNo ?? 1;
    this.offset = options.from?.byteOffset ?? 0;
    this.isAtStart = this.offset === 0;
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

  /** Adds the line in `bytes` from `start` to `end`, without a byte order mark and carriage return. */
  private add(lines: RawLine[], bytes: Buffer, at: LineSpan): void {
    const { lineNo, maxLineBytes } = this;
    const markBytes = this.isAtStart && hasByteOrderMark(bytes, at.start) ? MARK.length : 0;
    this.isAtStart = false;
    const byteOffset = this.offset + markBytes;
    const start = at.start + markBytes;
    const end = at.end > start && bytes[at.end - 1] === CARRIAGE_RETURN ? at.end - 1 : at.end;
    if (at.digest !== undefined || end - start > maxLineBytes) {
      // Including those, as when it is hashed piece by piece.
      const whole = bytes.subarray(at.start, at.end);
      const digest = at.digest ?? createHash('sha256').update(whole).digest();
      const problem = tooLong(maxLineBytes);
      lines.push({ lineNo, byteOffset, bytes: digest, text: null, problem });
      return;
    }
    if (isBlank(bytes, start, end)) return;
    const own = bytes.subarray(start, end);
    const encoding = at.encoding === 'mixed' ? encodingOf(own) : at.encoding;
    const text = encoding === 'mixed' ? null : bytes.toString(encoding, start, end);
    const problem = text === null ? notUtf8(own) : null;
    lines.push({ lineNo, byteOffset, bytes: own, text, problem });
  }
}

/** The only line of a file whose lines cannot be told apart. Its beginning stands for it, however much is read at once. */
function wholeFile(chunk: Buffer, problem: Problem): RawLine {
  const bytes = chunk.subarray(0, WHOLE_FILE_BYTES);
  return { lineNo: 1, byteOffset: 0, bytes, text: null, problem };
}

/**
 * Reads a JSONL file (also `.gz`) as lines, many at a time: one array per chunk read.
 *
 * Lines end at LF only (a lone CR is legal white space in JSON, U+2028 legal in strings); one CR before the LF and a
 * leading BOM are dropped; blank lines are counted and skipped. A line over `maxLineBytes` is never held whole. A file in
 * UTF-16 or UTF-32, or of another kind (an archive, a workbook), is one line with that problem. Throws `InputError` (66) if the file cannot be read.
 */
export async function* readLines(
  path: string,
  options: ReadOptions,
): AsyncGenerator<readonly RawLine[]> {
  const splitter = new LineSplitter(options);
  let isFirst = (options.from?.byteOffset ?? 0) === 0;
  let isOther = false;
  for await (const chunk of readChunks(path, options.from?.byteOffset, options.chunkBytes)) {
    options.onBytes?.(chunk);
    const problem = isFirst ? (wideEncoding(chunk) ?? otherKind(chunk)) : null;
    if (problem !== null) {
      yield [wholeFile(chunk, problem)];
      isOther = true;
    }
    isFirst = false;
    // Read to its end all the same, for the hash, and so that a stop is noticed.
    if (isOther) {
      yield [];
      continue;
    }
    const lines: RawLine[] = [];
    splitter.push(chunk, lines);
    if (lines.length > 0) yield lines;
  }
  const lines: RawLine[] = [];
  splitter.end(lines);
  if (lines.length > 0) yield lines;
}
