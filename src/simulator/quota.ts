import type { Clock } from '../clock.ts';

/** Which limit refused a request. */
export type QuotaRefusal = 'requests' | 'tokens';

/** Requests and tokens per minute for every model; null: unlimited. */
export type QuotaLimits = { readonly rpm: number | null; readonly tpm: number | null };

/** The account's quotas: one pair of windows per model, or per group of models that share one, as in the service. */
export type Quota = {
  /** Counts one request, or says which limit refuses it; a refused one does not count. */
  admit(model: string): QuotaRefusal | null;
  /** Counts the tokens, input and output, of an admitted request. */
  charge(model: string, tokens: number): void;
};

const SECONDS = 60;

/**
 * Models with a common quota in the service: those that Moonshot serves itself. Source: rate-limit page of Model Studio,
 * 2026 mid-year ("4 个模型中共享 500 RPM").
 */
const COUNTED_TOGETHER: ReadonlySet<string> = new Set([
  'kimi/kimi-k2.5',
  'kimi/kimi-k2.6',
  'kimi/kimi-k2.7-code',
  'kimi/kimi-k2.7-code-highspeed',
]);

type Window = {
  /** Amount in each of the last 60 seconds, at index second % 60. */
  readonly slices: Float64Array;
  second: number;
  total: number;
};

function newWindow(): Window {
  return { slices: new Float64Array(SECONDS), second: 0, total: 0 };
}

function advance(window: Window, second: number): void {
  if (second - window.second >= SECONDS) {
    window.slices.fill(0);
    window.total = 0;
    window.second = second;
  }
  while (window.second < second) {
    window.second += 1;
    const at = window.second % SECONDS;
    window.total -= window.slices[at] ?? 0;
    window.slices[at] = 0;
  }
}

function isFull(window: Window, perMinute: number): boolean {
  const slice = window.slices[window.second % SECONDS] ?? 0;
  return slice >= Math.max(1, Math.ceil(perMinute / SECONDS)) || window.total >= perMinute;
}

function count(window: Window, amount: number): void {
  const at = window.second % SECONDS;
  window.slices[at] = (window.slices[at] ?? 0) + amount;
  window.total += amount;
}

/**
 * Quotas by model, enforced twice as in the service: in slices of a second (a sixtieth, at least one) and over the last
 * sixty seconds. A request passes while its slice and minute are not full yet, so a single request larger than a slice
 * still passes, and its excess counts against the minute.
 *
 * Source: rate-limit page of Model Studio (RPS = RPM/60, TPS = TPM/60), May 2026.
 */
export function createQuota(limits: QuotaLimits, clock: Clock): Quota {
  const { rpm, tpm } = limits;
  const models = new Map<string, { readonly requests: Window; readonly tokens: Window }>();
  const windowsOf = (model: string): { readonly requests: Window; readonly tokens: Window } => {
    const counted = COUNTED_TOGETHER.has(model) ? 'kimi' : model;
    let windows = models.get(counted);
    if (windows === undefined) {
      windows = { requests: newWindow(), tokens: newWindow() };
      models.set(counted, windows);
    }
    const second = Math.floor(clock.monotonicMs() / 1000);
    advance(windows.requests, second);
    advance(windows.tokens, second);
    return windows;
  };
  return {
    admit(model) {
      if (rpm === null && tpm === null) return null;
      const { requests, tokens } = windowsOf(model);
      if (rpm !== null && isFull(requests, rpm)) return 'requests';
      if (tpm !== null && isFull(tokens, tpm)) return 'tokens';
      count(requests, 1);
      return null;
    },
    charge(model, amount) {
      if (tpm !== null) count(windowsOf(model).tokens, amount);
    },
  };
}
