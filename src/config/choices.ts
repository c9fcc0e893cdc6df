/* The choices of flags and settings that are enumerations: for help, shell completion, parsing and their types. */

export const REGIONS = [
  'beijing',
  'singapore',
  'virginia',
  'finance',
  'frankfurt',
  'tokyo',
] as const;
export const PROTOCOLS = ['auto', 'dashscope', 'openai'] as const;
export const ORDERS = ['input', 'settled'] as const;
export const AMBIGUOUS_ACTIONS = ['retry', 'fail'] as const;
export const CURRENCIES = ['CNY', 'USD'] as const;
export const PROGRESS_MODES = ['auto', 'tty', 'lines', 'json', 'none'] as const;
export const COLOR_MODES = ['auto', 'always', 'never'] as const;

export const REPORT_FORMATS = ['table', 'csv', 'json', 'markdown', 'html', 'parquet'] as const;
export const EXPORTED = ['results', 'errors', 'attempts'] as const;
export const EXPORT_FORMATS = ['jsonl', 'csv', 'parquet'] as const;
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
