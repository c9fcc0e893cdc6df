import {
  CHANCE,
  FEW_BY_CHANCE,
  LATE,
  MINUTE,
  MOVING,
  MOVING_TOKENS,
  OWN_SERVER,
  SHARED,
  STANDSTILL,
  STEADY,
  TAILS,
  TOKENS,
  TOLD_TOO_MUCH,
  type Goals,
} from './goals.ts';

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
  readonly chance: {
    readonly share: number;
    readonly why: 'throttle_rate' | 'throttle_tokens';
  } | null;
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
  /** How the file orders its models: one after the other, in `stretches` of a thousand lines, or `mixed`. */
  readonly order: 'one by one' | 'stretches' | 'mixed';
  /** Clients with the same workload that share the quota. */
  readonly clients: number;
  /** Calls that the service works on at once, the others wait: a server of one's own; null: any number. */
  readonly capacity: number | null;
  /** What a client is told of the limits that knows them; null: what they are. */
  readonly told: { readonly rpm: number; readonly tpm: number } | null;
  /** Whether the client's machine stands still now and then. */
  readonly busy: boolean;
  /** When the service stands still: what comes meanwhile is looked at, and what goes is sent, at its end. Null: never. */
  readonly stall: { readonly fromMs: number; readonly toMs: number } | null;
  readonly goals: Goals;
  /** In the subset that runs with every change. */
  readonly quick: boolean;
};

const QUOTA: QuotaShape = {
  rpm: 1200,
  tpm: 5_000_000,
  windowMs: 1000,
  kind: 'windows',
  guard: null,
  change: null,
  charge: 'start',
  chance: null,
};
const CALLS: Workload = {
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
    told: null,
    capacity: null,
    busy: false,
    stall: null,
    goals: STEADY,
    quick: false,
    ...rest,
  };
}

const TOKENS_BIND = { rpm: 6000, tpm: 600_000 } as const;

/** Every scenario; a job lasts five minutes or more at the full rate. */
export const SCENARIOS: readonly Scenario[] = [
  scenario('RPM 1,200', { quick: true }),
  scenario('RPM 1,200, busy machine', { busy: true, quick: true }),
  scenario('own server, 32 slots', {
    calls: { lines: 3600 },
    quota: { rpm: 1e7, tpm: 1e11 },
    capacity: 32,
    goals: OWN_SERVER,
    quick: true,
  }),
  scenario('RPM 60', { calls: { lines: 600, latencyMs: 5000 }, quota: { rpm: 60 }, quick: true }),
  scenario('RPM 30,000', { calls: { lines: 180_000 }, quota: { rpm: 30_000, tpm: 1e8 } }),
  scenario('RPM 1', {
    calls: { lines: 240, latencyMs: 5000 },
    quota: { rpm: 1, windowMs: 60_000 },
    goals: MINUTE,
  }),
  scenario('6 s windows', { quota: { windowMs: 6000 }, quick: true }),
  scenario('60 s window', { quota: { windowMs: 60_000 }, goals: MINUTE, quick: true }),
  scenario('60 s window, RPM 60', {
    calls: { lines: 600 },
    quota: { rpm: 60, windowMs: 60_000 },
    goals: MINUTE,
  }),
  scenario('bucket of a minute', {
    quota: { windowMs: 60_000, kind: 'bucket' },
    goals: MINUTE,
  }),
  scenario('growth guard', { quota: { guard: { factor: 2, floor: 10 } }, quick: true }),
  scenario('quota halves 120-180 s', {
    calls: { lines: 9600 },
    quota: { change: { fromMs: 120_000, toMs: 180_000, share: 0.5 } },
    goals: MOVING,
    quick: true,
  }),
  scenario('nothing given 120-300 s', {
    quota: { change: { fromMs: 120_000, toMs: 300_000, share: 0 } },
    goals: MOVING,
  }),
  scenario('refused for the first 25 s', {
    quota: { change: { fromMs: 0, toMs: 25_000, share: 0 } },
    goals: MOVING,
    quick: true,
  }),
  scenario('nothing given 120-150 s', {
    quota: { change: { fromMs: 120_000, toMs: 150_000, share: 0 } },
    goals: MOVING,
    quick: true,
  }),
  scenario('growth refused 120-180 s', {
    quota: { change: { fromMs: 120_000, toMs: 180_000, share: 0, why: 'throttle_burst' } },
    goals: MOVING,
    quick: true,
  }),
  scenario('told 30,000, given 1,200', {
    told: { rpm: 30_000, tpm: 5_000_000 },
    goals: TOLD_TOO_MUCH,
    quick: true,
  }),
  scenario('stands still 15-25 s', {
    stall: { fromMs: 15_000, toMs: 25_000 },
    goals: STANDSTILL,
    quick: true,
  }),
  scenario('stands still 60-70 s', {
    stall: { fromMs: 60_000, toMs: 70_000 },
    goals: STANDSTILL,
    quick: true,
  }),
  // At a pace where each second brings strays.
  scenario('one in 1,000 refused', {
    calls: { lines: 72_000 },
    quota: { rpm: 12_000, tpm: 1e8, chance: { share: 0.001, why: 'throttle_rate' } },
    quick: true,
  }),
  scenario('two in a hundred refused', {
    quota: { chance: { share: 0.02, why: 'throttle_rate' } },
    goals: FEW_BY_CHANCE,
    quick: true,
  }),
  scenario('one in ten refused', {
    quota: { chance: { share: 0.1, why: 'throttle_rate' } },
    goals: CHANCE,
    quick: true,
  }),
  scenario('one in ten refused, tokens', {
    quota: { chance: { share: 0.1, why: 'throttle_tokens' } },
    goals: CHANCE,
    quick: true,
  }),
  scenario('a line always refused', { calls: { refusedEvery: 5000 }, goals: MOVING, quick: true }),
  scenario('two clients', { calls: { lines: 4800 }, clients: 2, goals: MOVING }),
  scenario('three clients', { calls: { lines: 4800 }, clients: 3, goals: SHARED, quick: true }),
  scenario('TPM 600k binds', {
    calls: { lines: 5200 },
    quota: TOKENS_BIND,
    goals: TOKENS,
    quick: true,
  }),
  scenario('TPM 5M, heavy tails', {
    calls: { lines: 43_000, outputSigma: 1.2 },
    quota: { rpm: 30_000, tpm: 5_000_000 },
    goals: TOKENS,
  }),
  scenario('TPM 600k, heavy tails', {
    calls: { lines: 5200, outputSigma: 1.2 },
    quota: TOKENS_BIND,
    goals: TAILS,
  }),
  scenario('TPM, 60 s window', {
    calls: { lines: 5200 },
    quota: { ...TOKENS_BIND, windowMs: 60_000 },
    goals: TOKENS,
  }),
  scenario('TPM, counted at the end', {
    calls: { lines: 5200 },
    quota: { ...TOKENS_BIND, charge: 'end' },
    goals: LATE,
  }),
  scenario('TPM halves 120-180 s', {
    calls: { lines: 5200 },
    quota: { ...TOKENS_BIND, change: { fromMs: 120_000, toMs: 180_000, share: 0.5 } },
    goals: MOVING_TOKENS,
  }),
  scenario('TPM, estimate 1/3', {
    calls: { lines: 5200, estimate: 1 / 3 },
    quota: TOKENS_BIND,
    goals: TOKENS,
  }),
  scenario('TPM, estimate x3', {
    calls: { lines: 5200, estimate: 3 },
    quota: TOKENS_BIND,
    goals: TOKENS,
  }),
  scenario('latency 40 s, RPM 600', {
    calls: { lines: 3600, latencyMs: 40_000, outputTokens: 3000 },
    quota: { rpm: 600 },
    quick: true,
  }),
  scenario('latency 10 min, RPM 300', {
    calls: { lines: 6000, latencyMs: 600_000, outputTokens: 3000 },
    quota: { rpm: 300 },
  }),
  scenario('two models, mixed', {
    workloads: [CALLS, { ...CALLS, model: 'qwen-max', lines: 400, quota: { ...QUOTA, rpm: 60 } }],
  }),
  scenario('two models, in stretches', {
    workloads: [CALLS, { ...CALLS, model: 'qwen-max', lines: 3600, quota: { ...QUOTA, rpm: 600 } }],
    order: 'stretches',
  }),
  scenario('three models, one by one', {
    workloads: [
      { ...CALLS, model: 'qwen-turbo', lines: 18_000, quota: { ...QUOTA, rpm: 3000 } },
      { ...CALLS, lines: 14_400, quota: { ...QUOTA, rpm: 2400 } },
      { ...CALLS, model: 'qwen-max', lines: 12_000, quota: { ...QUOTA, rpm: 2000 } },
    ],
    order: 'one by one',
    quick: true,
  }),
];
