import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseQuotaList } from '../../src/job/quota-reply.ts';

// Shape: Model Studio, "List model quotas", pages of 2026-09-02 to 2026-10-11.
const listOf = (...quotas: unknown[]): string =>
  JSON.stringify({
    request_id: 'r-1',
    output: { total: quotas.length, page_no: 1, page_size: 20, quotas },
  });

describe('parseQuotaList', () => {
  test('a limit a minute and one a second; no workspace limit', () => {
    const text = listOf({
      model: 'qwen-plus',
      workspace_id: 'ws-1',
      model_limit: {
        request_limit: 10,
        request_limit_period: 1,
        usage_limit: 1_000_000,
        usage_limit_field: 'total_tokens',
        usage_limit_period: 60,
        async_user_queue_limit: null,
      },
      workspace_limit: null,
    });
    expect(parseQuotaList(text)).toEqual(new Map([['qwen-plus', { rpm: 600, tpm: 1_000_000 }]]));
  });

  test('of the account and the workspace the lower one, each dimension by itself', () => {
    const text = listOf({
      model: 'qwen-max',
      model_limit: {
        request_limit: 1200,
        request_limit_period: 60,
        usage_limit: 50_000,
        usage_limit_period: 60,
      },
      workspace_limit: {
        request_limit: 600,
        request_limit_period: 60,
        usage_limit: 90_000,
        usage_limit_period: 60,
      },
    });
    expect(parseQuotaList(text)?.get('qwen-max')).toEqual({ rpm: 600, tpm: 50_000 });
  });

  test('every field may be missing, a text, or nonsense', () => {
    const text = listOf(
      { model: 'a' },
      { model: 'b', model_limit: { request_limit: '60' } },
      { model: 'c', model_limit: { request_limit: -1, usage_limit: 0 } },
      { model: 'd', model_limit: { usage_limit: 500, usage_limit_field: 'images' } },
      { model: 7 },
      null,
    );
    expect(parseQuotaList(text)).toEqual(
      new Map([
        ['a', { rpm: null, tpm: null }],
        ['b', { rpm: 60, tpm: null }],
        ['c', { rpm: null, tpm: null }],
        ['d', { rpm: null, tpm: null }],
      ]),
    );
  });

  test.each(['', '<html>', '[]', '{}', '{"output":{}}', '{"output":{"quotas":{}}}'])(
    '%s is no list of quotas',
    (text) => {
      expect(parseQuotaList(text)).toBeNull();
    },
  );

  test('whatever JSON comes: it never throws, and a limit is a number above 0 or null', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        const quotas = parseQuotaList(
          listOf(
            ...values.map((value) => ({ model: 'm', model_limit: value, workspace_limit: value })),
          ),
        );
        for (const { rpm, tpm } of quotas?.values() ?? []) {
          for (const limit of [rpm, tpm]) expect(limit === null || limit > 0).toBe(true);
        }
      }),
    );
  });
});
