import { type Clock, isoTime } from '../clock.ts';
import { jsonText } from '../json/json-text.ts';
import type { DispatchState, Progress, Reporter, RunEvent } from './reporter.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A limit as `status --json` gives it: to a tenth. What was learned or shared out has no end of digits. */
function tenths(limit: number | null): number | null {
  return limit === null ? null : Math.round(limit * 10) / 10;
}

/** A wait in whole milliseconds, never 0 for one that is not over. */
function wholeMs(ms: number): number {
  return Math.ceil(ms);
}

function progressFields(progress: Progress): Fields {
  return {
    total: progress.total,
    answered: progress.answered,
    failed: progress.failed,
    rejected: progress.rejected,
    in_flight: progress.inFlight,
    rpm: progress.rpm,
    tpm: progress.tpm,
    rpm_limit: tenths(progress.rpmLimit),
    tpm_limit: tenths(progress.tpmLimit),
    cost: progress.cost,
    cost_projected: progress.costProjected,
    unpriced_lines: progress.unpricedLines,
    max_cost: progress.maxCost,
    possibly_billed_amount: progress.possiblyBilled,
    currency: progress.currency,
    throttled: progress.throttled,
    eta_ms: progress.etaMs,
    slow: progress.slow,
    elapsed_ms: progress.elapsedMs,
  };
}

function stateFields(state: DispatchState): Fields {
  return {
    elapsed_ms: state.elapsedMs,
    settled: state.settled,
    total: state.total,
    in_flight: state.inFlight,
    concurrency: state.concurrency,
    stopping: state.stopping,
    control_file: state.controlFile,
    models: state.models.map((lane) => ({
      model: lane.model,
      state: lane.state,
      rpm: lane.rpm,
      rpm_limit: tenths(lane.rpmLimit),
      rpm_origin: lane.rpmOrigin,
      tpm: lane.tpm,
      tpm_limit: tenths(lane.tpmLimit),
      tpm_origin: lane.tpmOrigin,
      waiting: lane.waiting,
      in_flight: lane.inFlight,
      paused_ms: wholeMs(lane.pausedMs),
      throttled: lane.throttles,
    })),
  };
}

/** An event's public fields; null for one that is not public (cli.md section 7). */
function fieldsOf(event: RunEvent): Fields | null {
  switch (event.event) {
    case 'sample-end': {
      const { sampleLines, openLines, expected, currency } = event;
      return { sample_lines: sampleLines, open_lines: openLines, expected, currency };
    }
    case 'job-start': {
      const { job, input, ledger, endpoint, resuming, lines } = event;
      return { job, input, ledger, endpoint, resuming, lines };
    }
    case 'line-settled': {
      const { line, customId, status, code, attempts, model } = event;
      return { line, custom_id: customId, status, code, attempts, model };
    }
    case 'model-slowed':
      return { model: event.model, wait_ms: wholeMs(event.waitMs), reason: event.reason };
    case 'model-parked':
      return { model: event.model, code: event.code, message: event.message };
    case 'progress':
      return progressFields(event);
    case 'dispatch-state':
      return stateFields(event);
    case 'notice': {
      const { severity, message, found } = event;
      if (found === undefined) return { severity, message };
      return { severity, message, problems: found.problems, problem_counts: found.problemCounts };
    }
    case 'job-end': {
      const { summary, failures, exitCode, next } = event;
      const { schema: _schema, ...fields } = summary;
      return { ...fields, failures, exit_code: exitCode, next };
    }
    case 'attempt-ended':
    case 'stopping':
      return null;
  }
}

/**
 * `--progress json`: every public event as one line of JSON with its line break, `{"schema":1,"event":...,"at":<ISO 8601,
 * UTC>,...}` in snake_case; `job-end` carries the run's summary, its failures by code, the exit code and the next command.
 */
export function createJsonReporter(options: {
  readonly write: (text: string) => void;
  readonly clock: Clock;
}): Reporter {
  const { write, clock } = options;
  return {
    report(event) {
      const fields = fieldsOf(event);
      if (fields !== null) {
        const at = isoTime(clock.wallMs());
        write(`${jsonText({ schema: 1, event: event.event, at, ...fields })}\n`);
      }
    },
    close: () => {},
  };
}
