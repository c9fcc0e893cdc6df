import type { Clock } from '../../src/clock.ts';
import type { LabCall } from './calls.ts';
import type { Service } from './service.ts';

/** Starts a client on its lines; it goes on by itself until all are answered. */
export type Client = (
  calls: readonly LabCall[],
  service: Pick<Service, 'send'>,
  time: Clock,
) => { isDone(): boolean };
