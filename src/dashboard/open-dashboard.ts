import { type Clock, pause, randomToken } from '../clock.ts';
import { jsonText } from '../json/json-text.ts';
import { type PageAssets, pagePolicy, reportPage } from '../report/report-page.ts';
import type { Report } from '../reporters/reporter.ts';
import { LiveState } from './live-state.ts';
import { ReportSource } from './report-source.ts';
import { type Resource, serveDashboard } from './server.ts';

const TOKEN_BYTES = 24;
/** Polling interval of a page, with margin. */
const LOOKING_MS = 3_000;
/** How long the end of a run waits for an open page to be notified. */
const FAREWELL_MS = 5_000;
const FAREWELL_STEP_MS = 50;

export type Dashboard = {
  readonly url: string;
  readonly report: Report;
  /** Lets an open page receive the end, for at most 5 s, then stops the server. */
  close(): Promise<void>;
};

export type DashboardOptions = {
  readonly clock: Clock;
  readonly assets: PageAssets;
  readonly ledgerPath: string;
  readonly jobName: string;
  /** A page is watching: a moment to report the dispatch state. */
  onLook(): void;
};

/** Serves the page of a running job. No request changes the run or delays it. */
export async function openDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { clock, assets, jobName } = options;
  const live = new LiveState(jobName);
  let version = 0;
  let lookedMs = -Infinity;
  /** The last report that a page fetched after it was notified of the end. */
  let toldEnd = false;
  let toldVersion = 0;
  const source = new ReportSource(options, {
    clock,
    onReport: () => {
      version += 1;
      live.setReportVersion(version);
    },
    onFailure: (message) => {
      live.setReportFailure(message);
    },
  });
  const page: Resource = {
    type: 'text/html',
    policy: `${pagePolicy(assets, 'live')}; frame-ancestors 'none'`,
    text: () => reportPage(assets, { kind: 'live', live: live.snapshot() }),
  };
  const state: Resource = {
    type: 'application/json',
    text: () => {
      lookedMs = clock.monotonicMs();
      options.onLook();
      source.ask();
      const snapshot = live.snapshot();
      toldEnd ||= snapshot.state === 'ended';
      return jsonText(snapshot);
    },
  };
  const report: Resource = {
    type: 'application/json',
    text: () => {
      toldVersion = version;
      return source.latest;
    },
  };
  const resources = new Map([
    ['', page],
    ['live.json', state],
    ['report.json', report],
  ]);
  const server = await serveDashboard(randomToken(TOKEN_BYTES), resources);
  return {
    url: server.url,
    report: (event) => {
      live.add(event);
    },
    async close() {
      live.finish();
      const now = clock.monotonicMs();
      if (now - lookedMs < LOOKING_MS) {
        await Promise.race([source.finish(), pause(clock, FAREWELL_MS)]);
        while (
          !(toldEnd && toldVersion === version) &&
          clock.monotonicMs() - now < FAREWELL_MS &&
          clock.monotonicMs() - lookedMs < LOOKING_MS
        )
          await pause(clock, FAREWELL_STEP_MS);
      }
      await server.close();
      await source.close();
    },
  };
}
