import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ControlWatch } from './control-watch.ts';
import type { Event, Fate, History } from './history.ts';
import type { Sabotage } from './sabotage.ts';
import { SimTime } from './sim-time.ts';

/** Where a process can be hit, see `World.passes`. */
export type Spot =
  | 'begin'
  | 'insert'
  | 'commit'
  | 'committed'
  | 'mark'
  | 'write'
  | 'sync'
  | 'send'
  | 'reply';

/** What waits for the process: at the `left`-th passing of `spot`, `what` happens to it. */
export type Trap = {
  readonly spot: Spot;
  left: number;
  readonly what: 'kill' | 'power' | 'full' | 'io' | 'busy' | 'torn' | 'after' | 'stop' | 'abort';
};

/** A file as the simulation sees it: how much of it is known to be on the disk. */
export type SimFile = { readonly path: string; syncedBytes: number };

/** Thrown out of whatever a dead process tries. */
export class ProcessDied extends Error {
  constructor() {
    super('the process is dead');
    this.name = 'ProcessDied';
  }
}

/** One seed's world: a service, a disk, a clock, and the processes that run in it one after another. */
export class World {
  readonly time = new SimTime();
  readonly history: History;
  readonly files = new Map<number, SimFile>();
  readonly synced = new Map<string, number>();
  readonly folder: string;
  readonly sabotage: Sabotage | null;
  /** Uniform in [0, 1): every choice of the world is taken from it. */
  readonly random: () => number;
  process = 0;
  alive = false;
  trap: Trap | null = null;
  /** The running process was told that a disk is full, or the ledger locked, which passes. */
  wasHeldUp = false;
  /** How many commits have become durable. */
  commits = 0;
  /** What the job may cost, in pico-units; null: no cap. */
  capPico: number | null = null;
  /** Says how many calls in flight the running process may have. */
  readonly control = new ControlWatch();
  /** What the running process has told. */
  readonly notices: string[] = [];
  /** Numbers of calls in flight that processes which ended by themselves must have taken over. */
  readonly retuned: number[] = [];
  /** What is wrong beside the history. */
  readonly wrong: string[] = [];
  onStop: (abort: boolean) => void = () => undefined;
  private saved: Map<string, Buffer> | null = null;

  constructor(options: {
    seed: number;
    lines: number;
    folder: string;
    random: () => number;
    sabotage: Sabotage | null;
  }) {
    const { seed, lines, folder, random, sabotage } = options;
    this.history = { seed, lines, events: [], fates: [] };
    this.folder = folder;
    this.random = random;
    this.sabotage = sabotage;
    mkdirSync(folder, { recursive: true });
  }

  tell(event: Event): void {
    this.time.activity += 1;
    this.history.events.push(event);
  }

  addFate(fate: Fate): number {
    return this.history.fates.push(fate) - 1;
  }

  between(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1));
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.between(0, values.length - 1)] as T;
  }

  begin(): void {
    this.process += 1;
    this.alive = true;
    this.wasHeldUp = false;
    this.saved = null;
    this.files.clear();
  }

  /** Whether a process that began as `number` still lives. */
  lives(number: number): boolean {
    return this.alive && this.process === number;
  }

  /** A process passes a spot: what waits there for it, and is not death itself. */
  passes(spot: Spot): Trap['what'] | null {
    this.time.activity += 1;
    const { trap } = this;
    if (trap === null || trap.spot !== spot || !this.alive) return null;
    trap.left -= 1;
    if (trap.left > 0) return null;
    this.trap = null;
    if (trap.what === 'kill' || trap.what === 'power') {
      this.die(trap.what);
      throw new ProcessDied();
    }
    if (trap.what === 'stop' || trap.what === 'abort') {
      this.onStop(trap.what === 'abort');
      return null;
    }
    if (trap.what === 'full' || trap.what === 'busy') this.wasHeldUp = true;
    return trap.what;
  }

  /** The process is gone at this very instant; the disk stays as it is, or as the power left it. */
  die(how: string): void {
    if (!this.alive) return;
    this.tell({ kind: 'halt', how });
    this.save();
    if (how === 'power') this.loseUnsynced();
    this.alive = false;
    this.trap = null;
    this.onStop(true);
  }

  /** Cuts the write-ahead log of the saved disk: the frames after that had not arrived. */
  tearLog(path: string, bytes: number): void {
    const log = this.saved?.get(path);
    if (log !== undefined) this.saved?.set(path, log.subarray(0, bytes));
  }

  /** Puts the disk as the dead process left it in the place of what its remains did since. */
  restore(): void {
    if (this.saved === null) return;
    for (const name of this.jobFiles()) rmSync(join(this.folder, name));
    for (const [name, bytes] of this.saved) writeFileSync(join(this.folder, name), bytes);
    this.saved = null;
  }

  /** Copies the folder, to be looked at when a seed has failed. */
  keep(to: string): void {
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(this.folder))
      copyFileSync(join(this.folder, name), join(to, name));
  }

  private save(): void {
    this.saved = new Map();
    for (const name of this.jobFiles()) {
      // The lock goes with the process, and SQLite makes the index of its log anew.
      if (/\.lock$|-shm$/.test(name)) continue;
      this.saved.set(name, readFileSync(join(this.folder, name)));
    }
  }

  private jobFiles(): string[] {
    return readdirSync(this.folder).filter((name) => name !== 'job.jsonl');
  }

  /** What was written and not synced: of the outputs a part, of the mark an older one. */
  private loseUnsynced(): void {
    for (const [name, bytes] of this.saved ?? []) {
      if (name.endsWith('.mark')) {
        const back = BigInt(this.between(0, 3));
        const counter = bytes.readBigUInt64LE();
        bytes.writeBigUInt64LE(counter > back ? counter - back : 0n);
      }
      const synced = this.synced.get(join(this.folder, name));
      if (synced === undefined || synced >= bytes.length) continue;
      this.saved?.set(name, bytes.subarray(0, this.between(synced, bytes.length)));
    }
  }
}

/** The world that the program runs in now: its network, disk and database look here. */
export const now: { world: World | null } = { world: null };

export function currentWorld(): World {
  if (now.world === null) throw new Error('no world is simulated');
  return now.world;
}
