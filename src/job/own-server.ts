import { isModelStudio } from '../config/endpoints.ts';
import type { OwnServer } from '../limits/call-cap.ts';
import { timeoutsOf } from './timeouts-of.ts';

/** What the limiter needs to know about a self-hosted server. Null: calls go to Model Studio or to the simulator. */
export function ownServerOf({ endpoint, settings }: Options): OwnServer | null {
  // The bundled simulator shares this process: its latency shows how busy the process is.
  if (isModelStudio(endpoint) || settings.simulate !== undefined) return null;
  return { timeoutMs: timeoutsOf(settings).whole };
}

type Options = {
  readonly endpoint: Parameters<typeof isModelStudio>[0];
  readonly settings: Parameters<typeof timeoutsOf>[0];
};
