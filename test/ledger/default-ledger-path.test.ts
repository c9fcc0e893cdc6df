import { expect, test } from 'vitest';
import { defaultLedgerPath } from '../../src/ledger/default-ledger-path.ts';

test.each([
  ['exam.jsonl', 'exam.qbatch.db'],
  ['/数据/高考.jsonl.gz', '/数据/高考.qbatch.db'],
  ['a.b/requests', 'a.b/requests.qbatch.db'],
  ['v1.2.jsonl', 'v1.2.qbatch.db'],
])('defaultLedgerPath: %s, beside the input', (input, ledger) => {
  expect(defaultLedgerPath(input)).toBe(ledger);
});
