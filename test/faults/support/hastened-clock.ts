import { performance } from 'node:perf_hooks';
import type { Clock } from '../../../src/clock.js';

interface Timer {
  /** By this clock. */
  readonly due: number;
  readonly callback: () => void;
  /** The timer of the machine behind it. */
  handle: NodeJS.Timeout;
}

/** The machine's clock, `factor` times as fast: what waits for minutes waits for seconds, on real sockets and processes. */
export class HastenedClock implements Clock {
  readonly #factor: number;
  readonly #timers = new Set<Timer>();
  #leapt = 0;

  constructor(factor: number) {
    this.#factor = factor;
  }

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now() * this.#factor + this.#leapt;
  }

  after(ms: number, callback: () => void): () => void {
    const due = this.monotonic() + ms;
    const timer: Timer = { due, callback, handle: this.#start(ms, () => this.#fire(timer)) };
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer.handle);
      this.#timers.delete(timer);
    };
  }

  /** Lets `ms` milliseconds pass at once: what is due by then happens now. For a wait that a test knows to be in vain. */
  leap(ms: number): void {
    this.#leapt += ms;
    for (const timer of this.#timers) {
      clearTimeout(timer.handle);
      timer.handle = this.#start(timer.due - this.monotonic(), () => this.#fire(timer));
    }
  }

  #start(ms: number, callback: () => void): NodeJS.Timeout {
    return setTimeout(callback, Math.min(Math.max(ms / this.#factor, 0), 2 ** 31 - 1));
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    timer.callback();
  }
}
