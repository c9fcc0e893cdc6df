import { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.ts';

const WORKER_FILE = 'report-worker.js';
/** Minimum time between the end of one report and the start of the next. */
const REST_MS = 2_000;
/** Making reports takes at most a tenth of one core. */
const REST_FACTOR = 9;

/** A request to the thread. */
export type ReportAsked = {
  readonly nowMs: number;
  /** Whether the run is over: lines without a record are then open, and calls without an end interrupted. */
  readonly hasEnded: boolean;
};

/** Makes reports of a running job in a separate thread, now and then, while somebody is watching. */
export class ReportSource {
  private readonly clock: Clock;
  private readonly worker: Worker;
  private readonly onReport: () => void;
  private hasEnded = false;
  private busySinceMs: number | null = null;
  private restUntilMs = -Infinity;
  private whenIdle: (() => void)[] = [];
  private json: string | null = null;

  constructor(
    job: { readonly ledgerPath: string; readonly jobName: string },
    at: {
      readonly clock: Clock;
      readonly onReport: () => void;
      /** No further report will come. */
      readonly onFailure: (message: string) => void;
    },
  ) {
    this.clock = at.clock;
    this.onReport = at.onReport;
    this.worker = new Worker(new URL(WORKER_FILE, import.meta.url), {
      workerData: { ledgerPath: job.ledgerPath, jobName: job.jobName },
    });
    this.worker.unref();
    this.worker.on('message', (json: string | null) => {
      this.take(json);
    });
    // The run continues without reports; the page says so.
    this.worker.on('error', (error) => {
      at.onFailure(error.message);
      this.restUntilMs = Infinity;
      this.take(null);
    });
  }

  /** The last report as JSON; null: none yet. */
  get latest(): string | null {
    return this.json;
  }

  /** Called when a page is watching: makes a new report, unless one is in progress or recent. */
  ask(): void {
    if (this.busySinceMs !== null || this.clock.monotonicMs() < this.restUntilMs) return;
    this.begin();
  }

  /** The run is over: makes a final report from the ledger at once; resolves when it is ready. */
  async finish(): Promise<void> {
    this.hasEnded = true;
    if (this.busySinceMs !== null) await this.idle();
    if (this.restUntilMs === Infinity) return;
    this.begin();
    await this.idle();
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private begin(): void {
    this.busySinceMs = this.clock.monotonicMs();
    const asked: ReportAsked = { nowMs: this.clock.wallMs(), hasEnded: this.hasEnded };
    this.worker.postMessage(asked);
  }

  private idle(): Promise<void> {
    return new Promise((resolve) => {
      this.whenIdle.push(resolve);
    });
  }

  private take(json: string | null): void {
    const now = this.clock.monotonicMs();
    const tookMs = now - (this.busySinceMs ?? now);
    this.busySinceMs = null;
    this.restUntilMs = Math.max(this.restUntilMs, now + Math.max(REST_MS, REST_FACTOR * tookMs));
    if (json !== null) {
      this.json = json;
      this.onReport();
    }
    const waiting = this.whenIdle;
    this.whenIdle = [];
    for (const resolve of waiting) resolve();
  }
}
