import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createJsonReporter } from '../../src/reporters/json.ts';
import type { RunEvent } from '../../src/reporters/reporter.ts';
import { dispatchState, HOSTILE, jobEnd, jobStart, progress } from './sample-events.ts';

const clock = { ...systemClock, wallMs: () => Date.UTC(2026, 2, 1, 2, 3, 4, 567) };

function linesOf(...events: RunEvent[]): string[] {
  const written: string[] = [];
  const reporter = createJsonReporter({ write: (text) => written.push(text), clock });
  for (const event of events) {
    reporter.report(event);
  }
  reporter.close();
  return written;
}

const settled: RunEvent = {
  event: 'line-settled',
  line: 12,
  customId: '题目-12"\n\u2028',
  status: 'failed',
  code: 'InvalidParameter',
  attempts: 2,
  model: 'qwen-plus',
};

test('json: every public event is one line that parses, schema, event and time first', () => {
  const events: RunEvent[] = [
    jobStart(),
    settled,
    { event: 'model-slowed', model: 'qwen-plus', waitMs: 12_000, reason: HOSTILE },
    {
      event: 'model-parked',
      model: 'qwen-max',
      code: 'Arrearage',
      message: HOSTILE,
      othersContinue: true,
    },
    progress(),
    jobEnd(),
  ];
  const written = linesOf(...events);
  expect(written).toHaveLength(events.length);
  for (const [index, line] of written.entries()) {
    expect(line).toMatch(/^\{"schema":1,"event":"[a-z-]+","at":"2026-03-01T02:03:04\.567Z",/u);
    expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u2029\u202E]/u);
    const parsed = JSON.parse(line) as Record<string, unknown>;
    expect(parsed['event']).toBe(events[index]?.event);
    expect(JSON.stringify(Object.keys(parsed))).not.toMatch(/[A-Z]/u);
  }
});

test('json: line-settled, the custom_id comes back as it was', () => {
  expect(JSON.parse(linesOf(settled).join(''))).toEqual({
    schema: 1,
    event: 'line-settled',
    at: '2026-03-01T02:03:04.567Z',
    line: 12,
    custom_id: '题目-12"\n\u2028',
    status: 'failed',
    code: 'InvalidParameter',
    attempts: 2,
    model: 'qwen-plus',
  });
});

test('json: model-slowed and progress, waits and counts in snake case', () => {
  const [slowed, moving] = linesOf(
    { event: 'model-slowed', model: 'qwen-plus', waitMs: 12_000, reason: 'rate quota' },
    progress({ rpmLimit: null }),
  ).map((line) => JSON.parse(line) as unknown);
  expect(slowed).toMatchObject({ model: 'qwen-plus', wait_ms: 12_000, reason: 'rate quota' });
  expect(moving).toMatchObject({
    in_flight: 12,
    rpm_limit: null,
    tpm_limit: 100_000,
    cost_projected: '4.310000',
    unpriced_lines: 0,
    eta_ms: 192_000,
    elapsed_ms: 61_000,
  });
});

test('json: waits are whole milliseconds, limits have one decimal', () => {
  const state = dispatchState();
  const models = state.models.map((lane) => ({
    ...lane,
    rpmLimit: 0.5432,
    tpmLimit: 63_286.543_289,
    pausedMs: 0.2,
  }));
  const [slowed, moving, shown] = linesOf(
    { event: 'model-slowed', model: 'qwen-plus', waitMs: 65.503_015, reason: 'rate quota' },
    progress({ rpmLimit: 0.5432, tpmLimit: 63_286.543_289 }),
    { ...state, models },
  ).map((line) => JSON.parse(line) as unknown);
  expect(slowed).toMatchObject({ wait_ms: 66 });
  expect(moving).toMatchObject({ rpm_limit: 0.5, tpm_limit: 63_286.5 });
  const one = { rpm_limit: 0.5, tpm_limit: 63_286.5, paused_ms: 1 };
  expect(shown).toMatchObject({ models: models.map(() => one) });
});

test('json: job-end carries the whole summary, exit code and next command', () => {
  const event = jobEnd();
  const parsed: unknown = JSON.parse(linesOf(event).join(''));
  expect(parsed).toEqual({
    ...event.summary,
    event: 'job-end',
    at: '2026-03-01T02:03:04.567Z',
    failures: event.failures,
    exit_code: 1,
    next: 'qbatch retry /数据/exam.qbatch.db',
  });
});

test('json: attempt-ended and stopping are not public, nothing is written', () => {
  const written = linesOf(
    { event: 'attempt-ended', line: 1, class: 'answered', code: null, model: 'qwen-plus' },
    { event: 'stopping', reason: 'SIGINT', inFlight: 2 },
  );
  expect(written).toEqual([]);
});
