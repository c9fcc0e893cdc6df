import { isoTime } from '../clock.ts';
import { utilisationOf } from '../utilisation.ts';
import type { DispatchFacts } from '../ledger/read-trace.ts';

/** How well a job used its quota, as `status --json` prints it; unknown numbers are null. */
export type DispatchReport = {
  readonly run: number;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly makespan_ms: number | null;
  /** The makespan at the limits in force: the slowest model's calls at its limit, plus one mean latency. */
  readonly ideal_ms: number | null;
  readonly makespan_ratio: number | null;
  readonly attempts_per_line: number | null;
  readonly throttled: readonly { readonly code: string; readonly attempts: number }[];
  readonly models: readonly DispatchedModel[];
  /** `from` and `to`: per minute, or calls in flight; model null: the whole run. */
  readonly changes: readonly {
    readonly at: string;
    readonly model: string | null;
    readonly dimension: string;
    readonly from: number | null;
    readonly to: number | null;
    readonly reason: string;
  }[];
};

/** One model of it. `utilisation`: admitted ÷ allowed, in the binding dimension of those whose limit is known. */
export type DispatchedModel = {
  readonly model: string;
  readonly rpm_limit: number | null;
  readonly rpm_origin: string;
  readonly tpm_limit: number | null;
  readonly tpm_origin: string;
  readonly starts: number;
  readonly admitted: number;
  readonly throttled: { readonly rate: number; readonly tokens: number; readonly burst: number };
  readonly utilisation: number | null;
  /** Most starts in one second ÷ the mean; 1 is perfectly even. */
  readonly evenness: number | null;
};

type Lane = DispatchFacts['lanes'][number];

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function throttlesOf({ throttles }: Lane): number {
  return throttles.rate + throttles.tokens + throttles.burst;
}

/** From the first second with a start to the last, both included. */
function secondsOf({ firstStartAt, lastStartAt }: Lane): number {
  return (lastStartAt - firstStartAt) / 1000 + 1;
}

/** A limit that was given up says nothing of the run as a whole: what was used while it was in force is no share of it. */
function roundedUtilisation(lane: Lane): number | null {
  const share = utilisationOf({
    ...lane,
    allowedRequests: lane.rpmLimit === null ? 0 : lane.allowedRequests,
    allowedTokens: lane.tpmLimit === null ? 0 : lane.allowedTokens,
  });
  return share === null ? null : rounded(share, 4);
}

/** The time a perfect controller would need: all calls at the mean limit, then the last one's latency. */
function idealMs(lane: Lane): number | null {
  const utilisation = roundedUtilisation(lane);
  if (utilisation === null || lane.latencyMs === null) return null;
  return utilisation * secondsOf(lane) * 1000 + lane.latencyMs;
}

function modelOf(lane: Lane): DispatchedModel {
  const mean = lane.starts / secondsOf(lane);
  return {
    model: lane.model,
    rpm_limit: lane.rpmLimit === null ? null : rounded(lane.rpmLimit, 1),
    rpm_origin: lane.rpmOrigin,
    tpm_limit: lane.tpmLimit === null ? null : rounded(lane.tpmLimit, 0),
    tpm_origin: lane.tpmOrigin,
    starts: lane.starts,
    admitted: lane.starts - throttlesOf(lane),
    throttled: lane.throttles,
    utilisation: roundedUtilisation(lane),
    evenness: mean > 0 ? rounded(lane.startsMost / mean, 2) : null,
  };
}

/** Computes the report from the trace. Pure; `nowMs` (since 1970) is the end of a run in progress; null: it died. */
export function dispatchReport(facts: DispatchFacts, nowMs: number | null): DispatchReport {
  const { lanes } = facts;
  const endMs = facts.endedAt ?? nowMs;
  const firstMs = lanes.length === 0 ? null : Math.min(...lanes.map((lane) => lane.firstStartAt));
  const makespanMs = endMs === null || firstMs === null ? null : Math.max(0, endMs - firstMs);
  const ideals = lanes.map(idealMs);
  const known = ideals.filter((ideal) => ideal !== null);
  const ideal = known.length === 0 || known.length < ideals.length ? null : Math.max(...known);
  return {
    run: facts.run,
    started_at: isoTime(facts.startedAt),
    ended_at: facts.endedAt === null ? null : isoTime(facts.endedAt),
    makespan_ms: makespanMs,
    ideal_ms: ideal === null ? null : Math.round(ideal),
    makespan_ratio:
      makespanMs === null || ideal === null || ideal <= 0 ? null : rounded(makespanMs / ideal, 3),
    attempts_per_line:
      facts.linesTried === 0 ? null : rounded(facts.attempts / facts.linesTried, 3),
    throttled: facts.throttled,
    models: lanes.map(modelOf),
    changes: facts.changes.map(({ at, from, to, ...change }) => ({
      at: isoTime(at),
      model: change.model,
      dimension: change.dimension,
      from: from === null ? null : rounded(from, 1),
      to: to === null ? null : rounded(to, 1),
      reason: change.reason,
    })),
  };
}
