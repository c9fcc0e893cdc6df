import { expect, test } from 'vitest';
import { usageCsv } from '../../src/report/usage-csv.ts';
import { REPORT } from './sample-report.ts';

/** A small RFC 4180 reader, so that the writer is checked by something that does not share its code. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (let match = cell.exec(text); match !== null; match = cell.exec(text)) {
    rows.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '\r\n') {
      rows.push([]);
    }
    if (cell.lastIndex === text.length) {
      break;
    }
  }
  expect(rows.pop()).toEqual([]);
  return rows;
}

test('usageCsv: header of the JSON names, one row a group, awkward keys survive', () => {
  const [header, first, second, third, ...rest] = readCsv(usageCsv(REPORT));
  expect(header?.join(' ')).toBe(
    'model tag:小组 lines answered failed attempts input_tokens output_tokens total_tokens ' +
      'cached_tokens reasoning_tokens cache_hit_share cost cost_per_answered_line currency ' +
      'possibly_billed_lines possibly_billed_attempts possibly_billed_tokens possibly_billed_amount ' +
      'latency_ms_p50 latency_ms_p90 latency_ms_p95 latency_ms_p99 ' +
      'call_input_tokens_p50 call_input_tokens_p90 call_input_tokens_p99 ' +
      'call_output_tokens_p50 call_output_tokens_p90 call_output_tokens_p99 ' +
      'unpriced_lines possibly_billed_unpriced_attempts',
  );
  expect(first).toEqual(
    [
      'qwen-plus',
      '语文,"甲"\n组',
      '1200',
      '1190',
      '10',
      '1260',
      '90000',
      '30000',
      '120000',
      '',
      '4096',
      '0.1234',
      '4.310000',
      '0.003621848739',
      'CNY',
      '2',
      '3',
      '800',
      '0.012345',
    ].concat(['812', '3300', '4020', '9001', '70', '95', '120', '24', '48', '64', '0', '0']),
  );
  expect(second?.slice(0, 2)).toEqual(['my|model', '']);
  expect(third?.[0]).toBe('\'=HYPERLINK("http://x")');
  expect(third).toHaveLength(header?.length ?? 0);
  expect(rest).toEqual([]);
});
