import { describe, expect, test } from 'vitest';
import { NO_DIRECTIVES, readDirectives, stripDirectives } from '../../src/simulator/directives.ts';

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
    'expode',
    '',
    'status=abc',
    'status=99',
    'times=0',
    'output=0',
    'output=200001',
    'latency=-1',
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
