import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { nothingSeen, type PlannedLine, planLine } from '../src/plan.ts';
import { createPricing } from '../src/pricing.ts';
import { defaultsOf, requestOf } from './helpers/parse-text.ts';

const MIB = 1024 * 1024;
const LINES = 24;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('planned lines of a mebibyte with metadata: of the text of a line its metadata alone is kept', () => {
  const pricing = createPricing(defaultsOf().catalog, 'cn', 'CNY');
  const planned = (index: number): PlannedLine =>
    planLine(
      requestOf({
        custom_id: `line ${index}`,
        model: 'qwen-plus',
        prompt: 'x'.repeat(MIB),
        metadata: { note: `a note of some length, number ${index}` },
      }),
      null,
      { pricing, outputSeen: nothingSeen },
    );
  planned(0);
  collect();
  const before = process.memoryUsage().heapUsed;
  const lines = Array.from({ length: LINES }, (_, index) => planned(index));
  collect();
  const kept = process.memoryUsage().heapUsed - before;
  expect(lines[7]?.metadata).toBe('{"note":"a note of some length, number 7"}');
  // The bodies are bytes outside the heap.
  expect(kept).toBeLessThan((LINES / 4) * MIB);
});
