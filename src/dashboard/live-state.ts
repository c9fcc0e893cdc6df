import type { ReportLive } from '../report/report-data.ts';
import type { RunEvent } from '../reporters/reporter.ts';

/** Most codes counted separately: a service has dozens. */
const CODES_MAX = 200;

type JobEnd = Extract<RunEvent, { readonly event: 'job-end' }>;

/** The current state of a run from its events, for the page. Its size does not grow with the lines. */
export class LiveState {
  private live: ReportLive;
  private readonly failures: Map<string, number> = new Map();

  constructor(job: string) {
    this.live = {
      job,
      reportVersion: 0,
      reportFailure: null,
      state: 'starting',
      stopReason: null,
      progress: null,
      dispatch: null,
      failures: [],
    };
  }

  add(event: RunEvent): void {
    switch (event.event) {
      case 'job-start':
        this.set({ state: 'running' });
        break;
      case 'progress': {
        const { event: _name, ...progress } = event;
        this.set({ progress });
        break;
      }
      case 'dispatch-state': {
        const { event: _name, ...dispatch } = event;
        this.set({ dispatch });
        break;
      }
      case 'line-settled':
        if (event.status !== 'answered') this.addFailure(event.code ?? '');
        break;
      case 'stopping':
        this.set({ state: 'stopping', stopReason: event.reason });
        break;
      case 'job-end':
        this.end(event);
        break;
      default:
        break;
    }
  }

  setReportVersion(reportVersion: number): void {
    this.set({ reportVersion });
  }

  setReportFailure(reportFailure: string): void {
    this.set({ reportFailure });
  }

  /** The run is over, whether or not it could report that. */
  finish(): void {
    this.set({ state: 'ended', dispatch: null });
  }

  snapshot(): ReportLive {
    const failures = [...this.failures]
      .map(([code, lines]) => ({ code, lines }))
      .toSorted((a, b) => b.lines - a.lines);
    return { ...this.live, failures };
  }

  private set(change: Partial<ReportLive>): void {
    this.live = { ...this.live, ...change };
  }

  private addFailure(code: string): void {
    if (!this.failures.has(code) && this.failures.size >= CODES_MAX) return;
    this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
  }

  /** The last figures come from the summary: progress is reported only now and then. */
  private end({ summary, failures }: JobEnd): void {
    const { progress } = this.live;
    const { total, answered, failed, rejected } = summary.lines;
    const { amount: cost, unpriced_lines: unpricedLines } = summary.cost;
    const possiblyBilled = summary.possibly_billed.amount;
    const ended = { rpm: 0, tpm: 0, inFlight: 0, etaMs: null, slow: null, costProjected: null };
    this.failures.clear();
    for (const { code, lines } of failures.slice(0, CODES_MAX)) this.failures.set(code, lines);
    const counts = { total, answered, failed, rejected };
    const spent = { cost, unpricedLines, possiblyBilled };
    this.set({
      state: 'ended',
      stopReason: summary.stopped?.message ?? null,
      dispatch: null,
      progress: progress === null ? null : { ...progress, ...ended, ...counts, ...spent },
    });
  }
}
