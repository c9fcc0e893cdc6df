import { isObject } from '../json/is-object.ts';

/** A model's quota per minute; null: not reported. */
export type ModelQuota = { readonly rpm: number | null; readonly tpm: number | null };

const MINUTE_SECONDS = 60;

function positive(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : null;
}

/** Converts a limit over its period (seconds; default a minute) to one per minute. */
function perMinute(limit: unknown, periodSeconds: unknown): number | null {
  const count = positive(limit);
  return count === null
    ? null
    : (count * MINUTE_SECONDS) / (positive(periodSeconds) ?? MINUTE_SECONDS);
}

/** A usage limit in other units than tokens says nothing about a token pace. */
function countsTokens(field: unknown): boolean {
  return typeof field !== 'string' || /token/i.test(field);
}

function quotaOf(limit: unknown): ModelQuota {
  if (!isObject(limit)) return { rpm: null, tpm: null };
  return {
    rpm: perMinute(limit['request_limit'], limit['request_limit_period']),
    tpm: countsTokens(limit['usage_limit_field'])
      ? perMinute(limit['usage_limit'], limit['usage_limit_period'])
      : null,
  };
}

function least(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

/**
 * The quotas in a reply to `GET {native}/quotas`, by model: the lower of the account's and the workspace's limit. Any field
 * may be missing or of another type; null if the reply is no such list.
 *
 * Shape: `output.quotas[]` of `model`, `model_limit` and `workspace_limit` (or null), each with `request_limit`,
 * `request_limit_period` (seconds), `usage_limit` (null: none), `usage_limit_field` (`total_tokens`), `usage_limit_period`.
 * Source: Model Studio, "List model quotas", pages of 2026-09-02 to 2026-10-11.
 */
export function parseQuotaList(text: string): ReadonlyMap<string, ModelQuota> | null {
  let reply: unknown;
  try {
    reply = JSON.parse(text);
  } catch {
    return null;
  }
  const output = isObject(reply) && isObject(reply['output']) ? reply['output'] : reply;
  const list = isObject(output) ? output['quotas'] : null;
  if (!Array.isArray(list)) return null;
  const quotas = new Map<string, ModelQuota>();
  for (const entry of list as readonly unknown[]) {
    if (!isObject(entry) || typeof entry['model'] !== 'string') continue;
    const account = quotaOf(entry['model_limit']);
    const workspace = quotaOf(entry['workspace_limit']);
    quotas.set(entry['model'], {
      rpm: least(account.rpm, workspace.rpm),
      tpm: least(account.tpm, workspace.tpm),
    });
  }
  return quotas;
}
