import { EXIT } from '../errors.ts';
import { RunStop } from '../job/run-stop.ts';
import type { CommandIo } from './io.ts';

/** The first signal stops, the second drops the calls in flight. */
export function stopFromSignals(io: CommandIo): RunStop {
  const stop = new RunStop();
  const onStop = (): void => {
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
