import { performance } from 'node:perf_hooks';
import type { Clock } from '../../../src/clock.js';

/** The machine's clock, `factor` times as fast: what waits for minutes waits for seconds, on real sockets and processes. */
export class HastenedClock implements Clock {
  readonly #factor: number;

  constructor(factor: number) {
    this.#factor = factor;
  }

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now() * this.#factor;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = setTimeout(callback, Math.min(Math.max(ms / this.#factor, 0), 2 ** 31 - 1));
    return () => clearTimeout(timer);
  }
}
