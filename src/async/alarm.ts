import type { Clock } from '../clock.js';

/** Timers of Node fire up to this many milliseconds early. */
const precision = 1;

/** One timer for any number of deadlines: it fires at the earliest time for which it was set. */
export class Alarm {
  readonly #clock: Clock;
  readonly #onDue: (now: number) => void;
  #at = Number.POSITIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;

  /** @param onDue called with the time of the monotonic clock; it may set the alarm for the next deadline */
  constructor(clock: Clock, onDue: (now: number) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Fires at `at` on the monotonic clock, or at an earlier time for which it is already set. */
  setFor(at: number): void {
    if (this.#cancelTimer !== undefined && this.#at <= at) return;
    this.cancel();
    this.#at = at;
    this.#cancelTimer = this.#clock.after(Math.max(0, at - this.#clock.monotonic()), () => {
      this.#cancelTimer = undefined;
      const now = this.#clock.monotonic();
      // A clock fires much too early if the wait exceeds the maximum of its timers.
      if (at - now > precision) this.setFor(at);
      else this.#onDue(Math.max(at, now));
    });
  }

  cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
