import { expect, test } from 'vitest';
import { createNoneReporter } from '../../src/reporters/none.ts';
import { jobEnd } from './sample-events.ts';

test('createNoneReporter: takes any event', () => {
  const reporter = createNoneReporter();
  expect(reporter.report(jobEnd())).toBeUndefined();
  expect(reporter.close()).toBeUndefined();
});
