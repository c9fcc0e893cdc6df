import type { Statement } from 'better-sqlite3';
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Database } from '../../src/ledger/database.ts';
import { LINE_KEY_ROOM } from '../../src/ledger/schema.ts';
import type { Event } from './history.ts';
import { currentWorld, ProcessDied, type World } from './world.ts';

/** Beyond this the log may have been written back into the database meanwhile, and cannot be cut any more. */
const LOG_BYTES_CUTTABLE = 12 * 1024 * 1024;

type Run = (...values: unknown[]) => unknown;

const SETTLED_LINES = /^SELECT line_no FROM lines .* LIMIT/;

/** Leaves out one settled line in twenty. */
function forgetful(statement: Statement): Statement {
  statement.pluck();
  const all = (...values: unknown[]): unknown[] =>
    statement.all(...values).filter((_, index) => index % 20 !== 7);
  return { pluck: () => ({ all }) } as unknown as Statement;
}

class SqliteFault extends Error {
  readonly code: string;
  constructor(code: string) {
    super(`${code} was injected`);
    this.name = 'SqliteError';
    this.code = code;
  }
}

/** Sees what a connection writes, keeps book of what became durable, and lets it fail. */
class Witness {
  private readonly world: World;
  private readonly path: string;
  private readonly database: Database;
  private readonly number: number;
  private pending: Event[] = [];
  private held: Event[] = [];

  constructor(world: World, path: string, database: Database) {
    this.world = world;
    this.path = path;
    this.database = database;
    this.number = world.process;
  }

  /** A statement that is run as the real one, with what the world has to say about it. */
  wrap(sql: string, statement: Statement): Statement {
    if (this.world.sabotage === 'settled-line-is-forgotten' && SETTLED_LINES.test(sql))
      return forgetful(statement);
    const run = statement.run.bind(statement) as Run;
    const wrapped = this.runOf(sql, run);
    if (wrapped === null) return statement;
    return {
      run: (...values: unknown[]) => {
        if (!this.world.lives(this.number)) throw new ProcessDied();
        return wrapped(...values);
      },
    } as unknown as Statement;
  }

  private runOf(sql: string, run: Run): Run | null {
    if (sql === 'BEGIN IMMEDIATE') return () => this.begin(run);
    if (sql === 'COMMIT') return () => this.commit(run);
    if (sql === 'ROLLBACK') {
      return () => {
        this.pending = [];
        return run();
      };
    }
    if (sql.startsWith('INSERT INTO attempts')) return (...values) => this.start(run, values);
    if (sql.startsWith('UPDATE attempts SET ended_at')) return (...values) => this.end(run, values);
    if (sql.startsWith('INSERT INTO lines')) return (...values) => this.settle(run, values);
    if (sql.startsWith('INSERT INTO bodies')) return (...values) => this.body(run, values);
    return null;
  }

  private begin(run: Run): unknown {
    if (this.world.passes('begin') !== null) throw new SqliteFault('SQLITE_BUSY');
    this.pending = [];
    return run();
  }

  private start(run: Run, values: unknown[]): unknown {
    if (this.world.passes('insert') !== null) throw new SqliteFault('SQLITE_FULL');
    const [, line = 0, attempt = 0, , , , , pico] = values as number[];
    const { commits: commit } = this.world;
    this.pending.push({ kind: 'start', line, attempt, pico: pico ?? 0, commit });
    return run(...values);
  }

  private end(run: Run, values: unknown[]): unknown {
    const [line, attempt] = values.slice(-2) as [number, number];
    const [tokens, , , pico] = values.slice(8) as (number | null)[];
    this.pending.push({
      kind: 'end',
      line,
      attempt,
      class: String(values[1]),
      code: typeof values[4] === 'string' ? values[4] : null,
      tokens: tokens ?? null,
      pico: pico ?? null,
      commit: this.world.commits,
    });
    return run(...values);
  }

  private settle(run: Run, values: unknown[]): unknown {
    const [, line, state] = values as [number, number, string];
    this.pending.push({ kind: 'settle', line, state, body: null });
    return run(...values);
  }

  private body(run: Run, values: unknown[]): unknown {
    const [id, bytes] = values as [number, Buffer];
    const { world, pending } = this;
    let stored = bytes;
    if (world.sabotage === 'answer-is-altered' && world.chance(0.02))
      stored = Buffer.from(bytes.toString().replace('#', '%'));
    const line = id % LINE_KEY_ROOM;
    const last = pending.at(-1);
    if (last?.kind === 'settle' && last.line === line)
      pending[pending.length - 1] = { ...last, body: stored.toString() };
    return run(id, stored, values[2]);
  }

  private durable(): void {
    const { world } = this;
    world.commits += 1;
    // A commit is one instant: its starts may have the slot, and the money, of calls that end in it.
    const isStart = ({ kind }: Event): boolean => kind === 'start';
    const ends = this.pending.filter((event) => !isStart(event));
    const events = [...this.held, ...ends, ...this.pending.filter(isStart)];
    this.held = [];
    this.pending = [];
    for (const event of events) {
      // A ledger that acknowledges a start before it has it.
      if (world.sabotage === 'commit-after-send' && event.kind === 'start') this.held.push(event);
      else world.tell(event);
    }
  }

  private commit(run: Run): unknown {
    const { world } = this;
    const log = `${this.path}-wal`;
    const before =
      world.trap?.what === 'torn' ? (statSync(log, { throwIfNoEntry: false })?.size ?? 0) : 0;
    const settles = this.pending.some(({ kind }) => kind === 'settle');
    const fault = world.passes('commit');
    if (fault === 'full') throw new SqliteFault('SQLITE_FULL');
    if (fault === 'busy') throw new SqliteFault('SQLITE_BUSY');
    if (fault === 'io') {
      // It said that it failed, and yet it is there: nothing can be known from the error alone.
      run();
      this.durable();
      throw new SqliteFault('SQLITE_IOERR_FSYNC');
    }
    if (settles && world.sabotage === 'commit-is-rolled-back' && world.chance(0.02)) {
      this.database.exec('ROLLBACK');
      this.pending = [];
      return undefined;
    }
    const result = run();
    const after = fault === 'torn' ? statSync(log).size : 0;
    if (after > before && after < LOG_BYTES_CUTTABLE) {
      world.die('torn');
      world.tearLog(basename(log), world.between(before, after - 1));
      throw new ProcessDied();
    }
    this.durable();
    world.passes('committed');
    return result;
  }
}

/** Lets a database of the program be seen and hurt, unless it is the lock's. */
export function faulty(database: Database, path: string): Database {
  if (!path.endsWith('.qbatch.db')) return database;
  const world = currentWorld();
  const witness = new Witness(world, path, database);
  const prepare = database.prepare.bind(database) as (sql: string) => Statement;
  const number = world.process;
  database.prepare = ((sql: string) => {
    if (!world.lives(number)) throw new ProcessDied();
    return witness.wrap(sql, prepare(sql));
  }) as Database['prepare'];
  return database;
}
