/** The clock of an expiry. */
export interface ExpiryClock {
  readonly monotonic: () => number;
  readonly after: (ms: number, callback: () => void) => () => void;
}

/** A timer that is later than this was delayed by the process itself, in milliseconds. */
const tolerance = 20;

/**
 * Calls `expire` after `ms` milliseconds, unless the returned function cancels it. If this process was too busy, or paused, to notice in
 * time, the push that it waits for may have arrived already, and is read only now: it gets the missed time once more, up to `ms`.
 */
export function expireAfter({ monotonic, after }: ExpiryClock, ms: number, expire: () => void): () => void {
  const due = monotonic() + ms;
  let cancel = after(ms, () => {
    const late = monotonic() - due;
    if (late <= tolerance) expire();
    else cancel = after(Math.min(late, ms), expire);
  });
  return () => cancel();
}
