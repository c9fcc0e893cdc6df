import { countOf, type CallCounts, refusedShareOf, type StartLog } from './start-log.ts';

/** Where calls are few, the sample is smaller, but no less than this. */
const CALLS_LEAST = 40;
/** In a lane that has hardly begun: a single line refused again and again produces a few. */
const REFUSED_LEAST = 10;
/** Where more is refused, nearly any few consecutive calls look like a closed window. */
const SHARE_MOST = 0.7;
/**
 * At least this share is refused in each part of the span: random refusals are spread evenly, those at a limit fall in one
 * place.
 */
const EVEN = { parts: 4, partShare: 0.035 } as const;
/** A small share is examined after this many refusals; each part of the span must have this much of the share. */
const FEW = { refusedLeast: 12, partOfShare: 0.4, steeredPace: 0.7 } as const;
/** The span examined: doubled while it holds too few calls; beyond `usual` only while it does not hold the minimum. */
const SPAN_MS = { least: 16_000, usual: 64_000, most: 4_096_000 } as const;

/** How many refusals look random. */
export type SuspicionThreshold = {
  /** This share of this many calls. */
  readonly calls: number;
  readonly share: number;
  /** Or a share between this and that. */
  fewShare(): number;
  /** Refusals are steered for: few prove something only once they have brought the pace low. */
  readonly isSteered: boolean;
};

/** Recent calls, if so many were refused, and so evenly, that a limit may not be the cause; else null. Pure. */
export function suspectedRandom(
  log: StartLog,
  threshold: SuspicionThreshold,
  at: {
    readonly nowMs: number;
    /** When the last trial ended. */
    readonly trialEndedMs: number;
    /** The current pace, and the highest at which a call was refused. */
    readonly perMs: number;
    readonly highestRefusedPerMs: number;
  },
): CallCounts | null {
  const { nowMs, trialEndedMs } = at;
  let spanMs: number = SPAN_MS.least;
  let sent = log.between(nowMs - spanMs, nowMs);
  while (
    countOf(sent) < (spanMs < SPAN_MS.usual ? threshold.calls : CALLS_LEAST) &&
    spanMs < SPAN_MS.most
  ) {
    spanMs *= 2;
    sent = log.between(nowMs - spanMs, nowMs);
  }
  // The time before a lane's first call has no refusals, which says nothing of evenness. Token estimates need a while to
  // settle.
  if (!threshold.isSteered && sent.refused >= REFUSED_LEAST)
    spanMs = Math.min(spanMs, Math.max(SPAN_MS.least, nowMs - log.sinceMs));
  if (nowMs - spanMs < trialEndedMs) return null;
  if (countOf(sent) < CALLS_LEAST || refusedShareOf(sent) > SHARE_MOST) return null;
  if (refusedShareOf(sent) >= threshold.share)
    return isEven(log, { nowMs, spanMs }, EVEN.partShare) ? sent : null;
  const isExpected = threshold.isSteered && at.perMs >= at.highestRefusedPerMs * FEW.steeredPace;
  return isExpected ? null : fewSuspectedRandom(log, threshold, at);
}

/** The same for few refusals, over up to the usual span. */
function fewSuspectedRandom(
  log: StartLog,
  threshold: SuspicionThreshold,
  { nowMs, trialEndedMs }: { readonly nowMs: number; readonly trialEndedMs: number },
): CallCounts | null {
  const spanMs = Math.min(SPAN_MS.usual, nowMs - trialEndedMs);
  const sent = log.between(nowMs - spanMs, nowMs);
  if (sent.refused < FEW.refusedLeast || refusedShareOf(sent) < threshold.fewShare()) return null;
  return isEven(log, { nowMs, spanMs }, refusedShareOf(sent) * FEW.partOfShare) ? sent : null;
}

/** Whether at least `partShare` was refused in each part of the span. */
function isEven(
  log: StartLog,
  { nowMs, spanMs }: { readonly nowMs: number; readonly spanMs: number },
  partShare: number,
): boolean {
  const partMs = spanMs / EVEN.parts;
  for (let part = 1; part <= EVEN.parts; part += 1) {
    const untilMs = nowMs - (part - 1) * partMs;
    if (refusedShareOf(log.between(untilMs - partMs, untilMs)) < partShare) return false;
  }
  return true;
}
