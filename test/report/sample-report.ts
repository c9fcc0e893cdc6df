import type { UsageMeasures, UsageReport } from '../../src/report/usage-report.ts';
import { HOSTILE } from '../reporters/sample-events.ts';

/** What a group of lines came to. */
export const MEASURES: UsageMeasures = {
  lines: 1_200,
  answered: 1_190,
  failed: 10,
  attempts: 1_260,
  input_tokens: 90_000,
  output_tokens: 30_000,
  total_tokens: 120_000,
  cached_tokens: null,
  reasoning_tokens: 4_096,
  cache_hit_share: 0.1234,
  cost: '4.310000',
  cost_per_answered_line: '0.003621848739',
  currency: 'CNY',
  unpriced_lines: 0,
  possibly_billed: { lines: 2, attempts: 3, tokens: 800, amount: '0.012345', unpriced_attempts: 0 },
  latency_ms: { p50: 812, p90: 3_300, p95: 4_020, p99: 9_001 },
  call_input_tokens: { p50: 70, p90: 95, p99: 120 },
  call_output_tokens: { p50: 24, p90: 48, p99: 64 },
};

/** The same without prices and measured times. */
export const UNPRICED: UsageMeasures = {
  ...MEASURES,
  cache_hit_share: null,
  cost: null,
  cost_per_answered_line: null,
  currency: null,
  unpriced_lines: 1_190,
  possibly_billed: { lines: 0, attempts: 0, tokens: 0, amount: null, unpriced_attempts: 0 },
  latency_ms: { p50: null, p90: null, p95: null, p99: null },
};

/** Groups with awkward keys, totals in two currencies. */
export const REPORT: UsageReport = {
  schema: 1,
  by: ['model', 'tag:小组'],
  groups: [
    { ...MEASURES, keys: ['qwen-plus', '语文,"甲"\n组'] },
    { ...UNPRICED, keys: ['my|model', null] },
    { ...UNPRICED, keys: ['=HYPERLINK("http://x")', HOSTILE] },
  ],
  totals: [MEASURES, { ...MEASURES, cost: '0.500000', currency: 'USD' }],
  jobs: { total: 3, simulated: 0 },
};

/** Without by-keys: one group, which is the total. */
export const NO_KEYS: UsageReport = {
  schema: 1,
  by: [],
  groups: [{ ...MEASURES, keys: [] }],
  totals: [MEASURES],
  jobs: { total: 1, simulated: 0 },
};
