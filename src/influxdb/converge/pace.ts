import { sleep } from '../../async/sleep.js';
import type { Clock } from '../../clock.js';

/** Limits the rate of changes, evenly spaced. */
export class Pace {
  readonly #clock: Clock;
  readonly #gap: number;
  #next = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#gap = 1000 / perSecond;
  }

  /** Resolves when the next change may be made; rejects with the signal's reason when it aborts. */
  async turn(signal?: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    const wait = this.#next - now;
    this.#next = Math.max(this.#next, now) + this.#gap;
    // Timers are not finer than this; the next wait compensates for a shorter one.
    if (wait >= 1) await sleep(this.#clock, wait, signal);
    else signal?.throwIfAborted();
  }
}
