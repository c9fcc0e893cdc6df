import {
  INPUT_PICO,
  INPUT_TOKENS,
  LONG_TOKENS,
  OUTPUT_PICO,
  OUTPUT_TOKENS,
  type Weather,
} from './service.ts';
import type { Trap, World } from './world.ts';

/** A kind of day at the service. */
const WEATHERS: Readonly<Record<string, Weather>> = {
  fine: w({}),
  streams: w({ streams: 0.7, cuts: 0.03 }),
  throttled: w({ throttles: 0.005, slow: 0.05 }),
  refusing: w({ refusals: 0.15, failures: 0.05 }),
  flaky: w({ unsent: 0.05, cuts: 0.06, failures: 0.05, streams: 0.3 }),
  lying: w({ lies: 0.1, streams: 0.2, refusals: 0.02 }),
  hanging: w({ hangs: 0.03, slow: 0.1, streams: 0.2 }),
  wild: w({
    throttles: 0.005,
    refusals: 0.03,
    failures: 0.04,
    unsent: 0.03,
    cuts: 0.04,
    lies: 0.03,
    hangs: 0.01,
    streams: 0.4,
    slow: 0.05,
  }),
};

function w(fields: Partial<Weather>): Weather {
  const none = { throttles: 0, refusals: 0, failures: 0, unsent: 0, cuts: 0, lies: 0 };
  return { ...none, hangs: 0, streams: 0, slow: 0, ...fields };
}

/** What one seed is about. */
export type Scenario = {
  readonly lines: number;
  readonly weather: Weather;
  /** Calls that the service takes in a window of time; null: any number. */
  readonly quota: { readonly calls: number; readonly windowMs: number } | null;
  /** Latencies are so many milliseconds, times a whole number: large ones make many things happen at once. */
  readonly grainMs: number;
  readonly streamShare: number;
  readonly concurrency: number;
  readonly rpm: number;
  readonly order: 'input' | 'settled';
  readonly maxAttempts: number;
  readonly onAmbiguous: 'retry' | 'fail';
  readonly timeoutMs: number;
  /** Calls are answered as by a server of one's own, whose latency is a signal. */
  readonly ownServer: boolean;
  /** What the job may cost at first, in pico-units; null: no cap. */
  readonly capPico: number | null;
  /** Share of answers, of 1, that take all that they may. */
  readonly longShare: number;
  /** Somebody writes the control file now and then. */
  readonly retunes: boolean;
  /** Processes that something befalls, before one is left alone. */
  readonly troubles: number;
};

export function scenarioOf(world: World, lines: number): Scenario {
  const weather = WEATHERS[world.pick(Object.keys(WEATHERS))] ?? w({});
  const longShare = world.chance(0.3) ? 0.02 : 0;
  return {
    lines,
    weather,
    quota: world.chance(weather.throttles > 0 ? 0.7 : 0.1) ? quotaOf(world) : null,
    grainMs: world.pick([1, 50, 250, 450]),
    streamShare: weather.streams,
    // Few calls at once take long in every sense: for short jobs only.
    concurrency: world.pick(lines < 300 ? [1, 2, 4, 8, 16] : [16, 64, 128, 256, 512]),
    rpm: world.pick([3_000, 600_000, 60_000_000, 60_000_000]),
    order: world.chance(0.75) ? 'input' : 'settled',
    maxAttempts: world.pick([1, 3, 6]),
    onAmbiguous: world.chance(0.8) ? 'retry' : 'fail',
    timeoutMs: world.pick([10_000, 45_000]),
    ownServer: world.chance(0.3),
    capPico: world.chance(0.4) ? capOf(world, lines, longShare) : null,
    longShare,
    retunes: world.chance(0.5),
    troubles: world.between(0, 6),
  };
}

/** A part of what all answers will take together, or a little more. */
function capOf(world: World, lines: number, longShare: number): number {
  const output = OUTPUT_TOKENS + longShare * (LONG_TOKENS - OUTPUT_TOKENS);
  const all = lines * (INPUT_TOKENS * INPUT_PICO + output * OUTPUT_PICO);
  return Math.floor(all * (0.05 + world.random() * 1.2));
}

/** Tokens that an answer may have. */
export function tokensMost({ longShare }: Pick<Scenario, 'longShare'>): number {
  return longShare > 0 ? LONG_TOKENS : OUTPUT_TOKENS;
}

function quotaOf(world: World): { calls: number; windowMs: number } {
  const windowMs = world.pick([1_000, 6_000, 60_000]);
  return { calls: Math.ceil((windowMs / 1000) * world.between(8, 100)), windowMs };
}

/** The input of a job; each prompt says its line. */
export function inputText(world: World, scenario: Scenario): string {
  const { lines, streamShare } = scenario;
  const tokens = tokensMost(scenario);
  const rows: string[] = [];
  for (let line = 1; line <= lines; line += 1) {
    const stream = world.chance(streamShare) ? ',"stream":true' : '';
    rows.push(`{"custom_id":"c-${line}","prompt":"q-${line}!","max_tokens":${tokens}${stream}}`);
  }
  return `${rows.join('\n')}\n`;
}

const TRAPS: readonly (readonly [Trap['spot'], readonly Trap['what'][]])[] = [
  ['begin', ['kill', 'busy']],
  ['insert', ['kill', 'full']],
  ['commit', ['kill', 'power', 'full', 'busy', 'io', 'torn', 'torn']],
  ['committed', ['kill', 'power', 'stop']],
  ['mark', ['kill', 'full']],
  ['write', ['kill', 'power', 'full', 'io']],
  ['sync', ['kill', 'power', 'io']],
  ['send', ['kill', 'power', 'stop', 'abort']],
  ['reply', ['kill', 'power', 'stop', 'abort']],
];

/** Something that will befall a process, at a step that it may or may not come to. */
export function trapOf(world: World, lines: number): Trap {
  const [spot, whats] = world.pick(TRAPS);
  const rare = spot === 'sync' || world.chance(0.2);
  return {
    spot,
    left: world.between(1, rare ? 4 : Math.max(4, lines)),
    what: world.pick(whats),
  };
}
