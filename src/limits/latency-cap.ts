/** Calls in flight to begin with, as `auto` has it, once the server has shown that it can answer them in time. */
const FIRST = 64;
/**
 * Until then so many. Later no more than the server answers within `timeoutShare` of a call's time limit: those that wait
 * behind others must not run into it. Answers come unevenly, hence half. Where an answer by itself takes nearly as long, as
 * many as are answered in `latencies` of it, or calls could never grow; but within `shareMost` of the limit.
 */
const IN_TIME = { least: 8, timeoutShare: 0.5, latencies: 2, shareMost: 0.9 } as const;
/** A decision needs so many answers, and as long as one of them takes. */
const ANSWERS_LEAST = 40;
/** Up to so much of the least latency more calls are tried; beyond so much there are too many. */
const RATIO = { grow: 1.2, cut: 1.5 } as const;
const GROWTH = { perLatency: 2, perSecond: 1.2 } as const;
const CUT = { most: 0.5, least: 0.7 } as const;
/** A cut that costs so much of what it took away had not met a queue. */
const LOST_SHARE = 0.75;
/**
 * *Holding* for so many steps, more calls are tried all the same, and kept where they bring so much of what they are more; else
 * the next try comes after twice as many steps.
 */
const TRY = { afterSteps: 2, factor: 1.5, wonShare: 0.4 } as const;

/** What one second has shown: the most calls in flight at a time, answers, and their median latency (null: none came). */
export type LatencySecond = {
  readonly activeMost: number;
  readonly answered: number;
  readonly latencyMs: number | null;
};

/** What was before a cut, or a try: compared with what is after it, once the calls from before have ended (`drained`). */
type BeforeStep = {
  readonly isTry: boolean;
  readonly value: number;
  readonly perSecond: number;
  drained: boolean;
};

/**
 * Calls in flight for a server of one's own (vLLM and the like), which refuses nothing: it lets calls
 * wait, and their latency rises. Mutable; told of every second.
 *
 * *Growing* while the latency stays close to its least; *holding* above that; *cut* where it is half as
 * much again. Each step takes as long as a call, since nothing shows earlier. After a cut the answers a
 * second are compared: a queue that got shorter costs none. Where they fell with the cut, the calls are
 * longer by themselves: back, and the latency of now is the least that is known.
 *
 * A server that works on its calls in batches answers each more slowly the more there are, and more of them all the same; and
 * the least latency may be that of the first answers, which are the shortest. So *holding* ends in a *try* of more calls, which
 * stay where enough more answers come of them.
 *
 * Whatever these say, there are never more calls than are answered in time (`IN_TIME`): a server that works on few at a time
 * would keep the last ones until their time limit, where each is lost, and possibly billed.
 */
export class LatencyCap {
  private readonly timeoutMs: number;
  private wanted: number = FIRST;
  /** Answers a second of the last step; null: none has ended. */
  private stepPerSecond: number | null = null;
  private leastMs = Infinity;
  /** The least median latency of a second. */
  private shortestMs = Infinity;
  private seconds = 0;
  private answered = 0;
  private latencySum = 0;
  private latencySeconds = 0;
  /** Null: the last step was no cut, and no try. */
  private before: BeforeStep | null = null;
  /** Steps of *holding* since the last other one, and after how many more calls are tried. */
  private held = 0;
  private heldMost: number = TRY.afterSteps;

  /** `timeoutMs`: the time limit of a call. */
  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  get value(): number {
    return Math.min(this.wanted, this.inTime);
  }

  /** The most calls that are answered in time. In the first second the pace sends fewer. */
  private get inTime(): number {
    if (this.stepPerSecond === null && this.seconds === 0) return Infinity;
    const perSecond = this.stepPerSecond ?? surePerSecond(this.answered, this.seconds);
    const { least, timeoutShare, latencies, shareMost } = IN_TIME;
    const shortestMs = this.shortestMs === Infinity ? 0 : this.shortestMs;
    const inTimeMs = Math.min(
      this.timeoutMs * shareMost,
      Math.max(this.timeoutMs * timeoutShare, shortestMs * latencies),
    );
    return Math.max(least, (perSecond * inTimeMs) / 1000);
  }

  /** Looks at a second that has ended; returns whether there were too many calls. */
  look({ activeMost, answered, latencyMs }: LatencySecond): boolean {
    this.seconds += 1;
    this.answered += answered;
    if (latencyMs !== null) {
      this.latencySum += latencyMs;
      this.latencySeconds += 1;
      this.shortestMs = Math.min(this.shortestMs, latencyMs);
    }
    const meanMs = this.latencySum / Math.max(1, this.latencySeconds);
    if (this.answered < ANSWERS_LEAST || this.seconds * 1000 < meanMs) return false;
    const wasCut = this.decide(activeMost, meanMs);
    this.stepPerSecond = surePerSecond(this.answered, this.seconds);
    this.seconds = 0;
    this.answered = 0;
    this.latencySum = 0;
    this.latencySeconds = 0;
    return wasCut;
  }

  private decide(activeMost: number, latencyMs: number): boolean {
    const perSecond = this.answered / this.seconds;
    const { before } = this;
    if (before?.drained === false) {
      before.drained = true;
      return false;
    }
    this.before = null;
    if (before?.isTry === true) {
      this.endTry(before, perSecond, latencyMs);
      return false;
    }
    if (before !== null && wereLost(before, this.value, perSecond)) {
      this.wanted = before.value;
      this.leastMs = latencyMs;
      return false;
    }
    this.leastMs = Math.min(this.leastMs, latencyMs);
    // Calls that are not in flight say nothing about how many could be.
    if (activeMost < this.value / 2) return false;
    const ratio = latencyMs / this.leastMs;
    if (ratio > RATIO.cut) {
      this.held = 0;
      this.before = { isTry: false, value: this.value, perSecond, drained: false };
      const share = Math.min(CUT.least, Math.max(CUT.most, RATIO.cut / ratio));
      this.wanted = Math.max(1, this.value * share);
      return true;
    }
    if (ratio < RATIO.grow) {
      this.held = 0;
      this.wanted = this.value * Math.min(GROWTH.perLatency, GROWTH.perSecond ** this.seconds);
      return false;
    }
    this.held += 1;
    if (this.held < this.heldMost || this.inTime < this.value * TRY.factor) return false;
    this.held = 0;
    this.before = { isTry: true, value: this.value, perSecond, drained: false };
    this.wanted = this.value * TRY.factor;
    return false;
  }

  /** Keeps what a try brought, or goes back. */
  private endTry(before: BeforeStep, perSecond: number, latencyMs: number): void {
    const wasWon =
      perSecond > before.perSecond * (1 + (this.value / before.value - 1) * TRY.wonShare);
    if (wasWon) this.leastMs = latencyMs;
    else {
      this.wanted = before.value;
      this.heldMost *= 2;
    }
  }
}

/** What is sure of so many answers: the same server might have given a root of them fewer. */
function surePerSecond(answered: number, seconds: number): number {
  return (answered - Math.sqrt(answered)) / Math.max(1, seconds);
}

/** Whether a cut to `value` cost answers, and not only a queue. */
function wereLost(before: BeforeStep, value: number, perSecond: number): boolean {
  const cut = 1 - value / before.value;
  return perSecond < before.perSecond * (1 - cut * LOST_SHARE);
}
