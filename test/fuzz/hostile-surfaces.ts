import { parseArgs } from '../../src/command-line/args.ts';
import { checkText } from '../../src/commands/check.ts';
import { modelsText } from '../../src/commands/models.ts';
import { nextCommand } from '../../src/commands/next-command.ts';
import { statusText } from '../../src/commands/status-text.ts';
import { resolveSettings } from '../../src/config/config.ts';
import { EXIT, QbatchError } from '../../src/errors.ts';
import { loadCatalog } from '../../src/models/catalog.ts';
import { scopeOf } from '../../src/models/scope.ts';
import { dashscope } from '../../src/protocols/dashscope.ts';
import { openai } from '../../src/protocols/openai.ts';
import { usageMarkdown } from '../../src/report/usage-markdown.ts';
import { usageTable } from '../../src/report/usage-table.ts';
import { errorText } from '../../src/reporters/error-text.ts';
import { createLinesReporter } from '../../src/reporters/lines.ts';
import { createNoneReporter } from '../../src/reporters/none.ts';
import { progressLines } from '../../src/reporters/progress-lines.ts';
import { problemsText } from '../../src/reporters/problems.ts';
import { createQuietReporter } from '../../src/reporters/quiet.ts';
import type { RunEvent } from '../../src/reporters/reporter.ts';
import { summaryText } from '../../src/reporters/summary.ts';
import { createTtyReporter } from '../../src/reporters/tty.ts';
import { asked } from '../helpers/asked.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { MEASURES } from '../report/sample-report.ts';
import { fakeTerminal } from '../reporters/fake-terminal.ts';
import { dispatchState, jobEnd, jobStart, progress } from '../reporters/sample-events.ts';

const modelsCommand = (options: Parameters<typeof modelsText>[0]): string =>
  modelsText(options).text;

/** Gives the next hostile text. */
export type Next = () => string;

/** Wide enough that no text is wrapped: what stands in a line of its own is then the program's. */
const COLUMNS = 100_000;
const AT = '2026-08-01T09:30:00.000Z';

function jobEndOf(next: Next): Extract<RunEvent, { readonly event: 'job-end' }> {
  const end = jobEnd();
  const summary = {
    ...end.summary,
    job: next(),
    ledger: next(),
    outputs: { results: next(), errors: next() },
    stopped: { reason: next(), code: 77, message: next() },
  };
  return {
    ...end,
    summary,
    failures: [
      { code: next(), lines: 2, example: next(), line: 12 },
      { code: next(), lines: 1, example: next(), line: 40 },
    ],
    next: nextCommand(summary, 'open', { catalog: next(), workspace: next() }),
  };
}

/** One of each event, every text in it hostile that may come from outside. */
export function eventsOf(next: Next): readonly RunEvent[] {
  const state = dispatchState();
  return [
    jobStart({ job: next(), input: next(), endpoint: next(), ledger: next() }),
    jobStart({ job: next(), resuming: true, lines: { total: 3, settled: 3, open: 0 } }),
    { event: 'notice', severity: 'warning', message: next() },
    { event: 'notice', severity: 'note', message: next() },
    progress({ slow: next() }),
    { event: 'model-slowed', model: next(), waitMs: 5_000, reason: next() },
    { event: 'model-parked', model: next(), code: next(), message: next(), othersContinue: true },
    {
      ...state,
      controlFile: next(),
      models: state.models.map((lane) => ({
        ...lane,
        model: next(),
        rpmOrigin: next(),
        tpmOrigin: next(),
      })),
    },
    { event: 'sample-end', sampleLines: 2, openLines: 1, expected: '1.000000', currency: 'CNY' },
    {
      event: 'line-settled',
      line: 1,
      customId: next(),
      status: 'failed',
      code: next(),
      attempts: 1,
      model: next(),
    },
    {
      event: 'attempt-ended',
      line: 1,
      class: 'rejected',
      code: next(),
      model: next(),
    },
    { event: 'stopping', reason: next(), inFlight: 1 },
    jobEndOf(next),
  ];
}

function terminal(next: Next, color: boolean): string {
  const screen = fakeTerminal({ columns: COLUMNS, isTty: false });
  const reporter = createTtyReporter({ stream: screen.stream, color });
  for (const event of eventsOf(next)) reporter.report(event);
  return screen.written();
}

function display(next: Next): string {
  return [20, 80, 200]
    .flatMap((columns) => progressLines(progress({ slow: next() }), { columns, color: false }))
    .join('\n');
}

function lines(next: Next): string {
  let text = '';
  const write = (piece: string): void => {
    text += piece;
  };
  const clock = createFakeClock();
  for (const reporter of [
    createLinesReporter({ write, clock, everyMs: 0 }),
    createQuietReporter({ write }),
    createNoneReporter({ write }),
  ])
    for (const event of eventsOf(next)) reporter.report(event);
  return text;
}

function problems(next: Next): string {
  const found = (['error', 'warning', 'note', 'error'] as const).map((severity, index) => ({
    severity,
    line: index + 1,
    custom_id: next(),
    path: next(),
    code: next(),
    message: next(),
  }));
  return problemsText(found, { error: 2, warning: 1, note: 1 }, next());
}

function measuresBy(next: Next): Parameters<typeof usageTable>[0] {
  return {
    schema: 1,
    by: ['model', `tag:${next()}`],
    groups: [
      { ...MEASURES, keys: [next(), next()] },
      { ...MEASURES, keys: [next(), null] },
    ],
    totals: [MEASURES],
    jobs: { total: 2, simulated: 1 },
  };
}

function dispatched(next: Next): Parameters<typeof statusText>[0]['dispatch'] {
  return {
    run: 1,
    started_at: AT,
    ended_at: AT,
    makespan_ms: 1_000,
    ideal_ms: 900,
    makespan_ratio: 1.1,
    attempts_per_line: 1.2,
    throttled: [{ code: next(), attempts: 2 }],
    models: [
      {
        model: next(),
        rpm_limit: 600,
        rpm_origin: next(),
        tpm_limit: 9_000,
        tpm_origin: next(),
        starts: 9,
        admitted: 8,
        throttled: { rate: 1, tokens: 0, burst: 0 },
        utilisation: 0.9,
        evenness: 1,
      },
    ],
    changes: [{ at: AT, model: next(), dimension: 'rpm', from: 1, to: 2, reason: next() }],
  };
}

function status(next: Next, color: boolean): string {
  const { summary, failures } = jobEndOf(next);
  return statusText(
    {
      summary,
      failures,
      inputPath: next(),
      state: 'open',
      filesWait: true,
      killed: false,
      runFlags: { catalog: next(), workspace: next() },
      holder: { pid: 1, host: next(), startedAt: 0, jobName: next() },
      updatedAt: 0,
      byModel: measuresBy(next),
      possiblyBilledLines: [
        { lineNo: 1, customId: next(), attempts: 1 },
        { lineNo: null, customId: next(), attempts: 2 },
      ],
      dispatch: dispatched(next),
      verify: { ok: false, findings: [next(), next()] },
    },
    { color, width: COLUMNS },
  );
}

function checked(next: Next): string {
  const tokens = { input: 0, output_expected: 0, output_max: 0, counted_lines: 0 };
  const cost = { expected: '1.500000', max: null };
  return checkText({
    schema: 1,
    input: next(),
    lines: { total: 2, valid: 1, invalid: 1 },
    problems: [
      {
        severity: 'error',
        line: 1,
        custom_id: next(),
        path: next(),
        code: next(),
        message: next(),
      },
    ],
    problem_counts: { error: 1, warning: 0, note: 0 },
    tokens,
    cost: { ...cost, currency: 'CNY', unpriced_lines: 0, priced_in: null },
    models: [{ model: next(), lines: 1, tokens, cost, seconds: null }],
    cheaper: [{ model: next(), way: 'snapshot', instead: next(), expected: '0.750000' }],
  });
}

function models(next: Next): string {
  const [id, other] = [next(), `${next()}-2`];
  const catalog = loadCatalog({ models: [{ id }, { id: other, alias_of: id }] });
  const shown = [id, other, '', next()].map((pattern) =>
    modelsCommand({ pattern, json: false, scope: scopeOf('beijing'), catalog }),
  );
  return shown.join('');
}

function failuresOf(next: Next): string {
  const body = Buffer.from(JSON.stringify({ code: next(), message: next(), request_id: next() }));
  const json = { 'content-type': 'application/json' };
  const html = { 'content-type': 'text/html' };
  return [
    dashscope.decode({ statusCode: 400, headers: json, body }, asked()),
    openai.decode({ statusCode: 502, headers: html, body: Buffer.from(next()) }, asked()),
  ]
    .map((decoded) => errorText(new QbatchError(EXIT.access, JSON.stringify(decoded), next())))
    .join('');
}

function fail(): never {
  throw new Error('there is none');
}

async function refusal(act: () => unknown): Promise<string> {
  try {
    await act();
    // Not all of it is wrong.
    return 'taken\n';
  } catch (error) {
    return errorText(error);
  }
}

async function refusals(next: Next): Promise<string> {
  const where = { cwd: '/', home: '/' };
  const told = [
    () => parseArgs([next()], '1'),
    () => parseArgs(['run', 'a.jsonl', `--${next()}`], '1'),
    () => parseArgs(['run', next(), '--concurrency', next(), next()], '1'),
    () => parseArgs(['status', '--format', next(), `-${next()}`], '1'),
    () => parseArgs(['usage', '--by', next()], '1'),
    () => parseArgs(['simulate', next(), '--port', next()], '1'),
    ...['rpm', 'region', 'base-url', 'max-cost', 'simulate', 'job', 'timeout', 'set'].map(
      (name) => () => resolveSettings({ flags: { [name]: next() }, env: {}, ...where }),
    ),
    () => resolveSettings({ flags: {}, env: { [`QBATCH_${next()}`]: next() }, ...where }),
    () => resolveSettings({ flags: {}, env: { QBATCH_ORDER: next() }, ...where }),
    () => loadCatalog({ models: [{ id: next(), alias_of: next() }] }),
    () => loadCatalog({ models: [{ id: 1, [next()]: next() }] }),
  ];
  // Parsing is slow: some of them, by what the texts are.
  const first = next().length;
  let text = '';
  for (const at of [first, first + 7, first + 13])
    text += await refusal(told[at % told.length] ?? fail);
  return text;
}

function errors(next: Next): string {
  const own = Object.values(EXIT).map((code) => new QbatchError(code, next(), next()));
  const bug = new TypeError(next());
  bug.stack = `TypeError: ${bug.message}\n    at ${next()} (file:///x.js:1:2)`;
  return [...own, new QbatchError(EXIT.io, next()), bug, next()].map(errorText).join('');
}

/** Everything that makes text for people without files; each gets texts and gives what it would print. */
export const SURFACES: Readonly<Record<string, (next: Next) => string | Promise<string>>> = {
  'the terminal': (next) => terminal(next, false),
  'the live display': display,
  'progress lines, quiet and none': lines,
  problems,
  summary: (next) => summaryText(jobEndOf(next), { color: false, width: 80 }),
  status: (next) => status(next, false),
  'usage as a table': (next) => usageTable(measuresBy(next)),
  'usage as markdown': (next) => usageMarkdown(measuresBy(next)),
  check: checked,
  models,
  'replies of a service': failuresOf,
  'refused arguments, settings and catalogs': refusals,
  errors,
};

/** The same with the program's own colours; without them it must be what the plain one is. */
export const COLOURED: Readonly<Record<string, (next: Next, color: boolean) => string>> = {
  'the terminal': terminal,
  summary: (next, color) => summaryText(jobEndOf(next), { color, width: 80 }),
  status,
};
