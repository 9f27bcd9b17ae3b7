import type { Clock } from '../../../../clock.js';

/** Notices interruptions of the contact of this manager with etcd: liveness records expire while it is interrupted. */
export class Contact {
  readonly #clock: Clock;
  /** Milliseconds after which the records of other managers are read, if no heartbeat did so. */
  readonly #interval: number;
  /** Time of the last read of other managers' records. */
  #readAt = Number.NEGATIVE_INFINITY;
  #since: number;
  /** When storing heartbeats began to fail; `undefined` if the last ones were stored. */
  #failingSince: number | undefined;

  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
    this.#since = clock.monotonic();
  }

  /** Since when no heartbeats were missed, by the monotonic clock. */
  get since(): number {
    return this.#since;
  }

  /** Whether the records of other managers have not been read for long. */
  get isInterrupted(): boolean {
    return this.#clock.monotonic() - this.#readAt > 2 * this.#interval;
  }

  /** The records of other managers were read: returns the result of `takeUp`, which takes them up. */
  read<T>(takeUp: () => T): T {
    const result = takeUp();
    const isFirst = this.#readAt === Number.NEGATIVE_INFINITY;
    const now = this.#clock.monotonic();
    if (!isFirst && this.isInterrupted) this.#since = now;
    this.#readAt = now;
    return result;
  }

  /** Heartbeats were stored, or could not be stored: then their nodes seem dead after a while. */
  stored(isStored: boolean): void {
    const now = this.#clock.monotonic();
    if (isStored) this.#failingSince = undefined;
    else {
      this.#failingSince ??= now;
      if (now - this.#failingSince > this.#interval) this.#since = now;
    }
  }
}
