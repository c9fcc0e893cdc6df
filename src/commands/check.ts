import { EXIT, type ExitCode } from '../errors.ts';
import { openInput } from '../input/input-source.ts';
import { formatPico } from '../models/price.ts';
import { oneLine } from '../reporters/one-line.ts';
import { pathText } from '../reporters/path-text.ts';
import { givenLimit, listedLimits } from '../job/pace-limits.ts';
import type { GivenFlags } from '../command-line/parsed-command.ts';
import { isBatchChat } from '../config/endpoints.ts';
import { beginningOf } from '../job/bounded-problem.ts';
import { type CheaperWay, cheaperWays } from '../job/cheaper-ways.ts';
import { type PricedElsewhere, pricedElsewhere } from '../job/priced-elsewhere.ts';
import type { ModelSurvey } from '../job/survey-tally.ts';
import { createPricing, type Pricing } from '../pricing.ts';
import { jsonText } from '../json/json-text.ts';
import { durationText } from '../reporters/duration-text.ts';
import { countText, shortText, wholeText } from '../reporters/number-text.ts';
import { problemsText } from '../reporters/problems.ts';
import { alignTable } from '../reporters/table.ts';
import { unpricedText } from '../reporters/unpriced-text.ts';
import { rmSync } from 'node:fs';
import { type Places, placesOf } from './run-places.ts';
import { type Survey, surveyInput } from '../survey.ts';
import { sentAgain, serviceNotes, seenBefore } from './check-beside.ts';
import type { CommandIo } from './io.ts';
import { currencyOf, type RunSetup, setUpRun } from './run-setup.ts';

/** No model name is longer; a line may hold one of megabytes. */
const MODEL_UNITS_MAX = 256;

/** One model's part of a checked input, as `check --json` prints it. */
export type CheckedModel = {
  readonly model: string;
  readonly lines: number;
  readonly tokens: {
    readonly input: number;
    readonly output_expected: number;
    readonly output_max: number | null;
    /** Lines counted exactly to scale the others' estimate; 0: another vocabulary, fast estimate only. */
    readonly counted_lines: number;
  };
  readonly cost: { readonly expected: string | null; readonly max: string | null };
  /** Time at the known limits; null if unknown. */
  readonly seconds: number | null;
};

/** What `check --json` prints (cli.md section 7). */
export type CheckReport = {
  readonly schema: 1;
  readonly input: string;
  readonly lines: { readonly total: number; readonly valid: number; readonly invalid: number };
  readonly problems: Survey['problems'];
  readonly problem_counts: Survey['problemCounts'];
  readonly tokens: {
    readonly input: number;
    readonly output_expected: number;
    readonly output_max: number | null;
    readonly counted_lines: number;
  };
  readonly cost: {
    readonly expected: string | null;
    readonly max: string | null;
    readonly currency: string;
    readonly unpriced_lines: number;
    /** How many of those have a price in another currency; null: none. */
    readonly priced_in: PricedElsewhere | null;
  };
  readonly models: readonly CheckedModel[];
  /** Cheaper ways for the same lines, by list price; `instead` null: the model stays. */
  readonly cheaper: readonly {
    readonly model: string;
    readonly way: CheaperWay['way'];
    readonly instead: string | null;
    readonly expected: string;
  }[];
};

function estimateText(pico: number): string {
  return formatPico(BigInt(Math.round(pico)));
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The sum; null if a value is unknown. */
function sumOrNull(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length < values.length ? null : sumOf(known);
}

function checkedModel(model: string, entry: ModelSurvey, setup: RunSetup): CheckedModel {
  const { settings, catalog, scope } = setup;
  const known = listedLimits(catalog, model, { scope, batchChat: isBatchChat(settings) });
  const rpm = givenLimit(settings.rpm, model) ?? known.rpm;
  const tpm = givenLimit(settings.tpm, model) ?? known.tpm;
  const tokens = entry.inputTokens + entry.outputExpectedTokens;
  const minutes = Math.max(rpm === null ? 0 : entry.lines / rpm, tpm === null ? 0 : tokens / tpm);
  return {
    model: beginningOf(model, MODEL_UNITS_MAX),
    lines: entry.lines,
    tokens: {
      input: entry.inputTokens,
      output_expected: entry.outputExpectedTokens,
      output_max: entry.outputMaxTokens,
      counted_lines: entry.countedLines,
    },
    cost: {
      expected: entry.priced ? estimateText(entry.expectedPico) : null,
      max: entry.priced && entry.maxPico !== null ? estimateText(entry.maxPico) : null,
    },
    seconds: rpm === null && tpm === null ? null : Math.ceil(minutes * 60),
  };
}

/** The cost of the priced lines; unknown if all lines are unpriced, zero if there are no lines. */
function checkedCost(models: Survey['models'], pricing: Pricing): CheckReport['cost'] {
  const entries = [...models.values()];
  const priced = entries.filter((entry) => entry.priced);
  const unpriced = entries.filter((entry) => !entry.priced);
  const isKnown = priced.length > 0 || unpriced.length === 0;
  const most = sumOrNull(priced.map(({ maxPico }) => maxPico));
  return {
    expected: isKnown ? estimateText(sumOf(priced.map(({ expectedPico }) => expectedPico))) : null,
    max: isKnown && most !== null ? estimateText(most) : null,
    currency: pricing.currency,
    unpriced_lines: sumOf(unpriced.map(({ lines }) => lines)),
    priced_in: pricedElsewhere(models, pricing),
  };
}

/** Turns a survey into what `check` prints. Pure. */
function checkReport(
  survey: Survey,
  input: string,
  setup: RunSetup,
  pricing: Pricing,
): CheckReport {
  const { settings, catalog } = setup;
  const entries = [...survey.models].toSorted(([, a], [, b]) => b.lines - a.lines);
  const models = entries.map(([model, entry]) => checkedModel(model, entry, setup));
  const cheaper = cheaperWays(survey.models, {
    catalog,
    pricing,
    usualHost:
      settings.baseUrl === undefined &&
      settings.compatibleBaseUrl === undefined &&
      settings.simulate === undefined,
  });
  return {
    schema: 1,
    input,
    lines: { total: survey.lines, valid: survey.valid, invalid: survey.invalid },
    problems: survey.problems,
    problem_counts: survey.problemCounts,
    tokens: {
      input: sumOf(models.map(({ tokens }) => tokens.input)),
      output_expected: sumOf(models.map(({ tokens }) => tokens.output_expected)),
      output_max: sumOrNull(models.map(({ tokens }) => tokens.output_max)),
      counted_lines: sumOf(models.map(({ tokens }) => tokens.counted_lines)),
    },
    cost: checkedCost(survey.models, pricing),
    models,
    cheaper: cheaper.map(({ expectedPico, ...way }) => ({
      ...way,
      expected: estimateText(expectedPico),
    })),
  };
}

const WAY_TEXT: Readonly<Record<CheaperWay['way'], string>> = {
  'batch-chat':
    'by Batch Chat (--protocol openai --compatible-base-url https://batch.dashscope.aliyuncs.com/compatible-mode/v1)',
  'batch-file': "by the service's Batch File, whose answers may take a day or more",
  snapshot: 'by another version',
};

/** One line per way, so that each is explained once. */
function cheaperText({ cheaper, cost: { currency } }: CheckReport): string {
  const ways = [...new Set(cheaper.map(({ way }) => way))];
  return ways
    .map((way) => {
      const offers = cheaper.filter((offer) => offer.way === way);
      const models = offers.map(({ model, instead, expected }) => {
        const how = instead === null ? '' : ` with ${oneLine(instead)}`;
        return `${oneLine(model)}${how} about ${expected} ${currency}`;
      });
      return `cheaper ${WAY_TEXT[way]}: ${models.join(', ')}\n`;
    })
    .join('');
}

function nextStep({ problem_counts: counts, lines }: CheckReport): string {
  if (lines.invalid > 0 && lines.valid === 0) return '; fix the invalid lines';
  if (lines.invalid > 0) return '; fix the invalid lines, or run the others with --skip-invalid';
  return counts.warning > 0 ? '; --strict makes warnings errors' : '';
}

/** The precision of the figure depends on whether some lines were counted with the models' own vocabulary. */
function inputText(tokens: CheckReport['tokens']): string {
  const { input, counted_lines: counted } = tokens;
  const how = counted > 0 ? ` (${countText(counted, 'line')} counted exactly)` : '';
  return `${wholeText(input)} input tokens${how}`;
}

/** The report as text: problems first, then models, tokens, cost and time, the verdict last. */
export function checkText(report: CheckReport): string {
  const { lines, tokens, cost } = report;
  const parts = [problemsText(report.problems, report.problem_counts, report.input)];
  if (report.models.length > 0) {
    const rows = [
      [
        'model',
        'lines',
        'input tokens',
        'output expected',
        'output at most',
        `cost ${cost.currency}`,
        'at most',
        'time at the limits',
      ],
      ...report.models.map((entry) => [
        oneLine(entry.model),
        wholeText(entry.lines),
        wholeText(entry.tokens.input),
        wholeText(entry.tokens.output_expected),
        entry.tokens.output_max === null ? 'unknown' : shortText(entry.tokens.output_max),
        entry.cost.expected ?? 'no price',
        entry.cost.max ?? 'unknown',
        entry.seconds === null ? 'unknown' : durationText(entry.seconds * 1000),
      ]),
    ];
    parts.push(
      `${alignTable(rows, { right: [false, true, true, true, true, true, true, true] })}\n`,
      cheaperText(report),
    );
  }
  const money =
    cost.expected === null
      ? 'no price known'
      : `about ${cost.expected} ${cost.currency}${cost.max === null ? '' : `, at most ${cost.max}`}`;
  const unpriced =
    cost.unpriced_lines > 0
      ? `; ${unpricedText(cost.unpriced_lines, cost.currency, cost.priced_in)}`
      : '';
  parts.push(
    `${pathText(report.input)}: ${countText(lines.total, 'line')}, ${wholeText(lines.valid)} valid, ${wholeText(lines.invalid)} invalid; ` +
      `${inputText(tokens)}; ${money}${unpriced}${nextStep(report)}\n`,
  );
  return parts.join('');
}

/** Which lines the tokens and the cost of a known job's dry run are of. */
function sentText({ models, lines }: CheckReport, command: string): string {
  const sent = sumOf(models.map((entry) => entry.lines));
  return `${command} would send ${wholeText(sent)} of ${countText(lines.valid, 'valid line')}; tokens and cost are of what it would send\n`;
}

/** `qbatch check`: only the survey. 0 if every line may be sent, else 65. */
export async function checkCommand(
  parsed: { input: string; flags: GivenFlags },
  io: CommandIo,
): Promise<ExitCode> {
  const setup = setUpRun(parsed.flags, io);
  const source = await openInput(parsed.input, io, true);
  try {
    const places = placesOf(source, setup.settings, io.cwd);
    return await checkPlaces(places, { setup, io, shown: parsed.input });
  } finally {
    if (source.spooled) rmSync(source.path, { force: true });
  }
}

/**
 * The same for an opened input with merged settings. In a dry run of a known job (`again`) that has not changed, tokens and
 * cost are those of the lines that it would send.
 */
export async function checkPlaces(
  places: Places,
  at: { setup: RunSetup; io: CommandIo; shown: string; again?: Parameters<typeof sentAgain>[1] },
): Promise<ExitCode> {
  const { setup, io, shown, again } = at;
  const { settings, scope, catalog, defaults } = setup;
  const sent = again === undefined ? null : await sentAgain(places, again, setup);
  const currency = sent?.currency ?? currencyOf(settings, scope, catalog);
  const pricing = createPricing(catalog, scope, currency, { batch: isBatchChat(settings) });
  const survey = await surveyInput(places.source.path, {
    maxLineBytes: settings.maxLineBytes,
    defaults,
    pricing,
    outputSeen: await seenBefore(places, setup, io),
    wantsHash: false,
    ...(sent !== null && { isSent: sent.isSent }),
  });
  if (sent !== null && sent.note !== null) io.writeErr(`${sent.note}\n`);
  for (const note of serviceNotes(settings)) io.writeErr(`${note}\n`);
  const report = checkReport(survey, shown, setup, pricing);
  const about = again === undefined || sent === null ? '' : sentText(report, again.command);
  await io.writeOut(settings.json ? `${jsonText(report)}\n` : checkText(report) + about);
  return survey.invalid > 0 ? EXIT.invalidInput : EXIT.ok;
}
