import { expect, test } from 'vitest';
import { createNoneReporter } from '../../src/reporters/none.ts';
import { dispatchState, jobEnd } from './sample-events.ts';

test('createNoneReporter: shows nothing but the state that was asked for', () => {
  const texts: string[] = [];
  const reporter = createNoneReporter({ write: (text) => texts.push(text) });
  reporter.report(jobEnd());
  reporter.report({ event: 'notice', severity: 'warning', message: 'the limits are unknown' });
  expect(texts).toEqual([]);
  reporter.report(dispatchState());
  expect(texts.join('')).toContain('qwen-plus');
  reporter.close();
});
