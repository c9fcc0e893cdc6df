import { expect, test } from 'vitest';
import { createQuietReporter } from '../../src/reporters/quiet.ts';
import { jobEnd, jobStart, progress } from './sample-events.ts';

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
  });
  reporter.report({ event: 'stopping', reason: 'account in arrears', inFlight: 0 });
  reporter.close();
  expect(written).toHaveLength(2);
  expect(written[0]).toContain('Arrearage: 账户欠费');
});
