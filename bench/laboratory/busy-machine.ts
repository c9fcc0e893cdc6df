import type { Clock } from '../../src/clock.ts';
import type { Service } from './service.ts';
import { seeded } from './virtual-time.ts';

/** On the average so long from one stall to the next, and at the most so long each. */
const STALL_MS = { apart: 4000, most: 250 } as const;

/**
 * A client's machine that is busy with other things: now and then it stands still, and timers and
 * replies that are due meanwhile come late, all at once.
 */
export class BusyMachine {
  private readonly time: Clock;
  private readonly random: () => number;
  private fromMs = 0;
  private toMs = 0;

  constructor(seed: number, time: Clock) {
    this.time = time;
    this.random = seeded(seed * 6007 + 5);
  }

  /** Its own clock. */
  clock(): Clock {
    const { time } = this;
    return {
      ...time,
      after: (ms, run) => {
        let isOff = false;
        const cancel = time.after(ms, () => {
          this.whenRunning(() => {
            if (!isOff) run();
          });
        });
        return () => {
          isOff = true;
          cancel();
        };
      },
    };
  }

  /** The service as it is seen from here. */
  seen(service: Service): Pick<Service, 'send'> {
    return {
      send: (call, onReply) => {
        service.send(call, (reply) => {
          this.whenRunning(() => {
            onReply(reply);
          });
        });
      },
    };
  }

  private whenRunning(run: () => void): void {
    const nowMs = this.time.monotonicMs();
    while (nowMs >= this.toMs) {
      this.fromMs = this.toMs - Math.log(1 - this.random()) * STALL_MS.apart;
      this.toMs = this.fromMs + this.random() * STALL_MS.most;
    }
    if (nowMs < this.fromMs) run();
    else this.time.after(this.toMs - nowMs, run);
  }
}
