import type { Reporter } from './reporter.ts';

/**
 * The same reporter, dropped for good the first time it throws: a broken display must never break
 * a run. The dropped one gets a chance to put the terminal back; `close` is passed on once at most.
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
      // Nothing is left to put back, and nobody to tell.
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

/** One reporter that passes every event to all of `reporters` in order, each guarded on its own. */
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
