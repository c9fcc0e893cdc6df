import * as z from 'zod';

import { QbatchError } from '../errors.ts';
import {
  AMBIGUOUS_ACTIONS,
  COLOR_MODES,
  CURRENCIES,
  ORDERS,
  PROGRESS_MODES,
  PROTOCOLS,
  REGIONS,
} from './choices.ts';
import {
  choiceParser,
  countParser,
  durationParser,
  orAuto,
  parseAmount,
  parseAssignments,
  parseBaseUrl,
  parseLimits,
  parseLineBytes,
  parseMaxFailures,
  parseName,
  parseSwitch,
  parseText,
  parseWorkspace,
} from './setting-values.ts';
import type { SettingParser } from './setting-values.ts';
import type { Settings, SimulatorSpec } from '../settings.ts';
import { parseSimulatorSpec } from '../simulator/spec.ts';

/** Off, the defaults (`true`, or bare), or a spec such as `rpm=600,latency=200ms`. */
const parseSimulate: SettingParser<SimulatorSpec | undefined> = (given) => {
  const isSwitch = parseSwitch(given);
  if ('value' in isSwitch) {
    return { value: isSwitch.value ? parseSimulatorSpec('') : undefined };
  }
  try {
    // Blank text is an unset variable, not a request for the defaults.
    if (typeof given === 'string' && given.trim() !== '')
      return { value: parseSimulatorSpec(given) };
  } catch (error) {
    if (!(error instanceof QbatchError)) throw error;
    return { allowed: `a simulator spec (${error.message.replace(/^--simulate: /, '')})` };
  }
  return { allowed: 'true, false, or a text such as rpm=600,latency=200ms,errors=2%' };
};

type Field<T> = z.ZodType<T, unknown>;

/** A zod type whose only issue says what would be allowed. */
function field<T>(parse: SettingParser<T>): Field<T> {
  return z.unknown().transform((given, context): T => {
    const parsed = parse(given);
    if ('value' in parsed) return parsed.value;
    context.addIssue({ code: 'custom', message: parsed.allowed });
    return z.NEVER;
  });
}

const switchField: Field<boolean> = field(parseSwitch);
const nameField: Field<string> = field(parseName);
const TIMER_MS_MIN = 1;

/** The parser of each setting, by its name in Settings; undefined if it is optional. */
export const SETTING_FIELDS: { readonly [Name in keyof Settings]: Field<Settings[Name]> } = {
  output: nameField.optional(),
  errors: nameField.optional(),
  ledger: nameField.optional(),
  job: nameField.optional(),
  order: field(choiceParser(ORDERS)).optional(),
  model: nameField.optional(),
  system: field(parseText).optional(),
  protocol: field(choiceParser(PROTOCOLS)),
  set: field(parseAssignments).default(() => new Map()),
  region: field(choiceParser(REGIONS)),
  baseUrl: field(parseBaseUrl).optional(),
  compatibleBaseUrl: field(parseBaseUrl).optional(),
  workspace: field(parseWorkspace).optional(),
  allowHttp: switchField,
  concurrency: field(orAuto(countParser(1, 10_000))),
  rpm: field(parseLimits),
  tpm: field(parseLimits),
  queryLimits: switchField,
  maxAttempts: field(countParser(1, 100)),
  timeoutMs: field(durationParser(TIMER_MS_MIN)).optional(),
  idleTimeoutMs: field(durationParser(TIMER_MS_MIN)),
  connectTimeoutMs: field(durationParser(TIMER_MS_MIN)),
  onAmbiguous: field(choiceParser(AMBIGUOUS_ACTIONS)),
  maxUnreachableMs: field(durationParser(0)),
  maxCost: field(parseAmount).optional(),
  maxDurationMs: field(durationParser(TIMER_MS_MIN)).optional(),
  maxFailures: field(parseMaxFailures).optional(),
  confirmCost: field(parseAmount).optional(),
  yes: switchField,
  sample: field(countParser(1, 1_000_000)).optional(),
  catalog: nameField.optional(),
  currency: field(choiceParser(CURRENCIES)).optional(),
  skipInvalid: switchField,
  strict: switchField,
  maxLineBytes: field(parseLineBytes),
  dryRun: switchField,
  fresh: switchField,
  acceptChangedInput: switchField,
  adoptOutputs: switchField,
  simulate: field(parseSimulate).optional(),
  dashboard: switchField,
  progress: field(choiceParser(PROGRESS_MODES)),
  quiet: switchField,
  color: field(choiceParser(COLOR_MODES)),
  json: switchField,
  debug: switchField,
};

/** All settings: raw values in, Settings out. */
export const settingsSchema: z.ZodType<Settings, unknown> = z.object(SETTING_FIELDS);
