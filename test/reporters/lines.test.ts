import { expect, test } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { createLinesReporter } from '../../src/reporters/lines.ts';
import { HOSTILE, TERMINAL_CONTROL, jobEnd, jobStart, progress } from './sample-events.ts';

/** A clock that stands still until it is moved and refuses to run timers. */
function handClock(): { clock: Clock; move: (ms: number) => void } {
  let nowMs = 1_000;
  const clock: Clock = {
    monotonicMs: () => nowMs,
    wallMs: () => 1_772_330_400_000 + nowMs,
    random: () => 0.5,
    after: () => {
      throw new Error('this reporter runs no timers');
    },
  };
  return {
    clock,
    move: (ms) => {
      nowMs += ms;
    },
  };
}

function setUp(everyMs?: number) {
  const { clock, move } = handClock();
  const written: string[] = [];
  const write = (text: string): void => {
    written.push(text);
  };
  const reporter = createLinesReporter(
    everyMs === undefined ? { write, clock } : { write, clock, everyMs },
  );
  return { reporter, move, written };
}

test('lines: one at the start, at most one each 30 s, none at the end (the summary is that)', () => {
  const { reporter, move, written } = setUp();
  reporter.report(jobStart());
  for (let quarter = 0; quarter < 4 * 95; quarter += 1) {
    move(250);
    reporter.report(progress());
  }
  expect(written).toHaveLength(1 + 3);
  reporter.report(jobEnd());
  expect(written).toHaveLength(4);
  expect(
    written.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1),
  ).toBe(true);
});

test('lines: a status line, all that matters is in it', () => {
  const { reporter, move, written } = setUp(1_000);
  reporter.report(jobStart());
  move(1_000);
  reporter.report(progress({ rejected: 2, slow: 'qwen-plus paused 12 s: rate quota' }));
  expect(written[1]).toBe(
    '[1m 1s] 414/1,000 (41%): 409 answered, 3 failed, 2 rejected, 12 in flight; ' +
      '580/600 rpm, 92k/100k tpm; 1.23 of ~4.31 CNY; ETA 3m 12s; qwen-plus paused 12 s: rate quota\n',
  );
});

test('lines: stopping and parked, told at once; slowdowns and settled lines, not', () => {
  const { reporter, written } = setUp();
  reporter.report({ event: 'model-slowed', model: 'qwen-plus', waitMs: 9_000, reason: 'rate' });
  reporter.report({
    event: 'line-settled',
    line: 7,
    customId: '题目-7',
    status: 'answered',
    code: null,
    attempts: 1,
    model: 'qwen-plus',
  });
  expect(written).toEqual([]);
  reporter.report({ event: 'stopping', reason: 'SIGTERM', inFlight: 3 });
  reporter.report({
    event: 'model-parked',
    model: 'qwen-max',
    code: 'Arrearage',
    message: '账户欠费',
    othersContinue: true,
  });
  expect(written[0]).toContain('stopping (SIGTERM): no new calls, waiting for 3 in flight');
  expect(written[1]).toContain('qwen-max gets no more calls in this run: Arrearage: 账户欠费');
});

test('lines: the only model of a job is parked, and no other is said to continue', () => {
  const { reporter, written } = setUp();
  const told = { code: 'ModelNotFound', message: 'Model not exist.' };
  reporter.report({ event: 'model-parked', model: 'qwen-plos', ...told, othersContinue: false });
  expect(written).toEqual([
    'qwen-plos gets no more calls in this run: ModelNotFound: Model not exist.\n',
  ]);
});

test('lines: a finished job run again has nothing to send, and says so', () => {
  const { reporter, written } = setUp();
  const lines = { total: 415, settled: 415, open: 0 };
  reporter.report(jobStart({ job: '题库', resuming: true, lines }));
  expect(written).toEqual(['job 题库 is finished already; nothing to send\n']);
});

test('lines: hostile text, no control sequence and no second line', () => {
  const { reporter, move, written } = setUp();
  reporter.report(jobStart({ job: HOSTILE, input: HOSTILE, endpoint: HOSTILE }));
  move(30_000);
  reporter.report(progress({ slow: HOSTILE }));
  reporter.report({
    event: 'model-parked',
    model: HOSTILE,
    code: HOSTILE,
    message: HOSTILE,
    othersContinue: true,
  });
  reporter.report({ event: 'stopping', reason: HOSTILE, inFlight: 1 });
  expect(written).toHaveLength(4);
  for (const line of written) {
    expect(line.slice(0, -1)).not.toMatch(TERMINAL_CONTROL);
    expect(line.slice(0, -1)).not.toContain('\n');
    expect(line).toContain('second line');
  }
});
