import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createSseParser } from '../../src/protocols/sse.ts';
import type { SseEvent } from '../../src/protocols/sse.ts';

function parse(
  chunks: readonly Buffer[],
  eventBytesMax?: number,
): { events: SseEvent[]; problem: string | null } {
  const events: SseEvent[] = [];
  const parser = createSseParser((event) => events.push(event), eventBytesMax);
  for (const chunk of chunks) parser.push(chunk);
  parser.end();
  return { events, problem: parser.problem() };
}

const parseText = (text: string): SseEvent[] => parse([Buffer.from(text)]).events;

const NATIVE =
  'id:1\nevent:result\n:HTTP_STATUS/200\ndata:{"text":"你好😀"}\n\n' +
  'id:2\nevent:error\n:HTTP_STATUS/400\ndata:{"code":"InvalidParameter"}\n\n';
const NATIVE_EVENTS: SseEvent[] = [
  { event: 'result', statusCode: 200, data: '{"text":"你好😀"}' },
  { event: 'error', statusCode: 400, data: '{"code":"InvalidParameter"}' },
];

describe('createSseParser', () => {
  test('native frames: event, status from the comment, data', () => {
    expect(parseText(NATIVE)).toEqual(NATIVE_EVENTS);
  });

  test('compatible chunks: one space after the colon is not data', () => {
    expect(
      parseText('data: {"a":1}\n\ndata:  x\n\ndata: [DONE]\n\n').map(({ data }) => data),
    ).toEqual(['{"a":1}', ' x', '[DONE]']);
  });

  test('lost blank lines: cut at the next id', () => {
    expect(parseText(NATIVE.replaceAll('\n\n', '\n'))).toEqual(NATIVE_EVENTS);
  });

  test('any line ends, split anywhere, inside characters too: the same events', () => {
    const ends = fc.constantFrom('\n', '\r\n', '\r');
    fc.assert(
      fc.property(ends, fc.array(fc.nat(200), { maxLength: 8 }), (end, cuts) => {
        const bytes = Buffer.from(NATIVE.replaceAll('\n', end));
        const places = [
          0,
          ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b),
          bytes.length,
        ];
        const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
        expect(parse(chunks).events).toEqual(NATIVE_EVENTS);
      }),
      { numRuns: 300 },
    );
  });

  test('lines of any length with any ends, in one chunk: the same events', () => {
    const lengths = [0, 1, 500, 505, 506, 507, 508, 512, 4_096, 16_384, 16_890, 16_896, 40_000];
    const texts = lengths.map((length) => `${length}${'x'.repeat(length)}`);
    for (const end of ['\n', '\r', '\r\n']) {
      const events = parseText(texts.map((text) => `data:${text}${end}${end}`).join(''));
      expect(events.map(({ data }) => data)).toEqual(texts);
    }
  });

  test('long lines that end with a carriage return, in one chunk of megabytes: each is looked through but once', () => {
    // Were all of the chunk searched for a line feed at each line, these would be 120 GB.
    const line = `data:${'x'.repeat(600)}\r\r`;
    expect(parseText(line.repeat(20_000))).toHaveLength(20_000);
  });

  test('a buffer used again after push: the parser kept its own copy', () => {
    const reused = Buffer.from('data:{"city":');
    const events: SseEvent[] = [];
    const parser = createSseParser((event) => events.push(event));
    parser.push(reused);
    reused.fill(0x58);
    parser.push(Buffer.from('"杭州"}\n\n'));
    expect(events[0]?.data).toBe('{"city":"杭州"}');
  });

  test('several data lines: joined by a line feed', () => {
    expect(parseText('data: {"a":\ndata: 1}\n\n')[0]?.data).toBe('{"a":\n1}');
  });

  test('a byte order mark, comments, retry, an unknown field: skipped', () => {
    expect(parseText('\uFEFF: ping\n\nretry: 100\nwhat: ever\ndata\n\n')).toEqual([
      { event: null, statusCode: null, data: '' },
    ]);
  });

  test('no line end at the end: the last event is delivered', () => {
    expect(parseText('data: [DONE]')[0]?.data).toBe('[DONE]');
  });

  test('bytes that are no UTF-8: a problem, and nothing more is delivered', () => {
    const torn = Buffer.from('data:{"a":"杭"}\n\n');
    const bytes = Buffer.concat([
      Buffer.from('data:1\n\n'),
      torn.subarray(0, 12),
      Buffer.from('"}\n\ndata:2\n\n'),
    ]);
    const { events, problem } = parse([bytes]);
    expect(events.map(({ data }) => data)).toEqual(['1']);
    expect(problem).toContain('UTF-8');
  });

  test('an event beyond the cap: a problem, however it is cut; many small ones are none', () => {
    const big = Buffer.from(`data:${'x'.repeat(100)}\n\n`);
    expect(parse([big], 64).problem).toContain('64 bytes');
    expect(
      parse(
        [...big].map((byte) => Buffer.from([byte])),
        64,
      ).problem,
    ).toContain('64 bytes');
    expect(parse([Buffer.from('data:12345\n\n'.repeat(50))], 64).problem).toBeNull();
  });
});
