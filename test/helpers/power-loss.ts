import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { findJob } from '../../src/ledger/jobs.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { readMark } from '../../src/ledger/mark.ts';
import { reconcileOutputs } from '../../src/output/reconcile.ts';
import { comparable, filesOf } from './crash-run.ts';
import type { DiskEvent, Recording } from './disk-recording.ts';
import type { Random } from './random.ts';
import { runHere } from './run-here.ts';

const SECTOR_BYTES = 512;
const LEDGER = 'job.qbatch.db';
/** So many events after a checkpoint the log has begun anew over what it copied. */
const AFTER_CHECKPOINT = 60;

/** What may be on the disk after the power went, and what had been told to anybody until then. */
export type Image = {
  readonly cut: number;
  readonly files: ReadonlyMap<string, Buffer>;
  readonly settled: ReadonlySet<number>;
  readonly sent: ReadonlyMap<string, number>;
  readonly finished: boolean;
};

/** How folder entries get to the disk: with a sync of the folder alone, or in order with any sync (ext4, xfs). */
type FolderModel = 'strict' | 'journal';

/** A file's bytes, changed in place: a log is written in thousands of pieces. It never grows beyond `most`. */
class Content {
  private readonly bytes: Buffer;
  private size = 0;

  constructor(most: number, before: Buffer = Buffer.alloc(0)) {
    this.bytes = Buffer.alloc(Math.max(most, before.length));
    this.write(0, before);
  }

  get now(): Buffer {
    return this.bytes.subarray(0, this.size);
  }

  write(at: number, data: Buffer): void {
    this.resize(Math.max(this.size, at + data.length));
    data.copy(this.bytes, at);
  }

  /** What is behind the end reads as zeros, once the file is longer again. */
  resize(size: number): void {
    if (size < this.size) this.bytes.fill(0, size, this.size);
    this.size = size;
  }
}

type Change = Extract<DiskEvent, { kind: 'write' | 'truncate' }>;
type NameChange = Extract<DiskEvent, { kind: 'name' }>;

/** The disk: what is certainly on it, and what was asked for since the last sync. */
class Disk {
  readonly content = new Map<number, Content>();
  readonly names = new Map<string, number>();
  readonly pending = new Map<number, { readonly at: number; readonly change: Change }[]>();
  pendingNames: { readonly at: number; readonly change: NameChange }[] = [];
  private readonly sizes: ReadonlyMap<number, number>;
  private readonly model: FolderModel;

  constructor({ before, sizes }: Pick<Recording, 'before' | 'sizes'>, model: FolderModel) {
    this.sizes = sizes;
    this.model = model;
    let inode = 0;
    for (const [name, bytes] of before) {
      this.names.set(name, inode);
      this.content.set(inode, this.made(inode, bytes));
      inode += 1;
    }
  }

  happens(at: number, event: DiskEvent): void {
    if (event.kind === 'write' || event.kind === 'truncate') {
      const list = this.pending.get(event.inode);
      if (list === undefined) this.pending.set(event.inode, [{ at, change: event }]);
      else list.push({ at, change: event });
    } else if (event.kind === 'name') this.pendingNames.push({ at, change: event });
    else if (event.kind === 'sync') this.sync(event.inode, event.from);
  }

  apply(change: Change): void {
    const content = this.content.get(change.inode) ?? this.made(change.inode);
    this.content.set(change.inode, content);
    if (change.kind === 'write') content.write(change.at, change.data);
    else content.resize(change.size);
  }

  private made(inode: number, before?: Buffer): Content {
    return new Content(this.sizes.get(inode) ?? 0, before);
  }

  applyName({ name, inode }: NameChange): void {
    if (inode === null) this.names.delete(name);
    else this.names.set(name, inode);
  }

  private sync(inode: number | null, from: number): void {
    if (inode !== null) {
      const list = this.pending.get(inode) ?? [];
      for (const { at, change } of list) if (at < from) this.apply(change);
      this.pending.set(
        inode,
        list.filter(({ at }) => at >= from),
      );
    }
    if (inode !== null && this.model === 'strict') return;
    for (const { at, change } of this.pendingNames) if (at < from) this.applyName(change);
    this.pendingNames = this.pendingNames.filter(({ at }) => at >= from);
  }

  /** Lets any part of what was not synced reach the disk, sector by sector. */
  lose(random: Random): void {
    const percent = random.pick([0, 100, random.between(1, 99)]);
    const kept = (): boolean => random.between(1, 100) <= percent;
    for (const { change } of [...this.pending.values()].flat()) {
      if (change.kind === 'truncate') {
        if (kept()) this.apply(change);
        continue;
      }
      for (let from = 0; from < change.data.length;) {
        const to = from + SECTOR_BYTES - ((change.at + from) % SECTOR_BYTES);
        const data = change.data.subarray(from, to);
        if (kept()) this.apply({ ...change, at: change.at + from, data });
        from = to;
      }
    }
    // A journal keeps their order; otherwise any of them may be missing.
    const inOrder = random.between(0, this.pendingNames.length);
    for (const [index, { change }] of this.pendingNames.entries())
      if (this.model === 'journal' ? index < inOrder : kept()) this.applyName(change);
  }
}

/**
 * The moment of a power loss. At the end too, where the job was told to be finished; and every second
 * one about a checkpoint, where there is one: it is a small part of what was recorded.
 */
function cutOf({ events, checkpoints }: Recording, random: Random): number {
  if (random.between(1, 12) === 1) return events.length;
  const [first, ...others] = checkpoints;
  if (first === undefined || random.between(0, 1) === 0) return random.between(1, events.length);
  const { from, to } = random.pick([first, ...others]);
  return random.between(from + 1, Math.min(to + AFTER_CHECKPOINT, events.length));
}

/** One image that a power loss at a random moment may leave. */
export function imageOf(recording: Recording, random: Random): Image {
  const { events } = recording;
  const cut = cutOf(recording, random);
  const disk = new Disk(recording, random.pick(['strict', 'journal']));
  const settled = new Set<number>();
  const sent = new Map<string, number>();
  let finished = false;
  for (const [at, event] of events.slice(0, cut).entries()) {
    disk.happens(at, event);
    if (event.kind === 'settled') settled.add(event.line);
    if (event.kind === 'sent') sent.set(event.id, (sent.get(event.id) ?? 0) + 1);
    if (event.kind === 'finished') finished = true;
  }
  disk.lose(random);
  const files = new Map<string, Buffer>();
  for (const [name, inode] of disk.names)
    files.set(name, disk.content.get(inode)?.now ?? Buffer.alloc(0));
  // Its memory is not written by calls; a disk may hold anything of it.
  if (files.has(`${LEDGER}-shm`)) files.set(`${LEDGER}-shm`, garbage(random));
  return { cut, files, settled, sent, finished };
}

function garbage(random: Random): Buffer {
  return Buffer.from(Array.from({ length: 64 }, () => random.between(0, 255)));
}

function putOnDisk({ job }: Recording, image: Image): void {
  const { bench } = job;
  for (const name of readdirSync(bench.folder)) rmSync(bench.path(name), { force: true });
  for (const [name, bytes] of image.files) writeFileSync(bench.path(name), bytes, { mode: 0o600 });
}

/** Opens an image with the program's own ledger and says what is wrong with it. */
export async function checkImage(recording: Recording, image: Image): Promise<string[]> {
  putOnDisk(recording, image);
  const path = recording.job.bench.path(LEDGER);
  let ledger: Ledger;
  try {
    ledger = Ledger.open(path, { adopt: false, wallMs: 0 });
  } catch (error) {
    return [`does not open: ${(error as Error).message}`];
  }
  try {
    return await checkLedger(ledger, recording, image);
  } catch (error) {
    return [`is not looked at: ${(error as Error).message}`];
  } finally {
    ledger.close({ remove: ledger.created });
  }
}

async function checkLedger(ledger: Ledger, { job }: Recording, image: Image): Promise<string[]> {
  const { database } = ledger;
  const known = findJob(database, 'job');
  if (known === null) return image.settled.size + image.sent.size > 0 ? ['the job is lost'] : [];
  const problems: string[] = [];
  const lines = new Set(database.prepare('SELECT line_no FROM lines').pluck().all() as number[]);
  for (const line of image.settled)
    if (!lines.has(line)) problems.push(`line ${line} was told to be settled and is lost`);
  const begun = database
    .prepare('SELECT count(*) FROM attempts WHERE custom_id = ? AND line_no > 0')
    .pluck();
  for (const [id, count] of image.sent)
    if (Number(begun.get(id)) < count)
      problems.push(`a call for ${id} left and nothing tells of it`);
  if (known.outputMode === 'append') reconcileOutputs(database, known);
  const { findings } = await verifyLedger(database, known, {
    ledgerPath: ledger.path,
    running: false,
    mark: readMark(ledger.path),
    stop: new AbortController().signal,
  });
  problems.push(...findings);
  if (image.finished) {
    if (known.state !== 'finished') problems.push('was told to be finished and is open');
    if (JSON.stringify(filesOf(job.bench)) !== JSON.stringify(job.expected))
      problems.push('was told to be finished and its files differ');
  }
  return problems;
}

/** Runs the job's command on an image, as a user would after the power is back. */
export async function rerunImage(recording: Recording, image: Image): Promise<string[]> {
  const { job } = recording;
  job.restore();
  putOnDisk(recording, image);
  const ids = job.bench.lines('job.jsonl').map(({ custom_id: customId }) => customId as string);
  const again = await runHere(job.bench, job.args);
  if (again.status !== 1) return [`run again: ${String(again.status)} ${again.stderr}`];
  const problems: string[] = [];
  for (const line of image.settled)
    if (job.server.calls.some(({ id }) => id === ids[line - 1]))
      problems.push(`line ${line} was told to be settled and is sent again`);
  const { situation } = job;
  if (comparable(situation, filesOf(job.bench)) !== comparable(situation, job.expected))
    problems.push('the files differ from those of a run left alone');
  return problems;
}
