import { join } from 'node:path';
import type { Finished } from './spawn-cli.ts';
import { runCli } from './spawn-cli.ts';
import { comparable, filesOf } from './crash-run.ts';
import type { Random } from './random.ts';
import { type LedgerFacts, readLedgerCopy } from './read-ledger-copy.ts';
import { type Situation, SITUATIONS, SMALL_CONCURRENCY, type SmallJob } from './small-job.ts';
import { countCalls, tracer, wasInjected } from './strace.ts';

/** The `nth` system call `call` on the state files in a situation, and what becomes of it. */
export type CrashPoint = {
  readonly situation: Situation;
  readonly call: string;
  readonly nth: number;
  readonly fault: string;
};

/** strace's words for each fault. A short write writes nothing and says so. */
const FAULTS: Readonly<Record<string, string>> = {
  KILL: 'signal=KILL',
  EIO: 'error=EIO',
  ENOSPC: 'error=ENOSPC',
  EACCES: 'error=EACCES',
  ENOMEM: 'error=ENOMEM',
  ENOLCK: 'error=ENOLCK',
  short: 'retval=0',
};

/** Every call that the program makes on its state files, and which faults can meet it besides a kill. */
const CALLS: Readonly<Record<string, readonly string[]>> = {
  openat: ['EIO', 'ENOSPC', 'EACCES'],
  pread64: ['EIO'],
  read: ['EIO'],
  pwrite64: ['EIO', 'ENOSPC', 'short'],
  write: ['EIO', 'ENOSPC', 'short'],
  ftruncate: ['EIO', 'ENOSPC'],
  fsync: ['EIO', 'ENOSPC'],
  fdatasync: ['EIO', 'ENOSPC'],
  unlink: ['EIO'],
  rename: ['EIO', 'ENOSPC'],
  chmod: ['EIO'],
  fchmod: ['EIO'],
  fchown: ['EIO'],
  access: ['EIO'],
  statx: ['EIO'],
  newfstatat: ['EIO'],
  readlink: ['EIO'],
  mmap: ['ENOMEM'],
  fcntl: ['EIO', 'ENOLCK'],
  close: ['EIO'],
};

const OWN = ['.results.jsonl', '.errors.jsonl', '.qbatch.db', '.qbatch.db.mark'];

/** The state files under every name that they ever have, and their folder. */
function statePaths(job: SmallJob): string[] {
  const ledger = ['', '-wal', '-shm', '-journal', '.lock', '.mark', '.ballast', '.control.json'];
  const fresh = ['', '-wal', '-shm', '-journal'].map((end) => `.new${end}`);
  const outputs = ['results', 'errors'].flatMap((name) => [
    `job.${name}.jsonl`,
    `job.${name}.jsonl.qbatch-new`,
    `job.${name}.jsonl.qbatch-lock`,
  ]);
  const names = [...[...ledger, ...fresh].map((end) => `job.qbatch.db${end}`), ...outputs];
  return [job.bench.folder, ...names.map((name) => job.bench.path(name))];
}

function underTrace(job: SmallJob, calls: readonly string[], inject?: string): TraceRun {
  const trace = join(job.bench.home, 'trace');
  const { command } = tracer(trace, {
    paths: statePaths(job),
    calls,
    ...(inject !== undefined && { inject }),
  });
  // One thread syncs: strace counts the calls of each thread.
  return { trace, options: { under: command, env: { UV_THREADPOOL_SIZE: '1' } } };
}

type TraceRun = {
  readonly trace: string;
  readonly options: { readonly under: readonly string[]; readonly env: Record<string, string> };
};

/** Runs the command once and lists every call that it makes on its state files, with each fault. */
export async function enumeratePoints(job: SmallJob): Promise<CrashPoint[]> {
  job.restore();
  const { trace, options } = underTrace(job, Object.keys(CALLS));
  const ended = await runCli(job.bench, job.args, options);
  if (ended.status !== 1) throw new Error(`${job.situation} under strace: ${ended.stderr}`);
  const { situation } = job;
  return [...countCalls(trace)].flatMap(([call, count]) =>
    ['KILL', ...(CALLS[call] ?? [])].flatMap((fault) =>
      Array.from({ length: count }, (_, at) => ({ situation, call, nth: at + 1, fault })),
    ),
  );
}

function shuffled<T>(values: readonly T[], random: Random): T[] {
  return values
    .map((value) => ({ value, rank: random.between(0, 2 ** 30) }))
    .toSorted((one, other) => one.rank - other.rank)
    .map(({ value }) => value);
}

/**
 * All points in a seeded order: one of every kind of call, fault and situation, then another of each that has
 * more, and so on. However many are tried, it is a fair sample.
 */
export function everyPoint(points: readonly CrashPoint[], random: Random): CrashPoint[] {
  const kinds = new Map<string, CrashPoint[]>();
  for (const point of shuffled(points, random)) {
    const kind = `${point.situation} ${point.call} ${point.fault}`;
    const others = kinds.get(kind);
    if (others === undefined) kinds.set(kind, [point]);
    else others.push(point);
  }
  const order = shuffled([...kinds.values()], random);
  const rounds = Math.max(...order.map(({ length }) => length));
  return Array.from({ length: rounds }, (_, round) =>
    order.flatMap((kind) => kind[round] ?? []),
  ).flat();
}

/** A point in one word, to name it and to ask for it again (`CRASH_POINT`). */
export function pointName({ situation, call, nth, fault }: CrashPoint): string {
  return [situation, call, nth, fault].join('/');
}

export function pointNamed(name: string): CrashPoint {
  const [situation = '', call = '', nth = '', fault = ''] = name.split('/');
  const known = SITUATIONS.find((one) => one === situation);
  if (known === undefined || !(call in CALLS) || !(fault in FAULTS))
    throw new Error(`no such crash point: ${name}`);
  return { situation: known, call, nth: Number(nth), fault };
}

export type PointEnd = {
  /** False where the run did not come to this call, since its commits fell otherwise this time. */
  readonly reached: boolean;
  /** The exit status with the fault; null: killed. */
  readonly status: number | null;
  readonly resent: number;
  /** What is wrong; empty where all is well. */
  readonly problems: readonly string[];
};

/** Runs a command to its end: the program, or the same in this process. */
type RunAgain = (
  bench: SmallJob['bench'],
  args: readonly string[],
) => Promise<Pick<Finished, 'stderr'> & { readonly status: number | null }>;

/** Meets one fault, looks at how the run ended, runs the same command again, and checks everything. */
export async function tryPoint(
  job: SmallJob,
  point: CrashPoint,
  runAgain: RunAgain = runCli,
): Promise<PointEnd> {
  const { bench, server, args } = job;
  const problems: string[] = [];
  job.restore();
  const inject = `${FAULTS[point.fault] ?? ''}:when=${point.nth}`;
  const { trace, options } = underTrace(job, [point.call], inject);
  const met = await runCli(bench, args, options);
  await server.idle();
  const killed = point.fault === 'KILL';
  const reached = killed ? met.signal === 'SIGKILL' : wasInjected(trace);
  if (!(killed && reached)) problems.push(...wrongEnd(met, reached, point));

  let facts: LedgerFacts | null = null;
  try {
    facts = readLedgerCopy(bench.path('job.qbatch.db'));
  } catch (error) {
    problems.push(`the ledger cannot be read: ${(error as Error).message}`);
  }
  const durable = job.situation === 'retry' ? facts?.answered : facts?.settled;
  const before = server.calls.map(({ id }) => id);
  const inDoubt = facts?.inFlight ?? [];
  if (facts === null && before.length > 0) problems.push('calls were made without a ledger');
  if (inDoubt.length > SMALL_CONCURRENCY) problems.push(`in doubt: ${inDoubt.join(', ')}`);

  const own = ['job.jsonl', ...OWN.map((end) => `job${end}`)].toSorted().join(' ');
  const names = (): string => bench.names().join(' ');
  // A job that finished under the fault stays as it is; SQLite's own files it may have left behind.
  const whole = met.status === 1 && names() === own;
  const again = whole ? met : await runAgain(bench, args);
  const after = server.calls.slice(before.length).map(({ id }) => id);
  const resent = after.filter((id) => before.includes(id));
  for (const id of after) {
    if (durable?.has(id) === true) problems.push(`${id} was durable and sent again`);
    else if (before.includes(id) && !inDoubt.includes(id))
      problems.push(`${id} was sent again though its call had ended`);
  }
  if (again.status !== 1) problems.push(`run again: ${again.status} ${again.stderr}`);
  else if (comparable(job.situation, filesOf(bench)) !== comparable(job.situation, job.expected))
    problems.push('the files differ from those of a run left alone');
  if (names() !== own) problems.push(`files: ${names()}`);
  return { reached, status: met.status, resent: resent.length, problems };
}

/** `resume` and `retry` look the job up before they open its ledger to write: a job that cannot be read is 66. */
const READ_FIRST: Readonly<Record<Situation, readonly number[]>> = {
  run: [],
  settled: [],
  resume: [66],
  retry: [66],
};

/** A fault is absorbed, or ends the run with a documented code and a message that says where. */
function wrongEnd(met: Finished, reached: boolean, { call, situation }: CrashPoint): string[] {
  if (met.status === 1) return [];
  const told = `${String(met.status ?? met.signal)}: ${met.stderr}`;
  if (!reached) return [`without a fault it ended with ${told}`];
  // SQLite takes whatever keeps it from a lock of its shared memory for another holder of that lock.
  const documented = [73, 74, 78, ...(call === 'fcntl' ? [75] : []), ...READ_FIRST[situation]];
  if (met.status === null || !documented.includes(met.status)) return [`it ended with ${told}`];
  // What, where, why, what next.
  if (!/job\.(?:qbatch|results|errors)/.test(met.stderr)) return [`does not say where: ${told}`];
  return met.stderr.trim().split('\n').length < 2 ? [`does not say what next: ${told}`] : [];
}
