import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../src/errors.ts';
import { hashInput } from '../src/input/input-hash.ts';
import { type ReadOptions, readLines, type RawLine } from '../src/read.ts';
import { tempFolder } from './helpers/temp-ledger.ts';

/** A line as tests compare it; `bytes` are copied, for they are a view on the read buffer. */
type Seen = {
  lineNo: number;
  byteOffset: number;
  text: string | null;
  code: string | null;
  bytes: string;
};

/** Short enough for a message when a comparison fails. */
const shown = (bytes: Buffer): string =>
  bytes.length > 60 ? `${bytes.length} bytes` : bytes.toString('hex');

async function read(path: string, options: Partial<ReadOptions> = {}): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const lines of readLines(path, { maxLineBytes: 32 * 1024 * 1024, ...options })) {
    for (const { lineNo, byteOffset, text, problem, bytes } of lines)
      seen.push({
        lineNo,
        byteOffset,
        text: text !== null && text.length > 1000 ? text.slice(0, 10) : text,
        code: problem?.code ?? null,
        bytes: shown(bytes),
      });
  }
  return seen;
}

function fileOf(content: string | Buffer, name = 'reviews.jsonl'): string {
  const path = join(tempFolder(), name);
  writeFileSync(path, content);
  return path;
}

const textsOf = (lines: readonly Seen[]): (string | null)[] => lines.map(({ text }) => text);

const placesOf = (lines: readonly Seen[]): [number, number, string | null][] =>
  lines.map(({ lineNo, byteOffset, text }) => [lineNo, byteOffset, text]);

/** Every byte of a line is one of these, so that all borders that matter are met. */
const PIECES = [
  '{"a":1}',
  '好',
  '😀',
  '\n',
  '\r\n',
  '\r',
  '\n\n',
  ' ',
  '\t',
  '\u2028',
  'x'.repeat(40),
];

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

/** The rules of cli.md section 2, the slow way: whole content at once. */
function split(content: Buffer, maxLineBytes: number): Seen[] {
  const seen: Seen[] = [];
  let start = 0;
  for (let lineNo = 1; start < content.length; lineNo += 1) {
    const newline = content.indexOf(10, start);
    const next = newline === -1 ? content.length : newline + 1;
    let from = start;
    const end = newline === -1 ? content.length : newline;
    let to = end;
    if (start === 0 && content.subarray(0, 3).toString('hex') === 'efbbbf') from = 3;
    if (to > from && content[to - 1] === 13) to -= 1;
    const bytes = content.subarray(from, to);
    const tooLong = bytes.length > maxLineBytes;
    if (tooLong || /[^ \t\r]/.test(bytes.toString('latin1'))) {
      let text: string | null = null;
      try {
        text = tooLong
          ? null
          : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch {
        text = null;
      }
      const code = tooLong ? 'qbatch_line_too_long' : text === null ? 'qbatch_invalid_utf8' : null;
      seen.push({
        lineNo,
        byteOffset: from,
        text: text !== null && text.length > 1000 ? text.slice(0, 10) : text,
        code,
        bytes: shown(tooLong ? sha256(content.subarray(start, end)) : bytes),
      });
    }
    start = next;
  }
  return seen;
}

describe('readLines: places', () => {
  test('line numbers and byte offsets: physical lines, bytes not characters', async () => {
    const path = fileOf('{"a":"好"}\n{"b":2}\n');
    expect(placesOf(await read(path))).toEqual([
      [1, 0, '{"a":"好"}'],
      [2, 12, '{"b":2}'],
    ]);
  });

  test('blank lines: counted, not given', async () => {
    expect(placesOf(await read(fileOf('\n  \t\n{"a":1}\n\r\n\n{"b":2}')))).toEqual([
      [3, 5, '{"a":1}'],
      [6, 16, '{"b":2}'],
    ]);
  });

  test('a byte order mark: belongs to no line; only at the very start', async () => {
    expect(placesOf(await read(fileOf('\uFEFF{"a":1}\n\uFEFF{"b":2}\n')))).toEqual([
      [1, 3, '{"a":1}'],
      [2, 11, '\uFEFF{"b":2}'],
    ]);
  });

  test('CRLF: one CR before the newline is dropped, a second stays', async () => {
    expect(textsOf(await read(fileOf('{"a":1}\r\n{"b":2}\r\r\n{"c":3}\r')))).toEqual([
      '{"a":1}',
      '{"b":2}\r',
      '{"c":3}',
    ]);
  });

  test('a lone CR, U+2028, U+2029, form feed and NEL end no line', async () => {
    const line = '{"a":1,\r"b":"x\u2028y\u2029z\u0085","c":\u000C2}';
    expect(textsOf(await read(fileOf(`${line}\n`)))).toEqual([line]);
  });

  test('no newline at the end; an empty file; newlines only', async () => {
    expect(textsOf(await read(fileOf('{"a":1}')))).toEqual(['{"a":1}']);
    expect(await read(fileOf(''))).toEqual([]);
    expect(await read(fileOf('\n\n\n'))).toEqual([]);
    expect(await read(fileOf('\uFEFF'))).toEqual([]);
  });

  test('an invalid line among good ones: only it has the problem', async () => {
    const path = fileOf(
      Buffer.concat([
        Buffer.from('{"a":"好"}\n'),
        Buffer.from([0x7b, 0xff, 0xfe, 0x7d, 0x0a]),
        Buffer.from('{"b":"评"}\n'),
      ]),
    );
    const lines = await read(path);
    expect(lines.map(({ code }) => code)).toEqual([null, 'qbatch_invalid_utf8', null]);
    expect(textsOf(lines)).toEqual(['{"a":"好"}', null, '{"b":"评"}']);
  });

  test('surrogates in UTF-8 (CESU), overlong forms, a character cut by the end: invalid', async () => {
    for (const bytes of [
      [0xed, 0xa0, 0x80],
      [0xc0, 0xaf],
      [0xe5, 0xa5],
    ]) {
      expect((await read(fileOf(Buffer.from(bytes)))).map(({ code }) => code)).toEqual([
        'qbatch_invalid_utf8',
      ]);
    }
  });

  test('starting in the middle: the same lines with the same places', async () => {
    const path = fileOf('\uFEFF{"a":"好"}\n\n{"b":2}\r\n{"c":3}');
    const all = await read(path);
    for (const { lineNo, byteOffset } of all) {
      expect(await read(path, { from: { lineNo, byteOffset } })).toEqual(
        all.filter((line) => line.lineNo >= lineNo),
      );
    }
  });

  test('onBytes: every byte once, in order', async () => {
    const content = Buffer.from('\uFEFF{"a":"好"}\r\n\n{"b":2}');
    const parts: Buffer[] = [];
    await read(fileOf(content), {
      onBytes: (chunk) => {
        parts.push(Buffer.from(chunk));
      },
    });
    expect(Buffer.concat(parts).equals(content)).toBe(true);
  });
});

describe('readLines: long lines', () => {
  test('at the limit: fine; one byte more: a problem without text, its hash for its bytes, and the next line is read', async () => {
    const lines = await read(fileOf(`${'x'.repeat(100)}\n${'y'.repeat(101)}\n{"a":1}\n`), {
      maxLineBytes: 100,
    });
    expect(lines.map(({ lineNo, code }) => [lineNo, code])).toEqual([
      [1, null],
      [2, 'qbatch_line_too_long'],
      [3, null],
    ]);
    const hash = shown(sha256(Buffer.from('y'.repeat(101))));
    expect(lines[1]).toMatchObject({ text: null, bytes: hash });
  });

  test('a line end does not count: CRLF and BOM beside a line at the limit', async () => {
    const lines = await read(fileOf(`\uFEFF${'x'.repeat(100)}\r\n`), { maxLineBytes: 100 });
    expect(lines.map(({ code }) => code)).toEqual([null]);
  });

  test('a line of 200 MB with a limit of 1 MB: never held whole', async () => {
    const path = join(tempFolder(), 'big.jsonl.gz');
    // All one letter: 200 MB compress to 200 KB.
    writeFileSync(
      path,
      gzipSync(Buffer.concat([Buffer.alloc(200 * 1024 * 1024, 0x78), Buffer.from('\n{"a":1}\n')])),
    );
    globalThis.gc?.();
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const seen: [number, string | null][] = [];
    for await (const lines of readLines(path, {
      maxLineBytes: 1024 * 1024,
      onBytes: () => {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      },
    })) {
      for (const { lineNo, problem } of lines) seen.push([lineNo, problem?.code ?? null]);
    }
    expect(seen).toEqual([
      [1, 'qbatch_line_too_long'],
      [2, null],
    ]);
    expect(most).toBeLessThan(100 * 1024 * 1024);
  });
});

describe('readLines: chunk borders', () => {
  const READ_BYTES = 512 * 1024;
  /** A first line that is dropped for its length keeps no trace of the byte order mark before it. */
  const placed = (line: Seen): Seen =>
    line.lineNo === 1 && line.code === 'qbatch_line_too_long' ? { ...line, byteOffset: 0 } : line;

  test('any content, the border of a read anywhere in it: the same lines as a splitter that sees it whole', async () => {
    const folder = tempFolder();
    const path = join(folder, 'border.jsonl');
    const content = fc
      .tuple(fc.boolean(), fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }))
      .map(([mark, pieces]) => `${mark ? '\uFEFF' : ''}${pieces.join('')}`);
    await fc.assert(
      fc.asyncProperty(
        content,
        fc.nat(80),
        fc.constantFrom(20, 64, READ_BYTES * 2),
        async (text, back, maxLineBytes) => {
          const bytes = Buffer.from(text);
          // A first line so long that the border falls `back` bytes into the content.
          const pad = Buffer.concat([
            Buffer.alloc(READ_BYTES - 1 - Math.min(back, bytes.length), 0x70),
            Buffer.from('\n'),
          ]);
          const whole = Buffer.concat([pad, bytes]);
          writeFileSync(path, whole);
          expect((await read(path, { maxLineBytes })).map(placed)).toEqual(
            split(whole, maxLineBytes).map(placed),
          );
          // And with the border before the content: none inside it.
          writeFileSync(path, bytes);
          expect((await read(path, { maxLineBytes })).map(placed)).toEqual(
            split(bytes, maxLineBytes).map(placed),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  test('a first line that goes over several reads, with a byte order mark: at the limit fine, beyond not', async () => {
    const path = fileOf(`\uFEFF${'x'.repeat(READ_BYTES * 2)}\r\n{"a":1}\n`);
    expect(
      (await read(path, { maxLineBytes: READ_BYTES * 2 })).map(({ code, byteOffset }) => [
        code,
        byteOffset,
      ]),
    ).toEqual([
      [null, 3],
      [null, 3 + READ_BYTES * 2 + 2],
    ]);
    expect(
      (await read(path, { maxLineBytes: READ_BYTES * 2 - 1 })).map(({ code }) => code),
    ).toEqual(['qbatch_line_too_long', null]);
  });
});

describe('readLines: gzip', () => {
  test('the same lines, places counted in the decompressed content', async () => {
    const content = '\uFEFF{"a":"好"}\r\n\n{"b":2}\n';
    const plain = await read(fileOf(content));
    expect(await read(fileOf(gzipSync(content), 'reviews.jsonl.gz'))).toEqual(plain);
  });

  test('several members: all of them', async () => {
    const path = fileOf(
      Buffer.concat([gzipSync('{"a":1}\n{"b"'), gzipSync(':2}\n')]),
      'reviews.jsonl.gz',
    );
    expect(textsOf(await read(path))).toEqual(['{"a":1}', '{"b":2}']);
  });

  test.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 20)],
    [
      'a flipped byte',
      (bytes: Buffer) =>
        Buffer.from(bytes.map((byte, index) => (index === 40 ? byte ^ 0xff : byte))),
    ],
  ])('%s: 66 naming the byte', async (_name, damage) => {
    const bytes = gzipSync(
      Array.from({ length: 200 }, (_, index) => `{"custom_id":"评论-${index * 7919}"}\n`).join(''),
    );
    const path = fileOf(damage(bytes), 'reviews.jsonl.gz');
    const error: unknown = await read(path).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ exitCode: 66 });
    expect((error as InputError).message).toMatch(/damaged gzip data, found .*byte \d+/);
  });
});

describe('readLines: another kind of file', () => {
  test('plain lines under a name that ends in .gz: 66, and what to do', async () => {
    const path = fileOf(Buffer.from('{"a":1}\n'), 'a.jsonl.gz');
    await expect(read(path)).rejects.toMatchObject({
      exitCode: 66,
      message: expect.stringContaining('a.jsonl.gz: its name ends in .gz, but') as string,
      hint: expect.stringContaining('without .gz') as string,
    });
  });

  const text = '{"prompt":"写一句话"}\n{"prompt":"两句"}\n';

  test('UTF-16, with a byte order mark or without: one line that says so, and all bytes for the hash', async () => {
    for (const mark of ['\u{FEFF}', ''])
      for (const name of ['a.jsonl', 'a.jsonl.gz']) {
        const bytes = Buffer.from(mark + text.repeat(9), 'utf16le');
        const path = fileOf(name.endsWith('.gz') ? gzipSync(bytes) : bytes, name);
        const found: RawLine[] = [];
        const seen: Buffer[] = [];
        const onBytes = (chunk: Buffer): void => void seen.push(Buffer.from(chunk));
        for await (const lines of readLines(path, { maxLineBytes: 999, chunkBytes: 64, onBytes }))
          found.push(...lines);
        expect(found).toMatchObject([
          { lineNo: 1, byteOffset: 0, text: null, problem: { code: 'qbatch_invalid_utf8' } },
        ]);
        expect(found[0]?.problem?.message).toMatch(/^the file .*UTF-16/);
        expect(Buffer.concat(seen)).toEqual(bytes);
      }
  });

  test.each([
    [
      'a zip archive',
      Buffer.from('504b0304140000000800a5b60ac7d80aff0a', 'hex'),
      /is a zip archive/,
    ],
    ['gzip', gzipSync(text), /compressed with gzip/],
    [
      'a ledger',
      Buffer.from('SQLite format 3\0@\0\u00ff\n\u00ff\n', 'latin1'),
      /SQLite .* qbatch resume/,
    ],
    ['some bytes', Buffer.from('fffffe0a', 'hex'), /^the line is not valid UTF-8/],
  ])('%s: one line says so', async (_, bytes, says) => {
    const found: RawLine[] = [];
    for await (const lines of readLines(fileOf(bytes), { maxLineBytes: 999 })) found.push(...lines);
    const [first] = found;
    expect(found).toHaveLength(1);
    expect(first).toMatchObject({ lineNo: 1, problem: { code: 'qbatch_invalid_utf8' } });
    expect(first?.problem?.message).toMatch(says);
  });
});

describe('readLines: damaged gzip', () => {
  /** A member of some 140 KB whose bytes are hard to compress, and its length. */
  const member = gzipSync(
    Array.from({ length: 6000 }, (_, index) =>
      createHash('sha256').update(`${index}`).digest('base64'),
    ).join('\n'),
  );
  const two = Buffer.concat([member, member]);

  async function foundAt(bytes: Buffer): Promise<readonly [number, number]> {
    const error: unknown = await read(fileOf(bytes, 'a.jsonl.gz')).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ exitCode: 66 });
    const { message } = error as InputError;
    const end = /found at its end, byte (\d+): /.exec(message);
    if (end !== null) return [Number(end[1]), Number(end[1])];
    const between = /found between byte (\d+) and (\d+): /.exec(message);
    return [Number(between?.[1]), Number(between?.[2])];
  }

  test.each([
    ['what is no gzip behind a whole member', Buffer.concat([member, member.subarray(1)]), 1],
    ['a wrong magic number of the third member', Buffer.concat([two, Buffer.from('{"a":1}')]), 2],
    ['a wrong checksum at the end of the second', Buffer.from(two).fill(0, two.length - 8), 2],
  ])('%s: the bytes of the file between which it is', async (_name, bytes, members) => {
    const [from, to] = await foundAt(bytes);
    const at = member.length * members;
    expect(from).toBeLessThanOrEqual(at);
    expect(to).toBeGreaterThanOrEqual(at);
    expect(to).toBeLessThanOrEqual(bytes.length);
    expect(to - from).toBeLessThanOrEqual(64 * 1024);
  });

  test('cut off in the second member: the end of the file', async () => {
    const cut = two.subarray(0, member.length + 1000);
    expect(await foundAt(cut)).toEqual([cut.length, cut.length]);
  });

  test.each([
    ['a zeroed block', Buffer.from(two).fill(0, member.length, member.length + 512), 512],
    ['a hole of some chunks', Buffer.concat([member, Buffer.alloc(700_000), member]), 700_000],
  ])('%s between two members: the second is not left out unseen', async (_name, bytes, zeros) => {
    const error: unknown = await read(fileOf(bytes, 'a.jsonl.gz')).catch(
      (reason: unknown) => reason,
    );
    const message = `found at byte ${member.length + zeros}: more data after the zeros at byte ${member.length}`;
    expect(error).toMatchObject({
      exitCode: 66,
      message: expect.stringContaining(message) as string,
    });
  });

  test('zeros behind the last member are padding, and a reader that stops early ends it', async () => {
    const padded = fileOf(Buffer.concat([two, Buffer.alloc(200_000)]), 'a.jsonl.gz');
    expect(await read(padded)).toEqual(await read(fileOf(two, 'b.jsonl.gz')));
    for await (const lines of readLines(padded, { maxLineBytes: 1000, chunkBytes: 1000 })) {
      expect(lines.length).toBeGreaterThan(0);
      break;
    }
  });
});

describe('readLines: what cannot be read', () => {
  test.each([
    ['missing', (folder: string) => join(folder, 'nowhere.jsonl')],
    [
      'a folder',
      (folder: string) => {
        mkdirSync(join(folder, 'reviews'));
        return join(folder, 'reviews');
      },
    ],
    ['missing, compressed', (folder: string) => join(folder, 'nowhere.jsonl.gz')],
  ])('%s: 66', async (_name, pathIn) => {
    await expect(read(pathIn(tempFolder()))).rejects.toMatchObject({ exitCode: 66 });
  });
});

describe('readLines: a reader that stops early', () => {
  /** The files this process holds open. */
  const openFiles = (): string[] =>
    readdirSync('/proc/self/fd').flatMap((descriptor) => {
      try {
        return [readlinkSync(`/proc/self/fd/${descriptor}`)];
      } catch {
        return [];
      }
    });

  test.each(['reviews.jsonl', 'reviews.jsonl.gz'])('%s is closed when it goes on', async (name) => {
    const text = Array.from({ length: 4000 }, (_, line) => `{"line":${line}}\n`).join('');
    const path = fileOf(name.endsWith('.gz') ? gzipSync(text, { level: 0 }) : text, name);
    for await (const [line] of readLines(path, { maxLineBytes: 1024, chunkBytes: 1024 })) {
      expect(line?.text).toBe('{"line":0}');
      expect(openFiles()).toContain(realpathSync(path));
      break;
    }
    expect(openFiles()).not.toContain(realpathSync(path));
  });
});

describe('hashInput', () => {
  test('plain and compressed: the hash of the content', async () => {
    const plain = await hashInput(fileOf('{"a":1}\n'));
    const packed = await hashInput(fileOf(gzipSync('{"a":1}\n'), 'a.jsonl.gz'));
    expect(packed).toBe(plain);
    // As `sha256sum` prints it.
    expect(plain).toBe('e346432021b04179518d9614f3560ccd71354a4ee101ddcb893d6959a9d6301c');
    expect(await hashInput(fileOf('{"a":2}\n'))).not.toBe(plain);
  });

  test('a file that is not there: 66', async () => {
    await expect(hashInput(join(tempFolder(), 'nowhere.jsonl'))).rejects.toMatchObject({
      exitCode: 66,
    });
  });
});
