import { type FSWatcher, watch } from 'node:fs';
import { expect } from 'vitest';
import type { Bench } from './bench.ts';
import type { CountingServer } from './counting-server.ts';
import type { Random } from './random.ts';
import { readLedgerCopy } from './read-ledger-copy.ts';
import { type Finished, startCli } from './spawn-cli.ts';

/** A job that is killed again and again until it has finished in spite of it. */
export type Campaign = {
  readonly bench: Bench;
  readonly server: CountingServer;
  readonly random: Random;
  /** The command of every round. */
  readonly args: readonly string[];
  readonly ledger: string;
  /** A round is killed after at most this many further calls or commits. */
  readonly stepMost: number;
  /** Which lines must never be sent again: under `retry` failed ones are meant to be. */
  readonly keeps: 'settled' | 'answered';
  /** Looks at the files as the kill left them. */
  readonly afterKill: () => void;
};

export type CampaignEnd = {
  readonly kills: number;
  readonly last: Finished;
};

/** Most rounds of one campaign: a job that does not get on would go on for ever. */
const ROUNDS_MOST = 400;

/**
 * Runs a command, kills it with SIGKILL at a random instant, checks what it left, and again, until
 * it ends by itself. After each kill: no call without a durable start record, one record a line;
 * from then on no call for a line that was durable.
 */
export async function killUntilFinished(campaign: Campaign): Promise<CampaignEnd> {
  const { bench, server, args, ledger } = campaign;
  const paidTwice: string[] = [];
  let durable: ReadonlySet<string> = new Set();
  const onCall = server.onCall;
  for (let round = 0; round < ROUNDS_MOST; round += 1) {
    const run = startCli(bench, args);
    const disarm = arm(campaign, () => {
      run.signal('SIGKILL');
    });
    const armed = server.onCall;
    server.onCall = (call) => {
      if (durable.has(call.id)) paidTwice.push(call.id);
      armed(call);
    };
    const ended = await run.finished;
    disarm();
    server.onCall = onCall;
    await server.idle();
    expect(paidTwice, 'calls for lines that were durable before').toEqual([]);
    if (ended.signal === null) {
      expect([0, 1], ended.stderr).toContain(ended.status);
      return { kills: round, last: ended };
    }
    const facts = readLedgerCopy(bench.path(ledger));
    if (facts !== null) {
      expect(facts.records, 'one terminal record a line').toBe(facts.lines);
      for (const [id, calls] of server.counts()) {
        expect(facts.started.get(id) ?? 0, `start records of ${id}`).toBeGreaterThanOrEqual(calls);
      }
      const now = facts[campaign.keeps];
      expect(
        [...durable].filter((id) => !now.has(id)),
        'lines that lost their record',
      ).toEqual([]);
      durable = now;
    } else expect(server.calls).toEqual([]);
    campaign.afterKill();
  }
  throw new Error(`not finished after ${ROUNDS_MOST} rounds`);
}

/** Sets one of three traps: after some calls, after some commits, or at a change of files at the start. */
function arm(campaign: Campaign, kill: () => void): () => void {
  const { bench, server, random, stepMost } = campaign;
  const trap = random.pick(['call', 'call', 'commit', 'commit', 'start']);
  let left = trap === 'start' ? random.between(1, 12) : random.between(1, stepMost);
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
