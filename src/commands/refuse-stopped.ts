import { EXIT, QbatchError } from '../errors.ts';
import type { CommandIo } from './io.ts';

/** Throws the code of a signal that came before anything was sent. */
export function refuseStopped(io: Pick<CommandIo, 'stop' | 'signalCode'>): void {
  if (!io.stop.aborted) return;
  const code = io.signalCode() ?? EXIT.interrupted;
  throw new QbatchError(code, 'stopped before anything was sent', 'run the same command again');
}
