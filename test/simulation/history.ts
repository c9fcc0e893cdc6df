import { crc32 } from 'node:zlib';
import type { Control } from './control-watch.ts';

/** What one call came to at the service, whatever the client made of it. */
export type Fate = {
  readonly line: number;
  /** Whether the service took the request at all, and whether it charged for it. */
  readonly received: boolean;
  readonly billed: boolean;
  /** The text that a whole answer holds, which no other call's does; null where there is none. */
  readonly token: string | null;
  /** The answer as it must stand in the output; null for a stream, which is folded. */
  readonly body: string | null;
  readonly tokens: number;
  /** What it is charged, in pico-units. */
  readonly pico: number;
};

/**
 * What happened, in its order, as the world outside of the program saw it: the service, and the disk.
 * `halt`: the process is gone, with whatever was not durable; `exit`: it ended by itself.
 */
export type Event =
  /** A process begins under a cap (null: none); `callPicoMost`: no call can take more. */
  | { readonly kind: 'begin'; readonly capPico: number | null; readonly callPicoMost: number }
  /** Somebody writes the control file, or takes it away. */
  | { readonly kind: 'control'; readonly control: Control }
  /** `pico`: what is set aside for the call; `commit`: in which commit it became durable. */
  | {
      readonly kind: 'start';
      readonly line: number;
      readonly attempt: number;
      readonly pico: number;
      readonly commit: number;
    }
  | { readonly kind: 'send'; readonly line: number; readonly call: number; readonly cap: number }
  /** A whole reply, or what stands for its failure, reached a living process. */
  | { readonly kind: 'reply'; readonly call: number; readonly outcome: Outcome }
  | {
      readonly kind: 'end';
      readonly line: number;
      readonly attempt: number;
      readonly class: string;
      readonly code: string | null;
      /** As the record has them; null where it does not say. */
      readonly tokens: number | null;
      readonly pico: number | null;
      readonly commit: number;
    }
  | {
      readonly kind: 'settle';
      readonly line: number;
      readonly state: string;
      readonly body: string | null;
    }
  | { readonly kind: 'halt'; readonly how: string }
  | { readonly kind: 'exit'; readonly code: number; readonly graceful: boolean };

/** As the client can know it. `unknown`: the fate of the call cannot be told from what came. */
export type Outcome = 'answer' | 'refused' | 'unsent' | 'unknown';

/** Everything about one simulated job that its checker needs. */
export type History = {
  readonly seed: number;
  readonly lines: number;
  readonly events: Event[];
  /** By number of call. */
  readonly fates: Fate[];
};

/** One number for a whole history: two runs of one seed must have the same. */
export function hashOf({ events, fates }: History): number {
  let hash = 0;
  for (const event of events) hash = crc32(JSON.stringify(event), hash);
  for (const fate of fates) hash = crc32(JSON.stringify(fate), hash);
  return hash >>> 0;
}
