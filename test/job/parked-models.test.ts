import { describe, expect, test } from 'vitest';
import type { ApiFailure } from '../../src/failure.ts';
import { type Parking, ParkedModels } from '../../src/job/parked-models.ts';
import type { Stopped } from '../../src/job/run-stop.ts';

const REFUSED: ApiFailure = {
  kind: 'http',
  statusCode: 403,
  code: 'Model.AccessDenied',
  message: 'Model access denied.',
  param: null,
  requestId: 'r-1',
  retryAfterMs: null,
  neverSent: false,
  body: null,
  usage: null,
};
const UNREACHABLE: Stopped = { reason: 'unreachable', code: 69, message: 'admitted nothing' };
const NO_ACCESS: Stopped = { reason: 'access', code: 77, message: 'no access' };

const silent: Parking = { lines: 'stay open', failure: null, why: UNREACHABLE };
const denied: Parking = { lines: 'stay open', failure: REFUSED, why: NO_ACCESS };
const missing: Parking = { lines: 'fail', failure: REFUSED };

/** What is known once these models were parked, in this order. */
function parked(...parkings: readonly (readonly [model: string, parking: Parking])[]) {
  const models = new ParkedModels();
  for (const [model, parking] of parkings) models.park(model, parking);
  return models;
}

describe('ParkedModels', () => {
  test('none: nothing is open for them, and no job stops', () => {
    const models = parked();
    expect(models.whyOpen).toBeNull();
    expect(models.whyJobStops(['qwen-plus'])).toBeNull();
    expect(models.failureOfUnsent('qwen-plus')).toBeNull();
    expect(models.isByVerdict('qwen-plus')).toBe(false);
  });

  test.each([
    ['admitted nothing', silent, { byVerdict: false, unsent: null, why: UNREACHABLE }],
    ['denied', denied, { byVerdict: true, unsent: null, why: NO_ACCESS }],
    ['does not exist', missing, { byVerdict: true, unsent: REFUSED, why: null }],
  ] as const)('one that %s', (_, parking, { byVerdict, unsent, why }) => {
    const models = parked(['qwen-plus', parking]);
    expect(models.isByVerdict('qwen-plus')).toBe(byVerdict);
    expect(models.failureOfUnsent('qwen-plus')).toBe(unsent);
    expect(models.whyOpen).toBe(why);
    expect(models.failureOfUnsent('qwen-max')).toBeNull();
  });

  test('the job stops once all its models are parked, for what parked the first', () => {
    const models = parked(['qwen-plus', silent]);
    expect(models.whyJobStops(['qwen-plus', 'qwen-max'])).toBeNull();
    models.park('qwen-max', denied);
    expect(models.whyJobStops(['qwen-plus', 'qwen-max'])).toBe(UNREACHABLE);
  });

  test('the job goes on where lines of a model fail: that is how it ends', () => {
    const models = parked(['qwen-plos', missing], ['qwen-plus', denied]);
    expect(models.whyJobStops(['qwen-plos', 'qwen-plus'])).toBeNull();
    expect(models.whyOpen).toBe(NO_ACCESS);
  });

  test('a verdict that comes after the model was parked for its silence: its lines fail, what was left open stays told', () => {
    const models = parked(['qwen-plos', silent], ['qwen-plos', missing]);
    expect(models.failureOfUnsent('qwen-plos')).toBe(REFUSED);
    expect(models.isByVerdict('qwen-plos')).toBe(true);
    expect(models.whyOpen).toBe(UNREACHABLE);
  });
});
