import { countOf, type Sent, shareOf, type StartLog } from './start-log.ts';

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
export type Suspicion = {
  /** This share of this many calls. */
  readonly calls: number;
  readonly share: number;
  /** Or a share between this and that. */
  fewShare(): number;
  /** Refusals are steered for: few prove something only once they have brought the pace low. */
  readonly isSteered: boolean;
};

/** Recent calls, if so many were refused, and so evenly, that a limit may not be the cause; else null. Pure. */
export function suspected(
  log: StartLog,
  suspicion: Suspicion,
  at: {
    readonly nowMs: number;
    /** When the last trial ended. */
    readonly trialledMs: number;
    /** The current pace, and the highest at which a call was refused. */
    readonly perMs: number;
    readonly highPerMs: number;
  },
): Sent | null {
  const { nowMs, trialledMs } = at;
  let spanMs: number = SPAN_MS.least;
  let sent = log.between(nowMs - spanMs, nowMs);
  while (
    countOf(sent) < (spanMs < SPAN_MS.usual ? suspicion.calls : CALLS_LEAST) &&
    spanMs < SPAN_MS.most
  ) {
    spanMs *= 2;
    sent = log.between(nowMs - spanMs, nowMs);
  }
  // The time before a lane's first call has no refusals, which says nothing of evenness. Token estimates need a while to
  // settle.
  if (!suspicion.isSteered && sent.refused >= REFUSED_LEAST)
    spanMs = Math.min(spanMs, Math.max(SPAN_MS.least, nowMs - log.sinceMs));
  if (nowMs - spanMs < trialledMs) return null;
  if (countOf(sent) < CALLS_LEAST || shareOf(sent) > SHARE_MOST) return null;
  if (shareOf(sent) >= suspicion.share)
    return isEven(log, { nowMs, spanMs }, EVEN.partShare) ? sent : null;
  const isExpected = suspicion.isSteered && at.perMs >= at.highPerMs * FEW.steeredPace;
  return isExpected ? null : fewSuspected(log, suspicion, at);
}

/** The same for few refusals, over up to the usual span. */
function fewSuspected(
  log: StartLog,
  suspicion: Suspicion,
  { nowMs, trialledMs }: { readonly nowMs: number; readonly trialledMs: number },
): Sent | null {
  const spanMs = Math.min(SPAN_MS.usual, nowMs - trialledMs);
  const sent = log.between(nowMs - spanMs, nowMs);
  if (sent.refused < FEW.refusedLeast || shareOf(sent) < suspicion.fewShare()) return null;
  return isEven(log, { nowMs, spanMs }, shareOf(sent) * FEW.partOfShare) ? sent : null;
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
    if (shareOf(log.between(untilMs - partMs, untilMs)) < partShare) return false;
  }
  return true;
}
