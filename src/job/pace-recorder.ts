import type { Clock } from '../clock.ts';
import type { ChangeRecord, PaceBucket, PaceLane, Throttles } from '../ledger/pace-records.ts';
import { bucketStart, type PaceTraceWriter } from '../ledger/pace-trace.ts';
import { type KnownLimit, type KnownLimits, LEARNED_BEFORE, NO_LIMIT } from './limit-sources.ts';
import type { PaceChange, PaceEvent, PaceSecond } from '../limits/pace-event.ts';

/** Rows join a turn's commit about this often. */
const WRITE_EVERY_MS = 2_000;
/** Most buckets and changes waiting for a commit: while nothing is committed little happens. */
const PENDING_MAX = 10_000;
const SECONDS_A_MINUTE = 60;

type Sums = { -readonly [Key in keyof PaceLane]: PaceLane[Key] } & {
  /** What the limits allowed since the last start: counts once there is another. */
  openRequests: number;
  openTokens: number;
};

/** `perMinute` null: unknown, or no limit. */
type ToldLimit = { readonly perMinute: number | null; readonly origin: string };

type ToldLimits = { readonly rpm: ToldLimit; readonly tpm: ToldLimit };

export type PaceRecorderOptions = {
  readonly clock: Clock;
  readonly writer: PaceTraceWriter;
  /** What is currently known of a model's limits, for their origin. */
  limits(model: string): KnownLimits;
};

/**
 * Aggregates the limiter's events into rows for the ledger. Owns only unwritten rows and one row of sums per lane; writes
 * within the callers' transactions.
 */
export class PaceRecorder {
  private readonly options: PaceRecorderOptions;
  private readonly lanes: Map<string, Sums> = new Map();
  private buckets: PaceBucket[] = [];
  private changes: ChangeRecord[] = [];
  private touched: Set<string> = new Set();
  private writtenMs = -Infinity;

  constructor(options: PaceRecorderOptions) {
    this.options = options;
  }

  /** The number of this run in the ledger. */
  get run(): number {
    return this.options.writer.run;
  }

  add(event: PaceEvent): void {
    if (event.kind === 'change') this.addChange(event);
    else this.addSecond(event);
  }

  /** Writes pending rows if due; within the caller's transaction. */
  writeIfDue(): void {
    const now = this.options.clock.monotonicMs();
    if (now - this.writtenMs < WRITE_EVERY_MS) return;
    this.writtenMs = now;
    this.write();
  }

  /** Writes all that is left, and that the run has ended; within the caller's transaction. */
  finish(): void {
    this.write();
    this.options.writer.end(this.options.clock.wallMs());
  }

  private write(): void {
    if (this.buckets.length === 0 && this.changes.length === 0) return;
    const lanes = [...this.touched].flatMap((model) => this.lanes.get(model) ?? []);
    this.options.writer.write({ buckets: this.buckets, changes: this.changes, lanes });
    this.buckets = [];
    this.changes = [];
    this.touched = new Set();
  }

  private addChange({ model, atMs, dimension, reason, from, to }: PaceChange): void {
    if (this.changes.length >= PENDING_MAX) return;
    // A pause changes a point in time, which is meaningless later.
    const isRate = dimension !== 'lane';
    this.changes.push({
      model,
      at: Math.round(atMs),
      dimension,
      from: isRate ? finite(from) : null,
      to: isRate ? finite(to) : null,
      reason,
    });
  }

  private addSecond(second: PaceSecond): void {
    const known = this.options.limits(second.model);
    const rpm = limitTold(second.rpmLimit, second.rpmOrigin, known.rpm);
    const tpm = limitTold(second.tpmLimit, second.tpmOrigin, known.tpm);
    this.sum(second, { rpm, tpm });
    if (this.buckets.length >= PENDING_MAX) return;
    const { model, sent, refused } = second;
    const spanSeconds = this.options.writer.spanSeconds(model);
    this.buckets.push({
      model,
      at: bucketStart(second.atMs, spanSeconds),
      spanSeconds,
      seconds: 1,
      starts: sent,
      startsMost: sent,
      throttles: refused,
      tokens: admittedTokens(second),
      rpm: finite(second.rpm),
      tpm: finite(second.tpm),
      rpmLimit: rpm.perMinute,
      tpmLimit: tpm.perMinute,
      waiting: second.waiting,
      inFlight: second.inFlight,
    });
  }

  /** Sums run from the first second with a start to the last: ramp and pauses included, the tail of replies not. */
  private sum(second: PaceSecond, limits: ToldLimits): void {
    const { model, sent, refused } = second;
    const rpmLimit = limits.rpm.perMinute;
    const tpmLimit = limits.tpm.perMinute;
    const at = Math.round(second.atMs);
    let lane = this.lanes.get(model);
    if (lane === undefined) {
      if (sent === 0) return;
      lane = newSums(model, at, limits);
      this.lanes.set(model, lane);
    }
    const rpmAllowed = allowedIn(lane.rpmLimit, rpmLimit);
    const tpmAllowed = allowedIn(lane.tpmLimit, tpmLimit);
    this.touched.add(model);
    lane.rpmLimit = rpmLimit;
    lane.tpmLimit = tpmLimit;
    lane.rpmOrigin = limits.rpm.origin;
    lane.tpmOrigin = limits.tpm.origin;
    const { rate, tokens, burst } = lane.throttles;
    lane.throttles = {
      rate: rate + refused.rate,
      tokens: tokens + refused.tokens,
      burst: burst + refused.burst,
    };
    lane.tokens += admittedTokens(second);
    if (rpmAllowed !== null) {
      lane.usedRequests += sent - refusals(refused);
      lane.openRequests += rpmAllowed;
    }
    if (tpmAllowed !== null) {
      lane.usedTokens += admittedTokens(second);
      lane.openTokens += tpmAllowed;
    }
    if (sent > 0) addStarts(lane, sent, at);
  }
}

/**
 * What a limit per minute allowed in a second, known at its start (`before`) and its end (`after`); null: it does not count.
 * Calls of a second in which a limit became known were sent before it was. Of a limit that fell meanwhile the higher one
 * counts, under which they may have been sent.
 */
function allowedIn(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : Math.max(before, after) / SECONDS_A_MINUTE;
}

function addStarts(lane: Sums, sent: number, at: number): void {
  lane.starts += sent;
  lane.startsMost = Math.max(lane.startsMost, sent);
  lane.lastStartAt = Math.max(lane.lastStartAt, at);
  lane.allowedRequests += lane.openRequests;
  lane.allowedTokens += lane.openTokens;
  lane.openRequests = 0;
  lane.openTokens = 0;
}

function refusals({ rate, tokens, burst }: Throttles): number {
  return rate + tokens + burst;
}

/** Refused calls used none; `tokens` covers all calls sent, so the refused share is deducted. */
function admittedTokens({ sent, refused, tokens }: PaceSecond): number {
  return sent === 0 ? 0 : tokens * Math.max(0, 1 - refusals(refused) / sent);
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

/** A limit in force as reported, with its origin in words for people and programs. */
export function limitTold(
  limit: number | null,
  kind: PaceSecond['rpmOrigin'],
  known: KnownLimit | null,
): ToldLimit {
  if (limit === null) return { perMinute: null, origin: 'unknown' };
  if (kind !== 'learned') {
    const origin = known?.origin ?? 'unknown';
    return { perMinute: origin === NO_LIMIT ? null : limit, origin };
  }
  const isEarlier = known?.origin === LEARNED_BEFORE && Math.abs(known.perMinute - limit) < 0.5;
  return { perMinute: limit, origin: isEarlier ? known.origin : 'learned live' };
}

function newSums(model: string, at: number, { rpm, tpm }: ToldLimits): Sums {
  return {
    model,
    rpmLimit: rpm.perMinute,
    rpmOrigin: rpm.origin,
    tpmLimit: tpm.perMinute,
    tpmOrigin: tpm.origin,
    firstStartAt: at,
    lastStartAt: at,
    starts: 0,
    startsMost: 0,
    throttles: { rate: 0, tokens: 0, burst: 0 },
    tokens: 0,
    usedRequests: 0,
    allowedRequests: 0,
    usedTokens: 0,
    allowedTokens: 0,
    openRequests: 0,
    openTokens: 0,
  };
}
