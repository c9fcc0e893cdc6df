import { expect, test } from 'vitest';
import { PaceRecorder } from '../../src/job/pace-recorder.ts';
import type { PaceLane } from '../../src/ledger/pace-records.ts';
import type { PaceSecond } from '../../src/limits/pace-event.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';

/** So many calls were sent in a second, at the end of which this limit was in force. */
type Told = readonly [sent: number, rpmLimit: number | null];

/** What the ledger is given of a model whose seconds these are, one after the other. */
function sumsOf(seconds: readonly Told[]): PaceLane {
  let last: PaceLane | undefined;
  const writer = {
    run: 1,
    spanSeconds: () => 1,
    write: ({ lanes }: { readonly lanes: readonly PaceLane[] }) => {
      last = lanes[0];
    },
    end: () => undefined,
  };
  const known = { rpm: { perMinute: 600, origin: 'control file' }, tpm: null };
  const recorder = new PaceRecorder({ clock: createFakeClock(), writer, limits: () => known });
  for (const [nth, [sent, rpmLimit]] of seconds.entries()) {
    const second: PaceSecond = {
      kind: 'second',
      model: 'qwen-plus',
      state: 'known',
      atMs: nth * 1000,
      sent,
      admitted: sent,
      refused: { rate: 0, tokens: 0, burst: 0 },
      tokens: sent * 100,
      rpm: 600,
      tpm: null,
      rpmLimit,
      rpmOrigin: rpmLimit === null ? null : 'set',
      tpmLimit: null,
      tpmOrigin: null,
      waiting: 1,
      inFlight: 1,
      concurrency: 64,
    };
    recorder.add(second);
  }
  recorder.finish();
  if (last === undefined) throw new Error('nothing was written');
  return last;
}

test('a limit that is known from the first second on: all of them count', () => {
  const sums = sumsOf([
    [8, 600],
    [10, 600],
    [9, 600],
  ]);
  expect(sums).toMatchObject({ rpmLimit: 600, usedRequests: 27, allowedRequests: 30 });
});

test('a limit that comes while faster calls are sent, and goes again: not more was used than it allowed', () => {
  const coming: readonly Told[] = [
    [40, null],
    [35, 600],
    [10, 600],
    [9, 600],
  ];
  expect(sumsOf(coming)).toMatchObject({ usedRequests: 19, allowedRequests: 20 });
  expect(sumsOf([...coming, [30, null], [40, null]])).toMatchObject({
    rpmLimit: null,
    usedRequests: 19,
    allowedRequests: 20,
  });
});

test('a limit that is lowered while calls are sent: those of that second were allowed by the one before', () => {
  const lowered: readonly Told[] = [
    [10, 600],
    [10, 6],
    [0, 6],
    [1, 6],
  ];
  const sums = sumsOf(lowered);
  expect(sums).toMatchObject({ rpmLimit: 6, usedRequests: 21 });
  expect(sums.allowedRequests).toBeCloseTo(10 + 10 + 0.1 + 0.1, 6);
});

test('a limit that is raised: the second in which it was counts with the new one', () => {
  expect(
    sumsOf([
      [1, 60],
      [10, 600],
    ]),
  ).toMatchObject({ usedRequests: 11, allowedRequests: 11 });
});
