import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { compactJson, printable } from '../../src/json/compact-json.ts';
import { scanArray, scanObject } from '../../src/json/json-scan.ts';
import { dashscope } from '../../src/protocols/dashscope.ts';
import { openai } from '../../src/protocols/openai.ts';
import { type RawLine, readLines } from '../../src/read.ts';
import { csvRow } from '../../src/report/csv.ts';
import { oneLine } from '../../src/reporters/one-line.ts';
import { asked } from '../helpers/asked.ts';
import { parseText } from '../helpers/parse-text.ts';

/*
 * Everything that reads bytes or text from outside, against whatever there may be in them. A failure
 * of fast-check names its seed and path; FUZZ_SEED repeats a run.
 */

/** What the file system hands out next, piece by piece. */
const disk: { chunks: readonly Buffer[] } = { chunks: [] };
vi.mock('node:fs', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  createReadStream: () => ({
    closed: true,
    destroy: () => undefined,
    async *[Symbol.asyncIterator]() {
      for (const chunk of disk.chunks) yield await Promise.resolve(chunk);
    },
  }),
}));

const CASES = Number(process.env['FUZZ_CASES'] ?? 20_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const PROPERTIES = 8;
const EACH = Math.ceil(CASES / PROPERTIES);
const TEST_MS = 60_000 + EACH * 20;
const RUNS = { numRuns: EACH, seed: SEED };

/** Bytes that matter to whoever reads lines, frames or JSON, among any others. */
const telling = fc.constantFrom(
  ...[
    '\n',
    '\r',
    '\r\n',
    '\ufeff',
    '\0',
    '\u2028',
    ' ',
    '\t',
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    ',',
    ':',
  ],
  ...[
    '{"a":1}',
    'null',
    '1e400',
    '-0',
    '"\\ud800"',
    '__proto__',
    'data: ',
    'id:1',
    'event: x',
    ': c',
  ],
  ...[
    '\u001b[31m',
    '\u001b]8;;x\u0007',
    '\u009b2J',
    '\u202e',
    '=1+1',
    '+',
    '-2',
    '@x',
    '\ud800',
    '😀',
  ],
);
const rubbish = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: telling },
      { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
    ),
    { maxLength: 24 },
  )
  .map((parts) => parts.join(''));
const bytes = fc.oneof(
  { weight: 3, arbitrary: rubbish.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array)) },
);
/** Where something is cut, as shares of its length. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

function pieces(whole: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...at.map((share) => Math.floor(share * whole.length)), whole.length].toSorted(
    (a, b) => a - b,
  );
  let start = 0;
  return ends.map((end) => {
    const piece = whole.subarray(start, end);
    start = end;
    return piece;
  });
}

const LINE_BYTES_MAX = 40;

async function linesIn(chunks: readonly Buffer[]): Promise<RawLine[]> {
  disk.chunks = chunks;
  const lines: RawLine[] = [];
  for await (const some of readLines('any', { maxLineBytes: LINE_BYTES_MAX })) lines.push(...some);
  return lines;
}

/** The rules of lines in the plainest words: LF ends a line, one CR before it and a mark at the start go. */
function linesByTheBook(whole: Buffer): { lineNo: number; text: string | null }[] {
  const withoutMark = whole.subarray(0, 3).toString('hex') === 'efbbbf' ? whole.subarray(3) : whole;
  return withoutMark
    .toString('latin1')
    .split('\n')
    .map((line, index) => ({ lineNo: index + 1, line: line.replace(/\r$/, '') }))
    .filter(({ line }) => /[^ \t\r]/.test(line))
    .map(({ lineNo, line }) => {
      const own = Buffer.from(line, 'latin1');
      const text = own.toString();
      const isText = own.length <= LINE_BYTES_MAX && Buffer.from(text).equals(own);
      return { lineNo, text: isText ? text : null };
    });
}

test(
  'lines: the same however the bytes arrive, and those that the rules say',
  async () => {
    await fc.assert(
      fc.asyncProperty(bytes, cuts, async (whole, at) => {
        const arrived = await linesIn(pieces(whole, at));
        const told = arrived.map(({ lineNo, text }) => ({ lineNo, text }));
        expect(told).toEqual(linesByTheBook(whole));
        expect(arrived.every(({ text, problem }) => (text === null) === (problem !== null))).toBe(
          true,
        );
      }),
      RUNS,
    );
  },
  TEST_MS,
);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON with white space anywhere, and now and then something in it that is wrong. */
const jsonish = fc
  .tuple(
    fc.json({ maxDepth: 4 }),
    fc.array(fc.tuple(fc.nat(), telling), { maxLength: 3 }),
    fc.boolean(),
  )
  .map(([text, changes, breaks]) => {
    let changed = text.replaceAll(/([[{,:])/g, '$1 ');
    if (!breaks) return isJson(changed) ? changed : text;
    for (const [at, what] of changes) {
      const position = at % (changed.length + 1);
      changed = changed.slice(0, position) + what + changed.slice(position);
    }
    return changed;
  });
const requestish = fc
  .tuple(
    jsonish,
    jsonish,
    fc.constantFrom('prompt', 'messages', 'input', 'body', 'x', 'parameters'),
  )
  .map(([one, other, key]) => `{"custom_id":"a","model":"qwen-plus","${key}":${one},"y":${other}}`);

test(
  'the parser: never throws, takes no line that is not JSON, and calls none so that is',
  () => {
    fc.assert(
      fc.property(fc.oneof(rubbish, jsonish, requestish), (text) => {
        const parsed = parseText(text);
        if (parsed.kind === 'request') expect(isJson(text)).toBe(true);
        else {
          const codes = parsed.problems.map(({ code }) => code);
          expect(codes.length).toBeGreaterThan(0);
          // A line must be an object: anything else is no line, however valid.
          const isLine = isJson(text) && /^\s*\{/.test(text);
          expect(codes.includes('qbatch_invalid_json'), codes.join()).toBe(!isLine);
        }
      }),
      RUNS,
    );
  },
  TEST_MS,
);

const frame = fc.oneof(
  fc
    .string({ maxLength: 5 })
    .map(
      (content) =>
        `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })}`,
    ),
  fc
    .string({ maxLength: 5 })
    .map(
      (content) =>
        `data:${JSON.stringify({ output: { choices: [{ message: { content }, finish_reason: 'null' }] } })}`,
    ),
  fc.constant('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'),
  fc.constantFrom('data: [DONE]', 'event:error\n:HTTP_STATUS/400\ndata:{"code":"X","message":"m"}'),
  rubbish,
);
const streamText = fc
  .tuple(
    fc.array(fc.tuple(frame, fc.constantFrom('\n\n', '\r\n\r\n', '\r\r', '\n', '\r\n')), {
      maxLength: 7,
    }),
    fc.boolean(),
  )
  .map(
    ([frames, mark]) => (mark ? '\ufeff' : '') + frames.map(([text, end]) => text + end).join(''),
  );

test(
  'streams: the same answer or failure however the bytes arrive; only a finished one is an answer',
  () => {
    const head = { statusCode: 200, headers: { 'content-type': 'text/event-stream' } };
    const fold = (protocol: typeof openai, chunks: readonly Buffer[]) => {
      const one = protocol.fold(head, asked());
      for (const chunk of chunks) if (!one.push(chunk)) break;
      return one.end();
    };
    fc.assert(
      fc.property(streamText, cuts, fc.constantFrom(openai, dashscope), (text, at, protocol) => {
        const whole = Buffer.from(text);
        const decoded = fold(protocol, [whole]);
        expect(fold(protocol, pieces(whole, at))).toEqual(decoded);
        const single = Array.from(whole, (byte) => Buffer.from([byte]));
        expect(fold(protocol, single)).toEqual(decoded);
        if (decoded.kind === 'answer') expect(text).toMatch(/"stop"|\[DONE\]|finish_reason/);
      }),
      RUNS,
    );
  },
  TEST_MS,
);

test(
  'replies: any bytes with an error status are a failure, and rubbish with 200 is no answer',
  () => {
    const status = fc.constantFrom(200, 204, 301, 400, 401, 404, 408, 429, 500, 502, 503, 504, 599);
    const body = fc.oneof(
      bytes,
      jsonish.map((text) => Buffer.from(text)),
      fc
        .tuple(jsonish, jsonish)
        .map(([code, message]) => Buffer.from(`{"code":${code},"message":${message}}`)),
      jsonish.map((error) => Buffer.from(`{"error":${error}}`)),
      jsonish.map((output) => Buffer.from(`{"output":${output},"request_id":"r"}`)),
    );
    const type = fc.constantFrom('application/json', 'text/html', 'text/event-stream', '');
    fc.assert(
      fc.property(
        status,
        body,
        type,
        fc.constantFrom(openai, dashscope),
        (statusCode, bytesOf, kind, protocol) => {
          const decoded = protocol.decode(
            { statusCode, headers: { 'content-type': kind }, body: bytesOf },
            asked(),
          );
          expect(decoded.kind).toBe('failure');
          if (decoded.kind === 'failure') expect(decoded.failure.code).not.toBe('');
        },
      ),
      RUNS,
    );
  },
  TEST_MS,
);

/** A value as it is once no half of a pair is left in it. */
function wellFormed(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(/\\u[dD][89a-fA-F]\w\w/g, '\ufffd'));
}

test(
  'JSON made dense: the same value, nothing that strict readers trip over, once and for all',
  () => {
    fc.assert(
      fc.property(fc.oneof(jsonish, rubbish), (text) => {
        const dense = compactJson(text);
        expect(dense === null).toBe(!isJson(text));
        if (dense === null) return;
        expect(compactJson(dense)).toBe(dense);
        expect(dense).toBe(dense.replaceAll(/[\uD800-\uDFFF]/gu, '?'));
        expect(dense).not.toMatch(/[\n\r\u007f-\u009f\u2028\u2029]/u);
        expect(wellFormed(JSON.parse(dense))).toEqual(wellFormed(JSON.parse(text)));
      }),
      RUNS,
    );
  },
  TEST_MS,
);

test(
  'JSON scanned: members and items are where JSON.parse finds them',
  () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'binary' }), jsonish.filter(isJson)), { maxLength: 5 }),
        fc.constantFrom('', ' ', '\n\t'),
        (members, space) => {
          const values = members.map(([, value]) => JSON.parse(value) as unknown);
          const list = `[${space}${members.map(([, value]) => value + space).join(',')}]`;
          expect(
            scanArray(list).map(({ start, end }) => JSON.parse(list.slice(start, end)) as unknown),
          ).toEqual(values);
          const object = `{${members.map(([key, value]) => `${space}${JSON.stringify(key)}${space}:${value}`).join(',')}${space}}`;
          const scan = scanObject(object);
          expect(scan.members.map(({ key }) => key)).toEqual(members.map(([key]) => key));
          expect(
            scan.members.map(
              ({ valueStart, valueEnd }) =>
                JSON.parse(object.slice(valueStart, valueEnd)) as unknown,
            ),
          ).toEqual(values);
          expect(scan.duplicate !== null).toBe(
            new Set(members.map(([key]) => key)).size < members.length,
          );
        },
      ),
      RUNS,
    );
  },
  TEST_MS,
);

const OBEYED = /[^\P{Cc}\t\r\n]/u;

/** The cells of one row, read as RFC 4180 says. */
function cellsOf(row: string): string[] {
  const cells: string[] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n$)/gy;
  for (const [, quoted, plain = ''] of row.matchAll(pattern))
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
  return cells;
}

test(
  'csv: as many cells as were given, none of which a spreadsheet runs or a terminal obeys',
  () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(rubbish, fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 6 }),
        (cells) => {
          const read = cellsOf(csvRow(cells));
          expect(read).toHaveLength(cells.length);
          for (const cell of read) {
            expect(cell).not.toMatch(OBEYED);
            if (/^[=+\-@\t\r\n＝＋－＠]/u.test(cell))
              expect(Number.isNaN(Number(cell))).toBe(false);
          }
        },
      ),
      RUNS,
    );
  },
  TEST_MS,
);

test(
  'a terminal: gets no control, no mark that turns or hides text, no half character, and no more than asked',
  () => {
    fc.assert(
      fc.property(
        fc.oneof(rubbish, fc.string({ unit: 'binary', maxLength: 300 })),
        fc.integer({ min: 4, max: 80 }),
        (text, most) => {
          for (const shown of [printable(text, most), oneLine(text, most)]) {
            expect(shown.length).toBeLessThanOrEqual(most);
            expect(shown).toBe(shown.replaceAll(/[\uD800-\uDFFF]/gu, '?'));
            expect(shown).not.toMatch(
              /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u,
            );
          }
        },
      ),
      RUNS,
    );
  },
  TEST_MS,
);

test('what was tried', () => {
  process.stdout.write(
    `fuzzing: ${EACH * PROPERTIES} cases, ${EACH} of each of ${PROPERTIES} properties (seed ${SEED})\n`,
  );
  expect(EACH * PROPERTIES).toBeGreaterThanOrEqual(CASES);
});
