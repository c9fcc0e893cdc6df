import { describe, expect, it } from 'vitest';
import { defaultCurrency, scopeOf } from '../../src/models/scope.ts';

describe('scopeOf', () => {
  it.each([
    ['beijing', 'cn', 'CNY'],
    ['singapore', 'intl', 'USD'],
    ['virginia', 'global', 'USD'],
    ['frankfurt', 'eu', 'USD'],
    ['tokyo', 'jp', 'USD'],
    ['finance', 'finance', 'CNY'],
  ] as const)('%s is billed as %s in %s', (region, scope, currency) => {
    expect(scopeOf(region)).toBe(scope);
    expect(defaultCurrency(scopeOf(region))).toBe(currency);
  });
});
