import { expect, test } from 'vitest';
import { keepRunFlags } from '../../src/job/keep-run-flags.ts';
import { addJob, jobOf, openTempLedger, tempFolder } from '../helpers/temp-ledger.ts';

/** What is kept of the flags of runs of one job, one after the other. */
function keptOf(...runs: Parameters<typeof keepRunFlags>[2][]): unknown {
  const folder = tempFolder();
  const ledger = openTempLedger(folder);
  addJob(ledger, folder);
  for (const flags of runs) keepRunFlags(ledger, jobOf(ledger), flags);
  return jobOf(ledger).runFlags;
}

test('the flags of the last run are kept', () => {
  expect(keptOf({ 'max-cost': '20', catalog: '/c.json' }, { 'max-cost': '30' })).toEqual({
    'max-cost': '30',
  });
  expect(keptOf({ 'max-cost': '20' }, {})).toEqual({});
});

test('of --max-line the largest: what was accepted once is read again', () => {
  expect(keptOf({ 'max-line': '64MiB' }, {})).toEqual({ 'max-line': '64MiB' });
  expect(keptOf({ 'max-line': '64MiB' }, { 'max-line': '1KiB' })).toEqual({ 'max-line': '64MiB' });
  expect(keptOf({ 'max-line': '64MiB' }, { 'max-line': '65MiB' })).toEqual({ 'max-line': '65MiB' });
  // 32 MiB go without saying.
  expect(keptOf({}, { 'max-line': '1KiB' })).toEqual({});
});
