import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { SettledLine } from '../src/ledger/records.ts';
import { openOutputs } from '../src/output/output-set.ts';
import { createFakeClock } from './helpers/fake-clock.ts';
import {
  addJob,
  commitLines,
  CURSOR_START,
  openTempLedger,
  settledOf,
  tempFolder,
} from './helpers/temp-ledger.ts';

const MIB = 1024 * 1024;
const FIRST_FAR = 100_001;
const LINES = 24;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('lines that settle long before their turn are not held, but read back when it comes', async () => {
  const folder = tempFolder();
  const ledger = openTempLedger(folder);
  const job = addJob(ledger, folder, { lineCount: FIRST_FAR + LINES - 1 });
  const { writer } = openOutputs(ledger, job, {
    clock: createFakeClock(),
    cursor: CURSOR_START,
    writeStdout: () => Promise.reject(new Error('nothing goes to stdout here')),
  });
  const answerOf = (lineNo: number): SettledLine =>
    settledOf(lineNo, { body: `{"n":${lineNo},"t":"${'x'.repeat(MIB)}"}` });
  const settle = async (lineNo: number, frontier: number, lastSeq: number): Promise<void> => {
    const line = answerOf(lineNo);
    commitLines(ledger, job, [line], { seqBefore: lastSeq - 1 });
    await writer.settled([line], { frontier, lastSeq });
  };
  await settle(2, 1, 1);
  collect();
  const before = process.memoryUsage().arrayBuffers;
  for (let nth = 0; nth < LINES; nth += 1) await settle(FIRST_FAR + nth, 1, nth + 2);
  // V8 frees the memory of collected buffers in a thread of its own, a little later on a loaded machine.
  const heldBytes = (): number => {
    collect();
    return process.memoryUsage().arrayBuffers - before;
  };
  await expect.poll(heldBytes, { timeout: 60_000 }).toBeLessThan((LINES / 4) * MIB);
  // The lines between are the failures of another day: nothing is to be written of them here.
  await settle(1, FIRST_FAR + LINES, LINES + 2);
  await writer.finish();
  const numbers = readFileSync(job.resultsPath, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((text) => (JSON.parse(text) as { response: { body: { n: number } } }).response.body.n);
  expect(numbers).toEqual([1, 2, ...Array.from({ length: LINES }, (_, nth) => FIRST_FAR + nth)]);
  ledger.close();
});
