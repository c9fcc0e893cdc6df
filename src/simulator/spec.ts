import { UsageError } from '../errors.ts';
import type { SimulatorSpec } from '../settings.ts';

/** The empty spec: no quotas, 20 ms, no faults. */
export const DEFAULT_SIMULATOR_SPEC: SimulatorSpec = {
  rpm: null,
  tpm: null,
  latencyMs: 20,
  errorRate: 0,
  seed: 1,
};

const HINT =
  'allowed: rpm=600,tpm=100000,latency=200ms,errors=2%,seed=7 (any of them, separated by commas)';

/** Longer timers fire at once. */
const MILLISECONDS_MAX = 2_147_483_647;

/** Milliseconds from `200ms`, `2s` or a bare number of seconds, as everywhere; null if invalid. */
export function parseMilliseconds(text: string): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s)?$/.exec(text);
  if (match === null) return null;
  const milliseconds = Number(match[1]) * (match[2] === 'ms' ? 1 : 1000);
  return milliseconds <= MILLISECONDS_MAX ? milliseconds : null;
}

function parseShare(text: string): number | null {
  const match = /^(\d{1,3}(?:\.\d{1,9})?)(%)?$/.exec(text);
  if (match === null) return null;
  const share = Number(match[1]) / (match[2] === '%' ? 100 : 1);
  return share <= 1 ? share : null;
}

function parseWhole(text: string, least: number, most: number): number | null {
  if (!/^\d{1,10}$/.test(text)) return null;
  const value = Number(text);
  return value >= least && value <= most ? value : null;
}

type Part = {
  readonly field: keyof SimulatorSpec;
  readonly rule: string;
  readonly parse: (text: string) => number | null;
};

const PARTS: ReadonlyMap<string, Part> = new Map<string, Part>([
  [
    'rpm',
    {
      field: 'rpm',
      rule: 'a whole number of requests, 1 or more',
      parse: (text) => parseWhole(text, 1, 1e9),
    },
  ],
  [
    'tpm',
    {
      field: 'tpm',
      rule: 'a whole number of tokens, 1 or more',
      parse: (text) => parseWhole(text, 1, 9e9),
    },
  ],
  [
    'latency',
    {
      field: 'latencyMs',
      rule: 'a time such as 200ms or 2s (without a unit: seconds)',
      parse: parseMilliseconds,
    },
  ],
  [
    'errors',
    { field: 'errorRate', rule: 'a share such as 2% or 0.02, at most 100%', parse: parseShare },
  ],
  [
    'seed',
    {
      field: 'seed',
      rule: 'a whole number from 0 to 4294967295',
      parse: (text) => parseWhole(text, 0, 4_294_967_295),
    },
  ],
]);

/** A number in plain decimal notation with at most `decimals` decimals: no exponent, no binary rounding error. */
function decimalText(value: number, decimals: number): string {
  return value.toFixed(decimals).replace(/\.?0+$/, '');
}

/** A spec in the form of `parseSimulatorSpec`, with every value written out, so that later defaults change nothing. */
export function simulatorSpecText(spec: SimulatorSpec): string {
  const { rpm, tpm, latencyMs, errorRate, seed } = spec;
  return [
    ...(rpm === null ? [] : [`rpm=${rpm}`]),
    ...(tpm === null ? [] : [`tpm=${tpm}`]),
    `latency=${decimalText(latencyMs, 6)}ms`,
    `errors=${decimalText(100 * errorRate, 9)}%`,
    `seed=${seed}`,
  ].join(',');
}

/** Whether a text starts like a simulator spec, valid or not. */
export function isLikeSimulatorSpec(text: string): boolean {
  return text.includes('=') && PARTS.has(text.slice(0, text.indexOf('=')));
}

/**
 * Parses a simulator spec such as `rpm=600,tpm=100000,latency=200ms,errors=2%,seed=7`; every part is optional, and empty
 * text means the default. Throws `UsageError` naming the invalid part and what is allowed; `where` is the flag or command
 * it belongs to.
 */
export function parseSimulatorSpec(text: string, where: string = '--simulate'): SimulatorSpec {
  const values: { -readonly [Field in keyof SimulatorSpec]: SimulatorSpec[Field] } = {
    ...DEFAULT_SIMULATOR_SPEC,
  };
  if (text.trim() === '') return values;
  const seen = new Set<string>();
  for (const item of text.split(',')) {
    const [name = '', value = '', ...rest] = item.split('=').map((side) => side.trim());
    const part = PARTS.get(name);
    if (part === undefined) throw new UsageError(`${where}: unknown part "${item.trim()}"`, HINT);
    if (seen.has(name)) throw new UsageError(`${where}: ${name} is given twice`, HINT);
    seen.add(name);
    const parsed = rest.length === 0 ? part.parse(value) : null;
    if (parsed === null)
      throw new UsageError(`${where}: ${name}=${value} is not ${part.rule}`, HINT);
    values[part.field] = parsed;
  }
  return values;
}
