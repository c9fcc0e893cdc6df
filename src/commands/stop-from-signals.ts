import { EXIT } from '../errors.ts';
import { RunStop } from '../job/run-stop.ts';
import type { CommandIo } from './io.ts';

/**
 * The first signal stops, the second drops the calls in flight. If the run is already stopping by itself (a limit, a full
 * disk), a first Ctrl-C drops them too, as its message said; a first SIGTERM or SIGHUP, or a library host's signal, comes
 * from a sender without that message, and lets calls in flight end. The sender may kill the process 10 s later, as Docker
 * does: all other waits are kept shorter than that.
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
