import { expect, test } from 'vitest';
import { LiveState } from '../../src/dashboard/live-state.ts';
import { dispatchState, jobEnd, jobStart, progress } from '../reporters/sample-events.ts';

function failed(line: number, code: string | null): Parameters<LiveState['add']>[0] {
  return {
    event: 'line-settled',
    line,
    customId: `题-${line}`,
    status: 'failed',
    code,
    attempts: 1,
    model: 'qwen-plus',
  };
}

test('LiveState: from the start to the end, what the events said last', () => {
  const live = new LiveState('高考题');
  expect(live.snapshot()).toMatchObject({ state: 'starting', progress: null });
  live.add(jobStart());
  live.add(progress({ answered: 1 }));
  live.add(progress());
  live.add(dispatchState());
  expect(live.snapshot()).toMatchObject({
    state: 'running',
    progress: { answered: 409, rpm: 580, rpmLimit: 600 },
    dispatch: { concurrency: 64, models: [{ model: 'qwen-plus' }, { model: 'qwen-max' }] },
  });
  live.add({ event: 'stopping', reason: 'interrupted by a signal', inFlight: 3 });
  expect(live.snapshot()).toMatchObject({
    state: 'stopping',
    stopReason: 'interrupted by a signal',
  });
  const { summary, ...end } = jobEnd();
  live.add({ ...end, summary: { ...summary, cost: { ...summary.cost, unpriced_lines: 2 } } });
  const { state, progress: last, failures, dispatch } = live.snapshot();
  expect(state).toBe('ended');
  expect(dispatch).toBeNull();
  expect(last).toMatchObject({
    total: 415,
    rpm: 0,
    answered: 412,
    failed: 3,
    cost: '4.310000',
    unpricedLines: 2,
    possiblyBilled: '0.012345',
  });
  expect(failures).toEqual([
    { code: 'InvalidParameter', lines: 2 },
    { code: 'DataInspectionFailed', lines: 1 },
  ]);
});

test('LiveState: failures by code, most first, no more codes than there is room for', () => {
  const live = new LiveState('a');
  for (const code of ['InternalError', 'Arrearage', 'InternalError']) live.add(failed(1, code));
  expect(live.snapshot().failures).toEqual([
    { code: 'InternalError', lines: 2 },
    { code: 'Arrearage', lines: 1 },
  ]);
  for (let at = 0; at < 1_000; at += 1) live.add(failed(at, `Code${at}`));
  live.add(failed(1, 'InternalError'));
  expect(live.snapshot().failures).toHaveLength(200);
  expect(live.snapshot().failures[0]).toEqual({ code: 'InternalError', lines: 3 });
});

test('LiveState: a report that cannot be made any more is told, and the run goes on', () => {
  const live = new LiveState('a');
  expect(live.snapshot().reportFailure).toBeNull();
  live.add(jobStart());
  live.setReportFailure('out of memory');
  expect(live.snapshot()).toMatchObject({ state: 'running', reportFailure: 'out of memory' });
});

test('LiveState: a run that could not tell its end has ended all the same', () => {
  const live = new LiveState('a');
  live.add(jobStart());
  live.finish();
  expect(live.snapshot().state).toBe('ended');
});
