import { type Bench, openBench } from './bench.ts';
import { type CountingServer, type Reaction, startCountingServer } from './counting-server.ts';
import { envelopeLine, jsonl, nativeLine, placeIds } from './request-lines.ts';

/** A job that has not begun: a bench with `a.jsonl` in it, a service, and the command that runs it. */
export type CliJob = {
  readonly bench: Bench;
  readonly server: CountingServer;
  readonly args: string[];
  readonly ids: string[];
};

/** A job of so many native lines; with `mixed` every other one is a batch envelope; `model` in place of the usual one. */
export async function prepareCliJob(
  count: number,
  options: { readonly mixed?: boolean; readonly model?: string } = {},
): Promise<CliJob> {
  const bench = openBench();
  const server = await startCountingServer();
  const ids = placeIds(count);
  const { mixed = false, ...members } = options;
  const lineOf = (id: string, index: number): string =>
    mixed && index % 2 === 1 ? envelopeLine(id, members) : nativeLine(id, members);
  bench.write('a.jsonl', jsonl(ids.map(lineOf)));
  return { bench, server, ids, args: ['run', 'a.jsonl', ...server.flags] };
}

/** The ids in an output file, in its order. */
export function customIds(bench: Bench, name: string): unknown[] {
  return bench.lines(name).map(({ custom_id: customId }) => customId);
}

/** An error that no retry mends. */
export const BAD_REQUEST: Reaction = {
  kind: 'error',
  status: 400,
  code: 'InvalidParameter',
  message: 'top_p is out of range',
};
