import { describe, expect, it } from 'vitest';

import { closestName } from '../src/suggest.ts';

describe('closestName', () => {
  const names = [
    'output',
    'order',
    'max-cost',
    'max-attempts',
    'rpm',
    'tpm',
    'compatible-base-url',
  ];

  it.each([
    ['ouptut', 'output'],
    ['outpu', 'output'],
    ['MAX_COST', 'max-cost'],
    ['maxcots', 'max-cost'],
    ['rpn', 'rpm'],
    ['ordr', 'order'],
    ['over', undefined],
    ['oxdxr', undefined],
    [`${'o'.repeat(64)}r`, undefined],
    ['compatible', 'compatible-base-url'],
    ['xyz', undefined],
    ['max', undefined],
    ['dashboard', undefined],
    ['', undefined],
  ])('%j is %s', (name, expected) => {
    expect(closestName(name, names)).toBe(expected);
  });
});
