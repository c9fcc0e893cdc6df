import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/clock.ts';
import { resolveSettings } from '../../src/config/config.ts';
import { identityOf } from '../../src/job/identity.ts';
import { outputSeenIn } from '../../src/job/expectations.ts';
import { seenSizes } from '../../src/ledger/estimates.ts';
import { findJob } from '../../src/ledger/jobs.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import type { Job } from '../../src/ledger/records.ts';
import { loadCatalog } from '../../src/models/catalog.ts';
import type { JobRequest } from '../../src/job/job-request.ts';
import { prepareJob } from '../../src/job/prepare-job.ts';
import { createPricing } from '../../src/pricing.ts';
import { createValueRedactor } from '../../src/redact.ts';
import { createJsonRedactor } from '../../src/json/redact-json.ts';
import type { RunEvent } from '../../src/reporters/reporter.ts';
import { reopenJob, type RunResult, runJob } from '../../src/job/run-job.ts';
import type { RunOptions } from '../../src/job/run-options.ts';
import { RunStop } from '../../src/job/run-stop.ts';
import { whenUnlockedOf } from '../../src/job/when-unlocked.ts';
import type { Settings } from '../../src/settings.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { tempFolder } from '../helpers/temp-ledger.ts';

const timers = new Set<() => void>();

/** A clock by which retries come at once: no test waits for a backoff. Its timers are counted. */
function hastyClock(clock: Clock): Clock {
  return {
    ...clock,
    random: () => 0,
    after(ms, run) {
      const stop = clock.after(ms, () => {
        timers.delete(stop);
        run();
      });
      timers.add(stop);
      return () => {
        timers.delete(stop);
        stop();
      };
    },
  };
}

/** Timers of runs that still wait. */
export function timersLeft(): number {
  return timers.size;
}

const catalog = loadCatalog();

export type HarnessRun = {
  readonly settings?: Partial<Settings>;
  /** `--rpm` is a flag where left out. */
  readonly origins?: RunOptions['origins'];
  readonly adopt?: boolean;
  readonly fresh?: boolean;
  readonly acceptChangedInput?: boolean;
  /** Reopen failed lines first, as `retry` does. */
  readonly retry?: boolean;
  /** Sees every event of the run; may stop it. */
  readonly onEvent?: (event: RunEvent, stop: RunStop) => void;
  readonly gate?: JobRequest['gate'];
  /** Asked once for each chunk of the survey. */
  readonly checkStop?: () => void;
  /** Where the service is now; as the harness was made where left out. */
  readonly endpoint?: { readonly dashscope: string; readonly openai: string };
  readonly proxy?: RunOptions['proxy'];
  readonly confirmSampled?: RunOptions['confirmSampled'];
};

/** One line of an output file. */
export type OutputJson = {
  readonly id: string;
  readonly custom_id: string | null;
  readonly response: {
    readonly status_code: number;
    readonly request_id: string | null;
    readonly body: unknown;
  } | null;
  readonly error: { readonly code: string; readonly message: string; readonly line: number } | null;
};

/** A folder with an input and a service, in which jobs are run as `qbatch run` runs them. */
export type Harness = {
  readonly folder: string;
  readonly inputPath: string;
  readonly ledgerPath: string;
  readonly resultsPath: string;
  readonly errorsPath: string;
  readonly simulator: Simulator;
  writeInput(lines: readonly unknown[]): void;
  run(options?: HarnessRun): Promise<RunResult>;
  /** Looks into the ledger between runs. */
  look<T>(at: (ledger: Ledger) => T): T;
  results(): OutputJson[];
  errors(): OutputJson[];
  texts(): string[];
};

function linesOf(path: string): OutputJson[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  if (text !== '' && !text.endsWith('\n')) throw new Error(`${path} ends in a torn line`);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as OutputJson);
}

const simulators: Simulator[] = [];

/** Closes the services of this test, so that what is still open afterwards was left by a run. */
export async function closeHarnesses(): Promise<void> {
  for (const simulator of simulators.splice(0)) await simulator.close();
}

/** Starts the simulator (it answers at once) and makes a private folder for the job. */
export async function createHarness(
  options: {
    readonly endpoint?: { readonly dashscope: string; readonly openai: string };
    /** What the service's latencies wait for. */
    readonly serviceClock?: Clock;
    /** Time as the runs see it. */
    readonly clock?: Clock;
    /** `reviews.jsonl` where left out. */
    readonly inputName?: string;
  } = {},
): Promise<Harness> {
  const folder = tempFolder();
  const hasty = hastyClock(options.clock ?? systemClock);
  const simulator = await startSimulator({
    spec: { rpm: null, tpm: null, latencyMs: 0, errorRate: 0, seed: 7 },
    clock: options.serviceClock ?? systemClock,
  });
  simulators.push(simulator);
  const path = (name: string): string => join(folder, name);
  const ledgerPath = path('reviews.qbatch.db');
  const resultsPath = path('reviews.results.jsonl');
  const errorsPath = path('reviews.errors.jsonl');
  const inputPath = path(options.inputName ?? 'reviews.jsonl');
  const endpoint = options.endpoint ?? {
    dashscope: simulator.baseUrl,
    openai: simulator.compatibleBaseUrl,
  };

  async function runIn(ledger: Ledger, run: HarnessRun): Promise<RunResult> {
    const base = resolveSettings({ flags: {}, env: {}, cwd: folder, home: folder }).settings;
    const settings: Settings = {
      ...base,
      model: 'qwen-plus',
      simulate: { rpm: null, tpm: null, latencyMs: 0, errorRate: 0, seed: 7 },
      concurrency: 8,
      ...run.settings,
    };
    const { model, system, protocol, set, strict, maxLineBytes, skipInvalid } = settings;
    const where = { scope: 'cn', batchChat: false } as const;
    const defaults = { model, system, protocol, set, strict, catalog, ...where };
    const pricing = createPricing(catalog, 'cn', 'CNY');
    const seen = seenSizes(ledger.database, {
      jobId: findJob(ledger.database, 'reviews')?.id ?? null,
      simulated: true,
    });
    const stop = new RunStop();
    const report = (event: RunEvent): void => run.onEvent?.(event, stop);
    const whenUnlocked = whenUnlockedOf({ clock: hasty, stop, report });
    let job: Job = await prepareJob(ledger, {
      name: 'reviews',
      inputPath,
      inputShown: 'reviews.jsonl',
      identity: identityOf(settings),
      endpoint: { region: 'beijing', dashscope: 'simulator', openai: 'simulator', scope: 'cn' },
      resultsPath: settings.output ?? resultsPath,
      errorsPath: settings.errors ?? errorsPath,
      order: settings.order ?? 'input',
      defaults,
      pricing,
      outputSeen: outputSeenIn(seen),
      maxLineBytes,
      skipInvalid,
      fresh: run.fresh ?? false,
      acceptChangedInput: run.acceptChangedInput ?? false,
      adopt: run.adopt ?? false,
      onAmbiguous: settings.onAmbiguous,
      clock: hasty,
      whenUnlocked,
      gate: run.gate ?? (() => Promise.resolve()),
      ...(run.checkStop === undefined ? {} : { checkStop: run.checkStop }),
    });
    if (run.retry === true) {
      const failed = job;
      ledger.transact(() =>
        reopenJob(ledger, failed, { codes: [], statusCodes: [], wallMs: hasty.wallMs() }),
      );
      job = findJob(ledger.database, 'reviews') ?? job;
    }
    return runJob({
      ledger,
      job,
      settings,
      origins: run.origins ?? new Map([['rpm', 'flag']]),
      defaults,
      catalog,
      pricing,
      seen,
      scope: 'cn',
      endpoint: run.endpoint ?? endpoint,
      apiKey: 'sk-0123456789abcdef0123',
      proxy: run.proxy ?? null,
      endpointShown: 'simulator',
      clock: hasty,
      report,
      stop,
      whenUnlocked,
      redact: createValueRedactor(['sk-0123456789abcdef0123']),
      redactJson: createJsonRedactor(['sk-0123456789abcdef0123']),
      writeStdout: () => Promise.reject(new Error('nothing goes to stdout here')),
      confirmSampled: run.confirmSampled ?? (() => Promise.resolve(null)),
      resuming: false,
    });
  }

  return {
    folder,
    inputPath,
    ledgerPath,
    resultsPath,
    errorsPath,
    simulator,
    writeInput(lines) {
      writeFileSync(
        inputPath,
        lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
      );
    },
    async run(run = {}) {
      const ledger = Ledger.open(ledgerPath, { adopt: run.adopt ?? false, wallMs: hasty.wallMs() });
      try {
        return await runIn(ledger, run);
      } finally {
        ledger.close({ remove: ledger.created });
      }
    },
    look(at) {
      const ledger = Ledger.open(ledgerPath, { adopt: false, wallMs: hasty.wallMs() });
      try {
        return at(ledger);
      } finally {
        ledger.close();
      }
    },
    results: () => linesOf(resultsPath),
    errors: () => linesOf(errorsPath),
    texts: () => [readFileSync(resultsPath, 'utf8'), readFileSync(errorsPath, 'utf8')],
  };
}
