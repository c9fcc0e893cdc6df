/**
 * Calls back once the signals that have come so far were delivered, which is done between two turns of the event loop. One that
 * came while a commit kept the loop for seconds was sent by who had been told nothing yet, and is no answer to what is told next.
 */
export function afterPendingSignals(act: () => void): void {
  setImmediate(() => setImmediate(act));
}
