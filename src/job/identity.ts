import type { Identity } from '../ledger/records.ts';
import type { Settings } from '../settings.ts';

/** What identifies a run's job, from its settings. */
export function identityOf(settings: Settings): Identity {
  const names = [...settings.set.keys()].toSorted();
  return {
    model: settings.model ?? null,
    system: settings.system ?? null,
    protocol: settings.protocol,
    set: Object.fromEntries(names.map((name) => [name, settings.set.get(name) ?? 'null'])),
    simulated: settings.simulate !== undefined,
  };
}

/** The differences between two identities, in words; empty if there are none. */
export function identityDifferences(was: Identity, is: Identity): string[] {
  const differences: string[] = [];
  const compare = (name: string, before: string | null, now: string | null): void => {
    if (before !== now)
      differences.push(`${name} was ${before ?? 'not given'} and is now ${now ?? 'not given'}`);
  };
  compare('--model', was.model, is.model);
  compare('--system', was.system, is.system);
  compare('--protocol', was.protocol, is.protocol);
  for (const name of new Set([...Object.keys(was.set), ...Object.keys(is.set)])) {
    compare(`--set ${name}`, was.set[name] ?? null, is.set[name] ?? null);
  }
  compare(
    'the service',
    was.simulated ? 'the simulator' : 'Model Studio',
    is.simulated ? 'the simulator' : 'Model Studio',
  );
  return differences;
}
