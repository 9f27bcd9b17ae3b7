import type { Clock } from '../clock.js';

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until it is told to go on: tests of hours take milliseconds, and always take the same course.
 *
 * @example
 * ```ts
 * const clock = new ManualClock();
 * const manager = new Manager({ store: new MemoryStore(), clock });
 * await clock.advance(15_000);
 * ```
 */
export class ManualClock implements Clock {
  #monotonic = 0;
  #wall: number;
  readonly #timers = new Set<Timer>();

  /** @param wall Milliseconds since 1970 at which it starts. Default: 2023-11-14T22:13:20Z. */
  constructor(wall = 1_700_000_000_000) {
    this.#wall = wall;
  }

  /** Timers that wait: 0 once everything on this clock is closed. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, callback: () => void): () => void {
    const timer: Timer = { due: this.#monotonic + Math.max(0, ms), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets `ms` milliseconds pass: fires what is due on the way, in order, and lets what that set off come to rest each time. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await settled();
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#goTo(timer.due);
      timer.callback();
      await settled();
    }
    this.#goTo(end);
    await settled();
  }

  /** Time passes and nothing runs, as when the process is stopped: timers that came due fire at the next `advance`. */
  pause(ms: number): void {
    this.#goTo(this.#monotonic + ms);
  }

  /** Sets the wall clock only, as an administrator or NTP does. */
  setWall(now: number): void {
    this.#wall = now;
  }

  #goTo(monotonic: number): void {
    const passed = Math.max(0, monotonic - this.#monotonic);
    this.#monotonic += passed;
    this.#wall += passed;
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer;
    }
    return next;
  }
}

/** Resolves when promises and callbacks that are ready have run. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
