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
  /** `fail`: what may have been billed without an answer is not sent again. */
  readonly onAmbiguous: 'retry' | 'fail';
  readonly clock: Clock;
  readonly whenUnlocked: WhenUnlocked;
  /** Asked now and then while the input is read; throws where the user wants to stop. */
  readonly checkStop?: () => void;
  /** Told of each model as the survey meets it; throws to refuse. */
  readonly onModel?: (model: string) => void;
  /** Sees the survey, and how many lines are left to send, before anything is kept; throws to refuse (cost). */
  gate(survey: Survey, openLines: number): Promise<void>;
};
