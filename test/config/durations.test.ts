import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  DURATION_MS_MAX,
  parseDurationMs,
  parsePercent,
  parseSizeBytes,
} from '../../src/config/durations.ts';

describe('parseDurationMs', () => {
  it.each([
    ['0', 0],
    ['90', 90_000],
    ['1.5', 1500],
    ['200ms', 200],
    ['0.5ms', 1],
    ['90s', 90_000],
    ['10m', 600_000],
    ['1.5h', 5_400_000],
    ['24d', 2_073_600_000],
    ['2147483647ms', DURATION_MS_MAX],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each([
    '',
    ' ',
    '-1',
    '+1s',
    '1 s',
    ' 1s',
    '1s ',
    '1h30m',
    '1S',
    '1w',
    '1e3',
    '.5s',
    '5.',
    'Infinity',
    'NaN',
    '0x10',
    '１s',
    '25d',
    '2147483648ms',
  ])('%j is none', (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });

  it('reads every whole number of milliseconds that a timer can hold', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: DURATION_MS_MAX }), (ms) => {
        expect(parseDurationMs(`${ms}ms`)).toBe(ms);
        expect(parseDurationMs(`${(ms / 1000).toFixed(3)}`)).toBe(ms);
      }),
    );
  });
});

describe('parseSizeBytes', () => {
  it.each([
    ['0', 0],
    ['1024', 1024],
    ['10B', 10],
    ['64KiB', 65_536],
    ['1.5MiB', 1_572_864],
    ['2GiB', 2_147_483_648],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSizeBytes(text)).toBe(bytes);
  });

  it.each(['', '1MB', '1mib', '1 MiB', '-1', '1e6', '99999999999GiB'])('%j is none', (text) => {
    expect(parseSizeBytes(text)).toBeUndefined();
  });
});

describe('parsePercent', () => {
  it.each([
    ['5%', 5],
    ['0.5%', 0.5],
    ['100%', 100],
  ])('%s is %d', (text, percent) => {
    expect(parsePercent(text)).toBe(percent);
  });

  it.each(['', '%', '5', '0%', '100.1%', '-5%', '5 %', '5%%'])('%j is none', (text) => {
    expect(parsePercent(text)).toBeUndefined();
  });
});
