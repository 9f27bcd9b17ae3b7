import type { Clock } from '../clock.js';

/** Timers of Node fire up to this many milliseconds early. */
const precision = 1;

/** One timer for any number of deadlines: it fires at the earliest time that it was set for. */
export class Alarm {
  readonly #clock: Clock;
  readonly #onDue: (now: number) => void;
  #at = Number.POSITIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;

  /** @param onDue called with the time by the monotonic clock; the alarm may be set again for the next deadline then */
  constructor(clock: Clock, onDue: (now: number) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Fires at `at` by the monotonic clock, or at an earlier time for which it is set already. */
  setFor(at: number): void {
    if (this.#cancelTimer !== undefined && this.#at <= at) return;
    this.cancel();
    this.#at = at;
    this.#cancelTimer = this.#clock.after(Math.max(0, at - this.#clock.monotonic()), () => {
      this.#cancelTimer = undefined;
      const now = this.#clock.monotonic();
      // A clock may fire much too early when the wait is longer than its timers can be.
      if (at - now > precision) this.setFor(at);
      else this.#onDue(Math.max(at, now));
    });
  }

  cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
