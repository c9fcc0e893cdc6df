import { expect, test } from 'vitest';
import { jobLabels } from '../../src/ledger/job-labels.ts';

const source = (ledgerPath: string, ...names: string[]) => ({
  ledgerPath,
  jobs: names.map((name) => ({ name })),
});

function labels(...sources: ReturnType<typeof source>[]): string[] {
  const labelOf = jobLabels(sources);
  return sources.flatMap((one) => one.jobs.map(({ name }) => labelOf(one, name)));
}

test.each([
  ['one ledger', [source('/x/a.db', 'in', 'out')], ['in', 'out']],
  ['other names', [source('/x/a.db', 'in'), source('/x/b.db', 'out')], ['in', 'out']],
  [
    'one name in two ledgers',
    [source('/x/a.db', 'in', 'out'), source('/y/b.db', 'in')],
    ['in (a.db)', 'out', 'in (b.db)'],
  ],
  [
    'one name in two ledgers of one name',
    [source('/x/a.db', 'in'), source('/y/a.db', 'in')],
    ['in (/x/a.db)', 'in (/y/a.db)'],
  ],
])('jobLabels: %s', (_, sources, told) => {
  expect(labels(...sources)).toEqual(told);
});
