import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTtyReporter } from '../../src/reporters/tty.ts';
import { textWidth } from '../../src/reporters/text-width.ts';
import { fakeTerminal } from './fake-terminal.ts';
import { HOSTILE, jobEnd, jobStart, progress } from './sample-events.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const slowed = (waitMs: number) =>
  ({ event: 'model-slowed', model: 'qwen-plus', waitMs, reason: 'rate quota' }) as const;

test('tty: progress: counts, pace, spend and reason stand in two lines under the start line', () => {
  const terminal = fakeTerminal({ columns: 100 });
  const reporter = createTtyReporter({ stream: terminal.stream, color: false });
  reporter.report(jobStart());
  reporter.report(progress({ slow: 'qwen-plus paused 12 s: rate quota' }));
  const [start, counts, pace, ...rest] = terminal.rows();
  expect(start).toContain('1,000 lines');
  expect(counts).toMatch(/^\[=+>-+\] {2}41% {2}412\/1,000 {2}409 answered {2}3 failed/u);
  expect(counts).toContain('12 in flight  ETA 3m 12s');
  expect(pace).toBe(
    '580/600 rpm  92k/100k tpm  1.23 of ~4.31 CNY  qwen-plus paused 12 s: rate quota',
  );
  expect(rest).toEqual([]);
  reporter.close();
});

test('tty: later progress: redrawn in place by the timer, not below', () => {
  const terminal = fakeTerminal({ columns: 100 });
  const reporter = createTtyReporter({ stream: terminal.stream, color: false });
  reporter.report(progress());
  reporter.report(progress({ answered: 997, etaMs: 0 }));
  vi.advanceTimersByTime(1_000);
  expect(terminal.rows()).toHaveLength(2);
  expect(terminal.rows()[0]).toContain('1,000/1,000');
  reporter.close();
});

test('tty: log lines: above the bar, none lost right before the end, bar gone at job-end', () => {
  const terminal = fakeTerminal({ columns: 200 });
  const reporter = createTtyReporter({ stream: terminal.stream, color: false });
  reporter.report(progress());
  reporter.report(slowed(12_000));
  expect(terminal.rows()[0]).toBe('qwen-plus slowed for 12s: rate quota');
  expect(terminal.rows()[1]).toContain('412/1,000');
  reporter.report({
    event: 'model-parked',
    model: 'qwen-max',
    code: 'AccessDenied',
    message: 'no right',
    othersContinue: true,
  });
  reporter.report({ event: 'stopping', reason: 'interrupted', inFlight: 12 });
  reporter.report(jobEnd());
  const rows = terminal.rows();
  expect(rows).toHaveLength(4);
  expect(rows[1]).toContain('qwen-max gets no more calls in this run: AccessDenied: no right');
  expect(rows[2]).toContain('waiting for 12 in flight (already paid for); Ctrl-C now drops them');
  expect(rows[3]).toBe('');
});

test('tty: a log line longer than the terminal: wrapped whole, no remains of the bar beside it', () => {
  const terminal = fakeTerminal({ columns: 40 });
  const reporter = createTtyReporter({ stream: terminal.stream, color: false });
  reporter.report(progress());
  const message = 'The workspace has no right to call this model, ask the owner of the account';
  reporter.report({
    event: 'model-parked',
    model: 'qwen-max',
    code: 'AccessDenied',
    message,
    othersContinue: true,
  });
  reporter.close();
  const told = terminal.rows().join(' ').trimEnd();
  expect(told).toBe(
    `qwen-max gets no more calls in this run: AccessDenied: ${message}; other models continue`,
  );
});

test('tty: slowdowns of one model: told once a minute of the run, short ones never', () => {
  const terminal = fakeTerminal({ columns: 100 });
  const reporter = createTtyReporter({ stream: terminal.stream, color: false });
  const told = () => terminal.written().split('qwen-plus slowed').length - 1;
  reporter.report(progress({ elapsedMs: 10_000 }));
  reporter.report(slowed(300));
  expect(told()).toBe(0);
  reporter.report(slowed(5_000));
  reporter.report(progress({ elapsedMs: 60_000 }));
  reporter.report(slowed(5_000));
  expect(told()).toBe(1);
  reporter.report(progress({ elapsedMs: 70_000 }));
  reporter.report(slowed(5_000));
  expect(told()).toBe(2);
  reporter.close();
});

test.each([20, 40, 80])('tty: %i columns: no row is wider, even in Chinese', (columns) => {
  const terminal = fakeTerminal({ columns });
  const reporter = createTtyReporter({ stream: terminal.stream, color: false });
  reporter.report(
    progress({ slow: '通义千问 paused 12 s: 每分钟请求数超限，请稍后再试'.repeat(3) }),
  );
  expect(terminal.rows()).toHaveLength(2);
  expect(terminal.rows().every((row) => textWidth(row) < columns)).toBe(true);
  expect(terminal.rows()[0]).toContain('412/1,000');
  reporter.close();
});

test('tty: hostile model text: only our own sequences reach the terminal', () => {
  const terminal = fakeTerminal({ columns: 300 });
  const reporter = createTtyReporter({ stream: terminal.stream, color: false });
  reporter.report(jobStart({ job: HOSTILE, input: HOSTILE }));
  reporter.report(progress({ slow: HOSTILE }));
  reporter.report({
    event: 'model-parked',
    model: HOSTILE,
    code: HOSTILE,
    message: HOSTILE,
    othersContinue: true,
  });
  reporter.report({ event: 'model-slowed', model: HOSTILE, waitMs: 9_000, reason: HOSTILE });
  reporter.close();
  for (const hostile of [
    '\u001B]',
    '\u0007',
    '\u001B[31m',
    '\u001B[2J',
    '\u202E',
    '\u009B',
    '\u0000',
    '\r',
  ]) {
    expect(terminal.written()).not.toContain(hostile);
  }
});

test('tty: close: cursor and wrapping as before, no timer left, twice is harmless, nothing drawn after', () => {
  const terminal = fakeTerminal({ columns: 80 });
  const reporter = createTtyReporter({ stream: terminal.stream, color: false });
  reporter.report(progress());
  expect(terminal.wraps()).toBe(true);
  expect(terminal.cursorHidden()).toBe(false);
  reporter.close();
  reporter.close();
  const before = terminal.written();
  reporter.report(progress({ answered: 500 }));
  expect(terminal.written()).toBe(before);
  expect(terminal.wraps()).toBe(true);
  expect(terminal.cursorHidden()).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

test('tty: signals and the event loop: no listener is added, no timer keeps the process alive', () => {
  vi.useRealTimers();
  const timeouts = () =>
    process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const terminal = fakeTerminal({ columns: 80 });
  const before = [process.listenerCount('SIGINT'), process.listenerCount('SIGTERM'), timeouts()];
  const reporter = createTtyReporter({ stream: terminal.stream, color: false });
  reporter.report(progress());
  reporter.report(slowed(5_000));
  const after = [process.listenerCount('SIGINT'), process.listenerCount('SIGTERM'), timeouts()];
  expect(after).toEqual(before);
  reporter.close();
});

test('tty: a pipe instead of a terminal: no bar and no control sequences, only the lines', () => {
  const terminal = fakeTerminal({ columns: 80, isTty: false });
  const reporter = createTtyReporter({ stream: terminal.stream, color: false });
  reporter.report(progress());
  reporter.report({ event: 'stopping', reason: 'cost limit', inFlight: 0 });
  reporter.report(jobEnd());
  expect(terminal.written()).toBe('stopping (cost limit): no new calls, no calls in flight\n');
});

test('tty: colour on: the same rows are seen', () => {
  const draw = (color: boolean): { rows: string[]; written: string } => {
    const terminal = fakeTerminal({ columns: 90 });
    const reporter = createTtyReporter({ stream: terminal.stream, color });
    reporter.report(jobStart());
    reporter.report(progress({ slow: 'qwen-plus paused 12 s: rate quota' }));
    reporter.report(slowed(5_000));
    const rows = terminal.rows();
    reporter.close();
    return { rows, written: terminal.written() };
  };
  expect(draw(true).rows).toEqual(draw(false).rows);
  expect(draw(true).written).toContain('\u001B[33m');
  expect(draw(false).written).not.toContain('\u001B[33m');
});
