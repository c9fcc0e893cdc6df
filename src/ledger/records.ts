import type { AttemptClass } from '../failure.ts';
import type { RunSummary } from '../reporters/reporter.ts';
import type { Usage } from '../usage.ts';

/** The start of one attempt; durable before its first byte leaves. Times are milliseconds since 1970. */
export type AttemptStart = {
  readonly lineNo: number;
  readonly attempt: number;
  readonly customId: string;
  readonly model: string;
  readonly startedAt: number;
  /** Its cost if the outcome stays unknown: tokens, and pico-units of the job's currency (null: unpriced). */
  readonly estimatedTokens: number;
  readonly estimatedPico: number | null;
};

/** The end of one attempt. `counted`: whether it counts toward `--max-attempts`. */
export type AttemptEnd = {
  readonly lineNo: number;
  readonly attempt: number;
  readonly endedAt: number;
  readonly class: AttemptClass;
  readonly counted: boolean;
  readonly statusCode: number | null;
  readonly code: string | null;
  readonly requestId: string | null;
  readonly usage: Usage | null;
  /** Certain cost; null: unpriced, or not billed. */
  readonly costPico: number | null;
};

export type LineState = 'answered' | 'failed' | 'rejected';

/** The one terminal record of a line. */
export type SettledLine = {
  readonly lineNo: number;
  readonly state: LineState;
  /** Null only for a line whose `custom_id` could not be read. */
  readonly customId: string | null;
  readonly model: string | null;
  readonly attempts: number;
  readonly statusCode: number | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly param: string | null;
  readonly requestId: string | null;
  /** The line's `metadata` as JSON text. */
  readonly metadata: string | null;
  /** What the service sent, as compact raw JSON in UTF-8. */
  readonly body: Buffer | null;
  readonly settledAt: number;
};

/** The state of the output files, all durable on disk. */
export type Cursor = {
  /** Input order: every line up to this number is written. */
  readonly line: number;
  /** Settled order: every line up to this `seq` is written. Input order: none of the written lines has a higher one. */
  readonly seq: number;
  /** An input line at or before the first open one, and its byte offset: where reading may begin. */
  readonly inputLine: number;
  readonly inputBytes: number;
  readonly resultsBytes: number;
  readonly errorsBytes: number;
};

/** Everything that one commit makes durable together. */
export type Batch = {
  readonly starts: AttemptStart[];
  readonly ends: AttemptEnd[];
  readonly settled: SettledLine[];
};

/** What identifies a job (cli.md section 4), besides its name and the input's content. */
export type Identity = {
  readonly model: string | null;
  readonly system: string | null;
  readonly protocol: string;
  /** `--set` values by name, sorted, as raw JSON text. */
  readonly set: Readonly<Record<string, string>>;
  readonly simulated: boolean;
};

/** The survey's data of one model. */
export type SurveyedModel = {
  readonly model: string;
  readonly lines: number;
  /** Its part of the survey's `expectedPico`; absent from older releases. */
  readonly expectedPico?: number;
  /** Exact ÷ fast token count of its texts; absent if none were counted, or from an older release. */
  readonly textScale?: number;
  /** Mean output tokens of earlier answers at that time, plain and thinking; null: assumed. Absent: both assumed. */
  readonly outputSeen?: readonly [plain: number | null, thinking: number | null];
};

/** The survey's findings, stored with the job so that a rerun need not repeat it. */
export type SurveyFacts = {
  readonly lines: number;
  readonly valid: number;
  readonly invalid: number;
  readonly inputTokens: number;
  readonly outputExpectedTokens: number;
  /** Expected cost of all valid lines, in pico-units; an estimate. */
  readonly expectedPico: number;
  readonly models: readonly SurveyedModel[];
};

/** Where a job's calls go, for `resume` and `retry`. */
export type JobEndpoint = {
  readonly region: string;
  readonly dashscope: string;
  readonly openai: string;
  readonly scope: string;
};

/** Flags with their values, as on the command line; `true` for flags without a value. */
export type RunFlags = Readonly<Record<string, string | true>>;

/** Why a run ended before every line was settled; `running` from its first call to its end. */
export type LastStop = NonNullable<RunSummary['stopped']> | 'running';

/** One job as the ledger knows it. */
export type Job = {
  readonly id: number;
  readonly name: string;
  readonly state: 'open' | 'finished';
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly inputPath: string;
  readonly inputSha256: string;
  readonly inputBytes: number;
  readonly lineCount: number;
  readonly lastLineNo: number;
  readonly identity: Identity;
  readonly survey: SurveyFacts;
  readonly endpoint: JobEndpoint;
  readonly currency: string;
  readonly outputOrder: 'input' | 'settled';
  readonly resultsPath: string;
  readonly errorsPath: string;
  readonly outputMode: 'append' | 'replace';
  readonly cursor: Cursor;
  readonly answered: number;
  readonly failed: number;
  readonly rejected: number;
  /** Certain cost of all its answered attempts. */
  readonly costPico: bigint;
  /** Raised when the input is replaced; vanished lines' attempts live under negative line numbers. */
  readonly generation: number;
  /** Absolute path of its ledger in the last run; null: an older version ran it. */
  readonly ledgerPath: string | null;
  /** Flags of its last run that the next command needs and that are stored nowhere else, by name. */
  readonly runFlags: RunFlags;
  /** Of its last run; null: every line was settled, or an older version ran it. */
  readonly lastStop: LastStop | null;
};
