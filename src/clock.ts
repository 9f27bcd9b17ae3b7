/** A source of time and timers; passed as an option, so that code that waits can run on a simulated clock. */
export interface Clock {
  /** Milliseconds since 1970, for display and records. It may jump, so do not measure durations with it. */
  now(): number;
  /** Milliseconds since an arbitrary time, never decreasing: for deadlines and leases. */
  monotonic(): number;
  /** Calls `callback` once after `ms` milliseconds. The returned function cancels the timer. */
  after(ms: number, callback: () => void): () => void;
}

// Node fires a timer with a longer delay after 1 ms.
const maxTimeout = 2 ** 31 - 1;

/**
 * The clock of the machine.
 *
 * @example
 * ```ts
 * const inTwoHours: Clock = { ...systemClock, now: () => systemClock.now() + 7_200_000 };
 * const meta = new LocalMetaClient({ clock: inTwoHours });
 * ```
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), maxTimeout));
    return () => clearTimeout(timer);
  },
};
