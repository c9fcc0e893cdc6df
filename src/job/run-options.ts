import type { openTransport } from '../call.ts';
import type { Clock } from '../clock.ts';
import type { LineDefaults } from '../input/request-parts.ts';
import type { SeenSizes } from '../ledger/estimates.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Job } from '../ledger/records.ts';
import type { Catalog } from '../models/catalog.ts';
import type { Scope } from '../models/scope.ts';
import type { Pricing } from '../pricing.ts';
import type { Report } from '../reporters/reporter.ts';
import type { Origin, Settings } from '../settings.ts';
import type { RunStop } from './run-stop.ts';
import type { WhenUnlocked } from './when-unlocked.ts';

/** Everything needed to dispatch a prepared job. */
export type RunOptions = {
  readonly ledger: Ledger;
  readonly job: Job;
  readonly settings: Settings;
  /** Where each setting came from. */
  readonly origins: ReadonlyMap<keyof Settings, Origin>;
  readonly defaults: LineDefaults;
  readonly catalog: Catalog;
  readonly pricing: Pricing;
  /** The answer lengths of earlier runs. */
  readonly seen: SeenSizes;
  readonly scope: Scope;
  readonly endpoint: { readonly dashscope: string; readonly openai: string };
  readonly apiKey: string;
  readonly proxy: Parameters<typeof openTransport>[0]['proxy'];
  /** Shown at the start: a base URL, or `simulator`. */
  readonly endpointShown: string;
  readonly clock: Clock;
  readonly report: Report;
  readonly stop: RunStop;
  readonly whenUnlocked: WhenUnlocked;
  readonly redact: (text: string) => string;
  readonly redactJson: (json: string) => string;
  readonly writeStdout: (text: string) => Promise<void>;
  readonly resuming: boolean;
  /**
   * Called once the sample has been answered, with the projected cost of the open lines in pico-units (0: no price).
   * Resolves with why the run must stop; null: continue.
   */
  confirmSampled(expectedPico: number, openLines: number): Promise<string | null>;
  /** Calls `listener` whenever the user asks for the state; the returned function unsubscribes. */
  readonly onStateAsked?: (listener: () => void) => () => void;
  /** Called at the start, and with each progress report, with the cap on calls in flight. */
  readonly boundGarbage?: (callsInFlight: number) => void;
};
