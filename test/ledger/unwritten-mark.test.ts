import type * as Fs from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { markPath } from '../../src/ledger/mark-path.ts';
import { readMark } from '../../src/ledger/mark.ts';
import { closeHarnesses, createHarness } from '../component/job-harness.ts';
import { createQuickClock } from '../helpers/quick-clock.ts';
import { nativeLine, placeIds } from '../helpers/request-lines.ts';
import { addJob, openTempLedger, tempFolder } from '../helpers/temp-ledger.ts';

/** Whether there is room for the 8 bytes of a mark: where data is written to new blocks each time, there may be none. */
const disk = { isFull: false };

vi.mock('node:fs', async (importOriginal) => {
  const real = await importOriginal<typeof Fs>();
  const writeSync = (...args: Parameters<typeof real.writeSync>): number => {
    const isMark = ArrayBuffer.isView(args[1]) && args[1].byteLength === 8;
    if (!disk.isFull || !isMark) return real.writeSync(...args);
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
  };
  return { ...real, writeSync, default: { ...real, writeSync } };
});

afterEach(async () => {
  disk.isFull = false;
  await closeHarnesses();
});

const LINES = 200;
/** Seconds are over in milliseconds: a ledger is looked at between two batches, or a few. */
const FASTER = 500;

function refusalOf(run: () => void): unknown {
  try {
    run();
    return null;
  } catch (error) {
    return error;
  }
}

describe('a mark that cannot be written', () => {
  test('the commit that it would follow is durable all the same, and it is told when somebody asks', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    const before = readMark(ledger.path);
    disk.isFull = true;
    ledger.transact(() => {
      ledger.database.prepare("UPDATE jobs SET state = 'finished' WHERE id = ?").run(job.id);
    });
    expect(readMark(ledger.path)).toBe(before);
    expect(refusalOf(ledger.refuseUnfit)).toMatchObject({
      exitCode: EXIT.io,
      message: expect.stringContaining(`cannot write ${markPath(ledger.path)}: ENOSPC`) as unknown,
    });
    disk.isFull = false;
    ledger.transact(() => undefined);
    expect(refusalOf(ledger.refuseUnfit)).toBeNull();
    const counter = ledger.database.prepare('SELECT commit_counter FROM ledger').pluck().get();
    expect(readMark(ledger.path)).toBe(counter);
    expect(counter).toBe((before ?? 0) + 2);
  });

  test('when a ledger is opened: 74, before anything is done', () => {
    const folder = tempFolder();
    const { path } = openTempLedger(folder);
    disk.isFull = true;
    const opening = (): void => {
      Ledger.open(`${path}.other.qbatch.db`, { adopt: false, wallMs: 0 });
    };
    expect(refusalOf(opening)).toMatchObject({ exitCode: EXIT.io });
  });

  test('while a run writes: 74, what is in flight ends and is settled, nothing is paid twice', async () => {
    const at = await createHarness({ clock: createQuickClock(FASTER) });
    at.writeInput(placeIds(LINES).map((id) => nativeLine(id)));
    let settled = 0;
    const run = at.run({
      settings: { concurrency: 8 },
      onEvent({ event }) {
        if (event !== 'line-settled') return;
        settled += 1;
        if (settled === 20) disk.isFull = true;
      },
    });
    await expect(run).rejects.toMatchObject({
      exitCode: EXIT.io,
      message: expect.stringContaining(`${markPath(at.ledgerPath)}: ENOSPC`) as unknown,
    });
    const { calls } = at.simulator.stats();
    expect(calls).toBeLessThan(LINES);
    expect(at.results()).toHaveLength(calls);
    disk.isFull = false;
    const { exitCode, job } = await at.run();
    expect(exitCode).toBe(EXIT.ok);
    expect(job.answered).toBe(LINES);
    expect(at.simulator.stats().calls).toBe(LINES);
  });
});
