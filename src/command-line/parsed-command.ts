import type { ByKey } from '../by-keys.ts';
import type {
  COLOR_MODES,
  EXPORT_FORMATS,
  EXPORTED,
  ORDERS,
  REPORT_FORMATS,
  SHELLS,
} from '../config/choices.ts';
import type { Region, SimulatorSpec } from '../settings.ts';

type OneOf<Choices extends readonly string[]> = Choices[number];

/** The value of a flag: text, a list for a repeatable one, or a switch. Not yet parsed. */
export type FlagValue = string | boolean | readonly string[];

/** Only the flags on the command line, by long name (`max-cost`). */
export type GivenFlags = Readonly<Record<string, FlagValue>>;

/** Flags common to every command except `run` and related ones. */
export type DisplayFlags = {
  readonly quiet: boolean;
  readonly color: OneOf<typeof COLOR_MODES>;
  readonly debug: boolean;
};

/** How a job was named: a positional (ledger, name or input), `--ledger`, `--job`. */
export type JobChoice = {
  readonly job: string | undefined;
  readonly ledger: string | undefined;
  readonly jobName: string | undefined;
};

export type ReportFormat = OneOf<typeof REPORT_FORMATS>;
export type Shell = OneOf<typeof SHELLS>;

/** A parsed command line. `flags` of run and related commands become Settings in `resolveSettings`. */
export type ParsedCommand =
  | { readonly command: 'help' | 'version'; readonly text: string }
  | { readonly command: 'run' | 'check'; readonly input: string; readonly flags: GivenFlags }
  | { readonly command: 'resume'; readonly job: string | undefined; readonly flags: GivenFlags }
  | {
      readonly command: 'retry';
      readonly job: string | undefined;
      /** Empty, like `statuses`: all failed lines. */
      readonly codes: readonly string[];
      readonly statuses: readonly number[];
      readonly flags: GivenFlags;
    }
  | ({ readonly command: 'status'; readonly verify: boolean; readonly json: boolean } & JobChoice &
      DisplayFlags)
  | ({ readonly command: 'jobs'; readonly dir: string; readonly json: boolean } & DisplayFlags)
  | ({
      readonly command: 'usage';
      readonly jobs: readonly string[];
      readonly by: readonly ByKey[];
      readonly format: ReportFormat;
      readonly output: string | undefined;
      readonly ledger: string | undefined;
      readonly jobName: string | undefined;
    } & DisplayFlags)
  | ({
      readonly command: 'export';
      readonly what: OneOf<typeof EXPORTED>;
      readonly format: OneOf<typeof EXPORT_FORMATS>;
      readonly order: OneOf<typeof ORDERS>;
      readonly output: string | undefined;
    } & JobChoice &
      DisplayFlags)
  | ({
      readonly command: 'models';
      readonly pattern: string | undefined;
      readonly region: Region | undefined;
      readonly catalog: string | undefined;
      readonly json: boolean;
    } & DisplayFlags)
  | ({
      readonly command: 'simulate';
      readonly host: string;
      readonly port: number;
      readonly spec: SimulatorSpec;
    } & DisplayFlags)
  | { readonly command: 'completion'; readonly shell: Shell }
  | ({ readonly command: 'debug'; readonly json: boolean } & JobChoice & DisplayFlags);
