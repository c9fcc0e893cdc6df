import type { LabCall } from './calls.ts';
import type { Service } from './service.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Starts a client on its lines; it goes on by itself until all are answered. */
export type Client = (
  calls: readonly LabCall[],
  service: Service,
  time: VirtualTime,
) => { isDone(): boolean };
