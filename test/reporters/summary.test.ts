import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { summaryText } from '../../src/reporters/summary.ts';
import { HOSTILE, TERMINAL_CONTROL, jobEnd } from './sample-events.ts';

const PLAIN = { color: false, width: 100 };

function linesOf(text: string): string[] {
  expect(text.endsWith('\n')).toBe(true);
  return text.slice(0, -1).split('\n');
}

test('summaryText: finished with failures, counts and the next command are the last lines', () => {
  const lines = linesOf(summaryText(jobEnd(), PLAIN));
  expect(lines.slice(-2)).toEqual([
    '412 answered, 3 failed, 0 rejected of 415 lines in 3m 12s',
    'next: qbatch retry /数据/exam.qbatch.db',
  ]);
});

test('summaryText: rejected lines to mend come after the next command, or stand for it', () => {
  const last = (next: string | null): string | undefined =>
    linesOf(summaryText({ ...jobEnd({ next }), mend: 'mend them' }, PLAIN)).at(-1);
  expect(last(null)).toBe('next: mend them');
  expect(last('qbatch retry a')).toBe('or: mend them');
});

test('summaryText: files, tokens, cost and what was possibly billed apart', () => {
  const text = summaryText(jobEnd(), PLAIN);
  expect(text).toContain('results  /数据/exam.results.jsonl\n');
  expect(text).toContain('errors   /数据/exam.errors.jsonl\n');
  expect(text).toContain('ledger   /数据/exam.qbatch.db\n');
  expect(text).toContain(
    '900,000 in (2,048 cached), 300,000 out, 1,200,000 in all, 431 attempts\n',
  );
  expect(text).toContain('cost     4.31 CNY\n');
  expect(text).toContain(
    'besides  0.012345 CNY possibly billed without an answer: 3 attempts on 2 lines, 1,200 tokens\n',
  );
});

test('summaryText: failures grouped by code with their first line', () => {
  const text = summaryText(jobEnd(), PLAIN);
  expect(text).toContain(
    '2 lines: InvalidParameter: temperature must be below 2; first: line 12\n',
  );
  expect(text).toContain(
    '1 line: DataInspectionFailed: 输入数据可能包含不当内容; first: line 40\n',
  );
});

test('summaryText: everything answered, last line is the good news', () => {
  const { summary } = jobEnd();
  const good = jobEnd({
    summary: {
      ...summary,
      lines: { total: 415, answered: 415, failed: 0, rejected: 0, open: 0 },
      possibly_billed: {
        lines: 0,
        attempts: 0,
        tokens: 0,
        amount: '0.000000',
        unpriced_attempts: 0,
      },
    },
    failures: [],
    exitCode: 0,
    next: null,
  });
  const lines = linesOf(summaryText(good, PLAIN));
  expect(lines.at(-1)).toBe('415 answered, 0 failed, 0 rejected of 415 lines in 3m 12s');
  expect(lines.join('\n')).not.toContain('possibly billed');
});

test('summaryText: the cost of a simulated run is marked, priced wholly or in part', () => {
  const { summary } = jobEnd();
  for (const unpriced of [0, 7]) {
    const cost = { amount: '2.500000', currency: 'CNY', unpriced_lines: unpriced };
    const text = (simulated: boolean): string =>
      summaryText(jobEnd({ summary: { ...summary, cost, simulated } }), PLAIN);
    expect(text(true)).toContain('cost     2.50 CNY (simulated: nothing was billed)');
    expect(text(false)).not.toContain('simulated');
  }
});

test('summaryText: possibly billed calls without a price are not hidden in the amount of the others', () => {
  const { summary } = jobEnd();
  const text = (unpriced: number): string =>
    summaryText(
      jobEnd({
        summary: {
          ...summary,
          possibly_billed: { ...summary.possibly_billed, unpriced_attempts: unpriced },
        },
      }),
      PLAIN,
    );
  expect(text(0)).toMatch(/3 attempts on 2 lines, 1,200 tokens\n/u);
  expect(text(2)).toMatch(
    /3 attempts on 2 lines, 1,200 tokens, not counting 2 attempts without a known price\n/u,
  );
});

test('summaryText: stopped with unpriced lines, results printed, no usage: says so instead of zeros', () => {
  const { summary } = jobEnd();
  const nothing = {
    input_tokens: null,
    output_tokens: null,
    total_tokens: null,
    cached_tokens: null,
    reasoning_tokens: null,
  };
  const stopped = jobEnd({
    summary: {
      ...summary,
      lines: { total: 415, answered: 10, failed: 0, rejected: 0, open: 405 },
      usage: nothing,
      cost: { amount: '1234.500000', currency: 'USD', unpriced_lines: 7 },
      possibly_billed: { lines: 1, attempts: 1, tokens: 0, amount: null, unpriced_attempts: 1 },
      outputs: { results: null, errors: 'exam.errors.jsonl' },
      stopped: { reason: 'signal', code: 130, message: 'interrupted' },
    },
    failures: [],
    exitCode: 130,
    next: 'qbatch run exam.jsonl',
  });
  const text = summaryText(stopped, PLAIN);
  expect(text).toContain('results  printed\n');
  expect(text).toContain('tokens   none reported, 431 attempts\n');
  expect(text).toContain(
    '1,234.50 USD, not counting 7 lines without a known price or reported tokens',
  );
  expect(text).toContain('price unknown possibly billed without an answer: 1 attempt on 1 line');
  expect(text).toContain(
    'stopped: interrupted; 10 answered, 0 failed, 0 rejected, 405 open of 415',
  );
});

test('summaryText: stopped for a reason that quotes a stranger: what to do next, at its end, is told too', () => {
  const { summary } = jobEnd();
  const message = `no model service answers at ${'https://gateway.example/qwen/api/v1 '.repeat(4)}: ${'<html>'.repeat(40)}; check --base-url`;
  const stopped = { reason: 'endpoint', code: 78, message } as const;
  const text = summaryText(jobEnd({ summary: { ...summary, stopped }, exitCode: 78 }), PLAIN);
  expect(text).toContain('; check --base-url; ');
});

test('summaryText: how far off the estimates were, with a price and without', () => {
  const { summary } = jobEnd();
  const estimate = {
    lines: 400,
    input_tokens: { estimated: 1_000, actual: 1_021 },
    output_tokens: { estimated: 204_800, actual: 51_200 },
    cost: { estimated: '2.000000', actual: '2.000000' },
  };
  expect(summaryText(jobEnd({ summary: { ...summary, estimate } }), PLAIN)).toContain(
    `expected 2.00 ${summary.cost.currency} for 400 answers; they cost as expected (tokens: input 2.1% more, output 75% less)\n`,
  );
  const unpriced = { ...summary, estimate: { ...estimate, cost: null } };
  expect(summaryText(jobEnd({ summary: unpriced }), PLAIN)).toContain(
    'expected of 400 answers, tokens: input 2.1% more, output 75% less\n',
  );
  expect(summaryText(jobEnd(), PLAIN)).not.toContain('expected');
});

test('summaryText: many codes, ten are shown and the rest counted', () => {
  const failures = Array.from({ length: 14 }, (_, index) => ({
    code: `Code${index}`,
    lines: 14 - index,
    example: 'bad',
    line: index + 1,
  }));
  const text = summaryText(jobEnd({ failures }), PLAIN);
  expect(text).toContain('5 lines: Code9: bad; first: line 10\n');
  expect(text).not.toContain('Code10');
  expect(text).toContain('10 lines: 4 other codes, see the errors file\n');
});

test('summaryText: hostile code, message and paths, no control character comes through', () => {
  const { summary } = jobEnd();
  const event = jobEnd({
    summary: {
      ...summary,
      ledger: HOSTILE,
      outputs: { results: HOSTILE, errors: HOSTILE },
      stopped: { reason: 'x', code: 77, message: HOSTILE },
    },
    failures: [{ code: HOSTILE, lines: 3, example: HOSTILE, line: 1 }],
    next: HOSTILE,
  });
  expect(summaryText(event, PLAIN)).not.toMatch(TERMINAL_CONTROL);
});

test('summaryText: a long message is cut to the width, colour changes no text', () => {
  const example = 'parameters.temperature 取值必须在 0 到 2 之间 '.repeat(20);
  const event = jobEnd({ failures: [{ code: 'InvalidParameter', lines: 37, example, line: 12 }] });
  const line = linesOf(summaryText(event, PLAIN)).find((text) => text.startsWith('37 lines'));
  expect(line).toMatch(/\.\.\.; first: line 12$/u);
  expect(line?.length).toBeLessThanOrEqual(100);
  const colored = summaryText(event, { color: true, width: 100 });
  expect(colored).not.toBe(summaryText(event, PLAIN));
  expect(stripVTControlCharacters(colored)).toBe(summaryText(event, PLAIN));
});

test('summaryText: output files that wait to be replaced are not passed off as those of this run', () => {
  const { summary } = jobEnd();
  const outputs = { ...summary.outputs, results: null };
  const note = (event: ReturnType<typeof jobEnd>): string | undefined =>
    linesOf(summaryText(event, PLAIN)).find((line) => line.startsWith('note'));
  expect(note(jobEnd())).toBeUndefined();
  expect(note(jobEnd({ filesWait: true }))).toContain('still the earlier ones');
  expect(note(jobEnd({ filesWait: true, summary: { ...summary, outputs } }))).toContain(
    'the errors file is still the earlier one',
  );
});

test('summaryText: an estimate a thousand times too high is not rounded to nothing used', () => {
  const { summary } = jobEnd();
  const estimate = {
    lines: 1,
    input_tokens: { estimated: 1_000, actual: 0 },
    output_tokens: { estimated: 4_096, actual: 16 },
    cost: { estimated: '1.000000', actual: '0.010000' },
  };
  expect(summaryText(jobEnd({ summary: { ...summary, estimate } }), PLAIN)).toContain(
    'they cost 99% less (tokens: input 100% less, output over 99% less)\n',
  );
});
