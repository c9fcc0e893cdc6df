import type { ApiFailure } from '../failure.ts';

/** The failure recorded for a line that was refused repeatedly while others of its model were admitted. */
export function refusedAlone(failure: ApiFailure, times: number): ApiFailure {
  const message = `${failure.message} (refused ${times} times while other calls of the model were admitted)`;
  return { ...failure, message };
}
