import { expect, test } from 'vitest';
import { timeoutsOf } from '../../src/job/timeouts-of.ts';

const ELSEWHERE = {
  timeoutMs: undefined,
  baseUrl: undefined,
  compatibleBaseUrl: undefined,
  simulate: undefined,
};
const BATCH = 'https://batch.dashscope.aliyuncs.com/compatible-mode/v1';

test('timeoutsOf: an unstreamed call has the service’s 300 s, on Batch Chat an hour to wait for its slot', () => {
  expect(timeoutsOf(ELSEWHERE)).toEqual({ whole: 330_000, streamed: 3_600_000 });
  const batch = { ...ELSEWHERE, compatibleBaseUrl: BATCH };
  expect(timeoutsOf(batch)).toEqual({ whole: 3_600_000, streamed: 3_600_000 });
  expect(timeoutsOf({ ...batch, timeoutMs: 5_000 })).toEqual({ whole: 5_000, streamed: 5_000 });
});
