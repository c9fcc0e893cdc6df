import { jsonText } from '../json/json-text.ts';
import type { UsageReport } from './usage-report.ts';

/**
 * The report as the public JSON object on one line with its line break (cli.md section 7): in each group the by-keys are
 * beside the measures, named as requested.
 */
export function usageJson(report: UsageReport): string {
  const { schema, by, totals } = report;
  const groups = report.groups.map(({ keys, ...measures }) => {
    const named = by.map((name, index) => [name, keys[index] ?? null] as const);
    return { ...Object.fromEntries(named), ...measures };
  });
  return `${jsonText({ schema, groups, totals })}\n`;
}
