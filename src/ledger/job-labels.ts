import { basename } from 'node:path';

/** A ledger in a report, and its jobs. */
type Source = {
  readonly ledgerPath: string;
  readonly jobs: readonly { readonly name: string }[];
};

/**
 * What a report over several ledgers calls a job: its name, or if another ledger has a job of that name, the name with the
 * ledger: `in (may.qbatch.db)`, by its path if those ledgers' names are equal too. Pure.
 */
export function jobLabels(
  sources: readonly Source[],
): (source: Pick<Source, 'ledgerPath'>, name: string) => string {
  const ledgersByName = new Map<string, Set<string>>();
  for (const { ledgerPath, jobs } of sources)
    for (const { name } of jobs) {
      const ledgers = ledgersByName.get(name) ?? new Set();
      ledgersByName.set(name, ledgers.add(ledgerPath));
    }
  return ({ ledgerPath }, name) => {
    const ledgers = ledgersByName.get(name) ?? new Set();
    if (ledgers.size < 2) return name;
    const fileNames = new Set([...ledgers].map((ledger) => basename(ledger)));
    return `${name} (${fileNames.size === ledgers.size ? basename(ledgerPath) : ledgerPath})`;
  };
}
