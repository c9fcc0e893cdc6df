import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { stopFromSignals } from '../../src/commands/stop-from-signals.ts';
import { EXIT } from '../../src/errors.ts';
import type { RunStop } from '../../src/job/run-stop.ts';

const LOCKED = { reason: 'error', code: EXIT.busy, message: 'the ledger is locked' } as const;

/** A run, and what main tells it at the first and the second Ctrl-C. */
function startRun(): { stop: RunStop; first: AbortController; second: AbortController } {
  const first = new AbortController();
  const second = new AbortController();
  const stop = stopFromSignals({
    stop: first.signal,
    abort: second.signal,
    signalCode: () => EXIT.interrupted,
  });
  return { stop, first, second };
}

/** Goes on when what is due in this turn of the loop, and in so many after it, is done. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn <= count; turn += 1)
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
}

test('a Ctrl-C once the run has said that it stops drops the calls in flight', async () => {
  const { stop, first } = startRun();
  stop.stop(LOCKED);
  await turns(2);
  first.abort();
  expect(stop.abortSignal.aborted).toBe(true);
});

test('a Ctrl-C that came while a commit kept the loop drops nothing, as nobody was told; the second does', async () => {
  const { stop, first, second } = startRun();
  const onSignal = (): void => {
    first.abort();
  };
  process.once('SIGWINCH', onSignal);
  onTestFinished(() => {
    process.off('SIGWINCH', onSignal);
  });
  // Sent, and waiting to be delivered, when the run is stopped.
  process.kill(process.pid, 'SIGWINCH');
  stop.stop(LOCKED);
  await once(first.signal, 'abort');
  expect(stop.abortSignal.aborted).toBe(false);
  expect(stop.hurrySignal.aborted).toBe(true);
  expect(stop.stopped).toBe(LOCKED);
  await turns(2);
  second.abort();
  expect(stop.abortSignal.aborted).toBe(true);
});
