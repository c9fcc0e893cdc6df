import { join, resolve } from 'node:path';
import { EXIT, InputError } from '../errors.ts';
import { isThere } from '../files/is-there.ts';
import { type InputSource, openInput } from '../input/input-source.ts';
import { isSpooled } from '../input/spooling.ts';
import { regionOfUrl } from '../config/endpoints.ts';
import { type ChosenJob, chooseJob, jobNamed } from '../ledger/find-jobs.ts';
import { listJobs } from '../ledger/jobs.ts';
import { movedFiles } from '../ledger/moved-files.ts';
import { readLedger } from '../ledger/read-ledger.ts';
import type { Job } from '../ledger/records.ts';
import { scopeOf } from '../models/scope.ts';
import type { Region, Settings } from '../settings.ts';
import type { CommandIo } from './io.ts';
import { shellWord } from '../shell-word.ts';
import { lineDefaults, type RunSetup } from './run-setup.ts';
import { simulatorOfJob } from './simulator-of-job.ts';

/** The files a run reads and writes. */
export type Places = {
  readonly source: InputSource;
  readonly ledgerPath: string;
  readonly jobName: string;
  readonly resultsPath: string;
  readonly errorsPath: string;
  readonly order: 'input' | 'settled';
};

/** The job is finished and its input is gone: the copy of a stream was removed. No error if its files are complete, else 66. */
export class FinishedError extends InputError {
  /** With the current paths of its files. */
  readonly job: Job;
  readonly ledgerPath: string;
  constructor(job: Job, ledgerPath: string) {
    super(
      EXIT.noInput,
      `job ${job.name} is finished, and its input is gone: ${job.inputPath}`,
      `nothing is left to do; qbatch export --ledger ${shellWord(ledgerPath)} --job ${shellWord(job.name)} writes its results again`,
    );
    this.job = job;
    this.ledgerPath = ledgerPath;
  }
}

/** The files a run of an input reads and writes, by its settings (cli.md section 3). */
export function placesOf(source: InputSource, settings: Settings, cwd: string): Places {
  const beside = (suffix: string): string => join(source.folder, source.stem + suffix);
  return {
    source,
    ledgerPath: resolve(cwd, settings.ledger ?? beside('.qbatch.db')),
    jobName: settings.job ?? source.stem,
    resultsPath:
      settings.output === '-' ? '-' : resolve(cwd, settings.output ?? beside('.results.jsonl')),
    errorsPath: resolve(cwd, settings.errors ?? beside('.errors.jsonl')),
    order: settings.order ?? 'input',
  };
}

/** A known job's own places and settings, unless the command line overrides them; and the notes to report. */
export async function placesOfJob(
  wanted: { readonly command: 'resume' | 'retry'; readonly job: string | undefined },
  setup: RunSetup,
  io: CommandIo,
): Promise<{ places: Places; setup: RunSetup; notes: readonly string[] }> {
  const { settings, origins } = setup;
  const { command, job: named } = wanted;
  const chosen = chosenJob(named, command, { setup, io });
  const jobs = await readLedger(chosen.ledgerPath, listJobs);
  const job = jobNamed(jobs, chosen);
  const { simulate, notes } = simulatorOfJob(job, setup, command);
  const merged = { ...settingsOfJob(job, settings, origins), simulate };
  const output = isSaid(origins, 'output') ? settings.output : undefined;
  const errors = isSaid(origins, 'errors') ? settings.errors : undefined;
  const order = isSaid(origins, 'order') ? settings.order : undefined;
  const files = filesOfJob(job, chosen.ledgerPath, jobs);
  const source = await openInput(files.inputPath, io);
  const scope = scopeOf(merged.region);
  return {
    places: {
      source: { ...source, spooled: isSpooled(files.inputPath) },
      ledgerPath: chosen.ledgerPath,
      jobName: job.name,
      resultsPath:
        output === undefined ? files.resultsPath : output === '-' ? '-' : resolve(io.cwd, output),
      errorsPath: errors === undefined ? files.errorsPath : resolve(io.cwd, errors),
      order: order ?? job.outputOrder,
    },
    setup: {
      ...setup,
      settings: merged,
      scope,
      defaults: lineDefaults(merged, setup.catalog, scope),
    },
    notes,
  };
}

/** The chosen job: if named, first by the name, then in the ledger named by a file or the environment. A flag is decisive. */
function chosenJob(
  named: string | undefined,
  command: 'resume' | 'retry',
  { setup, io }: { readonly setup: RunSetup; readonly io: CommandIo },
): ChosenJob {
  const { settings, origins } = setup;
  const said = (name: 'ledger' | 'job'): string | undefined =>
    named === undefined || isSaid(origins, name) ? settings[name] : undefined;
  const choice = { job: named, ledger: said('ledger'), jobName: said('job') };
  try {
    return chooseJob(choice, io.cwd, command);
  } catch (error) {
    const isUnknown = error instanceof InputError && error.exitCode === EXIT.noInput;
    const { ledger } = settings;
    if (!isUnknown || choice.ledger !== undefined || ledger === undefined) throw error;
    if (!isThere(resolve(io.cwd, ledger))) throw error;
    return chooseJob({ ...choice, ledger }, io.cwd, command);
  }
}

/** A job's files, even if moved together with its ledger. Throws 66 if the input is gone. */
function filesOfJob(
  job: Job,
  ledgerPath: string,
  jobs: readonly Job[],
): ReturnType<typeof movedFiles> {
  const files = movedFiles(job, ledgerPath, jobs);
  // A ledger passed on by someone else may name a folder that only they can access.
  if (isThere(files.inputPath, 'absent')) return files;
  if (job.state === 'finished' && job.failed === 0)
    throw new FinishedError({ ...job, ...files }, ledgerPath);
  throw new InputError(
    EXIT.noInput,
    `the input of job ${job.name} is gone, or in a folder that you cannot read: ${files.inputPath}`,
    `put it back, or put it beside the ledger ${ledgerPath}`,
  );
}

/**
 * Whether this command line sets it. The environment or a file does not override the job's last run, in which a flag may
 * have set it: continuing means the same service, the same answers and the same files.
 */
function isSaid(origins: RunSetup['origins'], name: keyof Settings): boolean {
  return origins.get(name) === 'flag';
}

/** Whether this run sets where its calls go; else they go where those of the last run went. */
function saysWhere(origins: RunSetup['origins']): boolean {
  return (['region', 'baseUrl', 'compatibleBaseUrl'] as const).some((name) =>
    isSaid(origins, name),
  );
}

/**
 * The region whose prices and limits apply: the one that this command line names, directly or by a host of the service;
 * else that of the last run, even if calls go to another host.
 */
function regionOfJob(job: Job, settings: Settings, origins: RunSetup['origins']): Region {
  const url = settings.baseUrl ?? settings.compatibleBaseUrl;
  const isNamed =
    isSaid(origins, 'region') ||
    (saysWhere(origins) && url !== undefined && regionOfUrl(url) !== null);
  return isNamed ? settings.region : (job.endpoint.region as Region);
}

/** Identity and endpoint of the last run fill in what this one does not set. */
function settingsOfJob(job: Job, settings: Settings, origins: RunSetup['origins']): Settings {
  const said = (name: keyof Settings): boolean => isSaid(origins, name);
  const { identity, endpoint } = job;
  // Hosts of the service are named after the workspace: another one needs other hosts.
  const anew =
    !identity.simulated &&
    settings.workspace !== undefined &&
    regionOfUrl(endpoint.dashscope) !== null;
  const ownUrls = saysWhere(origins) || identity.simulated || anew;
  return {
    ...settings,
    model: said('model') ? settings.model : (identity.model ?? undefined),
    system: said('system') ? settings.system : (identity.system ?? undefined),
    protocol: said('protocol') ? settings.protocol : (identity.protocol as Settings['protocol']),
    set: said('set') ? settings.set : new Map(Object.entries(identity.set)),
    region: regionOfJob(job, settings, origins),
    baseUrl: ownUrls ? settings.baseUrl : endpoint.dashscope,
    compatibleBaseUrl: ownUrls ? settings.compatibleBaseUrl : endpoint.openai,
  };
}
