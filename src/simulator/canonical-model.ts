/**
 * Snapshots that have an alias without the year (`qwen-plus-0112`), by the prefix before the date. Source: model list (Feb
 * and Aug 2026).
 */
const SNAPSHOTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['qvq-max', ['2025-03-25', '2025-05-15']],
  ['qvq-plus', ['2025-05-15']],
  ['qwen-coder-plus', ['2024-11-06']],
  ['qwen-coder-turbo', ['2024-09-19']],
  ['qwen-long', ['2025-01-25']],
  ['qwen-max', ['2024-04-28', '2024-09-19', '2025-01-25']],
  ['qwen-omni-turbo', ['2025-01-19', '2025-03-26']],
  [
    'qwen-plus',
    [
      '2024-12-20',
      '2025-01-12',
      '2025-01-25',
      '2025-04-28',
      '2025-07-14',
      '2025-07-28',
      '2025-09-11',
      '2025-12-01',
    ],
  ],
  ['qwen-turbo', ['2024-11-01', '2025-02-11', '2025-04-28', '2025-07-15']],
  [
    'qwen-vl-max',
    ['2024-11-19', '2024-12-30', '2025-01-25', '2025-04-02', '2025-04-08', '2025-08-13'],
  ],
  ['qwen-vl-ocr', ['2024-10-28', '2025-04-13', '2025-08-28', '2025-11-20']],
  ['qwen-vl-plus', ['2025-01-02', '2025-01-25', '2025-05-07', '2025-07-10', '2025-08-15']],
  ['qwen3-omni-flash', ['2025-09-15', '2025-12-01']],
  ['qwq-plus', ['2025-03-05']],
]);

/** The full snapshot name for such an alias; other names unchanged. */
export function canonicalModel(model: string): string {
  const [, family = '', month, day] = /^(.+)-(\d\d)(\d\d)$/.exec(model) ?? [];
  const date = SNAPSHOTS.get(family)?.find((one) => one.endsWith(`-${month}-${day}`));
  return date === undefined ? model : `${family}-${date}`;
}
