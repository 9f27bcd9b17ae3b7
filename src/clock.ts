/** Time, handed in, so that everything that waits can run under a simulated clock. */
export interface Clock {
  /** Milliseconds since 1970, for what people read and for records. It may jump: never subtract two of them. */
  now(): number;
  /** Milliseconds since some moment, only ever rising: for deadlines and leases. */
  monotonic(): number;
  /** Calls `callback` once after `ms` milliseconds; the function it returns calls that off. */
  after(ms: number, callback: () => void): () => void;
}

// Node fires a longer delay after 1 ms instead.
const maxTimeout = 2 ** 31 - 1;

/**
 * The machine's own clock.
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
