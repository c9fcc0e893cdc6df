import { UsageError } from './errors.ts';

/** What usage can be grouped by besides `tag:NAME` (cli.md section 1). */
export const BY_NAMES = ['model', 'day', 'hour', 'job', 'status', 'code', 'thinking'] as const;

export type ByKey = (typeof BY_NAMES)[number] | `tag:${string}`;

export function isByKey(name: string): name is ByKey {
  return BY_NAMES.some((one) => one === name) || isTagKey(name);
}

export function isTagKey(name: string): name is `tag:${string}` {
  return /^tag:./su.test(name);
}

/** Reads the keys that the library is given. Throws UsageError (64) for one that is not known. */
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
