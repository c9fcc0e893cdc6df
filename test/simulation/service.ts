import type { Fate } from './history.ts';
import type { World } from './world.ts';

/** What a call is answered with, step by step; see `reply-steps.ts` for how it is played. */
export type Reply = {
  readonly fate: Fate;
  /** The connection is never made; the code is undici's or the system's. */
  readonly refusedBy: string | null;
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: readonly Buffer[];
  /** How it ends once the chunks have come: well, with an error, or never. */
  readonly ending: 'whole' | 'error' | 'never';
  readonly errorCode: string;
  readonly headMs: number;
  readonly gapMs: number;
};

/** Shares of calls, of 1, that meet each kind of misfortune. */
export type Weather = {
  readonly throttles: number;
  readonly refusals: number;
  readonly failures: number;
  readonly unsent: number;
  readonly cuts: number;
  readonly lies: number;
  readonly hangs: number;
  readonly streams: number;
  readonly slow: number;
};

export const FINE: Weather = {
  throttles: 0,
  refusals: 0,
  failures: 0,
  unsent: 0,
  cuts: 0,
  lies: 0,
  hangs: 0,
  streams: 0,
  slow: 0,
};

export const INPUT_TOKENS = 5;
export const OUTPUT_TOKENS = 20;
/** Of an answer that takes all it may, where answers differ. */
export const LONG_TOKENS = 2_000;
/** List price of the simulated model, in pico-units of CNY a token: 0.8 and 2 CNY a million (catalog of 2026-08). */
export const INPUT_PICO = 800_000;
export const OUTPUT_PICO = 2_000_000;

const NEVER_SENT = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
] as const;
const CUT_BY = ['ECONNRESET', 'UND_ERR_SOCKET', 'UND_ERR_BODY_TIMEOUT', 'EPIPE'] as const;

const THROTTLES = [
  ['Throttling.RateQuota', 'Requests rate limit exceeded, please try again later.'],
  ['Throttling.AllocationQuota', 'Allocated quota exceeded, please increase your quota limit.'],
  ['Throttling.BurstRate', 'Request rate increased too quickly.'],
] as const;

const REFUSALS = [
  [400, 'InvalidParameter', 'Range of input length should be [1, 30720]'],
  [400, 'DataInspectionFailed', 'Input data may contain inappropriate content.'],
] as const;

const FAILURES = [
  [500, 'InternalError', 'An internal error has occured, please try again later.'],
  [500, 'InternalError.Algo', 'inference internal error'],
  [503, 'ServiceUnavailable', 'The service is unavailable.'],
] as const;

function usageOf(output: number): Readonly<Record<string, number>> {
  const total = INPUT_TOKENS + output;
  return { input_tokens: INPUT_TOKENS, output_tokens: output, total_tokens: total };
}

function chargeOf(output: number): Pick<Fate, 'tokens' | 'pico'> {
  const pico = INPUT_TOKENS * INPUT_PICO + output * OUTPUT_PICO;
  return { tokens: INPUT_TOKENS + output, pico };
}

const PLAIN = {
  refusedBy: null,
  statusCode: 200,
  headers: { 'content-type': 'application/json' },
  chunks: [],
  ending: 'whole',
  errorCode: '',
  gapMs: 1,
} as const;

function fateOf(line: number, fields: Partial<Fate>): Fate {
  return {
    line,
    received: true,
    billed: false,
    token: null,
    body: null,
    tokens: 0,
    pico: 0,
    ...fields,
  };
}

function answerBody(token: string, output: number): string {
  const choices = [{ finish_reason: 'stop', message: { role: 'assistant', content: token } }];
  return JSON.stringify({ output: { choices }, usage: usageOf(output), request_id: `r-${token}` });
}

/** The same answer as frames, each with a piece of the text. */
function frames(token: string, output: number): string {
  const pieces = token.match(/.{1,3}/g) ?? [];
  const frame = (content: string, reason: string, index: number): string =>
    `id:${index}\nevent:result\n:HTTP_STATUS/200\ndata:${JSON.stringify({
      output: { choices: [{ message: { role: 'assistant', content }, finish_reason: reason }] },
      usage: usageOf(output),
      request_id: `r-${token}`,
    })}\n\n`;
  return pieces
    .map((piece, index) => frame(piece, index === pieces.length - 1 ? 'stop' : 'null', index + 1))
    .join('');
}

function split(world: World, text: string): Buffer[] {
  const bytes = Buffer.from(text);
  if (!world.chance(0.3)) return [bytes];
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = world.between(1, Math.ceil(bytes.length / 3));
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

function error(code: string, message: string): string {
  return JSON.stringify({ code, message, request_id: 'r-error' });
}

/** A service that says what it likes: by the weather, by what it was told, and by its own quota. */
export class Service {
  weather: Weather = FINE;
  /** Most calls that it takes in a window of time; all others are refused. */
  quota: { readonly calls: number; readonly windowMs: number } | null = null;
  grainMs = 1;
  /** Share of answers, of 1, that are long. */
  longShare = 0;
  private readonly taken: number[] = [];
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  private latencyMs(): number {
    return this.grainMs * this.world.between(1, Math.ceil(900 / this.grainMs));
  }

  /** Whether the quota has room for another call. */
  private takes(): boolean {
    const { quota, taken } = this;
    const { nowMs } = this.world.time;
    if (quota === null) return true;
    while (taken[0] !== undefined && taken[0] <= nowMs - quota.windowMs) taken.shift();
    if (taken.length >= quota.calls) return false;
    taken.push(nowMs);
    return true;
  }

  /** What a call for that line comes to; `nth` is a number no other call has. */
  reply(line: number, nth: number, streamed: boolean): Reply {
    const { world, weather } = this;
    const headMs = world.chance(weather.slow) ? world.between(2_000, 30_000) : this.latencyMs();
    const token = `${line}#${nth}`;
    const output = world.chance(this.longShare) ? LONG_TOKENS : OUTPUT_TOKENS;
    const at = { line, token, headMs, streamed, output };
    if (!this.takes()) return this.throttle(at);
    let roll = world.random();
    const falls = (share: number): boolean => {
      roll -= share;
      return roll < 0;
    };
    if (falls(weather.throttles)) return this.throttle(at);
    if (falls(weather.unsent)) return this.unsent(at);
    if (falls(weather.refusals)) return this.coded(at, world.pick(REFUSALS));
    if (falls(weather.failures)) return this.failure(at);
    if (falls(weather.hangs)) return { ...this.answer(at), chunks: [], ending: 'never' };
    if (falls(weather.lies)) return this.lie(at);
    if (falls(weather.cuts)) return this.cut(at);
    return this.answer(at);
  }

  private answer({ line, token, headMs, streamed, output }: At): Reply {
    const { world } = this;
    const stream = streamed;
    const body = answerBody(token, output);
    const fate = { billed: true, token, ...chargeOf(output), body: stream ? null : body };
    return {
      ...PLAIN,
      fate: fateOf(line, fate),
      headers: { 'content-type': stream ? 'text/event-stream' : 'application/json' },
      chunks: split(world, stream ? frames(token, output) : body),
      headMs,
      gapMs: world.chance(this.weather.slow) ? world.between(10, 3_000) : 1,
    };
  }

  private coded(at: At, [statusCode, code, message]: readonly [number, string, string]): Reply {
    const chunks = split(this.world, error(code, message));
    return { ...PLAIN, fate: fateOf(at.line, {}), statusCode, chunks, headMs: at.headMs };
  }

  private throttle(at: At): Reply {
    const { world } = this;
    const [code, message] = world.pick(THROTTLES);
    const reply = this.coded(at, [429, code, message]);
    if (!world.chance(0.2)) return reply;
    const after = world.pick(['1', '3', '-5', 'soon', '999999999', '']);
    return { ...reply, headers: { ...reply.headers, 'retry-after': after } };
  }

  private unsent(at: At): Reply {
    const refusedBy = this.world.pick(NEVER_SENT);
    return { ...PLAIN, fate: fateOf(at.line, { received: false }), refusedBy, headMs: at.headMs };
  }

  /** A server's failure, or a gateway's, behind which the model may have written all the same. */
  private failure(at: At): Reply {
    const { world } = this;
    if (world.chance(0.7)) return this.coded(at, world.pick(FAILURES));
    const billed = world.chance(0.5);
    return {
      ...PLAIN,
      fate: fateOf(at.line, billed ? { billed, ...chargeOf(at.output) } : {}),
      statusCode: world.pick([502, 504]),
      headers: { 'content-type': 'text/html' },
      chunks: [Buffer.from('<html><body>Bad Gateway</body></html>')],
      headMs: at.headMs,
    };
  }

  /** 200, and yet no answer. */
  private lie(at: At): Reply {
    const { world } = this;
    const whole = answerBody(at.token, at.output);
    const bodies = [
      '',
      '<html>login</html>',
      '[]',
      'null',
      '"fine"',
      '{"output":{}}',
      whole.slice(0, world.between(1, whole.length - 1)),
      error('InternalError', 'in a 200'),
      `${whole}${whole}`,
    ];
    const body = Buffer.from(world.pick(bodies));
    const torn = world.chance(0.1) ? Buffer.concat([body, Buffer.from([0xff, 0xfe])]) : body;
    const reply = this.answer({ ...at, streamed: false });
    return { ...reply, fate: { ...reply.fate, token: null, body: null }, chunks: [torn] };
  }

  /** An answer of which only a part comes, with an end that may look like one; or a whole stream without its end. */
  private cut(at: At): Reply {
    const { world } = this;
    const reply = this.answer(at);
    if (at.streamed && world.chance(0.3))
      return { ...reply, ending: world.pick(['error', 'never']), errorCode: world.pick(CUT_BY) };
    const bytes = Buffer.concat(reply.chunks);
    const last = at.streamed ? bytes.lastIndexOf('id:') : bytes.length - 1;
    const part = bytes.subarray(0, world.between(0, Math.max(0, last)));
    return {
      ...reply,
      fate: { ...reply.fate, token: null, body: null },
      chunks: part.length === 0 ? [] : [part],
      ending: world.pick(['error', 'error', 'whole', 'never']),
      errorCode: world.pick(CUT_BY),
    };
  }
}

type At = {
  readonly line: number;
  readonly token: string;
  readonly headMs: number;
  readonly streamed: boolean;
  readonly output: number;
};
