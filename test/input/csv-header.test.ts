import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isProblem, openLine } from '../../src/input/open-object.ts';
import { parseText } from '../helpers/parse-text.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'qbatch-csv-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Why a line that is the first of its input is invalid. */
function firstLine(text: string): string {
  return parseText(text, {}, 1).problems[0]?.message ?? '';
}

const ROWS = [
  { custom_id: 'a', prompt: '他说，"好"' },
  { custom_id: 'b', prompt: 'two\nlines, and\ta tab' },
];

/** As spreadsheets write it: a BOM, CRLF, quotes doubled. */
function table(separator: string): string {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const rows = ROWS.map((row) => [row.custom_id, quoted(row.prompt)].join(separator));
  return ['\uFEFFcustom_id' + separator + 'prompt', ...rows, ''].join('\r\n');
}

test.each([
  ['a CSV file', ','],
  ['a tab-separated file', '\t'],
  ['a semicolon-separated file', ';'],
])('%s: named as one, and the command that is told makes lines of it', (kind, separator) => {
  const message = firstLine(`custom_id${separator}prompt`);
  expect(message).toContain(`the header of ${kind}`);
  const command = /python3 -c '.*' < FILE/.exec(message)?.[0] ?? '';
  writeFileSync(path.join(folder, 'FILE'), table(separator));
  const made = spawnSync('/bin/sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
  // Where there is no Python nothing can be tried.
  if (made.status === 127) return;
  expect(made.stderr).toBe('');
  const lines = made.stdout.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(ROWS);
  for (const line of lines)
    expect(parseText(line, { model: 'qwen-plus' })).toMatchObject({ kind: 'request' });
});

test('lines that end by a CR alone, as Excel on a Mac may write them: a header still', () => {
  expect(firstLine(table(',').slice(1).replaceAll('\r\n', '\r'))).toContain(
    'the header of a CSV file',
  );
});

test.each([
  '"custom_id","prompt"',
  '编号,问题,答案',
  'custom_id,prompt,system.text',
  'prompt',
  '"问题"',
])('%s: a header', (text) => {
  expect(firstLine(text)).toContain('the header of a CSV file');
});

test('further down a line of names is text like any other', () => {
  expect(parseText('custom_id,prompt', {}, 2).problems[0]?.message).not.toContain('header');
});

test.each([
  'Hello',
  '你好',
  'a;b c',
  'Dear Sir, please answer',
  'a,1',
  '[a,b',
  '{a,b}',
  '{"a":1},{"b":2}',
])('%s: none', (text) => {
  expect(firstLine(text)).not.toContain('header');
});

test('valid lines, whatever they hold, are never asked for what they are instead', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (members) => {
      const text = JSON.stringify({ ...members, prompt: 'PAR1 BZh name,prompt\r{' });
      const opened = openLine(text, 1);
      expect(isProblem(opened) ? opened.code : '').not.toMatch(/invalid_json|invalid_utf8/);
    }),
  );
});
