import type { Clock } from '../clock.js';
import { isBreathing } from '../event-loop.js';

interface Timer {
  readonly due: number;
  /** Timers that are due at the same time fire in the order in which they were set. */
  readonly order: number;
  readonly callback: () => void;
}

/**
 * A clock that advances only when a test advances it. All code that waits on it runs in an order that depends only on the program, as
 * fast as possible.
 *
 * @example
 * ```ts
 * const clock = new ManualClock();
 * const fake = new FakeManager({ clock });
 * const client = new CfluxClient(mockMetaClient(), { clock, transport: fake.transport });
 * await clock.runUntil(client.open());
 * await clock.advance(5_000); // one heartbeat
 * ```
 */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #monotonic = 0;
  #wall: number;
  #order = 0;

  /** @param wall initial time in milliseconds since 1970; default: 2023-11-14T22:13:20Z */
  constructor(wall = 1_700_000_000_000) {
    this.#wall = wall;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { due: this.#monotonic + Math.max(ms, 0), order: this.#order++, callback };
    // An infinite wait needs no timer.
    if (Number.isFinite(timer.due)) this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers are set; 0 after everything on this clock is closed. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Sets only the wall clock, like an administrator or NTP; timers are not affected. */
  setWall(now: number): void {
    this.#wall = now;
  }

  /** Advances by `ms` milliseconds: fires due timers in order, and runs everything that follows from them. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await this.settle();
    for (let next = this.#next(); next && next.due <= end; next = this.#next()) {
      this.#goTo(next.due);
      this.#timers.delete(next);
      next.callback();
      await this.settle();
    }
    this.#goTo(end);
  }

  /** Advances the time without firing timers, as if the process was suspended: due timers fire at the next {@link advance}. */
  pause(ms: number): void {
    this.#goTo(this.#monotonic + ms);
  }

  /**
   * Advances until `promise` settles, and returns its result.
   *
   * @throws Error if no timer is left, or `limit` milliseconds (default: an hour) were not enough
   */
  async runUntil<T>(promise: Promise<T>, limit = 3_600_000): Promise<T> {
    let over = false;
    const finish = () => {
      over = true;
    };
    promise.then(finish, finish);
    const end = this.#monotonic + limit;
    for (;;) {
      await this.settle();
      if (over) return promise;
      const next = this.#next();
      if (!next) throw new Error('nothing is left to wait for, and the promise is not settled');
      if (next.due > end) throw new Error(`the promise is not settled after ${limit} ms`);
      await this.advance(next.due - this.#monotonic);
    }
  }

  /** Runs everything that does not wait for time. */
  async settle(): Promise<void> {
    do {
      // A turn of the event loop comes after all pending promise jobs and those that they cause.
      await new Promise<void>((resolve) => setImmediate(resolve));
      // Long work takes several turns, on a slow machine more than on a fast one.
    } while (isBreathing());
  }

  #goTo(to: number): void {
    const time = Math.max(to, this.#monotonic);
    this.#wall += time - this.#monotonic;
    this.#monotonic = time;
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (!first || timer.due < first.due || (timer.due === first.due && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}
