import type { JsonObject } from './request.ts';
import type { QuotaLimits } from './quota.ts';

/** Listed if no model is requested; every other name is served too. */
const LISTED = ['qwen-max', 'qwen-plus', 'qwen-flash', 'qwen-turbo', 'qwen3-max', 'qwen-vl-max'];
const PAGE_SIZE = 20;
const SECONDS = 60;

function countOf(query: URLSearchParams, name: string, otherwise: number): number {
  const count = Number(query.get(name) ?? otherwise);
  return Number.isInteger(count) && count > 0 ? count : otherwise;
}

/**
 * The reply to `GET /api/v1/quotas`: this simulator's limits, the same for every model. The query is the text after the
 * `?`: `model` (exact), `name` (a substring), `page_no`, `page_size`.
 *
 * Source: Model Studio, "List model quotas", pages of 2026-09-02 to 2026-10-11.
 */
export function quotaListBody(limits: QuotaLimits, search: string, requestId: string): JsonObject {
  const query = new URLSearchParams(search);
  const exact = query.get('model');
  const part = query.get('name') ?? '';
  const models = exact === null ? LISTED.filter((model) => model.includes(part)) : [exact];
  const pageNo = countOf(query, 'page_no', 1);
  const pageSize = countOf(query, 'page_size', PAGE_SIZE);
  const page = models.slice((pageNo - 1) * pageSize, pageNo * pageSize);
  return {
    request_id: requestId,
    output: {
      total: models.length,
      page_no: pageNo,
      page_size: pageSize,
      quotas: page.map((model) => ({
        model,
        workspace_id: 'ws-simulator',
        model_limit: {
          request_limit: limits.rpm,
          request_limit_period: SECONDS,
          usage_limit: limits.tpm,
          usage_limit_field: 'total_tokens',
          usage_limit_period: SECONDS,
        },
        workspace_limit: null,
      })),
    },
  };
}
