import { openTransport } from '../call.ts';
import { isBatchChat } from '../config/endpoints.ts';
import { QUOTA_QUERY_MS, queryQuotas } from './query-quotas.ts';
import type { ModelQuota } from './quota-reply.ts';
import type { RunOptions } from './run-options.ts';

/**
 * The quotas the service reports, if `--query-limits` asks for them; empty if not, or if the service does not answer: that
 * is reported, and the run uses the next source of limits.
 */
export async function askQuotas(options: RunOptions): Promise<ReadonlyMap<string, ModelQuota>> {
  const { settings, clock, job, report, stop, redact } = options;
  if (!settings.queryLimits) return new Map();
  if (isBatchChat(settings)) {
    const message =
      '--query-limits: not asked, because Batch Chat has its own limits, and the service reports only those of the realtime hosts';
    report({ event: 'notice', severity: 'note', message });
    return new Map();
  }
  // A transport of its own: a call of the job may take minutes, this query may not.
  const transport = openTransport({
    baseUrls: options.endpoint,
    apiKey: options.apiKey,
    connectionsMax: 1,
    timeoutMs: { whole: QUOTA_QUERY_MS, streamed: QUOTA_QUERY_MS },
    idleTimeoutMs: QUOTA_QUERY_MS,
    connectTimeoutMs: settings.connectTimeoutMs,
    workspace: settings.workspace,
    proxy: options.proxy,
    clock,
  });
  try {
    const models = job.survey.models.map(({ model }) => model);
    const { quotas, problem } = await queryQuotas({
      transport,
      models,
      clock,
      stop: stop.stopSignal,
      redact,
    });
    if (problem !== null) {
      const message = `--query-limits: the service did not report all quotas: ${problem}; continuing with the limits known otherwise`;
      report({ event: 'notice', severity: 'warning', message });
    }
    return quotas;
  } finally {
    await transport.close();
  }
}
