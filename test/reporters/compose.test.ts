import { expect, test } from 'vitest';
import { composeReporters, guardReporter } from '../../src/reporters/compose.ts';
import type { Reporter } from '../../src/reporters/reporter.ts';
import { jobEnd, jobStart, progress } from './sample-events.ts';

/** Notes what it is told; throws at every `progress` and, if asked, on close. */
function brittle(options: { throwOnClose: boolean }): Reporter & { calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    report(event) {
      calls.push(event.event);
      if (event.event === 'progress') {
        throw new Error('EPIPE');
      }
    },
    close() {
      calls.push('close');
      if (options.throwOnClose) {
        throw new Error('EPIPE');
      }
    },
  };
}

test.each([true, false])(
  'guardReporter: one that throws (on close too: %s) is closed once and never called again',
  (throwOnClose) => {
    const inner = brittle({ throwOnClose });
    const reporter = guardReporter(inner);
    reporter.report(jobStart());
    reporter.report(progress());
    reporter.report(jobEnd());
    reporter.close();
    expect(inner.calls).toEqual(['job-start', 'progress', 'close']);
  },
);

test('guardReporter: a sound one gets everything, and one close', () => {
  const inner = brittle({ throwOnClose: false });
  const reporter = guardReporter(inner);
  reporter.report(jobStart());
  reporter.report(jobEnd());
  reporter.close();
  reporter.close();
  expect(inner.calls).toEqual(['job-start', 'job-end', 'close']);
});

test('composeReporters: one that throws does not cost the others anything', () => {
  const broken = brittle({ throwOnClose: true });
  const seen: string[] = [];
  const sound: Reporter = {
    report: (event) => seen.push(event.event),
    close: () => seen.push('close'),
  };
  const reporter = composeReporters([broken, sound]);
  reporter.report(progress());
  reporter.report(progress());
  reporter.close();
  expect(broken.calls).toEqual(['progress', 'close']);
  expect(seen).toEqual(['progress', 'progress', 'close']);
});
