import type { Clock } from '../../src/clock.js';

/**
 * A clock that leaps to the next timer as soon as the program has nothing else to do: hours pass in milliseconds,
 * and every run takes the same course.
 */
export class LeapingClock implements Clock {
  #time = 0;
  #timers: { readonly due: number; readonly callback: () => void }[] = [];
  #leaping = false;

  now(): number {
    return 1_700_000_000_000 + this.#time;
  }

  monotonic(): number {
    return this.#time;
  }

  /** Timers that are set and have not fired. */
  get timers(): number {
    return this.#timers.length;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { due: this.#time + Math.max(0, ms), callback };
    this.#timers.push(timer);
    this.#leapWhenIdle();
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  #leapWhenIdle(): void {
    if (this.#leaping) return;
    this.#leaping = true;
    setImmediate(() => {
      this.#leaping = false;
      const due = Math.min(...this.#timers.map((timer) => timer.due));
      const next = this.#timers.find((timer) => timer.due === due);
      if (!next) return;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#time = Math.max(this.#time, due);
      next.callback();
      this.#leapWhenIdle();
    });
  }
}
