import { expect, test } from 'vitest';
import {
  carriedFlags,
  flagsOfNext,
  nextCommand,
  rejectedHint,
} from '../../src/commands/next-command.ts';
import type { GivenFlags } from '../../src/command-line/parsed-command.ts';
import type { RunSummary } from '../../src/reporters/reporter.ts';

function summary(lines: Partial<RunSummary['lines']>, reason: string | null = null): RunSummary {
  return {
    schema: 1,
    job: 'a',
    ledger: '/data/a.qbatch.db',
    lines: { total: 9, answered: 4, failed: 0, rejected: 0, open: 0, ...lines },
    attempts: 4,
    usage: {
      input_tokens: null,
      output_tokens: null,
      total_tokens: null,
      cached_tokens: null,
      reasoning_tokens: null,
    },
    cost: { amount: '0.000000', currency: 'CNY', unpriced_lines: 0 },
    possibly_billed: { lines: 0, attempts: 0, tokens: 0, amount: '0.000000', unpriced_attempts: 0 },
    estimate: null,
    outputs: { results: '/data/a.results.jsonl', errors: '/data/a.errors.jsonl' },
    elapsed_ms: 1,
    simulated: false,
    stopped: reason === null ? null : { reason, code: 3, message: reason },
  };
}

const LIMITS: GivenFlags = {
  'max-cost': '20',
  'max-failures': '5%',
  'on-ambiguous': 'fail',
  catalog: "our prices'.json",
  'allow-http': true,
  simulate: true,
  json: true,
};

test('nextCommand: what limits the money goes with it, what the ledger remembers does not', () => {
  expect(nextCommand(summary({ open: 5 }, 'interrupted'), 'open', carriedFlags(LIMITS))).toBe(
    String.raw`qbatch resume /data/a.qbatch.db --allow-http --on-ambiguous fail --catalog 'our prices'\''.json' --max-cost 20 --max-failures 5%`,
  );
  expect(nextCommand(summary({ open: 5 }), 'open', { 'max-line': '64MiB' })).toBe(
    'qbatch resume /data/a.qbatch.db --max-line 64MiB',
  );
  expect(nextCommand(summary({ failed: 5 }), 'finished', { 'max-cost': '20' })).toBe(
    'qbatch retry /data/a.qbatch.db --max-cost 20',
  );
});

test('nextCommand: a limit that was reached has to be raised, and no number is made up for it', () => {
  const flags = { 'max-cost': '20', 'max-failures': '3' };
  expect(nextCommand(summary({ open: 5 }, 'cost'), 'open', flags)).toBe(
    'qbatch resume /data/a.qbatch.db --max-cost AMOUNT --max-failures 3',
  );
  expect(nextCommand(summary({ open: 5 }, 'cost'), 'open', { 'confirm-cost': '1' })).toBe(
    'qbatch resume /data/a.qbatch.db --confirm-cost AMOUNT',
  );
  expect(nextCommand(summary({ open: 5 }, 'failures'), 'open', flags)).toBe(
    'qbatch resume /data/a.qbatch.db --max-cost 20 --max-failures NUMBER',
  );
});

test('nextCommand: nothing to do, or a run at it: none', () => {
  expect(nextCommand(summary({}), 'finished', carriedFlags(LIMITS))).toBeNull();
  expect(nextCommand(summary({ open: 5 }), 'running', carriedFlags(LIMITS))).toBeNull();
});

test('flagsOfNext: of --max-line what is enough for the whole job, whatever this run was given', () => {
  const given = { 'max-line': '33MiB', 'max-cost': '20' };
  expect(flagsOfNext(given, { 'max-line': '64MiB', 'max-cost': '5' })).toEqual({
    'max-line': '64MiB',
    'max-cost': '20',
  });
  // Up to 32 MiB goes without saying.
  expect(flagsOfNext({ 'max-line': '1KiB' }, {})).toEqual({});
});

test('rejectedHint: how to mend lines that were never sent, once a job is finished', () => {
  const job = { state: 'finished', inputPath: '/data/a.jsonl' } as const;
  const flags = { 'max-cost': '20' };
  expect(rejectedHint(summary({ rejected: 2 }), job, flags)).toBe(
    '2 rejected lines: fix them in the input as /data/a.errors.jsonl says, then: qbatch resume /data/a.qbatch.db --accept-changed-input --max-cost 20',
  );
  expect(
    rejectedHint(
      summary({ rejected: 1 }),
      { ...job, inputPath: '/data/stdin-0123456789ab.jsonl' },
      flags,
    ),
  ).toMatch(/^1 rejected line: fix it .*, then: run the fixed lines as a separate job$/);
  expect(rejectedHint(summary({ failed: 2 }), job, flags)).toBeNull();
  expect(rejectedHint(summary({ rejected: 2 }), { ...job, state: 'open' }, flags)).toBeNull();
});
