import { countOf, type Sent, shareOf, type StartLog } from './start-log.ts';

/** Less is looked into where calls are few: no fewer than these. */
const CALLS_LEAST = 40;
/** In a lane that has hardly begun: a single line that is refused again and again comes to some. */
const REFUSED_LEAST = 10;
/** Where more is refused nearly any few calls in a row look like a closed window. */
const SHARE_MOST = 0.7;
/** So much is refused in each part of the time that the calls took: chance comes evenly, a limit that was met in one place. */
const EVEN = { parts: 4, partShare: 0.035 } as const;
/** A small share is looked into once so many were refused; each part of the time has so much of the share. */
const FEW = { refusedLeast: 12, partOfShare: 0.4, steeredPace: 0.7 } as const;
/** Over so long a time, doubled where it holds fewer calls; longer where it does not even hold the least. */
const SPAN_MS = { least: 16_000, usual: 64_000, most: 4_096_000 } as const;

/** How many refusals look as if they came by chance. */
export type Suspicion = {
  /** So large a share of so many calls. */
  readonly calls: number;
  readonly share: number;
  /** Or a share between this one and that. */
  fewShare(): number;
  /** Some refusals are steered for: few say something only once they have brought the pace low. */
  readonly isSteered: boolean;
};

/** What was sent of late, where so much of it was refused, and so evenly, that a limit may not be why; else null. Pure. */
export function suspected(
  log: StartLog,
  suspicion: Suspicion,
  at: {
    readonly nowMs: number;
    /** When the last trial ended. */
    readonly trialledMs: number;
    /** The pace now, and the highest at which a call was refused. */
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
  // Before its first call a lane was refused nothing, which says nothing of how evenly it is. Tokens need a while to be counted right.
  if (!suspicion.isSteered && sent.refused >= REFUSED_LEAST)
    spanMs = Math.min(spanMs, Math.max(SPAN_MS.least, nowMs - log.sinceMs));
  if (nowMs - spanMs < trialledMs) return null;
  if (countOf(sent) < CALLS_LEAST || shareOf(sent) > SHARE_MOST) return null;
  if (shareOf(sent) >= suspicion.share)
    return isEven(log, { nowMs, spanMs }, EVEN.partShare) ? sent : null;
  const isExpected = suspicion.isSteered && at.perMs >= at.highPerMs * FEW.steeredPace;
  return isExpected ? null : fewSuspected(log, suspicion, at);
}

/** The same of few refusals, over as long a time as the log remembers. */
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

/** Whether so much was refused in each part of the time. */
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
