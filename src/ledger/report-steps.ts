import { utcOffsetMs } from './local-time.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Each a multiple of the previous, so that steps can be merged. */
const SPANS_MS: readonly number[] = [
  SECOND_MS,
  5 * SECOND_MS,
  10 * SECOND_MS,
  30 * SECOND_MS,
  MINUTE_MS,
  5 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  DAY_MS,
  7 * DAY_MS,
  28 * DAY_MS,
  364 * DAY_MS,
];

/** More bars than this cannot be distinguished by eye. */
const STEPS_MAX = 120;

type Measures = {
  answered: number;
  unanswered: number;
  inputTokens: number;
  outputTokens: number;
  costPico: number;
};

/** The sums of one time step under one key. `at`: its start, milliseconds since 1970. */
export type Step = Measures & { readonly at: number; readonly key: string };

/**
 * Sums by time and key over any time range: steps start as seconds and are merged into wider ones whenever the range
 * exceeds 120 of them. Hours and days are local, by the UTC offset at the first moment seen.
 */
export class Steps {
  private level = 0;
  private offsetMs: number | null = null;
  private first = Infinity;
  private last = -Infinity;
  private steps: Map<string, Map<number, Measures>> = new Map();

  get spanMs(): number {
    return SPANS_MS[this.level] ?? SECOND_MS;
  }

  /** The sums of the step that holds this moment. */
  at(wallMs: number, key: string): Measures {
    this.offsetMs ??= utcOffsetMs(wallMs);
    this.first = Math.min(this.first, wallMs);
    this.last = Math.max(this.last, wallMs);
    while (this.isTooFine()) this.widen();
    return this.sums(this.indexOf(wallMs), key);
  }

  /** All steps in order of time, merging keys that get the same new name. */
  merged(renamed: (key: string) => string): Step[] {
    const all = new Map<string, Step>();
    for (const [key, steps] of this.steps) {
      for (const [index, measures] of steps) {
        const at = index * this.spanMs - (this.offsetMs ?? 0);
        const id = `${at} ${renamed(key)}`;
        const known = all.get(id);
        if (known === undefined) all.set(id, { at, key: renamed(key), ...measures });
        else addTo(known, measures);
      }
    }
    return [...all.values()].toSorted((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1));
  }

  private indexOf(wallMs: number): number {
    return Math.floor((wallMs + (this.offsetMs ?? 0)) / this.spanMs);
  }

  private isTooFine(): boolean {
    const steps = this.indexOf(this.last) - this.indexOf(this.first) + 1;
    return steps > STEPS_MAX && this.level < SPANS_MS.length - 1;
  }

  private widen(): void {
    const before = this.spanMs;
    this.level += 1;
    const old = this.steps;
    this.steps = new Map();
    for (const [key, steps] of old) {
      for (const [index, measures] of steps)
        addTo(this.sums(Math.floor((index * before) / this.spanMs), key), measures);
    }
  }

  private sums(index: number, key: string): Measures {
    let steps = this.steps.get(key);
    if (steps === undefined) {
      steps = new Map();
      this.steps.set(key, steps);
    }
    let sums = steps.get(index);
    if (sums === undefined) {
      sums = { answered: 0, unanswered: 0, inputTokens: 0, outputTokens: 0, costPico: 0 };
      steps.set(index, sums);
    }
    return sums;
  }
}

function addTo(sums: Measures, more: Measures): void {
  sums.answered += more.answered;
  sums.unanswered += more.unanswered;
  sums.inputTokens += more.inputTokens;
  sums.outputTokens += more.outputTokens;
  sums.costPico += more.costPico;
}
