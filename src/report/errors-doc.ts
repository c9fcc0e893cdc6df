import type { ErrorRule, OwnCode } from '../error-codes.ts';
import { code, inline, table } from './markdown-table.ts';

/** The languages of the page. */
export type ErrorsLanguage = 'en' | 'zh-CN';

/** The texts of one language's page. */
type Words = {
  readonly introduction: string;
  readonly service: string;
  readonly own: string;
  readonly fallback: string;
  readonly sources: string;
  readonly columns: readonly string[];
  readonly anyCode: string;
  readonly act: (row: ErrorRule | OwnCode) => string;
  readonly meaning: (row: ErrorRule | OwnCode) => string;
  readonly advice: (row: ErrorRule | OwnCode) => string;
};

const ENGLISH: Words = {
  introduction: `# Errors: what they mean, what qbatch does, what you do

[中文](errors.zh-CN.md)

Generated from the table in \`src/error-codes.ts\` by \`scripts/errors-doc.mjs\`; do not edit.

Search this page for the code in \`error.code\` of your errors file. If a code has several rows:

1. A row with a message wins if the service's text contains that message or, between slashes, matches the
   regular expression. Case does not matter.
2. Otherwise the row with the reply's HTTP status wins; if there is none, the first row does.

A code that ends with \`*\` stands for a family. A code in parentheses is the same error on the
OpenAI-compatible endpoint. If an OpenAI-compatible message begins with \`<400> SomeCode:\`, that code is
looked up too. The numbers in the last column refer to [Sources](#sources).`,
  service: "## The service's codes",
  own: "## qbatch's own codes",
  fallback: '## Replies with any other code, or none',
  sources: '## Sources',
  columns: ['HTTP', 'code', 'message', 'meaning', 'qbatch does', 'you do', 'source'],
  anyCode: 'any',
  act: actEnglish,
  meaning: (row) => row.meaning,
  advice: (row) => row.advice,
};

const CHINESE: Words = {
  introduction: `# 错误：含义、qbatch 的处理、你应当怎么做

[English](errors.md)

由 \`scripts/errors-doc.mjs\` 根据 \`src/error-codes.ts\` 中的表生成，请勿手工修改。

请用 errors 文件中的 \`error.code\` 在本页查找。同一错误码有多行时：

1. 服务返回的文字包含某一行的错误信息（斜杠之间为正则表达式）时，以该行为准，不区分大小写。
2. 否则以 HTTP 状态码相同的行为准；没有这样的行时，以第一行为准。

以 \`*\` 结尾的错误码代表一族错误码。括号中是同一错误在 OpenAI 兼容接口中的错误码。兼容接口的错误信息以
\`<400> SomeCode:\` 开头时，也按其中的错误码查找。最后一列的编号见[来源](#来源)。`,
  service: '## 服务返回的错误码',
  own: '## qbatch 自身的错误码',
  fallback: '## 其他错误码或无错误码',
  sources: '## 来源',
  columns: ['HTTP', '错误码', '错误信息', '含义', 'qbatch 的处理', '你应当', '来源'],
  anyCode: '任意',
  act: actChinese,
  meaning: (row) => row.meaningZh,
  advice: (row) => row.adviceZh,
};

/** The page `docs/errors.md`, or `docs/errors.zh-CN.md`, as Markdown: the tables, then the sources. Pure and deterministic. */
export function errorsMarkdown(
  language: ErrorsLanguage,
  rules: readonly ErrorRule[],
  own: readonly OwnCode[],
): string {
  const words = language === 'en' ? ENGLISH : CHINESE;
  const sources = sourcesOf(rules);
  const list = sources.map((source, at) => `${at + 1}. ${inline(source)}`);
  return `${[
    words.introduction,
    ...tables(rules, own, words, sources),
    words.sources,
    list.join('\n'),
  ].join('\n\n')}\n`;
}

function tables(
  rules: readonly ErrorRule[],
  own: readonly OwnCode[],
  words: Words,
  sources: readonly string[],
): readonly string[] {
  const rows = (some: readonly ErrorRule[]): string =>
    table(
      words.columns,
      some.map((rule) => ruleCells(rule, words, sources)),
    );
  const ownColumns = [words.columns[1], ...words.columns.slice(3, 6)].map((cell) => cell ?? '');
  const ownCells = own.map((row) => [
    code(row.code),
    inline(words.meaning(row)),
    words.act(row),
    inline(words.advice(row)),
  ]);
  return [
    words.service,
    rows(rules.filter((rule) => rule.code !== '*')),
    words.fallback,
    rows(rules.filter((rule) => rule.code === '*')),
    words.own,
    table(ownColumns, ownCells),
  ];
}

function ruleCells(rule: ErrorRule, words: Words, sources: readonly string[]): readonly string[] {
  return [
    statusCell(rule, words),
    codeCell(rule, words),
    messageCell(rule.messagePattern),
    inline(words.meaning(rule)),
    words.act(rule),
    inline(words.advice(rule)),
    String(sources.indexOf(sourceOf(rule)) + 1),
  ];
}

function statusCell(rule: ErrorRule, words: Words): string {
  if (rule.status === null) return words.anyCode;
  const standsForHundred = rule.code === '*' && rule.messagePattern === null;
  return standsForHundred && rule.status % 100 === 0
    ? `${rule.status} (${rule.status / 100}xx)`
    : String(rule.status);
}

function codeCell(rule: ErrorRule, words: Words): string {
  if (rule.code === '*') return words.anyCode;
  const openai = rule.openaiCode === null || rule.openaiCode === rule.code ? null : rule.openaiCode;
  return openai === null ? code(rule.code) : `${code(rule.code)} (${code(openai)})`;
}

function messageCell(pattern: string | null): string {
  if (pattern === null) return '';
  // Plain text reads better than an expression; only patterns with operators are shown as one.
  return /[\\^$.*+?()[\]{}|]/.test(pattern) ? code(`/${pattern}/`) : code(pattern);
}

function actEnglish({ action, scope }: ErrorRule | OwnCode): string {
  switch (action) {
    case 'throttle':
      return 'slows the model down and sends again; costs no attempt';
    case 'retry':
      return 'sends again, up to `--max-attempts`';
    case 'fail':
      return 'fails the line';
    case 'stop':
      return scope === 'model' ? 'parks the model, exit 77' : 'stops the job, exit 77';
    case 'reject':
      return 'rejects the line before sending';
    case 'by_status':
      return 'as the HTTP status says (table above)';
    case 'warn':
      return 'warns; rejects the line under `--strict`';
    case 'note':
      return 'notes it, sends the line';
  }
}

function actChinese({ action, scope }: ErrorRule | OwnCode): string {
  switch (action) {
    case 'throttle':
      return '对该模型降速后重发，不计入尝试次数';
    case 'retry':
      return '重发，不超过 `--max-attempts` 次';
    case 'fail':
      return '该行失败';
    case 'stop':
      return scope === 'model' ? '暂停该模型，退出码 77' : '停止作业，退出码 77';
    case 'reject':
      return '发送前拒绝该行';
    case 'by_status':
      return '按 HTTP 状态码处理（见上表）';
    case 'warn':
      return '警告；使用 `--strict` 时拒绝该行';
    case 'note':
      return '仅提示，照常发送';
  }
}

function sourceOf(rule: ErrorRule): string {
  const date = rule.date === null ? '' : `, ${rule.date}`;
  return `${rule.source}${date} (${rule.evidence})`;
}

function sourcesOf(rules: readonly ErrorRule[]): readonly string[] {
  return [...new Set(rules.map(sourceOf))];
}
