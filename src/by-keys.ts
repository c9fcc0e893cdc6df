import { UsageError } from './errors.ts';

/** Keys by which usage can be grouped, besides `tag:NAME` (cli.md section 1). */
export const BY_NAMES = ['model', 'day', 'hour', 'job', 'status', 'code', 'thinking'] as const;

export type ByKey = (typeof BY_NAMES)[number] | `tag:${string}`;

export function isByKey(name: string): name is ByKey {
  return BY_NAMES.some((one) => one === name) || isTagKey(name);
}

export function isTagKey(name: string): name is `tag:${string}` {
  return /^tag:./su.test(name);
}

/** Parses keys given to the library. Throws UsageError (64) for an unknown one. */
export function byKeys(names: readonly string[]): ByKey[] {
  return names.map((name) => {
    if (isByKey(name)) return name;
    const others = BY_NAMES.filter((one) => one !== 'job');
    throw new UsageError(
      `--by: ${JSON.stringify(name)} is not known`,
      `the keys are job, ${others.join(', ')} and tag:NAME`,
    );
  });
}
