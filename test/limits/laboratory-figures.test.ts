import { expect, test } from 'vitest';
import { measure, type Scenario, SCENARIOS, scriptClient } from '../../bench/laboratory/index.ts';
import { createVirtualTime, seeded } from '../../bench/laboratory/virtual-time.ts';

function oneModel(lines: number, quota: { rpm: number; tpm: number }): Scenario {
  const [first] = SCENARIOS;
  const [workload] = first?.workloads ?? [];
  if (first === undefined || workload === undefined) throw new Error('no scenario');
  const calm = {
    ...workload.quota,
    ...quota,
    kind: 'bucket',
    windowMs: 60_000,
    guard: null,
  } as const;
  return { ...first, workloads: [{ ...workload, lines, quota: calm, outputSigma: 0 }] };
}

test('use of a token quota: the tokens of the last start are outside the span that it ends', async () => {
  const taken: number[] = [];
  const scenario = oneModel(10, { rpm: 60_000, tpm: 600_000 });
  const { usePercent } = await measure(scenario, 1, (calls, service, time) => {
    let answered = 0;
    calls.forEach((call, nth) => {
      taken.push(call.inputTokens + call.outputTokens);
      time.after(nth * 1000, () => {
        service.send(call, () => {
          answered += 1;
        });
      });
    });
    return { isDone: () => answered === calls.length };
  });
  // Nine seconds at 10,000 tokens a second, and the tokens of the nine calls that began in them.
  const used = taken.slice(0, -1).reduce((sum, tokens) => sum + tokens, 0);
  expect(usePercent).toBeCloseTo((used / 90_000) * 100, 6);
});

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
            ? { kind: 'refusal', why: 'throttle_rate', waitMs: null }
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
