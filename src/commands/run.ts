import { resolve } from 'node:path';
import { stdoutOfLastRun, stdoutTwice } from '../command-line/read-command.ts';
import { EXIT, type ExitCode, QbatchError } from '../errors.ts';
import { identityOf } from '../job/identity.ts';
import { openInput } from '../input/input-source.ts';
import type { JobRequest } from '../job/job-request.ts';
import { seenSizes } from '../ledger/estimates.ts';
import { findJob } from '../ledger/jobs.ts';
import { Ledger } from '../ledger/ledger.ts';
import { asStorageError } from '../ledger/storage-error.ts';
import type { Job } from '../ledger/records.ts';
import type { Currency } from '../models/scope.ts';
import { lockOutputs } from '../output/lock-outputs.ts';
import { refuseSameFiles } from '../output/refuse-same-files.ts';
import type { Settings } from '../settings.ts';
import type { Survey } from '../survey.ts';
import type { ParsedCommand } from '../command-line/parsed-command.ts';
import { outputSeenIn } from '../job/expectations.ts';
import { keepRunFlags } from '../job/keep-run-flags.ts';
import { jobCurrency } from '../job/job-currency.ts';
import { prepareJob } from '../job/prepare-job.ts';
import { isBatchChat } from '../config/endpoints.ts';
import { type Proxy, proxyOf } from '../config/proxy.ts';
import { createPricing } from '../pricing.ts';
import { createValueRedactor } from '../redact.ts';
import { createJsonRedactor } from '../json/redact-json.ts';
import { composeReporters, guardReporter } from '../reporters/compose.ts';
import type { ProgressMode } from '../reporters/progress-mode.ts';
import type { Reporter } from '../reporters/reporter.ts';
import { refuseUnpriced } from '../job/refuse-unpriced.ts';
import { type RunResult, runJob } from '../job/run-job.ts';
import { type WhenUnlocked, whenUnlockedOf } from '../job/when-unlocked.ts';
import { checkCommand, checkPlaces } from './check.ts';
import { type CommandIo, hooksOf } from './io.ts';
import { flagsToKeep } from './next-command.ts';
import { refuseStopped } from './refuse-stopped.ts';
import { confirmFresh, confirmOpen, confirmSampled, gate, refuseFresh } from './run-gate.ts';
import { type Places, placesOf, placesOfJob } from './run-places.ts';
import type { Shown } from './run-dashboard.ts';
import { removeSpool } from './remove-spool.ts';
import { retryLines } from './retry-lines.ts';
import { openReporter, progressModeOf, tell } from './run-report.ts';
import { tellLeftOut } from './tell-left-out.ts';
import { tellOtherCurrency } from './tell-other-currency.ts';
import { stopFromSignals } from './stop-from-signals.ts';
import { currencyOf, openService, type RunSetup, type Service, setUpRun } from './run-setup.ts';

/** What to run: a new or known input, a job of the ledger, or its failed lines. */
export type RunCommand = Extract<
  ParsedCommand,
  { readonly command: 'run' | 'check' | 'resume' | 'retry' }
>;

/** `qbatch run`, `resume` and `retry`: wires the parts, runs the job, prints the summary, returns the exit code. */
export async function runCommand(parsed: RunCommand, io: CommandIo): Promise<ExitCode> {
  let setup = setUpRun(parsed.flags, io);
  if ('input' in parsed && (parsed.command === 'check' || setup.settings.dryRun))
    return checkCommand(parsed, io);
  refuseFresh(parsed.command, setup.settings, io);
  let places: Places;
  let notes: readonly string[] = [];
  if ('input' in parsed) {
    const { settings } = setup;
    if (settings.output === '-' && settings.json) throw stdoutTwice();
    // A missing key is reported before the input is inspected (78 before 66).
    if (settings.simulate === undefined)
      await (await openService(settings, setup.scope, io)).close();
    places = placesOf(await openInput(parsed.input, io), settings, io.cwd);
  } else {
    ({ places, setup, notes } = await placesOfJob(parsed, setup, io));
    const shown = places.source.path;
    if (setup.settings.dryRun) return checkPlaces(places, { setup, io, shown, again: parsed });
  }
  try {
    return await runAt(parsed, places, { setup, notes, io });
  } catch (error) {
    // The ledger's holder may be using the same copy.
    const held = error instanceof QbatchError && error.exitCode === EXIT.busy;
    if (places.source.spooled && !held) removeSpool(places);
    // Database and file errors may occur anywhere.
    throw asStorageError(error, places.ledgerPath);
  }
}

async function runAt(
  parsed: RunCommand,
  places: Places,
  at: { setup: RunSetup; notes: readonly string[]; io: CommandIo },
): Promise<ExitCode> {
  const { setup, notes, io } = at;
  const { settings } = setup;
  if (places.resultsPath === '-' && settings.json)
    throw parsed.flags['output'] === '-' ? stdoutTwice() : stdoutOfLastRun();
  refuseSameFiles({ ...places, inputPath: resolve(io.cwd, places.source.path) });
  await confirmFresh(settings, places, io);
  const mode = progressModeOf(settings, io);
  const shown = await openShown(mode, { settings, places }, io);
  const reporter = guardReporter(shown.reporter);
  try {
    const service = await openService(settings, setup.scope, io);
    try {
      for (const message of [...notes, ...service.notes])
        reporter.report({ event: 'notice', severity: 'note', message });
      const proxy = settings.simulate === undefined ? proxyOf(io.env) : null;
      return await runWith({ parsed, setup, places, service, proxy, reporter, mode }, shown.io);
    } finally {
      await service.close();
    }
  } finally {
    reporter.close();
    await shown.close();
  }
}

/** Opens the reporter, and the dashboard if requested. */
async function openShown(
  mode: ProgressMode,
  { settings, places }: { settings: Settings; places: Places },
  io: CommandIo,
): Promise<Shown> {
  const own = await openReporter(mode, settings, io);
  const { onEvent } = io;
  const reporter =
    onEvent === undefined
      ? own
      : composeReporters([own, { report: onEvent, close: () => undefined }]);
  if (!settings.dashboard) return { reporter, io, url: null, close: () => Promise.resolve() };
  const { withDashboard } = await import('./run-dashboard.ts');
  const shown = await withDashboard(reporter, io, places);
  // These modes show no notices; but the address was requested and is new in every run.
  if (shown.url !== null && (mode === 'quiet' || mode === 'none'))
    io.writeErr(`qbatch: dashboard: ${shown.url}\n`);
  return shown;
}

type Wired = {
  readonly parsed: RunCommand;
  readonly setup: RunSetup;
  readonly places: Places;
  readonly service: Service;
  readonly proxy: Proxy | null;
  readonly reporter: Reporter;
  readonly mode: ProgressMode;
};

async function runWith(wired: Wired, io: CommandIo): Promise<ExitCode> {
  const { setup, places, service, reporter, mode } = wired;
  const { settings, scope, catalog, defaults } = setup;
  const stop = stopFromSignals(io);
  const whenUnlocked = whenUnlockedOf({ clock: io.clock, stop, report: reporter.report });
  const ledger = await whenUnlocked(() => openLedger(places, settings, io));
  let outputs: ReturnType<typeof lockOutputs> | null = null;
  let result: RunResult;
  try {
    outputs = lockOutputs(places, io.clock.wallMs());
    const known = settings.fresh ? null : findJob(ledger.database, places.jobName);
    const currency = jobCurrency(ledger.database, known, {
      currency: currencyOf(settings, scope, catalog),
      byFlag: setup.origins.get('currency') === 'flag',
    });
    const batch = isBatchChat(settings);
    const pricing = createPricing(catalog, scope, currency, { batch });
    const { simulated } = identityOf(settings);
    const seen = seenSizes(ledger.database, { jobId: known?.id ?? null, simulated });
    let asked = false;
    const onGate = (survey: Survey): void => {
      asked = true;
      if (known === null) tellOtherCurrency(survey, pricing, reporter);
    };
    const prepared = await prepareJob(
      ledger,
      requestOf(wired, { io, pricing, whenUnlocked, outputSeen: outputSeenIn(seen), onGate }),
    );
    const job = await confirmJob(ledger, prepared, { wired, asked, currency, whenUnlocked, io });
    tellLeftOut(job, settings, reporter);
    await whenUnlocked(() => {
      keepRunFlags(ledger, job, flagsToKeep(wired.parsed.flags, { cwd: io.cwd, settings }));
    });
    result = await runJob({
      ledger,
      job,
      settings,
      origins: setup.origins,
      defaults,
      catalog,
      pricing,
      seen,
      scope,
      endpoint: service.endpoint,
      apiKey: service.apiKey,
      proxy: wired.proxy,
      endpointShown: service.shown,
      clock: io.clock,
      report: reporter.report,
      stop,
      whenUnlocked,
      redact: createValueRedactor([service.apiKey]),
      redactJson: createJsonRedactor([service.apiKey]),
      writeStdout: (text) => io.writeOut(text, true),
      confirmSampled: (pico, lines) => confirmSampled(pico, lines, { settings, currency, io }),
      resuming: known !== null,
      ...hooksOf(io),
    });
  } finally {
    outputs?.release();
    ledger.close({ remove: ledger.created });
  }
  if (places.source.spooled) removeSpool(places);
  const input = places.source.path;
  await tell(result, { settings, flags: wired.parsed.flags, input, reporter, mode }, io);
  return result.exitCode;
}

/**
 * The last confirmation before sending a job's open lines, unless a survey has asked already. `retry` reopens its lines
 * first, and restores them if refused.
 */
async function confirmJob(
  ledger: Ledger,
  job: Job,
  at: {
    readonly wired: Wired;
    readonly asked: boolean;
    readonly currency: Currency;
    readonly whenUnlocked: WhenUnlocked;
    readonly io: CommandIo;
  },
): Promise<Job> {
  const { wired, asked, currency, whenUnlocked, io } = at;
  const { parsed, reporter, setup } = wired;
  const confirm = async (open: Job): Promise<Job> => {
    if (!asked) await confirmOpen(ledger, open, { settings: setup.settings, currency, io });
    return open;
  };
  if (parsed.command !== 'retry') return confirm(job);
  const reopen = (): Promise<Job> => confirm(retryLines(ledger, job, { ...parsed, io, reporter }));
  return whenUnlocked(() => ledger.transactWhile(reopen));
}

/** The ledger, locked for this run's job. */
function openLedger({ ledgerPath, jobName }: Places, settings: Settings, io: CommandIo): Ledger {
  return Ledger.open(ledgerPath, {
    adopt: settings.adoptOutputs,
    fresh: settings.fresh,
    wallMs: io.clock.wallMs(),
    jobName,
  });
}

function requestOf(
  wired: Wired,
  at: {
    io: CommandIo;
    pricing: JobRequest['pricing'];
    whenUnlocked: WhenUnlocked;
    outputSeen: JobRequest['outputSeen'];
    onGate: (survey: Survey) => void;
  },
): JobRequest {
  const { setup, places, service } = wired;
  const { settings } = setup;
  return {
    name: places.jobName,
    inputPath: resolve(at.io.cwd, places.source.path),
    inputShown: places.source.path,
    identity: identityOf(settings),
    // The simulator's port changes from run to run and is irrelevant later.
    endpoint:
      settings.simulate === undefined
        ? service.endpoint
        : { ...service.endpoint, dashscope: 'simulator', openai: 'simulator' },
    resultsPath: places.resultsPath,
    errorsPath: places.errorsPath,
    order: places.order,
    defaults: setup.defaults,
    pricing: at.pricing,
    outputSeen: at.outputSeen,
    maxLineBytes: settings.maxLineBytes,
    skipInvalid: settings.skipInvalid,
    fresh: settings.fresh,
    acceptChangedInput: settings.acceptChangedInput,
    adopt: settings.adoptOutputs,
    onAmbiguous: settings.onAmbiguous,
    clock: at.io.clock,
    whenUnlocked: at.whenUnlocked,
    checkStop: () => {
      refuseStopped(at.io);
    },
    onModel: (model) => {
      refuseUnpriced(model, settings.maxCost, at.pricing);
    },
    gate: (survey, openLines) => {
      at.onGate(survey);
      const { currency } = at.pricing;
      return gate(survey, openLines, { ...wired, io: at.io, settings, currency });
    },
  };
}
