import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { LineSample } from '../../src/input/sample-lines.ts';
import { scaleOf } from '../../src/job/text-scale.ts';
import { parseLine, type Request } from '../../src/parse.ts';
import { estimateRequest, nothingSeen, textsOf } from '../../src/plan.ts';
import { type ExactTokenizer, loadExactTokenizer } from '../../src/tokenizer/exact-tokens.ts';
import { defaultsOf } from '../helpers/parse-text.ts';

const KINDS = ['chinese', 'english', 'code', 'json'] as const;
const defaults = defaultsOf({});
let tokenizer: ExactTokenizer;

beforeAll(async () => {
  tokenizer = await loadExactTokenizer();
});

function requestsOf(kind: string): Request[] {
  const lines = readFileSync(`fixtures/estimate/${kind}.jsonl`, 'utf8').trimEnd().split('\n');
  return lines.map((text, index) => {
    const parsed = parseLine(
      { lineNo: index + 1, text, bytes: Buffer.from(text), byteOffset: 0, problem: null },
      defaults,
    );
    if (parsed.kind !== 'request') throw new Error(`${kind}:${index + 1} is rejected`);
    return parsed;
  });
}

/** The template is documented: 5 tokens a message and 3 for the opened answer. */
function exactTokens(request: Request): number {
  const texts = textsOf(request);
  return texts.reduce((sum, text) => sum + tokenizer.count(text) + 5, 3);
}

function measure(requests: readonly Request[]): { total: number; p95: number; lines: number } {
  const sample = new LineSample();
  for (const request of requests) {
    const { textTokens } = estimateRequest(request, nothingSeen);
    if (sample.wants()) sample.take({ lineNo: request.lineNo, textTokens }, textsOf(request));
  }
  const pieces = sample.lines.flatMap((line) => line.pieces);
  const textScale = scaleOf(sample.lines, pieces.map(tokenizer.count));
  let estimated = 0;
  let exact = 0;
  const errors = requests.map((request) => {
    const { inputTokens } = estimateRequest(request, nothingSeen, { textScale });
    const counted = exactTokens(request);
    estimated += inputTokens;
    exact += counted;
    return Math.abs(inputTokens / counted - 1);
  });
  errors.sort((a, b) => a - b);
  const p95 = errors[Math.ceil(errors.length * 0.95) - 1] ?? 0;
  return { total: Math.abs(estimated / exact - 1), p95, lines: requests.length };
}

describe('the estimate of input tokens, scaled by a sample, against exact counts', () => {
  it.each([...KINDS, KINDS.join(' ')])(
    'is within 3 %% in total and 10 %% a line at the 95th percentile: %s',
    (kinds) => {
      const measured = measure(kinds.split(' ').flatMap(requestsOf));
      expect(measured.lines).toBeGreaterThan(15);
      expect(measured.total).toBeLessThan(0.03);
      expect(measured.p95).toBeLessThan(0.1);
    },
  );
});
