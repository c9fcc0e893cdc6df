import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Finished, runCli } from './spawn-cli.ts';
import type { RecordedJob } from './small-job.ts';

/**
 * One thing that happened to the disk, or was told to somebody, in the order of its beginning. `inode`
 * numbers files as they are made; a name is an entry of the folder and may come to name another.
 */
export type DiskEvent =
  | { readonly kind: 'write'; readonly inode: number; readonly at: number; readonly data: Buffer }
  | { readonly kind: 'truncate'; readonly inode: number; readonly size: number }
  /** The folder's entry: null takes the name away. */
  | { readonly kind: 'name'; readonly name: string; readonly inode: number | null }
  /** Everything before event `from` in this file (null: the folder) is on the disk, once this has come. */
  | { readonly kind: 'sync'; readonly inode: number | null; readonly from: number }
  /** The user was told that a line is settled, or that the job is finished. */
  | { readonly kind: 'settled'; readonly line: number }
  | { readonly kind: 'finished' }
  /** The first bytes of a call left. */
  | { readonly kind: 'sent'; readonly id: string };

/** From the first write into the ledger itself to the sync that ends them, as numbers of events. */
export type Checkpoint = { readonly from: number; readonly to: number };

export type Recording = {
  readonly job: RecordedJob;
  /** The files that were there before, by name; their inodes are 0, 1, ... in this order. */
  readonly before: ReadonlyMap<string, Buffer>;
  readonly events: readonly DiskEvent[];
  /** The largest size of each file that is written, by inode. */
  readonly sizes: ReadonlyMap<number, number>;
  /** What was copied out of the log while calls were still to be made. */
  readonly checkpoints: readonly Checkpoint[];
};

const LEDGER = 'job.qbatch.db';
const CALLS = 'openat,pwrite64,write,writev,ftruncate,fsync,fdatasync,unlink,rename';

/** Runs a job's command and records all that it does to the disk. */
export async function recordRun(job: RecordedJob): Promise<Recording> {
  job.restore();
  const { bench } = job;
  // Beside the bench: in it, a hundred megabytes of hexadecimal digits would be searched for the key.
  const folder = mkdtempSync(join(dirname(dirname(bench.folder)), 'qbatch-trace-'));
  try {
    return await recordInto(join(folder, 'calls'), job);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function recordInto(trace: string, job: RecordedJob): Promise<Recording> {
  const { bench } = job;
  const before = new Map(bench.names().map((name) => [name, bench.bytes(name)]));
  const under = ['strace', '-f', '-qq', '-y', '-xx', '-s', '16777216', '--seccomp-bpf'];
  const ended: Finished = await runCli(bench, [...job.args, '--progress', 'json'], {
    under: [...under, '-o', trace, '-e', `trace=${CALLS}`],
  });
  if (ended.status !== 1) throw new Error(`${job.situation} under strace: ${ended.stderr}`);
  const parser = new TraceParser(bench.folder, [...before.keys()]);
  for (const line of readFileSync(trace, 'latin1').split('\n')) parser.read(line);
  const { events } = parser;
  return { job, before, events, sizes: sizesOf(events), checkpoints: checkpointsOf(events) };
}

/** The largest size that each file comes to. */
function sizesOf(events: readonly DiskEvent[]): Map<number, number> {
  const sizes = new Map<number, number>();
  for (const event of events) {
    if (event.kind !== 'write' && event.kind !== 'truncate') continue;
    const end = event.kind === 'write' ? event.at + event.data.length : event.size;
    sizes.set(event.inode, Math.max(sizes.get(event.inode) ?? 0, end));
  }
  return sizes;
}

/**
 * The checkpoints between two calls: runs of writes into the main file of the ledger, which nothing
 * but a checkpoint writes once it goes by its name. That of the end comes after all calls.
 */
function checkpointsOf(events: readonly DiskEvent[]): Checkpoint[] {
  const named = events.find((event) => event.kind === 'name' && event.name === LEDGER);
  if (named?.kind !== 'name') return [];
  const isMain = (event: DiskEvent): boolean =>
    (event.kind === 'write' || event.kind === 'sync') && event.inode === named.inode;
  const begin = events.findIndex(({ kind }) => kind === 'sent');
  const end = events.findLastIndex(({ kind }) => kind === 'sent');
  const found: Checkpoint[] = [];
  let from: number | null = null;
  for (let at = begin; at < end; at += 1) {
    const event = events[at];
    if (event === undefined || !isMain(event)) continue;
    if (event.kind === 'write') from ??= at;
    else if (from !== null) {
      found.push({ from, to: at });
      from = null;
    }
  }
  return found;
}

/** A call in the trace: `began` is how many events there were before it. */
type Call = { readonly name: string; readonly args: string; readonly began: number };

const HEX = String.raw`(?:\\x[0-9a-f]{2})*`;
const STRINGS = new RegExp(`"(${HEX})"`, 'g');

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(String.raw`\x`, ''), 'hex');
}

/** All strings among the arguments of a call, one after the other. */
function stringsOf(args: string): Buffer[] {
  return [...args.matchAll(STRINGS)].map(([, hex = '']) => bytesOf(hex));
}

/** Reads strace's lines; a call that another thread interrupts has a line for its begin and one for its end. */
class TraceParser {
  readonly events: DiskEvent[] = [];
  private readonly folder: string;
  private readonly inodes: Map<string, number>;
  private readonly begun = new Map<string, Call>();
  private made: number;
  private text = '';

  constructor(folder: string, names: readonly string[]) {
    this.folder = folder;
    this.inodes = new Map(names.map((name, inode) => [name, inode]));
    this.made = names.length;
  }

  read(line: string): void {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/s.exec(line) ?? [];
    const resumed = /^<\.\.\. (\w+) resumed>(.*)$/s.exec(rest);
    if (resumed !== null) {
      const call = this.begun.get(thread);
      this.begun.delete(thread);
      if (call !== undefined) this.ended({ ...call, args: call.args + (resumed[2] ?? '') });
      return;
    }
    const [, name = '', args = ''] = /^(\w+)\((.*)$/s.exec(rest) ?? [];
    const call = { name, args, began: this.events.length };
    const cut = args.indexOf(' <unfinished ...>');
    if (cut === -1) this.ended(call);
    else this.begun.set(thread, { ...call, args: args.slice(0, cut) });
  }

  private ended({ name, args, began }: Call): void {
    const result = Number(/\) += (-?\d+)/.exec(args)?.[1] ?? -1);
    if (result < 0) return;
    switch (name) {
      case 'openat':
        if (args.includes('O_CREAT')) this.created(this.nameOf(this.path(args)));
        return;
      case 'rename':
        this.renamed(args);
        return;
      case 'unlink':
        this.removed(this.nameOf(this.path(args)));
        return;
      case 'fsync':
      case 'fdatasync':
        this.synced(args, began);
        return;
      case 'ftruncate': {
        const inode = this.inodeOf(args);
        const size = Number(/, (\d+)\)/.exec(args)?.[1]);
        if (inode !== null) this.events.push({ kind: 'truncate', inode, size });
        return;
      }
      default:
        this.wrote(args);
    }
  }

  private path(args: string): string {
    return (stringsOf(args)[0] ?? Buffer.alloc(0)).toString();
  }

  /** The name of a file in the job's folder; null for any other. */
  private nameOf(path: string): string | null {
    return dirname(path) === this.folder ? basename(path) : null;
  }

  /** What a descriptor leads to, as strace says in angle brackets. */
  private target(args: string): string {
    const shown = /^\d+<([^>]*)>/.exec(args)?.[1] ?? '';
    return shown.startsWith(String.raw`\x`) ? bytesOf(shown).toString() : shown;
  }

  private inodeOf(args: string): number | null {
    const name = this.nameOf(this.target(args));
    return name === null ? null : (this.inodes.get(name) ?? null);
  }

  private created(name: string | null): void {
    if (name === null || this.inodes.has(name)) return;
    const inode = this.made;
    this.made += 1;
    this.inodes.set(name, inode);
    this.events.push({ kind: 'name', name, inode });
  }

  private renamed(args: string): void {
    const [from, to] = stringsOf(args).map((path) => this.nameOf(path.toString()));
    const inode = this.inodes.get(from ?? '');
    if (inode === undefined || typeof from !== 'string' || typeof to !== 'string') return;
    this.inodes.delete(from);
    this.inodes.set(to, inode);
    this.events.push({ kind: 'name', name: to, inode }, { kind: 'name', name: from, inode: null });
  }

  private removed(name: string | null): void {
    if (name === null || !this.inodes.delete(name)) return;
    this.events.push({ kind: 'name', name, inode: null });
  }

  private synced(args: string, began: number): void {
    const isFolder = this.target(args) === this.folder;
    const inode = this.inodeOf(args);
    if (isFolder || inode !== null) this.events.push({ kind: 'sync', inode, from: began });
  }

  private wrote(args: string): void {
    const data = Buffer.concat(stringsOf(args));
    const inode = this.inodeOf(args);
    if (inode !== null) {
      // The descriptor's own position is not recorded: the program writes its files at positions.
      const at = /, \d+, (\d+)\) += \d+$/.exec(args)?.[1];
      if (at === undefined) throw new Error(`a write without a position: ${args.slice(-60)}`);
      this.events.push({ kind: 'write', inode, at: Number(at), data });
    } else if (args.startsWith('2<')) this.told(data.toString());
    else if (/^(?:TCP|socket)/.test(this.target(args))) this.sent(data.toString());
  }

  private told(piece: string): void {
    const lines = (this.text + piece).split('\n');
    this.text = lines.pop() ?? '';
    for (const line of lines) {
      const { event, line: number } = JSON.parse(line) as { event: string; line?: number };
      if (event === 'line-settled') this.events.push({ kind: 'settled', line: Number(number) });
      if (event === 'job-end') this.events.push({ kind: 'finished' });
    }
  }

  private sent(text: string): void {
    for (const [, id = ''] of text.matchAll(/\[#([^\]]+)\]/g))
      this.events.push({ kind: 'sent', id });
  }
}
