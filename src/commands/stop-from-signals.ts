import { EXIT } from '../errors.ts';
import { RunStop } from '../job/run-stop.ts';
import type { CommandIo } from './io.ts';

/**
 * The first signal stops, the second drops the calls in flight. Where the run is stopping by itself (a limit, a disk
 * that is full) a first Ctrl-C drops them too, as whoever presses it has been told; a first SIGTERM or SIGHUP, or the
 * signal of a library's host, comes from who was told nothing, and asks for nothing but what is under way. Who sends it
 * may kill the process 10 s later, as Docker does: whatever else is waited for is waited for no longer than that.
 */
export function stopFromSignals(io: CommandIo): RunStop {
  const stop = new RunStop();
  const onStop = (): void => {
    stop.hurry();
    if (stop.stopped !== null) {
      if (io.signalCode() === EXIT.interrupted) stop.abort();
      return;
    }
    const code = io.signalCode() ?? EXIT.interrupted;
    const name =
      code === EXIT.terminated ? 'terminated' : code === EXIT.hangup ? 'hangup' : 'interrupted';
    stop.stop({ reason: name, code, message: `${name} by a signal` });
  };
  if (io.stop.aborted) onStop();
  io.stop.addEventListener('abort', onStop, { once: true });
  io.abort.addEventListener(
    'abort',
    () => {
      stop.abort();
    },
    { once: true },
  );
  return stop;
}
