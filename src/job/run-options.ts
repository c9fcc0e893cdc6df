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

/** Everything that the dispatch of a prepared job needs. */
export type RunOptions = {
  readonly ledger: Ledger;
  readonly job: Job;
  readonly settings: Settings;
  /** Where each setting came from. */
  readonly origins: ReadonlyMap<keyof Settings, Origin>;
  readonly defaults: LineDefaults;
  readonly catalog: Catalog;
  readonly pricing: Pricing;
  /** How long the answers of earlier runs were. */
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
   * Asked once the sample has been answered: what the open lines are to cost by what it took, in
   * pico-units (0: without a price). Resolves with why the run is to stop; null: it goes on.
   */
  confirmSampled(expectedPico: number, openLines: number): Promise<string | null>;
  /** Calls `listener` whenever the user asks for the state; the returned function ends that. */
  readonly onStateAsked?: (listener: () => void) => () => void;
  /** Told at the start, and with each progress, how many calls may be in flight. */
  readonly boundGarbage?: (callsInFlight: number) => void;
};
