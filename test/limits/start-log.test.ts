import { describe, expect, test } from 'vitest';
import { StartLog } from '../../src/limits/start-log.ts';

/** A call of 10 tokens every 100 ms, from 0 on and before `untilMs`. */
function tenASecond(untilMs: number): StartLog {
  const log = new StartLog();
  for (let atMs = 0; atMs < untilMs; atMs += 100) log.started(atMs, 10);
  return log;
}

describe('StartLog', () => {
  test('a refusal counts when its call started', () => {
    const log = tenASecond(20_000);
    log.refused(15_000, 10);
    expect(log.between(15_000, 16_000)).toEqual({ calls: 9, tokens: 90, refused: 1 });
    expect(log.between(16_000, 17_000)).toEqual({ calls: 10, tokens: 100, refused: 0 });
  });

  test('a refusal of a call already dropped: later starts are still known', () => {
    const log = tenASecond(120_000);
    const before = { minute: log.between(60_000, 120_000), last: log.last(50, 120_000, 60_000) };
    expect(before.minute).toEqual({ calls: 600, tokens: 6000, refused: 0 });
    log.refused(1000, 10);
    expect(log.between(60_000, 120_000)).toEqual(before.minute);
    expect(log.last(50, 120_000, 60_000)).toEqual(before.last);
    log.started(120_000, 10);
    expect(log.between(60_000, 120_020)).toEqual({ calls: 601, tokens: 6010, refused: 0 });
  });
});
