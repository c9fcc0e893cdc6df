import { expect, test } from 'vitest';
import { ProgressMeter } from '../../src/job/progress-meter.ts';
import type { LanePace } from '../../src/limits/pace-event.ts';
import { Budget } from '../../src/limits/budget.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { addJob, openTempLedger, settledOf, tempFolder } from '../helpers/temp-ledger.ts';

const LINES = { fast: 6000, slow: 600 };

/** A job of two models, of which one settles so many lines a second and the other so many. */
async function etaAfter(
  seconds: number,
  perSecond: { fast: number; slow: (second: number) => number },
  lane: { inFlight?: number; slow?: LanePace['state']; slowRpm?: number } = {},
): Promise<number | null> {
  const folder = tempFolder();
  const ledger = openTempLedger(folder);
  const job = addJob(ledger, folder, { lineCount: LINES.fast + LINES.slow });
  const clock = createFakeClock();
  const meter = new ProgressMeter({ clock, job, ledger });
  const open = new Map(Object.entries(LINES));
  let lineNo = 0;
  for (let second = 0; second < seconds; second += 1) {
    for (const [model, count] of [
      ['fast', perSecond.fast],
      ['slow', perSecond.slow(second)],
    ] as const) {
      const settled = Array.from({ length: count }, () => settledOf((lineNo += 1), { model }));
      meter.add({ starts: [], ends: [], settled });
      open.set(model, (open.get(model) ?? 0) - count);
    }
    await clock.advance(1000);
  }
  const { slow: state = 'holding', slowRpm: rpm = 1000 } = lane;
  const paces = [{ model: 'slow', state, rpm, tpm: null, pausedMs: 0 }];
  const limiter = {
    paces: () => paces as unknown as LanePace[],
    inFlight: lane.inFlight ?? 3,
    concurrency: 100,
    outage: () => null,
  };
  const money = {
    budget: new Budget(null, 0),
    projectedPico: () => null,
    openByModel: () => open,
  };
  return meter.progress(limiter, { money, inFlight: 3, isUnlimited: () => false }).etaMs;
}

test('two models of which each has its own pace: the time of the one that takes longest', async () => {
  // 550 lines are left of the slow one, at 5 in two seconds.
  const eta = await etaAfter(20, { fast: 100, slow: (second) => (second % 2 === 0 ? 5 : 0) });
  expect(eta).toBeGreaterThan(200_000);
  expect(eta).toBeLessThan(240_000);
});

test('a model so slow that few lines settle lately: its speed over the whole run', async () => {
  // One in twelve seconds; 595 are left.
  const eta = await etaAfter(60, { fast: 50, slow: (second) => (second % 12 === 0 ? 1 : 0) });
  expect(eta).toBe((595 / (5 / 60)) * 1000);
});

test('calls wait for slots: all lines at the speed of all', async () => {
  const eta = await etaAfter(20, { fast: 100, slow: () => 2 }, { inFlight: 98 });
  expect(eta).toBeLessThan(60_000);
});

test('calls wait for slots, and the slow model is held up by its pace alone: its time', async () => {
  const eta = await etaAfter(20, { fast: 100, slow: () => 2 }, { inFlight: 98, slowRpm: 121 });
  expect(eta).toBeGreaterThan(250_000);
});

test('a model that is parked takes no time: nothing more is sent of it', async () => {
  const eta = await etaAfter(20, { fast: 100, slow: () => 2 }, { slow: 'parked' });
  expect(eta).toBeLessThan(60_000);
});
