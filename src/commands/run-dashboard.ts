import type { Reporter } from '../reporters/reporter.ts';
import type { CommandIo } from './io.ts';
import { pageAssets } from './page-assets.ts';

/** A run's reporter and io, with or without a dashboard. */
export type Shown = {
  readonly reporter: Reporter;
  readonly io: CommandIo;
  /** Address of the dashboard; null: none. */
  readonly url: string | null;
  close(): Promise<void>;
};

/**
 * Opens the live view of a run and prints its address. The returned reporter also feeds the page; the page's requests for
 * the dispatch state are answered to the page only. If the view cannot be opened, the run continues without it, with a
 * warning.
 */
export async function withDashboard(
  reporter: Reporter,
  io: CommandIo,
  about: { readonly ledgerPath: string; readonly jobName: string },
): Promise<Shown> {
  const listeners = new Set<() => void>();
  let isLooking = false;
  const onLook = (): void => {
    isLooking = true;
    for (const listener of listeners) listener();
    isLooking = false;
  };
  try {
    const { openDashboard } = await import('../dashboard/open-dashboard.ts');
    const dashboard = await openDashboard({
      ledgerPath: about.ledgerPath,
      jobName: about.jobName,
      clock: io.clock,
      assets: pageAssets(),
      onLook,
    });
    reporter.report({ event: 'notice', severity: 'note', message: `dashboard: ${dashboard.url}` });
    return {
      reporter: {
        report: (event) => {
          dashboard.report(event);
          if (!(isLooking && event.event === 'dispatch-state')) reporter.report(event);
        },
        close: () => {
          reporter.close();
        },
      },
      io: {
        ...io,
        onStateAsked: (listener) => {
          listeners.add(listener);
          const cancel = io.onStateAsked?.(listener);
          return () => {
            listeners.delete(listener);
            cancel?.();
          };
        },
      },
      url: dashboard.url,
      close: () => dashboard.close(),
    };
  } catch (error) {
    const message = `the dashboard cannot be opened: ${(error as Error).message}; the run continues without it`;
    reporter.report({ event: 'notice', severity: 'warning', message });
    return { reporter, io, url: null, close: () => Promise.resolve() };
  }
}
