import { countParser, orAuto, parseLimits } from '../config/setting-values.ts';
import { isObject } from '../json/is-object.ts';
import type { LimitSetting, Settings } from '../settings.ts';
import { closestName } from '../suggest.ts';

/** The contents of a control file; undefined: not given, the settings hold. */
export type ControlSettings = {
  readonly rpm?: LimitSetting;
  readonly tpm?: LimitSetting;
  readonly concurrency?: Settings['concurrency'];
};

const KEYS = ['rpm', 'tpm', 'concurrency'] as const;
const CONCURRENCY_MOST = 10_000;
const parseConcurrency = orAuto(countParser(1, CONCURRENCY_MOST));

const EXAMPLE = '{"rpm":{"qwen-plus":600},"tpm":1000000,"concurrency":"auto"}';

/** Parses a control file; returns a text if it cannot be used. Pure. */
export function parseControl(text: string): ControlSettings | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `is not JSON: ${(error as Error).message}`;
  }
  if (!isObject(value)) return `is not a JSON object such as ${EXAMPLE}`;
  const unknown = Object.keys(value).find((key) => !KEYS.some((known) => known === key));
  if (unknown !== undefined) return `has an unknown key ${unknown}; it may have ${KEYS.join(', ')}`;
  const control: { rpm?: LimitSetting; tpm?: LimitSetting; concurrency?: number | 'auto' } = {};
  for (const key of ['rpm', 'tpm'] as const) {
    if (value[key] === undefined) continue;
    const parsed = parseLimits(value[key]);
    if ('allowed' in parsed) return `has a ${key} that is not ${parsed.allowed}`;
    control[key] = parsed.value;
  }
  if (value['concurrency'] !== undefined) {
    const parsed = parseConcurrency(value['concurrency']);
    if ('allowed' in parsed) return `has a concurrency that is not ${parsed.allowed}`;
    control.concurrency = parsed.value;
  }
  return control;
}

/** The models that have limits of their own. */
export function modelsNamed({ rpm, tpm }: Pick<ControlSettings, 'rpm' | 'tpm'>): readonly string[] {
  const names = [...(rpm?.keys() ?? []), ...(tpm?.keys() ?? [])];
  return [...new Set(names)].filter((name) => name !== '');
}

/** A warning that `place` sets limits for models without lines in the job, which have no effect; null: it does not. */
export function strangersText(
  place: string,
  named: readonly string[],
  models: readonly string[],
): string | null {
  const strange = named
    .filter((name) => !models.includes(name))
    .map((name) => {
      const near = closestName(name, models);
      return near === undefined ? name : `${name} (did you mean ${near}?)`;
    });
  if (strange.length === 0) return null;
  return `${place} names ${strange.join(', ')}, of which this job has no lines`;
}

/** In words, for the notice that it is in force. */
export function controlText(control: ControlSettings): string {
  const limits = (['rpm', 'tpm'] as const).flatMap((key) =>
    [...(control[key] ?? [])].map(([model, value]) =>
      model === '' ? `${key} ${value}` : `${key} ${value} for ${model}`,
    ),
  );
  const calls =
    control.concurrency === undefined ? [] : [`concurrency ${String(control.concurrency)}`];
  return [...limits, ...calls].join(', ') || 'nothing';
}
