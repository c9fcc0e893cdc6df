import type { Clock } from '../clock.ts';
import type { Identity, JobEndpoint } from '../ledger/records.ts';
import type { LineDefaults } from '../input/request-parts.ts';
import type { OutputSeen } from '../plan.ts';
import type { Pricing } from '../pricing.ts';
import type { Survey } from '../survey.ts';
import type { WhenUnlocked } from './when-unlocked.ts';

/** Everything that decides which job a run works on. */
export type JobRequest = {
  readonly name: string;
  /** Absolute: a later run may start in another folder. */
  readonly inputPath: string;
  /** The input as the user named it, for messages. */
  readonly inputShown: string;
  readonly identity: Identity;
  readonly endpoint: JobEndpoint;
  readonly resultsPath: string;
  readonly errorsPath: string;
  readonly order: 'input' | 'settled';
  readonly defaults: LineDefaults;
  readonly pricing: Pricing;
  readonly outputSeen: OutputSeen;
  readonly maxLineBytes: number;
  readonly skipInvalid: boolean;
  readonly fresh: boolean;
  readonly acceptChangedInput: boolean;
  readonly adopt: boolean;
  /** `fail`: calls that may have been billed without an answer are not repeated. */
  readonly onAmbiguous: 'retry' | 'fail';
  readonly clock: Clock;
  readonly whenUnlocked: WhenUnlocked;
  /** Called now and then while the input is read; throws if the user wants to stop. */
  readonly checkStop?: () => void;
  /** Called for each model as the survey meets it; throws to refuse. */
  readonly onModel?: (model: string) => void;
  /** Receives the survey and the number of lines left to send, before anything is stored; throws to refuse (cost). */
  gate(survey: Survey, openLines: number): Promise<void>;
};
