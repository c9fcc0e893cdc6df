import { expect, test } from 'vitest';
import { usageJson } from '../../src/report/usage-json.ts';
import { HOSTILE } from '../reporters/sample-events.ts';
import { MEASURES, REPORT, UNPRICED } from './sample-report.ts';

test('usageJson: the public shape, by-keys beside the measures', () => {
  const written = usageJson(REPORT);
  expect(written.indexOf('\n')).toBe(written.length - 1);
  expect(written.slice(0, -1)).not.toMatch(/[\p{Cc}\u202E]/u);
  expect(JSON.parse(written)).toEqual({
    schema: 1,
    groups: [
      { model: 'qwen-plus', 'tag:小组': '语文,"甲"\n组', ...MEASURES },
      { model: 'my|model', 'tag:小组': null, ...UNPRICED },
      { model: '=HYPERLINK("http://x")', 'tag:小组': HOSTILE, ...UNPRICED },
    ],
    totals: [MEASURES, { ...MEASURES, cost: '0.500000', currency: 'USD' }],
  });
  expect(written.startsWith('{"schema":1,"groups":[{"model":"qwen-plus",')).toBe(true);
});
