/** Initial calls in flight, as for `auto` elsewhere: with fewer, a gateway's limit would be found only after its first answers. */
const FIRST = 64;
/**
 * The bound that keeps queued calls from timing out, once `answers` have come: as many calls as the server answers within
 * `timeoutShare` of the time limit (half: answers come unevenly), but `least` at least. Where a single answer takes nearly that
 * long, as many as it answers within `latencies` of the shortest ones, or the cap could never grow; at most within `shareMost`
 * of the limit.
 */
const IN_TIME = { answers: 4, least: 8, timeoutShare: 0.5, latencies: 2, shareMost: 0.9 } as const;
/** A step needs this many answers and lasts at least one latency. */
const ANSWERS_LEAST = 40;
/** Latency ÷ lowest latency: below `grow` the cap grows, above `cut` it is cut. */
const RATIO = { grow: 1.2, cut: 1.5 } as const;
const GROWTH = { perLatency: 2, perSecond: 1.2 } as const;
const CUT = { most: 0.5, least: 0.7 } as const;
/** A cut that loses more than this share of what it took away did not remove a queue. */
const LOST_SHARE = 0.75;
/**
 * After this many steps of *holding*, the cap is raised by `factor` as a probe. It is kept if throughput rises by `gainShare` of the
 * added calls; otherwise the next probe comes after twice as many steps.
 */
const PROBE = { afterSteps: 2, factor: 1.5, gainShare: 0.4 } as const;

/** One second: the peak of calls in flight, the answers, and their median latency (null: no answers). */
export type LatencySecond = {
  readonly activeMost: number;
  readonly answered: number;
  readonly latencyMs: number | null;
};

/** State before a cut or a probe; compared with the state after it once the earlier calls have ended (`drained`). */
type StepBaseline = {
  readonly isProbe: boolean;
  readonly value: number;
  readonly perSecond: number;
  drained: boolean;
};

/**
 * Calls in flight for a self-hosted server (vLLM and the like), which throttles nothing: it queues calls, and their latency
 * rises. Mutable; fed once a second.
 *
 * *Growing* while latency stays close to its lowest value, *holding* above that, *cut* at one and a half times it. Each step
 * lasts at least one latency, since nothing shows earlier. After a cut, throughput is compared: a shorter queue costs none. If
 * throughput fell with the cut, the calls themselves take longer: the cap goes back, and the current latency is the lowest known.
 *
 * A batching server answers each call more slowly the more it has, yet more of them per second; and the lowest latency may be
 * that of the first answers, which are the shortest. So *holding* ends in a *probe* with more calls, kept if throughput rises enough.
 *
 * In any state the cap is bounded by what is answered in time (`IN_TIME`): a server that works on few calls at once would keep
 * the last ones queued until they time out, lost and possibly billed.
 */
export class LatencyCap {
  private readonly timeoutMs: number;
  private target: number = FIRST;
  /** Answers per second in the last step; null: no step has ended. */
  private stepPerSecond: number | null = null;
  private leastMs = Infinity;
  /** Lowest median latency of any second. */
  private shortestMs = Infinity;
  private seconds = 0;
  /** Seconds of this step in which answers came, or after them: before the first one nothing shows the server's rate. */
  private answeringSeconds = 0;
  private answered = 0;
  private latencySum = 0;
  private latencySeconds = 0;
  /** Null: the last step was neither a cut nor a try. */
  private before: StepBaseline | null = null;
  /** Steps of *holding* so far, and the number of them that ends in a try. */
  private heldSteps = 0;
  private heldStepsMost: number = PROBE.afterSteps;

  /** `timeoutMs`: time limit of a call. */
  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  get value(): number {
    return Math.min(this.target, this.callsInTime);
  }

  /** The most calls that are answered in time; Infinity: not known yet. */
  private get callsInTime(): number {
    const { answers, least, timeoutShare, latencies, shareMost } = IN_TIME;
    if (this.stepPerSecond === null && this.answered < answers) return Infinity;
    const perSecond = this.stepPerSecond ?? leastPerSecond(this.answered, this.answeringSeconds);
    const shortestMs = this.shortestMs === Infinity ? 0 : this.shortestMs;
    const inTimeMs = Math.min(
      this.timeoutMs * shareMost,
      Math.max(this.timeoutMs * timeoutShare, shortestMs * latencies),
    );
    return Math.max(least, (perSecond * inTimeMs) / 1000);
  }

  /** Evaluates a second that has ended; returns whether the cap was cut. */
  evaluate({ activeMost, answered, latencyMs }: LatencySecond): boolean {
    this.seconds += 1;
    this.answered += answered;
    if (this.answered > 0 || this.stepPerSecond !== null) this.answeringSeconds += 1;
    if (latencyMs !== null) {
      this.latencySum += latencyMs;
      this.latencySeconds += 1;
      this.shortestMs = Math.min(this.shortestMs, latencyMs);
    }
    const meanMs = this.latencySum / Math.max(1, this.latencySeconds);
    if (this.answered < ANSWERS_LEAST || this.seconds * 1000 < meanMs) return false;
    const wasCut = this.decide(activeMost, meanMs);
    this.stepPerSecond = leastPerSecond(this.answered, this.answeringSeconds);
    this.seconds = 0;
    this.answeringSeconds = 0;
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
    if (before?.isProbe === true) {
      this.endProbe(before, perSecond, latencyMs);
      return false;
    }
    if (before !== null && wasThroughputLost(before, this.value, perSecond)) {
      this.target = before.value;
      this.leastMs = latencyMs;
      return false;
    }
    this.leastMs = Math.min(this.leastMs, latencyMs);
    // A cap that is not used says nothing about what the server can take.
    if (activeMost < this.value / 2) return false;
    const ratio = latencyMs / this.leastMs;
    if (ratio > RATIO.cut) {
      this.heldSteps = 0;
      this.before = { isProbe: false, value: this.value, perSecond, drained: false };
      const share = Math.min(CUT.least, Math.max(CUT.most, RATIO.cut / ratio));
      this.target = Math.max(1, this.value * share);
      return true;
    }
    if (ratio < RATIO.grow) {
      this.heldSteps = 0;
      this.target = this.value * Math.min(GROWTH.perLatency, GROWTH.perSecond ** this.seconds);
      return false;
    }
    this.heldSteps += 1;
    if (this.heldSteps < this.heldStepsMost || this.callsInTime < this.value * PROBE.factor)
      return false;
    this.heldSteps = 0;
    this.before = { isProbe: true, value: this.value, perSecond, drained: false };
    this.target = this.value * PROBE.factor;
    return false;
  }

  /** Keeps the raised cap, or goes back. */
  private endProbe(before: StepBaseline, perSecond: number, latencyMs: number): void {
    const hasGained =
      perSecond > before.perSecond * (1 + (this.value / before.value - 1) * PROBE.gainShare);
    if (hasGained) this.leastMs = latencyMs;
    else {
      this.target = before.value;
      this.heldStepsMost *= 2;
    }
  }
}

/** A lower estimate of the rate: the count less its standard deviation (its root, if answers come at random). */
function leastPerSecond(answered: number, seconds: number): number {
  return (answered - Math.sqrt(answered)) / Math.max(1, seconds);
}

/** Whether a cut to `value` cost throughput, and not only a queue. */
function wasThroughputLost(before: StepBaseline, value: number, perSecond: number): boolean {
  const cut = 1 - value / before.value;
  return perSecond < before.perSecond * (1 - cut * LOST_SHARE);
}
