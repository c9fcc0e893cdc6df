import type { PaceLimits } from '../../src/limits/pace-limits.ts';
import { STEADY, type Goals } from './goals.ts';

/** How a hidden quota counts. */
export type QuotaShape = {
  readonly rpm: number;
  readonly tpm: number;
  /** The window, aligned at a moment that the client does not know. */
  readonly windowMs: number;
  /** `windows`: so much in each window, what is left is lost; `bucket`: filled continuously, full at first. */
  readonly kind: 'windows' | 'bucket';
  /** A growth guard: more than `factor` times the mean of the last 10 s, and more than `floor`, in a second is refused. */
  readonly guard: { readonly factor: number; readonly floor: number } | null;
  /** From one time to another, only this share is given. */
  readonly change: {
    readonly fromMs: number;
    readonly toMs: number;
    readonly share: number;
    /** Where it is nothing: what calls are refused for; by default the quota. */
    readonly why?: 'throttle_burst';
  } | null;
  /** When the tokens of a call are counted. */
  readonly charge: 'start' | 'end';
  /** This share of all calls is refused besides, whatever the pace, as others on the account use up its seconds. */
  readonly randomRefusals: {
    readonly share: number;
    readonly why: 'throttle_rate' | 'throttle_tokens';
  } | null;
  /** For how long each refusal asks that nothing be sent, as gateways in front of the service do; null: it does not. */
  readonly retryAfterMs: number | null;
};

/** The calls of one model. */
export type Workload = {
  readonly model: string;
  readonly lines: number;
  /** Mean latency; single ones are log-normal around it. */
  readonly latencyMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Spread of the output's logarithm: 0.6 is usual, 1.2 a heavy tail. */
  readonly outputSigma: number;
  /** What the client estimates, as a multiple of the mean. */
  readonly estimate: number;
  /** One line in so many is refused for its tokens whenever it is sent; Infinity: none is. */
  readonly refusedEvery: number;
  readonly quota: QuotaShape;
};

export type Scenario = {
  readonly name: string;
  readonly workloads: readonly Workload[];
  /** How the file orders its models: one after the other, in `blocks` of a thousand lines, or `mixed`. */
  readonly order: 'one by one' | 'blocks' | 'mixed';
  /** Clients with the same workload that share the quota. */
  readonly clients: number;
  /** Calls that the service works on at once, the others wait: a server of one's own; null: any number. */
  readonly capacity: number | null;
  /** The limits given to a client that knows them; null: the actual ones. */
  readonly statedLimits: PaceLimits | null;
  /** Whether the client's machine stands still now and then. */
  readonly busy: boolean;
  /** When the service stands still: what comes meanwhile is looked at, and what goes is sent, at its end. Null: never. */
  readonly stall: { readonly fromMs: number; readonly toMs: number } | null;
  readonly goals: Goals;
  /** In the subset that runs with every change. */
  readonly quick: boolean;
};

/** Of most scenarios. */
export const QUOTA: QuotaShape = {
  rpm: 1200,
  tpm: 5_000_000,
  windowMs: 1000,
  kind: 'windows',
  guard: null,
  change: null,
  charge: 'start',
  randomRefusals: null,
  retryAfterMs: null,
};
/** Of most scenarios. */
export const CALLS: Workload = {
  model: 'qwen-plus',
  lines: 7200,
  latencyMs: 3000,
  inputTokens: 400,
  outputTokens: 300,
  outputSigma: 0.6,
  estimate: 1,
  refusedEvery: Infinity,
  quota: QUOTA,
};

type Parts = Partial<Omit<Scenario, 'name' | 'workloads'>> & {
  readonly calls?: Partial<Workload>;
  readonly quota?: Partial<QuotaShape>;
  readonly workloads?: readonly Workload[];
};

/** A scenario: steady calls of one model in windows of a second, but for what is said. */
export function scenario(name: string, { calls, quota, workloads, ...rest }: Parts): Scenario {
  const one = { ...CALLS, ...calls, quota: { ...QUOTA, ...quota } };
  return {
    name,
    workloads: workloads ?? [one],
    order: 'mixed',
    clients: 1,
    statedLimits: null,
    capacity: null,
    busy: false,
    stall: null,
    goals: STEADY,
    quick: false,
    ...rest,
  };
}
