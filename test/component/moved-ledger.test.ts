import { copyFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import { createQuickClock } from '../helpers/quick-clock.ts';
import { nativeLine, placeIds } from '../helpers/request-lines.ts';
import { closeHarnesses, createHarness, type Harness } from './job-harness.ts';

afterEach(closeHarnesses);

const LINES = 200;
/** Seconds are over in milliseconds: a ledger is looked for between two batches, or a few. */
const FASTER = 500;

/** What becomes of a ledger while a run writes it. */
const FATES: readonly (readonly [string, string, (at: Harness) => void])[] = [
  [
    'deleted with all that belongs to it',
    'removed',
    ({ folder }) => {
      const files = readdirSync(folder).filter((name) => name.includes('.qbatch.db'));
      for (const name of files) rmSync(join(folder, name));
    },
  ],
  [
    'moved away, its mark left',
    'removed',
    ({ ledgerPath }) => {
      renameSync(ledgerPath, `${ledgerPath}.away`);
      for (const suffix of ['-wal', '-shm']) rmSync(ledgerPath + suffix);
    },
  ],
  [
    'replaced by a copy of itself',
    'replaced',
    ({ ledgerPath }) => {
      copyFileSync(ledgerPath, `${ledgerPath}.copy`);
      renameSync(`${ledgerPath}.copy`, ledgerPath);
    },
  ],
];

test.each(FATES)(
  'a ledger that is %s: 74, and nothing is paid twice',
  async (_name, what, meet) => {
    const at = await createHarness({ clock: createQuickClock(FASTER) });
    at.writeInput(placeIds(LINES).map((id) => nativeLine(id)));
    let settled = 0;
    const run = at.run({
      settings: { concurrency: 2 },
      onEvent({ event }) {
        if (event !== 'line-settled') return;
        settled += 1;
        if (settled === 20) meet(at);
      },
    });
    await expect(run).rejects.toMatchObject({
      exitCode: EXIT.io,
      message: `the ledger ${at.ledgerPath} was ${what} while it was written`,
      hint: expect.stringContaining('--adopt-outputs') as unknown,
    });
    const { calls } = at.simulator.stats();
    expect(calls).toBeLessThan(LINES);
    // What was in flight when it was noticed is in the files.
    expect(at.results()).toHaveLength(calls);
    const { exitCode } = await at.run({ adopt: true });
    expect(exitCode).toBe(EXIT.ok);
    expect(at.results()).toHaveLength(LINES);
    expect(at.simulator.stats().calls).toBe(LINES);
  },
);

test('a ledger that was removed after the last answer: 74, the files complete', async () => {
  const at = await createHarness();
  at.writeInput(placeIds(20).map((id) => nativeLine(id)));
  let settled = 0;
  const run = at.run({
    onEvent({ event }) {
      if (event === 'line-settled') settled += 1;
      if (event === 'line-settled' && settled === 20) rmSync(at.ledgerPath);
    },
  });
  await expect(run).rejects.toMatchObject({ exitCode: EXIT.io });
  expect(at.results()).toHaveLength(20);
});
