import { expect, test } from 'vitest';
import { SCENARIOS, scriptClient } from '../../bench/laboratory/index.ts';
import { createVirtualTime, seeded } from '../../bench/laboratory/virtual-time.ts';

test('the plain script: a refused call waits for up to 1 s, then 2 s, then 4 s', async () => {
  const time = createVirtualTime(seeded(1));
  const sentMs: number[] = [];
  const [call] = SCENARIOS.flatMap(({ workloads }) => workloads);
  const script = scriptClient(1)(
    [{ workload: call, latencyMs: 0 } as never],
    {
      send: (_, onReply) => {
        sentMs.push(time.monotonicMs());
        onReply(
          sentMs.length <= 3
            ? { kind: 'refusal', why: 'throttle_rate' }
            : { kind: 'answer', tokens: 1, latencyMs: 0 },
        );
      },
    },
    time,
  );
  await time.run(script.isDone);
  const waits = sentMs.slice(1).map((ms, nth) => ms - (sentMs[nth] ?? 0));
  expect(waits).toHaveLength(3);
  for (const [nth, most] of [1000, 2000, 4000].entries()) {
    expect(waits[nth]).toBeGreaterThanOrEqual(most / 2);
    expect(waits[nth]).toBeLessThanOrEqual(most);
  }
});
