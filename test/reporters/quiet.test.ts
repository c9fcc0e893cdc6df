import { expect, test } from 'vitest';
import { createQuietReporter } from '../../src/reporters/quiet.ts';
import { dispatchState, jobEnd, jobStart, progress } from './sample-events.ts';

test('createQuietReporter: silent unless something is wrong', () => {
  const written: string[] = [];
  const reporter = createQuietReporter({ write: (text) => written.push(text) });
  reporter.report(jobStart());
  reporter.report(progress());
  reporter.report(jobEnd());
  expect(written).toEqual([]);
  reporter.report({
    event: 'model-parked',
    model: 'qwen-max',
    code: 'Arrearage',
    message: '账户欠费',
    othersContinue: true,
  });
  reporter.report({ event: 'stopping', reason: 'account in arrears', inFlight: 0 });
  reporter.close();
  expect(written).toHaveLength(2);
  expect(written[0]).toContain('Arrearage: 账户欠费');
});

test('createQuietReporter: warnings are something wrong, notes are not; a state is shown where it is asked for', () => {
  const written: string[] = [];
  const reporter = createQuietReporter({ write: (text) => written.push(text) });
  reporter.report({ event: 'notice', severity: 'note', message: 'control file: rpm 600' });
  expect(written).toEqual([]);
  reporter.report({ event: 'notice', severity: 'warning', message: 'control file is not JSON' });
  expect(written).toEqual(['warning: control file is not JSON\n']);
  reporter.report(dispatchState());
  expect(written.join('')).toContain('412 of 1,000 lines settled');
});
