import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../src/clock.ts';
import { resolveSettings } from '../../src/config/config.ts';
import { QbatchError } from '../../src/errors.ts';
import { outputSeenIn } from '../../src/job/expectations.ts';
import { identityOf } from '../../src/job/identity.ts';
import { prepareJob } from '../../src/job/prepare-job.ts';
import { runJob } from '../../src/job/run-job.ts';
import { RunStop } from '../../src/job/run-stop.ts';
import { whenUnlockedOf } from '../../src/job/when-unlocked.ts';
import { seenSizes } from '../../src/ledger/estimates.ts';
import { findJob } from '../../src/ledger/jobs.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { loadCatalog } from '../../src/models/catalog.ts';
import { createPricing } from '../../src/pricing.ts';
import { createValueRedactor } from '../../src/redact.ts';
import { createJsonRedactor } from '../../src/json/redact-json.ts';
import type { RunEvent } from '../../src/reporters/reporter.ts';
import type { Settings } from '../../src/settings.ts';
import { checkEnd, checkTrace } from './check-end.ts';
import { type Figures, HistoryCheck } from './check-history.ts';
import { services } from './fake-undici.ts';
import { type History, hashOf } from './history.ts';
import type { Sabotage } from './sabotage.ts';
import { endRetunes, retuneOnce } from './retunes.ts';
import { inputText, type Scenario, scenarioOf, tokensMost, trapOf } from './scenario.ts';
import { FINE, INPUT_PICO, OUTPUT_PICO, Service } from './service.ts';
import { now, World } from './world.ts';

/** No process may take longer, in its own time: then it hangs. */
const PROCESS_MS_MOST = 48 * 3_600_000;
/** Left alone, and with a service that answers, a job must be finished by so many processes. */
const CALM_PROCESSES_MOST = 3;
const MODEL = 'qwen-plus';
/** No prompt here is estimated at more. */
const INPUT_TOKENS_MOST = 64;
const KEY = 'sk-0123456789abcdef0123';

const catalog = loadCatalog();
const pricing = createPricing(catalog, 'cn', 'CNY');
const base = resolveSettings({ flags: {}, env: {}, cwd: '/', home: '/nowhere' }).settings;

/** What a seed came to. */
export type Simulated = {
  readonly seed: number;
  readonly hash: number;
  readonly wrong: readonly string[];
  readonly figures: Figures & { readonly retunes: number };
  readonly history: History;
};

function settingsOf(world: World, scenario: Scenario): Settings {
  const { concurrency, rpm, order, maxAttempts, onAmbiguous, timeoutMs } = scenario;
  return {
    ...base,
    model: MODEL,
    concurrency,
    rpm: new Map([['', rpm]]),
    tpm: new Map([['', 1e12]]),
    order,
    maxAttempts,
    onAmbiguous,
    timeoutMs,
    idleTimeoutMs: 5_000,
    maxCost: capText(world),
  };
}

/** The cap of this process as the flag has it: a decimal number. */
function capText({ capPico, sabotage }: World): string | undefined {
  if (capPico === null) return undefined;
  const pico = sabotage === 'cap-is-higher' ? Math.floor(capPico * 1.2) : capPico;
  const digits = String(pico).padStart(13, '0');
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`;
}

type Run = {
  readonly world: World;
  readonly scenario: Scenario;
  readonly clock: Clock;
  readonly stop: RunStop;
};

/** What `qbatch run` does, from the opened ledger to the summary; resolves with the exit code. */
async function work({ world, scenario, clock, stop }: Run, ledger: Ledger): Promise<number> {
  const path = (name: string): string => join(world.folder, name);
  const settings = settingsOf(world, scenario);
  const { model, system, protocol, set, strict, maxLineBytes, skipInvalid } = settings;
  const where = { scope: 'cn', batchChat: false } as const;
  const defaults = { model, system, protocol, set, strict, catalog, ...where };
  const known = findJob(ledger.database, 'job')?.id ?? null;
  const seen = seenSizes(ledger.database, { jobId: known, simulated: false });
  const report = (event: RunEvent): void => {
    if (event.event === 'notice') world.notices.push(event.message);
  };
  const whenUnlocked = whenUnlockedOf({ clock, stop, report });
  const job = await prepareJob(ledger, {
    name: 'job',
    inputPath: path('job.jsonl'),
    inputShown: 'job.jsonl',
    identity: identityOf(settings),
    endpoint: { region: 'beijing', dashscope: 'simulated', openai: 'simulated', scope: 'cn' },
    resultsPath: path('job.results.jsonl'),
    errorsPath: path('job.errors.jsonl'),
    order: scenario.order,
    defaults,
    pricing,
    outputSeen: outputSeenIn(seen),
    maxLineBytes,
    skipInvalid,
    fresh: false,
    acceptChangedInput: false,
    adopt: false,
    onAmbiguous: settings.onAmbiguous,
    clock,
    whenUnlocked,
    gate: () => Promise.resolve(),
  });
  const host = scenario.ownServer ? 'http://127.0.0.1:9' : 'https://dashscope.aliyuncs.com';
  const { exitCode } = await runJob({
    ledger,
    job,
    settings,
    origins: new Map([['rpm', 'flag']]),
    defaults,
    catalog,
    pricing,
    seen,
    scope: 'cn',
    endpoint: { dashscope: `${host}/api/v1`, openai: `${host}/compatible-mode/v1` },
    apiKey: KEY,
    proxy: null,
    endpointShown: 'simulated',
    clock,
    report,
    stop,
    whenUnlocked,
    redact: createValueRedactor([KEY]),
    redactJson: createJsonRedactor([KEY]),
    writeStdout: () => Promise.reject(new Error('nothing goes to stdout here')),
    confirmSampled: () => Promise.resolve(null),
    resuming: false,
  });
  return exitCode;
}

/** One process: opens the ledger, works, closes. False where storage failed it: its trace may lack what came last. */
async function processOf(run: Run): Promise<boolean> {
  const { world } = run;
  const { process: number } = world;
  let ledger: Ledger | null = null;
  let code = 0;
  let worked = true;
  try {
    ledger = Ledger.open(join(world.folder, 'job.qbatch.db'), {
      adopt: false,
      wallMs: run.clock.wallMs(),
    });
    code = await work(run, ledger);
  } catch (error) {
    worked = false;
    code = error instanceof QbatchError ? error.exitCode : 70;
    if (code === 70 && world.lives(number))
      process.stderr.write(`${String((error as Error).stack)}\n`);
  } finally {
    try {
      ledger?.close({ remove: ledger.created });
    } catch {
      // A dead process closes nothing, and a broken disk may refuse it.
    }
  }
  // A disk that is full, or a ledger that is locked, for a moment costs no call in flight.
  const graceful = (worked || world.wasHeldUp) && !run.stop.abortSignal.aborted;
  if (world.lives(number)) world.tell({ kind: 'exit', code, graceful });
  return worked;
}

/** What happens to the machine while a process runs: its clock is set, it sleeps, the user stops it. */
function happenings(world: World, stop: RunStop): void {
  const { time } = world;
  const { process: number } = world;
  const at = (ms: number, run: () => void): void => {
    time.after(ms, () => {
      if (world.lives(number)) run();
    });
  };
  if (world.chance(0.3)) {
    at(world.between(0, 20_000), () => {
      time.wallOffsetMs += world.between(-5, 5) * 86_400_000;
    });
  }
  if (world.chance(0.1)) {
    at(world.between(0, 20_000), () => {
      const ms = world.between(1_000, 7_200_000);
      time.sleep(ms);
      world.control.slept(ms);
    });
  }
  if (world.chance(0.15)) {
    at(world.between(0, 30_000), () => {
      stop.stop({ reason: 'interrupted', code: 130, message: 'interrupted' });
      if (world.chance(0.3)) at(world.between(0, 2_000), () => stop.abort());
    });
  }
}

/** Somebody writes the control file a few times; the last time so that a long job does not get slow. */
function retunes(world: World, scenario: Scenario): void {
  const { process: number, time } = world;
  let atMs = 0;
  for (let left = world.between(1, 4); left >= 0; left -= 1) {
    atMs += world.between(0, world.pick([1_000, 4_000, 4_000, 12_000]));
    const last = left === 0;
    time.after(atMs, () => {
      if (!world.lives(number)) return;
      if (last) endRetunes(world, scenario);
      else retuneOnce(world, scenario);
    });
  }
}

/** What a process that ended by itself must have said of the control file. */
function checkNotices({ control, notices }: World, wrong: string[]): void {
  const told = (pattern: RegExp): number => notices.filter((text) => pattern.test(text)).length;
  const taken = told(/ is in force: | is gone: /);
  if (taken < control.retuned.length)
    wrong.push(`${control.retuned.length} retunes, and ${taken} told`);
  const warned = told(/the previous settings stay in force/);
  if (warned < control.warned) wrong.push(`${control.warned} bad control files, ${warned} told`);
}

/** Runs one process to its end; false where it hangs. */
async function live(world: World, scenario: Scenario, calm: boolean): Promise<boolean> {
  world.begin();
  const { process: number, time } = world;
  const clock = time.clockOf(
    () => world.lives(number),
    world.random,
    () => world.sabotage === 'timer-is-lost' && world.chance(0.05),
  );
  const stop = new RunStop();
  world.control.begin(scenario.concurrency);
  world.notices.length = 0;
  const callPicoMost = INPUT_TOKENS_MOST * INPUT_PICO + tokensMost(scenario) * OUTPUT_PICO;
  world.tell({ kind: 'begin', capPico: world.capPico, callPicoMost });
  world.onStop = (abort) => {
    stop.stop({ reason: 'interrupted', code: 130, message: 'interrupted' });
    if (abort) stop.abort();
  };
  if (!calm) {
    world.trap = trapOf(world, scenario.lines);
    happenings(world, stop);
  }
  const over: { isIt: boolean; worked: boolean } = { isIt: false, worked: false };
  if (scenario.retunes) retunes(world, scenario);
  void processOf({ world, scenario, clock, stop })
    .then((worked) => {
      over.worked = worked;
    })
    .finally(() => {
      over.isIt = true;
      time.activity += 1;
    });
  const ended = await time.run(() => over.isIt, time.nowMs + PROCESS_MS_MOST);
  if (!ended) return false;
  if (world.alive) {
    checkNotices(world, world.wrong);
    // The trace waits for a commit, and with a ledger that fails there is none.
    if (over.worked) world.retuned.push(...world.control.retuned);
  }
  world.alive = false;
  world.trap = null;
  world.restore();
  return true;
}

/** One job from its first process to its end, with everything that a seed brings upon it; and what was wrong. */
export async function simulateJob(
  seed: number,
  at: { folder: string; lines: number; random: () => number; sabotage: Sabotage | null },
): Promise<Simulated> {
  const world = new World({ seed, ...at });
  const scenario = scenarioOf(world, at.lines);
  const service = new Service(world);
  services.set(world, service);
  service.weather = scenario.weather;
  service.quota = scenario.quota;
  service.grainMs = scenario.grainMs;
  service.longShare = scenario.longShare;
  world.capPico = scenario.capPico;
  now.world = world;
  const wrong: string[] = [];
  try {
    writeFileSync(join(at.folder, 'job.jsonl'), inputText(world, scenario));
    let hangs = false;
    for (let trouble = 0; trouble < scenario.troubles && !hangs; trouble += 1)
      hangs = !(await live(world, scenario, false));
    service.weather = FINE;
    service.quota = null;
    const calmMost = CALM_PROCESSES_MOST + (scenario.capPico === null ? 0 : 2);
    for (let calm = 0; calm < calmMost && !hangs && !isFinished(world); calm += 1) {
      hangs = !(await live(world, scenario, true));
      if (stoppedAtCap(world)) world.capPico = calm === 0 ? (world.capPico ?? 0) * 2 : null;
    }
    if (hangs) wrong.push('a process hangs: nothing more will happen, or not for hours');
    else if (!isFinished(world)) wrong.push('left alone, the job does not get finished');
    const check = new HistoryCheck(world.history);
    wrong.push(...check.wrong, ...world.wrong);
    if (!hangs) wrong.push(...(await lookAtEnd(world)));
    const figures = { ...check.figures, retunes: world.retuned.length };
    return { seed, hash: hashOf(world.history), wrong, figures, history: world.history };
  } finally {
    now.world = null;
    rmSync(at.folder, { recursive: true, force: true });
  }
}

function stoppedAtCap({ history }: World): boolean {
  const last = history.events.at(-1);
  return last?.kind === 'exit' && last.code === 3;
}

/** Whether the last process said that every line has its record. */
function isFinished({ history }: World): boolean {
  const last = history.events.at(-1);
  return last?.kind === 'exit' && last.graceful && (last.code === 0 || last.code === 1);
}

async function lookAtEnd(world: World): Promise<string[]> {
  world.begin();
  const path = (name: string): string => join(world.folder, name);
  try {
    const ledger = Ledger.open(path('job.qbatch.db'), { adopt: false, wallMs: 0 });
    try {
      const wrong = await checkEnd(ledger, world.history, path);
      checkTrace(ledger, world.retuned, wrong);
      return wrong;
    } finally {
      ledger.close();
    }
  } catch (error) {
    return [`what was left cannot be read: ${String(error)}`];
  }
}
