import type { Reporter } from './reporter.ts';

/**
 * The same reporter, dropped permanently when it first throws: a broken display must never break a run. It still gets a
 * chance to restore the terminal; `close` is passed on at most once.
 */
export function guardReporter(reporter: Reporter): Reporter {
  let open = true;

  const close = (): void => {
    if (!open) {
      return;
    }
    open = false;
    try {
      reporter.close();
    } catch {
      // Nothing is left to restore.
    }
  };

  return {
    report(event) {
      if (!open) {
        return;
      }
      try {
        reporter.report(event);
      } catch {
        close();
      }
    },
    close,
  };
}

/** One reporter that passes every event to all `reporters` in order, each guarded separately. */
export function composeReporters(reporters: readonly Reporter[]): Reporter {
  const guarded = reporters.map(guardReporter);
  return {
    report(event) {
      for (const reporter of guarded) {
        reporter.report(event);
      }
    },
    close() {
      for (const reporter of guarded) {
        reporter.close();
      }
    },
  };
}
