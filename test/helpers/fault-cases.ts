import { gzipSync } from 'node:zlib';
import { answerFrames, errorBody } from './counting-server.ts';
import {
  chunk,
  chunkedHead,
  EVENT_STREAM,
  type FaultCall,
  FIN,
  httpReply,
  RESET,
  type Step,
  TURN,
  typeOf,
  wholeBody,
  wholeReply,
} from './fault-server.ts';

/** What guarantee 5 and 11 to 13 make of a reply, by reason and not by looking at the program. */
export type Expected = {
  readonly class: 'answered' | 'rejected' | 'possibly_billed';
  /** The code on record; several where the network itself decides which of them it is. */
  readonly codes: readonly (string | null)[];
  /** What becomes of the line when the service is well from then on. */
  readonly line: 'answered' | 'failed';
};

export type FaultCase = {
  readonly name: string;
  /** Why it must be of that class. */
  readonly why: string;
  /** Both where left out. */
  readonly mode?: 'json' | 'stream';
  readonly expected: (call: Pick<FaultCall, 'streamed' | 'protocol'>) => Expected;
  readonly steps: (call: FaultCall) => readonly Step[];
  /** Decided when the head of the request is there, before its body is read. */
  readonly early?: boolean;
  /** Longest the program may wait before it asks again, in milliseconds of its clock; `least` of it as told. */
  readonly waits?: { readonly leastMs: number };
};

type Outcome = FaultCase['expected'];

/** The model may have run, and nothing tells that it did not. */
const CUT: Outcome = () => ({
  class: 'possibly_billed',
  codes: ['qbatch_connection_error'],
  line: 'answered',
});
const BAD: Outcome = () => ({
  class: 'possibly_billed',
  codes: ['qbatch_bad_response'],
  line: 'answered',
});
/** A part of an answer: torn JSON, or a stream without its end. */
const TORN: Outcome = ({ streamed }) => ({
  class: 'possibly_billed',
  codes: [streamed ? 'qbatch_truncated_stream' : 'qbatch_bad_response'],
  line: 'answered',
});
/** The network may drop what came before the cut, so that it looks like one or the other. */
const TORN_OR_CUT: Outcome = (call) => ({
  ...TORN(call),
  codes: [...TORN(call).codes, 'qbatch_connection_error'],
});
const PARTIAL: Outcome = () => ({
  class: 'possibly_billed',
  codes: ['qbatch_partial_response'],
  line: 'answered',
});
const WHOLE: Outcome = () => ({ class: 'answered', codes: [null], line: 'answered' });
/** Only a stream says in its frames that it was all. */
const WHOLE_OR_CUT: Outcome = (call) => (call.streamed ? WHOLE(call) : CUT(call));
const refused =
  (code: string): Outcome =>
  () => ({ class: 'rejected', codes: [code], line: 'failed' });
const passing =
  (code: string, billing: 'rejected' | 'possibly_billed'): Outcome =>
  () => ({ class: billing, codes: [code], line: 'answered' });

const half = (text: string): string => text.slice(0, Math.floor(text.length * 0.6));
const ok = (call: FaultCall, length: number | string): string =>
  `HTTP/1.1 200 OK\r\n${typeOf(call)}\r\ncontent-length: ${length}\r\n\r\n`;
const bytesOf = (call: FaultCall): number => Buffer.byteLength(wholeBody(call));
const MIB = 1024 * 1024;
const page = '<!doctype html><html><head><title>登录</title></head><body>请登录 WLAN</body></html>';
const HTML = 'content-type: text/html';
const JSON_TYPE = 'content-type: application/json';

const MODEL_RAN = 'the request was read and the model may have run; no whole answer came';
const NOT_WHOLE = 'a part of an answer is no answer, and it was paid for';
const REFUSED = 'an error reply costs nothing and says that it will not be otherwise';
const UNHARMED = 'the answer is whole; what surrounds it is odd but does no harm';

/** The connection ends where it must not. */
const CUTS: readonly FaultCase[] = [
  { name: 'reset before the headers', why: MODEL_RAN, expected: CUT, steps: () => [RESET] },
  {
    name: 'closed without a word (half-close)',
    why: MODEL_RAN,
    expected: CUT,
    steps: () => [FIN],
  },
  {
    name: 'reset in the status line',
    why: MODEL_RAN,
    expected: CUT,
    steps: () => ['HTTP/1.1 20', TURN, RESET],
  },
  {
    name: 'closed in the status line',
    why: MODEL_RAN,
    expected: CUT,
    steps: () => ['HTTP/1.1 20', FIN],
  },
  {
    name: 'reset in the headers',
    why: MODEL_RAN,
    expected: CUT,
    steps: (call) => [ok(call, bytesOf(call)).slice(0, 40), TURN, RESET],
  },
  {
    name: 'closed in the headers',
    why: MODEL_RAN,
    expected: CUT,
    steps: (call) => [ok(call, bytesOf(call)).slice(0, 40), FIN],
  },
  {
    name: 'reset after the headers',
    why: MODEL_RAN,
    expected: CUT,
    steps: (call) => [ok(call, bytesOf(call)), TURN, RESET],
  },
  {
    name: 'closed after the headers',
    why: MODEL_RAN,
    expected: CUT,
    steps: (call) => [ok(call, bytesOf(call)), FIN],
  },
  {
    name: 'reset in the body',
    why: NOT_WHOLE,
    expected: CUT,
    steps: (call) => [ok(call, bytesOf(call)), half(wholeBody(call)), TURN, RESET],
  },
  {
    name: 'content-length too long',
    why: 'the body ended before the length that was promised; only a stream had said that it was all',
    expected: WHOLE_OR_CUT,
    steps: (call) => [ok(call, bytesOf(call) + 1), wholeBody(call), FIN],
  },
  {
    name: 'chunked, closed inside a chunk',
    why: NOT_WHOLE,
    expected: CUT,
    steps: (call) => [
      chunkedHead(typeOf(call)),
      chunk(wholeBody(call)).subarray(0, bytesOf(call) / 2),
      FIN,
    ],
  },
  {
    name: 'chunked, reset between chunks',
    why: NOT_WHOLE,
    expected: CUT,
    steps: (call) => [chunkedHead(typeOf(call)), chunk(half(wholeBody(call))), TURN, RESET],
  },
  {
    name: 'chunked, the last chunk never comes',
    why: 'all text came but not the end of the body: only a stream says in its frames that it was all',
    expected: WHOLE_OR_CUT,
    steps: (call) => [chunkedHead(typeOf(call)), chunk(wholeBody(call)), FIN],
  },
  {
    name: 'no length, closed in the middle',
    why: NOT_WHOLE,
    expected: TORN,
    steps: (call) => [`HTTP/1.1 200 OK\r\n${typeOf(call)}\r\n\r\n`, half(wholeBody(call)), FIN],
  },
  {
    name: 'no length, reset in the middle',
    why: 'measured: the HTTP client calls this a success',
    expected: TORN_OR_CUT,
    steps: (call) => [
      `HTTP/1.1 200 OK\r\n${typeOf(call)}\r\n\r\n`,
      half(wholeBody(call)),
      TURN,
      RESET,
    ],
  },
  {
    name: 'no length, closed after the whole body',
    why: UNHARMED,
    expected: WHOLE,
    steps: (call) => [`HTTP/1.1 200 OK\r\n${typeOf(call)}\r\n\r\n`, wholeBody(call), FIN],
  },
];

/** Framing that is not what RFC 9112 says. */
const FRAMING: readonly FaultCase[] = [
  ...['-1', 'viel', '18446744073709551617', '1e3', '5, 6'].map((length): FaultCase => ({
    name: `content-length ${length}`,
    why: 'where the body ends cannot be known',
    expected: CUT,
    steps: (call) => [ok(call, length), wholeBody(call), FIN],
  })),
  {
    name: 'two content-lengths',
    why: 'two answers could be read out of one',
    expected: CUT,
    steps: (call) => [
      ok(call, `${bytesOf(call)}\r\ncontent-length: ${bytesOf(call) - 9}`),
      wholeBody(call),
      FIN,
    ],
  },
  {
    name: 'content-length beside chunks',
    why: 'two answers could be read out of one',
    expected: CUT,
    steps: (call) => [
      ok(call, `${bytesOf(call)}\r\ntransfer-encoding: chunked`),
      chunk(wholeBody(call)),
      '0\r\n\r\n',
    ],
  },
  ...['zz', '-5', 'ffffffffffffffffff'].map((size): FaultCase => ({
    name: `chunk size ${size}`,
    why: MODEL_RAN,
    expected: CUT,
    steps: (call) => [chunkedHead(typeOf(call)), `${size}\r\n`, wholeBody(call), FIN],
  })),
  {
    name: 'chunk longer than its size',
    why: MODEL_RAN,
    expected: CUT,
    steps: (call) => [chunkedHead(typeOf(call)), `10\r\n${wholeBody(call)}\r\n0\r\n\r\n`, FIN],
  },
  {
    name: 'chunk extensions and trailers',
    why: UNHARMED,
    expected: WHOLE,
    steps: (call) => [
      chunkedHead(typeOf(call)),
      `${bytesOf(call).toString(16)};x=y\r\n${wholeBody(call)}\r\n0\r\nx-checksum: 1\r\n\r\n`,
    ],
  },
  ...[
    'HTTP/1.1 abc OK',
    'ICY 200 OK',
    'HTTP/1.1 99 Low',
    'HTTP/9.9 200 OK',
    '\u0016\u0003\u0001\u0002',
  ].map((line): FaultCase => ({
    name: `status line ${JSON.stringify(line)}`,
    why: 'nobody knows what was said',
    expected: CUT,
    steps: (call) => [`${line}\r\n${typeOf(call)}\r\n\r\n`, wholeBody(call), FIN],
  })),
  {
    name: 'no status line at all (HTTP/0.9)',
    why: 'nobody knows what was said',
    expected: CUT,
    steps: (call) => [wholeBody(call), FIN],
  },
  {
    name: 'HTTP/1.0 with a length',
    why: UNHARMED,
    expected: WHOLE,
    steps: (call) => [ok(call, bytesOf(call)).replace('1.1', '1.0'), wholeBody(call), FIN],
  },
  {
    name: 'HTTP/1.0, ended by closing',
    why: UNHARMED,
    expected: WHOLE,
    steps: (call) => [`HTTP/1.0 200 OK\r\n${typeOf(call)}\r\n\r\n`, wholeBody(call), FIN],
  },
  {
    name: 'HTTP/1.0, closed in the middle',
    why: NOT_WHOLE,
    expected: TORN,
    steps: (call) => [`HTTP/1.0 200 OK\r\n${typeOf(call)}\r\n\r\n`, half(wholeBody(call)), FIN],
  },
  {
    name: '102 and 103 before the answer',
    why: UNHARMED,
    expected: WHOLE,
    steps: (call) => [
      'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n',
      wholeReply(call),
    ],
  },
  {
    name: '100 Continue, which nobody asked for',
    why: 'the HTTP client (undici 7) takes it for a broken server and hangs up; the model may have run',
    expected: CUT,
    steps: (call) => ['HTTP/1.1 100 Continue\r\n\r\n', wholeReply(call)],
  },
  {
    name: '101 Switching Protocols',
    why: MODEL_RAN,
    expected: CUT,
    steps: () => [
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n',
    ],
  },
  {
    name: 'headers without end',
    why: MODEL_RAN,
    expected: CUT,
    steps: () => ['HTTP/1.1 200 OK\r\n', { flood: Buffer.from('x-filler: y\r\n'.repeat(1000)) }],
  },
  {
    name: 'one header without end',
    why: MODEL_RAN,
    expected: CUT,
    steps: () => ['HTTP/1.1 200 OK\r\nx-filler: ', { flood: Buffer.alloc(16_384, 'y') }],
  },
  {
    name: 'a NUL in a header',
    why: 'a header that is none',
    expected: CUT,
    steps: (call) => [`HTTP/1.1 200 OK\r\nx-odd: a\u0000b\r\n\r\n`, wholeBody(call), FIN],
  },
  {
    name: 'headers given twice',
    why: UNHARMED,
    expected: WHOLE,
    steps: (call) => [
      httpReply(wholeBody(call), {
        headers: [
          typeOf(call),
          'x-request-id: a',
          'x-request-id: b',
          'set-cookie: a=1',
          'set-cookie: b=2',
        ],
      }),
    ],
  },
  {
    name: 'refused before the request was read',
    why: REFUSED,
    early: true,
    expected: refused('qbatch_http_413'),
    steps: () => [
      httpReply(page, { status: '413 Content Too Large', headers: [HTML, 'connection: close'] }),
    ],
  },
  {
    name: 'reset before the request was read',
    why: 'some of the request had gone: whether it was understood is not known',
    early: true,
    expected: CUT,
    steps: () => [RESET],
  },
];

/** What is left on a connection that was kept: it must not reach the call after it. */
export const LEFTOVERS: readonly FaultCase[] = [
  {
    name: 'content-length too short',
    why: NOT_WHOLE,
    expected: TORN,
    steps: (call) => [ok(call, Math.floor(bytesOf(call) * 0.6)), wholeBody(call)],
  },
  {
    name: 'a second answer on the same connection, at once',
    why: 'the second belongs to nobody',
    expected: WHOLE,
    steps: (call) => [Buffer.concat([wholeReply(call), wholeReply({ ...call, id: 'stray' })])],
  },
  {
    name: 'a second answer on the same connection, a little later',
    why: 'the second belongs to nobody',
    expected: WHOLE,
    steps: (call) => [wholeReply(call), TURN, wholeReply({ ...call, id: 'stray' })],
  },
  {
    name: 'garbage after the answer',
    why: UNHARMED,
    expected: WHOLE,
    steps: (call) => [Buffer.concat([wholeReply(call), Buffer.from('\u0000\u0001garbage')])],
  },
  {
    name: 'the idle connection is closed without a word',
    why: 'the answer was whole; the next call takes another connection or is tried again',
    expected: WHOLE,
    steps: (call) => [wholeReply(call), TURN, FIN],
  },
  {
    name: 'the idle connection is reset',
    why: 'the answer was whole; the next call takes another connection or is tried again',
    expected: WHOLE,
    steps: (call) => [wholeReply(call), TURN, TURN, TURN, TURN, RESET],
  },
];

/** Bodies that are no answer, or only look like none. */
const BODIES: readonly FaultCase[] = [
  ...(
    [
      ['an empty 200', ''],
      ['a blank 200', ' \r\n\t '],
      ['a web page as 200', page],
      ['null', 'null'],
      ['an array', '[1,2]'],
      ['a text', '"好"'],
      ['an empty object', '{}'],
      ['no choices', '{"output":{"choices":[]},"choices":[]}'],
      ['a choice without a message', '{"output":{"choices":[{}]},"choices":[{}]}'],
      ['JSON that is not', '{"output":undefined}'],
      ['NUL bytes', '\u0000\u0000\u0000'],
    ] as const
  ).map(([name, body]): FaultCase => ({
    name: `200 with ${name}`,
    why: 'what is no answer must not be stored as one; the call may have been billed',
    expected: BAD,
    steps: (call) => [httpReply(body, { headers: [name.includes('page') ? HTML : typeOf(call)] })],
  })),
  {
    name: '204 without a body',
    why: 'no answer, and not an error either',
    expected: BAD,
    steps: () => ['HTTP/1.1 204 No Content\r\n\r\n'],
  },
  {
    name: '206, a part',
    why: NOT_WHOLE,
    expected: TORN,
    steps: (call) => [
      httpReply(half(wholeBody(call)), { status: '206 Partial Content', headers: [typeOf(call)] }),
    ],
  },
  {
    name: 'torn JSON',
    why: NOT_WHOLE,
    mode: 'json',
    expected: BAD,
    steps: (call) => [httpReply(wholeBody(call).slice(0, -1))],
  },
  {
    name: 'JSON and more after it',
    why: 'which of the two it was is not known',
    mode: 'json',
    expected: BAD,
    steps: (call) => [httpReply(`${wholeBody(call)}${wholeBody(call)}`)],
  },
  {
    name: 'invalid UTF-8 in the answer',
    why: 'a character was lost: storing U+FFFD in its place would be a lie',
    expected: BAD,
    steps: (call) => {
      const bytes = Buffer.from(wholeBody(call));
      bytes[bytes.indexOf(Buffer.from('一'))] = 0xff;
      return [httpReply(bytes, { headers: [typeOf(call)] })];
    },
  },
  {
    name: 'UTF-16',
    why: 'JSON on the wire is UTF-8 (RFC 8259)',
    mode: 'json',
    expected: BAD,
    steps: (call) => [httpReply(Buffer.from(wholeBody(call), 'utf16le'))],
  },
  {
    name: 'a NUL inside the answer',
    why: 'JSON and events know no raw NUL',
    expected: BAD,
    steps: (call) => [
      httpReply(wholeBody(call).replace('一', '\u0000'), { headers: [typeOf(call)] }),
    ],
  },
  {
    name: 'a byte order mark before the answer',
    why: UNHARMED,
    expected: WHOLE,
    steps: (call) => [httpReply(`\uFEFF${wholeBody(call)}`, { headers: [typeOf(call)] })],
  },
  {
    name: 'gzip that nobody asked for',
    why: UNHARMED,
    expected: WHOLE,
    steps: (call) => [
      httpReply(gzipSync(wholeBody(call)), { headers: [typeOf(call), 'content-encoding: gzip'] }),
    ],
  },
  {
    name: 'torn gzip',
    why: NOT_WHOLE,
    expected: BAD,
    steps: (call) => [
      httpReply(gzipSync(wholeBody(call)).subarray(0, 40), {
        headers: [typeOf(call), 'content-encoding: gzip'],
      }),
    ],
  },
  {
    name: 'a gzip bomb',
    why: 'no answer is that long; inflated to the cap at the most',
    mode: 'json',
    expected: BAD,
    steps: (call) => {
      const bomb = Buffer.concat([Buffer.alloc(65 * MIB, ' '), Buffer.from(wholeBody(call))]);
      return [httpReply(gzipSync(bomb), { headers: [JSON_TYPE, 'content-encoding: gzip'] })];
    },
  },
  {
    name: 'a coding that is not known',
    why: 'what was said cannot be read',
    expected: BAD,
    steps: (call) => [
      httpReply(gzipSync(wholeBody(call)), { headers: [typeOf(call), 'content-encoding: zstd'] }),
    ],
  },
  {
    name: 'said to be gzip, which it is not',
    why: UNHARMED,
    expected: WHOLE,
    steps: (call) => [
      httpReply(wholeBody(call), { headers: [typeOf(call), 'content-encoding: gzip'] }),
    ],
  },
  {
    name: 'x-dashscope-partialresponse',
    why: 'the service says that it stopped before it was done',
    expected: PARTIAL,
    steps: (call) => [
      httpReply(wholeBody(call), { headers: [typeOf(call), 'x-dashscope-partialresponse: true'] }),
    ],
  },
  {
    name: 'an answer without its finish',
    why: NOT_WHOLE,
    mode: 'json',
    expected: PARTIAL,
    steps: (call) => [
      httpReply(wholeBody(call).replace('"finish_reason":"stop"', '"finish_reason":null')),
    ],
  },
  {
    name: 'a stream where JSON was asked for',
    why: UNHARMED,
    mode: 'json',
    expected: WHOLE,
    steps: (call) => [httpReply(answerFrames(call).join(''), { headers: [EVENT_STREAM] })],
  },
  {
    name: 'a stream under the type of JSON',
    why: UNHARMED,
    mode: 'stream',
    expected: WHOLE,
    steps: (call) => [httpReply(wholeBody(call), { headers: [JSON_TYPE] })],
  },
];

/** Errors, with 200 and with statuses of their own. */
const ERRORS: readonly FaultCase[] = [
  {
    name: 'an error of the line behind 200',
    why: 'the service refused the request and says why',
    expected: refused('InvalidParameter'),
    steps: (call) => [
      httpReply(JSON.stringify(errorBody(call, { code: 'InvalidParameter', message: 'top_p' })), {
        headers: [typeOf(call)],
      }),
    ],
  },
  {
    name: 'an error of the server behind 200',
    why: '200 was said before it failed: the request had been accepted',
    expected: passing('InternalError', 'possibly_billed'),
    steps: (call) => [
      httpReply(JSON.stringify(errorBody(call, { code: 'InternalError', message: 'busy' }))),
    ],
  },
  ...(
    [
      ['500 Internal Server Error', 'rejected'],
      ['502 Bad Gateway', 'possibly_billed'],
      ['503 Service Unavailable', 'rejected'],
      ['504 Gateway Timeout', 'possibly_billed'],
      ['408 Request Timeout', 'possibly_billed'],
      ['429 Too Many Requests', 'rejected'],
    ] as const
  ).flatMap(([status, billing]): FaultCase[] =>
    [page, ''].map((body) => ({
      name: `${status}, ${body === '' ? 'nothing more' : 'a web page'}`,
      why:
        billing === 'rejected'
          ? 'it was not taken'
          : 'the model behind the gateway may have gone on',
      expected: passing(`qbatch_http_${status.slice(0, 3)}`, billing),
      steps: () => [httpReply(body, { status, headers: [HTML] })],
    })),
  ),
  ...['400 Bad Request', '413 Content Too Large', '422 Unprocessable', '451 Unavailable'].map(
    (status): FaultCase => ({
      name: `${status}, torn JSON`,
      why: REFUSED,
      expected: refused(`qbatch_http_${status.slice(0, 3)}`),
      steps: () => [httpReply('{"code":"Inval', { status })],
    }),
  ),
  {
    name: '400 in invalid UTF-8',
    why: REFUSED,
    expected: refused('qbatch_http_400'),
    steps: () => [
      httpReply(Buffer.from('{"code":"\u00ff"}', 'latin1'), { status: '400 Bad Request' }),
    ],
  },
  ...['nonsense', '-5', '1e9', '', 'NaN', '0x10', 'Wed, 99 Foo 2026 00:00:00 GMT'].map(
    (value): FaultCase => ({
      name: `503 with Retry-After ${JSON.stringify(value)}`,
      why: 'it was not taken; nonsense in Retry-After says nothing',
      expected: passing('qbatch_http_503', 'rejected'),
      steps: () => [
        httpReply('', { status: '503 Service Unavailable', headers: [`retry-after: ${value}`] }),
      ],
    }),
  ),
  {
    name: '503 with Retry-After 7',
    why: 'it was not taken; the service says when to come again',
    expected: passing('qbatch_http_503', 'rejected'),
    waits: { leastMs: 7_000 },
    steps: () => [
      httpReply('', { status: '503 Service Unavailable', headers: ['retry-after: 7'] }),
    ],
  },
  {
    name: '503 with Retry-After 1000000000',
    why: 'it was not taken; no service may make a line wait for 31 years',
    expected: passing('qbatch_http_503', 'rejected'),
    waits: { leastMs: 60_000 },
    steps: () => [
      httpReply('', { status: '503 Service Unavailable', headers: ['retry-after: 1000000000'] }),
    ],
  },
  {
    name: '503 with Retry-After as a date',
    why: 'it was not taken; a date counts from the reply’s own',
    expected: passing('qbatch_http_503', 'rejected'),
    waits: { leastMs: 30_000 },
    steps: () => [
      httpReply('', {
        status: '503 Service Unavailable',
        headers: [
          'date: Tue, 06 Jan 2026 08:00:00 GMT',
          'retry-after: Tue, 06 Jan 2026 08:00:30 GMT',
        ],
      }),
    ],
  },
];

/** The frames of a stream as a gateway hands them on that is cut before `[DONE]`; natively all. */
const withoutDone = (call: FaultCall): readonly string[] =>
  answerFrames(call).filter((text) => !text.includes('[DONE]'));

const frame = (text: string): string => `data: ${text}\n\n`;

/** Streams that are not what they should be. */
const STREAMS: readonly FaultCase[] = (
  [
    {
      name: 'without its last frame',
      why: NOT_WHOLE,
      expected: TORN,
      steps: (call) => [
        httpReply(answerFrames(call).slice(0, 2).join(''), { headers: [EVENT_STREAM] }),
      ],
    },
    {
      name: '[DONE] after the first piece',
      why: NOT_WHOLE,
      expected: TORN,
      steps: (call) => [
        httpReply(`${answerFrames(call)[0] ?? ''}data: [DONE]\n\n`, { headers: [EVENT_STREAM] }),
      ],
    },
    {
      name: '[DONE] alone',
      why: MODEL_RAN,
      expected: BAD,
      steps: () => [httpReply('data: [DONE]\n\n', { headers: [EVENT_STREAM] })],
    },
    {
      name: 'cut inside an event, the body ended in order',
      why: NOT_WHOLE,
      expected: TORN,
      steps: (call) => [chunkedHead(EVENT_STREAM), chunk(half(wholeBody(call))), '0\r\n\r\n'],
    },
    {
      name: 'reset between events',
      why: NOT_WHOLE,
      expected: CUT,
      steps: (call) => [chunkedHead(EVENT_STREAM), chunk(answerFrames(call)[0] ?? ''), TURN, RESET],
    },
    {
      name: 'reset after its last frame',
      why: 'the frames said that it was all',
      expected: WHOLE,
      steps: (call) => [chunkedHead(EVENT_STREAM), chunk(wholeBody(call)), TURN, RESET],
    },
    {
      name: 'all but [DONE], the last chunk never comes',
      why: 'finish reasons and usage came: nothing was left to say but [DONE]',
      expected: WHOLE,
      steps: (call) => [chunkedHead(EVENT_STREAM), chunk(withoutDone(call).join('')), FIN],
    },
    {
      name: 'the frame with the usage and the last chunk never come',
      why: 'a finish reason alone does not say that it was all',
      expected: CUT,
      steps: (call) => [
        chunkedHead(EVENT_STREAM),
        chunk(withoutDone(call).slice(0, -1).join('')),
        FIN,
      ],
    },
    {
      name: 'all but [DONE], then the beginning of a frame and a reset',
      why: 'what began to come may have been an error',
      expected: CUT,
      steps: (call) => [
        chunkedHead(EVENT_STREAM),
        chunk(`${withoutDone(call).join('')}event:er`),
        TURN,
        RESET,
      ],
    },
    {
      name: '[DONE], then garbage without end',
      why: 'the answer was whole before it',
      expected: WHOLE,
      steps: (call) => [
        chunkedHead(EVENT_STREAM),
        chunk(`${withoutDone(call).join('')}data: [DONE]\n\n`),
        TURN,
        { flood: chunk(Buffer.alloc(100_000, 0xff)) },
      ],
    },
    {
      name: 'an error of the server in the middle',
      why: 'it failed after it had begun',
      expected: passing('InternalError', 'possibly_billed'),
      steps: (call) => [
        httpReply(
          `${answerFrames(call)[0] ?? ''}event:error\n${frame(JSON.stringify(errorBody(call, { code: 'InternalError', message: 'busy' })))}`,
          { headers: [EVENT_STREAM] },
        ),
      ],
    },
    {
      name: 'the content filter in the middle',
      why: 'tokens had come; asking again changes nothing',
      expected: () => ({
        class: 'possibly_billed',
        codes: ['DataInspectionFailed'],
        line: 'failed',
      }),
      steps: (call) => [
        httpReply(
          `${answerFrames(call)[0] ?? ''}event:error\n${frame(JSON.stringify(errorBody(call, { code: 'DataInspectionFailed', message: 'Output data may contain inappropriate content.' })))}`,
          { headers: [EVENT_STREAM] },
        ),
      ],
    },
    {
      name: 'garbage between the events',
      why: 'what was lost there is not known',
      expected: BAD,
      steps: (call) => [
        httpReply(answerFrames(call).join('data: <html>\n\n'), { headers: [EVENT_STREAM] }),
      ],
    },
    {
      name: 'comments, unknown fields and empty events between the events',
      why: UNHARMED,
      expected: WHOLE,
      steps: (call) => [
        httpReply(answerFrames(call).join(': keep-alive\n\nfoo: bar\n\ndata\n\n'), {
          headers: [EVENT_STREAM],
        }),
      ],
    },
    {
      name: 'every byte in a chunk of its own',
      why: UNHARMED,
      expected: WHOLE,
      steps: (call) => [
        chunkedHead(EVENT_STREAM),
        Buffer.concat([...Buffer.from(wholeBody(call))].map((byte) => chunk(Buffer.from([byte])))),
        '0\r\n\r\n',
      ],
    },
    {
      name: 'CRLF line ends',
      why: UNHARMED,
      expected: WHOLE,
      steps: (call) => [
        httpReply(wholeBody(call).replaceAll('\n', '\r\n'), { headers: [EVENT_STREAM] }),
      ],
    },
    {
      name: 'CR line ends',
      why: UNHARMED,
      expected: WHOLE,
      steps: (call) => [
        httpReply(wholeBody(call).replaceAll('\n', '\r'), { headers: [EVENT_STREAM] }),
      ],
    },
    {
      name: 'frames after the end',
      why: 'the answer was whole before them',
      expected: WHOLE,
      steps: (call) => [
        httpReply(
          `${wholeBody(call)}${call.protocol === 'openai' ? frame('{"choices":[]}') : ': bye\n\n'}`,
          {
            headers: [EVENT_STREAM],
          },
        ),
      ],
    },
    {
      name: 'JSON where a stream was asked for',
      why: UNHARMED,
      expected: WHOLE,
      steps: (call) => [wholeReply({ ...call, streamed: false })],
    },
    {
      name: 'a web page as a stream',
      why: 'no answer',
      expected: BAD,
      steps: () => [httpReply(page, { headers: [EVENT_STREAM] })],
    },
  ] as const satisfies readonly FaultCase[]
).map((one: FaultCase) => ({ ...one, mode: 'stream', name: `stream: ${one.name}` }));

/** Redirects to another origin; `elsewhere` must never be asked. */
export function redirects(elsewhere: string): FaultCase[] {
  return [301, 302, 303, 307, 308].map((status) => ({
    name: `${status} to another origin`,
    why: 'neither key nor prompt may go where nobody sent them',
    expected: refused(`qbatch_http_${status}`),
    steps: () => [
      httpReply('', { status: `${status} Moved`, headers: [`location: ${elsewhere}/api/v1`] }),
    ],
  }));
}

/** All that end by themselves and are small. */
export const FAULT_CASES: readonly FaultCase[] = [
  ...CUTS,
  ...FRAMING,
  ...BODIES,
  ...ERRORS,
  ...STREAMS,
];

const TIMEOUT: Outcome = () => ({
  class: 'possibly_billed',
  codes: ['qbatch_timeout'],
  line: 'answered',
});

/** What goes on for ever, ended by a deadline. */
export const HANGS: readonly FaultCase[] = (
  [
    ['hangs before the headers', () => []],
    ['hangs in the status line', () => ['HTTP/1.1 20']],
    ['hangs in the headers', (call) => [ok(call, 100).slice(0, 40)]],
    ['hangs after the headers', (call) => [ok(call, bytesOf(call))]],
    ['hangs in the body', (call) => [ok(call, bytesOf(call)), half(wholeBody(call))]],
    ['hangs after 103 Early Hints', () => ['HTTP/1.1 103 Early Hints\r\n\r\n']],
    [
      'hangs after a frame, the usage still to come',
      (call) => [chunkedHead(typeOf(call)), chunk(answerFrames(call)[0] ?? '')],
    ],
    ['hangs in a chunk', (call) => [chunkedHead(typeOf(call)), 'ff\r\n{']],
    ['hangs after the head of a chunked body', (call) => [chunkedHead(typeOf(call))]],
    ['drips a body', (call) => [ok(call, 1_000_000), { drip: ' ' }]],
    ['drips headers', () => ['HTTP/1.1 200 OK\r\n', { drip: 'x: y\r\n' }]],
    ['drips 1xx', () => [{ drip: 'HTTP/1.1 103 Early Hints\r\n\r\n' }]],
    ['drips blank lines', () => [{ drip: '\r\n' }]],
    [
      'drips comments',
      (call) => [chunkedHead(typeOf(call)), { drip: chunk(': wait\n').toString() }],
    ],
  ] as readonly (readonly [string, FaultCase['steps']])[]
).map(([name, steps]) => ({ name, why: MODEL_RAN, expected: TIMEOUT, steps }));

/** What is larger than anything an answer can be: cut at 64 MiB (guarantee 12). */
export const FLOODS: readonly FaultCase[] = [
  {
    name: 'a body of 100 MB',
    why: 'no answer is that long; what came may have been billed',
    expected: BAD,
    steps: (call) => [ok(call, 100_000_000), { flood: Buffer.alloc(MIB, 'x') }],
  },
  {
    name: 'a body without end',
    why: 'no answer is that long; what came may have been billed',
    expected: BAD,
    steps: (call) => [chunkedHead(typeOf(call)), { flood: chunk(Buffer.alloc(MIB, 'x')) }],
  },
  {
    name: 'an event without end',
    why: 'no answer is that long; what came may have been billed',
    mode: 'stream',
    expected: BAD,
    steps: (call) => [
      chunkedHead(EVENT_STREAM),
      chunk(answerFrames(call)[0] ?? ''),
      chunk('data: "'),
      { flood: chunk(Buffer.alloc(MIB, 'x')) },
    ],
  },
  {
    name: 'pieces of an answer without end',
    why: 'no answer is that long; what came may have been billed',
    mode: 'stream',
    expected: BAD,
    steps: (call) => {
      const [first = ''] = answerFrames(call, 'x'.repeat(2 * MIB));
      return [chunkedHead(EVENT_STREAM), { flood: chunk(first) }];
    },
  },
  {
    name: 'comments without end',
    why: 'no answer is that long; what came may have been billed',
    mode: 'stream',
    expected: BAD,
    steps: (call) => [
      chunkedHead(EVENT_STREAM),
      chunk(answerFrames(call)[0] ?? ''),
      { flood: chunk(Buffer.from(`: ${'x'.repeat(1000)}\n`.repeat(1000))) },
    ],
  },
];
