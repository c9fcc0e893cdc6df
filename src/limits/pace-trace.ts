import type { Clock } from '../clock.ts';
import type { Lane } from './lane.ts';
import type { PaceChange, PaceEvent } from './pace-event.ts';
import type { Dimension, PaceReason } from './pacer.ts';

type ChangeParts = Pick<PaceChange, 'model' | 'dimension' | 'reason'> & Partial<FromTo>;

type FromTo = Pick<PaceChange, 'from' | 'to'>;

/** Turns lane activity into the events of `onPace`; does nothing if there is no listener. */
export class PaceTrace {
  private readonly clock: Clock;
  private readonly onEvent: ((event: PaceEvent) => void) | undefined;
  private readonly last: Map<string, number | null> = new Map();
  private sinceMs: number;

  constructor(clock: Clock, onEvent: ((event: PaceEvent) => void) | undefined) {
    this.clock = clock;
    this.onEvent = onEvent;
    this.sinceMs = clock.wallMs();
  }

  change({ model, dimension, reason, from = null, to = null }: ChangeParts): void {
    const atMs = this.clock.wallMs();
    this.onEvent?.({ kind: 'change', model, atMs, dimension, reason, from, to });
  }

  /** The run's cap on calls in flight has changed. */
  capChange(reason: PaceChange['reason'], bounds: FromTo): void {
    this.change({ model: null, dimension: 'concurrency', reason, ...bounds });
  }

  /** Records a new lane's initial pace, the `from` of its first change. */
  laneAdded(lane: Lane): void {
    if (this.onEvent === undefined) return;
    for (const dimension of ['requests', 'tokens'] as const)
      this.last.set(keyOf(lane, dimension), paceOf(lane, dimension));
  }

  laneChange(lane: Lane, dimension: Dimension, reason: PaceReason): void {
    if (this.onEvent === undefined) return;
    const key = keyOf(lane, dimension);
    const to = paceOf(lane, dimension);
    const from = this.last.get(key) ?? null;
    this.last.set(key, to);
    this.change({ model: lane.model, dimension, reason, from, to });
  }

  /** Ends a second: one event per lane that did something or has lines waiting; resets the counters. */
  second(lanes: readonly Lane[], concurrency: number): void {
    const atMs = this.sinceMs;
    const nowMs = this.clock.monotonicMs();
    this.sinceMs = this.clock.wallMs();
    for (const lane of lanes) {
      const { sent, admitted, refused, tokens, ended } = lane.counted;
      const refusals = refused.rate + refused.tokens + refused.burst;
      const isQuiet = sent + admitted + refusals + ended + lane.waiting === 0;
      if (!isQuiet) {
        const counts = { sent, admitted, refused, tokens };
        this.onEvent?.({ ...lane.shown(nowMs), kind: 'second', atMs, ...counts, concurrency });
      }
      lane.startSecond();
    }
  }
}

function keyOf(lane: Lane, dimension: Dimension): string {
  return `${dimension} ${lane.model}`;
}

function paceOf(lane: Lane, dimension: Dimension): number | null {
  const pace = lane.pacer.pace();
  if (dimension === 'lane') return pace.pausedUntilMs;
  return pace[dimension].perMinute;
}
