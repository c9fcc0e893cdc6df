import { expect, test } from 'vitest';
import { exactAmount, shortAmount } from '../../src/reporters/amount-text.ts';

test.each([
  ['1234567.500000', '1,234,567.50', '1,234,568'],
  ['0.001200', '0.0012', '0.0012'],
  ['4.310000', '4.31', '4.31'],
  ['12', '12.00', '12.00'],
  [
    '12345678901234567890.123456',
    '12,345,678,901,234,567,890.123456',
    '12,345,678,901,234,567,168',
  ],
  ['0.000000', '0.00', '0.00'],
])('exactAmount and shortAmount: %s', (amount, exact, short) => {
  expect(exactAmount(amount)).toBe(exact);
  expect(shortAmount(amount)).toBe(short);
});
