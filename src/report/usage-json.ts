import { jsonText } from '../json/json-text.ts';
import type { UsageMeasures, UsageReport } from './usage-report.ts';

function measuresOf(measures: UsageMeasures): UsageMeasures {
  return {
    lines: measures.lines,
    answered: measures.answered,
    failed: measures.failed,
    attempts: measures.attempts,
    input_tokens: measures.input_tokens,
    output_tokens: measures.output_tokens,
    total_tokens: measures.total_tokens,
    cached_tokens: measures.cached_tokens,
    reasoning_tokens: measures.reasoning_tokens,
    cache_hit_share: measures.cache_hit_share,
    cost: measures.cost,
    cost_per_answered_line: measures.cost_per_answered_line,
    currency: measures.currency,
    possibly_billed: measures.possibly_billed,
    latency_ms: measures.latency_ms,
    call_input_tokens: measures.call_input_tokens,
    call_output_tokens: measures.call_output_tokens,
  };
}

/**
 * The report as the public JSON object on one line with its line break (cli.md section 7): in each
 * group the by-keys stand beside the measures, under the names they were asked for by.
 */
export function usageJson(report: UsageReport): string {
  const groups = report.groups.map((group) => {
    const keys = report.by.map((name, index) => [name, group.keys[index] ?? null] as const);
    return { ...Object.fromEntries(keys), ...measuresOf(group) };
  });
  return `${jsonText({ schema: report.schema, groups, totals: report.totals.map(measuresOf) })}\n`;
}
