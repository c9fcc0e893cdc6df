import { parseArgs } from '../../src/command-line/args.ts';
import { systemClock } from '../../src/clock.ts';
import { runCommand } from '../../src/commands/run.ts';
import { QbatchError } from '../../src/errors.ts';
import { VERSION } from '../../src/version.ts';
import { recordingIo } from '../commands/recording-io.ts';
import { type Bench, CANARY_KEY } from './bench.ts';

/** How a run in this process ended. */
export type HereEnd = { readonly status: number; readonly stderr: string };

/**
 * Runs `run`, `resume` or `retry` in this process, from the sources, as the program would in the bench's folder:
 * in a fraction of the time, most of which a process takes to start.
 */
export async function runHere(bench: Bench, args: readonly string[]): Promise<HereEnd> {
  const parsed = await parseArgs(args, VERSION);
  if (parsed.command !== 'run' && parsed.command !== 'resume' && parsed.command !== 'retry')
    throw new Error(`not a run: ${args.join(' ')}`);
  // As the library does: a path on the command line is one from where the process stands.
  const wanted = parsed.command === 'run' ? { ...parsed, input: bench.path(parsed.input) } : parsed;
  const io = recordingIo(bench.folder, { env: { DASHSCOPE_API_KEY: CANARY_KEY } });
  try {
    const status = await runCommand(wanted, { ...io, clock: systemClock });
    return { status, stderr: io.err() };
  } catch (error) {
    if (!(error instanceof QbatchError)) throw error;
    return { status: error.exitCode, stderr: `${io.err()}${error.message}\n` };
  }
}
