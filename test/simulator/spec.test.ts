import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { parseSimulatorSpec, simulatorSpecText } from '../../src/simulator/spec.ts';

describe('parseSimulatorSpec', () => {
  test('empty text: no quotas, 20 ms, no faults, seed 1', () => {
    expect(parseSimulatorSpec('')).toEqual({
      rpm: null,
      tpm: null,
      latencyMs: 20,
      errorRate: 0,
      seed: 1,
    });
  });

  test('the documented example: every part is read', () => {
    expect(parseSimulatorSpec('rpm=600,tpm=100000,latency=200ms,errors=2%,seed=7')).toEqual({
      rpm: 600,
      tpm: 100_000,
      latencyMs: 200,
      errorRate: 0.02,
      seed: 7,
    });
  });

  test.each([
    ['latency=2s', { latencyMs: 2000 }],
    ['latency=0', { latencyMs: 0 }],
    ['latency=2', { latencyMs: 2000 }],
    ['latency=60', { latencyMs: 60_000 }],
    ['errors=0.5', { errorRate: 0.5 }],
    ['errors=100%', { errorRate: 1 }],
    [' rpm = 60 , seed = 0 ', { rpm: 60, seed: 0 }],
  ])('%s: accepted', (text, expected) => {
    expect(parseSimulatorSpec(text)).toMatchObject(expected);
  });

  test.each([
    ['speed=9', /unknown part "speed=9"/],
    ['rpm', /rpm= is not a whole number/],
    ['rpm=0', /rpm=0 is not/],
    ['rpm=1.5', /rpm=1.5 is not/],
    ['rpm=60=60', /rpm=60 is not/],
    ['tpm=-1', /tpm=-1 is not/],
    ['latency=soon', /latency=soon is not a time/],
    ['errors=101%', /errors=101% is not a share/],
    ['errors=2', /errors=2 is not a share/],
    ['seed=4294967296', /seed=4294967296 is not/],
    ['rpm=60,rpm=60', /rpm is given twice/],
    ['rpm=60,', /unknown part ""/],
  ])('%s: refused with what is allowed', (text, message) => {
    const parse = (): unknown => parseSimulatorSpec(text);
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(message);
    expect(parse).toThrow(
      expect.objectContaining({ exitCode: 64, hint: expect.stringContaining('latency=200ms') }),
    );
  });
});

describe('simulatorSpecText', () => {
  test.each([
    ['', 'latency=20ms,errors=0%,seed=1'],
    [
      'rpm=600,tpm=100000,latency=1.001s,errors=0.07%,seed=0',
      'rpm=600,tpm=100000,latency=1001ms,errors=0.07%,seed=0',
    ],
    ['latency=0.000001ms,errors=100%', 'latency=0.000001ms,errors=100%,seed=1'],
    ['latency=0,errors=0.000000001', 'latency=0ms,errors=0.0000001%,seed=1'],
  ])('%s: every part that has a value, and it reads as the same', (text, expected) => {
    const written = simulatorSpecText(parseSimulatorSpec(text));
    expect(written).toBe(expected);
    expect(simulatorSpecText(parseSimulatorSpec(written))).toBe(expected);
  });
});
