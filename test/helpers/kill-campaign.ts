import { type FSWatcher, watch } from 'node:fs';
import { expect } from 'vitest';
import type { Bench } from './bench.ts';
import type { CountingServer, Reaction } from './counting-server.ts';
import type { Random } from './random.ts';
import { type LedgerFacts, readLedgerCopy } from './read-ledger-copy.ts';
import { type Finished, startCli } from './spawn-cli.ts';

/** After some calls, after some commits, or at a change of files, which is mostly at the start. */
type Trap = 'call' | 'commit' | 'start';

/** A job that is killed again and again until it has finished in spite of it. */
export type Campaign = {
  readonly bench: Bench;
  readonly server: CountingServer;
  readonly random: Random;
  /** The command of every round. */
  readonly args: readonly string[];
  readonly ledger: string;
  /** A round is killed after at most this many further calls, commits or (at its start) changes of files. */
  readonly stepMost: { readonly call: number; readonly commit: number; readonly start: number };
  /** Calls have a time limit so short that a busy machine may miss a reply: a repeated call proves nothing. */
  readonly timesOut?: boolean;
  /** After so many kills it is left alone. */
  readonly killsMost: number;
  /** What the next kill waits for, one of these. */
  readonly traps: readonly [Trap, ...Trap[]];
  /** `-c` of the command: no kill may leave more calls in doubt. */
  readonly concurrency: number;
  /** Which lines must never be sent again: under `retry` failed ones are meant to be. */
  readonly keeps: (facts: LedgerFacts) => ReadonlySet<string>;
  /** Looks at the files as the kill left them. */
  readonly afterKill: () => void;
};

export type CampaignEnd = {
  readonly kills: number;
  /** Calls for lines that had been called before, because a kill left the fate of that call open. */
  readonly resent: number;
  readonly last: Finished;
};

/** Most rounds of one campaign: a job that does not get on would go on for ever. */
const ROUNDS_MOST = 400;

/**
 * Runs a command, kills it with SIGKILL at a random instant, checks what it left, and again, until
 * it ends by itself. After each kill: no call without a durable start record, one record a line, no
 * more calls in doubt than may be in flight; from then on no call for a line that was durable, and
 * none for one that was called before unless that call is to be repeated (see `Calls`).
 */
export async function killUntilFinished(campaign: Campaign): Promise<CampaignEnd> {
  const { bench, server, args } = campaign;
  const calls = new Calls(campaign.timesOut ?? false);
  let durable: ReadonlySet<string> = new Set();
  const { onCall, script } = server;
  server.script = (call) => {
    const reaction = script(call);
    calls.add(call.id, reaction, durable);
    return reaction;
  };
  try {
    for (let round = 0; round < ROUNDS_MOST; round += 1) {
      const run = startCli(bench, args);
      const kill = (): void => {
        run.signal('SIGKILL');
      };
      const disarm = round < campaign.killsMost ? arm(campaign, kill) : (): void => undefined;
      const ended = await run.finished;
      disarm();
      server.onCall = onCall;
      await server.idle();
      expect(calls.unjustified, 'calls that nothing justifies').toEqual([]);
      if (ended.signal === null) {
        expect([0, 1], ended.stderr).toContain(ended.status);
        return { kills: round, resent: calls.resent, last: ended };
      }
      durable = checkKilled(campaign, calls, durable);
      campaign.afterKill();
    }
  } finally {
    Object.assign(server, { onCall, script });
  }
  throw new Error(`not finished after ${ROUNDS_MOST} rounds`);
}

/** What a kill left: returns the lines that must never be sent again. */
function checkKilled(
  campaign: Campaign,
  calls: Calls,
  durable: ReadonlySet<string>,
): ReadonlySet<string> {
  const { bench, server, ledger } = campaign;
  const facts = readLedgerCopy(bench.path(ledger));
  calls.killed(facts);
  if (facts === null) {
    expect(server.calls).toEqual([]);
    return durable;
  }
  expect(facts.records, 'one terminal record a line').toBe(facts.lines);
  expect(facts.inFlight.length, 'calls in doubt').toBeLessThanOrEqual(campaign.concurrency);
  for (const [id, count] of server.counts()) {
    expect(facts.started.get(id) ?? 0, `start records of ${id}`).toBeGreaterThanOrEqual(count);
  }
  const now = campaign.keeps(facts);
  expect(
    [...durable].filter((id) => !now.has(id)),
    'lines that lost their record',
  ).toEqual([]);
  return now;
}

/**
 * The calls of a campaign, each judged when it comes. A line that has been called may be called again
 * only if the service refused or cut that call (within one run), or if the kill of that run left its
 * end unwritten (begun, not committed), or if it was written down as one to be repeated.
 */
class Calls {
  readonly unjustified: string[] = [];
  resent = 0;
  private round = 0;
  private readonly timesOut: boolean;
  private readonly last = new Map<string, { readonly round: number; readonly final: boolean }>();
  /** How each line's last call stood when the run of its round was killed. */
  private readonly left: (ReadonlyMap<string, string | null> | null)[] = [];

  constructor(timesOut: boolean) {
    this.timesOut = timesOut;
  }

  add(id: string, reaction: Reaction, durable: ReadonlySet<string>): void {
    const before = this.last.get(id);
    this.last.set(id, { round: this.round, final: !this.timesOut && isFinal(reaction) });
    if (durable.has(id)) this.unjustified.push(`${id}: its record was durable`);
    else if (before === undefined) return;
    else if (before.round === this.round) {
      if (before.final) this.unjustified.push(`${id}: replied to in the same run`);
    } else {
      const left = this.left[before.round]?.get(id);
      if (left === null) this.resent += 1;
      else if (before.final) this.unjustified.push(`${id}: its call had ended: ${String(left)}`);
    }
  }

  killed(facts: LedgerFacts | null): void {
    this.left.push(facts?.lastClass ?? null);
    this.round += 1;
  }
}

/** Whether nothing is to be tried again after this reply, once it has arrived and is written down. */
function isFinal(reaction: Reaction): boolean {
  return reaction.kind === 'answer' || (reaction.kind === 'error' && reaction.status === 400);
}

/** Sets one of the traps. */
function arm(campaign: Campaign, kill: () => void): () => void {
  const { bench, server, random, stepMost } = campaign;
  const trap = random.pick(campaign.traps);
  let left = random.between(1, stepMost[trap]);
  const turns = random.between(0, 12);
  const step = (): void => {
    left -= 1;
    if (left === 0) afterTurns(turns, kill);
  };
  if (trap === 'call') {
    const before = server.onCall;
    server.onCall = (call) => {
      before(call);
      step();
    };
    return () => undefined;
  }
  // The mark is written right after each commit.
  const watcher: FSWatcher = watch(bench.folder, (_event, name) => {
    if (trap === 'start' || name?.endsWith('.mark') === true) step();
  });
  return () => {
    watcher.close();
  };
}

function afterTurns(turns: number, action: () => void): void {
  if (turns === 0) action();
  else
    setImmediate(() => {
      afterTurns(turns - 1, action);
    });
}
