import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  NO_DIRECTIVES,
  readDirectives,
  stripDirectives,
  TRANSPORT_FAULTS,
} from '../../src/simulator/directives.ts';

describe('readDirectives', () => {
  test('ordinary prompts: nothing is asked for', () => {
    expect(readDirectives(['请总结这份合同的要点。', 'Translate [[this]] please'])).toBe(
      NO_DIRECTIVES,
    );
  });

  test('items of one directive, blanks or commas: all are read', () => {
    const text =
      '请翻译。[[simulate: error=Throttling.RateQuota, times=2 latency=1.5s retry-after=3]]';
    expect(readDirectives([text])).toEqual({
      ...NO_DIRECTIVES,
      error: 'Throttling.RateQuota',
      times: 2,
      latencyMs: 1500,
      retryAfter: '3',
    });
  });

  test('several directives in several messages: they add up and the later wins', () => {
    const texts = [
      '[[simulate: output=300]]',
      'Hello [[simulate: output=40]] world [[simulate: late hang]]',
    ];
    expect(readDirectives(texts)).toEqual({
      ...NO_DIRECTIVES,
      outputTokens: 40,
      late: true,
      fault: 'hang',
    });
  });

  test('quoted value: blanks and commas stay in it', () => {
    const text =
      '[[simulate: error="NOT AUTHORIZED" message="Free allocated quota exceeded, stop."]]';
    expect(readDirectives([text])).toMatchObject({
      error: 'NOT AUTHORIZED',
      message: 'Free allocated quota exceeded, stop.',
      problem: null,
    });
  });

  test.each([
    ['status=200 status=599', { status: 599 }],
    ['cached=0, pace=50ms', { cachedTokens: 0, paceMs: 50 }],
    ['latency=3600s output=200000', { latencyMs: 3_600_000, outputTokens: 200_000 }],
    ['times=1000000 echo-key', { times: 1_000_000, echoKey: true }],
    ...TRANSPORT_FAULTS.map((fault) => [fault, { fault }] as const),
  ] as const)('"%s": that, and nothing else', (inner, asked) => {
    expect(readDirectives([`[[simulate:${inner}]]`])).toEqual({ ...NO_DIRECTIVES, ...asked });
  });

  test.each([
    'expode',
    '',
    'status=abc',
    'status=99',
    'status=600',
    'times=0',
    'times=1000001',
    'late=1',
    'cached=-1',
    'pace=',
    'output=0',
    'output=200001',
    'latency=-1',
    'latency=3601s',
    'hang=1',
    'hang ???',
    'retry-after="\u0007"',
  ])('"%s": a problem that names what is known', (inner) => {
    expect(readDirectives([`[[simulate:${inner}]]`]).problem).toContain('known: error=CODE');
  });
});

describe('stripDirectives', () => {
  test('a prompt with directives: only the prompt is left', () => {
    expect(stripDirectives('写一首诗[[simulate: hang]]，要押韵 [[simulate: times=2]]')).toBe(
      '写一首诗 ，要押韵',
    );
  });
});

/** Where a directive begins and ends, as a pattern: slow where many begin and none ends. */
const GRAMMAR = /\[\[simulate:([^\]]*)\]\]/g;

/** Texts of a few thousand characters at most, in which directives begin, end and overlap. */
const broken = fc
  .array(fc.constantFrom('[[simulate:', ' hang', 'x', ' ', '[', ']', ']]', '请'), { maxLength: 30 })
  .map((parts) => parts.join(''));

describe('texts in which many directives begin', () => {
  test('any mixture of brackets: what the grammar calls a directive is one, and nothing else', () => {
    fc.assert(
      fc.property(broken, (text) => {
        const all = [...text.matchAll(GRAMMAR)].map(([, inner = '']) => inner.trim());
        const isUnderstood = all.every((inner) => /^hang(?:\s+hang)*$/.test(inner));
        expect(stripDirectives(text)).toBe(
          text.includes('[[simulate:') ? text.replace(GRAMMAR, ' ').trim() : text,
        );
        expect(readDirectives([text]).problem === null).toBe(isUnderstood);
      }),
      { numRuns: 2000 },
    );
  });

  test('four million characters and no end: read in a moment, not in hours', () => {
    const text = '[[simulate:'.repeat(400_000);
    // Ends what would keep the process busy; a test's own time limit cannot.
    const read = (use: () => unknown): unknown =>
      runInNewContext('use()', { use }, { timeout: 20_000 });
    expect(read(() => readDirectives([text]).problem)).toBeNull();
    expect(read(() => stripDirectives(text).length)).toBe(text.length);
    expect(read(() => stripDirectives(`${text} hang]]`))).toBe('');
  });
});
