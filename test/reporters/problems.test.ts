import { expect, test } from 'vitest';
import type { LineProblem } from '../../src/problem.ts';
import { problemsText } from '../../src/reporters/problems.ts';
import { HOSTILE, TERMINAL_CONTROL } from './sample-events.ts';

function problem(over: Partial<LineProblem> = {}): LineProblem {
  return {
    line: 12,
    custom_id: '题目-12',
    severity: 'error',
    path: 'parameters.top_p',
    code: 'qbatch_invalid_request',
    message: 'top_p is 3: must be above 0 and at most 1',
    ...over,
  };
}

test('problemsText: one error, file:line, id, place and reason', () => {
  const text = problemsText([problem()], { error: 1, warning: 0, note: 0 }, '题库.jsonl');
  expect(text).toBe(
    '题库.jsonl:12 题目-12: error: parameters.top_p: top_p is 3: must be above 0 and at most 1 [qbatch_invalid_request]\n' +
      '题库.jsonl: 1 error\n',
  );
});

test('problemsText: the same problem with other values in 37 lines, told once', () => {
  const problems = Array.from({ length: 37 }, (_, index) =>
    problem({
      line: 12 + index,
      path: `messages[${index}].role`,
      message: `role is "bot${index}": must be one of system, user, assistant, tool`,
    }),
  );
  const text = problemsText(problems, { error: 37, warning: 0, note: 0 }, 'in.jsonl');
  expect(text.split('\n')).toHaveLength(4);
  expect(text).toContain('in.jsonl:12 题目-12: error: messages[0].role: role is "bot0"');
  expect(text).toContain('  and in 36 more lines: 13, 14, 15, 16, 17, 18, 19, 20, ...\n');
  expect(text).toContain('in.jsonl: 37 errors\n');
});

test('problemsText: different places or rules are told apart', () => {
  const problems = [
    problem(),
    problem({ line: 13, path: 'parameters.temperature', message: 'temperature is 3' }),
    problem({ line: 14, message: 'top_p is a string: must be a number' }),
    problem({ line: 12, message: 'top_p is 4: must be above 0 and at most 1' }),
  ];
  const text = problemsText(problems, { error: 4, warning: 0, note: 0 }, 'in.jsonl');
  expect(text.match(/: error: /gu)).toHaveLength(3);
  expect(text).toContain('  and 1 more in this line\n');
});

test('problemsText: more than twenty kinds, errors stay, last, and the rest is counted', () => {
  const notes = Array.from('abcdefghijklmnopqrst', (letter) =>
    problem({ line: 3, severity: 'note', path: `parameters.${letter}`, message: 'no effect here' }),
  );
  const problems = [
    problem({ line: 1, severity: 'warning', path: 'parameters.foo', message: 'unknown parameter' }),
    problem({ line: 2 }),
    ...notes,
    problem({ line: 4, severity: 'error', path: 'model', message: 'no model given' }),
  ];
  const counts = { error: 2, warning: 1, note: 20 };
  const lines = problemsText(problems, counts, 'in.jsonl').trimEnd().split('\n');
  expect(lines).toHaveLength(1 + 20 + 1);
  expect(lines[0]).toContain('3 more kinds of problem not shown');
  expect(lines[1]).toContain('parameters.a: ');
  expect(lines[17]).toContain('parameters.q: ');
  expect(lines[18]).toContain('in.jsonl:1 ');
  expect(lines[19]).toContain('in.jsonl:2 ');
  expect(lines[20]).toContain('in.jsonl:4 ');
  expect(lines[21]).toBe('in.jsonl: 2 errors, 1 warning, 20 notes');
});

test('problemsText: only warnings and an unreadable id', () => {
  const warning = problem({
    severity: 'warning',
    custom_id: null,
    path: '',
    message: 'thinking on',
  });
  const text = problemsText([warning], { error: 0, warning: 1, note: 0 }, 'in.jsonl');
  expect(text).toContain('in.jsonl:12: warning: thinking on');
  expect(text).toContain('in.jsonl: 1 warning\n');
});

test('problemsText: nothing found, nothing said', () => {
  expect(problemsText([], { error: 0, warning: 0, note: 0 }, 'in.jsonl')).toBe('');
});

test('problemsText: hostile id, place, message and file name, no control character', () => {
  const hostile = problem({ custom_id: HOSTILE, path: HOSTILE, message: HOSTILE, code: HOSTILE });
  const text = problemsText([hostile], { error: 1, warning: 0, note: 0 }, HOSTILE);
  expect(text).not.toMatch(TERMINAL_CONTROL);
  expect(text.trimEnd().split('\n')).toHaveLength(2);
});

test.each([
  ['prompts.csv', 'jq -c . prompts.csv makes'],
  ["my prompts' 1.csv", String.raw`jq -c . 'my prompts'\'' 1.csv' makes`],
  ['-dash.csv', 'jq -c . ./-dash.csv makes'],
  [
    'my prompts.gz',
    "jq -c . FILE makes lines of it; FILE is what is packed: gzip -dc 'my prompts.gz' > FILE",
  ],
  ['-', 'jq -c . FILE makes'],
  ['/dev/fd/63', 'jq -c . FILE makes'],
])('problemsText: a command for the input %s can be copied', (input, told) => {
  const found = problem({
    path: '',
    code: 'qbatch_invalid_json',
    message: 'not valid JSON: it ends too early; jq -c . FILE makes lines of it',
  });
  expect(problemsText([found], { error: 1, warning: 0, note: 0 }, input)).toContain(told);
});

test('problemsText: FILE in what a line itself holds stays as it is', () => {
  const found = problem({ message: 'model is "FILE"' });
  expect(problemsText([found], { error: 1, warning: 0, note: 0 }, 'in.jsonl')).toContain(
    'model is "FILE"',
  );
});
